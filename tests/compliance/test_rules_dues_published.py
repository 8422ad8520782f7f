from datetime import date

import pytest

from compliance.models import Duty
from compliance.registry import RULES, Certainty, Nature
from compliance.services import run_night
from dues.values import PUBLISH_DAY, PUBLISH_EVERY
from tests import factories
from tests.compliance.verdicts import (
    county_value,
    duty_of,
    judge_everything,
    stored_duties,
    verdict,
)

pytestmark = pytest.mark.django_db

PUBLISHED = "dues.published"
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
IN_Q3 = date(2026, 9, 30)
NEW_YEAR = date(2026, 1, 1)


@pytest.fixture
def branch():
    """A branch in which somebody owed dues from July on."""
    branch = factories.make_branch()
    factories.make_charge(factories.make_member(branch), JULY)
    return branch


def test_a_quarter_that_is_posted_is_done_on_the_day_it_was_posted(branch):
    factories.make_publication(branch, "2026-Q3", date(2026, 10, 5))
    duty = duty_of(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-Q3", 1, 1, "done")
    assert (duty.due_on, duty.met_on) == (date(2026, 10, 7), date(2026, 10, 5))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2026, 9, 30), "open"), (date(2026, 10, 7), "open"), (date(2026, 10, 8), "overdue")],
)
def test_a_quarter_that_is_not_posted_is_overdue_after_the_seventh(branch, as_of, state):
    assert verdict(PUBLISHED, branch, as_of, of=IN_Q3) == (1, 0, state)


def test_the_last_quarter_of_a_year_is_due_in_january(branch):
    factories.make_charge(branch.members.get(), date(2026, 12, 1))
    duty = duty_of(PUBLISHED, branch, date(2026, 12, 31))
    assert (duty.period, duty.due_on, duty.state) == ("2026-Q4", date(2027, 1, 7), "open")


def test_the_quarter_with_a_leap_day_is_due_in_april():
    branch = factories.make_branch()
    factories.make_charge(factories.make_member(branch), date(2028, 2, 1))
    assert duty_of(PUBLISHED, branch, date(2028, 2, 29)).due_on == date(2028, 4, 7)


def test_the_county_sets_the_day(branch):
    county_value(PUBLISH_DAY, 20, NEW_YEAR)
    assert verdict(PUBLISHED, branch, date(2026, 10, 20), of=IN_Q3) == (1, 0, "open")
    assert verdict(PUBLISHED, branch, date(2026, 10, 21), of=IN_Q3) == (1, 0, "overdue")


def test_a_sheet_counts_from_the_day_it_hangs(branch):
    factories.make_publication(branch, "2026-Q3", date(2026, 10, 6))
    assert verdict(PUBLISHED, branch, date(2026, 10, 5), of=IN_Q3) == (1, 0, "open")
    assert verdict(PUBLISHED, branch, date(2026, 10, 6), of=IN_Q3) == (1, 1, "done")


def test_a_late_sheet_makes_it_done_and_says_when(branch):
    factories.make_publication(branch, "2026-Q3", date(2026, 11, 2))
    duty = duty_of(PUBLISHED, branch, date(2026, 11, 22), of=IN_Q3)
    assert (duty.state, duty.met_on, duty.due_on) == ("done", date(2026, 11, 2), date(2026, 10, 7))


def test_the_sheet_of_another_quarter_does_not_count(branch):
    factories.make_publication(branch, "2026-Q2", date(2026, 10, 5))
    assert verdict(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3) == (1, 0, "overdue")


def test_the_sheet_of_another_branch_does_not_count(branch):
    other = factories.make_branch(branch.parent)
    factories.make_publication(other, "2026-Q3", date(2026, 10, 5))
    assert verdict(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3) == (1, 0, "overdue")


def test_a_half_year_holds_its_quarters(branch):
    factories.make_publication(branch, "2026-H2", date(2027, 1, 4))
    assert verdict(PUBLISHED, branch, date(2027, 1, 8), of=IN_Q3) == (1, 1, "done")


def test_a_branch_without_charges_and_payments_has_no_row(branch):
    empty = factories.make_branch(branch.parent)
    factories.make_charge(factories.make_member(empty), JULY, "0.00")
    assert verdict(PUBLISHED, empty, date(2026, 10, 8), of=IN_Q3) is None


def test_a_branch_that_has_been_paid_without_charges_has_one(branch):
    paid = factories.make_branch(branch.parent)
    factories.make_payment(factories.make_member(paid), AUGUST)
    assert verdict(PUBLISHED, paid, date(2026, 10, 8), of=IN_Q3) == (1, 0, "overdue")


def test_a_branch_founded_in_the_quarter_owes_it_too(branch):
    young = factories.make_branch(branch.parent, founded_on=date(2026, 8, 10))
    factories.make_charge(factories.make_member(young), AUGUST)
    assert verdict(PUBLISHED, young, date(2026, 10, 8), of=IN_Q3) == (1, 0, "overdue")


