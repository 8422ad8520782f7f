from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from branches.models import Workday
from branches.periods import period_named
from branches.values import Values
from compliance import forecast, reminders
from compliance.digests import LINES
from compliance.models import DutyState, Exemption, Reminder
from compliance.registry import RULES
from compliance.reminders import remind
from compliance.steps import BEFORE, SENDING
from notices.models import Notice, NoticeKind
from tests import factories
from tests.compliance.reminding import (
    ADVICE,
    BY_SUPERIOR,
    DAY,
    PLENARY,
    SECRETARY,
    THEME,
    days,
    digest,
    foresee,
    owe,
    steps,
    switch_on,
    told,
)
from tests.compliance.verdicts import county_value, duty_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_weeks():
    """The holidays that come with the migrations are left out."""
    Workday.objects.all().delete()


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def switched_on(branch):
    switch_on(branch.parent.parent)


# --- Before it is due -------------------------------------------------------------------


def test_each_step_is_told_once_on_its_day(branch):
    foresee(branch, PLENARY, "2026-Q4", date(2026, 12, 31))
    steps_on = (date(2026, 10, 2), date(2026, 12, 1), date(2026, 12, 24), date(2026, 12, 31))
    for day in steps_on:
        for around in days(day - timedelta(days=1), day):
            remind(around)
    assert list(Reminder.objects.order_by("on").values_list("step", "on", "recipient")) == [
        ("b90", date(2026, 10, 2), branch.pk),
        ("b30", date(2026, 12, 1), branch.pk),
        ("b7", date(2026, 12, 24), branch.pk),
        ("due", date(2026, 12, 31), branch.pk),
    ]
    assert Notice.objects.count() == 4


def test_a_month_has_a_step_in_its_last_week_and_one_on_the_day(branch):
    foresee(branch, THEME, "2026-12", date(2026, 12, 31))
    for day in (
        date(2026, 12, 1),
        date(2026, 12, 23),
        *days(date(2026, 12, 24), date(2026, 12, 31)),
    ):
        remind(day)
    assert told() == [(THEME, "2026-12", "b7"), (THEME, "2026-12", "due")]
    assert Reminder.objects.get(step="b7").on == date(2026, 12, 24)


def test_the_notice_says_what_when_and_where(branch):
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    foresee(branch, SECRETARY, "", date(2026, 12, 23))
    duty = owe(branch, THEME, "2026-11", date(2026, 11, 30), DutyState.OPEN)
    reminded = remind(DAY)
    assert (reminded.judged, reminded.steps, reminded.notices) == (2, 3, 1)
    notice = digest(branch)
    assert (notice.title, notice.sender, notice.url) == (
        "到期提醒：2 项将到期",
        None,
        f"/duties/?branch={branch.code}",
    )
    assert notice.text.splitlines() == [
        "【7 天内到期】",
        f"开展 2026年11月主题党日，11月30日到期，还剩 7 天 /duties/{duty.pk}/",
        "【以后到期】",
        f"补选书记，12月23日到期，还剩 30 天 /duties/forecast/?branch={branch.code}",
    ]
    assert set(Reminder.objects.values_list("notice", flat=True)) == {notice.pk}


def test_a_free_day_is_told_on_the_next_working_day(branch):
    Workday.objects.create(day=DAY, is_workday=False, note="防汛放假")
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    remind(DAY)
    assert told() == []
    remind(date(2026, 11, 24))
    assert steps() == ["b7"]


def test_steps_missed_while_nothing_ran_get_a_row_each_and_one_line(branch):
    foresee(branch, PLENARY, "2026-Q4", date(2026, 12, 31))
    remind(date(2026, 12, 28))
    assert steps() == ["b90", "b30", "b7"]
    notice = digest(branch, date(2026, 12, 28))
    assert notice.text.count("支部党员大会") == 1 and "还剩 3 天" in notice.text


def test_what_was_met_meanwhile_is_not_told(branch):
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    owe(branch, THEME, "2026-11", date(2026, 11, 30), DutyState.DONE)
    foresee(branch, PLENARY, "2026-Q4", date(2026, 12, 1))
    owe(branch, PLENARY, "2026-Q4", date(2026, 12, 1), DutyState.EXEMPT)
    assert remind(DAY).steps == 0


