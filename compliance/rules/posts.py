import datetime

from branches.models import Organisation
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
from members.models import Post, standing_on

_DAY = datetime.timedelta(days=1)


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
