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
        ({"amount": "130"}, "按标准计算是 132.00 元，核定 130.00 元要写明理由", "reason"),
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
        "贺建云从2026年2月起在本县交纳党费，请选2026年2月或以后",
        "from_month",
    )
    assert approve(new).from_month == datetime.date(2026, 2, 1)
    assert charges(new) == {3: 132}


def test_who_came_from_elsewhere_owes_from_the_month_of_arrival(branch):
    member = make.make_member(branch, starts_on=datetime.date(2026, 2, 29 - 1))
    assert first_months([member], 2026) == {member.pk: datetime.date(2026, 2, 1)}
    assert first_months([member], 2027) == {member.pk: datetime.date(2027, 1, 1)}


def test_an_unknown_beginning_is_taken_as_always(branch):
    member = make.make_member(branch)
    Membership.objects.update(starts_on=None)
    assert first_months([member], 2026) == {member.pk: JANUARY}


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
    again = approve(member, base="8800")
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


# --- Two at once ---------------------------------------------------------------------------


def test_who_saw_an_older_amount_is_told(approve, member):
    seen = version(None)
    row = approve(member, seen=seen)
    message, _field = refusal(approve, member, base="9600", seen=seen)
    assert message == "许文桥的标准刚被别人改过，请看最新的数再核定"
    approve(member, base="9600", seen=version(row))
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
