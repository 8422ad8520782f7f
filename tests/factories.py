"""Plain functions that store one row each, with what a test does not care about filled in.

Every name, number and place is invented. Dates are written out by the test that needs them.
"""

import datetime
import itertools
from decimal import Decimal

from accounts.models import User
from accounts.roles import Role
from branches.models import (
    ActivityRoom,
    Alliance,
    AllianceMember,
    BranchUnit,
    Budget,
    Grant,
    Group,
    Kind,
    Organisation,
    Sector,
    Unit,
    UnitKind,
)
from branches.periods import period_named
from branches.services import create_organisations
from dues.models import (
    ApprovedAmount,
    Charge,
    Contribution,
    DuesRequest,
    OpeningBalance,
    Payment,
    Publication,
    Remittance,
)
from dues.rates import Category
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import (
    Appraisal,
    AppraisalResult,
    Attendance,
    JointInvitation,
    MakeUp,
    Matter,
    MatterStep,
    Meeting,
    MeetingType,
    PlanItem,
    Resolution,
    StudyExemption,
    Talk,
    TalkPerson,
    Training,
    TrainingAttendance,
    Visit,
    YearPlan,
)
from members.enums import (
    ContactWay,
    MemberKind,
    PledgeKind,
    PostTitle,
    RequestKind,
    Stage,
    TransferState,
)
from members.identity import check_digit
from members.models import (
    Absence,
    Assignment,
    Candidate,
    Contact,
    Development,
    DevelopmentStep,
    Election,
    FileCheck,
    FileCheckLine,
    Member,
    Membership,
    Pledge,
    Post,
    Term,
    TermRequest,
    Transfer,
    UnitPost,
)
from notices.services import send_notice
from tasks.enums import WeakState, WeakStepKind
from tasks.models import (
    Block,
    Campaign,
    EventKind,
    Inspection,
    InspectionVisit,
    Measure,
    Phase,
    PlusItem,
    PlusPlan,
    SelfCheck,
    Target,
    Task,
    TaskEvent,
    UnitInstructor,
    UnitSurvey,
    WeakBranch,
    problem_key,
)

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
                may_vote=member.kind == MemberKind.FORMAL,
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


def make_absence(member, kind, starts_on, *, ends_on=None, **facts):
    """A time as floating, abroad or lost; the mark of a floating member goes along."""
    absence = Absence.objects.create(
        member=member, kind=kind, starts_on=starts_on, ends_on=ends_on, **facts
    )
    if kind == "floating" and ends_on is None:
        member.is_floating = True
        member.save(update_fields=["is_floating"])
    return absence


def make_contact(member, on, *, way=ContactWay.PHONE, **facts):
    """A contact made with a member."""
    facts.setdefault("by_name", "林守正")
    return Contact.objects.create(member=member, on=on, way=way, **facts)


def make_check(branch, period, started_on, *, finished_on=None, **ticks):
    """A half-yearly check with an untouched line (or these ticks) for each member of the branch."""
    check = FileCheck.objects.create(
        organisation=branch, period=period, started_on=started_on, finished_on=finished_on
    )
    FileCheckLine.objects.bulk_create(
        [
            FileCheckLine(check_run=check, member=member, **ticks)
            for member in Member.objects.filter(organisation=branch).order_by("pk")
        ]
    )
    return check


def make_room(organisation, name="二楼党员活动室", **facts):
    """An activity room; what it has goes into `met`."""
    return ActivityRoom.objects.create(organisation=organisation, name=name, **facts)


def make_budget(organisation, amount, year=2026, **facts):
    """The work funds of a branch in its unit's budget of one year."""
    return Budget.objects.create(
        organisation=organisation, year=year, amount=Decimal(amount), **facts
    )


def make_alliance(lead, name="望春片区党建联合体", *, members=(), **facts):
    """An alliance with its member organisations, all since its first day."""
    facts.setdefault("starts_on", datetime.date(2026, 1, 10))
    alliance = Alliance.objects.create(organisation=lead, name=name, **facts)
    for organisation in members:
        AllianceMember.objects.create(
            alliance=alliance, organisation=organisation, starts_on=alliance.starts_on
        )
    return alliance


def make_assignment(organisation, role, *, member=None, **facts):
    """Somebody assigned to an organisation; without a member a person known by name only."""
    facts.setdefault("person_name", member.name if member else "方立平")
    facts.setdefault("starts_on", datetime.date(2026, 1, 10))
    return Assignment.objects.create(organisation=organisation, role=role, member=member, **facts)


