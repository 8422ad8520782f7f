import datetime
from collections import defaultdict

from django.urls import reverse

from branches.models import Organisation
from branches.periods import add_years
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
from members.roster import formal_on, roster

_DAY = datetime.timedelta(days=1)


def _unconfirmed(question: Question):
    """Probationary members whose year has ended, with the day it ended."""
    memberships = (
        roster(question.organisations, question.as_of)
        .exclude(formal_on(question.as_of))
        .filter(member__joined_on__lte=add_years(question.as_of, -1))
        .select_related("member")
        .order_by("member_id")
    )
    for membership in memberships:
        ended_on = add_years(membership.member.joined_on, 1)
        if ended_on < question.as_of:
            yield membership, ended_on


def _measure_probation(question: Question):
    ends = defaultdict(list)
    for membership, ended_on in _unconfirmed(question):
        ends[membership.organisation_id].append(ended_on)
    for pk in question.organisations.values_list("pk", flat=True):
        days = ends[pk]
        yield Measured(pk, 0, len(days), since=min(days) + _DAY if days else None)


def _probation_evidence(question: Question, organisation: Organisation) -> Evidence:
    return Evidence(
        counted=[
            Record(
                text=membership.member.name,
                on=ended_on,
                note=f"{membership.member.joined_on:%Y年%-m月%-d日}接收为预备党员，预备期已满",
                url=reverse("members:detail", args=[membership.member_id]),
            )
            for membership, ended_on in _unconfirmed(question)
        ]
    )


PROBATION_IS_DECIDED = register(
    Rule(
        code="members.probation",
        record="DEV-17",
        title="预备党员按期转正",
        short="转正",
        headline="讨论预备党员转正",
        asks="预备期满及时讨论",
        wording="预备党员预备期满，党支部应当及时讨论其能否转为正式党员。预备期为1年。",
        source="中国共产党发展党员工作细则（2026年修订，第三十一、三十二条；条文据公开转引，待核官方文本）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.MUST,
        how="数核对日在册、接收满一年（次年同日）之后仍未转正、未离开的预备党员。",
        span=None,
        areas=frozenset({"members"}),
        measure=_measure_probation,
        evidence=_probation_evidence,
        cure=Cure("看预备党员", "members:list", (("kind", "probationary"),)),
        unit="人",
    )
)
