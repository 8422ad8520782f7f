"""Approved amounts: what is approved, refused, put right, carried forward; what follows of it."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from branches.values import Values
from dues.models import ApprovedAmount, Charge, ChargeChange
from dues.rates import Category
from dues.services import Refused
from dues.services.amounts import Proposal, approve_amount, approve_several, carry_forward
from dues.standards import (
    approved_counts,
    by_rates,
    first_months,
    members_to_approve,
    shown_amounts,
    version,
)
from dues.values import CEILING, ROUNDING
from members.enums import MemberKind
from members.models import Membership
from tests import factories as make
from tests.compliance.verdicts import county_value
from tests.threads import at_once

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 3, 20)
DECIDED = datetime.date(2026, 1, 15)
JANUARY, JULY = datetime.date(2026, 1, 1), datetime.date(2026, 7, 1)


@pytest.fixture
def branch():
    return make.make_branch()


@pytest.fixture
def member(branch):
    return make.make_member(branch, "许文桥")


@pytest.fixture
def by(branch):
    return make.make_user("secretary", branch, name="林守正")


@pytest.fixture
def approve(branch, by):
    """Approve for a member; facts of the proposal by name."""

    def act(member, category=Category.EMPLOYED, base="8800", amount=None, **facts):
        outer = {"year": 2026, "approved_on": DECIDED, "today": TODAY, "organisation": branch}
        outer |= {name: facts.pop(name) for name in list(facts) if name in outer}
        proposal = Proposal(
            member=member,
            category=category,
            base=None if base is None else Decimal(base),
            amount=None if amount is None else Decimal(amount),
            **facts,
        )
        return approve_amount(proposal=proposal, by=by, **outer)

    return act


def refusal(act, *args, **facts):
    with pytest.raises(Refused) as caught:
        act(*args, **facts)
    return str(caught.value), caught.value.field


def charges(member):
    return {charge.month.month: charge.amount for charge in Charge.objects.filter(member=member)}


# --- Approving ---------------------------------------------------------------------------


def test_an_approval_stores_base_computed_amount_day_and_who(approve, member, branch, by):
    row = approve(member)
    row.refresh_from_db()
    assert (row.from_month, row.category, row.base) == (JANUARY, "employed", Decimal("8800.00"))
    assert (row.computed, row.amount) == (Decimal("132.00"), Decimal("132.00"))
    assert (row.approved_on, row.approved_by, row.organisation) == (DECIDED, by, branch)


def test_an_approval_leaves_a_line_of_the_trail_and_a_note_to_judge_again(approve, member, branch):
    Changed.objects.all().delete()
    approve(member)
    line = TrailLine.objects.about("dues", member.pk).get(action="核定党费标准")
    assert line.before == {}
    assert line.after == {
        "自": "2026年1月",
        "缴费类别": "在职",
        "缴费基数": "8800.00",
        "月应缴": "132.00",
        "理由": "",
        "核定日期": "2026年1月15日",
    }
    assert line.label == "许文桥 2026年"
    noted = Changed.objects.filter(organisation=branch, area="dues", from_on=JANUARY)
    assert noted.filter(to_on=datetime.date(2026, 12, 31)).exists()


def test_the_charges_of_the_year_follow(approve, member):
    for month in (1, 2, 3):
        make.make_charge(member, datetime.date(2026, month, 1), "100.00")
    approve(member)
    assert charges(member) == {1: 132, 2: 132, 3: 132}
    changes = ChargeChange.objects.filter(charge__member=member)
    assert {(change.difference, change.reason) for change in changes} == {
        (Decimal("32.00"), "核定党费标准")
    }


@pytest.mark.parametrize(
    ("category", "amount"),
    [(Category.STUDENT, None), (Category.NO_FIXED_INCOME, None), (Category.FARMER, "0.50")],
)
def test_who_pays_no_share_needs_no_base_and_keeps_none(approve, member, category, amount):
    row = approve(member, category, "500", amount)
    assert row.base is None
    assert row.amount == Decimal(amount or "0.20")
    assert row.computed == (None if category == Category.FARMER else Decimal("0.20"))


def test_rounding_is_the_county_value_of_the_day_of_approval(approve, member):
    county_value(ROUNDING, "1", datetime.date(2026, 1, 10))
    assert approve(member, base="5101").amount == Decimal("77.00")
    other = make.make_member(member.organisation)
    row = approve(other, base="5101", approved_on=datetime.date(2026, 1, 9))
    assert row.amount == Decimal("76.52")


def test_above_the_ceiling_is_approved_all_the_same(approve, member):
    assert approve(member, base="60000").amount == Decimal("1200.00")
    county_value(CEILING, "500", JANUARY)
    facts = {"month": JANUARY, "on": TODAY, "values": Values()}
    assert by_rates(Category.EMPLOYED, Decimal(40000), **facts).above_ceiling
    assert not by_rates(Category.EMPLOYED, Decimal(25000), **facts).above_ceiling


@pytest.mark.parametrize(
    ("given", "words", "field"),
    [
        ({"category": ""}, "请选择缴费类别", "category"),
        ({"base": None}, "请填写缴费基数", "base"),
        ({"base": "-1"}, "缴费基数不能是负数", "base"),
        ({"amount": "-0.01"}, "月应缴不能是负数", "amount"),
        ({"amount": "140"}, "按标准计算是 132.00 元，核定 140.00 元要写明理由", "reason"),
        ({"category": Category.FARMER, "base": None}, "在 0.20 到 1.00 元之间核定", "amount"),
        (
            {"category": Category.FARMER, "base": None, "amount": "1.01"},
            "农民党员一般每月 0.20 到 1.00 元，另定的要写明理由",
            "reason",
        ),
        ({"approved_on": None}, "请填写核定日期", "approved_on"),
        ({"approved_on": datetime.date(2026, 3, 21)}, "还没有到", "approved_on"),
        ({"year": 2028}, "2028年还早", None),
        ({"from_month": datetime.date(2025, 12, 1)}, "月份应在2026年之内", "from_month"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_meant(approve, member, given, words, field):
    message, named = refusal(approve, member, **given)
    assert words in message
    assert named == field
    assert not ApprovedAmount.objects.exists()


def test_another_sum_than_the_rates_give_is_approved_with_its_reason(approve, member):
    row = approve(member, amount="150", reason="自愿多交")
    assert (row.computed, row.amount, row.reason) == (132, 150, "自愿多交")
    farmer = make.make_member(member.organisation)
    assert approve(farmer, Category.FARMER, None, "2", reason="村干部").amount == 2


def test_months_before_april_2008_have_no_rates(approve, branch):
    old = make.make_member(branch, joined_on=datetime.date(1999, 7, 1))
    make.make_charge(old, datetime.date(2008, 1, 1))
    message, _field = refusal(approve, old, year=2008, from_month=datetime.date(2008, 3, 1))
    assert "2008年3月没有党费标准" in message
    assert approve(old, year=2008, from_month=datetime.date(2008, 4, 1)).amount == 132


def test_a_member_of_another_branch_is_refused(approve, branch):
    stranger = make.make_member(make.make_branch(), "周慧敏")
    assert refusal(approve, stranger)[0].startswith("周慧敏的组织关系2026年不在本支部")


# --- From which month --------------------------------------------------------------------


def test_a_probationary_member_pays_from_the_month_of_the_branch_meeting(approve, branch):
    new = make.make_member(
        branch, "贺建云", kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2026, 2, 28)
    )
    message, field = refusal(approve, new, from_month=JANUARY)
    assert (message, field) == (
        "贺建云从2026年2月起在本支部交纳党费，请选2026年2月或以后",
        "from_month",
    )
    assert approve(new).from_month == datetime.date(2026, 2, 1)
    assert charges(new) == {3: 132}


def test_who_came_from_elsewhere_owes_from_the_month_of_arrival(branch):
    member = make.make_member(branch, starts_on=datetime.date(2026, 2, 29 - 1))
    assert first_months(branch, [member], 2026) == {member.pk: datetime.date(2026, 2, 1)}
    assert first_months(branch, [member], 2027) == {member.pk: datetime.date(2027, 1, 1)}


def test_an_unknown_beginning_is_taken_as_always(branch):
    member = make.make_member(branch)
    Membership.objects.update(starts_on=None)
    assert first_months(branch, [member], 2026) == {member.pk: JANUARY}


# --- Changing inside the year --------------------------------------------------------------


def test_a_second_amount_of_the_year_needs_a_reason_and_moves_the_later_months(approve, member):
    approve(member)
    march = datetime.date(2026, 3, 1)
    for month in (1, 2):
        make.make_charge(member, datetime.date(2026, month, 1), "132.00")
    message, field = refusal(approve, member, base="9600", from_month=march)
    assert (message, field) == ("年内一般不变，年内调整要写明理由，如“工资调整”", "reason")
    approve(member, base="9600", from_month=march, reason="工资调整", approved_on=TODAY)
    assert charges(member) == {1: 132, 2: 132, 3: 144}
    assert ApprovedAmount.objects.count() == 2
    line = TrailLine.objects.about("dues", member.pk).get(action="调整党费标准")
    assert (line.after["自"], line.reason) == ("2026年3月", "工资调整")


def test_an_amount_of_the_same_month_is_put_right_with_both_in_the_trail(approve, member):
    first = approve(member, base="880")
    again = approve(member, base="8800", reason="录入有误")
    assert again.pk == first.pk
    assert ApprovedAmount.objects.get().amount == 132
    line = TrailLine.objects.about("dues", member.pk).get(action="更正党费标准")
    assert (line.before["缴费基数"], line.after["缴费基数"]) == ("880.00", "8800.00")
    assert charges(member) == {3: 132}


def test_the_same_again_changes_nothing(approve, member):
    approve(member)
    lines = TrailLine.objects.count()
    approve(member)
    assert TrailLine.objects.count() == lines


@pytest.mark.parametrize(
    "given",
    [
        {"base": "9600"},
        {"category": Category.RETIRED},
        {"category": Category.STUDENT, "base": None},
        # The sum stays, the base does not.
        {"category": Category.YEARLY_SALARY},
    ],
)
def test_a_correction_needs_its_reason(approve, member, given):
    approve(member)
    message, field = refusal(approve, member, **given)
    assert (message, field) == ("更正已核定的标准要写明理由，如“录入有误”", "reason")
    assert ApprovedAmount.objects.get().category == Category.EMPLOYED
    approve(member, **given, reason="录入有误")
    assert ApprovedAmount.objects.get().reason == "录入有误"


def test_another_day_of_the_same_amount_needs_no_reason(approve, member):
    approve(member)
    approve(member, approved_on=TODAY)
    assert ApprovedAmount.objects.get().approved_on == TODAY


# --- Less than the rates give --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "least"),
    [
        ({"amount": "0"}, "132.00"),
        ({"amount": "131.99"}, "132.00"),
        ({"category": Category.FARMER, "base": None, "amount": "0.19"}, "0.20"),
        ({"category": Category.STUDENT, "base": None, "amount": "0"}, "0.20"),
        # Above the county's ceiling dues are voluntary.
        ({"base": "60000", "amount": "999.99"}, "1,000.00"),
    ],
)
def test_less_than_the_rates_give_is_for_the_superior_whatever_the_reason(
    approve, member, given, least
):
    message, field = refusal(approve, member, **given, reason="家庭困难")
    assert field == "amount"
    assert message.startswith("许文桥月应缴 ")
    assert f"低于标准 {least} 元" in message
    assert "“请示审批”" in message
    assert not ApprovedAmount.objects.exists()


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ({"amount": "132"}, "132.00"),
        ({"amount": "132.01"}, "132.01"),
        ({"category": Category.FARMER, "base": None, "amount": "0.20"}, "0.20"),
        ({"base": "60000", "amount": "1000"}, "1000.00"),
    ],
)
def test_the_rates_and_more_are_approved_by_the_branch(approve, member, given, amount):
    assert approve(member, **given, reason="支部核定").amount == Decimal(amount)


def test_a_base_of_nothing_is_no_way_to_pay_nothing(approve, member):
    message, field = refusal(approve, member, base="0", reason="没有工资")
    assert "等于免缴" in message
    assert "无固定收入" in message
    assert field == "base"
    assert approve(member, Category.NO_FIXED_INCOME, None).amount == Decimal("0.20")


def test_a_reduced_sum_of_last_year_is_not_carried_and_named(branch, by):
    usual, less, more = make.make_members(branch, 3)
    last_year(usual)
    last_year(less, amount="100", reason="家庭困难")
    last_year(more, amount="150", reason="自愿多交")
    outcome = carry(branch, by)
    assert {row.member_id for row in outcome.approved} == {usual.pk, more.pk}
    assert str(outcome.refused[less.pk]).startswith(
        f"{less.name}月应缴 100.00 元，低于标准 132.00 元"
    )
    assert charges(less) == {}


# --- Months whose quarter has gone up ------------------------------------------------------

APRIL, MAY = datetime.date(2026, 4, 1), datetime.date(2026, 5, 20)


@pytest.fixture
def first_quarter(approve, member):
    """The amount of the year, its charges, and the first quarter gone up."""
    for month in (1, 2, 3):
        make.make_charge(member, datetime.date(2026, month, 1), "132.00")
    approve(member)
    return make.make_remittance(member.organisation, JANUARY, "396.00")


@pytest.mark.parametrize("state", ["sent", "confirmed"])
@pytest.mark.parametrize("month", [1, 3])
def test_months_that_have_gone_up_are_not_changed(approve, member, first_quarter, state, month):
    if state == "confirmed":
        first_quarter.state, first_quarter.decided_on = state, TODAY
        first_quarter.save()
    facts = {"base": "9600", "reason": "工资调整", "today": MAY, "approved_on": MAY}
    month = datetime.date(2026, month, 1)
    message, field = refusal(approve, member, from_month=month, **facts)
    assert message == "许文桥2026年3月及以前的党费已经上缴，标准不能再往前改，请从2026年4月起调整"
    assert field == "from_month"
    assert approve(member, from_month=APRIL, **facts).amount == 144
    assert charges(member) == {1: 132, 2: 132, 3: 132, 4: 144, 5: 144}


def test_what_was_returned_or_not_sent_may_be_changed(approve, member, first_quarter):
    first_quarter.state = "returned"
    first_quarter.save()
    approve(member, base="9600", reason="录入有误")
    assert charges(member) == {1: 144, 2: 144, 3: 144}


def test_the_same_sum_under_another_category_changes_nothing_that_has_gone_up(
    approve, member, first_quarter
):
    row = approve(member, Category.YEARLY_SALARY, reason="类别录错")
    assert (row.category, row.from_month) == (Category.YEARLY_SALARY, JANUARY)
    assert charges(member) == {1: 132, 2: 132, 3: 132}


def test_who_has_no_amount_yet_is_approved_for_months_that_have_gone_up(
    approve, branch, first_quarter
):
    new = make.make_member(branch)
    assert approve(new).from_month == JANUARY
    assert charges(new) == {1: 132, 2: 132, 3: 132}


def test_after_the_first_quarter_unchanged_amounts_are_carried_and_others_named(branch, by):
    same, other = make.make_members(branch, 2)
    last_year(same)
    last_year(other, "5101", "76.52", computed=Decimal("76.52"))
    for member, amount in ((same, "132.00"), (other, "76.52")):
        make.make_charge(member, JANUARY, amount)
    make.make_remittance(branch, JANUARY)
    county_value(ROUNDING, "0.1", JANUARY)
    outcome = carry(branch, by, today=MAY, approved_on=MAY)
    assert [row.member_id for row in outcome.approved] == [same.pk]
    assert outcome.refused[other.pk].field == "from_month"
    assert str(outcome.refused[other.pk]).startswith(other.name)


def test_years_before_the_county_kept_dues_are_not_approved(approve, member):
    make.make_charge(member, JANUARY)
    message, field = refusal(approve, member, year=2025)
    assert (message, field) == ("本县从2026年1月起记党费，2025年的标准不在这里核定", None)
    make.make_charge(member, datetime.date(2025, 12, 1))
    assert approve(member, year=2025).from_month == datetime.date(2025, 1, 1)


# --- Who came from another branch ----------------------------------------------------------


@pytest.fixture
def moved(branch, member):
    """The member came in March from a branch of the county that had charged him."""
    for month in (1, 2):
        make.make_charge(member, datetime.date(2026, month, 1), "100.00")
    new = make.make_branch(name="望春社区第九党支部")
    Membership.objects.update(ends_on=datetime.date(2026, 3, 9))
    Membership.objects.create(member=member, organisation=new, starts_on=datetime.date(2026, 3, 10))
    member.organisation = new
    member.save()
    return new


def test_the_new_branch_approves_from_the_month_of_arrival(approve, member, moved):
    message, field = refusal(approve, member, organisation=moved, from_month=JANUARY)
    assert (message, field) == (
        "许文桥从2026年3月起在本支部交纳党费，请选2026年3月或以后",
        "from_month",
    )
    row = approve(member, organisation=moved)
    assert (row.from_month, row.organisation) == (datetime.date(2026, 3, 1), moved)
    assert charges(member) == {1: 100, 2: 100, 3: 132}


def test_what_the_old_branch_approved_for_the_year_is_enough(approve, branch, by, member, moved):
    make.make_approved_amount(member, "132.00")
    ApprovedAmount.objects.update(organisation=branch)
    assert approved_counts([moved], 2026, TODAY) == {moved.pk: (1, 1)}
    with pytest.raises(Refused, match="没有可以沿用的"):
        carry(moved, by)


def test_a_month_charged_at_the_old_branch_is_left_to_it(approve, branch, member, moved):
    march = datetime.date(2026, 3, 1)
    Charge.objects.create(member=member, organisation=branch, month=march, amount=100)
    message, field = refusal(approve, member, organisation=moved)
    assert (message, field) == (
        f"许文桥2026年3月的党费归{branch.name}，请选2026年4月或以后",
        "from_month",
    )
    assert approve(member, organisation=moved, from_month=APRIL).from_month == APRIL
    assert charges(member) == {1: 100, 2: 100, 3: 100}


def test_the_old_branch_does_not_change_the_months_of_the_new_one(approve, branch, member, moved):
    approve(member, organisation=moved)
    message, _field = refusal(
        approve, member, base="9600", from_month=datetime.date(2026, 3, 1), reason="工资调整"
    )
    assert message.startswith("许文桥2026年3月的党费归望春社区第九党支部")
    # Up to the amount of the new branch the months are its own.
    assert approve(member, base="9600", reason="工资调整").amount == 144
    assert charges(member) == {1: 144, 2: 144, 3: 132}


def test_who_came_back_is_approved_from_his_return(branch, member):
    Membership.objects.update(ends_on=datetime.date(2026, 2, 9))
    Membership.objects.create(
        member=member, organisation=branch, starts_on=datetime.date(2026, 6, 10)
    )
    assert first_months(branch, [member], 2026) == {member.pk: datetime.date(2026, 6, 1)}
    assert first_months(branch, [member], 2025) == {member.pk: datetime.date(2025, 1, 1)}


# --- Two at once ---------------------------------------------------------------------------


def test_who_saw_an_older_amount_is_told(approve, member):
    seen = version(None)
    row = approve(member, seen=seen)
    message, _field = refusal(approve, member, base="9600", seen=seen)
    assert message == "许文桥的标准刚被别人改过，请看最新的数再核定"
    approve(member, base="9600", seen=version(row), reason="录入有误")
    assert ApprovedAmount.objects.get().amount == 144


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_one_member_at_once_the_second_is_told(branch, member):
    users = [make.make_user("secretary", branch), make.make_user("organiser", branch)]

    def act(user, base):
        return lambda: approve_amount(
            organisation=branch,
            year=2026,
            proposal=Proposal(member, Category.EMPLOYED, Decimal(base), seen=""),
            approved_on=DECIDED,
            by=user,
            today=TODAY,
        )

    results = at_once(act(users[0], "8800"), act(users[1], "9600"))
    assert sorted(type(result).__name__ for result in results) == ["ApprovedAmount", "Refused"]
    assert ApprovedAmount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_carry_forward_at_once_approve_everybody_once(branch):
    for member in make.make_members(branch, 3):
        last_year(member)
    users = [make.make_user("secretary", branch), make.make_user("organiser", branch)]
    at_once(*(lambda user=user: carry(branch, user) for user in users))
    assert ApprovedAmount.objects.filter(from_month=JANUARY).count() == 3
    assert Charge.objects.count() == 3


# --- Several at once -----------------------------------------------------------------------


def test_of_several_each_is_approved_whole_or_not_at_all(branch, by):
    good, bad = make.make_members(branch, 2)
    outcome = approve_several(
        organisation=branch,
        year=2026,
        proposals=[
            Proposal(bad, Category.EMPLOYED),
            Proposal(good, Category.RETIRED, Decimal("5000.00")),
        ],
        approved_on=DECIDED,
        by=by,
        today=TODAY,
    )
    assert [row.amount for row in outcome.approved] == [25]
    assert {pk: refused.field for pk, refused in outcome.refused.items()} == {bad.pk: "base"}
    assert ApprovedAmount.objects.get().member == good
    assert charges(bad) == {}


# --- Carrying forward ----------------------------------------------------------------------


def carry(branch, by, **facts):
    facts = {"year": 2026, "approved_on": DECIDED, "today": TODAY} | facts
    return carry_forward(organisation=branch, by=by, **facts)


def last_year(member, base="8800", amount="132.00", category=Category.EMPLOYED, **facts):
    return ApprovedAmount.objects.create(
        member=member,
        organisation=member.organisation,
        from_month=facts.pop("from_month", datetime.date(2025, 1, 1)),
        category=category,
        base=base and Decimal(base),
        amount=Decimal(amount),
        **facts,
    )


def test_one_act_carries_forward_everybody_with_a_last_amount_and_none_of_this_year(
    branch, by, approve
):
    paid, farmer, done, new = make.make_members(branch, 4)
    for member in (paid, done):
        last_year(member)
    last_year(farmer, None, "0.50", Category.FARMER)
    approve(done, base="9600")
    outcome = carry(branch, by)
    assert {(row.member_id, row.base, row.amount) for row in outcome.approved} == {
        (paid.pk, Decimal("8800.00"), Decimal("132.00")),
        (farmer.pk, None, Decimal("0.50")),
    }
    assert outcome.without == [new]
    assert shown_amounts([done.pk], 2026)[done.pk].amount == 144
    assert charges(paid) == {3: 132}
    assert TrailLine.objects.filter(action="核定党费标准").count() == 3
    # A second run finds nobody.
    with pytest.raises(Refused, match="没有可以沿用的"):
        carry(branch, by)


def test_carrying_forward_computes_by_the_rounding_of_this_year(branch, by, member):
    last_year(member, "5101", "76.52", computed=Decimal("76.52"))
    county_value(ROUNDING, "0.1", JANUARY)
    row = carry(branch, by).approved[0]
    assert (row.computed, row.amount, row.reason) == (Decimal("76.50"), Decimal("76.50"), "")


def test_a_sum_that_was_set_otherwise_is_carried_with_its_reason(branch, by):
    more, imported, outside = make.make_members(branch, 3)
    last_year(more, amount="150", computed=Decimal(132), reason="自愿多交")
    last_year(imported, amount="150")
    last_year(outside, None, "2.00", Category.FARMER, reason="村干部")
    rows = {row.member_id: (row.amount, row.reason) for row in carry(branch, by).approved}
    assert rows == {
        more.pk: (150, "自愿多交"),
        imported.pk: (150, "沿用上年核定"),
        outside.pk: (2, "村干部"),
    }


def test_the_newest_of_last_year_is_carried_without_the_reason_of_its_change(branch, by, member):
    last_year(member)
    last_year(member, "9600", "144", from_month=datetime.date(2025, 7, 1), reason="工资调整")
    row = carry(branch, by).approved[0]
    assert (row.from_month, row.base, row.amount, row.reason) == (JANUARY, 9600, 144, "")


def test_an_imported_amount_without_its_base_is_not_carried_and_named(branch, by):
    good, bare = make.make_members(branch, 2)
    last_year(good)
    last_year(bare, None, "50")
    outcome = carry(branch, by)
    assert [row.member_id for row in outcome.approved] == [good.pk]
    assert outcome.refused[bare.pk].field == "base"


def test_members_left_alone_and_members_of_others_are_not_carried(branch, by):
    mine, left = make.make_members(branch, 2)
    stranger = make.make_member(make.make_branch())
    gone = make.make_member(branch, ends_on=datetime.date(2026, 2, 10))
    for member in (mine, left, stranger, gone):
        last_year(member)
    assert [row.member_id for row in carry(branch, by, leave=[left.pk]).approved] == [mine.pk]


def test_nothing_is_carried_without_a_day(branch, by, member):
    last_year(member)
    with pytest.raises(Refused, match="请填写核定日期"):
        carry(branch, by, approved_on=None)
    assert ApprovedAmount.objects.count() == 1


# --- Reading -------------------------------------------------------------------------------


def test_the_roster_of_a_past_year_is_that_of_its_last_day(branch):
    stayed = make.make_member(branch)
    make.make_member(branch, joined_on=datetime.date(2026, 1, 1))
    gone = make.make_member(branch, ends_on=datetime.date(2026, 1, 31))
    assert members_to_approve(branch, 2025, TODAY) == [stayed, gone]


def test_branches_are_counted_by_their_rosters_of_today(branch):
    one, two = make.make_members(branch, 2)
    make.make_approved_amount(one)
    make.make_approved_amount(one, from_month=JULY)
    make.make_approved_amount(two, from_month=datetime.date(2025, 1, 1))
    assert approved_counts([branch], 2026, TODAY) == {branch.pk: (2, 1)}
