"""The register of units as a list: filters, chips with their counts, order and rows. Reads only."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q
from django.urls import reverse

from branches.choice import named_organisation
from branches.links import with_query
from branches.models import Kind, Organisation, Unit, UnitKind
from branches.words import one_line, short_date
from tasks.coverage import (
    Figure,
    Standing,
    Tally,
    Yardstick,
    covering,
    form_of,
    on_register,
    standings,
    tally,
    worst_first,
)
from tasks.models import UnitInstructor, UnitSurvey

PAGE = 50
PLAN = "某市社会组织建组织扩覆盖方案"
# Chips: what a unit has to be to stand under one.
CHIPS: dict[str, tuple[str, Callable[[Standing], bool]]] = {
    "uncovered": ("未覆盖", lambda row: not row.worked),
    "own": ("应单独建", lambda row: row.founds_own),
    "joint": ("应联合建", lambda row: row.joins),
    "instructor": ("应派指导员", lambda row: row.wants_instructor),
    "unsurveyed": ("未摸底", lambda row: row.survey is None),
    "founded": ("已建", lambda row: row.covered),
}


@dataclass(frozen=True)
class Listing:
    """What a reader asked for: the units in order, and the counts before the chip was chosen."""

    organisation: Organisation | None
    kinds: tuple[str, ...]
    yardstick: Yardstick
    everything: list[Standing]
    rows: list[Standing]
    authorities: list[str]
    show: str

    @property
    def counted(self) -> Tally:
        return tally(self.everything)


def listing(request, today: datetime.date) -> Listing:
    """The units a request asks for, as far as the reader may look."""
    units, place = Unit.objects.visible_to(request.user), named_organisation(request)
    if place:
        units = units.within(place)
    yardstick = Yardstick.on(today)
    kind = request.GET.get("kind", "")
    kinds = (kind,) if kind in UnitKind.values else yardstick.kinds
    units = on_register(units, today, kinds)
    rows = standings(units, today, yardstick)
    authorities = sorted({row.survey.authority for row in rows if row.survey} - {""})
    if authority := one_line(request.GET.get("authority"), 120):
        rows = [row for row in rows if row.survey and row.survey.authority == authority]
    show = request.GET.get("show", "")
    chosen = [row for row in rows if CHIPS[show][1](row)] if show in CHIPS else rows
    if text := one_line(request.GET.get("q"), 60):
        found = units.filter(Q(name__icontains=text) | Q(credit_code__icontains=text))
        fits = set(found.values_list("pk", flat=True))
        chosen = [row for row in chosen if row.pk in fits]
    return Listing(
        organisation=place,
        kinds=kinds,
        yardstick=yardstick,
        everything=rows,
        rows=worst_first(chosen, today),
        authorities=authorities,
        show=show if show in CHIPS else "",
    )


def bar(label: str, figure: Figure, target: int, url: str = "") -> dict[str, object]:
    """A share as a bar: both counts, the target as a tick, what lacks in words."""
    percent = figure.percent
    lacking = figure.lacking(target)
    if percent is None:
        words = "没有登记单位"
    else:
        words = f"目标 {target}%，" + (f"差 {lacking} 个" if lacking else "已达到")
    return {
        "label": label,
        "counts": f"{figure.numerator}/{figure.denominator}",
        "percent": "—" if percent is None else f"{percent}%",
        "width": min(int(percent or 0), 100),
        "target": target,
        "behind": not figure.reaches(target),
        "words": words,
        "url": url,
    }


def bars(counted: Tally, yardstick: Yardstick) -> list[dict[str, object]]:
    """Organisation and work coverage."""
    return [
        bar("组织覆盖", counted.organisation, yardstick.organisation_target),
        bar("工作覆盖", counted.work, yardstick.work_target),
    ]


def chips(request, found: Listing) -> list[dict[str, object]]:
    """The chips with their counts; one chosen again is let go."""
    shown = [
        {
            "label": label,
            "count": sum(map(test, found.everything)),
            "url": with_query(request, show="" if found.show == key else key),
            "current": found.show == key,
        }
        for key, (label, test) in CHIPS.items()
    ]
    everything = {
        "label": "全部",
        "count": len(found.everything),
        "url": with_query(request, show=""),
        "current": not found.show,
    }
    return [*shown, everything]


def selects(request, found: Listing) -> list[dict[str, object]]:
    """The filters with a choice: which committee, which kind, which supervising authority."""
    places = (
        Organisation.objects.visible_to(request.user)
        .exclude(kind=Kind.BRANCH)
        .filter(dissolved_on__isnull=True)
        .order_by("code")
    )
    kinds = [(kind, UnitKind(kind).label) for kind in found.yardstick.kinds]
    kinds += [one for one in UnitKind.choices if one[0] == request.GET.get("kind")]
    offered = (
        (
            "organisation",
            "全部党组织",
            "登记的党组织",
            [(one.code, one.short_name) for one in places],
        ),
        ("kind", "全部类别", "单位类别", dict(kinds).items()),
        ("authority", "全部主管单位", "业务主管单位", [(one, one) for one in found.authorities]),
    )
    return [
        {
            "name": name,
            "label": label,
            "options": [
                {"value": value, "label": text, "current": request.GET.get(name, "") == value}
                for value, text in [("", everything), *options]
            ],
        }
        for name, everything, label, options in offered
        if len(options) > 1
    ]


def page_of(request, found: Listing):
    """The page asked for; its object list holds keys."""
    keys = [row.pk for row in found.rows]
    return Paginator(keys, PAGE).get_page(request.GET.get("page"))


def described(found: Listing, keys, today: datetime.date) -> list[dict[str, object]]:
    """These units as the list and the printed register show them; a constant number of queries."""
    keys = list(keys)
    standing = {row.pk: row for row in found.rows}
    units = Unit.objects.select_related("organisation").in_bulk(keys)
    behind = covering(keys, today)
    sent = {}
    for one in UnitInstructor.objects.on(today).filter(unit__in=keys):
        sent.setdefault(one.unit_id, one)
    return [
        unit_words(units[key], standing[key], behind.get(key, []), sent.get(key), today)
        for key in keys
    ]


def unit_words(unit: Unit, row: Standing, behind, sent, today: datetime.date) -> dict[str, object]:
    """One unit in words."""
    survey = row.survey
    kind, words = badge(row, today)
    return {
        "url": reverse("tasks:coverage_unit", args=[unit.pk]),
        "name": unit.name,
        "credit_code": unit.credit_code,
        "unit_kind": unit.get_kind_display(),
        "keeper": unit.organisation.short_name,
        "authority": survey.authority if survey else "",
        "members": row.verdict.members if row.verdict else None,
        "counts": counts_words(survey),
        "due": "" if row.covered or not row.verdict else row.verdict.label,
        "form": form_of(behind[0], survey).label if behind else "",
        "branch": "、".join(one.organisation.short_name for one in behind),
        "instructor": sent.person_name if sent else "",
        "surveyed": short_date(survey.surveyed_on, today) if survey else "",
        "reason": survey.reason_not_founded if survey and not row.covered else "",
        "planned": short_date(survey.planned_on, today) if survey and not row.covered else "",
        "kind": kind,
        "words": words,
    }


def counts_words(survey: UnitSurvey | None) -> str:
    """Both counts of formal members."""
    if survey is None:
        return ""
    return f"实际 {survey.formal_working}，关系 {survey.formal_here}"


def badge(row: Standing, today: datetime.date) -> tuple[str, str]:
    """The state of a unit: kind of mark and words."""
    if row.covered:
        return "done", "已建党组织"
    if row.overdue(today):
        return "late", f"拟建逾期 {(today - row.survey.planned_on).days} 天"
    if row.instructed:
        return "run", "已派指导员"
    if row.guided:
        return "run", "群团组织覆盖"
    return ("todo", "未覆盖") if row.survey else ("todo", "未摸底")
