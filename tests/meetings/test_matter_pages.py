"""The pages of 四议两公开: who sees and does what, and what stays on the page when refused."""

import datetime

import pytest
from django.urls import reverse

from branches.models import Sector
from meetings.enums import MatterStage, Type
from meetings.models import Matter, MatterStep
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
LIST = "/meetings/matters/"


def march(day):
    return datetime.date(2026, 3, day)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "荻屿村党支部", sector=Sector.VILLAGE)


@pytest.fixture
def signed_in(client, branch):
    client.force_login(factories.make_user("secretary", branch))
    return client


@pytest.fixture
def matter(branch):
    return factories.make_matter(branch, stages=[(MatterStage.PROPOSED, march(2))])


def stage_url(matter, stage):
    return reverse("meetings:matter_stage", args=[matter.pk, stage.value])


def detail(matter):
    return reverse("meetings:matter", args=[matter.pk])


# --- The list -------------------------------------------------------------------------------


def test_an_empty_list_offers_the_first_matter(signed_in, branch):
    response = signed_in.get(LIST)
    assert "还没有事项" in response.text
    assert f"/meetings/matters/new/?branch={branch.code}" in response.text


def test_the_list_says_how_far_each_matter_is(signed_in, branch, matter):
    factories.make_matter(branch, "修渠", stages=[(MatterStage.RESOLVED, march(3))])
    rows = signed_in.get(LIST).context["rows"]
    assert [(row["title"], row["progress"], row["last"], row["words"]) for row in rows] == [
        ("修渠", "1/6", "3月3日 决议", "缺提议、商议、审议"),
        ("村内道路硬化", "1/6", "3月2日 提议", "待商议"),
    ]


@pytest.mark.parametrize(
    ("state", "titles"),
    [("open", ["乙", "甲"]), ("gaps", ["乙"]), ("done", ["丙"]), ("dropped", ["丁"])],
)
def test_chips_count_and_filter(signed_in, branch, state, titles):
    factories.make_matter(branch, "甲")
    factories.make_matter(branch, "乙", stages=[(MatterStage.DISCUSSED, march(3))])
    factories.make_matter(branch, "丙", stages=[(stage, march(3)) for stage in MatterStage])
    factories.make_matter(branch, "丁", dropped_on=march(3), drop_reason="没有资金")
    response = signed_in.get(LIST, {"state": state})
    assert [row["title"] for row in response.context["rows"]] == titles
    counts = {chip["label"]: chip["count"] for chip in response.context["chips"]}
    assert counts == {"进行中": 2, "有缺环节": 1, "已走完": 1, "已终止": 1}


def test_the_search_looks_at_titles_and_keeps_the_chip(signed_in, branch, matter):
    factories.make_matter(branch, "修渠")
    response = signed_in.get(LIST, {"q": "道路", "state": "open"})
    assert [row["title"] for row in response.context["rows"]] == ["村内道路硬化"]
    assert ("state", "open") in response.context["hidden"]
    assert "没有符合条件的事项" in signed_in.get(LIST, {"q": "桥"}).text


def test_three_matters_need_no_more_queries_than_one(signed_in, branch, matter):
    one = count_of(lambda: signed_in.get(LIST))
    for title in ("修渠", "修桥"):
        factories.make_matter(branch, title, stages=[(MatterStage.PROPOSED, march(2))])
    assert count_of(lambda: signed_in.get(LIST)) == one


def test_a_branch_of_another_sector_is_told_why_there_is_no_list(client, town):
    office = factories.make_branch(town, sector=Sector.OFFICE)
    client.force_login(factories.make_user("secretary", office))
    response = client.get(LIST)
    assert response.status_code == 200
    assert "这个支部不用登记四议两公开" in response.text
    assert "的所属领域是机关" in response.text
    assert client.get(LIST + "new/").templates[0].name == "meetings/matter_elsewhere.html"
    assert client.post(LIST + "new/", {"title": "修路"}).status_code == 200
    assert not Matter.objects.exists()


def test_matters_stay_in_sight_when_the_sector_changes(signed_in, branch, matter):
    branch.sector = Sector.OFFICE
    branch.save(update_fields=["sector"])
    response = signed_in.get(LIST)
    assert [row["title"] for row in response.context["rows"]] == ["村内道路硬化"]
    assert response.context["new_url"] == ""


