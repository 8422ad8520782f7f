"""送达记录: what was sent outside, to whom, and what the other side answered."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import safe_next, with_query
from branches.models import Organisation
from branches.scope import get_for, paths_reached, reaches
from notices import delivering
from notices.channels import masked
from notices.models import Delivery, DeliveryState
from notices.services import Refused
from notices.views.frame import failing_lines, tabs_for
from notices.words import delivery_mark, delivery_when, moment

PAGE = 50
_CHIPS = {
    "": ("全部", tuple(DeliveryState.values)),
    "failed": ("发送失败", (DeliveryState.FAILED,)),
    "unsure": ("不能确定", (DeliveryState.UNSURE,)),
    "waiting": ("待发送", (DeliveryState.WAITING, DeliveryState.SENDING)),
    "sent": ("已送达", (DeliveryState.SENT,)),
    "dropped": ("不再发送", (DeliveryState.DROPPED,)),
}
_RESENT = (DeliveryState.FAILED, DeliveryState.UNSURE)


@require_safe
def delivery_list(request):
    """Deliveries of the organisations the reader may look at, newest first."""
    if not paths_reached(request.user, Action.LOOK):
        raise Http404
    rows = Delivery.objects.visible_to(request.user)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    show = request.GET.get("show", "")
    show = show if show in _CHIPS else ""
    rows = rows.filter(state__in=_CHIPS[show][1]).select_related(
        "notice", "channel__organisation__parent", "channel__user"
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    today = current_day()
    context = {
        "tabs": tabs_for(request.user, "notices:deliveries"),
        "failing": failing_lines(request.user),
        "chips": [
            {
                "label": label,
                "count": sum(counts.get(state, 0) for state in states),
                "url": with_query(request, show=name),
                "current": name == show,
            }
            for name, (label, states) in _CHIPS.items()
        ],
        "show": show,
        "several": Organisation.objects.visible_to(request.user)[:2].count() > 1,
        "rows": [_row(one, request.user, today) for one in page],
        "page": page,
        "query": f"show={show}" if show else "",
        "here": request.get_full_path(),
    }
    return render(request, "notices/deliveries.html", context)


def _row(delivery: Delivery, user, today) -> dict[str, object]:
    channel, notice = delivery.channel, delivery.notice
    may = delivery.state in _RESENT and not channel.stopped_at
    may = may and not (notice and notice.withdrawn_at)
    return {
        "title": notice.title if notice else "测试消息",
        "url": reverse("notices:detail", args=[notice.pk]) if notice else "",
        "organisation": channel.organisation.short_name,
        "way": channel.get_kind_display(),
        "to": " ".join(filter(None, (channel.name or str(channel.user or ""), masked(channel)))),
        "asked": moment(delivery.asked_at, today),
        "mark": delivery_mark(delivery.state),
        "when": delivery_when(delivery, today),
        "answer": delivery.answer,
        "attempts": delivery.attempts,
        "resend_url": reverse("notices:resend", args=[delivery.pk])
        if may and reaches(user, Action.KEEP_BRANCH, channel.organisation.path)
        else "",
    }


@require_POST
def delivery_resend(request, pk):
    """再发一次."""
    delivery = get_for(Delivery.objects, request.user, Action.KEEP_BRANCH, pk=pk)
    try:
        delivering.resend(delivery=delivery, by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已重新排队，一分钟内发出；免打扰时段里过后再发")
    return redirect(safe_next(request) or reverse("notices:deliveries"))
