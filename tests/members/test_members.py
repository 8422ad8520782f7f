import datetime
import re

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from meetings.enums import Type
from members.listing import age
from members.services import Refused
from members.services.records import reveal_numbers
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华", phone="13612343471")


# --- The numbers ----------------------------------------------------------------------------


def test_revealing_gives_both_numbers_and_trails_them_masked(member, secretary):
    numbers = reveal_numbers(member=member, by=secretary, reason="核对介绍信")
    assert numbers.phone == "13612343471"
    assert len(numbers.id_number) == 18
    line = TrailLine.objects.get(area="members", object_id=member.pk)
    assert (line.action, line.reason, line.by) == ("查看完整号码", "核对介绍信", secretary)
    assert line.after == {
        "公民身份号码": member.id_number_mask,
        "手机号码": "136****3471",
    }
    assert numbers.id_number not in str(line.after)


def test_revealing_without_a_reason_is_refused_and_not_trailed(member, secretary):
    with pytest.raises(Refused):
        reveal_numbers(member=member, by=secretary, reason="  ")
    assert not TrailLine.objects.exists()


def test_no_page_shows_a_full_number_before_it_was_asked_for(client, member, secretary):
    client.force_login(secretary)
    for url in (reverse("members:list"), reverse("members:detail", args=[member.pk])):
        text = client.get(url).content.decode()
        assert "136****3471" in text
        assert "13612343471" not in text
        assert member.id_number not in text
        assert not re.search(r"\d{17}[\dX]", text)


def test_the_answer_to_a_reason_shows_the_numbers_once_and_is_not_stored(client, member, secretary):
    client.force_login(secretary)
    response = client.post(reverse("members:reveal", args=[member.pk]), {"reason": "核对介绍信"})
    assert "13612343471" in response.content.decode()
    assert member.id_number in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    page = client.get(reverse("members:detail", args=[member.pk])).content.decode()
    assert "13612343471" not in page
    assert "核对介绍信" in page


def test_the_page_asks_why_when_no_reason_is_given(client, member, secretary):
    client.force_login(secretary)
    response = client.post(reverse("members:reveal", args=[member.pk]), {"reason": ""})
    assert "请写明为什么要看完整号码" in response.content.decode()
    assert "13612343471" not in response.content.decode()
    assert not TrailLine.objects.exists()


# --- Walls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "name"), [("get", "detail"), ("post", "reveal")])
def test_nobody_is_sent_to_the_login(client, member, method, name):
    response = getattr(client, method)(reverse(f"members:{name}", args=[member.pk]))
    assert response.status_code == 302
    assert reverse("login") in response["Location"]


@pytest.mark.parametrize(("method", "name"), [("get", "detail"), ("post", "reveal")])
def test_the_neighbours_secretary_finds_nothing(client, committee, member, method, name):
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    response = getattr(client, method)(
        reverse(f"members:{name}", args=[member.pk]), {"reason": "看看"}
    )
    assert response.status_code == 404
    assert not TrailLine.objects.exists()


@pytest.mark.parametrize("role", ["inspector", "organiser", "group_leader"])
def test_who_may_only_look_sees_the_page_and_no_full_number(client, branch, member, role):
    client.force_login(factories.make_user(role, branch))
    page = client.get(reverse("members:detail", args=[member.pk]))
    assert page.status_code == 200
    assert page.context["reveal_url"] == ""
    response = client.post(reverse("members:reveal", args=[member.pk]), {"reason": "看看"})
    assert response.status_code == 403
    assert not TrailLine.objects.exists()


# --- The page of a member -------------------------------------------------------------------


def test_the_detail_shows_hours_dues_meetings_and_where_the_member_was(
    client, branch, secretary, member
):
    meeting = factories.make_meeting(
        branch, datetime.date(2026, 2, 3), [Type.LECTURE], present=[member], hours=2
    )
    factories.make_charge(member, JANUARY, "20.00")
    factories.make_payment(member, JANUARY, "15.00")
    client.force_login(secretary)
    context = client.get(reverse("members:detail", args=[member.pk])).context
    assert context["study"]["hours"] == "2.0"
    assert context["dues"][0]["owed"] == "5.00"
    assert context["meetings"][0]["url"] == reverse("meetings:detail", args=[meeting.pk])
    (section,) = context["sections"]
    assert section["title"] == "2026年党费"
    assert section["rows"] == [{"label": "1月", "value": "应缴 20.00，实缴 15.00"}]


def test_the_detail_takes_as_many_queries_for_three_as_for_one(client, branch, secretary, member):
    def one_more(month):
        factories.make_meeting(branch, month, present=[member], hours=2)
        factories.make_charge(member, month)
        factories.make_payment(member, month)

    one_more(JANUARY)
    client.force_login(secretary)
    url = reverse("members:detail", args=[member.pk])
    one = count_of(lambda: client.get(url))
    one_more(FEBRUARY)
    one_more(MARCH)
    assert count_of(lambda: client.get(url)) == one


def test_age_of_a_leap_day_child():
    born = datetime.date(2000, 2, 29)
    assert age(born, datetime.date(2026, 2, 28)) == 25
    assert age(born, datetime.date(2026, 3, 1)) == 26
    assert age(born, datetime.date(2024, 2, 29)) == 24
    assert age(None, TODAY) is None
