"""收到的通知: the list, one notice, 回执, and what an organisation below was told."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, paths_reached, reaches
from branches.views.attachments import as_download
from branches.words import file_size, full_date, short_date
from notices import inbox, services
from notices.forms import ReplyForm
from notices.models import Notice, NoticeKind
from notices.views.frame import failing_lines, tabs_for
from notices.words import from_text, lines_of, moment, receipt_mark, sender_text

PAGE = 50
_CHIPS = (("unread", "未读"), ("receipt", "待回执"), ("reminder", "催办"), ("all", "全部"))


@require_safe
def notice_list(request):
    """The reader's own notices, unread first."""
    counts = inbox.tally(request.user)
    show = request.GET.get("show", "")
    show = show if show in dict(_CHIPS) else "all"
    rows = inbox.narrowed_to(inbox.inbox(request.user), show)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    today = current_day()
    context = {
        "tabs": tabs_for(request.user, "notices:list"),
        "failing": failing_lines(request.user),
        "chips": [
            {
                "label": label,
                "count": counts[name],
                "url": with_query(request, show="" if name == "all" else name),
                "current": show == name,
            }
            for name, label in _CHIPS
        ],
        "show": show,
        "several": len(inbox.own_paths(request.user)) > 1,
        "rows": [_row(notice, today) for notice in page],
        "page": page,
        "query": f"show={show}",
        "unread": counts["unread"],
        "new_url": _new_url(request),
    }
    return render(request, "notices/list.html", context)


def _new_url(request) -> str:
    return reverse("notices:new") if paths_reached(request.user, Action.SEND_NOTICE) else ""


def _row(notice: Notice, today) -> dict[str, object]:
    return {
        "title": notice.title,
        "url": reverse("notices:detail", args=[notice.pk]),
        "unread": not notice.is_read,
        "reminder": notice.kind == NoticeKind.REMINDER,
        "kind_words": notice.get_kind_display(),
        "sender": sender_text(notice),
        "organisation": notice.organisation.short_name,
        "on": short_date(notice.on, today),
        "receipt": receipt_mark(notice, today),
    }


@require_POST
def read_all(request):
    """全部标为已读: for who comes back after a long time, or new into a post."""
    unread = inbox.narrowed_to(inbox.inbox(request.user), "unread")
    count = services.mark_read(list(unread), request.user)
    messages.success(request, f"已把 {count} 条标为已读" if count else "没有未读的通知")
    return redirect("notices:list")


@require_safe
def notice_detail(request, pk):
    """One notice; opening one's own marks it as read."""
    notice = _notice(request, pk)
    if request.method == "GET":
        services.mark_read([notice], request.user)
    return _page(request, notice, ReplyForm())


def _notice(request, pk: int) -> Notice:
    rows = Notice.objects.select_related("organisation__parent", "sender", "sent_by")
    return get_for(rows, request.user, pk=pk)


def _page(request, notice: Notice, form: ReplyForm, status: int = 200):
    today = current_day()
    receipts = list(notice.receipts.select_related("user").order_by("read_at"))
    given = next((one for one in receipts if one.confirmed_at), None)
    notice.is_confirmed = given is not None
    own = inbox.receives(request.user, notice.organisation)
    open_to_reply = own and notice.wants_receipt and not given and not notice.withdrawn_at
    context = {
        "notice": notice,
        "sender": sender_text(notice),
        "from_text": from_text(notice, today),
        "lines": lines_of(notice.text),
        "files": [
            {
                "name": one.name,
                "size": file_size(one.size),
                "url": reverse("notices:file", args=[notice.pk, one.pk]),
            }
            for one in services.files_of(notice)
        ],
        "receipt": receipt_mark(notice, today),
        "receipt_by": full_date(notice.receipt_by),
        "given": given and {"who": given.user, "at": moment(given.confirmed_at, today)},
        "reply": given.reply if given else "",
        "readers": [{"who": one.user, "at": moment(one.read_at, today)} for one in receipts],
        "form": form if open_to_reply else None,
        "confirm_url": reverse("notices:confirm", args=[notice.pk]),
        "back_url": reverse("notices:list")
        if own
        else link("notices:of", notice.organisation.code),
        "sent_url": reverse("notices:sent_detail", args=[notice.pk])
        if inbox.may_follow(request.user, notice)
        else "",
    }
    return render(request, "notices/detail.html", context, status=status)


@require_POST
def notice_confirm(request, pk):
    """报回执."""
    notice = _notice(request, pk)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, notice, form)
    try:
        services.confirm(notice=notice, user=request.user, reply=form.cleaned_data["reply"])
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已报回执")
    return redirect("notices:detail", pk=notice.pk)


@require_safe
def notice_file(request, pk, file):
    """A file of a notice, for whoever may read the notice."""
    notice = _notice(request, pk)
    return as_download(get_object_or_404(services.files_of(notice), pk=file))


@require_safe
def notices_of(request, code):
    """What an organisation was told, for who looks at it: nothing here counts as read."""
    organisation = get_for(Organisation.objects.select_related("parent"), request.user, code=code)
    page = Paginator(inbox.sent_to(organisation), PAGE).get_page(request.GET.get("page"))
    today = current_day()
    context = {
        "organisation": organisation,
        "rows": [_row(notice, today) for notice in page],
        "page": page,
        "query": "",
        "back_url": link("branch" if organisation.is_branch else "overview_of", organisation.code),
        "new_url": link("notices:new", to=organisation.code)
        if reaches(request.user, Action.SEND_NOTICE, organisation.path)
        else "",
    }
    return render(request, "notices/of.html", context)
