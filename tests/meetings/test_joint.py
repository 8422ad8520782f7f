"""Joint activities: a branch invites, each branch that came records its own, walls stay."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from dashboard.desk import desk
from meetings import joint
from meetings.enums import InvitationState, MeetingState, Type
from meetings.models import JointInvitation, Meeting
from meetings.services import Refused
from meetings.services.joint import answer, decline, invite, withdraw
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
DAY = datetime.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def host():
    return factories.make_branch(name="望春社区第一党支部")


@pytest.fixture
def guest(host):
    return factories.make_branch(host.parent, name="望春社区第二党支部")


@pytest.fixture
def hosting(host):
    return factories.make_user(Role.SECRETARY, host)


@pytest.fixture
def invited(guest):
    return factories.make_user(Role.SECRETARY, guest)


@pytest.fixture
def meeting(host):
    lecturer = factories.make_member(host, "林守正")
    return factories.make_meeting(
        host,
        DAY,
        [Type.THEME_DAY, Type.LECTURE],
        present=[lecturer],
        topic="春季义务植树",
        place="望春公园",
        starts_at=datetime.time(9, 0),
        ends_at=datetime.time(11, 0),
        hours=Decimal("2.0"),
        lecturer=lecturer,
        minutes="讨论了本支部的事",
        guests="沈知行",
    )


@pytest.fixture
def invitation(meeting, guest):
    return factories.make_invitation(meeting, guest)


def own_record(guest, **facts):
    members = factories.make_members(guest, 2)
    return factories.make_meeting(
        guest, DAY, [Type.THEME_DAY], present=members[:1], leave=members[1:], **facts
    )


# --- The services -------------------------------------------------------------------------------


def test_branches_are_invited_and_the_host_keeps_a_line(meeting, guest, hosting):
    [row] = invite(meeting=meeting, organisations=[guest], by=hosting)
    assert (row.state, row.invited_by) == (InvitationState.INVITED, hosting)
    line = TrailLine.objects.get(action="邀请共同活动")
    assert (line.organisation_id, line.after) == (meeting.organisation_id, {"邀请": guest.name})


def test_who_cannot_be_invited_is_refused(meeting, host, guest, hosting):
    late = factories.make_branch(host.parent, founded_on=DAY + datetime.timedelta(days=1))
    invite(meeting=meeting, organisations=[guest], by=hosting)
    for organisations, said in (
        ([], "勾选"),
        ([host], "自己"),
        ([host.parent], "不是党支部"),
        ([late], "还没有成立"),
        ([guest], "已经邀请过"),
    ):
        with pytest.raises(Refused, match=said):
            invite(meeting=meeting, organisations=organisations, by=hosting)
    with pytest.raises(Refused, match="主办支部的书记"):
        other = factories.make_branch(host.parent)
        by = factories.make_user(Role.GROUP_LEADER, host)
        invite(meeting=meeting, organisations=[other], by=by)
    Meeting.objects.update(state=MeetingState.CANCELLED)
    with pytest.raises(Refused, match="已作废"):
        invite(meeting=meeting, organisations=[other], by=hosting)
    assert JointInvitation.objects.count() == 1


def test_an_invitation_is_taken_back_and_may_be_given_again(meeting, guest, invitation, hosting):
    withdraw(invitation=invitation, by=hosting)
    assert joint.awaiting(guest) == [] and joint.answers(meeting) == []
    with pytest.raises(Refused, match="已经撤回"):
        withdraw(invitation=invitation, by=hosting)
    [again] = invite(meeting=meeting, organisations=[guest], by=hosting)
    assert (again.pk, again.state) == (invitation.pk, InvitationState.INVITED)


def test_each_branch_counts_its_own(meeting, guest, invitation, invited, hosting):
    own = own_record(guest)
    answer(invitation=invitation, own_meeting=own, by=invited)
    [shown] = joint.answers(meeting)
    assert (shown.words, shown.heads, shown.may_withdraw) == ("已登记", "1/2", False)
    assert joint.awaiting(guest) == []
    line = TrailLine.objects.get(action="登记参加共同活动")
    assert (line.organisation_id, line.after["主办支部"]) == (guest.pk, meeting.organisation.name)
    with pytest.raises(Refused, match="已经登记"):
        withdraw(invitation=invitation, by=hosting)
    with pytest.raises(Refused, match="已经登记过"):
        answer(invitation=invitation, own_meeting=own_record(guest), by=invited)
    with pytest.raises(Refused, match="已经登记过"):
        decline(invitation=invitation, note="", by=invited)


def test_the_same_answer_sent_twice_is_one(guest, invitation, invited):
    own = own_record(guest)
    for _again in range(2):
        answer(invitation=invitation, own_meeting=own, by=invited)
    assert TrailLine.objects.filter(action="登记参加共同活动").count() == 1


def test_what_is_no_answer_is_refused(meeting, guest, invitation, invited, hosting):
    planned = own_record(guest, state=MeetingState.PLANNED)
    with pytest.raises(Refused, match="不是被邀请支部的"):
        answer(invitation=invitation, own_meeting=meeting, by=invited)
    with pytest.raises(Refused, match="还没有登记"):
        answer(invitation=invitation, own_meeting=planned, by=invited)
    with pytest.raises(Refused, match="被邀请的支部"):
        answer(invitation=invitation, own_meeting=own_record(guest), by=hosting)
    withdraw(invitation=invitation, by=hosting)
    with pytest.raises(Refused, match="已撤回邀请"):
        answer(invitation=invitation, own_meeting=own_record(guest), by=invited)


def test_a_branch_that_did_not_come_says_so_and_may_still_record_it(
    meeting, guest, invitation, invited
):
    decline(invitation=invitation, note="与本支部活动冲突", by=invited)
    [shown] = joint.answers(meeting)
    assert (shown.words, shown.note, shown.heads) == ("未参加", "与本支部活动冲突", "")
    assert joint.awaiting(guest) == []
    with pytest.raises(Refused, match="已经登记为未参加"):
        decline(invitation=invitation, note="", by=invited)
    answer(invitation=invitation, own_meeting=own_record(guest), by=invited)
    [shown] = joint.answers(meeting)
    assert (shown.words, shown.note, shown.heads) == ("已登记", "", "1/2")


def test_an_own_record_taken_back_waits_again(meeting, guest, invitation, invited):
    own = own_record(guest)
    answer(invitation=invitation, own_meeting=own, by=invited)
    Meeting.objects.filter(pk=own.pk).update(state=MeetingState.CANCELLED)
    assert [row.pk for row in joint.awaiting(guest)] == [invitation.pk]
    assert joint.answers(meeting)[0].words == "登记已作废，待重新点名"
    answer(invitation=invitation, own_meeting=own_record(guest), by=invited)
    assert joint.awaiting(guest) == []


def test_a_cancelled_host_meeting_is_told_and_own_records_stay(meeting, guest, invitation, invited):
    Meeting.objects.filter(pk=meeting.pk).update(state=MeetingState.CANCELLED)
    [row] = joint.awaiting(guest)
    assert row.cancelled
    own = own_record(guest)
    answer(invitation=invitation, own_meeting=own, by=invited)
    own.refresh_from_db()
    assert (own.state, joint.awaiting(guest)) == (MeetingState.HELD, [])


def test_an_answer_begins_with_what_the_host_said_and_nothing_more(invitation):
    invitation = JointInvitation.objects.get()
    facts = joint.prefill(invitation)
    assert set(facts.types) == {Type.THEME_DAY, Type.LECTURE}
    assert (facts.held_on, facts.place, facts.topic) == (DAY, "望春公园", "春季义务植树")
    assert (facts.starts_at, facts.ends_at) == (datetime.time(9), datetime.time(11))
    assert (facts.hours, facts.lecturer, facts.lecturer_name) == (Decimal("2.0"), None, "林守正")
    assert (facts.minutes, facts.guests, facts.presences, facts.host) == ("", "", {}, None)


# --- Whom to invite -----------------------------------------------------------------------------


def test_partners_come_first_then_those_of_the_same_superior(meeting, host, guest):
    elsewhere = factories.make_committee(host.parent.parent, "荻浦镇党委")
    partner = factories.make_branch(elsewhere, name="荻浦村党支部")
    factories.make_branch(elsewhere, name="上荻村党支部")
    factories.make_branch(host.parent, name="旧支部", dissolved_on=DAY)
    left = factories.make_branch(elsewhere, name="下荻村党支部")
    alliance = factories.make_alliance(partner, members=[host, left])
    alliance.members.filter(organisation=left).update(ends_on=datetime.date(2026, 3, 19))
    offered = [(one.name, one.reason) for one in joint.offered(meeting)]
    assert offered == [("荻浦村党支部", "联建共建"), ("望春社区第二党支部", "同一上级")]
    found = [(one.name, one.reason) for one in joint.offered(meeting, "荻")]
    assert found == [
        ("荻浦村党支部", "联建共建"),
        ("上荻村党支部", ""),
        ("下荻村党支部", ""),
    ]
    factories.make_invitation(meeting, partner)
    assert [one.name for one in joint.offered(meeting)] == ["望春社区第二党支部"]


# --- The pages ----------------------------------------------------------------------------------


def test_the_host_invites_and_sees_who_came(client, meeting, host, guest, hosting, invited):
    client.force_login(hosting)
    url = reverse("meetings:joint", args=[meeting.pk])
    response = client.get(url)
    assert [one["name"] for one in response.context["offered"]] == [guest.name]
    assert "勾选要邀请的支部" in client.post(url, {}).content.decode()
    assert client.post(url, {"branches": [guest.pk]})["Location"] == url
    row = JointInvitation.objects.get()
    answer(invitation=row, own_meeting=own_record(guest), by=invited)
    response = client.get(url)
    assert (response.context["came"], response.context["answers"][0].heads) == (1, "1/2")
    one = count_of(lambda: client.get(url))
    for number in range(2):
        other = factories.make_branch(host.parent, name=f"柳汀第{number}党支部")
        answer(
            invitation=factories.make_invitation(meeting, other),
            own_meeting=own_record(other),
            by=None,
        )
    assert count_of(lambda: client.get(url)) == one


def test_a_branch_that_was_not_offered_cannot_be_ticked(client, meeting, host, hosting):
    elsewhere = factories.make_committee(host.parent.parent, "荻浦镇党委")
    far = factories.make_branch(elsewhere, name="荻浦村党支部")
    client.force_login(hosting)
    url = reverse("meetings:joint", args=[meeting.pk])
    assert "不在名单里" in client.post(url, {"branches": [far.pk]}).content.decode()
    assert client.post(url, {"branches": [far.pk], "q": "荻浦"}).status_code == 302


def test_the_invited_branch_sees_what_it_needs_and_not_the_roster(
    client, meeting, guest, invitation, invited
):
    client.force_login(invited)
    response = client.get(reverse("meetings:invitation", args=[invitation.pk]))
    body = response.content.decode()
    assert "春季义务植树" in body and "望春公园" in body and "林守正" in body
    assert "讨论了本支部的事" not in body and "沈知行" not in body
    assert response.context["register_url"] == (
        f"/meetings/new/?branch={guest.code}&joined={invitation.pk}"
    )
    detail = reverse("meetings:detail", args=[meeting.pk])
    assert client.get(detail).status_code == 404
    assert client.get(reverse("meetings:joint", args=[meeting.pk])).status_code == 404
    withdrawing = reverse("meetings:invitation_withdraw", args=[invitation.pk])
    assert client.post(withdrawing).status_code == 403
    declining = reverse("meetings:invitation_decline", args=[invitation.pk])
    client.post(declining, {"note": "与本支部活动冲突"})
    invitation.refresh_from_db()
    assert (invitation.state, invitation.note) == ("declined", "与本支部活动冲突")


def test_the_host_does_not_answer_for_the_invited(client, invitation, hosting):
    client.force_login(hosting)
    page = client.get(reverse("meetings:invitation", args=[invitation.pk]))
    assert (page.status_code, page.context["register_url"]) == (200, "")
    declining = reverse("meetings:invitation_decline", args=[invitation.pk])
    assert client.post(declining).status_code == 403
    withdrawing = reverse("meetings:invitation_withdraw", args=[invitation.pk])
    assert client.post(withdrawing).status_code == 302
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.WITHDRAWN


@pytest.mark.parametrize("role", [Role.GROUP_LEADER, Role.COMMITTEE_OFFICER, Role.INSPECTOR])
def test_who_only_looks_invites_and_answers_nothing(client, meeting, host, guest, invitation, role):
    home = guest if role == Role.GROUP_LEADER else host.parent
    client.force_login(factories.make_user(role, home))
    assert client.get(reverse("meetings:invitation", args=[invitation.pk])).status_code == 200
    for name in ("meetings:invitation_decline", "meetings:invitation_withdraw"):
        assert client.post(reverse(name, args=[invitation.pk])).status_code == 403
    if role != Role.GROUP_LEADER:
        url = reverse("meetings:joint", args=[meeting.pk])
        assert not client.get(url).context["may_invite"]
        assert client.post(url, {"branches": [guest.pk]}).status_code == 403


def test_a_third_branch_finds_nothing(client, meeting, host, invitation):
    third = factories.make_branch(host.parent)
    client.force_login(factories.make_user(Role.SECRETARY, third))
    assert client.get(reverse("meetings:joint", args=[meeting.pk])).status_code == 404
    assert client.get(reverse("meetings:invitation", args=[invitation.pk])).status_code == 404
    for name in ("meetings:invitation_decline", "meetings:invitation_withdraw"):
        assert client.post(reverse(name, args=[invitation.pk])).status_code == 404


# --- The desk and the record --------------------------------------------------------------------


def rows_of(branch, today=TODAY):
    items = desk(branch, today, "", next_month=False)["items"]
    return [item for item in items if item.title.startswith("共同活动")]


def test_the_desk_of_the_invited_branch_asks_for_the_roll(meeting, host, guest, invitation):
    [row] = rows_of(guest)
    assert (row.kind, row.status) == ("soon", "待点名")
    assert row.basis == "望春社区第一党支部邀请，主题党日、党课，已过 8 天"
    assert row.title == "共同活动“春季义务植树”"
    assert row.action["url"] == f"/meetings/new/?branch={guest.code}&joined={invitation.pk}"
    assert rows_of(host) == []
    [before] = rows_of(guest, DAY - datetime.timedelta(days=3))
    assert (before.kind, before.status) == ("run", "3 天后开展")
    Meeting.objects.filter(pk=meeting.pk).update(state=MeetingState.CANCELLED)
    [row] = rows_of(guest)
    assert (row.status, row.action["label"]) == ("已取消", "查看")


def test_two_clicks_record_the_joint_activity_of_the_invited_branch(
    client, meeting, guest, invitation, invited
):
    members = factories.make_members(guest, 3)
    client.force_login(invited)
    address = rows_of(guest)[0].action["url"]
    response = client.get(address)
    form = response.context["form"]
    sent = {
        name: form[name].value() for name in form.fields if name not in ("kinds", "attachments")
    }
    sent = {name: value for name, value in sent.items() if value not in (None, "", False)}
    sent["kinds"] = [kind["code"] for kind in response.context["kinds"] if kind["checked"]]
    for name in ("version", "roster_on", "shown_kinds", "source", "next"):
        sent[name] = response.context[name]
    assert client.post(address, sent | {"act": "save"}).status_code == 302
    own = Meeting.objects.get(organisation=guest)
    assert (own.held_on, own.topic, own.hours) == (DAY, "春季义务植树", Decimal("2.0"))
    assert set(own.attendances.values_list("member", "state")) == {
        (member.pk, "present") for member in members
    }
    invitation.refresh_from_db()
    assert (invitation.state, invitation.own_meeting) == (InvitationState.ACCEPTED, own)
    assert joint.answers(meeting)[0].heads == "3/3"
