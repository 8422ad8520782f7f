"""The secretary's desk: what is due, what is done, how the branch stands against the rules."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span, month_end, period_of
from branches.values import Values
from compliance.judging import due_day
from compliance.models import Duty, DutyState
from compliance.registry import RULES, Rule
from compliance.scopes import values_of
from compliance.wording import (
    badge,
    day_text,
    mark,
    period_of_duty,
    period_text,
    progress,
    weekday_text,
)
from dashboard.desk_notices import notices_card, receipt_rows
from dashboard.desk_tasks import last_said
from dashboard.plan_dates import PlanDates, words_of
from dashboard.self_check import owed
from dues.models import Charge
from dues.standing import paid_for
from meetings.hours import LEADERS_HOURS, YEARLY_HOURS
from meetings.joint import awaiting
from meetings.models import Meeting, PlanItem
from meetings.study import Sums, missed, standings
from members.enums import TransferState
from members.models import Member, Transfer
from tasks.models import OPEN_STATES, Task, TaskState
from tasks.plus import unpublished

# A yearly duty that keeps its pace is listed from so many days before it is due.
_YEARLY_AHEAD = 90
_NAMES_SHOWN = 2
# A self-check report is listed from so many days before it is due.
_REPORT_AHEAD = 30
_PERIODS_SHOWN = 2
_DONE_SHOWN = 4
_WAITING_SHOWN = 3
# Overdue tasks stand in the list one by one, so their rule is not listed as well.
_TASK_RULE = "tasks.overdue"


@dataclass
class Item:
    """One line of 本月要办; `due_on` orders it, overdue lines by how long they have waited."""

    kind: str
    status: str
    title: str
    basis: str
    due_label: str
    due_text: str
    due_on: datetime.date
    why_url: str
    action: dict | None
    # The rule behind the line; None for tasks, arrivals, invitations and notices.
    rule: Rule | None = None

    @property
    def bin(self) -> str:
        return self.kind if self.kind in ("late", "soon") else "other"


def desk(
    branch: Organisation, today: datetime.date, show: str, *, next_month: bool, user=None
) -> dict:
    """Everything the desk shows for one branch; a handful of queries whatever its size.

    What the `user` has no right to start is listed without a button.
    """
    values = values_of(branch, Values(), today)
    soon_days = values.on(SOON_DAYS, today)
    duties = list(Duty.objects.filter(organisation=branch).order_by("starts_on", "pk"))
    current = {duty.rule: duty for duty in duties if _is_current(duty, today)}
    if next_month:
        items = _coming(branch, current, today, values)
    else:
        items = _due(branch, duties, today, values, soon_days, user)
    for item in items:
        if user and item.rule and not item.rule.cure.may_be_started(user, branch):
            item.action = None
    tally = {name: sum(item.bin == name for item in items) for name in ("late", "soon", "other")}
    shown = [item for item in items if show in ("", item.bin)]
    following = period_of(Span.MONTH, today).following
    coming = _coming(branch, current, today, values)[:1]
    return {
        "today_text": weekday_text(today),
        "days_left": (month_end(today) - today).days,
        "tally": _tally_links(tally, show),
        "items": shown,
        "filtered": bool(show),
        "next_month": following.label if next_month else "",
        "next_url": "" if next_month else reverse("desk") + f"?branch={branch.code}&month=next",
        "next_first": f"{coming[0].due_text}前 {coming[0].title}" if coming else "",
        **_done(branch, current, today),
        **_against_rules(current, today, values, soon_days),
        "rules_url": reverse("compliance:list") + f"?branch={branch.code}",
        "study": _study(branch, today, values),
        **notices_card(branch, today, user),
    }


def _is_current(duty: Duty, today: datetime.date) -> bool:
    return duty.starts_on is None or duty.starts_on <= today <= duty.ends_on


def _tally_links(tally: dict[str, int], show: str) -> dict:
    links = {"all": {"count": sum(tally.values()), "url": "?", "current": not show}}
    for name, count in tally.items():
        links[name] = {"count": count, "url": f"?show={name}", "current": show == name}
    return links


def _due(branch, duties, today, values, soon_days, user) -> list[Item]:
    late: dict[str, list[Duty]] = defaultdict(list)
    items, plan = [], PlanDates(branch, today)
    for duty in duties:
        if duty.rule == _TASK_RULE or duty.rule not in RULES:
            continue
        if _is_over(duty, today):
            late[duty.rule].append(duty)
        elif duty.state in (DutyState.OPEN, DutyState.BEHIND) and (
            _is_listed(duty, today) or plan.is_near(duty, soon_days)
        ):
            items.append(_item(branch, [duty], today, values, soon_days, plan))
    items += [_item(branch, missed, today, values, soon_days, plan) for missed in late.values()]
    items += _tasks(branch, today, soon_days)
    items += _arriving(branch, today, soon_days)
    items += _invited(branch, today)
    items += _self_checks(branch, today, soon_days)
    items += _plus(branch, today, soon_days)
    items += [Item(**facts) for facts in receipt_rows(branch, today, soon_days, user)]
    order = {"late": 0, "soon": 1, "other": 1}
    return sorted(items, key=lambda item: (order[item.bin], item.due_on, item.title))


def _is_over(duty: Duty, today: datetime.date) -> bool:
    """Whether its last day has passed: overdue, or advice that was not followed in its period."""
    if duty.state == DutyState.OVERDUE:
        return True
    return duty.state == DutyState.BEHIND and duty.starts_on is not None and duty.due_on < today


def _is_listed(duty: Duty, today: datetime.date) -> bool:
    """Whether a duty that is not late belongs on this month's list.

    What is due after its period has ended, as sending the dues of a quarter up or the year's
    组织生活会, is listed from the last month of the period on; what waits for the superior until he
    has answered.
    """
    if duty.waiting:
        return True
    if duty.starts_on is None or duty.state == DutyState.BEHIND:
        return True
    if not _is_current(duty, today):
        return duty.due_on is not None and duty.due_on >= today
    if RULES[duty.rule].span == Span.YEAR and duty.due_on <= duty.ends_on:
        return (duty.due_on - today).days <= _YEARLY_AHEAD
    return duty.due_on <= duty.ends_on or duty.ends_on <= month_end(today)


def _item(branch, duties: list[Duty], today, values, soon_days, plan: PlanDates) -> Item:
    """One line for a duty; several missed periods of one rule share a line.

    Where the plan names a day, that day is shown until it has passed.
    """
    first = duties[0]
    rule = RULES[first.rule]
    shown = badge(first, today, soon_days)
    periods = "、".join(period_text(duty, today) for duty in duties[:_PERIODS_SHOWN])
    if len(duties) > _PERIODS_SHOWN:
        periods += f"等 {len(duties)} 期"
    late = _is_over(first, today)
    kind, words = shown.kind, shown.words
    if rule.by_superior:
        kind, words = "wait", "等上级办理"
    if rule.code == "dues.paid" and shown.kind == "run":
        words = f"已收 {first.actual}/{first.required}"
    label = "查看" if first.waiting else rule.cure.label
    line = plan.line_of(first)
    extra = {"plan": str(line.pk)} if line else {}
    item = Item(
        kind=kind,
        status=words,
        title=rule.headline.format(period=periods),
        basis=_basis(branch, rule, duties, values, today),
        due_label="应于" if late else "截止",
        due_text=_due_text(first.due_on, today, late),
        due_on=first.due_on or today,
        why_url=reverse("compliance:duty", args=[first.pk]),
        action=None
        if rule.by_superior
        else {
            "label": label,
            "url": rule.cure.url(branch, source=f"duty:{rule.code}:{first.period}", **extra),
        },
        rule=rule,
    )
    if line is not None and not late and len(duties) == 1:
        _say_plan(item, first, line, today, soon_days)
    return item


def _say_plan(item: Item, duty: Duty, line: PlanItem, today: datetime.date, soon_days: int) -> None:
    """Put the planned day into a line of the desk: amber by the earlier of it and the due day."""
    item.basis = f"{item.basis.partition('，现为')[0]}，{words_of(line, today)}"
    if line.month_only or not today <= line.planned_on <= item.due_on:
        return
    item.due_label, item.due_text = "计划", day_text(line.planned_on, today)
    item.due_on = line.planned_on
    days = (line.planned_on - today).days
    if duty.state == DutyState.OPEN and days <= soon_days:
        item.kind, item.status = "soon", f"还剩 {days} 天" if days else "计划今天"


def _due_text(due_on: datetime.date, today: datetime.date, late: bool) -> str:
    text = day_text(due_on, today)
    return f"{text}办结" if late and due_on.year == today.year else text


def _basis(branch, rule: Rule, duties: list[Duty], values, today) -> str:
    first = duties[0]
    text = rule.demand(values, min(first.ends_on or today, today))
    if first.waiting:
        return "已经办了，轮到上级"
    if rule.code == "dues.paid":
        missing = sum(duty.required - duty.actual for duty in duties)
        months = [duty.starts_on for duty in duties]
        return f"还差 {missing} 人，合计 ¥{_unpaid(branch, months):,.2f}"
    if rule.is_standing or len(duties) > 1:
        return text
    return f"{text}，现为 {progress(first)}"


def _unpaid(branch, months: list[datetime.date]) -> Decimal:
    """What is still owed for these months, in yuan; sums above the charge do not count against it."""
    owed = {
        (member_id, month): amount
        for member_id, month, amount in Charge.objects.filter(
            organisation=branch, month__in=months
        ).values_list("member_id", "month", "amount")
    }
    came = paid_for(min(months), max(months), members={member for member, _month in owed})
    for key, amount in came.items():
        if key in owed:
            owed[key] = max(owed[key] - amount, Decimal(0))
    return sum(owed.values(), Decimal(0))


def _tasks(branch, today, soon_days) -> list[Item]:
    """Tasks due soon, and those of which the superior has just said something."""
    horizon = max(month_end(today), today + datetime.timedelta(days=soon_days))
    said = last_said(branch, today)
    near = Q(due_on__lte=horizon) | Q(pk__in=said)
    items = []
    for task in Task.objects.filter(near, organisation=branch).open():
        days, word = (task.due_on - today).days, said.get(task.pk)
        waiting = task.state in (TaskState.REVIEW, TaskState.COUNTY_REVIEW)
        if waiting:
            kind, status = "wait", task.get_state_display()
        elif days < 0:
            kind, status = "late", f"逾期 {-days} 天"
        elif days <= soon_days:
            kind, status = "soon", f"还剩 {days} 天" if days else "今天到期"
        else:
            kind, status = "run", (word and word.status) or f"进度 {task.progress}%"
        url = reverse("tasks:detail", args=[task.pk])
        facts = f"{task.number} · {task.source}，责任人 {task.responsible_person}"
        items.append(
            Item(
                kind=kind,
                status=status,
                title=f"{word.what if word else '更新整改进展'}：{task.problem}",
                basis=f"{word.text}（{facts}）" if word else facts,
                due_label="应于" if days < 0 else "截止",
                due_text=_due_text(task.due_on, today, days < 0),
                due_on=task.due_on,
                why_url=url,
                action={"label": "看进展" if waiting else "填写进展", "url": url},
            )
        )
    return items


def _plus(branch, today, soon_days) -> list[Item]:
    """This year's 党建+ until it was shown publicly, where the branch works with it."""
    found = unpublished(branch, today)
    if found is None:
        return []
    due_on, step = found
    days = (due_on - today).days
    if days < 0:
        kind, status = "late", f"逾期 {-days} 天"
    else:
        kind = "soon" if days <= soon_days else "run"
        status = f"还剩 {days} 天" if days else "今天到期"
    url = link("tasks:plus", branch=branch.code, year=today.year)
    return [
        Item(
            kind=kind,
            status=status,
            title=f"{today.year}年党建+{step}",
            basis="本县方案：每年公示“1+3+X”项目",
            due_label="应于" if days < 0 else "截止",
            due_text=_due_text(due_on, today, days < 0),
            due_on=due_on,
            why_url=url,
            action={"label": "填写项目" if step == "填写项目" else "登记公示", "url": url},
        )
    ]


