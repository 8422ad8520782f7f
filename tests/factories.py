"""Plain functions that store one row each, with what a test does not care about filled in.

Every name, number and place is invented. Dates are written out by the test that needs them.
"""

import datetime
import itertools
from decimal import Decimal

from accounts.models import User
from accounts.roles import Role
from branches.models import Grant, Group, Kind, Organisation, Sector
from branches.services import create_organisations
from dues.models import ApprovedAmount, Charge, Payment
from dues.rates import Category
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from members.enums import MemberKind, PostTitle
from members.identity import check_digit
from members.models import Member, Membership, Post, Term
from tasks.models import EventKind, Task, TaskEvent, problem_key

_counter = itertools.count(1)
_SURNAMES = "林周韩许孟陶贺苏邵冯万施柏戴汤龚余翟康田卢顾尹"
_GIVEN = "守正慧敏立平桂兰庆余秀云建民文静国强雅琴"

FOUNDED = datetime.date(2015, 1, 1)
JOINED = datetime.date(2016, 7, 1)


def make_organisation(kind, parent, name=None, *, code=None, founded_on=FOUNDED, **facts):
    """One organisation with its path and placement."""
    number = next(_counter)
    organisation = Organisation(
        code=code or f"{number:09d}",
        name=name or f"望春{number}号组织",
        kind=kind,
        parent=parent,
        founded_on=founded_on,
        **facts,
    )
    create_organisations([organisation])
    return organisation


def make_county(name="中共云溪县委员会", **facts):
    """The top of a tree."""
    return make_organisation(Kind.COUNTY, None, name, **facts)


def make_committee(county=None, name="柳汀街道党工委", **facts):
    """A street or town committee under the county."""
    return make_organisation(Kind.WORKING_COMMITTEE, county or make_county(), name, **facts)


def make_branch(committee=None, name=None, **facts):
    """A Party branch; without a committee it gets a committee and a county of its own."""
    name = name or f"望春社区第{next(_counter)}党支部"
    facts.setdefault("sector", Sector.COMMUNITY)
    return make_organisation(Kind.BRANCH, committee or make_committee(), name, **facts)


def make_group(branch, name=None, *, starts_on=FOUNDED, ends_on=None):
    """A Party group of a branch."""
    return Group.objects.create(
        organisation=branch,
        name=name or f"第{next(_counter)}党小组",
        starts_on=starts_on,
        ends_on=ends_on,
    )


def make_id_number(born_on=datetime.date(1980, 5, 17), number=None):
    """A valid identity number of nobody: 000000 is no place."""
    first = f"000000{born_on:%Y%m%d}{(number or next(_counter)) % 1000:03d}"
    return first + check_digit(first)


