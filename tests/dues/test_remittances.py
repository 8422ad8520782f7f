"""The dues of a quarter go up once, to the fen, and come back only by a return."""

import contextlib
import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import TrailLine
from accounts.roles import Role
from branches.grants import grant_role
from branches.models import Attachment, Changed, Organisation, Setting
from branches.periods import add_months, months_between, period_named
from branches.services import move_organisation
from branches.values import Values
from dues.enums import RemittanceState
from dues.models import Charge, Payment, Remittance
from dues.remittance_sums import branch_quarters, folded, total
from dues.remitting import QuarterSheet, Standing, due_on, loose_entries, open_quarter_before
from dues.services import Refused, remittances
from dues.values import REMIT_DAY
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 2, 3, 4))
Q1, Q2, Q3 = (period_named(f"2026-Q{number}") for number in (1, 2, 3))
TODAY = datetime.date(2026, 4, 8)
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def committee():
    return factories.make_committee(name="柳汀街道党工委")


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


@pytest.fixture
def officer(committee):
    return factories.make_user(Role.COMMITTEE_OFFICER, committee, name="宋佳宁")


def charged(branch, first=JANUARY, count=3, amount="20.00", name=None):
    member = factories.make_member(branch, name)
    for month in months_between(first, add_months(first, count - 1)):
        factories.make_charge(member, month, amount)
    return member


def send(branch, by, quarter=Q1, amount="60.00", today=TODAY, **facts):
    facts.setdefault("remitted_on", today)
    facts.setdefault("slip_number", "HD-0417")
    return remittances.send(
        organisation=branch, quarter=quarter, amount=Decimal(amount), by=by, today=today, **facts
    )


def paid_quarter(branch, first=JANUARY, amount="20.00", name=None):
    """A member who paid each of three months."""
    member = charged(branch, first, amount=amount, name=name)
    for month in months_between(first, add_months(first, 2)):
        factories.make_payment(member, month, amount, paid_on=month.replace(day=8))
    return member


def reversed_payment(payment):
    return factories.make_payment(
        payment.member, payment.month, f"-{payment.amount}", reverses=payment
    )


# --- What goes with a quarter ---------------------------------------------------------------


def test_the_entries_of_the_three_months_go_with_their_quarter(branch, secretary):
    member = paid_quarter(branch)
    april = factories.make_payment(member, APRIL)
    elsewhere = factories.make_payment(factories.make_member(factories.make_branch()), MARCH)
    row = send(branch, secretary)
    assert (row.state, row.computed, row.member_count) == ("sent", Decimal("60.00"), 1)
    assert Payment.objects.filter(remittance=row).count() == 3
    april.refresh_from_db()
    elsewhere.refresh_from_db()
    assert april.remittance_id is None
    assert elsewhere.remittance_id is None


def test_what_comes_after_sending_goes_with_the_next_quarter(branch, secretary):
    member = charged(branch, count=6)
    factories.make_payment(member, JANUARY)
    send(branch, secretary, amount="20.00")
    late = factories.make_payment(member, MARCH)
    factories.make_payment(member, APRIL)
    sheet = QuarterSheet(branch, Q1, TODAY)
    assert sheet.later == (1, Decimal("20.00"))
    assert (sheet.computed, sheet.paid) == (Decimal("20.00"), Decimal("40.00"))
    row = send(branch, secretary, Q2, "40.00", datetime.date(2026, 7, 2))
    late.refresh_from_db()
    assert late.remittance == row
    parts = {part.label: part.amount for part in QuarterSheet(branch, Q2, TODAY).parts()}
    assert parts["补交以前季度"] == Decimal("20.00")
    assert sum(parts.values()) == row.computed == Decimal("40.00")