def _arriving(branch, today, soon_days) -> list[Item]:
    """Members on their way to this branch, with a letter that runs out some day."""
    items = []
    arriving = Transfer.objects.filter(to_organisation=branch, state=TransferState.LETTER_OUT)
    for transfer in arriving.select_related("from_organisation"):
        until = transfer.valid_until
        days = (until - today).days
        kind = "late" if days < 0 else "soon" if days <= soon_days else "run"
        url = reverse("members:transfer", args=[transfer.pk])
        items.append(
            Item(
                kind=kind,
                status=f"介绍信过期 {-days} 天" if days < 0 else f"有效期还剩 {days} 天",
                title=f"接收{transfer.name}的组织关系",
                basis=f"由{transfer.from_outside or transfer.from_organisation.short_name}转来",
                due_label="截止",
                due_text=_due_text(until, today, days < 0),
                due_on=until,
                why_url=url,
                action={"label": "去接收", "url": url},
            )
        )
    return items


def _self_checks(branch, today, soon_days) -> list[Item]:
    """Self-check reports on campaigns that are still to be handed in, or were sent back."""
    items = []
    for report in owed(branch, today, _REPORT_AHEAD):
        days = (report["due_on"] - today).days
        kind = "late" if days < 0 else "soon" if report["returned"] or days <= soon_days else "run"
        status = f"逾期 {-days} 天" if days < 0 else f"还剩 {days} 天" if days else "今天截止"
        items.append(
            Item(
                kind=kind,
                status=f"退回补充，{status}" if report["returned"] else status,
                title=f"报送自查报告：{report['campaign'].title}",
                basis=report["opinion"] or "台账数据已填好，核对文字后报送",
                due_label="应于" if days < 0 else "截止",
                due_text=_due_text(report["due_on"], today, days < 0),
                due_on=report["due_on"],
                why_url=report["url"],
                action={"label": "写自查报告", "url": report["url"]},
            )
        )
    return items


