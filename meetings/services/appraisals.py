"""What happens to a 民主评议: begun, its list and days kept, ballots and grades entered, concluded.

The branch gives the grade; nothing here computes one from ballots, and no grade changes a
member's standing.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.words import full_date
from meetings.appraisal_words import ballot_words, part_words, sheet_words, step_words
from meetings.appraising import (
    ELSEWHERE_NOTE,
    STEPS,
    Ballots,
    appraisal_meetings,
    ballots_fault,
    ballots_of,
    missing_to_close,
    participants_on,
)
from meetings.enums import Grade, Participation
from meetings.models import Appraisal, AppraisalResult, Meeting
from meetings.services import AREA, Refused
from meetings.services.appraisal_checks import (
    Sheets,
    formal_result,
    refuse_counted,
    refuse_day,
    refuse_sheets,
    refuse_year,
)

# The area of trail lines: an appraisal and a meeting may have the same key.
TRAIL_AREA = "appraisals"


class ChangedMeanwhile(Refused):
    """Somebody else saved the appraisal first; `appraisal` is as it stands now."""

    def __init__(self, appraisal: Appraisal):
        super().__init__("刚有人改过这次评议，你填的内容还在，核对后再保存一次")
        self.appraisal = appraisal


@dataclass(frozen=True)
class Part:
    """How one member stands to the appraisal; the reason says why somebody did not take part."""

    participation: str
    reason: str = ""


@dataclass(frozen=True)
class StepDays:
    """The days of the steps and the meeting at which the ballot was held."""

    self_on: datetime.date | None = None
    mutual_on: datetime.date | None = None
    ballot_on: datetime.date | None = None
    opinion_on: datetime.date | None = None
    in_groups: bool = False
    meeting: Meeting | None = None


# --- Begun, and who is on the list ------------------------------------------------------------


@transaction.atomic
def start_appraisal(
    *,
    organisation: Organisation,
    year: int,
    on: datetime.date,
    parts: Mapping[int, Part],
    by,
    today: datetime.date,
) -> Appraisal:
    """Begin a branch's appraisal of a year with the roster of `on`; who is not in `parts` takes part.

    Refuses a second one for the year, a year to come or before the branch was founded, a day to
    come or before the year, an empty roster, and somebody left out without a reason.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    refuse_year(organisation, year, on, today)
    if Appraisal.objects.filter(organisation=organisation, year=year).exists():
        raise Refused(f"{year}年民主评议已经开始，请打开那一次")
    people = participants_on(organisation, on)
    if not people:
        raise Refused("这一天名册里没有党员，请核对名册日期", "on")
    appraisal = Appraisal.objects.create(organisation=organisation, year=year, entered_by=by)
    results = []
    for person in people:
        part = parts.get(person.member_id, Part(Participation.HERE))
        result = AppraisalResult(
            appraisal=appraisal, member_id=person.member_id, was_formal=person.was_formal
        )
        _put_part(result, part, person.name)
        results.append(result)
    AppraisalResult.objects.bulk_create(results)
    away = [person.name for person, row in zip(people, results, strict=True) if not row.took_part]
    _write_line(
        appraisal,
        "开始民主评议",
        by=by,
        after={
            "名册日期": full_date(on),
            "人数": str(len(people)),
            "正式党员": str(sum(person.was_formal for person in people)),
            "不参加": "、".join(away),
        },
    )
    return appraisal


@transaction.atomic
def change_people(
    *, appraisal: Appraisal, version: int, parts: Mapping[int, Part], by, today: datetime.date
) -> Appraisal:
    """Change who takes part: mark somebody away, take in who is on today's roster, leave out.

    Refuses what is concluded or was changed meanwhile, a reason that is missing, people who are
    neither on the list nor on the roster, and leaving out somebody with ballots or a grade.
    """
    appraisal = _locked(appraisal, version)
    known = {one.member_id: one for one in appraisal.results.select_related("member")}
    people = {one.member_id: one for one in participants_on(appraisal.organisation, today)}
    if unknown := parts.keys() - known.keys() - people.keys():
        raise Refused(f"有 {len(unknown)} 人不在名单也不在今天的名册，请重新打开名单")
    before, after, gone, added, changed = {}, {}, [], [], []
    for member_id, part in parts.items():
        result = known.get(member_id)
        name = result.member.name if result else people[member_id].name
        old = part_words(result)
        if part.participation == Participation.OUT:
            if result:
                refuse_counted(result)
                gone.append(result.pk)
        else:
            if result is None:
                formal = people[member_id].was_formal
                result = AppraisalResult(
                    appraisal=appraisal, member_id=member_id, was_formal=formal
                )
                added.append(result)
            else:
                changed.append(result)
            _put_part(result, part, name)
        new = part_words(None if part.participation == Participation.OUT else result)
        if old != new:
            before[name], after[name] = old, new
    if not after:
        return appraisal
    AppraisalResult.objects.filter(pk__in=gone).delete()
    AppraisalResult.objects.bulk_create(added)
    AppraisalResult.objects.bulk_update(changed, ["took_part", "absence_note"], batch_size=200)
    return _saved(appraisal, "修改评议名单", by=by, before=before, after=after)


