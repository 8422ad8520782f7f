"""上级通知 on the desk: what asks for a 回执 among the things to do, the newest below them."""

import datetime

from django.urls import reverse

from branches.models import Organisation
from branches.periods import month_end
from branches.words import short_date
from notices.inbox import receives, sent_to, waiting_for_receipt
from notices.models import NoticeKind
from notices.words import from_text

_SHOWN = 5


def receipt_rows(branch: Organisation, today: datetime.date, soon_days: int, user) -> list[dict]:
    """Fields of a desk line for each notice whose 回执 is still to give; one query."""
    own = user is None or receives(user, branch)
    rows = []
    for notice in waiting_for_receipt(sent_to(branch).standing()):
        until = notice.receipt_by
        kind, status = _urgency(until, today, soon_days)
        url = reverse("notices:detail", args=[notice.pk])
        rows.append(
            {
                "kind": kind,
                "status": status,
                "title": f"报回执：{notice.title}",
                "basis": from_text(notice, today),
                "due_label": "截止" if until else "发出",
                "due_text": short_date(until or notice.on, today),
                # Without a day of its own it is a thing of this month.
                "due_on": until or month_end(today),
                "why_url": url,
                "action": {"label": "报回执", "url": url} if own else None,
            }
        )
    return rows


def _urgency(until: datetime.date | None, today: datetime.date, soon_days: int) -> tuple[str, str]:
    if until is None:
        return "todo", "待回执"
    days = (until - today).days
    if days < 0:
        return "late", f"逾期 {-days} 天"
    if days <= soon_days:
        return "soon", f"还剩 {days} 天" if days else "今天到期"
    return "todo", "待回执"


def notices_card(branch: Organisation, today: datetime.date, user) -> dict:
    """The newest notices from above, for the card under the list; one query."""
    own = user is not None and receives(user, branch)
    orders = sent_to(branch).standing().filter(kind=NoticeKind.ORDER)[:_SHOWN]
    rows = []
    for notice in orders:
        url = reverse("notices:detail", args=[notice.pk])
        rows.append(
            {
                "title": notice.title,
                "url": url,
                "from_text": from_text(notice, today),
                "needs_receipt": own and notice.wants_receipt and not notice.is_confirmed,
                "receipt_url": url,
            }
        )
    address = reverse("notices:list") if own else reverse("notices:of", args=[branch.code])
    return {"notices": rows, "notices_url": address}
