"""One county's dues: pages, workbooks and database say the same, to the fen, on every level."""

import datetime
from decimal import Decimal

import openpyxl
import pytest
from django.db.models import Sum
from django.urls import reverse

from accounts.roles import Role
from branches.models import Kind, Organisation
from branches.periods import Span, month_end, month_of, period_of
from branches.services import move_organisation
from compliance.services import run_night
from dues import sums
from dues.models import Charge, ChargeChange, Payment
from dues.services import charges, payments, remittances
from dues.words import money
from ledgers.exports.dues_book import export_dues_book
from ledgers.exports.services import export_ledger
from members.models import Membership
from tests import factories as make

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
JAN, FEB, MARCH, APRIL = MONTHS = [datetime.date(2026, month, 1) for month in range(1, 5)]
MOVED_ON = datetime.date(2026, 3, 15)
PERIODS = [
    *(period_of(Span.MONTH, month) for month in MONTHS),
    period_of(Span.QUARTER, MARCH),
    period_of(Span.QUARTER, APRIL),
    period_of(Span.YEAR, APRIL),
]


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.TODAY_OVERRIDE = TODAY


def paying(branch, amount, **facts):
    member = make.make_member(branch, **facts)
    make.make_approved_amount(member, amount)
    return member


def move(member, to, on):
    """The relation goes to another branch on a day."""
    Membership.objects.filter(member=member).update(ends_on=on - datetime.timedelta(days=1))
    Membership.objects.create(member=member, organisation=to, starts_on=on)
    member.organisation = to
    member.save(update_fields=["organisation"])


def pay(by, member, branch, months, amount, today=None):
    for month in months:
        payments.add_payment(
            seen=Decimal(0),
            member=member,
            organisation=branch,
            month=month,
            amount=Decimal(amount),
            by=by,
            today=today or month.replace(day=8),
            confirmed=True,
        )


@pytest.fixture
def county(request):
    """Two towns, one with a general branch; a quarter and a bit in which everything happened."""
    county = make.make_county(code="COUNTY")
    town = make.make_committee(county, "荻浦镇党委", code="TOWN")
    street = make.make_committee(county, "柳汀街道党工委", code="STREET")
    general = make.make_organisation(Kind.GENERAL_BRANCH, street, "松涧里社区党总支")
    a, b = (make.make_branch(town, code=code) for code in "AB")
    c, d = make.make_branch(street, code="C"), make.make_branch(general, code="D")
    by = make.make_user(Role.SECRETARY, a, "shuji")
    officer = make.make_user(Role.COMMITTEE_OFFICER, town)

    good, wrong, mover, eased = (paying(a, sum) for sum in ("5.10", "5.30", "0.20", "18.05"))
    paid_mover, exempt, dead = (paying(b, sum) for sum in ("33.33", "12.70", "7.00"))
    late, part = paying(c, "10.40"), paying(d, "20.00")
    for month in MONTHS[:3]:
        charges.charge_month(month)
    pay(by, good, a, MONTHS[:3], "5.10")
    pay(by, late, c, [JAN], "10.40", today=datetime.date(2026, 2, 10))
    pay(by, late, c, [MARCH], "10.40", today=datetime.date(2026, 4, 2))
    pay(by, part, d, [JAN, MARCH], "19.99")
    # Corrected: 53.00 was a slip; February is paid a little too much.
    pay(by, wrong, a, [JAN, MARCH], "53.00")
    pay(by, wrong, a, [FEB], "6.00")
    for month in (JAN, MARCH):
        payments.correct_payment(
            member=wrong,
            organisation=a,
            month=month,
            amount=Decimal("5.30"),
            seen=Decimal("53.00"),
            by=by,
            today=TODAY,
            reason="多写一位",
        )
    # Two change their branch in mid-month; one had paid for the month before he went.
    pay(by, mover, a, [JAN, FEB], "0.20")
    move(mover, c, MOVED_ON)
    pay(by, paid_mover, b, MONTHS[:3], "33.33")
    move(paid_mover, d, MOVED_ON)
    charges.settle([mover.pk, paid_mover.pk], MARCH, today=TODAY, reason="转接组织关系", by=by)
    pay(by, mover, c, [MARCH], "0.20", today=TODAY)
    # One pays less from February on, one is exempt after he had paid, one died owing.
    make.make_dues_request(
        eased,
        "reduction",
        from_month=FEB,
        until_month=APRIL,
        amount="5.00",
        state="approved",
    )
    pay(by, exempt, b, MONTHS[:3], "12.70")
    make.make_dues_request(
        exempt, "exemption", from_month=MARCH, until_month=MARCH, state="approved"
    )
    dead.left_on, dead.left_reason = datetime.date(2026, 2, 12), "去世"
    dead.save(update_fields=["left_on", "left_reason"])
    Membership.objects.filter(member=dead).update(ends_on=dead.left_on)
    charges.settle([eased.pk, exempt.pk, dead.pk], JAN, today=TODAY, reason="批准减免", by=by)
    pay(by, eased, a, [FEB], "5.00")
    charges.charge_month(APRIL)
    pay(by, good, a, [APRIL], "5.10")
    # The town sends the first quarter of one branch up; another branch goes to the street in April.
    sent = remittances.send(
        organisation=a,
        quarter=period_of(Span.QUARTER, MARCH),
        amount=sum_of(Payment, organisation=a, month__lte=MARCH),
        remitted_on=datetime.date(2026, 4, 9),
        slip_number="甲-7",
        by=by,
        today=TODAY,
    )
    remittances.confirm(remittance=sent, by=officer, today=TODAY)
    move_organisation(b, to=street, by=None, on=APRIL)
    return county


