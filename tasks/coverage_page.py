"""A unit of the register in words: its facts, surveys, what covers it, its founding. Reads only."""

import datetime

from django.urls import reverse

from accounts.roles import Action
from branches.links import link
from branches.models import Unit
from branches.scope import reaches
from branches.words import full_date, short_date
from tasks.coverage import covering, form_of
from tasks.enums import FoundingStepKind, MassOrganisation
from tasks.models import UnitInstructor, UnitSurvey
from tasks.services.coverage import facts_of


def fact_lines(unit: Unit, survey: UnitSurvey | None) -> list[tuple[str, str]]:
    """What the register and the newest survey say of a unit."""
    facts = [
        ("单位类别", unit.get_kind_display()),
        ("统一社会信用代码", unit.credit_code),
        ("登记的党组织", unit.organisation.name),
        ("成立登记日期", full_date(unit.registered_on)),
    ]
    if survey:
        head = {True: "是", False: "否"}.get(survey.head_is_member, "未填")
        facts += [
            ("业务主管单位", survey.authority),
            ("法定代表人", survey.legal_person),
            ("负责人是党员", head),
            ("会员", _people(survey.unit_members)),
            ("从业人员", f"专职 {_people(survey.full_time)}，兼职 {_people(survey.part_time)}"),
            ("群团组织", _mass(survey)),
        ]
    return [(label, value or "—") for label, value in facts]


def _people(count: int | None) -> str:
    return "未填" if count is None else f"{count} 人"


def _mass(survey: UnitSurvey) -> str:
    names = "、".join(MassOrganisation(code).label for code in survey.mass_organisations)
    return f"{names}（在党组织领导下开展工作）" if survey.guided else names


def member_lines(survey: UnitSurvey) -> dict[str, object]:
    """Both counts and where the relations of those who work here are."""
    elsewhere = [
        (UnitSurvey._meta.get_field(name).verbose_name, getattr(survey, name))
        for name in (
            *("relation_authority", "relation_attached", "relation_community"),
            *("relation_former", "relation_other"),
        )
    ]
    facts = facts_of(survey)
    told = facts.elsewhere
    agree = not told or survey.formal_here + told == survey.formal_working
    return {
        "working": survey.formal_working,
        "here": survey.formal_here,
        "floating": survey.floating,
        "part_time": survey.part_time_members,
        "elsewhere": [(str(label), count) for label, count in elsewhere if count],
        "told": told,
        "differs": not agree,
        "ways": [
            (str(UnitSurvey._meta.get_field(name).verbose_name), getattr(survey, name))
            for name in ("probationary", "targets", "activists", "applicants")
        ],
    }


def survey_line(survey: UnitSurvey, keeps: bool) -> dict[str, object]:
    """A survey in the list of all of them."""
    return {
        "on": full_date(survey.surveyed_on),
        "working": survey.formal_working,
        "here": survey.formal_here,
        "campaign": survey.campaign.title if survey.campaign else "",
        "by": str(survey.entered_by or ""),
        "url": reverse("tasks:coverage_survey_change", args=[survey.pk]) if keeps else "",
    }


def branch_lines(user, unit: Unit, survey, today: datetime.date) -> list[dict[str, str]]:
    """The branches that cover the unit; two queries."""
    return [
        {
            "name": one.organisation.short_name,
            "form": form_of(one, survey).label,
            "since": full_date(one.starts_on),
            "behind": one.behind,
            "url": link("branches:detail", one.organisation.code)
            if reaches(user, Action.LOOK, one.organisation.path)
            else "",
        }
        for one in covering([unit.pk], today).get(unit.pk, [])
    ]


def instructor_line(one: UnitInstructor, keeps: bool) -> dict[str, str]:
    """An instructor, with the way to end his time for who keeps the unit."""
    return {
        "name": one.person_name,
        "from_unit": one.from_unit,
        "starts": full_date(one.starts_on),
        "ends": full_date(one.ends_on),
        "end_url": reverse("tasks:coverage_instructor_end", args=[one.pk])
        if keeps and not one.ends_on
        else "",
    }


def founding_steps(unit: Unit, survey, covered: bool, today: datetime.date) -> list[dict[str, str]]:
    """The founding steps for the stepper; the survey is a step done by being recorded."""
    stored = {step.kind: step for step in unit.founding_steps.all()}
    if not stored and not survey:
        return []
    shown, current = [], True
    for kind in FoundingStepKind:
        step = stored.get(kind)
        done_on = step.done_on if step else None
        if kind == FoundingStepKind.SURVEYED and survey:
            done_on = done_on or survey.surveyed_on
        state = "done" if done_on else "todo"
        note = short_date(done_on, today)
        if not done_on and step and step.planned_on:
            late = "，逾期" if step.planned_on < today and not covered else ""
            note = f"计划 {short_date(step.planned_on, today)}{late}"
        if state == "todo" and current and not covered:
            state, current = "current", False
        shown.append({"name": kind.label, "state": state, "note": note})
    return shown
