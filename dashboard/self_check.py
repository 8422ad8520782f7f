"""What the ledgers know for a branch's self-check report (自查报告): figures with links, and a
first wording. Nothing here is typed by anybody."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from branches.facts import NOBODY, people_in
from branches.links import link
from branches.models import Budget, Organisation
from branches.periods import period_named
from branches.premises import funds_per_member, required_funds
from branches.values import Values
from branches.words import full_date
from compliance.models import Duty, DutyState
from compliance.registry import RULES
from compliance.wording import period_text
from dues.models import Publication
from dues.sums import Figures, figures_of, rounded
from meetings.enums import Type
from meetings.overview import UNITS, Line, Overview
from meetings.study import Sums, standings
from members.checks import half_words, newest_first
from tasks import campaign_progress, words
from tasks.enums import OPEN_STATES, CampaignState, SelfCheckState, TaskState
from tasks.models import Campaign, SelfCheck, Task
from tasks.services.self_checks import HANDED_IN, ReportFacts

# Tasks and periods named one by one.
_NAMED, _PERIODS = 20, 3
# Rules whose matter has a line of its own in the table.
_SAID = frozenset(
    {
        *("meetings.committee", "meetings.group", "meetings.members_meeting", "meetings.lecture"),
        *("meetings.theme_day", "meetings.life_meeting", "meetings.appraisal"),
        *("meetings.study_hours", "meetings.leaders_study_hours"),
        *("dues.paid", "dues.published", "branches.funds"),
    }
)


@dataclass(frozen=True)
class Fact:
    """One line of the table: what, how much, a remark, the page behind it; `gap` says what lacks."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    gap: str = ""

    def stored(self) -> dict[str, str]:
        """As it is kept with a report that was handed in."""
        return {"label": self.label, "value": self.value, "note": self.note, "url": self.url}


def facts(branch: Organisation, campaign: Campaign, today: datetime.date) -> list[Fact]:
    """What the ledgers say about the campaign's year up to today, in a fixed number of queries."""
    year = min(campaign.year, today.year)
    day = min(datetime.date(year, 12, 31), today)
    own = Organisation.objects.filter(pk=branch.pk)
    values = Values()
    return [
        _people(branch, day),
        *_meetings(branch, own, year, today),
        _study(branch, day, values, over=year < today.year),
        *_dues(branch, own, year, day, today),
        *_checks(branch, year),
        _funds(branch, year, values, today),
        _tasks(branch, campaign, today),
        *_duties(branch, year, today),
    ]


def _people(branch: Organisation, day: datetime.date) -> Fact:
    people = people_in([branch.pk], day).get(branch.pk, NOBODY)
    return Fact(
        "党员",
        f"{people.relations} 名",
        f"其中正式党员 {people.formal} 名",
        link("members:list", branch=branch.code),
    )


def _meetings(branch, own, year: int, today: datetime.date) -> Iterable[Fact]:
    for line in Overview(own, year, today=today).lines([branch]):
        if line.due or line.times:
            yield _held(branch, year, line)


def _held(branch, year: int, line: Line) -> Fact:
    unit = UNITS[line.type]
    lacking = max(line.due - line.done, 0)
    return Fact(
        line.type.label,
        f"{line.times} 次",
        f"应开展 {line.due} {unit}，已开展 {line.done} {unit}" if line.due else "",
        link("meetings:year", branch=branch.code, year=year),
        f"{line.type.label}少 {lacking} {unit}" if lacking else "",
    )


def _study(branch, day: datetime.date, values: Values, *, over: bool) -> Fact:
    sums = Sums.of(standings([branch.pk], day, values=values, over=over))
    return Fact(
        "学习学时",
        f"人均 {sums.average:.1f} 学时",
        f"人均要求 {sums.required:.1f} 学时，到现在应有 {sums.pace:.1f} 学时，落后 {sums.behind} 人",
        link("meetings:hours", branch=branch.code, year=day.year),
        f"{sums.behind} 名党员学习学时落后于进度" if sums.behind else "",
    )


