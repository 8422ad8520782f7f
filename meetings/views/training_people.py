"""Who took part in a course: ticked by branch, or pasted."""

from decimal import Decimal

from branches.clock import today as current_day
from branches.models import Organisation
from meetings.forms.study import PeopleForm
from meetings.trainings import match_pasted, memberships_below, read_pasted

# More people than this are pasted, or looked up by their branch.
_MOST_TICKS = 300


def ticks(organisation: Organisation, search: str, picked: set[int]) -> list[dict]:
    """Members to tick, by branch; of a large organisation those of the branch looked up."""
    rows = memberships_below(organisation, current_day())
    if search:
        rows = rows.filter(organisation__name__icontains=search)
    rows = (
        rows.select_related("member", "organisation")
        .defer("member__id_number", "member__phone")
        .order_by("organisation__code", "member_id")
    )
    stays = list(rows[: _MOST_TICKS + 1])
    if len(stays) > _MOST_TICKS:
        return []
    groups: dict[int, dict] = {}
    for stay in stays:
        group = groups.setdefault(
            stay.organisation_id, {"name": stay.organisation.short_name, "people": []}
        )
        group["people"].append(
            {
                "pk": stay.member_id,
                "name": stay.member.name,
                "ticked": stay.member_id in picked,
            }
        )
    return list(groups.values())


def picked(request) -> set[int]:
    return {int(one) for one in request.POST.getlist("picks") if one.isdecimal() and len(one) < 16}


def chosen(request, form: PeopleForm, organisation: Organisation, day):
    """Who was ticked or pasted, with hours; faults go to the form. None when something is wrong."""
    people: dict[int, Decimal | None] = {}
    wanted = picked(request)
    known = set(
        memberships_below(organisation, day)
        .filter(member__in=wanted)
        .values_list("member_id", flat=True)
    )
    if wanted - known:
        form.add_error(None, "勾选的人里有的那天不在名册上，请核对结束日期和勾选的人")
    people.update(dict.fromkeys(sorted(known)))
    pasted, faults = match_pasted(
        read_pasted(form.cleaned_data.get("people", "")), organisation, day
    )
    for fault in faults:
        form.add_error("people", fault)
    return None if form.errors else people | pasted
