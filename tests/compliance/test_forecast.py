import dataclasses
import datetime
from datetime import date

import pytest
from django.urls import reverse
from icalendar import Calendar

from accounts.models import TrailLine
from accounts.roles import Role
from branches.changes import note_change
from branches.deadlines import BEGINS
from branches.values import Values
from compliance import calendars, forecast
from compliance.exemptions import grant, withdraw
from compliance.models import CalendarAddress, Duty, Foreseen
from compliance.registry import RULES, Measured
from compliance.services import reconcile, refresh_everybody
from dues.values import ARREARS_MONTHS
from meetings.enums import Type
from tests import factories
from tests.compliance.test_rules_dues import charged_member
from tests.compliance.verdicts import county_value, judge_everything, period_on
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)
PAGE = "/duties/forecast/"


@pytest.fixture(autouse=True)
def late_november(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


def foreseen(branch, code, today=TODAY) -> list[tuple[str, date]]:
    rule = RULES[code]
    forecast.rebuild_rule(rule, today, Values(), None)
    rows = Foreseen.objects.filter(organisation=branch, rule=code)
    return list(rows.order_by("due_on").values_list("period", "due_on"))


# --- Periods ----------------------------------------------------------------------------


def test_the_running_month_and_the_next_ones_are_foreseen_up_to_ninety_days(branch):
    assert foreseen(branch, "meetings.theme_day") == [
        ("2026-11", date(2026, 11, 30)),
        ("2026-12", date(2026, 12, 31)),
        ("2027-01", date(2027, 1, 31)),
    ]


def test_what_is_done_is_foreseen_no_more_and_comes_back_with_its_record(branch):
    meeting = factories.make_meeting(branch, date(2026, 11, 5), [Type.THEME_DAY])
    assert [period for period, _day in foreseen(branch, "meetings.theme_day")] == [
        "2026-12",
        "2027-01",
    ]
    meeting.state = "cancelled"
    meeting.save()
    assert foreseen(branch, "meetings.theme_day")[0][0] == "2026-11"


def test_on_the_due_day_it_is_still_foreseen_and_a_day_later_not(branch):
    assert foreseen(branch, "meetings.theme_day", date(2026, 11, 30))[0][0] == "2026-11"
    assert foreseen(branch, "meetings.theme_day", date(2026, 12, 1))[0][0] == "2026-12"


def test_a_year_that_is_over_stays_foreseen_until_its_late_due_day(branch):
    for day in (date(2027, 1, 2), date(2027, 3, 31)):
        assert foreseen(branch, "meetings.life_meeting", day)[0] == ("2026", date(2027, 3, 31))
    assert foreseen(branch, "meetings.life_meeting", date(2027, 4, 1)) == []


def test_a_period_that_began_before_the_records_do_is_foreseen_while_it_runs_only(branch):
    """Once over it is judged no more, so nobody may be reminded of it."""
    county_value(BEGINS, "2026-10-01", date(2026, 10, 1))
    yearly = foreseen(branch, "meetings.life_meeting", date(2026, 12, 31))
    assert yearly == [("2026", date(2027, 3, 31))]
    assert foreseen(branch, "meetings.life_meeting", date(2027, 1, 1)) == []
    judge_everything(date(2027, 1, 1))
    assert not Duty.objects.filter(rule="meetings.life_meeting", period="2026").exists()


def test_what_is_due_before_the_records_begin_is_not_foreseen(branch):
    county_value(BEGINS, "2027-01-01", date(2026, 11, 1))
    assert foreseen(branch, "meetings.theme_day") == [("2027-01", date(2027, 1, 31))]


def test_a_leap_day_ends_its_month(branch):
    days = [day for _period, day in foreseen(branch, "meetings.theme_day", date(2028, 1, 31))]
    assert days == [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30)]


def test_who_owes_dues_now_is_foreseen_to_owe_them_next_month(branch):
    member = factories.make_member(branch)
    factories.make_charge(member, date(2026, 11, 1))
    assert [period for period, _day in foreseen(branch, "dues.paid")] == [
        "2026-11",
        "2026-12",
        "2027-01",
    ]


def test_arrears_are_foreseen_by_the_months_still_to_be_charged(branch):
    """Three months unpaid today are six by the end of January, if nothing is paid."""
    charged_member(branch, first=date(2026, 8, 1), count=4)
    assert foreseen(branch, "dues.arrears") == [("", date(2027, 1, 30))]
    # As soon as those months are charged the day is the same.
    assert foreseen(branch, "dues.arrears", date(2026, 11, 30)) == [("", date(2027, 1, 30))]


