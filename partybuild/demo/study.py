"""What an invented branch studies beside its meetings: courses, make-up study, exemptions."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from meetings.enums import AttendanceState, MakeUpWay, TrainingKind, TrainingLevel
from meetings.models import MakeUp, StudyExemption, Training, TrainingAttendance
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post
from partybuild.demo.clock import at
from partybuild.demo.meetings import Gathering
from partybuild.demo.members import Person
from partybuild.demo.organisations import Branch, Order, Tree
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
_FRAIL_FROM = 80 * 365


@dataclass(frozen=True)
class Courses:
    """The courses above the branches: for secretaries by the county, for committees by each one."""

    secretaries: list[Training]
    committees: dict[object, Training]

    def all(self) -> list[Training]:
        return [*self.secretaries, *self.committees.values()]


def courses_of(tree: Tree, window: Window) -> Courses:
    """Those of the year that were over by the window's last day."""
    year, county = window.today.year, tree.county.organisation
    secretaries = [
        _course(county, "全县村（社区）和机关党支部书记轮训班", kind, (year, month, 12), 3, "24")
        for kind, month in ((TrainingKind.SECRETARIES, 5), (TrainingKind.INDUCTION, 9))
    ]
    secretaries[1].title = "新任党支部书记任职培训班"
    committees = {
        committee.organisation: _course(
            committee.organisation,
            "党支部委员培训班",
            TrainingKind.MEMBERS,
            (year, 6, 16),
            2,
            "16",
        )
        for committee in tree.committees
    }
    over = [course for course in secretaries if _is_over(course, window)]
    return Courses(
        over, {key: course for key, course in committees.items() if _is_over(course, window)}
    )


def _is_over(course: Training, window: Window) -> bool:
    return window.first <= course.starts_on and course.ends_on <= window.today


def _course(organisation, title: str, kind: str, first, days: int, hours: str) -> Training:
    starts_on = datetime.date(*first)
    ends_on = starts_on + (days - 1) * _DAY
    at_county = kind != TrainingKind.MEMBERS
    return Training(
        organisation=organisation,
        title=title,
        level=TrainingLevel.COUNTY if at_county else TrainingLevel.COMMITTEE,
        kind=kind,
        is_central=True,
        starts_on=starts_on,
        ends_on=ends_on,
        place="县委党校" if at_county else "党群服务中心",
        hours=Decimal(hours),
        entered_at=at(ends_on, 17),
    )


def attendances_of(
    branch: Branch, posts: list[Post], courses: Courses, rng: Random
) -> list[TrainingAttendance]:
    """Who of the branch went: committees in order send everybody."""
    rows = []
    committee = branch.above.organisation
    own = [courses.committees[committee]] if committee in courses.committees else []
    for course in [*courses.secretaries, *own]:
        sent = [post for post in posts if _is_called(post, course)]
        if branch.order is Order.POOR and rng.random() < 0.6:
            continue
        rows += [
            TrainingAttendance(
                training=course,
                member=post.member,
                organisation=branch.organisation,
                hours=course.hours,
            )
            for post in {id(post.member): post for post in sent}.values()
        ]
    return rows


def _is_called(post: Post, course: Training) -> bool:
    day = course.ends_on
    if post.starts_on > day or (post.ends_on is not None and post.ends_on < day):
        return False
    if course.kind == TrainingKind.MEMBERS:
        return post.title in COMMITTEE_TITLES
    if course.kind == TrainingKind.INDUCTION:
        return post.title == PostTitle.SECRETARY and post.starts_on > day - 366 * _DAY
    return post.title == PostTitle.SECRETARY


def make_ups_of(
    branch: Branch, gatherings: list[Gathering], window: Window, rng: Random
) -> list[MakeUp]:
    """Part of what was missed, studied within the fortnight."""
    share = {Order.GOOD: 0.5, Order.FAIR: 0.2, Order.POOR: 0.0}[branch.order]
    rows = []
    for gathering in gatherings:
        meeting = gathering.meeting
        if not meeting.hours:
            continue
        for member, state, _reason, _formal in gathering.roster:
            done_on = meeting.held_on + rng.randint(2, 14) * _DAY
            if state == AttendanceState.PRESENT or done_on > window.today or rng.random() > share:
                continue
            rows.append(
                MakeUp(
                    meeting=meeting,
                    member=member,
                    done_on=done_on,
                    way=rng.choice(MakeUpWay.values),
                    hours=meeting.hours,
                    entered_at=at(done_on, 20),
                )
            )
    return rows


def exemptions_of(branch: Branch, people: list[Person], window: Window) -> list[StudyExemption]:
    """The oldest, by a decision of January for the year; branches in disorder decided nothing."""
    year = window.today.year
    decided_on = max(datetime.date(year, 1, 10), window.first)
    if branch.order is Order.POOR or decided_on > window.today:
        return []
    return [
        StudyExemption(
            member=person.member,
            organisation=branch.organisation,
            starts_on=datetime.date(year, 1, 1),
            ends_on=datetime.date(year, 12, 31),
            decided_on=decided_on,
            decided_by="支部委员会",
            entered_at=at(decided_on, 16),
        )
        for person in people
        if (decided_on - person.member.born_on).days >= _FRAIL_FROM
        and person.member.left_on is None
        and person.member.organisation is branch.organisation
        and person.stays[-1].starts_on <= decided_on
    ]
