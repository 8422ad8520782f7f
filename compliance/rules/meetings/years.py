"""What a branch does once a year, for a year: 组织生活会 and 民主评议党员.

A meeting counts for the year it was held for (`Meeting.for_year`), which may be the year before
its day: both are often held in the first months of the next year.
"""

import datetime
from collections import defaultdict

from django.db.models import Q
from django.urls import reverse

from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span
from branches.values import Values
from branches.words import full_date
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
from meetings.models import Appraisal, Meeting, MeetingType
from meetings.values import YEARLY_UNTIL, yearly_due_on


def due_on(period: Period, values: Values) -> datetime.date:
    """The last day in the next year on which the meeting for the year is not late."""
    return yearly_due_on(period.ends_on, values.on(YEARLY_UNTIL, period.ends_on))


def _held_for(question: Question, type_: str):
    """Meetings of that type held up to the day of judging for the year; those without a year
    count for that of their day. One plain join, as elsewhere."""
    year = question.period.starts_on.year
    return MeetingType.objects.filter(
        type=type_,
        meeting__state=MeetingState.HELD,
        meeting__held_on__lte=question.as_of,
        meeting__organisation__in=question.organisations,
    ).filter(
        Q(meeting__for_year=year)
        | Q(meeting__for_year=None, meeting__held_on__range=_days(question.period))
    )


def _days(period: Period) -> tuple[datetime.date, datetime.date]:
    return period.starts_on, period.ends_on


def _once_for(type_: str, *, amber_after_year: bool):
    """A measuring query: one meeting of the type for the year."""

    def measure(question: Question):
        held = defaultdict(list)
        for organisation_id, day in (
            _held_for(question, type_)
            .order_by("meeting__held_on", "meeting_id")
            .values_list("meeting__organisation_id", "meeting__held_on")
        ):
            held[organisation_id].append(day)
        behind = amber_after_year and question.as_of > question.period.ends_on
        for pk in question.organisations.values_list("pk", flat=True):
            days = held[pk]
            yield Measured(pk, 1, len(days), behind, days[0] if days else None)

    return measure


def _records(question: Question, organisation: Organisation, type_: str) -> list[Record]:
    keys = _held_for(question, type_).filter(meeting__organisation=organisation)
    meetings = Meeting.objects.filter(pk__in=keys.values("meeting_id")).order_by("held_on", "pk")
    year = question.period.starts_on.year
    return [
        Record(
            text=meeting.topic or FULL_NAMES[type_],
            on=meeting.held_on,
            note=f"{FULL_NAMES[type_]}，所属年度 {year}年",
            url=reverse("meetings:detail", args=[meeting.pk]),
        )
        for meeting in meetings
    ]


def _due_fact(question: Question) -> tuple[str, str]:
    return ("最迟", full_date(due_on(question.period, question.values)))


def _life_evidence(question: Question, organisation: Organisation) -> Evidence:
    records = _records(question, organisation, Type.LIFE_MEETING)
    return Evidence(records, facts=[_due_fact(question)])


def _appraisal_evidence(question: Question, organisation: Organisation) -> Evidence:
    """The meetings; how far the appraisal itself has come stands beside them and is not judged."""
    facts = [_due_fact(question)]
    appraisal = Appraisal.objects.filter(
        organisation=organisation, year=question.period.starts_on.year
    ).first()
    if appraisal is not None:
        closed = appraisal.closed_on and appraisal.closed_on <= question.as_of
        state = f"{full_date(appraisal.closed_on)}办结" if closed else "还没有办结"
        facts.append(("评议登记", state))
    missing = []
    records = _records(question, organisation, Type.APPRAISAL)
    if not records:
        url = link("meetings:appraisals", branch=organisation.code)
        missing.append(Record(f"{question.period.label}民主评议", note="还没有登记会议", url=url))
    return Evidence(records, missing, facts)


_AREAS = frozenset({"meetings"})
_REGISTER = "meetings:register"

LIFE_MEETING_IS_HELD = register(
    Rule(
        code="meetings.life_meeting",
        record="LIFE-MEET",
        title="组织生活会",
        short="组织生活会",
        headline="召开 {period}组织生活会",
        asks="每年 1 次，次年 {value} 月底前",
        wording="党支部每年至少召开1次组织生活会，一般安排在第四季度，也可以根据工作需要随时召开。",
        source="中国共产党支部工作条例（试行）（2018）第十七条；中国共产党党员教育管理工作条例（2019）第十七条；截止日期按本县口径",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="数所属年度为这一年、已经召开、类型含“组织生活会”的会议；次年一季度补开的写明所属年度就算上一年的。"
        "一般在第四季度，年底没有开的显示落后，过了次年的截止日期为逾期。年中成立的支部当年不核对。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_once_for(Type.LIFE_MEETING, amber_after_year=True),
        evidence=_life_evidence,
        cure=Cure("登记会议", _REGISTER, (("types", Type.LIFE_MEETING),)),
        keys=(YEARLY_UNTIL,),
        due=due_on,
        counts_later=True,
        shown_when_over=True,
    )
)
MEMBERS_ARE_APPRAISED = register(
    Rule(
        code="meetings.appraisal",
        record="REVIEW",
        title="民主评议党员",
        short="民主评议",
        headline="开展 {period}民主评议党员",
        asks="每年 1 次，次年 {value} 月底前",
        wording="党支部一般每年开展1次民主评议党员，可以结合组织生活会一并进行。",
        source="中国共产党支部工作条例（试行）（2018）第十八条；中国共产党党员教育管理工作条例（2019）第十八条；截止日期按本县口径",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="数所属年度为这一年、已经召开、类型含“民主评议”的会议；次年一季度开的写明所属年度就算上一年的。"
        "过了截止日期显示落后。年中成立的支部当年不核对；临时党支部和功能型党支部不核对，党员在组织关系所在支部参加。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_once_for(Type.APPRAISAL, amber_after_year=False),
        evidence=_appraisal_evidence,
        cure=Cure("登记会议", _REGISTER, (("types", f"{Type.APPRAISAL},{Type.LIFE_MEETING}"),)),
        keys=(YEARLY_UNTIL,),
        # 一般: advice, at worst amber unless the county says otherwise.
        strict=False,
        due=due_on,
        counts_later=True,
        shown_when_over=True,
        needs_relations=True,
    )
)
