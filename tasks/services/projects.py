"""党建+ of a branch: its items of a year, their public notice, results and the yearly review.

1+3+X (plan 3): Party building, then centre work, key tasks and daily work, then the unit's own
feature. What is late is shown, never refused. No rule judges 党建+, so nothing is noted for one.
"""

import datetime
from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from members.roster import roster
from tasks.enums import PlusPart
from tasks.models import PlusItem, PlusPlan
from tasks.services import Refused
from tasks.services.kept import differing, held, keep

TRAIL_AREA = "plus"
_FIRST_YEAR = 2012


@dataclass(frozen=True)
class ItemFacts:
    """What a person says about an item; `lead` is a member's key, else `lead_name` is typed."""

    part: str
    title: str
    means: str
    aim: str
    lead: int | None = None
    lead_name: str = ""
    due_on: datetime.date | None = None


@transaction.atomic
def add_item(
    *, organisation: Organisation, year: int, facts: ItemFacts, by, today: datetime.date
) -> PlusItem:
    """Put an item into the branch's plan of the year, which is begun where there is none.

    Refuses an organisation that is no branch or was dissolved, a year far off, the same title
    twice, a lead who is no member of the branch today, and a missing title, means, lead or aim.
    """
    plan = _plan(organisation, year, by, today)
    name = _checked(plan, facts, today)
    item = PlusItem.objects.create(
        plan=plan, lead_id=facts.lead, lead_name=name, entered_by=by, **_plain(facts)
    )
    _line("新增党建+项目", plan, by=by, what=item.title, after=_said(item))
    return item


@transaction.atomic
def change_item(
    *, item: PlusItem, version: int, facts: ItemFacts, by, today: datetime.date
) -> PlusItem:
    """Put an item right. Refuses what `add_item` refuses, an item that was dropped and an old
    version. Who leads it already may stay, whatever the roster says."""
    plan = _hold_plan(item.plan)
    item = held(item, version)
    if item.dropped_on:
        raise Refused("这个项目已取消，请先恢复再修改")
    name = _checked(plan, facts, today, item)
    before = _said(item)
    keep(item, lead_id=facts.lead, lead_name=name, **_plain(facts))
    _change_line("修改党建+项目", item, before, by)
    return item


@transaction.atomic
def drop_item(*, item: PlusItem, version: int, reason: str, by, on: datetime.date) -> PlusItem:
    """Take an item out of the plan; its line stays. Refuses without a reason, twice, an item that
    is finished, and an old version."""
    _hold_plan(item.plan)
    item = held(item, version)
    if not reason.strip():
        raise Refused("请写明取消的原因", "reason")
    if item.dropped_on:
        raise Refused("这个项目已经取消，请看最新情况")
    if item.finished_on:
        raise Refused("这个项目已登记完成，不能取消")
    keep(item, dropped_on=on, drop_reason=reason.strip())
    after = {"取消日期": full_date(on)}
    _line("取消党建+项目", item.plan, by=by, what=item.title, after=after, reason=reason.strip())
    return item


@transaction.atomic
def restore_item(*, item: PlusItem, version: int, by) -> PlusItem:
    """Take a dropped item back into the plan. Refuses one that stands, and an old version."""
    _hold_plan(item.plan)
    item = held(item, version)
    if not item.dropped_on:
        raise Refused("这个项目没有取消，请看最新情况")
    before = {"取消日期": full_date(item.dropped_on)}
    keep(item, dropped_on=None, drop_reason="")
    _line("恢复党建+项目", item.plan, by=by, what=item.title, before=before)
    return item


@transaction.atomic
def record_result(
    *,
    item: PlusItem,
    version: int,
    result: str,
    finished_on: datetime.date | None,
    by,
    today: datetime.date,
) -> PlusItem:
    """Write what came of an item, and when it was finished if it is.

    Refuses an empty result, a day to come, one before the year of the plan, a dropped item and an
    old version.
    """
    _hold_plan(item.plan)
    item = held(item, version)
    if item.dropped_on:
        raise Refused("这个项目已取消，请先恢复再登记成效")
    if not result.strip():
        raise Refused("请写明做成了什么", "result")
    if finished_on and finished_on > today:
        raise Refused("完成日期在今天之后，做完再填", "finished_on")
    if finished_on and finished_on.year < item.plan.year:
        raise Refused(f"完成日期早于 {item.plan.year} 年，请核对", "finished_on")
    before = _said(item)
    keep(item, result=result.strip(), finished_on=finished_on)
    _change_line("登记党建+成效", item, before, by)
    return item


