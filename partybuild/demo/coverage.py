"""Social organisations of an invented county: register, surveys, instructors, founding."""

import datetime
from dataclasses import dataclass, field
from random import Random

from branches.models import BranchUnit, Unit, UnitKind
from partybuild.demo import names
from partybuild.demo.clock import at
from partybuild.demo.organisations import Committee, Tree
from partybuild.demo.window import Window
from tasks.enums import BranchForm, FoundingStepKind, MassOrganisation
from tasks.models import FoundingStep, UnitInstructor, UnitSurvey

_DAY = datetime.timedelta(days=1)
# How many units without an organisation of their own a committee has on its register.
_UNCOVERED = 3
# Formal members who work in a unit, as often as they are found.
_MEMBERS = (0, 0, 0, 1, 1, 2, 3)


@dataclass
class Coverage:
    """Rows to be, units first."""

    units: list[Unit] = field(default_factory=list)
    surveys: list[UnitSurvey] = field(default_factory=list)
    instructors: list[UnitInstructor] = field(default_factory=list)
    steps: list[FoundingStep] = field(default_factory=list)


def coverage_of(tree: Tree, window: Window, seed: int) -> Coverage:
    """Every social organisation surveyed in July; a few more stand on the committees' registers."""
    rng = Random(f"{seed}/coverage")
    made = Coverage()
    surveyed_on = datetime.date(window.today.year, 7, 22)
    if surveyed_on > window.today:
        surveyed_on = datetime.date(window.today.year - 1, 7, 22)
    covered = (
        BranchUnit.objects.filter(unit__kind=UnitKind.SOCIAL_ORGANISATION, ends_on__isnull=True)
        .select_related("unit", "organisation")
        .order_by("pk")
    )
    for row in covered:
        working = rng.randint(3, 9)
        form = BranchForm.JOINT if row.organisation.form == "joint" else BranchForm.OWN
        made.surveys.append(_survey(row.unit, surveyed_on, working, form, rng))
    for number, committee in enumerate(tree.committees):
        for turn in range(_UNCOVERED):
            _uncovered(made, committee, number * _UNCOVERED + turn, surveyed_on, rng)
    return made


def _uncovered(
    made: Coverage, committee: Committee, number: int, surveyed_on: datetime.date, rng: Random
) -> None:
    """A unit without an organisation: what was found, and what is being done about it."""
    association = names.ASSOCIATIONS[number % len(names.ASSOCIATIONS)]
    unit = Unit(
        organisation=committee.organisation,
        name=f"{names.place(600 + number)}{association}",
        kind=UnitKind.SOCIAL_ORGANISATION,
    )
    made.units.append(unit)
    working = rng.choice(_MEMBERS)
    survey = _survey(unit, surveyed_on, working, "", rng)
    survey.reason_not_founded = "" if working >= 3 else "正式党员不足 3 名"
    made.surveys.append(survey)
    if working >= 3:
        survey.planned_on = surveyed_on + 60 * _DAY
        _founding(made, unit, surveyed_on)
    elif rng.random() < 0.6:
        made.instructors.append(
            UnitInstructor(
                unit=unit,
                person_name=names.person_name(rng, male=rng.random() < 0.5),
                from_unit=f"{committee.organisation.short_name}党建办",
                starts_on=surveyed_on + 20 * _DAY,
                entered_at=at(surveyed_on + 20 * _DAY, 10),
            )
        )


def _survey(unit: Unit, on: datetime.date, working: int, form: str, rng: Random) -> UnitSurvey:
    floating = min(working, rng.randint(0, 1))
    return UnitSurvey(
        unit=unit,
        surveyed_on=on,
        authority=rng.choice(("县民政局", "县文化和旅游局", "县农业农村局")),
        legal_person=names.person_name(rng, male=rng.random() < 0.6),
        unit_members=rng.randint(12, 120),
        full_time=rng.randint(1, 12),
        part_time=rng.randint(0, 6),
        formal_here=max(working - floating, 0) if form else 0,
        formal_working=working,
        floating=floating,
        relation_community=0 if form else working,
        applicants=rng.randint(0, 2),
        mass_organisations=[MassOrganisation.TRADE_UNION] if rng.random() < 0.4 else [],
        guided=bool(form),
        form=form,
        entered_at=at(on, 17),
    )


def _founding(made: Coverage, unit: Unit, surveyed_on: datetime.date) -> None:
    for number, kind in enumerate(FoundingStepKind):
        planned_on = surveyed_on + 10 * number * _DAY
        made.steps.append(
            FoundingStep(
                unit=unit,
                kind=kind,
                planned_on=planned_on,
                done_on=planned_on if number < 3 else None,
                entered_at=at(planned_on, 11),
            )
        )
