"""The county's overview, and one level down the same page for a committee."""

import datetime
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from branches.models import COMMITTEE_KINDS, Kind, Organisation
from branches.periods import Period, Span, add_months, period_of
from branches.values import Values
from compliance.judging import SOON_DAYS
from compliance.models import CheckRun, Duty, DutyState
from compliance.registry import RULES, Rule
from compliance.rules.members import current_terms
from compliance.wording import badge, day_text, mark
from dashboard.figures import (
    DUES_RULE,
    MEETING_RULES,
    Tally,
    joined,
    monthly_lines,
    overall,
    periods_seen,
    rounded,
    share,
    tallies,
)
from dues.models import Payment
from meetings.models import Meeting
from members.enums import PostTitle
from members.models import Member, Post
from tasks.models import Task

_RANKED_FROM = 5
_PANEL_ROWS = 12
_PAGE = 50
_AHEAD_DAYS = 90
# Terms are announced six months ahead (2018 支部工作条例 Art. 21).
_TERM_MONTHS = 6
_TERMS_SHOWN = 7
# Rules shown as columns of the matrix of branches, besides tasks.
_MATRIX = (*MEETING_RULES, DUES_RULE, "meetings.study_hours", "tasks.overdue", "terms.election")


def seen_period(text: str, today: datetime.date) -> Period:
    """The period named in the address: a month, quarter or year; else the running month."""
    for span in (Span.MONTH, Span.QUARTER, Span.YEAR):
        candidate = period_of(span, today)
        # Twelve months back is as far as figures reach.
        for _step in range(13):
            if str(candidate) == text:
                return candidate
            candidate = candidate.previous
    return period_of(Span.MONTH, today)


def address(organisation: Organisation, seen: Period, **query: str) -> str:
    """The overview of an organisation with the period kept."""
    return (
        reverse("overview_of", args=[organisation.code])
        + "?"
        + urlencode({"period": str(seen), **{key: value for key, value in query.items() if value}})
    )


def overview(
    organisation: Organisation,
    *,
    above: list[Organisation],
    seen: Period,
    today: datetime.date,
    sort: str,
    cell: tuple[Organisation, Rule] | None,
    filters: dict,
) -> dict:
    """The page of one organisation. `above` are those of its superiors the reader may open."""
    units = list(
        Organisation.objects.standing(seen.starts_on, seen.ends_on)
        .filter(parent=organisation)
        .exclude(kind=Kind.BRANCH)
        .order_by("code")
    )
    county = any(unit.kind in COMMITTEE_KINDS for unit in units)
    found = tallies([organisation, *units], seen)
    own = found.get(organisation.pk, {})
    page = {
        "title": "全县总览" if organisation.parent_id is None else organisation.short_name,
        "crumbs": [
            {"label": one.short_name, "url": address(one, seen)} for one in reversed(above)
        ],
        "county": county,
        "periods": _period_links(organisation, seen, today),
        "kpis": _kpis(organisation, own, seen, today),
        "deadlines": _deadlines(organisation, today),
        "trend": _trend(organisation, today),
        "algorithm_url": reverse("algorithm"),
        "terms": _terms(organisation, today),
        "export_url": reverse("ledgers:export") + f"?organisation={organisation.code}",
        "data_at": _data_at(),
    }
    if county:
        columns = [rule for rule in RULES.values() if rule.code in own]
        page["heat"] = _heat(organisation, units, found, columns, seen, sort, cell)
        page["panel"] = panel(*cell, seen=seen, today=today, back=address(organisation, seen)) if (
            cell
        ) else None
        page["ranking"] = _ranking(units, found, seen)
    else:
        page |= _matrix(organisation, seen, today, filters)
    return page


def _period_links(organisation, seen: Period, today) -> list[dict]:
    choices = [period_of(span, today) for span in (Span.MONTH, Span.QUARTER, Span.YEAR)]
    last_month = choices[0].previous
    choices.insert(0, last_month)
    if seen not in choices:
        choices.insert(0, seen)
    return [
        {
            "label": "全年" if period.span == Span.YEAR else _short(period, today),
            "url": address(organisation, period),
            "current": period == seen,
        }
        for period in choices
    ]


