"""Sign-in sheets: who stands on them, in which rows and sheets, and who may print them."""

import datetime

import pytest
from django.urls import reverse

from branches.paper import split
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import PlanItem, YearPlan
from meetings.paper import Line, SignInSheet
from members.enums import MemberKind
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
DAY = datetime.date(2026, 4, 11)
BLANK = "/meetings/roster/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "望春社区第一党支部")


@pytest.fixture
def signed_in(client, branch):
    client.force_login(factories.make_user("secretary", branch, name="林守正"))
    return client


def sheet(count):
    lines = tuple(Line(number, f"党员{number}", True, ()) for number in range(1, count + 1))
    return SignInSheet("签到表", "支部", (), lines)


def names(response):
    return [line.name for line in response.context["sheet"].lines]


# --- Rows and sheets ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "heights"),
    [(0, [0]), (1, [1]), (26, [26]), (27, [24, 3]), (30, [26, 4])],
)
def test_up_to_thirty_people_stand_below_one_another(count, heights):
    assert [len(rows) for rows in sheet(count).sheets()] == heights
    assert not sheet(count).is_double


@pytest.mark.parametrize(
    ("count", "heights"),
    [(31, [16]), (52, [26]), (53, [24, 3]), (116, [26, 32]), (117, [26, 30, 3])],
)
def test_more_people_stand_side_by_side(count, heights):
    sheets = sheet(count).sheets()
    assert sheet(count).is_double
    # 53: the last six go with the signature.
    assert [len(rows) for rows in sheets] == heights
    numbers = [line.number for rows in sheets for row in rows for line in row if line]
    assert sorted(numbers) == list(range(1, count + 1))


def test_numbers_run_down_the_left_half_first():
    rows = sheet(31).sheets()[0]
    assert [line.number for line in rows[0]] == [1, 17]
    assert [line and line.number for line in rows[-1]] == [16, None]


def test_a_last_sheet_never_holds_the_signature_alone():
    assert [len(part) for part in split(list(range(59)))] == [26, 30, 3]
    assert [len(part) for part in split(list(range(58)))] == [26, 32]


# --- A stored meeting -----------------------------------------------------------------------


def prepared(branch, **facts):
    here, away = factories.make_members(branch, 2)
    new = factories.make_member(branch, "田雨桐", kind=MemberKind.PROBATIONARY)
    meeting = factories.make_meeting(
        branch, DAY, present=[here, new], leave=[away], state=MeetingState.PLANNED, **facts
    )
    meeting.attendances.filter(member=away).update(reason="在外务工")
    return meeting


def ticked(line):
    return [tick.label for tick in line.ticks if tick.is_on]


def test_before_the_meeting_only_leave_asked_for_is_ticked(signed_in, branch):
    meeting = prepared(branch, place="二楼党员活动室", host_name="林守正", topic="季度工作")
    response = signed_in.get(reverse("meetings:roster_paper", args=[meeting.pk]))
    shown = response.context["sheet"]
    assert (shown.title, shown.unit) == ("支部党员大会签到表", "柳汀街道望春社区第一党支部")
    assert dict(shown.facts) == {
        "时间": "2026年4月11日 星期六",
        "地点": "二楼党员活动室",
        "主持人": "林守正",
        "议题": "季度工作",
    }
    assert [(ticked(line), line.reason) for line in shown.lines] == [
        ([], ""),
        ([], ""),
        (["请假"], "在外务工"),
    ]
    assert [line.is_formal for line in shown.lines] == [True, False, True]
    assert shown.tally == ["应到 3 人", "实到＿＿＿人", "请假＿＿＿人", "缺席＿＿＿人"]
    assert "第 1 页 共 1 页" in response.text
    assert "打印：2026年3月28日 林守正" in response.text


def test_afterwards_it_shows_who_came(signed_in, branch):
    members = factories.make_members(branch, 3)
    meeting = factories.make_meeting(branch, TODAY, present=members[:1], absent=members[1:])
    shown = signed_in.get(reverse("meetings:roster_paper", args=[meeting.pk])).context["sheet"]
    assert [ticked(line) for line in shown.lines] == [["到会"], ["缺席"], ["缺席"]]
    assert shown.tally == ["应到 3 人", "实到 1 人", "请假 0 人", "缺席 2 人"]