# --- Who ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["committee_officer", "inspector"])
def test_the_committee_looks_and_does_nothing(client, town, branch, matter, role):
    factories.make_matter(factories.make_branch(town, sector=Sector.COMMUNITY), "楼道灯更换")
    client.force_login(factories.make_user(role, town))
    response = client.get(LIST)
    assert {row["organisation"] for row in response.context["rows"]} >= {"荻屿村党支部"}
    assert (len(response.context["rows"]), response.context["new_url"]) == (2, "")
    page = client.get(detail(matter))
    assert (page.status_code, page.context.get("stage_form"), page.context["drop_form"]) == (
        200,
        None,
        None,
    )
    assert client.get(stage_url(matter, MatterStage.DISCUSSED)).status_code == 403
    for name in ("matter_drop", "matter_resume"):
        assert client.post(reverse(f"meetings:{name}", args=[matter.pk])).status_code == 403
    assert client.get(LIST + "new/").status_code == 403


def test_a_group_leader_looks(client, branch, matter):
    client.force_login(factories.make_user("group_leader", branch))
    assert client.get(detail(matter)).context.get("stage_form") is None
    assert client.post(stage_url(matter, MatterStage.DISCUSSED)).status_code == 403


def test_the_neighbour_sees_nothing(client, town, matter):
    neighbour = factories.make_branch(town, sector=Sector.VILLAGE)
    client.force_login(factories.make_user("secretary", neighbour))
    stage = MatterStage.PROPOSED.value
    for name, args in (
        ("matter", []),
        ("matter_change", []),
        ("matter_paper", []),
        ("matter_stage", [stage]),
    ):
        address = reverse(f"meetings:{name}", args=[matter.pk, *args])
        assert client.get(address).status_code == 404, name
    for name, args in (
        ("matter_stage", [stage]),
        ("matter_stage_remove", [stage]),
        ("matter_drop", []),
        ("matter_resume", []),
        ("matter_change", []),
    ):
        address = reverse(f"meetings:{name}", args=[matter.pk, *args])
        assert client.post(address, {"reason": "x"}).status_code == 404, name
    assert client.get(LIST).context["rows"] == []
    assert client.get(LIST, {"branch": matter.organisation.code}).status_code == 404


def test_nobody_is_sent_to_log_in(client, matter):
    for address in (LIST, detail(matter)):
        assert client.get(address).url.startswith(reverse("login"))


# --- A matter on its way --------------------------------------------------------------------


def test_a_new_matter_leads_to_its_first_stage(signed_in, branch):
    response = signed_in.post(LIST + "new/", {"title": "村内道路硬化", "content": "1.2 公里"})
    matter = Matter.objects.get()
    assert (response.url, matter.organisation) == (detail(matter), branch)
    page = signed_in.get(detail(matter))
    assert page.context["stage"] == MatterStage.PROPOSED
    assert "登记村党组织提议" in page.text


def test_what_was_typed_stays_when_a_matter_is_refused(signed_in, matter):
    page = signed_in.post(LIST + "new/", {"title": "村内道路硬化", "content": "再修 1 公里"})
    assert page.status_code == 200
    assert "正在办理" in page.text
    assert "再修 1 公里" in page.text
    assert Matter.objects.count() == 1


def test_title_and_content_are_put_right_on_their_page(signed_in, matter):
    address = reverse("meetings:matter_change", args=[matter.pk])
    assert signed_in.get(address).context["form"].initial["title"] == "村内道路硬化"
    body = {"title": "村内主路硬化", "content": "", "version": "1"}
    assert signed_in.post(address, body).url == detail(matter)
    page = signed_in.post(address, body | {"title": "修路"})
    assert "这件事刚被别人改过" in page.text
    assert page.context["version"] == 2
    assert signed_in.post(address, body | {"title": "修路", "version": "2"}).status_code == 302
    matter.refresh_from_db()
    assert matter.title == "修路"


def test_the_next_stage_is_entered_from_the_page_of_the_matter(signed_in, matter):
    page = signed_in.get(detail(matter))
    assert (page.context["stage"], page.context["is_known"]) == (MatterStage.DISCUSSED, False)
    body = {"version": "1", "done_on": "3.5", "note": "到会 7 人"}
    assert signed_in.post(stage_url(matter, MatterStage.DISCUSSED), body).url == detail(matter)
    step = matter.steps.get(stage=MatterStage.DISCUSSED)
    assert (step.done_on, step.note) == (march(5), "到会 7 人")


def test_the_review_offers_the_members_meetings_of_the_branch(signed_in, branch, matter):
    held = factories.make_meeting(branch, march(10), topic="审议修路")
    factories.make_meeting(branch, march(11), [Type.LECTURE])
    factories.make_meeting(factories.make_branch(), march(12))
    factories.make_meeting(branch, march(13), state="planned")
    page = signed_in.get(stage_url(matter, MatterStage.REVIEWED))
    form = page.context.get("stage_form")
    assert list(form.fields) == ["meeting", "should_attend", "present", "yes", "note"]
    assert form.fields["meeting"].choices == [
        ("", "请选择"),
        (held.pk, "3月10日 支部党员大会 审议修路"),
    ]
    body = {"version": "1", "meeting": held.pk, "should_attend": "30", "present": "25", "yes": "24"}
    signed_in.post(stage_url(matter, MatterStage.REVIEWED), body)
    step = matter.steps.get(stage=MatterStage.REVIEWED)
    assert (step.meeting, step.done_on, step.yes) == (held, march(10), 24)
    assert "赞成 24 票，超过应到会有表决权党员的半数，通过" in signed_in.get(detail(matter)).text


