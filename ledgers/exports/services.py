"""Exporting a ledger: who may, what it leaves in the trail."""

import datetime
from pathlib import Path

from django.utils import timezone

from accounts import trail
from accounts.roles import Action
from branches.models import Organisation
from branches.periods import Period
from branches.scope import reaches
from ledgers.closing import content_of
from ledgers.exports.ledger import OnProgress, nobody, write_ledger
from ledgers.exports.notes import Making
from ledgers.exports.scope import NothingToShow, scope_of

AREA = "ledgers"


class Refused(ValueError):
    """The ledger is not made; the message says why."""


def may_export(user, organisation: Organisation, *, full_numbers: bool) -> None:
    """Refuse who has no right to the ledger, or none to whole numbers."""
    if not reaches(user, Action.EXPORT_LEDGER, organisation.path):
        raise Refused(f"你的账号不能导出“{organisation.name}”的台账")
    if full_numbers and not reaches(user, Action.REVEAL_NUMBER, organisation.path):
        raise Refused("你的账号不能导出完整号码")


def export_ledger(
    *,
    organisation: Organisation,
    month: Period,
    today: datetime.date,
    by,
    path: Path,
    folder: Path,
    reason: str = "",
    on_progress: OnProgress = nobody,
) -> str:
    """Write the month's ledger to `path`, leave a line in the trail, return the content hash.

    A closed month gives what it was closed with. With a `reason` the numbers are whole. `by` None
    is the one at the server's keyboard, who may everything. Refuses who has no right, and a month
    that is not there.
    """
    if by is not None:
        may_export(by, organisation, full_numbers=bool(reason))
    try:
        scope = scope_of(organisation, month, today)
    except NothingToShow as nothing:
        raise Refused(str(nothing)) from nothing
    making = Making(str(by or trail.SYSTEM), timezone.localtime(), reason)
    content_hash = write_ledger(
        content_of(scope, full_numbers=bool(reason)),
        path,
        folder=folder,
        making=making,
        on_progress=on_progress,
    )
    trail.record(
        by=by,
        action="导出台账",
        area=AREA,
        label=f"{organisation.name}{month.label}台账",
        organisation_id=organisation.pk,
        after={
            "月份": str(month),
            "号码": "完整" if reason else "部分隐藏",
            "内容校验码": content_hash,
        },
        reason=reason,
    )
    return content_hash


def file_name(organisation: Organisation, month: Period) -> str:
    return f"{organisation.short_name}{month.label}台账.xlsx"
