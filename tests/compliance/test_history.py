"""The history of a duty: by which record it was met, and by which it was lost again."""

import dataclasses
from datetime import date

import pytest
from django.urls import reverse

from branches.models import Sector, Setting
from branches.values import Values
from compliance import history
from compliance.models import Duty, DutyEvent, Exemption
from compliance.registry import RULES
from compliance.services import reconcile
from meetings.enums import Type
from meetings.services.recording import cancel_meeting
from meetings.values import LECTURES_A_YEAR
from tasks.models import Task
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, period_on
from tests.queries import count_of

pytestmark = pytest.mark.django_db

THEME_DAY, LECTURE, OVERDUE = "meetings.theme_day", "meetings.lecture", "tasks.overdue"
TODAY = date(2026, 9, 20)


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(factories.make_county()))


@pytest.fixture
def secretary(client, branch):
    secretary = factories.make_user("secretary", branch)
    client.force_login(secretary)
    return secretary


def held(branch, day, topic, type_=Type.THEME_DAY):
    return factories.make_meeting(branch, day, types=[type_], topic=topic)


def told(duty):
    return list(
        DutyEvent.objects.filter(duty=duty)
        .order_by("pk")
        .values_list("before", "after", "record", "record_url")
    )


def page_of(meeting):
    return reverse("meetings:detail", args=[meeting.pk])


def events_on(client, duty):
    return client.get(reverse("compliance:duty", args=[duty.pk])).context["events"]


def test_the_record_that_met_a_duty_is_kept(branch):
    duty = duty_of(THEME_DAY, branch, TODAY)
    assert duty.state == "open"
    meeting = held(branch, date(2026, 9, 10), "参观红色教育基地")
    duty_of(THEME_DAY, branch, TODAY)
    record = "由此完成：2026年9月10日 参观红色教育基地"
    assert told(duty) == [("open", "done", record, page_of(meeting))]


def test_of_several_records_the_one_that_made_enough_is_named(branch):
    county_value(LECTURES_A_YEAR, 2, date(2026, 1, 1))
    duty = duty_of(LECTURE, branch, TODAY)
    held(branch, date(2026, 3, 3), "三月党课", Type.LECTURE)
    held(branch, date(2026, 8, 8), "八月党课", Type.LECTURE)
    held(branch, date(2026, 9, 9), "九月党课", Type.LECTURE)
    duty_of(LECTURE, branch, TODAY)
    assert [record for _before, _after, record, _url in told(duty)] == [
        "由此完成：2026年8月8日 八月党课"
    ]


def test_the_record_that_went_is_named_though_it_is_deleted(branch):
    county_value(LECTURES_A_YEAR, 2, date(2026, 1, 1))
    duty = duty_of(LECTURE, branch, TODAY)
    first = held(branch, date(2026, 3, 3), "三月党课", Type.LECTURE)
    held(branch, date(2026, 8, 8), "八月党课", Type.LECTURE)
    duty_of(LECTURE, branch, TODAY)
    address = page_of(first)
    first.delete()
    duty_of(LECTURE, branch, TODAY)
    assert told(duty)[-1][1:] == ("open", "不再计入：2026年3月3日 三月党课", address)


def test_a_deleted_record_is_told_without_a_link_and_a_cancelled_one_with_it(
    client, branch, secretary
):
    duty = duty_of(THEME_DAY, branch, TODAY)
    one, two = held(branch, date(2026, 9, 10), "参观"), held(branch, date(2026, 9, 11), "劳动")
    duty_of(THEME_DAY, branch, TODAY)
    cancel_meeting(meeting=two, version=two.version, by=secretary, reason="重复登记")
    one.delete()
    newest, earlier = events_on(client, duty)
    assert newest["record"] == "不再计入：2026年9月10日 参观 等 2 条"
    assert newest["record_url"] == ""
    assert (earlier["record"], earlier["record_url"]) == ("由此完成：2026年9月10日 参观", "")
    three = held(branch, date(2026, 9, 12), "走访")
    duty_of(THEME_DAY, branch, TODAY)
    cancel_meeting(meeting=three, version=three.version, by=secretary, reason="重复登记")
    newest, *_rest = events_on(client, duty)
    assert newest["record"] == "不再计入：2026年9月12日 走访"
    assert newest["record_url"] == page_of(three)
    assert client.get(page_of(three)).status_code == 200
    content = client.get(reverse("compliance:duty", args=[duty.pk])).content.decode()
    assert "不再计入：2026年9月10日 参观 等 2 条" in content