def test_no_number_and_no_phone_stands_on_the_paper(signed_in, branch):
    meeting = prepared(branch)
    member = meeting.attendances.first().member
    text = signed_in.get(reverse("meetings:roster_paper", args=[meeting.pk])).text
    text += signed_in.get(BLANK, {"types": "members_meeting"}).text
    assert member.name in text
    assert member.id_number[-6:] not in text
    assert "3471" not in text


def test_a_withdrawn_meeting_says_so(signed_in, branch):
    meeting = factories.make_meeting(branch, TODAY, state=MeetingState.CANCELLED)
    text = signed_in.get(reverse("meetings:roster_paper", args=[meeting.pk])).text
    assert "（已作废）" in text
    assert "名册里这一天没有应到会的人" in text


# --- Before anything is stored --------------------------------------------------------------


def test_the_blank_sheet_calls_the_members_of_that_day(signed_in, branch):
    here = factories.make_member(branch)
    factories.make_member(branch, "早走了", ends_on=DAY - datetime.timedelta(days=1))
    factories.make_member(branch, "还没来", starts_on=DAY + datetime.timedelta(days=1))
    response = signed_in.get(BLANK, {"types": "members_meeting,lecture", "on": "2026-04-11"})
    assert names(response) == [here.name]
    assert response.context["sheet"].title == "支部党员大会、党课签到表"
    assert response.context["sheet"].facts[0] == ("时间", "2026年4月11日 星期六")


def test_the_committee_is_called_to_a_committee_meeting(signed_in, branch):
    members = factories.make_members(branch, 4)
    for title, member in zip(("secretary", "deputy"), members[1:3], strict=True):
        factories.make_post(branch, title, member=member)
    response = signed_in.get(BLANK, {"types": "committee"})
    assert names(response) == [member.name for member in members[1:3]]


def test_a_group_is_called_to_its_own_meeting(signed_in, branch):
    group = factories.make_group(branch, "一组")
    own = factories.make_member(branch, group=group)
    factories.make_member(branch)
    response = signed_in.get(BLANK, {"types": "group", "group": group.pk})
    assert names(response) == [own.name]
    assert ("党小组", "一组") in response.context["sheet"].facts


def test_a_line_of_the_plan_fills_the_sheet(signed_in, branch):
    plan = YearPlan.objects.create(organisation=branch, year=2026)
    item = PlanItem.objects.create(
        plan=plan,
        type=Type.LECTURE,
        planned_on=DAY,
        starts_at=datetime.time(15, 0),
        place="二楼党员活动室",
        topic="学习党章",
    )
    sheet = signed_in.get(BLANK, {"plan": item.pk}).context["sheet"]
    assert sheet.title == "党课签到表"
    assert ("时间", "2026年4月11日 星期六 15:00") in sheet.facts
    assert ("议题", "学习党章") in sheet.facts
    PlanItem.objects.update(month_only=True)
    sheet = signed_in.get(BLANK, {"plan": item.pk}).context["sheet"]
    assert ("时间", "2026年4月＿＿日") in sheet.facts


@pytest.mark.parametrize(
    "query", [{"on": "2月30日"}, {"group": "x"}, {"group": "1"}, {"plan": "x"}, {"plan": "1"}]
)
def test_an_address_that_means_nothing_is_not_there(signed_in, query):
    assert signed_in.get(BLANK, query).status_code == 404


# --- Who ------------------------------------------------------------------------------------


def test_who_looks_may_print_and_the_neighbour_sees_nothing(client, branch):
    meeting = prepared(branch)
    item = PlanItem.objects.create(
        plan=YearPlan.objects.create(organisation=branch, year=2026),
        type=Type.LECTURE,
        planned_on=DAY,
    )
    addresses = [
        reverse("meetings:roster_paper", args=[meeting.pk]),
        f"{BLANK}?branch={branch.code}",
        f"{BLANK}?plan={item.pk}",
    ]
    for role, where, status in (
        ("group_leader", branch, 200),
        ("inspector", branch.parent, 200),
        ("secretary", factories.make_branch(branch.parent), 404),
    ):
        client.force_login(factories.make_user(role, where))
        for address in addresses:
            assert client.get(address).status_code == status, (role, address)
    client.logout()
    for address in addresses:
        assert client.get(address).url.startswith(reverse("login"))


def test_every_state_has_its_box():
    assert [state.label for state in AttendanceState] == ["到会", "请假", "缺席"]
