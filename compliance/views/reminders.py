"""提醒记录: who was reminded of what, when, and whether it was read."""

from collections import Counter

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link, with_query
from branches.periods import period_named
from branches.scope import reaches
from branches.values import Values
from branches.words import short_date
from compliance import steps
from compliance.models import STANDING, Duty, Foreseen, Reminder
from compliance.registry import RULES
from compliance.wording import badge, headline_of
from notices.models import Receipt

_PAGE = 50
_CHIPS = (("", "全部"), ("unread", "没有人读"))


@require_safe
def reminder_list(request):
    """Steps of reminding about duties in sight, newest first; `?rule=` and `?period=` name a duty."""
    today = current_day()
    rows, branch = narrowed(request, Reminder.objects.filter(rule__in=list(RULES)))
    organisation = branch or named_organisation(request)
    rule, period = request.GET.get("rule", ""), request.GET.get("period", "")
    if rule in RULES:
        rows = rows.filter(rule=rule)
    if period_named(period):
        rows = rows.filter(occasion=period)
    rows = rows.annotate(is_read=Exists(Receipt.objects.filter(notice=OuterRef("notice"))))
    counts = rows.aggregate(all=Count("pk"), unread=Count("pk", filter=Q(is_read=False)))
    show = "unread" if request.GET.get("show") == "unread" else ""
    if show:
        rows = rows.filter(is_read=False)
    rows = rows.select_related("organisation", "recipient", "notice").prefetch_related(
        "notice__receipts__user", "notice__deliveries__channel"
    )
    page = Paginator(rows.order_by("-on", "-pk"), _PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "organisation": organisation.short_name if organisation else "",
        "rule": RULES[rule].title if rule in RULES else "",
        "clear_url": with_query(request, rule="", period=""),
        "duties_url": link(
            "compliance:list", organisation=organisation.code if organisation else ""
        ),
        "chips": [
            {
                "label": label,
                "count": counts[name or "all"],
                "url": with_query(request, show=name),
                "current": show == name,
            }
            for name, label in _CHIPS
        ],
        "show": show,
        "rows": _rows(list(page), today, request.user),
        "show_organisation": branch is None,
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "compliance/reminder_list.html", context)


def _rows(reminders: list[Reminder], today, reader) -> list[dict]:
    """The rows of a page; what became of the duties is read in two queries for all of them."""
    whose = {one.organisation_id for one in reminders}
    of = {
        "rule__in": {one.rule for one in reminders},
        "period__in": {_period(one) for one in reminders},
    }
    duties = {
        (one.organisation_id, one.rule, one.period): one
        for one in Duty.objects.visible_to(reader).filter(organisation__in=whose, **of)
    }
    coming = set(
        Foreseen.objects.visible_to(reader)
        .filter(organisation__in=whose, due_on__gte=today, **of)
        .values_list("organisation_id", "rule", "due_on")
    )
    soon_days = Values().on(SOON_DAYS, today)
    rows = []
    for one in reminders:
        duty = duties.get((one.organisation_id, one.rule, _period(one)))
        comes = (one.organisation_id, one.rule, one.due_on) in coming
        rows.append(_row(one, duty, reader, today) | _now(one, duty, comes, today, soon_days))
    return rows


def _period(reminder: Reminder) -> str:
    """The period of the duty; that of a standing condition is none, its occasion is a day."""
    return reminder.occasion if period_named(reminder.occasion) else STANDING


def _row(reminder: Reminder, duty: Duty | None, reader, today) -> dict:
    # Whoever sees the duty sees who was told; the notice itself is open to its recipients.
    open_to = reaches(reader, Action.LOOK, reminder.recipient.path)
    return {
        "on": short_date(reminder.on, today),
        "name": headline_of(RULES[reminder.rule], _period(reminder)),
        "organisation": reminder.organisation.short_name,
        "due": short_date(reminder.due_on, today),
        "step": steps.words(reminder.step),
        "recipient": reminder.recipient.short_name,
        "notice_url": link("notices:detail", reminder.notice_id) if open_to else "",
        "read": _read(reminder, today),
        "sent": _sent(reminder),
        "url": link("compliance:duty", duty.pk) if duty else "",
    }


def _now(
    reminder: Reminder, duty: Duty | None, comes: bool, today, soon_days: int
) -> dict[str, str]:
    """Kind and words of how the matter of a reminder stands; nothing where there is no duty.

    A standing condition has one duty for all its occasions: this one is still to come while it is
    foreseen, late while the duty is unmet since then or before, and else over.
    """
    if duty is None:
        return {"kind": "", "words": ""}
    if _period(reminder) == STANDING and comes:
        left = (reminder.due_on - today).days
        return {
            "kind": "soon" if left <= soon_days else "todo",
            "words": f"还剩 {left} 天" if left else "今天到期",
        }
    unmet = duty.due_on is not None and duty.due_on <= reminder.due_on
    if _period(reminder) == STANDING and not unmet:
        return {"kind": "done", "words": "已办结"}
    shown = badge(duty, today, soon_days)
    return {"kind": shown.kind, "words": shown.words}


def _read(reminder: Reminder, today) -> str:
    """Who read the notice first and when; "" for nobody."""
    receipts = sorted(reminder.notice.receipts.all(), key=lambda one: one.read_at)
    if not receipts:
        return ""
    first = receipts[0]
    more = f"等 {len(receipts)} 人" if len(receipts) > 1 else ""
    return f"{first.user}{more} {short_date(timezone.localtime(first.read_at).date(), today)}"


def _sent(reminder: Reminder) -> str:
    """How the notice travelled outside: 企业微信群机器人已送达; "" where it stayed in the system."""
    counts = Counter(
        f"{one.channel.get_kind_display()}{one.get_state_display()}"
        for one in reminder.notice.deliveries.all()
    )
    return "、".join(
        f"{words} {count} 份" if count > 1 else words for words, count in sorted(counts.items())
    )
