"""The register of units for coverage (两个覆盖): registered, corrected, struck off.

No rule judges it; only for a branch whose unit is struck off is something noted for judging.
"""

import datetime
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.changes import note_changes
from branches.differences import filled, put
from branches.models import BranchUnit, Organisation, Unit
from branches.services import AREA as BRANCHES_AREA
from branches.services import OrganisationFault, end_rows
from branches.units import refuse_credit_code
from branches.words import full_date
from tasks.models import UnitInstructor
from tasks.services import Refused

AREA = "coverage"
_UNIT_FIELDS = ("organisation", "name", "kind", "credit_code", "registered_on")


class MovedOn(Refused):
    """Somebody else saved first; `row` is what is stored now."""

    def __init__(self, row):
        super().__init__("刚被别人改过，你填的内容还在，核对后再保存一次")
        self.row = row


@dataclass(frozen=True)
class UnitFacts:
    """What a person says about a unit of the register."""

    name: str
    kind: str
    credit_code: str = ""
    registered_on: datetime.date | None = None


@transaction.atomic
def register_unit(*, organisation: Organisation, facts: UnitFacts, by, today) -> Unit:
    """Put a unit on the register that an organisation, branch or committee, keeps.

    Refuses a dissolved keeper, a credit code that cannot be one or is registered, a second unit of
    one name with this keeper, and a day to come.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check_keeper(organisation, today)
    _check_unit(organisation, facts, today)
    unit = Unit.objects.create(organisation=organisation, **asdict(facts))
    line("登记单位", unit, by, after=filled(unit, _UNIT_FIELDS))
    return unit


def unit_print(unit: Unit) -> str:
    """What a form was made from; a change is refused when the unit says something else by then."""
    return "|".join(str(getattr(unit, name) or "") for name in (*_UNIT_FIELDS, "ended_on"))


@transaction.atomic
def change_unit(
    *, unit: Unit, seen: str, facts: UnitFacts, by, today, organisation: Organisation | None = None
) -> bool:
    """Correct a unit, or hand it to another keeper; returns whether anything differed.

    Refuses what `register_unit` refuses and a unit that says something else than `seen`.
    """
    unit = locked(unit)
    if unit_print(unit) != seen:
        raise MovedOn(unit)
    keeper = organisation or unit.organisation
    if keeper.pk != unit.organisation_id:
        _check_keeper(keeper, today)
    _check_unit(keeper, facts, today, leaving_out=unit)
    if unit.ended_on and facts.registered_on and facts.registered_on >= unit.ended_on:
        raise Refused("成立登记日期不早于注销日期，请核对", "registered_on")
    difference = put(unit, organisation=keeper, **asdict(facts))
    if difference:
        unit.save(update_fields=difference.fields)
        line("修改单位", unit, by, before=difference.before, after=difference.after)
    return bool(difference)


@transaction.atomic
def end_unit_life(*, unit: Unit, on: datetime.date, by, today: datetime.date) -> Unit:
    """Strike a unit off; `on` is the first day without it. What covered it ends the day before.

    Refuses a unit struck off already, a day to come and one not after its beginning.
    """
    unit = locked(unit)
    if unit.ended_on:
        raise Refused(f"“{unit.name}”已于{full_date(unit.ended_on)}注销")
    if on > today:
        raise Refused("注销日期还没有到，请到那天再登记", "on")
    if unit.registered_on and on <= unit.registered_on:
        raise Refused(f"单位{full_date(unit.registered_on)}才登记成立，请核对注销日期", "on")
    unit.ended_on = on
    unit.save(update_fields=["ended_on"])
    # How many units a branch has behind it is judged with the branch.
    covering = BranchUnit.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), unit=unit)
    note_changes(
        (branch, BRANCHES_AREA, on, on)
        for branch in covering.values_list("organisation_id", flat=True)
    )
    ended = {
        "所属党支部": end_rows(BranchUnit.objects.filter(unit=unit), on),
        "党建指导员": end_rows(UnitInstructor.objects.filter(unit=unit), on),
    }
    said = {label: f"{count} 项结束" for label, count in ended.items() if count}
    line("注销单位", unit, by, after={"注销日期": f"{on:%Y-%m-%d}"} | said)
    return unit


@transaction.atomic
def restore_unit(*, unit: Unit, by) -> bool:
    """Take back that a unit was struck off; what covered it is entered anew where it still does."""
    unit = locked(unit)
    if not unit.ended_on:
        return False
    before, unit.ended_on = unit.ended_on, None
    unit.save(update_fields=["ended_on"])
    line("恢复登记", unit, by, before={"注销日期": f"{before:%Y-%m-%d}"})
    return True


def locked(unit: Unit) -> Unit:
    """The unit as stored now, held until the transaction ends."""
    return (
        Unit.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=unit.pk)
    )


def _check_keeper(organisation: Organisation, today: datetime.date) -> None:
    if organisation.dissolved_on and organisation.dissolved_on <= today:
        raise Refused(f"“{organisation.name}”已撤销，请换一个党组织登记", "organisation")


def _check_unit(organisation, facts: UnitFacts, today, leaving_out: Unit | None = None) -> None:
    try:
        refuse_credit_code(facts.credit_code)
    except OrganisationFault as fault:
        raise Refused(str(fault), fault.field) from None
    if facts.registered_on and facts.registered_on > today:
        raise Refused("成立登记日期还没有到，请核对", "registered_on")
    others = Unit.objects.exclude(pk=leaving_out.pk) if leaving_out else Unit.objects.all()
    if facts.credit_code and others.filter(credit_code=facts.credit_code).exists():
        raise Refused(
            "这个统一社会信用代码已登记过，请在名单里查找；找不到的由别的党组织登记，请联系上级",
            "credit_code",
        )
    same = others.filter(organisation=organisation, name=facts.name, ended_on__isnull=True)
    if same.exists():
        raise Refused(f"“{organisation.short_name}”已登记过“{facts.name}”，请在名单里查找", "name")


def line(action: str, unit: Unit, by, before=None, after=None) -> None:
    """Write a line of the trail about a unit."""
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=unit.pk,
        label=unit.name,
        organisation_id=unit.organisation_id,
        before=before,
        after=after,
    )