def sum_of(model, **conditions):
    return model.objects.filter(**conditions).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def entries_in(period):
    """What the database says of a period."""
    span = {"month__gte": period.starts_on, "month__lte": period.ends_on}
    return tuple(round(Decimal(sum_of(model, **span)), 2) for model in (Charge, Payment))


def walk(organisation, period):
    """The table of an organisation and of everything below it."""
    shown = sums.table([organisation], period, today=TODAY, until=TODAY)
    yield shown
    for line in shown.lines:
        if not line.is_branch and line.pk != organisation.pk:
            yield from walk(Organisation.objects.get(pk=line.pk), period)


def rows(path, sheet):
    heads, *lines = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def total(lines, heading):
    return round(sum(Decimal(str(line[heading] or 0)) for line in lines), 2)


def monthly(tmp_path, organisation, month):
    path = tmp_path / "month.xlsx"
    export_ledger(
        organisation=organisation,
        month=month_of(f"{month:%Y-%m}"),
        today=TODAY,
        by=None,
        path=path,
        folder=tmp_path,
    )
    return rows(path, "总览")


def test_the_county_has_what_the_story_says(county):
    """So that the sums below are not all zero, or right by accident."""
    march = sums.table([county], PERIODS[2], today=TODAY, until=TODAY).total
    owed = {
        (charge.member.approved_amounts.get().amount, charge.organisation.code): charge.amount
        for charge in Charge.objects.filter(month=MARCH)
    }
    assert owed == {
        (Decimal("5.10"), "A"): Decimal("5.10"),
        (Decimal("5.30"), "A"): Decimal("5.30"),
        (Decimal("0.20"), "C"): Decimal("0.20"),
        (Decimal("18.05"), "A"): Decimal("5.00"),
        (Decimal("33.33"), "B"): Decimal("33.33"),
        (Decimal("12.70"), "B"): Decimal("0.00"),
        (Decimal("7.00"), "B"): Decimal("0.00"),
        (Decimal("10.40"), "C"): Decimal("10.40"),
        (Decimal("20.00"), "D"): Decimal("20.00"),
    }
    assert ChargeChange.objects.count() >= 4
    assert (march.due, march.full) == (7, 5)
    assert (march.charged, march.paid) == (Decimal("79.33"), Decimal("87.02"))
    assert (march.unpaid, march.over) == (Decimal("5.01"), Decimal("12.70"))
    assert march.late == Decimal("10.60")