def _short(period: Period, today) -> str:
    if period.span == Span.QUARTER and period.starts_on.year == today.year:
        return period.label.split("年", 1)[1]
    return period.label


def _data_at() -> str:
    run = CheckRun.objects.filter(finished_at__isnull=False).aggregate(at=Max("finished_at"))["at"]
    if run is None:
        return ""
    local = timezone.localtime(run)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（此后的变动两分钟内更新）"


def _percent(value: Decimal | None, places: str = "0.1") -> str:
    return "—" if value is None else str(rounded(value, places))


def _kpis(organisation, own: dict[str, Tally], seen: Period, today) -> list[dict]:
    branches = Organisation.objects.below(organisation).branches()
    standing = branches.standing(seen.ends_on, seen.ends_on).count()
    members = Member.objects.within(organisation).filter(left_on__isnull=True).count()
    meetings = joined(own, MEETING_RULES)
    before = joined(
        tallies([organisation], seen.previous).get(organisation.pk, {}), MEETING_RULES
    )
    dues = own.get(DUES_RULE, Tally())
    received = Payment.objects.within(organisation).filter(
        month__range=(seen.starts_on, seen.ends_on)
    ).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    tasks = Task.objects.within(organisation).aggregate(
        open=Count("pk", filter=Q(pk__in=Task.objects.open())),
        late=Count("pk", filter=Q(pk__in=Task.objects.overdue(today))),
    )
    elections = own.get("terms.election", Tally())
    below = f"organisation={organisation.code}"
    return [
        {
            "label": "党支部 / 党员",
            "number": f"{standing:,}",
            "unit": "个",
            "note": f"党员 {members:,} 名",
            "url": reverse("members:list") + f"?{below}",
        },
        {
            "label": "三会一课按期",
            "number": _percent(meetings.percent),
            "unit": "%" if meetings.total else "",
            **_compared(meetings.percent, before.percent),
            "url": reverse("compliance:list") + f"?{below}&group=meetings",
        },
        {
            "label": "党费按月收缴",
            "number": _percent(share(dues.actual, dues.required)),
            "unit": "%" if dues.required else "",
            "note": f"已收 ¥{received:,.2f}",
            "url": reverse("compliance:list") + f"?{below}&rule={DUES_RULE}",
        },
        {
            "label": "整改逾期",
            "number": f"{tasks['late']:,}",
            "unit": "项",
            "note": f"在办 {tasks['open']:,} 项",
            "url": reverse("tasks:list") + f"?{below}&state=overdue",
        },
        {
            "label": "届满未换届",
            "number": f"{elections.bad:,}",
            "unit": "个",
            "note": f"应换届 {elections.total:,} 个",
            "url": reverse("compliance:list") + f"?{below}&rule=terms.election",
        },
    ]


def _compared(now: Decimal | None, before: Decimal | None) -> dict:
    if now is None or before is None:
        return {"note": "没有上期可比"}
    difference = rounded(now, "0.1") - rounded(before, "0.1")
    if not difference:
        return {"note": "与上期持平"}
    return {
        "note": "比上期",
        "note_strong": f"{'升' if difference > 0 else '降'} {abs(difference)}",
        "note_kind": "ok" if difference > 0 else "late",
    }


def _deadlines(organisation, today) -> list[dict]:
    """Due days of the running periods, nearest first, with how many have not done it yet."""
    rows = []
    found = {}
    for span in (Span.MONTH, Span.QUARTER, Span.HALF, Span.YEAR):
        found[span] = tallies([organisation], period_of(span, today)).get(organisation.pk, {})
    for rule in RULES.values():
        if rule.is_standing or rule.code not in found[rule.span]:
            continue
        period = period_of(rule.span, today)
        days = (period.ends_on - today).days
        left = found[rule.span][rule.code].left
        if days > _AHEAD_DAYS:
            continue
        rows.append(
            {
                "on": period.ends_on,
                "date": day_text(period.ends_on, today),
                "label": f"{_short(period, today).removeprefix(f'{today.year}年')}{rule.short}",
                "url": reverse("compliance:list")
                + f"?organisation={organisation.code}&rule={rule.code}&period={period}",
                "words": f"{left:,} 个未完成" if left else "都已完成",
                "kind": "soon" if left and days <= 7 else "",
            }
        )
    return sorted(rows, key=lambda row: row["on"])[:8]


