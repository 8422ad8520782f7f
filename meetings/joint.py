"""Joint activities (共同活动): who was invited to a meeting, who answered, what an answer begins with.

An invited branch reads of the host's meeting only what is in `MeetingFacts` of `prefill` – never
the roster, the minutes, the resolutions or the files.
"""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from accounts.roles import Action
from branches.dated import standing_on
from branches.links import link
from branches.models import AllianceMember, Organisation
from branches.scope import get_for
from meetings.enums import FULL_NAMES, AttendanceState, InvitationState, MeetingState, Type
from meetings.models import Attendance, JointInvitation, Meeting
from meetings.services.recording import MeetingFacts

# Most branches offered by a search, so that the page stays short.
_MOST_OFFERED = 30


@dataclass(frozen=True)
class Awaiting:
    """An activity of another branch that this branch has not answered.

    `cancelled`: the host took the meeting back; there is nothing to record any more.
    """

    pk: int
    host: str
    held_on: object
    kinds: str
    topic: str
    url: str
    register_url: str
    cancelled: bool = False

    @property
    def title(self) -> str:
        """共同活动“学习主题党日”, or the kinds where it has no topic."""
        return f"共同活动“{self.topic or self.kinds}”"


@dataclass(frozen=True)
class Answer:
    """How one invited branch answered; heads only where it recorded the activity."""

    pk: int
    organisation: str
    kind: str
    words: str
    due: int | None = None
    present: int | None = None
    note: str = ""
    may_withdraw: bool = False

    @property
    def heads(self) -> str:
        """18/20: present of those who should attend; "" before an answer."""
        return "" if self.due is None else f"{self.present}/{self.due}"


def _open_answers() -> Q:
    """Invitations not answered: asked and no standing record of the branch's own."""
    lost = Q(state=InvitationState.ACCEPTED, own_meeting__state=MeetingState.CANCELLED)
    return Q(state=InvitationState.INVITED) | lost


def invitation(user, pk: int, action: str = Action.RECORD_BRANCH_MEETING) -> JointInvitation:
    """The invitation meant, for the invited branch to act on: 404 out of sight, 403 for the host
    and for whoever only looks."""
    rows = JointInvitation.objects.select_related(
        "organisation", "meeting__organisation", "meeting__lecturer", "own_meeting"
    )
    return get_for(rows, user, action, pk=pk)


def awaiting(organisation: Organisation) -> list[Awaiting]:
    """What the branch was invited to and has not answered, the earliest first; two queries."""
    rows = (
        JointInvitation.objects.filter(organisation=organisation)
        .filter(_open_answers())
        .select_related("meeting__organisation")
        .prefetch_related("meeting__types")
        .order_by("meeting__held_on", "pk")
    )
    return [
        Awaiting(
            pk=row.pk,
            host=row.meeting.organisation.short_name,
            held_on=row.meeting.held_on,
            kinds=kinds_of(row.meeting),
            topic=row.meeting.topic,
            url=reverse("meetings:invitation", args=[row.pk]),
            register_url=link("meetings:register", branch=organisation.code, joined=row.pk),
            cancelled=row.meeting.state == MeetingState.CANCELLED,
        )
        for row in rows
    ]


def kinds_of(meeting: Meeting) -> str:
    """主题党日、党课: the full names of a meeting's types."""
    return "、".join(FULL_NAMES[Type(row.type)] for row in meeting.types.all())


def prefill(invitation: JointInvitation) -> MeetingFacts:
    """What the invited branch's own record begins with. The host's people are not in its roster, so
    its lecturer comes along by name only."""
    host = invitation.meeting
    return MeetingFacts(
        types=tuple(row.type for row in host.types.all()),
        held_on=host.held_on,
        starts_at=host.starts_at,
        ends_at=host.ends_at,
        place=host.place,
        topic=host.topic,
        lecturer_name=host.lecturer.name if host.lecturer else host.lecturer_name,
        hours=host.hours,
    )


