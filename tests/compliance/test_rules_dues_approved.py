"""年度党费标准核定: who needs an amount of the year, by when, and who has one."""

from datetime import date

import pytest

from branches.models import Form
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh, run_night
from dues.services.amounts import carry_forward
from dues.standards import due_on
from dues.values import APPROVE_MONTH
from members.enums import MemberKind
from members.models import Membership
from tests import factories
from tests.compliance.verdicts import Writes, county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

APPROVED = "dues.approved"
JANUARY, DUE, LATE = date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def approved(member, on=date(2026, 1, 15), from_month=JANUARY):
    row = factories.make_approved_amount(member, from_month=from_month)
    row.approved_on = on
    row.save()
    return row


def evidence(branch, as_of):
    rule = RULES[APPROVED]
    organisations = type(branch).objects.filter(pk=branch.pk)
    question = question_for(rule, period_on(APPROVED, as_of), as_of, Values(), organisations)
    return rule.evidence(question, branch)


def test_a_member_without_an_amount_is_open_up_to_the_last_day_and_overdue_after_it(branch):
    done, missing = factories.make_members(branch, 2)
    approved(done)
    duty = duty_of(APPROVED, branch, DUE)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026", 2, 1, "open")
    assert (duty.due_on, duty.met_on) == (DUE, None)
    assert verdict(APPROVED, branch, LATE) == (2, 1, "overdue")
    approved(missing, on=date(2026, 2, 3))
    duty = duty_of(APPROVED, branch, date(2026, 2, 10))
    assert (duty.actual, duty.state, duty.met_on) == (2, "done", date(2026, 2, 3))


def test_everybody_approved_is_done_on_the_day_of_the_last_one(branch):
    first, last = factories.make_members(branch, 2)
    approved(first, on=date(2026, 1, 9))
    approved(last, on=date(2026, 1, 20))
    duty = duty_of(APPROVED, branch, DUE)
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (
        2,
        2,
        "done",
        date(2026, 1, 20),
    )


def test_last_years_amount_does_not_count_for_this_year(branch):
    approved(factories.make_member(branch), from_month=date(2025, 12, 1))
    assert verdict(APPROVED, branch, LATE) == (1, 0, "overdue")


def test_an_amount_without_a_day_counts_and_leaves_the_day_of_meeting_unknown(branch):
    approved(factories.make_member(branch), on=None)
    approved(factories.make_member(branch))
    duty = duty_of(APPROVED, branch, LATE)
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (2, 2, "done", None)


def test_a_later_change_does_not_move_the_day_on_which_it_was_met(branch):
    member = factories.make_member(branch)
    approved(member, on=date(2026, 1, 15))
    approved(member, on=date(2026, 7, 20), from_month=date(2026, 7, 1))
    assert duty_of(APPROVED, branch, date(2026, 8, 1)).met_on == date(2026, 1, 15)


def test_an_approval_entered_late_counts_for_its_day_and_not_before(branch):
    approved(factories.make_member(branch), on=date(2026, 1, 28))
    assert verdict(APPROVED, branch, date(2026, 1, 27)) == (1, 0, "open")
    assert verdict(APPROVED, branch, date(2026, 1, 28)) == (1, 1, "done")


@pytest.mark.parametrize(
    ("month", "year", "due"),
    [
        (1, 2026, date(2026, 1, 31)),
        (2, 2026, date(2026, 2, 28)),
        (2, 2028, date(2028, 2, 29)),
        (3, 2026, date(2026, 3, 31)),
        (6, 2026, date(2026, 6, 30)),
    ],
)
def test_the_county_says_in_which_month_it_ends(month, year, due):
    county_value(APPROVE_MONTH, month, date(2025, 6, 1))
    assert due_on(year, Values()) == due


def test_a_value_set_after_january_counts_from_the_next_year(branch):
    county_value(APPROVE_MONTH, 3, date(2026, 2, 1))
    assert due_on(2026, Values()) == DUE
    assert due_on(2027, Values()) == date(2027, 3, 31)


