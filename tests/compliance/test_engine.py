import dataclasses
import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from branches.changes import note_change
from branches.models import Changed, Kind, Organisation, Placement, Setting
from branches.periods import Span, month_of
from branches.services import (
    change_organisation,
    found_organisation,
    move_organisation,
    set_value,
)
from branches.values import Values
from compliance import summaries
from compliance.judging import BEGINS, WINDOW_MONTHS, horizon_on
from compliance.models import CheckRun, Duty, DutyEvent, DutySummary
from compliance.registry import RULES, Measured
from compliance.services import catch_up, reconcile, refresh, run_night
from dues.models import Charge, Payment
from meetings.enums import MeetingState, Type
from meetings.models import Meeting, Talk, Training, YearPlan
from members.models import Member, Membership, Post
from tasks.models import Task, TaskState
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import (
    Writes,
    county_value,
    forget_everything,
    judge_everything,
    stored_duties,
    stored_sums,
)

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)
SEPTEMBER = month_of("2026-09")
THEME_DAY = RULES["meetings.theme_day"]


@pytest.fixture(autouse=True)
def records_since_january(db):
    """So that the same periods are judged, whatever a test enters."""
    county_value(BEGINS, "2026-01-01", date(2024, 1, 1))


@pytest.fixture
def records_since_2020(records_since_january):
    county_value(BEGINS, "2020-01-01", date(2024, 1, 2))


def judged_periods(rule, as_of: date) -> list:
    return horizon_on(as_of, Values()).periods(rule)


# --- Periods of the window --------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "as_of", "first", "last", "count"),
    [
        (Span.MONTH, date(2026, 9, 30), "2025-09", "2026-09", 13),
        (Span.MONTH, date(2026, 10, 1), "2025-10", "2026-10", 13),
        (Span.QUARTER, date(2026, 9, 30), "2025-Q3", "2026-Q3", 5),
        (Span.QUARTER, date(2026, 10, 1), "2025-Q4", "2026-Q4", 5),
        (Span.QUARTER, date(2027, 1, 1), "2026-Q1", "2027-Q1", 5),
        (Span.YEAR, date(2026, 12, 31), "2025", "2026", 2),
        (Span.YEAR, date(2027, 1, 1), "2026", "2027", 2),
        (Span.MONTH, date(2028, 2, 29), "2027-02", "2028-02", 13),
    ],
)
@pytest.mark.usefixtures("records_since_2020")
def test_the_window_holds_all_periods_that_ended_within_twelve_months(
    span, as_of, first, last, count
):
    rule = dataclasses.replace(THEME_DAY, span=span)
    periods = judged_periods(rule, as_of)
    assert [str(periods[0]), str(periods[-1]), len(periods)] == [first, last, count]
    assert all(one.following == next_one for one, next_one in pairwise(periods))


@pytest.mark.usefixtures("records_since_2020")
def test_the_county_may_open_a_longer_window():
    county_value(WINDOW_MONTHS, 24, date(2026, 9, 1))
    assert str(judged_periods(THEME_DAY, AS_OF)[0]) == "2024-09"
    assert str(judged_periods(THEME_DAY, date(2026, 8, 31))[0]) == "2025-08"


def test_a_standing_condition_has_no_periods():
    assert judged_periods(RULES["tasks.overdue"], AS_OF) == [None]


def begins(as_of: date = AS_OF) -> date:
    return horizon_on(as_of, Values()).begins_on


def test_the_county_may_say_from_which_day_on_it_keeps_records():
    county_value(BEGINS, "2026-03-15", date(2026, 3, 1))
    assert begins() == date(2026, 3, 15)
    periods = judged_periods(THEME_DAY, AS_OF)
    assert [str(period) for period in periods] == [
        "2026-04",
        "2026-05",
        "2026-06",
        "2026-07",
        "2026-08",
        "2026-09",
    ]


def test_records_begin_in_the_month_of_the_first_meeting_or_charge():
    Setting.objects.all().delete()
    assert begins() == date(1, 1, 1)
    branch = factories.make_branch()
    factories.make_meeting(branch, date(2026, 7, 20), [Type.THEME_DAY])
    assert begins() == date(2026, 7, 1)
    factories.make_charge(factories.make_member(branch), date(2026, 5, 1))
    assert begins() == date(2026, 5, 1)
    factories.make_meeting(branch, date(2026, 4, 30), [Type.THEME_DAY])
    assert begins() == date(2026, 4, 1)


def test_the_night_judges_no_period_from_before_the_records():
    Setting.objects.all().delete()
    branch = factories.make_branch()
    factories.make_meeting(branch, date(2026, 7, 20), [Type.THEME_DAY])
    run_night(AS_OF)
    found = Duty.objects.filter(rule="meetings.theme_day").order_by("period")
    assert list(found.values_list("period", "state")) == [
        ("2026-07", "done"),
        ("2026-08", "overdue"),
        ("2026-09", "open"),
    ]


