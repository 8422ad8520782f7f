"""What hangs on a unit in the ledger 社会组织: its survey, the branch that covers it, its instructor."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from accounts.roles import Action
from branches.dated import standing_on
from branches.models import BranchUnit, Unit
from branches.services import AREA as BRANCHES_AREA
from branches.words import full_date
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.results import Row
from ledgers.imports.writing import Writing
from ledgers.sheets import coverage as sheet
from ledgers.sheets.columns import CLEAR, canonical
from tasks.models import UnitInstructor, UnitSurvey
from tasks.services.coverage import (
    SURVEY_FIELDS,
    SurveyFacts,
    campaign_for,
    campaigns_of_plan,
    facts_of,
    stored,
    survey_fault,
)

_HEADING_OF = {name: heading for heading, name in sheet.SURVEY_FIELDS.items()} | {
    "surveyed_on": sheet.SURVEYED.heading
}
_DAY = datetime.timedelta(days=1)


@dataclass(eq=False, slots=True)
class CoveragePlan:
    """What one row will write; `known` are the unit's facts when the plan was made."""

    place: Place
    unit: Unit
    known: tuple = ()
    unit_changed: bool = False
    survey: UnitSurvey | None = None
    instructor: UnitInstructor | None = None
    ended: UnitInstructor | None = None
    branch: Place | None = None
    since: datetime.date | None = None


