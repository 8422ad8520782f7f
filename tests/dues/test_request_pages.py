import datetime
from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from accounts.roles import Role
from dues.models import Charge, DuesRequest
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
LIST = "dues:requests"


def month(number, year=2026):
    return date(year, number, 1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="望春社区第一党支部")


@pytest.fixture
def member(branch):
    member = factories.make_member(branch, "许桂兰")
    factories.make_approved_amount(member, "20.00")
    for number in range(1, 12):
        factories.make_charge(member, month(number))
    return member


@pytest.fixture
def secretary(branch, client):
    user = factories.make_user(Role.SECRETARY, branch, name="林守正")
    client.force_login(user)
    return user


@pytest.fixture
def officer(branch):
    return factories.make_user(Role.COMMITTEE_OFFICER, branch.parent, name="沈知行")


@pytest.fixture
def waiting(member):
    return factories.make_dues_request(
        member,
        "reduction",
        from_month=month(9),
        until_month=month(12),
        asked_on=date(2026, 11, 20),
        reason="家庭困难，支部已研究",
    )


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def filled(member, **more):
    return {
        "branch": member.organisation.code,
        "member": member.pk,
        "kind": "reduction",
        "from_month": "2026.9",
        "until_month": "2026年12月",
        "amount": "5元",
        "reason": "家庭困难，支部已研究",
        "asked_on": "11.20",
    } | more


# --- The list -----------------------------------------------------------------------------


def test_the_list_has_what_waits_first_and_counts_the_rest(client, secretary, branch):
    def made(days, state, first=9, last=12, **more):
        return factories.make_dues_request(
            factories.make_member(branch),
            from_month=month(first),
            until_month=month(last),
            asked_on=TODAY - datetime.timedelta(days),
            state=state,
            **more,
        ).member.name

    expired = made(90, "approved", 6, 8)
    running = made(60, "approved")
    ending = made(60, "approved", 9, 11)
    returned = made(40, "returned")
    new, old = made(2, "asked"), made(30, "asked")
    taken_back = made(10, "withdrawn")
    page = client.get(reverse(LIST))
    rows = page.context["rows"]
    assert [row["name"] for row in rows][:4] == [old, new, ending, running]
    assert {row["name"]: (row["kind"], row["words"]) for row in rows} == {
        old: ("wait", "待审批 30 天"),
        new: ("wait", "待审批 2 天"),
        ending: ("soon", "本月到期"),
        running: ("done", "同意，到2026年12月"),
        expired: ("todo", "已到期"),
        returned: ("late", "退回"),
        taken_back: ("todo", "已撤回"),
    }
    assert [(chip["label"], chip["count"]) for chip in page.context["chips"]] == [
        ("待审批", 2),
        ("同意", 2),
        ("退回", 1),
        ("到期", 1),
    ]
    for state, names in (("asked", {old, new}), ("ended", {expired}), ("returned", {returned})):
        rows = client.get(reverse(LIST), {"state": state}).context["rows"]
        assert {row["name"] for row in rows} == names
    assert "退回" in client.get(reverse(LIST), {"state": "nonsense"}).content.decode()


def test_an_overseer_sees_all_branches_below_and_narrows_to_one(client, officer, branch, waiting):
    other = factories.make_branch(branch.parent)
    factories.make_dues_request(
        factories.make_member(other), from_month=month(9), until_month=month(12)
    )
    client.force_login(officer)
    page = client.get(reverse(LIST))
    assert len(page.context["rows"]) == 2
    assert (page.context["show_organisation"], page.context["new_url"]) == (True, "")
    page = client.get(reverse(LIST), {"branch": branch.code})
    assert [row["name"] for row in page.context["rows"]] == ["许桂兰"]


def test_fifty_stand_on_a_page_and_the_chip_stays_with_paging(client, secretary, branch):
    for member in factories.make_members(branch, 51):
        factories.make_dues_request(member, from_month=month(9), until_month=month(12))
    page = client.get(reverse(LIST), {"state": "asked"})
    assert len(page.context["rows"]) == 50
    assert "state=asked&amp;page=2" in page.content.decode()