def test_what_was_judged_from_before_the_records_is_forgotten():
    Setting.objects.all().delete()
    branch = factories.make_branch()
    run_night(date(2026, 9, 29))
    assert Duty.objects.filter(rule="meetings.theme_day").count() == 13
    factories.make_meeting(branch, date(2026, 8, 20), [Type.THEME_DAY])
    run_night(AS_OF)
    found = Duty.objects.filter(rule="meetings.theme_day").order_by("period")
    assert list(found.values_list("period", flat=True)) == ["2026-08", "2026-09"]
    assert stored_sums() == recounted()


def test_the_running_year_is_judged_though_it_began_before_the_records():
    Setting.objects.all().delete()
    branch = factories.make_branch()
    factories.make_member(branch)
    factories.make_meeting(branch, date(2026, 8, 20), [Type.LECTURE])
    for _night in range(2):
        run_night(AS_OF)
        running = Duty.objects.filter(period__in=["2026", "2026-Q3"]).order_by("rule")
        assert list(running.values_list("rule", "period", "actual", "state")) == [
            ("assessments.standard_studied", "2026", 0, "open"),
            ("meetings.appraisal", "2026", 0, "open"),
            ("meetings.lecture", "2026", 1, "behind"),
            ("meetings.life_meeting", "2026", 0, "open"),
            ("meetings.members_meeting", "2026-Q3", 0, "open"),
            ("meetings.secretary_lecture", "2026", 0, "open"),
            ("meetings.study_hours", "2026", 0, "behind"),
            ("meetings.talks", "2026", 0, "open"),
        ]
    assert stored_sums() == recounted()


# --- Any set of branches ----------------------------------------------------------------


def test_judging_one_branch_touches_its_rows_only():
    county = build_county(4)
    judge_everything(AS_OF)
    one, others = county.branches[0], county.branches[1:]
    Meeting.objects.all().delete()
    Talk.objects.all().delete()
    Training.objects.all().delete()
    YearPlan.objects.all().delete()
    Task.objects.update(due_on=date(2026, 12, 31))
    before = [row for row in stored_duties() if row[2] != one.code]
    judge_everything(AS_OF, Organisation.objects.filter(pk=one.pk))
    assert [row for row in stored_duties() if row[2] != one.code] == before
    assert not Duty.objects.filter(
        organisation=one, rule__startswith="meetings.", actual__gt=0
    ).exists()
    assert Duty.objects.filter(organisation__in=others, rule="tasks.overdue", actual=1).count() == 2


def test_judging_branch_by_branch_gives_what_judging_all_gives():
    county = build_county(4)
    judge_everything(AS_OF)
    duties, sums = stored_duties(), stored_sums()
    forget_everything()
    for organisation in reversed([*county.committees, *county.branches]):
        judge_everything(AS_OF, Organisation.objects.filter(pk=organisation.pk))
    assert stored_duties() == duties
    assert stored_sums() == sums


def test_the_tally_says_what_was_judged_and_written():
    county = build_county(4)
    first = reconcile(THEME_DAY, SEPTEMBER, as_of=AS_OF, values=Values())
    assert (first.judged, first.written) == (4, 4)
    factories.make_meeting(county.branches[1], date(2026, 9, 20), [Type.THEME_DAY])
    second = reconcile(THEME_DAY, SEPTEMBER, as_of=AS_OF, values=Values())
    assert (second.judged, second.written) == (4, 1)


def test_a_row_goes_when_its_rule_stops_applying():
    branch = factories.make_branch()
    *_rest, seventh = factories.make_members(branch, 7)
    judge_everything(date(2026, 9, 20))
    assert Duty.objects.filter(rule="meetings.committee", period="2026-09").count() == 1
    assert stored_sums()[branch.parent.code, "meetings.committee", "2026-09"] == {
        "open": 1,
        "required": 1,
    }
    Membership.objects.filter(member=seventh).update(ends_on=date(2026, 9, 24))
    tally = reconcile(
        RULES["meetings.committee"], SEPTEMBER, as_of=date(2026, 9, 25), values=Values()
    )
    assert (tally.judged, tally.written) == (0, 1)
    assert not Duty.objects.filter(rule="meetings.committee", period="2026-09").exists()
    assert (branch.parent.code, "meetings.committee", "2026-09") not in stored_sums()
    # August, when there were seven, stays.
    judge_everything(date(2026, 9, 25))
    assert Duty.objects.get(rule="meetings.committee", period="2026-08").state == "overdue"


