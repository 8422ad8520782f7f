"""Deliveries sent out: claimed, sent, and what became of them.

A delivery is claimed by compare-and-set and committed before anything leaves, so that two workers
never send the same one. The moment of the claim is the worker's token. A worker that dies after the
claim leaves `sending` behind; as nobody can know whether the message arrived, it becomes `unsure`
and only a person sends it again.
"""

import datetime
import logging
import time
from collections import Counter

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from accounts import trail
from jobs.pulses import words_of
from notices import mail, robots
from notices.channels import AREA, STOPPED, nudge
from notices.messages import message_of
from notices.models import Channel, ChannelKind, Delivery, DeliveryState
from notices.outcomes import Outcome, Result
from notices.queueing import still_used
from notices.quiet import Quiet, quiet_at
from notices.services import Refused

logger = logging.getLogger(__name__)

_MINUTE = datetime.timedelta(minutes=1)
# After the first, second… failure; after the last it has failed.
PAUSES = tuple(_MINUTE * minutes for minutes in (1, 5, 30, 2 * 60, 12 * 60))
# A worker is dead that has not said by then what became of its message.
CLAIM = 5 * _MINUTE
# What all three robots take in a minute.
A_MINUTE = 20
# One run ends before the next is due; the rest is the next one's.
_RUN = datetime.timedelta(seconds=50)
_AT_ONCE = 5000

WITHDRAWN = "通知已撤回"
LEFT = "收件人不再负责这个组织"
BROKEN_OFF = "发送时程序中断，不能确定对方有没有收到；没收到时请点“再发一次”"


def deliver_due(now: datetime.datetime) -> Counter:
    """Send what is due, oldest first; how many ended in which state.

    Must not run inside a transaction. In quiet hours only test messages leave. A channel that
    failed or is full for this minute rests until the next run.
    """
    began = time.monotonic()
    give_up_claims(now)
    quiet = quiet_at(now)
    resting: set[int] = set()
    ended: Counter = Counter()
    for pk, channel in _due(now, quiet):
        at = now + datetime.timedelta(seconds=time.monotonic() - began)
        if at - now > _RUN:
            break
        if channel in resting:
            continue
        delivery = _claimed(pk, at)
        if delivery is None:
            resting.add(channel)
            continue
        state = _carried(delivery, at, quiet)
        ended[state] += 1
        if state not in (DeliveryState.SENT, DeliveryState.DROPPED):
            resting.add(channel)
    return ended


def give_up_claims(now: datetime.datetime) -> int:
    """Mark what dead workers left as unsure; returns how many."""
    left = Delivery.objects.filter(state=DeliveryState.SENDING, claimed_at__lt=now - CLAIM)
    return left.update(state=DeliveryState.UNSURE, answer=BROKEN_OFF)


def _due(now: datetime.datetime, quiet: Quiet) -> list[tuple[int, int]]:
    rows = Delivery.objects.filter(state=DeliveryState.WAITING, not_before__lte=now)
    if quiet.covers(now):
        rows = rows.filter(notice__isnull=True)
    return list(rows.order_by("not_before", "pk").values_list("pk", "channel_id")[:_AT_ONCE])


def _claimed(pk: int, at: datetime.datetime) -> Delivery | None:
    """The delivery, ours to send; None when another worker has it or its robot is full."""
    with transaction.atomic():
        delivery = Delivery.objects.select_related("channel").get(pk=pk)
        # Workers at one channel go one after another, so that the count below holds.
        Channel.objects.select_for_update(no_key=True).get(pk=delivery.channel_id)
        recent = Delivery.objects.filter(
            channel=delivery.channel_id, claimed_at__gt=at - _MINUTE
        ).count()
        if delivery.channel.kind != ChannelKind.MAIL and recent >= A_MINUTE:
            return None
        ours = Delivery.objects.filter(
            pk=pk, state=DeliveryState.WAITING, claimed_at=delivery.claimed_at
        ).update(state=DeliveryState.SENDING, claimed_at=at, attempts=F("attempts") + 1)
        if not ours:
            return None
    return Delivery.objects.select_related(
        "channel__user", "notice__organisation__parent", "notice__sender"
    ).get(pk=pk)


def _carried(delivery: Delivery, at: datetime.datetime, quiet: Quiet) -> str:
    """Send what was claimed and note what became of it; returns the state it has now."""
    if reason := _pointless(delivery):
        return _note(delivery, state=DeliveryState.DROPPED, answer=reason)
    try:
        outcome = _sent(delivery, at)
    except Exception as fault:  # a fault of ours; the others go on
        logger.error("delivery %s: %s", delivery.pk, words_of(fault))
        outcome = Outcome(Result.UNSURE, f"系统故障（编号 {delivery.pk}），不能确定有没有发出")
    return _settled(delivery, outcome, at, quiet)


