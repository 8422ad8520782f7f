from datetime import date
from decimal import Decimal

import pytest

from accounts.roles import Action
from branches.models import Organisation, Setting
from branches.periods import add_months, months_between
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh, run_night
from dues.models import Charge, Payment
from dues.services.payments import add_payment, correct_payment
from dues.values import ARREARS_MONTHS
from members.models import Membership
from tests import factories
from tests.compliance.verdicts import duty_of, judge_everything, verdict

pytestmark = pytest.mark.django_db

PAID = "dues.paid"
ARREARS = "dues.arrears"

SEPTEMBER = date(2026, 9, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def charged_member(branch, first=SEPTEMBER, count=1, amount="20.00", **facts):
    member = factories.make_member(branch, **facts)
    for month in months_between(first, add_months(first, count - 1)):
        factories.make_charge(member, month, amount)
    return member


# --- 党费按月收缴 --------------------------------------------------------------------------


def test_everybody_paid_in_full_is_done_on_the_day_of_the_last_payment(branch):
    early, late = (charged_member(branch) for _ in range(2))
    factories.make_payment(early, SEPTEMBER, paid_on=date(2026, 9, 3))
    factories.make_payment(late, SEPTEMBER, paid_on=date(2026, 9, 18))
    duty = duty_of(PAID, branch, date(2026, 9, 30))
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-09", 2, 2, "done")
    assert (duty.due_on, duty.met_on) == (date(2026, 9, 30), date(2026, 9, 18))


def test_a_partial_payment_is_not_paid(branch):
    member = charged_member(branch)
    factories.make_payment(member, SEPTEMBER, "19.99", paid_on=date(2026, 9, 3))
    duty = duty_of(PAID, branch, date(2026, 9, 30))
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (1, 0, "open", None)


def test_the_rest_of_a_partial_payment_makes_it_paid(branch):
    member = charged_member(branch)
    factories.make_payment(member, SEPTEMBER, "12.50", paid_on=date(2026, 9, 3))
    factories.make_payment(member, SEPTEMBER, "7.50", paid_on=date(2026, 9, 21))
    duty = duty_of(PAID, branch, date(2026, 9, 30))
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 9, 21))


@pytest.mark.parametrize(
    ("amount", "parts"),
    [("10.40", ("5.10", "5.30")), ("0.80", ("0.10", "0.70")), ("2.10", ("0.01", "2.09"))],
)
def test_parts_that_add_up_to_the_charge_are_paid_to_the_fen(branch, amount, parts):
    """As binary fractions 5.1 and 5.3 are less than 10.4."""
    member = charged_member(branch, amount=amount)
    for part in parts:
        factories.make_payment(member, SEPTEMBER, part, paid_on=date(2026, 9, 3))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 1, "done")


def test_one_fen_less_than_the_charge_is_not_paid(branch):
    member = charged_member(branch, amount="10.40")
    for part in ("5.10", "5.29"):
        factories.make_payment(member, SEPTEMBER, part, paid_on=date(2026, 9, 3))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 0, "open")


def test_too_much_from_one_does_not_pay_for_another(branch):
    generous, _silent = (charged_member(branch) for _ in range(2))
    factories.make_payment(generous, SEPTEMBER, "40.00", paid_on=date(2026, 9, 3))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (2, 1, "open")


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2026, 9, 1), "open"), (date(2026, 9, 30), "open"), (date(2026, 10, 1), "overdue")],
)
def test_dues_of_a_month_are_overdue_from_the_next_month_on(branch, as_of, state):
    charged_member(branch)
    assert verdict(PAID, branch, as_of, of=SEPTEMBER) == (1, 0, state)


