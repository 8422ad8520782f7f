"""Whether a branch is led: its secretary, its committee."""

import datetime

from accounts.roles import Action
from branches.dated import standing_on
from branches.models import Organisation
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
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post
from members.posts import (
    COMMITTEE_FROM,
    COMMITTEE_LEAST,
    COMMITTEE_MOST,
    COMMITTEE_USUAL,
    VACANCY_MONTHS,
    is_long_vacancy,
    is_unusual_size,
    lacks_committee,
    length_text,
    people_in_committees,
    sizes_on,
    vacant_since,
)
from members.roster import counts

# --- 书记 ---------------------------------------------------------------------------------


def _measure_no_secretary(question: Question):
    held = set(
        Post.objects.filter(organisation__in=question.organisations, title=PostTitle.SECRETARY)
        .filter(standing_on(question.as_of))
        .values_list("organisation_id", flat=True)
    )
    ended = vacant_since(question.organisations, question.as_of)
    for pk in question.organisations.values_list("pk", flat=True):
        vacant = pk not in held
        yield Measured(pk, 0, int(vacant), since=ended.get(pk) if vacant else None)


def _no_secretary_evidence(question: Question, organisation: Organisation) -> Evidence:
    secretaries = Post.objects.filter(organisation=organisation, title=PostTitle.SECRETARY)
    if post := secretaries.filter(standing_on(question.as_of)).first():
        return Evidence(counted=[], facts=[("现任书记", post.person_name)])
    last = secretaries.filter(ends_on__lt=question.as_of).order_by("-ends_on").first()
    note = f"上一任 {last.person_name}" if last else "没有任职记录"
    return Evidence(
        counted=[Record(text="书记空缺", on=last.ends_on if last else None, note=note)],
        facts=_vacancy_facts(question, last.ends_on if last else None),
    )


def _vacancy_facts(question: Question, ended_on: datetime.date | None) -> list[tuple[str, str]]:
    """How long, and the county's own measure beside the regulation, which has none."""
    months = question.value(VACANCY_MONTHS)
    local = f"空缺超过 {months} 个月，列为软弱涣散的迹象"
    if ended_on is None:
        return [("本县口径", local)]
    since = ended_on + datetime.timedelta(days=1)
    if is_long_vacancy(since, question.as_of, months):
        local += "（已超过）"
    return [
        ("空缺", f"自{full_date(since)}起，{length_text(since, question.as_of)}"),
        ("本县口径", local),
    ]


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
        how="核对日没有在任书记，计 1。条例没有规定天数；空缺几个月列为软弱涣散的迹象是本县口径，只作提示。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_no_secretary,
        evidence=_no_secretary_evidence,
        cure=Cure("看班子任职", "members:posts", actions=(Action.KEEP_POSTS,)),
        unit="项",
        keys=(VACANCY_MONTHS,),
    )
)

# --- 支委会 -------------------------------------------------------------------------------


def _measure_committee(question: Question, offends):
    """Each organisation asked about, by `offends(formal, people, sizes)`."""
    sizes = sizes_on(question.values, question.ends_on)
    found = counts(question.organisations, question.as_of)
    people = people_in_committees(question.organisations, question.as_of)
    for pk in question.organisations.values_list("pk", flat=True):
        _members, formal = found.get(pk, (0, 0))
        yield Measured(pk, 0, int(offends(formal, people.get(pk, 0), sizes)))


def _measure_no_committee(question: Question):
    return _measure_committee(question, lacks_committee)


def _measure_committee_size(question: Question):
    return _measure_committee(question, is_unusual_size)