# --- Days, ballots, grades --------------------------------------------------------------------


@transaction.atomic
def set_steps(
    *, appraisal: Appraisal, version: int, steps: StepDays, by, today: datetime.date
) -> Appraisal:
    """Note the days of the steps and the meeting. Steps out of order are said on the page.

    Refuses a day to come or before the year, and a meeting that is not a held 民主评议 of the year.
    """
    appraisal = _locked(appraisal, version)
    for field, name in STEPS.items():
        refuse_day(appraisal.year, getattr(steps, field), name, field, today)
    meeting = steps.meeting
    if meeting is not None and not _meetings_of(appraisal).filter(pk=meeting.pk).exists():
        raise Refused(f"请选本支部已召开、所属年度为 {appraisal.year}年的民主评议会议", "meeting")
    before = step_words(appraisal)
    for field in STEPS:
        setattr(appraisal, field, getattr(steps, field))
    appraisal.in_groups, appraisal.meeting = steps.in_groups, meeting
    return _saved_if_differing(appraisal, "登记评议步骤", before, step_words(appraisal), by=by)


@transaction.atomic
def enter_ballots(
    *,
    appraisal: Appraisal,
    version: int,
    sheets: Sheets,
    counts: Mapping[int, Ballots],
    by,
    today: datetime.date,
    ballot_on: datetime.date | None = None,
) -> Appraisal:
    """Enter the sheets and, by the key of the result, how many named which grade.

    Refuses counts without the number of valid sheets or above it, more sheets back than handed
    out or valid than back, a probationary member (who is not graded), and what `set_steps`
    refuses about the day. Fewer sheets than valid ones are abstentions.
    """
    appraisal = _locked(appraisal, version)
    refuse_day(appraisal.year, ballot_on, STEPS["ballot_on"], "ballot_on", today)
    refuse_sheets(sheets)
    results = {one.pk: one for one in appraisal.results.select_related("member")}
    before, after = sheet_words(appraisal), {}
    appraisal.ballots_sent, appraisal.ballots_back = sheets.sent, sheets.back
    appraisal.ballots_valid = sheets.valid
    if ballot_on:
        appraisal.ballot_on = ballot_on
    after |= sheet_words(appraisal)
    changed = []
    for key, ballots in counts.items():
        result = formal_result(results, key)
        if not ballots.is_empty and sheets.valid is None:
            raise Refused("请先填有效票有多少张", "valid")
        if fault := ballots_fault(ballots, sheets.valid):
            raise Refused(f"{result.member.name}：{fault}")
        if (old := ballots_of(result)) != ballots:
            before[result.member.name] = ballot_words(old)
            after[result.member.name] = ballot_words(ballots)
            for grade, count in ballots.by_grade().items():
                setattr(result, grade, count)
            changed.append(result)
    for key in results.keys() - counts.keys():
        # Fewer valid sheets may leave a count standing that can no longer be.
        if fault := ballots_fault(ballots_of(results[key]), sheets.valid):
            raise Refused(f"{results[key].member.name}：{fault}")
    AppraisalResult.objects.bulk_update(changed, Grade.values, batch_size=200)
    return _saved_if_differing(appraisal, "录入测评票", before, after, by=by)


@transaction.atomic
def give_grades(
    *,
    appraisal: Appraisal,
    version: int,
    grades: Mapping[int, str],
    by,
    today: datetime.date,
    opinion_on: datetime.date | None = None,
) -> Appraisal:
    """Store the grades the branch gave, by the key of the result; "" takes one back.

    Refuses a grade for a probationary member and what `set_steps` refuses about the day. How
    many are 优秀 is advice and never refused.
    """
    appraisal = _locked(appraisal, version)
    refuse_day(appraisal.year, opinion_on, STEPS["opinion_on"], "opinion_on", today)
    results = {one.pk: one for one in appraisal.results.select_related("member")}
    before, after, changed = {}, {}, []
    if opinion_on and opinion_on != appraisal.opinion_on:
        before["支部评定"] = full_date(appraisal.opinion_on)
        after["支部评定"] = full_date(opinion_on)
        appraisal.opinion_on = opinion_on
    for key, grade in grades.items():
        result = formal_result(results, key)
        if grade and grade not in Grade.values:
            raise Refused("等次只有优秀、合格、基本合格、不合格")
        if grade != result.grade:
            before[result.member.name] = result.get_grade_display()
            result.grade = grade
            after[result.member.name] = result.get_grade_display()
            changed.append(result)
    AppraisalResult.objects.bulk_update(changed, ["grade"], batch_size=200)
    return _saved_if_differing(appraisal, "评定等次", before, after, by=by)


# --- Concluded, opened again, taken back ------------------------------------------------------


