"""What belongs to the case of a weak branch: who is linked to it (四个一), the checklists, the monthly
reports, the surveys. Surveys are withdrawn, never deleted."""

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction

from branches.changes import note_change
from branches.words import full_date
from tasks.enums import WeakLinkKind, WeakState
from tasks.models import Task, WeakBranch, WeakCheck, WeakLink, WeakReport, WeakSurvey
from tasks.services import Refused
from tasks.services.ledger import TaskFacts, list_task
from tasks.services.weak import AREA, ChangedMeanwhile, locked, trail_line
from tasks.weak import (
    IN_WORK,
    percent_words,
    rates,
    reportable,
    shortfalls,
    stretches,
    thresholds_on,
)

# 问题来源 of a measure's task.
MEASURE_SOURCE = "软弱涣散整顿"


def _held(case: WeakBranch, *, states=None, doing: str = "") -> WeakBranch:
    case = locked(case)
    if case.decided_on is None:
        raise Refused(f"还没有认定，不能{doing}")
    if case.state == WeakState.ENDED:
        raise Refused(f"整顿已经结束，不能{doing}")
    if states is not None and case.state not in states:
        raise Refused(f"现在是“{case.get_state_display()}”，不能{doing}")
    return case


# --- Measures -------------------------------------------------------------------------------


@transaction.atomic
def add_measure(*, case: WeakBranch, facts: TaskFacts, by, today: datetime.date) -> Task:
    """A measure of the plan as a task of the ledger. Refuses one that ends after the branch has to be
    accepted, and a case whose acceptance was asked for."""
    states = (WeakState.DECIDED, WeakState.WORKING, WeakState.REDO)
    case = _held(case, states=states, doing="新增措施")
    if case.due_on and facts.due_on > case.due_on:
        raise Refused(f"晚于整顿时限 {full_date(case.due_on)}，请提前", "due_on")
    task = list_task(organisation=case.organisation, facts=facts, by=by, on=today, weak=case)
    trail_line(
        case, "新增措施", by=by, after={"问题": task.problem, "时限": full_date(task.due_on)}
    )
    return task


# --- 四个一 -----------------------------------------------------------------------------------


@transaction.atomic
def add_link(
    *,
    case: WeakBranch,
    kind: str,
    name: str,
    office: str = "",
    starts_on: datetime.date,
    by,
) -> WeakLink:
    """A leader, first secretary or unit linked to the branch from a day on. Refuses no name, a day
    before the proposal, and the same one twice at a time."""
    case = _held(case, doing="登记联系")
    if not name.strip():
        raise Refused("请填姓名或单位", "name")
    if starts_on < case.proposed_on:
        raise Refused(f"早于提出日期 {full_date(case.proposed_on)}，请核对", "starts_on")
    twin = case.links.filter(kind=kind, name=name.strip(), ends_on__isnull=True)
    if twin.exists():
        raise Refused(f"{name.strip()}已经登记", "name")
    link = WeakLink.objects.create(
        weak=case, kind=kind, name=name.strip(), office=office.strip(), starts_on=starts_on
    )
    after = {WeakLinkKind(kind).label: link.name, "自": full_date(starts_on)}
    trail_line(case, "登记四个一联系", by=by, after=after)
    return link


@transaction.atomic
def end_link(*, link: WeakLink, ends_on: datetime.date, by) -> WeakLink:
    """A link ends on a day. Refuses twice, and a day before it began."""
    case = _held(link.weak, doing="结束联系")
    link = WeakLink.objects.get(pk=link.pk)
    if link.ends_on:
        raise Refused(f"已在{full_date(link.ends_on)}结束，请看最新情况")
    if ends_on < link.starts_on:
        raise Refused("结束日期早于开始日期，请核对", "ends_on")
    link.ends_on = ends_on
    link.save(update_fields=["ends_on"])
    after = {link.get_kind_display(): link.name, "至": full_date(ends_on)}
    trail_line(case, "结束四个一联系", by=by, after=after)
    return link


# --- Checklists -----------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckFacts:
    """One row of a checklist as typed."""

    pk: int
    text: str
    done_on: datetime.date | None
    note: str = ""


def checks_stamp(checks: Iterable[WeakCheck]) -> str:
    """What the checklists looked like: differs as soon as somebody changed a row."""
    rows = repr(sorted((one.pk, one.text, str(one.done_on), one.note) for one in checks))
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


@transaction.atomic
def save_checks(
    *, case: WeakBranch, stamp: str, rows: Sequence[CheckFacts], by, today: datetime.date
) -> int:
    """Store the checklists (名称, 落实日期, 说明); returns how many rows changed.

    Refuses a row without a name, a day to come, and lists changed by somebody else meanwhile.
    """
    case = _held(case, doing="改清单")
    stored = {check.pk: check for check in case.checks.all()}
    if checks_stamp(stored.values()) != stamp:
        raise ChangedMeanwhile
    before, after = {}, {}
    for row in rows:
        check = stored.get(row.pk)
        if check is None:
            raise Refused("清单里没有这一行，请重新打开")
        if not row.text.strip():
            raise Refused("清单内容不能为空", f"text_{row.pk}")
        if row.done_on and row.done_on > today:
            raise Refused("落实日期在今天之后，请核对", f"done_on_{row.pk}")
        new = (row.text.strip(), row.done_on, row.note.strip())
        if new == (check.text, check.done_on, check.note):
            continue
        before[check.text] = full_date(check.done_on) or "未落实"
        check.text, check.done_on, check.note = new
        after[check.text] = full_date(check.done_on) or "未落实"
        check.save(update_fields=["text", "done_on", "note"])
    if after:
        trail_line(case, "更新整顿清单", by=by, before=before, after=after)
    return len(after)