def make_pledge(member, title="政策宣传岗", *, kind=PledgeKind.POST, year=2026, **facts):
    """What a member took on for a year, in the branch of today."""
    facts.setdefault("taken_on", datetime.date(year, 2, 1))
    return Pledge.objects.create(
        member=member,
        organisation=member.organisation,
        year=year,
        kind=kind,
        title=title,
        **facts,
    )


def make_development(branch, name=None, *, stage=Stage.APPLICANT, steps=(), member=None, **facts):
    """A way to membership; `steps` are (step, day) with further facts of a step in a dict."""
    number = next(_counter)
    facts.setdefault("born_on", datetime.date(1995, 3, 4))
    development = Development(
        organisation=branch,
        name=name or f"{_SURNAMES[number % len(_SURNAMES)]}{_GIVEN[number % len(_GIVEN)]}",
        stage=stage,
        member=member,
        **facts,
    )
    development.set_id_number(
        member.id_number if member else make_id_number(development.born_on, number)
    )
    development.set_phone("13600003471")
    development.save()
    for step, on, *more in steps:
        DevelopmentStep.objects.create(
            development=development, step=step, on=on, **(more[0] if more else {})
        )
    return development


def make_term_request(term, *, kind=RequestKind.ELECTION, **facts):
    """What an organisation asks about a term; it waits unless a state is given."""
    facts.setdefault("asked_on", term.ends_on - datetime.timedelta(days=130))
    facts.setdefault("to_on", term.ends_on - datetime.timedelta(days=5))
    return TermRequest.objects.create(term=term, kind=kind, **facts)


def make_election(organisation, held_on, *, candidates=(), **facts):
    """An election at which everybody came; `candidates` are (member, votes), nobody elected."""
    counts = {"voters": 10, "present": 10, "ballots_out": 10, "ballots_in": 10, "ballots_valid": 10}
    election = Election.objects.create(
        organisation=organisation, held_on=held_on, **{"seats": 3, **counts, **facts}
    )
    for member, votes in candidates:
        Candidate.objects.create(
            election=election, member=member, person_name=member.name, votes=votes
        )
    return election


def make_unit(organisation, name="荻浦村", *, kind=UnitKind.VILLAGE, starts_on=None, ends_on=None):
    """A unit behind a branch; without days, always."""
    unit = Unit.objects.create(organisation=organisation, name=name, kind=kind)
    BranchUnit.objects.create(
        organisation=organisation, unit=unit, starts_on=starts_on, ends_on=ends_on
    )
    return unit


def make_unit_post(unit, member, title="村委会主任", **facts):
    """A post that a member holds in a unit."""
    return UnitPost.objects.create(unit=unit, member=member, title=title, **facts)


def make_transfer(member, to=None, *, letter_on=None, valid_days=None, **facts):
    """A transfer of a member, to a branch or out of the county; with `letter_on` its letter is out."""
    facts.setdefault("to_outside", "" if to else "邻县某镇党委")
    facts.setdefault("started_on", letter_on or datetime.date(2026, 3, 1))
    if letter_on:
        facts.setdefault("state", TransferState.LETTER_OUT)
        facts.setdefault("letter_number", f"2026-{next(_counter)}")
        facts.setdefault("addressee", "某党委")
    return Transfer.objects.create(
        member=member,
        name=member.name,
        from_organisation=member.organisation,
        to_organisation=to,
        letter_on=letter_on,
        valid_days=valid_days or (90 if letter_on else None),
        **facts,
    )


def make_dues_request(member, kind="exemption", *, from_month, until_month, **facts):
    """What a branch asks about one member's dues; it waits unless a state is given."""
    facts.setdefault("asked_on", from_month)
    facts.setdefault("reason", "家庭困难，支部已研究")
    if facts.get("state") in ("approved", "returned"):
        facts.setdefault("decided_on", facts["asked_on"])
    if kind == "reduction":
        facts["amount"] = Decimal(facts.get("amount", "5.00"))
    return DuesRequest.objects.create(
        member=member,
        organisation=member.organisation,
        kind=kind,
        from_month=from_month,
        until_month=until_month,
        **facts,
    )


