"""What happens to a branch's year plan: drafted, taken over, changed line by line, filed (报备).

A plan stays open to changes after it was filed; each leaves a line in the trail and is shown.
"""

import datetime
import hashlib
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import trail
from accounts.models import TrailLine
from branches.changes import note_change
from branches.models import Group, Organisation
from branches.words import full_date, times
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from meetings.plan_drafts import copied_lines, draft_lines, groups_on
from meetings.services import AREA, Refused
from members.models import Member

# The area of trail lines: a plan and a meeting may have the same key.
TRAIL_AREA = "plans"
FILED = "报备计划"
# How far ahead a plan may be made.
_YEARS_AHEAD = 1


class ChangedMeanwhile(Refused):
    """Somebody else changed what was to be saved; what was typed is not stored."""


@dataclass(frozen=True)
class LineFacts:
    """Everything a person says about a line; with `month_only` the day says nothing."""

    type: str
    planned_on: datetime.date
    month_only: bool = False
    group: Group | None = None
    starts_at: datetime.time | None = None
    ends_at: datetime.time | None = None
    place: str = ""
    topic: str = ""
    host: Member | None = None
    host_name: str = ""
    lecturer: Member | None = None
    lecturer_name: str = ""
    way: str = ""
    responsible: str = ""


_FIELDS = tuple(LineFacts.__dataclass_fields__)


def facts_of(item: PlanItem) -> LineFacts:
    """What is stored about a line, in the shape in which a person says it."""
    return LineFacts(**{name: getattr(item, name) for name in _FIELDS})


def fingerprint(item: PlanItem) -> str:
    """Changes when anything of the line does; sent along so that nobody overwrites another."""
    values = [str(getattr(item, name)) for name in _FIELDS] + [str(item.cancelled_at)]
    return hashlib.sha256("\x1f".join(values).encode()).hexdigest()[:16]


# --- The plan as a whole --------------------------------------------------------------------


@transaction.atomic
def draft_plan(*, organisation: Organisation, year: int, by, today: datetime.date) -> YearPlan:
    """Make the plan of a year with the lines that the rules ask for.

    Refuses years past or too far ahead, a plan that has lines already, and a branch of which
    nothing is asked in what is left of the year.
    """
    return _begin(organisation, year, draft_lines, "生成年度计划", by=by, today=today)


@transaction.atomic
def copy_plan(*, organisation: Organisation, year: int, by, today: datetime.date) -> YearPlan:
    """Make the plan of a year from the year before: same month and topic, same weekday.

    Refuses what `draft_plan` refuses, and a year before without lines to take over.
    """
    return _begin(organisation, year, copied_lines, "沿用去年计划", by=by, today=today)


def _begin(organisation, year: int, make_lines, action: str, *, by, today) -> YearPlan:
    _refuse_year(year, today)
    plan = _lock(organisation, year)
    if plan.items.standing().exists():
        raise Refused("这一年已经有计划了，请在计划表里改")
    lines = make_lines(plan.organisation, year, today=today)
    if not lines:
        raise Refused(
            "去年没有可以沿用的安排，可以按要求生成计划"
            if make_lines is copied_lines
            else "这一年余下的时间里没有要安排的会议，可以逐项安排"
        )
    for line in lines:
        line.plan = plan
    PlanItem.objects.bulk_create(lines)
    _moved_on(plan)
    tally = {type_: sum(line.type == type_ for line in lines) for type_ in Type}
    said = "、".join(f"{type_.label} {number} 次" for type_, number in tally.items() if number)
    _write_line(action, plan, by=by, after={"计划": said})
    return plan