def test_periodic_duties_have_no_event_before_they_change():
    factories.make_branch()
    reconcile(THEME_DAY, SEPTEMBER, as_of=AS_OF, values=Values())
    assert not DutyEvent.objects.exists()
    reconcile(THEME_DAY, SEPTEMBER, as_of=date(2026, 10, 1), values=Values())
    event = DutyEvent.objects.get()
    assert (event.on, event.before, event.after, event.required, event.actual) == (
        date(2026, 10, 1),
        "open",
        "overdue",
        1,
        0,
    )


def test_more_offenders_change_the_row_and_keep_the_day_it_opened():
    branch = factories.make_branch()
    factories.make_task(branch, due_on=date(2026, 9, 1))
    judge_everything(date(2026, 9, 10))
    factories.make_task(branch, due_on=date(2026, 9, 15))
    judge_everything(date(2026, 9, 20))
    duty = Duty.objects.get(rule="tasks.overdue", organisation=branch)
    assert (duty.actual, duty.state, duty.open_since) == (2, "overdue", date(2026, 9, 2))
    assert list(duty.events.values_list("on", "before", "after", "actual")) == [
        (date(2026, 9, 10), "", "overdue", 1)
    ]


# --- Sums -------------------------------------------------------------------------------


def recounted() -> dict:
    """Sums counted one duty at a time, in today's tree."""
    sums: dict = {}
    for duty in Duty.objects.select_related("organisation"):
        above = duty.organisation.parent
        if duty.organisation.kind != Kind.BRANCH:
            above = duty.organisation
        while above is not None:
            figures = sums.setdefault((above.code, duty.rule, duty.period), {})
            for name, more in (
                (duty.state, 1),
                ("required", duty.required),
                ("actual", duty.actual),
            ):
                if more:
                    figures[name] = figures.get(name, 0) + more
            above = above.parent
    return sums


def rebuild_everything(as_of: date) -> None:
    for rule in RULES.values():
        for period in judged_periods(rule, as_of):
            summaries.rebuild(rule, period, as_of=as_of)


class Chance:
    """Random changes of a county, each with the note its service would leave."""

    def __init__(self, county, seed: int):
        self.county = county
        self.random = random.Random(seed)

    def change(self) -> None:
        branch = self.random.choice(self.county.branches)
        kinds = (self.meeting, self.cancel, self.pay, self.task, self.close, self.leave, self.post)
        self.random.choice(kinds)(branch)

    def meeting(self, branch):
        day = date(2026, self.random.randint(1, 9), self.random.randint(1, 28))
        types = self.random.sample(list(Type), 2)
        present = self.county.members[branch.pk]
        factories.make_meeting(branch, day, types, present=present, hours=Decimal("8.0"))
        note_change(branch.pk, "meetings", day)

    def cancel(self, branch):
        held = Meeting.objects.filter(organisation=branch, state=MeetingState.HELD).first()
        if held is not None:
            Meeting.objects.filter(pk=held.pk).update(state=MeetingState.CANCELLED)
            note_change(branch.pk, "meetings", held.held_on)

    def pay(self, branch):
        member = self.random.choice(self.county.members[branch.pk])
        month = date(2026, self.random.randint(4, 9), 1)
        if self.random.random() < 0.5:
            factories.make_payment(member, month, paid_on=date(2026, 9, 28))
        else:
            paid = Payment.objects.filter(
                member=member, month=month, reverses=None, reversed_by=None
            ).first()
            if paid is not None:
                factories.make_payment(
                    member, month, -paid.amount, reverses=paid, paid_on=paid.paid_on
                )
        note_change(branch.pk, "dues", month, date(2026, 9, 30))

    def task(self, branch):
        due_on = date(2026, self.random.randint(7, 12), 15)
        factories.make_task(branch, due_on=due_on)
        note_change(branch.pk, "tasks", due_on)

    def close(self, branch):
        task = Task.objects.filter(organisation=branch, closed_on=None).first()
        if task is not None:
            Task.objects.filter(pk=task.pk).update(
                state=TaskState.CLOSED, closed_on=date(2026, 9, 29)
            )
            note_change(branch.pk, "tasks", task.due_on)

    def leave(self, branch):
        member = self.random.choice(self.county.members[branch.pk])
        left_on = date(2026, self.random.randint(6, 9), 10)
        Member.objects.filter(pk=member.pk).update(left_on=left_on, left_reason="组织关系转出")
        note_change(branch.pk, "members", left_on)

    def post(self, branch):
        posts = Post.objects.filter(organisation=branch, ends_on=None)
        if not posts.filter(starts_on__lt=date(2026, 9, 1)).update(ends_on=date(2026, 9, 12)):
            posts.delete()
            factories.make_post(branch, starts_on=date(2026, 9, 13))
        note_change(branch.pk, "members", date(2026, 9, 12))