def make_opening(member, since_month, amount="60.00", **facts):
    """What a member still owed for the months before the county began to keep dues.

    To the month before the first charge, unless `until_month` says otherwise.
    """
    if "until_month" not in facts:
        first = Charge.objects.order_by("month").values_list("month", flat=True).first()
        before = (first or since_month) - datetime.timedelta(days=1)
        facts["until_month"] = max(since_month, before.replace(day=1))
    return OpeningBalance.objects.create(
        member=member,
        organisation=member.organisation,
        since_month=since_month,
        amount=Decimal(amount),
        **facts,
    )


def make_remittance(branch, quarter, amount="20.00", *, payments=(), **facts):
    """A remittance of the quarter that begins on `quarter`, waiting for the superior; `payments`
    go with it."""
    facts.setdefault("computed", Decimal(amount))
    facts.setdefault("member_count", 1)
    facts.setdefault("remitted_on", quarter + datetime.timedelta(days=95))
    facts.setdefault("slip_number", f"HD{next(_counter):06d}")
    facts.setdefault("state", "sent")
    remittance = Remittance.objects.create(
        organisation=branch, quarter=quarter, amount=Decimal(amount), **facts
    )
    for payment in payments:
        payment.remittance = remittance
        payment.save(update_fields=["remittance"])
    return remittance


def make_publication(branch, period, posted_on, *, amount="60.00", **facts):
    """That a branch posted the dues of 2026-Q3, 2026-H2 or 2026, for a week."""
    span = period_named(period)
    facts.setdefault("posted_until", posted_on + datetime.timedelta(days=6))
    facts.setdefault("contact", "支部组织委员，电话：内线 6118")
    facts.setdefault("member_count", 1)
    return Publication.objects.create(
        organisation=branch,
        period=period,
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        posted_on=posted_on,
        amount=Decimal(amount),
        **facts,
    )


def make_contribution(member, paid_on, amount="5000.00", **facts):
    """A large sum that a member gave once, beside the dues."""
    return Contribution.objects.create(
        member=member,
        organisation=member.organisation,
        amount=Decimal(amount),
        paid_on=paid_on,
        **facts,
    )


def make_make_up(meeting, member, done_on, hours="2.0", **facts):
    """What a member who missed a meeting studied afterwards."""
    facts.setdefault("way", "self_study")
    return MakeUp.objects.create(
        meeting=meeting, member=member, done_on=done_on, hours=Decimal(hours), **facts
    )


def make_training(organisation, ends_on, *, people=(), hours="8.0", **facts):
    """A course that ended on a day; `people` have its full hours, each in the branch of today."""
    facts = {
        "title": f"党员培训班（{next(_counter)}）",
        "level": "county",
        "starts_on": ends_on,
        **facts,
    }
    training = Training.objects.create(
        organisation=organisation, ends_on=ends_on, hours=Decimal(hours), **facts
    )
    for member in people:
        TrainingAttendance.objects.create(
            training=training,
            member=member,
            organisation=member.organisation,
            hours=Decimal(hours),
        )
    return training


def make_exemption(member, starts_on, ends_on, **facts):
    """A member who need not reach the study hours between two days."""
    facts = {"decided_on": starts_on, "decided_by": "支委会", **facts}
    return StudyExemption.objects.create(
        member=member,
        organisation=member.organisation,
        starts_on=starts_on,
        ends_on=ends_on,
        **facts,
    )


def make_resolution(meeting, text="同意", *, kind="ordinary", should=None, present=None, **facts):
    """What a meeting decided; `should` and `present` are those who may vote."""
    return Resolution.objects.create(
        meeting=meeting, text=text, kind=kind, should_attend=should, present=present, **facts
    )


def make_matter(branch, title="村内道路硬化", *, stages=(), **facts):
    """A matter of 四议两公开; `stages` are pairs of stage and day, or stage and held meeting."""
    matter = Matter.objects.create(organisation=branch, title=title, **facts)
    for stage, done in stages:
        meeting = None if isinstance(done, datetime.date) else done
        MatterStep.objects.create(
            matter=matter,
            stage=stage,
            done_on=meeting.held_on if meeting else done,
            meeting=meeting,
        )
    return matter


def make_talk(branch, held_on, *, initiators=(), members=(), relation="committee_member", **facts):
    """A talk (谈心谈话) with who sought it and the others."""
    talk = Talk.objects.create(organisation=branch, held_on=held_on, relation=relation, **facts)
    for member in initiators:
        TalkPerson.objects.create(talk=talk, member=member, is_initiator=True)
    for member in members:
        TalkPerson.objects.create(talk=talk, member=member)
    return talk