def _dues(branch, own, year: int, day, today) -> Iterable[Fact]:
    first = datetime.date(year, 1, 1)
    sums = figures_of(own, first, day.replace(day=1), until=today).get(branch.pk, Figures())
    share = f"，缴清率 {rounded(sums.share)}%" if sums.share is not None else ""
    url = link("dues:summary", organisation=branch.code, period=year)
    yield Fact(
        "党费收缴",
        f"应缴 ¥{sums.charged:,.2f}，实缴 ¥{sums.paid:,.2f}",
        f"未缴 ¥{sums.unpaid:,.2f}{share}",
        url,
        f"党费未缴 ¥{sums.unpaid:,.2f}，{sums.short} 人次未足额" if sums.short else "",
    )
    yield Fact(
        "党费上缴",
        f"已上缴 ¥{sums.remitted:,.2f}",
        f"其中上级已确认 ¥{sums.confirmed:,.2f}",
        link("dues:remittances", branch=branch.code),
    )
    posted = list(
        Publication.objects.filter(organisation=branch, posted_on__year=year)
        .order_by("posted_on")
        .values_list("posted_on", flat=True)
    )
    yield Fact(
        "党费公示",
        f"{len(posted)} 次",
        f"最近一次 {full_date(posted[-1])}" if posted else "",
        link("dues:publication", branch=branch.code),
        "" if posted else "本年还没有公示党费",
    )


def _checks(branch, year: int) -> Iterable[Fact]:
    for check in newest_first(branch).filter(period__startswith=str(year)):
        name = f"组织关系清查（{half_words(period_named(check.period))}）"
        done = check.finished_on is not None
        yield Fact(
            name,
            f"{full_date(check.finished_on)}完成" if done else "没有完成",
            f"清查 {check.total} 人，发现问题 {check.problems} 人",
            link("members:checks", branch=branch.code),
            "" if done else f"{name}还没有完成",
        )


def _funds(branch, year: int, values: Values, today: datetime.date) -> Fact:
    first = datetime.date(year, 1, 1)
    members = people_in([branch.pk], first).get(branch.pk, NOBODY).relations
    budget = Budget.objects.filter(organisation=branch, year=year).first()
    per_member = funds_per_member(values, year, today)
    uplift = budget.uplift_percent if budget else 0
    required = required_funds(members, per_member, uplift)
    amount = budget.amount if budget else 0
    each = f"，人均 ¥{amount / members:,.2f}" if budget and members else ""
    return Fact(
        "党建经费预算",
        f"¥{amount:,.2f}{each}" if budget else "没有列入预算",
        f"年初党员 {members} 名，应不少于 ¥{required:,.2f}",
        link("branches:funds", branch=branch.code, year=year),
        f"党建经费预算差 ¥{required - amount:,.2f}" if amount < required else "",
    )


def _tasks(branch, campaign, today: datetime.date) -> Fact:
    own = Task.objects.filter(organisation=branch)
    found = campaign_progress.summaries([campaign], today, tasks=own).get(campaign.pk)
    tally = found[0] if found else campaign_progress.Tally()
    return Fact(
        "本方案的任务",
        f"{tally.total} 项，已销号 {tally.done} 项",
        f"在办 {tally.open} 项，其中逾期 {tally.overdue} 项",
        link("tasks:campaign_unit", campaign.pk, branch.code),
        f"方案的任务逾期 {tally.overdue} 项" if tally.overdue else "",
    )


def _duties(branch, year: int, today: datetime.date) -> Iterable[Fact]:
    """What is late or behind since the year began and is the branch's own to do, one line a rule."""
    found = (
        Duty.objects.filter(organisation=branch, rule__in=RULES)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__year__gte=year))
        .filter(state__in=(DutyState.OVERDUE, DutyState.BEHIND))
        .exclude(rule__in=_SAID)
        .order_by("due_on", "pk")
    )
    by_rule: dict[str, list[Duty]] = {}
    for duty in found:
        if not RULES[duty.rule].by_superior:
            by_rule.setdefault(duty.rule, []).append(duty)
    for code, duties in by_rule.items():
        rule, state = RULES[code], duties[0].get_state_display()
        periods = "" if rule.is_standing else _periods(duties, today)
        yield Fact(
            f"应办未办：{rule.title}",
            state,
            periods,
            link("compliance:duty", duties[0].pk),
            f"“{rule.title}”{state}" + (f"（{periods}）" if periods else ""),
        )