@pytest.mark.parametrize(("seed", "at_once"), [(1, 500), (2, 500), (3, 1)])
def test_sums_and_duties_after_many_small_changes_equal_a_count_from_the_start(
    seed, at_once, monkeypatch
):
    monkeypatch.setattr("compliance.services.reconciling.AT_ONCE", at_once)
    county = build_county(4)
    run_night(AS_OF)
    chance = Chance(county, seed)
    for _round in range(4):
        for _change in range(4):
            chance.change()
        assert refresh(as_of=AS_OF) > 0
    assert not Changed.objects.exists()
    assert stored_sums() == recounted()
    with Writes() as writes:
        rebuild_everything(AS_OF)
    assert writes.statements == []
    after_changes = [row[:6] for row in stored_duties()]
    with Writes() as writes:
        judge_everything(AS_OF)
    assert writes.statements == []
    forget_everything()
    judge_everything(AS_OF)
    assert [row[:6] for row in stored_duties()] == after_changes


def test_a_sum_that_went_astray_is_healed_by_the_night():
    build_county(2)
    run_night(date(2026, 9, 29))
    sums = stored_sums()
    DutySummary.objects.filter(rule="meetings.theme_day", period="2026-09").update(
        open=40, required=0
    )
    DutySummary.objects.filter(rule="tasks.overdue").delete()
    assert stored_sums() != sums
    run_night(date(2026, 9, 30))
    assert stored_sums() == recounted()


def test_a_committee_counts_its_own_election_beside_those_below():
    county = factories.make_county(code="C")
    committee = factories.make_organisation(Kind.COMMITTEE, county, "云溪镇党委", code="T")
    branch = factories.make_branch(committee, code="T-1")
    factories.make_term(committee, ends_on=date(2026, 8, 31))
    factories.make_term(branch, ends_on=date(2027, 8, 31))
    judge_everything(AS_OF)
    sums = {key: figures for key, figures in stored_sums().items() if key[1] == "terms.election"}
    assert sums == {
        ("T", "terms.election", ""): {"done": 1, "overdue": 1, "actual": 1},
        ("C", "terms.election", ""): {"done": 1, "overdue": 1, "actual": 1},
    }


def figures_of(rule: str, period: str) -> dict[str, dict[str, int]]:
    return {code: found for (code, *key), found in stored_sums().items() if key == [rule, period]}


def test_a_branch_that_moved_counts_for_each_period_where_it_stood_on_its_last_day():
    county = factories.make_county(code="C")
    old, new = (factories.make_committee(county, code=code) for code in ("OLD", "NEW"))
    branch = factories.make_branch(old)
    move_organisation(branch, to=new, by=None, on=date(2026, 9, 1))
    run_night(AS_OF)
    assert figures_of("meetings.theme_day", "2026-08") == {
        "OLD": {"overdue": 1, "required": 1},
        "C": {"overdue": 1, "required": 1},
    }
    assert figures_of("meetings.theme_day", "2026-09") == {
        "NEW": {"open": 1, "required": 1},
        "C": {"open": 1, "required": 1},
    }
    assert figures_of("tasks.overdue", "") == {"NEW": {"done": 1}, "C": {"done": 1}}


def test_a_move_shows_in_the_sums_as_soon_as_its_note_is_judged():
    county = factories.make_county(code="C")
    old, new = (factories.make_committee(county, code=code) for code in ("OLD", "NEW"))
    branch = factories.make_branch(old)
    run_night(date(2026, 9, 29))
    move_organisation(branch, to=new, by=None, on=AS_OF)
    refresh(as_of=AS_OF)
    assert figures_of("meetings.theme_day", "2026-08")["OLD"] == {"overdue": 1, "required": 1}
    assert figures_of("branches.too_small", "") == {
        "NEW": {"overdue": 1, "actual": 1},
        "C": {"overdue": 1, "actual": 1},
    }
    assert figures_of("meetings.theme_day", "2026-09") == {
        "NEW": {"open": 1, "required": 1},
        "C": {"open": 1, "required": 1},
    }


def test_an_earlier_founding_day_brings_the_branch_into_the_sums_of_those_months():
    county = factories.make_county(code="C")
    committee = factories.make_committee(county, code="T")
    branch = found_organisation(
        by=None,
        on=date(2026, 9, 15),
        parent=committee,
        code="T-1",
        name="望春社区第九党支部",
        kind=Kind.BRANCH,
    )
    change_organisation(branch, by=None, founded_on=date(2026, 1, 1))
    run_night(AS_OF)
    assert Duty.objects.get(rule="meetings.theme_day", period="2026-08").state == "overdue"
    assert figures_of("meetings.theme_day", "2026-08") == {
        "T": {"overdue": 1, "required": 1},
        "C": {"overdue": 1, "required": 1},
    }


# --- Notes of what changed --------------------------------------------------------------