def make_member(
    branch,
    name=None,
    *,
    kind=MemberKind.FORMAL,
    joined_on=JOINED,
    starts_on=None,
    ends_on=None,
    id_number=None,
    phone="13600003471",
    group=None,
    **facts,
):
    """A member with one membership, from `starts_on` or else from the day of joining."""
    number = next(_counter)
    facts.setdefault("born_on", datetime.date(1980, 5, 17))
    if kind == MemberKind.FORMAL and joined_on:
        facts.setdefault("confirmed_on", joined_on + datetime.timedelta(days=366))
    if ends_on:
        facts.setdefault("left_on", ends_on)
        facts.setdefault("left_reason", "组织关系转出")
    member = Member(
        name=name
        or _SURNAMES[number % len(_SURNAMES)]
        + _GIVEN[number // len(_SURNAMES) % len(_GIVEN)]
        + _GIVEN[number * 7 % len(_GIVEN)],
        kind=kind,
        joined_on=joined_on,
        organisation=branch,
        group=group,
        **facts,
    )
    member.set_id_number(make_id_number(member.born_on, number) if id_number is None else id_number)
    member.set_phone(phone)
    member.save()
    Membership.objects.create(
        member=member,
        organisation=branch,
        group=group,
        starts_on=starts_on or joined_on,
        ends_on=ends_on,
    )
    return member


def make_members(branch, count, **facts):
    """Several members, in list order."""
    return [make_member(branch, **facts) for _ in range(count)]


def make_post(organisation, title=PostTitle.SECRETARY, *, member=None, account=None, **facts):
    """A post; without a member it is held by a person known by name only."""
    facts.setdefault("person_name", member.name if member else "宋佳宁")
    facts.setdefault("starts_on", FOUNDED)
    return Post.objects.create(
        organisation=organisation, title=title, member=member, account=account, **facts
    )


def make_term(organisation, *, ends_on, starts_on=None, **facts):
    """A term of office."""
    return Term.objects.create(
        organisation=organisation, starts_on=starts_on, ends_on=ends_on, **facts
    )


def make_user(role=Role.SECRETARY, organisation=None, username=None, **facts):
    """An account; with an organisation it holds `role` there. The password is `口令-甲乙丙`."""
    number = next(_counter)
    facts.setdefault("name", f"账号{number}")
    facts.setdefault("must_change_password", False)
    user = User(username=username or f"user{number}", **facts)
    user.set_password("口令-甲乙丙")
    user.save()
    if organisation is not None:
        Grant.objects.create(user=user, role=role, organisation=organisation)
    return user


def make_meeting(
    branch,
    held_on,
    types=(Type.MEMBERS_MEETING,),
    *,
    present=(),
    leave=(),
    absent=(),
    state=MeetingState.HELD,
    entered_at=None,
    **facts,
):
    """A meeting with its types and frozen roster; `entered_at` backdates the entry."""
    meeting = Meeting.objects.create(organisation=branch, held_on=held_on, state=state, **facts)
    if entered_at:
        Meeting.objects.filter(pk=meeting.pk).update(entered_at=entered_at)
        meeting.entered_at = entered_at
    MeetingType.objects.bulk_create([MeetingType(meeting=meeting, type=type) for type in types])
    Attendance.objects.bulk_create(
        [
            Attendance(
                meeting=meeting,
                member=member,
                state=attendance,
                was_formal=member.kind == MemberKind.FORMAL,
            )
            for attendance, members in (
                (AttendanceState.PRESENT, present),
                (AttendanceState.LEAVE, leave),
                (AttendanceState.ABSENT, absent),
            )
            for member in members
        ]
    )
    return meeting


def make_approved_amount(
    member, amount="20.00", *, from_month=datetime.date(2026, 1, 1), category=Category.FARMER
):
    """The monthly dues approved for a member from a month on."""
    return ApprovedAmount.objects.create(
        member=member,
        organisation=member.organisation,
        from_month=from_month,
        category=category,
        amount=Decimal(amount),
    )


def make_charge(member, month, amount="20.00"):
    """What a member owes for the month that begins on `month`."""
    return Charge.objects.create(
        member=member, organisation=member.organisation, month=month, amount=Decimal(amount)
    )


def make_payment(member, month, amount="20.00", **facts):
    """A sum paid for the month that begins on `month`."""
    return Payment.objects.create(
        member=member,
        organisation=member.organisation,
        month=month,
        amount=Decimal(amount),
        **facts,
    )


def make_task(
    branch,
    problem=None,
    *,
    opened_on=datetime.date(2026, 1, 10),
    due_on=datetime.date(2026, 3, 16),
    **facts,
):
    """A line of the rectification ledger with the event that listed it."""
    problem = problem or f"活动室制度未上墙（{next(_counter)}）"
    facts.setdefault("source", "述职评议反馈")
    facts.setdefault("responsible_leader", "沈知行")
    facts.setdefault("responsible_unit", branch.name)
    facts.setdefault("responsible_person", "林守正")
    task = Task.objects.create(
        organisation=branch,
        problem=problem,
        problem_key=problem_key(problem),
        opened_on=opened_on,
        due_on=due_on,
        **facts,
    )
    TaskEvent.objects.create(task=task, kind=EventKind.LISTED, on=opened_on)
    return task
