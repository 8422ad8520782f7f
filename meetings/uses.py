"""Where the record of a meeting is used, and what falls when it is taken back. Reads only."""

from dataclasses import dataclass

from django.db.models import Q

from branches.links import link
from branches.periods import Span, period_of
from meetings import plans
from meetings.enums import (
    BRANCH_BUILDING,
    FOR_A_YEAR,
    FULL_NAMES,
    AttendanceState,
    InvitationState,
    MeetingState,
    Type,
)
from meetings.models import Appraisal, JointInvitation, MakeUp, MatterStep, Meeting, PlanItem

# The stretch of time over which meetings of a type are counted.
_SPANS = {
    Type.COMMITTEE: Span.MONTH,
    Type.GROUP: Span.MONTH,
    Type.THEME_DAY: Span.MONTH,
    Type.MEMBERS_MEETING: Span.QUARTER,
}


@dataclass(frozen=True)
class Rest:
    """Something that rests on a meeting, with the way out for whoever wants it gone."""

    text: str
    way_out: str
    url: str = ""


@dataclass(frozen=True)
class Use:
    """One place where a meeting counts; `fall` says what becomes of it when the meeting goes."""

    label: str
    fall: str = ""
    url: str = ""


def resting_on(meeting: Meeting) -> list[Rest]:
    """What keeps the meeting from being taken back: an appraisal, steps of 四议两公开."""
    rests = [
        Rest(
            f"{appraisal.year}年民主评议用了这次会议",
            "请先在民主评议里换成别的会议，再作废",
            link("meetings:appraisal", appraisal.pk) or link("meetings:appraisals"),
        )
        for appraisal in Appraisal.objects.filter(meeting=meeting)
    ]
    steps = MatterStep.objects.filter(meeting=meeting).select_related("matter")
    rests += [
        Rest(
            f"四议两公开“{step.matter.title}”的{step.get_stage_display()}用了这次会议",
            "请先去掉这个环节或换成别的会议，再作废",
            link("meetings:matter", step.matter_id) or link("meetings:matters"),
        )
        for step in steps
    ]
    return rests


def uses_of(meeting: Meeting, types: list[str], present: int) -> list[Use]:
    """Everything a held meeting counts for, in a fixed number of queries for any roster."""
    if meeting.state != MeetingState.HELD:
        return []
    code = meeting.organisation.code
    uses = []
    if meeting.hours and present:
        hours = f"{meeting.hours:.1f}"
        uses.append(
            Use(
                f"学习学时：到会 {present} 人，每人 +{hours} 学时",
                f"到会 {present} 人每人少 {hours} 学时",
                link("meetings:hours", branch=code, year=meeting.held_on.year),
            )
        )
    uses += [_count(meeting, type) for type in types]
    if meeting.on_branch_building:
        uses.append(_study_of_the_year(meeting))
    uses += _planned(meeting)
    uses += _beside(meeting)
    uses.append(
        Use(
            "三会一课台账",
            "台账里标为已作废，不再计数",
            link("meetings:list", branch=code, year=meeting.held_on.year),
        )
    )
    return uses


def _count(meeting: Meeting, type: str) -> Use:
    """How many of its type the meeting makes in its month, quarter or year: 2026年党课第 3 次."""
    held = Meeting.objects.filter(
        organisation_id=meeting.organisation_id, state=MeetingState.HELD, types__type=type
    )
    if type in FOR_A_YEAR:
        year = meeting.for_year or meeting.held_on.year
        # Imports may leave the year open: then it is that of the day.
        meant = Q(for_year=year) | Q(for_year=None, held_on__year=year)
        held, label = held.filter(meant), f"{year}年度"
    else:
        period = period_of(_SPANS.get(type, Span.YEAR), meeting.held_on)
        held = held.filter(held_on__gte=period.starts_on, held_on__lte=period.ends_on)
        label = period.label
    days = sorted(held.values_list("held_on", "pk"))
    place = days.index((meeting.held_on, meeting.pk)) + 1
    name = FULL_NAMES[Type(type)]
    return Use(
        f"{label}{name}第 {place} 次",
        f"{label}{name} {len(days)} 次变为 {len(days) - 1} 次",
        link(
            "meetings:list",
            branch=meeting.organisation.code,
            types=type,
            year=meeting.held_on.year,
        ),
    )


def _study_of_the_year(meeting: Meeting) -> Use:
    """How many studies of the branch's building the meeting makes in its year."""
    year = meeting.held_on.year
    studies = Meeting.objects.filter(
        organisation_id=meeting.organisation_id,
        state=MeetingState.HELD,
        on_branch_building=True,
        held_on__year=year,
    )
    days = sorted(studies.values_list("held_on", "pk"))
    place = days.index((meeting.held_on, meeting.pk)) + 1
    name = f"{year}年{BRANCH_BUILDING}"
    return Use(f"{name}第 {place} 次", f"{name} {len(days)} 次变为 {len(days) - 1} 次")


def _planned(meeting: Meeting) -> list[Use]:
    """The lines of the year plan that the meeting serves."""
    organisation = meeting.organisation
    uses = []
    for year in sorted({meeting.held_on.year, meeting.for_year or meeting.held_on.year}):
        lines = plans.lines_of(organisation, year)
        served = plans.paired(lines, plans.held_for(organisation, year)) if lines else {}
        uses += [
            Use(
                f"{year}年度计划：{_line_words(line)}",
                f"{year}年度计划的“{_line_words(line)}”重新待开",
                link("meetings:plan", branch=organisation.code, year=year),
            )
            for line in lines
            if line.pk in served and served[line.pk].pk == meeting.pk
        ]
    return uses


def _line_words(line: PlanItem) -> str:
    month = f"{line.planned_on.month}月"
    day = month if line.month_only else f"{month}{line.planned_on.day}日"
    return f"{day} {line.get_type_display()}"


def _beside(meeting: Meeting) -> list[Use]:
    """Resolutions, make-ups and joint activities that hang on the meeting."""
    uses = []
    if number := meeting.resolutions.count():
        uses.append(Use(f"决议 {number} 项", f"{number} 项决议随会议作废，仍可查看"))
    made_up = MakeUp.objects.filter(meeting=meeting).count()
    if made_up:
        uses.append(
            Use(
                f"补学 {made_up} 人",
                f"{made_up} 人的补学学时同时去掉",
                link("meetings:make_ups", branch=meeting.organisation.code),
            )
        )
    invited = JointInvitation.objects.filter(meeting=meeting).exclude(
        state=InvitationState.WITHDRAWN
    )
    if number := invited.count():
        uses.append(
            Use(f"共同活动，邀请了 {number} 个支部", "会告诉被邀请的支部；他们自己的登记不变")
        )
    host = (
        JointInvitation.objects.filter(own_meeting=meeting)
        .select_related("meeting__organisation")
        .first()
    )
    if host is not None:
        uses.append(
            Use(
                f"参加{host.meeting.organisation.short_name}的共同活动",
                "共同活动的邀请重新等待点名登记",
            )
        )
    return uses


def present_at(meeting: Meeting) -> int:
    """How many came."""
    return meeting.attendances.filter(state=AttendanceState.PRESENT).count()
