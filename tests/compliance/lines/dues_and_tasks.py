"""Lines of the rules about dues and the work to be done."""

from datetime import date

from dues.enums import RemittanceState
from dues.values import APPROVE_MONTH, ARREARS_MONTHS, PUBLISH_DAY, PUBLISH_EVERY, REMIT_DAY
from tasks.values import WEAK_REPORT_DAY
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

MONTHS = [date(2026, month, 1) for month in range(4, 10)]


def _approved(scene: Scene) -> Undo:
    rows = [factories.make_approved_amount(person) for person in scene.people]
    for row in rows:
        change(row, approved_on=date(2026, 1, 20))
    return gone(rows[-1])


def _charged(*months):
    def spoil(scene: Scene) -> None:
        for person in scene.add_people(2):
            for month in months:
                factories.make_charge(person, month)

    return spoil


def _paid(*months):
    def mend(scene: Scene) -> Undo:
        return gone(
            *[
                factories.make_payment(person, month, paid_on=date(2026, 9, 8))
                for person in scene.people
                for month in months
            ]
        )

    return mend


def _remitted(scene: Scene) -> Undo:
    return gone(
        factories.make_remittance(
            scene.branch,
            date(2026, 7, 1),
            remitted_on=date(2026, 9, 28),
            state=RemittanceState.CONFIRMED,
            decided_on=date(2026, 9, 29),
        )
    )


def _published(scene: Scene) -> Undo:
    return gone(factories.make_publication(scene.branch, "2026-Q3", date(2026, 9, 29)))


def _task(scene: Scene) -> None:
    scene.thing = factories.make_task(scene.branch, due_on=date(2026, 8, 31))


def _closed(scene: Scene) -> Undo:
    return change(scene.thing, state="closed", progress=100, closed_on=date(2026, 8, 30))


def _weak(scene: Scene) -> None:
    scene.thing = factories.make_weak(
        scene.branch,
        decided_on=date(2026, 6, 10),
        plan_due_on=date(2026, 7, 10),
        due_on=date(2026, 9, 20),
    )


def _reported(scene: Scene) -> Undo:
    return gone(
        scene.thing.reports.create(
            month=date(2026, 7, 1), text="逐项整改", reported_on=date(2026, 7, 28)
        )
    )


LINES: dict[str, Line] = {
    "dues.approved": Line(
        people(2),
        _approved,
        date(2026, 1, 31),
        (2, 0, "open"),
        (2, 0, "overdue"),
        (2, 2, "done"),
        of=date(2026, 1, 1),
        met_on=date(2026, 1, 20),
        undone=(2, 1, "overdue"),
        founded_inside=(2, 0, "overdue"),
        keys={APPROVE_MONTH: Changed(2, (2, 0, "open"))},
    ),
    "dues.paid": Line(
        _charged(SEPTEMBER),
        _paid(SEPTEMBER),
        END_OF_SEPTEMBER,
        (2, 0, "open"),
        (2, 0, "overdue"),
        (2, 2, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 8),
        founded_inside=(2, 0, "overdue"),
    ),
    "dues.remitted": Line(
        _charged(SEPTEMBER),
        _remitted,
        date(2026, 10, 10),
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 28),
        founded_inside=(1, 0, "overdue"),
        keys={REMIT_DAY: Changed(20, (1, 0, "open"))},
    ),
    "dues.published": Line(
        _charged(SEPTEMBER),
        _published,
        date(2026, 10, 7),
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 29),
        founded_inside=(1, 0, "overdue"),
        keys={PUBLISH_EVERY: Changed(6, None), PUBLISH_DAY: Changed(20, (1, 0, "open"))},
    ),
    "dues.arrears": Line(
        _charged(*MONTHS),
        _paid(*MONTHS[:3]),
        date(2026, 9, 29),
        NOBODY,
        (0, 2, "overdue"),
        NOBODY,
        keys={ARREARS_MONTHS: Changed(3, (0, 2, "overdue"), mended=True)},
    ),
    "tasks.overdue": Line(
        _task,
        _closed,
        date(2026, 8, 31),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
    ),
    "tasks.weak_plan": Line(
        _weak,
        lambda scene: change(scene.thing, plan_filed_on=date(2026, 7, 5)),
        date(2026, 7, 10),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
    ),
    "tasks.weak_report": Line(
        _weak,
        _reported,
        date(2026, 7, 31),
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=date(2026, 7, 1),
        met_on=date(2026, 7, 28),
        keys={WEAK_REPORT_DAY: Changed(20, (1, 0, "overdue"))},
    ),
    "tasks.weak_acceptance": Line(
        _weak,
        lambda scene: change(scene.thing, state="passed", passed_on=date(2026, 9, 15)),
        date(2026, 9, 20),
        NOBODY,
        (0, 1, "overdue"),
        NOBODY,
    ),
}
