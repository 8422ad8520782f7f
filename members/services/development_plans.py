"""The yearly plan of development (发展党员计划): the branch files it, the committee approves it."""

import datetime

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from members.models import DevelopmentPlan
from members.services import Refused
from members.services.refusals import refuse_target

TRAIL_AREA = "development_plan"
FILED, CHANGED, APPROVED, RETURNED = (
    *("报送发展党员计划", "修改发展党员计划"),
    *("批准发展党员计划", "退回发展党员计划"),
)


@transaction.atomic
def file_plan(
    *,
    organisation: Organisation,
    year: int,
    targets: int,
    admissions: int,
    on: datetime.date,
    by,
    note: str = "",
) -> DevelopmentPlan:
    """File the numbers of a year, or change them as long as they are not approved.

    Refuses a branch without formal relations and a plan that is approved already.
    """
    # Two who file at once wait for each other, also before there is a row.
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    refuse_target(organisation, on)
    known = (
        DevelopmentPlan.objects.select_for_update()
        .filter(organisation=organisation, year=year)
        .first()
    )
    if known and known.approved_on:
        raise Refused(f"{year}年计划已批准，要改请上级先退回")
    plan = known or DevelopmentPlan(organisation=organisation, year=year)
    before = _in_words(plan) if known else None
    plan.targets, plan.admissions, plan.filed_on, plan.note = targets, admissions, on, note.strip()
    plan.save()
    _record(plan, CHANGED if known else FILED, by, before=before)
    return plan


@transaction.atomic
def approve_plan(*, plan: DevelopmentPlan, on: datetime.date, by) -> None:
    """The superior approves the numbers; refuses what is approved or was filed after `on`."""
    plan = DevelopmentPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.approved_on:
        raise Refused(f"{plan.year}年计划已于 {full_date(plan.approved_on)}批准")
    if on < plan.filed_on:
        raise Refused(f"批准日期早于报送日期 {full_date(plan.filed_on)}，请核对", "on")
    plan.approved_on = on
    plan.save(update_fields=["approved_on"])
    _record(plan, APPROVED, by)


@transaction.atomic
def return_plan(*, plan: DevelopmentPlan, by, reason: str) -> None:
    """The superior opens an approved plan again for the branch; refuses without a reason."""
    plan = DevelopmentPlan.objects.select_for_update().get(pk=plan.pk)
    if not reason.strip():
        raise Refused("退回要写明原因", "reason")
    if not plan.approved_on:
        raise Refused(f"{plan.year}年计划还没有批准，支部可以直接改")
    before = _in_words(plan)
    plan.approved_on = None
    plan.save(update_fields=["approved_on"])
    _record(plan, RETURNED, by, before=before, reason=reason.strip())


def _in_words(plan: DevelopmentPlan) -> dict[str, str]:
    words = {
        "拟列发展对象": f"{plan.targets} 人",
        "拟接收预备党员": f"{plan.admissions} 人",
        "报送日期": full_date(plan.filed_on),
    }
    if plan.approved_on:
        words["批准日期"] = full_date(plan.approved_on)
    return words


def _record(plan: DevelopmentPlan, action: str, by, *, before=None, reason: str = "") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=plan.pk,
        label=f"{plan.organisation.name} {plan.year}年",
        organisation_id=plan.organisation_id,
        before=before,
        after=_in_words(plan),
        reason=reason or plan.note,
    )