def test_refreshing_one_branch_leaves_the_notes_of_others():
    county = build_county(4)
    run_night(AS_OF)
    one, other = county.branches[1], county.branches[3]
    for branch in (one, other):
        factories.make_meeting(branch, date(2026, 9, 20), [Type.THEME_DAY])
        note_change(branch.pk, "meetings", date(2026, 9, 20))
    assert refresh(as_of=AS_OF, organisation=one) == 1
    assert list(Changed.objects.values_list("organisation", flat=True)) == [other.pk]
    states = dict(
        Duty.objects.filter(
            rule="meetings.theme_day", period="2026-09", organisation__in=[one, other]
        ).values_list("organisation", "state")
    )
    assert states == {one.pk: "done", other.pk: "open"}
    assert refresh(as_of=AS_OF) == 1
    assert not Changed.objects.exists()
    assert not Duty.objects.filter(rule="meetings.theme_day", period="2026-09", state="open")


def test_refreshing_without_notes_reads_once_and_writes_nothing(django_assert_num_queries):
    county = build_county(2)
    run_night(AS_OF)
    with django_assert_num_queries(2):
        assert refresh(as_of=AS_OF, organisation=county.branches[0]) == 0


def test_an_organisation_that_no_night_has_seen_is_judged_before_it_is_read():
    branch = factories.make_branch()
    factories.make_meeting(branch, date(2026, 8, 5), [Type.THEME_DAY])
    assert refresh(as_of=AS_OF, organisation=branch) == 0
    duties = Duty.objects.filter(rule="meetings.theme_day", organisation=branch)
    assert dict(duties.values_list("period", "state")) == {"2026-08": "done", "2026-09": "open"}


def test_a_note_reaches_the_periods_it_speaks_of_and_no_other():
    branch = factories.make_branch()
    judge_everything(AS_OF)
    factories.make_meeting(branch, date(2026, 3, 5), [Type.THEME_DAY])
    factories.make_meeting(branch, date(2026, 5, 5), [Type.THEME_DAY])
    note_change(branch.pk, "meetings", date(2026, 3, 5))
    refresh(as_of=AS_OF)
    done = Duty.objects.filter(rule="meetings.theme_day", state="done")
    assert list(done.values_list("period", flat=True)) == ["2026-03"]


def test_who_joined_in_june_counts_in_every_later_month():
    branch = factories.make_branch()
    factories.make_members(branch, 6)
    judge_everything(AS_OF)
    factories.make_member(branch, starts_on=date(2026, 6, 15))
    note_change(branch.pk, "members", date(2026, 6, 15))
    refresh(as_of=AS_OF)
    periods = Duty.objects.filter(rule="meetings.committee").order_by("period")
    assert list(periods.values_list("period", flat=True)) == [
        "2026-06",
        "2026-07",
        "2026-08",
        "2026-09",
    ]


def test_a_note_written_while_judging_waits_for_the_next_time(monkeypatch):
    branch = factories.make_branch()
    run_night(AS_OF)
    measure = THEME_DAY.measure

    def measure_while_somebody_writes(question):
        if question.period == SEPTEMBER:
            note_change(branch.pk, "meetings", date(2026, 9, 21))
        return measure(question)

    monkeypatch.setitem(
        RULES, THEME_DAY.code, dataclasses.replace(THEME_DAY, measure=measure_while_somebody_writes)
    )
    note_change(branch.pk, "meetings", date(2026, 9, 20))
    assert refresh(as_of=AS_OF, organisation=branch) == 1
    assert list(Changed.objects.values_list("from_on", flat=True)) == [date(2026, 9, 21)]
    monkeypatch.undo()
    assert refresh(as_of=AS_OF, organisation=branch) == 1
    assert not Changed.objects.exists()


def test_a_rule_that_fails_in_a_refresh_keeps_the_notes_and_judges_the_others(monkeypatch, caplog):
    branch = factories.make_branch()
    run_night(AS_OF)
    factories.make_meeting(branch, date(2026, 9, 20), [Type.THEME_DAY, Type.LECTURE])

    def broken(question):
        raise ZeroDivisionError

    monkeypatch.setitem(RULES, THEME_DAY.code, dataclasses.replace(THEME_DAY, measure=broken))
    note_change(branch.pk, "meetings", date(2026, 9, 20))
    with caplog.at_level(logging.CRITICAL, logger="compliance"):
        assert refresh(as_of=AS_OF, organisation=branch) == 0
    assert Changed.objects.count() == 1
    theme_day = Duty.objects.get(rule="meetings.theme_day", period="2026-09")
    assert (theme_day.actual, Duty.objects.get(rule="meetings.lecture").actual) == (0, 1)
    monkeypatch.undo()
    assert refresh(as_of=AS_OF, organisation=branch) == 1
    theme_day.refresh_from_db()
    assert (theme_day.state, Changed.objects.count()) == ("done", 0)


# --- Nights -----------------------------------------------------------------------------