def _terms(organisation, today) -> dict:
    """Terms that end within six months, and those past their end; nearest first."""
    below = Organisation.objects.below(organisation).standing(today, today)
    ends = sorted(
        (term.postponed_to or term.ends_on, pk) for pk, term in current_terms(below, today).items()
    )
    horizon = add_months(today, _TERM_MONTHS)
    ahead = [(end, pk) for end, pk in ends if today <= end <= horizon]
    shown = ahead[:_TERMS_SHOWN]
    names = below.in_bulk([pk for _end, pk in shown])
    return {
        "late": sum(end < today for end, _pk in ends),
        "ahead": len(ahead),
        "late_url": reverse("compliance:list")
        + f"?organisation={organisation.code}&rule=terms.election&state={DutyState.OVERDUE}",
        "rows": [
            {
                "name": names[pk].short_name,
                "url": reverse("branch" if names[pk].is_branch else "overview_of", args=[names[pk].code]),
                "date": day_text(end, today),
                "words": f"还剩 {(end - today).days} 天" if end > today else "今天届满",
            }
            for end, pk in shown
        ],
    }


def _heat(organisation, units, found, columns, seen, sort, cell) -> dict:
    chosen = (cell[0].pk, cell[1].code) if cell else None

    def worst(unit):
        by_rule = found.get(unit.pk, {})
        if sort in RULES:
            value = by_rule[sort].percent if sort in by_rule else None
        else:
            value = overall(by_rule)
        return (value is None, value if value is not None else Decimal(0), unit.code)

    rows = []
    for unit in sorted(units, key=worst):
        by_rule = found.get(unit.pk, {})
        cells = [_cell(unit, rule, by_rule.get(rule.code), seen, chosen) for rule in columns]
        total = overall(by_rule)
        cells.append({"text": _percent(total), "level": _level(total), "url": "", "label": "综合"})
        rows.append(
            {"name": unit.short_name, "url": address(unit, seen), "current": False, "cells": cells}
        )
    heads = [
        {
            "label": rule.short,
            "url": address(organisation, seen, sort=rule.code),
            "sort": "ascending" if sort == rule.code else "",
        }
        for rule in columns
    ]
    heads.append(
        {
            "label": "综合",
            "url": address(organisation, seen),
            "sort": "" if sort in RULES else "ascending",
        }
    )
    return {"head": "镇街达标情况", "columns": heads, "rows": rows}


def _level(percent: Decimal | None) -> int:
    if percent is None:
        return 0
    whole = rounded(percent)
    return 1 if whole >= 95 else 2 if whole >= 85 else 3 if whole >= 70 else 4


def _cell(unit, rule: Rule, tally: Tally | None, seen, chosen) -> dict:
    percent = tally.percent if tally else None
    if percent is None:
        return {"text": "—", "level": 0, "url": "", "label": rule.title, "current": False}
    level = _level(percent)
    sign = {3: "△", 4: "▼"}.get(level, "")
    return {
        "text": f"{sign}{rounded(percent)}",
        "level": level,
        "url": reverse("cell", args=[unit.code, rule.code]) + f"?period={seen}",
        "label": f"{unit.short_name} {rule.title}：达标 {tally.good}，未达标 {tally.bad}",
        "current": chosen == (unit.pk, rule.code),
    }


