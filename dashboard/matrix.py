"""Branches × running duties, worst first: the committee's view."""

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.roles import Action
from branches.deadlines import SOON_DAYS
from branches.history import below_on, names_on
from branches.models import shortened
from branches.periods import Period
from branches.scope import reaches
from branches.values import Values
from compliance.models import Duty, DutyState
from compliance.registry import RULES
from compliance.wording import day_text, mark
from dashboard.addresses import address
from dashboard.figures import DUES_RULE, MEETING_RULES, periods_seen
from meetings.models import Meeting
from members.enums import PostTitle
from members.models import Member, Post
from notices.inbox import reminders_of

_PAGE = 50
# Rules shown as columns, besides tasks.
_MATRIX = (*MEETING_RULES, DUES_RULE, "meetings.study_hours", "tasks.overdue", "terms.election")


def branch_matrix(organisation, seen: Period, today, filters: dict) -> dict:
    """Branches × running duties, worst first."""
    soon_days = Values().on(SOON_DAYS, today)
    rules = [RULES[code] for code in _MATRIX]
    shown_keys = {rule.code: periods_seen(rule, seen, today)[-1] for rule in rules}
    seen_duties = Q(pk__in=[])
    for code, key in shown_keys.items():
        seen_duties |= Q(duties__rule=code, duties__period=key)
    late = Q(duties__state=DutyState.OVERDUE)
    day = min(seen.ends_on, today)
    branches = (
        below_on(organisation, day)
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
            branches.filter(pk__in=_unmet("meetings.committee", shown_keys)),
        ),
        "dues": (
            "党费未收齐",
            branches.filter(pk__in=_unmet(DUES_RULE, shown_keys)),
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
            "rows": _matrix_rows(
                list(page), rules, shown_keys, seen, today, soon_days, filters["reader"]
            ),
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
        "remind_url": reverse("remind", args=[organisation.code])
        if reaches(filters["reader"], Action.SEND_NOTICE, organisation.path)
        else "",
    }


def _unmet(code: str, keys: dict[str, str]):
    """Of whatever branches are listed; those of others stand in no list."""
    return Duty.objects.filter(rule=code, period=keys[code]).unmet().values("organisation_id")


def _matrix_rows(branches, rules, keys, seen, today, soon_days, reader) -> list[dict]:
    names = names_on(branches, min(seen.ends_on, today))
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
    reminded = reminders_of(branches, seen.starts_on, seen.ends_on)
    rows = []
    for branch in branches:
        # Who stands elsewhere today is shown with the figures of then, without ways in.
        open_to = reaches(reader, Action.LOOK, branch.path)
        cells = []
        for rule in rules:
            duty = duties.get((branch.pk, rule.code))
            words = mark(duty, today, soon_days) if duty else None
            cells.append(
                {
                    "label": rule.short,
                    "kind": words.kind if words else "",
                    "text": words.words if words else "—",
                    "url": reverse("compliance:duty", args=[duty.pk]) if duty and open_to else "",
                }
            )
        entered = latest.get(branch.pk)
        rows.append(
            {
                "id": branch.pk,
                "name": shortened(names[branch.pk]),
                "full_name": names[branch.pk],
                "url": reverse("branch", args=[branch.code]) + f"?period={seen}" if open_to else "",
                "secretary": secretaries.get(branch.pk, "空缺"),
                "members": members.get(branch.pk, 0),
                "updated": day_text(timezone.localtime(entered).date(), today) if entered else "—",
                "late": bool(branch.late),
                "reminded": reminded_text(*reminded.get(branch.pk, (0, None)), today),
                "cells": cells,
            }
        )
    return rows


def reminded_text(times: int, last, today) -> str:
    """已催办 3 次，最近 3月17日; "" for never."""
    return f"已催办 {times} 次，最近 {day_text(last, today)}" if times else ""
