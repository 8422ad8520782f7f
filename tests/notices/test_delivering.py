"""Notices on their way outside: queued once, sent once, tried again, given up, sent by a person."""

import datetime
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from jobs.models import Pulse
from notices import channels, delivering
from notices.delivering import PAUSES, deliver_due, resend
from notices.jobs import deliver
from notices.models import Channel, Delivery
from notices.queueing import queue
from notices.services import Refused, send_notice, withdraw
from partybuild.schedule import BEAT_SCHEDULE
from tests import factories
from tests.notices.conftest import make_robot
from tests.queries import count_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 3, 18)
# A Wednesday.
NOW = datetime.datetime(2026, 3, 18, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MINUTE = datetime.timedelta(minutes=1)
BUSY = {"errcode": 45009, "errmsg": "api freq out of limit"}


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://zb.example.cn"


def notice_to(branch, **facts):
    """A notice from before there was any channel."""
    return factories.make_notice(branch, DAY, **facts)


def queued(channel, count=1, now=NOW, **facts):
    """Deliveries of so many notices through a channel."""
    rows = []
    for number in range(count):
        said = {"title": f"通知{number}"} | facts
        notice = factories.make_notice(channel.organisation, DAY, **said)
        Delivery.objects.filter(notice=notice).delete()
        rows += queue([notice], now=now)
    return rows


def state(delivery):
    delivery.refresh_from_db()
    return delivery.state


# --- Queued ---------------------------------------------------------------------------------------


def test_a_notice_is_queued_once_for_each_channel_in_use(town, branch, chat, box):
    other = factories.make_branch(town)
    stopped = make_robot_stopped(branch)
    left = factories.make_user(Role.ORGANISER, branch)
    left.grants.update(withdrawn_at=NOW)
    Channel.objects.create(kind="mail", organisation=branch, user=left, address="a@example.cn")
    sent = send_notice(
        recipients=[branch, other], sender=town, kind="order", title="通知", on=DAY, by=None
    )
    assert {(row.notice, row.channel) for row in Delivery.objects.all()} == {
        (notice, way) for notice in sent if notice.organisation == branch for way in (chat, box)
    }
    assert stopped.deliveries.count() == 0


def make_robot_stopped(branch):
    return Channel.objects.create(
        kind="wecom", organisation=branch, address="", stopped_at=timezone.now()
    )


def test_whoever_looks_down_from_above_or_was_switched_off_gets_no_mail(town, branch, sink):
    above = factories.make_user(Role.COMMITTEE_OFFICER, town)
    gone = factories.make_user(Role.SECRETARY, branch, is_active=False)
    for user in (above, gone):
        Channel.objects.create(kind="mail", organisation=branch, user=user, address="a@b.cn")
    notice_to(branch)
    assert not Delivery.objects.exists()


def test_queueing_needs_as_many_queries_for_three_as_for_one(branch, chat):
    def send(count):
        targets = [factories.make_branch(branch.parent) for _ in range(count)]
        for one in targets:
            Channel.objects.create(kind="wecom", organisation=one, address="x")
        notices = [notice_to(one) for one in targets]

        def again():
            Delivery.objects.all().delete()
            queue(notices, now=NOW)

        return count_of(again)

    assert send(1) == send(3)


def test_what_is_sent_at_night_waits_for_the_morning(chat):
    [row] = queued(chat, now=NOW.replace(hour=1, minute=10), wants_receipt=True)
    assert row.not_before == NOW.replace(hour=8, minute=3)
    assert deliver_due(NOW.replace(hour=8, minute=2)) == {}
    assert deliver_due(NOW.replace(hour=8, minute=3)) == {"sent": 1}


# --- Sent -----------------------------------------------------------------------------------------


def test_a_notice_arrives_in_the_chat_once(robot, chat):
    [row] = queued(chat, text="张三未交党费")
    assert deliver_due(NOW) == {"sent": 1}
    assert deliver_due(NOW) == {}
    assert state(row) == "sent"
    assert (row.attempts, row.answer) == (1, "企业微信已接收")
    assert NOW <= row.sent_at < NOW + MINUTE
    [body] = robot.bodies()
    assert body["markdown"]["content"] == (
        "**上级通知：通知0**\n柳汀街道党工委发给望春社区第一党支部\n"
        f"[打开通知](https://zb.example.cn/notices/{row.notice_id}/)\n来自党支部工作管理平台"
    )


def test_what_the_system_wrote_goes_out_and_what_a_person_wrote_stays(robot, chat, settings):
    settings.SITE_URL = ""
    queued(chat, kind="due", title="3月有 1 件<@all>[事](//x)", text="支部委员会 /duties/3/\n\n")
    deliver_due(NOW)
    assert robot.bodies()[0]["markdown"]["content"].splitlines() == [
        "**到期提醒：3月有 1 件＜@all＞［事］(//x)**",
        "柳汀街道党工委发给望春社区第一党支部",
        "支部委员会",
        "请登录系统，在“通知”里看",
        "来自党支部工作管理平台",
    ]


def test_a_receipt_is_asked_for_with_its_day(robot, chat):
    queued(chat, wants_receipt=True, receipt_by=datetime.date(2026, 3, 20))
    deliver_due(NOW)
    assert "请打开通知报回执，2026年3月20日前" in robot.bodies()[0]["markdown"]["content"]


def test_a_mail_arrives_with_the_same_number_at_every_attempt(sink, box):
    [row] = queued(box, kind="due", title="到期提醒：1 项将到期", text="支部委员会 /duties/3/")
    sink.to_content = "451 try later"
    assert deliver_due(NOW) == {"waiting": 1}
    assert state(row) == "waiting"
    assert row.answer == "发信服务器退回（451）：try later"
    assert NOW + PAUSES[0] <= row.not_before < NOW + PAUSES[0] + MINUTE
    sink.to_content = ""
    assert deliver_due(row.not_before) == {"sent": 1}
    first, second = (received(mail) for mail in sink.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@example.cn>")
    assert (second["To"], second["Subject"]) == ("lin@example.cn", "到期提醒：1 项将到期")
    text = second.get_content()
    assert "支部委员会\n  https://zb.example.cn/duties/3/\n" in text.replace("\r\n", "\n")
    box.refresh_from_db()
    assert (box.failing_since, box.last_fault) == (None, "")


def received(envelope):
    return message_from_bytes(envelope.content, policy=policy.default)


def test_a_mail_box_that_does_not_exist_fails_at_once(sink, box):
    [row] = queued(box)
    sink.to_recipient = "550 no such user"
    assert deliver_due(NOW) == {"failed": 1}
    assert state(row) == "failed"
    box.refresh_from_db()
    assert box.last_fault == "发信服务器退回（550）：no such user"


def test_what_a_mail_server_says_is_kept_without_the_address_it_repeats(sink, box):
    [row] = queued(box)
    sink.to_recipient = "550 5.1.1 <Lin@example.cn>: mailbox lin not found, policy link"
    assert deliver_due(NOW) == {"failed": 1}
    row.refresh_from_db()
    box.refresh_from_db()
    assert row.answer == "发信服务器退回（550）：5.1.1 <***>: mailbox *** not found, policy link"
    assert box.last_fault == row.answer


def test_a_mail_server_that_hangs_up_leaves_it_unsure_and_none_leaves_it_waiting(
    sink, box, settings
):
    first, second = queued(box, 2)
    sink.hang_up = True
    assert deliver_due(NOW) == {"unsure": 1}
    assert (state(first), state(second)) == ("unsure", "waiting")
    settings.EMAIL_PORT = 1
    assert deliver_due(NOW) == {"waiting": 1}
    assert second.channel.deliveries.get(pk=second.pk).answer == "连不上发信服务器"
    settings.NOTICE_FROM = ""
    assert deliver_due(NOW + 2 * MINUTE) == {"waiting": 1}
    assert len(sink.mails) == 1


# --- Failing ----------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_after_growing_pauses_and_then_given_up(robot, chat):
    [row] = queued(chat)
    robot.answers = [(500, "")] * 6
    now, waited = NOW, []
    for attempt in range(1, 7):
        assert deliver_due(now) == ({"waiting": 1} if attempt < 6 else {"failed": 1})
        row.refresh_from_db()
        assert row.attempts == attempt
        if attempt < 6:
            assert deliver_due(row.not_before - MINUTE / 2) == {}
            waited.append(row.not_before - now)
            now = row.not_before
    assert [round(one / MINUTE) for one in waited[:4]] == [1, 5, 30, 120]
    # Twelve hours from then on is in the night.
    assert now == (NOW + datetime.timedelta(days=1)).replace(hour=8, minute=3)
    assert (row.state, row.answer) == ("failed", "对方服务器有故障（500）")
    assert deliver_due(now + datetime.timedelta(days=5)) == {}
    chat.refresh_from_db()
    assert NOW <= chat.failing_since < NOW + MINUTE
    assert len(robot.got) == 6


def test_a_refusal_fails_at_once_and_the_next_success_clears_the_channel(robot, chat):
    first, second = queued(chat, 2)
    robot.answers = [{"errcode": 93000, "errmsg": "invalid webhook url k-secret-1"}]
    assert deliver_due(NOW) == {"failed": 1}
    assert state(first) == "failed" and "k-secret-1" not in first.answer
    assert state(second) == "waiting", "a channel that failed rests until the next run"
    chat.refresh_from_db()
    assert chat.last_fault.startswith("机器人地址无效")
    assert deliver_due(NOW + MINUTE) == {"sent": 1}
    chat.refresh_from_db()
    assert (chat.failing_since, chat.last_fault) == (None, "")


def test_too_fast_is_no_failure_and_the_whole_robot_waits(robot, branch):
    chat = make_robot(robot, branch, "dingtalk")
    first, second = queued(chat, 2)
    robot.answers = [{"errcode": 130101, "errmsg": "send too fast"}]
    assert deliver_due(NOW) == {"waiting": 1}
    assert deliver_due(NOW + 9 * MINUTE) == {}
    assert (state(first), first.attempts, state(second)) == ("waiting", 0, "waiting")
    chat.refresh_from_db()
    assert chat.failing_since is None
    assert deliver_due(NOW + 11 * MINUTE) == {"sent": 2}


def test_at_most_twenty_messages_a_minute_go_to_one_robot(robot, chat, town):
    queued(chat, 23)
    other = make_robot(robot, town, name="工委群")
    queued(other)
    assert deliver_due(NOW) == {"sent": 21}
    assert deliver_due(NOW + MINUTE / 2) == {}
    assert deliver_due(NOW + 2 * MINUTE) == {"sent": 3}


def test_one_broken_channel_does_not_stop_the_others(robot, chat, town, monkeypatch):
    broken, fine = queued(chat)[0], queued(make_robot(robot, town))[0]
    message_of = delivering.message_of

    def faulty(delivery):
        if delivery.pk == broken.pk:
            raise RuntimeError("张三")
        return message_of(delivery)

    monkeypatch.setattr(delivering, "message_of", faulty)
    assert deliver_due(NOW) == {"unsure": 1, "sent": 1}
    assert (state(broken), state(fine)) == ("unsure", "sent")
    assert "系统故障" in broken.answer and "张三" not in broken.answer


# --- Held and dropped -------------------------------------------------------------------------------


def test_in_quiet_hours_only_a_test_leaves_even_if_the_worker_was_away(robot, chat, secretary):
    [row] = queued(chat)
    test = channels.send_test(channel=chat, by=secretary, now=NOW.replace(hour=22))
    assert deliver_due(NOW.replace(hour=22)) == {"sent": 1}
    assert (state(row), state(test)) == ("waiting", "sent")
    assert robot.bodies()[0]["markdown"]["content"] == (
        "**测试消息**\n收到这条消息，说明通知能送到这里。\n来自党支部工作管理平台"
    )
    assert deliver_due(NOW + datetime.timedelta(days=1)) == {"sent": 1}


def test_a_stopped_channel_and_a_keeper_who_left_get_nothing(robot, sink, chat, box, secretary):
    in_chat, in_mail = sorted(queued(chat), key=lambda row: row.channel_id)
    assert (in_chat.channel, in_mail.channel) == (chat, box)
    channels.stop(channel=chat, by=secretary, now=NOW)
    assert (state(in_chat), in_chat.answer) == ("dropped", "送达方式已停用")
    secretary.grants.update(withdrawn_at=NOW)
    assert deliver_due(NOW) == {"dropped": 1}
    assert (state(in_mail), in_mail.answer) == ("dropped", "收件人不再负责这个组织")
    assert (robot.got, sink.mails) == ([], [])


def test_a_notice_taken_back_is_not_sent(robot, chat):
    [row] = queued(chat)
    withdraw(batch=row.notice.batch, by=None)
    assert deliver_due(NOW) == {"dropped": 1}
    assert (state(row), row.answer, robot.got) == ("dropped", "通知已撤回", [])


# --- Workers ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(robot, chat):
    rows = queued(chat, 6)
    results = at_once(lambda: deliver_due(NOW), lambda: deliver_due(NOW))
    assert not [one for one in results if isinstance(one, Exception)]
    deliver_due(NOW)
    titles = [body["markdown"]["content"].splitlines()[0] for body in robot.bodies()]
    assert sorted(titles) == [f"**上级通知：通知{n}**" for n in range(6)]
    assert {state(row) for row in rows} == {"sent"}


def test_a_claim_older_than_five_minutes_is_unsure_and_never_sent_by_itself(robot, chat):
    [row] = queued(chat)
    Delivery.objects.filter(pk=row.pk).update(state="sending", claimed_at=NOW, attempts=1)
    assert deliver_due(NOW + 5 * MINUTE) == {}
    assert state(row) == "sending"
    assert deliver_due(NOW + 5 * MINUTE + MINUTE / 60) == {}
    assert state(row) == "unsure" and "再发一次" in row.answer
    assert deliver_due(NOW + datetime.timedelta(days=2)) == {}
    assert robot.got == []


def test_a_worker_that_comes_back_late_corrects_unsure_but_not_a_new_attempt(chat, secretary):
    [row] = queued(chat)
    Delivery.objects.filter(pk=row.pk).update(state="unsure", claimed_at=NOW, attempts=1)
    row.refresh_from_db()
    held = Delivery.objects.get(pk=row.pk)
    resend(delivery=row, by=secretary, now=NOW)
    delivering._note(held, state="sent")
    assert state(row) == "waiting"
    Delivery.objects.filter(pk=row.pk).update(state="unsure", claimed_at=NOW)
    delivering._note(held, state="sent")
    assert state(row) == "sent"


def test_the_job_sends_leaves_its_pulse_and_is_in_the_schedule(robot, chat):
    Delivery.objects.create(channel=chat, not_before=timezone.now())
    deliver()
    assert len(robot.got) == 1
    assert Pulse.objects.get(name="deliver").ended_at
    assert "notices.jobs.deliver" in {entry["task"] for entry in BEAT_SCHEDULE.values()}


# --- Sent again by a person ---------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["failed", "unsure"])
def test_a_person_sends_again_what_failed_or_is_unsure(robot, chat, secretary, before):
    [row] = queued(chat)
    Delivery.objects.filter(pk=row.pk).update(state=before, attempts=6, claimed_at=NOW)
    resend(delivery=row, by=secretary, now=NOW)
    assert deliver_due(NOW) == {"sent": 1}
    assert state(row) == "sent" and row.attempts == 1
    line = TrailLine.objects.get(action="再发一次")
    assert (line.organisation_id, line.label) == (
        chat.organisation_id,
        "望春社区第一党支部 通知0",
    )


@pytest.mark.parametrize("before", ["waiting", "sending", "sent", "dropped"])
def test_what_is_on_its_way_or_arrived_is_not_sent_again(chat, secretary, before):
    [row] = queued(chat)
    Delivery.objects.filter(pk=row.pk).update(state=before)
    with pytest.raises(Refused, match="不用再发"):
        resend(delivery=row, by=secretary, now=NOW)
    assert state(row) == before


def test_nothing_is_sent_again_through_a_stopped_channel_or_after_taking_back(chat, secretary):
    first, second = queued(chat, 2)
    Delivery.objects.update(state="failed")
    withdraw(batch=second.notice.batch, by=None)
    with pytest.raises(Refused, match="撤回"):
        resend(delivery=second, by=secretary, now=NOW)
    channels.stop(channel=chat, by=secretary, now=NOW)
    with pytest.raises(Refused, match="停用"):
        resend(delivery=first, by=secretary, now=NOW)


def test_a_message_sent_again_at_night_waits_for_the_morning(chat, secretary):
    [row] = queued(chat)
    Delivery.objects.update(state="failed")
    resend(delivery=row, by=secretary, now=NOW.replace(hour=23))
    row.refresh_from_db()
    assert row.not_before == (NOW + datetime.timedelta(days=1)).replace(hour=8, minute=3)