@pytest.mark.parametrize(
    ("month", "last_day", "next_day"),
    [
        (date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 1)),
        (date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_the_last_day_of_a_month_is_not_late(branch, month, last_day, next_day):
    charged_member(branch, first=month)
    duty = duty_of(PAID, branch, last_day)
    assert (duty.state, duty.due_on) == ("open", last_day)
    assert verdict(PAID, branch, next_day, of=month) == (1, 0, "overdue")


def test_a_reversed_payment_is_not_paid(branch):
    member = charged_member(branch)
    wrong = factories.make_payment(member, SEPTEMBER, paid_on=date(2026, 9, 3))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 1, "done")
    factories.make_payment(member, SEPTEMBER, "-20.00", reverses=wrong, paid_on=date(2026, 9, 3))
    duty = duty_of(PAID, branch, date(2026, 9, 30))
    assert (duty.actual, duty.state, duty.met_on) == (0, "open", None)


def test_a_correction_reopens_the_month_and_its_history_says_so(branch):
    secretary = factories.make_user(organisation=branch)
    member = charged_member(branch)
    add_payment(
        seen=Decimal(0),
        member=member,
        organisation=branch,
        month=SEPTEMBER,
        amount=Decimal("20.00"),
        by=secretary,
        today=date(2026, 9, 10),
    )
    refresh(as_of=date(2026, 9, 10), organisation=branch)
    duty = Duty.objects.get(rule=PAID, organisation=branch, period="2026-09")
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 9, 10))
    correct_payment(
        member=member,
        organisation=branch,
        month=SEPTEMBER,
        amount=Decimal("2.00"),
        seen=Decimal("20.00"),
        by=secretary,
        today=date(2026, 9, 12),
    )
    refresh(as_of=date(2026, 9, 12), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.met_on) == (0, "open", None)
    assert list(duty.events.values_list("on", "before", "after")) == [
        (date(2026, 9, 12), "done", "open")
    ]


def test_a_payment_after_the_day_of_judging_does_not_count(branch):
    member = charged_member(branch)
    factories.make_payment(member, SEPTEMBER, paid_on=date(2026, 10, 5))
    assert verdict(PAID, branch, date(2026, 10, 4), of=SEPTEMBER) == (1, 0, "overdue")
    assert verdict(PAID, branch, date(2026, 10, 5), of=SEPTEMBER) == (1, 1, "done")


def test_a_payment_without_a_day_counts_for_its_month(branch):
    member = charged_member(branch)
    factories.make_payment(member, SEPTEMBER)
    duty = duty_of(PAID, branch, date(2026, 9, 1))
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", None)


def test_a_payment_for_another_month_does_not_count(branch):
    member = charged_member(branch)
    factories.make_payment(member, date(2026, 8, 1), paid_on=date(2026, 9, 2))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 0, "open")


def test_who_owes_nothing_is_not_counted(branch):
    charged_member(branch, amount="0.00")
    factories.make_member(branch)
    assert verdict(PAID, branch, date(2026, 9, 30)) is None


def test_the_month_stays_with_the_branch_it_was_charged_for(branch):
    member = charged_member(branch)
    elsewhere = factories.make_branch()
    Membership.objects.filter(member=member).update(ends_on=date(2026, 9, 20))
    Membership.objects.create(member=member, organisation=elsewhere, starts_on=date(2026, 9, 21))
    member.organisation = elsewhere
    member.save(update_fields=["organisation"])
    factories.make_payment(member, SEPTEMBER, paid_on=date(2026, 9, 25))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 1, "done")
    assert verdict(PAID, elsewhere, date(2026, 9, 30)) is None


def test_sixty_members_are_due_one_by_one(branch):
    members = factories.make_members(branch, 60)
    Charge.objects.bulk_create(
        Charge(member=member, organisation=branch, month=SEPTEMBER, amount=Decimal("20.00"))
        for member in members
    )
    Payment.objects.bulk_create(
        Payment(member=member, organisation=branch, month=SEPTEMBER, amount=Decimal("20.00"))
        for member in members[:59]
    )
    assert verdict(PAID, branch, date(2026, 9, 30)) == (60, 59, "open")


def test_a_branch_founded_inside_the_month_owes_what_was_charged():
    branch = factories.make_branch(founded_on=date(2026, 9, 15))
    charged_member(branch, starts_on=date(2026, 9, 15))
    assert verdict(PAID, branch, date(2026, 9, 30)) == (1, 0, "open")


def test_the_night_charges_the_running_month_once(branch):
    member = factories.make_member(branch)
    factories.make_approved_amount(member, "20.00", from_month=date(2026, 1, 1))
    run_night(date(2026, 9, 1))
    run_night(date(2026, 9, 2))
    assert list(Charge.objects.values_list("member", "month", "amount")) == [
        (member.pk, date(2026, 9, 1), Decimal("20.00"))
    ]
    duty = Duty.objects.get(rule=PAID, organisation=branch, period="2026-09")
    assert (duty.required, duty.actual, duty.state) == (1, 0, "open")


