"""The way of a weak branch (软弱涣散党组织): proposed → decided → plan filed → acceptance → passed →
followed for a year → ended; what is not accepted, or slides back, is put right again.

The decision and the acceptance are the county's. Each step is one WeakStep and one trail line.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts import trail
from branches.attachments import attach
from branches.changes import note_change
from branches.links import link
from branches.models import Organisation
from branches.periods import add_months
from branches.values import Values
from branches.words import full_date
from notices.inbox import sender_for
from notices.models import NoticeKind
from notices.services import send_notice
from tasks import weak_states
from tasks.enums import WeakState, WeakStepKind
from tasks.models import WeakBranch, WeakCheck, WeakStep
from tasks.services import Refused
from tasks.values import WEAK_CHECKLISTS, WEAK_FOLLOW_MONTHS
from tasks.weak import counting_survey, obstacles, percent_words, rates, refusal_words

AREA = "weak"
# Steps of the county that the branch gets a notice of.
_TOLD = {
    WeakStepKind.DECIDED: "支部被列为软弱涣散党组织，请报备“一支一策”整顿方案",
    WeakStepKind.PASSED: "软弱涣散整顿验收通过，请报备巩固提升方案",
    WeakStepKind.REDO: "软弱涣散须重新整顿，请看差在哪里",
    WeakStepKind.ENDED: "软弱涣散整顿跟踪期满，整顿结束",
}


class ChangedMeanwhile(Refused):
    """Somebody else made a step first."""

    def __init__(self, field: str | None = None):
        super().__init__("这一条刚被别人改过，你填的内容还在，核对最新情况后再办", field)


# --- Proposal and decision ------------------------------------------------------------------


@transaction.atomic
def propose(
    *,
    organisation: Organisation,
    situations: Sequence[str],
    problems: str,
    by,
    on: datetime.date,
    today: datetime.date,
    year: int | None = None,
) -> WeakBranch:
    """A committee proposes a branch (提出). Refuses another kind of organisation, a dissolved one, one
    that is a case already, no situation, no problem, and a day to come."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check_may_be_weak(organisation, on)
    if on > today:
        raise Refused("提出日期在今天之后，请核对", "proposed_on")
    situations = list(dict.fromkeys(one.strip() for one in situations if one.strip()))
    if not situations:
        raise Refused("请至少选一种情形", "situations")
    _require(problems, "请写明主要问题", "problems")
    if WeakBranch.objects.filter(organisation=organisation).exclude(state=WeakState.ENDED).exists():
        raise Refused("这个支部已在软弱涣散整顿中，不能重复提出", "organisation")
    try:
        case = WeakBranch.objects.create(
            organisation=organisation,
            year=year or on.year,
            situations=situations,
            problems=problems.strip(),
            proposed_on=on,
            entered_by=by,
        )
    except IntegrityError:
        raise Refused("这个支部刚被别人提出，请看最新情况", "organisation") from None
    after = {"情形": "、".join(situations), "状态": WeakState.PROPOSED.label}
    _event(case, WeakStepKind.PROPOSED, on=on, text=problems, by=by, after=after, today=today)
    return case


def _check_may_be_weak(organisation: Organisation, on: datetime.date) -> None:
    if not organisation.is_branch:
        raise Refused("这里只登记党支部", "organisation")
    if organisation.dissolved_on and organisation.dissolved_on <= on:
        raise Refused("支部已经撤销，不能列入整顿", "organisation")
    if organisation.founded_on and organisation.founded_on > on:
        raise Refused(f"支部{full_date(organisation.founded_on)}才成立，请核对日期", "organisation")


@dataclass(frozen=True)
class Decision:
    """What the county decided: when, by which body, under which list, and the two deadlines."""

    decided_on: datetime.date
    decided_by: str
    plan_due_on: datetime.date
    due_on: datetime.date
    list_name: str = ""
    text: str = ""


@transaction.atomic
def decide(
    *, case: WeakBranch, version: int, decision: Decision, by, today: datetime.date
) -> WeakBranch:
    """The county decides that the branch is a weak one (认定). Refuses a day to come or before the
    proposal, no deciding body, deadlines before the decision."""
    case = _locked(case, version, WeakStepKind.DECIDED)
    on = decision.decided_on
    _check_day(case, on, today, "decided_on")
    _require(decision.decided_by, "请写明认定机关，如 县委常委会", "decided_by")
    if decision.plan_due_on < on:
        raise Refused("方案报备截止早于认定日期，请核对", "plan_due_on")
    if decision.due_on < decision.plan_due_on:
        raise Refused("整顿时限早于方案报备截止，请核对", "due_on")
    case.decided_on, case.decided_by = on, decision.decided_by.strip()
    case.list_name = decision.list_name.strip()
    case.plan_due_on, case.due_on = decision.plan_due_on, decision.due_on
    after = {
        "认定日期": full_date(on),
        "认定机关": case.decided_by,
        "方案报备截止": full_date(case.plan_due_on),
        "整顿时限": full_date(case.due_on),
    }
    _make_checklists(case, on)
    text = decision.text or "，".join(one for one in (case.decided_by, case.list_name) if one)
    return _made(case, WeakStepKind.DECIDED, on=on, text=text, by=by, today=today, after=after)