@transaction.atomic
def file_plan(*, plan: YearPlan, version: int, by, today: datetime.date) -> YearPlan:
    """File the plan with the superior; the day counts for the rule and stays the first one.

    Refuses a plan without lines, one filed already, and one that somebody changed meanwhile:
    what is filed is what was seen.
    """
    year = plan.year
    plan = _lock(plan.organisation, year)
    if plan.filed_on is not None:
        raise Refused(f"{year}年计划{full_date(plan.filed_on)}已经报备")
    if not plan.items.standing().exists():
        raise Refused("计划还是空的，先安排会议再报备")
    if plan.version != version:
        raise ChangedMeanwhile("计划刚被别人改过，请核对后再报备")
    plan.filed_on, plan.filed_by = today, by
    plan.version += 1
    plan.save(update_fields=["filed_on", "filed_by", "version"])
    _write_line(FILED, plan, by=by, after={"报备日期": full_date(today)})
    note_change(plan.organisation_id, AREA, datetime.date(year, 1, 1))
    return plan


# --- Lines ----------------------------------------------------------------------------------


@transaction.atomic
def save_line(
    *,
    organisation: Organisation,
    year: int,
    facts: LineFacts,
    by,
    today: datetime.date,
    item: PlanItem | None = None,
    was: str = "",
) -> PlanItem:
    """Put a line on the plan, or change one; the plan is begun with its first line.

    Refuses days outside of the year or of the branch's time, an end before the beginning, groups
    of others or not existing then, a line taken off, and one that somebody changed since `was`.
    """
    _refuse_year(year, today, changing=item is not None)
    plan = _lock(organisation, year)
    if item is not None:
        item = _unchanged(plan, item, was)
        if item.cancelled_at is not None:
            raise Refused("这一项已经取消，先恢复再改")
    _check(plan, facts)
    before = _described(facts_of(item)) if item else {}
    item = item or PlanItem(plan=plan)
    for name in _FIELDS:
        setattr(item, name, getattr(facts, name))
    after = _described(facts)
    if before == after:
        return item
    item.save()
    _moved_on(plan)
    differing = [key for key in after | before if before.get(key) != after.get(key)]
    _write_line(
        "修改计划" if before else "安排会议",
        plan,
        by=by,
        of=facts,
        before={key: before.get(key, "") for key in differing} if before else {},
        after={key: after.get(key, "") for key in differing},
    )
    return item


@transaction.atomic
def take_off(*, item: PlanItem, was: str, reason: str, by) -> PlanItem:
    """Take a line off the plan (取消本次); it stays readable with the reason.

    Refuses without a reason, twice, and a line that somebody changed meanwhile.
    """
    if not reason.strip():
        raise Refused("请写明取消的原因", "reason")
    plan = _lock(item.plan.organisation, item.plan.year)
    item = _unchanged(plan, item, was)
    if item.cancelled_at is not None:
        raise Refused("这一项已经取消")
    item.cancelled_at, item.cancel_reason = timezone.now(), reason.strip()[:100]
    item.save(update_fields=["cancelled_at", "cancel_reason"])
    _moved_on(plan)
    _write_line("取消计划事项", plan, by=by, of=facts_of(item), reason=item.cancel_reason)
    return item


@transaction.atomic
def put_back(*, item: PlanItem, was: str, by) -> PlanItem:
    """Put a line back that was taken off; refuses one that stands."""
    plan = _lock(item.plan.organisation, item.plan.year)
    item = _unchanged(plan, item, was)
    if item.cancelled_at is None:
        raise Refused("这一项没有取消，不用恢复")
    reason, item.cancelled_at, item.cancel_reason = item.cancel_reason, None, ""
    item.save(update_fields=["cancelled_at", "cancel_reason"])
    _moved_on(plan)
    _write_line("恢复计划事项", plan, by=by, of=facts_of(item), before={"取消原因": reason})
    return item


def changes_since_filing(plans: list[YearPlan]) -> dict[int, list[TrailLine]]:
    """What was changed after each of the filed plans was filed, newest first; one query."""
    filed = {plan.pk for plan in plans if plan.filed_on is not None}
    lines = TrailLine.objects.filter(area=TRAIL_AREA, object_id__in=filed).order_by("-at", "-pk")
    found: dict[int, list[TrailLine]] = {pk: [] for pk in filed}
    done: set[int] = set()
    for line in lines:
        if line.object_id in done:
            continue
        if line.action == FILED:
            done.add(line.object_id)
        else:
            found[line.object_id].append(line)
    return found


