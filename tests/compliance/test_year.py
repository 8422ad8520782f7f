"""A year moved day by day over the sample county: every night with all that belongs to it.

Nothing becomes overdue that was not foreseen thirty days before, each step of reminding is told
once, and a worker that was off for five days catches up with one night. WHOLE_YEAR=1 moves a
whole year, with the rules in two halves so that two processes share it; without it a few weeks
are moved with a few rules of every sort.
"""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from unittest import mock

import pytest
from django.db import transaction

from branches.models import Organisation
from branches.periods import period_named
from compliance.judging import WINDOW_MONTHS
from compliance.models import Duty, DutyState, Foreseen, Reminder
from compliance.registry import RULES
from compliance.services import catch_up, whole_night
from notices.models import Notice, NoticeKind
from tests.compliance.states import differing, everything, told
from tests.compliance.test_sample import sample
from tests.compliance.verdicts import county_value
from tests.compliance.years import Life, import_county, trimmed

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
AHEAD = timedelta(days=30)
# After so many days the first steps after a due day have come, also over a long holiday.
TOLD_BY = timedelta(days=16)
OFF = 5


@dataclass(frozen=True)
class Stretch:
    """Which nights are run with which rules for one branch of `every`; after the nights of `gaps`
    the worker is off for five days."""

    codes: tuple[str, ...]
    first: date
    last: date
    gaps: tuple[date, ...]
    every: int


_HALF = tuple(code for code in RULES if code.startswith(("meetings.", "assessments.", "dues.")))
_OTHER = tuple(code for code in RULES if code not in _HALF)
_TWELVE = (
    date(2026, 10, 3),
    date(2026, 11, 5),
    date(2026, 12, 28),
    date(2027, 1, 7),
    date(2027, 1, 29),
    date(2027, 2, 26),
    date(2027, 3, 28),
    date(2027, 4, 29),
    date(2027, 5, 16),
    date(2027, 6, 28),
    date(2027, 8, 12),
    date(2027, 9, 20),
)
_FEW = (
    "meetings.theme_day",
    "meetings.members_meeting",
    "meetings.plan",
    "dues.paid",
    "tasks.overdue",
    "terms.election",
    "branches.no_secretary",
)
if os.environ.get("WHOLE_YEAR"):
    STRETCHES = [
        Stretch(codes, date(2026, 10, 1), date(2027, 9, 30), _TWELVE, every=6)
        for codes in (_HALF, _OTHER)
    ]
else:
    STRETCHES = [Stretch(_FEW, date(2026, 11, 28), date(2027, 1, 4), (date(2026, 12, 28),), 20)]


