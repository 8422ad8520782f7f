"""The ledger 督查: findings typed by hand into a round that exists, then written.

A round is found by its title and who inspects. Who may not inspect there changes nothing. The first
finding of an organisation records the visit; later a visit is changed in the system only.
"""

from collections import defaultdict
from dataclasses import dataclass

from accounts.roles import Action
from branches.words import full_date
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import CLEAR, canonical
from ledgers.sheets.inspections import (
    DUE,
    FIELDS,
    HOUSE,
    HOUSE_CODE,
    KIND,
    LOOKED_AT,
    ON,
    ROUND,
    STATE,
    TEXT,
    VISITED,
    VISITED_CODE,
    state_of,
)
from tasks.enums import InspectionState
from tasks.models import Finding, Inspection, InspectionVisit
from tasks.services.inspection_visits import AREA

_OPEN = (InspectionState.PLANNED, InspectionState.RUNNING)
_WRITTEN = (*FIELDS.values(), "version")


@dataclass(eq=False, slots=True)
class FindingPlan:
    """What one row will write; `visit` is shared by the rows of one organisation in a round."""

    round: Inspection
    place: Place
    visit: InspectionVisit
    finding: Finding
    version: int = 0


class Inspections:
    """Plans and writes the rows of the ledger 督查."""

    def __init__(self, county: County):
        self.county = county
        self.rounds: dict[str, list[Inspection]] = defaultdict(list)
        self.visits: dict[tuple[int, Place], InspectionVisit] = {}
        self.findings: dict[int, Finding] = {}
        self._by_text: dict[tuple[int, str], Finding] = {}
        self._names: dict[str, list[Place]] = defaultdict(list)
        # Rounds that visited somebody for whom the user imports.
        self._visited: set[int] = set()
        # Visits that an import records.
        self._recorded: list[InspectionVisit] = []
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by round, organisation and problem."""
        for place in self.county.by_code.values():
            for name in {canonical(place.name), canonical(place.organisation.short_name)}:
                self._names[name].append(place)
        self._load(rows)
        for row in rows:
            row.label = row.values.get(TEXT.heading, "")
            round_, place = self._round(row), self._place(row, VISITED_CODE, VISITED)
            if round_ and place and not row.problems:
                self._plan_row(row, round_, place)

    def _load(self, rows: list[Row]) -> None:
        titles = {row.values.get(ROUND.heading, "") for row in rows}
        for piece in chunks(titles):
            for one in Inspection.objects.filter(title__in=piece).select_related("organisation"):
                self.rounds[canonical(one.title)].append(one)
        keys = {one.pk for found in self.rounds.values() for one in found}
        for piece in chunks(keys):
            for visit in InspectionVisit.objects.filter(inspection__in=piece):
                place = self.county.by_pk[visit.organisation_id]
                self.visits[visit.inspection_id, place] = visit
                if visit.visited_on and self.county.may(place):
                    self._visited.add(visit.inspection_id)
            findings = Finding.objects.filter(visit__inspection__in=piece)
            for finding in findings.select_related("visit__inspection", "task"):
                self.findings[finding.pk] = finding
                if finding.withdrawn_on is None:
                    self._by_text[finding.visit_id, canonical(finding.text)] = finding

    def _place(self, row: Row, code_column, name_column) -> Place | None:
        code = row.values.get(code_column.heading, "")
        name = row.values.get(name_column.heading, "")
        if code:
            if place := self.county.place_coded(code):
                return place
            row.refuse(code_column.heading, f"没有编码为“{code}”的组织，请核对编码", code)
            return None
        places = self._names.get(canonical(name), []) if name else []
        if len(places) == 1:
            return places[0]
        column = name_column.heading
        if not name:
            row.refuse(column, f"“{column}”不能为空")
        elif places:
            row.refuse(column, f"有 {len(places)} 个组织叫这个名称，请填写编码", name)
        else:
            row.refuse(column, "没有叫这个名称的组织，请核对名称，或填写编码", name)
        return None

    def _round(self, row: Row) -> Inspection | None:
        """The round of that title, of the house named or the only one the user inspects for."""
        title = row.values.get(ROUND.heading, "")
        found = self.rounds.get(canonical(title), []) if title else []
        if row.values.get(HOUSE_CODE.heading) or row.values.get(HOUSE.heading):
            house = self._place(row, HOUSE_CODE, HOUSE)
            if house is None:
                return None
            found = [
                one for one in found if one.organisation_id == house.pk and self._may_know(one)
            ]
        else:
            found = [one for one in found if self._may_inspect(one)]
        if len(found) > 1 and (day := row.values.get(ON.heading)):
            found = [one for one in found if one.starts_on.year == day.year]
        if len(found) == 1:
            return found[0]
        reason = (
            "有几次督查叫这个名称，请填督查单位编码和到点日期"
            if found
            else "没有这次督查，请先在系统里制定，或核对督查名称和督查单位"
        )
        row.refuse(ROUND.heading, reason, title)
        return None

    def _may_inspect(self, round_: Inspection) -> bool:
        place = self.county.by_pk[round_.organisation_id]
        return self.county.may(place, Action.INSPECT)

    def _may_know(self, round_: Inspection) -> bool:
        """Whether the user inspects there, or was visited in the round: to others there is none."""
        return self._may_inspect(round_) or round_.pk in self._visited

    def _plan_row(self, row: Row, round_: Inspection, place: Place) -> None:
        visit = self.visits.get((round_.pk, place))
        if not self._may_inspect(round_) and not (
            visit and visit.visited_on and self.county.may(place)
        ):
            # Said alike whether there is such a visit or not.
            row.refuse(VISITED.heading, "这个组织不在你的导入范围内", place.organisation.code)
            return
        if row.stamp:
            finding = self.findings.get(int(row.stamp.pk))
            if finding is None or visit is None or finding.visit_id != visit.pk:
                row.refuse(KEY, "这次督查里没有这一行，请核对名称和编码，或清空行标识")
                return
        else:
            key = (visit.pk if visit else None, canonical(row.label))
            finding = self._by_text.get(key)
        identity = finding.pk if finding else (round_.pk, place, canonical(row.label))
        if self._firsts.repeats(row, identity):
            return
        if finding is None:
            self._add(row, round_, place, visit)
        else:
            self._compare(row, round_, place, visit, finding)

    def _add(self, row: Row, round_: Inspection, place: Place, visit) -> None:
        row.is_new = True
        if not row.values.get(TEXT.heading):
            row.refuse(TEXT.heading, "“发现问题”不能为空")
        self._refuse_closed(row, round_)
        day, looked_at = row.values.get(ON.heading), row.values.get(LOOKED_AT.heading, "")
        if visit is None:
            visit = InspectionVisit(inspection=round_, organisation_id=place.pk)
            inside = place.organisation.path.startswith(round_.organisation.path)
            if not inside or place.pk == round_.organisation_id:
                row.refuse(VISITED.heading, "这个组织不在督查单位之下，请核对", place.name)
        if visit.visited_on is None:
            for column, value in ((ON, day), (LOOKED_AT, looked_at)):
                if not value:
                    reason = f"第一次登记这个组织，“{column.heading}”不能为空"
                    row.refuse(column.heading, reason)
            if day and day > self.county.today:
                row.refuse(ON.heading, "这一天还没有到，去过再登记", day)
            if row.problems:
                return
            visit.visited_on, visit.looked_at = day, looked_at
            self.visits[round_.pk, place] = visit
            self._recorded.append(visit)
        else:
            self._compare_visit(row, visit)
        facts = {
            name: row.values[heading]
            for heading, name in FIELDS.items()
            if row.values.get(heading, CLEAR) is not CLEAR
        }
        row.plan = FindingPlan(round_, place, visit, Finding(**facts))
        self._check(row)

    def _compare_visit(self, row: Row, visit: InspectionVisit) -> None:
        """What a row says of a recorded visit has to agree with it."""
        for column, stored in ((ON, visit.visited_on), (LOOKED_AT, visit.looked_at)):
            typed = row.values.get(column.heading)
            if (
                typed
                and canonical(typed) != canonical(stored)
                and not row.came_back(column.heading)
            ):
                reason = f"系统里登记的是“{column.text(stored)}”，到点情况请在系统里修改"
                row.refuse(column.heading, reason, typed)

    def _compare(self, row: Row, round_, place: Place, visit, finding: Finding) -> None:
        self._compare_visit(row, visit)
        stored = {heading: getattr(finding, name) for heading, name in FIELDS.items()}
        found = row.differences(stored)
        for heading, new in found.items():
            row.change(heading, stored[heading], new)
            setattr(finding, FIELDS[heading], new)
        for column, value in ((STATE, state_of(finding)), (KIND, round_.kind)):
            typed = row.values.get(column.heading)
            same = typed is None or canonical(typed) == canonical(value)
            if not same and not row.came_back(column.heading):
                row.note(column.heading, f"“{column.heading}”由系统得出，本行没有采用", typed)
        if not found:
            return
        row.plan = FindingPlan(round_, place, visit, finding, finding.version)
        self._refuse_closed(row, round_)
        if finding.withdrawn_on or getattr(finding, "task", None):
            row.refuse(TEXT.heading, "这个问题已撤回或已转为整改任务，不能再改", finding.text)
        self._check(row)

    def _refuse_closed(self, row: Row, round_: Inspection) -> None:
        if not self._may_inspect(round_):
            row.refuse(
                ROUND.heading, "督查问题由督查单位登记，你的账号不能登记或修改", round_.title
            )
        elif round_.state not in _OPEN:
            reason = f"这次督查{round_.get_state_display()}，不能再登记或修改"
            row.refuse(ROUND.heading, reason, round_.title)

    @staticmethod
    def _check(row: Row) -> None:
        finding, visit = row.plan.finding, row.plan.visit
        if finding.due_on and finding.due_on < visit.visited_on:
            reason = f"整改时限早于到点日期{full_date(visit.visited_on)}，请核对"
            row.refuse(DUE.heading, reason, finding.due_on)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock rounds and findings of these rows; whether any has moved on since the plan."""
        states = {row.plan.round.pk: (row.plan.round.version,) for row in rows}
        known = {row.plan.finding.pk: (row.plan.version,) for row in rows if not row.is_new}
        visits = {row.plan.visit.pk: (row.plan.visit.version,) for row in rows if row.plan.visit.pk}
        return (
            have_moved(Inspection, states, ("version",))
            or have_moved(InspectionVisit, visits, ("version",))
            or have_moved(Finding, known, ("version",))
        )

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Record the visits that are new, then write the findings. No rule judges them."""
        named = {id(row.plan.visit) for row in rows if row.is_new}
        for visit in self._recorded:
            if id(visit) not in named:
                continue
            if visit.pk is None:
                visit.entered_by = writing.by
            else:
                visit.version += 1
            visit.save()
        begun = {row.plan.round.pk: row.plan.round for row in rows if row.is_new}
        for round_ in begun.values():
            if round_.state == InspectionState.PLANNED:
                round_.state, round_.version = InspectionState.RUNNING, round_.version + 1
                round_.save(update_fields=["state", "version"])
        for row in rows:
            row.plan.finding.visit = row.plan.visit
            if row.is_new:
                row.plan.finding.entered_by = writing.by
            else:
                row.plan.finding.version += 1
        Finding.objects.bulk_create(
            [row.plan.finding for row in rows if row.is_new], batch_size=500
        )
        Finding.objects.bulk_update(
            [row.plan.finding for row in rows if not row.is_new], _WRITTEN, batch_size=500
        )
        for row in rows:
            writing.line(row, AREA, row.plan.visit.pk, row.plan.place.pk)
