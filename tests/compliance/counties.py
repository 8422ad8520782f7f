"""A small county with something to find for every rule."""

from dataclasses import dataclass, field
from datetime import date

from branches.models import Organisation
from meetings.enums import Type
from members.enums import MemberKind
from members.models import Member
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
            factories.make_post(branch, member=people[0])
            factories.make_term(branch, starts_on=date(2024, 6, 1), ends_on=date(2027, 5, 31))
            factories.make_meeting(
                branch,
                date(2026, 9, 10),
                [Type.COMMITTEE, Type.MEMBERS_MEETING, Type.THEME_DAY, Type.LECTURE],
                present=people[1:],
                leave=people[:1],
                hours=2,
            )
        else:
            factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 7, 1))
            factories.make_term(branch, starts_on=date(2021, 6, 1), ends_on=date(2026, 5, 31))
            factories.make_task(branch, due_on=date(2026, 8, 31))
    return county
