"""Whether those who lead a branch are trained: every year, and when they are new."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.urls import reverse

from accounts.roles import Action
from branches.models import Kind, Organisation
from branches.periods import Span, add_months
from branches.values import Key
from branches.words import full_date
from compliance.judging import horizon_on
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from meetings.enums import TrainingKind, TrainingLevel
from meetings.models import TrainingAttendance
from members.enums import PostTitle
from members.models import Post
from members.posts import unbroken_since

TRAININGS_A_YEAR = Key(
    "meetings.secretary_trainings", "书记每年轮训次数", 1, unit="次", minimum=1, maximum=4
)
INDUCTION_MONTHS = Key(
    "meetings.induction_months",
    "新任书记几个月内参加任职培训",
    6,
    unit="个月",
    minimum=1,
    maximum=24,
    help="2019—2023年全国党员教育培训工作规划；2024—2028年规划是否沿用待核实",
)
_DAY = datetime.timedelta(days=1)
# By the county or above, and by the 党（工）委 as the county's plan has it; not by the branch itself.
_LEVELS = (TrainingLevel.COMMITTEE, TrainingLevel.COUNTY, TrainingLevel.ABOVE)
_AREAS = frozenset({"meetings", "members", "branches"})
_SOURCE = "2019—2023年全国党员教育培训工作规划；2024—2028年规划是否沿用待核实"
# Entered by whoever organised the course.
_CURE = Cure(
    "看培训记录", "meetings:trainings", actions=(Action.RECORD_BRANCH_MEETING, Action.KEEP_BRANCH)
)


def _secretaries(organisations, day: datetime.date):
    """Posts of secretary of these branches on `day`, those known by name only too."""
    return (
        Post.objects.on(day)
        .filter(organisation__in=organisations, title=PostTitle.SECRETARY)
        .order_by("pk")
    )


def _courses(posts: list[Post], start: datetime.date | None, end: datetime.date, **facts):
    """Courses of the holders up to `end`, by member key and in order of their last day."""
    found: dict[int, list[TrainingAttendance]] = defaultdict(list)
    rows = TrainingAttendance.objects.filter(
        training__cancelled_at=None, training__ends_on__lte=end, **facts
    )
    if len(posts) < 1000:
        rows = rows.filter(member__in=[post.member_id for post in posts if post.member_id])
    if start is not None:
        rows = rows.filter(training__ends_on__gte=start)
    for row in rows.select_related("training").order_by("training__ends_on", "pk"):
        found[row.member_id].append(row)
    return found


def _record(row: TrainingAttendance) -> Record:
    course = row.training
    return Record(
        text=course.title,
        on=course.ends_on,
        note=f"{course.get_kind_display()}，{course.get_level_display()}，{row.hours:.1f} 学时",
        url=reverse("meetings:training", args=[course.pk]),
    )


# --- SEC-TRAIN ----------------------------------------------------------------------------


def _yearly(question: Question, posts: list[Post]):
    return _courses(
        posts,
        question.starts_on,
        question.ends_on,
        training__kind=TrainingKind.SECRETARIES,
        training__level__in=_LEVELS,
    )


def _measure_secretary_training(question: Question):
    required = question.value(TRAININGS_A_YEAR)
    posts = list(_secretaries(question.organisations, question.ends_on))
    courses = _yearly(question, posts)
    for post in posts:
        if post.member_id is None:
            continue
        taken = courses.get(post.member_id, [])
        met_on = taken[required - 1].training.ends_on if len(taken) >= required else None
        yield Measured(post.organisation_id, required, len(taken), met_on=met_on)


def _secretary_training_evidence(question: Question, organisation: Organisation) -> Evidence:
    post = _secretaries([organisation.pk], question.ends_on).first()
    if post is None:
        return Evidence(counted=[], facts=[("现任书记", "空缺，不核对")])
    if post.member_id is None:
        return Evidence(counted=[], facts=[_only_a_name(post)])
    taken = _yearly(question, [post]).get(post.member_id, [])
    return Evidence(counted=[_record(row) for row in taken], facts=[_holder(post)])


def _holder(post: Post) -> tuple[str, str]:
    since = f"，{full_date(post.starts_on)}任职" if post.starts_on else "，没有登记任职日期"
    return "现任书记", f"{post.person_name}{since}"


def _only_a_name(post: Post) -> tuple[str, str]:
    return "现任书记", f"{post.person_name}只登记了姓名，没有对应到党员，不核对"


SECRETARY_IS_TRAINED = register(
    Rule(
        code="meetings.secretary_training",
        record="SEC-TRAIN",
        title="书记轮训",
        short="书记轮训",
        headline="参加 {period}书记轮训",
        asks="书记每年 {value} 次",
        wording="党支部书记每年至少参加1次县级以上党组织举办的集中轮训；县方案由各党（工）委每年组织1次。",
        source=_SOURCE,
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="数核对日在任书记当年参加的类别为“书记轮训”、由党（工）委、县级或县级以上举办的培训，"
        "按最后一天计入年度；作废的不算，前任参加的不算。书记空缺或只登记了姓名的支部不核对。最多显示为落后。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_measure_secretary_training,
        evidence=_secretary_training_evidence,
        cure=_CURE,
        keys=(TRAININGS_A_YEAR,),
        from_founding=True,
        strict=False,
    )
)


# --- SEC-NEW ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Newcomer:
    """A secretary with the day of taking office, over several terms without a gap."""

    post: Post
    since: datetime.date
    due_on: datetime.date


def _newcomers(question: Question, posts: list[Post]) -> list[_Newcomer]:
    """Secretaries whose last day for induction lies within the county's records here.

    What was due before the records begin was never asked here; without any records nothing is.
    """
    begins_on = horizon_on(question.as_of, question.values).begins_on
    if begins_on == datetime.date.min:
        return []
    months = question.value(INDUCTION_MONTHS)
    known = [post for post in posts if post.member_id and post.starts_on]
    terms = defaultdict(list)
    for post in Post.objects.filter(
        organisation__in={post.organisation_id for post in known}
        if len(known) < 1000
        else question.organisations,
        title=PostTitle.SECRETARY,
    ):
        terms[post.organisation_id].append(post)
    found = []
    for post in known:
        since = unbroken_since(post, terms[post.organisation_id])
        # An earlier term without a start day: in office for longer than is known.
        if since and (due_on := add_months(since, months)) >= begins_on:
            found.append(_Newcomer(post, since, due_on))
    return found


def _inductions(question: Question, newcomers: list[_Newcomer]):
    posts = [one.post for one in newcomers]
    courses = _courses(posts, None, question.as_of, training__kind=TrainingKind.INDUCTION)
    return {
        one.post.pk: [
            row for row in courses.get(one.post.member_id, []) if row.training.ends_on >= one.since
        ]
        for one in newcomers
    }


def _measure_induction(question: Question):
    posts = list(_secretaries(question.organisations, question.as_of))
    newcomers = _newcomers(question, posts)
    taken = _inductions(question, newcomers)
    late = {
        one.post.organisation_id: one.due_on + _DAY
        for one in newcomers
        if question.as_of > one.due_on and not taken[one.post.pk]
    }
    for pk in question.organisations.values_list("pk", flat=True):
        yield Measured(pk, 0, int(pk in late), since=late.get(pk))


def _induction_evidence(question: Question, organisation: Organisation) -> Evidence:
    post = _secretaries([organisation.pk], question.as_of).first()
    if post is None:
        return Evidence(counted=[], facts=[("现任书记", "空缺，不核对")])
    if post.member_id is None:
        return Evidence(counted=[], facts=[_only_a_name(post)])
    facts = [_holder(post)]
    if post.starts_on is None:
        return Evidence(counted=[], facts=[*facts, ("任职培训", "没有任职日期，不核对")])
    newcomers = _newcomers(question, [post])
    if not newcomers:
        return Evidence(counted=[], facts=[*facts, ("任职培训", "期限在启用本系统以前，不核对")])
    one = newcomers[0]
    facts.append(("应参加任职培训", f"{full_date(one.due_on)}前"))
    taken = _inductions(question, newcomers)[post.pk]
    for row in taken:
        facts.append(("已参加", f"{row.training.title}，{full_date(row.training.ends_on)}"))
    if taken or question.as_of <= one.due_on:
        return Evidence(counted=[], facts=facts)
    record = Record(
        text=f"{post.person_name}任职后没有参加任职培训的记录",
        on=one.due_on,
        url=reverse("meetings:study", args=[post.member_id]),
    )
    return Evidence(counted=[record], facts=facts)


NEW_SECRETARY_IS_TRAINED = register(
    Rule(
        code="meetings.new_secretary_training",
        record="SEC-NEW",
        title="新任书记任职培训",
        short="任职培训",
        headline="参加新任书记任职培训",
        asks="任职 {value} 个月内",
        wording="新任党支部书记一般应当在任职6个月内参加任职培训。",
        source=_SOURCE,
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="核对日在任书记任职已超过规定的月数，任职以来没有类别为“新任书记任职培训”的培训记录，计 1；"
        "满期当天不算。连任的从第一次任职起算。没有任职日期、只登记了姓名、"
        "期限在启用本系统以前的不核对。最多显示为落后。",
        span=None,
        areas=_AREAS,
        measure=_measure_induction,
        evidence=_induction_evidence,
        cure=_CURE,
        unit="项",
        keys=(INDUCTION_MONTHS,),
        kinds=frozenset({Kind.BRANCH}),
        strict=False,
    )
)
