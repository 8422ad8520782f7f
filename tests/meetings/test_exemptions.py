"""Exemption from the study hours: by decision, with an end, ended early, never silent."""

from datetime import date

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from meetings.models import StudyExemption
from meetings.services import Refused
from meetings.services.exemptions import end_exemption, enter_exemption
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)
PAGE = "/meetings/exemptions/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="上荻村党支部")


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "许文桥")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def enter(member, by, **facts):
    facts = {
        "organisation": member.organisation,
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "decided_on": date(2026, 3, 5),
        "decided_by": "3月5日支委会",
        "today": TODAY,
    } | facts
    return enter_exemption(member=member, by=by, **facts)


def test_a_decision_leaves_a_row_a_line_and_a_note(branch, member, secretary):
    exemption = enter(member, secretary)
    assert (exemption.organisation, exemption.entered_by) == (branch, secretary)
    line = TrailLine.objects.get(action="登记学时豁免")
    # An area of its own: a meeting may have the key of the member.
    assert (line.area, line.label, line.object_id) == ("exemptions", "许文桥", member.pk)
    assert line.after == {"学时豁免": "2026年1月1日至2026年12月31日（2026年3月5日 3月5日支委会）"}
    note = Changed.objects.get()
    assert (note.organisation, note.from_on, note.to_on) == (
        branch,
        date(2026, 1, 1),
        date(2026, 12, 31),
    )


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"ends_on": date(2025, 12, 31)}, "ends_on", "截止日期早于"),
        ({"decided_on": date(2026, 3, 19)}, "decided_on", "不能晚于今天"),
        ({"decided_by": "  "}, "decided_by", "哪次会议"),
    ],
)
def test_what_does_not_fit_is_refused(member, secretary, facts, field, words):
    with pytest.raises(Refused, match=words) as refused:
        enter(member, secretary, **facts)
    assert refused.value.field == field
    assert not StudyExemption.objects.exists()


def test_a_single_day_is_taken(member, secretary):
    assert enter(member, secretary, starts_on=TODAY, ends_on=TODAY)


def test_the_same_days_twice_are_refused_and_the_day_after_is_taken(member, secretary):
    enter(member, secretary, ends_on=date(2026, 6, 30))
    with pytest.raises(Refused, match="已豁免到2026年6月30日"):
        enter(member, secretary, starts_on=date(2026, 6, 30))
    assert enter(member, secretary, starts_on=date(2026, 7, 1))


def test_who_is_not_in_the_branch_is_refused(member, secretary):
    with pytest.raises(Refused, match="不在本支部"):
        enter(member, secretary, organisation=factories.make_branch())


def test_it_ends_early_with_a_reason_and_a_line(member, secretary):
    exemption = enter(member, secretary)
    ended = end_exemption(
        exemption=exemption, last_day=date(2026, 6, 30), by=secretary, reason="本人要求参加"
    )
    assert ended.ends_on == date(2026, 6, 30)
    line = TrailLine.objects.get(action="提前结束学时豁免")
    assert line.reason == "本人要求参加"
    assert "至2026年12月31日" in line.before["学时豁免"]
    assert "至2026年6月30日" in line.after["学时豁免"]


@pytest.mark.parametrize(
    ("last_day", "reason", "words"),
    [
        (date(2026, 12, 31), "本人要求", "没有提前"),
        (date(2025, 12, 31), "本人要求", "不会早于它"),
        (date(2026, 6, 30), " ", "写明提前结束的原因"),
    ],
)
def test_an_end_that_is_none_is_refused(member, secretary, last_day, reason, words):
    with pytest.raises(Refused, match=words):
        end_exemption(
            exemption=enter(member, secretary), last_day=last_day, by=secretary, reason=reason
        )


# --- The pages --------------------------------------------------------------------------------


def typed(member, **more):
    return {
        "member": member.pk,
        "starts_on": "1.1",
        "ends_on": "2026年12月31日",
        "decided_on": "3.5",
        "decided_by": "3月5日支委会",
    } | more


def test_the_secretary_enters_one_and_ends_it_early(client, member, secretary):
    client.force_login(secretary)
    answer = client.post(PAGE, typed(member))
    body = client.get(answer.url).content.decode()
    assert "已登记许文桥豁免至2026年12月31日，到期自动恢复" in body
    assert "豁免中" in body
    exemption = StudyExemption.objects.get()
    end = f"{PAGE}{exemption.pk}/end/"
    assert "2026年3月5日，3月5日支委会" in client.get(end).content.decode()
    body = client.post(end, {"last_day": "12.31", "reason": "本人要求"}).content.decode()
    assert "没有提前" in body
    assert client.post(end, {"last_day": "3.31", "reason": "本人要求"}).status_code == 302
    assert StudyExemption.objects.get().ends_on == date(2026, 3, 31)


def test_an_end_is_asked_for_and_what_was_typed_stays(client, member, secretary):
    client.force_login(secretary)
    body = client.post(PAGE, typed(member, ends_on="")).content.decode()
    assert "请填豁免到哪天" in body
    assert 'value="3月5日支委会"' in body
    assert not StudyExemption.objects.exists()


@pytest.mark.parametrize(
    ("role", "place", "looks", "acts"),
    [
        ("organiser", "branch", 200, 302),
        ("group_leader", "branch", 200, 403),
        ("committee_officer", "committee", 200, 403),
        ("secretary", "neighbour", 404, 404),
    ],
)
def test_who_may_look_and_who_may_enter(client, member, secretary, role, place, looks, acts):
    branch = member.organisation
    places = {
        "branch": branch,
        "committee": branch.parent,
        "neighbour": factories.make_branch(branch.parent),
    }
    client.force_login(factories.make_user(role, places[place]))
    address = f"{PAGE}?branch={branch.code}"
    assert client.get(address).status_code == looks
    assert client.post(address, typed(member)).status_code == acts
    one = StudyExemption.objects.first() or enter(member, secretary)
    end = {"last_day": "3.31", "reason": "本人要求"}
    assert client.post(f"{PAGE}{one.pk}/end/", end).status_code == acts
