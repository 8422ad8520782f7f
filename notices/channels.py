"""Ways by which notices travel outside the pages: opened, tested, stopped.

A robot belongs to an organisation and is kept by everybody who keeps that organisation; a mail box
belongs to one of them. Who may is checked by the page, which takes its rows from `channels_of`.
"""

import datetime
import logging

from celery import current_app
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts import trail
from branches.models import Organisation
from branches.words import short_date
from notices import mail, robots
from notices.inbox import own_paths, receives
from notices.models import Channel, ChannelKind, ChannelQuerySet, Delivery, DeliveryState
from notices.services import Refused

logger = logging.getLogger(__name__)

AREA = "channels"
STOPPED = "送达方式已停用"
# Enough for every chat of an organisation; more is a slip.
_MOST = 10


def own_organisations(user):
    """The organisations whose mail is the user's own."""
    return Organisation.objects.filter(path__in=own_paths(user)).order_by("path")


def channels_of(user) -> ChannelQuerySet:
    """The channels the user keeps: robots of his organisations and his own mail boxes; on each
    `last_state` and `last_answer` of what was sent through it last."""
    last = Delivery.objects.filter(channel=OuterRef("pk")).order_by("-pk")
    return (
        Channel.objects.active()
        .filter(Q(user=user) | Q(user__isnull=True, organisation__path__in=own_paths(user)))
        .select_related("organisation__parent", "user")
        .annotate(
            last_state=Subquery(last.values("state")[:1]),
            last_answer=Subquery(last.values("answer")[:1]),
        )
        .order_by("organisation__path", "kind", "pk")
    )


def failing_for(user) -> ChannelQuerySet:
    """The channels the user keeps by which nothing arrives at present."""
    return channels_of(user).filter(failing_since__isnull=False)


def masked(channel: Channel) -> str:
    """Enough of an address to know it by; "" once it has been stopped and forgotten."""
    if not channel.address:
        return ""
    if channel.kind != ChannelKind.MAIL:
        return robots.masked(channel.kind, channel.address)
    box, _at, host = channel.address.partition("@")
    return f"{box[:2]}***@{host}"


@transaction.atomic
def open_robot(
    *, organisation: Organisation, kind: str, name: str, address: str, secret: str = "", by
) -> Channel:
    """Let notices to an organisation go to the robot of a group chat as well.

    Refuses who does not keep the organisation, an address that is not one of such a robot, one that
    is there already, and more than ten.
    """
    _lock(organisation, by)
    address, secret = address.strip(), secret.strip()
    if fault := robots.address_fault(kind, address):
        raise Refused(fault, "address")
    if secret and not robots.ROBOTS[kind].can_sign:
        raise Refused("企业微信的机器人没有签名密钥，请留空", "secret")
    standing = list(Channel.objects.active().filter(organisation=organisation, user=None))
    if any(one.address == address for one in standing):
        raise Refused("这个机器人已经添加过", "address")
    if len(standing) >= _MOST:
        raise Refused(f"一个组织最多添加 {_MOST} 个机器人，请先停用不用的")
    return _opened(organisation, by, kind=kind, name=name.strip(), address=address, secret=secret)


@transaction.atomic
def open_mail(*, organisation: Organisation, address: str, by) -> Channel:
    """Send notices to an organisation to the user's own mail box as well.

    Refuses where the installation sends no mail, who does not keep the organisation, and a second
    box.
    """
    if not mail.is_open():
        raise Refused("系统还没有设置发信邮箱，暂时不能用邮件收通知，请联系系统管理员")
    _lock(organisation, by)
    if Channel.objects.active().filter(organisation=organisation, user=by).exists():
        raise Refused("已经有一个邮箱在收，请先停用再换", "address")
    return _opened(organisation, by, kind=ChannelKind.MAIL, user=by, address=address.strip())


def _lock(organisation: Organisation, by) -> None:
    """Two who add at once wait for each other; only who keeps the organisation adds at all."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not receives(by, organisation):
        raise Refused(f"{organisation.short_name}的送达方式由该组织的人来设")


def _opened(organisation: Organisation, by, **facts) -> Channel:
    channel = Channel.objects.create(organisation=organisation, entered_by=by, **facts)
    _record("添加送达方式", channel, by)
    return channel


@transaction.atomic
def stop(*, channel: Channel, by, now: datetime.datetime) -> Channel:
    """Send nothing more through a channel: what waits is dropped, address and key are forgotten.

    Refuses a channel that was stopped before.
    """
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if channel.stopped_at:
        raise Refused("这个送达方式已经停用")
    channel.stopped_at = now
    channel.address = channel.secret = channel.last_fault = ""
    channel.failing_since = None
    channel.version += 1
    channel.save()
    waiting = Delivery.objects.filter(channel=channel, state=DeliveryState.WAITING)
    waiting.update(state=DeliveryState.DROPPED, answer=STOPPED)
    _record("停用送达方式", channel, by)
    return channel


@transaction.atomic
def send_test(*, channel: Channel, by, now: datetime.datetime) -> Delivery:
    """Send a test message, also in quiet hours.

    Refuses a channel that was stopped, and a second test while the first is on its way.
    """
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    if channel.stopped_at:
        raise Refused("这个送达方式已经停用，不能测试")
    on_the_way = (DeliveryState.WAITING, DeliveryState.SENDING)
    if Delivery.objects.filter(channel=channel, notice=None, state__in=on_the_way).exists():
        raise Refused("上一条测试消息还在路上，请等一分钟再看")
    test = Delivery.objects.create(channel=channel, not_before=now)
    _record("发测试消息", channel, by)
    nudge()
    return test


def nudge() -> None:
    """Let the worker look at once instead of within a minute, when the transaction has ended."""
    transaction.on_commit(_nudge)


def _nudge() -> None:
    try:
        current_app.send_task("notices.jobs.deliver")
    except Exception as fault:  # whatever the transport raises, the schedule looks in a minute
        logger.warning("deliver not sent: %s", type(fault).__name__)


def _record(action: str, channel: Channel, by) -> None:
    """A line in the trail. The address of a robot is a secret, so it is not in it."""
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=channel.pk,
        label=f"{channel.organisation} {channel.get_kind_display()} {channel.name}".strip(),
        organisation_id=channel.organisation_id,
    )


def failing_words(channel: Channel, today: datetime.date) -> str:
    """企业微信群机器人“支部群”自3月18日起发不出去：…"""
    name = f"“{channel.name}”" if channel.name else ""
    since = short_date(timezone.localtime(channel.failing_since).date(), today)
    return f"{channel.get_kind_display()}{name}自{since}起发不出去：{channel.last_fault}"