def test_months_in_which_no_night_ran_are_charged_by_the_next_night(branch):
    member = factories.make_member(branch)
    factories.make_approved_amount(member, "20.00", from_month=date(2026, 1, 1))
    run_night(date(2026, 7, 30))
    run_night(date(2026, 10, 8))
    assert list(Charge.objects.order_by("month").values_list("month", flat=True)) == [
        date(2026, 7, 1),
        date(2026, 8, 1),
        date(2026, 9, 1),
        date(2026, 10, 1),
    ]
    assert member.charges.count() == 4


def test_the_first_night_charges_nothing_before_its_month(branch):
    member = factories.make_member(branch)
    factories.make_approved_amount(member, "20.00", from_month=date(2026, 1, 1))
    run_night(date(2026, 9, 8))
    assert list(member.charges.values_list("month", flat=True)) == [date(2026, 9, 1)]


# --- 长期未交党费 --------------------------------------------------------------------------


def test_six_months_in_a_row_without_payment_are_arrears_from_the_last_day_on(branch):
    charged_member(branch, first=date(2026, 4, 1), count=6)
    assert verdict(ARREARS, branch, date(2026, 9, 29)) == (0, 0, "done")
    duty = duty_of(ARREARS, branch, date(2026, 9, 30))
    assert (duty.period, duty.required, duty.actual, duty.state) == ("", 0, 1, "overdue")
    assert (duty.open_since, duty.due_on) == (date(2026, 9, 30), date(2026, 9, 29))


def test_five_months_are_not_arrears(branch):
    member = charged_member(branch, first=date(2026, 4, 1), count=6)
    factories.make_payment(member, date(2026, 4, 1), paid_on=date(2026, 4, 8))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")
    assert verdict(ARREARS, branch, date(2026, 10, 30)) == (0, 0, "done")


@pytest.mark.parametrize(
    ("first", "day_before", "day"),
    [
        # Q4 → Q1: from October to March.
        (date(2026, 10, 1), date(2027, 3, 30), date(2027, 3, 31)),
        # Up to 31 December.
        (date(2026, 7, 1), date(2026, 12, 30), date(2026, 12, 31)),
        # Up to 29 February.
        (date(2027, 9, 1), date(2028, 2, 28), date(2028, 2, 29)),
    ],
)
def test_arrears_run_over_the_end_of_a_year_and_to_the_last_day(branch, first, day_before, day):
    charged_member(branch, first=first, count=6)
    assert verdict(ARREARS, branch, day_before) == (0, 0, "done")
    duty = duty_of(ARREARS, branch, day)
    assert (duty.actual, duty.open_since) == (1, day)


def test_a_partial_payment_ends_the_run_of_months_without_payment(branch):
    member = charged_member(branch, first=date(2026, 4, 1), count=6)
    factories.make_payment(member, date(2026, 7, 1), "1.00", paid_on=date(2026, 7, 8))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_a_reversed_payment_does_not_end_the_run(branch):
    member = charged_member(branch, first=date(2026, 4, 1), count=6)
    wrong = factories.make_payment(member, date(2026, 7, 1), paid_on=date(2026, 7, 8))
    factories.make_payment(
        member, date(2026, 7, 1), "-20.00", reverses=wrong, paid_on=date(2026, 7, 8)
    )
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 1, "overdue")


def test_months_before_joining_do_not_count(branch):
    charged_member(branch, first=date(2026, 6, 1), count=4, joined_on=date(2026, 6, 1))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_exempt_months_neither_count_nor_end_the_run(branch):
    member = charged_member(branch, first=date(2026, 1, 1), count=3)
    factories.make_charge(member, date(2026, 4, 1), "0.00")
    # Nothing was charged in May.
    for month in (date(2026, 6, 1), date(2026, 7, 1)):
        factories.make_charge(member, month)
    assert verdict(ARREARS, branch, date(2026, 8, 30)) == (0, 0, "done")
    factories.make_charge(member, date(2026, 8, 1))
    duty = duty_of(ARREARS, branch, date(2026, 8, 31))
    assert (duty.actual, duty.open_since) == (1, date(2026, 8, 31))