def _committee_facts(question: Question, organisation: Organisation):
    """Formal members, distinct people in committee, and who holds what."""
    _members, formal = counts([organisation.pk], question.as_of).get(organisation.pk, (0, 0))
    posts = list(
        Post.objects.on(question.as_of)
        .filter(organisation=organisation, title__in=COMMITTEE_TITLES)
        .order_by("pk")
    )
    posts.sort(key=lambda post: COMMITTEE_TITLES.index(post.title))
    people = people_in_committees([organisation.pk], question.as_of).get(organisation.pk, 0)
    held = "、".join(f"{post.get_title_display()} {post.person_name}" for post in posts)
    sizes = sizes_on(question.values, question.ends_on)
    facts = [
        ("正式党员", f"{formal} 人"),
        ("登记在任的班子成员", f"{people} 人" + (f"（{held}）" if held else "")),
        ("应设支委会", f"正式党员 {sizes.from_formal} 人起，{sizes.least} 至 {sizes.usual} 人"),
    ]
    return formal, people, sizes, facts


def _no_committee_evidence(question: Question, organisation: Organisation) -> Evidence:
    formal, people, sizes, facts = _committee_facts(question, organisation)
    if not lacks_committee(formal, people, sizes):
        return Evidence(counted=[], facts=facts)
    text = (
        f"班子 {people} 人，超过 {sizes.most} 人"
        if people > sizes.most
        else f"正式党员 {formal} 人，登记在任的班子成员只有 {people} 人，不足 {sizes.least} 人"
    )
    note = "班子已经选出的，登记班子成员后即消除；没有选出的，尽快选举"
    return Evidence(counted=[Record(text=text, note=note)], facts=facts)


def _committee_size_evidence(question: Question, organisation: Organisation) -> Evidence:
    formal, people, sizes, facts = _committee_facts(question, organisation)
    if not is_unusual_size(formal, people, sizes):
        return Evidence(counted=[], facts=facts)
    text = (
        f"正式党员 {formal} 人，不足 {sizes.from_formal} 人，登记了 {people} 人的班子"
        if formal < sizes.from_formal
        else f"班子 {people} 人，超过 {sizes.usual} 人"
    )
    return Evidence(counted=[Record(text=text, note="可在下次换届时调整")], facts=facts)


_KEEP = Cure("登记班子成员", "members:posts", actions=(Action.KEEP_POSTS,))
_SOURCE = "中国共产党支部工作条例（试行）（2018）第六章（条款号待核实）"

BRANCH_HAS_A_COMMITTEE = register(
    Rule(
        code="branches.no_committee",
        record="ORG-COMM",
        title="支部委员会设置",
        short="支委会设置",
        headline="配齐支部委员会",
        asks="正式党员 {value} 人起设支委会",
        wording="有正式党员7人以上的党支部，应当设立党支部委员会，由3至5人组成，一般不超过7人。",
        source=_SOURCE,
        certainty=Certainty.TO_VERIFY,
        nature=Nature.MUST,
        how="核对日正式党员 7 人以上，而登记在任的班子成员（含书记、副书记，一人兼几职算一人）不足 3 人或多于 7 人，计 1。临时党支部、功能型党支部由批准它的组织指派负责人，不核对。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_no_committee,
        evidence=_no_committee_evidence,
        cure=_KEEP,
        unit="项",
        keys=(COMMITTEE_FROM, COMMITTEE_LEAST, COMMITTEE_USUAL, COMMITTEE_MOST),
        needs_relations=True,
    )
)
COMMITTEE_IS_OF_USUAL_SIZE = register(
    Rule(
        code="branches.committee_size",
        record="ORG-COMM",
        title="支部委员会人数",
        short="支委会人数",
        headline="考虑调整支委会人数",
        asks="支委会 3 至 {value} 人",
        wording="党支部委员会由3至5人组成，一般不超过7人；正式党员不足7人的党支部，设1名书记，必要时可以设1名副书记。",
        source=_SOURCE,
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="核对日班子 6 至 7 人，或正式党员不足 7 人而登记了 3 人以上的班子，计 1。双数不算。这是建议，最多显示为落后。临时党支部、功能型党支部不核对。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_committee_size,
        evidence=_committee_size_evidence,
        cure=Cure("调整班子任职", "members:posts", actions=(Action.KEEP_POSTS,)),
        unit="项",
        keys=(COMMITTEE_USUAL, COMMITTEE_FROM, COMMITTEE_LEAST, COMMITTEE_MOST),
        strict=False,
        needs_relations=True,
    )
)
