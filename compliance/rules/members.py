import datetime
from collections import defaultdict

from django.urls import reverse

from branches.models import Kind, Organisation
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
from members.enums import PostTitle
from members.models import Post, Term, standing_on
from members.roster import formal_on, roster

_DAY = datetime.timedelta(days=1)


def current_terms(organisations, day: datetime.date) -> dict[int, Term]:
    """The newest term of each organisation that had begun by `day`."""
    terms = {}
    for term in (
        Term.objects.filter(organisation__in=organisations)
        .exclude(starts_on__gt=day)
        .order_by("ends_on")
    ):
        terms[term.organisation_id] = term
    return terms


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


def _measure_no_secretary(question: Question):
    held = set(
        Post.objects.filter(organisation__in=question.organisations, title=PostTitle.SECRETARY)
        .filter(standing_on(question.as_of))
        .values_list("organisation_id", flat=True)
    )
    ended = {}
    for pk, ends_on in (
        Post.objects.filter(
            organisation__in=question.organisations,
            title=PostTitle.SECRETARY,
            ends_on__lt=question.as_of,
        )
        .order_by("ends_on")
        .values_list("organisation_id", "ends_on")
    ):
        ended[pk] = ends_on
    for pk in question.organisations.values_list("pk", flat=True):
        vacant = pk not in held
        since = ended[pk] + _DAY if vacant and pk in ended else None
        yield Measured(pk, 0, int(vacant), since=since)


def _no_secretary_evidence(question: Question, organisation: Organisation) -> Evidence:
    secretaries = Post.objects.filter(organisation=organisation, title=PostTitle.SECRETARY)
    if post := secretaries.filter(standing_on(question.as_of)).first():
        return Evidence(counted=[], facts=[("现任书记", post.person_name)])
    last = secretaries.order_by("-ends_on").first()
    note = f"上一任 {last.person_name}" if last else "没有任职记录"
    return Evidence(counted=[Record(text="书记空缺", on=last.ends_on if last else None, note=note)])


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
SECRETARY_IS_IN_OFFICE = register(
    Rule(
        code="branches.no_secretary",
        record="SEC-VAC",
        title="书记配备",
        short="书记",
        headline="补选书记",
        asks="书记不空缺",
        wording="党支部书记、副书记、委员出现空缺，应当及时进行补选；确有必要时，上级党组织可以指派书记。",
        source="中国共产党支部工作条例（试行）（2018）第二十一条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="核对日没有在任书记，计 1。条例没有规定天数。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_no_secretary,
        evidence=_no_secretary_evidence,
        cure=Cure("看党员和任职", "members:list"),
        unit="项",
    )
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