def test_three_requests_take_as_many_queries_as_one(client, secretary, branch, waiting):
    def look():
        client.get(reverse(LIST))

    once = count_of(look)
    for member in factories.make_members(branch, 2):
        factories.make_dues_request(member, from_month=month(9), until_month=month(12))
    assert count_of(look) == once


def test_the_neighbour_sees_nothing_and_nobody_is_sent_to_the_log_in(
    client, branch, member, waiting
):
    addresses = [reverse("dues:request", args=[waiting.pk])]
    assert client.get(addresses[0]).status_code == 302
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    assert client.get(addresses[0]).status_code == 404
    assert client.get(reverse(LIST)).context["rows"] == []
    assert client.get(reverse(LIST), {"branch": branch.code}).status_code == 404
    assert client.get(reverse("dues:request_new"), {"branch": branch.code}).status_code == 404
    for act in ("decide", "withdraw", "end"):
        address = reverse(f"dues:request_{act}", args=[waiting.pk])
        assert client.post(address, {"act": "approve", "on": "11.22"}).status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == "asked"


# --- Asking -------------------------------------------------------------------------------


def test_the_secretary_asks(client, secretary, member):
    page = client.get(reverse("dues:request_new"))
    assert "写明依据即可，不写病情等隐私" in page.content.decode()
    response = client.post(reverse("dues:request_new"), filled(member))
    request = DuesRequest.objects.get()
    assert response.url == reverse("dues:request", args=[request.pk])
    assert said(response) == [f"已提出减缴请示，等{member.organisation.parent.short_name}审批"]
    assert (request.from_month, request.until_month, request.amount, request.asked_on) == (
        month(9),
        month(12),
        5,
        date(2026, 11, 20),
    )


def test_nothing_typed_is_lost_where_something_is_wrong(client, secretary, member):
    page = client.post(reverse("dues:request_new"), filled(member, amount="25", asked_on="11.21"))
    assert page.status_code == 200
    body = page.content.decode()
    assert "不低于核定的月应缴 20.00" in body
    assert "家庭困难，支部已研究" in body
    assert 'value="2026.9"' in body
    page = client.post(reverse("dues:request_new"), filled(member, from_month="九月", kind=""))
    assert {"from_month", "kind"} == set(page.context["form"].errors)
    assert not DuesRequest.objects.exists()


def test_the_address_fills_the_form_in(client, secretary, member):
    page = client.get(
        reverse("dues:request_new"),
        {"member": member.pk, "kind": "back_payment", "from": "2026-01", "until": "2026-04"},
    )
    form = page.context["form"]
    assert (form["from_month"].value(), form["until_month"].value()) == ("2026年1月", "2026年4月")
    body = page.content.decode()
    assert 'value="2026年1月"' in body and f'value="{member.pk}" selected' in body
    assert "2026年5月起的月份直接登记" in body
    assert client.get(reverse("dues:request_new"), {"from": "坏"}).status_code == 200


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.GROUP_LEADER])
def test_who_may_only_look_in_the_branch_does_not_ask(client, branch, member, role):
    client.force_login(factories.make_user(role, branch))
    assert client.get(reverse(LIST)).context["new_url"] == ""
    assert client.get(reverse("dues:request_new")).status_code == 403
    assert client.post(reverse("dues:request_new"), filled(member)).status_code == 403
    assert not DuesRequest.objects.exists()


def test_the_superior_does_not_ask(client, officer, branch, member):
    client.force_login(officer)
    assert client.post(reverse("dues:request_new"), filled(member)).status_code == 403


# --- Deciding -----------------------------------------------------------------------------


def test_the_superior_approves_and_the_charges_follow(client, officer, waiting, member):
    client.force_login(officer)
    address = reverse("dues:request", args=[waiting.pk])
    page = client.get(address)
    facts = dict(page.context["facts"])
    assert (facts["核定月应缴"], facts["减缴后每月"]) == ("¥20.00", "¥5.00")
    assert page.context["decision_form"] and not page.context["may_withdraw"]
    response = client.post(
        reverse("dues:request_decide", args=[waiting.pk]), {"act": "approve", "on": "11.22"}
    )
    assert (response.url, said(response)) == (address, ["已同意许桂兰的减缴请示"])
    assert list(
        Charge.objects.filter(month__gte=month(8))
        .order_by("month")
        .values_list("amount", flat=True)
    ) == [20, 5, 5, 5]
    page = client.get(address)
    assert (page.context["decision_form"], page.context["badge"]["kind"]) == (None, "done")
    assert "沈知行 同意减缴请示" in page.context["history"][0]["words"]


