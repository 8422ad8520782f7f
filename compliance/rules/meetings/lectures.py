"""党课 by the secretary of a Party committee, working committee or leading group."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from accounts.roles import Action
from branches.models import COMMITTEE_KINDS, Organisation
from branches.periods import Span
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
from meetings.enums import MeetingState, Type
from meetings.models import MeetingType
from members.enums import PostTitle
from members.models import Post


@dataclass(frozen=True)
class _Lecture:
    """One lecture that counts, and by what it was recognised."""

    meeting_id: int
    held_on: datetime.date
    topic: str
    place: str
    note: str


def _lectures(question: Question, organisations) -> dict[int, list[_Lecture]]:
    """By organisation the lectures that count, the earliest first; two queries."""
    posts = list(
        Post.objects.filter(organisation__in=organisations, title=PostTitle.SECRETARY)
        .filter(Q(starts_on__isnull=True) | Q(starts_on__lte=question.ends_on))
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=question.starts_on))
        .select_related("organisation")
    )
    own = dict.fromkeys(organisations.values_list("pk", flat=True))
    found: dict[int, list[_Lecture]] = defaultdict(list)
    rows = (
        MeetingType.objects.filter(
            type=Type.LECTURE,
            meeting__state=MeetingState.HELD,
            meeting__held_on__range=(question.starts_on, question.ends_on),
        )
        .filter(
            Q(meeting__organisation__in=list(own))
            | Q(meeting__lecturer__in=[post.member_id for post in posts if post.member_id])
            | Q(
                meeting__lecturer=None,
                meeting__lecturer_name__in={post.person_name for post in posts},
            )
        )
        .select_related("meeting__organisation")
        .order_by("meeting__held_on", "meeting_id")
    )
    for meeting in (row.meeting for row in rows):
        for pk, note in _recognised(meeting, posts, own).items():
            place = meeting.organisation.short_name
            found[pk].append(
                _Lecture(meeting.pk, meeting.held_on, meeting.topic or "党课", place, note)
            )
    return found


def _recognised(meeting, posts, own) -> dict[int, str]:
    """The organisations whose lecture this was, each with why."""
    why = {}
    if meeting.organisation_id in own:
        why[meeting.organisation_id] = "本级组织的党课"
    for post in posts:
        held = (post.starts_on is None or post.starts_on <= meeting.held_on) and (
            post.ends_on is None or meeting.held_on <= post.ends_on
        )
        if not held:
            continue
        if post.member_id and post.member_id == meeting.lecturer_id:
            why.setdefault(post.organisation_id, f"书记{post.person_name}授课")
        elif (
            # Where either side is known by name only: by name, inside the own organisation.
            meeting.lecturer_id is None
            and meeting.lecturer_name == post.person_name
            and meeting.organisation.path.startswith(post.organisation.path)
        ):
            why.setdefault(post.organisation_id, f"书记{post.person_name}授课（按姓名认定）")
    return why


def _measure_secretary_lecture(question: Question):
    lectures = _lectures(question, question.organisations)
    for pk in question.organisations.values_list("pk", flat=True):
        held = lectures.get(pk, [])
        yield Measured(pk, 1, len(held), met_on=held[0].held_on if held else None)


def _secretary_evidence(question: Question, organisation: Organisation) -> Evidence:
    this = question.organisations.filter(pk=organisation.pk)
    counted = [
        Record(
            text=f"{lecture.place}：{lecture.topic}",
            on=lecture.held_on,
            note=lecture.note,
            url=reverse("meetings:detail", args=[lecture.meeting_id]),
        )
        for lecture in _lectures(question, this).get(organisation.pk, [])
    ]
    secretaries = [
        post.person_name
        for post in Post.objects.on(question.ends_on).filter(
            organisation=organisation, title=PostTitle.SECRETARY
        )
    ]
    facts = [("书记", "、".join(secretaries) or "没有登记，请先登记班子")]
    return Evidence(counted, facts=facts)


SECRETARY_LECTURES = register(
    Rule(
        code="meetings.secretary_lecture",
        record="LESSON-SEC",
        title="党委（党组）书记讲党课",
        short="书记讲党课",
        headline="{period}党委（党组）书记讲党课",
        asks="每年至少 1 次",
        wording="党委（党组）书记每年至少讲1次党课。",
        source="中国共产党支部工作条例（试行）（2018）第十六条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="数当年实际召开、类型含“党课”的会议：授课人是当天任本级组织书记的党员（在哪个支部讲都算），或者会议就是"
        "本级组织自己的。授课人只登记了姓名的，在本级和下属支部里按姓名认定。",
        span=Span.YEAR,
        areas=frozenset({"meetings", "members"}),
        measure=_measure_secretary_lecture,
        evidence=_secretary_evidence,
        cure=Cure(
            "看党课记录", "meetings:list", (("types", Type.LECTURE),), actions=(Action.APPROVE,)
        ),
        kinds=COMMITTEE_KINDS,
        from_below=True,
    )
)
