"""A branch seen from above: its duties by room, its facts, what is open. Read only."""

import datetime
from itertools import groupby

from django.urls import reverse

from accounts.roles import Action
from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.models import Group, Organisation
from branches.periods import Period
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date
from compliance.models import Duty
from compliance.registry import RULES
from compliance.wording import day_text, kind_of, mark, period_text
from dashboard.addresses import address
from dashboard.figures import periods_seen
from dashboard.matrix import reminded_text
from meetings.models import Meeting
from members.enums import PostTitle
from members.models import Post
from members.roster import counts
from members.terms import current_terms
from notices.inbox import reminders_of
from tasks.models import Task

_ROOMS = {
    "meetings": "三会一课和学习",
    "dues": "党费",
    "tasks": "整改",
    "members": "班子和党员",
    "terms": "班子和党员",
    "branches": "支部设置",
    "assessments": "支部建设和考核",
}
# What a rule of a room without a heading stands under.
_OTHER = "其他要求"


def branch_page(
    branch: Organisation,
    *,
    above: list[Organisation],
    seen: Period,
    today: datetime.date,
    reader,
) -> dict:
    """The page of one branch for whoever oversees it."""
    soon_days = Values().on(SOON_DAYS, today)
    wanted = {code: periods_seen(rule, seen, today) for code, rule in RULES.items()}
    duties = [
        duty
        for duty in Duty.objects.filter(organisation=branch)
        if duty.period in wanted.get(duty.rule, ())
    ]
    order = list(RULES)
    duties.sort(key=lambda duty: (order.index(duty.rule), duty.period))
    lines = [
        (
            _ROOMS.get(duty.rule.split(".")[0], _OTHER),
            {
                "name": RULES[duty.rule].title,
                "period_text": period_text(duty, today),
                "kind": kind_of(duty, today, soon_days),
                "words": mark(duty, today, soon_days).words,
                "required": duty.required,
                "actual": duty.actual,
                "due_text": day_text(duty.due_on, today),
                "url": reverse("compliance:duty", args=[duty.pk]),
            },
        )
        for duty in duties
    ]
    grouped: dict[str, list] = {}
    for room, room_lines in groupby(lines, key=lambda line: line[0]):
        grouped.setdefault(room, []).extend(line for _room, line in room_lines)
    return {
        "branch": _facts(branch, today),
        "crumbs": [{"label": one.short_name, "url": address(one, seen)} for one in reversed(above)],
        "period_text": seen.label,
        "groups": [{"name": room, "duties": found} for room, found in grouped.items()],
        "open_tasks": _open_tasks(branch, today, soon_days),
        "recent": _recent(branch, today),
        **_reminding(branch, seen, today, reader),
    }


def _reminding(branch: Organisation, seen: Period, today, reader) -> dict:
    """催办 and what the branch was told, for who may send it notices."""
    if not reaches(reader, Action.SEND_NOTICE, branch.path):
        return {}
    told = reminders_of([branch.pk], seen.starts_on, seen.ends_on).get(branch.pk, (0, None))
    return {
        "remind_url": link("remind", branch.code, branch=branch.pk, period=str(seen)),
        "remind_text": reminded_text(*told, today),
        "notices_url": reverse("notices:of", args=[branch.code]),
    }


def _facts(branch: Organisation, today) -> dict:
    members, formal = counts([branch.pk], today).get(branch.pk, (0, 0))
    secretary = Post.objects.filter(
        organisation=branch, title=PostTitle.SECRETARY, ends_on__isnull=True
    ).first()
    term = current_terms([branch.pk], today).get(branch.pk)
    return {
        "name": branch.name,
        "kind_text": "、".join(
            filter(None, [branch.get_kind_display(), branch.get_sector_display()])
        ),
        "secretary": secretary.person_name if secretary else "",
        "founded_text": full_date(branch.founded_on),
        "term_text": full_date(term.postponed_to or term.ends_on) if term else "",
        "members": members,
        "formal": formal,
        "probationary": members - formal,
        "groups": Group.objects.filter(organisation=branch).standing(today, today).count(),
    }


def _open_tasks(branch, today, soon_days) -> list[dict]:
    rows = []
    for task in Task.objects.filter(organisation=branch).open().order_by("due_on"):
        days = (task.due_on - today).days
        kind = "late" if days < 0 else "soon" if days <= soon_days else "run"
        words = f"逾期 {-days} 天" if days < 0 else f"还剩 {days} 天"
        rows.append(
            {
                "title": f"{task.number} {task.problem}",
                "url": reverse("tasks:detail", args=[task.pk]),
                "kind": kind,
                "words": words,
                "owner": task.responsible_person,
            }
        )
    return rows


def _recent(branch, today) -> list[dict]:
    meetings = (
        Meeting.objects.filter(organisation=branch)
        .prefetch_related("types")
        .order_by("-held_on", "-pk")[:6]
    )
    return [
        {
            "date": day_text(meeting.held_on, today),
            "label": "、".join(str(kind) for kind in meeting.types.all()),
            "url": reverse("meetings:detail", args=[meeting.pk]),
        }
        for meeting in meetings
    ]