def test_a_condition_that_is_well_now_is_told_before_it_is_not(branch):
    foresee(branch, "terms.election", "", date(2026, 11, 30))
    owe(branch, "terms.election", "", None, DutyState.DONE, required=0)
    remind(DAY)
    assert told() == [
        ("terms.election", "2026-11-30", "b90"),
        ("terms.election", "2026-11-30", "b30"),
        ("terms.election", "2026-11-30", "b7"),
    ]


def test_a_condition_with_another_due_day_is_told_again(branch):
    row = foresee(branch, "terms.election", "", date(2026, 11, 23))
    remind(DAY)
    row.due_on = date(2026, 12, 24)
    row.save()
    remind(date(2026, 11, 24))
    assert told(on=date(2026, 11, 24)) == [
        ("terms.election", "2026-12-24", "b90"),
        ("terms.election", "2026-12-24", "b30"),
    ]


def test_lead_times_are_county_values_from_a_day_on(branch):
    county_value(BEFORE[2], 5, date(2026, 11, 20))
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    for day in days(DAY, date(2026, 11, 27)):
        remind(day)
    assert list(Reminder.objects.values_list("step", "on")) == [("b5", date(2026, 11, 25))]


def test_the_county_may_switch_it_off(branch):
    county_value(SENDING, False, date(2026, 11, 1))
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    assert remind(DAY) == reminders.Reminded()
    assert not Notice.objects.exists()


# --- Late -------------------------------------------------------------------------------


def test_what_is_late_is_told_weekly_and_goes_up(branch, switched_on):
    owe(branch, THEME, "2026-09", date(2026, 9, 30))
    for day in days(date(2026, 10, 1), date(2026, 11, 2)):
        remind(day)
    rows = Reminder.objects.filter(rule=THEME, occasion="2026-09").order_by("on", "pk")
    assert list(rows.filter(recipient=branch).values_list("step", "on")) == [
        ("b7", date(2026, 10, 1)),
        ("due", date(2026, 10, 1)),
        ("late1", date(2026, 10, 7)),
        ("late2", date(2026, 10, 14)),
        ("late3", date(2026, 10, 21)),
        ("late4", date(2026, 10, 28)),
    ]
    committee, county = branch.parent, branch.parent.parent
    assert list(rows.exclude(recipient=branch).values_list("step", "on", "recipient")) == [
        ("up1", date(2026, 10, 7), committee.pk),
        ("up2", date(2026, 10, 30), county.pk),
    ]
    assert (
        digest(committee, date(2026, 10, 7))
        .text.splitlines()[1]
        .startswith(
            f"{branch.short_name}：开展 2026年9月主题党日，9月30日到期，已逾期 7 天 /duties/"
        )
    )
    assert digest(committee, date(2026, 10, 7)).title == "到期提醒：1 项已逾期"


def test_five_days_off_leave_the_same_rows(branch, switched_on):
    owe(branch, THEME, "2026-09", date(2026, 9, 30))
    foresee(branch, PLENARY, "2026-Q4", date(2026, 12, 31))
    off = set(days(date(2026, 10, 5), date(2026, 10, 9)))
    for day in days(date(2026, 10, 1), date(2026, 10, 31)):
        if day not in off:
            remind(day)
    with_gap = sorted(told())
    Reminder.objects.exclude(on=date(2025, 12, 31)).delete()
    Notice.objects.filter(kind=NoticeKind.DUE).delete()
    for day in days(date(2026, 10, 1), date(2026, 10, 31)):
        remind(day)
    assert sorted(told()) == with_gap
    assert len(with_gap) == len(set(with_gap)) == 9


@pytest.mark.parametrize("state", [DutyState.BEHIND, DutyState.EXEMPT, DutyState.DONE])
def test_advice_and_what_is_waived_or_done_is_not_chased(branch, switched_on, state):
    owe(branch, ADVICE, "2025", date(2025, 12, 31), state)
    assert remind(DAY).steps == 0


def test_advice_is_told_before_it_is_due_and_called_so(branch):
    foresee(branch, ADVICE, "2026", date(2026, 12, 23))
    remind(DAY)
    assert steps() == ["b90", "b30"]
    assert "开展 2026年谈心谈话（一般要求），" in digest(branch).text


