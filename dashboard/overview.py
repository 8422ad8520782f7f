"""The county's overview, and one level down the same page for a committee."""

import datetime
from decimal import Decimal

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Action
from branches.dated import standing_on
from branches.deadlines import SOON_DAYS
from branches.history import below_on, names_on
from branches.models import COMMITTEE_KINDS, Kind, Organisation, Placement, shortened
from branches.periods import Period, Span, add_months, period_named, period_of
from branches.scope import reaches
from branches.values import Values
from compliance.judging import due_day
from compliance.models import CheckRun, Duty, DutyState
from compliance.registry import RULES, Rule
from compliance.wording import badge, day_text
from dashboard.addresses import address
from dashboard.charts import trend
from dashboard.figures import (
    THEMES,
    Tally,
    overall,
    percent_text,
    periods_seen,
    rounded,
    share,
    tallies,
    theme_of,
)
from dashboard.kpis import cards
from dashboard.matrix import branch_matrix
from members.terms import current_terms

_RANKED_FROM = 5
_PANEL_ROWS = 12
_AHEAD_DAYS = 90
# Terms are announced six months ahead (2018 支部工作条例 Art. 21).
_TERM_MONTHS = 6
_TERMS_SHOWN = 7


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
        _placed_under(organisation, min(seen.ends_on, today))
        .standing(seen.starts_on, seen.ends_on)
        .exclude(kind=Kind.BRANCH)
        .order_by("code")
    )
    county = any(unit.kind in COMMITTEE_KINDS for unit in units)
    found = tallies([organisation, *units], seen, today)
    own = found.get(organisation.pk, {})
    page = {
        "title": "全县总览" if organisation.parent_id is None else organisation.short_name,
        "crumbs": [{"label": one.short_name, "url": address(one, seen)} for one in reversed(above)],
        "county": county,
        "periods": _period_links(organisation, seen, today),
        "kpis": cards(organisation, own, seen, today),
        "deadlines": _deadlines(organisation, today),
        "trend": trend(organisation, today),
        "algorithm_url": reverse("algorithm"),
        "terms": _terms(organisation, today),
        "export_url": reverse("ledgers:export") + f"?organisation={organisation.code}",
        "data_at": _data_at(),
    }
    if county:
        theme = theme_of(cell[1]) if cell else filters["theme"]
        columns = [rule for rule in RULES.values() if rule.code in own and theme_of(rule) == theme]
        page["heat"] = _heat(organisation, units, found, columns, seen, sort, cell)
        page["heat"]["themes"] = [
            {
                "label": label,
                "url": address(organisation, seen, theme=name),
                "current": name == theme,
            }
            for name, label, _rooms in THEMES
        ]
        page["panel"] = (
            panel(
                *cell,
                seen=seen,
                today=today,
                back=address(organisation, seen),
                reader=filters["reader"],
            )
            if (cell)
            else None
        )
        page["ranking"] = _ranking(units, found, seen)
    else:
        page |= branch_matrix(organisation, seen, today, filters)
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


def _deadlines(organisation, today) -> list[dict]:
    """Due days of the running periods, nearest first, with how many have not done it yet."""
    values = Values()
    rows = []
    found: dict[Period, dict[str, Tally]] = {}
    for rule in RULES.values():
        if rule.is_standing:
            continue
        running = period_of(rule.span, today)
        # Some duties are due after their period has ended.
        for period in (running.previous, running):
            due_on = due_day(rule, period, values)
            if not 0 <= (due_on - today).days <= _AHEAD_DAYS:
                continue
            if period not in found:
                # As if it were over, so that the period itself is told of.
                after = period.following.starts_on
                found[period] = tallies([organisation], period, after).get(organisation.pk, {})
            if rule.code in found[period]:
                left = found[period][rule.code].left
                rows.append(_deadline(organisation, rule, period, due_on, left, today))
    return sorted(rows, key=lambda row: row["on"])[:8]