@transaction.atomic
def close_appraisal(
    *, appraisal: Appraisal, version: int, closed_on: datetime.date, by, today: datetime.date
) -> Appraisal:
    """Conclude it. Refuses without a held meeting of the year, with somebody ungraded, on a day
    to come or before one of the steps."""
    appraisal = _locked(appraisal, version)
    if missing := missing_to_close(appraisal, appraisal.results.select_related("member")):
        raise Refused("；".join(missing))
    refuse_day(appraisal.year, closed_on, "办结日期", "closed_on", today)
    last = max([appraisal.meeting.held_on, *(day for day in _days(appraisal) if day)])
    if closed_on < last:
        raise Refused(f"办结日期早于评议的最后一天 {full_date(last)}，请核对", "closed_on")
    appraisal.closed_on = closed_on
    graded = dict.fromkeys(Grade.labels, 0)
    for grade in appraisal.results.exclude(grade="").values_list("grade", flat=True):
        graded[Grade(grade).label] += 1
    counted = {label: f"{count} 人" for label, count in graded.items()}
    return _saved(
        appraisal, "办结民主评议", by=by, after={"办结日期": full_date(closed_on)} | counted
    )


@transaction.atomic
def reopen_appraisal(*, appraisal: Appraisal, version: int, reason: str, by) -> Appraisal:
    """Open a concluded appraisal again. Refuses without a reason and what is not concluded."""
    if not reason.strip():
        raise Refused("请写明为什么重开", "reason")
    appraisal = _locked(appraisal, version, closed=True)
    before = {"办结日期": full_date(appraisal.closed_on)}
    appraisal.closed_on = None
    return _saved(
        appraisal, "重开民主评议", by=by, before=before, after={"办结日期": ""}, reason=reason
    )


@transaction.atomic
def withdraw_appraisal(*, appraisal: Appraisal, version: int, reason: str, by) -> None:
    """Take back an appraisal that was begun by mistake.

    Refuses without a reason, and as soon as ballots or a grade are in it or it is concluded.
    """
    if not reason.strip():
        raise Refused("请写明为什么撤销", "reason")
    appraisal = _locked(appraisal, version)
    for result in appraisal.results.select_related("member"):
        refuse_counted(result)
    _write_line(
        appraisal,
        "撤销民主评议",
        by=by,
        before={"人数": str(appraisal.results.count())} | step_words(appraisal),
        reason=reason,
    )
    appraisal.delete()


# --- Checks -----------------------------------------------------------------------------------


def _locked(appraisal: Appraisal, version: int, *, closed: bool = False) -> Appraisal:
    """The row under lock, if it is the version seen and concluded or not as asked."""
    appraisal = (
        Appraisal.objects.select_for_update(of=("self",))
        .select_related("organisation", "meeting")
        .get(pk=appraisal.pk)
    )
    if appraisal.version != version:
        raise ChangedMeanwhile(appraisal)
    if closed and appraisal.closed_on is None:
        raise Refused("这次评议还没有办结")
    if not closed and appraisal.closed_on is not None:
        raise Refused("这次评议已经办结，要改先重开并写明原因")
    return appraisal


def _meetings_of(appraisal: Appraisal):
    return appraisal_meetings(appraisal.organisation, appraisal.year)


# --- Writing ----------------------------------------------------------------------------------


def _put_part(result: AppraisalResult, part: Part, name: str) -> None:
    result.took_part = part.participation == Participation.HERE
    result.absence_note = ""
    if part.participation == Participation.ELSEWHERE:
        result.absence_note = ELSEWHERE_NOTE
    elif part.participation != Participation.HERE:
        if not part.reason.strip():
            raise Refused(f"请写明{name}为什么没有参加，如 外出务工", f"reason-{result.member_id}")
        result.absence_note = part.reason.strip()


def _days(appraisal: Appraisal) -> list[datetime.date | None]:
    return [getattr(appraisal, field) for field in STEPS]


def _saved_if_differing(appraisal, action: str, before: dict, after: dict, *, by) -> Appraisal:
    differing = [key for key in after if before.get(key, "") != after[key]]
    if not differing:
        return appraisal
    return _saved(
        appraisal,
        action,
        by=by,
        before={key: before.get(key, "") for key in differing},
        after={key: after[key] for key in differing},
    )


def _saved(appraisal: Appraisal, action: str, **line) -> Appraisal:
    appraisal.version += 1
    appraisal.save()
    _write_line(appraisal, action, **line)
    return appraisal


def _write_line(appraisal: Appraisal, action: str, *, by, **line) -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=appraisal.pk,
        label=f"{appraisal.organisation.short_name} {appraisal.year}年民主评议",
        organisation_id=appraisal.organisation_id,
        **line,
    )
    note_change(
        appraisal.organisation_id,
        AREA,
        datetime.date(appraisal.year, 1, 1),
        datetime.date(appraisal.year, 12, 31),
    )
