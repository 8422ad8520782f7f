"""民主评议党员: what can be said about an appraisal, and the checks that need no write."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from branches.models import Organisation
from branches.values import Key
from branches.words import full_date
from meetings.enums import Grade, MeetingState, Participation, Type
from meetings.models import Appraisal, AppraisalResult, Meeting
from meetings.rosters import was_formal
from members import facts
from members.models import Absence
from members.roster import roster

# A rule of thumb on the share of 优秀; sources: rules on 民主评议, as advice.
EXCELLENT_ONE_IN = Key(
    "meetings.excellent_one_in",
    "民主评议评为优秀的一般不超过几分之一",
    3,
    unit="分之一",
    minimum=1,
    maximum=10,
    help="按评定等次的正式党员人数计算，舍去零头；超过时只提醒，不拦着",
)

# The steps in their order, by the field that holds the day. Source: 支部条例 Art. 18.
STEPS = {
    "self_on": "个人自评",
    "mutual_on": "党员互评",
    "ballot_on": "民主测评",
    "opinion_on": "支部评定",
}
# What is noted of a floating member who is appraised where he or she lives; 教育管理条例 allows it.
ELSEWHERE_NOTE = "在现居住地参加评议"


@dataclass(frozen=True)
class Ballots:
    """Sheets counted for one member; None where nothing was entered."""

    excellent: int | None = None
    qualified: int | None = None
    basic: int | None = None
    unqualified: int | None = None

    def by_grade(self) -> dict[str, int | None]:
        return {grade.value: getattr(self, grade.value) for grade in Grade}

    @property
    def is_empty(self) -> bool:
        return all(count is None for count in self.by_grade().values())

    @property
    def given(self) -> int:
        """Sheets that named one of the grades."""
        return sum(count or 0 for count in self.by_grade().values())


def ballots_of(result: AppraisalResult) -> Ballots:
    return Ballots(**{grade.value: getattr(result, grade.value) for grade in Grade})


def ballots_fault(ballots: Ballots, valid: int | None) -> str:
    """Why these counts cannot be: more sheets than valid ones; "" where they can."""
    if ballots.is_empty or valid is None or ballots.given <= valid:
        return ""
    parts = " + ".join(str(count) for count in ballots.by_grade().values() if count)
    over = ballots.given - valid
    return f"{parts} = {ballots.given} 票，比有效票 {valid} 多 {over} 票，请核对"


def abstentions(ballots: Ballots, valid: int | None) -> int | None:
    """Valid sheets without a grade for this member (弃权); None where nothing was entered."""
    if ballots.is_empty or valid is None or ballots.given > valid:
        return None
    return valid - ballots.given


def by_ballots(result: AppraisalResult) -> tuple:
    """Sorting key: most 优秀 first, then most 合格, fewest 不合格; without ballots last."""
    ballots = ballots_of(result)
    return (
        ballots.is_empty,
        -(ballots.excellent or 0),
        -(ballots.qualified or 0),
        ballots.unqualified or 0,
        result.pk,
    )


def to_grade(results: Iterable[AppraisalResult]) -> list[AppraisalResult]:
    """Formal members who take part, and those who were graded though they did not."""
    return [one for one in results if one.was_formal and (one.took_part or one.grade)]


def share_words(one_in: int) -> str:
    """三分之一 for 3."""
    return f"{'一二三四五六七八九十'[one_in - 1]}分之一"


def excellent_limit(graded: int, one_in: int) -> int:
    """How many may be 优秀 by the rule of thumb: `floor(n / 3)` by default."""
    return graded // one_in


def excellent_advice(results: Iterable[AppraisalResult], one_in: int) -> str:
    """A sentence where more are 优秀 than the rule of thumb allows; "" otherwise."""
    graded = to_grade(results)
    excellent = sum(one.grade == Grade.EXCELLENT for one in graded)
    limit = excellent_limit(len(graded), one_in)
    if excellent <= limit:
        return ""
    return (
        f"评为优秀 {excellent} 人，超过评定等次的 {len(graded)} 人的{share_words(one_in)}（{limit} 人）；"
        "一般不超过，请支部再斟酌"
    )


def out_of_order(appraisal: Appraisal) -> list[str]:
    """Steps whose day is before that of an earlier step. Said, never refused."""
    known = [(name, day) for field, name in STEPS.items() if (day := getattr(appraisal, field))]
    said = []
    for (earlier, before), (later, after) in pairwise(known):
        if after < before:
            said.append(
                f"{later}（{full_date(after)}）早于{earlier}（{full_date(before)}），请核对"
            )
    return said


def next_step(appraisal: Appraisal) -> str:
    """The name of the first step without a day; "" when all have one."""
    return next((name for field, name in STEPS.items() if not getattr(appraisal, field)), "")


def stepper(appraisal: Appraisal) -> list[dict[str, str]]:
    """The steps as `partials/zb_steps.html` shows them."""
    current = "" if appraisal.closed_on else next_step(appraisal)
    steps = []
    for field, name in STEPS.items():
        day = getattr(appraisal, field)
        state = "done" if day else "current" if name == current else "todo"
        note = full_date(day) or ("没有登记日期" if appraisal.closed_on else "")
        steps.append({"name": name, "state": state, "note": note})
    return steps


def missing_to_close(appraisal: Appraisal, results: Iterable[AppraisalResult]) -> list[str]:
    """What is still to be done before the appraisal can be concluded, each with its way out."""
    missing = []
    if appraisal.meeting is None:
        missing.append("还没有选本年度的民主评议会议，在“步骤和会议”里选好保存")
    elif appraisal.meeting.state != MeetingState.HELD:
        missing.append("选的民主评议会议还没有登记为已召开")
    ungraded = [one.member.name for one in to_grade(results) if not one.grade]
    if ungraded:
        listed = "、".join(ungraded[:5]) + ("等" if len(ungraded) > 5 else "")
        missing.append(f"还有 {len(ungraded)} 名参加评议的正式党员没有评定等次：{listed}")
    return missing


def appraisal_meetings(organisation: Organisation, year: int):
    """Held meetings of type 民主评议 for that year, the latest first."""
    return Meeting.objects.filter(
        organisation=organisation,
        state=MeetingState.HELD,
        types__type=Type.APPRAISAL,
        for_year=year,
    ).order_by("-held_on", "-pk")


# --- Who takes part -------------------------------------------------------------------------


@dataclass(frozen=True)
class Participant:
    """One member on the roster of a day; `away` says that he or she is floating or abroad."""

    member_id: int
    name: str
    was_formal: bool
    away: str = ""


def participants_on(organisation: Organisation, day: datetime.date) -> list[Participant]:
    """Members whose relation is with the branch on `day`, in list order."""
    memberships = list(
        roster([organisation], day).select_related("member").order_by("member_id", "pk")
    )
    away = {
        absence.member_id: absence.get_kind_display()
        for absence in Absence.objects.on(day).filter(
            member__in=[membership.member_id for membership in memberships]
        )
    }
    people = {
        membership.member_id: Participant(
            membership.member_id,
            membership.member.name,
            was_formal(membership.member, day),
            away.get(membership.member_id, ""),
        )
        for membership in memberships
    }
    return list(people.values())


def participation_of(result: AppraisalResult) -> Participation:
    """How the member stood to the appraisal, from what is stored."""
    if result.took_part:
        return Participation.HERE
    if result.absence_note == ELSEWHERE_NOTE:
        return Participation.ELSEWHERE
    return Participation.ABSENT


# --- For the page of a member ---------------------------------------------------------------


def appraisals_of(members: list[int], count: int) -> dict[int, list[facts.Appraised]]:
    """The latest concluded appraisals of these members, by member key, newest first."""
    found: dict[int, list[facts.Appraised]] = {}
    for result in (
        AppraisalResult.objects.filter(member__in=members, appraisal__closed_on__isnull=False)
        .select_related("appraisal__organisation")
        .order_by("member_id", "-appraisal__year", "-appraisal_id")
    ):
        years = found.setdefault(result.member_id, [])
        if len(years) < count:
            words = result.get_grade_display() or result_words(result)
            years.append(facts.Appraised(result.appraisal.year, words))
    return found


def result_words(result: AppraisalResult) -> str:
    """What stands where a grade would: the grade, or why there is none."""
    if result.grade:
        return result.get_grade_display()
    if not result.was_formal:
        return "预备党员，不评定等次"
    if not result.took_part:
        return result.absence_note or "未参加"
    return "未评定"
