"""Lines of the rules about members."""

from datetime import date

from compliance.rules.contacts import FLOATING_CONTACTS
from members.enums import AbsenceKind, MemberKind, Step
from members.services.transfers import LETTER_DAYS
from members.values import RULES_2026_FROM
from tests import factories
from tests.compliance.lines.scenes import (
    END_OF_SEPTEMBER,
    END_OF_YEAR,
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


def _confirmed(scene: Scene) -> Undo:
    return change(scene.people[0], kind=MemberKind.FORMAL, confirmed_on=date(2026, 9, 20))


def _applied(scene: Scene) -> None:
    scene.thing = factories.make_development(
        scene.branch, steps=[(Step.APPLIED, date(2026, 8, 30))]
    )


def _talked_to(scene: Scene) -> Undo:
    return gone(scene.thing.steps.create(step=Step.TALKED, on=date(2026, 9, 15)))


def _letter(scene: Scene) -> None:
    [person] = scene.add_people(1)
    scene.thing = factories.make_transfer(person, letter_on=date(2026, 7, 2), valid_days=90)


def _received(scene: Scene) -> Undo:
    return change(scene.thing, receipt_on=date(2026, 9, 20))


def _away(kind, since=date(2025, 9, 1)):
    def spoil(scene: Scene) -> None:
        [person] = scene.add_people(1)
        factories.make_absence(person, kind, since)

    return spoil


def _contacted(scene: Scene) -> Undo:
    return gone(factories.make_contact(scene.people[0], date(2026, 9, 15)))


def _checked(scene: Scene) -> Undo:
    check = factories.make_check(
        scene.branch, "2026-H2", date(2026, 9, 1), finished_on=date(2026, 9, 20)
    )
    return lambda: change(check, finished_on=None)


LINES: dict[str, Line] = {
    "members.probation": Line(
        people(1, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 9, 29)),
        _confirmed,
        date(2026, 9, 29),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
    ),
    "members.development": Line(
        _applied,
        _talked_to,
        END_OF_SEPTEMBER,
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
        # Both texts allow a month for the talk.
        keys={RULES_2026_FROM: Changed("2030-01-01", (0, 1, "overdue"))},
    ),
    "members.transfer_letters": Line(
        _letter,
        _received,
        END_OF_SEPTEMBER,
        NOBODY,
        (0, 1, "behind"),
        NOBODY,
        # Each letter keeps the days it was given.
        keys={LETTER_DAYS: Changed(30, (0, 1, "behind"))},
    ),
    "members.floating_contact": Line(
        _away(AbsenceKind.FLOATING),
        _contacted,
        END_OF_SEPTEMBER,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 15),
        keys={FLOATING_CONTACTS: Changed(2, (1, 0, "overdue"), mended=True)},
    ),
    "members.abroad_contact": Line(
        _away(AbsenceKind.ABROAD),
        _contacted,
        END_OF_YEAR,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 15),
    ),
    "members.lost_contact": Line(
        _away(AbsenceKind.LOST, date(2026, 3, 30)),
        _contacted,
        END_OF_SEPTEMBER,
        (0, 1, "open"),
        (0, 1, "overdue"),
        NOBODY,
    ),
    "members.files_checked": Line(
        people(1),
        _checked,
        END_OF_YEAR,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 20),
    ),
}
