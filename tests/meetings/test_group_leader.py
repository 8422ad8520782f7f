import datetime
from dataclasses import replace

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import Meeting
from meetings.services import recording
from meetings.services.recording import MeetingFacts, register_meeting
from members.enums import PostTitle
from tests import factories

TODAY = datetime.date(2026, 3, 18)
pytestmark = pytest.mark.django_db


def facts(types):
    return MeetingFacts(types=types, held_on=TODAY, topic="学习讨论")


def test_a_group_leader_registers_meetings_of_a_group_alone():
    branch = factories.make_branch()
    leader = factories.make_user(Role.GROUP_LEADER, branch)
    with pytest.raises(recording.Refused, match="党小组长只登记党小组会"):
        register_meeting(
            organisation=branch, facts=facts((Type.COMMITTEE,)), by=leader, today=TODAY
        )
    assert not Meeting.objects.exists()
    register_meeting(organisation=branch, facts=facts((Type.GROUP,)), by=leader, today=TODAY)
    assert Meeting.objects.get().types.get().type == Type.GROUP


def test_a_group_leader_makes_no_meeting_of_the_branch_a_group_meeting():
    branch = factories.make_branch()
    leader = factories.make_user(Role.GROUP_LEADER, branch)
    meeting = factories.make_meeting(branch, TODAY, [Type.MEMBERS_MEETING])
    with pytest.raises(recording.Refused, match="党小组长只登记党小组会"):
        recording.change_meeting(
            meeting=meeting, version=1, facts=facts((Type.GROUP,)), by=leader, today=TODAY
        )
    assert meeting.types.get().type == Type.MEMBERS_MEETING


def test_a_group_leader_records_changes_and_cancels_for_the_own_group_alone():
    branch = factories.make_branch()
    leader = factories.make_user(Role.GROUP_LEADER, branch)
    own, other = factories.make_group(branch), factories.make_group(branch)
    factories.make_post(branch, PostTitle.GROUP_LEADER, account=leader, group=own)
    given = facts((Type.GROUP,))
    theirs = factories.make_meeting(branch, TODAY, [Type.GROUP], group=other)
    acts = [
        lambda: register_meeting(
            organisation=branch, facts=replace(given, group=other), by=leader, today=TODAY
        ),
        lambda: recording.change_meeting(
            meeting=theirs, version=1, facts=replace(given, group=own), by=leader, today=TODAY
        ),
        lambda: recording.cancel_meeting(meeting=theirs, version=1, by=leader, reason="重复"),
    ]
    for act in acts:
        with pytest.raises(recording.Refused, match="自己党小组"):
            act()
    made = register_meeting(
        organisation=branch, facts=replace(given, group=own), by=leader, today=TODAY
    )
    assert made.group == own


def test_the_form_of_a_group_leader_offers_nothing_else(client):
    branch = factories.make_branch()
    client.force_login(factories.make_user(Role.GROUP_LEADER, branch))
    page = client.get(reverse("meetings:register"))
    assert [kind["code"] for kind in page.context["kinds"]] == [Type.GROUP.value]


def test_a_missed_month_opens_the_form_on_its_last_day(client):
    branch = factories.make_branch()
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    query = {"types": "committee", "source": "duty:meetings.committee:2026-02"}
    with override_settings(TODAY_OVERRIDE=TODAY):
        page = client.get(reverse("meetings:register"), query)
    assert page.context["form"]["held_on"].value() == "2026年2月28日"