def _deadline(organisation, rule: Rule, period: Period, due_on, left: int, today) -> dict:
    return {
        "on": due_on,
        "date": day_text(due_on, today),
        "label": f"{_short(period, today).removeprefix(f'{today.year}年')}{rule.short}",
        "url": reverse("compliance:list")
        + f"?organisation={organisation.code}&rule={rule.code}&period={period}",
        "words": f"{left:,} 个未完成" if left else "都已完成",
        "kind": "soon" if left and (due_on - today).days <= 7 else "",
    }


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
                "url": reverse(
                    "branch" if names[pk].is_branch else "overview_of", args=[names[pk].code]
                ),
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
        cells.append(
            {"text": percent_text(total), "level": _level(total), "url": "", "label": "综合"}
        )
        rows.append(
            {"name": unit.short_name, "url": address(unit, seen), "current": False, "cells": cells}
        )
    heads = [
        {
            "label": rule.short,
            "url": address(organisation, seen, sort=rule.code, theme=theme_of(rule)),
            "sort": "ascending" if sort == rule.code else "",
        }
        for rule in columns
    ]
    heads.append(
        {
            "label": "综合",
            "url": address(organisation, seen, theme=theme_of(columns[0]) if columns else ""),
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


def _placed_under(organisation: Organisation, day: datetime.date):
    """What stood directly below an organisation on `day`."""
    placed = Placement.objects.filter(standing_on(day), parent=organisation)
    return Organisation.objects.filter(pk__in=placed.values("organisation_id"))


def panel(unit: Organisation, rule: Rule, *, seen: Period, today, back: str, reader) -> dict:
    """The organisations behind one cell, worst first; links as far as `reader` may look."""
    soon_days = Values().on(SOON_DAYS, today)
    keys = periods_seen(rule, seen, today)
    # As the figure was summed: by the tree of the period's last day.
    day = min(seen.ends_on, today)
    if rule.shown_when_over:
        day = min(day, period_named(keys[-1]).ends_on)
    duties = Duty.objects.filter(
        organisation__in=below_on(unit, day),
        rule=rule.code,
        period__in=keys,
    ).select_related("organisation")
    missed = duties.filter(state__in=(DutyState.OVERDUE, DutyState.BEHIND))
    counts = duties.exclude(state=DutyState.EXEMPT).aggregate(
        all=Count("pk"), bad=Count("pk", filter=Q(state__in=(DutyState.OVERDUE, DutyState.BEHIND)))
    )
    percent = share(counts["all"] - counts["bad"], counts["all"])
    shown = missed.order_by("due_on", "organisation__code")[:_PANEL_ROWS]
    names = names_on([duty.organisation_id for duty in shown], day)
    rows = []
    for duty in shown:
        words = badge(duty, today, soon_days)
        rows.append(
            {
                "name": shortened(names[duty.organisation_id]),
                # Who stands elsewhere today is named, but his pages are the new superior's.
                "url": reverse("compliance:duty", args=[duty.pk])
                if reaches(reader, Action.LOOK, duty.organisation.path)
                else "",
                "kind": words.kind,
                "words": words.words,
            }
        )
    more = counts["bad"] - len(rows)
    return {
        "title": f"{unit.short_name} · {rule.title} {percent_text(percent, '1')}%",
        "text": f"应办 {counts['all']} 项，{counts['bad']} 项未按期",
        "close_url": back,
        "branches": rows,
        "more_text": f"还有 {more} 项，进入{unit.short_name}查看" if more > 0 else "",
        "enter": {"label": f"进入{unit.short_name}", "url": address(unit, seen)},
        "act": {
            "label": "看全部清单",
            "url": reverse("compliance:list")
            + f"?organisation={unit.code}&rule={rule.code}"
            + ("" if rule.is_standing else f"&period={keys[-1]}"),
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
            "text": percent_text(score),
            "percent": int(score),
        }
        for score, unit in scored
    ]
    if len(rows) < 2:
        return None
    if len(rows) <= 9:
        return {"top": rows, "bottom": []}
    return {"top": rows[:5], "bottom": rows[-4:]}