def test_who_owes_only_the_running_month_is_on_no_way_to_arrears(branch):
    county_value(ARREARS_MONTHS, 2, date(2026, 1, 1))
    charged_member(branch, first=date(2026, 11, 1), count=1)
    assert foreseen(branch, "dues.arrears") == []
    assert foreseen(branch, "dues.arrears", date(2026, 11, 30)) == [("", date(2026, 12, 30))]


def test_a_month_that_a_superior_freed_makes_no_foreseen_run_longer(branch):
    member = charged_member(branch, first=date(2026, 8, 1), count=4)
    factories.make_dues_request(
        member,
        state="approved",
        from_month=date(2026, 12, 1),
        until_month=date(2026, 12, 1),
    )
    # February would be the sixth month, after the ninety days.
    assert foreseen(branch, "dues.arrears") == []


def test_a_branch_that_ends_is_asked_for_nothing_afterwards(branch):
    branch.dissolved_on = date(2026, 12, 15)
    branch.save()
    assert [period for period, _day in foreseen(branch, "meetings.theme_day")] == ["2026-11"]


def test_what_is_waived_is_not_foreseen(branch):
    grant(
        rule="meetings.theme_day",
        organisation=branch,
        starts_on=date(2026, 11, 1),
        ends_on=date(2026, 12, 31),
        reason="支部集中外派",
        by=None,
        today=TODAY,
    )
    assert [period for period, _day in foreseen(branch, "meetings.theme_day")] == ["2027-01"]


def test_a_waiver_counts_by_the_last_day_of_the_period(branch):
    """One that ends within the month leaves the month to be done, whatever holds today."""
    days = {"rule": "meetings.theme_day", "organisation": branch, "reason": "外派", "by": None}
    grant(**days, starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 29), today=TODAY)
    grant(**days, starts_on=date(2026, 12, 20), ends_on=date(2026, 12, 31), today=TODAY)
    assert [period for period, _day in foreseen(branch, "meetings.theme_day")] == [
        "2026-11",
        "2027-01",
    ]


def test_dues_that_nobody_is_charged_yet_are_waived_all_the_same(branch):
    factories.make_charge(factories.make_member(branch), date(2026, 11, 1))
    grant(
        rule="dues.paid",
        organisation=branch,
        starts_on=date(2026, 12, 1),
        ends_on=date(2026, 12, 31),
        reason="停收一个月",
        by=None,
        today=TODAY,
    )
    assert [period for period, _day in foreseen(branch, "dues.paid")] == ["2026-11", "2027-01"]


def test_what_was_due_before_today_is_no_forecast(branch):
    """The plan of 2026 was due on 31 January; late, it stands on the desk and in no calendar."""
    assert foreseen(branch, "meetings.plan") == [("2027", date(2027, 1, 31))]


# --- Standing conditions ----------------------------------------------------------------


def test_a_task_is_foreseen_by_its_deadline(branch):
    factories.make_task(branch, opened_on=date(2026, 11, 1), due_on=date(2026, 12, 10))
    factories.make_task(branch, opened_on=date(2026, 11, 1), due_on=date(2027, 6, 1))
    assert foreseen(branch, "tasks.overdue") == [("", date(2026, 12, 10))]


def test_a_term_is_foreseen_by_its_end(branch):
    factories.make_term(branch, starts_on=date(2022, 1, 6), ends_on=date(2027, 1, 5))
    assert foreseen(branch, "terms.election") == [("", date(2027, 1, 5))]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "expected"),
    [
        # Over before the deadline: nothing changes.
        (date(2026, 11, 1), date(2026, 12, 10), [("", date(2026, 12, 10))]),
        # Covers the day after it: late only when the waiver has ended.
        (date(2026, 12, 1), date(2026, 12, 31), [("", date(2026, 12, 31))]),
        # Begins later: in between it would be late.
        (date(2026, 12, 12), date(2027, 6, 30), [("", date(2026, 12, 10))]),
        (date(2026, 12, 1), date(2027, 6, 30), []),
    ],
)
def test_a_waived_condition_is_foreseen_for_the_end_of_its_waiver(
    branch, starts_on, ends_on, expected
):
    factories.make_task(branch, opened_on=date(2026, 11, 1), due_on=date(2026, 12, 10))
    facts = {"rule": "tasks.overdue", "organisation": branch, "reason": "停工", "by": None}
    grant(**facts, starts_on=starts_on, ends_on=ends_on, today=TODAY)
    assert foreseen(branch, "tasks.overdue") == expected