def test_a_review_that_did_not_pass_is_said_and_stops_nothing(signed_in, branch, matter):
    held = factories.make_meeting(branch, march(10))
    factories.make_resolution(held, kind="village", should=30, present=25, yes=15)
    signed_in.post(stage_url(matter, MatterStage.REVIEWED), {"version": "1", "meeting": held.pk})
    page = signed_in.get(detail(matter))
    assert "没有通过" in page.text
    assert "取自会议记录" in page.text
    assert page.context["stage"] == MatterStage.RESOLVED


def test_a_missing_stage_is_named_and_can_be_entered_later(signed_in, matter):
    body = {"version": "1", "done_on": "3.14", "ends_on": "3.21"}
    signed_in.post(stage_url(matter, MatterStage.RESOLUTION_PUBLISHED), body)
    page = signed_in.get(detail(matter))
    assert "缺 3 步：村“两委”会议商议、党员大会审议、村民会议或村民代表会议决议" in page.text
    assert page.context["mark"] == {"kind": "soon", "text": "缺商议、审议、决议"}
    assert stage_url(matter, MatterStage.DISCUSSED) in page.text


def test_what_was_typed_stays_when_a_stage_is_refused(signed_in, matter):
    url = stage_url(matter, MatterStage.DISCUSSED)
    page = signed_in.post(url, {"version": "1", "done_on": "3.1", "note": "到会 7 人"})
    assert "早于村党组织提议（2026年3月2日），请核对日期" in page.text
    assert "到会 7 人" in page.text
    old = signed_in.post(url, {"version": "7", "done_on": "3.5"})
    assert "这件事刚被别人改过" in old.text
    assert old.context["matter"].version == 1
    assert MatterStep.objects.count() == 1


def test_an_unknown_stage_is_not_there(signed_in, matter):
    address = reverse("meetings:matter_stage", args=[matter.pk, "voted"])
    assert signed_in.get(address).status_code == 404
    assert signed_in.post(address).status_code == 404


def test_a_stage_is_put_right_and_taken_back(signed_in, matter):
    url = stage_url(matter, MatterStage.PROPOSED)
    page = signed_in.get(url)
    assert page.context["is_known"]
    assert "2026年3月2日" in str(page.context.get("stage_form")["done_on"])
    remove = reverse("meetings:matter_stage_remove", args=[matter.pk, "proposed"])
    assert "请写明为什么撤销" in signed_in.post(remove, {"version": "1"}).text
    assert signed_in.post(remove, {"version": "1", "reason": "填错"}).url == detail(matter)
    assert not matter.steps.exists()
    assert "撤销四议两公开环节" in signed_in.get(detail(matter)).text


def test_a_matter_is_given_up_and_taken_up_on_its_page(signed_in, matter):
    drop = reverse("meetings:matter_drop", args=[matter.pk])
    page = signed_in.post(drop, {"version": "1", "dropped_on": "3.20"})
    assert "请写明为什么终止" in page.text
    body = {"version": "1", "dropped_on": "3.20", "reason": "没有资金"}
    assert signed_in.post(drop, body).url == detail(matter)
    page = signed_in.get(detail(matter))
    assert "2026年3月20日终止：没有资金" in page.text
    assert page.context.get("stage_form") is None
    signed_in.post(reverse("meetings:matter_resume", args=[matter.pk]), {"version": "2"})
    matter.refresh_from_db()
    assert matter.dropped_on is None


def test_the_sheet_holds_all_six_stages(signed_in, branch, matter):
    held = factories.make_meeting(branch, march(10), topic="审议修路")
    factories.make_resolution(held, kind="village", should=30, present=25, yes=24)
    matter.steps.create(stage=MatterStage.REVIEWED, done_on=march(10), meeting=held)
    response = signed_in.get(reverse("meetings:matter_paper", args=[matter.pk]))
    stages = response.context["stages"]
    assert [(one["words"], one.get("on", "")) for one in stages] == [
        ("已登记", "2026年3月2日"),
        ("缺", ""),
        ("已登记", "2026年3月10日"),
        ("未登记", ""),
        ("未登记", ""),
        ("未登记", ""),
    ]
    assert "柳汀街道荻屿村党支部" in response.text
    assert "3月10日 支部党员大会 审议修路" in response.text
    assert "赞成 24 票" in response.text
