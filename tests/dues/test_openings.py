"""What a member owed from before the county kept its dues here: the service, the sums, the page."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from dues import standing
from dues.models import OpeningBalance
from dues.services import Refused, openings
from dues.services.payments import add_payment
from dues.statement import Statement
from tests import factories
from tests.queries import count_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
OCTOBER = datetime.date(2025, 10, 1)
JANUARY = datetime.date(2026, 1, 1)
LIST, ENTER = "/dues/openings/", "/dues/openings/enter/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    """A branch of a county that keeps its dues here since January 2026."""
    branch = factories.make_branch(name="上荻村党支部")
    factories.make_charge(factories.make_member(branch, "余海波"), JANUARY)
    return branch


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def enter(member, by, amount="60.00", since_month=OCTOBER, **more):
    facts = {"organisation": member.organisation, "today": TODAY} | more
    return openings.enter_opening(
        member=member, since_month=since_month, amount=Decimal(amount), by=by, **facts
    )


def take_back(opening, by, reason="重复登记"):
    return openings.reverse_opening(opening=opening, reason=reason, by=by, today=TODAY)


def balance_of(member, user):
    return Statement(member, TODAY.year, user).balance


# --- The service ----------------------------------------------------------------------------


def test_entering_leaves_a_row_a_line_and_a_note(branch, member, secretary):
    opening = enter(member, secretary, reason="据纸质台账")
    assert standing.opening_of(member) == opening
    assert (opening.since_month, opening.amount, opening.entered_by) == (
        OCTOBER,
        Decimal("60.00"),
        secretary,
    )
    line = TrailLine.objects.get(area="dues")
    assert (line.action, line.label, line.object_id) == ("登记期初欠缴", "龚丽华", member.pk)
    assert (line.before, line.after) == (
        {"期初欠缴": ""},
        {"期初欠缴": "60.00（2025年10月起）"},
    )
    note = Changed.objects.get()
    assert (note.organisation, note.from_on, note.to_on) == (branch, OCTOBER, TODAY)


def test_a_day_inside_the_month_means_the_month(member, secretary):
    assert enter(member, secretary, since_month=OCTOBER.replace(day=31)).since_month == OCTOBER


def test_the_last_month_before_the_start_is_taken_and_the_start_refused(member, secretary):
    with pytest.raises(Refused, match="2026年1月起的党费在收缴台账里") as refused:
        enter(member, secretary, since_month=JANUARY)
    assert refused.value.field == "since_month"
    assert enter(member, secretary, since_month=datetime.date(2025, 12, 1))


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_nothing_and_less_is_refused(member, secretary, amount):
    with pytest.raises(Refused, match="应大于 0"):
        enter(member, secretary, amount)


def test_a_second_one_is_refused_until_the_first_is_reversed(member, secretary):
    first = enter(member, secretary)
    with pytest.raises(Refused, match=r"已经登记了期初欠缴 60\.00 元"):
        enter(member, secretary, "40.00")
    take_back(first, secretary)
    assert enter(member, secretary, "40.00")
    assert standing.opening_of(member).amount == Decimal("40.00")
    assert balance_of(member, secretary) == Decimal("40.00")


def test_months_before_joining_are_refused(branch, secretary):
    member = factories.make_member(branch, joined_on=datetime.date(2025, 11, 20))
    with pytest.raises(Refused, match="2025年11月入党"):
        enter(member, secretary)
    assert enter(member, secretary, since_month=datetime.date(2025, 11, 1))


def test_who_is_not_in_the_branch_is_refused(member, secretary):
    with pytest.raises(Refused, match="不在本支部"):
        enter(member, secretary, organisation=factories.make_branch())


def test_before_the_county_keeps_dues_nothing_is_taken():
    member = factories.make_member(factories.make_branch())
    with pytest.raises(Refused, match="还没有开始在这里记党费"):
        enter(member, None)


def test_a_reversal_points_at_what_it_takes_back_and_leaves_both(member, secretary):
    opening = enter(member, secretary)
    reversal = take_back(opening, secretary)
    assert (reversal.amount, reversal.reverses) == (Decimal("-60.00"), opening)
    assert standing.opening_of(member) is None
    assert balance_of(member, secretary) == 0
    line = TrailLine.objects.get(action="冲正期初欠缴")
    assert (line.before, line.after, line.reason) == (
        {"期初欠缴": "60.00（2025年10月起）"},
        {"期初欠缴": ""},
        "重复登记",
    )
    for again in (opening, reversal):
        with pytest.raises(Refused, match="已经冲正过"):
            take_back(again, secretary)


def test_a_reversal_needs_a_reason_and_no_payment_that_stands_on_it(branch, member, secretary):
    opening = enter(member, secretary)
    with pytest.raises(Refused, match="原因"):
        take_back(opening, secretary, "  ")
    add_payment(
        seen=Decimal(0),
        member=member,
        organisation=branch,
        month=datetime.date(2025, 11, 1),
        amount=Decimal("20.00"),
        by=secretary,
        today=TODAY,
    )
    assert balance_of(member, secretary) == Decimal("40.00")
    with pytest.raises(Refused, match="已经有补交的党费"):
        take_back(opening, secretary)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_entered():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    factories.make_charge(member, JANUARY)
    results = at_once(*[lambda: enter(member, None)] * 2)
    assert OpeningBalance.objects.count() == 1
    assert sum(isinstance(result, Refused) for result in results) == 1


# --- Sums -----------------------------------------------------------------------------------


def test_a_balance_is_openings_and_charges_less_payments(branch, member, secretary):
    generous, untouched = factories.make_members(branch, 2)
    factories.make_opening(member, OCTOBER, "60.00")
    factories.make_charge(member, JANUARY, "20.00")
    wrong = factories.make_payment(member, JANUARY, "5.30")
    factories.make_payment(member, JANUARY, "-5.30", reverses=wrong)
    factories.make_payment(member, JANUARY, "5.10")
    factories.make_payment(generous, JANUARY, "0.20")
    balances = [balance_of(one, secretary) for one in (member, generous, untouched)]
    assert balances == [Decimal("74.90"), Decimal("-0.20"), Decimal("0.00")]
    assert count_of(lambda: standing.openings_of([member.pk, generous.pk])) == 1


def test_what_is_left_of_a_balance_is_told_until_it_is_paid_back(branch, member):
    paid_up, _untouched = factories.make_members(branch, 2)
    for one in (member, paid_up):
        factories.make_opening(one, OCTOBER, "10.40")
        factories.make_payment(one, OCTOBER, "5.10")
    factories.make_payment(paid_up, datetime.date(2025, 12, 1), "5.30")
    openings = OpeningBalance.objects.unreversed()
    assert standing.openings_owed(openings) == {member.pk: Decimal("5.30")}


# --- The page -------------------------------------------------------------------------------


def typed(one, **facts):
    return {
        "member": one.pk,
        "since_month": "2025年10月",
        "amount": "60",
        "reason": "据纸质台账",
    } | facts


def test_a_secretary_enters_one_and_sees_it_in_the_list(client, branch, member, secretary):
    client.force_login(secretary)
    page = client.get(LIST).content.decode()
    assert "没有期初欠缴" in page
    assert "台账从 2026年1月记起" in page
    answer = client.post(f"{ENTER}?branch={branch.code}", typed(member))
    assert answer.status_code == 302
    page = client.get(answer.url).content.decode()
    assert "已登记龚丽华期初欠缴 ¥60.00" in page
    assert "2025年10月" in page
    # Who has one is not offered again.
    assert f'<option value="{member.pk}"' not in page


def test_what_was_typed_stays_when_it_is_refused(client, branch, member, secretary):
    client.force_login(secretary)
    for facts, words in (
        ({"since_month": "2026年2月"}, "期初欠缴只登记2026年1月以前的"),
        ({"amount": "六十"}, "读不出金额"),
        ({"amount": ""}, "请填一共欠多少元"),
        ({"since_month": "去年"}, "读不出年月"),
        ({"member": ""}, "请选党员"),
    ):
        answer = client.post(f"{ENTER}?branch={branch.code}", typed(member, **facts))
        assert answer.status_code == 200
        page = answer.content.decode()
        assert words in page
        assert 'value="据纸质台账"' in page
    assert not OpeningBalance.objects.exists()


def test_a_secretary_reverses_one_with_a_reason(client, member, secretary):
    opening = enter(member, secretary)
    client.force_login(secretary)
    url = f"/dues/openings/{opening.pk}/reverse/"
    assert url in client.get(LIST).content.decode()
    assert "请写明冲正原因" in client.post(url, {"reason": ""}).content.decode()
    assert client.post(url, {"reason": "重复登记"}).status_code == 302
    assert "已冲正过" not in client.get(LIST).content.decode()
    assert "已经冲正过" in client.post(url, {"reason": "再来"}).content.decode()
    assert OpeningBalance.objects.count() == 2


def test_overseers_see_what_is_below_and_enter_nothing(client, branch, member, secretary):
    opening = enter(member, secretary)
    overseer = factories.make_user("committee_officer", branch.parent)
    client.force_login(overseer)
    page = client.get(LIST).content.decode()
    assert "龚丽华" in page
    assert "上荻村党支部" in page
    assert ENTER not in page
    assert "/reverse/" not in page
    assert client.post(f"{ENTER}?branch={branch.code}", typed(member)).status_code == 403
    assert client.get(f"/dues/openings/{opening.pk}/reverse/").status_code == 403


def test_the_neighbours_secretary_and_strangers_see_nothing(client, branch, member, secretary):
    opening = enter(member, secretary)
    neighbour = factories.make_user("secretary", factories.make_branch(branch.parent))
    client.force_login(neighbour)
    assert "龚丽华" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}?branch={branch.code}").status_code == 404
    assert client.post(f"{ENTER}?branch={branch.code}", typed(member)).status_code == 404
    assert client.get(f"/dues/openings/{opening.pk}/reverse/").status_code == 404
    client.logout()
    for url in (LIST, ENTER, f"/dues/openings/{opening.pk}/reverse/"):
        assert client.get(url).status_code == 302


def test_before_the_county_keeps_dues_the_page_says_how_it_begins(client):
    branch = factories.make_branch()
    client.force_login(factories.make_user("secretary", branch))
    page = client.get(LIST).content.decode()
    assert "还没有开始在这里记党费" in page
    assert "登记期初欠缴</button>" not in page


def test_only_one_whose_month_is_charged_besides_is_marked_double(client, member, secretary):
    enter(member, secretary)
    factories.make_charge(member, datetime.date(2025, 9, 1))
    client.force_login(secretary)
    assert "与台账重复，请冲正" not in client.get(LIST).content.decode()
    factories.make_charge(member, datetime.date(2025, 12, 1))
    assert "与台账重复，请冲正" in client.get(LIST).content.decode()


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(client, branch, secretary):
    enter(factories.make_member(branch), secretary)
    client.force_login(secretary)
    one = count_of(lambda: client.get(LIST))
    for another in factories.make_members(branch, 2):
        enter(another, secretary)
    assert count_of(lambda: client.get(LIST)) == one
