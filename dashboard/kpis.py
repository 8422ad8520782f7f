"""The cards at the head of the overview: number, unit, one line of meaning, the list behind it."""

from decimal import Decimal

from django.db.models import Count, Q
from django.urls import reverse

from branches.history import below_on
from branches.periods import Period
from dashboard.figures import (
    DUES_RULE,
    MEETING_RULES,
    Tally,
    joined,
    percent_text,
    rounded,
    share,
    tallies,
)
from dues.sums import below_then, charged_and_paid, path_on
from members.models import Member
from tasks.models import Task


def cards(organisation, own: dict[str, Tally], seen: Period, today) -> list[dict]:
    # Of a period that has ended: those that stood here on its last day.
    day = min(seen.ends_on, today)
    here = below_on(organisation, day)
    branches = here.branches()
    standing = branches.standing(seen.ends_on, seen.ends_on).count()
    members = Member.objects.within(organisation).filter(left_on__isnull=True).count()
    meetings = joined(own, MEETING_RULES)
    before = joined(
        tallies([organisation], seen.previous, today).get(organisation.pk, {}), MEETING_RULES
    )
    dues = own.get(DUES_RULE, Tally())
    charged, paid = charged_and_paid(
        below_then([path_on(organisation, day)], day).values("pk"),
        seen.starts_on,
        seen.ends_on,
        until=today,
    )
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
            "number": percent_text(meetings.percent),
            "unit": "%" if meetings.total else "",
            **_compared(meetings.percent, before.percent),
            "url": reverse("compliance:list") + f"?{below}&group=meetings",
        },
        {
            "label": "党费按月收缴",
            "number": percent_text(share(dues.actual, dues.required)),
            "unit": "%" if dues.required else "",
            "note": f"应缴 ¥{charged:,.2f}，实缴 ¥{paid:,.2f}",
            "url": reverse("dues:summary") + f"?{below}&period={seen}",
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
