"""Large sums given once: their services, their pages, and that no balance of the dues has them."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.periods import period_named
from dues import standing
from dues.grid import Grid
from dues.models import Contribution, Payment
from dues.publishing import Posting
from dues.services import Refused, contributions
from dues.statement import Statement
from dues.values import LARGE_SUM
from tests import factories
from tests.compliance.verdicts import county_value, verdict
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 7, 20)
PAID = datetime.date(2026, 7, 1)
LIST = "/dues/contributions/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="上荻村党支部")


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "许文桥")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def given(member):
    return factories.make_contribution(member, PAID, note="党龄五十年，退休教师")


def enter(member, by, amount="5000.00", paid_on=PAID, **more):
    return contributions.enter_contribution(
        organisation=more.pop("organisation", member.organisation),
        member=member, amount=Decimal(amount), paid_on=paid_on, by=by, today=TODAY, **more,
    )  # fmt: skip


def forward(given, by, on=datetime.date(2026, 7, 6), note="退休教师"):
    return contributions.forward_contribution(
        contribution=given, forwarded_on=on, note=note, by=by, today=TODAY
    )


def receive(given, by, number="示例 0117", on=datetime.date(2026, 7, 18)):
    return contributions.enter_receipt(
        contribution=given, receipt_number=number, receipt_on=on, by=by, today=TODAY
    )


# --- Services -------------------------------------------------------------------------------


def test_a_large_sum_is_entered_with_a_line(member, secretary):
    given = enter(member, secretary, note="退休教师")
    assert (given.amount, given.paid_on, given.entered_by) == (5000, PAID, secretary)
    line = TrailLine.objects.get(action="登记大额党费")
    assert (line.area, line.object_id, line.after["金额"]) == ("contributions", given.pk, "5000.00")


@pytest.mark.parametrize("amount", ["1000.00", "1000.01"])
def test_the_threshold_itself_is_large(member, secretary, amount):
    assert enter(member, secretary, amount).amount == Decimal(amount)


@pytest.mark.parametrize("amount", ["999.99", "0.00", "-5000.00"])
def test_a_smaller_sum_is_dues_and_the_message_says_where(member, secretary, amount):
    with pytest.raises(Refused, match=r"不满 1,000.00 元.*收缴台账里按党费录入") as refused:
        enter(member, secretary, amount)
    assert refused.value.field == "amount"
    assert not Contribution.objects.exists()


def test_the_county_sets_the_threshold_from_a_day_on(member, secretary):
    county_value(LARGE_SUM, "2000", PAID)
    assert enter(member, secretary, "1500", datetime.date(2026, 6, 30)).amount == 1500
    with pytest.raises(Refused, match=r"不满 2,000.00 元"):
        enter(member, secretary, "1500", PAID)


def test_a_day_to_come_and_a_stranger_are_refused(member, secretary):
    with pytest.raises(Refused, match="还没有到"):
        enter(member, secretary, paid_on=datetime.date(2026, 7, 21))
    elsewhere = factories.make_member(factories.make_branch(member.organisation.parent))
    with pytest.raises(Refused, match="不在本支部"):
        enter(elsewhere, secretary, organisation=member.organisation)
    assert not Contribution.objects.exists()


def test_it_goes_up_and_the_receipt_comes_back(given, secretary):
    forward(given, secretary)
    done = receive(given, secretary)
    assert (done.forwarded_on.day, done.note) == (6, "退休教师")
    assert (done.receipt_number, done.receipt_on.day) == ("示例 0117", 18)
    actions = list(TrailLine.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["转交大额党费", "登记大额党费收据"]


@pytest.mark.parametrize(
    ("on", "note", "says"),
    [
        (datetime.date(2026, 6, 30), "退休教师", "转交日期应在"),
        (datetime.date(2026, 7, 21), "退休教师", "转交日期应在"),
        (PAID, " ", "简要情况"),
    ],
)
def test_it_does_not_go_up_before_it_came_nor_without_a_word(given, secretary, on, note, says):
    with pytest.raises(Refused, match=says):
        forward(given, secretary, on, note)
    given.refresh_from_db()
    assert given.forwarded_on is None


def test_it_may_go_up_on_the_day_it_came(given, secretary):
    assert forward(given, secretary, PAID).forwarded_on == PAID


def test_a_receipt_before_it_went_up_is_refused(given, secretary):
    with pytest.raises(Refused, match="还没有转交"):
        receive(given, secretary)
    forward(given, secretary)
    with pytest.raises(Refused, match="收据日期应在"):
        receive(given, secretary, on=datetime.date(2026, 7, 5))
    with pytest.raises(Refused, match="收据日期应在"):
        receive(given, secretary, on=datetime.date(2026, 7, 21))
    with pytest.raises(Refused, match="收据号"):
        receive(given, secretary, number=" ")


def test_with_the_receipt_the_day_it_went_up_stands(given, secretary):
    forward(given, secretary)
    receive(given, secretary)
    with pytest.raises(Refused, match="已登记收据"):
        forward(given, secretary, PAID)
    assert receive(given, secretary, number="0118").receipt_number == "0118"


def test_a_wrong_entry_is_taken_back_once(given, secretary):
    with pytest.raises(Refused, match="为什么冲正"):
        contributions.reverse_contribution(contribution=given, reason=" ", by=secretary)
    back = contributions.reverse_contribution(contribution=given, reason="多写一个零", by=secretary)
    assert (back.amount, back.paid_on, back.reverses) == (-5000, PAID, given)
    assert TrailLine.objects.get(action="冲正大额党费").reason == "多写一个零"
    for again in (given, back):
        with pytest.raises(Refused, match="冲正"):
            contributions.reverse_contribution(contribution=again, reason="再来", by=secretary)
    with pytest.raises(Refused, match="已经冲正"):
        forward(given, secretary)


def test_it_is_in_no_balance_of_the_dues(branch, member, secretary):
    factories.make_charge(member, PAID)

    def figures():
        statement = Statement(member, 2026, secretary)
        quarter = period_named("2026-Q3")
        return (
            standing.balance(member, branch, PAID),
            Grid(branch, quarter, TODAY).totals(),
            Posting(branch, quarter, TODAY).amount,
            (statement.owed, statement.paid, statement.balance),
            verdict("dues.paid", branch, TODAY, of=PAID),
            Payment.objects.count(),
        )

    before = figures()
    given = enter(member, secretary)
    forward(given, secretary)
    assert figures() == before
    assert [one.pk for one in Statement(member, 2026, secretary).contributions()] == [given.pk]


# --- Pages ----------------------------------------------------------------------------------


def test_the_list_shows_how_far_each_has_come_and_the_sum(client, branch, member, given, secretary):
    factories.make_contribution(
        member, PAID, "2000.00", forwarded_on=PAID, receipt_number="0117", receipt_on=TODAY
    )
    factories.make_contribution(member, PAID, "3000.00", forwarded_on=PAID)
    client.force_login(secretary)
    page = client.get(LIST).context
    assert [(chip["label"], chip["count"]) for chip in page["chips"]] == [
        ("待转交", 1), ("待收据", 1), ("已办结", 1),
    ]  # fmt: skip
    assert page["total"] == "10,000.00"
    (row,) = client.get(LIST, {"state": "sent"}).context["rows"]
    assert (row["amount"], row["words"]) == ("3,000.00", "待收据")


def test_what_was_taken_back_is_listed_and_adds_up_to_nothing(client, given, secretary):
    contributions.reverse_contribution(contribution=given, reason="记错人", by=secretary)
    client.force_login(secretary)
    page = client.get(LIST).context
    assert sorted(row["words"] for row in page["rows"]) == ["冲正", "已冲正"]
    assert (page["total"], [chip["count"] for chip in page["chips"]]) == ("0.00", [0, 0, 0])


def test_a_secretary_enters_one_and_takes_it_through(client, member, secretary):
    client.force_login(secretary)
    typed = {"member": member.pk, "amount": "5000元", "paid_on": "7.1", "note": ""}
    answer = client.post(reverse("dues:contribution_enter"), typed)
    given = Contribution.objects.get()
    assert answer.url == reverse("dues:contribution", args=[given.pk])
    client.post(
        reverse("dues:contribution_forward", args=[given.pk]),
        {"forwarded_on": "7.6", "note": "退休教师"},
    )
    client.post(
        reverse("dues:contribution_receipt", args=[given.pk]),
        {"receipt_number": "0117", "receipt_on": "7.18"},
    )
    given.refresh_from_db()
    assert (given.forwarded_on, given.receipt_number) == (datetime.date(2026, 7, 6), "0117")
    assert client.get(answer.url).context["mark"]["text"] == "已办结"


def test_what_was_typed_stands_when_it_is_refused(client, member, secretary):
    client.force_login(secretary)
    typed = {"member": member.pk, "amount": "500", "paid_on": "7.1", "note": "退休教师"}
    page = client.post(reverse("dues:contribution_enter"), typed)
    assert page.status_code == 200
    assert "不满 1,000.00 元" in page.context["form"].errors["amount"][0]
    assert page.context["form"]["note"].value() == "退休教师"
    assert not Contribution.objects.exists()


def test_the_superior_looks_and_may_enter_the_receipt(client, branch, given, secretary):
    forward(given, secretary)
    client.force_login(factories.make_user("committee_officer", branch.parent))
    (row,) = client.get(LIST, {"branch": branch.parent.code}).context["rows"]
    assert row["branch"] == branch.short_name
    page = client.get(reverse("dues:contribution", args=[given.pk])).context
    assert page["receipt_form"] and not page["forward_form"] and not page["back_form"]
    client.post(
        reverse("dues:contribution_receipt", args=[given.pk]),
        {"receipt_number": "0117", "receipt_on": "7.18"},
    )
    given.refresh_from_db()
    assert given.receipt_number == "0117"


@pytest.mark.parametrize("step", ["forward", "reverse"])
def test_the_superior_does_not_act_for_the_branch(client, branch, given, step):
    client.force_login(factories.make_user("committee_officer", branch.parent))
    assert client.post(reverse(f"dues:contribution_{step}", args=[given.pk])).status_code == 403


@pytest.mark.parametrize("role", ["group_leader", "inspector"])
def test_who_may_only_look_is_offered_nothing(client, branch, given, role):
    organisation = branch if role == "group_leader" else branch.parent
    client.force_login(factories.make_user(role, organisation))
    page = client.get(reverse("dues:contribution", args=[given.pk])).context
    assert not (page["forward_form"] or page["receipt_form"] or page["back_form"])
    for step in ("forward", "receipt", "reverse"):
        answer = client.post(reverse(f"dues:contribution_{step}", args=[given.pk]))
        assert answer.status_code == 403
    answer = client.post(reverse("dues:contribution_enter"), {"branch": branch.code})
    assert answer.status_code == 403


def test_the_neighbour_finds_nothing(client, branch, given):
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user("secretary", neighbour))
    assert client.get(LIST).context["rows"] == []
    assert client.get(LIST, {"branch": branch.code}).status_code == 404
    assert client.get(reverse("dues:contribution", args=[given.pk])).status_code == 404
    for step in ("forward", "receipt", "reverse"):
        answer = client.post(reverse(f"dues:contribution_{step}", args=[given.pk]))
        assert answer.status_code == 404


def test_nobody_is_sent_to_log_in(client, given):
    for address in (LIST, reverse("dues:contribution", args=[given.pk])):
        assert client.get(address).url.startswith("/login/")


def test_as_many_queries_for_three_sums_as_for_one(client, member, given, secretary):
    client.force_login(secretary)
    one = count_of(lambda: client.get(LIST))
    for _ in range(2):
        factories.make_contribution(member, PAID)
    assert count_of(lambda: client.get(LIST)) == one


def test_the_same_sum_of_the_same_day_is_entered_once(member, secretary):
    enter(member, secretary)
    with pytest.raises(Refused, match="已经登记过"):
        enter(member, secretary)
    enter(member, secretary, "6000.00")
    assert Contribution.objects.count() == 2
