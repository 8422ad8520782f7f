import datetime

from branches.models import Kind, Organisation
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
from members.terms import current_terms

_DAY = datetime.timedelta(days=1)


def _measure_election(question: Question):
    for pk, term in current_terms(question.organisations, question.as_of).items():
        end = term.postponed_to or term.ends_on
        over = end < question.as_of
        yield Measured(pk, 0, int(over), since=end + _DAY if over else None)


def _election_evidence(question: Question, organisation: Organisation) -> Evidence:
    term = current_terms([organisation.pk], question.as_of).get(organisation.pk)
    if term is None:
        return Evidence(counted=[])
    facts = [("本届届满", f"{term.ends_on:%Y年%-m月%-d日}")]
    if term.postponed_to:
        facts.append(("批准延期至", f"{term.postponed_to:%Y年%-m月%-d日}"))
    end = term.postponed_to or term.ends_on
    over = [Record(text="届满未换届", on=end)] if end < question.as_of else []
    return Evidence(counted=over, facts=facts)


ELECTION_IS_HELD = register(
    Rule(
        code="terms.election",
        record="TERM-END",
        title="班子按期换届",
        short="换届",
        headline="按期换届",
        asks="届满前换届",
        wording="党的基层组织应当按期换届；提前或者延期换届须经上级党组织批准，延长或者提前期限一般不超过1年。",
        source="中国共产党支部工作条例（试行）（2018）第二十一条；中国共产党基层组织选举工作条例（2020）第三条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="核对日已过本届届满日期（有批准延期的按延期后的日期）且没有新一届记录，计 1。届满当天不算，从次日起算。没有届满日期的组织不核对。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_election,
        evidence=_election_evidence,
        cure=Cure("看党员和任职", "members:list"),
        unit="项",
        kinds=frozenset({Kind.BRANCH, Kind.GENERAL_BRANCH, Kind.COMMITTEE}),
    )
)