def test_what_is_late_and_waived_today_is_foreseen_for_the_end_of_its_waiver(branch):
    factories.make_task(branch, opened_on=date(2026, 9, 1), due_on=date(2026, 10, 10))
    assert foreseen(branch, "tasks.overdue") == []
    facts = {"rule": "tasks.overdue", "organisation": branch, "reason": "停工", "by": None}
    grant(**facts, starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31), today=TODAY)
    assert foreseen(branch, "tasks.overdue") == [("", date(2026, 12, 31))]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Late with one: the next one is shown, and only the next.
        ((date(2026, 10, 10), date(2026, 12, 10), date(2027, 1, 15)), [("", date(2026, 12, 10))]),
        ((date(2026, 10, 10), date(2026, 10, 20), date(2027, 2, 20)), [("", date(2027, 2, 20))]),
        # Nothing else to come, or too far away.
        ((date(2026, 10, 10), date(2026, 11, 1)), []),
        ((date(2026, 10, 10), date(2027, 2, 21)), []),
        # The next one is due today, tomorrow.
        ((date(2026, 10, 10), TODAY), [("", TODAY)]),
        ((date(2026, 10, 10), date(2026, 11, 23)), [("", date(2026, 11, 23))]),
    ],
)
def test_who_is_late_with_one_task_is_shown_the_next(branch, days, expected):
    for day in days:
        factories.make_task(branch, opened_on=date(2026, 9, 1), due_on=day)
    assert foreseen(branch, "tasks.overdue") == expected


def test_each_late_branch_is_shown_its_own_next_task(branch):
    others = [factories.make_branch(branch.parent) for _number in range(3)]
    ahead = [date(2026, 11, 30), date(2026, 12, 20), date(2027, 2, 1), date(2027, 2, 1)]
    for one, day in zip([branch, *others], ahead, strict=True):
        factories.make_task(one, opened_on=date(2026, 9, 1), due_on=date(2026, 10, 10))
        factories.make_task(one, opened_on=date(2026, 9, 1), due_on=day)
    foreseen(branch, "tasks.overdue")
    rows = Foreseen.objects.filter(rule="tasks.overdue").order_by("organisation_id")
    assert list(rows.values_list("due_on", flat=True)) == ahead


def test_of_who_is_late_another_offence_with_days_of_grace_left_is_shown(branch):
    """With thirty days of grace a task is late thirty days after its deadline."""
    rule = dataclasses.replace(RULES["tasks.overdue"], grace_days=31)
    factories.make_task(branch, opened_on=date(2026, 6, 1), due_on=date(2026, 8, 1))
    factories.make_task(branch, opened_on=date(2026, 6, 1), due_on=date(2026, 11, 1))
    factories.make_task(branch, opened_on=date(2026, 6, 1), due_on=date(2026, 11, 11))
    forecast.rebuild_rule(rule, TODAY, Values())
    assert Foreseen.objects.get().due_on == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("due_on", "dissolved_on", "expected"),
    [
        (date(2026, 12, 10), date(2026, 12, 31), [("", date(2026, 12, 10))]),
        # Its last day is the 10th; late it would be from the 11th.
        (date(2026, 12, 10), date(2026, 12, 12), [("", date(2026, 12, 10))]),
        (date(2026, 12, 10), date(2026, 12, 10), []),
        (date(2026, 12, 10), date(2026, 12, 5), []),
        # Beyond the days foreseen.
        (date(2026, 12, 10), date(2027, 6, 1), [("", date(2026, 12, 10))]),
    ],
)
def test_a_branch_that_ends_is_shown_what_is_due_before(branch, due_on, dissolved_on, expected):
    branch.dissolved_on = dissolved_on
    branch.save()
    factories.make_task(branch, opened_on=date(2026, 11, 1), due_on=due_on)
    assert foreseen(branch, "tasks.overdue") == expected


def test_a_condition_without_a_first_day_counts_from_the_day_a_night_saw_it(branch):
    rule = dataclasses.replace(
        RULES["branches.no_secretary"],
        grace_days=30,
        measure=lambda question: [Measured(branch.pk, 0, 1)],
    )
    forecast.rebuild_rule(rule, TODAY, Values())
    assert Foreseen.objects.get().due_on == date(2026, 12, 21)
    reconcile(rule, None, as_of=TODAY, values=Values())
    for later in range(4):
        forecast.rebuild_rule(rule, TODAY + datetime.timedelta(days=later), Values())
        assert Foreseen.objects.get().due_on == date(2026, 12, 21)


