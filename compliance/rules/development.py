import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
from branches.periods import add_years
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
from members.development import Due, dues
from members.development_reading import revision_starts, ways_of
from members.development_stages import SUPERIOR_STEPS
from members.enums import Stage, Step
from members.models import Development, DevelopmentStep
from members.roster import formal_on, roster
from members.values import RULES_2026_FROM

_DAY = datetime.timedelta(days=1)
DEVELOPMENT = "members.development"


# --- 预备党员按期转正 ------------------------------------------------------------------------


def _candidates(question: Question):
    """Those whose year has ended and who were not formal members by then, as far as days tell.

    A decision taken later makes a formal member as of the end of probation; before the meeting
    that decided so, nothing was decided.
    """
    decided_later = DevelopmentStep.objects.filter(
        step=Step.CONVERSION_MEETING, on__gt=question.as_of
    ).values("development__member")
    return (
        roster(question.organisations, question.as_of)
        .filter(~formal_on(question.as_of) | Q(member__in=decided_later))
        .filter(member__joined_on__lte=add_years(question.as_of, -1))
        .select_related("member__development")
        .order_by("member_id")
    )


def _unconfirmed(question: Question):
    """Probationary members whose time has ended undecided, with the day it ended."""
    memberships = list(_candidates(question))
    steps: dict[tuple[int, str], datetime.date] = {
        (member, step): on
        for member, step, on in DevelopmentStep.objects.filter(
            development__member__in=[one.member_id for one in memberships],
            step__in=(Step.EXTENSION, Step.CONVERSION_MEETING),
        ).values_list("development__member", "step", "on")
    }
    for membership in memberships:
        member = membership.member
        met_on = steps.get((member.pk, Step.CONVERSION_MEETING))
        if met_on and met_on <= question.as_of:
            continue
        ended_on = add_years(member.joined_on, 1)
        extended_on = steps.get((member.pk, Step.EXTENSION), datetime.date.min)
        if member.probation_extended_to and extended_on <= question.as_of:
            ended_on = max(ended_on, member.probation_extended_to)
        if ended_on < question.as_of:
            yield membership, ended_on


def _measure_probation(question: Question):
    ends = defaultdict(list)
    for membership, ended_on in _unconfirmed(question):
        ends[membership.organisation_id].append(ended_on)
    for pk in question.organisations.values_list("pk", flat=True):
        days = ends[pk]
        yield Measured(pk, 0, len(days), since=min(days) + _DAY if days else None)


def _page_of(member) -> str:
    """Where a probationary member's conversion is written down, or the member's own page."""
    development = getattr(member, "development", None)
    if development is None:
        return reverse("members:detail", args=[member.pk])
    return reverse("members:development", args=[development.pk])


def _probation_evidence(question: Question, organisation: Organisation) -> Evidence:
    return Evidence(
        counted=[
            Record(
                text=membership.member.name,
                on=ended_on,
                note=f"{full_date(membership.member.joined_on)}接收为预备党员，"
                + (
                    "延长的预备期已满"
                    if ended_on > add_years(membership.member.joined_on, 1)
                    else "预备期已满"
                ),
                url=_page_of(membership.member),
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
        source="中国共产党发展党员工作细则（2026年修订，第三十一、三十二条；条文据公开转引，待核官方文本）"
        "；2026年修订前的事按2014年版第三十二、三十三条",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.MUST,
        how="数核对日在册、接收满一年（次年同日；延长预备期的到延长期满）之后仍未转正、未离开的预备党员。"
        "已登记支部大会讨论转正、等上级审批的不再计。",
        span=None,
        areas=frozenset({"members"}),
        measure=_measure_probation,
        evidence=_probation_evidence,
        cure=Cure(
            "讨论转正",
            "members:developments",
            (("stage", Stage.PROBATIONARY.value),),
            (Action.CHANGE_MEMBER,),
        ),
        unit="人",
        needs_relations=True,
    )
)


# --- 发展党员各环节的时限 ---------------------------------------------------------------------


def _standing(question: Question):
    """Ways that were going on that day, of people who had not left the roster."""
    return (
        Development.objects.filter(organisation__in=question.organisations)
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=question.as_of))
        .exclude(member__left_on__lte=question.as_of)
    )


