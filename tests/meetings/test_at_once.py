"""Two people at one moment, on real connections."""

import datetime

import pytest

from meetings.services import recording
from meetings.enums import Type
from meetings.models import Meeting
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