def test_one_broken_rule_does_not_stop_the_others(monkeypatch, caplog):
    build_county(2)

    def broken(question):
        raise ZeroDivisionError("nobody counts here")

    rule = RULES["meetings.lecture"]
    monkeypatch.setitem(RULES, rule.code, dataclasses.replace(rule, measure=broken))
    with caplog.at_level(logging.CRITICAL, logger="compliance.services"):
        run = run_night(AS_OF)
    assert run.faults == "党课 2026"
    assert run.finished_at is not None
    judged = set(Duty.objects.values_list("rule", flat=True))
    assert judged == set(RULES) - {"meetings.lecture"}
    assert stored_sums() == recounted()
    monkeypatch.undo()
    assert run_night(AS_OF).faults == ""
    assert Duty.objects.filter(rule="meetings.lecture").count() == 2
    assert CheckRun.objects.count() == 1


def test_a_rule_that_breaks_half_way_writes_nothing_of_its_period(monkeypatch, caplog):
    build_county(2)
    measure = THEME_DAY.measure

    def broken_half_way(question):
        yield from measure(question)
        if question.period == SEPTEMBER:
            raise ZeroDivisionError

    monkeypatch.setitem(
        RULES, THEME_DAY.code, dataclasses.replace(THEME_DAY, measure=broken_half_way)
    )
    with caplog.at_level(logging.CRITICAL, logger="compliance"):
        run = run_night(AS_OF)
    assert run.faults == "主题党日 2026-09"
    found = Duty.objects.filter(rule="meetings.theme_day").values_list("period", flat=True)
    assert "2026-09" not in found
    assert "2026-08" in found


def test_the_night_turns_open_into_overdue_though_nobody_touched_anything():
    branch = factories.make_branch()
    factories.make_task(branch, due_on=AS_OF)
    run_night(AS_OF)
    month = Duty.objects.get(rule="meetings.theme_day", period="2026-09")
    task = Duty.objects.get(rule="tasks.overdue")
    assert (month.state, task.state) == ("open", "done")
    run_night(date(2026, 10, 1))
    month.refresh_from_db()
    task.refresh_from_db()
    assert (month.state, task.state, task.open_since) == ("overdue", "overdue", date(2026, 10, 1))
    assert stored_sums() == recounted()


@pytest.mark.parametrize(
    # In a county too large for one transaction those who differ are asked once more; new duties
    # are written as judged.
    ("at_once", "asked_again"),
    [(500, []), (1, ["2026-09"])],
)
def test_five_missed_days_are_one_run_that_judges_every_period_of_the_window(
    monkeypatch, at_once, asked_again
):
    monkeypatch.setattr("compliance.services.reconciling.AT_ONCE", at_once)
    county = build_county(2)
    run_night(date(2026, 9, 28))
    factories.make_meeting(county.branches[1], date(2026, 9, 30), [Type.THEME_DAY])
    asked = []
    measure = THEME_DAY.measure

    def measure_and_remember(question):
        asked.append(str(question.period))
        return measure(question)

    monkeypatch.setitem(
        RULES, THEME_DAY.code, dataclasses.replace(THEME_DAY, measure=measure_and_remember)
    )
    run = catch_up(date(2026, 10, 3))
    assert (run.day, run.faults) == (date(2026, 10, 3), "")
    # The window is judged, then what is due within the next 90 days is foreseen.
    judged = [f"2026-{month:02d}" for month in range(1, 11)]
    foreseen = ["2026-10", "2026-11", "2026-12"]
    assert Counter(asked) == Counter(judged + asked_again + foreseen)
    assert list(CheckRun.objects.order_by("day").values_list("day", flat=True)) == [
        date(2026, 9, 28),
        date(2026, 10, 3),
    ]
    september = Duty.objects.get(
        rule="meetings.theme_day", period="2026-09", organisation=county.branches[1]
    )
    assert (september.state, september.met_on) == ("done", date(2026, 9, 30))
    kept = stored_duties()
    assert len({row[:3] for row in kept}) == len(kept)
    # A night that was never missed comes to the same verdicts.
    forget_everything()
    monkeypatch.undo()
    for day in range(28, 31):
        run_night(date(2026, 9, day))
    for day in range(1, 4):
        run_night(date(2026, 10, day))
    assert stored_duties() == kept


def test_catching_up_twice_is_harmless():
    build_county(2)
    first = catch_up(AS_OF)
    assert first.judged == Duty.objects.count()
    assert first.written == first.judged
    kept = stored_duties(), stored_sums(), DutyEvent.objects.count()
    with Writes() as writes:
        assert catch_up(AS_OF) is None
        assert catch_up(date(2026, 9, 29)) is None
    assert writes.statements == []
    assert (stored_duties(), stored_sums(), DutyEvent.objects.count()) == kept


