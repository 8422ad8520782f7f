"""The dated rate tables: every bracket, every border, every way of rounding."""

import datetime
import itertools
from decimal import Decimal

import pytest

from dues.rates import (
    NOTICE_2017,
    TABLES,
    Category,
    computed,
    fits_rates,
    range_text,
    rate_on,
    rounded,
    table_on,
)
from dues.values import CEILING

DAY = datetime.date(2026, 1, 1)
# Steps to which a county may round; which one has no rule.
STEPS = (Decimal("0.01"), Decimal("0.1"), Decimal(1))
WAGES = (Category.EMPLOYED, Category.YEARLY_SALARY, Category.SELF_EMPLOYED)


def amount(category, base, step="0.01", on=DAY):
    base = None if base is None else Decimal(base)
    found = computed(category, base, on=on, step=Decimal(step))
    return found and found.amount


# --- Which table ------------------------------------------------------------------------


def test_no_table_holds_before_april_2008():
    assert table_on(datetime.date(2008, 3, 31)) is None
    assert rate_on(Category.STUDENT, datetime.date(2008, 3, 31)) is None
    assert amount(Category.EMPLOYED, 4900, on=datetime.date(2008, 3, 31)) is None


def test_the_rules_of_2008_hold_from_their_first_day_to_today():
    first = datetime.date(2008, 4, 1)
    assert table_on(first) is table_on(datetime.date(2030, 12, 31)) is TABLES[0]
    assert (TABLES[0].valid_from, TABLES[0].valid_to) == (first, None)
    assert amount(Category.EMPLOYED, 4900, on=first) == Decimal("49.00")


def test_tables_follow_one_another_without_overlap():
    for earlier, later in itertools.pairwise(TABLES):
        assert earlier.valid_to + datetime.timedelta(days=1) == later.valid_from


def test_every_table_has_a_rate_for_every_category():
    for table in TABLES:
        assert set(table.rates) == set(Category)
        for rate in table.rates.values():
            assert sum((bool(rate.brackets), rate.fixed is not None, rate.is_range)) == 1


def test_the_notice_names_its_year_and_no_day():
    assert NOTICE_2017.year == 2017
    assert "月" not in NOTICE_2017.source
    assert "个人所得税" in NOTICE_2017.excluded


# --- Brackets, borders a fen to each side --------------------------------------------------


@pytest.mark.parametrize("category", WAGES)
@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("0", "0.00"),
        ("0.01", "0.00"),
        ("2999.99", "15.00"),
        ("3000.00", "15.00"),
        ("3000.01", "30.00"),
        ("4900", "49.00"),
        ("4999.99", "50.00"),
        ("5000.00", "50.00"),
        ("5000.01", "75.00"),
        ("5100", "76.50"),
        ("9999.99", "150.00"),
        ("10000.00", "150.00"),
        ("10000.01", "200.00"),
        ("60000", "1200.00"),
    ],
)
def test_a_wage_pays_the_rate_of_its_bracket_on_the_whole(category, base, expected):
    assert amount(category, base) == Decimal(expected)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("0", "0.00"),
        ("4999.99", "25.00"),
        ("5000.00", "25.00"),
        ("5000.01", "50.00"),
        ("8000", "80.00"),
    ],
)
def test_a_pension_has_two_brackets(base, expected):
    assert amount(Category.RETIRED, base) == Decimal(expected)


@pytest.mark.parametrize("category", [Category.STUDENT, Category.NO_FIXED_INCOME])
@pytest.mark.parametrize("step", STEPS)
def test_a_fixed_sum_needs_no_base_and_is_not_rounded(category, step):
    assert amount(category, None, step) == Decimal("0.20")
    assert not rate_on(category, DAY).needs_base


def test_a_farmer_pays_what_the_branch_sets_in_the_range():
    assert amount(Category.FARMER, None) is None
    assert amount(Category.FARMER, 3000) is None
    for sum_, fits in (("0.19", 0), ("0.20", 1), ("0.50", 1), ("1.00", 1), ("1.01", 0)):
        assert fits_rates(Category.FARMER, None, Decimal(sum_), on=DAY) == bool(fits)