class UnitParts:
    """Plans what the rows say beyond the unit itself."""

    def __init__(self, county: County):
        self.county = county
        self.surveys: dict[int, list[UnitSurvey]] = defaultdict(list)
        self.instructors: dict[int, list[UnitInstructor]] = defaultdict(list)
        self.behind: dict[int, list[BranchUnit]] = defaultdict(list)

    def load(self, units: Iterable[int]) -> None:
        """Know what is stored about these units."""
        today = self.county.today
        for piece in chunks(units):
            for survey in UnitSurvey.objects.filter(unit__in=piece):
                self.surveys[survey.unit_id].append(survey)
            for one in UnitInstructor.objects.filter(unit__in=piece):
                self.instructors[one.unit_id].append(one)
            for one in BranchUnit.objects.filter(standing_on(today), unit__in=piece):
                self.behind[one.unit_id].append(one)

    def plan(self, row: Row) -> None:
        """Compare the row with what is stored; the row's plan says already which unit it is."""
        self._survey(row)
        self._branch(row)
        self._instructor(row)

    # --- The survey -----------------------------------------------------------------------

    def _survey(self, row: Row) -> None:
        """The survey of the day named is put right, or a new one is made on top of the newest.

        Without a day the newest is meant; what differs from it is a survey of today.
        """
        unit, today = row.plan.unit, self.county.today
        day = row.values.get(sheet.SURVEYED.heading)
        known = sorted(self.surveys.get(unit.pk, ()), key=lambda one: one.surveyed_on)
        survey = next((one for one in known if one.surveyed_on == (day or today)), None)
        earlier = [one for one in known if one.surveyed_on <= (day or today)]
        base = survey or (earlier[-1] if earlier else None)
        before = sheet.survey_values(base)
        differences = row.differences({key: before[key] for key in sheet.SURVEY_FIELDS})
        if row.problems:
            return
        says = day or any(value not in (None, "", 0, (), False) for value in differences.values())
        if ((survey or not day) and not differences) or (not says and base is None):
            return
        facts = self._facts(base, differences, day or today)
        self._check_survey(row, facts, unit)
        if survey is None and not row.is_new:
            old = base.surveyed_on if base else None
            row.change(sheet.SURVEYED.heading, old, facts.surveyed_on)
        for heading, new in differences.items():
            if not row.is_new:
                row.change(heading, before[heading], new)
        survey = survey or UnitSurvey(unit=unit)
        for name, value in stored(facts).items():
            setattr(survey, name, value)
        row.plan.survey = survey

    @staticmethod
    def _facts(base: UnitSurvey | None, differences, day: datetime.date) -> SurveyFacts:
        held = asdict(facts_of(base)) if base else {}
        for heading, value in differences.items():
            name = sheet.SURVEY_FIELDS[heading]
            if name == "mass_organisations":
                value = tuple(one.value for one in value)
            held[name] = value
        held = {name: held[name] for name in SURVEY_FIELDS if name in held}
        return SurveyFacts(**held | {"surveyed_on": day})

    def _check_survey(self, row: Row, facts: SurveyFacts, unit: Unit) -> None:
        day, heading = facts.surveyed_on, sheet.SURVEYED.heading
        if day > self.county.today:
            row.refuse(heading, "摸底日期还没有到，请核对", day)
        if unit.registered_on and day < unit.registered_on:
            row.refuse(heading, f"单位{full_date(unit.registered_on)}才登记成立，请核对日期", day)
        fault, name = survey_fault(facts)
        if fault:
            row.refuse(_HEADING_OF[name], fault, row.written(_HEADING_OF[name]))

    # --- What covers it -------------------------------------------------------------------

    def _branch(self, row: Row) -> None:
        """A branch named covers the unit from a day on; one that does so already changes nothing."""
        name = row.values.get(sheet.PARTY.heading, "")
        has = row.values.get(sheet.HAS_PARTY.heading)
        behind = self.behind.get(row.plan.unit.pk, [])
        if not name:
            if has and not behind:
                row.note(sheet.HAS_PARTY.heading, "没有写党组织名称，按未建登记", "是")
            return
        if has is False:
            row.refuse(sheet.HAS_PARTY.heading, "写了党组织名称，却填“否”，请核对", name)
            return
        place = self.county.branch_called(name)
        if place is None:
            reason = "系统里没有叫这个名称的党支部，请先成立或登记党支部，或核对名称"
            row.refuse(sheet.PARTY.heading, reason, name)
        elif place.pk and place.pk in {one.organisation_id for one in behind}:
            return
        elif behind:
            now = self.county.by_pk[behind[0].organisation_id].name
            reason = f"现由“{now}”覆盖，请先在那个支部的页面办理不再管辖"
            row.refuse(sheet.PARTY.heading, reason, name)
        elif not self.county.may(place, Action.KEEP_BRANCH):
            row.refuse(sheet.PARTY.heading, "这个党支部不在你的导入范围内", name)
        else:
            self._take_in(row, place)

    def _take_in(self, row: Row, place: Place) -> None:
        plan, branch = row.plan, place.organisation
        since = row.values.get(sheet.COVERED_SINCE.heading)
        if since is None:
            since = plan.survey.surveyed_on if plan.survey else self.county.today
            row.note(sheet.COVERED_SINCE.heading, f"没有写日期，按{full_date(since)}起登记")
        if since > self.county.today:
            row.refuse(sheet.COVERED_SINCE.heading, "这一天还没有到，请核对", since)
        elif branch.founded_on and since < branch.founded_on:
            reason = f"“{branch.name}”{full_date(branch.founded_on)}才成立，请核对"
            row.refuse(sheet.COVERED_SINCE.heading, reason, since)
        elif branch.dissolved_on and since >= branch.dissolved_on:
            row.refuse(sheet.COVERED_SINCE.heading, "这个党支部已经撤销，请核对", since)
        if place.row:
            row.needs.add(place.row)
        plan.branch, plan.since = place, since
        if not row.is_new:
            row.change(sheet.PARTY.heading, "", place.name)

    def _instructor(self, row: Row) -> None:
        """The instructor named is there; another name ends the time of who is there now."""
        name = row.values.get(sheet.INSTRUCTOR.heading, "")
        if not name:
            return
        today, plan = self.county.today, row.plan
        there = [
            one
            for one in self.instructors.get(plan.unit.pk, ())
            if one.ends_on is None or one.ends_on >= today
        ]
        same = next((one for one in there if canonical(one.person_name) == canonical(name)), None)
        if same:
            self._change_instructor(row, same)
            return
        since = row.values.get(sheet.INSTRUCTED_SINCE.heading)
        if since is None:
            since = today
            row.note(sheet.INSTRUCTED_SINCE.heading, f"没有写选派日期，按{full_date(today)}登记")
        if since > today:
            row.refuse(sheet.INSTRUCTED_SINCE.heading, "选派日期还没有到，请核对", since)
        if there:
            plan.ended = there[0]
            if since <= plan.ended.starts_on:
                reason = f"{plan.ended.person_name}{full_date(plan.ended.starts_on)}才选派，请核对"
                row.refuse(sheet.INSTRUCTED_SINCE.heading, reason, since)
            plan.ended.ends_on = since - _DAY
        from_unit = row.values.get(sheet.INSTRUCTOR_FROM.heading, "")
        plan.instructor = UnitInstructor(
            person_name=name,
            from_unit="" if from_unit is CLEAR else from_unit,
            starts_on=since,
        )
        if not row.is_new:
            row.change(sheet.INSTRUCTOR.heading, there[0].person_name if there else "", name)

    def _change_instructor(self, row: Row, instructor: UnitInstructor) -> None:
        before = sheet.instructor_values(instructor)
        fields = {
            sheet.INSTRUCTOR_FROM.heading: "from_unit",
            sheet.INSTRUCTED_SINCE.heading: "starts_on",
        }
        for heading, new in row.differences({key: before[key] for key in fields}).items():
            row.change(heading, before[heading], new)
            setattr(instructor, fields[heading], new)
            row.plan.instructor = instructor
        if instructor.starts_on > self.county.today:
            row.refuse(sheet.INSTRUCTED_SINCE.heading, "选派日期还没有到，请核对")