def _make_checklists(case: WeakBranch, on: datetime.date) -> None:
    """六大责任 and 五个精准 by the county values of that day; county and branch name their rows."""
    values = Values()
    WeakCheck.objects.bulk_create(
        WeakCheck(weak=case, list_name=name, position=position, text=text)
        for name, key in WEAK_CHECKLISTS.items()
        for position, text in enumerate(values.on(key, on), 1)
    )


@transaction.atomic
def decline(*, case: WeakBranch, version: int, text: str, by, today: datetime.date) -> WeakBranch:
    """The county does not take the branch into the list (不予认定). Refuses without a reason."""
    case = _locked(case, version, WeakStepKind.DECLINED)
    _require(text, "请写明不予认定的理由")
    case.ended_on = today
    return _made(case, WeakStepKind.DECLINED, on=today, text=text, by=by, today=today)


# --- The plan -------------------------------------------------------------------------------


@transaction.atomic
def file_plan(
    *,
    case: WeakBranch,
    version: int,
    plan: str,
    by,
    today: datetime.date,
    on: datetime.date | None = None,
    uploads: Iterable = (),
) -> WeakBranch:
    """一支一策 filed with the county, for the first time or anew; the branch is in work from then on.

    The day of the first filing stays: it answers the deadline. Refuses an empty plan, a day to come.
    """
    case = _locked(case, version, WeakStepKind.PLAN_FILED)
    on = on or today
    _check_day(case, on, today, "on")
    _require(plan, "请写明整顿方案：问题、措施、责任人、时限", "plan")
    before = {"整顿方案": "已有"} if case.plan else {}
    case.plan = plan.strip()
    case.plan_filed_on = case.plan_filed_on or on
    text = "修订方案" if before else ""
    return _made(
        case, WeakStepKind.PLAN_FILED, on=on, text=text, by=by, today=today, uploads=uploads
    )


# --- Acceptance -----------------------------------------------------------------------------


@transaction.atomic
def ask_acceptance(
    *, case: WeakBranch, version: int, text: str, by, today: datetime.date, uploads: Iterable = ()
) -> WeakBranch:
    """The committee asks the county to accept (申请验收). Refuses while a measure is open or the
    survey falls short: 暂不能销号：满意度 76%，不足 80%."""
    case = _locked(case, version, WeakStepKind.ASKED)
    _require(text, "请写明整顿结果")
    _check_obstacles(case)
    case.asked_on = today
    return _made(case, WeakStepKind.ASKED, on=today, text=text, by=by, today=today, uploads=uploads)


@transaction.atomic
def accept(
    *, case: WeakBranch, version: int, on: datetime.date, by, today: datetime.date, text: str = ""
) -> WeakBranch:
    """The county accepts (验收通过); the branch is followed for the county's months from that day.

    Refuses what asking refuses: a survey may have been withdrawn, a measure opened again since.
    """
    case = _locked(case, version, WeakStepKind.PASSED)
    _check_day(case, on, today, "on")
    _check_obstacles(case)
    case.passed_on = on
    case.follow_up_until = add_months(on, Values().on(WEAK_FOLLOW_MONTHS, on))
    survey = counting_survey(case)
    found = rates(survey)
    after = {
        "满意度": percent_words(found.satisfied, survey.satisfied_needed),
        "知晓率": percent_words(found.aware, survey.aware_needed),
        "跟踪至": full_date(case.follow_up_until),
    }
    return _made(case, WeakStepKind.PASSED, on=on, text=text, by=by, today=today, after=after)


@transaction.atomic
def redo(
    *,
    case: WeakBranch,
    version: int,
    text: str,
    due_on: datetime.date,
    by,
    today: datetime.date,
) -> WeakBranch:
    """The county sends the branch back to be put right again (重新整顿): not accepted, or slid back
    while it was followed. Refuses without a reason and with a deadline that is over."""
    case = _locked(case, version, WeakStepKind.REDO)
    _require(text, "请写明差在哪里，让支部知道要补什么")
    if due_on < today:
        raise Refused("新的整顿时限已经过去，请核对", "due_on")
    slid = case.state != WeakState.ACCEPTANCE
    before = {"状态": case.get_state_display(), "整顿时限": full_date(case.due_on)}
    case.due_on, case.asked_on, case.passed_on, case.follow_up_until = due_on, None, None, None
    said = f"跟踪期内反弹：{text.strip()}" if slid else text
    after = {"整顿时限": full_date(due_on)}
    return _made(
        case, WeakStepKind.REDO, on=today, text=said, by=by, today=today, before=before, after=after
    )


def _check_obstacles(case: WeakBranch) -> None:
    if found := obstacles(case):
        raise Refused(refusal_words(found))


# --- After acceptance -----------------------------------------------------------------------


