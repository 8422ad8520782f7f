"""已发通知: what was sent and who has answered; 发通知; 催回执; 撤回."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import with_query
from branches.models import COMMITTEE_KINDS, Organisation
from branches.scope import get_for, paths_reached
from branches.words import full_date, one_line, short_date
from notices import inbox, services
from notices.forms import OrderForm
from notices.models import Notice, NoticeKind
from notices.views.frame import tabs_for
from notices.words import lines_of, moment, sender_text

PAGE = 50
# Above so many organisations single branches are not listed for ticking.
_TICKABLE = 300


def _require_sender(request) -> None:
    """Senders only; for everybody else who works here the page exists, but is not for him."""
    if not paths_reached(request.user, Action.SEND_NOTICE):
        if paths_reached(request.user, Action.LOOK):
            raise PermissionDenied
        raise Http404


# --- What was sent ------------------------------------------------------------------------------


@require_safe
def sent_list(request):
    """Batches of the reader's own organisation, or of those below it."""
    _require_sender(request)
    below = request.GET.get("show") == "below"
    page = Paginator(inbox.sent_by(request.user, below=below), PAGE).get_page(
        request.GET.get("page")
    )
    today = current_day()
    heads = Notice.objects.visible_to(request.user).select_related("sender", "organisation")
    heads = heads.in_bulk([row["first"] for row in page])
    answers = inbox.answers_of([row["batch"] for row in page], request.user)
    context = {
        "tabs": tabs_for(request.user, "notices:sent"),
        "chips": [
            {
                "label": label,
                "url": with_query(request, show=name),
                "current": below == (name == "below"),
            }
            for name, label in (("", "本级发出"), ("below", "下级发出"))
        ],
        "below": below,
        "rows": [
            _sent_row(heads[row["first"]], row["recipients"], answers[row["batch"]], today)
            for row in page
        ],
        "page": page,
        "query": "show=below" if below else "",
        "new_url": reverse("notices:new"),
    }
    return render(request, "notices/sent.html", context)


def _sent_row(head: Notice, recipients: int, answers: dict, today) -> dict[str, object]:
    missing = recipients - answers["confirmed"]
    late = head.receipt_by is not None and head.receipt_by < today
    if head.withdrawn_at:
        kind, words = "todo", "已撤回"
    elif not head.wants_receipt:
        kind, words = "", "不要求回执"
    elif missing:
        kind, words = "late" if late else "run", f"回执 {answers['confirmed']}/{recipients}"
    else:
        kind, words = "done", "都已回执"
    return {
        "title": head.title,
        "url": reverse("notices:sent_detail", args=[head.pk]),
        "kind_words": head.get_kind_display(),
        "sender": sender_text(head),
        "to": head.organisation.short_name
        if recipients == 1
        else f"{head.organisation.short_name}等 {recipients} 个",
        "on": short_date(head.on, today),
        "read": f"{answers['read']}/{recipients}",
        "kind": kind,
        "words": words,
    }


def _sent(request, pk: int) -> Notice:
    """A notice whose batch the reader may follow; what came from above him is out of sight."""
    rows = Notice.objects.select_related("organisation", "sender", "sent_by")
    notice = get_for(rows, request.user, Action.SEND_NOTICE, pk=pk)
    if not inbox.may_follow(request.user, notice):
        raise Http404
    return notice


def _own(request, pk: int) -> Notice:
    """A notice sent in the name of the reader's own organisation."""
    notice = _sent(request, pk)
    if not inbox.is_own(request.user, notice):
        raise PermissionDenied
    return notice


@require_safe
def sent_detail(request, pk):
    """One batch: who has read it, who has confirmed, who not yet."""
    notice = _sent(request, pk)
    rows = list(inbox.batch_notices(notice, request.user))
    today = current_day()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    missing = sum(not row.is_confirmed for row in rows) if notice.wants_receipt else 0
    may_act = notice.withdrawn_at is None and inbox.is_own(request.user, notice)
    context = {
        "notice": notice,
        "sender": sender_text(notice),
        "on": full_date(notice.on),
        "receipt_by": full_date(notice.receipt_by),
        "lines": lines_of(notice.text),
        "files": [
            {"name": one.name, "url": reverse("notices:file", args=[notice.pk, one.pk])}
            for one in services.files_of(notice)
        ],
        "total": len(rows),
        "read": sum(row.is_read for row in rows),
        "confirmed": len(rows) - missing if notice.wants_receipt else 0,
        "missing": missing,
        "rows": [_recipient(row, today) for row in page],
        "differ": len({(row.title, row.text) for row in rows}) > 1,
        "page": page,
        "query": "",
        "list_url": reverse("notices:sent"),
        "chase_url": reverse("notices:chase", args=[notice.pk]) if missing and may_act else "",
        "withdraw_url": reverse("notices:withdraw", args=[notice.pk])
        if may_act and notice.kind == NoticeKind.ORDER
        else "",
    }
    return render(request, "notices/sent_detail.html", context)


