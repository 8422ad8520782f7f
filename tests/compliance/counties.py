"""A small county with something to find for every rule."""

from dataclasses import dataclass, field
from datetime import date

from branches.models import BranchUnit, Form, Organisation, Sector, Unit, UnitKind
from dues.enums import RemittanceState
from meetings.enums import Type
from members.enums import AbsenceKind, MemberKind, PostTitle, Step, TransferState
from members.models import Member, Transfer
from tests import factories


@dataclass
class County:
    top: Organisation
    committees: list[Organisation]
    branches: list[Organisation]
    members: dict[int, list[Member]] = field(default_factory=dict)


def build_county(branches: int = 4, members: int = 7) -> County:
    """Committees with two branches each; the second branch of each offends against every rule.

    What the good branches hold is of September 2026.
    """
    top = factories.make_county(code="C")
    committees = [
        factories.make_committee(top, f"第{number}街道党工委", code=f"C{number}")
        for number in range((branches + 1) // 2)
    ]
    county = County(top, committees, [])
    for number in range(branches):
        branch = factories.make_branch(
            committees[number // 2], f"第{number}党支部", code=f"C{number // 2}-{number}"
        )
        county.branches.append(branch)
        good = number % 2 == 0
        people = factories.make_members(branch, members if good else 2)
        county.members[branch.pk] = people
        for person in people:
            for month in range(4, 10):
                factories.make_charge(person, date(2026, month, 1))
                if good:
                    factories.make_payment(
                        person, date(2026, month, 1), paid_on=date(2026, month, 8)
                    )
        if good:
            titles = (PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY)
            for title, person in zip(titles, people, strict=False):
                factories.make_post(branch, title, member=person)
            factories.make_term(branch, starts_on=date(2024, 6, 1), ends_on=date(2027, 5, 31))
            factories.make_meeting(
                branch,
                date(2026, 9, 10),
                list(Type),
                present=people[1:],
                leave=people[:1],
                hours=2,
                on_branch_building=True,
            )
        else:
            late = factories.make_member(
                branch, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 7, 1)
            )
            factories.make_term(branch, starts_on=date(2021, 6, 1), ends_on=date(2026, 5, 31))
            factories.make_task(branch, due_on=date(2026, 8, 31))
        factories.make_group(branch)
        _units(branch, 2 if good else 6)
        if good:
            _kept(branch, people)
        else:
            _neglected(branch, [*people, late])
    return county


def _units(branch: Organisation, count: int) -> None:
    """A joint branch of associations; more than five are unusual."""
    branch.form, branch.sector = Form.JOINT, Sector.SOCIAL_ORGANISATION
    branch.save(update_fields=["form", "sector"])
    for number in range(count):
        unit = Unit.objects.create(
            organisation=branch, name=f"第{number}协会", kind=UnitKind.SOCIAL_ORGANISATION
        )
        BranchUnit.objects.create(organisation=branch, unit=unit)


def _kept(branch: Organisation, people: list[Member]) -> None:
    """Everybody was talked to, away or not, files were gone through, funds are in the budget, dues
    are approved, posted and remitted, the plan is filed and the secretary was on a course."""
    factories.make_plan(branch, 2026, filed_on=date(2026, 1, 20))
    factories.make_talk(branch, date(2026, 5, 8), initiators=people[:1], members=people[1:])
    # Without hours, so that those of the one meeting can be recounted by hand.
    factories.make_training(
        branch.parent, date(2026, 5, 14), people=people[:1], hours="0", kind="secretaries"
    )
    for person, kind in zip(people[-2:], (AbsenceKind.FLOATING, AbsenceKind.ABROAD), strict=False):
        factories.make_absence(person, kind, date(2025, 9, 1))
        factories.make_contact(person, date(2026, 8, 15))
    factories.make_check(branch, "2026-H2", date(2026, 9, 1), finished_on=date(2026, 9, 20))
    factories.make_budget(branch, 100 * len(people))
    for person in people:
        factories.make_approved_amount(person)
    factories.make_publication(branch, "2026-Q3", date(2026, 9, 29))
    factories.make_remittance(
        branch,
        date(2026, 7, 1),
        str(60 * len(people)),
        remitted_on=date(2026, 9, 28),
        state=RemittanceState.CONFIRMED,
        decided_on=date(2026, 9, 29),
    )


def _neglected(branch: Organisation, people: list[Member]) -> None:
    """One away and one abroad without contact, one lost, a letter run out, nobody talked to; found
    weak in June, without a plan, reports and acceptance since."""
    factories.make_weak(
        branch,
        decided_on=date(2026, 6, 10),
        plan_due_on=date(2026, 7, 10),
        due_on=date(2026, 9, 20),
    )
    factories.make_absence(people[0], AbsenceKind.FLOATING, date(2025, 9, 1))
    factories.make_absence(people[1], AbsenceKind.ABROAD, date(2025, 9, 1))
    factories.make_absence(people[2], AbsenceKind.LOST, date(2026, 1, 10))
    factories.make_development(branch, steps=[(Step.APPLIED, date(2026, 6, 1))])
    Transfer.objects.create(
        member=people[0],
        name=people[0].name,
        from_organisation=branch,
        to_outside="中共邻溪县城关镇委员会",
        state=TransferState.LETTER_OUT,
        started_on=date(2026, 4, 30),
        letter_on=date(2026, 5, 1),
        valid_days=90,
    )