@transaction.atomic
def file_consolidation(
    *, case: WeakBranch, version: int, plan: str, by, today: datetime.date, uploads: Iterable = ()
) -> WeakBranch:
    """The plan by which the result is to last (巩固提升方案), or a revision of it."""
    case = _locked(case, version, WeakStepKind.CONSOLIDATION)
    _require(plan, "请写明巩固提升的措施", "plan")
    case.consolidation = plan.strip()
    case.consolidation_filed_on = case.consolidation_filed_on or today
    return _made(case, WeakStepKind.CONSOLIDATION, on=today, by=by, today=today, uploads=uploads)


@transaction.atomic
def look_back(
    *,
    case: WeakBranch,
    version: int,
    on: datetime.date,
    text: str,
    by,
    today: datetime.date,
    uploads: Iterable = (),
) -> WeakBranch:
    """A visit while the branch is followed (回访). Refuses without what was found."""
    case = _locked(case, version, WeakStepKind.LOOKED_BACK)
    _check_day(case, on, today, "on")
    _require(text, "请写明回访看到的情况")
    return _made(
        case, WeakStepKind.LOOKED_BACK, on=on, text=text, by=by, today=today, uploads=uploads
    )


@transaction.atomic
def end(*, case: WeakBranch, version: int, by, today: datetime.date, text: str = "") -> WeakBranch:
    """The time of following is over (结束). Refuses before its last day has passed, and without a visit."""
    case = _locked(case, version, WeakStepKind.ENDED)
    if today <= case.follow_up_until:
        raise Refused(f"跟踪到{full_date(case.follow_up_until)}，期满后再结束")
    visits = case.steps.filter(kind=WeakStepKind.LOOKED_BACK, on__gte=case.passed_on)
    if not visits.exists():
        raise Refused("跟踪期内还没有回访，先登记一次回访")
    case.ended_on = today
    return _made(case, WeakStepKind.ENDED, on=today, text=text, by=by, today=today)


# --- What every step shares -----------------------------------------------------------------


def _require(text: str, message: str, field: str = "text") -> None:
    if not text.strip():
        raise Refused(message, field)


def locked(case: WeakBranch) -> WeakBranch:
    """The case as it stands, held until the end of the transaction."""
    rows = WeakBranch.objects.select_related("organisation")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=case.pk)


def _locked(case: WeakBranch, version: int, step: WeakStepKind) -> WeakBranch:
    """The case locked, if the step may be made from its state and nobody was faster."""
    case = locked(case)
    if reason := weak_states.refusal(step, case.state):
        raise Refused(reason)
    if case.version != version:
        raise ChangedMeanwhile
    return case


def _check_day(case: WeakBranch, on: datetime.date, today: datetime.date, field: str) -> None:
    """A step is not made on a day to come, nor before the step before it."""
    if on > today:
        raise Refused("日期在今天之后，请核对", field)
    last = case.steps.exclude(kind=WeakStepKind.LOOKED_BACK).order_by("on", "pk").last()
    if last is not None and on < last.on:
        said = f"{full_date(last.on)} {last.get_kind_display()}"
        raise Refused(f"日期早于上一步（{said}），请核对", field)


def _made(
    case: WeakBranch, step: WeakStepKind, *, before: dict | None = None, **facts
) -> WeakBranch:
    """Store the case in the state the step leads to, and the step."""
    before = before or {"状态": case.get_state_display()}
    case.state = weak_states.TO.get(step, case.state)
    case.version += 1
    case.save()
    after = {"状态": case.get_state_display()} | (facts.pop("after", None) or {})
    _event(case, step, before=before, after=after, **facts)
    return case


def _event(
    case: WeakBranch,
    step: WeakStepKind,
    *,
    on: datetime.date,
    by,
    today: datetime.date,
    text: str = "",
    before: dict | None = None,
    after: dict | None = None,
    uploads: Iterable = (),
) -> None:
    WeakStep.objects.create(weak=case, kind=step, on=on, text=text.strip(), by=by)
    if step in _TOLD:
        _tell(case, step, text=text, by=by, today=today)
    trail_line(case, step.label, by=by, before=before, after=after, reason=text, uploads=uploads)
    note_change(case.organisation_id, AREA, min(case.decided_on or on, on), max(today, on))


def _tell(case: WeakBranch, step: WeakStepKind, *, text: str, by, today: datetime.date) -> None:
    """The branch is told what the county did."""
    send_notice(
        recipients=[case.organisation],
        sender=sender_for(by, case.organisation) if by else None,
        kind=NoticeKind.ORDER,
        title=_TOLD[step],
        text=text.strip(),
        url=link("tasks:weak_case", case.pk),
        about=f"weak:{case.pk}:{step}",
        on=today,
        by=by,
    )


def trail_line(
    case: WeakBranch,
    action: str,
    *,
    by,
    before: dict | None = None,
    after: dict | None = None,
    reason: str = "",
    uploads: Iterable = (),
) -> None:
    """Files put to the case, and the trail line of an act on it."""
    files = attach(
        organisation=case.organisation, area=AREA, object_id=case.pk, uploads=uploads, by=by
    )
    after = dict(after or {})
    if files:
        after["附件"] = "、".join(file.name for file in files)
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=case.pk,
        label=str(case),
        organisation_id=case.organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )
