"""The pages of the year plan: who may look, who may change, who files, what is shown."""

import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from meetings.services.plans import fingerprint
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
PLAN, PLANS = "/meetings/plan/", "/meetings/plans/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def secretary(client, branch):
    user = factories.make_user("secretary", branch, name="林守正")
    client.force_login(user)
    return user


def march(branch, **facts):
    return factories.make_plan_item(branch, datetime.date(2026, 3, 28), **facts)


def cells(response, name):
    row = next(one for one in response.context["rows"] if one["name"] == name)
    return row["cells"]


def strip(client, cell, **query):
    return client.get(PLAN, {"cell": cell, **query}).context["strip"]


def sent(client, cell, **changes):
    """What 保存计划 sends when nothing but `changes` was typed."""
    shown = strip(client, cell)
    form = shown["form"]
    body = {name: form[name].value() or "" for name in form.fields}
    body |= {"cell": cell, "was": shown["was"], "year": 2026}
    return shown["save_url"], body | changes


# --- Beginning ------------------------------------------------------------------------------


def test_an_empty_year_offers_a_draft_and_makes_it(client, branch, secretary):
    page = client.get(PLAN)
    assert page.context["empty"]["may_draft"]
    assert not page.context["empty"]["may_copy"]
    assert "按要求生成计划" in page.content.decode()
    made = client.post(reverse("meetings:plan_draft"), {"branch": branch.code, "year": 2026})
    assert made.url == f"{PLAN}?branch={branch.code}&year=2026"
    page = client.get(made.url)
    assert page.context["empty"] is None
    assert [cell["entries"][0].day for cell in cells(page, "主题党日")[2:]] == [
        f"{month}/10" for month in range(3, 13)
    ]


def test_last_years_plan_can_be_taken_over(client, branch, secretary):
    factories.make_plan_item(branch, datetime.date(2025, 4, 8), topic="祭扫学习")
    assert client.get(PLAN).context["empty"]["may_copy"]
    client.post(reverse("meetings:plan_copy"), {"branch": branch.code, "year": 2026})
    assert PlanItem.objects.get(plan__year=2026).planned_on == datetime.date(2026, 4, 14)


def test_a_year_that_is_past_offers_nothing_to_make(client, branch, secretary):
    empty = client.get(PLAN, {"year": 2025}).context["empty"]
    assert (empty["may_draft"], empty["may_copy"]) == (False, False)
    answer = client.post(
        reverse("meetings:plan_draft"), {"branch": branch.code, "year": 2025}, follow=True
    )
    assert "已经过去" in answer.content.decode()


def test_a_plan_from_scratch_begins_with_the_first_cell(client, branch, secretary):
    assert client.get(PLAN, {"blank": 1}).context["empty"] is None
    url, body = sent(client, "lecture-5", planned_on="5.20", topic="学习党章", lecturer="周慧敏")
    saved = client.post(url, body)
    item = PlanItem.objects.get()
    assert saved.url.endswith(f"cell=lecture-5&line={item.pk}#plan-strip")
    assert (item.planned_on, item.lecturer_name) == (datetime.date(2026, 5, 20), "周慧敏")


# --- The strip ------------------------------------------------------------------------------


def test_a_cell_opens_its_line_in_the_strip(client, branch, secretary):
    item = march(branch, topic="听取一季度工作报告", type=Type.MEMBERS_MEETING)
    shown = strip(client, "members_meeting-3")
    assert (shown["title"], shown["words"]) == ("3月党员大会", "已计划，还剩 10 天")
    assert shown["form"]["topic"].value() == "听取一季度工作报告"
    assert shown["form"]["planned_on"].value() == "2026年3月28日"
    assert shown["register_url"] == f"/meetings/new/?plan={item.pk}&branch={branch.code}"


def test_a_line_is_changed_and_a_name_of_the_roster_is_its_member(client, branch, secretary):
    member = factories.make_member(branch, "许文桥")
    item = march(branch, topic="植树护绿")
    url, body = sent(client, "theme_day-3", planned_on="3.30", host="许文桥", starts_at="1500")
    client.post(url, body)
    item.refresh_from_db()
    assert (item.planned_on.day, item.host, item.starts_at) == (30, member, datetime.time(15))
    url, body = sent(client, "theme_day-3", host="沈知行", planned_on="")
    client.post(url, body)
    item.refresh_from_db()
    assert (item.host, item.host_name, item.month_only) == (None, "沈知行", True)


