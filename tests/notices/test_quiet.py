"""When nothing is sent outside, and when it goes on."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from branches.models import Setting, Workday
from branches.workdays import Calendar
from notices.quiet import Quiet, quiet_at
from notices.values import QUIET_FROM, QUIET_ON_FREE_DAYS

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day, time):
    """A moment of March 2026; the 18th is a Wednesday."""
    return datetime.datetime.fromisoformat(f"2026-03-{day}T{time}").replace(tzinfo=SHANGHAI)


def quiet(starts=20, ends=8, on_free_days=True, departures=None):
    return Quiet(starts, ends, on_free_days, Calendar(departures or {}, frozenset({2026})))


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        (at("18", "08:00"), at("18", "08:00")),
        (at("18", "19:59"), at("18", "19:59")),
        (at("18", "20:00"), at("19", "08:03")),
        (at("18", "23:30"), at("19", "08:03")),
        (at("18", "01:10"), at("18", "08:03")),
        (at("18", "07:59"), at("18", "08:03")),
        (at("20", "20:00"), at("23", "08:03")),
        (at("21", "10:00"), at("23", "08:03")),
        (at("22", "23:59"), at("23", "08:03")),
    ],
)
def test_what_comes_in_quiet_hours_waits_for_the_next_morning_of_work(moment, goes):
    assert quiet().after(moment) == goes
    assert quiet().covers(moment) == (moment != goes)
    assert not quiet().covers(goes)


def test_a_make_up_day_is_worked_and_a_holiday_is_not():
    days = {datetime.date(2026, 3, 21): True, datetime.date(2026, 3, 19): False}
    assert quiet(departures=days).after(at("21", "10:00")) == at("21", "10:00")
    assert quiet(departures=days).after(at("19", "10:00")) == at("20", "08:03")


def test_hours_within_one_day_and_none_at_all():
    assert quiet(12, 14).after(at("18", "12:30")) == at("18", "14:03")
    assert quiet(12, 14).after(at("18", "14:00")) == at("18", "14:00")
    assert quiet(8, 8).after(at("18", "03:00")) == at("18", "03:00")
    assert quiet(20, 0).after(at("18", "21:00")) == at("19", "00:03")
    assert quiet(on_free_days=False).after(at("21", "10:00")) == at("21", "10:00")


def test_a_calendar_without_a_working_day_does_not_hang():
    none = {datetime.date(2026, 1, 1) + datetime.timedelta(days=n): False for n in range(400)}
    assert quiet(departures=none).after(at("18", "10:00")) > at("18", "10:00")


@pytest.mark.django_db
def test_the_county_sets_the_hours_and_the_calendar_the_days():
    Workday.objects.all().delete()
    assert quiet_at(at("18", "10:00")).after(at("18", "20:00")) == at("19", "08:03")
    first = datetime.date(2026, 3, 18)
    Setting.objects.create(key=QUIET_FROM.name, value=18, starts_on=first)
    Setting.objects.create(key=QUIET_ON_FREE_DAYS.name, value=False, starts_on=first)
    Workday.objects.create(day=datetime.date(2026, 3, 20), is_workday=False, note="调休")
    assert quiet_at(at("18", "10:00")).covers(at("18", "18:00"))
    assert not quiet_at(at("18", "10:00")).covers(at("20", "10:00"))
    assert quiet_at(at("17", "10:00")).covers(at("20", "10:00"))
    assert not quiet_at(at("17", "10:00")).covers(at("17", "18:00"))