@pytest.mark.parametrize("category", [*WAGES, Category.RETIRED])
def test_without_a_base_or_with_a_negative_one_nothing_is_computed(category):
    assert amount(category, None) is None
    assert amount(category, "-0.01") is None


@pytest.mark.parametrize("category", ["", "干部"])
def test_an_unknown_category_computes_nothing(category):
    assert amount(category, 3000) is None


# --- Rounding ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "step", "expected"),
    [
        ("5101", "0.01", "76.52"),  # 76.515
        ("5101", "0.1", "76.50"),
        ("5101", "1", "77.00"),
        ("5100", "0.1", "76.50"),
        ("5100", "1", "77.00"),  # 76.5: half up
        ("5099.99", "1", "76.00"),  # 76.49985
        ("4905", "0.1", "49.10"),  # 49.05: half up, not to the even digit
        ("4904.99", "0.1", "49.00"),
        ("4850", "1", "49.00"),  # 48.5
        ("4849.99", "1", "48.00"),
        ("2501", "0.01", "12.51"),  # 12.505
        ("2500.99", "0.01", "12.50"),
    ],
)
def test_the_amount_is_rounded_half_up_once_at_the_end(base, step, expected):
    assert amount(Category.EMPLOYED, base, step) == Decimal(expected)


@pytest.mark.parametrize("step", STEPS)
def test_the_base_is_never_rounded_before_the_bracket_is_chosen(step):
    # A base rounded to whole yuan would fall into the lower bracket.
    assert amount(Category.EMPLOYED, "3000.01", step) == Decimal("30.00")
    assert amount(Category.EMPLOYED, "10000.01", step) == Decimal("200.00")


def test_the_raw_amount_stands_beside_the_rounded_one():
    found = computed(Category.EMPLOYED, Decimal("5101.01"), on=DAY, step=Decimal(1))
    assert (found.raw, found.amount) == (Decimal("76.51515"), Decimal("77.00"))


def test_rounding_writes_fen():
    assert str(rounded(Decimal("76.5"), Decimal("0.1"))) == "76.50"
    assert str(rounded(Decimal("76.5"), Decimal(1))) == "77.00"


# --- Ceiling -----------------------------------------------------------------------------


def test_above_the_ceiling_is_advice_and_changes_no_sum():
    ceiling = CEILING.default
    found = computed(Category.EMPLOYED, Decimal(60000), on=DAY, ceiling=ceiling)
    assert (found.raw, found.amount, found.above_ceiling) == (1200, 1200, True)
    at = computed(Category.EMPLOYED, Decimal(50000), on=DAY, ceiling=ceiling)
    assert (at.amount, at.above_ceiling) == (1000, False)
    above = computed(Category.EMPLOYED, Decimal("50000.50"), on=DAY, ceiling=ceiling)
    assert (above.amount, above.above_ceiling) == (Decimal("1000.01"), True)


def test_the_county_may_set_another_ceiling():
    found = computed(Category.EMPLOYED, Decimal(30000), on=DAY, ceiling=Decimal(500))
    assert found.above_ceiling


def test_without_a_ceiling_nothing_is_above_it():
    assert not computed(Category.EMPLOYED, Decimal(60000), on=DAY).above_ceiling


def test_a_range_is_told_in_words_and_nothing_else_is():
    assert range_text(Category.FARMER, DAY) == "0.20 到 1.00 元"
    assert range_text(Category.STUDENT, DAY) == ""
    assert range_text(Category.FARMER, datetime.date(2008, 3, 31)) == ""


def test_an_amount_fits_what_the_table_gives_by_the_rounding_in_force():
    assert fits_rates(Category.EMPLOYED, Decimal(5100), Decimal("76.50"), on=DAY)
    assert not fits_rates(Category.EMPLOYED, Decimal(5100), Decimal("77"), on=DAY)
    assert fits_rates(Category.EMPLOYED, Decimal(5100), Decimal(77), on=DAY, step=Decimal(1))
    assert fits_rates(Category.EMPLOYED, None, Decimal(50), on=DAY)