def test_what_was_typed_stays_when_it_is_refused(client, branch, secretary):
    item = march(branch, topic="植树护绿")
    url, body = sent(client, "theme_day-3", topic="清洁家园", starts_at="16:00", ends_at="15:00")
    page = client.post(url, body)
    assert page.status_code == 200
    form = page.context["strip"]["form"]
    assert form.errors["ends_at"] == ["结束时间早于开始时间 16:00，请改成之后的时间"]
    assert form["topic"].value() == "清洁家园"
    item.refresh_from_db()
    assert item.topic == "植树护绿"


def test_a_change_on_an_old_version_is_refused_once_and_then_made_knowingly(
    client, branch, secretary
):
    item = march(branch, topic="植树护绿")
    url, body = sent(client, "theme_day-3", topic="清洁家园")
    PlanItem.objects.update(topic="走访慰问")
    page = client.post(url, body)
    assert "刚被别人改过" in page.content.decode()
    assert page.context["strip"]["form"]["topic"].value() == "清洁家园"
    client.post(url, body | {"was": page.context["strip"]["was"]})
    item.refresh_from_db()
    assert item.topic == "清洁家园"


def test_a_line_is_taken_off_shown_with_its_reason_and_put_back(client, branch, secretary):
    item = march(branch)
    shown = strip(client, "theme_day-3")
    client.post(shown["cancel_url"], {"was": shown["was"], "reason": "与大会合并"})
    shown = strip(client, "theme_day-3")
    assert [one["reason"] for one in shown["cancelled"]] == ["与大会合并"]
    client.post(shown["cancelled"][0]["url"], {"was": shown["cancelled"][0]["was"]})
    item.refresh_from_db()
    assert item.cancelled_at is None
    answer = client.post(
        reverse("meetings:plan_item_cancel", args=[item.pk]), {"reason": ""}, follow=True
    )
    assert "请写明取消的原因" in answer.content.decode()


def test_a_held_meeting_is_shown_instead_of_a_form(client, branch, secretary):
    march(branch)
    held = factories.make_meeting(branch, datetime.date(2026, 3, 10), (Type.THEME_DAY,))
    shown = strip(client, "theme_day-3")
    assert shown["form"] is None
    assert shown["meeting_url"] == reverse("meetings:detail", args=[held.pk])


@pytest.mark.parametrize("cell", ["", "theme_day", "theme_day-13", "party-3", "theme_day-x", "-3"])
def test_a_cell_that_does_not_exist_opens_nothing(client, branch, secretary, cell):
    march(branch)
    assert client.get(PLAN, {"cell": cell}).context["strip"] is None
    assert client.post(reverse("meetings:plan_item_new"), {"cell": cell}).status_code == 302
    assert PlanItem.objects.count() == 1


def test_groups_stand_together_in_a_cell_and_one_by_one_in_the_strip(client, branch, secretary):
    for name in ("水厂党小组", "菜场党小组"):
        march(branch, type=Type.GROUP, group=factories.make_group(branch, name))
    page = client.get(PLAN, {"cell": "group-3"})
    assert [entry.day for entry in cells(page, "党小组会")[2]["entries"]] == ["2 组"]
    assert len(page.context["strip"]["entries"]) == 2


def test_the_phone_list_has_the_running_month_open(client, branch, secretary):
    march(branch)
    months = client.get(PLAN).context["list_months"]
    assert [month["label"] for month in months if month["open"]] == ["3月"]
    assert [month["label"] for month in months if month["past"]] == ["1月", "2月"]


# --- Filing ---------------------------------------------------------------------------------


def test_the_secretary_files_and_later_changes_are_shown(client, branch, secretary):
    item = march(branch)
    filing = client.get(PLAN).context["filing"]
    assert filing["words"] == "还没有报备"
    client.post(filing["url"], {"version": filing["version"]})
    assert YearPlan.objects.get().filed_on == TODAY
    url, body = sent(client, "theme_day-3", topic="植树护绿")
    client.post(url, body)
    filing = client.get(PLAN).context["filing"]
    assert filing["words"] == "2026年3月18日已报备，报备后改动 1 处"
    assert "议题：空 → 植树护绿" in filing["changes"][0]["words"]
    assert item.plan_id == YearPlan.objects.get().pk


