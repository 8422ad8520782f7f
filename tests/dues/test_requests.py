from datetime import date
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Setting
from dues import standing
from dues.enums import RequestKind, RequestState
from dues.models import Charge, DuesRequest
from dues.services import Refused
from dues.services.charges import charge_month
from dues.services.requests import ask, decide, end_early, span_words, withdraw
from members.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


def month(number, year=2026):
    return date(year, number, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


@pytest.fixture
def officer(branch):
    return factories.make_user(Role.COMMITTEE_OFFICER, branch.parent, name="沈知行")


@pytest.fixture
def member(branch):
    """A member charged 20 yuan a month since January."""
    member = factories.make_member(branch, "许桂兰")
    factories.make_approved_amount(member, "20.00")
    for number in range(1, 12):
        charge_month(month(number))
    return member


def asked(member, kind=RequestKind.EXEMPTION, first=9, last=12, **more):
    told = {
        "member": member,
        "organisation": member.organisation,
        "kind": kind,
        "from_month": first if isinstance(first, date) else month(first),
        "until_month": last if isinstance(last, date) else month(last),
        "reason": "家庭困难，支部已研究",
        "by": None,
        "today": TODAY,
        **more,
    }
    return ask(**told)


def reduction(member, amount="5.00", **more):
    return asked(member, RequestKind.REDUCTION, amount=Decimal(amount), **more)


def approve(request, **more):
    told = {"approved": True, "on": TODAY, "by": None, "today": TODAY, **more}
    return decide(request=request, **told)


def owed(member):
    return {
        charge.month.month: charge.amount
        for charge in Charge.objects.filter(member=member, month__gte=month(8))
    }


def line():
    return TrailLine.objects.filter(area="dues_requests").latest("pk")


# --- Asking -------------------------------------------------------------------------------


def test_a_branch_asks_and_nothing_that_is_owed_changes(member, secretary):
    Changed.objects.all().delete()
    request = reduction(member, by=secretary)
    assert (request.state, request.asked_on, request.asked_by) == ("asked", TODAY, secretary)
    assert (request.organisation, request.amount) == (member.organisation, Decimal("5.00"))
    assert set(owed(member).values()) == {Decimal("20.00")}
    said = line()
    assert (said.by, said.action, said.object_id) == (secretary, "提出减缴请示", request.pk)
    assert said.after["月份"] == "2026年9月至12月"
    assert said.after["减缴后每月"] == "5.00"
    noted = Changed.objects.values_list("area", "from_on", "to_on")
    assert list(noted) == [("dues", month(9), date(2026, 12, 31))]


def test_an_exemption_keeps_no_sum(member):
    assert asked(member, amount=Decimal("5.00")).amount is None


@pytest.mark.parametrize(
    ("more", "words", "field"),
    [
        ({"first": 12, "last": 11}, "结束月份早于开始月份", "until_month"),
        ({"reason": "  "}, "请写明依据", "reason"),
        ({"asked_on": date(2026, 11, 23)}, "还没有到", "asked_on"),
        ({"first": date(2025, 12, 1)}, "启用党费台账以前", "from_month"),
        ({"last": date(2027, 11, 1)}, "一次最多报 12 个月", "until_month"),
        ({"last": date(2062, 1, 1)}, "一次最多报 12 个月", "until_month"),
    ],
)
def test_a_request_that_cannot_be_is_refused(member, more, words, field):
    with pytest.raises(Refused, match=words) as refused:
        asked(member, **more)
    assert refused.value.field == field
    assert not DuesRequest.objects.exists()


@pytest.mark.parametrize(
    ("amount", "words"),
    [("20.00", "不低于核定的月应缴 20.00"), ("20.01", "不低于"), ("0", "每月交多少")],
)
def test_a_reduction_that_reduces_nothing_is_refused(member, amount, words):
    with pytest.raises(Refused, match=words) as refused:
        reduction(member, amount)
    assert refused.value.field == "amount"
    assert reduction(member, "19.99").amount == Decimal("19.99")


def test_a_reduction_without_an_approved_amount_is_refused(branch, member):
    newcomer = factories.make_member(branch)
    with pytest.raises(Refused, match="先核定标准"):
        reduction(newcomer)
    assert asked(newcomer).kind == "exemption"


def test_the_longest_request_ends_after_the_months_of_the_county(member):
    assert asked(member, last=date(2027, 10, 1)).until_month == date(2027, 10, 1)


def test_who_is_not_in_the_branch_in_those_months_is_refused(member):
    elsewhere = factories.make_branch(member.organisation.parent)
    with pytest.raises(Refused, match="2026年9月不在本支部"):
        asked(member, organisation=elsewhere)
    Membership.objects.filter(member=member).update(ends_on=date(2026, 10, 20))
    Membership.objects.create(member=member, organisation=elsewhere, starts_on=date(2026, 10, 21))
    with pytest.raises(Refused, match="2026年11月不在本支部"):
        asked(member)
    with pytest.raises(Refused, match="2026年9月不在本支部"):
        asked(member, organisation=elsewhere)
    assert asked(member, organisation=elsewhere, first=10).pk
    assert asked(member, last=9).pk


@pytest.mark.parametrize("state", [RequestState.ASKED, RequestState.APPROVED])
def test_months_another_request_covers_are_refused(member, state):
    factories.make_dues_request(
        member, "reduction", from_month=month(7), until_month=month(9), state=state
    )
    with pytest.raises(Refused, match="已有一份“减缴”请示"):
        asked(member)
    assert asked(member, first=10).pk
    # Leave for a back payment is another matter.
    assert asked(member, RequestKind.BACK_PAYMENT, 1, 4).pk
    with pytest.raises(Refused, match="已有一份“补交"):
        asked(member, RequestKind.BACK_PAYMENT, 4, 4)


@pytest.mark.parametrize("state", [RequestState.RETURNED, RequestState.WITHDRAWN])
def test_what_was_returned_or_taken_back_is_asked_again(member, state):
    factories.make_dues_request(member, from_month=month(7), until_month=month(12), state=state)
    assert asked(member).pk


# --- Back payments ------------------------------------------------------------------------


def test_only_months_longer_past_than_half_a_year_need_leave(member):
    with pytest.raises(Refused, match="2026年4月以后的月份可以直接登记") as refused:
        asked(member, RequestKind.BACK_PAYMENT, 3, 5)
    assert refused.value.field == "until_month"
    with pytest.raises(Refused, match="还没有到的月份"):
        asked(member, RequestKind.BACK_PAYMENT, 3, 12)
    assert asked(member, RequestKind.BACK_PAYMENT, 3, 4).pk


def test_the_county_says_how_far_back_needs_no_leave(member):
    Setting.objects.create(key="dues.back_months", starts_on=month(1), value=3)
    assert asked(member, RequestKind.BACK_PAYMENT, 3, 7).pk
    with pytest.raises(Refused, match="2026年7月以后"):
        asked(member, RequestKind.BACK_PAYMENT, 8, 8)


def test_approved_leave_opens_its_months_and_no_others(member):
    request = asked(member, RequestKind.BACK_PAYMENT, 2, 3)
    assert not standing.allowed_back(member, month(2))
    before = owed(member)
    approve(request)
    assert [standing.allowed_back(member, month(number)) for number in (1, 2, 3, 4)] == [
        False,
        True,
        True,
        False,
    ]
    assert owed(member) == before


def test_months_before_the_start_need_an_opening_balance(member):
    first = date(2025, 10, 1)
    with pytest.raises(Refused, match="先登记期初欠缴"):
        asked(member, RequestKind.BACK_PAYMENT, first, 2)
    factories.make_opening(member, first)
    assert asked(member, RequestKind.BACK_PAYMENT, first, 2).pk
    with pytest.raises(Refused, match="先登记期初欠缴"):
        asked(member, RequestKind.BACK_PAYMENT, date(2025, 9, 1), date(2025, 9, 1))


# --- Deciding -----------------------------------------------------------------------------


def test_an_approved_exemption_changes_what_is_owed_at_once(member, secretary, officer):
    request = asked(member, by=secretary)
    approve(request, by=officer, opinion="情况属实")
    request.refresh_from_db()
    assert (request.state, request.decided_on, request.decided_by) == ("approved", TODAY, officer)
    assert owed(member) == {8: 20, 9: 0, 10: 0, 11: 0}
    change = Charge.objects.get(member=member, month=month(9)).changes.get()
    assert (change.difference, change.entered_by) == (Decimal("-20.00"), officer)
    assert change.reason == "免缴请示已同意，2026年9月至12月"
    said = line()
    assert (said.by, said.action, said.reason) == (officer, "同意免缴请示", "情况属实")
    assert (said.before["状态"], said.after["状态"]) == ("待审批", "同意")


def test_an_approved_reduction_leaves_its_sum(member):
    approve(reduction(member, first=10))
    assert owed(member) == {8: 20, 9: 20, 10: 5, 11: 5}


def test_after_the_end_the_full_amount_is_owed_again(member):
    approve(asked(member, first=9, last=10))
    assert owed(member) == {8: 20, 9: 0, 10: 0, 11: 20}


def test_a_returned_request_changes_nothing_and_says_why(member, officer):
    request = asked(member)
    with pytest.raises(Refused, match="退回要写明意见") as refused:
        approve(request, approved=False, by=officer)
    assert refused.value.field == "opinion"
    approve(request, approved=False, by=officer, opinion="请补充支部会议时间")
    request.refresh_from_db()
    assert (request.state, request.opinion) == ("returned", "请补充支部会议时间")
    assert set(owed(member).values()) == {Decimal("20.00")}
    assert line().action == "退回免缴请示"


def test_nobody_decides_what_he_asked(member, officer):
    request = asked(member, by=officer)
    with pytest.raises(Refused, match="自己提出的请示不能自己审批"):
        approve(request, by=officer)


def test_what_somebody_decided_meanwhile_is_not_decided_again(member, officer):
    request = asked(member)
    seen_before = DuesRequest.objects.get(pk=request.pk)
    approve(request)
    with pytest.raises(Refused, match="已是“同意”"):
        approve(seen_before, approved=False, opinion="不同意")
    with pytest.raises(Refused, match="已是“同意”"):
        withdraw(request=seen_before, by=None)
    request.refresh_from_db()
    assert request.state == "approved"


@pytest.mark.parametrize("on", [date(2026, 11, 19), date(2026, 11, 23)])
def test_a_day_of_decision_before_the_request_or_to_come_is_refused(member, on):
    request = asked(member, asked_on=date(2026, 11, 20))
    with pytest.raises(Refused, match="审批日期应在2026年11月20日到今天之间"):
        approve(request, on=on)


def test_a_standard_lowered_meanwhile_stops_the_approval(member):
    request = reduction(member, "15.00", first=11)
    factories.make_approved_amount(member, "10.00", from_month=month(11))
    with pytest.raises(Refused, match=r"不低于核定的月应缴 10\.00"):
        approve(request)


# --- Taking back and ending ---------------------------------------------------------------


def test_a_branch_takes_back_what_nobody_has_decided(member, secretary):
    request = asked(member)
    withdraw(request=request, by=secretary)
    request.refresh_from_db()
    assert (request.state, line().action) == ("withdrawn", "撤回免缴请示")
    with pytest.raises(Refused, match="已是“已撤回”"):
        withdraw(request=request, by=secretary)
    with pytest.raises(Refused, match="已是“已撤回”"):
        approve(request)


def end(request, last, **more):
    told = {"last_month": last, "reason": "已就业", "by": None, "today": TODAY, **more}
    return end_early(request=request, **told)


def test_a_relief_that_ends_early_restores_the_months_after(member, officer):
    request = approve(asked(member))
    end(request, month(9), by=officer)
    request.refresh_from_db()
    assert (request.state, request.until_month) == ("approved", month(9))
    assert owed(member) == {8: 20, 9: 0, 10: 20, 11: 20}
    said = line()
    assert (said.action, said.reason, said.after["至"]) == ("提前结束免缴", "已就业", "2026年9月")
    assert said.before["至"] == "2026年12月"


@pytest.mark.parametrize(
    ("last", "more", "words"),
    [
        (month(12), {}, "请填更早的月份"),
        (month(8), {}, "已经执行"),
        (month(9), {"reason": " "}, "为什么提前结束"),
    ],
)
def test_an_end_that_is_none_is_refused(member, last, more, words):
    request = approve(asked(member))
    with pytest.raises(Refused, match=words):
        end(request, last, **more)
    assert owed(member)[9] == 0


def test_a_relief_that_has_not_begun_is_taken_back_whole(member):
    request = approve(asked(member, first=12))
    end(request, month(11))
    request.refresh_from_db()
    assert (request.state, request.until_month) == ("withdrawn", month(12))
    assert owed(member) == {8: 20, 9: 20, 10: 20, 11: 20}


def test_only_an_approved_relief_ends_early(member):
    with pytest.raises(Refused, match="只有已同意的"):
        end(asked(member), month(10))
    back = approve(asked(member, RequestKind.BACK_PAYMENT, 1, 2))
    with pytest.raises(Refused, match="只有已同意的"):
        end(back, month(1))


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (month(3), month(3), "2026年3月"),
        (month(3), month(8), "2026年3月至8月"),
        (month(11), date(2027, 2, 1), "2026年11月至2027年2月"),
    ],
)
def test_the_months_are_said_shortly(first, last, words):
    assert span_words(DuesRequest(from_month=first, until_month=last)) == words