def _invited(branch, today) -> list[Item]:
    """Joint activities of other branches that this one has not answered."""
    items = []
    for asked in awaiting(branch):
        days = (today - asked.held_on).days
        if asked.cancelled:
            kind, status = "wait", "已取消"
        elif days < 0:
            kind, status = "run", f"{-days} 天后开展"
        else:
            kind, status = "soon", "待点名"
        answerable = days >= 0 and not asked.cancelled
        items.append(
            Item(
                kind=kind,
                status=status,
                title=asked.title,
                basis=f"{asked.host}邀请，{asked.kinds}"
                + (f"，已过 {days} 天" if days > 0 else ""),
                due_label="开展",
                due_text=day_text(asked.held_on, today),
                due_on=asked.held_on,
                why_url=asked.url,
                action={
                    "label": "点名登记" if answerable else "查看",
                    "url": asked.register_url if answerable else asked.url,
                },
            )
        )
    return items


def _coming(branch, current: dict[str, Duty], today, values) -> list[Item]:
    """What will be due next month: the rules that apply now, in the periods that end then."""
    month = period_of(Span.MONTH, today).following
    items = []
    for code, duty in current.items():
        rule = RULES[code]
        if rule.is_standing or rule.by_superior:
            continue
        running = period_of_duty(duty)
        for period in (running, running.following):
            due_on = due_day(rule, period, values)
            if due_on not in month or (period == running and duty.state == DutyState.DONE):
                continue
            items.append(_coming_item(rule, period, due_on, today, values))
    items += [
        Item(
            kind="todo",
            status="未到期",
            title=f"更新整改进展：{task.problem}",
            basis=f"{task.number} · {task.source}，责任人 {task.responsible_person}",
            due_label="截止",
            due_text=day_text(task.due_on, today),
            due_on=task.due_on,
            why_url=reverse("tasks:detail", args=[task.pk]),
            action=None,
        )
        for task in Task.objects.filter(
            organisation=branch,
            state__in=OPEN_STATES,
            due_on__range=(month.starts_on, month.ends_on),
        )
    ]
    return sorted(items, key=lambda item: (item.due_on, item.title))


