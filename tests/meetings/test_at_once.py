"""Two people at one moment, on real connections."""

import datetime

import pytest

from accounts.models import TrailLine
from meetings.enums import MeetingState, Type
from meetings.models import Meeting
from meetings.services import recording
from meetings.services.recording import MeetingFacts
from tests import factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DAY = datetime.date(2026, 3, 20)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def users(branch):
    return [factories.make_user("secretary", branch), factories.make_user("organiser", branch)]


def test_of_two_who_record_one_meeting_the_second_is_shown_the_first(branch, users):
    facts = MeetingFacts(types=(Type.LECTURE,), held_on=DAY)

    def register(user):
        return lambda: recording.register_meeting(
            organisation=branch, facts=facts, by=user, today=DAY
        )

    results = at_once(*[register(user) for user in users])
    assert sorted(type(result).__name__ for result in results) == ["AlreadyRegistered", "Meeting"]
    assert Meeting.objects.count() == 1


def test_of_two_who_change_one_meeting_the_second_is_told(branch, users):
    meeting = factories.make_meeting(branch, DAY, [Type.LECTURE])

    def change(user, place):
        facts = MeetingFacts(types=(Type.LECTURE,), held_on=DAY, place=place)
        return lambda: recording.change_meeting(
            meeting=Meeting.objects.get(pk=meeting.pk),
            version=1,
            facts=facts,
            by=user,
            today=DAY,
        )

    results = at_once(change(users[0], "一楼"), change(users[1], "二楼"))
    assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhile", "Meeting"]
    assert Meeting.objects.get().version == 2


def test_one_form_sent_twice_at_once_is_one_meeting_and_no_warning(branch, users):
    factories.make_members(branch, 3)
    facts = MeetingFacts(types=(Type.LECTURE,), held_on=DAY, topic="学习党章")

    def register():
        return recording.register_meeting(
            organisation=branch, facts=facts, by=users[0], today=DAY, form_key="k1"
        )

    first, second = at_once(register, register)
    assert isinstance(first, Meeting)
    assert first == second
    assert Meeting.objects.count() == 1
    assert TrailLine.objects.count() == 1


def test_one_change_sent_twice_at_once_changes_once(branch, users):
    planned = factories.make_meeting(branch, DAY, [Type.LECTURE], state=MeetingState.PLANNED)
    facts = MeetingFacts(types=(Type.LECTURE,), held_on=DAY, topic="学习党章")

    def hold():
        return recording.change_meeting(
            meeting=Meeting.objects.get(pk=planned.pk),
            version=1,
            facts=facts,
            by=users[0],
            today=DAY,
            form_key="k1",
        )

    first, second = at_once(hold, hold)
    assert first == second == planned
    assert Meeting.objects.get().version == 2
    assert TrailLine.objects.count() == 1
