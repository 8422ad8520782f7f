"""Lines of the rules about terms, posts and the set-up of branches."""

from datetime import date

from branches.models import BranchUnit, Form, Sector, Unit, UnitKind
from branches.premises import FUNDS_PER_MEMBER
from compliance.rules.branches import LEAST_FORMAL, MOST_MEMBERS, MOST_UNITS
from members.enums import PostTitle
from members.instructors import INSTRUCTOR_BELOW
from members.posts import (
    COMMITTEE_FROM,
    COMMITTEE_LEAST,
    COMMITTEE_MOST,
    COMMITTEE_USUAL,
    VACANCY_MONTHS,
)
from members.terms import REQUEST_MONTHS
from tests import factories
from tests.compliance.lines.scenes import (
    END_OF_SEPTEMBER,
    NOBODY,
    SEPTEMBER,
    Changed,
    Line,
    Scene,
    Undo,
    change,
    gone,
    people,
)
from tests.compliance.verdicts import county_value


def _term(ends_on):
    def spoil(scene: Scene) -> None:
        scene.thing = factories.make_term(
            scene.branch, starts_on=ends_on.replace(year=ends_on.year - 3), ends_on=ends_on
        )

    return spoil


def _requested(scene: Scene) -> Undo:
    return gone(factories.make_term_request(scene.thing, asked_on=date(2026, 9, 20)))


def _elected(scene: Scene) -> Undo:
    return gone(
        factories.make_term(scene.branch, starts_on=date(2026, 9, 20), ends_on=date(2029, 9, 20))
    )


def _left(scene: Scene) -> None:
    factories.make_post(scene.branch, starts_on=date(2024, 1, 1), ends_on=date(2026, 9, 29))


def _follows(scene: Scene) -> Undo:
    return gone(factories.make_post(scene.branch, starts_on=date(2026, 9, 20)))


_TITLES = (PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY)


def _seventh_formal(scene: Scene) -> None:
    scene.add_people(6)
    scene.add_people(1, starts_on=date(2026, 9, 30))


def _three_posts(scene: Scene) -> Undo:
    return gone(
        *[
            factories.make_post(scene.branch, title, member=person, starts_on=date(2026, 9, 20))
            for title, person in zip(_TITLES, scene.people, strict=False)
        ]
    )


def _third_post(scene: Scene) -> None:
    scene.add_people(6)
    days = (date(2024, 1, 1), date(2024, 1, 1), date(2026, 9, 30))
    for title, person, day in zip(_TITLES, scene.people, days, strict=False):
        scene.thing = factories.make_post(scene.branch, title, member=person, starts_on=day)


def _resigned(scene: Scene) -> Undo:
    return change(scene.thing, starts_on=date(2025, 1, 1), ends_on=date(2026, 9, 20))


def _third_leaves(scene: Scene) -> None:
    scene.add_people(2)
    factories.make_member(scene.branch, ends_on=date(2026, 9, 30))


def _another(scene: Scene) -> Undo:
    person = factories.make_member(scene.branch, starts_on=date(2026, 9, 20))
    membership = person.memberships.get()
    return lambda: change(membership, ends_on=date(2026, 9, 21))


def _eleven(scene: Scene) -> None:
    county_value(MOST_MEMBERS, 10, date(2026, 1, 1))
    scene.add_people(10)
    scene.thing = factories.make_member(scene.branch, starts_on=date(2026, 9, 30))


def _one_moves(scene: Scene) -> Undo:
    return change(scene.people[0].memberships.get(), ends_on=date(2026, 9, 20))


def _six_units(scene: Scene) -> None:
    change(scene.branch, form=Form.JOINT)
    for number in range(6):
        unit = Unit.objects.create(
            organisation=scene.branch, name=f"第{number}协会", kind=UnitKind.SOCIAL_ORGANISATION
        )
        scene.thing = BranchUnit.objects.create(
            organisation=scene.branch,
            unit=unit,
            starts_on=date(2026, 9, 30) if number == 5 else None,
        )


def _one_unit_goes(scene: Scene) -> Undo:
    first = BranchUnit.objects.filter(organisation=scene.branch).order_by("pk").first()
    return change(first, ends_on=date(2026, 9, 20))


def _budgeted(scene: Scene) -> Undo:
    return gone(factories.make_budget(scene.branch, 200))


def _instructor_left(scene: Scene) -> None:
    change(scene.branch, sector=Sector.SOCIAL_ORGANISATION)
    factories.make_assignment(scene.branch, "instructor", ends_on=date(2026, 9, 29))


def _instructor_comes(scene: Scene) -> Undo:
    return gone(factories.make_assignment(scene.branch, "instructor", starts_on=date(2026, 9, 20)))


LINES: dict[str, Line] = {
    "terms.notice": Line(
        _term(date(2027, 3, 30)),
        lambda scene: change(scene.thing, notified_on=date(2026, 9, 25)),
        END_OF_SEPTEMBER,
        (0, 1, "open"),
        (0, 1, "behind"),
        NOBODY,
    ),
    "terms.request": Line(
        _term(date(2027, 1, 30)),
        _requested,
        END_OF_SEPTEMBER,
        (0, 1, "open"),
        (0, 1, "overdue"),
        NOBODY,
        keys={REQUEST_MONTHS: Changed(3, NOBODY)},
    ),
    "terms.election": Line(
        _term(END_OF_SEPTEMBER),
        _elected,
        END_OF_SEPTEMBER,
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
    ),
    "branches.no_secretary": Line(
        _left,
        _follows,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
        # How long is too long stands in the facts only.
        keys={VACANCY_MONTHS: Changed(1, (0, 1, "overdue"))},
    ),
    "branches.no_committee": Line(
        _seventh_formal,
        _three_posts,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
        keys={
            COMMITTEE_FROM: Changed(8, NOBODY),
            COMMITTEE_LEAST: Changed(4, (0, 1, "overdue"), mended=True),
            COMMITTEE_USUAL: Changed(2, NOBODY, mended=True),
            COMMITTEE_MOST: Changed(2, (0, 1, "overdue"), mended=True),
        },
    ),
    "branches.committee_size": Line(
        _third_post,
        _resigned,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "behind"),
        NOBODY,
        keys={
            COMMITTEE_FROM: Changed(6, NOBODY),
            COMMITTEE_LEAST: Changed(4, NOBODY),
            COMMITTEE_USUAL: Changed(2, (0, 1, "behind")),
            COMMITTEE_MOST: Changed(2, (0, 1, "behind")),
        },
    ),
    "branches.too_small": Line(
        _third_leaves,
        _another,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
        keys={LEAST_FORMAL: Changed(2, NOBODY)},
    ),
    "branches.too_large": Line(
        _eleven,
        _one_moves,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "behind"),
        NOBODY,
        keys={MOST_MEMBERS: Changed(11, NOBODY)},
    ),
    "branches.joint_units": Line(
        _six_units,
        _one_unit_goes,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "behind"),
        NOBODY,
        keys={MOST_UNITS: Changed(6, NOBODY)},
    ),
    "branches.funds": Line(
        people(2),
        _budgeted,
        date(2026, 3, 31),
        (200, 0, "open"),
        (200, 0, "overdue"),
        (200, 200, "done"),
        of=SEPTEMBER,
        keys={FUNDS_PER_MEMBER: Changed(50, (100, 0, "overdue"))},
    ),
    "branches.no_instructor": Line(
        _instructor_left,
        _instructor_comes,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
        keys={INSTRUCTOR_BELOW: Changed(0, None)},
    ),
}
