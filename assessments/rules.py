"""The rules over assessments; the app of the rules finds this module by its name."""

import datetime
from collections import defaultdict

from django.urls import reverse

from branches.models import Organisation
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
from meetings.enums import BRANCH_BUILDING
from meetings.models import Meeting
from meetings.values import BUILDING_STUDIES_A_YEAR
from meetings.words import kinds_of


def _studies(question: Question):
    """Meetings on the branch's building, held within the period; of whatever type."""
    return (
        Meeting.objects.held(question.starts_on, question.ends_on)
        .filter(on_branch_building=True, organisation__in=question.organisations)
        .order_by("held_on", "pk")
    )


def _measure_studied(question: Question):
    required = question.value(BUILDING_STUDIES_A_YEAR)
    held: dict[int, list[datetime.date]] = defaultdict(list)
    for pk, day in _studies(question).values_list("organisation_id", "held_on"):
        held[pk].append(day)
    for pk in question.organisations.values_list("pk", flat=True):
        days = held[pk]
        met_on = days[required - 1] if len(days) >= required else None
        yield Measured(pk, required, len(days), met_on=met_on)


def _studied_evidence(question: Question, organisation: Organisation) -> Evidence:
    meetings = _studies(question).filter(organisation=organisation).prefetch_related("types")
    return Evidence(
        counted=[
            Record(
                text=meeting.topic or BRANCH_BUILDING,
                on=meeting.held_on,
                note=kinds_of(row.type for row in meeting.types.all()),
                url=reverse("meetings:detail", args=[meeting.pk]),
            )
            for meeting in meetings
        ]
    )


STANDARD_IS_STUDIED = register(
    Rule(
        code="assessments.standard_studied",
        record="STD-STUDY",
        title=BRANCH_BUILDING,
        short="研究支部建设",
        headline="专题研究 {period}支部建设",
        asks="每年至少 {value} 次",
        wording="每个党组织每年至少专题研究1次党支部建设（标准化规范化创建）。",
        source="街道党支部标准化规范化创建方案；"
        "县级党委每年至少专题研究1次支部建设是通行规定（2018年支部工作条例，条文待核实），不是对支部的要求",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="数当年实际召开、勾选了“专题研究支部建设”的会议，不分会议类型；导入的会议，主题里写明“专题研究支部建设”的算。"
        "年中成立的支部当年不核对。",
        span=Span.YEAR,
        areas=frozenset({"meetings"}),
        measure=_measure_studied,
        evidence=_studied_evidence,
        cure=Cure("登记会议", "meetings:register", (("building", "1"),)),
        keys=(BUILDING_STUDIES_A_YEAR,),
    )
)
