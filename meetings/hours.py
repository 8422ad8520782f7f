"""Study hours (学时): what members have earned, what is asked of whom, and who need not reach it."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, Sum

from branches.models import Kind
from branches.scope import paths_reached
from branches.values import Key
from meetings.enums import FULL_NAMES, AttendanceState, MeetingState, Type
from meetings.models import Attendance, MakeUp, StudyExemption, TrainingAttendance
from members.enums import COMMITTEE_TITLES
from members.models import Member, Post

YEARLY_HOURS = Key(
    name="meetings.study_hours",
    label="党员每年集中学习学时",
    default=32,
    unit="学时",
    minimum=1,
    maximum=500,
    help="中国共产党党员教育管理工作条例（2019）第二十条",
)
LEADERS_HOURS = Key(
    name="meetings.leaders_study_hours",
    label="书记、委员每年集中学习学时",
    default=56,
    unit="学时",
    minimum=1,
    maximum=500,
    help="2019—2023年全国党员教育培训工作规划；2024—2028年规划是否沿用待核实",
)


def counted_attendance(start: datetime.date, end: datetime.date):
    """Presences that earn hours: at meetings held between the two days."""
    return Attendance.objects.filter(
        state=AttendanceState.PRESENT,
        meeting__state=MeetingState.HELD,
        meeting__held_on__gte=start,
        meeting__held_on__lte=end,
    )


def counted_make_ups(start: datetime.date, end: datetime.date):
    """Make-up study that earns hours on the day it was done, between the two days.

    Not where the member stands as present at that meeting after all, nor where the meeting was
    taken back.
    """
    return MakeUp.objects.filter(
        ~Exists(_presence_at_the_same()),
        meeting__state=MeetingState.HELD,
        done_on__gte=start,
        done_on__lte=end,
    )


def _presence_at_the_same():
    return Attendance.objects.filter(
        meeting=OuterRef("meeting"), member=OuterRef("member"), state=AttendanceState.PRESENT
    )


def counted_courses(start: datetime.date, end: datetime.date):
    """Courses attended that earn hours on their last day, between the two days."""
    return TrainingAttendance.objects.filter(
        training__cancelled_at=None, training__ends_on__gte=start, training__ends_on__lte=end
    )


def hours_by_member(start: datetime.date, end: datetime.date, members=None) -> dict[int, Decimal]:
    """Hours earned between the two days, by member key; members without any are left out.

    Presences, make-up study and courses, in three queries for any number of members.
    `members` is a queryset or list of keys; None means everybody.
    """
    earned: dict[int, Decimal] = defaultdict(Decimal)
    for rows, hours in (
        (counted_attendance(start, end), "meeting__hours"),
        (counted_make_ups(start, end), "hours"),
        (counted_courses(start, end), "hours"),
    ):
        if members is not None:
            rows = rows.filter(member__in=members)
        for member_id, total in (
            rows.order_by()
            .values("member_id")
            .annotate(total=Sum(hours))
            .filter(total__gt=0)
            .values_list("member_id", "total")
        ):
            earned[member_id] += total
    return dict(earned)


def hours_due(yearly: int, day: datetime.date) -> Decimal:
    """Hours that an even pace would have reached before `day`, to one decimal."""
    year_start = datetime.date(day.year, 1, 1)
    days = (datetime.date(day.year + 1, 1, 1) - year_start).days
    return (Decimal(yearly) * (day - year_start).days / days).quantize(Decimal("0.1"))


# --- Of whom how much -----------------------------------------------------------------------


def _leading(day: datetime.date):
    """Committee posts of branches held by members on `day`; other organisations' do not count."""
    return (
        Post.objects.on(day)
        .filter(organisation__kind=Kind.BRANCH, title__in=COMMITTEE_TITLES, member__isnull=False)
        .filter(Q(member__left_on__isnull=True) | Q(member__left_on__gt=day))
    )


def leaders_of(organisations, day: datetime.date) -> dict[int, set[int]]:
    """Keys of the secretaries and committee members of each branch on `day`, by posts on record."""
    found: dict[int, set[int]] = defaultdict(set)
    for pk, member_id in (
        _leading(day)
        .filter(organisation__in=organisations)
        .values_list("organisation_id", "member_id")
    ):
        found[pk].add(member_id)
    return dict(found)