@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_county_committees_branches_and_entries_add_up(county, period):
    charged, paid = entries_in(period)
    shown = list(walk(county, period))
    assert (shown[0].total.charged, shown[0].total.paid) == (charged, paid)
    for one in shown:
        for name in ("due", "full", "charged", "paid", "late", "unpaid", "remitted", "over"):
            assert sum(getattr(line.total, name) for line in one.lines) == getattr(one.total, name)
    branches = [line for one in shown for line in one.lines if line.is_branch]
    assert sorted(line.code for line in branches) == ["A", "B", "C", "D"]
    assert sum(line.total.paid for line in branches) == paid


@pytest.mark.parametrize("period", PERIODS, ids=str)
def test_the_pages_show_these_sums(client, county, period):
    run_night(TODAY)
    client.force_login(make.make_user(Role.COUNTY_OFFICER, county))
    charged, paid = entries_in(period)
    kpis = client.get(reverse("overview"), {"period": str(period)}).context["kpis"]
    (card,) = [kpi for kpi in kpis if kpi["label"] == "党费按月收缴"]
    assert card["note"] == f"应缴 ¥{money(charged)}，实缴 ¥{money(paid)}"
    page = client.get(card["url"])
    assert page.context["period_label"] == period.label
    figures = page.context["total"]
    assert (figures["charged"], figures["paid"]) == (money(charged), money(paid))
    assert (card["number"], card["unit"]) == (figures["share"], "%")


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_the_monthly_workbook_has_them_less_what_came_later(tmp_path, county, month):
    period = period_of(Span.MONTH, month)
    charged, paid = entries_in(period)
    own, *children = monthly(tmp_path, county, month)
    live = sums.table([county], period, today=TODAY, until=TODAY).total
    for heading, amount in (
        ("应缴党费合计(元)", charged),
        ("实缴党费合计(元)", paid - live.late),
        ("应缴人数", live.due),
    ):
        assert total([own], heading) == total(children, heading) == amount
    later = Payment.objects.filter(month=month, paid_on__gt=month_end(month))
    assert live.late == round(Decimal(later.aggregate(sum=Sum("amount"))["sum"] or 0), 2)


def test_the_dues_workbook_has_them_on_every_sheet(tmp_path, county):
    path = tmp_path / "dues.xlsx"
    year = PERIODS[-1]
    charged, paid = entries_in(year)

    def book(organisation):
        export_dues_book(
            organisation=organisation,
            year=2026,
            today=TODAY,
            by=None,
            path=path,
            folder=tmp_path,
        )

    book(county)
    matrix, entries, shown = (rows(path, name) for name in ("党费", "党费明细", "党费汇总"))
    for number, month in enumerate(MONTHS, 1):
        assert total(matrix, f"{number}月") == entries_in(period_of(Span.MONTH, month))[1]
    money_taken = [row for row in entries if row["记账类别"] in ("收缴", "冲正")]
    assert total(money_taken, "金额") == paid
    assert len(money_taken) == Payment.objects.count()
    own = shown[0]
    assert (total([own], "应缴(元)"), total([own], "实缴(元)")) == (charged, paid)
    below = {row["编码"]: row for row in shown}
    for heading in ("应缴(元)", "实缴(元)", "未缴(元)", "差额", "已上缴", "其中已确认"):
        branches = [below[code] for code in "ABCD"]
        committees = [below["TOWN"], below["STREET"]]
        assert total([own], heading) == total(committees, heading) == total(branches, heading)
    # A committee's own workbook says of itself what the county's says of it.
    for code in ("TOWN", "STREET"):
        book(Organisation.objects.get(code=code))
        (line, *_below), details = rows(path, "党费汇总"), rows(path, "党费明细")
        assert line["实缴(元)"] == below[code]["实缴(元)"]
        taken = [row for row in details if row["记账类别"] in ("收缴", "冲正")]
        assert total(taken, "金额") == total([line], "实缴(元)")


def test_what_went_up_is_what_the_remittance_says(county):
    first = sums.table([county], PERIODS[4], today=TODAY, until=TODAY).total
    assert (
        first.remitted
        == first.confirmed
        == sum_of(Payment, organisation__code="A", month__lte=MARCH)
    )
    assert first.kept == first.paid - first.remitted
