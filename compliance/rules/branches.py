from collections import defaultdict
from datetime import date

from accounts.roles import Action
from branches.dated import standing_on
from branches.history import were
from branches.models import BranchUnit, Form, Organisation, Sector
from branches.values import Key
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
from members.roster import counts

LEAST_FORMAL = Key(
    "branches.least_formal", "成立党支部的正式党员数", 3, unit="人", minimum=1, maximum=10
)
MOST_MEMBERS = Key(
    "branches.most_members", "党支部党员人数上限", 50, unit="人", minimum=10, maximum=500
)
MOST_UNITS = Key(
    "branches.most_units", "联合党支部所辖单位数上限", 5, unit="个", minimum=1, maximum=30
)

# Formal members with whom the county's plan founds a branch of a social organisation of its own.
_COUNTY_FOUNDS_WITH = 2


def _measure_too_small(question: Question):
    found = counts(question.organisations, question.as_of)
    least = question.value(LEAST_FORMAL)
    for pk in question.organisations.values_list("pk", flat=True):
        _members, formal = found.get(pk, (0, 0))
        yield Measured(pk, 0, int(formal < least))


def _measure_too_large(question: Question):
    found = counts(question.organisations, question.as_of)
    most = question.value(MOST_MEMBERS)
    for pk in question.organisations.values_list("pk", flat=True):
        members, _formal = found.get(pk, (0, 0))
        yield Measured(pk, 0, int(members > most))


def _size_facts(question: Question, organisation: Organisation) -> tuple[int, int, list]:
    members, formal = counts([organisation.pk], question.as_of).get(organisation.pk, (0, 0))
    facts = [("党员", f"{members} 人"), ("其中正式党员", f"{formal} 人")]
    return members, formal, facts


def _too_small_evidence(question: Question, organisation: Organisation) -> Evidence:
    _members, formal, facts = _size_facts(question, organisation)
    least = question.value(LEAST_FORMAL)
    found = [Record(text=f"正式党员 {formal} 人，不足 {least} 人")] if formal < least else []
    facts.append(("下限", f"正式党员 {least} 人"))
    if formal == _COUNTY_FOUNDS_WITH and _is_social(organisation, question.as_of):
        facts.append(
            (
                "说明",
                "本县社会组织方案：2 名正式党员的选派指导员、单独组建；与全国规定（联合组建）不一致",
            )
        )
    return Evidence(counted=found, facts=facts)


def _is_social(organisation: Organisation, day: date) -> bool:
    social = were("sector", [Sector.SOCIAL_ORGANISATION], day)
    return Organisation.objects.filter(social, pk=organisation.pk).exists()


def _too_large_evidence(question: Question, organisation: Organisation) -> Evidence:
    members, _formal, facts = _size_facts(question, organisation)
    most = question.value(MOST_MEMBERS)
    found = [Record(text=f"党员 {members} 人，超过 {most} 人")] if members > most else []
    return Evidence(counted=found, facts=[*facts, ("上限", f"党员 {most} 人")])


def _measure_joint_units(question: Question):
    """Joint branches only; the condition lasts since the unit that was one too many came."""
    most = question.value(MOST_UNITS)
    joint = question.organisations.filter(were("form", [Form.JOINT], question.as_of))
    since = defaultdict(list)
    for pk, starts_on in BranchUnit.objects.filter(
        standing_on(question.as_of), organisation__in=joint
    ).values_list("organisation_id", "starts_on"):
        since[pk].append(starts_on or date.min)
    for pk in joint.values_list("pk", flat=True):
        # The unit after the last that is covered by the norm.
        beyond = sorted(since[pk])[most:]
        first = beyond[0] if beyond and beyond[0] != date.min else None
        yield Measured(pk, 0, int(bool(beyond)), since=first)


def _joint_units_evidence(question: Question, organisation: Organisation) -> Evidence:
    most = question.value(MOST_UNITS)
    rows = list(
        BranchUnit.objects.filter(standing_on(question.as_of), organisation=organisation)
        .select_related("unit")
        .order_by("unit__name", "pk")
    )
    over = len(rows) > most
    units = [
        Record(text=row.unit.name, on=row.starts_on, note=row.unit.get_kind_display())
        for row in rows
    ]
    return Evidence(
        counted=units if over else [],
        facts=[("所辖单位", f"{len(rows)} 个"), ("上限", f"{most} 个")],
    )


_ROSTER = Cure("看党员名册", "members:list", actions=(Action.CHANGE_MEMBER, Action.KEEP_BRANCH))
_UNITS = Cure("看所辖单位", "branches:list", actions=(Action.KEEP_BRANCH,))

BRANCH_HAS_ENOUGH_MEMBERS = register(
    Rule(
        code="branches.too_small",
        record="ORG-MIN3",
        title="党支部人数下限",
        short="过小",
        headline="调整不足 3 名正式党员的设置",
        asks="正式党员不少于 {value} 人",
        wording="凡是有正式党员3人以上的，都应当成立党支部；正式党员不足3人的，应当按照地域相邻、行业相近等原则成立联合党支部。",
        source="中国共产党支部工作条例（试行）（2018）第二章（条款号待核实）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.MUST,
        how="核对日在册正式党员少于 3 人，计 1。临时党支部和功能型党支部按编入的党员计。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_too_small,
        evidence=_too_small_evidence,
        cure=_ROSTER,
        unit="项",
        keys=(LEAST_FORMAL,),
    )
)
BRANCH_IS_NOT_TOO_LARGE = register(
    Rule(
        code="branches.too_large",
        record="ORG-MAX50",
        title="党支部人数上限",
        short="过大",
        headline="考虑分设党支部",
        asks="党员一般不超过 {value} 人",
        wording="党支部党员人数一般不超过50人。",
        source="中国共产党支部工作条例（试行）（2018）第二章（条款号待核实）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="核对日在册党员（含预备党员）多于 50 人，计 1；临时党支部和功能型党支部按编入的党员计。这是建议，最多显示为落后。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_too_large,
        evidence=_too_large_evidence,
        cure=_ROSTER,
        unit="项",
        keys=(MOST_MEMBERS,),
        strict=False,
    )
)
JOINT_BRANCH_COVERS_FEW_UNITS = register(
    Rule(
        code="branches.joint_units",
        record="ORG-JOINT5",
        title="联合党支部覆盖单位",
        short="联合",
        headline="考虑分设联合党支部",
        asks="联合党支部覆盖的单位一般不超过 {value} 个",
        wording="联合党支部覆盖单位一般不超过5个。",
        source="中国共产党支部工作条例（试行）（2018）第二章（条款号待核实）",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="核对日设置形式为联合的党支部，所辖单位多于 5 个的，计 1。这是建议，最多显示为落后。",
        span=None,
        areas=frozenset({"branches"}),
        measure=_measure_joint_units,
        evidence=_joint_units_evidence,
        cure=_UNITS,
        unit="项",
        keys=(MOST_UNITS,),
        strict=False,
    )
)
