"""The calendar feed of a user: what is foreseen, at an address only he knows."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from icalendar import Calendar, Event

from accounts import trail
from accounts.models import User
from branches.models import Organisation
from branches.scope import paths_reached
from branches.values import Values
from compliance.models import CalendarAddress, Foreseen
from compliance.registry import RULES
from compliance.scopes import values_of
from compliance.wording import headline_of

AREA = "calendars"
# How often a calendar program is asked to look again.
_AGAIN = timedelta(hours=12)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def open_address(user) -> str:
    """A new secret key for the user's feed; the one before ends. Shown once, never stored."""
    _revoke(user)
    key = secrets.token_urlsafe(32)
    CalendarAddress.objects.create(user=user, key_hash=_hash(key))
    trail.record(by=user, action="开通日历订阅", area=AREA, object_id=user.pk, label=str(user))
    return key


@transaction.atomic
def close_address(user) -> bool:
    """End the user's feed; returns whether there was one."""
    closed = _revoke(user)
    if closed:
        trail.record(by=user, action="停用日历订阅", area=AREA, object_id=user.pk, label=str(user))
    return closed


def _revoke(user) -> bool:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    standing = CalendarAddress.objects.filter(user=user, revoked_at__isnull=True)
    return bool(standing.update(revoked_at=timezone.now()))


def address_of(user) -> CalendarAddress | None:
    """The address in use, without its key."""
    return CalendarAddress.objects.filter(user=user, revoked_at__isnull=True).first()


def reader(key: str):
    """The user whose feed has this key; None for an unknown or ended key or account."""
    address = (
        CalendarAddress.objects.filter(
            key_hash=_hash(key), revoked_at__isnull=True, user__is_active=True
        )
        .select_related("user")
        .first()
    )
    if address is None:
        return None
    CalendarAddress.objects.filter(pk=address.pk).update(read_at=timezone.now())
    return address.user


def feed(user, *, now: datetime, link_to: Callable[[str], str]) -> bytes:
    """The feed as iCalendar text: a day's event for each duty of a branch, or, for who oversees
    several, for each rule and due day with the number of branches. `link_to` makes the address of
    an organisation's list out of its code, "" for everything."""
    calendar = Calendar()
    calendar.add("prodid", "-//partybuild//duties//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "党支部应办事项")
    calendar.add("refresh-interval", _AGAIN, parameters={"value": "DURATION"})
    branches = list(Organisation.objects.branches().visible_to(user)[:2])
    rows = Foreseen.objects.visible_to(user).filter(rule__in=list(RULES))
    # A committee with a single branch keeps what is its own.
    alone = len(branches) == 1 and set(paths_reached(user)) == {branches[0].path}
    one = branches[0] if alone else None
    for uid, due_on, title, text in (
        _duties(rows, one, timezone.localdate(now)) if one else _sums(rows)
    ):
        event = Event()
        event.add("uid", f"{uid}@partybuild")
        event.add("dtstamp", now)
        event.add("dtstart", due_on)
        event.add("dtend", due_on + timedelta(days=1))
        event.add("summary", f"截止：{title}")
        event.add("description", text)
        event.add("url", link_to(one.code if one else ""))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return calendar.to_ical()


def _duties(rows, branch: Organisation, today: date) -> Iterator[tuple[str, date, str, str]]:
    values = values_of(branch, Values(), today)
    for row in rows.filter(organisation=branch):
        rule = RULES[row.rule]
        uid = f"{row.rule}.{row.period}.{branch.pk}"
        text = f"{branch.short_name}，{rule.demand(values, row.due_on)}"
        yield uid, row.due_on, headline_of(rule, row.period), text


def _sums(rows) -> Iterator[tuple[str, date, str, str]]:
    counts = Counter(rows.values_list("due_on", "rule", "period"))
    for (due_on, code, period), count in sorted(counts.items()):
        uid = f"{code}.{period}.{due_on:%Y%m%d}"
        title = f"{headline_of(RULES[code], period)}（{count} 个）"
        yield uid, due_on, title, f"还有 {count} 个组织没有办"
