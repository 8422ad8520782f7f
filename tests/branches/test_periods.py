import datetime

import pytest

from branches.periods import (
    Span,
    add_months,
    add_years,
    month_end,
    month_of,
    months_between,
    period_of,
)

D = datetime.date


@pytest.mark.parametrize(
    "span, day, text, label, starts_on, ends_on",
    [
        (Span.MONTH, D(2026, 9, 30), "2026-09", "2026年9月", D(2026, 9, 1), D(2026, 9, 30)),
        (Span.MONTH, D(2028, 2, 1), "2028-02", "2028年2月", D(2028, 2, 1), D(2028, 2, 29)),
        (Span.QUARTER, D(2026, 3, 31), "2026-Q1", "2026年一季度", D(2026, 1, 1), D(2026, 3, 31)),
        (Span.QUARTER, D(2026, 4, 1), "2026-Q2", "2026年二季度", D(2026, 4, 1), D(2026, 6, 30)),
        (Span.QUARTER, D(2026, 12, 31), "2026-Q4", "2026年四季度", D(2026, 10, 1), D(2026, 12, 31)),
        (Span.HALF, D(2026, 6, 30), "2026-H1", "2026年上半年", D(2026, 1, 1), D(2026, 6, 30)),
        (Span.HALF, D(2026, 7, 1), "2026-H2", "2026年下半年", D(2026, 7, 1), D(2026, 12, 31)),
        (Span.YEAR, D(2026, 1, 1), "2026", "2026年", D(2026, 1, 1), D(2026, 12, 31)),
    ],
)
def test_a_day_lies_in_its_period(span, day, text, label, starts_on, ends_on):
    period = period_of(span, day)
    assert (str(period), period.label) == (text, label)
    assert (period.starts_on, period.ends_on) == (starts_on, ends_on)
    assert starts_on in period and ends_on in period
    assert starts_on - datetime.timedelta(days=1) not in period
    assert ends_on + datetime.timedelta(days=1) not in period


@pytest.mark.parametrize(
    "span, before, after",
    [
        (Span.MONTH, "2026-12", "2027-01"),
        (Span.QUARTER, "2026-Q4", "2027-Q1"),
        (Span.HALF, "2026-H2", "2027-H1"),
        (Span.YEAR, "2026", "2027"),
    ],
)
def test_periods_cross_the_new_year(span, before, after):
    period = period_of(span, D(2026, 12, 31))
    assert str(period) == before
    assert str(period.following) == after
    assert period.following.previous == period


@pytest.mark.parametrize("span", Span)
def test_periods_follow_one_another_without_gap_for_eight_years(span):
    period = period_of(span, D(2024, 1, 1))
    while period.ends_on < D(2032, 1, 1):
        following = period.following
        assert following.starts_on == period.ends_on + datetime.timedelta(days=1)
        assert following.previous == period
        period = following


@pytest.mark.parametrize(
    "day, last",
    [
        (D(2026, 2, 1), 28),
        (D(2028, 2, 29), 29),
        (D(2000, 2, 5), 29),
        (D(2100, 2, 5), 28),
        (D(2026, 4, 30), 30),
    ],
)
def test_a_month_ends_on_its_last_day(day, last):
    assert month_end(day) == day.replace(day=last)


@pytest.mark.parametrize(
    "day, months, result",
    [
        (D(2026, 1, 31), 1, D(2026, 2, 28)),
        (D(2028, 1, 31), 1, D(2028, 2, 29)),
        (D(2026, 3, 31), -1, D(2026, 2, 28)),
        (D(2026, 12, 15), 1, D(2027, 1, 15)),
        (D(2026, 1, 15), -1, D(2025, 12, 15)),
        (D(2026, 8, 31), 6, D(2027, 2, 28)),
        (D(2026, 5, 20), 0, D(2026, 5, 20)),
    ],
)
def test_months_are_added_to_the_same_day_or_the_last(day, months, result):
    assert add_months(day, months) == result


@pytest.mark.parametrize(
    "day, years, result",
    [
        (D(2024, 2, 29), 3, D(2027, 2, 28)),
        (D(2024, 2, 29), 4, D(2028, 2, 29)),
        (D(2021, 3, 1), 5, D(2026, 3, 1)),
        (D(2026, 3, 1), -3, D(2023, 3, 1)),
    ],
)
def test_a_term_of_years_ends_on_the_same_day(day, years, result):
    assert add_years(day, years) == result


def test_months_between_take_in_both_ends():
    assert months_between(D(2025, 12, 31), D(2026, 2, 1)) == [
        D(2025, 12, 1),
        D(2026, 1, 1),
        D(2026, 2, 1),
    ]
    assert months_between(D(2026, 2, 28), D(2026, 2, 1)) == [D(2026, 2, 1)]
    assert months_between(D(2026, 3, 1), D(2026, 2, 1)) == []


def test_a_month_is_read_as_it_is_written():
    assert str(month_of("2026-09")) == "2026-09"
    for text in ("2026", "2026-13", "09-2026", "", "2026-Q3"):
        with pytest.raises(ValueError):
            month_of(text)
