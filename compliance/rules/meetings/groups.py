"""党小组会: one a month in each Party group."""

import datetime
from collections import defaultdict

from django.urls import reverse

from branches.dated import standing_on
from branches.models import Group, Organisation
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
from meetings.models import Meeting, MeetingType


def _groups(question: Question):
    """Groups that exist on the last day, or on the day of judging before it."""
    return Group.objects.filter(
        standing_on(question.ends_on), organisation__in=question.organisations
    ).order_by("pk")


def _meetings(question: Question):
    return MeetingType.objects.filter(
        type=Type.GROUP,
        meeting__state=MeetingState.HELD,
        meeting__held_on__range=(question.starts_on, question.ends_on),
        meeting__organisation__in=question.organisations,
    ).order_by("meeting__held_on", "meeting_id")


def _first_days(question: Question):
    """The first day of a meeting by group key, and by organisation key of those without a group,
    which all groups held together."""
    by_group: dict[int, datetime.date] = {}
    together: dict[int, datetime.date] = {}
    for organisation_id, group_id, day in _meetings(question).values_list(
        "meeting__organisation_id", "meeting__group_id", "meeting__held_on"
    ):
        if group_id is None:
            together.setdefault(organisation_id, day)
        else:
            by_group.setdefault(group_id, day)
    return by_group, together


def _measure_groups(question: Question):
    by_group, together = _first_days(question)
    met: dict[int, list[datetime.date | None]] = defaultdict(list)
    for pk, organisation_id in _groups(question).values_list("pk", "organisation_id"):
        days = [day for day in (by_group.get(pk), together.get(organisation_id)) if day]
        met[organisation_id].append(min(days) if days else None)
    for organisation_id, days in sorted(met.items()):
        held = [day for day in days if day]
        met_on = max(held) if len(held) == len(days) else None
        yield Measured(organisation_id, len(days), len(held), met_on=met_on)


def _group_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    meetings = list(
        Meeting.objects.filter(
            pk__in=_meetings(question).filter(meeting__organisation=organisation)
            .order_by().values("meeting_id")
        ).order_by("held_on", "pk")
    )  # fmt: skip
    for group in _groups(question).filter(organisation=organisation):
        own = [one for one in meetings if one.group_id in (None, group.pk)]
        for meeting in own[:1]:
            counted.append(
                Record(
                    text=f"{group.name}：{meeting.topic or '党小组会'}",
                    on=meeting.held_on,
                    note="全体党小组" if meeting.group_id is None else group.name,
                    url=reverse("meetings:detail", args=[meeting.pk]),
                )
            )
        if not own:
            missing.append(Record(text=group.name, note="本月没有党小组会"))
    facts = [(f"{question.ends_on:%Y年%-m月%-d日}的党小组", f"{len(counted) + len(missing)} 个")]
    return Evidence(counted, missing, facts)


GROUPS_MEET_MONTHLY = register(
    Rule(
        code="meetings.group",
        record="MTG-GRP",
        title="党小组会",
        short="党小组会",
        headline="召开 {period}党小组会",
        asks="每个党小组每月 1 次",
        wording="党小组会一般每月召开1次。",
        source="中国共产党支部工作条例（试行）（2018）第十三条",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="应有：月末（或核对日）存在的党小组个数；已有：本月开过党小组会的党小组个数。没有写明党小组的党小组会"
        "算全体党小组一起开的。没有划分党小组的支部不核对。",
        span=Span.MONTH,
        # Groups themselves are kept with the branch.
        areas=frozenset({"meetings", "branches"}),
        measure=_measure_groups,
        evidence=_group_evidence,
        cure=Cure("登记会议", "meetings:register", (("types", Type.GROUP),)),
        unit="个",
        # 一般, and no plan of the county asks for more: amber at worst.
        strict=False,
    )
)
