"""年度开展情况: a branch's year by kind and month, or one kind of all branches below the reader."""

import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import paths_reached, reaches
from meetings.enums import Type
from meetings.overview import HOW, MONTHS, UNITS, Held, Line, Overview
from meetings.tabs import meeting_tabs

PAGE = 50
_URL = "meetings:year"


@require_safe
def year(request):
    """`?branch=CODE&year=2026`; for several branches `kind` says which meetings."""
    today = current_day()
    if not paths_reached(request.user):
        raise PermissionDenied
    asked = min(year_asked(request, today), today.year)
    organisation = named_organisation(request) or chosen_branch(request)
    if organisation is not None and organisation.is_branch:
        return render(request, "meetings/year.html", _of_branch(request, organisation, asked))
    return render(request, "meetings/year.html", _of_several(request, organisation, asked))


def _of_branch(request, branch: Organisation, asked: int) -> dict:
    own = Organisation.objects.visible_to(request.user).filter(pk=branch.pk)
    overview = Overview(own, asked, today=current_day())
    rows = [
        _row(line, line.type.label, "", asked, with_links=True)
        for line in overview.lines([branch])
        if line.due or line.times
    ]
    return _shared(request, branch, asked) | {
        "first_heading": "会议类型",
        "rows": rows,
        "kinds": [],
        "total": None,
        "page": None,
    }


def _of_several(request, organisation: Organisation | None, asked: int) -> dict:
    today = current_day()
    kind = request.GET.get("kind", "")
    kind = Type(kind) if kind in Type.values else Type.THEME_DAY
    last = min(datetime.date(asked, 12, 31), today)
    branches = (
        Organisation.objects.branches()
        .visible_to(request.user)
        .standing(datetime.date(asked, 1, 1), last)
    )
    if organisation is not None:
        branches = branches.within(organisation)
    overview = Overview(branches, asked, today=today, types=[kind])
    standing = {one.pk: one for one in branches.order_by("code")}
    lines = sorted(overview.lines(standing.values()), key=_worst_first)
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    rows = [_branch_row(standing[line.organisation_id], line, asked) for line in page]
    return _shared(request, organisation, asked) | {
        "first_heading": "支部",
        "rows": rows,
        "kinds": [
            {"label": one.label, "url": with_query(request, kind=one), "current": one == kind}
            for one in Type
        ],
        "total": _total(lines, kind),
        "page": page,
    }


def _shared(request, organisation: Organisation | None, asked: int) -> dict:
    today, code = current_day(), organisation.code if organisation else ""
    may_export = bool(paths_reached(request.user, Action.EXPORT_LEDGER))
    if organisation is not None:
        may_export = reaches(request.user, Action.EXPORT_LEDGER, organisation.path)
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "title": organisation.short_name if organisation else "所辖支部",
        "tabs": meeting_tabs(organisation, _URL),
        "year_label": f"{asked}年",
        "years": [
            {
                "label": f"{shown}年",
                "url": with_query(request, year=shown),
                "current": shown == asked,
            }
            for shown in (today.year - 1, today.year)
        ],
        "months": [f"{month}月" for month in MONTHS],
        "export_url": link("ledgers:meetings_book", organisation=code, year=asked)
        if may_export
        else "",
        "duties_url": link("compliance:list", branch=code),
        "how": HOW,
        "query": query.urlencode(),
    }


def _worst_first(line: Line):
    return (line.share is None, line.share or 0)


def _branch_row(branch: Organisation, line: Line, asked: int) -> dict:
    url = link(_URL, branch=branch.code, year=asked)
    return _row(line, branch.short_name, url, asked, with_links=False)


def _row(line: Line, name: str, url: str, asked: int, *, with_links: bool) -> dict:
    return {
        "name": name,
        "url": url,
        "cells": [
            {
                "label": f"{month}月",
                "days": [_day(held, asked, with_links) for held in line.months.get(month, ())],
                "missed": month in line.missed,
            }
            for month in MONTHS
        ],
        "kept": f"{line.done} / {line.due} {UNITS[line.type]}" if line.due else "—",
        "share": f"{line.share}%" if line.due else "—",
    } | _mark(line)


def _mark(line: Line) -> dict[str, str]:
    if not line.due:
        return {"kind": "wait", "words": "尚无应开展"}
    if line.done == line.due:
        return {"kind": "done", "words": "已按时开展"}
    return {"kind": "late", "words": f"缺 {line.due - line.done} {UNITS[line.type]}"}


def _day(held: Held, asked: int, with_link: bool) -> dict[str, str]:
    text = f"{held.on.day}日" if held.on.year == asked else f"次年{held.on.month}月{held.on.day}日"
    return {"text": text, "url": reverse("meetings:detail", args=[held.pk]) if with_link else ""}


def _total(lines: list[Line], kind: Type) -> dict[str, str]:
    done, due = sum(line.done for line in lines), sum(line.due for line in lines)
    return {
        "kept": f"{done} / {due} {UNITS[kind]}" if due else "—",
        "share": f"{done * 100 // due}%" if due else "—",
    }