def _periods(duties: list[Duty], today: datetime.date) -> str:
    words_ = "、".join(period_text(duty, today) for duty in duties[:_PERIODS])
    return f"{words_}等 {len(duties)} 期" if len(duties) > _PERIODS else words_


# --- The first wording ----------------------------------------------------------------------


def first_wording(
    found: list[Fact], branch: Organisation, campaign: Campaign, today: datetime.date
) -> ReportFacts:
    """The three parts of the report made from the figures; the secretary puts them right."""
    tasks = list(
        Task.objects.filter(organisation=branch, measure__campaign=campaign)
        .exclude(state=TaskState.CANCELLED)
        .order_by("measure__block__position", "measure__position", "pk")
    )
    return ReportFacts(
        done="\n".join(_done(found, tasks, today)),
        problems=_numbered(fact.gap for fact in found if fact.gap) or "无",
        plans="\n".join(_plans(tasks, today)),
    )


def _done(found: list[Fact], tasks: list[Task], today: datetime.date) -> Iterable[str]:
    kinds = {kind.label for kind in Type}
    held = [f"{fact.label} {fact.value}" for fact in found if fact.label in kinds]
    if held:
        yield f"一、组织生活。截至{full_date(today)}，本年召开{'，'.join(held)}。"
    rest = {fact.label: fact for fact in found}
    study, dues, sent = rest["学习学时"], rest["党费收缴"], rest["党费上缴"]
    yield f"二、学习和党费。学习{study.value}，{study.note}。党费{dues.value}，{sent.value}，公示 {rest['党费公示'].value}。"
    yield f"三、方案任务。共 {rest['本方案的任务'].value}，{rest['本方案的任务'].note}。"
    closed = [task for task in tasks if task.state == TaskState.CLOSED]
    if closed:
        yield "已销号的任务：" + "；".join(task.problem for task in closed[:_NAMED]) + "。"


def _plans(tasks: list[Task], today: datetime.date) -> Iterable[str]:
    still = [task for task in tasks if task.state in OPEN_STATES]
    if not still:
        yield "方案的任务都已销号，继续巩固。"
        return
    yield f"还有 {len(still)} 项任务在办："
    for number, task in enumerate(still[:_NAMED], start=1):
        distance, _near = words.distance(task, today)
        yield (
            f"{number}. {task.problem}，责任人 {task.responsible_person}，"
            f"时限{full_date(task.due_on)}（{distance}），进度 {task.progress}%。"
        )


def _numbered(lines: Iterable[str]) -> str:
    return "\n".join(f"{number}. {line}。" for number, line in enumerate(lines, start=1))


# --- Reports still owed ---------------------------------------------------------------------


def owed(branch: Organisation, today: datetime.date, within_days: int) -> list[dict]:
    """Running campaigns whose report this branch has not handed in, due within so many days or late.

    Each with `campaign`, `due_on`, `returned` (sent back with an opinion) and `url`; two queries at most.
    """
    handed_in = SelfCheck.objects.filter(organisation=branch, state__in=HANDED_IN)
    own = Task.objects.filter(organisation=branch).exclude(state=TaskState.CANCELLED)
    campaigns = (
        Campaign.objects.filter(
            state=CampaignState.RUNNING,
            self_check_on__lte=today + datetime.timedelta(days=within_days),
            pk__in=own.filter(measure__isnull=False).values("measure__campaign"),
        )
        .exclude(pk__in=handed_in.values("campaign"))
        .order_by("self_check_on", "pk")
    )
    found = list(campaigns)
    if not found:
        return []
    returned = dict(
        SelfCheck.objects.filter(
            organisation=branch, campaign__in=found, state=SelfCheckState.RETURNED
        ).values_list("campaign", "opinion")
    )
    return [
        {
            "campaign": campaign,
            "due_on": campaign.self_check_on,
            "returned": campaign.pk in returned,
            "opinion": returned.get(campaign.pk, ""),
            "url": link("self_check", campaign.pk, branch.code),
        }
        for campaign in found
    ]
