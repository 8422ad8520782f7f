"""Make-up study: entered for several at once, undone one by one."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from meetings.enums import MakeUpWay, MeetingState, Type
from meetings.models import Attendance, MakeUp, Meeting
from meetings.services import Refused
from meetings.services.make_ups import enter_make_ups, undo_make_up
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)
PAGE = "/meetings/make-ups/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="上荻村党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def held(branch):
    """A lecture of two hours that two missed and one attended."""
    people = [factories.make_member(branch, name) for name in ("许文桥", "余海波", "汤明亮")]
    return factories.make_meeting(
        branch,
        date(2026, 3, 5),
        [Type.LECTURE],
        hours=Decimal("2.0"),
        leave=people[:1],
        absent=people[1:2],
        present=people[2:],
    )


def missing(held):
    return list(
        held.attendances.exclude(state="present").order_by("pk").values_list("pk", flat=True)
    )


def enter(held, by, picks=None, **facts):
    facts = {"done_on": date(2026, 3, 12), "way": MakeUpWay.HOME_VISIT, "today": TODAY} | facts
    return enter_make_ups(
        organisation=held.organisation,
        attendances=missing(held) if picks is None else picks,
        by=by,
        **facts,
    )


def test_several_are_entered_at_once_with_a_line_and_a_note_each(held, secretary):
    enter(held, secretary)
    assert list(MakeUp.objects.order_by("pk").values_list("member__name", "hours", "way")) == [
        ("许文桥", Decimal("2.0"), "home_visit"),
        ("余海波", Decimal("2.0"), "home_visit"),
    ]
    lines = TrailLine.objects.filter(action="登记补学").order_by("pk")
    assert [line.label for line in lines] == ["许文桥", "余海波"]
    assert lines[0].after == {"补学": "2026年3月12日 送学上门 2.0 学时（补 2026年3月5日的会议）"}
    assert lines[0].organisation_id == held.organisation_id
    note = Changed.objects.get()
    assert (note.organisation, note.area, note.from_on) == (
        held.organisation,
        "meetings",
        date(2026, 3, 12),
    )


def test_fewer_hours_than_the_meeting_are_taken_and_more_refused(held, secretary):
    with pytest.raises(Refused, match="不超过它") as refused:
        enter(held, secretary, hours=Decimal("2.5"))
    assert refused.value.field == "hours"
    with pytest.raises(Refused, match="大于 0"):
        enter(held, secretary, hours=Decimal(0))
    enter(held, secretary, hours=Decimal("1.5"))
    assert set(MakeUp.objects.values_list("hours", flat=True)) == {Decimal("1.5")}


@pytest.mark.parametrize(
    ("done_on", "words"),
    [(date(2026, 3, 19), "不能晚于今天"), (date(2026, 3, 4), "不会早于这一天")],
)
def test_days_to_come_and_days_before_the_meeting_are_refused(held, secretary, done_on, words):
    with pytest.raises(Refused, match=words) as refused:
        enter(held, secretary, done_on=done_on)
    assert refused.value.field == "done_on"
    assert not MakeUp.objects.exists()


def test_the_day_of_the_meeting_and_today_are_taken(held, secretary):
    first, second = missing(held)
    enter(held, secretary, [first], done_on=date(2026, 3, 5))
    enter(held, secretary, [second], done_on=TODAY)
    assert MakeUp.objects.count() == 2


def test_what_was_made_up_already_is_refused_as_a_whole(held, secretary):
    enter(held, secretary, missing(held)[:1])
    with pytest.raises(Refused, match="许文桥的这次补学已经登记过"):
        enter(held, secretary)
    assert MakeUp.objects.count() == 1


def test_who_was_there_needs_none(held, secretary):
    present = held.attendances.get(state="present").pk
    with pytest.raises(Refused, match="汤明亮登记为到会"):
        enter(held, secretary, [present])


def test_nobody_ticked_and_people_of_another_branch_are_refused(held, secretary):
    with pytest.raises(Refused, match="先勾选"):
        enter(held, secretary, [])
    other = factories.make_branch()
    elsewhere = factories.make_meeting(
        other, date(2026, 3, 5), hours=2, absent=[factories.make_member(other)]
    )
    with pytest.raises(Refused, match="不在本支部的会议名单里"):
        enter(held, secretary, missing(elsewhere))


def test_meetings_not_held_or_without_hours_are_refused(held, secretary):
    Meeting.objects.update(state=MeetingState.CANCELLED)
    with pytest.raises(Refused, match="没有召开或者不计学时"):
        enter(held, secretary)


def test_the_branch_that_held_the_meeting_enters_who_moved_and_both_are_judged(held, secretary):
    elsewhere = factories.make_branch()
    member = held.attendances.get(state="leave").member
    member.organisation = elsewhere
    member.save()
    enter(held, secretary, missing(held)[:1])
    assert {note.organisation_id for note in Changed.objects.all()} == {
        elsewhere.pk,
        held.organisation_id,
    }


def test_an_entry_is_undone_with_its_trail(held, secretary):
    make_up, _other = enter(held, secretary)
    undo_make_up(make_up=make_up, by=secretary, reason="登记错人")
    assert MakeUp.objects.count() == 1
    line = TrailLine.objects.get(action="撤销补学")
    assert (line.label, line.reason, line.after) == ("许文桥", "登记错人", {})
    assert line.before["补学"].startswith("2026年3月12日 送学上门")
    with pytest.raises(Refused, match="已经撤销"):
        undo_make_up(make_up=make_up, by=secretary)


# --- The page ---------------------------------------------------------------------------------


def test_the_page_lists_who_missed_what_and_takes_several(client, held, secretary):
    client.force_login(secretary)
    body = client.get(PAGE).content.decode()
    assert "许文桥" in body and "余海波" in body and "汤明亮" not in body
    answer = client.post(PAGE, {"picks": missing(held), "done_on": "3.12", "way": "self_study"})
    assert answer.status_code == 302
    body = client.get(answer.url).content.decode()
    assert "已登记补学 2 人次，共 4.0 学时" in body
    assert "没有待补学的人" in body


def test_what_was_typed_stays_on_an_error(client, held, secretary):
    client.force_login(secretary)
    body = client.post(PAGE, {"picks": missing(held)[:1], "done_on": "3.30", "way": "online"})
    text = body.content.decode()
    assert "补学日期不能晚于今天" in text
    assert 'value="3.30"' in text
    assert text.count('data-zb-pick="missed" checked') == 1
    assert not MakeUp.objects.exists()


def test_the_page_says_which_make_up_no_longer_counts(client, held, secretary):
    enter(held, secretary)
    Attendance.objects.filter(state="leave").update(state="present")
    client.force_login(secretary)
    assert client.get(PAGE).content.decode().count("已改为到会，补学不再计入") == 1


def test_undoing_asks_for_the_reason(client, held, secretary):
    make_up = enter(held, secretary)[0]
    client.force_login(secretary)
    address = f"{PAGE}{make_up.pk}/undo/"
    assert "少 2.0 学时" in client.get(address).content.decode()
    assert "请写明原因" in client.post(address, {"reason": ""}).content.decode()
    assert client.post(address, {"reason": "登记错人"}).status_code == 302
    assert MakeUp.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "place", "looks", "acts"),
    [
        ("organiser", "branch", 200, 302),
        ("group_leader", "branch", 200, 403),
        ("committee_officer", "committee", 200, 403),
        ("secretary", "neighbour", 404, 404),
    ],
)
def test_who_may_look_and_who_may_enter(client, held, role, place, looks, acts):
    branch = held.organisation
    places = {
        "branch": branch,
        "committee": branch.parent,
        "neighbour": factories.make_branch(branch.parent),
    }
    client.force_login(factories.make_user(role, places[place]))
    address = f"{PAGE}?branch={branch.code}"
    assert client.get(address).status_code == looks
    typed = {"picks": missing(held), "done_on": "3.12", "way": "self_study"}
    assert client.post(address, typed).status_code == acts
    made = MakeUp.objects.first() or factories.make_make_up(
        held, held.attendances.first().member, TODAY
    )
    undone = client.post(f"{PAGE}{made.pk}/undo/", {"reason": "登记错人"})
    assert undone.status_code == acts


def test_as_many_queries_for_three_as_for_one(client, held, secretary):
    client.force_login(secretary)
    one = count_of(lambda: client.get(PAGE))
    people = factories.make_members(held.organisation, 3)
    other = factories.make_meeting(
        held.organisation, date(2026, 2, 5), hours=Decimal(1), absent=people
    )
    for person in people[:2]:
        factories.make_make_up(other, person, TODAY)
    enter(held, secretary)
    assert count_of(lambda: client.get(PAGE)) <= one + 2