@transaction.atomic
def carry_over(
    *, organisation: Organisation, year: int, by, today: datetime.date
) -> list[PlusItem]:
    """沿用去年: take the items of the year before over, without their results.

    What stands in the plan by that title stays as it is. Deadlines move on by a year; a lead who is
    no member of the branch any more stays by name. Refuses where last year has nothing to take over.
    """
    plan = _plan(organisation, year, by, today)
    last = PlusItem.objects.filter(
        plan__organisation=organisation, plan__year=year - 1, dropped_on__isnull=True
    )
    known = set(plan.items.values_list("title", flat=True))
    taken = [item for item in last if item.title not in known]
    if not last:
        raise Refused(f"{year - 1} 年没有党建+项目可以沿用")
    if not taken:
        raise Refused(f"{year - 1} 年的项目都已在 {year} 年的党建+里")
    here = _members_on(organisation, today)
    made = PlusItem.objects.bulk_create(
        [
            PlusItem(
                plan=plan,
                part=item.part,
                title=item.title,
                means=item.means,
                lead_id=item.lead_id if item.lead_id in here else None,
                lead_name=item.lead_name,
                aim=item.aim,
                due_on=a_year_later(item.due_on),
                entered_by=by,
            )
            for item in taken
        ]
    )
    after = {"项目": "、".join(item.title for item in made)}
    _line("沿用去年党建+", plan, by=by, after=after)
    return made


@transaction.atomic
def publish(
    *, plan: PlusPlan, version: int, on: datetime.date, where: str, by, today: datetime.date
) -> PlusPlan:
    """Say that the plan was shown publicly (公示), or put that right.

    Refuses while nothing is in the plan, without a place, a day to come, one before the December
    ahead of the year, and an old version. What is missing of 1+3+X is no obstacle.
    """
    plan = held(plan, version)
    if not plan.items.filter(dropped_on__isnull=True).exists():
        raise Refused("还没有项目，先填项目再公示")
    if not where.strip():
        raise Refused("请填公示地点，如 支部公示栏", "where")
    if on > today:
        raise Refused("公示日期在今天之后，贴出以后再登记", "on")
    if on < datetime.date(plan.year - 1, 12, 1):
        raise Refused(f"公示日期早于 {plan.year - 1} 年 12 月，请核对", "on")
    before = {"公示日期": full_date(plan.published_on), "公示地点": plan.published_where}
    keep(plan, published_on=on, published_where=where.strip())
    after = {"公示日期": full_date(on), "公示地点": plan.published_where}
    old, new = differing(before, after)
    _line("登记党建+公示", plan, by=by, before=old, after=new)
    return plan


@transaction.atomic
def answer_review(
    *, plan: PlusPlan, version: int, text: str, on: datetime.date, by, today: datetime.date
) -> PlusPlan:
    """Write what the secretary answered on 党建+ in the yearly review (述职).

    Refuses an empty answer, a plan without items, a day to come or before the year, an answer on
    which the superior has commented, and an old version.
    """
    plan = held(plan, version)
    if not text.strip():
        raise Refused("请写述职中怎样回答党建+，这是必答内容", "text")
    if not plan.items.filter(dropped_on__isnull=True).exists():
        raise Refused("还没有项目，先填项目再写述职回答")
    if plan.commented_on:
        raise Refused("上级已点评，述职回答不再修改")
    if on > today or on.year < plan.year:
        raise Refused(f"述职日期应在 {plan.year} 年以后、今天以前，请核对", "on")
    before = {"述职日期": full_date(plan.reviewed_on), "述职回答": plan.review}
    keep(plan, review=text.strip(), reviewed_on=on)
    old, new = differing(before, {"述职日期": full_date(on), "述职回答": plan.review})
    _line("登记党建+述职", plan, by=by, before=old, after=new)
    return plan