def test_advice_whose_day_was_missed_is_told_of_it_once(branch, switched_on):
    """31 October 2026 is a Saturday."""
    owe(branch, "meetings.group", "2026-10", date(2026, 10, 31), DutyState.BEHIND)
    owe(branch, "branches.too_large", "", date(2026, 10, 31), DutyState.BEHIND)
    for day in (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 9)):
        remind(day)
    assert told(on=date(2026, 11, 1)) == [("meetings.group", "2026-10", "b7")]
    assert told(on=date(2026, 11, 2)) == [("meetings.group", "2026-10", "due")]
    notice = digest(branch, date(2026, 11, 2))
    assert notice.title == "到期提醒：1 项到期未办"
    assert "党小组会（一般要求），10月31日到期，已过 2 天" in notice.text
    assert len(told()) == 2


def test_advice_that_was_due_before_the_first_night_is_told_by_no_later_one(branch):
    owe(branch, "meetings.group", "2026-09", date(2026, 9, 30), DutyState.BEHIND)
    foresee(branch, PLENARY, "2026-Q4", date(2026, 12, 31))
    for day in (date(2026, 10, 2), date(2026, 10, 5)):
        remind(day)
    assert told() == [(PLENARY, "2026-Q4", "b90")]


def test_a_condition_that_is_advice_is_told_of_its_day_where_it_was_announced(branch, switched_on):
    row = foresee(branch, "terms.notice", "", date(2026, 10, 31))
    remind(date(2026, 10, 30))
    row.delete()
    owe(branch, "terms.notice", "", date(2026, 10, 31), DutyState.BEHIND)
    for day in (date(2026, 11, 2), date(2026, 11, 9)):
        remind(day)
    assert steps(branch.parent) == ["b90", "b30", "b7", "due"]


def test_what_has_been_dissolved_is_told_nobody(branch, switched_on):
    owe(branch, THEME, "2026-09", date(2026, 9, 30))
    branch.dissolved_on = DAY
    branch.save()
    assert remind(DAY).steps == 0


def test_a_condition_that_was_waived_is_late_from_the_end_of_the_waiver(branch, switched_on):
    owe(branch, SECRETARY, "", date(2026, 3, 1), required=0, actual=1)
    Exemption.objects.create(
        rule=SECRETARY,
        organisation=branch,
        starts_on=date(2026, 2, 1),
        ends_on=date(2026, 11, 22),
        reason="筹备合并",
    )
    remind(DAY)
    assert {occasion for _rule, occasion, _step in told()} == {"2026-11-22"}
    assert steps() == ["b90", "b30", "b7", "due"]
    assert not Reminder.objects.filter(recipient=branch.parent).exists()


# --- Whom -------------------------------------------------------------------------------


def test_what_waits_for_the_superior_is_told_to_the_superior(branch, switched_on):
    foresee(branch, "meetings.plan", "2026", date(2026, 11, 30))
    owe(branch, "meetings.plan", "2026", date(2026, 11, 30), DutyState.OPEN, waiting=True)
    owe(branch, PLENARY, "2026-Q3", date(2026, 9, 30), DutyState.OPEN, waiting=True)
    remind(DAY)
    assert told(branch) == []
    assert {step for _r, _o, step in told(branch.parent)} == {
        *("b90", "b30", "b7", "due"),
        *("late1", "late2", "late3", "late4", "late5", "late6", "late7"),
    }
    assert "，等本级处理，" in digest(branch.parent).text
    assert told(branch.parent.parent) == [(PLENARY, "2026-Q3", "up2")]
    assert "，等上级处理，" in digest(branch.parent.parent).text


def test_what_the_superior_has_to_do_is_told_to_him_past_a_general_branch(branch):
    general = factories.make_organisation("general_branch", branch.parent, "望春村党总支")
    below = factories.make_branch(general, "望春村第一党支部")
    foresee(below, BY_SUPERIOR, "", date(2026, 11, 30))
    remind(DAY)
    assert set(Reminder.objects.values_list("recipient", flat=True)) == {branch.parent.pk}


def test_directly_under_the_county_both_steps_go_there(switched_on, branch):
    county = branch.parent.parent
    below = factories.make_branch(county, "县委办公室党支部")
    owe(below, THEME, "2026-09", date(2026, 9, 30))
    remind(DAY)
    assert steps(county) == ["up1", "up2"]
    assert digest(county).text.count("主题党日") == 1


