"""How notices are said on screen."""

import re

from django.utils import timezone

from branches.links import link
from branches.words import recent, short_date
from notices.models import Delivery, DeliveryState, Notice

# A line may end in the address of a page of this system: what it speaks of, and where that stands.
_LINKED = re.compile(r"^(?P<words>.*\S)\s+(?P<url>/(?!/)[\w\-/?=&:%.]*)$")


def lines_of(text: str) -> list[dict[str, str]]:
    """The lines of a text; one that ends in an own address is a link with the words before it."""
    lines = []
    for line in text.splitlines():
        found = _LINKED.match(line)
        lines.append(
            {"words": found["words"], "url": found["url"]} if found else {"words": line, "url": ""}
        )
    return lines


def moment(at, today) -> str:
    """今天 10:42, 3月17日 16:20; "" for none."""
    return recent(timezone.localtime(at), today) if at else ""


def sender_text(notice: Notice) -> str:
    """Who it is from; what no organisation sent comes from the system."""
    return notice.sender.short_name if notice.sender else "系统"


def from_text(notice: Notice, today) -> str:
    """柳汀街道党工委，3月17日."""
    return f"{sender_text(notice)}，{short_date(notice.on, today)}"


def receipt_mark(notice: Notice, today) -> dict[str, str]:
    """Kind and words of an answer still due or given; nothing where none is asked. The notice
    carries `is_confirmed`."""
    if not notice.wants_receipt:
        return {"kind": "", "words": ""}
    if notice.is_confirmed:
        return {"kind": "done", "words": "已回执"}
    if notice.withdrawn_at is not None:
        return {"kind": "todo", "words": "已撤回"}
    if notice.receipt_by is None:
        return {"kind": "run", "words": "待回执"}
    days = (notice.receipt_by - today).days
    if days < 0:
        return {"kind": "late", "words": f"回执逾期 {-days} 天"}
    return {"kind": "soon", "words": f"回执还剩 {days} 天" if days else "今天要回执"}


def notice_tabs(
    current: str, *, sends: bool, keeps: bool = False, looks: bool = False
) -> list[dict]:
    """收到的通知; 已发通知 for who may send; 送达方式 for who keeps an organisation; 送达记录."""
    pages = [("收到的通知", "notices:list")]
    pages += [("已发通知", "notices:sent")] * sends
    pages += [("送达方式", "notices:channels")] * keeps
    pages += [("送达记录", "notices:deliveries")] * looks
    return [
        {"label": label, "url": link(name), "current": name == current} for label, name in pages
    ]


# Mark and words of a delivery's state.
_DELIVERY_MARKS = {
    DeliveryState.WAITING: "wait",
    DeliveryState.SENDING: "run",
    DeliveryState.SENT: "done",
    DeliveryState.FAILED: "late",
    DeliveryState.UNSURE: "soon",
    DeliveryState.DROPPED: "todo",
}


def delivery_mark(state: str) -> dict[str, str]:
    """Kind and words of a delivery's state; nothing for none."""
    if not state:
        return {"kind": "", "words": ""}
    return {"kind": _DELIVERY_MARKS[state], "words": DeliveryState(state).label}


def delivery_when(delivery: Delivery, today) -> str:
    """When it arrived, or when it is tried again: 今天 10:42, 3月19日 08:03 以后发送."""
    if delivery.state == DeliveryState.SENT:
        return moment(delivery.sent_at, today)
    if delivery.state == DeliveryState.WAITING:
        again = "再试" if delivery.attempts else "发送"
        return f"{moment(delivery.not_before, today)} 以后{again}"
    return ""
