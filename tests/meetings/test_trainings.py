"""Courses: entered with everybody at once, seen by each branch for its own people."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from meetings.enums import TrainingKind, TrainingLevel
from meetings.hours import hours_by_member
from meetings.models import Training, TrainingAttendance
from meetings.services import Refused
from meetings.services.trainings import (
    ChangedMeanwhile,
    CourseFacts,
    add_people,
    cancel_training,
    change_people,
    change_training,
    record_training,
)
from meetings.trainings import match_pasted, read_pasted
from members.models import Membership
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
LIST, NEW = "/meetings/trainings/", "/meetings/trainings/new/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee(factories.make_county(), "荻浦镇党委")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "上荻村党支部")


@pytest.fixture
def other(town):
    return factories.make_branch(town, "下荻村党支部")


@pytest.fixture
def officer(town):
    return factories.make_user("committee_officer", town)


def course(**facts):
    facts = {
        "title": "党员春训",
        "level": TrainingLevel.COMMITTEE,
        "kind": TrainingKind.MEMBERS,
        "is_central": True,
        "starts_on": date(2026, 3, 2),
        "ends_on": date(2026, 3, 4),
        "hours": Decimal("16.0"),
    } | facts
    return CourseFacts(**facts)


def record(organisation, people, by=None, **facts):
    return record_training(
        organisation=organisation,
        facts=course(**facts),
        people={member.pk: None for member in people},
        by=by,
        today=TODAY,
    )


def test_a_course_of_several_branches_is_entered_at_once(town, branch, other, officer):
    people = [factories.make_member(branch, "许文桥"), factories.make_member(other, "余海波")]
    training = record(town, people, officer)
    assert hours_by_member(*YEAR) == {member.pk: Decimal("16.0") for member in people}
    assert set(training.attendances.values_list("organisation", flat=True)) == {
        branch.pk,
        other.pk,
    }
    line = TrailLine.objects.get(action="登记培训")
    assert (line.object_id, line.organisation_id) == (training.pk, town.pk)
    assert line.after["参训"] == "2 人：许文桥、余海波"
    assert {note.organisation_id for note in Changed.objects.all()} == {branch.pk, other.pk}


def test_each_counts_for_the_branch_of_the_last_day(town, branch, other):
    member = factories.make_member(branch)
    member.memberships.update(ends_on=date(2026, 3, 4))
    Membership.objects.create(member=member, organisation=other, starts_on=date(2026, 3, 5))
    training = record(town, [member])
    assert training.attendances.get().organisation == branch
    changed = change_training(
        training=training, facts=course(ends_on=date(2026, 3, 5)), version=1, by=None, today=TODAY
    )
    assert changed.attendances.get().organisation == other


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"ends_on": date(2026, 3, 1)}, "ends_on", "早于开始日期"),
        ({"ends_on": date(2026, 3, 19)}, "ends_on", "还没有结束"),
    ],
)
def test_days_that_do_not_fit_are_refused(town, facts, field, words):
    with pytest.raises(Refused, match=words) as refused:
        record(town, [], **facts)
    assert refused.value.field == field


def test_the_same_course_twice_and_strangers_are_refused(town, branch):
    record(town, [factories.make_member(branch)])
    with pytest.raises(Refused, match="已经登记过"):
        record(town, [factories.make_member(branch)])
    stranger = factories.make_member(factories.make_branch(), "汤明亮")
    with pytest.raises(Refused, match="汤明亮在2026年3月4日不在荻浦镇党委的名册上"):
        record(town, [stranger], title="另一期")
    assert Training.objects.count() == 1


def test_one_course_entered_by_branch_and_town_counts_once(town, branch):
    member, other_member = factories.make_members(branch, 2)
    record(branch, [member])
    with pytest.raises(Refused, match="已由上荻村党支部登记过同名、同日期的培训"):
        record(town, [member, other_member])
    record(town, [other_member])
    assert hours_by_member(*YEAR) == {member.pk: Decimal(16), other_member.pk: Decimal(16)}


def test_a_correction_moves_the_hours_of_the_whole_course_only(town, branch):
    whole, half = factories.make_members(branch, 2)
    training = record(town, [whole, half])
    row = training.attendances.get(member=half)
    assert change_people(training=training, hours={row.pk: Decimal(8)}, leaving=[], by=None) == 1
    change_training(
        training=training, facts=course(hours=Decimal("12.0")), version=2, by=None, today=TODAY
    )
    assert hours_by_member(*YEAR) == {whole.pk: Decimal("12.0"), half.pk: Decimal("8.0")}
    with pytest.raises(ChangedMeanwhile):
        change_training(training=training, facts=course(), version=2, by=None, today=TODAY)


def test_people_are_added_once_and_taken_out_with_a_line(town, branch):
    first, second = factories.make_members(branch, 2)
    training = record(town, [first])
    add_people(training=training, people={first.pk: None, second.pk: Decimal("4.0")}, by=None)
    assert hours_by_member(*YEAR)[second.pk] == Decimal("4.0")
    gone = training.attendances.get(member=first)
    change_people(training=training, hours={}, leaving=[gone.pk], by=None)
    assert list(hours_by_member(*YEAR)) == [second.pk]
    assert TrailLine.objects.get(action="更正参训人员").before == {"移出": f"1 人：{first.name}"}
    elsewhere = factories.make_training(branch, TODAY, people=[first]).attendances.get()
    with pytest.raises(Refused, match="名单刚被别人改过"):
        change_people(training=training, hours={elsewhere.pk: Decimal(1)}, leaving=[], by=None)


def test_a_cancelled_course_gives_no_hours_and_takes_no_change(town, branch):
    training = record(town, [factories.make_member(branch)])
    with pytest.raises(Refused, match="作废原因"):
        cancel_training(training=training, reason=" ", by=None)
    cancel_training(training=training, reason="重复登记", by=None)
    assert hours_by_member(*YEAR) == {}
    assert TrailLine.objects.get(action="作废培训").reason == "重复登记"
    with pytest.raises(Refused, match="已经作废"):
        add_people(training=training, people={}, by=None)


# --- Pasted names -----------------------------------------------------------------------------


def test_lines_are_read_with_branch_mark_and_hours():
    lines = read_pasted("许文桥 上荻村党支部\n\n张 伟\t下荻村\t8学时\n余海波（1980-05），7.5\n")
    assert [(one.number, one.name, one.mark, one.branch, one.hours) for one in lines] == [
        (1, "许文桥", "", "上荻村党支部", None),
        (3, "张伟", "", "下荻村", Decimal(8)),
        (4, "余海波", "1980-05", "", Decimal("7.5")),
    ]


def test_a_name_that_fits_two_is_refused_with_both_shown(town, branch, other):
    here = factories.make_member(branch, "张伟", born_on=date(1980, 5, 17))
    there = factories.make_member(other, "张伟", born_on=date(1975, 2, 3))
    only = factories.make_member(other, "余海波")
    people, faults = match_pasted(
        read_pasted("张伟\n余海波 12\n汤明亮\n余海波 上荻村"), town, TODAY
    )
    assert people == {only.pk: Decimal(12)}
    assert faults == [
        "第 1 行“张伟”有 2 人：上荻村党支部 张伟(1980-05)、下荻村党支部 张伟(1975-02)。"
        "请在姓名后写支部，或写成 张伟(出生年-月)",
        "第 3 行“汤明亮”那天不在名册上，请核对姓名和日期",
        "第 4 行“余海波”不在上荻村，同名的在下荻村党支部，请核对",
    ]
    assert match_pasted(read_pasted("张伟 上荻村\n张伟(1975-02)"), town, TODAY) == (
        {here.pk: None, there.pk: None},
        [],
    )


def test_more_hours_than_any_course_has_are_said_by_line(town, branch):
    factories.make_member(branch, "余海波")
    assert match_pasted(read_pasted("余海波 999.5"), town, TODAY) == (
        {},
        ["第 1 行“余海波”的学时太多，请写 0 到 500 的数"],
    )


def test_a_line_of_a_course_is_none_of_the_meeting_with_its_key(branch):
    course_of_it = record(branch, [factories.make_member(branch)])
    line = TrailLine.objects.get(action="登记培训")
    assert (line.area, line.object_id) == ("trainings", course_of_it.pk)


def test_names_of_other_towns_are_not_found(town):
    factories.make_member(factories.make_branch(), "许文桥")
    assert match_pasted(read_pasted("许文桥"), town, TODAY)[0] == {}


# --- The pages --------------------------------------------------------------------------------


def typed(**more):
    return {
        "title": "党员春训",
        "kind": "members",
        "level": "committee",
        "starts_on": "3.2",
        "ends_on": "3.4",
        "hours": "16",
    } | more


def test_three_hundred_people_of_sixty_branches_are_entered_in_one_go(client, town, officer):
    names = []
    for number in range(60):
        place = factories.make_branch(town, f"第{number}村党支部")
        for member in factories.make_members(place, 5):
            names.append(f"{member.name}{member.pk} {place.name}")
            member.name = f"{member.name}{member.pk}"
            member.save(update_fields=["name"])
    client.force_login(officer)
    answer = client.post(NEW, typed(people="\n".join(names)))
    assert answer.status_code == 302
    assert TrainingAttendance.objects.count() == 300
    assert Changed.objects.count() == 60


def test_faults_are_said_line_by_line_and_the_text_stays(client, town, branch, officer):
    factories.make_member(branch, "许文桥")
    client.force_login(officer)
    body = client.post(NEW, typed(people="许文桥\n汤明亮")).content.decode()
    assert "第 2 行“汤明亮”那天不在名册上" in body
    assert "许文桥\n汤明亮</textarea>" in body.replace("\r", "")
    assert 'value="党员春训"' in body
    assert not Training.objects.exists()
    assert "请勾选或粘贴参加培训的人" in client.post(NEW, typed()).content.decode()


def test_a_branch_ticks_its_people_and_not_those_of_the_neighbour(client, branch, other):
    member, stranger = factories.make_member(branch), factories.make_member(other, "余海波")
    client.force_login(factories.make_user("organiser", branch))
    page = client.get(NEW).content.decode()
    assert member.name in page and "余海波" not in page
    refused = client.post(NEW, typed(picks=[member.pk, stranger.pk])).content.decode()
    assert "勾选的人里有的那天不在名册上" in refused and "余海波" not in refused
    assert client.post(NEW, typed(picks=[member.pk])).status_code == 302
    assert Training.objects.get().organisation == branch


def test_a_branch_sees_its_own_people_of_a_course_from_above(client, town, branch, other):
    own = factories.make_member(branch, "许文桥")
    training = record(town, [own, factories.make_member(other, "余海波")])
    factories.make_training(town, TODAY, people=[factories.make_member(other)], title="书记班")
    client.force_login(factories.make_user("secretary", branch))
    listed = client.get(LIST).content.decode()
    assert "党员春训" in listed and "书记班" not in listed
    page = client.get(f"{LIST}{training.pk}/").content.decode()
    assert "许文桥" in page and "余海波" not in page
    assert "保存学时" not in page
    for address in ("", "change/", "cancel/"):
        assert client.post(f"{LIST}{training.pk}/{address}", {}).status_code == 403


def test_the_organiser_changes_hours_adds_corrects_and_cancels(client, town, branch, officer):
    member, later = factories.make_member(branch), factories.make_member(branch, "许文桥")
    training = record(town, [member])
    address = f"{LIST}{training.pk}/"
    client.force_login(officer)
    row = training.attendances.get()
    body = client.post(address, {"save": "1", f"hours-{row.pk}": "一天"}).content.decode()
    assert "读不出学时" in body and 'value="一天"' in body
    assert client.post(address, {"save": "1", f"hours-{row.pk}": "8"}).status_code == 302
    assert client.post(address, {"people": "许文桥 上荻村 4"}).status_code == 302
    assert hours_by_member(*YEAR) == {member.pk: Decimal("8.0"), later.pk: Decimal("4.0")}
    training.refresh_from_db()
    changed = client.post(f"{address}change/", typed(title="党员冬训", version=training.version))
    assert changed.status_code == 302
    old = client.post(f"{address}change/", typed(title="党员秋训", version=1)).content.decode()
    assert "刚被别人改过" in old and 'value="党员秋训"' in old
    assert "2 人共少 12.0 学时" in client.get(f"{address}cancel/").content.decode()
    assert client.post(f"{address}cancel/", {"reason": "重复登记"}).status_code == 302
    training.refresh_from_db()
    assert (training.title, training.cancelled_at is None) == ("党员冬训", False)


def test_the_neighbour_and_the_other_town_see_nothing(client, town, branch, other):
    training = record(branch, [factories.make_member(branch)])
    for user in (
        factories.make_user("secretary", other),
        factories.make_user("committee_officer", factories.make_committee(town.parent)),
    ):
        client.force_login(user)
        for address in ("", "change/", "cancel/"):
            assert client.get(f"{LIST}{training.pk}/{address}").status_code == 404
        assert client.get(f"{NEW}?branch={branch.code}").status_code == 404
    client.force_login(factories.make_user("group_leader", branch))
    assert client.get(f"{LIST}{training.pk}/").status_code == 200
    assert client.get(NEW).status_code == 403


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, town, branch, officer):
    client.force_login(officer)
    people = factories.make_members(branch, 3)
    factories.make_training(town, TODAY, people=people)
    one = count_of(lambda: client.get(LIST))
    for _ in range(2):
        factories.make_training(branch, TODAY, people=people)
    assert count_of(lambda: client.get(LIST)) == one