def test_a_condition_that_arises_without_a_first_day_is_foreseen_by_the_day_it_arises(branch):
    rule = dataclasses.replace(
        RULES["branches.no_secretary"],
        measure=lambda question: [
            Measured(branch.pk, 0, int(question.as_of >= date(2027, 1, 8))),
        ],
    )
    forecast.rebuild_rule(rule, TODAY, Values())
    assert Foreseen.objects.get().due_on == date(2027, 1, 7)


def test_nothing_turns_red_that_was_not_foreseen_thirty_days_before(branch):
    """The claim, for one branch over the turn of a year; the facts do not change."""
    factories.make_task(branch, opened_on=date(2026, 11, 1), due_on=date(2026, 12, 31))
    factories.make_term(branch, starts_on=date(2022, 1, 6), ends_on=date(2027, 1, 5))
    codes = ("meetings.theme_day", "meetings.members_meeting", "tasks.overdue", "terms.election")
    announced: dict[date, set] = {}
    for number in range(0, 75, 5):
        day = TODAY + datetime.timedelta(days=number)
        announced[day] = {
            (code, period) for code in codes for period, _due in foreseen(branch, code, day)
        }
        for code in codes:
            for of in (day, day.replace(day=1) - datetime.timedelta(days=1)):
                reconcile(RULES[code], period_on(code, of), as_of=day, values=Values())
        late = set(Duty.objects.filter(state="overdue").values_list("rule", "period"))
        early = [some for when, some in announced.items() if (day - when).days >= 30]
        # What was red already on the first day was nobody's to announce.
        assert not early or {one for one in late if one[1] != "2026-10"} <= set().union(*early)
    assert {"2026-11", "2026-Q4", ""} <= {period for _code, period in late}


# --- Storing ----------------------------------------------------------------------------


def test_a_second_run_writes_nothing(branch):
    some = RULES["meetings.theme_day"]
    assert forecast.rebuild_rule(some, TODAY, Values(), None) == 3
    assert forecast.rebuild_rule(some, TODAY, Values(), None) == 0


def test_one_branch_is_rebuilt_without_touching_another(branch):
    neighbour = factories.make_branch(branch.parent)
    foreseen(branch, "meetings.theme_day")
    factories.make_meeting(neighbour, date(2026, 11, 5), [Type.THEME_DAY])
    factories.make_meeting(branch, date(2026, 11, 5), [Type.THEME_DAY])
    only = type(branch).objects.filter(pk=branch.pk)
    forecast.rebuild_rule(RULES["meetings.theme_day"], TODAY, Values(), only)
    counts = [
        Foreseen.objects.filter(organisation=one, rule="meetings.theme_day").count()
        for one in (branch, neighbour)
    ]
    assert counts == [2, 3]


def test_the_minutes_refresh_foresees_again_what_was_touched(branch):
    foreseen(branch, "meetings.theme_day")
    factories.make_meeting(branch, date(2026, 11, 5), [Type.THEME_DAY])
    note_change(branch.pk, "meetings", date(2026, 11, 5))
    refresh_everybody(TODAY)
    assert not Foreseen.objects.filter(rule="meetings.theme_day", period="2026-11").exists()


# --- Pages ------------------------------------------------------------------------------


def login(client, role, where):
    client.force_login(factories.make_user(role, where))
    return client


def test_what_is_waived_is_gone_from_the_forecast_within_a_minute(branch):
    forecast.rebuild(TODAY)
    facts = {"rule": "meetings.theme_day", "organisation": branch, "reason": "外派", "by": None}
    exemption = grant(**facts, starts_on=date(2026, 11, 1), ends_on=date(2027, 3, 31), today=TODAY)
    refresh_everybody(as_of=TODAY)
    rows = Foreseen.objects.filter(organisation=branch, rule="meetings.theme_day")
    assert not rows.exists()
    withdraw(exemption, reason="提前返回", by=None, today=TODAY)
    refresh_everybody(as_of=TODAY)
    assert rows.count() == 3