class Year:
    """A stretch under way: what was foreseen and told, and the faults found, in words."""

    def __init__(self, stretch: Stretch, life: Life):
        self.stretch, self.life = stretch, life
        self.announced: dict[date, set[tuple]] = {}
        self.late: dict[tuple, int] = {}
        self.turned: dict[tuple, date] = {}
        self.faults: list[str] = []

    def run(self) -> None:
        day = self.stretch.first
        while day <= self.stretch.last:
            self.night(day)
            self.life.live(day)
            if day in self.stretch.gaps:
                day = self.gap(day)
            day += DAY

    def night(self, day: date) -> None:
        if broken := whole_night(day).faults:
            self.faults.append(f"{day} 未能核对 {broken}")
        self.announced[day] = set(Foreseen.objects.values_list("rule", "organisation_id", "period"))
        now = self.overdue()
        self.check_announced(day, now)
        self.check_reminders(day, now)
        self.late = now

    @staticmethod
    def overdue() -> dict[tuple, int]:
        """Offences by duty; a duty of a period is late or not."""
        rows = Duty.objects.filter(state=DutyState.OVERDUE)
        return {
            (code, pk, period): 1 if period else actual
            for code, pk, period, actual in rows.values_list(
                "rule", "organisation_id", "period", "actual"
            )
        }

    # --- Foreseen ---

    def check_announced(self, day: date, now: dict[tuple, int]) -> None:
        for key, count in now.items():
            if count > self.late.get(key, 0):
                self.turned[key] = day
                known = self.announced.get(day - AHEAD)
                if known is not None and key not in known and not self.is_news(day, key):
                    was = self.late.get(key, 0)
                    self.faults.append(f"{day} 没有预报 {key} {was} → {count}")

    def is_news(self, day: date, key: tuple) -> bool:
        """Whether what it rests on was not known thirty days before."""
        code, pk, _period = key
        happened = [self.life.news.get(about) for about in ((code, pk), ("", pk))]
        return any(on and on >= day - AHEAD for on in happened)

    # --- Told ---

    def check_reminders(self, day: date, now: dict[tuple, int]) -> None:
        rows = Reminder.objects.filter(on=day)
        duties = Duty.objects.unmet().values_list("rule", "organisation_id", "period")
        unmet = self.announced[day] | set(duties)
        for code, pk, occasion, due_on, step in rows.values_list(
            "rule", "organisation_id", "occasion", "due_on", "step"
        ):
            key = (code, pk, "" if RULES[code].is_standing else occasion)
            early, sudden = step.startswith("b"), self.is_news(day, key)
            if key not in unmet:
                self.faults.append(f"{day} 提醒了已完成的 {key} {step}")
            if (early and due_on < day - TOLD_BY and not sudden) or (not early and due_on > day):
                self.faults.append(f"{day} 提醒的日子不对 {key} {step} {due_on}")
        letters = Notice.objects.filter(kind=NoticeKind.DUE, on=day)
        if set(Counter(letters.values_list("organisation_id", flat=True)).values()) - {1}:
            self.faults.append(f"{day} 一晚收到两份")
        if rows.filter(notice=None).exists():
            self.faults.append(f"{day} 提醒没有通知")
        for key, turned_on in self.turned.items():
            if turned_on + TOLD_BY == day and key[2] and key in now:
                self.check_told(key, turned_on)

    def check_told(self, key: tuple, turned_on: date) -> None:
        """What is still late was told before it was due, on the day, and since; and once."""
        code, pk, period = key
        due_on = turned_on - DAY
        if due_on - AHEAD < self.stretch.first or self.is_news(turned_on, key):
            return
        asked = {"due", "late1", "up1"}
        if due_on - timedelta(days=7) > period_named(period).starts_on:
            asked.add("b7")
        rows = Reminder.objects.filter(rule=code, organisation=pk, occasion=period)
        steps = Counter(rows.values_list("step", flat=True))
        if missing := asked - steps.keys():
            self.faults.append(f"{turned_on} 逾期的 {key} 没有提醒 {sorted(missing)}")
        if twice := {step for step, count in steps.items() if count > 1}:
            self.faults.append(f"{turned_on} 逾期的 {key} 重复提醒 {sorted(twice)}")

    # --- The worker is off ---

    def gap(self, day: date) -> date:
        """Five nights left out against five nights run, from the same state; the last day of them."""
        back = day + DAY * (OFF + 1)
        with transaction.atomic():
            for number in range(1, OFF + 1):
                self.life.live(day + DAY * number)
            catch_up(back)
            state, steps = everything(back), told()
            transaction.set_rollback(True)
        for number in range(1, OFF + 1):
            self.night(day + DAY * number)
            self.life.live(day + DAY * number)
        self.night(back)
        self.life.live(back)
        if other := differing(state, everything(back)):
            self.faults.append(f"{day} 停五天以后不一样 {other}")
        if more := steps - told():
            self.faults.append(f"{day} 停五天以后多提醒 {more}")
        if lost := {one for one in told() - steps if self.is_unmet(one)}:
            self.faults.append(f"{day} 停五天以后少提醒 {lost}")
        return back

    @staticmethod
    def is_unmet(one: tuple) -> bool:
        """Whether a step that only the worker at work told is of a duty that still stands, to
        somebody who does."""
        recipient, code, pk, occasion, _step = one
        if Organisation.objects.filter(pk=recipient, dissolved_on__isnull=False).exists():
            return False
        period = "" if RULES[code].is_standing else occasion
        due = Foreseen.objects.filter(rule=code, organisation=pk, period=period)
        late = Duty.objects.filter(rule=code, organisation=pk, period=period, state="overdue")
        if not period:
            due, late = due.filter(due_on=occasion), late.filter(due_on=occasion)
        return due.exists() or late.exists()


@pytest.mark.parametrize("stretch", STRETCHES, ids=lambda stretch: f"{len(stretch.codes)} rules")
def test_nothing_is_late_unforeseen_nor_told_twice_and_a_worker_off_loses_nothing(
    stretch, tmp_path
):
    rules = {code: rule for code, rule in RULES.items() if code in stretch.codes}
    with mock.patch.dict(RULES, rules, clear=True):
        import_county(trimmed(sample("clean"), tmp_path / "small", every=stretch.every))
        county_value(WINDOW_MONTHS, 6, stretch.first)
        year = Year(stretch, Life(stretch.last + DAY * 10))
        year.run()
        assert year.faults == []
        assert len(year.turned) > 20
        assert Reminder.objects.count() > 50