def panel(unit: Organisation, rule: Rule, *, seen: Period, today, back: str) -> dict:
    """The organisations behind one cell, worst first."""
    soon_days = Values().on(SOON_DAYS, today)
    duties = (
        Duty.objects.within(unit)
        .filter(rule=rule.code, period__in=periods_seen(rule, seen))
        .select_related("organisation")
    )
    missed = duties.filter(state__in=(DutyState.OVERDUE, DutyState.BEHIND))
    counts = duties.exclude(state=DutyState.EXEMPT).aggregate(
        all=Count("pk"), bad=Count("pk", filter=Q(state__in=(DutyState.OVERDUE, DutyState.BEHIND)))
    )
    percent = share(counts["all"] - counts["bad"], counts["all"])
    shown = missed.order_by("due_on", "organisation__code")[:_PANEL_ROWS]
    rows = []
    for duty in shown:
        words = badge(duty, today, soon_days)
        rows.append(
            {
                "name": duty.organisation.short_name,
                "url": reverse("compliance:duty", args=[duty.pk]),
                "kind": words.kind,
                "words": words.words,
            }
        )
    more = counts["bad"] - len(rows)
    return {
        "title": f"{unit.short_name} · {rule.title} {_percent(percent, '1')}%",
        "text": f"应办 {counts['all']} 项，{counts['bad']} 项未按期",
        "close_url": back,
        "branches": rows,
        "more_text": f"还有 {more} 项，进入{unit.short_name}查看" if more > 0 else "",
        "enter": {"label": f"进入{unit.short_name}", "url": address(unit, seen)},
        "act": {
            "label": "看全部清单",
            "url": reverse("compliance:list") + f"?organisation={unit.code}&rule={rule.code}",
        },
    }


def _ranking(units, found, seen) -> dict | None:
    """First five and last four; units with fewer than five branches are shown but not ranked."""
    scored = []
    for unit in units:
        by_rule = found.get(unit.pk, {})
        score = overall(by_rule)
        most = max((tally.total for tally in by_rule.values()), default=0)
        if score is not None and most >= _RANKED_FROM:
            scored.append((score, unit))
    scored.sort(key=lambda pair: (-pair[0], pair[1].code))
    rows = [
        {
            "name": unit.short_name,
            "url": address(unit, seen),
            "text": _percent(score),
            "percent": int(score),
        }
        for score, unit in scored
    ]
    if len(rows) < 2:
        return None
    if len(rows) <= 9:
        return {"top": rows, "bottom": []}
    return {"top": rows[:5], "bottom": rows[-4:]}


