"""How the plan of a branch is shown: cells of the grid, the list by month, the strip below."""

import datetime
from dataclasses import dataclass

from django.urls import reverse

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.scope import reaches
from branches.words import full_date
from meetings.enums import Type
from meetings.forms.plans import PlanLineForm, initial_of
from meetings.models import PlanItem
from meetings.plan_drafts import on_day
from meetings.plan_grid import ROW_ORDER, Cell, Entry, Row, YearGrid
from meetings.services import plans as services
from members.roster import roster

# --- Addresses ------------------------------------------------------------------------------


def read_cell(text: str | None) -> tuple[str, int] | None:
    """Type and month of `theme_day-3`; None for anything else."""
    type_, _mark, month = (text or "").rpartition("-")
    fits = type_ in Type.values and month.isdecimal() and len(month) < 3
    return (type_, int(month)) if fits and 1 <= int(month) <= 12 else None


def plan_url(branch: Organisation, year: int, **query) -> str:
    return link("meetings:plan", branch=branch.code, year=year, **query)


def cell_url(branch: Organisation, year: int, item: PlanItem) -> str:
    cell = f"{item.type}-{item.planned_on.month}"
    return plan_url(branch, year, cell=cell, line=item.pk) + "#plan-strip"


def line_form(branch, year, type_, month, *, today, data=None, initial=None) -> PlanLineForm:
    """The form of a line; people named are those of the branch today."""
    people = roster([branch.pk], today, attached=True).select_related("member")
    return PlanLineForm(
        data,
        type=type_,
        year=year,
        month=month,
        members=[row.member for row in people.order_by("member_id")],
        groups=list(branch.groups.order_by("pk")) if type_ == Type.GROUP else [],
        initial=initial or {},
    )


@dataclass(frozen=True)
class Bound:
    """A form that was sent: about which cell and line, and which state of the line it began with."""

    type: str
    month: int
    item: PlanItem | None
    form: PlanLineForm
    was: str


# --- Grid and list --------------------------------------------------------------------------


def shown_row(row: Row, branch, year, today, chosen, may_keep: bool) -> dict:
    return {
        "name": row.name,
        "asks": row.asks,
        "count": f"{row.done}/{row.required}" if row.required else f"{row.done}",
        "kind": row.kind,
        "words": row.words,
        "cells": [
            _shown_cell(cell, row, branch, year, today, chosen, may_keep) for cell in row.cells
        ],
    }


def _shown_cell(cell: Cell, row: Row, branch, year, today, chosen, may_keep: bool) -> dict:
    said = "；".join(" ".join(filter(None, [one.day, one.topic, one.words])) for one in cell.shown)
    wanted = cell.wanted and may_keep
    said = said or ("没有开" if cell.missed else "待安排" if cell.wanted else "没有安排")
    usable = may_keep or bool(cell.entries)
    return {
        "url": plan_url(branch, year, cell=cell.code) + "#plan-strip" if usable else "",
        "label": f"{cell.month}月{row.name}：{said}",
        "entries": cell.shown,
        "wanted": wanted,
        "missed": cell.missed,
        "now": (year, cell.month) == (today.year, today.month),
        "quarter": cell.month % 3 == 0,
        "current": chosen == (cell.type, cell.month),
    }


def past_label(months: list[dict]) -> str:
    """1月—10月: the months that are folded together on a phone."""
    past = [month["label"] for month in months if month["past"]]
    return f"{past[0]}—{past[-1]}" if len(past) > 1 else "".join(past)


def month_list(rows: list[Row], branch, year, today, chosen, may_keep: bool) -> list[dict]:
    """The same by month, for a phone: the month of today or of the cell chosen stands open."""
    opened = chosen[1] if chosen else today.month if year == today.year else 1
    months = []
    for month in range(1, 13):
        cells = [
            {"name": row.name, **_shown_cell(cell, row, branch, year, today, chosen, may_keep)}
            for row in rows
            for cell in [row.cells[month - 1]]
            if cell.shown or cell.wanted or cell.missed
        ]
        months.append(
            {
                "label": f"{month}月",
                "now": (year, month) == (today.year, today.month),
                "open": month == opened,
                "past": month < opened,
                "cells": cells,
                "count": len(cells),
            }
        )
    return months


# --- The strip ------------------------------------------------------------------------------