def test_a_sum_taken_back_after_it_went_up_lowers_the_next_quarter(branch, secretary):
    member = paid_quarter(branch)
    send(branch, secretary)
    wrong = Payment.objects.get(member=member, month=MARCH)
    reversed_payment(wrong)
    factories.make_payment(member, MARCH, "18.00")
    factories.make_charge(member, APRIL)
    factories.make_payment(member, APRIL)
    sheet = QuarterSheet(branch, Q2, datetime.date(2026, 7, 2))
    parts = {part.label: part.amount for part in sheet.parts()}
    assert parts == {
        "2026年4月": Decimal("20.00"),
        "2026年5月": Decimal("0.00"),
        "2026年6月": Decimal("0.00"),
        "补交以前季度": Decimal("18.00"),
        "更正以前已上缴的": Decimal("-20.00"),
    }
    assert sheet.computed == Decimal("18.00")


def test_a_correction_before_sending_shows_the_sum_that_stands(branch, secretary):
    member = paid_quarter(branch)
    reversed_payment(Payment.objects.get(member=member, month=MARCH))
    factories.make_payment(member, MARCH, "25.00")
    sheet = QuarterSheet(branch, Q1, TODAY)
    assert [part.amount for part in sheet.parts()] == [
        Decimal("20.00"),
        Decimal("20.00"),
        Decimal("25.00"),
    ]
    assert (sheet.computed, sheet.member_count) == (Decimal("65.00"), 1)


def test_a_month_before_the_county_began_goes_with_the_next_quarter(branch, secretary):
    member = charged(branch)
    old = factories.make_payment(member, datetime.date(2025, 11, 1), "8.00")
    factories.make_payment(member, JANUARY)
    row = send(branch, secretary, amount="28.00")
    old.refresh_from_db()
    assert old.remittance == row


# --- Sending --------------------------------------------------------------------------------


def test_sending_leaves_a_line_and_asks_for_a_new_verdict(branch, secretary):
    paid_quarter(branch)
    Changed.objects.all().delete()
    row = send(branch, secretary, uploads=[SimpleUploadedFile("回单.pdf", PDF)])
    line = TrailLine.objects.get(area="remittances", object_id=row.pk)
    assert (line.action, line.organisation_id) == ("报送党费上缴", branch.pk)
    assert line.after["上缴金额"] == "60.00"
    assert line.after["附件"] == "回单.pdf"
    note = Changed.objects.get(area="dues")
    assert (note.organisation_id, note.from_on, note.to_on) == (
        branch.pk,
        JANUARY,
        datetime.date(2026, 3, 31),
    )
    assert Attachment.objects.get().organisation == branch
    assert (row.sent_by, row.remitted_on) == (secretary, TODAY)


@pytest.mark.parametrize(
    ("quarter", "today", "words"),
    [
        (Q2, datetime.date(2026, 3, 31), "还没有到"),
        (Q1, datetime.date(2026, 2, 28), "2026年3月1日起"),
        (period_named("2026-Q4"), datetime.date(2026, 11, 30), "2026年12月1日起"),
    ],
)
def test_a_quarter_is_sent_from_its_last_month_on(branch, secretary, quarter, today, words):
    charged(branch)
    with pytest.raises(Refused, match=words):
        send(branch, secretary, quarter, "0", today)
    assert not Remittance.objects.exists()


