"""Coverage of units (两个覆盖): surveys, instructors, founding.

No rule judges them, so nothing is noted for judging but what a branch covers (`branches.units`);
each act leaves its line in the trail of the unit.
"""

import datetime
from dataclasses import asdict, dataclass, fields

from django.db import transaction
from django.db.models import Q

from branches.differences import filled, in_words, put
from branches.models import BranchUnit, Organisation, Unit
from branches.services import OrganisationFault
from branches.units import cover_unit
from branches.words import full_date
from tasks.enums import CampaignState, FoundingStepKind, MassOrganisation
from tasks.models import Campaign, FoundingStep, UnitInstructor, UnitSurvey
from tasks.services import Refused
from tasks.services.coverage_units import MovedOn, line, locked

# The template whose campaigns surveys belong to (plan 4).
TEMPLATE = "plan4"


@dataclass(frozen=True)
class SurveyFacts:
    """What a survey found; names and meanings as in `UnitSurvey`."""

    surveyed_on: datetime.date
    authority: str = ""
    legal_person: str = ""
    head_is_member: bool | None = None
    unit_members: int | None = None
    full_time: int | None = None
    part_time: int | None = None
    formal_here: int = 0
    formal_working: int = 0
    floating: int = 0
    part_time_members: int = 0
    relation_authority: int = 0
    relation_attached: int = 0
    relation_community: int = 0
    relation_former: int = 0
    relation_other: int = 0
    probationary: int = 0
    targets: int = 0
    activists: int = 0
    applicants: int = 0
    mass_organisations: tuple[str, ...] = ()
    guided: bool = False
    form: str = ""
    reason_not_founded: str = ""
    planned_on: datetime.date | None = None

    @property
    def elsewhere(self) -> int:
        """Members who work here and whose relation is in another place."""
        return (
            self.relation_authority
            + self.relation_attached
            + self.relation_community
            + self.relation_former
            + self.relation_other
        )


SURVEY_FIELDS = tuple(one.name for one in fields(SurveyFacts))


# --- Surveys --------------------------------------------------------------------------------


@transaction.atomic
def record_survey(*, unit: Unit, facts: SurveyFacts, by, today: datetime.date) -> UnitSurvey:
    """Record what a survey found; earlier ones stay. It joins the running campaign of plan 4.

    Refuses a day to come or outside of the unit's life, a second survey of one day, and numbers
    of which a part is more than the whole.
    """
    unit = locked(unit)
    _check_survey(unit, facts, today)
    if UnitSurvey.objects.filter(unit=unit, surveyed_on=facts.surveyed_on).exists():
        day = full_date(facts.surveyed_on)
        raise Refused(f"这个单位{day}已有摸底记录，请改那一条，或换日期", "surveyed_on")
    survey = UnitSurvey(unit=unit, entered_by=by, **stored(facts))
    survey.campaign = _campaign(unit, facts.surveyed_on)
    survey.save()
    line("登记摸底", unit, by, after=survey_words(survey))
    return survey


@transaction.atomic
def change_survey(
    *, survey: UnitSurvey, version: int, facts: SurveyFacts, by, today: datetime.date
) -> UnitSurvey:
    """Put a survey right. Refuses what `record_survey` refuses and a version not the newest."""
    unit = locked(survey.unit)
    survey = UnitSurvey.objects.select_for_update().get(pk=survey.pk)
    if survey.version != version:
        raise MovedOn(survey)
    _check_survey(unit, facts, today)
    same_day = UnitSurvey.objects.filter(unit=unit, surveyed_on=facts.surveyed_on)
    if same_day.exclude(pk=survey.pk).exists():
        raise Refused(f"这个单位{full_date(facts.surveyed_on)}已有摸底记录", "surveyed_on")
    difference = put(survey, **stored(facts))
    if difference:
        survey.campaign = _campaign(unit, facts.surveyed_on)
        survey.version += 1
        survey.save(update_fields=[*difference.fields, "campaign", "version"])
        line("修改摸底", unit, by, before=_named(difference.before), after=_named(difference.after))
    return survey


def stored(facts: SurveyFacts) -> dict[str, object]:
    """The facts as the fields of `UnitSurvey` hold them."""
    return asdict(facts) | {"mass_organisations": list(facts.mass_organisations)}


