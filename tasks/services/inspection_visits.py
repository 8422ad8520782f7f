"""What happens at a visit: what was looked at, findings, the tasks opened from them, letters."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from branches.attachments import attach
from branches.links import link
from branches.words import full_date
from notices.models import NoticeKind
from notices.services import send_notice
from tasks.enums import InspectionState, LetterKind
from tasks.models import Finding, Inspection, InspectionVisit, Letter, Task
from tasks.services import Refused
from tasks.services.inspections import open_round
from tasks.services.kept import differing, held, keep
from tasks.services.ledger import TaskFacts, list_task

# Trail and files of a visit; a round has an area of its own.
AREA = "inspections"
_SOURCE = "督查反馈："
_SOURCE_LONGEST = 100


@dataclass(frozen=True)
class LetterFacts:
    """What a person says about a letter; the last four are of a talk."""

    number: str
    issued_on: datetime.date
    reply_by: datetime.date | None = None
    text: str = ""
    person_name: str = ""
    talk_on: datetime.date | None = None
    place: str = ""


@transaction.atomic
def record_visit(
    *,
    visit: InspectionVisit,
    version: int,
    visited_on: datetime.date,
    looked_at: str,
    impression: str,
    by,
    today: datetime.date,
    uploads: Iterable = (),
) -> InspectionVisit:
    """Write when the organisation was visited and what was looked at, or put that right.

    With the first visit the round is under way. Refuses a day to come or outside of the
    organisation's life, nothing that was looked at, a round that is over, and an old version.
    """
    round_ = open_round(visit.inspection)
    visit = held(visit, version)
    _check_day(visit, visited_on, today)
    if not looked_at.strip():
        raise Refused("请写明看了什么", "looked_at")
    before = _visit_said(visit) if visit.visited_on else {}
    action = "修改到点情况" if visit.visited_on else "登记到点情况"
    keep(visit, visited_on=visited_on, looked_at=looked_at.strip(), impression=impression.strip())
    files = attach(
        organisation=visit.organisation,
        area=AREA,
        object_id=visit.pk,
        uploads=uploads,
        by=by,
    )
    old, new = differing(before, _visit_said(visit))
    if files:
        new["附件"] = "、".join(file.name for file in files)
    _line(action, visit, by=by, before=old, after=new)
    if round_.state == InspectionState.PLANNED:
        keep(round_, state=InspectionState.RUNNING)
    return visit


@transaction.atomic
def add_finding(
    *,
    visit: InspectionVisit,
    text: str,
    demand: str,
    due_on: datetime.date | None,
    by,
) -> Finding:
    """Write down a problem found at a visit. Refuses before the visit is recorded, an empty or
    repeated problem, a deadline before the visit, and a round that is over."""
    open_round(visit.inspection)
    visit = InspectionVisit.objects.select_for_update().get(pk=visit.pk)
    _check_finding(visit, text, due_on)
    finding = Finding.objects.create(
        visit=visit, text=text.strip(), demand=demand.strip(), due_on=due_on, entered_by=by
    )
    _line("登记督查问题", visit, by=by, after=_finding_said(finding))
    return finding


@transaction.atomic
def change_finding(
    *,
    finding: Finding,
    version: int,
    text: str,
    demand: str,
    due_on: datetime.date | None,
    by,
) -> Finding:
    """Put a finding right. Refuses what `add_finding` refuses, one that was withdrawn or has a task
    already, and an old version."""
    open_round(finding.visit.inspection)
    visit = InspectionVisit.objects.select_for_update().get(pk=finding.visit_id)
    finding = held(finding, version)
    _refuse_settled(finding)
    _check_finding(visit, text, due_on, finding)
    before = _finding_said(finding)
    keep(finding, text=text.strip(), demand=demand.strip(), due_on=due_on)
    old, new = differing(before, _finding_said(finding))
    _line("修改督查问题", visit, by=by, before=old, after=new)
    return finding


@transaction.atomic
def withdraw_finding(
    *, finding: Finding, version: int, reason: str, by, on: datetime.date
) -> Finding:
    """Take a finding back; its line stays. Refuses without a reason, twice, one with a task, a round
    that is over, and an old version."""
    open_round(finding.visit.inspection)
    finding = held(finding, version)
    _refuse_settled(finding)
    if not reason.strip():
        raise Refused("请写明撤回的原因", "reason")
    keep(finding, withdrawn_on=on)
    before = {"发现问题": finding.text}
    _line("撤回督查问题", finding.visit, by=by, before=before, reason=reason.strip())
    return finding


@transaction.atomic
def open_task(
    *,
    finding: Finding,
    version: int,
    responsible_leader: str,
    responsible_unit: str,
    responsible_person: str,
    due_on: datetime.date,
    by,
    on: datetime.date,
) -> Task:
    """Open a task of the rectification ledger from a finding, with the demand as what is to be done.

    Who may list tasks for the organisation decides this; the inspector proposes by the finding.
    Refuses a finding withdrawn or with a task, an old version, and what `list_task` refuses.
    """
    finding = held(finding, version)
    _refuse_settled(finding)
    visit = finding.visit
    task = list_task(
        organisation=visit.organisation,
        facts=TaskFacts(
            source=source_of(visit.inspection),
            problem=finding.text,
            responsible_leader=responsible_leader,
            responsible_unit=responsible_unit,
            responsible_person=responsible_person,
            opened_on=on,
            due_on=due_on,
            measures=finding.demand,
        ),
        by=by,
        on=on,
        finding=finding,
    )
    keep(finding)
    _line("督查问题转任务", visit, by=by, after={"任务": task.number, "问题": finding.text})
    return task


@transaction.atomic
def issue_letter(
    *,
    visit: InspectionVisit,
    kind: str,
    facts: LetterFacts,
    by,
    on: datetime.date | None = None,
) -> Letter:
    """Make out a notice or a talk letter after a visit. `on` is the day on which the organisation is
    told of it among its notices; without one nobody is told.

    Refuses before the visit is recorded, a notice without a standing finding, a talk without whom,
    when and where, days that cannot be, a number that is used, and a cancelled round.
    """
    Inspection.objects.select_for_update().get(pk=visit.inspection_id)
    visit = InspectionVisit.objects.select_related("inspection").get(pk=visit.pk)
    _check_letter(visit, kind, facts)
    letter = Letter.objects.create(visit=visit, kind=kind, entered_by=by, **_letter_plain(facts))
    _line(f"开具{letter.get_kind_display()}", visit, by=by, after=_letter_said(letter))
    if on is not None:
        _tell(letter, visit, by, on)
    return letter


@transaction.atomic
def change_letter(*, letter: Letter, version: int, facts: LetterFacts, by) -> Letter:
    """Put a letter right. Refuses what `issue_letter` refuses, and an old version."""
    Inspection.objects.select_for_update().get(pk=letter.visit.inspection_id)
    letter = held(letter, version)
    _check_letter(letter.visit, letter.kind, facts, letter)
    before = _letter_said(letter)
    keep(letter, **_letter_plain(facts))
    old, new = differing(before, _letter_said(letter))
    _line(f"修改{letter.get_kind_display()}", letter.visit, by=by, before=old, after=new)
    return letter


@transaction.atomic
def record_outcome(*, letter: Letter, version: int, outcome: str, by) -> Letter:
    """Write what came of a talk, or what was replied to a notice. Refuses an empty text and an old
    version."""
    letter = held(letter, version)
    if not outcome.strip():
        raise Refused("请写明结果", "outcome")
    before = {"结果": letter.outcome}
    keep(letter, outcome=outcome.strip())
    action = "登记约谈结果" if letter.kind == LetterKind.TALK else "登记整改回复"
    _line(action, letter.visit, by=by, before=before, after={"结果": letter.outcome})
    return letter


# --- Checks and words -------------------------------------------------------------------------


def source_of(round_: Inspection) -> str:
    """What a task from this round names as its source."""
    return f"{_SOURCE}{round_.title}"[:_SOURCE_LONGEST]


def _tell(letter: Letter, visit: InspectionVisit, by, on: datetime.date) -> None:
    """Among the notices of who was visited, with the way to the visit."""
    until = f"，请于{full_date(letter.reply_by)}前回复" if letter.reply_by else ""
    send_notice(
        recipients=[visit.organisation],
        sender=visit.inspection.organisation,
        kind=NoticeKind.ORDER,
        title=f"{letter.get_kind_display()}：{visit.inspection.title}"[:100],
        text=f"{full_date(letter.issued_on)}印发{until}",
        url=link("tasks:inspection_visit", visit.pk),
        about=f"inspection_letter:{letter.pk}",
        on=on,
        by=by,
    )


def _check_day(visit: InspectionVisit, day: datetime.date, today: datetime.date) -> None:
    organisation = visit.organisation
    if day > today:
        raise Refused("到点日期在今天之后，去过再登记", "visited_on")
    if organisation.founded_on and day < organisation.founded_on:
        raise Refused(
            f"这个组织{full_date(organisation.founded_on)}才成立，请核对日期", "visited_on"
        )
    if organisation.dissolved_on and day > organisation.dissolved_on:
        raise Refused("这个组织在这一天已经撤销，请核对日期", "visited_on")
    first = visit.letters.order_by("issued_on").first()
    if first and first.issued_on < day:
        raise Refused(f"{full_date(first.issued_on)}已开具文书，到点日期不能更晚", "visited_on")


def _check_finding(visit, text: str, due_on, finding: Finding | None = None) -> None:
    if not visit.visited_on:
        raise Refused("还没有登记到点情况，先登记再写问题")
    if not text.strip():
        raise Refused("请写发现的问题", "text")
    if due_on and due_on < visit.visited_on:
        raise Refused(f"整改时限早于到点日期{full_date(visit.visited_on)}，请核对", "due_on")
    same = visit.findings.filter(text=text.strip(), withdrawn_on__isnull=True)
    if finding is not None:
        same = same.exclude(pk=finding.pk)
    if same.exists():
        raise Refused("这个问题已经登记过", "text")


def _refuse_settled(finding: Finding) -> None:
    if finding.withdrawn_on:
        raise Refused("这个问题已撤回")
    if task := Task.objects.filter(finding=finding).first():
        raise Refused(f"这个问题已转为整改任务 {task.number}，请在整改台账里处理")


def _check_letter(visit, kind: str, facts: LetterFacts, letter: Letter | None = None) -> None:
    if visit.inspection.state == InspectionState.CANCELLED:
        raise Refused("这次督查已取消")
    if not visit.visited_on:
        raise Refused("还没有登记到点情况，先登记再开具文书")
    if facts.issued_on < visit.visited_on:
        raise Refused(f"印发日期早于到点日期{full_date(visit.visited_on)}，请核对", "issued_on")
    if facts.reply_by and facts.reply_by < facts.issued_on:
        raise Refused("回复截止早于印发日期，请核对", "reply_by")
    if kind == LetterKind.NOTICE and not visit.findings.filter(withdrawn_on__isnull=True).exists():
        raise Refused("还没有登记发现的问题，不用开整改通知书")
    if kind == LetterKind.TALK:
        _check_talk(facts)
    if facts.number.strip():
        same = Letter.objects.filter(
            visit__inspection__organisation=visit.inspection.organisation_id,
            number=facts.number.strip(),
        )
        if letter is not None:
            same = same.exclude(pk=letter.pk)
        if same.exists():
            raise Refused(f"文号“{facts.number.strip()}”已经用过，请换一个", "number")


def _check_talk(facts: LetterFacts) -> None:
    if not facts.person_name.strip():
        raise Refused("请填约谈对象的姓名和职务", "person_name")
    if facts.talk_on is None:
        raise Refused("请填约谈日期，如 4.8", "talk_on")
    if facts.talk_on < facts.issued_on:
        raise Refused("约谈日期早于印发日期，请核对", "talk_on")
    if not facts.place.strip():
        raise Refused("请填约谈地点", "place")


def _letter_plain(facts: LetterFacts) -> dict:
    return {
        "number": facts.number.strip(),
        "issued_on": facts.issued_on,
        "reply_by": facts.reply_by,
        "text": facts.text.strip(),
        "person_name": facts.person_name.strip(),
        "talk_on": facts.talk_on,
        "place": facts.place.strip(),
    }


def _visit_said(visit: InspectionVisit) -> dict[str, str]:
    return {
        "到点日期": full_date(visit.visited_on),
        "查看内容": visit.looked_at,
        "总体情况": visit.impression,
    }


def _finding_said(finding: Finding) -> dict[str, str]:
    return {
        "发现问题": finding.text,
        "整改要求": finding.demand,
        "整改时限": full_date(finding.due_on),
    }


def _letter_said(letter: Letter) -> dict[str, str]:
    return {
        "文号": letter.number,
        "印发日期": full_date(letter.issued_on),
        "回复截止": full_date(letter.reply_by),
        "约谈对象": letter.person_name,
        "约谈日期": full_date(letter.talk_on),
        "约谈地点": letter.place,
        "内容": letter.text,
    }


def _line(action: str, visit: InspectionVisit, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=visit.pk,
        label=f"{visit.inspection.title} {visit.organisation.short_name}",
        organisation_id=visit.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