def _sent(delivery: Delivery, at: datetime.datetime) -> Outcome:
    message = message_of(delivery)
    if delivery.channel.kind == ChannelKind.MAIL:
        return mail.send(delivery, message)
    return robots.post(delivery.channel, message, at)


def _pointless(delivery: Delivery) -> str:
    """Why nothing is sent any more; "" as long as it is."""
    if delivery.channel.stopped_at:
        return STOPPED
    if delivery.notice and delivery.notice.withdrawn_at:
        return WITHDRAWN
    if not still_used(Channel.objects.filter(pk=delivery.channel_id)).exists():
        return LEFT
    return ""


def _settled(delivery: Delivery, outcome: Outcome, at: datetime.datetime, quiet: Quiet) -> str:
    words = outcome.words[:300]
    match outcome.result:
        case Result.SENT:
            _healthy(delivery.channel)
            return _note(delivery, state=DeliveryState.SENT, answer=words, sent_at=at)
        case Result.BUSY:
            return _postponed(delivery, outcome, at, quiet)
        case Result.UNSURE:
            state, facts = DeliveryState.UNSURE, {}
        case Result.LATER if delivery.attempts <= len(PAUSES):
            again = at + PAUSES[delivery.attempts - 1]
            state, facts = DeliveryState.WAITING, {"not_before": _after(delivery, again, quiet)}
        case _:
            state, facts = DeliveryState.FAILED, {}
    _failing(delivery.channel, words, at)
    return _note(delivery, state=state, answer=words, **facts)


def _postponed(delivery: Delivery, outcome: Outcome, at: datetime.datetime, quiet: Quiet) -> str:
    """The robot asks for a pause: everything for it waits, and no attempt is counted."""
    again = _after(delivery, at + outcome.wait, quiet)
    state = _note(
        delivery,
        state=DeliveryState.WAITING,
        answer=outcome.words,
        not_before=again,
        attempts=delivery.attempts - 1,
    )
    waiting = Delivery.objects.filter(channel=delivery.channel_id, state=DeliveryState.WAITING)
    waiting.filter(not_before__lt=again).update(not_before=again)
    return state


def _after(delivery: Delivery, moment: datetime.datetime, quiet: Quiet) -> datetime.datetime:
    return quiet.after(moment) if delivery.notice_id else moment


def _note(delivery: Delivery, *, state: str, **facts) -> str:
    """Write what became of it, unless it has been taken away from us meanwhile.

    What had been given up as unsure and turns out now is corrected.
    """
    ours = Delivery.objects.filter(
        pk=delivery.pk,
        claimed_at=delivery.claimed_at,
        state__in=(DeliveryState.SENDING, DeliveryState.UNSURE),
    )
    ours.update(state=state, **facts)
    return state


def _healthy(channel: Channel) -> None:
    failing = Channel.objects.filter(pk=channel.pk, failing_since__isnull=False)
    failing.update(failing_since=None, last_fault="")


def _failing(channel: Channel, words: str, at: datetime.datetime) -> None:
    Channel.objects.filter(pk=channel.pk, stopped_at__isnull=True).update(
        failing_since=Coalesce("failing_since", at), last_fault=words
    )


@transaction.atomic
def resend(*, delivery: Delivery, by, now: datetime.datetime) -> Delivery:
    """Send once more what failed or what nobody can be sure of; the attempts begin anew.

    Refuses what is on its way or arrived, a stopped channel and a notice taken back.
    """
    delivery = (
        Delivery.objects.select_for_update(no_key=True, of=("self",))
        .select_related("channel__organisation", "notice")
        .get(pk=delivery.pk)
    )
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.UNSURE):
        raise Refused(f"{delivery.get_state_display()}的不用再发")
    if delivery.channel.stopped_at:
        raise Refused(f"{STOPPED}，请先添加新的")
    if delivery.notice and delivery.notice.withdrawn_at:
        raise Refused(f"{WITHDRAWN}，不能再发")
    delivery.state, delivery.attempts, delivery.answer = DeliveryState.WAITING, 0, ""
    # Another token: a worker that still holds the old one has no say any more.
    delivery.claimed_at = None
    delivery.not_before = _after(delivery, now, quiet_at(now))
    delivery.save()
    trail.record(
        by=by,
        action="再发一次",
        area=AREA,
        object_id=delivery.channel_id,
        label=f"{delivery.channel.organisation} {delivery.notice or '测试消息'}",
        organisation_id=delivery.channel.organisation_id,
    )
    nudge()
    return delivery