def test_a_record_moved_to_another_period_is_what_went(branch):
    duty = duty_of(THEME_DAY, branch, TODAY)
    meeting = held(branch, date(2026, 9, 10), "参观")
    duty_of(THEME_DAY, branch, TODAY)
    type(meeting).objects.filter(pk=meeting.pk).update(held_on=date(2026, 8, 10))
    duty_of(THEME_DAY, branch, TODAY)
    assert told(duty)[-1][2] == "不再计入：2026年9月10日 参观"


def test_what_was_met_at_the_first_look_names_what_was_taken_back(branch, secretary):
    meeting = held(branch, date(2026, 9, 10), "参观")
    duty = duty_of(THEME_DAY, branch, TODAY)
    assert (duty.state, told(duty)) == ("done", [])
    cancel_meeting(meeting=meeting, version=meeting.version, by=secretary, reason="重复登记")
    duty_of(THEME_DAY, branch, TODAY)
    ((_before, after, record, url),) = told(duty)
    assert (after, url) == ("open", "")
    assert record.startswith("首次核对时没有逐条记下依据；之前的操作：作废会议 ")


def test_a_standing_condition_names_what_arose_and_what_ended_it(client, branch, secretary):
    duty = duty_of(OVERDUE, branch, TODAY)
    task = factories.make_task(branch, "活动室漏雨", due_on=date(2026, 9, 1))
    duty_of(OVERDUE, branch, TODAY)
    Task.objects.filter(pk=task.pk).update(state="closed", closed_on=TODAY)
    duty_of(OVERDUE, branch, TODAY)
    address = reverse("tasks:detail", args=[task.pk])
    arose, ended = told(duty)
    assert arose[2].startswith("出现：") and "活动室漏雨" in arose[2]
    assert ended[2].startswith("已了结：") and "活动室漏雨" in ended[2]
    assert (arose[3], ended[3]) == (address, address)
    assert [event["record_url"] for event in events_on(client, duty)] == [address, address]


def test_a_condition_found_at_the_first_look_is_named(branch):
    factories.make_task(branch, "活动室漏雨", due_on=date(2026, 9, 1))
    duty = duty_of(OVERDUE, branch, TODAY)
    ((before, after, record, _url),) = told(duty)
    assert (before, after) == ("", "overdue")
    assert "活动室漏雨" in record


def test_time_alone_and_a_waiver_name_no_record(branch):
    duty = duty_of(THEME_DAY, branch, TODAY)
    duty_of(THEME_DAY, branch, date(2026, 10, 1), of=TODAY)
    Exemption.objects.create(
        rule=THEME_DAY,
        organisation=branch,
        starts_on=date(2026, 9, 1),
        ends_on=date(2026, 9, 30),
        reason="全员参加防汛",
    )
    duty_of(THEME_DAY, branch, date(2026, 10, 1), of=TODAY)
    assert [(after, record) for _before, after, record, _url in told(duty)] == [
        ("overdue", ""),
        ("exempt", ""),
    ]


def test_a_requirement_that_rises_names_no_record(branch):
    county_value(LECTURES_A_YEAR, 2, date(2026, 1, 1))
    duty = duty_of(LECTURE, branch, TODAY)
    for month in (3, 4):
        held(branch, date(2026, month, 3), "党课", Type.LECTURE)
    duty_of(LECTURE, branch, TODAY)
    Setting.objects.update(value=4)
    duty_of(LECTURE, branch, TODAY)
    assert told(duty)[-1] == ("done", "open", "", "")


def test_a_broken_evidence_query_stops_no_judging(branch, monkeypatch):
    def broken(question, organisation):
        raise LookupError

    duty = duty_of(THEME_DAY, branch, TODAY)
    monkeypatch.setitem(RULES, THEME_DAY, dataclasses.replace(RULES[THEME_DAY], evidence=broken))
    held(branch, date(2026, 9, 10), "参观")
    assert duty_of(THEME_DAY, branch, TODAY).state == "done"
    assert told(duty) == [("open", "done", "", "")]