def test_who_joins_after_the_due_month_counts_from_the_next_month_on(branch):
    approved(factories.make_member(branch))
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 6, 1))
    assert verdict(APPROVED, branch, date(2026, 6, 30)) == (1, 1, "done")
    assert verdict(APPROVED, branch, date(2026, 7, 1)) == (2, 1, "overdue")


def test_who_joins_in_the_due_month_counts_at_once(branch):
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 1, 31))
    assert verdict(APPROVED, branch, DUE) == (1, 0, "open")


def test_who_moves_inside_the_county_counts_at_once(branch):
    member = factories.make_member(factories.make_branch(branch.parent), starts_on=date(2020, 1, 1))
    Membership.objects.filter(member=member).update(ends_on=date(2026, 6, 9))
    Membership.objects.create(member=member, organisation=branch, starts_on=date(2026, 6, 10))
    assert verdict(APPROVED, branch, date(2026, 6, 10)) == (1, 0, "overdue")


def test_a_new_member_of_december_counts_once_the_year_is_over(branch):
    approved(factories.make_member(branch))
    factories.make_member(branch, joined_on=date(2026, 12, 10))
    assert verdict(APPROVED, branch, date(2026, 12, 31)) == (1, 1, "done")
    of = date(2026, 12, 1)
    assert verdict(APPROVED, branch, date(2027, 1, 1), of=of) == (2, 1, "overdue")


def test_who_left_and_who_is_only_attached_are_not_asked_for(branch):
    factories.make_member(branch, ends_on=date(2026, 1, 20))
    guest = factories.make_member(factories.make_branch(branch.parent))
    Membership.objects.create(
        member=guest, organisation=branch, starts_on=JANUARY, is_attached=True
    )
    assert verdict(APPROVED, branch, LATE) is None


def test_a_branch_founded_in_the_running_month_has_time_to_its_end(branch):
    member = factories.make_member(branch)
    new = factories.make_branch(branch.parent, founded_on=date(2026, 6, 10))
    Membership.objects.filter(member=member).update(ends_on=date(2026, 6, 9))
    Membership.objects.create(member=member, organisation=new, starts_on=date(2026, 6, 10))
    assert verdict(APPROVED, new, date(2026, 6, 30)) is None
    assert verdict(APPROVED, new, date(2026, 7, 1)) == (1, 0, "overdue")


def test_a_branch_without_formal_relations_is_not_judged(branch):
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    member = factories.make_member(branch)
    Membership.objects.create(member=member, organisation=temporary, is_attached=True)
    assert verdict(APPROVED, temporary, LATE) is None


def test_the_evidence_names_who_has_an_amount_and_who_has_none(branch):
    done, missing = (factories.make_member(branch, name) for name in ("许文桥", "周韩"))
    approved(done)
    found = evidence(branch, LATE)
    assert [(one.text, one.on, one.note) for one in found.counted] == [
        ("许文桥", date(2026, 1, 15), "2026年1月起每月 20.00 元")
    ]
    assert [(one.text, one.note, one.url) for one in found.missing] == [
        ("周韩", "没有核定", f"/dues/amounts/{missing.pk}/?year=2026")
    ]
    assert found.facts == [("截止", "2026年1月31日")]


def test_carrying_forward_cures_it_and_a_second_run_writes_nothing(branch):
    month = date(2026, 1, 1)
    for member in factories.make_members(branch, 2):
        factories.make_approved_amount(member, from_month=date(2025, 1, 1))
        factories.make_charge(member, month)
    run_night(LATE)
    assert Duty.objects.get(rule=APPROVED, organisation=branch).state == "overdue"
    by = factories.make_user("secretary", branch)
    carry_forward(organisation=branch, year=2026, approved_on=LATE, by=by, today=LATE)
    refresh(as_of=LATE)
    duty = Duty.objects.get(rule=APPROVED, organisation=branch)
    assert (duty.state, duty.required, duty.actual, duty.met_on) == ("done", 2, 2, LATE)
    with Writes() as writes:
        run_night(LATE)
    assert writes.statements == []


def test_the_button_leads_to_the_page_of_the_branch(branch):
    assert RULES[APPROVED].cure.url(branch) == f"/dues/amounts/?branch={branch.code}"