def test_a_secretary_reads_when_what_is_due_and_starts_it(client, branch):
    foreseen(branch, "meetings.theme_day")
    reconcile(
        RULES["meetings.theme_day"],
        period_on("meetings.theme_day", TODAY),
        as_of=TODAY,
        values=Values(),
    )
    page = login(client, Role.SECRETARY, branch).get(PAGE).content.decode()
    for words in ("30 天内", "11月30日", "还剩 8 天", "开展 2026年11月主题党日", "2027年1月31日"):
        assert words in page
    # Only what has begun can be started.
    assert page.count("登记会议") + page.count("登记主题党日") >= 1
    assert page.count('class="zb-btn" href="/meetings/') == 1


def test_above_it_is_a_sum_for_each_day_and_rule(client, branch):
    neighbour = factories.make_branch(branch.parent)
    foreseen(neighbour, "meetings.theme_day")
    page = login(client, Role.COMMITTEE_OFFICER, branch.parent).get(PAGE).content.decode()
    assert "每周到期" in page and "2 个没有办" in page


def test_a_neighbour_sees_nothing_of_it(client, branch):
    foreseen(branch, "meetings.theme_day")
    login(client, Role.SECRETARY, factories.make_branch(branch.parent))
    assert client.get(PAGE, {"branch": branch.code}).status_code == 404


def test_the_page_reads_the_same_number_of_times_whatever_there_is(client, branch):
    login(client, Role.COMMITTEE_OFFICER, branch.parent)
    foreseen(branch, "meetings.theme_day")
    few = count_of(lambda: client.get(PAGE))
    foreseen(factories.make_branch(branch.parent), "meetings.members_meeting")
    assert count_of(lambda: client.get(PAGE)) <= few


# --- The calendar -----------------------------------------------------------------------


def events(client, key) -> dict[str, date]:
    response = client.get(reverse("compliance:calendar_feed", args=[key]))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(response.content)
    return {str(one["summary"]): one["dtstart"].dt for one in calendar.walk("VEVENT")}


def test_a_calendar_program_reads_the_feed_without_logging_in(client, branch):
    foreseen(branch, "meetings.theme_day")
    key = calendars.open_address(factories.make_user(Role.SECRETARY, branch))
    assert events(client, key) == {
        "截止：开展 2026年11月主题党日": date(2026, 11, 30),
        "截止：开展 2026年12月主题党日": date(2026, 12, 31),
        "截止：开展 2027年1月主题党日": date(2027, 1, 31),
    }
    assert CalendarAddress.objects.get().read_at


def test_an_overseer_gets_one_line_for_a_rule_and_day(client, branch):
    foreseen(factories.make_branch(branch.parent), "meetings.theme_day")
    key = calendars.open_address(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    assert events(client, key)["截止：开展 2026年11月主题党日（2 个）"] == date(2026, 11, 30)


def test_a_committee_with_a_single_branch_reads_its_own_duties_too(client, branch):
    committee = branch.parent
    Foreseen.objects.create(
        organisation=committee, rule="terms.election", period="", due_on=date(2026, 12, 20)
    )
    key = calendars.open_address(factories.make_user(Role.COMMITTEE_OFFICER, committee))
    assert list(events(client, key).values()) == [date(2026, 12, 20)]


def test_the_feed_follows_the_rights_of_the_day(client, branch):
    foreseen(branch, "meetings.theme_day")
    user = factories.make_user(Role.SECRETARY, branch)
    key = calendars.open_address(user)
    user.grants.all().delete()
    assert events(client, key) == {}
    user.is_active = False
    user.save()
    assert client.get(reverse("compliance:calendar_feed", args=[key])).status_code == 404


def test_a_new_address_ends_the_old_one_and_only_its_hash_is_kept(client, branch):
    user = factories.make_user(Role.SECRETARY, branch)
    first, second = calendars.open_address(user), calendars.open_address(user)
    assert client.get(reverse("compliance:calendar_feed", args=[first])).status_code == 404
    assert events(client, second) == {}
    assert second not in str(list(CalendarAddress.objects.values()))
    assert calendars.close_address(user) is True and calendars.close_address(user) is False
    assert client.get(reverse("compliance:calendar_feed", args=[second])).status_code == 404
    assert TrailLine.objects.filter(area="calendars").count() == 3


def test_the_address_is_shown_once(client, branch):
    login(client, Role.SECRETARY, branch)
    page = client.post("/duties/calendar/", {"act": "open"}).content.decode()
    assert "/duties/calendar/" in page and ".ics" in page and "只显示这一次" in page
    again = client.get("/duties/calendar/").content.decode()
    assert ".ics" not in again and "还没有" in again
    assert client.post("/duties/calendar/", {"act": "close"}).status_code == 302
    assert "还没有开通" in client.get("/duties/calendar/").content.decode()