def test_march_pays_for_the_first_quarter(branch, secretary):
    paid_quarter(branch)
    row = send(branch, secretary, today=MARCH.replace(day=8))
    assert row.state == RemittanceState.SENT


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"remitted_on": datetime.date(2026, 4, 9)}, "remitted_on"),
        ({"remitted_on": datetime.date(2025, 12, 31)}, "remitted_on"),
        ({"slip_number": "  "}, "slip_number"),
        ({"amount": "59.99"}, "explanation"),
        ({"amount": "-1"}, "amount"),
        ({"seen": Decimal("40.00")}, "amount"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_taken(branch, secretary, facts, field):
    paid_quarter(branch)
    with pytest.raises(Refused) as refused:
        send(branch, secretary, **facts)
    assert refused.value.field == field
    assert not Remittance.objects.exists()
    assert not Payment.objects.filter(remittance__isnull=False).exists()


def test_the_day_of_the_last_payment_and_today_are_no_mistakes(branch, secretary):
    paid_quarter(branch)
    last = MARCH.replace(day=8)
    assert send(branch, secretary, remitted_on=last).remitted_on == last


@pytest.mark.parametrize("day", [FEBRUARY.replace(day=28), MARCH.replace(day=7)])
def test_nothing_is_handed_over_before_it_came_in(branch, secretary, day):
    paid_quarter(branch)
    with pytest.raises(Refused) as refused:
        send(branch, secretary, remitted_on=day)
    assert refused.value.field == "remitted_on"
    assert not Remittance.objects.exists()


def test_another_sum_needs_its_explanation(branch, secretary):
    paid_quarter(branch)
    row = send(branch, secretary, amount="55.00", explanation="找零 5 元下季度补")
    assert (row.amount, row.computed) == (Decimal("55.00"), Decimal("60.00"))
    (found,) = branch_quarters(branch.parent, Q1, TODAY)
    assert found.difference == Decimal("-5.00")


def test_an_earlier_quarter_that_has_not_gone_up_comes_first(branch, secretary):
    charged(branch, count=6)
    with pytest.raises(remittances.EarlierOpen) as refused:
        send(branch, secretary, Q2, "0", datetime.date(2026, 7, 2))
    assert refused.value.quarter == Q1
    assert "2026年一季度" in str(refused.value)
    send(branch, secretary, amount="0", slip_number="")
    assert open_quarter_before(branch, Q2, TODAY) is None
    assert send(branch, secretary, Q2, "0", datetime.date(2026, 7, 2)).state == "sent"


def test_a_quarter_without_charges_is_no_gap(branch, secretary):
    charged(branch, first=JANUARY)
    send(branch, secretary, amount="0", slip_number="")
    charged(branch, first=datetime.date(2026, 7, 1))
    assert send(branch, secretary, Q3, "0", datetime.date(2026, 10, 3)).state == "sent"


def test_nothing_at_all_is_not_sent(branch, secretary):
    factories.make_charge(factories.make_member(factories.make_branch()), JANUARY)
    with pytest.raises(Refused, match="不用上缴"):
        send(branch, secretary, amount="0")


def test_a_sum_below_nothing_names_the_way_out(branch, secretary):
    member = paid_quarter(branch)
    row = send(branch, secretary)
    reversed_payment(Payment.objects.get(member=member, month=MARCH))
    factories.make_charge(member, APRIL)
    with pytest.raises(Refused, match="退回2026年一季度"):
        send(branch, secretary, Q2, "0", datetime.date(2026, 7, 2))
    remittances.send_back(remittance=row, reason="改正三月", by=secretary, today=TODAY)
    assert send(branch, secretary, amount="40.00").computed == Decimal("40.00")


def test_a_quarter_is_sent_once(branch, secretary):
    paid_quarter(branch)
    send(branch, secretary)
    with pytest.raises(Refused, match="已由林守正报送"):
        send(branch, secretary)
    with pytest.raises(Refused, match="不用再报"):
        remittances.save_draft(
            organisation=branch,
            quarter=Q1,
            amount=Decimal("1"),
            remitted_on=TODAY,
            by=secretary,
            today=TODAY,
        )


def test_a_draft_takes_nothing_and_may_differ(branch, secretary):
    paid_quarter(branch)
    row = remittances.save_draft(
        organisation=branch,
        quarter=Q1,
        amount=Decimal("50"),
        remitted_on=TODAY,
        by=secretary,
        today=TODAY,
    )
    assert (row.state, row.slip_number) == ("draft", "")
    assert loose_entries(branch, Q1, TODAY).count() == 3
    assert send(branch, secretary).pk == row.pk


# --- The superior ---------------------------------------------------------------------------


def test_a_confirmed_quarter_says_who_and_when(branch, secretary, officer):
    paid_quarter(branch)
    row = send(branch, secretary)
    row = remittances.confirm(remittance=row, by=officer, today=TODAY, seen=Decimal("60.00"))
    assert (row.state, row.decided_by, row.decided_on) == ("confirmed", officer, TODAY)
    line = TrailLine.objects.filter(area="remittances").order_by("pk").last()
    assert (line.before["状态"], line.after["状态"]) == ("待确认", "已确认")
    with pytest.raises(Refused, match="已确认"):
        remittances.confirm(remittance=row, by=officer, today=TODAY)


def test_what_was_returned_is_corrected_and_sent_again(branch, secretary, officer):
    member = paid_quarter(branch)
    row = send(branch, secretary)
    with pytest.raises(Refused) as refused:
        remittances.send_back(remittance=row, reason=" ", by=officer, today=TODAY)
    assert refused.value.field == "reason"
    row = remittances.send_back(remittance=row, reason="少了一人", by=officer, today=TODAY)
    assert (row.state, row.opinion) == ("returned", "少了一人")
    assert not row.payments.exists()
    other = charged(branch, name="龚丽华")
    factories.make_payment(other, MARCH, "7.00")
    again = send(branch, secretary, amount="67.00", slip_number="HD-0418")
    assert (again.pk, again.opinion, again.member_count) == (row.pk, "", 2)
    assert set(again.payments.values_list("member_id", flat=True)) == {member.pk, other.pk}


def test_nobody_confirms_what_he_sent(committee, branch, secretary):
    paid_quarter(branch)
    row = send(branch, secretary)
    grant_role(user=secretary, role=Role.COMMITTEE_OFFICER, organisation=committee, by=None)
    with pytest.raises(Refused, match="自己报送的"):
        remittances.confirm(remittance=row, by=secretary, today=TODAY)
    with pytest.raises(Refused, match="自己报送的"):
        remittances.confirm_many(remittances=[(row, Decimal("60.00"))], by=secretary, today=TODAY)
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("sent", None)
    assert remittances.send_back(remittance=row, reason="少了一人", by=secretary, today=TODAY)


def test_a_stale_page_confirms_no_other_sum(branch, secretary, officer):
    paid_quarter(branch)
    row = send(branch, secretary)
    remittances.send_back(remittance=row, reason="回单不符", by=officer, today=TODAY)
    send(branch, secretary, amount="50.00", explanation="少 10 元")
    with pytest.raises(Refused, match=r"重新报送了 50\.00 元"):
        remittances.confirm(remittance=row, by=officer, today=TODAY, seen=Decimal("60.00"))


def test_a_confirmation_is_undone_the_same_day_by_who_made_it(branch, secretary, officer):
    paid_quarter(branch)
    row = remittances.confirm(remittance=send(branch, secretary), by=officer, today=TODAY)
    other = factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    for by, today in ((other, TODAY), (officer, TODAY + datetime.timedelta(days=1))):
        with pytest.raises(Refused, match="退回"):
            remittances.undo_confirmations(remittances=[row], by=by, today=today)
    assert remittances.undo_confirmations(remittances=[row], by=officer, today=TODAY) == 1
    row.refresh_from_db()
    assert (row.state, row.decided_on, row.decided_by) == ("sent", None, None)
    with pytest.raises(Refused, match="撤销过"):
        remittances.undo_confirmations(remittances=[row], by=officer, today=TODAY)


def test_a_confirmed_quarter_is_returned_later_with_a_reason(branch, secretary, officer):
    paid_quarter(branch)
    row = remittances.confirm(remittance=send(branch, secretary), by=officer, today=TODAY)
    later = datetime.date(2026, 6, 1)
    row = remittances.send_back(remittance=row, reason="银行退票", by=officer, today=later)
    assert (row.state, row.decided_on) == ("returned", later)
    assert loose_entries(branch, Q1, later).count() == 3
    with pytest.raises(Refused, match="已退回"):
        remittances.send_back(remittance=row, reason="又一次", by=officer, today=later)


def test_many_are_confirmed_together_or_not_at_all(committee, officer):
    pairs = []
    for _ in range(3):
        branch = factories.make_branch(committee)
        paid_quarter(branch)
        row = send(branch, factories.make_user(Role.SECRETARY, branch))
        pairs.append((row, row.amount))
    stale = [*pairs[:2], (pairs[2][0], Decimal("1.00"))]
    with pytest.raises(Refused):
        remittances.confirm_many(remittances=stale, by=officer, today=TODAY)
    assert not Remittance.objects.filter(state="confirmed").exists()
    remittances.confirm_many(remittances=pairs, by=officer, today=TODAY)
    assert Remittance.objects.filter(state="confirmed").count() == 3
    with pytest.raises(Refused, match="先选"):
        remittances.confirm_many(remittances=[], by=officer, today=TODAY)


def test_one_that_differs_is_confirmed_by_itself(branch, secretary, officer):
    paid_quarter(branch)
    row = send(branch, secretary, amount="50.00", explanation="少 10 元")
    with pytest.raises(Refused, match="单独确认"):
        remittances.confirm_many(remittances=[(row, row.amount)], by=officer, today=TODAY)
    assert remittances.confirm(remittance=row, by=officer, today=TODAY).state == "confirmed"


# --- Sums -----------------------------------------------------------------------------------


def test_the_sums_of_branches_committees_and_county_agree_to_the_fen(committee, officer):
    county = committee.parent
    town = factories.make_committee(county, "荻浦镇党委")
    for above, amount in ((committee, "5.10"), (committee, "5.30"), (town, "0.70")):
        branch = factories.make_branch(above)
        paid_quarter(branch, amount=amount)
        if amount != "5.30":
            by = factories.make_user(Role.SECRETARY, branch)
            send(branch, by, amount=str(Decimal(amount) * 3))
    remittances.confirm(
        remittance=Remittance.objects.get(amount=Decimal("2.10")), by=officer, today=TODAY
    )
    rows = branch_quarters(county, Q1, TODAY)
    assert [row.standing for row in rows] == [Standing.OPEN, Standing.SENT, Standing.CONFIRMED]
    sums = total(rows)
    assert sums.charged == sums.paid == Decimal("33.30")
    assert (sums.computed, sums.sent, sums.confirmed) == (
        Decimal("33.30"),
        Decimal("17.40"),
        Decimal("2.10"),
    )
    units = folded(rows, county, Q1, TODAY)
    assert [unit.name for unit in units] == ["柳汀街道党工委", "荻浦镇党委"]
    assert sum((unit.sums.sent for unit in units), Decimal(0)) == sums.sent
    for unit in units:
        below = total(branch_quarters(_named(unit), Q1, TODAY))
        assert (below.charged, below.sent, below.confirmed) == (
            unit.sums.charged,
            unit.sums.sent,
            unit.sums.confirmed,
        )
    assert total(branch_quarters(None, Q1, TODAY)) == sums


def _named(unit):
    return Organisation.objects.get(pk=unit.organisation_id)


def test_a_branch_that_moved_counts_where_it_stood_on_the_last_day(branch, committee):
    county = committee.parent
    town = factories.make_committee(county, "荻浦镇党委")
    paid_quarter(branch)
    move_organisation(
        organisation=branch,
        to=town,
        on=datetime.date(2026, 4, 2),
        by=factories.make_user(Role.COUNTY_OFFICER, county),
    )
    committee.refresh_from_db()
    assert [row.code for row in branch_quarters(committee, Q1, TODAY)] == [branch.code]
    assert branch_quarters(town, Q1, TODAY) == []
    (unit,) = folded(branch_quarters(county, Q1, TODAY), county, Q1, TODAY)
    assert unit.organisation_id == committee.pk


def test_worst_comes_first(committee):
    states = {}
    for name in ("confirmed", "sent", "returned", "", "late"):
        branch = factories.make_branch(committee, code=f"B-{name or 'none'}")
        paid_quarter(branch)
        if name in ("confirmed", "sent", "returned"):
            decided = {"decided_on": TODAY} if name != "sent" else {}
            factories.make_remittance(branch, JANUARY, "60.00", state=name, **decided)
        states[branch.code] = name
    found = [row.standing for row in branch_quarters(committee, Q1, TODAY)]
    assert found == ["open", "open", "returned", "sent", "confirmed"]
    after = [row.standing for row in branch_quarters(committee, Q1, datetime.date(2026, 4, 11))]
    assert after == ["overdue", "overdue", "overdue", "sent", "confirmed"]


def test_a_list_asks_as_much_with_three_branches_as_with_one(committee):
    def listed():
        return lambda: folded(
            branch_quarters(committee.parent, Q1, TODAY), committee.parent, Q1, TODAY
        )

    paid_quarter(factories.make_branch(committee))
    one = count_of(listed())
    for _ in range(2):
        branch = factories.make_branch(committee)
        paid_quarter(branch)
        factories.make_remittance(branch, JANUARY, "60.00")
    assert count_of(listed()) == one
    assert one <= 12


@pytest.mark.parametrize(
    ("period", "due"),
    [("2026-Q1", datetime.date(2026, 4, 10)), ("2026-Q4", datetime.date(2027, 1, 10))],
)
def test_a_quarter_is_due_on_the_county_day_of_the_month_after(period, due):
    assert due_on(period_named(period), Values()) == due
    Setting.objects.create(key=REMIT_DAY.name, value=20, starts_on=datetime.date(2026, 2, 1))
    assert due_on(period_named(period), Values()) == due.replace(day=20)


# --- Every history --------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 1), st.integers(0, 5), st.integers(1, 4000)),
        st.tuples(st.just("reverse"), st.integers(0, 30)),
        st.tuples(st.just("send"), st.integers(0, 1)),
        st.tuples(st.just("return"), st.integers(0, 1)),
        st.tuples(st.just("confirm"), st.integers(0, 1)),
    ),
    max_size=25,
)


