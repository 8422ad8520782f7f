import datetime
from decimal import ROUND_CEILING, Decimal

from django.db.models import Count

from accounts.roles import Action
from branches.history import were
from branches.models import Budget, Organisation, Sector
from branches.periods import Period, Span
from branches.premises import FUNDS_PER_MEMBER, required_funds
from branches.values import Values
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
from members.enums import AssignmentRole
from members.instructors import INSTRUCTOR_BELOW
from members.models import Assignment
from members.roster import counts, roster

# --- Work funds -----------------------------------------------------------------------------


def funds_due(period: Period, values: Values) -> datetime.date:
    """The budget of a year stands by the end of March."""
    return datetime.date(period.starts_on.year, 3, 31)


def whole_yuan(required: Decimal, amount: Decimal) -> tuple[int, int]:
    """Both sums in whole yuan, so that the second reaches the first exactly when it really does."""
    asked, has = int(required.to_integral_value(ROUND_CEILING)), int(amount)
    return asked, max(has, asked) if amount >= required else min(has, asked - 1)


def _members_on_new_year(question: Question) -> dict[int, int]:
    rows = (
        roster(question.organisations, question.starts_on)
        .values("organisation_id")
        .annotate(count=Count("pk"))
    )
    return dict(rows.values_list("organisation_id", "count"))


def _budgets(question: Question) -> dict[int, Budget]:
    budgets = Budget.objects.filter(
        year=question.starts_on.year, organisation__in=question.organisations
    )
    return {budget.organisation_id: budget for budget in budgets}


def _measure_funds(question: Question):
    per_member, budgets = question.value(FUNDS_PER_MEMBER), _budgets(question)
    for pk, members in _members_on_new_year(question).items():
        budget = budgets.get(pk)
        required = required_funds(members, per_member, budget.uplift_percent if budget else 0)
        yield Measured(pk, *whole_yuan(required, budget.amount if budget else Decimal(0)))


def _funds_evidence(question: Question, organisation: Organisation) -> Evidence:
    members = _members_on_new_year(question).get(organisation.pk, 0)
    budget = _budgets(question).get(organisation.pk)
    per_member = question.value(FUNDS_PER_MEMBER)
    uplift = budget.uplift_percent if budget else 0
    required = required_funds(members, per_member, uplift)
    facts = [
        ("1 月 1 日在册党员", f"{members} 人"),
        ("每名党员不少于", f"{per_member} 元"),
        ("上浮", f"{uplift}%" + (f"（{budget.note}）" if uplift else "")),
        ("应列入预算", f"¥{required:,.2f}"),
    ]
    if budget is None:
        return Evidence([], [Record(text="没有填写经费预算")], facts)
    record = Record(text="列入预算", note=f"¥{budget.amount:,.2f}")
    if budget.amount >= required:
        return Evidence([record], [], facts)
    short = Record(text="不足", note=f"差 ¥{required - budget.amount:,.2f}")
    return Evidence([record], [short], facts)


FUNDS_ARE_BUDGETED = register(
    Rule(
        code="branches.funds",
        record="FUNDS",
        title="工作经费列入预算",
        short="经费",
        headline="把工作经费列入预算",
        asks="每名党员每年不少于 {value} 元",
        wording="按每名党员每年不少于100元的标准，将党支部工作经费列入单位年度预算。",
        source="县方案（基础保障）。党员教育管理工作条例（2019）第四十二条要求按党员人数列预算，没有规定数额",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="应有 = 1 月 1 日在册党员 × 本县每人数额 ×（1 + 上浮比例），实有 = 列入预算的金额，均按整元。返还和拨付不算。年中成立的、临时和功能型党支部当年不核对；1 月 1 日没有党员的不核对。3 月 31 日到期。",
        span=Span.YEAR,
        areas=frozenset({"branches", "members"}),
        measure=_measure_funds,
        evidence=_funds_evidence,
        cure=Cure("填写经费预算", "branches:funds", actions=(Action.KEEP_BRANCH,)),
        unit="元",
        keys=(FUNDS_PER_MEMBER,),
        due=funds_due,
        needs_relations=True,
    )
)

# --- Instructors ----------------------------------------------------------------------------


def _social(question: Question):
    """Branches that were of social organisations on the day."""
    social = were("sector", [Sector.SOCIAL_ORGANISATION], question.as_of)
    return question.organisations.filter(social)


def _instructors(question: Question, branches) -> set[int]:
    return set(
        Assignment.objects.on(question.as_of)
        .filter(organisation__in=branches, role=AssignmentRole.INSTRUCTOR)
        .values_list("organisation_id", flat=True)
    )


def _measure_no_instructor(question: Question):
    below = question.value(INSTRUCTOR_BELOW)
    keys = list(_social(question).values_list("pk", flat=True))
    formal = counts(keys, question.as_of)
    due = [pk for pk in keys if formal.get(pk, (0, 0))[1] < below]
    held = _instructors(question, due)
    for pk in due:
        yield Measured(pk, 0, int(pk not in held))


def _no_instructor_evidence(question: Question, organisation: Organisation) -> Evidence:
    _members, formal = counts([organisation.pk], question.as_of).get(organisation.pk, (0, 0))
    facts = [
        ("正式党员", f"{formal} 人"),
        ("少于几人要派", f"{question.value(INSTRUCTOR_BELOW)} 人"),
    ]
    instructors = Assignment.objects.filter(
        organisation=organisation, role=AssignmentRole.INSTRUCTOR
    )
    if standing := instructors.on(question.as_of).first():
        return Evidence([], facts=[*facts, ("党建指导员", standing.person_name)])
    last = instructors.filter(ends_on__lt=question.as_of).order_by("-ends_on").first()
    record = Record(
        text="没有党建指导员",
        on=last.ends_on if last else None,
        note=f"上一任 {last.person_name}" if last else "没有选派记录",
    )
    return Evidence([record], facts=facts)


INSTRUCTOR_IS_ASSIGNED = register(
    Rule(
        code="branches.no_instructor",
        record="INSTRUCTOR",
        title="社会组织党建指导员",
        short="指导员",
        headline="选派党建指导员",
        asks="正式党员少于 {value} 人的社会组织有党建指导员",
        wording="向社会组织选派党建指导员；正式党员2人的，选派指导员并单独建立党组织；没有党员的，由指导员先开展党建工作（每个社会组织都派，是县方案的口径）。",
        source="县方案（向每个社会组织选派党建指导员）；市社会组织建组织扩覆盖方案",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="核对日所属领域为社会组织、正式党员少于本县数值的党支部，没有在任的党建指导员，计 1。两个方案口径不同：一个要求每个社会组织都派，本县数值填 10000 即是。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_no_instructor,
        evidence=_no_instructor_evidence,
        cure=Cure("选派指导员", "members:assignments", actions=(Action.APPROVE,)),
        unit="项",
        keys=(INSTRUCTOR_BELOW,),
        by_superior=True,
    )
)