def make_visit(branch, visited_on, *, member=None, amount=None, **facts):
    """A visit (走访慰问); without a member to somebody known by name only."""
    facts = {
        "occasion": "new_year",
        "visitors": "林守正",
        "person_name": member.name if member else "施桂英",
        **facts,
    }
    return Visit.objects.create(
        organisation=branch,
        visited_on=visited_on,
        member=member,
        amount=Decimal(amount) if amount else None,
        **facts,
    )


def make_invitation(meeting, branch, **facts):
    """A branch invited to the meeting of another."""
    return JointInvitation.objects.create(meeting=meeting, organisation=branch, **facts)


def make_plan(branch, year, *, filed_on=None, **facts):
    """The year plan of a branch, without lines."""
    return YearPlan.objects.create(organisation=branch, year=year, filed_on=filed_on, **facts)


def make_plan_item(branch, planned_on, type=Type.THEME_DAY, **facts):
    """A line of the plan of that year, which is made if there is none."""
    plan, _made = YearPlan.objects.get_or_create(organisation=branch, year=planned_on.year)
    return PlanItem.objects.create(plan=plan, type=type, planned_on=planned_on, **facts)


def make_appraisal(organisation, year=2026, **facts):
    """A 民主评议 of one year without anybody on its list."""
    return Appraisal.objects.create(organisation=organisation, year=year, **facts)


def make_appraisal_result(appraisal, member, **facts):
    """A member on the list of an appraisal."""
    facts.setdefault("was_formal", member.kind == MemberKind.FORMAL)
    return AppraisalResult.objects.create(appraisal=appraisal, member=member, **facts)


def make_notice(
    branch, on, *, sender=None, kind="order", title="关于做好党费公示工作的通知", **facts
):
    """One notice to an organisation, from its superior unless told otherwise."""
    [notice] = send_notice(
        recipients=[branch],
        sender=sender or branch.parent,
        kind=kind,
        title=title,
        on=on,
        by=None,
        **facts,
    )
    return notice


def make_campaign(organisation, title="四抓两整治", *, state="running", phases=(), **facts):
    """A campaign without measures, issued unless told otherwise; `phases` are (name, from, to)."""
    facts = {
        "year": 2026,
        "starts_on": datetime.date(2026, 1, 1),
        "ends_on": datetime.date(2026, 12, 31),
        "issued_on": None if state == "draft" else datetime.date(2026, 1, 5),
        **facts,
    }
    campaign = Campaign.objects.create(organisation=organisation, title=title, state=state, **facts)
    for position, (name, starts_on, ends_on) in enumerate(phases):
        Phase.objects.create(
            campaign=campaign, position=position, name=name, starts_on=starts_on, ends_on=ends_on
        )
    return campaign


def make_measure(campaign, text=None, *, block="抓阵地建设", units=(), done=(), **facts):
    """A measure under a block of that name; `units` get a task each, those of `done` a closed one."""
    block, _made = Block.objects.get_or_create(
        campaign=campaign, name=block, defaults={"position": campaign.blocks.count()}
    )
    facts.setdefault("due_on", datetime.date(2026, 11, 30))
    text = text or f"活动室达到标准（{next(_counter)}）"
    measure = Measure.objects.create(campaign=campaign, block=block, text=text, **facts)
    for unit in (*units, *done):
        closed = {"state": "closed", "progress": 100, "closed_on": datetime.date(2026, 3, 1)}
        make_task(
            unit,
            text,
            measure=measure,
            source=campaign.title,
            due_on=measure.due_on,
            **(closed if unit in done else {}),
        )
    return measure


def make_target(campaign, subject="支部标准化达标率", value="60", **facts):
    """A figure the plan wants at least, in per cent."""
    facts.setdefault("due_on", datetime.date(2026, 12, 31))
    return Target.objects.create(campaign=campaign, subject=subject, value=Decimal(value), **facts)


def make_self_check(campaign, branch, *, state="submitted", **facts):
    """A branch's self-check report."""
    facts = {"done": "各项任务按月推进", "problems": "无", **facts}
    if state != "draft":
        facts.setdefault("submitted_on", datetime.date(2026, 3, 10))
    return SelfCheck.objects.create(campaign=campaign, organisation=branch, state=state, **facts)


# --- Weak branches --------------------------------------------------------------------------


