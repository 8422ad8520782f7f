"""The ledger 软弱涣散: the county's list typed by hand, planned against what is stored, then written.

Only the county imports it. A new row is a decision; a known one may change words, the deadline, the
plan and the links. What surveys, reports and steps say is made by the system and not read.
"""

import datetime
from dataclasses import dataclass, field

from accounts.roles import Action
from branches.values import Values
from branches.words import full_date
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import CLEAR
from ledgers.sheets.weak import (
    DECIDED,
    DECIDED_BY,
    DUE,
    FIELDS,
    LINKS,
    NAME,
    PLAN,
    PROBLEMS,
    READ_ONLY,
    SITUATIONS,
    linked_on,
    stored_values,
)
from tasks.enums import WeakState, WeakStepKind
from tasks.models import WeakBranch, WeakCheck, WeakLink, WeakStep
from tasks.services.weak import AREA
from tasks.values import WEAK_CHECKLISTS, WEAK_PLAN_DAYS
from tasks.weak import IN_WORK

_REQUIRED = (SITUATIONS, DECIDED, PROBLEMS, DUE)
_DEFAULT_BODY = "县委常委会"


@dataclass(eq=False, slots=True)
class WeakPlan:
    """What one row will write; `links` are those named, by kind, `before` those stored."""

    place: Place
    case: WeakBranch
    links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    version: int = 0
    steps: list[WeakStep] = field(default_factory=list)


