import datetime
from collections import defaultdict

from django.urls import reverse

from branches.models import Organisation
from branches.periods import Span
from branches.values import Key
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
from meetings.enums import FULL_NAMES, MeetingState, Type
from meetings.models import Meeting, MeetingType
from meetings.values import (
    COMMITTEES_A_MONTH,
    LECTURES_A_YEAR,
    MEMBERS_MEETINGS_A_QUARTER,
    THEME_DAYS_A_MONTH,
    lectures_due,
    quarters_left,
)
from members.posts import COMMITTEE_FROM
from members.roster import counts


def _days_held(question: Question, type_: str) -> dict[int, list[datetime.date]]:
    """Days on which each organisation held a meeting of that type, in order."""
    held = defaultdict(list)
    # One plain join: nested in a subquery PostgreSQL may take minutes after a large import.
    for organisation_id, day in (
        MeetingType.objects.filter(
            type=type_,
            meeting__state=MeetingState.HELD,
            meeting__held_on__gte=question.starts_on,
            meeting__held_on__lte=question.ends_on,
            meeting__organisation__in=question.organisations,
        )
        .order_by("meeting__held_on", "meeting_id")
        .values_list("meeting__organisation_id", "meeting__held_on")
    ):
        held[organisation_id].append(day)
    return held


def _measured(organisation_id: int, required: int, days: list[datetime.date], behind=False):
    met_on = days[required - 1] if 0 < required <= len(days) else None
    return Measured(organisation_id, required, len(days), behind=behind, met_on=met_on)


def _counting(type_: str, key: Key):
    """A measuring query: so many meetings of the type in the period."""

    def measure(question: Question):
        required = question.value(key)
        held = _days_held(question, type_)
        for pk in question.organisations.values_list("pk", flat=True):
            yield _measured(pk, required, held[pk])

    return measure


def _measure_committee(question: Question):
    required = question.value(COMMITTEES_A_MONTH)
    least = question.value(COMMITTEE_FROM)
    held = _days_held(question, Type.COMMITTEE)
    for pk, (_members, formal) in counts(question.organisations, question.ends_on).items():
        if formal >= least:
            yield _measured(pk, required, held[pk])


def _measure_lecture(question: Question):
    """Four a year; a branch founded inside the year owes a share for each whole quarter left."""
    yearly = question.value(LECTURES_A_YEAR)
    held = _days_held(question, Type.LECTURE)
    year = question.period
    for pk, founded_on in question.organisations.values_list("pk", "founded_on"):
        required = lectures_due(yearly, founded_on, year.starts_on.year)
        if not required:
            continue
        first = max(founded_on or year.starts_on, year.starts_on)
        passed = quarters_left(first) - quarters_left(question.as_of, running=True)
        pace = yearly * max(passed, 0) // 4 if question.as_of <= year.ends_on else required
        yield _measured(pk, required, held[pk], behind=len(held[pk]) < pace)


def _meeting_records(question: Question, organisation: Organisation, type_: str) -> list[Record]:
    meetings = (
        Meeting.objects.held(question.starts_on, question.ends_on)
        .filter(organisation=organisation, types__type=type_)
        .order_by("held_on", "pk")
    )
    return [
        Record(
            text=meeting.topic or FULL_NAMES[type_],
            on=meeting.held_on,
            note=FULL_NAMES[type_],
            url=reverse("meetings:detail", args=[meeting.pk]),
        )
        for meeting in meetings
    ]


def _meeting_evidence(type_: str):
    def evidence(question: Question, organisation: Organisation) -> Evidence:
        return Evidence(counted=_meeting_records(question, organisation, type_))

    return evidence


def _committee_evidence(question: Question, organisation: Organisation) -> Evidence:
    _members, formal = counts([organisation.pk], question.ends_on).get(organisation.pk, (0, 0))
    return Evidence(
        counted=_meeting_records(question, organisation, Type.COMMITTEE),
        facts=[
            (f"{question.ends_on:%Y年%-m月%-d日}正式党员", f"{formal} 人"),
            ("应设支委会的人数", f"{question.value(COMMITTEE_FROM)} 人起"),
        ],
    )


