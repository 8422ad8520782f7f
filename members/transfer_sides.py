"""A transfer as a reader stands to it: which steps are his or hers, and how it is said."""

import datetime

from accounts.roles import Action
from branches.models import Organisation
from branches.scope import reaches
from members.enums import TransferState
from members.models import Transfer

SOON_DAYS = 7
# Either side: the secretary asks, the officer above may do the same for the branch.
ACTING = (Action.SUBMIT, Action.APPROVE)


def acts_for(user, organisation: Organisation | None) -> bool:
    return organisation is not None and any(
        reaches(user, action, organisation.path) for action in ACTING
    )


def issues(user, transfer: Transfer) -> bool:
    """The superior of the old side."""
    old = transfer.from_organisation
    return old is not None and reaches(user, Action.APPROVE, old.path)


def receives(user, transfer: Transfer) -> bool:
    """The new side; where that lies outside, the old side enters what came back from there."""
    return acts_for(user, transfer.to_organisation or transfer.from_organisation)


def refuses(user, transfer: Transfer) -> bool:
    """The superior before there is a letter, the new side after."""
    if transfer.state == TransferState.STARTED:
        return issues(user, transfer)
    return acts_for(user, transfer.to_organisation)


def withdraws(user, transfer: Transfer) -> bool:
    return acts_for(user, transfer.from_organisation)


def mark_of(transfer: Transfer, today: datetime.date) -> tuple[str, str]:
    """Kind and words of the mark: how long a letter still holds, or how the transfer ended."""
    if transfer.state == TransferState.STARTED:
        return "todo", "待开介绍信"
    if transfer.state == TransferState.RECEIVED:
        return "done", "已接收"
    if transfer.state != TransferState.LETTER_OUT:
        return "wait", transfer.get_state_display()
    days = (transfer.valid_until - today).days
    if days < 0:
        return "late", f"逾期 {-days} 天"
    words = "今天到期" if days == 0 else f"还剩 {days} 天"
    return ("soon" if days <= SOON_DAYS else "run"), words


def sides_of(transfer: Transfer) -> dict[str, str]:
    old, new = transfer.from_organisation, transfer.to_organisation
    return {
        "from": old.short_name if old else f"{transfer.from_outside}（县外）",
        "to": new.short_name if new else f"{transfer.to_outside}（县外）",
    }


def month_text(month: datetime.date | None) -> str:
    return f"{month.year}年{month.month}月" if month else ""