_MARKS = {
    InvitationState.INVITED: "wait",
    InvitationState.ACCEPTED: "done",
    InvitationState.DECLINED: "todo",
}


def answers(meeting: Meeting) -> list[Answer]:
    """Every branch invited to the meeting and what it said; two queries for any number."""
    rows = list(
        meeting.invitations.exclude(state=InvitationState.WITHDRAWN)
        .select_related("organisation", "own_meeting")
        .order_by("pk")
    )
    heads = _heads([row.own_meeting_id for row in rows if row.own_meeting_id])
    return [_answer(row, heads) for row in rows]


def _answer(row: JointInvitation, heads: dict[int, tuple[int, int]]) -> Answer:
    taken_back = (
        row.state == InvitationState.ACCEPTED and row.own_meeting.state == MeetingState.CANCELLED
    )
    if taken_back:
        return Answer(
            row.pk, row.organisation.short_name, "wait", "登记已作废，待重新点名", may_withdraw=True
        )
    due, present = heads.get(row.own_meeting_id, (None, None))
    return Answer(
        pk=row.pk,
        organisation=row.organisation.short_name,
        kind=_MARKS[InvitationState(row.state)],
        words=row.get_state_display(),
        due=due,
        present=present,
        note=row.note,
        may_withdraw=row.state != InvitationState.ACCEPTED,
    )


def _heads(meetings: list[int]) -> dict[int, tuple[int, int]]:
    """Those who should attend and those present, for each meeting."""
    rows = (
        Attendance.objects.filter(meeting__in=meetings)
        .values("meeting_id")
        .annotate(due=Count("pk"), present=Count("pk", filter=Q(state=AttendanceState.PRESENT)))
        .order_by()
        .values_list("meeting_id", "due", "present")
    )
    return {pk: (due, present) for pk, due, present in rows}


# --- Whom to invite ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Offered:
    """A branch that can be invited, and why it is offered."""

    pk: int
    name: str
    reason: str


def offered(meeting: Meeting, search: str = "") -> list[Offered]:
    """Branches to invite: partners in an alliance first, then those under the same superior; with
    `search` any branch of the county whose name or code holds it. Names only, nothing of theirs."""
    host, day = meeting.organisation, meeting.held_on
    asked = meeting.invitations.exclude(state=InvitationState.WITHDRAWN)
    branches = (
        Organisation.objects.branches()
        .filter(Q(founded_on__isnull=True) | Q(founded_on__lte=day))
        .filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=day))
        .exclude(pk=host.pk)
        .exclude(pk__in=asked.values("organisation_id"))
    )
    partners = allied(host, day)
    if search:
        branches = branches.filter(Q(name__icontains=search) | Q(code__iexact=search))
    else:
        branches = branches.filter(Q(pk__in=partners) | Q(parent_id=host.parent_id))
    found = [
        Offered(branch.pk, branch.short_name, _reason(branch, host, partners))
        for branch in branches.order_by("path")[: _MOST_OFFERED * 4]
    ]
    order = ("联建共建", "同一上级", "")
    return sorted(found, key=lambda one: order.index(one.reason))[:_MOST_OFFERED]


def _reason(branch: Organisation, host: Organisation, partners: set[int]) -> str:
    if branch.pk in partners:
        return "联建共建"
    return "同一上级" if branch.parent_id == host.parent_id else ""


def allied(host: Organisation, day) -> set[int]:
    """Organisations in one running alliance with the host on `day`, itself not among them."""
    running = standing_on(day) & standing_on(day, "alliance__starts_on", "alliance__ends_on")
    memberships = AllianceMember.objects.filter(running)
    own = Q(organisation=host) | Q(alliance__organisation=host)
    alliances = set(memberships.filter(own).values_list("alliance_id", flat=True))
    pairs = memberships.filter(alliance__in=alliances).values_list(
        "organisation_id", "alliance__organisation_id"
    )
    return {pk for pair in pairs for pk in pair} - {host.pk}