def _trend(organisation, today) -> dict | None:
    """Points of the twelve-month chart, in the coordinates of its drawing (380 × 240)."""
    drawn = monthly_lines(organisation, today)
    values = [value for line in drawn["lines"].values() for value in line if value is not None]
    if len(values) < 4:
        return None
    lowest = min(70, int(min(values)) // 10 * 10)

    def y(value):
        return round(20 + (100 - float(value)) * 190 / (100 - lowest))

    lines, taken = [], []
    for (name, series), kind in zip(drawn["lines"].items(), ("blue", "amber"), strict=True):
        points = [
            {"x": 44 + 21 * index, "y": y(value)}
            for index, value in enumerate(series)
            if value is not None
        ]
        if not points:
            continue
        last = next(value for value in reversed(series) if value is not None)
        end_y = points[-1]["y"]
        while any(abs(end_y - other) < 16 for other in taken):
            end_y += 16
        taken.append(end_y)
        lines.append(
            {
                "name": name,
                "kind": kind,
                "polyline": " ".join(f"{point['x']},{point['y']}" for point in points),
                "points": points,
                "end_y": end_y,
                "end_text": f"{name} {rounded(last)}",
            }
        )
    months = drawn["months"]
    step = 10 if lowest >= 50 else 20
    return {
        "finding": "；".join(f"{line['end_text']}%" for line in lines)
        + f"（纵轴从 {lowest}% 起）",
        "y_ticks": [
            {"y": y(value), "label": f"{value}%"} for value in range(lowest, 101, step)
        ],
        "x_ticks": [
            {"x": 44 + 21 * index, "label": f"{month.starts_on.month}月" if index == 0 else month.starts_on.month}
            for index, month in enumerate(months)
            if index % 2 == 0
        ],
        "lines": lines,
        "table": {
            "months": [str(month) for month in months],
            "rows": [
                {"name": name, "values": [_percent(value) for value in series]}
                for name, series in drawn["lines"].items()
            ],
        },
    }


def _matrix(organisation, seen: Period, today, filters: dict) -> dict:
    """Branches × running duties, worst first."""
    soon_days = Values().on(SOON_DAYS, today)
    rules = [RULES[code] for code in _MATRIX]
    shown_keys = {rule.code: periods_seen(rule, seen)[-1] for rule in rules}
    seen_duties = Q(pk__in=[])
    for code, key in shown_keys.items():
        seen_duties |= Q(duties__rule=code, duties__period=key)
    late = Q(duties__state=DutyState.OVERDUE)
    branches = (
        Organisation.objects.below(organisation)
        .branches()
        .standing(seen.ends_on, seen.ends_on)
        .annotate(
            late=Count("duties", filter=late & seen_duties),
            behind=Count("duties", filter=Q(duties__state=DutyState.BEHIND) & seen_duties),
        )
    )
    chips = {
        "": ("全部", branches),
        "late": ("有逾期", branches.filter(late__gt=0)),
        "committee": (
            "未开支委会",
            branches.filter(pk__in=_unmet(organisation, "meetings.committee", shown_keys)),
        ),
        "dues": (
            "党费未收齐",
            branches.filter(pk__in=_unmet(organisation, DUES_RULE, shown_keys)),
        ),
    }
    chosen = filters["show"] if filters["show"] in chips else ""
    rows = chips[chosen][1]
    if filters["search"]:
        rows = rows.filter(
            Q(name__contains=filters["search"])
            | Q(
                pk__in=Post.objects.filter(
                    title=PostTitle.SECRETARY,
                    ends_on__isnull=True,
                    person_name__contains=filters["search"],
                ).values("organisation_id")
            )
        )
    page = filters["paginate"](rows.order_by("-late", "-behind", "code"), _PAGE)
    return {
        "context_text": f"支部 {page.paginator.count} 个",
        "matrix": {
            "columns": [{"label": rule.short} for rule in rules],
            "rows": _matrix_rows(list(page), rules, shown_keys, seen, today, soon_days),
        },
        "chips": [
            {
                "label": label,
                "count": queryset.count(),
                "url": address(organisation, seen, show=name),
                "current": chosen == name,
            }
            for name, (label, queryset) in chips.items()
        ],
        "page": page,
        "query": urlencode({"period": str(seen), "show": chosen, "q": filters["search"]}),
        "search": filters["search"],
        "hidden": [("period", str(seen)), ("show", chosen)],
        "remind_url": "",
    }


def _unmet(organisation, code: str, keys: dict[str, str]):
    return (
        Duty.objects.within(organisation)
        .filter(rule=code, period=keys[code])
        .unmet()
        .values("organisation_id")
    )


def _matrix_rows(branches, rules, keys, seen, today, soon_days) -> list[dict]:
    duties = {
        (duty.organisation_id, duty.rule): duty
        for duty in Duty.objects.filter(
            organisation__in=branches, rule__in=list(keys), period__in=set(keys.values())
        )
        if duty.period == keys[duty.rule]
    }
    secretaries = dict(
        Post.objects.filter(
            organisation__in=branches, title=PostTitle.SECRETARY, ends_on__isnull=True
        ).values_list("organisation_id", "person_name")
    )
    members = dict(
        Member.objects.filter(organisation__in=branches, left_on__isnull=True)
        .values("organisation_id")
        .annotate(count=Count("pk"))
        .values_list("organisation_id", "count")
    )
    latest = dict(
        Meeting.objects.filter(organisation__in=branches)
        .values("organisation_id")
        .annotate(at=Max("entered_at"))
        .values_list("organisation_id", "at")
    )
    rows = []
    for branch in branches:
        cells = []
        for rule in rules:
            duty = duties.get((branch.pk, rule.code))
            words = mark(duty, today, soon_days) if duty else None
            cells.append(
                {
                    "label": rule.short,
                    "kind": words.kind if words else "",
                    "text": words.words if words else "—",
                    "url": reverse("compliance:duty", args=[duty.pk]) if duty else "",
                }
            )
        entered = latest.get(branch.pk)
        rows.append(
            {
                "id": branch.pk,
                "name": branch.short_name,
                "full_name": branch.name,
                "url": reverse("branch", args=[branch.code]) + f"?period={seen}",
                "secretary": secretaries.get(branch.pk, "空缺"),
                "members": members.get(branch.pk, 0),
                "updated": day_text(timezone.localtime(entered).date(), today) if entered else "—",
                "late": bool(branch.late),
                "cells": cells,
            }
        )
    return rows