def test_the_same_night_again_writes_nothing():
    build_county(2)
    run_night(AS_OF)
    with Writes() as writes:
        again = run_night(AS_OF)
    assert writes.statements == []
    assert again.written == 0
    assert CheckRun.objects.count() == 1


def test_a_night_that_ended_in_the_middle_is_run_again():
    build_county(4)
    run_night(AS_OF)
    undisturbed = stored_duties(), stored_sums()
    events = DutyEvent.objects.count()
    forget_everything()
    CheckRun.objects.create(day=AS_OF, started_at=timezone.now())
    values = Values()
    for rule in list(RULES.values())[:6]:
        for period in judged_periods(rule, AS_OF):
            reconcile(rule, period, as_of=AS_OF, values=values)
    run = catch_up(AS_OF)
    assert run is not None
    assert (run.day, run.faults) == (AS_OF, "")
    assert run.finished_at is not None
    assert (stored_duties(), stored_sums()) == undisturbed
    assert DutyEvent.objects.count() == events
    assert CheckRun.objects.count() == 1
    assert catch_up(AS_OF) is None


def test_catch_up_by_command_judges_the_notes_and_the_night(settings, capsys):
    settings.TODAY_OVERRIDE = AS_OF
    branch = build_county(2).branches[0]
    note_change(branch.pk, "meetings", date(2026, 9, 10))
    call_command("catch_up")
    judged = Duty.objects.count()
    assert "已重新核对变动 1 处" in capsys.readouterr().out
    assert not Changed.objects.exists()
    assert CheckRun.objects.get().judged == judged
    call_command("catch_up")
    assert capsys.readouterr().out.splitlines() == ["已重新核对变动 0 处", "今天的核对已完成"]


# --- Several at once --------------------------------------------------------------------


def run_at_once(*actions) -> list[Exception]:
    """Start every action in a thread of its own, all at the same moment; returns their errors."""
    barrier = threading.Barrier(len(actions))
    errors = []

    def run(action):
        try:
            barrier.wait(10)
            action()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["meetings.theme_day", "tasks.overdue"])
def test_two_who_judge_the_same_rule_at_once_store_each_row_once(code):
    build_county(4)
    rule = RULES[code]
    period = None if rule.is_standing else SEPTEMBER

    def judge_it():
        reconcile(rule, period, as_of=AS_OF, values=Values())

    assert run_at_once(judge_it, judge_it, judge_it) == []
    assert Duty.objects.filter(rule=code).count() == 4
    assert DutyEvent.objects.count() == (2 if rule.is_standing else 0)
    assert stored_sums() == recounted()


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_are_as_good_as_one():
    build_county(2)
    assert run_at_once(lambda: run_night(AS_OF), lambda: run_night(AS_OF)) == []
    at_once = stored_duties(), stored_sums()
    run = CheckRun.objects.get()
    assert run.faults == ""
    events = DutyEvent.objects.count()
    assert at_once[1] == recounted()
    forget_everything()
    run_night(AS_OF)
    assert (stored_duties(), stored_sums(), DutyEvent.objects.count()) == (*at_once, events)


@pytest.mark.django_db(transaction=True)
def test_a_desk_and_the_minutely_job_judge_the_same_notes_without_harm():
    county = build_county(4)
    run_night(AS_OF)
    for branch in county.branches:
        factories.make_meeting(branch, date(2026, 9, 22), [Type.THEME_DAY, Type.LECTURE])
        note_change(branch.pk, "meetings", date(2026, 9, 22))
    desks = [
        lambda branch=branch: refresh(as_of=AS_OF, organisation=branch)
        for branch in county.branches[:2]
    ]
    assert run_at_once(lambda: refresh(as_of=AS_OF), *desks) == []
    assert not Changed.objects.exists()
    assert stored_sums() == recounted()
    assert not Duty.objects.filter(rule="meetings.theme_day", period="2026-09").exclude(
        state="done"
    )


@pytest.mark.django_db(transaction=True)
def test_a_recount_beside_a_change_that_is_not_committed_yet_loses_nothing():
    county = build_county(2)
    run_night(AS_OF)
    changed = county.branches[1]
    factories.make_meeting(changed, date(2026, 9, 22), [Type.THEME_DAY])
    judged = threading.Event()

    def judge_and_hesitate():
        with transaction.atomic():
            reconcile(
                THEME_DAY,
                SEPTEMBER,
                as_of=AS_OF,
                values=Values(),
                organisations=Organisation.objects.filter(pk=changed.pk),
            )
            judged.set()
            time.sleep(0.7)

    def recount():
        assert judged.wait(10)
        with transaction.atomic():
            summaries.rebuild(THEME_DAY, SEPTEMBER, as_of=AS_OF)

    assert run_at_once(judge_and_hesitate, recount) == []
    assert figures_of("meetings.theme_day", "2026-09")["C"] == {
        "done": 2,
        "required": 2,
        "actual": 2,
    }
    assert stored_sums() == recounted()