class Strip:
    """What stands below the grid: the cell chosen, its lines and meetings, and the form of one."""

    def __init__(self, request, branch, grid: YearGrid, rows, taken_off, chosen, may_keep, bound):
        self.request, self.branch, self.grid, self.may_keep = request, branch, grid, may_keep
        self.type, self.month = chosen
        self.cell = rows[ROW_ORDER.index(self.type)].cells[self.month - 1]
        self.cancelled = [
            item
            for item in taken_off
            if (item.type, item.planned_on.month) == (self.type, self.month)
        ]
        self.bound, self.form = bound, bound.form if bound else None
        self.entry = self._entry()
        self.names: list[str] = []

    def _entry(self) -> Entry | None:
        """The entry the form is about: the one asked for, else the first still open."""
        entries = self.cell.entries
        if self.bound:
            key = self.bound.item.pk if self.bound.item else None
            return next((one for one in entries if one.line and one.line.pk == key), None)
        if "new" in self.request.GET:
            return None
        asked = self.request.GET.get("line", "")
        first_open = next((one for one in entries if one.meeting is None), None)
        found = next((one for one in entries if one.line and str(one.line.pk) == asked), None)
        return found or first_open or (entries[0] if entries else None)

    def context(self) -> dict:
        entry, year = self.entry, self.grid.year
        line = entry.line if entry else None
        open_line = line if line is not None and entry.meeting is None else None
        editable = self.may_keep and (entry is None or open_line is not None)
        if self.form is None and editable and (open_line or year >= self.grid.today.year):
            self.form = line_form(
                self.branch,
                year,
                self.type,
                self.month,
                today=self.grid.today,
                initial=initial_of(open_line) if open_line else self._as_last(),
            )
        if self.form is not None:
            self.names = list(self.form.members)
        title = f"{self.month}月{Type(self.type).label}"
        if entry is None and not self.cell.entries:
            kind, words = ("late", "没有开") if self.cell.missed else ("todo", "还没有安排")
        else:
            kind, words = (entry.kind, entry.words) if entry else ("todo", "再安排一次")
        return {
            "title": title,
            "kind": kind,
            "words": words,
            "form": self.form,
            "may_keep": self.may_keep,
            "cell": self.cell.code,
            "close_url": plan_url(self.branch, year),
            "entries": self._links(),
            "new_url": self._new_url(),
            "register_url": self._register_url(open_line),
            "register_first": bool(open_line) and self._is_due(open_line),
            "meeting_url": reverse("meetings:detail", args=[entry.meeting.pk])
            if entry and entry.meeting
            else "",
            "roster_url": link("meetings:roster_blank", plan=open_line.pk, now=1)
            if open_line
            else "",
            "facts": _facts(entry),
            "save_url": reverse("meetings:plan_item", args=[open_line.pk])
            if open_line
            else reverse("meetings:plan_item_new"),
            "was": self._was(open_line),
            "cancel_url": reverse("meetings:plan_item_cancel", args=[open_line.pk])
            if open_line and self.may_keep
            else "",
            "cancelled": [self._cancelled(item) for item in self.cancelled],
        }

    def _as_last(self) -> dict:
        """A further line begins like the latest one of its type; 主题党日 keeps its day."""
        like = [line for line in self.grid.lines if line.type == self.type]
        if not like:
            return {}
        last = initial_of(like[-1])
        begun = {name: last[name] for name in ("starts_at", "ends_at", "place", "host")}
        if self.type == Type.THEME_DAY and not like[-1].month_only:
            month = datetime.date(self.grid.year, self.month, 1)
            begun["planned_on"] = full_date(on_day(month, like[-1].planned_on.day))
        return begun

    def _was(self, line: PlanItem | None) -> str:
        """The state of the line that the form was filled from."""
        if self.bound:
            return self.bound.was
        return services.fingerprint(line) if line else ""

    def _links(self) -> list[dict]:
        if len(self.cell.entries) < 2:
            return []
        return [
            {
                "label": " ".join(filter(None, [one.day, one.topic or one.words])),
                "kind": one.kind,
                "url": self._url(line=one.line.pk)
                if one.line
                else reverse("meetings:detail", args=[one.meeting.pk]),
                "current": one is self.entry,
            }
            for one in self.cell.entries
        ]

    def _url(self, **query) -> str:
        return plan_url(self.branch, self.grid.year, cell=self.cell.code, **query) + "#plan-strip"

    def _new_url(self) -> str:
        offered = self.may_keep and self.entry and self.grid.year >= self.grid.today.year
        return self._url(new=1) if offered else ""

    def _register_url(self, line: PlanItem | None) -> str:
        if not reaches(self.request.user, Action.RECORD_MEETING, self.branch.path):
            return ""
        if line is not None:
            return link("meetings:register", plan=line.pk, branch=self.branch.code)
        if self.cell.missed:
            return link("meetings:register", types=self.type, branch=self.branch.code)
        return ""

    def _is_due(self, line: PlanItem) -> bool:
        today = self.grid.today
        return (line.planned_on.year, line.planned_on.month) <= (today.year, today.month)

    def _cancelled(self, item: PlanItem) -> dict:
        day = services.day_words(item.planned_on, month_only=item.month_only)
        return {
            "words": " ".join(filter(None, [day, item.topic])),
            "reason": item.cancel_reason,
            "url": reverse("meetings:plan_item_restore", args=[item.pk]) if self.may_keep else "",
            "was": services.fingerprint(item),
        }


def _facts(entry: Entry | None) -> list[tuple[str, str]]:
    """A line or meeting in words, for who may not change it."""
    if entry is None:
        return []
    planned = entry.line
    meeting = entry.meeting
    source = meeting or planned
    pairs = [
        (
            "计划",
            services.day_words(planned.planned_on, month_only=planned.month_only)
            if planned
            else "",
        ),
        ("召开", full_date(meeting.held_on) if meeting else ""),
        ("地点", source.place),
        ("议题", source.topic),
        ("主持人", source.host_name),
        ("授课人", source.lecturer_name),
    ]
    return [(label, text) for label, text in pairs if text]