# --- What they share ------------------------------------------------------------------------


def _lock(organisation: Organisation, year: int) -> YearPlan:
    """The plan of the year, made if there is none; the branch is locked, so it is single."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not organisation.is_branch:
        raise Refused(f"“{organisation.name}”不是党支部，年度计划由党支部制定")
    plan, _made = YearPlan.objects.get_or_create(organisation=organisation, year=year)
    plan.organisation = organisation
    return plan


def _unchanged(plan: YearPlan, item: PlanItem, was: str) -> PlanItem:
    """The stored line, if it still is what the person saw."""
    stored = PlanItem.objects.select_related("group", "host", "lecturer").get(pk=item.pk, plan=plan)
    if fingerprint(stored) != was:
        raise ChangedMeanwhile("这一项刚被别人改过，你填的内容还在，核对后再保存")
    return stored


def _refuse_year(year: int, today: datetime.date, *, changing: bool = False) -> None:
    if year < today.year and not changing:
        raise Refused(f"{year}年已经过去，不再做计划；开过的会议请直接登记")
    if year > today.year + _YEARS_AHEAD:
        raise Refused(f"现在还不能做{year}年的计划")


def _check(plan: YearPlan, facts: LineFacts) -> None:
    organisation, day = plan.organisation, facts.planned_on
    if facts.type not in Type.values:
        raise Refused("请选会议类型", "type")
    if day.year != plan.year:
        raise Refused(f"这是{plan.year}年的计划，请填{plan.year}年的日期", "planned_on")
    if organisation.founded_on and day < organisation.founded_on:
        raise Refused(f"支部{full_date(organisation.founded_on)}才成立，请核对日期", "planned_on")
    if organisation.dissolved_on and day >= organisation.dissolved_on:
        raise Refused("支部在这一天已经撤销，请核对日期", "planned_on")
    if facts.starts_at and facts.ends_at and facts.ends_at <= facts.starts_at:
        raise Refused(f"结束时间早于开始时间 {facts.starts_at:%H:%M}，请改成之后的时间", "ends_at")
    if facts.group is None:
        return
    if facts.type != Type.GROUP or facts.group.organisation_id != organisation.pk:
        raise Refused("这个党小组不是本支部的，请重新选择", "group")
    if not groups_on([facts.group], day):
        raise Refused(f"“{facts.group.name}”在这一天不存在，请核对日期", "group")


def _moved_on(plan: YearPlan) -> None:
    YearPlan.objects.filter(pk=plan.pk).update(version=F("version") + 1)
    plan.refresh_from_db(fields=["version"])


def _described(facts: LineFacts) -> dict[str, str]:
    """The facts as words for the trail."""
    described = {
        "类型": Type(facts.type).label,
        "日期": day_words(facts.planned_on, month_only=facts.month_only),
        "时间": times(facts.starts_at, facts.ends_at),
        "地点": facts.place,
        "议题": facts.topic,
        "主持人": facts.host_name,
        "授课人": facts.lecturer_name,
        "授课方式": facts.way,
        "责任人": facts.responsible,
        "党小组": facts.group.name if facts.group else "",
    }
    return {key: text for key, text in described.items() if text}


def day_words(day: datetime.date, *, month_only: bool) -> str:
    """2026年3月28日, or 2026年3月 where no day was fixed."""
    return f"{day.year}年{day.month}月" if month_only else full_date(day)


def _write_line(action: str, plan: YearPlan, *, by, of: LineFacts | None = None, **facts) -> None:
    label = f"{plan.year}年三会一课计划"
    if of is not None:
        label += f"：{of.planned_on.month}月{Type(of.type).label}"
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=plan.pk,
        label=label,
        organisation_id=plan.organisation_id,
        **facts,
    )
