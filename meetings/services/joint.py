"""Joint activities: branches invited to a meeting, and their answers.

Each branch that came has a record of its own, so nothing here changes what is counted.
"""

from collections.abc import Iterable

from django.db import transaction

from accounts import trail
from accounts.roles import Action
from branches.models import Organisation
from branches.scope import reaches
from meetings.enums import InvitationState, MeetingState
from meetings.models import JointInvitation, Meeting
from meetings.services import Refused

TRAIL_AREA = "joint"


@transaction.atomic
def invite(*, meeting: Meeting, organisations: Iterable[Organisation], by) -> list[JointInvitation]:
    """Invite branches to the meeting; one whose invitation was withdrawn is invited again.

    Refuses nobody named, a meeting taken back, the host itself, what is no branch, a branch that
    did not exist on that day, and a second invitation.
    """
    meeting = _locked(meeting)
    _check_host(meeting, by)
    organisations = list(organisations)
    if not organisations:
        raise Refused("请勾选要邀请的支部", "branches")
    known = {row.organisation_id: row for row in meeting.invitations.all()}
    invited = []
    for organisation in organisations:
        row = known.get(organisation.pk)
        _check_guest(meeting, organisation, row)
        if row is None:
            row = JointInvitation(meeting=meeting, organisation=organisation)
        row.state, row.invited_by, row.note = InvitationState.INVITED, by, ""
        row.own_meeting = None
        row.save()
        invited.append(row)
    names = "、".join(organisation.name for organisation in organisations)
    _line("邀请共同活动", meeting, by=by, after={"邀请": names})
    return invited


@transaction.atomic
def withdraw(*, invitation: JointInvitation, by) -> JointInvitation:
    """Take an invitation back. Refuses one that the branch has answered by a record, and a second
    time."""
    meeting = _locked(invitation.meeting)
    invitation = _fresh(invitation)
    if not _may(by, meeting.organisation):
        raise Refused("邀请由主办支部撤回")
    if invitation.state == InvitationState.WITHDRAWN:
        raise Refused("这个邀请已经撤回，请看最新情况")
    if _stands(invitation):
        raise Refused(f"{invitation.organisation.short_name}已经登记，不能撤回邀请")
    before = invitation.get_state_display()
    invitation.state = InvitationState.WITHDRAWN
    invitation.save(update_fields=["state"])
    _line(
        "撤回共同活动邀请",
        meeting,
        by=by,
        before={invitation.organisation.name: before},
        after={invitation.organisation.name: invitation.get_state_display()},
    )
    return invitation


@transaction.atomic
def answer(*, invitation: JointInvitation, own_meeting: Meeting, by) -> JointInvitation:
    """Tie the branch's own record to the invitation; any time later will do. The same answer sent
    again changes nothing.

    Refuses a record of another branch or one taken back or not held yet, an invitation withdrawn,
    and one answered by a record that stands. That the host took its meeting back refuses nothing:
    what a branch did stays its own.
    """
    invitation = _fresh(invitation)
    if invitation.own_meeting_id == own_meeting.pk and _stands(invitation):
        return invitation
    _check_answer(invitation, by)
    if own_meeting.organisation_id != invitation.organisation_id:
        raise Refused("登记的会议不是被邀请支部的，请核对")
    if own_meeting.state != MeetingState.HELD:
        raise Refused("会议还没有登记，登记后才算参加")
    before = invitation.get_state_display()
    invitation.state, invitation.own_meeting = InvitationState.ACCEPTED, own_meeting
    invitation.note = ""
    invitation.save(update_fields=["state", "own_meeting", "note"])
    _answer_line("登记参加共同活动", invitation, before, by)
    return invitation


@transaction.atomic
def decline(*, invitation: JointInvitation, note: str, by) -> JointInvitation:
    """Say that the branch did not take part (or that it knows the host cancelled); it may still
    record it later. Refuses what `answer` refuses of an invitation."""
    invitation = _fresh(invitation)
    _check_answer(invitation, by)
    if invitation.state == InvitationState.DECLINED:
        raise Refused("已经登记为未参加；实际参加了的，可以点名登记")
    before = invitation.get_state_display()
    invitation.state, invitation.own_meeting = InvitationState.DECLINED, None
    invitation.note = note.strip()
    invitation.save(update_fields=["state", "own_meeting", "note"])
    _answer_line("未参加共同活动", invitation, before, by)
    return invitation


def _locked(meeting: Meeting) -> Meeting:
    Meeting.objects.select_for_update().get(pk=meeting.pk)
    return Meeting.objects.select_related("organisation").get(pk=meeting.pk)


def _fresh(invitation: JointInvitation) -> JointInvitation:
    """The row, locked, as it stands now."""
    JointInvitation.objects.select_for_update().get(pk=invitation.pk)
    return JointInvitation.objects.select_related(
        "organisation", "meeting__organisation", "own_meeting"
    ).get(pk=invitation.pk)


def _may(by, organisation: Organisation) -> bool:
    return by is None or reaches(by, Action.RECORD_BRANCH_MEETING, organisation.path)


def _stands(invitation: JointInvitation) -> bool:
    """Whether the branch has a record of the activity that was not taken back."""
    own = invitation.own_meeting
    return (
        invitation.state == InvitationState.ACCEPTED
        and own is not None
        and own.state != MeetingState.CANCELLED
    )


def _check_host(meeting: Meeting, by) -> None:
    if not _may(by, meeting.organisation):
        raise Refused("共同活动由主办支部的书记或支部委员邀请")
    if meeting.state == MeetingState.CANCELLED:
        raise Refused("这次会议已作废，不能再邀请")


def _check_guest(meeting: Meeting, organisation: Organisation, row) -> None:
    if organisation.pk == meeting.organisation_id:
        raise Refused("主办支部不用邀请自己", "branches")
    if not organisation.is_branch:
        raise Refused(f"“{organisation.name}”不是党支部，请选支部", "branches")
    day = meeting.held_on
    if (organisation.founded_on and organisation.founded_on > day) or (
        organisation.dissolved_on and organisation.dissolved_on <= day
    ):
        raise Refused(f"“{organisation.name}”活动那天还没有成立或已经撤销", "branches")
    if row is not None and row.state != InvitationState.WITHDRAWN:
        raise Refused(f"已经邀请过“{organisation.short_name}”", "branches")


def _check_answer(invitation: JointInvitation, by) -> None:
    if not _may(by, invitation.organisation):
        raise Refused("共同活动由被邀请的支部书记或支部委员登记")
    if invitation.state == InvitationState.WITHDRAWN:
        raise Refused("主办支部已撤回邀请；活动确实参加了的，直接登记会议")
    if _stands(invitation):
        raise Refused("这次共同活动已经登记过，请打开那一次核对")


def _line(action: str, meeting: Meeting, *, by, before=None, after=None) -> None:
    """A line of the host's, by its meeting."""
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=meeting.pk,
        label=str(meeting),
        organisation_id=meeting.organisation_id,
        before=before,
        after=after,
    )


def _answer_line(action: str, invitation: JointInvitation, before: str, by) -> None:
    """A line of the invited branch's."""
    after = {
        "状态": invitation.get_state_display(),
        "主办支部": invitation.meeting.organisation.name,
    }
    if invitation.note:
        after["说明"] = invitation.note
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=invitation.meeting_id,
        label=f"{invitation.organisation} {invitation.meeting.held_on:%Y-%m-%d} 共同活动",
        organisation_id=invitation.organisation_id,
        before={"状态": before},
        after=after,
    )
