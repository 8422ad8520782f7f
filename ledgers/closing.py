"""封账: closing a month, so that its ledger stays as it was printed."""

import datetime
import shutil
import tempfile
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import trail
from branches.history import path_on
from branches.models import ClosedMonth, Organisation
from branches.periods import Period, month_of, period_of
from branches.services import path_keys
from branches.values import Key, Values
from compliance.freezing import freeze
from compliance.models import CheckRun
from jobs.models import Job, JobState
from ledgers.exports.content import Content, LiveContent
from ledgers.exports.ledger import OnProgress, nobody, write_ledger
from ledgers.exports.notes import Making
from ledgers.exports.scope import LedgerScope, NothingToShow, scope_of
from ledgers.frozen import FrozenContent, frozen_for, keep, place_of
from ledgers.models import FrozenLedger

CLOSE = "close_month"
CLOSING_DAY = Key(
    "ledgers.closing_day",
    "次月几日自动封账",
    11,
    unit="日",
    minimum=0,
    maximum=28,
    help="填 0 表示只由人封账；启用以前的月份不自动封",
)


class NotClosed(ValueError):
    """The month is not closed; the message says why."""


def closings_of(organisation: Organisation, month: Period) -> list[ClosedMonth]:
    """The closings of a month that hold for an organisation, by where it stood on the month's last
    day: its own first, then those of the organisations above it."""
    path = path_on(organisation, month.ends_on)
    if path is None:
        return []
    order = path_keys(path)
    found = ClosedMonth.objects.filter(
        month=month.starts_on, organisation__in=order
    ).select_related("organisation", "closed_by")
    return sorted(found, key=lambda closed: -order.index(closed.organisation_id))


def content_of(scope: LedgerScope, *, full_numbers: bool = False) -> Content:
    """What the ledger of a month says: as it was closed, or as the records stand now."""
    closings = closings_of(scope.organisation, scope.month)
    frozen = frozen_for(scope.organisation, closings, full_numbers=full_numbers)
    return frozen or LiveContent(scope, full_numbers=full_numbers)


def close_month(
    *,
    organisation: Organisation,
    month: Period,
    today: datetime.date,
    by,
    on_progress: OnProgress = nobody,
) -> tuple[ClosedMonth, bool]:
    """Close a month for an organisation and all below it; returns the closing, and whether it is new.

    Refuses a month that has not ended or is not there. Closing twice is harmless. The content is
    read back from its files before it counts, and whoever closes at the same moment finds it done.
    """
    if month.ends_on >= today:
        raise NotClosed(f"{month.label}还没有结束，到{month.following.label}才能封账")
    if closings := closings_of(organisation, month):
        return closings[0], False
    try:
        scope = scope_of(organisation, month, today)
    except NothingToShow as nothing:
        raise NotClosed(str(nothing)) from nothing
    folder = Path(tempfile.mkdtemp(prefix="close-"))
    try:
        return _close(scope, today, by, folder, on_progress), True
    except IntegrityError:
        return ClosedMonth.objects.get(organisation=organisation, month=month.starts_on), False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@transaction.atomic
def _close(scope: LedgerScope, today, by, folder: Path, on_progress: OnProgress) -> ClosedMonth:
    live = LiveContent(scope)
    closed = ClosedMonth.objects.create(
        organisation=scope.organisation,
        month=scope.month.starts_on,
        closed_on=today,
        closed_by=by,
    )
    ledger = FrozenLedger.objects.create(closed=closed, place=place_of(live))
    keep(ledger, live, folder)
    ledger.content_hash = write_ledger(
        FrozenContent(ledger, scope.organisation),
        folder / "ledger.xlsx",
        folder=folder,
        making=Making(str(by or trail.SYSTEM), timezone.localtime()),
        on_progress=on_progress,
    )
    ledger.save(update_fields=["content_hash"])
    kept = freeze(closed, scope.month, scope.organisations, values=Values())
    trail.record(
        by=by,
        action="封账",
        area="ledgers",
        object_id=closed.pk,
        label=f"{scope.name}{scope.month.label}",
        organisation_id=scope.organisation.pk,
        after={"内容校验码": ledger.content_hash, "应办事项": kept},
    )
    return closed


def last_month(today: datetime.date) -> Period:
    """The month that ended last."""
    return period_of(month_of(f"{today:%Y-%m}").span, today).previous


def to_close(today: datetime.date) -> list[tuple[Organisation, Period]]:
    """What the set day has closed by now and nobody did: the topmost organisations, with every
    month since the last one closed, at least the last.

    A month that ended before the first night here is left to people: its records may still be on
    their way in.
    """
    day, first = Values().on(CLOSING_DAY, today), CheckRun.objects.order_by("day").first()
    if not day or first is None:
        return []
    newest = last_month(today)
    if today.day < day:
        newest = newest.previous
    return [
        (top, month)
        for top in Organisation.objects.filter(parent__isnull=True, dissolved_on__isnull=True)
        for month in _open_months(top, newest)
        if month.ends_on >= first.day
    ]


def _open_months(organisation: Organisation, newest: Period) -> list[Period]:
    """The months up to `newest` that are not closed, oldest first; none before the first closing."""
    last = ClosedMonth.objects.filter(organisation=organisation).order_by("-month").first()
    if last is None:
        return [newest]
    months, month = [], month_of(f"{last.month:%Y-%m}").following
    while month.starts_on <= newest.starts_on:
        months.append(month)
        month = month.following
    return months


def being_closed(organisation: Organisation, month: Period) -> bool:
    """Whether a job is at it."""
    return Job.objects.filter(
        kind=CLOSE,
        organisation=organisation,
        parameters__month=str(month),
        state__in=(JobState.QUEUED, JobState.RUNNING),
    ).exists()