class Weak:
    """Plans and writes the rows of the ledger 软弱涣散."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, WeakBranch] = {}
        self.by_place: dict[int, list[WeakBranch]] = {}
        self.links: dict[int, dict[str, tuple[str, ...]]] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch and day of the decision."""
        placed = []
        for row in rows:
            place = self.county.branch_of(row)
            row.label = f"{place.organisation.short_name if place else ''} 软弱涣散整顿"
            if place and not row.problems:
                placed.append((row, place))
        self._load({place.pk for _row, place in placed if place.pk})
        for row, place in placed:
            self._plan_row(row, place)

    def _load(self, places: set[int]) -> None:
        for piece in chunks(places):
            for case in WeakBranch.objects.filter(organisation__in=piece).order_by("pk"):
                self.by_pk[case.pk] = case
                self.by_place.setdefault(case.organisation_id, []).append(case)
        for piece in chunks(self.by_pk):
            rows = WeakLink.objects.filter(linked_on(self.county.today), weak__in=piece)
            for pk, kind, name in rows.order_by("pk").values_list("weak_id", "kind", "name"):
                known = self.links.setdefault(pk, {})
                known[kind] = (*known.get(kind, ()), name)

    def _plan_row(self, row: Row, place: Place) -> None:
        case = self._match(row, place)
        if row.problems:
            return
        day = row.values.get(DECIDED.heading)
        if self._firsts.repeats(row, case.pk if case else (place, day)):
            return
        if case is None:
            self._decide(row, place)
        else:
            self._compare(row, place, case)
        if (row.is_new or row.changes) and not self._may(place):
            row.problems.clear()
            row.refuse(NAME.heading, "软弱涣散名单由县委组织部导入，你的账号不能新增或修改")

    def _may(self, place: Place) -> bool:
        return self.county.may(place, Action.REVIEW_FOR_COUNTY)

    def _match(self, row: Row, place: Place) -> WeakBranch | None:
        known = self.by_place.get(place.pk, [])
        if row.stamp:
            case = self.by_pk.get(int(row.stamp.pk))
            if case is None or case.organisation_id != place.pk or case.decided_on is None:
                row.refuse(KEY, "这个支部没有这一行对应的整顿，请核对党支部编码，或清空行标识")
                return None
            return case
        day = row.values.get(DECIDED.heading)
        return next((case for case in known if day and case.decided_on == day), None)

    def _decide(self, row: Row, place: Place) -> None:
        """Plan a new case: the county's decision, filed plan and links."""
        row.is_new = True
        for column in _REQUIRED:
            if not row.values.get(column.heading) or row.values[column.heading] is CLEAR:
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if row.problems or not self._may(place):
            return
        if case := next(
            (one for one in self.by_place.get(place.pk, []) if one.state != WeakState.ENDED), None
        ):
            row.refuse(DECIDED.heading, _standing_words(case), row.values[DECIDED.heading])
            return
        decided_on = row.values[DECIDED.heading]
        values = Values()
        days = datetime.timedelta(days=values.on(WEAK_PLAN_DAYS, decided_on))
        plan = row.values.get(PLAN.heading, "")
        case = WeakBranch(
            organisation_id=place.pk,
            year=decided_on.year,
            situations=list(row.values[SITUATIONS.heading]),
            problems=row.values[PROBLEMS.heading],
            proposed_on=decided_on,
            decided_on=decided_on,
            decided_by=row.values.get(DECIDED_BY.heading) or _DEFAULT_BODY,
            plan_due_on=decided_on + days,
            due_on=row.values[DUE.heading],
            state=WeakState.DECIDED,
        )
        row.plan = WeakPlan(place, case, links=self._named(row, {}))
        row.plan.steps = [
            WeakStep(kind=kind, on=decided_on, text="导入")
            for kind in (WeakStepKind.PROPOSED, WeakStepKind.DECIDED)
        ]
        if plan:
            self._file(row.plan, plan)
        self._check(row, place, case)

    def _file(self, plan: WeakPlan, text: str) -> None:
        """The plan is filed by the import, on its day, unless it was filed before."""
        case, today = plan.case, self.county.today
        case.plan = text
        case.plan_filed_on = case.plan_filed_on or today
        case.state = WeakState.WORKING
        plan.steps.append(WeakStep(kind=WeakStepKind.PLAN_FILED, on=today, text="导入"))

    def _named(self, row: Row, before: dict) -> dict[str, tuple[str, ...]]:
        """Who is linked after the import; a column that is not there keeps its people."""
        found = dict(before)
        for kind, column in LINKS.items():
            value = row.values.get(column.heading)
            if value is CLEAR:
                found[kind] = ()
            elif value:
                found[kind] = value
                for name in value:
                    if len(name) > 80:
                        row.refuse(column.heading, "姓名或单位最多 80 个字", name)
        return found

    def _compare(self, row: Row, place: Place, case: WeakBranch) -> None:
        links = self.links.get(case.pk, {})
        stored = stored_values(case, links)
        found = row.differences(stored)
        for column in READ_ONLY:
            typed = row.values.get(column.heading)
            if typed and row.stamp and not row.came_back(column.heading):
                reason = f"“{column.heading}”由系统得出，本行没有采用，请在系统里登记"
                row.note(column.heading, reason, typed)
        if row.problems or not found:
            return
        if DECIDED.heading in found:
            row.refuse(DECIDED.heading, "认定日期不能用导入修改", found[DECIDED.heading])
        if case.state == WeakState.ENDED:
            row.refuse(DECIDED.heading, "这次整顿已经结束，不能再改", case.decided_on)
        for column in (PLAN, DUE):
            if column.heading in found and case.state not in IN_WORK:
                reason = f"现在是“{case.get_state_display()}”，“{column.heading}”不能用导入修改"
                row.refuse(column.heading, reason, row.written(column.heading))
        if PLAN.heading in found and case.state == WeakState.ACCEPTANCE:
            row.refuse(PLAN.heading, "已申请验收，“整顿措施”不能用导入修改")
        if row.problems:
            # Read again elsewhere: nothing of the row was taken over.
            return
        row.plan = WeakPlan(place, case, self._named(row, links), links, case.version)
        for heading, new in found.items():
            row.change(heading, stored[heading], new)
        if SITUATIONS.heading in found:
            case.situations = list(found[SITUATIONS.heading])
        for heading in (DECIDED_BY.heading, PROBLEMS.heading, DUE.heading):
            if heading in found:
                setattr(case, FIELDS[heading], found[heading])
        if PLAN.heading in found:
            self._file(row.plan, found[PLAN.heading])
        self._check(row, place, case)

    def _check(self, row: Row, place: Place, case: WeakBranch) -> None:
        """What the services refuse for a single case."""
        today, organisation = self.county.today, place.organisation
        if case.decided_on > today:
            row.refuse(DECIDED.heading, "这一天还没有到，请核对", case.decided_on)
        if organisation.founded_on and case.decided_on < organisation.founded_on:
            reason = f"支部{full_date(organisation.founded_on)}才成立，请核对日期"
            row.refuse(DECIDED.heading, reason, case.decided_on)
        if organisation.dissolved_on and case.decided_on >= organisation.dissolved_on:
            row.refuse(DECIDED.heading, "支部在这一天已经撤销，请核对日期", case.decided_on)
        if case.due_on < case.decided_on:
            row.refuse(DUE.heading, f"整顿时限早于认定日期 {case.decided_on}", case.due_on)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the cases of these rows; whether any has moved on since the plan, or a branch that is
        to be decided on has become a case meanwhile."""
        known = {row.plan.case.pk: (row.plan.version,) for row in rows if not row.is_new}
        new = [row.plan.place.pk for row in rows if row.is_new]
        open_cases = WeakBranch.objects.exclude(state=WeakState.ENDED)
        return (
            have_moved(WeakBranch, known, ("version",))
            or open_cases.filter(organisation__in=new).exists()
        )

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Cases with their steps and checklists, then the links that begin and end."""
        values = Values()
        for row in rows:
            plan, case = row.plan, row.plan.case
            if row.is_new:
                case.organisation_id, case.entered_by = plan.place.pk, writing.by
            else:
                case.version += 1
            case.save()
            for step in plan.steps:
                step.weak, step.by = case, writing.by
            WeakStep.objects.bulk_create(plan.steps)
            if row.is_new:
                WeakCheck.objects.bulk_create(
                    WeakCheck(weak=case, list_name=name, position=position, text=text)
                    for name, key in WEAK_CHECKLISTS.items()
                    for position, text in enumerate(values.on(key, case.decided_on), 1)
                )
            self._write_links(row, writing)
            writing.line(row, AREA, case.pk, plan.place.pk)
            writing.note(plan.place.pk, AREA, case.decided_on)

    @staticmethod
    def _write_links(row: Row, writing: Writing) -> None:
        plan, case = row.plan, row.plan.case
        starts_on = case.decided_on if row.is_new else writing.today
        for kind in LINKS:
            old, new = plan.before.get(kind, ()), plan.links.get(kind, ())
            gone = [name for name in old if name not in new]
            WeakLink.objects.filter(
                weak=case, kind=kind, name__in=gone, ends_on__isnull=True
            ).update(ends_on=writing.today)
            WeakLink.objects.bulk_create(
                WeakLink(weak=case, kind=kind, name=name, starts_on=starts_on)
                for name in new
                if name not in old
            )


def _standing_words(case: WeakBranch) -> str:
    if case.decided_on is None:
        return "这个支部已提出、待认定，请在系统里登记认定"
    return f"这个支部已在整顿中（{full_date(case.decided_on)}认定），不能再认定一次"
