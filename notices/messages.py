"""What a notice says outside the pages: in a mail, in a group chat.

Less than on the page. The title goes out, and the lines that the system itself wrote about what
falls due, which name organisations and duties. What a person typed stays inside, since nobody can
know whether it names members; the message leads to it.
"""

from dataclasses import dataclass

from django.conf import settings

from branches.links import link
from branches.words import full_date
from notices.models import Delivery, Notice, NoticeKind
from notices.words import lines_of, sender_text

# In every message, so that a robot that lets only messages with a keyword pass can be told one.
KEYWORD = "党支部工作"
FROM_WHERE = f"来自{KEYWORD}管理平台"
_TESTED = "收到这条消息，说明通知能送到这里。"
# Brackets would make links, angle brackets call everybody in a chat by name.
_HARMLESS = str.maketrans("<>[]`", "＜＞［］'")


@dataclass(frozen=True)
class Line:
    """One line; with `href` it leads to a page."""

    words: str
    href: str = ""


@dataclass(frozen=True)
class Message:
    """A title and the lines under it, the last of which lead into the system."""

    title: str
    lines: tuple[Line, ...]
    last: tuple[Line, ...] = ()

    def within(self, most: int) -> tuple[Line, ...]:
        """As many lines as fit into `most` bytes, a note how many were left out, and the last."""
        kept = list(self.lines)
        while kept and self._size(kept) > most:
            kept.pop()
        left = len(self.lines) - len(kept)
        note = [Line(f"还有 {left} 条，请打开系统看")] if left else []
        return (*kept, *note, *self.last)

    def _size(self, lines: list[Line]) -> int:
        every = (Line(self.title), *lines, *self.last)
        # What marks a line and a link in the formats of the robots, and the note, counted in.
        return 60 + sum(len(f"{line.words}{line.href}".encode()) + 8 for line in every)


def message_of(delivery: Delivery) -> Message:
    """What a delivery carries; `notice` with sender and organisation is read along with it."""
    notice = delivery.notice
    if notice is None:
        return Message("测试消息", (Line(_TESTED),), (Line(FROM_WHERE),))
    return Message(
        _title(notice),
        tuple(_lines(notice)),
        (_way_in(notice), Line(FROM_WHERE)),
    )


def _title(notice: Notice) -> str:
    """The title with the kind of notice before it, where it does not say so itself."""
    kind = notice.get_kind_display()
    said = notice.title if notice.title.startswith(kind) else f"{kind}：{notice.title}"
    return _harmless(said)


def _lines(notice: Notice):
    yield Line(_harmless(f"{sender_text(notice)}发给{notice.organisation.short_name}"))
    if notice.wants_receipt:
        until = f"，{full_date(notice.receipt_by)}前" if notice.receipt_by else ""
        yield Line(f"请打开通知报回执{until}")
    if notice.kind == NoticeKind.DUE:
        for line in lines_of(notice.text):
            if line["words"].strip():
                yield Line(_harmless(line["words"].strip()), _outside(line["url"]))


def _way_in(notice: Notice) -> Line:
    href = _outside(link("notices:detail", notice.pk))
    return Line("打开通知", href) if href else Line("请登录系统，在“通知”里看")


def _outside(url: str) -> str:
    """The address of a page as seen from outside; "" where the installation does not know its own."""
    return f"{settings.SITE_URL}{url}" if settings.SITE_URL and url else ""


def _harmless(text: str) -> str:
    return " ".join(text.translate(_HARMLESS).split())