def test_an_organiser_prepares_and_does_not_file(client, branch):
    client.force_login(factories.make_user(Role.ORGANISER, branch))
    item = march(branch)
    filing = client.get(PLAN).context["filing"]
    assert (filing["url"], filing["words"]) == ("", "还没有报备，由书记报备")
    url = reverse("meetings:plan_file", args=[item.plan_id])
    assert client.post(url, {"version": 1}).status_code == 403
    url, body = sent(client, "theme_day-3", topic="植树护绿")
    assert client.post(url, body).status_code == 302


def test_an_old_page_files_nothing(client, branch, secretary):
    item = march(branch)
    for version in ("0", "x", "", "99999999999"):
        client.post(reverse("meetings:plan_file", args=[item.plan_id]), {"version": version})
    assert YearPlan.objects.get().filed_on is None


# --- Walls ----------------------------------------------------------------------------------


def acts(item, code):
    own = {"branch": code, "year": 2026, "cell": "theme_day-3", "was": fingerprint(item)}
    return [
        (reverse("meetings:plan_draft"), own),
        (reverse("meetings:plan_copy"), own),
        (reverse("meetings:plan_item_new"), own),
        (reverse("meetings:plan_item", args=[item.pk]), own),
        (reverse("meetings:plan_item_cancel", args=[item.pk]), own | {"reason": "不开了"}),
        (reverse("meetings:plan_item_restore", args=[item.pk]), own),
        (reverse("meetings:plan_file", args=[item.plan_id]), {"version": 1}),
    ]


@pytest.mark.parametrize(
    ("role", "where", "looks", "does"),
    [
        (Role.GROUP_LEADER, "branch", 200, 403),
        (Role.COMMITTEE_OFFICER, "committee", 200, 403),
        (Role.INSPECTOR, "committee", 200, 403),
        (Role.SECRETARY, "neighbour", 404, 404),
        (None, "", 404, 404),
    ],
)
def test_others_look_as_far_as_they_see_and_change_nothing(
    client, committee, branch, role, where, looks, does
):
    places = {"branch": branch, "committee": committee}
    place = places.get(where) or (factories.make_branch(committee) if where else None)
    client.force_login(factories.make_user(role, place))
    item = march(branch, topic="植树护绿")
    for address in (PLAN, reverse("meetings:plan_paper")):
        page = client.get(address, {"branch": branch.code})
        assert page.status_code == looks
        assert ("植树护绿" in page.content.decode()) == (looks == 200)
    for address, body in acts(item, branch.code):
        assert client.post(address, body).status_code == does, address
    assert PlanItem.objects.get().cancelled_at is None
    assert YearPlan.objects.get().filed_on is None


def test_who_may_not_change_sees_no_form(client, committee, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, committee))
    march(branch, topic="植树护绿")
    page = client.get(PLAN, {"branch": branch.code, "cell": "theme_day-3"})
    shown = page.context["strip"]
    assert (shown["form"], shown["cancel_url"], shown["register_url"]) == (None, "", "")
    assert ("议题", "植树护绿") in shown["facts"]
    assert not any(cell["wanted"] for cell in cells(page, "主题党日"))


def test_a_plan_takes_as_many_queries_with_many_lines_as_with_few(client, branch, secretary):
    groups = [factories.make_group(branch) for _ in range(2)]
    march(branch)
    factories.make_meeting(branch, datetime.date(2026, 1, 10), (Type.THEME_DAY,))
    few = count_of(lambda: client.get(PLAN, {"cell": "theme_day-3"}))
    for month in range(1, 13):
        day = datetime.date(2026, month, 5)
        for group in groups:
            factories.make_plan_item(branch, day, Type.GROUP, group=group)
        if month < 4:
            factories.make_meeting(branch, day, (Type.GROUP, Type.LECTURE), group=groups[0])
    assert count_of(lambda: client.get(PLAN, {"cell": "theme_day-3"})) == few