def _coming_item(rule: Rule, period: Period, due_on, today, values) -> Item:
    label = period.label if period.span == Span.YEAR else period.label.split("年", 1)[1]
    return Item(
        kind="todo",
        status="未开始",
        title=rule.headline.format(period=label),
        basis=rule.demand(values, period.ends_on),
        due_label="截止",
        due_text=day_text(due_on, today),
        due_on=due_on,
        why_url="",
        action=None,
    )


def _done(branch, current: dict[str, Duty], today) -> dict:
    """What was done this month: meetings held, dues in, tasks closed."""
    month = period_of(Span.MONTH, today)
    meetings = (
        Meeting.objects.held(month.starts_on, today)
        .filter(organisation=branch)
        .prefetch_related("types")
        .order_by("-held_on", "-pk")
    )
    items = [
        {
            "label": "、".join(str(kind) for kind in meeting.types.all())
            + f" {day_text(meeting.held_on, today)}",
            "url": reverse("meetings:detail", args=[meeting.pk]),
        }
        for meeting in meetings
    ]
    paid = current.get("dues.paid")
    if paid and paid.state == DutyState.DONE:
        items.append(
            {
                "label": f"{period_text(paid, today)}党费收齐",
                "url": reverse("compliance:duty", args=[paid.pk]),
            }
        )
    items += [
        {
            "label": f"销号 {day_text(task.closed_on, today)}",
            "url": reverse("tasks:detail", args=[task.pk]),
        }
        for task in Task.objects.filter(
            organisation=branch, closed_on__range=(month.starts_on, today)
        )
    ]
    return {"done_count": len(items), "done_items": items[:_DONE_SHOWN]}


