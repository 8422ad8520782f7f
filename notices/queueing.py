"""Which notices travel further than the pages: the rows that say so, written with the notice."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from accounts.roles import Action, roles_allowing
from branches.models import Grant
from notices.models import Channel, ChannelQuerySet, Delivery, Notice
from notices.quiet import quiet_at


def still_used(channels: ChannelQuerySet) -> ChannelQuerySet:
    """Channels in use: switched on, and a mail box only while its owner keeps the organisation."""
    keeps = Grant.objects.filter(
        user=OuterRef("user"),
        organisation=OuterRef("organisation"),
        role__in=roles_allowing(Action.KEEP_BRANCH),
        withdrawn_at__isnull=True,
    )
    return channels.active().filter(
        Q(user__isnull=True) | Q(Exists(keeps), user__is_active=True),
    )


def queue(notices: Iterable[Notice], *, now: datetime.datetime) -> list[Delivery]:
    """One delivery for each notice and each channel of its recipient, in the caller's transaction.

    In quiet hours they wait for their end; a notice that asks for a 回执 waits the same.
    """
    notices = list(notices)
    used = still_used(Channel.objects.filter(organisation__in={n.organisation_id for n in notices}))
    channels = defaultdict(list)
    for channel in used.order_by("pk").values_list("pk", "organisation_id"):
        channels[channel[1]].append(channel[0])
    if not channels:
        return []
    not_before = quiet_at(now).after(now)
    return Delivery.objects.bulk_create(
        [
            Delivery(notice=notice, channel_id=channel, not_before=not_before)
            for notice in notices
            for channel in channels[notice.organisation_id]
        ],
        batch_size=1000,
    )