_AREAS = frozenset({"meetings"})
_WITH_ROSTER = frozenset({"meetings", "members"})
_REGISTER = "meetings:register"

COMMITTEE_MEETS_MONTHLY = register(
    Rule(
        code="meetings.committee",
        record="MTG-COMM",
        title="支部委员会",
        short="支委会",
        headline="召开 {period}支部委员会",
        asks="每月 {value} 次",
        wording="支部委员会会议一般每月召开1次，根据需要可以随时召开。",
        source="中国共产党支部工作条例（试行）（2018）第十二条；县方案要求每月不少于 1 次",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="数本月实际召开、类型含“支部委员会”的会议；月末（或核对日）正式党员不足 7 人的支部不设支委会，不核对。",
        span=Span.MONTH,
        areas=_WITH_ROSTER,
        measure=_measure_committee,
        evidence=_committee_evidence,
        cure=Cure("登记会议", _REGISTER, (("types", Type.COMMITTEE),)),
        keys=(COMMITTEES_A_MONTH, COMMITTEE_FROM),
    )
)
BRANCH_MEETS_QUARTERLY = register(
    Rule(
        code="meetings.members_meeting",
        record="MTG-ALL",
        title="支部党员大会",
        short="党员大会",
        headline="召开 {period}支部党员大会",
        asks="每季度 {value} 次",
        wording="支部党员大会一般每季度召开1次。",
        source="中国共产党支部工作条例（试行）（2018）第十一条；县方案要求每季度不少于 1 次",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="数本季度实际召开、类型含“支部党员大会”的会议。",
        span=Span.QUARTER,
        areas=_AREAS,
        measure=_counting(Type.MEMBERS_MEETING, MEMBERS_MEETINGS_A_QUARTER),
        evidence=_meeting_evidence(Type.MEMBERS_MEETING),
        cure=Cure("登记会议", _REGISTER, (("types", Type.MEMBERS_MEETING),)),
        keys=(MEMBERS_MEETINGS_A_QUARTER,),
    )
)
LECTURES_ARE_GIVEN = register(
    Rule(
        code="meetings.lecture",
        record="MTG-LESSON",
        title="党课",
        short="党课",
        headline="安排 {period}党课",
        asks="每年 {value} 次",
        wording="党支部每年党课不少于规定次数（默认 4 次，即每季度 1 次）。",
        source="县方案；全国性规定未见支部党课次数",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="数当年实际召开、类型含“党课”的会议；过完的季度数乘以每季度应有次数，少于它为落后。年中成立的支部按剩余整季度折算。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_measure_lecture,
        evidence=_meeting_evidence(Type.LECTURE),
        cure=Cure("登记会议", _REGISTER, (("types", Type.LECTURE),)),
        keys=(LECTURES_A_YEAR,),
        from_founding=True,
    )
)
THEME_DAY_IS_HELD = register(
    Rule(
        code="meetings.theme_day",
        record="MTG-DAY",
        title="主题党日",
        short="主题党日",
        headline="开展 {period}主题党日",
        asks="每月 {value} 次",
        wording="党支部应当每月开展1次主题党日。",
        source="中国共产党党员教育管理工作条例（2019）第十六条；中国共产党支部工作条例（试行）（2018）第十六条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="数本月实际开展、类型含“主题党日”的活动。",
        span=Span.MONTH,
        areas=_AREAS,
        measure=_counting(Type.THEME_DAY, THEME_DAYS_A_MONTH),
        evidence=_meeting_evidence(Type.THEME_DAY),
        cure=Cure("登记会议", _REGISTER, (("types", Type.THEME_DAY),)),
        keys=(THEME_DAYS_A_MONTH,),
    )
)
