"""Notices sent, read, confirmed and taken back.

`send_letters` is the one place where notices come into being: what carries them further (e-mail,
robots of group chats) is queued there in the same transaction. Who may send to whom is checked by the
page that calls; what may be sent is checked here.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts import trail
from accounts.roles import Action
from branches.attachments import UnfitFile, attach
from branches.links import link
from branches.models import Attachment, Organisation
from branches.words import full_date
from notices.inbox import receives, waiting_for_receipt
from notices.models import Notice, NoticeKind, Receipt
from notices.queueing import queue

AREA = "notices"
_TITLE = 150


class Refused(ValueError):
    """Not done; the message says what is wrong and what to do. `field` is the form's field meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Letter:
    """What one organisation is told: `about` ties it to its matter (`task:71`), `url` leads there."""

    recipient: Organisation
    title: str
    text: str = ""
    url: str = ""
    about: str = ""


def send_notice(
    *,
    recipients: Iterable[Organisation],
    sender: Organisation | None,
    kind: NoticeKind,
    title: str,
    text: str = "",
    url: str = "",
    about: str = "",
    on: datetime.date,
    by,
    wants_receipt: bool = False,
    receipt_by: datetime.date | None = None,
    uploads: Iterable = (),
) -> list[Notice]:
    """Send the same notice to each recipient; returns those really sent. See `send_letters`."""
    different = {one.pk: one for one in recipients}.values()
    return send_letters(
        [Letter(one, title, text, url, about) for one in different],
        sender=sender,
        kind=kind,
        on=on,
        by=by,
        wants_receipt=wants_receipt,
        receipt_by=receipt_by,
        uploads=uploads,
    )


@transaction.atomic
def send_letters(
    letters: list[Letter],
    *,
    sender: Organisation | None,
    kind: NoticeKind,
    on: datetime.date,
    by,
    wants_receipt: bool = False,
    receipt_by: datetime.date | None = None,
    uploads: Iterable = (),
) -> list[Notice]:
    """Send notices together, in a number of queries that does not grow; returns those really sent.

    A recipient that was told about the same thing (`about`) on that day already is left out, also
    when two people send at the same moment. Refuses a notice without title or recipient, a 回执 due
    before the day of sending, and files that may not be kept.
    """
    _check(letters, on, receipt_by if wants_receipt else None)
    batch = uuid4()
    # In one order, so that two who send at once do not wait for each other.
    letters = sorted(letters, key=lambda letter: (letter.recipient.pk, letter.about))
    # What the unique constraint does not let in is dropped by the database itself.
    Notice.objects.bulk_create(
        [
            Notice(
                organisation=letter.recipient,
                sender=sender,
                kind=kind,
                title=_cut(letter.title),
                text=letter.text.strip(),
                url=letter.url,
                about=letter.about,
                batch=batch,
                on=on,
                wants_receipt=wants_receipt,
                receipt_by=receipt_by if wants_receipt else None,
                sent_by=by,
            )
            for letter in letters
        ],
        ignore_conflicts=True,
    )
    rows = Notice.objects.filter(batch=batch).select_related("organisation")
    sent = list(rows.order_by("pk"))
    names = _attached(sent, sender, uploads, by) if sent else ""
    trail.record_all([_sent_line(notice, names, by) for notice in sent])
    queue(sent, now=timezone.now())
    return sent


def _check(letters: list[Letter], on: datetime.date, receipt_by: datetime.date | None) -> None:
    if not letters:
        raise Refused("没有收通知的组织，请选发给谁", "recipients")
    if not all(_cut(letter.title) for letter in letters):
        raise Refused("请写通知的标题", "title")
    if receipt_by and receipt_by < on:
        raise Refused("回执截止早于今天，请改成今天或以后的日期", "receipt_by")
    for letter in letters:
        if letter.url and (not letter.url.startswith("/") or letter.url.startswith("//")):
            raise ValueError("a notice leads to a page of this system")


def _cut(title: str) -> str:
    """A title in one line, as long as there is room."""
    title = " ".join(title.split())
    return title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"


def _attached(sent: list[Notice], sender: Organisation | None, uploads, by) -> str:
    """Store the files once, with the first notice; the names for the trail."""
    try:
        stored = attach(
            organisation=sender or sent[0].organisation,
            area=AREA,
            object_id=sent[0].pk,
            uploads=uploads,
            by=by,
        )
    except UnfitFile as unfit:
        raise Refused(str(unfit), "files") from None
    return "、".join(one.name for one in stored)