def facts_of(survey: UnitSurvey) -> SurveyFacts:
    """What is stored, as a person would say it."""
    held = {name: getattr(survey, name) for name in SURVEY_FIELDS}
    return SurveyFacts(**held | {"mass_organisations": tuple(survey.mass_organisations)})


def survey_fault(facts: SurveyFacts) -> tuple[str, str]:
    """What cannot be among the numbers of a survey, and the field meant; "" where they agree."""
    whole = facts.formal_working
    for name, label in (("floating", "流动党员"), ("part_time_members", "兼职党员")):
        if getattr(facts, name) > whole:
            return f"{label}比实际在本单位工作的正式党员（{whole} 名）多，请核对", name
    if facts.elsewhere > whole:
        return (
            f"关系在别处的共 {facts.elsewhere} 名，比实际在本单位工作的正式党员（{whole} 名）多，"
            "请核对",
            "formal_working",
        )
    if facts.guided and not facts.mass_organisations:
        return "还没有群团组织，请先勾选有哪些群团组织", "mass_organisations"
    return "", ""


def _campaign(unit: Unit, day: datetime.date) -> Campaign | None:
    return campaign_for(campaigns_of_plan(), unit.organisation.path, day)


def campaigns_of_plan() -> list[Campaign]:
    """The issued campaigns of plan 4, the nearest to the ground first."""
    return list(
        Campaign.objects.filter(template=TEMPLATE)
        .exclude(state=CampaignState.DRAFT)
        .select_related("organisation")
        .order_by("-organisation__path", "-pk")
    )


def campaign_for(campaigns: list[Campaign], path: str, day: datetime.date) -> Campaign | None:
    """The first of these campaigns that runs above a unit kept at `path` on that day."""
    return next(
        (
            campaign
            for campaign in campaigns
            if campaign.starts_on <= day <= campaign.ends_on
            and path.startswith(campaign.organisation.path)
        ),
        None,
    )


def survey_words(survey: UnitSurvey) -> dict[str, str]:
    """A survey as the trail tells it: only what says something."""
    words = in_words(survey, SURVEY_FIELDS)
    return _named({label: word for label, word in words.items() if word not in ("", "0", "False")})


def _named(words: dict[str, str]) -> dict[str, str]:
    """Codes and truth values in Chinese."""
    said = {"True": "是", "False": "否"}
    for code, label in MassOrganisation.choices:
        if "群团组织" in words:
            words["群团组织"] = words["群团组织"].replace(code, label)
    return {label: said.get(word, word) for label, word in words.items()}


def _check_survey(unit: Unit, facts: SurveyFacts, today: datetime.date) -> None:
    day = facts.surveyed_on
    if day > today:
        raise Refused("摸底日期还没有到，摸底以后再登记", "surveyed_on")
    if unit.registered_on and day < unit.registered_on:
        raise Refused(f"单位{full_date(unit.registered_on)}才登记成立，请核对日期", "surveyed_on")
    if unit.ended_on and day >= unit.ended_on:
        raise Refused(f"单位已于{full_date(unit.ended_on)}注销，请核对日期", "surveyed_on")
    fault, field = survey_fault(facts)
    if fault:
        raise Refused(fault, field)


# --- Instructors ----------------------------------------------------------------------------


@transaction.atomic
def send_instructor(
    *, unit: Unit, person_name: str, from_unit: str, starts_on: datetime.date, by, today
) -> UnitInstructor:
    """Send an instructor (党建指导员) to a unit from a day on.

    Refuses a day to come or outside of the unit's life, and while another one is there that day
    or later.
    """
    unit = locked(unit)
    if starts_on > today:
        raise Refused("选派日期还没有到，选派以后再登记", "starts_on")
    _check_life(unit, starts_on, "starts_on")
    lasting = UnitInstructor.objects.filter(unit=unit).filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=starts_on)
    )
    if other := lasting.first():
        raise Refused(
            f"这一天或以后已有党建指导员{other.person_name}，请先登记他的结束日期", "starts_on"
        )
    instructor = UnitInstructor.objects.create(
        unit=unit,
        person_name=person_name,
        from_unit=from_unit,
        starts_on=starts_on,
        entered_by=by,
    )
    line(
        "选派指导员", unit, by, after=filled(instructor, ("person_name", "from_unit", "starts_on"))
    )
    return instructor