def _passed(question: Question) -> Iterator[tuple[int, Due]]:
    """Limits passed with nothing registered by that day, 一般 ones too: (way, what was due)."""
    from_2026 = revision_starts(question.as_of, question.values)
    for pk, way in ways_of(_standing(question), question.as_of).items():
        for due in dues(way, from_2026):
            if due.limit.rule == DEVELOPMENT and due.due_on < question.as_of:
                yield pk, due


def _is_counted(question: Question, due: Due) -> bool:
    """一般 is at worst advice: only what a text sets without it makes somebody late."""
    return due.binding_on is not None and due.binding_on < question.as_of


def _measure_development(question: Question):
    days = defaultdict(list)
    branch_of = dict(_standing(question).values_list("pk", "organisation_id"))
    for pk, due in _passed(question):
        if _is_counted(question, due):
            days[branch_of[pk]].append(due.binding_on)
    for pk in question.organisations.values_list("pk", flat=True):
        late = days[pk]
        yield Measured(pk, 0, len(late), since=min(late) + _DAY if late else None)


def _development_evidence(question: Question, organisation: Organisation) -> Evidence:
    people = _standing(question).in_bulk()
    counted, advised = [], []
    for pk, due in _passed(question):
        is_counted = _is_counted(question, due)
        record = _late(people[pk], due, due.binding_on if is_counted else due.due_on)
        (counted if is_counted else advised).append(record)
    starts = revision_starts(question.as_of, question.values)
    return Evidence(
        counted=sorted(counted, key=lambda record: record.on),
        facts=[
            ("在办", f"{len(people)} 人"),
            ("2026 年修订从哪天起执行", f"{full_date(starts)}（生效日期待核实）"),
            *(
                ("不计数", f"一般期限已过：{one.text}，{full_date(one.on)}。{one.note}")
                for one in sorted(advised, key=lambda record: record.on)
            ),
        ],
    )


def _late(person: Development, due: Due, on: datetime.date) -> Record:
    nature = "最长期限" if on == due.binding_on and due.limit.special else due.limit.nature.value
    return Record(
        text=f"{person.name}：{due.step.label}"
        + ("（上级办）" if due.step in SUPERIOR_STEPS else ""),
        on=on,
        note=f"{due.limit.asks}；自{full_date(due.window.base_on)}起算。"
        f"{nature}，{due.window.source_words}",
        url=reverse("members:development", args=[person.pk]),
    )


DEVELOPMENT_IS_IN_TIME = register(
    Rule(
        code=DEVELOPMENT,
        record="DEV-*",
        title="发展党员各环节按期",
        short="发展",
        headline="按期办发展党员环节",
        asks="谈话、考察、接收、审批、转正审批不超期",
        wording="收到入党申请书后1个月内派人谈话；积极分子每半年考察一次；预审合格后1个月内召开支部大会；"
        "上级一般在3个月内审批，特殊情况不超过6个月；一般在批准后1个月内宣誓；转正在支部大会后3个月内审批。",
        source="中国共产党发展党员工作细则（2026年修订第七、十一、十九、二十五、二十九、三十三条，"
        "以前的事按2014年版；条文据公开转引，条款号待核实）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.MUST,
        how="数核对日已过最迟一天、仍没有登记的环节。只数应当的期限和上级审批的最长期限（6个月）；"
        "一般的期限（审批3个月、宣誓1个月）过了只列出，不计数。从起算那一天看适用哪一版；2014年版没有宣誓期限。"
        "最迟当天不算，从次日起算。已走到后面阶段的不再计；思想汇报等当地做法不计。",
        span=None,
        areas=frozenset({"members"}),
        measure=_measure_development,
        evidence=_development_evidence,
        cure=Cure(
            "看超期的人",
            "members:developments",
            (("state", "late"),),
            (Action.CHANGE_MEMBER, Action.APPROVE),
        ),
        unit="项",
        keys=(RULES_2026_FROM,),
        needs_relations=True,
    )
)