def _recipient(row: Notice, today) -> dict[str, object]:
    receipts = sorted(row.receipts.all(), key=lambda one: one.read_at)
    given = next((one for one in receipts if one.confirmed_at), None)
    if given:
        kind, words = "done", f"{given.user}，{moment(given.confirmed_at, today)}"
    elif row.wants_receipt:
        kind, words = "todo", "还没有回执"
    else:
        kind, words = "", ""
    return {
        "name": row.organisation.short_name,
        "title": row.title,
        "url": reverse("notices:detail", args=[row.pk]),
        "read": f"{receipts[0].user}，{moment(receipts[0].read_at, today)}" if receipts else "",
        "kind": kind,
        "words": words,
        "reply": given.reply if given else "",
    }


@require_POST
def sent_chase(request, pk):
    """催回执: those that have not confirmed, once a day."""
    notice = _own(request, pk)
    try:
        sent = services.chase(notice=notice, by=request.user, on=current_day())
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        if sent:
            messages.success(request, f"已催 {len(sent)} 个组织报回执")
        else:
            messages.warning(request, "今天都已催过，明天再催")
    return redirect("notices:sent_detail", pk=pk)


@require_POST
def sent_withdraw(request, pk):
    """撤回."""
    notice = _own(request, pk)
    try:
        count = services.withdraw(batch=notice.batch, by=request.user)
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已撤回，{count} 个组织不再看到这份通知")
    return redirect("notices:sent_detail", pk=pk)


# --- 发通知 -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def notice_new(request):
    """A notice to branches, committees or chosen organisations below."""
    _require_sender(request)
    sender = inbox.sender_for(request.user)
    if sender is None:
        raise Http404
    today = current_day()
    below = list(
        Organisation.objects.permitting(request.user, Action.SEND_NOTICE)
        .within(sender)
        .exclude(pk=sender.pk)
        .standing(today, today)
        .select_related("parent")
        .order_by("path")
    )
    form = OrderForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial=_first_values(request, below),
        below=below,
        today=today,
    )
    if request.method == "POST" and form.is_valid():
        sent = _send(request, form, sender, today)
        if sent is not None:
            return _after(request, sent)
    return _form_page(request, form, sender, below)


def _first_values(request, below) -> dict[str, object]:
    asked = one_line(request.GET.get("to"), 40)
    chosen = [one.pk for one in below if asked and one.code == asked]
    return {"to": OrderForm.CHOSEN, "organisations": chosen} if chosen else {}


def _send(request, form: OrderForm, sender, today) -> list[Notice] | None:
    """What was sent; None where the service refused and the form says why."""
    cleaned = form.cleaned_data
    try:
        return services.send_notice(
            recipients=form.recipients(),
            sender=sender,
            kind=NoticeKind.ORDER,
            title=cleaned["title"],
            text=cleaned["text"],
            about=f"order:{cleaned['key']}" if cleaned["key"] else "",
            on=today,
            by=request.user,
            wants_receipt=cleaned["wants_receipt"],
            receipt_by=cleaned["receipt_by"],
            uploads=cleaned["files"],
        )
    except services.Refused as refused:
        field = "organisations" if refused.field == "recipients" else refused.field
        form.add_error(field, str(refused))
        return None


def _after(request, sent: list[Notice]):
    if not sent:
        messages.warning(request, "这份通知刚才已经发出，没有再发一次")
        return redirect("notices:sent")
    messages.success(request, f"已发给 {len(sent)} 个组织")
    return redirect("notices:sent_detail", pk=sent[0].pk)


def _form_page(request, form: OrderForm, sender, below):
    ticked = {str(pk) for pk in form["organisations"].value() or []}
    listed = below if len(below) <= _TICKABLE else [o for o in below if o.kind in COMMITTEE_KINDS]
    groups: dict[str, list[dict]] = {}
    for one in listed:
        row = {"pk": one.pk, "name": one.short_name, "ticked": str(one.pk) in ticked}
        groups.setdefault(one.parent.short_name, []).append(row)
    context = {
        "tabs": tabs_for(request.user, "notices:sent"),
        "form": form,
        "sender": sender,
        "choices": [
            {
                "value": value,
                "label": label,
                "count": form.counts.get(value),
                "checked": form["to"].value() == value,
            }
            for value, label in form.fields["to"].choices
        ],
        "groups": [
            {"name": name, "rows": rows, "open": any(row["ticked"] for row in rows)}
            for name, rows in groups.items()
        ],
        "shortened": len(listed) < len(below),
        "list_url": reverse("notices:sent"),
    }
    return render(request, "notices/new.html", context)
