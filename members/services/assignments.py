"""Who is assigned to an organisation: instructors (党建指导员), linked leaders (包联领导) and
full-time Party workers (专职党务干部)."""

import datetime

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.changes import note_change
from branches.differences import filled, put
from branches.models import Organisation
from members.enums import AssignmentRole
from members.models import Assignment, Member
from members.services import AREA, Refused

# The area of trail lines: an assignment and a member may have the same key.
TRAIL_AREA = "assignments"
_FACTS = ("role", "person_name", "from_unit", "starts_on", "ends_on")


@transaction.atomic
def assign(
    *,
    organisation: Organisation,
    role: str,
    by,
    starts_on: datetime.date,
    member: Member | None = None,
    person_name: str = "",
    from_unit: str = "",
    ends_on: datetime.date | None = None,
) -> Assignment:
    """Assign a member, or a person known by name, to an organisation from `starts_on` on.

    Refuses nobody, an end before the start, an organisation dissolved by then, a member who had
    left by then, and the same person twice in the same role at the same time.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    assignment = Assignment(
        organisation=organisation,
        role=role,
        member=member,
        person_name=member.name if member else person_name.strip(),
        from_unit=from_unit.strip(),
        starts_on=starts_on,
        ends_on=ends_on,
    )
    _refuse(assignment)
    assignment.save()
    _record(assignment, f"选派{AssignmentRole(role).label}", by, after=filled(assignment, _FACTS))
    note_change(organisation.pk, AREA, starts_on, ends_on or starts_on)
    return assignment


@transaction.atomic
def change_assignment(*, assignment: Assignment, by, **facts: object) -> bool:
    """Put right what was entered, or end it on its last day; returns whether anything differed.

    `facts` are fields of the model. Refuses as `assign` does.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=assignment.organisation_id)
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=assignment.pk)
    )
    was_from, was_to = assignment.starts_on, assignment.ends_on
    if "member" in facts:
        # The key alone: whose name it is stands beside it.
        member = facts.pop("member")
        facts["member_id"] = member.pk if member else None
        if member:
            facts["person_name"] = member.name
    before_member = assignment.member_id
    member_id = facts.pop("member_id", before_member)
    difference = put(assignment, **facts)
    if not difference and member_id == before_member:
        return False
    assignment.member_id = member_id
    _refuse(assignment)
    assignment.save(update_fields=[*difference.fields, "member"])
    ended = "ends_on" in difference.fields and assignment.ends_on
    _record(
        assignment,
        f"{'结束' if ended else '更正'}{assignment.get_role_display()}选派",
        by,
        before=difference.before,
        after=difference.after,
    )
    days = [day for day in (was_from, was_to, assignment.starts_on, assignment.ends_on) if day]
    note_change(assignment.organisation_id, AREA, min(days), max(days))
    return True


def _refuse(assignment: Assignment) -> None:
    if not assignment.person_name:
        raise Refused("请填姓名", "person_name")
    if assignment.ends_on and assignment.ends_on < assignment.starts_on:
        raise Refused("结束日期早于选派日期，请核对", "ends_on")
    organisation, member = assignment.organisation, assignment.member
    if organisation.dissolved_on and organisation.dissolved_on <= assignment.starts_on:
        raise Refused(f"“{organisation.name}”那时已经撤销，请核对选派日期", "starts_on")
    if member and member.left_on and member.left_on <= assignment.starts_on:
        raise Refused(f"{member.name}那时已经离开（{member.left_reason}），请核对", "person_name")
    who = Q(member=member) if member else Q(member=None, person_name=assignment.person_name)
    same = (
        Assignment.objects.filter(who, organisation=organisation, role=assignment.role)
        .filter(Q(ends_on=None) | Q(ends_on__gte=assignment.starts_on))
        .exclude(pk=assignment.pk)
    )
    if assignment.ends_on:
        same = same.filter(starts_on__lte=assignment.ends_on)
    if same.exists():
        raise Refused(f"{assignment.person_name}这段时间已是{assignment.get_role_display()}")


def _record(assignment: Assignment, action: str, by, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=assignment.pk,
        label=f"{assignment.organisation.name} {assignment.person_name}",
        organisation_id=assignment.organisation_id,
        **facts,
    )