def test_a_night_that_changes_much_looks_at_some_records_only(branch, monkeypatch):
    monkeypatch.setattr(history, "_LOOKED_AT", 1)
    others = [branch, factories.make_branch(branch.parent), factories.make_branch(branch.parent)]
    for one in others:
        duty_of(THEME_DAY, one, TODAY)
    for one in others:
        held(one, date(2026, 9, 10), "参观")
    period = period_on(THEME_DAY, TODAY)
    reconcile(RULES[THEME_DAY], period, as_of=TODAY, values=Values())
    assert Duty.objects.filter(rule=THEME_DAY, state="done").count() == 3
    assert DutyEvent.objects.exclude(record="").count() == 1


def test_many_conditions_at_the_first_look_are_kept_without_records(branch, monkeypatch):
    monkeypatch.setattr(history, "_FIRST_LOOKED_AT", 1)
    for one in (branch, factories.make_branch(branch.parent)):
        factories.make_task(one, due_on=date(2026, 9, 1))
    reconcile(RULES[OVERDUE], None, as_of=TODAY, values=Values())
    assert list(DutyEvent.objects.values_list("after", "record")) == [("overdue", "")] * 2


def test_judging_again_adds_nothing_to_the_history(branch):
    duty = duty_of(THEME_DAY, branch, TODAY)
    held(branch, date(2026, 9, 10), "参观")
    duty_of(THEME_DAY, branch, TODAY)
    kept = told(duty)
    duty_of(THEME_DAY, branch, TODAY)
    assert told(duty) == kept


def test_a_long_history_asks_no_more_queries(client, branch, secretary):
    duty = duty_of(THEME_DAY, branch, TODAY)

    def turn(day):
        meeting = held(branch, date(2026, 9, day), f"活动{day}")
        duty_of(THEME_DAY, branch, TODAY)
        type(meeting).objects.filter(pk=meeting.pk).update(state="cancelled")
        duty_of(THEME_DAY, branch, TODAY)

    turn(1)
    few = count_of(lambda: events_on(client, duty))
    turn(2)
    turn(3)
    assert len(events_on(client, duty)) == 6
    assert count_of(lambda: events_on(client, duty)) == few


# --- What the page says of the values ---------------------------------------------------


def test_the_page_shows_the_value_that_holds_for_the_branch_and_the_countys(client):
    county = factories.make_county()
    committee = factories.make_committee(county)
    branch = factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)
    Setting.objects.create(
        key=LECTURES_A_YEAR.name,
        value=6,
        starts_on=date(2026, 1, 1),
        scope=f"sector:{Sector.SOCIAL_ORGANISATION}",
    )
    client.force_login(factories.make_user("secretary", branch))
    duty = duty_of(LECTURE, branch, TODAY)
    page = client.get(reverse("compliance:duty", args=[duty.pk])).context
    assert page["duty"]["required"] == 6
    assert f"{LECTURES_A_YEAR.label} 6 次（全县为 4 次）" in page["rule"]["version"]
    assert "过期亮红灯 " in page["rule"]["version"]
    assert page["rule"]["judged_text"] == "2026年1月1日—2026年9月20日"


def test_a_branch_founded_inside_the_period_reads_from_when_its_share_is_counted(client):
    branch = factories.make_branch(
        factories.make_committee(factories.make_county()), founded_on=date(2026, 5, 8)
    )
    client.force_login(factories.make_user("secretary", branch))
    duty = duty_of(LECTURE, branch, TODAY)
    assert duty.required == 2
    response = client.get(reverse("compliance:duty", args=[duty.pk]))
    assert response.context["rule"]["founded_text"] == "2026年5月8日"
    assert "2026年5月8日" in response.content.decode()
    month = duty_of(THEME_DAY, branch, TODAY)
    page = client.get(reverse("compliance:duty", args=[month.pk])).context
    assert page["rule"]["founded_text"] == ""
