"""An appraisal as the trail says it: texts before and after."""

from branches.words import full_date
from meetings.appraising import STEPS, Ballots, participation_of
from meetings.enums import Grade, Participation
from meetings.models import Appraisal, AppraisalResult


def part_words(result: AppraisalResult | None) -> str:
    if result is None:
        return Participation.OUT.label
    part = participation_of(result)
    if part == Participation.ABSENT:
        return f"{part.label}（{result.absence_note}）"
    return str(part.label)


def step_words(appraisal: Appraisal) -> dict[str, str]:
    days = {name: full_date(getattr(appraisal, field)) for field, name in STEPS.items()}
    return days | {
        "分党小组": "是" if appraisal.in_groups else "否",
        "会议": full_date(appraisal.meeting.held_on) if appraisal.meeting else "",
    }


def sheet_words(appraisal: Appraisal) -> dict[str, str]:
    counts = {
        "发出": appraisal.ballots_sent,
        "收回": appraisal.ballots_back,
        "有效": appraisal.ballots_valid,
    }
    words = {name: "" if count is None else f"{count} 张" for name, count in counts.items()}
    return words | {"民主测评": full_date(appraisal.ballot_on)}


def ballot_words(ballots: Ballots) -> str:
    return "、".join(
        f"{Grade(grade).label} {count}"
        for grade, count in ballots.by_grade().items()
        if count is not None
    )
