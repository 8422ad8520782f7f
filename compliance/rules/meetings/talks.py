"""谈心谈话: every member talked with in the year."""

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Span
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
from meetings.talking import TALKS_A_YEAR, coverage
from members.models import Member


def _measure(question: Question):
    """Members talked with often enough, of all members on the last day."""
    least = question.value(TALKS_A_YEAR)
    found = coverage(question.organisations, question.starts_on, question.ends_on, least)
    for pk, branch in found.items():
        yield Measured(pk, branch.members, len(branch.met), met_on=branch.met_on)


def _evidence(question: Question, organisation: Organisation) -> Evidence:
    least = question.value(TALKS_A_YEAR)
    found = coverage([organisation.pk], question.starts_on, question.ends_on, least)
    days = found[organisation.pk].days if found else {}
    names = dict(Member.objects.filter(pk__in=days).values_list("pk", "name"))
    code, year = organisation.code, question.ends_on.year
    counted, missing = [], []
    for pk, talked in days.items():
        if len(talked) >= least:
            note = f"{len(talked)} 次"
            url = link("meetings:talks", branch=code, year=year)
            counted.append(Record(names[pk], on=talked[-1], note=note, url=url))
        else:
            note = f"{len(talked)} 次" if talked else "还没有谈过"
            url = link("meetings:talk_new", branch=code, members=pk)
            missing.append(Record(names[pk], note=note, url=url))
    facts = [(f"{full_date(question.ends_on)}在册党员", f"{len(days)} 人")]
    return Evidence(counted, missing, [*facts, ("每名党员每年", f"{least} 次")])


MEMBERS_ARE_TALKED_WITH = register(
    Rule(
        code="meetings.talks",
        record="TALK",
        title="谈心谈话",
        short="谈心谈话",
        headline="开展 {period}谈心谈话",
        asks="每名党员每年 {value} 次",
        wording="党支部委员之间、党支部委员和党员之间、党员和党员之间，每年谈心谈话一般不少于1次。",
        source="中国共产党支部工作条例（试行）（2018）第十九条（条款号待核实）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="应有：核对日（年末）在册党员数，含预备党员；已有：当年登记过谈话、达到规定次数的人数。"
        "谈话人和谈话对象都算，作废的不算；调入的党员连同在原支部的谈话一起算。只核对有没有谈，不看谈了什么。"
        "这是一般要求，最多显示为落后。",
        span=Span.YEAR,
        areas=frozenset({"meetings", "members"}),
        measure=_measure,
        evidence=_evidence,
        cure=Cure("登记谈话", "meetings:talk_new", actions=(Action.RECORD_BRANCH_MEETING,)),
        unit="人",
        keys=(TALKS_A_YEAR,),
        # 一般, with an article that is unsure, and no number in a plan of the county.
        strict=False,
    )
)
