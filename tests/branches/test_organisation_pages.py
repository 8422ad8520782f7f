"""The tree, the page of an organisation and the pages on which something happens to it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.models import Form, Kind, Organisation
from branches.services import add_group, change_facts, change_organisation, move_organisation
from branches.units import add_unit
from compliance.models import CheckRun
from compliance.services import run_night
from members.models import Membership
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_group,
    make_member,
    make_members,
    make_post,
    make_user,
)
from tests.queries import count_of

TODAY = datetime.date(2026, 8, 15)
JUNE, JULY = datetime.date(2026, 6, 1), datetime.date(2026, 7, 1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def town(county):
    return make_committee(county, "荻浦镇党委")


@pytest.fixture
def street(county):
    return make_committee(county, "柳汀街道党工委")


@pytest.fixture
def branch(town):
    branch = make_branch(town, "上荻村党支部", code="SD")
    make_post(branch, member=make_member(branch, "许文桥"))
    return branch


@pytest.fixture
def officer(client, county):
    user = make_user(Role.COUNTY_OFFICER, county)
    client.force_login(user)
    return user


LIST = "/branches/organisations/"


def page(client, address, **query):
    response = client.get(address, query)
    assert response.status_code == 200, address
    return response


def listed(client, **query):
    return [row["name"] for row in page(client, LIST, **query).context["rows"]]


def detail(client, organisation, **query):
    return page(client, reverse("branches:detail", args=[organisation.code]), **query)


# --- The list -------------------------------------------------------------------------------


def test_the_tree_stands_in_its_order_with_its_levels(client, officer, county, town, branch):
    rows = page(client, LIST).context["rows"]
    assert [(row["name"], row["level"], row["parent"]) for row in rows] == [
        ("云溪县委", 0, ""),
        ("荻浦镇党委", 1, "云溪县委"),
        ("上荻村党支部", 2, "荻浦镇党委"),
    ]
    assert (rows[2]["secretary"], rows[2]["members"]) == ("许文桥", 1)


def test_the_tree_of_a_day_has_its_names_and_places(client, officer, branch, street):
    change_facts(branch, by=None, on=JULY, today=TODAY, name="上荻联合党支部", form=Form.JOINT)
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)

    def row(**query):
        rows = page(client, LIST, **query).context["rows"]
        return next(row for row in rows if row["code"] == "SD")

    june, today = row(on="2026.6.30"), row()
    assert (june["name"], june["parent"], june["form"]) == ("上荻村党支部", "荻浦镇党委", "")
    assert (today["name"], today["parent"], today["form"]) == (
        "上荻联合党支部",
        "柳汀街道党工委",
        "联合",
    )
    assert june["url"].endswith("?on=2026-06-30")


def test_search_sector_and_chips_narrow_the_list(client, officer, town, branch):
    make_branch(town, "荻浦防汛临时党支部", form=Form.TEMPORARY, sector="village", code="LS1")
    assert listed(client, q="防汛") == ["荻浦防汛临时党支部"]
    assert listed(client, q="ls") == ["荻浦防汛临时党支部"]
    assert listed(client, sector="community") == ["上荻村党支部"]
    assert listed(client, show="temporary") == ["荻浦防汛临时党支部"]
    chips = {chip["label"]: chip["count"] for chip in page(client, LIST).context["chips"]}
    assert chips == {"党委、党工委": 2, "党支部": 2, "临时": 1}
    empty = page(client, LIST, q="没有这个", show="joint").content.decode()
    assert "没有符合条件的党组织" in empty and "条件：没有这个、联合" in empty


def test_what_is_dissolved_is_hidden_unless_asked_for(client, officer, branch):
    change_organisation(branch, by=None, dissolved_on=JULY)
    assert "上荻村党支部" not in listed(client)
    assert "上荻村党支部" in listed(client, ended="1")
    assert "上荻村党支部" in listed(client, on="2026-06-30")
    assert "上荻村党支部" not in listed(client, on="2026-07-01")


def test_what_was_founded_later_is_not_in_an_older_tree(client, officer, town):
    make_branch(town, "新设党支部", founded_on=JULY)
    assert "新设党支部" not in listed(client, on="6.30")
    assert "新设党支部" in listed(client, on="7.1")


def test_a_day_that_cannot_be_read_or_is_to_come_shows_today(client, officer, branch):
    response = page(client, LIST, on="什么时候")
    assert "读不出日期" in response.content.decode()
    assert response.context["past_text"] == ""
    assert page(client, LIST, on="2030-01-01").context["past_text"] == ""


def test_who_has_one_branch_is_led_to_it(client, branch):
    client.force_login(make_user(Role.SECRETARY, branch))
    response = client.get(LIST)
    assert (response.status_code, response.url) == (302, reverse("branches:detail", args=["SD"]))


def test_a_link_that_names_a_branch_leads_to_its_page(client, officer, branch):
    assert client.get(LIST, {"branch": "SD"}).url == reverse("branches:detail", args=["SD"])
    assert client.get(LIST, {"branch": "NIX"}).status_code == 404


def test_the_committee_sees_its_own_and_what_stood_below_it_then(client, town, street, branch):
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)
    make_branch(town, "下荻村党支部")
    client.force_login(make_user(Role.COMMITTEE_OFFICER, town))
    assert listed(client) == ["荻浦镇党委", "下荻村党支部"]
    rows = {row["name"]: row for row in page(client, LIST, on="2026-06-30").context["rows"]}
    assert rows.keys() == {"荻浦镇党委", "上荻村党支部", "下荻村党支部"}
    assert (rows["上荻村党支部"]["url"], rows["上荻村党支部"]["moved"]) == ("", True)
    # Its page itself follows today's rights.
    assert client.get(reverse("branches:detail", args=["SD"])).status_code == 404


def test_the_new_superior_does_not_find_it_in_the_older_tree_of_others(client, street, branch):
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)
    client.force_login(make_user(Role.COMMITTEE_OFFICER, street))
    rows = {row["name"]: row for row in page(client, LIST, on="2026-06-30").context["rows"]}
    # Visible by today's rights, shown at the place of then.
    assert rows["上荻村党支部"]["parent"] == "荻浦镇党委"


@pytest.mark.parametrize("query", [{}, {"on": "2026-06-30"}])
def test_the_list_asks_as_often_for_one_row_as_for_many(client, officer, county, query):
    def add():
        branch = make_branch(make_committee(county))
        make_post(branch, member=make_member(branch))
        change_facts(branch, by=None, on=JULY, today=TODAY, name="乙")

    add()
    one = count_of(lambda: client.get(LIST, query))
    add(), add()
    assert count_of(lambda: client.get(LIST, query)) == one


def test_a_page_has_fifty_rows(client, officer, town):
    for _ in range(55):
        make_branch(town)
    assert len(listed(client)) == 50
    assert len(listed(client, page=2)) == 7


# --- One organisation -----------------------------------------------------------------------


def test_the_page_tells_what_it_is_and_was(client, officer, branch, street):
    group = make_group(branch, "第一党小组", ends_on=datetime.date(2026, 6, 30))
    add_unit(branch, name="荻浦水厂", on=JUNE, today=TODAY, by=None)
    change_facts(branch, by=None, on=JULY, today=TODAY, name="上荻联合党支部")
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)
    now, june = detail(client, branch), detail(client, branch, on="6.30")
    facts = {fact["label"]: fact["value"] for fact in now.context["facts"]}
    assert (facts["全称"], facts["上级组织"]) == ("上荻联合党支部", "柳汀街道党工委")
    assert facts["党员"] == "1 名，其中正式 1 名"
    facts = {fact["label"]: fact["value"] for fact in june.context["facts"]}
    assert (facts["全称"], facts["上级组织"]) == ("上荻村党支部", "荻浦镇党委")
    assert [row["name"] for row in june.context["groups"]] == [group.name]
    assert now.context["groups"] == []
    assert [row["name"] for row in now.context["units"]] == ["荻浦水厂"]
    assert [event["words"] for event in now.context["story"]] == [
        "由荻浦镇党委划归柳汀街道党工委",
        "组织名称由“上荻村党支部”改为“上荻联合党支部”",
        "成立，名称为上荻村党支部，隶属荻浦镇党委",
    ]


def test_the_set_up_is_said_in_words_with_its_reasons(client, officer, branch):
    run_night(TODAY)
    assert CheckRun.objects.exists()
    setup = {
        line["name"] if isinstance(line, dict) else line.name: line
        for line in detail(client, branch).context["setup"]
    }
    assert setup["书记配备"].words == "正常"
    assert (setup["党支部人数下限"].kind, setup["党支部人数下限"].words) == ("late", "逾期 1 天")
    assert setup["党支部人数下限"].url.startswith("/duties/")


def test_children_are_those_of_the_day(client, officer, town, street, branch):
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)

    def children(organisation, **query):
        return [one["name"] for one in detail(client, organisation, **query).context["children"]]

    assert (children(town), children(street)) == ([], ["上荻村党支部"])
    assert (children(town, on="6.30"), children(street, on="6.30")) == (["上荻村党支部"], [])


def test_the_page_asks_as_often_with_many_groups_units_and_children(client, officer, town, branch):
    def add():
        add_group(branch, name=f"{branch.groups.count()}组", on=JUNE, today=TODAY, by=None)
        add_unit(branch, name=f"{branch.units.count()}厂", on=JUNE, today=TODAY, by=None)
        make_branch(town)

    def cost():
        return [count_of(lambda one=one: detail(client, one)) for one in (branch, town)]

    add()
    one = cost()
    add(), add()
    assert cost() == one


# --- Who may what ---------------------------------------------------------------------------


@pytest.fixture
def addresses(town, branch):
    """Every page on which something happens, and the right it takes."""
    group = make_group(branch)
    row = add_unit(branch, name="荻浦水厂", on=JUNE, today=TODAY, by=None)
    register = [
        *(reverse(f"branches:{name}", args=["SD"]) for name in ("change", "move")),
        *(reverse(f"members:organisation_{name}", args=["SD"]) for name in ("merge", "dissolve")),
        reverse("branches:found") + f"?parent={town.code}",
    ]
    facts = [
        *(reverse(f"branches:{name}", args=["SD"]) for name in ("group_add", "unit_add")),
        reverse("branches:group_rename", args=[group.pk]),
        reverse("branches:unit_end", args=[row.pk]),
        reverse("members:group_end", args=[group.pk]),
    ]
    return register, facts


@pytest.mark.parametrize(
    ("role", "place", "register", "facts", "looks"),
    [
        (Role.COUNTY_OFFICER, "county", 200, 200, 200),
        (Role.COMMITTEE_OFFICER, "town", 403, 200, 200),
        (Role.INSPECTOR, "county", 403, 403, 200),
        (Role.SECRETARY, "branch", (403, 404), 200, 200),
        (Role.GROUP_LEADER, "branch", (403, 404), 403, 200),
        (Role.SECRETARY, "neighbour", 404, 404, 404),
        (Role.COMMITTEE_OFFICER, "street", 404, 404, 404),
    ],
)
def test_each_page_is_open_to_those_who_may(
    request, client, town, addresses, role, place, register, facts, looks
):
    at = make_branch(town) if place == "neighbour" else request.getfixturevalue(place)
    client.force_login(make_user(role, at))
    assert client.get(reverse("branches:detail", args=["SD"])).status_code == looks
    for wanted, pages in zip((register, facts), addresses, strict=True):
        for address in pages:
            for method in (client.get, client.post):
                status = method(address).status_code
                assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), address


def test_only_those_who_may_are_offered_the_buttons(client, county, town, branch):
    def offered(role, place):
        client.force_login(make_user(role, place))
        response = detail(client, branch)
        return [one["label"] for one in response.context["actions"]], bool(
            response.context["group_add_url"]
        )

    assert offered(Role.COUNTY_OFFICER, county) == (["变更", "调整隶属", "合并", "撤销"], True)
    assert offered(Role.COMMITTEE_OFFICER, town) == ([], True)
    assert offered(Role.SECRETARY, branch) == ([], True)
    assert offered(Role.INSPECTOR, county) == ([], False)


# --- What the pages do ----------------------------------------------------------------------


def test_an_organisation_is_founded_on_the_page(client, officer, town):
    response = client.post(
        reverse("branches:found"),
        {
            "parent": "荻浦镇党委",
            "name": "中共下荻村支部委员会",
            "code": "XD",
            "kind": "branch",
            "form": "joint",
            "sector": "village",
            "on": "7.1",
            "groups": "第一党小组、第二党小组",
            "units": "下荻村、荻浦水厂",
        },
    )
    assert response.url == reverse("branches:detail", args=["XD"])
    made = Organisation.objects.get(code="XD")
    assert (made.parent, made.founded_on, made.form) == (town, JULY, "joint")
    assert (made.groups.count(), made.branch_units.count()) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "SD"}, "编码 SD 已有组织在用，请换一个"),
        ({"code": "甲/乙"}, "编码里不能有斜线、引号等符号"),
        ({"parent": "没有这个"}, "没有找到“没有这个”，请填组织编码或名称"),
        ({"parent": "荻浦"}, "“荻浦”有"),
        ({"on": "2026年8月16日"}, "还没有到，请到那天再办"),
        ({"on": "2026年2月30日"}, "没有这一天"),
        ({"kind": "general_branch"}, "只有党支部设党小组"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_lost(
    client, officer, county, town, branch, changes, words
):
    make_committee(county, "荻浦镇教育党委")
    form = {
        "parent": town.code,
        "name": "中共下荻村支部委员会",
        "code": "XD",
        "kind": "branch",
        "form": "single",
        "on": "7.1",
        "groups": "第一党小组",
    }
    response = client.post(reverse("branches:found"), form | changes)
    text = response.content.decode()
    assert response.status_code == 200
    assert words in text and 'value="中共下荻村支部委员会"' in text
    assert not Organisation.objects.filter(code="XD").exists()


def test_a_name_is_changed_from_a_day_on(client, officer, branch):
    address = reverse("branches:change", args=["SD"])
    form = {"name": "上荻联合党支部", "kind": "branch", "form": "joint", "sector": "village"}
    response = client.post(address, form | {"on": "7.1", "reason": "县委批复"})
    assert response.status_code == 302
    assert listed(client, on="6.30", q="SD") == ["上荻村党支部"]
    text = client.post(address, form | {"on": "8.16", "reason": "县委批复"}).content.decode()
    assert text.count("已保存变更") == 0
    text = client.post(address, form | {"on": "7.1", "reason": ""}).content.decode()
    assert "请写明依据，如批复文号" in text


def test_a_move_says_what_it_means_and_refuses_tomorrow(client, officer, street, branch):
    address = reverse("branches:move", args=["SD"])
    assert "连同以下共 1 个党支部、1 名党员一起划转" in client.get(address).content.decode()
    form = {"to": street.code, "on": "8.16", "reason": "区划调整"}
    assert "2026年8月16日还没有到，请到那天再办" in client.post(address, form).content.decode()
    assert client.post(address, form | {"on": "7.1"}).status_code == 302
    branch.refresh_from_db()
    assert branch.parent == street


def test_a_branch_is_merged_on_the_page(client, officer, town, branch):
    other = make_branch(town, "下荻村党支部")
    make_members(branch, 2)
    address = reverse("members:organisation_merge", args=["SD"])
    assert "3 名党员的组织关系转走、1 项职务免去" in client.get(address).content.decode()
    form = {"to": "下荻村党支部", "on": "7.1", "reason": "县委批复"}
    assert client.post(address, form).url == reverse("branches:detail", args=[other.code])
    branch.refresh_from_db()
    assert (branch.merged_into, branch.dissolved_on) == (other, JULY)
    assert detail(client, branch).context["status_note"] == "2026年7月1日并入下荻村党支部"
    assert detail(client, branch).context["actions"] == []


def test_a_branch_with_members_is_dissolved_only_with_a_place_for_them(client, officer, branch):
    address = reverse("members:organisation_dissolve", args=["SD"])
    form = {"to": "", "on": "7.1", "reason": "县委批复"}
    assert "还有党员，请填他们转到哪个党支部" in client.post(address, form).content.decode()
    make_branch(branch.parent, "下荻村党支部", code="XD")
    assert client.post(address, form | {"to": "XD"}).status_code == 302
    branch.refresh_from_db()
    assert branch.dissolved_on == JULY


def test_groups_and_units_are_kept_on_their_pages(client, branch):
    client.force_login(make_user(Role.SECRETARY, branch))
    address = reverse("branches:group_add", args=["SD"])
    assert client.post(address, {"name": "第一党小组", "on": "7.1"}).status_code == 302
    group = branch.groups.get()
    address = reverse("branches:group_rename", args=[group.pk])
    assert client.post(address, {"name": "老年党小组"}).status_code == 302
    address = reverse("members:group_end", args=[group.pk])
    assert client.post(address, {"on": "8.1", "into": ""}).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.ends_on) == ("老年党小组", datetime.date(2026, 7, 31))
    address = reverse("branches:unit_add", args=["SD"])
    form = {"name": "荻浦水厂", "kind": "state_enterprise", "credit_code": "", "on": "7.1"}
    assert client.post(address, form).status_code == 302
    row = branch.branch_units.get()
    address = reverse("branches:unit_end", args=[row.pk])
    assert client.post(address, {"on": "8.1"}).status_code == 302
    row.refresh_from_db()
    assert row.ends_on == datetime.date(2026, 7, 31)


def test_people_are_attached_to_a_temporary_branch_and_released(client, town, branch):
    temporary = make_branch(town, "荻浦防汛临时党支部", form=Form.TEMPORARY, code="LS1")
    address = reverse("members:organisation_people", args=["LS1"])
    client.force_login(make_user(Role.COMMITTEE_OFFICER, town))
    assert client.post(address, {"member": "许文桥", "on": "7.1"}).url == address
    row = Membership.objects.get(organisation=temporary)
    assert row.is_attached
    assert "许文桥" in page(client, address).content.decode()
    release = reverse("members:organisation_release", args=[row.pk])
    assert client.post(release, {"on": "8.1"}).url == address
    row.refresh_from_db()
    assert row.ends_on == datetime.date(2026, 7, 31)
    client.force_login(make_user(Role.SECRETARY, branch))
    assert (client.get(address).status_code, client.post(release).status_code) == (404, 404)


def test_of_two_of_one_name_the_last_digits_decide(client, town, branch):
    temporary = make_branch(town, form=Form.TEMPORARY, code="LS1")
    second = make_member(make_branch(town), "许文桥")
    client.force_login(make_user(Role.COMMITTEE_OFFICER, town))
    address = reverse("members:organisation_people", args=["LS1"])
    text = client.post(address, {"member": "许文桥", "on": "7.1"}).content.decode()
    assert "有不止一个“许文桥”" in text
    typed = f"许文桥({second.id_number_mask[-4:]})"
    assert client.post(address, {"member": typed, "on": "7.1"}).status_code == 302
    assert Membership.objects.get(organisation=temporary).member == second


def test_kinds_are_named_as_they_are(client, officer, county):
    assert Kind(county.kind).label == "县委"
    assert [fact["value"] for fact in detail(client, county).context["facts"]][2] == "县委"