# --- Who has filed --------------------------------------------------------------------------


def test_overseers_see_who_has_filed_those_without_a_plan_first(client, committee, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, committee))
    none = factories.make_branch(committee, "望春社区第三党支部", code="C")
    march(branch)
    filed = factories.make_branch(committee, "望春社区第二党支部", code="B")
    factories.make_plan_item(filed, datetime.date(2026, 5, 1))
    YearPlan.objects.filter(organisation=filed).update(filed_on=datetime.date(2026, 1, 20))
    factories.make_branch(committee, founded_on=datetime.date(2026, 12, 1))
    page = client.get(PLAN)
    assert page.url == PLANS
    page = client.get(PLANS)
    assert [(row["name"], row["words"], row["filed"]) for row in page.context["rows"]] == [
        (none.name, "没有计划", ""),
        (branch.name, "未报备", ""),
        (filed.name, "已报备", "1月20日"),
    ]
    assert [chip["count"] for chip in page.context["chips"]] == [3, 1, 1, 1]
    rows = client.get(PLANS, {"state": "filed"}).context["rows"]
    assert [row["name"] for row in rows] == [filed.name]
    assert rows[0]["url"] == f"{PLAN}?branch=B&year=2026"
    assert client.get(PLANS, {"q": "第三"}).context["rows"][0]["name"] == none.name
    assert client.get(PLAN, {"branch": committee.code}).url == f"{PLANS}?branch={committee.code}"


def test_a_neighbour_sees_only_itself_in_the_list(client, committee, branch):
    own = factories.make_branch(committee)
    client.force_login(factories.make_user(Role.SECRETARY, own))
    march(branch)
    assert [row["name"] for row in client.get(PLANS).context["rows"]] == [own.name]


def test_the_list_takes_as_many_queries_with_three_branches_as_with_one(client, committee, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, committee))
    march(branch)
    YearPlan.objects.update(filed_on=TODAY)
    one = count_of(lambda: client.get(PLANS))
    for _ in range(2):
        march(factories.make_branch(committee))
    YearPlan.objects.update(filed_on=TODAY)
    assert count_of(lambda: client.get(PLANS)) == one


# --- Paper ----------------------------------------------------------------------------------


def test_the_paper_has_the_plan_and_the_lines_for_signing(client, branch, secretary):
    march(branch, topic="植树护绿", starts_at=datetime.time(15), responsible="林守正")
    page = client.get(reverse("meetings:plan_paper"), {"branch": branch.code})
    (row,) = page.context["sheets"][0]["rows"]
    assert (row["month"], row["type"], row["topic"]) == ("3月", "主题党日", "植树护绿")
    assert (row["time"], row["responsible"]) == ("3月28日 15:00", "林守正")
    assert "党支部书记（签名）" in page.content.decode()


def test_the_paper_beside_reality_says_what_was_held_taken_off_and_unplanned(
    client, branch, secretary
):
    march(branch)
    factories.make_plan_item(
        branch,
        datetime.date(2026, 2, 10),
        cancelled_at="2026-02-01T00:00Z",
        cancel_reason="与大会合并",
    )
    factories.make_meeting(branch, datetime.date(2026, 3, 10), (Type.THEME_DAY,))
    factories.make_meeting(branch, datetime.date(2026, 1, 9), (Type.LECTURE,))
    page = client.get(reverse("meetings:plan_paper"), {"branch": branch.code, "with": "held"})
    rows = page.context["sheets"][0]["rows"]
    assert [(row["type"], row["held"], row["state"]) for row in rows] == [
        ("党课", "1月9日", "计划外"),
        ("主题党日", "", "取消：与大会合并"),
        ("主题党日", "3月10日", "已开"),
    ]
    assert "主题党日 1/12" in page.context["totals"]


def test_a_long_plan_is_cut_into_numbered_sheets(client, branch, secretary):
    for day in range(1, 31):
        factories.make_plan_item(branch, datetime.date(2026, 4, day))
    page = client.get(reverse("meetings:plan_paper"), {"branch": branch.code})
    assert [len(sheet["rows"]) for sheet in page.context["sheets"]] == [19, 11]
    assert "第 2 页 共 2 页" in page.content.decode()