@transaction.atomic
def comment_review(*, plan: PlusPlan, version: int, text: str, by, on: datetime.date) -> PlusPlan:
    """The superior comments on the answer (点评). Refuses without an answer or a comment, and an old
    version; a comment may be put right."""
    plan = held(plan, version)
    if not plan.reviewed_on:
        raise Refused("支部还没有写述职回答，不能点评")
    if not text.strip():
        raise Refused("请写点评意见", "text")
    before = {"上级点评": plan.comment}
    keep(plan, comment=text.strip(), commented_on=on)
    _line("点评党建+", plan, by=by, before=before, after={"上级点评": plan.comment})
    return plan


# --- Checks and words -------------------------------------------------------------------------


def a_year_later(day: datetime.date | None) -> datetime.date | None:
    """The same day of the next year; 29 February becomes the 28th."""
    if day is None:
        return None
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _plan(organisation: Organisation, year: int, by, today: datetime.date) -> PlusPlan:
    """The branch's plan of the year, held; begun where there is none."""
    branch = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not branch.is_branch:
        raise Refused("党建+由党支部填写")
    if not _FIRST_YEAR <= year <= today.year + 1:
        raise Refused(f"只能填 {_FIRST_YEAR} 年到 {today.year + 1} 年的党建+")
    if branch.dissolved_on and branch.dissolved_on < datetime.date(year, 1, 1):
        raise Refused(f"支部已于{full_date(branch.dissolved_on)}撤销，没有 {year} 年的党建+")
    plan, _made = PlusPlan.objects.get_or_create(
        organisation=branch, year=year, defaults={"entered_by": by}
    )
    return plan


def _hold_plan(plan: PlusPlan) -> PlusPlan:
    """Lock the branch, so that two items of one title cannot come in at once."""
    Organisation.objects.select_for_update(no_key=True).get(pk=plan.organisation_id)
    return plan


def _members_on(organisation: Organisation, day: datetime.date) -> dict[int, str]:
    rows = roster([organisation], day, attached=True)
    return dict(rows.values_list("member_id", "member__name"))


def _checked(plan: PlusPlan, facts: ItemFacts, today, item: PlusItem | None = None) -> str:
    """The lead's name, after all checks."""
    if facts.part not in PlusPart.values:
        raise Refused("请选类别", "part")
    for name, label in (("title", "项目名称"), ("means", "做法"), ("aim", "目标")):
        if not getattr(facts, name).strip():
            raise Refused(f"请填{label}", name)
    same = PlusItem.objects.filter(plan=plan, title=facts.title.strip())
    if item is not None:
        same = same.exclude(pk=item.pk)
    if found := same.first():
        state = "（已取消，可以恢复）" if found.dropped_on else ""
        raise Refused(f"{plan.year} 年的党建+里已有“{found.title}”{state}", "title")
    if facts.lead is None:
        if not facts.lead_name.strip():
            raise Refused("请选牵头人，名册里没有的填姓名", "lead")
        return facts.lead_name.strip()
    if item is not None and item.lead_id == facts.lead:
        return item.lead_name
    here = _members_on(plan.organisation, today)
    if facts.lead not in here:
        raise Refused("牵头人现在不是本支部党员，请另选，或填姓名", "lead")
    return here[facts.lead]


def _plain(facts: ItemFacts) -> dict:
    return {
        "part": facts.part,
        "title": facts.title.strip(),
        "means": facts.means.strip(),
        "aim": facts.aim.strip(),
        "due_on": facts.due_on,
    }


def _said(item: PlusItem) -> dict[str, str]:
    """The item as the trail tells it."""
    return {
        "类别": PlusPart(item.part).label,
        "项目": item.title,
        "做法": item.means,
        "牵头人": item.lead_name,
        "目标": item.aim,
        "完成时限": full_date(item.due_on),
        "成效": item.result,
        "完成日期": full_date(item.finished_on),
    }


def _change_line(action: str, item: PlusItem, before: dict[str, str], by) -> None:
    old, new = differing(before, _said(item))
    _line(action, item.plan, by=by, what=item.title, before=old, after=new)


def _line(action: str, plan: PlusPlan, *, by, what="", before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=plan.pk,
        label=" ".join(filter(None, [str(plan), what])),
        organisation_id=plan.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
