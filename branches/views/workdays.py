"""工作日历: the days that depart from the week, a year at a time."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches import workdays
from branches.choice import year_asked
from branches.clock import today as current_day
from branches.day_ranges import stretch_text
from branches.links import link
from branches.published_days import published_days
from branches.scope import paths_reached
from branches.words import weekday
from branches.workday_forms import RemovalForm, StretchForm
from branches.workdays import Stretch, WorkdayFault

# What the import calls this ledger in the address of its blank workbook.
_TEMPLATE = "day"
_MOVED = "这几天刚被别人改过，你填的内容还在；上面写的是现在的日期，核对后再提交一次"


def _may_look(request) -> bool:
    """Whether the reader may change the table; refuses who may not even look."""
    if not paths_reached(request.user, Action.LOOK):
        raise PermissionDenied
    return bool(paths_reached(request.user, Action.CHANGE_RULES))


def _may_change(request) -> None:
    if not _may_look(request):
        raise PermissionDenied


@require_http_methods(["GET", "HEAD", "POST"])
def workday_list(request):
    """The table of one year; who sets the county's rules adds to it on the same page."""
    may_change = _may_look(request)
    today = current_day()
    year = year_asked(request, today)
    form = None
    if may_change:
        form = StretchForm(request.POST or None, today=today, year=year)
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid() and _saved(request, form):
            return redirect(_page_of(form.cleaned_data["days"][0][0].year))
    return render(request, "branches/workday_list.html", _table(request, year, today, form))


def _table(request, year: int, today: datetime.date, form) -> dict:
    found, known = workdays.year_of(year), workdays.years_known()
    copy_count = len(workdays.differences(year)) if form is not None else 0
    return {
        "year": year,
        "years": [
            {
                "label": f"{one}年" if one in known else f"{one}年（暂定）",
                "url": _page_of(one),
                "current": one == year,
            }
            for one in sorted({*known, today.year, today.year + 1, year}, reverse=True)[:6]
        ],
        "provisional": year not in known,
        "next_year": today.year + 1 if today.year + 1 not in known and year == today.year else None,
        "rows": [_row(one, form is not None) for one in found],
        "off_count": sum(one.days for one in found if not one.is_workday),
        "work_count": sum(one.days for one in found if one.is_workday),
        "form": form,
        "copy_url": link("branches:workday_copy", year=year) if copy_count else "",
        "copy_count": copy_count,
        "unpublished": form is not None and not published_days(year),
        "export_url": link("ledgers:workdays", year=year) if found else "",
        "import_url": link("ledgers:import") if form is not None else "",
        "template_url": link("ledgers:template", _TEMPLATE) if form is not None else "",
    }


def _row(one: Stretch, may_change: bool) -> dict:
    weekdays = weekday(one.first)
    if one.first != one.last:
        weekdays += f"至{weekday(one.last)}"
    return {
        "text": stretch_text(one.first, one.last).split("年", 1)[1],
        "weekdays": weekdays,
        "kind": "run" if one.is_workday else "done",
        "words": "调休上班" if one.is_workday else "放假",
        "note": one.note,
        "days": one.days,
        "url": reverse("branches:workday", args=[one.pk]) if may_change else "",
    }


def _page_of(year: int) -> str:
    return link("branches:workdays", year=year)


def _saved(request, form: StretchForm, instead_of=None) -> bool:
    """Write what the form says; False with the reason in the form where it is refused."""
    typed = form.cleaned_data
    try:
        workdays.set_stretches(
            stretches=typed["days"],
            is_workday=typed["is_workday"],
            note=typed["note"],
            by=request.user,
            instead_of=instead_of,
        )
    except WorkdayFault as fault:
        form.add_error(None, str(fault))
        return False
    days = "、".join(stretch_text(*stretch) for stretch in typed["days"])
    messages.success(request, f"已保存 {days}；各支部的期限一分钟内重新核对")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
def workday(request, pk: int):
    """One stretch: said otherwise, or taken out."""
    _may_change(request)
    today = current_day()
    stretch = workdays.stretch_at(pk)
    if stretch is None:
        raise Http404
    days = stretch.first, stretch.last
    removing = request.POST.get("step") == "remove"
    given = None if request.method != "POST" or removing else request.POST
    form = StretchForm(
        given,
        today=today,
        year=stretch.first.year,
        initial={
            "days": stretch_text(*days),
            "is_workday": "work" if stretch.is_workday else "off",
            "note": stretch.note,
        },
    )
    removal = RemovalForm(request.POST if removing else None, prefix="remove")
    faulty = removal if removing else form
    if faulty.is_valid():
        if request.POST.get("shown") != _shown(stretch):
            faulty.add_error(None, _MOVED)
        elif removing and _removed(request, removal, days):
            return redirect(_page_of(stretch.first.year))
        elif not removing and _saved(request, form, instead_of=days):
            return redirect(_page_of(form.cleaned_data["days"][0][0].year))
    context = {
        "title": stretch_text(*days),
        "list_url": _page_of(stretch.first.year),
        "form": form,
        "removal": removal,
        "faulty": faulty,
        "shown": _shown(stretch),
    }
    return render(request, "branches/workday_form.html", context)


def _shown(one: Stretch) -> str:
    """The stretch as a page shows it, to know whether somebody else has changed it since."""
    return f"{one.first:%Y%m%d}-{one.last:%Y%m%d} {one.is_workday} {one.note}"


def _removed(request, removal: RemovalForm, days) -> bool:
    try:
        count = workdays.remove_days(
            first=days[0], last=days[1], reason=removal.cleaned_data["reason"], by=request.user
        )
    except WorkdayFault as fault:
        removal.add_error(None, str(fault))
        return False
    messages.success(request, f"已移除 {count} 天，按星期计算")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
def workday_copy(request):
    """The published notice of a year beside the table, day by day, before it is put in."""
    _may_change(request)
    year = year_asked(request, current_day())
    if request.method == "POST":
        try:
            count = workdays.copy_published(year=year, by=request.user)
        except WorkdayFault as fault:
            messages.error(request, str(fault))
        else:
            messages.success(request, f"已按通知填入 {count} 天，各支部的期限一分钟内重新核对")
        return redirect(_page_of(year))
    found = workdays.differences(year)
    if not found:
        return redirect(_page_of(year))
    context = {
        "year": year,
        "list_url": _page_of(year),
        "rows": [
            {
                "text": f"{one.day.month}月{one.day.day}日",
                "weekday": weekday(one.day),
                "before": _said(one.before.is_workday, one.before.note) if one.before else "—",
                "after": _said(one.is_workday, one.note),
            }
            for one in found
        ],
    }
    return render(request, "branches/workday_copy.html", context)


def _said(is_workday: bool, note: str) -> str:
    return f"{'上班' if is_workday else '放假'} {note}".strip()
