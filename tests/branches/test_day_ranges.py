"""Days in a row as people type them, and the notices that are known."""

from datetime import date

import pytest

from branches.day_ranges import read_days, stretch_text
from branches.published_days import published_days
from branches.typed import Unreadable

NATIONAL = ((date(2026, 10, 1), date(2026, 10, 7)),)


@pytest.mark.parametrize(
    "typed",
    [
        "10月1日至7日",
        "10月1日（周四）至7日（周三）放假调休，共7天",
        "10.1-10.7",
        "10-1-7",
        "10月1号～7号",
        "20261001-20261007",
        "2026-10-01-2026-10-07",
        "2026年10月1日 — 2026年10月7日",
        "2026-10-01至10-07",
    ],
)
def test_a_stretch_is_read_however_it_is_typed(typed):
    assert read_days(typed, year=2026) == NATIONAL


def test_several_stretches_and_single_days_are_read_in_order():
    assert read_days("9月20日（周日）、10月10日（周六）上班", year=2026) == (
        (date(2026, 9, 20), date(2026, 9, 20)),
        (date(2026, 10, 10), date(2026, 10, 10)),
    )


def test_a_stretch_over_the_end_of_a_year_ends_in_the_next():
    assert read_days("12月30日至1月2日", year=2026) == ((date(2026, 12, 30), date(2027, 1, 2)),)


def test_29_february_is_a_day_of_leap_years_only():
    assert read_days("2月29日", year=2028) == ((date(2028, 2, 29), date(2028, 2, 29)),)
    with pytest.raises(Unreadable, match="读不出日期"):
        read_days("2月29日", year=2027)


def test_cells_that_are_dates_are_read():
    day = date(2026, 1, 1)
    for cell in (day, 46023.0, "2026-01-01 00:00:00"):
        assert read_days(cell) == ((day, day),)
    assert read_days("") == ()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("10月7日至1日", "最后一天早于第一天"),
        ("10月1日至11月1日", "一次最多填 31 天"),
        ("国庆", "读不出日期"),
        ("13月1日", "读不出日期"),
    ],
)
def test_what_is_no_holiday_is_refused(typed, said):
    with pytest.raises(Unreadable, match=said):
        read_days(typed, year=2026)


def test_a_day_without_any_year_asks_for_it():
    with pytest.raises(Unreadable, match="没有写年份"):
        read_days("10月1日至7日")


def test_a_stretch_is_said_without_what_repeats():
    assert stretch_text(date(2026, 10, 1), date(2026, 10, 1)) == "2026年10月1日"
    assert stretch_text(*NATIONAL[0]) == "2026年10月1日—7日"
    assert stretch_text(date(2026, 9, 30), date(2026, 10, 2)) == "2026年9月30日—10月2日"
    assert stretch_text(date(2026, 12, 31), date(2027, 1, 2)) == "2026年12月31日—2027年1月2日"


def test_a_known_notice_has_its_free_and_its_worked_days():
    days = {day: (worked, note) for day, worked, note in published_days(2026)}
    assert len(days) == 39
    assert days[date(2026, 2, 14)] == (True, "调休上班")
    assert days[date(2026, 4, 6)] == (False, "清明节")


def test_a_year_without_a_notice_has_no_days():
    assert published_days(2099) == []