def posts_among(members, day: datetime.date) -> dict[int, str]:
    """Which of these members lead a branch on `day`, with their highest post there in words."""
    found: dict[int, Post] = {}
    for post in _leading(day).filter(member__in=members).order_by("pk"):
        known = found.get(post.member_id)
        if known is None or _rank(post) < _rank(known):
            found[post.member_id] = post
    return {member_id: post.get_title_display() for member_id, post in found.items()}


def _rank(post: Post) -> int:
    return COMMITTEE_TITLES.index(post.title)


def exempt_on(day: datetime.date, members=None) -> dict[int, StudyExemption]:
    """The exemption in force on `day` of each member who has one."""
    rows = StudyExemption.objects.on(day)
    if members is not None:
        rows = rows.filter(member__in=members)
    return {row.member_id: row for row in rows.order_by("ends_on", "pk")}


# --- One member, line by line ---------------------------------------------------------------


@dataclass(frozen=True)
class StudyLine:
    """One record of a member's study. `counts` is False for a make-up that no longer counts.

    `topic` and `place` (URL name and key) are empty where the reader may not look at the record.
    """

    on: datetime.date
    kind: str
    words: str
    topic: str
    hours: Decimal
    counts: bool = True
    place: tuple[str, int] | None = None


def hours_of(
    member: Member, year: int, *, until: datetime.date | None = None, reader=None
) -> list[StudyLine]:
    """Everything a member studied in a year, oldest first; the counting lines add up to
    `hours_by_member`. `reader` hides what he or she may not open; None shows everything."""
    start, end = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    end = min(end, until) if until else end
    reached = ("",) if reader is None else paths_reached(reader)
    lines = [
        *_meeting_lines(member, start, end, reached),
        *_make_up_lines(member, start, end, reached),
        *_course_lines(member, start, end),
    ]
    return sorted(lines, key=lambda line: (line.on, line.kind, line.place or ("", 0)))


def _kinds(meeting) -> str:
    return "、".join(FULL_NAMES[Type(row.type)] for row in meeting.types.all())


def _shown(meeting, reached: tuple[str, ...]) -> tuple[str, tuple[str, int] | None]:
    """A meeting's topic and address, or that it was held elsewhere."""
    if any(meeting.organisation.path.startswith(prefix) for prefix in reached):
        return meeting.topic, ("meetings:detail", meeting.pk)
    return "在其他支部", None


def _meeting_lines(member, start, end, reached):
    rows = (
        counted_attendance(start, end)
        .filter(member=member, meeting__hours__gt=0)
        .select_related("meeting__organisation")
        .prefetch_related("meeting__types")
    )
    for row in rows:
        topic, place = _shown(row.meeting, reached)
        yield StudyLine(
            row.meeting.held_on,
            "会议",
            _kinds(row.meeting),
            topic,
            row.meeting.hours,
            place=place,
        )


def _make_up_lines(member, start, end, reached):
    rows = (
        MakeUp.objects.filter(member=member, done_on__gte=start, done_on__lte=end)
        .annotate(came=Exists(_presence_at_the_same()))
        .select_related("meeting__organisation")
        .prefetch_related("meeting__types")
    )
    for row in rows:
        topic, place = _shown(row.meeting, reached)
        held = row.meeting.held_on
        words = f"{row.get_way_display()}，补 {held.month}月{held.day}日{_kinds(row.meeting)}"
        counts = not row.came and row.meeting.state == MeetingState.HELD
        if not counts:
            topic = "已改为到会，补学不再计入" if row.came else "会议已作废，补学不再计入"
        yield StudyLine(row.done_on, "补学", words, topic, row.hours, counts, place)


def _course_lines(member, start, end):
    rows = counted_courses(start, end).filter(member=member).select_related("training")
    for row in rows:
        course = row.training
        words = f"{course.get_kind_display()}，{course.get_level_display()}"
        yield StudyLine(
            course.ends_on,
            "培训",
            words,
            course.title,
            row.hours,
            place=("meetings:training", course.pk),
        )
