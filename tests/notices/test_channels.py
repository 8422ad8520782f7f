"""送达方式 and 送达记录: who may add, test, stop and look, and that no address is shown whole."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from notices import channels
from notices.models import Channel, Delivery
from notices.services import Refused
from tests import factories
from tests.notices.conftest import make_robot
from tests.queries import count_of

pytestmark = pytest.mark.django_db

CHANNELS, ROBOT, MAIL = "/notices/channels/", "/notices/channels/robot/", "/notices/channels/mail/"
DELIVERIES = "/notices/deliveries/"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-4e5f-6789"
DING = "https://oapi.dingtalk.com/robot/send?access_token=0a1b2c3d4e5f6789"
NOW = datetime.datetime(2026, 3, 18, 2, 0, tzinfo=datetime.UTC)


@pytest.fixture
def mailing(settings):
    settings.NOTICE_FROM = "支部系统 <bot@example.cn>"


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town, name="宋佳宁")


def body(response):
    assert response.status_code == 200
    return response.content.decode()


def opened(branch, by, kind="wecom", address=WECOM, **facts):
    return channels.open_robot(
        organisation=branch, kind=kind, name="支部群", address=address, by=by, **facts
    )


# --- Services -------------------------------------------------------------------------------------


def test_a_robot_is_added_encrypted_and_the_trail_holds_no_address(branch, secretary):
    channel = opened(branch, secretary, "dingtalk", f" {DING} ", secret=" SECabc ")
    channel.refresh_from_db()
    assert (channel.address, channel.secret, channel.entered_by) == (DING, "SECabc", secretary)
    stored = Channel.objects.extra(select={"raw": "address"}).values_list("raw", flat=True).get()
    assert "0a1b2c3d" not in stored
    line = TrailLine.objects.get(area="channels")
    assert (line.action, line.label) == (
        "添加送达方式",
        "望春社区第一党支部 钉钉群机器人 支部群",
    )
    assert (line.organisation_id, line.before, line.after) == (branch.pk, {}, {})
    assert channels.masked(channel) == "oapi.dingtalk.com …6789"


@pytest.mark.parametrize(
    ("facts", "field", "said"),
    [
        ({"address": "https://evil.example/?key=abc"}, "address", "地址应以 https://qyapi"),
        ({"secret": "abc"}, "secret", "没有签名密钥"),
    ],
)
def test_an_address_elsewhere_or_a_key_that_is_not_used_is_refused(
    branch, secretary, facts, field, said
):
    with pytest.raises(Refused, match=said) as refused:
        opened(branch, secretary, **facts)
    assert refused.value.field == field
    assert not Channel.objects.exists()


def test_a_robot_is_added_once_and_at_most_ten(branch, secretary):
    first = opened(branch, secretary)
    with pytest.raises(Refused, match="添加过"):
        opened(branch, secretary)
    for number in range(9):
        opened(branch, secretary, address=f"{WECOM}{number}")
    with pytest.raises(Refused, match="最多添加 10 个"):
        opened(branch, secretary, address=f"{WECOM}-11")
    channels.stop(channel=first, by=secretary, now=NOW)
    opened(branch, secretary)


def test_who_does_not_keep_the_organisation_adds_nothing(branch, officer, town, mailing):
    with pytest.raises(Refused, match="由该组织的人来设"):
        opened(branch, officer)
    with pytest.raises(Refused, match="由该组织的人来设"):
        channels.open_mail(organisation=branch, address="a@example.cn", by=officer)
    channels.open_mail(organisation=town, address="a@example.cn", by=officer)


def test_one_mail_box_for_each_keeper_and_none_where_no_mail_is_sent(
    branch, secretary, settings, mailing
):
    box = channels.open_mail(organisation=branch, address=" lin@example.cn ", by=secretary)
    assert (box.user, box.address, channels.masked(box)) == (
        secretary,
        "lin@example.cn",
        "li***@example.cn",
    )
    with pytest.raises(Refused, match="已经有一个邮箱"):
        channels.open_mail(organisation=branch, address="x@example.cn", by=secretary)
    channels.stop(channel=box, by=secretary, now=NOW)
    channels.open_mail(organisation=branch, address="x@example.cn", by=secretary)
    settings.NOTICE_FROM = ""
    with pytest.raises(Refused, match="没有设置发信邮箱"):
        channels.open_mail(organisation=branch, address="x@example.cn", by=secretary)


def test_stopping_forgets_the_address_and_drops_what_waits(branch, secretary):
    channel = opened(branch, secretary)
    factories.make_notice(branch, NOW.date())
    channels.stop(channel=channel, by=secretary, now=NOW)
    channel.refresh_from_db()
    assert (channel.address, channel.secret, channel.stopped_at) == ("", "", NOW)
    assert channels.masked(channel) == ""
    row = Delivery.objects.get()
    assert (row.state, row.answer) == ("dropped", "送达方式已停用")
    assert TrailLine.objects.filter(action="停用送达方式").count() == 1
    with pytest.raises(Refused, match="已经停用"):
        channels.stop(channel=channel, by=secretary, now=NOW)
    with pytest.raises(Refused, match="不能测试"):
        channels.send_test(channel=channel, by=secretary, now=NOW)


def test_a_second_test_waits_for_the_first(branch, secretary):
    channel = opened(branch, secretary)
    test = channels.send_test(channel=channel, by=secretary, now=NOW)
    assert (test.notice, test.not_before) == (None, NOW)
    with pytest.raises(Refused, match="还在路上"):
        channels.send_test(channel=channel, by=secretary, now=NOW)
    Delivery.objects.update(state="failed")
    channels.send_test(channel=channel, by=secretary, now=NOW)
    assert TrailLine.objects.filter(action="发测试消息").count() == 2


# --- 送达方式 -------------------------------------------------------------------------------------


def test_a_secretary_adds_tests_and_stops_a_robot(client, branch, secretary):
    client.force_login(secretary)
    page = client.get(CHANNELS)
    assert "还没有群机器人" in body(page) and "添加邮箱" not in body(page)
    assert "20 点到 8 点、放假和周末不往外发" in body(page)
    form = {"organisation": branch.pk, "kind": "wecom", "name": "支部群", "address": WECOM}
    assert client.post(ROBOT, form).url == CHANNELS
    channel = Channel.objects.get()
    client.post(reverse("notices:channel_test", args=[channel.pk]))
    page = client.get(CHANNELS)
    [row] = page.context["robots"]
    assert (row["words"], row["address"]) == ("上一条待发送", "qyapi.weixin.qq.com …6789")
    assert "0a1b2c3d" not in body(page)
    client.post(reverse("notices:channel_stop", args=[channel.pk]))
    assert client.get(CHANNELS).context["robots"] == []


def test_nothing_typed_is_lost_when_an_address_is_wrong(client, branch, secretary):
    client.force_login(secretary)
    form = {"organisation": branch.pk, "kind": "feishu", "name": "支部群", "address": WECOM}
    page = body(client.post(ROBOT, form))
    assert "地址应以 https://open.feishu.cn" in page
    assert 'value="支部群"' in page and "0a1b2c3d-4e5f-6789" in page
    assert '<input type="radio" class="zb-check" name="kind" value="feishu" checked>' in page
    assert client.post(ROBOT, {}).context["form"].errors.keys() == {"kind", "address"}


def test_a_secretary_adds_a_mail_box_of_his_own(client, branch, secretary, mailing):
    client.force_login(secretary)
    assert 'href="/notices/channels/mail/"' in body(client.get(CHANNELS))
    assert "不完整" in body(client.post(MAIL, {"organisation": branch.pk, "address": "lin@"}))
    client.post(MAIL, {"organisation": branch.pk, "address": "lin@example.cn"})
    [row] = client.get(CHANNELS).context["boxes"]
    assert row["address"] == "li***@example.cn"
    assert "已经有一个邮箱" in body(
        client.post(MAIL, {"organisation": branch.pk, "address": "b@example.cn"})
    )


def test_without_a_mail_server_the_page_says_so(client, branch, secretary):
    client.force_login(secretary)
    assert "系统还没有设置发信邮箱" in body(client.get(CHANNELS))
    page = client.post(MAIL, {"organisation": branch.pk, "address": "b@example.cn"})
    assert "联系系统管理员" in body(page) and not Channel.objects.exists()


def test_another_organisation_cannot_be_chosen(client, branch, secretary, town):
    other, second = factories.make_branch(town), factories.make_branch(town)
    client.force_login(secretary)
    form = {"organisation": other.pk, "kind": "wecom", "address": WECOM}
    client.post(ROBOT, form)
    assert Channel.objects.get().organisation == branch, "the only one he keeps"
    secretary.grants.create(role=Role.ORGANISER, organisation=second)
    assert "请选自己所在的组织" in body(client.post(ROBOT, form | {"address": WECOM + "2"}))
    client.post(ROBOT, form | {"organisation": second.pk})
    assert Channel.objects.filter(organisation=second).exists()


def test_colleagues_share_robots_and_not_mail_boxes(client, branch, secretary, mailing):
    opened(branch, secretary)
    box = channels.open_mail(organisation=branch, address="lin@example.cn", by=secretary)
    client.force_login(factories.make_user(Role.ORGANISER, branch))
    page = client.get(CHANNELS)
    assert (len(page.context["robots"]), page.context["boxes"]) == (1, [])
    for name in ("channel_test", "channel_stop"):
        assert client.post(reverse(f"notices:{name}", args=[box.pk])).status_code == 404


def test_the_neighbour_the_superior_and_who_only_looks_keep_no_channel_of_a_branch(
    client, branch, town, secretary, officer
):
    channel = opened(branch, secretary)
    neighbour = factories.make_user(Role.SECRETARY, factories.make_branch(town))
    inspector = factories.make_user(Role.INSPECTOR, town)
    for user, seen in ((neighbour, 404), (officer, 404), (inspector, 403)):
        client.force_login(user)
        for name in ("channel_test", "channel_stop"):
            response = client.post(reverse(f"notices:{name}", args=[channel.pk]))
            assert response.status_code == seen, user
    assert client.get(CHANNELS).status_code == 403
    client.force_login(factories.make_user(Role.AUDIT_ADMIN, town.parent))
    assert [client.get(page).status_code for page in (CHANNELS, ROBOT, DELIVERIES)] == [404] * 3
    client.logout()
    assert client.get(CHANNELS).url.startswith(reverse("login"))


def test_a_failing_channel_stands_out_to_who_keeps_it(client, branch, secretary, officer):
    channel = opened(branch, secretary)
    Channel.objects.filter(pk=channel.pk).update(
        failing_since=timezone.now(), last_fault="机器人地址无效"
    )
    client.force_login(secretary)
    for address in ("/notices/", CHANNELS, DELIVERIES):
        page = body(client.get(address))
        assert "企业微信群机器人“支部群”自" in page and "机器人地址无效" in page
    client.force_login(officer)
    assert client.get("/notices/").context["failing"] == []


# --- 送达记录 -------------------------------------------------------------------------------------


def delivered(channel, state="sent", **facts):
    notice = factories.make_notice(channel.organisation, NOW.date(), title=f"{state}的通知")
    row = Delivery.objects.get(notice=notice, channel=channel)
    Delivery.objects.filter(pk=row.pk).update(state=state, attempts=1, sent_at=NOW, **facts)
    row.refresh_from_db()
    return row


def test_deliveries_are_listed_by_state_with_the_answer(client, branch, secretary):
    channel = opened(branch, secretary)
    sent = delivered(channel, answer="企业微信已接收")
    failed = delivered(channel, "failed", answer="机器人地址无效")
    client.force_login(secretary)
    page = client.get(DELIVERIES)
    assert [(row["title"], row["mark"]["words"]) for row in page.context["rows"]] == [
        ("failed的通知", "发送失败"),
        ("sent的通知", "已送达"),
    ]
    assert [(chip["label"], chip["count"]) for chip in page.context["chips"]] == [
        *(("全部", 2), ("发送失败", 1), ("不能确定", 0)),
        *(("待发送", 0), ("已送达", 1), ("不再发送", 0)),
    ]
    assert "机器人地址无效" in body(page) and "0a1b2c3d" not in body(page)
    [row] = client.get(DELIVERIES, {"show": "sent"}).context["rows"]
    assert (row["url"], row["resend_url"]) == (f"/notices/{sent.notice_id}/", "")
    [row] = client.get(DELIVERIES, {"show": "failed"}).context["rows"]
    assert row["resend_url"] == reverse("notices:resend", args=[failed.pk])
    assert client.get(DELIVERIES, {"show": "unsure"}).context["rows"] == []
    assert len(client.get(DELIVERIES, {"show": "x"}).context["rows"]) == 2


def test_a_failed_message_is_sent_again_from_the_list(client, branch, secretary, town, officer):
    row = delivered(opened(branch, secretary), "failed")
    address = reverse("notices:resend", args=[row.pk])
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(town)))
    assert client.post(address).status_code == 404
    client.force_login(factories.make_user(Role.INSPECTOR, town))
    assert client.post(address).status_code == 403
    row.refresh_from_db()
    assert row.state == "failed"
    client.force_login(officer)
    back = f"{DELIVERIES}?show=failed"
    assert client.post(address, {"next": back}).url == back
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)
    assert "不用再发" in body(client.post(address, follow=True))


def test_the_superior_sees_what_went_out_below_and_the_neighbour_nothing(
    client, branch, secretary, town, officer
):
    delivered(opened(branch, secretary))
    client.force_login(officer)
    assert len(client.get(DELIVERIES).context["rows"]) == 1
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(town)))
    assert client.get(DELIVERIES).context["rows"] == []
    assert "还没有往外发过通知" in body(client.get(DELIVERIES))


def test_both_lists_need_as_many_queries_for_three_as_for_one(client, branch, secretary, robot):
    client.force_login(secretary)
    delivered(make_robot(robot, branch))
    once = [count_of(lambda page=page: client.get(page)) for page in (CHANNELS, DELIVERIES)]
    for _ in range(2):
        delivered(make_robot(robot, branch))
    assert [count_of(lambda page=page: client.get(page)) for page in (CHANNELS, DELIVERIES)] == once