class EveryHistory(TestCase):
    """Whatever is paid, taken back, sent, returned and confirmed in whatever order."""

    @settings(max_examples=40, deadline=None)
    @given(STEPS)
    def test_every_entry_is_in_one_remittance_or_in_hand(self, steps):
        branch = factories.make_branch()
        user = factories.make_user(Role.SECRETARY, branch)
        self.officer = factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)
        members = [charged(branch, count=6) for _ in range(2)]
        today = datetime.date(2026, 7, 8)
        for step in steps:
            self.take(step, branch, user, members, today)
            self.agree(branch, today)

    def take(self, step, branch, user, members, today):
        match step:
            case ("pay", who, month, fen):
                factories.make_payment(members[who], add_months(JANUARY, month), Decimal(fen) / 100)
            case ("reverse", number):
                standing = Payment.objects.filter(reverses=None, reversed_by=None).order_by("pk")
                if found := standing[number : number + 1]:
                    reversed_payment(found[0])
            case ("send", which):
                quarter = (Q1, Q2)[which]
                amount = QuarterSheet(branch, quarter, today).computed
                with contextlib.suppress(Refused):
                    send(branch, user, quarter, str(amount), today)
            case (act, which):
                row = Remittance.objects.filter(quarter=(Q1, Q2)[which].starts_on).first()
                try:
                    if row and act == "return":
                        remittances.send_back(remittance=row, reason="核对", by=user, today=today)
                    elif row:
                        remittances.confirm(remittance=row, by=self.officer, today=today)
                except Refused:
                    pass

    def agree(self, branch, today):
        def summed(entries):
            return (entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)).quantize(
                Decimal("0.01")
            )

        gone = Remittance.objects.filter(organisation=branch, state__in=("sent", "confirmed"))
        for row in gone:
            assert summed(row.payments) == row.amount == row.computed
        in_hand = Payment.objects.filter(organisation=branch, remittance=None)
        sent = sum((row.amount for row in gone), Decimal(0))
        assert sent + summed(in_hand) == summed(Payment.objects.filter(organisation=branch))
        assert not Payment.objects.filter(remittance__state__in=("draft", "returned")).exists()
        rows = {quarter: branch_quarters(branch.parent, quarter, today) for quarter in (Q1, Q2)}
        for quarter, (row,) in rows.items():
            assert row.computed == QuarterSheet(branch, quarter, today).computed
        assert Charge.objects.filter(organisation=branch).count() == 12
