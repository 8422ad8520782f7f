"""Letters of introduction come back within their validity."""

from datetime import date

import pytest

from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh
from members.models import Transfer
from members.services import transfers as services
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, judge_everything, verdict
from tests.queries import count_of

pytestmark = pytest.mark.django_db

LETTERS = "members.transfer_letters"


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def target(branch):
    return factories.make_branch(branch.parent)


def letter(branch, to, on=date(2026, 9, 1), valid_days=30, **facts):
    transfer = services.start_transfer(
        member=factories.make_member(branch, **facts), to=to, on=on, by=None
    )
    return services.issue_letter(
        transfer=transfer, number="7", addressee="某党委", on=on, valid_days=valid_days, by=None
    )


@pytest.mark.parametrize(
    ("on", "days", "last", "following"),
    [
        (date(2026, 9, 1), 30, date(2026, 10, 1), date(2026, 10, 2)),
        (date(2026, 12, 1), 30, date(2026, 12, 31), date(2027, 1, 1)),
        (date(2028, 1, 30), 30, date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_letter_is_in_time_on_its_last_day_and_late_on_the_next(
    branch, target, on, days, last, following
):
    letter(branch, target, on, days)
    assert verdict(LETTERS, branch, last) == (0, 0, "done")
    duty = duty_of(LETTERS, branch, following)
    assert (duty.actual, duty.state, duty.open_since, duty.due_on) == (
        1,
        "behind",
        following,
        last,
    )


def test_a_branch_without_letters_is_clean(branch):
    assert verdict(LETTERS, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_it_is_the_old_branch_that_owes_the_receipt(branch, target):
    letter(branch, target)
    assert verdict(LETTERS, target, date(2026, 11, 1)) == (0, 0, "done")
    assert verdict(LETTERS, branch, date(2026, 11, 1)) == (0, 1, "behind")


def test_a_letter_of_outside_is_not_counted_here(branch):
    services.register_newcomer(
        to=branch,
        name="柏兰",
        id_number=factories.make_id_number(number=7),
        from_outside="邻县某镇党委",
        letter_on=date(2026, 9, 1),
        valid_days=10,
        on=date(2026, 9, 2),
        by=None,
    )
    assert verdict(LETTERS, branch, date(2026, 11, 1)) == (0, 0, "done")


def test_a_late_receipt_clears_it_from_that_day_on(branch, target):
    transfer = letter(branch, target)
    services.receive_member(transfer=transfer, on=date(2026, 10, 20), by=None)
    assert verdict(LETTERS, branch, date(2026, 10, 19)) == (0, 1, "behind")
    assert verdict(LETTERS, branch, date(2026, 10, 20)) == (0, 0, "done")


@pytest.mark.parametrize("service", [services.refuse_transfer, services.withdraw_transfer])
def test_a_letter_sent_back_or_withdrawn_needs_no_receipt(branch, target, service):
    transfer = letter(branch, target)
    service(transfer=transfer, reason="选错了", on=date(2026, 10, 10), by=None)
    assert verdict(LETTERS, branch, date(2026, 10, 9)) == (0, 1, "behind")
    assert verdict(LETTERS, branch, date(2026, 10, 10)) == (0, 0, "done")


def test_a_new_letter_begins_anew(branch, target):
    transfer = letter(branch, target)
    services.issue_letter(
        transfer=transfer,
        number="8",
        addressee="某党委",
        on=date(2026, 10, 10),
        valid_days=90,
        by=None,
    )
    assert verdict(LETTERS, branch, date(2026, 10, 11)) == (0, 0, "done")
    assert verdict(LETTERS, branch, date(2027, 1, 9)) == (0, 1, "behind")


def test_a_transfer_without_a_letter_is_not_counted(branch, target):
    services.start_transfer(
        member=factories.make_member(branch), to=target, on=date(2026, 1, 5), by=None
    )
    assert verdict(LETTERS, branch, date(2026, 12, 1)) == (0, 0, "done")


def test_the_condition_stands_since_the_oldest_letter(branch, target):
    letter(branch, target, date(2026, 9, 1), 30)
    letter(branch, target, date(2026, 6, 1), 10)
    duty = duty_of(LETTERS, branch, date(2026, 11, 1))
    assert (duty.actual, duty.open_since) == (2, date(2026, 6, 12))


def test_a_letter_entered_afterwards_counts_by_its_own_day(branch, target):
    judge_everything(date(2026, 11, 1))
    letter(branch, target, date(2026, 8, 1), 20)
    refresh(as_of=date(2026, 11, 1), organisation=branch)
    duty = Duty.objects.get(rule=LETTERS, organisation=branch)
    assert (duty.actual, duty.state, duty.open_since) == (1, "behind", date(2026, 8, 22))


def test_a_branch_founded_since_is_judged_by_its_own_letters(branch):
    young = factories.make_branch(branch.parent, founded_on=date(2026, 8, 20))
    letter(young, branch, joined_on=date(2026, 8, 20))
    assert verdict(LETTERS, young, date(2026, 10, 1)) == (0, 0, "done")
    assert verdict(LETTERS, young, date(2026, 10, 2)) == (0, 1, "behind")


def test_a_second_run_changes_nothing(branch, target):
    letter(branch, target)
    first = duty_of(LETTERS, branch, date(2026, 11, 1))
    second = duty_of(LETTERS, branch, date(2026, 11, 1))
    assert (first.pk, first.open_since, first.events.count()) == (
        second.pk,
        second.open_since,
        second.events.count(),
    )


def test_the_days_of_the_county_do_not_change_letters_that_are_out(branch, target):
    letter(branch, target)
    county_value(services.LETTER_DAYS, 10, date(2026, 9, 1))
    assert verdict(LETTERS, branch, date(2026, 10, 1)) == (0, 0, "done")


def test_the_page_names_the_letter_and_how_late_it_is(client, settings, branch, target):
    settings.TODAY_OVERRIDE = date(2026, 10, 11)
    transfer = letter(branch, target)
    duty = duty_of(LETTERS, branch, date(2026, 10, 11))
    client.force_login(factories.make_user(organisation=branch))
    page = client.get(f"/duties/{duty.pk}/").content.decode()
    assert f"{transfer.name}转往{target.name}" in page
    assert "逾期 10 天没有回执" in page
    assert f"/members/transfers/{transfer.pk}/" in page
    assert "待核实" in page


def test_it_takes_as_many_queries_for_three_branches_as_for_one(branch, target):
    from_one = count_of(lambda: duty_of(LETTERS, branch, date(2026, 11, 1)))
    for _ in range(3):
        letter(factories.make_branch(branch.parent), target)
    assert Transfer.objects.count() == 3
    assert count_of(lambda: duty_of(LETTERS, branch, date(2026, 11, 1))) == from_one


def test_the_rule_says_that_its_source_is_unsure():
    assert RULES[LETTERS].certainty == "to_verify"
    assert RULES[LETTERS].nature == "normally"


def test_practice_is_at_worst_advice_and_says_that_it_is_practice():
    assert RULES[LETTERS].strict is False
    assert "通行做法：接收后寄回回执" in RULES[LETTERS].wording
    assert "应当" not in RULES[LETTERS].wording