# --- Monthly reports ------------------------------------------------------------------------


@transaction.atomic
def save_report(
    *,
    case: WeakBranch,
    month: datetime.date,
    version: int,
    text: str,
    next_steps: str = "",
    by,
    today: datetime.date,
    uploads: Iterable = (),
) -> WeakReport:
    """The report of a month (月报), new with `version` 0 or put right. Refuses an empty one, a month to
    come or out of the work, and one that somebody else filed or changed meanwhile."""
    case = _held(case, doing="报月报")
    month = month.replace(day=1)
    if not text.strip():
        raise Refused("请写明这个月的整顿进展", "text")
    times = stretches(case.steps.order_by("on", "pk").values_list("kind", "on"))
    if month > today or not reportable(times, month):
        raise Refused(f"{month.year}年{month.month}月不在整顿期内，不用报月报")
    report = case.reports.filter(month=month).first()
    if (report.version if report else 0) != version:
        raise ChangedMeanwhile
    label = f"{month.year}年{month.month}月"
    if report is None:
        report = WeakReport(weak=case, month=month, reported_on=today, entered_by=by, version=0)
    report.text, report.next_steps = text.strip(), next_steps.strip()
    report.version += 1
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        raise ChangedMeanwhile from None
    action = "修改月报" if version else "报送月报"
    trail_line(case, action, by=by, after={"月份": label}, uploads=uploads)
    note_change(case.organisation_id, AREA, month, max(today, month))
    return report


# --- Surveys --------------------------------------------------------------------------------


@dataclass(frozen=True)
class SurveyFacts:
    """Heads asked, satisfied and aware on a day; `score` where the county gives points."""

    held_on: datetime.date
    asked: int
    satisfied: int
    aware: int
    score: Decimal | None = None
    note: str = ""


@transaction.atomic
def record_survey(
    *,
    case: WeakBranch,
    facts: SurveyFacts,
    by,
    today: datetime.date,
    uploads: Iterable = (),
) -> WeakSurvey:
    """A survey (测评) with the county's thresholds of its day. Refuses more satisfied or aware people
    than were asked, nobody asked, and a day to come or before the decision."""
    case = _held(case, states=IN_WORK, doing="登记测评")
    _check_survey(case, facts, today)
    needed = thresholds_on(facts.held_on)
    survey = WeakSurvey.objects.create(
        weak=case,
        held_on=facts.held_on,
        asked=facts.asked,
        satisfied=facts.satisfied,
        aware=facts.aware,
        score=facts.score,
        note=facts.note.strip(),
        satisfied_needed=needed.satisfied,
        aware_needed=needed.aware,
        score_needed=needed.score,
        entered_by=by,
    )
    trail_line(case, "登记测评", by=by, after=_survey_said(survey), uploads=uploads)
    return survey


def _check_survey(case: WeakBranch, facts: SurveyFacts, today: datetime.date) -> None:
    if facts.held_on > today:
        raise Refused("测评日期在今天之后，测评后再登记", "held_on")
    if facts.held_on < case.decided_on:
        raise Refused(f"测评早于认定日期 {full_date(case.decided_on)}，请核对", "held_on")
    if facts.asked < 1:
        raise Refused("参加测评人数应是 1 以上的整数", "asked")
    for field, heads, name in (
        ("satisfied", facts.satisfied, "满意人数"),
        ("aware", facts.aware, "知晓人数"),
    ):
        if heads > facts.asked:
            raise Refused(f"{name} {heads} 多于参加测评的 {facts.asked} 人，请核对", field)
    if facts.score is not None and not 0 <= facts.score <= 100:
        raise Refused("验收得分应在 0 到 100 之间", "score")


@transaction.atomic
def withdraw_survey(
    *, survey: WeakSurvey, version: int, reason: str, by, today: datetime.date
) -> WeakSurvey:
    """A survey entered wrongly counts no more (作废) and stays on record. Refuses without a reason,
    twice, and once the branch was accepted by it."""
    case = _held(survey.weak, states=IN_WORK, doing="作废测评")
    survey = WeakSurvey.objects.get(pk=survey.pk)
    if not reason.strip():
        raise Refused("请写明作废的原因", "reason")
    if survey.withdrawn_on:
        raise Refused("这次测评已经作废，请看最新情况")
    if survey.version != version:
        raise ChangedMeanwhile
    survey.withdrawn_on, survey.version = today, version + 1
    survey.note = "；".join(one for one in (survey.note, f"作废：{reason.strip()}") if one)[:300]
    survey.save(update_fields=["withdrawn_on", "version", "note"])
    trail_line(case, "作废测评", by=by, before=_survey_said(survey), reason=reason)
    return survey


def _survey_said(survey: WeakSurvey) -> dict[str, str]:
    found = rates(survey)
    return {
        "测评日期": full_date(survey.held_on),
        "满意度": f"{survey.satisfied}/{survey.asked}，"
        f"{percent_words(found.satisfied, survey.satisfied_needed)}",
        "知晓率": f"{survey.aware}/{survey.asked}，"
        f"{percent_words(found.aware, survey.aware_needed)}",
        "结果": survey_result(survey),
    }


def survey_result(survey: WeakSurvey) -> str:
    """达标, or what the survey lacks."""
    return "、".join(shortfalls(survey)) or "达标"