def _against_rules(current: dict[str, Duty], today, values, soon_days) -> dict:
    """How the branch stands to every rule, problems first; conditions in order are folded."""
    lights, in_order = [], []
    for rule in RULES.values():
        duty = current.get(rule.code)
        if duty is None:
            continue
        found = mark(duty, today, soon_days)
        folded = rule.is_standing and found.kind == "done"
        (in_order if folded else lights).append(
            {
                "name": rule.title,
                "period_text": rule.demand(values, today),
                "kind": found.kind,
                "words": found.words,
                "url": reverse("compliance:duty", args=[duty.pk]),
                "badge": found.kind in ("late", "soon"),
            }
        )
    order = ("late", "soon", "wait", "run", "todo", "done")
    lights.sort(key=lambda light: order.index(light["kind"]))
    return {"duties": lights, "in_order": in_order}


def _study(branch, today, values) -> dict | None:
    """The branch's study hours against an even pace, and who missed what and has not made it up.

    Secretaries and committee members are asked for more; who is exempt is not counted.
    """
    people = standings([branch.pk], today, values=values)
    sums = Sums.of(people)
    if not sums.due:
        return None
    behind = sorted((one for one in people if one.state == "behind"), key=lambda one: -one.lacking)
    named = [one.member_id for one in behind[:_NAMES_SHOWN]]
    names = dict(Member.objects.filter(pk__in=named).values_list("pk", "name"))
    waiting = missed(Meeting.objects.filter(organisation=branch, held_on__year=today.year), today)
    waiting_count = waiting.count()
    make_ups_url = reverse("meetings:make_ups") + f"?branch={branch.code}"
    return {
        "required": values.on(YEARLY_HOURS, today),
        "required_leaders": values.on(LEADERS_HOURS, today)
        if any(one.post for one in people)
        else None,
        "average": f"{sums.average:.1f}",
        "expected": sums.pace,
        "percent": min(int(100 * sums.average / sums.required), 100),
        "pace_percent": min(int(100 * sums.pace / sums.required), 100),
        "behind": sums.average < sums.pace,
        "behind_count": len(behind),
        "behind_names": "、".join(names[pk] for pk in named)
        + (" 等" if len(behind) > _NAMES_SHOWN else ""),
        "url": reverse("meetings:hours") + f"?branch={branch.code}",
        "action_url": make_ups_url if waiting_count else "",
        "waiting_count": waiting_count,
        "waiting": [
            {
                "name": row.member.name,
                "words": f"{day_text(row.meeting.held_on, today)}{row.get_state_display()}，"
                f"{row.meeting.hours:.1f} 学时",
                "url": f"{make_ups_url}&member={row.member_id}",
            }
            for row in waiting.select_related("meeting", "member")[:_WAITING_SHOWN]
        ]
        if waiting_count
        else [],
    }
