"""Study hours: 32 a year for everybody, 56 for those who lead a branch."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.urls import reverse

from branches.models import Organisation
from branches.periods import Span
from branches.values import Key
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
from meetings.enums import Type
from meetings.hours import (
    LEADERS_HOURS,
    YEARLY_HOURS,
    exempt_on,
    hours_by_member,
    hours_due,
    leaders_of,
)
from meetings.models import StudyExemption
from members.enums import COMMITTEE_TITLES
from members.models import Member, Post
from members.roster import roster

_NOTHING = Decimal(0)
_AREAS = frozenset({"meetings", "members"})
_CURE = Cure("登记会议", "meetings:register", (("types", Type.LECTURE),))


def _measured(question: Question, key: Key, people: dict[int, list[tuple[int, Decimal]]]):
    """For each organisation who reached the hours of `key`, of all that are due; pace by hours."""
    yearly = question.value(key)
    pace = hours_due(yearly, question.as_of) if question.as_of in question.period else yearly
    for pk, due in people.items():
        reached = sum(hours >= yearly for _member, hours in due)
        average = sum(hours for _member, hours in due) / len(due)
        yield Measured(pk, len(due), reached, behind=average < pace)


def _evidence(
    question: Question,
    key: Key,
    due: Iterable[tuple[int, Decimal]],
    exempt: dict[int, StudyExemption],
) -> Evidence:
    """Each person due with the hours, linked to the records; who is exempt is named as well."""
    yearly, hours = question.value(key), dict(due)
    names = dict(Member.objects.filter(pk__in=[*hours, *exempt]).values_list("pk", "name"))
    counted, missing = [], []
    for member_id in sorted(hours):
        record = Record(
            text=names[member_id],
            note=f"{hours[member_id]:.1f} 学时",
            url=f"{reverse('meetings:study', args=[member_id])}?year={question.ends_on.year}",
        )
        (counted if hours[member_id] >= yearly else missing).append(record)
    average = sum(hours.values()) / len(hours) if hours else _NOTHING
    facts = [("每人每年", f"{yearly} 学时"), ("人均", f"{average:.1f} 学时")]
    if question.as_of in question.period:
        facts.append(("按进度应到", f"{hours_due(yearly, question.as_of)} 学时"))
    facts += [
        ("豁免，不计入应有人数", f"{names[pk]}，至{full_date(one.ends_on)}（{one.decided_by}）")
        for pk, one in sorted(exempt.items())
    ]
    return Evidence(counted, missing, facts)


# --- HRS-32 -----------------------------------------------------------------------------


def _hours_of_roster(question: Question) -> dict[int, list[tuple[int, Decimal]]]:
    """For each organisation its members due on the last day, with hours earned this year."""
    memberships = roster(question.organisations, question.ends_on)
    members = memberships.values("member_id")
    hours = hours_by_member(question.starts_on, question.ends_on, members=members)
    exempt = exempt_on(question.ends_on, members)
    people = defaultdict(list)
    for organisation_id, member_id in memberships.values_list("organisation_id", "member_id"):
        if member_id not in exempt:
            people[organisation_id].append((member_id, hours.get(member_id, _NOTHING)))
    return people


def _measure_study_hours(question: Question):
    return _measured(question, YEARLY_HOURS, _hours_of_roster(question))


def _study_hours_evidence(question: Question, organisation: Organisation) -> Evidence:
    members = roster([organisation.pk], question.ends_on).values("member_id")
    return _evidence(
        question,
        YEARLY_HOURS,
        _hours_of_roster(question).get(organisation.pk, []),
        exempt_on(question.ends_on, members),
    )


MEMBERS_STUDY = register(
    Rule(
        code="meetings.study_hours",
        record="HRS-32",
        title="学习学时",
        short="学时",
        headline="完成 {period}学习学时",
        asks="每人每年 {value} 学时",
        wording="党员每年集中学习培训时间一般不少于32学时。",
        source="中国共产党党员教育管理工作条例（2019）第二十条；县方案要求每名党员每年不少于 32 学时",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="应有：核对日在册、没有学时豁免的党员数；已有：当年到会、补学、培训累计学时达到规定的人数。"
        "补学计在补学当天，培训计在最后一天；改为到会的补学不再计。人均学时低于按天数匀速的进度为落后。"
        "年中成立的支部、年中转入的党员不折算，转入前的学时随人走。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_measure_study_hours,
        evidence=_study_hours_evidence,
        cure=_CURE,
        unit="人",
        keys=(YEARLY_HOURS,),
        from_founding=True,
    )
)


# --- HRS-56 -----------------------------------------------------------------------------


def _hours_of_leaders(question: Question) -> dict[int, list[tuple[int, Decimal]]]:
    """For each branch its secretary and committee on the last day, with hours of this year."""
    leaders = leaders_of(question.organisations, question.ends_on)
    everybody = set().union(*leaders.values())
    hours = _of_many(question.starts_on, question.ends_on, everybody)
    exempt = exempt_on(question.ends_on)
    people = {}
    for pk, members in leaders.items():
        due = [(one, hours.get(one, _NOTHING)) for one in sorted(members - exempt.keys())]
        if due:
            people[pk] = due
    return people


def _of_many(start: datetime.date, end: datetime.date, members: set[int]) -> dict[int, Decimal]:
    """Hours of many keys; a list that long in the query is no good, so a whole county is summed."""
    return hours_by_member(start, end, None if len(members) > 1000 else list(members))


def _measure_leaders(question: Question):
    return _measured(question, LEADERS_HOURS, _hours_of_leaders(question))


def _leaders_evidence(question: Question, organisation: Organisation) -> Evidence:
    posts = list(
        Post.objects.on(question.ends_on)
        .filter(organisation=organisation, title__in=COMMITTEE_TITLES)
        .order_by("pk")
    )
    members = {post.member_id for post in posts if post.member_id}
    found = _evidence(
        question,
        LEADERS_HOURS,
        _hours_of_leaders(question).get(organisation.pk, []),
        exempt_on(question.ends_on, list(members)),
    )
    unknown = [post.person_name for post in posts if not post.member_id]
    if unknown:
        words = f"{'、'.join(unknown)}只登记了姓名，没有对应到党员，无法累计学时"
        found.facts.append(("不计入应有人数", words))
    return found


LEADERS_STUDY = register(
    Rule(
        code="meetings.leaders_study_hours",
        record="HRS-56",
        title="书记、委员学时",
        short="委员学时",
        headline="完成 {period}书记、委员学习学时",
        asks="书记、委员每年 {value} 学时",
        wording="党支部书记、委员每年参加集中学习培训时间一般不少于56学时，至少参加1次集中培训。",
        source="2019—2023年全国党员教育培训工作规划；2024—2028年规划是否沿用待核实",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="应有：核对日登记在任的支部书记、副书记、委员（一人兼几职算一人，没有学时豁免）；"
        "已有：其中当年学时达到规定的人数。他们同时按全体党员的学时核对。"
        "人均低于按天数匀速的进度为落后。这是一般要求，最多显示为落后。",
        span=Span.YEAR,
        areas=_AREAS,
        measure=_measure_leaders,
        evidence=_leaders_evidence,
        cure=_CURE,
        unit="人",
        keys=(LEADERS_HOURS,),
        from_founding=True,
        strict=False,
    )
)
