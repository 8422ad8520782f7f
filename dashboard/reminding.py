"""催办 of whole branches: what each is late with, said in words, and one notice to each a day."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from django.urls import reverse

from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.models import Organisation
from branches.values import Values
from branches.words import short_date
from compliance.models import Duty, DutyState
from compliance.registry import RULES
from compliance.wording import badge, is_soon, period_text
from notices.models import Notice, NoticeKind
from notices.services import Letter, send_letters
from tasks.models import Task, TaskState

_PERIODS_NAMED = 2
# Overdue tasks are named one by one, so their rule is not named as well.
_TASK_RULE = "tasks.overdue"
# What waits for an answer from above is nothing to remind a branch of.
_IN_HAND = (TaskState.PENDING, TaskState.WORKING)


@dataclass(frozen=True)
class Point:
    """One thing a branch is told of: late, or due within the days that count as near."""

    late: bool
    title: str
    status: str
    until: str
    url: str
    due_on: datetime.date

    @property
    def words(self) -> str:
        """召开 2月支部委员会：逾期 18 天，应于2月28日前办结."""
        due = f"应于{self.until}前办结" if self.late else f"{self.until}前办结"
        return f"{self.title}：{self.status}，{due}"


@dataclass
class Reminder:
    """What one branch would be told; `told_today` means that it has been told already."""

    branch: Organisation
    told_today: bool
    points: list[Point] = field(default_factory=list)

    @property
    def late(self) -> list[Point]:
        return [point for point in self.points if point.late]

    @property
    def soon(self) -> list[Point]:
        return [point for point in self.points if not point.late]

    @property
    def title(self) -> str:
        """催办：召开 2月支部委员会等 3 项已逾期."""
        named, ending = (self.late, "已逾期") if self.late else (self.soon, "快到期")
        more = f"等 {len(named)} 项" if len(named) > 1 else ""
        return f"催办：{named[0].title}{more}{ending}"

    def text(self, addition: str = "") -> str:
        """The lines of the notice; each ends in the address where the thing stands."""
        lines = [" ".join(addition.split())] if addition.strip() else []
        for heading, points in (("已逾期", self.late), ("快到期", self.soon)):
            if points:
                lines.append(f"{heading} {len(points)} 项：")
                lines += [f"{point.words} {point.url}" for point in points]
        return "\n".join(lines)

    @property
    def url(self) -> str:
        """The one thing itself, or the desk with all of them."""
        if len(self.points) == 1:
            return self.points[0].url
        return link("desk", branch=self.branch.code)


@dataclass(frozen=True)
class Reminded:
    """What came of it: told now, told before on this day, and with nothing to be told."""

    sent: list[Organisation]
    already: list[Organisation]
    nothing: list[Organisation]


def reminders(branches: list[Organisation], today: datetime.date) -> list[Reminder]:
    """For each branch what it is late with or has to do soon; a constant number of queries."""
    soon_days = Values().on(SOON_DAYS, today)
    told = set(
        Notice.objects.filter(
            organisation__in=branches, about__in=map(_about, branches), on=today
        ).values_list("organisation_id", flat=True)
    )
    found = {branch.pk: Reminder(branch, branch.pk in told) for branch in branches}
    _name_duties(found, today, soon_days)
    _name_tasks(found, today, soon_days)
    for reminder in found.values():
        reminder.points.sort(key=lambda point: (not point.late, point.due_on, point.title))
    return list(found.values())


def _about(branch: Organisation) -> str:
    return f"remind:{branch.pk}"


def _name_duties(found: dict[int, Reminder], today: datetime.date, soon_days: int) -> None:
    duties = Duty.objects.filter(organisation__in=list(found), due_on__isnull=False).unmet()
    grouped: dict[tuple[int, str, bool], list[Duty]] = defaultdict(list)
    for duty in duties.order_by("due_on", "pk"):
        rule = RULES.get(duty.rule)
        if rule is None or duty.rule == _TASK_RULE or rule.by_superior or duty.waiting:
            continue
        late = duty.state == DutyState.OVERDUE
        if late or is_soon(duty, today, soon_days):
            grouped[duty.organisation_id, duty.rule, late].append(duty)
    for (pk, code, late), missed in grouped.items():
        first = missed[0]
        periods = "、".join(period_text(duty, today) for duty in missed[:_PERIODS_NAMED])
        if len(missed) > _PERIODS_NAMED:
            periods += f"等 {len(missed)} 期"
        found[pk].points.append(
            Point(
                late=late,
                title=RULES[code].headline.format(period=periods),
                status=badge(first, today, soon_days).words,
                until=short_date(first.due_on, today),
                url=reverse("compliance:duty", args=[first.pk]),
                due_on=first.due_on,
            )
        )


def _name_tasks(found: dict[int, Reminder], today: datetime.date, soon_days: int) -> None:
    horizon = today + datetime.timedelta(days=soon_days)
    for task in Task.objects.filter(
        organisation__in=list(found), state__in=_IN_HAND, due_on__lte=horizon
    ):
        days = (task.due_on - today).days
        found[task.organisation_id].points.append(
            Point(
                late=days < 0,
                title=f"整改“{task.problem}”",
                status=_distance(days),
                until=short_date(task.due_on, today),
                url=reverse("tasks:detail", args=[task.pk]),
                due_on=task.due_on,
            )
        )


def _distance(days: int) -> str:
    if days < 0:
        return f"逾期 {-days} 天"
    return f"还剩 {days} 天" if days else "今天到期"


def remind(
    branches: list[Organisation],
    *,
    sender: Organisation | None,
    addition: str,
    by,
    today: datetime.date,
) -> Reminded:
    """Send each branch its notice. Who was told today, also by somebody else a moment ago, and who
    has nothing late or near, is left out and named."""
    found = reminders(branches, today)
    wanted = [one for one in found if one.points and not one.told_today]
    sent = set()
    if wanted:
        letters = [
            Letter(one.branch, one.title, one.text(addition), one.url, _about(one.branch))
            for one in wanted
        ]
        notices = send_letters(letters, sender=sender, kind=NoticeKind.REMINDER, on=today, by=by)
        sent = {notice.organisation_id for notice in notices}
    return Reminded(
        sent=[one.branch for one in found if one.branch.pk in sent],
        already=[one.branch for one in found if one.points and one.branch.pk not in sent],
        nothing=[one.branch for one in found if not one.points],
    )