def make_weak(branch, *, decided_on=None, plan_filed_on=None, state=None, **facts):
    """A case of a weak branch: proposed, or decided on a day, with its steps."""
    proposed_on = facts.pop("proposed_on", decided_on or datetime.date(2026, 3, 2))
    state = state or (WeakState.WORKING if plan_filed_on else None)
    state = state or (WeakState.DECIDED if decided_on else WeakState.PROPOSED)
    facts.setdefault("problems", "支委会半年没有开")
    facts.setdefault("situations", ["组织生活不正常"])
    if decided_on:
        facts.setdefault("decided_by", "县委常委会")
        facts.setdefault("plan_due_on", decided_on + datetime.timedelta(days=30))
        facts.setdefault("due_on", decided_on + datetime.timedelta(days=180))
    case = WeakBranch.objects.create(
        organisation=branch,
        year=facts.pop("year", proposed_on.year),
        state=state,
        proposed_on=proposed_on,
        decided_on=decided_on,
        plan="逐项整改" if plan_filed_on else "",
        plan_filed_on=plan_filed_on,
        **facts,
    )
    for kind, on in (
        (WeakStepKind.PROPOSED, proposed_on),
        (WeakStepKind.DECIDED, decided_on),
        (WeakStepKind.PLAN_FILED, plan_filed_on),
    ):
        if on:
            case.steps.create(kind=kind, on=on)
    return case


def make_weak_survey(case, held_on, *, asked=100, satisfied=80, aware=80, **facts):
    """A survey of a weak branch; 80 per cent are needed of each."""
    facts.setdefault("satisfied_needed", Decimal(80))
    facts.setdefault("aware_needed", Decimal(80))
    return case.surveys.create(
        held_on=held_on, asked=asked, satisfied=satisfied, aware=aware, **facts
    )


def make_extension(task, due_on, *, reason="施工招标未完成", asked_on=FOUNDED, **facts):
    """A later deadline asked for."""
    return task.extensions.create(due_on=due_on, reason=reason, asked_on=asked_on, **facts)


# --- 党建+ and inspections --------------------------------------------------------------------


def make_plus_item(branch, title="党建+网格服务", *, year=2026, part="feature", **facts):
    """An item of the branch's 党建+ of a year, which is begun where there is none."""
    plan, _made = PlusPlan.objects.get_or_create(organisation=branch, year=year)
    facts = {"means": "党员包楼栋", "aim": "有事不出网格", "lead_name": "林守正", **facts}
    return PlusItem.objects.create(plan=plan, title=title, part=part, **facts)


def make_inspection(organisation, title="三会一课专项督查", *, visits=(), **facts):
    """A round of inspection with the organisations it is to visit; none of them visited yet."""
    facts = {
        "kind": "special",
        "inspectors": "柏兰、沈知行",
        "starts_on": datetime.date(2026, 3, 2),
        "ends_on": datetime.date(2026, 3, 31),
        **facts,
    }
    made = Inspection.objects.create(organisation=organisation, title=title, **facts)
    for one in visits:
        made.visits.create(organisation=one)
    return made


def make_inspection_visit(inspection, organisation, visited_on=None, *, findings=(), **facts):
    """An organisation in a round; with a day it was visited, with what was found there."""
    if visited_on:
        facts.setdefault("looked_at", "会议记录、党费台账")
    visit = InspectionVisit.objects.create(
        inspection=inspection, organisation=organisation, visited_on=visited_on, **facts
    )
    for text in findings:
        visit.findings.create(text=text)
    return visit


def make_registered_unit(keeper, name=None, *, kind=UnitKind.SOCIAL_ORGANISATION, **facts):
    """A unit on a register that nobody covers."""
    name = name or f"望春第{next(_counter)}协会"
    return Unit.objects.create(organisation=keeper, name=name, kind=kind, **facts)


def make_unit_survey(unit, surveyed_on=datetime.date(2026, 7, 22), working=0, here=0, **facts):
    """What a survey found in a unit: formal members who work there and whose relation is there."""
    return UnitSurvey.objects.create(
        unit=unit, surveyed_on=surveyed_on, formal_working=working, formal_here=here, **facts
    )


def make_unit_instructor(unit, name="方立平", *, starts_on=datetime.date(2026, 8, 3), **facts):
    """An instructor sent to a unit."""
    return UnitInstructor.objects.create(unit=unit, person_name=name, starts_on=starts_on, **facts)
