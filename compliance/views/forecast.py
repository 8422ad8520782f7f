"""往后看: what falls due within the next weeks, for a branch by date, above by rule; the calendar."""

import datetime
from collections import Counter
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import paths_reached
from branches.values import Values
from branches.words import full_date
from compliance import calendars
from compliance.forecast import until
from compliance.models import Duty, Foreseen
from compliance.registry import RULES
from compliance.scopes import values_of
from compliance.wording import day_text, headline_of

# Up to how many days, in words.
_STEPS = ((7, "7 天内"), (30, "30 天内"), (180, "再往后"))
_WEEK = datetime.timedelta(days=7)


@require_safe
def forecast(request):
    """What is foreseen for a branch, or in sums for everything below the reader."""
    today = current_day()
    rows, branch = narrowed(request, Foreseen.objects.filter(rule__in=list(RULES)))
    organisation = branch or named_organisation(request)
    rows = rows.filter(due_on__gte=today)
    context = {
        "organisation": organisation.short_name if organisation else "",
        "until": full_date(until(today, Values())),
        "duties_url": link(
            "compliance:list", organisation=organisation.code if organisation else ""
        ),
        "calendar_url": reverse("compliance:calendar"),
        "steps": _steps(
            _duties(request, branch, rows, today) if branch else _sums(organisation, rows, today),
            today,
        ),
        "weeks": [] if branch else _weeks(rows, today),
    }
    return render(request, "compliance/forecast.html", context)


def _duties(request, branch: Organisation, rows, today) -> list[dict]:
    values = values_of(branch, Values(), today)
    stored = {
        (duty.rule, duty.period): duty.pk
        for duty in Duty.objects.filter(organisation=branch).unmet()
    }
    lines = []
    for row in rows.order_by("due_on", "rule"):
        rule = RULES[row.rule]
        begun = (row.rule, row.period) in stored
        startable = (
            begun and not rule.by_superior and rule.cure.may_be_started(request.user, branch)
        )
        lines.append(
            {
                "due_on": row.due_on,
                "title": headline_of(rule, row.period),
                "text": rule.demand(values, row.due_on),
                "url": reverse("compliance:duty", args=[stored[row.rule, row.period]])
                if begun
                else "",
                "action": {
                    "label": rule.cure.label,
                    "url": rule.cure.url(branch, source=f"duty:{rule.code}:{row.period}"),
                }
                if startable
                else None,
            }
        )
    return lines


def _sums(organisation: Organisation | None, rows, today) -> list[dict]:
    """For each due day, rule and period how many organisations have still to do it."""
    counts = Counter(rows.values_list("due_on", "rule", "period").order_by())
    code = organisation.code if organisation else ""
    return [
        {
            "due_on": due_on,
            "title": headline_of(RULES[rule], period),
            "text": f"{count} 个没有办",
            "url": link("compliance:list", organisation=code, rule=rule, period=period),
            "action": None,
        }
        for (due_on, rule, period), count in sorted(counts.items())
    ]


def _steps(lines: list[dict], today: datetime.date) -> list[dict]:
    """The lines under 7 天内, 30 天内 and what comes after."""

    def step(line: dict) -> str:
        days = (line["due_on"] - today).days
        return next(words for most, words in _STEPS if days <= most)

    return [
        {
            "name": name,
            "rows": [
                line
                | {
                    "due_text": day_text(line["due_on"], today),
                    "left": f"还剩 {left} 天"
                    if (left := (line["due_on"] - today).days)
                    else "今天到期",
                    "soon": name == _STEPS[0][1],
                }
                for line in some
            ],
        }
        for name, some in groupby(lines, step)
    ]


def _weeks(rows, today: datetime.date) -> list[dict]:
    """How many duties fall due in each week from today on, with the bar's length in per cent."""
    days = list(rows.values_list("due_on", flat=True))
    counts = Counter((day - today).days // 7 for day in days)
    most = max(counts.values(), default=0)
    return [
        {
            "label": f"{day_text(today + week * _WEEK, today)}起",
            "count": counts[week],
            "percent": round(100 * counts[week] / most),
        }
        for week in range(max(counts, default=-1) + 1)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request):
    """日历订阅: open the user's own feed, see whether it is read, end it."""
    if not paths_reached(request.user, Action.LOOK):
        raise PermissionDenied
    key = ""
    if request.method == "POST":
        if request.POST.get("act") == "close":
            calendars.close_address(request.user)
            messages.success(request, "日历订阅已停用，原来的地址不再有效")
            return redirect("compliance:calendar")
        key = calendars.open_address(request.user)
    address = calendars.address_of(request.user)
    context = {
        "address": request.build_absolute_uri(reverse("compliance:calendar_feed", args=[key]))
        if key
        else "",
        "made": full_date(timezone.localtime(address.made_at).date()) if address else "",
        "read": full_date(timezone.localtime(address.read_at).date())
        if address and address.read_at
        else "",
        "forecast_url": reverse("compliance:forecast"),
    }
    response = render(request, "compliance/calendar.html", context)
    response["Cache-Control"] = "no-store"
    return response


@login_not_required
@require_safe
def calendar_feed(request, key: str):
    """The feed itself: whoever has the address reads it, as a calendar program does."""
    user = calendars.reader(key)
    if user is None:
        raise Http404

    def link_to(code: str) -> str:
        return request.build_absolute_uri(link("compliance:forecast", organisation=code))

    return HttpResponse(
        calendars.feed(user, now=timezone.now(), link_to=link_to),
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"},
    )