def write_surveys(plans: list[CoveragePlan], writing: Writing) -> None:
    """Store new and changed surveys, each with the campaign it belongs to."""
    campaigns = campaigns_of_plan()
    for plan in plans:
        survey, path = plan.survey, plan.place.organisation.path
        survey.unit_id = plan.unit.pk
        survey.campaign = campaign_for(campaigns, path, survey.surveyed_on)
    new = [plan.survey for plan in plans if not plan.survey.pk]
    for survey in new:
        survey.entered_by = writing.by
    changed = [plan.survey for plan in plans if plan.survey.pk]
    for survey in changed:
        survey.version += 1
    UnitSurvey.objects.bulk_create(new, batch_size=500)
    UnitSurvey.objects.bulk_update(changed, [*SURVEY_FIELDS, "campaign", "version"], batch_size=200)


def write_instructors(plans: list[CoveragePlan], writing: Writing) -> None:
    """Store who was sent, and whose time ended with that."""
    sent = [plan.instructor for plan in plans if plan.instructor]
    for plan in plans:
        if plan.instructor:
            plan.instructor.unit_id = plan.unit.pk
    changed = [one for one in sent if one.pk] + [plan.ended for plan in plans if plan.ended]
    for one in changed:
        one.version += 1
    UnitInstructor.objects.bulk_update(
        changed, ["from_unit", "starts_on", "ends_on", "version"], batch_size=500
    )
    new = [one for one in sent if not one.pk]
    for one in new:
        one.entered_by = writing.by
    UnitInstructor.objects.bulk_create(new, batch_size=500)


def write_covering(plans: list[CoveragePlan], writing: Writing) -> None:
    """Put the units behind the branches that cover them from now on."""
    covered = [plan for plan in plans if plan.branch]
    BranchUnit.objects.bulk_create(
        [
            BranchUnit(organisation_id=plan.branch.pk, unit_id=plan.unit.pk, starts_on=plan.since)
            for plan in covered
        ],
        batch_size=500,
    )
    for plan in covered:
        writing.note(plan.branch.pk, BRANCHES_AREA, plan.since)
