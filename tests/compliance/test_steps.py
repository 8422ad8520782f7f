from datetime import date, timedelta

import pytest

from branches.values import KEYS, Values
from compliance.steps import BEFORE, EVERY, Leads, To, goes_up, leads_on, rank, steps_come, words
from tests.compliance.verdicts import county_value

YEAR_END = date(2026, 12, 31)


def monday_to_friday(day: date) -> date:
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def come(due_on, on, *, begins_on=None, leads=None) -> dict[str, date]:
    found = steps_come(
        due_on, begins_on=begins_on, leads=leads or Leads(), on=on, workday=monday_to_friday
    )
    return {step.code: step.alarm for step in found}


# --- Before -----------------------------------------------------------------------------


def test_before_it_is_due_there_are_three_steps_and_one_on_the_day():
    assert come(YEAR_END, YEAR_END, begins_on=date(2026, 1, 1)) == {
        "b90": date(2026, 10, 2),
        "b30": date(2026, 12, 1),
        "b7": date(2026, 12, 24),
        "due": date(2026, 12, 31),
    }


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        (date(2026, 10, 1), []),
        (date(2026, 10, 2), ["b90"]),
        (date(2026, 11, 30), ["b90"]),
        (date(2026, 12, 1), ["b90", "b30"]),
        (date(2026, 12, 30), ["b90", "b30", "b7"]),
    ],
)
def test_a_step_comes_on_its_day_and_not_before(on, codes):
    assert list(come(YEAR_END, on, begins_on=date(2026, 1, 1))) == codes


@pytest.mark.parametrize(
    ("begins_on", "due_on", "codes"),
    [
        # Of a month the last week alone, also where the month has 31 days.
        (date(2026, 11, 1), date(2026, 11, 30), ["b7", "due"]),
        (date(2026, 12, 1), date(2026, 12, 31), ["b7", "due"]),
        (date(2026, 2, 1), date(2026, 2, 28), ["b7", "due"]),
        (date(2026, 4, 1), date(2026, 6, 30), ["b30", "b7", "due"]),
        # Due after its period has ended.
        (date(2026, 10, 1), date(2026, 11, 10), ["b30", "b7", "due"]),
    ],
)
def test_steps_before_the_period_begins_are_left_out(begins_on, due_on, codes):
    assert list(come(due_on, due_on + timedelta(days=2), begins_on=begins_on)) == codes


def test_a_standing_condition_has_all_steps():
    assert list(come(YEAR_END, YEAR_END)) == ["b90", "b30", "b7", "due"]


def test_the_alarm_moves_to_the_next_working_day_and_the_due_day_does_not():
    # 31 October 2026 is a Saturday; a week before it as well.
    saturday = date(2026, 10, 31)
    assert come(saturday, saturday, begins_on=date(2026, 10, 1)) == {"b7": date(2026, 10, 26)}
    monday = come(saturday, date(2026, 11, 2), begins_on=date(2026, 10, 1))
    assert monday == {"b7": date(2026, 10, 26), "due": date(2026, 11, 2)}
    assert "late1" not in come(saturday, date(2026, 11, 6))
    assert come(saturday, date(2026, 11, 9))["late1"] == date(2026, 11, 9)


# --- After ------------------------------------------------------------------------------


def test_what_is_late_is_told_weekly_after_a_week_above_after_a_month_to_the_county():
    due_on = date(2026, 3, 31)
    assert come(due_on, date(2026, 4, 6), leads=Leads(before=())) == {"due": due_on}
    assert come(due_on, date(2026, 4, 30), leads=Leads(before=())) == {
        "due": due_on,
        "late1": date(2026, 4, 7),
        "late2": date(2026, 4, 14),
        "late3": date(2026, 4, 21),
        "late4": date(2026, 4, 28),
        "up1": date(2026, 4, 7),
        "up2": date(2026, 4, 30),
    }


def test_whom_a_step_is_for():
    found = steps_come(
        date(2026, 3, 31),
        begins_on=None,
        leads=Leads(before=(7,)),
        on=date(2026, 5, 1),
        workday=monday_to_friday,
    )
    assert {step.code: step.to for step in found if step.to != To.ACTING} == {
        "up1": To.COMMITTEE,
        "up2": To.COUNTY,
    }


def test_there_is_an_end_to_it():
    found = come(date(2024, 1, 31), date(2026, 12, 31), leads=Leads(before=(), most=3))
    assert list(found) == ["due", "late1", "late2", "late3", "up1", "up2"]


def test_a_leap_day_is_a_day():
    assert come(date(2028, 3, 7), date(2028, 2, 29))["b7"] == date(2028, 2, 29)


# --- Codes ------------------------------------------------------------------------------


def test_later_steps_rank_higher():
    codes = ["b90", "b30", "b7", "due", "late1", "late2", "late10"]
    assert sorted(sorted(codes), key=rank) == codes
    assert rank("up1") < rank("up2")
    assert [code for code in [*codes, "up1", "up2"] if goes_up(code)] == ["up1", "up2"]


def test_each_is_said_in_words():
    assert [words(code) for code in ("b30", "due", "late2", "up1", "up2")] == [
        "到期前 30 天",
        "到期当天",
        "逾期后第 2 次",
        "逾期报上级",
        "逾期报县委",
    ]


@pytest.mark.django_db
def test_the_days_are_county_values_from_a_day_on():
    county_value(BEFORE[0], 0, date(2026, 6, 1))
    county_value(BEFORE[1], 20, date(2026, 6, 1))
    county_value(EVERY, 14, date(2026, 7, 1))
    values = Values()
    assert leads_on(values, date(2026, 5, 31)) == Leads()
    assert leads_on(values, date(2026, 6, 1)) == Leads(before=(20, 7))
    assert leads_on(values, date(2026, 7, 1)) == Leads(before=(20, 7), every=14)
    assert leads_on(values, date(2026, 6, 1)).longest == 20
    assert {key.name.split(".")[0] for key in (*BEFORE, EVERY)} == {"compliance"}
    assert KEYS[EVERY.name].cleaned("14") == 14