# --- How much at once -------------------------------------------------------------------


def test_what_was_late_before_anybody_was_reminded_is_a_number(branch):
    for month in range(1, 10):
        owe(branch, THEME, f"2026-{month:02d}", period_named(f"2026-{month:02d}").ends_on)
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    remind(DAY)
    notice = digest(branch)
    assert notice.title == "到期提醒：1 项将到期，9 项此前已逾期"
    assert notice.text.splitlines()[2:] == [
        f"此前已经逾期的还有 9 项，在应办事项里看 /duties/?branch={branch.code}&state=overdue"
    ]
    assert "主题党日，1月31日" not in notice.text
    assert digest(branch.parent).title == "到期提醒：9 项此前已逾期"
    assert digest(branch.parent).text.startswith("此前已经逾期、到了上报时间的还有 9 项，")
    # Of each only the newest step is kept, and the next one is told as usual.
    assert Reminder.objects.filter(recipient=branch, due_on__lt=DAY).count() == 9
    remind(date(2026, 11, 25))
    assert told(branch, date(2026, 11, 25)) == [
        # Late for 34 weeks and 21 weeks on Tuesday, for 8 weeks on Wednesday.
        (THEME, "2026-03", "late34"),
        (THEME, "2026-06", "late21"),
        (THEME, "2026-09", "late8"),
    ]


def test_a_notice_has_so_many_lines_and_then_a_number(branch, switched_on):
    below = [factories.make_branch(branch.parent) for _ in range(LINES + 2)]
    for one in below:
        owe(one, THEME, "2026-10", date(2026, 10, 31))
    remind(DAY)
    lines = digest(branch.parent).text.splitlines()
    assert len(lines) == 1 + LINES + 1
    assert lines[-1] == f"另有 2 项，在应办事项里看 /duties/?organisation={branch.parent.code}"
    assert Reminder.objects.filter(recipient=branch.parent).count() == LINES + 2


def test_a_second_run_tells_nothing_and_what_came_up_meanwhile_comes_with_the_next(branch):
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    assert remind(DAY).notices == 1
    foresee(branch, "meetings.committee", "2026-11", date(2026, 11, 30))
    assert remind(DAY).steps == 0
    assert remind(date(2026, 11, 24)).steps == 1
    assert Notice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_tell_once(branch):
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    done = at_once(lambda: remind(DAY), lambda: remind(DAY))
    assert sorted(one.steps for one in done) == [0, 1]
    assert (Reminder.objects.count(), Notice.objects.count()) == (1, 1)


def test_who_was_told_by_another_run_keeps_no_row_without_notice(branch, monkeypatch):
    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    monkeypatch.setattr(reminders, "send_letters", lambda letters, **facts: [])
    assert remind(DAY).steps == 0
    assert not Reminder.objects.exists()


def test_only_the_duties_of_those_asked_for_are_told(branch):
    other = factories.make_branch(branch.parent)
    for one in (branch, other):
        foresee(one, THEME, "2026-11", date(2026, 11, 30))
    remind(DAY, organisations=type(branch).objects.filter(pk=other.pk))
    assert list(Reminder.objects.values_list("recipient", flat=True)) == [other.pk]


def test_it_takes_as_many_queries_for_many_as_for_one(branch, switched_on):
    def night(day) -> int:
        with CaptureQueriesContext(connection) as captured:
            remind(day)
        return len(captured)

    foresee(branch, THEME, "2026-11", date(2026, 11, 30))
    owe(branch, THEME, "2026-09", date(2026, 9, 30))
    few = night(DAY)
    for _ in range(3):
        one = factories.make_branch(branch.parent)
        foresee(one, THEME, "2026-12", date(2026, 12, 31))
        owe(one, THEME, "2026-09", date(2026, 9, 30))
    assert night(date(2026, 12, 24)) == few


def test_a_night_tells_what_it_judged_and_foresaw(branch):
    """From the facts to the notice: one rule, judged and foreseen as the night does."""
    duty = duty_of(THEME, branch, DAY)
    forecast.rebuild_rule(RULES[THEME], DAY, Values())
    remind(DAY)
    assert (THEME, "2026-11", "b7") in told(branch)
    assert f"/duties/{duty.pk}/" in digest(branch).text