def address_of_test_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path="/" + quote(name)).geturl()


def start_check_duties() -> subprocess.Popen:
    """`manage.py check_duties` as a process of its own, on the database of this test."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "check_duties", "--as-of", "2026-09-30"],
        cwd=Path(settings.BASE_DIR),
        env={key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
        | {
            "DATABASE_URL": address_of_test_database(),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "DEBUG": "1",
            "PARTYBUILD_TODAY": "2026-09-30",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
def test_a_night_killed_in_the_middle_leaves_nothing_that_the_next_does_not_mend():
    for branch in build_county(4).branches:
        for month in range(1, 10):
            factories.make_meeting(branch, date(2026, month, 3), [Type.LECTURE])
    process = start_check_duties()
    try:
        seen = []
        while len(seen) < 4:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            seen.append(line.strip())
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -9
    assert seen == ["核对 支部委员会", "核对 支部党员大会", "核对 党课", "核对 主题党日"]
    run = CheckRun.objects.get()
    assert run.finished_at is None
    half = Duty.objects.count()
    again = start_check_duties()
    _output, complaints = again.communicate(timeout=120)
    assert (again.returncode, complaints) == (0, "")
    run.refresh_from_db()
    assert (run.faults, run.judged) == ("", Duty.objects.count())
    assert 0 < half < run.judged
    mended = stored_duties(), stored_sums()
    assert len({row[:3] for row in mended[0]}) == len(mended[0])
    events = DutyEvent.objects.count()
    charges = Charge.objects.count()
    forget_everything()
    run_night(AS_OF)
    assert (stored_duties(), stored_sums()) == mended
    assert (DutyEvent.objects.count(), Charge.objects.count()) == (events, charges)


def test_each_organisation_has_one_open_place():
    """What the sums are folded by; a second one would count a branch twice."""
    county = build_county(4)
    for branch in county.branches:
        move_organisation(branch, to=county.committees[0], by=None, on=date(2026, 9, 1))
    move_organisation(county.branches[0], to=county.committees[1], by=None, on=date(2026, 9, 1))
    places = Placement.objects.filter(ends_on=None)
    assert places.count() == Organisation.objects.count()
    run_night(AS_OF)
    assert stored_sums()["C", "meetings.theme_day", "2026-09"]["required"] == 4


def test_the_county_may_say_from_which_day_on_it_is_judged():
    officer = factories.make_user()
    branch = factories.make_branch()
    factories.make_meeting(branch, date(2025, 11, 5), (Type.THEME_DAY,))
    set_value(BEGINS, "2026.3.1", by=officer, on=date(2026, 1, 1), reason="三月启用")
    run_night(date(2026, 5, 20))
    periods = Duty.objects.filter(rule="meetings.theme_day", organisation=branch)
    assert sorted(periods.values_list("period", flat=True)) == ["2026-03", "2026-04", "2026-05"]


# --- Waiting for the superior -----------------------------------------------------------


@pytest.mark.parametrize("as_of", [date(2026, 9, 30), date(2026, 10, 1), date(2026, 12, 1)])
def test_who_has_done_his_part_waits_and_is_neither_late_nor_behind(as_of):
    branch = factories.make_branch()
    found = Measured(branch.pk, 1, 0, behind=True, waiting=True)
    rule = dataclasses.replace(THEME_DAY, measure=lambda question: [found])
    reconcile(rule, SEPTEMBER, as_of=as_of, values=Values())
    duty = Duty.objects.get()
    assert (duty.state, duty.waiting, duty.met_on) == ("open", True, None)


def test_an_answer_ends_the_waiting():
    branch = factories.make_branch()
    for found, wanted in (
        (Measured(branch.pk, 1, 0, waiting=True), ("open", True)),
        (Measured(branch.pk, 1, 1, waiting=True), ("done", False)),
        (Measured(branch.pk, 1, 0), ("overdue", False)),
    ):
        rule = dataclasses.replace(THEME_DAY, measure=lambda question, found=found: [found])
        reconcile(rule, SEPTEMBER, as_of=date(2026, 10, 1), values=Values())
        duty = Duty.objects.get()
        assert (duty.state, duty.waiting) == wanted


def test_charges_that_could_not_be_made_do_not_stop_the_rules(monkeypatch, caplog):
    build_county(2)

    def broken(*args, **options):
        raise RuntimeError("no charges tonight")

    monkeypatch.setattr("compliance.services.nights.settle_all", broken)
    run = run_night(AS_OF)
    assert (run.faults, run.judged > 0) == ("应缴党费", True)
    assert "no charges tonight" in caplog.text
    monkeypatch.undo()
    assert run_night(AS_OF).faults == ""