# --- Every six or twelve months -------------------------------------------------------------


def test_every_six_months_only_the_ends_of_half_years_ask(branch):
    county_value(PUBLISH_EVERY, 6, NEW_YEAR)
    member = branch.members.get()
    for month in (2, 5, 11):
        factories.make_charge(member, date(2026, month, 1))
    asked = {
        quarter: verdict(PUBLISHED, branch, date(2027, 1, 8), of=date(2026, quarter * 3, 1))
        for quarter in (1, 2, 3, 4)
    }
    assert asked == {1: None, 2: (1, 0, "overdue"), 3: None, 4: (1, 0, "overdue")}
    factories.make_publication(branch, "2026-H2", date(2027, 1, 4))
    duty = duty_of(PUBLISHED, branch, date(2027, 1, 8), of=date(2026, 12, 1))
    assert (duty.period, duty.state, duty.met_on) == ("2026-Q4", "done", date(2027, 1, 4))


def test_a_half_year_is_not_done_by_one_of_its_quarters(branch):
    county_value(PUBLISH_EVERY, 6, NEW_YEAR)
    factories.make_publication(branch, "2026-Q4", date(2027, 1, 4))
    in_q4 = date(2026, 12, 1)
    assert verdict(PUBLISHED, branch, date(2027, 1, 8), of=in_q4) == (1, 0, "overdue")
    factories.make_publication(branch, "2026-Q3", date(2027, 1, 6))
    duty = duty_of(PUBLISHED, branch, date(2027, 1, 8), of=in_q4)
    assert (duty.state, duty.met_on) == ("done", date(2027, 1, 6))


def test_every_twelve_months_only_the_end_of_the_year_asks(branch):
    county_value(PUBLISH_EVERY, 12, NEW_YEAR)
    for quarter in (1, 2, 3):
        assert verdict(PUBLISHED, branch, date(2027, 1, 8), of=date(2026, quarter * 3, 1)) is None
    in_q4 = date(2026, 12, 1)
    assert verdict(PUBLISHED, branch, date(2027, 1, 7), of=in_q4) == (1, 0, "open")
    assert verdict(PUBLISHED, branch, date(2027, 1, 8), of=in_q4) == (1, 0, "overdue")
    factories.make_publication(branch, "2026", date(2027, 1, 6))
    assert verdict(PUBLISHED, branch, date(2027, 1, 8), of=in_q4) == (1, 1, "done")


# --- The engine -----------------------------------------------------------------------------


def test_a_second_run_changes_nothing(branch):
    factories.make_publication(branch, "2026-Q3", date(2026, 10, 5))
    judge_everything(date(2026, 10, 8))
    before = stored_duties()
    judge_everything(date(2026, 10, 8))
    assert stored_duties() == before


def test_a_sheet_taken_back_opens_the_duty_again(branch):
    sheet = factories.make_publication(branch, "2026-Q3", date(2026, 10, 5))
    assert verdict(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3) == (1, 1, "done")
    sheet.delete()
    duty = duty_of(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3)
    assert (duty.state, duty.met_on) == ("overdue", None)


def test_the_explanation_names_what_is_posted_and_what_is_missing(client, settings, branch):
    settings.TODAY_OVERRIDE = date(2026, 10, 8)
    run_night(date(2026, 10, 8))
    client.force_login(factories.make_user("secretary", branch))
    duty = Duty.objects.get(rule=PUBLISHED, organisation=branch, period="2026-Q3")
    page = client.get(f"/duties/{duty.pk}/").content.decode()
    assert "还没有公示" in page
    assert "/dues/publication/?branch=" in page
    factories.make_publication(branch, "2026-Q3", date(2026, 10, 8), amount="20.00")
    page = client.get(f"/duties/{duty.pk}/").content.decode()
    assert "1 人，¥20.00，公示至2026年10月14日" in page


def test_as_many_queries_for_three_branches_as_for_one(branch, django_assert_max_num_queries):
    for _ in range(2):
        more = factories.make_branch(branch.parent)
        factories.make_charge(factories.make_member(more), JULY)
        factories.make_publication(more, "2026-Q3", date(2026, 10, 5))
    duty_of(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3)
    with django_assert_max_num_queries(14):
        duty_of(PUBLISHED, branch, date(2026, 10, 8), of=IN_Q3)


def test_what_is_unsure_is_said_to_be_unsure():
    rule = RULES[PUBLISHED]
    assert (rule.record, rule.nature, rule.certainty) == (
        "DUE-PUB", Nature.LOCAL, Certainty.TO_VERIFY,
    )  # fmt: skip
    assert rule.cure.label == "打印公示表"
