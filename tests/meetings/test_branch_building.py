"""专题研究支部建设: a field of the meeting, ticked in the form or said in an imported topic."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.values import Values
from compliance.registry import RULES
from meetings.enums import Type
from meetings.minutes import minutes_of
from meetings.models import Meeting
from members.models import Member
from tests import factories
from tests.ledgers.workbooks import COUNTY, ROSTER, counts, give
from tests.meetings.test_pages import REGISTER, register, shown

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    branch = factories.make_branch()
    factories.make_members(branch, 2)
    return branch


@pytest.fixture
def signed_in(client, branch):
    client.force_login(factories.make_user("secretary", branch))
    return client


def test_nobody_is_asked_to_tick_it(signed_in):
    register(signed_in)
    assert Meeting.objects.get().on_branch_building is False


def test_the_button_of_the_duty_opens_the_form_with_the_box_ticked(signed_in, branch):
    rule = RULES["assessments.standard_studied"]
    page = signed_in.get(rule.cure.url(branch, source=f"duty:{rule.code}:2026"))
    assert page.context["form"]["on_branch_building"].value() is True
    body = page.content.decode()
    assert 'name="on_branch_building" id="id_on_branch_building" value="1" checked' in body
    sent = shown(page) | {"kinds": [Type.COMMITTEE]}
    signed_in.post(REGISTER, sent)
    meeting = Meeting.objects.get()
    assert meeting.on_branch_building is True
    line = TrailLine.objects.get(action="登记会议")
    assert line.after["专题研究支部建设"] == "是"


def test_it_is_changed_like_every_other_fact_and_stays_as_typed(signed_in, branch):
    people = Member.objects.filter(organisation=branch)
    meeting = factories.make_meeting(branch, TODAY, present=people, on_branch_building=True)
    address = reverse("meetings:change", args=[meeting.pk])
    page = signed_in.get(address)
    assert page.context["form"]["on_branch_building"].value() is True
    # An unticked box is not sent; a refused form does not tick it again.
    sent = {name: value for name, value in shown(page).items() if name != "on_branch_building"}
    refused = signed_in.post(address, sent | {"held_on": ""})
    assert refused.context["form"]["on_branch_building"].value() is False
    signed_in.post(address, sent)
    meeting.refresh_from_db()
    assert meeting.on_branch_building is False
    line = TrailLine.objects.get(action="修改会议")
    assert (line.before, line.after) == ({"专题研究支部建设": "是"}, {"专题研究支部建设": ""})


def test_the_page_and_the_minutes_of_the_meeting_say_it(signed_in, branch):
    meeting = factories.make_meeting(branch, TODAY, topic="班子分工", on_branch_building=True)
    page = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).content.decode()
    assert "班子分工（专题研究支部建设）" in page
    rows = [fact for row in minutes_of(meeting, Values()).rows for fact in row]
    assert ("议题", "班子分工（专题研究支部建设）") in rows


def test_the_page_says_that_it_counts_for_the_year_and_taking_back_what_falls(signed_in, branch):
    factories.make_meeting(branch, datetime.date(2026, 1, 9), on_branch_building=True)
    factories.make_meeting(branch, datetime.date(2025, 12, 31), on_branch_building=True)
    meeting = factories.make_meeting(branch, TODAY, [Type.COMMITTEE], on_branch_building=True)
    page = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).content.decode()
    assert "2026年专题研究支部建设第 2 次" in page
    back = signed_in.get(reverse("meetings:cancel", args=[meeting.pk])).content.decode()
    assert "2026年专题研究支部建设 2 次变为 1 次" in back


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("专题研究支部建设", True),
        ("专题研究党支部建设，讨论发展对象", True),
        ("研究支部建设", False),
        ("学习党章", False),
        (None, False),
    ],
)
def test_an_imported_meeting_counts_where_its_topic_says_so(topic, said):
    give(COUNTY, ROSTER)
    sheet = (
        "三会一课",
        [["党支部编码", "会议类型", "时间", "主题"], ["B1", "支委会", TODAY, topic]],
    )
    assert counts(give(sheet))[:2] == (1, 1)
    assert Meeting.objects.get().on_branch_building is said
    assert counts(give(sheet)) == (1, 0, 0, 1, 0)


def test_what_was_ticked_is_not_taken_back_by_another_topic():
    give(COUNTY, ROSTER)
    head = ["党支部编码", "会议类型", "时间", "主题"]
    give(("三会一课", [head, ["B1", "支委会", TODAY, "班子分工"]]))
    Meeting.objects.update(on_branch_building=True)
    give(("三会一课", [head, ["B1", "支委会", TODAY, "班子分工和考勤"]]))
    assert Meeting.objects.get().on_branch_building is True