def files_of(notice: Notice):
    """The files that came with a notice: those of the first notice of its batch."""
    first = Notice.objects.filter(batch=notice.batch).order_by("pk").values("pk")[:1]
    return Attachment.objects.filter(area=AREA, object_id__in=first)


@transaction.atomic
def withdraw(*, batch: UUID, by) -> int:
    """Take everything of a batch back (撤回): it leaves every inbox and desk and stays on record.

    Returns how many. Refuses reminders, which name facts, and what was taken back before.
    """
    notices = list(
        Notice.objects.select_for_update(no_key=True, of=("self",))
        .filter(batch=batch, withdrawn_at__isnull=True)
        .select_related("organisation")
        .order_by("pk")
    )
    if not notices:
        raise Refused("这份通知已经撤回，不用再撤")
    if any(notice.kind != NoticeKind.ORDER for notice in notices):
        raise Refused("催办写的是事实，不能撤回；有误时另发一份通知说明")
    now = timezone.now()
    Notice.objects.filter(pk__in=[one.pk for one in notices]).update(withdrawn_at=now)
    trail.record_all(
        [_line("撤回通知", notice, by=by, after={"状态": "已撤回"}) for notice in notices]
    )
    return len(notices)


def mark_read(notices: Iterable[Notice], user) -> int:
    """Note that the user has read his own notices among these; returns how many are new to him.

    The row itself says who read when, so there is no line in the trail.
    """
    own = [notice for notice in notices if receives(user, notice.organisation)]
    known = set(
        Receipt.objects.filter(notice__in=own, user=user).values_list("notice_id", flat=True)
    )
    fresh = [Receipt(notice=notice, user=user) for notice in own if notice.pk not in known]
    Receipt.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


@transaction.atomic
def confirm(*, notice: Notice, user, reply: str = "") -> Receipt:
    """Confirm a notice for the organisation it was sent to (回执).

    One confirmation stands for the organisation: the second person is told who was first. Refuses
    who does not work there, a notice that asks for none, and one taken back.
    """
    notice = (
        Notice.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organisation")
        .get(pk=notice.pk)
    )
    if not receives(user, notice.organisation):
        raise Refused(f"回执由{notice.organisation}的人来报")
    if notice.withdrawn_at is not None:
        raise Refused("这份通知已经撤回，不用回执")
    if not notice.wants_receipt:
        raise Refused("这份通知不要求回执")
    given = notice.receipts.filter(confirmed_at__isnull=False).select_related("user").first()
    if given is not None:
        day = full_date(timezone.localtime(given.confirmed_at).date())
        raise Refused(f"{given.user}已在{day}报过回执，不用再报")
    receipt, _new = Receipt.objects.update_or_create(
        notice=notice,
        user=user,
        defaults={"confirmed_at": timezone.now(), "reply": reply.strip()},
    )
    after = {"回执": receipt.reply or "已收到"}
    trail.record_all([_line("报回执", notice, by=user, after=after)])
    return receipt


def chase(*, notice: Notice, by, on: datetime.date) -> list[Notice]:
    """Remind the recipients of a batch that have not confirmed (催回执), each once a day.

    Refuses a notice that asks for no 回执 or was taken back, and one that all have confirmed.
    """
    if not notice.wants_receipt or notice.withdrawn_at is not None:
        raise Refused("这份通知不等回执")
    rows = Notice.objects.permitting(by, Action.SEND_NOTICE).filter(batch=notice.batch)
    waiting = list(waiting_for_receipt(rows).select_related("organisation"))
    if not waiting:
        raise Refused("都已回执，不用再催")
    until = f"，{full_date(notice.receipt_by)}前" if notice.receipt_by else "，"
    return send_letters(
        [
            Letter(
                recipient=row.organisation,
                title=f"请报回执：{row.title}",
                text=f"{full_date(row.on)}发出的通知还没有收到回执{until}请打开通知报回执。",
                url=link("notices:detail", row.pk),
                about=f"receipt:{row.pk}",
            )
            for row in waiting
        ],
        sender=notice.sender,
        kind=NoticeKind.REMINDER,
        on=on,
        by=by,
    )


def _sent_line(notice: Notice, files: str, by):
    said = {"标题": notice.title}
    if notice.wants_receipt:
        said["要求回执"] = full_date(notice.receipt_by) or "是"
    if files:
        said["附件"] = files
    return _line(
        "催办" if notice.kind == NoticeKind.REMINDER else "发通知", notice, by=by, after=said
    )


def _line(action: str, notice: Notice, *, by, after=None):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=notice.pk,
        label=f"{notice.organisation} {notice.title}",
        organisation_id=notice.organisation_id,
        after=after,
    )