@transaction.atomic
def end_instructor(
    *, instructor: UnitInstructor, version: int, ends_on: datetime.date, by, today
) -> UnitInstructor:
    """End an instructor's time; `ends_on` is the last day. Refuses a version not the newest, a day
    to come, one before the beginning, and an instructor whose time has ended."""
    unit = locked(instructor.unit)
    instructor = UnitInstructor.objects.select_for_update().get(pk=instructor.pk)
    if instructor.version != version:
        raise MovedOn(instructor)
    if instructor.ends_on:
        raise Refused(f"已于{full_date(instructor.ends_on)}结束")
    if ends_on > today:
        raise Refused("结束日期还没有到，请到那天再登记", "ends_on")
    if ends_on < instructor.starts_on:
        raise Refused(f"{full_date(instructor.starts_on)}才选派，请核对结束日期", "ends_on")
    instructor.ends_on, instructor.version = ends_on, version + 1
    instructor.save(update_fields=["ends_on", "version"])
    line("结束指导员", unit, by, after=filled(instructor, ("person_name", "ends_on")))
    return instructor


def _check_life(unit: Unit, day: datetime.date, field: str) -> None:
    if unit.ended_on and day >= unit.ended_on:
        raise Refused(f"单位已于{full_date(unit.ended_on)}注销，请核对日期", field)
    if unit.registered_on and day < unit.registered_on:
        raise Refused(f"单位{full_date(unit.registered_on)}才登记成立，请核对日期", field)


# --- Founding -------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepFacts:
    """One founding step as typed; `version` 0 for one not stored yet."""

    planned_on: datetime.date | None = None
    done_on: datetime.date | None = None
    note: str = ""
    version: int = 0

    @property
    def says_something(self) -> bool:
        return bool(self.planned_on or self.done_on or self.note)


@transaction.atomic
def set_steps(*, unit: Unit, steps: dict[str, StepFacts], by, today: datetime.date) -> int:
    """Plan founding steps and mark them done; returns how many differ.

    Refuses steps done on a day to come, a step done before an earlier one was, a unit struck off,
    and versions that are not the newest.
    """
    unit = locked(unit)
    if unit.ended_on:
        raise Refused(f"单位已于{full_date(unit.ended_on)}注销")
    _check_steps(steps, today)
    known = {step.kind: step for step in FoundingStep.objects.filter(unit=unit)}
    changed = 0
    for kind, facts in steps.items():
        step = known.get(kind) or FoundingStep(unit=unit, kind=kind, entered_by=by, version=0)
        if facts.version != step.version:
            raise MovedOn(step)
        difference = put(step, planned_on=facts.planned_on, done_on=facts.done_on, note=facts.note)
        if difference:
            step.version += 1
            step.save()
            label = FoundingStepKind(kind).label
            line(f"组建步骤：{label}", unit, by, difference.before, difference.after)
            changed += 1
    return changed


def _check_steps(steps: dict[str, StepFacts], today: datetime.date) -> None:
    latest, earlier = None, ""
    for kind in FoundingStepKind:
        done_on = steps[kind].done_on if kind in steps else None
        if done_on is None:
            continue
        if done_on > today:
            raise Refused(f"“{kind.label}”的完成日期还没有到，请先填计划日期", f"{kind}_done_on")
        if latest and done_on < latest:
            raise Refused(f"“{kind.label}”早于“{earlier}”完成，请核对日期", f"{kind}_done_on")
        latest, earlier = done_on, kind.label


@transaction.atomic
def cover(*, unit: Unit, branch: Organisation, on: datetime.date, by, today) -> BranchUnit:
    """A branch takes the unit in from a day on: its own, joint, or one that it joins.

    Refuses a unit struck off, a day outside of its life, a unit that another branch covers that
    day or later, and what `branches.units.cover_unit` refuses.
    """
    unit = locked(unit)
    _check_life(unit, on, "on")
    lasting = BranchUnit.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), unit=unit)
    if other := lasting.select_related("organisation").first():
        raise Refused(f"这一天或以后已由“{other.organisation.short_name}”覆盖", "branch")
    try:
        row = cover_unit(branch, unit, on=on, today=today, by=by)
    except OrganisationFault as fault:
        field = "on" if fault.field == "on" else "branch"
        raise Refused(str(fault), field) from None
    line("纳入党支部", unit, by, after={"党支部": branch.name, "自": f"{on:%Y-%m-%d}"})
    return row
