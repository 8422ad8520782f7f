"""Dues from workbooks: approved amounts, charges, payments reversed and entered anew."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Organisation
from dues.models import ApprovedAmount, Charge, ChargeChange, DuesRequest, Payment
from dues.values import ROUNDING
from ledgers.services import ImportRefused, write_import
from members.models import Member, Membership
from tests import factories as make
from tests.compliance.verdicts import county_value
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    ROSTER,
    WANG,
    ZHANG,
    counts,
    dues,
    give,
    id_number,
    plan,
    reasons,
    remarks,
)

pytestmark = pytest.mark.django_db
FEBRUARY = datetime.date(2026, 2, 1)


@pytest.fixture
def county():
    give(COUNTY, ROSTER)


def charges(name):
    return list(
        Charge.objects.filter(member__name=name)
        .order_by("month")
        .values_list("month__month", "amount")
    )


def paid(name, month):
    found = Payment.objects.filter(member__name=name, month__month=month)
    return found.aggregate(total=Sum("amount"))["total"]


def test_a_year_is_stored_as_approval_charges_and_payments(county):
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, "１３２．００元", None]))
    assert counts(planned) == (1, 1, 0, 0, 0)
    approved = ApprovedAmount.objects.get()
    assert (approved.from_month, approved.category, approved.base, approved.amount) == (
        datetime.date(2026, 1, 1),
        "employed",
        Decimal("8800.00"),
        Decimal("132.00"),
    )
    assert charges("张伟") == [(1, 132), (2, 132), (3, 132)]
    assert list(Payment.objects.values_list("month__month", "amount", "paid_on")) == [
        (1, Decimal("132.00"), None),
        (2, Decimal("132.00"), None),
    ]
    assert Payment.objects.first().organisation.code == "B1"
    assert TrailLine.objects.filter(area="dues").count() == 1
    noted = Changed.objects.filter(area="dues").get()
    assert (noted.from_on, noted.to_on) == (datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


def test_the_same_year_again_changes_nothing(county):
    row = ["张伟", ZHANG, "在职", 8800, 132, 132, "¥132.00", 0]
    give(dues(row))
    assert counts(give(dues(row))) == (1, 0, 0, 1, 0)
    assert Payment.objects.count() == 2


def test_months_are_charged_from_joining_to_today(county):
    give(dues(["王强", WANG, "学生", None, 0.2, None, 0.2, None]), today=datetime.date(2026, 2, 20))
    assert charges("王强") == [(2, Decimal("0.20"))]


def test_a_sum_for_a_month_to_come_is_refused_and_a_blank_charges_nothing(county):
    today = datetime.date(2026, 1, 20)
    planned = plan(dues(["张伟", ZHANG, "学生", None, 0.2, 0.2, None, 0.2]), today=today)
    assert reasons(planned) == [(2, "3月", "2026年3月还没有到，党费不预收，到时再录入")]
    give(dues(["张伟", ZHANG, "学生", None, 0.2, 0.2, None, None]), today=today)
    assert charges("张伟") == [(1, Decimal("0.20"))]
    begun = dues(["张伟", ZHANG, "学生", None, 0.2, 0.2, 0.2, None])
    give(begun, today=datetime.date(2026, 2, 1))
    assert paid("张伟", 2) == Decimal("0.20")


def test_a_corrected_sum_is_reversed_and_entered_anew(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, 100, None]))
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, 132, None]))
    assert next(planned.lines()).cells == [{"column": "2月", "before": "100.00", "after": "132.00"}]
    first, reversal, anew = Payment.objects.filter(month=FEBRUARY).order_by("pk")
    assert (reversal.amount, reversal.reverses, reversal.reason) == (
        Decimal("-100.00"),
        first,
        "导入更正",
    )
    assert anew.amount == Decimal("132.00")
    assert paid("张伟", 2) == Decimal("132.00")


@pytest.mark.parametrize("cell", [0, "（清空）"])
def test_nothing_paid_takes_the_entry_back(county, cell):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, 132, None]))
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, cell, None]))
    assert paid("张伟", 2) == 0
    assert paid("张伟", 1) == 132


def test_a_blank_month_leaves_what_was_paid(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, 132, None]))
    assert counts(give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))) == (
        1,
        0,
        0,
        1,
        0,
    )


def test_a_corrected_amount_moves_the_charges_made_from_it(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 1320, 132, None, None]))
    Charge.objects.filter(month=FEBRUARY).update(amount=Decimal("60.00"))
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]))
    assert next(planned.lines()).cells == [
        {"column": "月应缴", "before": "1320.00", "after": "132.00"}
    ]
    assert ApprovedAmount.objects.get().amount == 132
    assert charges("张伟") == [(1, 132), (2, 60), (3, 132)]


def test_an_approval_inside_the_year_is_the_one_compared(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]))
    january = ApprovedAmount.objects.get()
    ApprovedAmount.objects.create(
        member=january.member,
        organisation=january.organisation,
        from_month=datetime.date(2026, 3, 1),
        category="employed",
        base=Decimal("10000.00"),
        amount=Decimal("150.00"),
        reason="调薪",
    )
    planned = give(dues(["张伟", ZHANG, "在职", 10000, 150, 132, None, None]))
    assert counts(planned) == (1, 0, 0, 1, 0)
    assert charges("张伟") == [(1, 132), (2, 132), (3, 132)]


def test_an_amount_that_differs_from_the_rates_is_kept_and_noted(county):
    planned = give(
        dues(
            ["张伟", ZHANG, "在职", 8800, 100, None, None, None],
            ["李娜", LI, "农民", None, 2, None, None, None],
        )
    )
    assert remarks(planned) == [
        (2, "月应缴", "按类别和基数计算是 132.00 元，按表中数保留"),
        (3, "月应缴", "农民党员一般每月 0.20 到 1.00 元，按表中数保留"),
    ]
    assert ApprovedAmount.objects.filter(amount__in=(100, 2)).count() == 2


def test_a_blank_amount_follows_from_category_and_base(county):
    give(dues(["张伟", ZHANG, "离退休", 5000.01, None, None, None, None]))
    assert ApprovedAmount.objects.get().amount == Decimal("50.00")


def test_a_farmers_amount_cannot_be_computed(county):
    planned = plan(dues(["张伟", ZHANG, "农民", None, None, None, None, None]))
    assert reasons(planned) == [
        (2, "月应缴", "“月应缴”不能为空：农民党员由支部在 0.20 到 1.00 元之间核定")
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("约132", "“约132”读不出金额，请只写数字，如 132.00"),
        ("132..5", "“132..5”读不出金额，请只写数字，如 132.00"),
        ("13 2x", "“13 2x”读不出金额，请只写数字，如 132.00"),
        (-132, "缴纳金额不能是负数，退还请在系统里冲正"),
    ],
)
def test_a_half_written_sum_is_refused_in_its_cell(county, cell, reason):
    planned = plan(dues(["张伟", ZHANG, "在职", 8800, 132, None, cell, None]))
    assert reasons(planned) == [(2, "2月", reason)]


@pytest.mark.parametrize("cell", ["132.", "1,32元", "￥132", " 132.00 "])
def test_sums_as_people_type_them(county, cell):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, cell, None]))
    assert paid("张伟", 2) == 132


def test_a_stranger_is_refused_and_another_name_noted(county):
    planned = plan(
        dues(
            ["赵六", id_number(8), "学生", None, 0.2, None, None, None],
            ["张玮", ZHANG, "学生", None, 0.2, None, None, None],
        )
    )
    assert reasons(planned) == [
        (2, "公民身份号码", "党员名册里没有这个身份证号，请核对，或先导入党员花名册")
    ]
    assert remarks(planned) == [(3, "姓名", "名册上这个身份证号是“张伟”，按身份证号记账")]


def test_a_sheet_of_payments_alone_asks_for_no_amount(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    planned = plan(
        (
            "2026年党费",
            [["姓名", "身份证号", "缴费类别", "六月"], ["张伟", ZHANG, None, 132]],
        )
    )
    assert counts(planned) == (1, 0, 1, 0, 0)


def test_roster_and_dues_of_new_members_come_in_one_call():
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]), ROSTER, COUNTY)
    assert [counts(planned, sheet) for sheet in range(3)] == [
        (1, 1, 0, 0, 0),
        (3, 3, 0, 0, 0),
        (4, 4, 0, 0, 0),
    ]
    assert paid("张伟", 1) == 132


def test_a_reversal_and_what_follows_it_keep_the_day_of_payment(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, 100, None]))
    day = datetime.date(2026, 2, 9)
    Payment.objects.update(paid_on=day)
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, 132, None]))
    assert list(Payment.objects.order_by("pk").values_list("amount", "paid_on")) == [
        (100, day),
        (-100, day),
        (132, day),
    ]


def transfer(name, code, on):
    """The member has been in another branch since that day."""
    member = Member.objects.get(name=name)
    there = Organisation.objects.get(code=code)
    before = member.memberships.filter(ends_on__isnull=True)
    before.update(ends_on=on - datetime.timedelta(days=1))
    Membership.objects.create(member=member, organisation=there, starts_on=on)
    Member.objects.filter(pk=member.pk).update(organisation=there)


def test_months_of_another_branch_are_out_of_reach(county):
    transfer("张伟", "B2", datetime.date(2026, 3, 1))
    user = make.make_user(Role.SECRETARY, Organisation.objects.get(code="B2"))
    planned = plan(dues(["张伟", ZHANG, "在职", 8800, 132, None, 132, 132]), user=user)
    reason = "这个月的党费归另一个党支部，不在你的导入范围内，请由那个支部或上级党委修改"
    assert reasons(planned) == [(2, "2月", reason)]
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 132]), user=user)
    assert charges("张伟") == [(3, 132)]


def test_entries_of_another_branch_are_not_reversed(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 100]))
    transfer("张伟", "B2", datetime.date(2026, 3, 1))
    user = make.make_user(Role.SECRETARY, Organisation.objects.get(code="B2"))
    planned = plan(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 132]), user=user)
    assert [column for _row, column, _reason in reasons(planned)] == ["3月"]


def test_charges_of_another_branch_are_left_and_noted(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 1320, None, None, None]))
    transfer("张伟", "B2", datetime.date(2026, 3, 1))
    user = make.make_user(Role.SECRETARY, Organisation.objects.get(code="B2"))
    Charge.objects.filter(month__month=3).update(organisation=Organisation.objects.get(code="B2"))
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]), user=user)
    assert charges("张伟") == [(1, 1320), (2, 1320), (3, 132)]
    reason = "这个月的党费归另一个党支部，不在你的导入范围内，应缴没有改动"
    assert remarks(planned) == [(2, "1月", reason), (2, "2月", reason)]


def test_branches_of_reversed_entries_and_new_charges_are_judged_again(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 100]))
    transfer("张伟", "B2", datetime.date(2026, 3, 1))
    Charge.objects.all().delete()
    Changed.objects.all().delete()
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 0]))
    noted = Changed.objects.filter(area="dues")
    assert set(noted.values_list("organisation__code", flat=True)) == {"B1", "B2"}


# --- Approved amounts, and what became of the charges -----------------------------------------


def test_what_the_rates_give_is_stored_with_who_brought_it_and_no_day(county):
    user = make.make_user(Role.SECRETARY, Organisation.objects.get(code="B1"))
    give(
        dues(
            ["张伟", ZHANG, "在职", 8800, 100, None, None, None],
            ["李娜", LI, "农民", None, 0.5, None, None, None],
        ),
        by=user,
    )
    rows = ApprovedAmount.objects.order_by("pk")
    assert [(row.computed, row.amount) for row in rows] == [(132, 100), (None, Decimal("0.50"))]
    assert {(row.approved_on, row.approved_by) for row in rows} == {(None, user)}


def test_notes_and_amounts_use_the_countys_rounding(county):
    county_value(ROUNDING, "1", datetime.date(2026, 1, 1))
    planned = give(
        dues(
            ["张伟", ZHANG, "在职", 5101, 76.52, None, None, None],
            ["李娜", LI, "在职", 5101, None, None, None, None],
            ["王强", WANG, "在职", 5101, 77, None, None, None],
        )
    )
    assert remarks(planned) == [(2, "月应缴", "按类别和基数计算是 77.00 元，按表中数保留")]
    stored = dict(ApprovedAmount.objects.values_list("member__name", "amount"))
    assert stored == {"张伟": Decimal("76.52"), "李娜": 77, "王强": 77}


def test_a_sheet_of_a_past_year_is_rounded_as_then(county):
    county_value(ROUNDING, "1", datetime.date(2026, 1, 1))
    year = dues(["张伟", ZHANG, "在职", 5101, None, None, None, None], name="2025年党费")
    give(year)
    assert ApprovedAmount.objects.get().amount == Decimal("76.52")


def test_a_corrected_charge_keeps_its_difference_beside_it(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 1320, 132, None, None]))
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]))
    row = ApprovedAmount.objects.get()
    assert (row.computed, row.amount) == (132, 132)
    changes = ChargeChange.objects.filter(charge__member__name="张伟")
    assert [(one.charge.month.month, one.difference, one.reason) for one in changes] == [
        (1, -1188, "导入更正"),
        (2, -1188, "导入更正"),
        (3, -1188, "导入更正"),
    ]
    for charge in Charge.objects.all():
        assert charge.amount == 1320 + sum(one.difference for one in charge.changes.all())


def test_charges_made_from_last_years_amount_follow_the_new_one(county):
    give(dues(["张伟", ZHANG, "在职", 8800, None, None, None, None], name="2025年党费"))
    member = Member.objects.get(name="张伟")
    Charge.objects.all().delete()
    for month in (1, 2):
        make.make_charge(member, datetime.date(2026, month, 1), "132.00")
    planned = give(dues(["张伟", ZHANG, "在职", 9600, None, None, None, None]))
    assert remarks(planned) == [(2, "月应缴", "今年已生成的应缴，导入后按表中的标准调整")]
    assert charges("张伟")[:2] == [(1, 144), (2, 144)]
    assert set(ChargeChange.objects.values_list("difference", "reason")) == {(12, "导入更正")}


def test_a_month_that_is_exempt_stays_free_of_charge(county):
    member = Member.objects.get(name="张伟")
    DuesRequest.objects.create(
        organisation=member.organisation,
        member=member,
        kind="exemption",
        from_month=FEBRUARY,
        until_month=FEBRUARY,
        reason="生活困难",
        state="approved",
        asked_on=FEBRUARY,
        decided_on=FEBRUARY,
    )
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    assert charges("张伟")[:3] == [(1, 132), (2, 0), (3, 132)]


def test_a_charge_that_moved_since_the_preview_is_not_written_over(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 1320, 132, None, None]))
    planned = plan(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    Charge.objects.filter(month=FEBRUARY).update(amount=Decimal("60.00"))
    with pytest.raises(ImportRefused):
        write_import(planned, by=None)
    assert charges("张伟") == [(1, 1320), (2, 60), (3, 1320)]


# --- Old debts, long past months, several branches --------------------------------------------


def opened(name, since_month):
    """Dues of the county begin in January 2026; the member owed for the months from then on."""
    give(dues([name, ZHANG, "在职", 8800, 132, None, None, None]))
    member = Member.objects.get(name=name)
    return make.make_opening(member, since_month, "264.00")


def test_a_sum_for_a_month_of_an_opening_balance_is_refused_in_its_cell(county):
    opened("张伟", datetime.date(2025, 2, 1))
    year = dues(["张伟", ZHANG, "在职", 8800, 132, 132, 132, None], name="2025年党费")
    reason = "期初欠缴已登记到2025年12月，请先冲正期初欠缴再导入，或在系统里登记补交"
    assert reasons(plan(year)) == [(2, "2月", reason)]


def test_a_blank_month_of_an_opening_balance_is_not_owed_twice(county):
    opened("张伟", datetime.date(2025, 2, 1))
    planned = give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None], name="2025年党费"))
    reason = "期初欠缴已登记到2025年12月，2月、3月没有另记应缴"
    assert remarks(planned) == [(2, "2月", reason)]
    months = Charge.objects.filter(month__year=2025).values_list("month__month", flat=True)
    assert list(months) == [1]


def test_an_old_debt_entered_since_the_preview_is_not_written_over(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    planned = plan(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None], name="2025年党费"))
    make.make_opening(Member.objects.get(name="张伟"), datetime.date(2025, 1, 1))
    with pytest.raises(ImportRefused):
        write_import(planned, by=None)
    assert not Payment.objects.exists()


def test_a_late_payment_of_what_was_charged_is_taken_and_noted(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    late = dues(["张伟", ZHANG, "在职", 8800, 132, None, 132, 132])
    assert remarks(give(late)) == [(2, "2月", "补交超过 6 个月，应有上级同意，请核对")]
    assert paid("张伟", 2) == paid("张伟", 3) == 132


def test_what_the_superior_allowed_and_what_comes_with_its_charge_is_not_noted(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    member = Member.objects.get(name="张伟")
    make.make_dues_request(
        member, "back_payment", from_month=FEBRUARY, until_month=FEBRUARY, state="approved"
    )
    planned = give(
        dues(
            ["张伟", ZHANG, "在职", 8800, 132, None, 132, None],
            ["李娜", LI, "学生", None, 0.2, 0.2, 0.2, 0.2],
        )
    )
    assert remarks(planned) == []


def test_a_sum_for_a_month_in_no_branch_is_noted(county):
    Membership.objects.filter(member__name="张伟").update(starts_on=FEBRUARY)
    Member.objects.filter(name="张伟").update(joined_on=None)
    planned = give(dues(["张伟", ZHANG, "学生", None, 0.2, 0.2, 0.2, None]))
    assert remarks(planned) == [(2, "1月", "这个月不在任何党支部，请核对")]


def branches_of(name):
    found = Payment.objects.filter(member__name=name).order_by("pk")
    return list(found.values_list("organisation__code", "amount"))


def test_a_correction_leaves_the_money_in_the_branch_that_took_it(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 132]))
    transfer("张伟", "B2", datetime.date(2026, 3, 20))
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 100]))
    assert branches_of("张伟") == [("B1", 132), ("B1", -132), ("B1", 100)]


def test_a_first_sum_goes_to_the_branch_that_charged_the_month(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, None]))
    transfer("张伟", "B2", datetime.date(2026, 3, 20))
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 132]))
    assert branches_of("张伟") == [("B1", 132)]


def test_of_a_month_paid_at_two_branches_only_what_is_wrong_is_reversed(county):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 60]))
    member, march = Member.objects.get(name="张伟"), datetime.date(2026, 3, 1)
    member.organisation = Organisation.objects.get(code="B2")
    make.make_payment(member, march, "50.00", paid_on=march)
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 132]))
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 100]))
    assert branches_of("张伟") == [
        ("B1", 60),
        ("B2", 50),
        ("B2", 22),
        ("B2", -50),
        ("B2", -22),
        ("B2", 40),
    ]
