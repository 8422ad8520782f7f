"""The member's own statement: every entry, the running balance, and who may see it."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from dues.models import Charge, ChargeChange
from dues.statement import Statement
from members.models import Membership
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
DECEMBER = datetime.date(2025, 12, 1)
TODAY = datetime.date(2026, 3, 18)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="上荻村党支部")


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "许文桥", id_number="110101199003077571")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def lines_of(statement):
    return [
        (month.label, line.words, line.owed, line.paid, line.balance)
        for month in statement.months
        for line in month.lines
    ]


def page_of(member, **query):
    return reverse("dues:statement", args=[member.pk], query=query or None)


def test_every_month_has_what_was_owed_and_paid_and_the_balance_runs(member, secretary):
    factories.make_charge(member, JANUARY, "20.00")
    factories.make_payment(
        member, JANUARY, "12.50", paid_on=datetime.date(2026, 1, 8), way="cash", brought_by="许立平"
    )
    factories.make_payment(member, JANUARY, "7.50", paid_on=datetime.date(2026, 1, 20), way="cash")
    factories.make_charge(member, FEBRUARY, "20.00")
    statement = Statement(member, 2026, secretary)
    assert lines_of(statement) == [
        ("1月", "应缴", "20.00", "", "20.00"),
        ("1月", "实缴", "", "12.50", "7.50"),
        ("1月", "实缴", "", "7.50", "0.00"),
        ("2月", "应缴", "20.00", "", "20.00"),
    ]
    assert (statement.owed, statement.paid, statement.balance) == (40, 20, 20)
    paid = statement.months[0].lines[1]
    assert (paid.on, paid.note) == ("2026年1月8日", "现金，许立平代交，党费证已登")


def test_a_changed_charge_shows_the_first_amount_and_why_it_changed(member, secretary):
    charge = factories.make_charge(member, JANUARY, "5.00")
    ChargeChange.objects.create(charge=charge, difference=Decimal("-15.00"), reason="同意减缴")
    statement = Statement(member, 2026, secretary)
    assert lines_of(statement) == [
        ("1月", "应缴", "20.00", "", "20.00"),
        ("1月", "调整", "-15.00", "", "5.00"),
    ]
    assert statement.months[0].lines[1].note == "同意减缴"
    assert statement.owed == 5


def test_a_corrected_sum_is_shown_plainly_with_its_correction(member, secretary):
    factories.make_charge(member, JANUARY, "20.00")
    wrong = factories.make_payment(member, JANUARY, "200.00")
    factories.make_payment(member, JANUARY, "-200.00", reverses=wrong, reason="多写一个零")
    factories.make_payment(member, JANUARY, "20.00", in_booklet=False)
    statement = Statement(member, 2026, secretary)
    assert [line[1:] for line in lines_of(statement)] == [
        ("应缴", "20.00", "", "20.00"),
        ("实缴", "", "200.00", "-180.00"),
        ("更正", "", "-200.00", "20.00"),
        ("实缴", "", "20.00", "0.00"),
    ]
    notes = [line.note for line in statement.months[0].lines]
    assert notes == ["", "党费证已登，后来已更正", "多写一个零", "党费证未登"]


def test_what_was_owed_before_is_brought_forward(member, secretary):
    factories.make_opening(member, datetime.date(2025, 9, 1), "60.00")
    factories.make_charge(member, DECEMBER, "20.00")
    factories.make_payment(member, DECEMBER, "15.00")
    factories.make_charge(member, JANUARY, "20.00")
    statement = Statement(member, 2026, secretary)
    assert (statement.brought_forward, statement.opening) == (65, 60)
    assert (statement.owed, statement.paid, statement.balance) == (20, 0, 85)
    last = Statement(member, 2025, secretary)
    assert (last.brought_forward, last.balance) == (60, 65)


def test_what_lies_beside_the_months_stands_beside_them(client, member, secretary):
    factories.make_approved_amount(member, "18.00", from_month=datetime.date(2025, 1, 1))
    factories.make_approved_amount(member, "20.00")
    factories.make_approved_amount(member, "22.00", from_month=datetime.date(2027, 1, 1))
    factories.make_dues_request(
        member, from_month=FEBRUARY, until_month=datetime.date(2026, 6, 1), state="approved"
    )
    factories.make_contribution(member, datetime.date(2026, 3, 3), receipt_number="0117")
    factories.make_contribution(member, datetime.date(2025, 3, 3))
    client.force_login(secretary)
    page = client.get(page_of(member)).context
    assert [(one["amount"], one["since"]) for one in page["approved"]] == [("20.00", "2026年1月")]
    (request,) = page["requests"]
    assert (request["kind"], request["months"], request["state"]) == (
        "免缴", "2026年2月至2026年6月", "同意",
    )  # fmt: skip
    assert [one["amount"] for one in page["contributions"]] == ["5,000.00"]
    assert page["balance_words"] == "已结清"


def test_the_years_with_dues_can_be_chosen(client, member, secretary):
    factories.make_charge(member, DECEMBER)
    client.force_login(secretary)
    page = client.get(page_of(member, year=2025)).context
    assert [(year["label"], year["current"]) for year in page["years"]] == [
        ("2025年", True), ("2026年", False),
    ]  # fmt: skip
    assert [month.label for month in page["months"]] == ["12月"]
    assert page["balance_words"] == "尚欠"


@pytest.mark.parametrize("name", ["dues:statement", "dues:statement_paper"])
def test_no_identity_number_and_no_phone_is_on_it(client, member, secretary, name):
    factories.make_charge(member, JANUARY)
    client.force_login(secretary)
    text = client.get(reverse(name, args=[member.pk])).content.decode()
    assert "许文桥" in text
    secrets = (member.id_number, member.id_number_mask, member.phone_mask, "13600003471")
    assert all(secrets)
    for secret in secrets:
        assert secret not in text


def test_the_paper_says_who_printed_it(client, member, secretary):
    factories.make_charge(member, JANUARY)
    client.force_login(secretary)
    page = client.get(reverse("dues:statement_paper", args=[member.pk], query={"now": "1"}))
    text = page.content.decode()
    assert "个人党费明细" in text
    assert f"打印：2026年3月18日 {secretary}" in text
    assert "paper.js" in text


# --- Who may look ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dues:statement", "dues:statement_paper"])
def test_who_sees_the_member_sees_it_and_the_neighbour_does_not(client, branch, member, name):
    factories.make_charge(member, JANUARY)
    neighbour = factories.make_branch(branch.parent)
    for user, status in (
        (factories.make_user("group_leader", branch), 200),
        (factories.make_user("committee_officer", branch.parent), 200),
        (factories.make_user("inspector", branch.parent.parent), 200),
        (factories.make_user("secretary", neighbour), 404),
        (factories.make_user(), 404),
    ):
        client.force_login(user)
        assert client.get(reverse(name, args=[member.pk])).status_code == status
    client.logout()
    assert client.get(page_of(member)).url.startswith("/login/")


def test_a_former_branch_sees_its_own_months_and_is_told_of_the_others(client, branch, member):
    other = factories.make_branch(branch.parent)
    factories.make_charge(member, JANUARY)
    factories.make_payment(member, JANUARY)
    Membership.objects.filter(member=member).update(ends_on=datetime.date(2026, 1, 31))
    Membership.objects.create(member=member, organisation=other, starts_on=FEBRUARY)
    member.organisation = other
    member.save()
    Charge.objects.create(member=member, organisation=other, month=FEBRUARY, amount=Decimal(20))
    seen = {}
    for where in (branch, other, branch.parent):
        role = "secretary" if where.is_branch else "committee_officer"
        client.force_login(factories.make_user(role, where))
        page = client.get(page_of(member)).context
        months = [month.label for month in page["months"]]
        seen[where] = (months, page["elsewhere"], bool(page["member_url"]))
    assert seen[branch] == (["1月"], True, False)
    assert seen[other] == (["2月"], True, True)
    assert seen[branch.parent] == (["1月", "2月"], False, True)


def test_the_page_of_the_member_leads_to_it(client, member, secretary):
    client.force_login(secretary)
    text = client.get(reverse("members:detail", args=[member.pk])).content.decode()
    assert f'href="{page_of(member)}"' in text


def test_as_many_queries_for_three_months_as_for_one(client, member, secretary):
    client.force_login(secretary)

    def month(first):
        charge = factories.make_charge(member, first)
        ChargeChange.objects.create(charge=charge, difference=Decimal(-1), reason="同意减缴")
        factories.make_payment(member, first)

    month(JANUARY)
    one = count_of(lambda: client.get(page_of(member)))
    month(FEBRUARY)
    month(MARCH)
    assert count_of(lambda: client.get(page_of(member))) == one