def test_six_unpaid_months_stay_arrears_while_later_months_are_exempt(branch):
    charged_member(branch, first=date(2025, 7, 1), count=6)
    duty = duty_of(ARREARS, branch, date(2026, 5, 31))
    assert (duty.actual, duty.open_since) == (1, date(2025, 12, 31))
    duty = duty_of(ARREARS, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (1, date(2025, 12, 31))


def test_a_payment_made_later_does_not_change_what_was_owed_on_the_day(branch):
    member = charged_member(branch, first=date(2026, 4, 1), count=6)
    factories.make_payment(member, date(2026, 4, 1), paid_on=date(2026, 10, 2))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 1, "overdue")
    assert verdict(ARREARS, branch, date(2026, 10, 1)) == (0, 1, "overdue")
    assert verdict(ARREARS, branch, date(2026, 10, 2)) == (0, 0, "done")


def test_who_left_is_nobodys_arrears(branch):
    charged_member(branch, first=date(2026, 4, 1), count=6, ends_on=date(2026, 9, 30))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_arrears_follow_the_member_to_the_new_branch(branch):
    member = charged_member(branch, first=date(2026, 4, 1), count=6)
    elsewhere = factories.make_branch()
    Membership.objects.filter(member=member).update(ends_on=date(2026, 9, 20))
    Membership.objects.create(member=member, organisation=elsewhere, starts_on=date(2026, 9, 21))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")
    assert verdict(ARREARS, elsewhere, date(2026, 9, 30)) == (0, 1, "overdue")


def test_the_condition_stands_since_the_first_of_several(branch):
    charged_member(branch, first=date(2026, 4, 1), count=6)
    charged_member(branch, first=date(2026, 2, 1), count=8)
    duty = duty_of(ARREARS, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (2, date(2026, 7, 31))


def test_the_months_brought_along_count_until_they_are_paid(branch):
    member = charged_member(branch, first=date(2026, 7, 1), count=3)
    factories.make_opening(member, date(2026, 4, 1), "60.00")
    duty = duty_of(ARREARS, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (1, date(2026, 9, 30))
    factories.make_payment(member, date(2026, 5, 1), "60.00", paid_on=date(2026, 10, 8))
    assert verdict(ARREARS, branch, date(2026, 10, 7)) == (0, 1, "overdue")
    assert verdict(ARREARS, branch, date(2026, 10, 8)) == (0, 0, "done")


def test_a_measure_the_county_changed_counts_from_its_day(branch):
    Setting.objects.create(key="dues.arrears_months", starts_on=date(2026, 9, 1), value=4)
    charged_member(branch, first=date(2026, 5, 1), count=4)
    assert verdict(ARREARS, branch, date(2026, 8, 31)) == (0, 0, "done")
    duty = duty_of(ARREARS, branch, date(2026, 9, 1))
    assert (duty.actual, duty.open_since) == (1, date(2026, 8, 31))


def test_a_second_night_changes_nothing_of_the_arrears(branch):
    charged_member(branch, first=date(2026, 4, 1), count=6)
    run_night(date(2026, 9, 30))
    duty = Duty.objects.get(rule=ARREARS, organisation=branch)
    facts = (duty.actual, duty.state, duty.open_since, duty.events.count())
    run_night(date(2026, 9, 30))
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.open_since, duty.events.count()) == facts
    assert facts[:3] == (1, "overdue", date(2026, 9, 30))


def test_the_evidence_names_the_months_and_the_sum(branch):
    member = charged_member(branch, first=date(2026, 3, 1), count=7)
    rule = RULES[ARREARS]
    question = question_for(
        rule, None, date(2026, 9, 30), Values(), Organisation.objects.filter(pk=branch.pk)
    )
    evidence = rule.evidence(question, branch)
    assert [(record.text, record.note) for record in evidence.counted] == [
        (member.name, "2026年3月起连续 7 个月未交，共 140.00 元")
    ]
    assert evidence.facts == [("提示线", "连续 6 个月")]


def test_an_empty_branch_has_nobody_in_arrears(branch):
    judge_everything(date(2026, 9, 30))
    assert verdict(ARREARS, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_the_button_of_arrears_leads_to_who_can_do_something_about_them(branch):
    cure = RULES[ARREARS].cure
    assert (cure.label, cure.actions) == ("处理欠缴", (Action.ENTER_DUES, Action.SUBMIT))
    assert cure.url(branch) == f"/dues/arrears/?branch={branch.code}"


def test_a_county_may_ask_earlier_than_the_rules_and_never_later():
    assert ARREARS_MONTHS.cleaned(3) == 3
    with pytest.raises(ValueError, match="不能大于 6"):
        ARREARS_MONTHS.cleaned(7)