def test_a_return_without_opinion_is_refused_on_the_page(client, officer, waiting):
    client.force_login(officer)
    address = reverse("dues:request_decide", args=[waiting.pk])
    page = client.post(address, {"act": "return", "on": "11.22"})
    assert "退回要写明意见" in page.content.decode()
    client.post(address, {"act": "return", "on": "11.22", "opinion": "请补会议时间"})
    waiting.refresh_from_db()
    assert (waiting.state, waiting.opinion) == ("returned", "请补会议时间")


def test_what_was_decided_meanwhile_is_said(client, officer, waiting):
    client.force_login(officer)
    address = reverse("dues:request_decide", args=[waiting.pk])
    client.post(address, {"act": "approve", "on": "11.22"})
    response = client.post(address, {"act": "return", "on": "11.22", "opinion": "不同意"})
    assert response.url == reverse("dues:request", args=[waiting.pk])
    assert "已是“同意”" in said(response)[-1]


def test_the_branch_does_not_decide_and_an_inspector_only_looks(client, secretary, branch, waiting):
    decide = reverse("dues:request_decide", args=[waiting.pk])
    posted = {"act": "approve", "on": "11.22"}
    page = client.get(reverse("dues:request", args=[waiting.pk]))
    assert page.context["decision_form"] is None and page.context["may_withdraw"]
    assert client.post(decide, posted).status_code == 403
    # A grant of the superior's kind on the branch itself is no superior.
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch))
    assert client.post(decide, posted).status_code == 403
    client.force_login(factories.make_user(Role.INSPECTOR, branch.parent))
    page = client.get(reverse("dues:request", args=[waiting.pk]))
    assert page.status_code == 200
    assert page.context["decision_form"] is None and not page.context["may_withdraw"]
    for act in ("decide", "withdraw", "end"):
        address = reverse(f"dues:request_{act}", args=[waiting.pk])
        assert client.post(address, posted).status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == "asked"


def test_months_paid_already_are_shown_to_the_superior(client, officer, waiting, member):
    factories.make_payment(member, month(9))
    client.force_login(officer)
    note = client.get(reverse("dues:request", args=[waiting.pk])).context["note"]
    assert note.startswith("2026年9月已经交过")


def test_what_a_back_payment_is_about_is_shown(client, secretary, member):
    factories.make_payment(member, month(2))
    request = factories.make_dues_request(
        member, "back_payment", from_month=month(1), until_month=month(3), asked_on=TODAY
    )
    note = client.get(reverse("dues:request", args=[request.pk])).context["note"]
    assert note == "其中 2 个月还没有交清，共 ¥40.00"


# --- Taking back and ending ---------------------------------------------------------------


def test_the_secretary_takes_back_once(client, secretary, waiting):
    address = reverse("dues:request_withdraw", args=[waiting.pk])
    assert said(client.post(address)) == ["已撤回请示"]
    assert "已是“已撤回”" in said(client.post(address))[-1]
    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"


@pytest.mark.parametrize("who", ["secretary", "officer"])
def test_either_side_ends_a_relief_early(client, secretary, officer, member, who):
    request = factories.make_dues_request(
        member, from_month=month(9), until_month=month(12), state="approved"
    )
    client.force_login({"secretary": secretary, "officer": officer}[who])
    address = reverse("dues:request_end", args=[request.pk])
    page = client.post(address, {"last_month": "2026.10", "reason": ""})
    assert "为什么提前结束" in page.content.decode()
    page = client.post(address, {"last_month": "2027.1", "reason": "已就业"})
    assert "请填更早的月份" in page.content.decode()
    response = client.post(address, {"last_month": "2026.10", "reason": "已就业"})
    assert said(response)[-1] == "免缴已提前结束，应缴已重新计算"
    request.refresh_from_db()
    assert request.until_month == month(10)
