"""The list of members: found, filtered, sorted, kept as a view, taken out as a workbook."""

import datetime
from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse

from accounts.models import SavedView, TrailLine
from branches.models import Form
from jobs.models import Job, JobState
from jobs.services import run
from ledgers import list_views
from meetings.enums import Type
from members import filters
from members.enums import MemberKind, PostTitle
from members.initials import initials
from members.models import FileCheck, Membership
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
LIST = "/members/"


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
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华", phone="13612343471")


def names(response):
    return [row["name"] for row in response.context["rows"]]


# --- The list -------------------------------------------------------------------------------


def test_a_row_has_post_age_hours_and_paid_until(client, branch, secretary, member):
    factories.make_post(branch, PostTitle.SECRETARY, member=member)
    factories.make_meeting(
        branch, datetime.date(2026, 2, 3), [Type.LECTURE], present=[member], hours=8
    )
    factories.make_meeting(
        branch, datetime.date(2026, 2, 10), [Type.LECTURE], leave=[member], hours=8
    )
    for month in (JANUARY, FEBRUARY, MARCH):
        factories.make_charge(member, month)
    for month in (JANUARY, FEBRUARY):
        factories.make_payment(member, month)
    client.force_login(secretary)
    (row,) = client.get(reverse("members:list")).context["rows"]
    assert (row["post"], row["age"], row["category"]) == ("书记", 45, "正式党员")
    # Enough for the 32 hours of a member, not for the 56 of a secretary.
    assert (row["hours"], row["behind"]) == ("8.0", True)
    assert row["dues_until"] == "2026年2月"


def test_chips_count_and_narrow(client, branch, secretary, member):
    factories.make_member(
        branch, "田雨桐", kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2025, 12, 1)
    )
    factories.make_member(branch, "余海波", is_floating=True)
    factories.make_charge(member, MARCH)
    client.force_login(secretary)
    response = client.get(reverse("members:list"))
    assert [(chip["label"], chip["count"]) for chip in response.context["chips"]] == [
        ("全部", 3),
        ("正式", 2),
        ("预备", 1),
        ("流动", 1),
        ("学时落后", 3),
        ("党费未缴", 1),
    ]
    for kind, name in (("probationary", "田雨桐"), ("floating", "余海波"), ("unpaid", "龚丽华")):
        rows = client.get(reverse("members:list"), {"kind": kind}).context["rows"]
        assert [row["name"] for row in rows] == [name]


@pytest.mark.parametrize("typed", ["丽华", "glh", "GL", "3471"])
def test_a_person_is_found_by_name_initials_or_last_digits(
    client, branch, secretary, member, typed
):
    factories.make_member(branch, "余海波", phone="13612340000")
    client.force_login(secretary)
    rows = client.get(reverse("members:list"), {"q": typed}).context["rows"]
    assert [row["name"] for row in rows] == ["龚丽华"]


def test_initials_follow_the_reading():
    names = {"林守正": "lsz", "周慧敏": "zhm", "欧阳雪": "oyx", "曾国强": "zgq", "陶秀云": "txy"}
    assert {name: initials(name) for name in names} == names
    assert initials("李喆") == "l?"


def test_who_left_is_not_listed(client, branch, secretary):
    factories.make_member(branch, ends_on=datetime.date(2026, 1, 31))
    client.force_login(secretary)
    assert "名册是空的" in client.get(reverse("members:list")).content.decode()


def test_sixty_members_fill_two_pages(client, branch, secretary):
    factories.make_members(branch, 60)
    client.force_login(secretary)
    assert len(client.get(reverse("members:list")).context["rows"]) == 50
    assert len(client.get(reverse("members:list"), {"page": 2}).context["rows"]) == 10


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, committee, branch, secretary):
    officer = factories.make_user("committee_officer", committee)
    group = factories.make_group(branch)

    def one_more():
        member = factories.make_member(branch, group=group)
        factories.make_post(branch, PostTitle.MEMBER, member=member)
        factories.make_charge(member, MARCH)
        factories.make_payment(member, MARCH)
        factories.make_meeting(branch, datetime.date(2026, 2, 3), present=[member], hours=2)

    one_more()
    counts = {}
    for user in (secretary, officer):
        client.force_login(user)
        counts[user] = count_of(lambda: client.get(reverse("members:list")))
    one_more()
    one_more()
    for user in (secretary, officer):
        client.force_login(user)
        assert count_of(lambda: client.get(reverse("members:list"))) == counts[user]


def test_the_list_holds_nothing_of_the_neighbours(client, committee, branch, secretary, member):
    neighbour = factories.make_branch(committee)
    factories.make_member(neighbour, "邻家人")
    client.force_login(secretary)
    rows = client.get(reverse("members:list")).context["rows"]
    assert [row["name"] for row in rows] == ["龚丽华"]
    response = client.get(reverse("members:list"), {"branch": neighbour.code})
    assert response.status_code == 404
    assert client.get(reverse("members:list"), {"organisation": neighbour.code}).status_code == 404


def test_the_list_of_a_committee_holds_everybody_below(client, committee, branch, member):
    other = factories.make_member(factories.make_branch(committee))
    client.force_login(factories.make_user("county_officer", committee.parent))
    for parameter in ("branch", "organisation"):
        response = client.get(reverse("members:list"), {parameter: committee.code})
        assert {row["name"] for row in response.context["rows"]} == {member.name, other.name}
        assert response.context["show_organisation"] is True


@pytest.mark.parametrize("query", ["group=²", "group=9" * 30, "kind=x", "q=%00", "page=-1"])
def test_an_odd_address_is_no_fault_of_ours(client, secretary, member, query):
    client.force_login(secretary)
    assert client.get(f"/members/?{query}").status_code == 200


# --- Numbers in the search box --------------------------------------------------------------


def test_the_search_box_is_posted_and_leads_to_an_address_with_the_name(client, secretary, member):
    client.force_login(secretary)
    response = client.post(f"{LIST}?kind=formal&page=3", {"q": " 丽华 "})
    assert response.status_code == 302
    assert response["Location"] == f"{LIST}?kind=formal&q=%E4%B8%BD%E5%8D%8E"
    assert names(client.get(response["Location"])) == ["龚丽华"]


def test_a_whole_identity_number_finds_its_member_and_no_address_holds_it(
    client, branch, secretary, member
):
    factories.make_member(branch)
    client.force_login(secretary)
    response = client.post(LIST, {"q": member.id_number.lower()})
    assert response.status_code == 200
    assert names(response) == ["龚丽华"]
    assert "no-store" in response["Cache-Control"]
    links = [chip["url"] for chip in response.context["chips"]]
    links += [head["url"] for head in response.context["heads"]]
    links += [response.context["search_url"], response.context["here"]]
    assert member.id_number not in "".join(links)


@pytest.mark.parametrize("typed", ["13612343471", "12343471", "43471", "136 1234 3471"])
def test_a_phone_is_found_by_all_or_the_last_of_its_digits(
    client, branch, secretary, member, typed
):
    # The same last four, and so the same mask but for the beginning.
    factories.make_member(branch, phone="13600003471")
    client.force_login(secretary)
    assert names(client.post(LIST, {"q": typed})) == ["龚丽华"]


def test_the_number_of_the_neighbours_member_finds_nobody(client, committee, secretary):
    other = factories.make_member(factories.make_branch(committee))
    client.force_login(secretary)
    assert names(client.post(LIST, {"q": other.id_number})) == []


def test_a_number_in_an_address_is_cut_to_its_last_four_digits(client, secretary, member):
    client.force_login(secretary)
    response = client.get(LIST, {"q": member.id_number[:17], "kind": "formal"})
    assert response.status_code == 302
    assert response["Location"] == f"{LIST}?kind=formal&q={member.id_number[13:17]}"


# --- Filters --------------------------------------------------------------------------------


@pytest.fixture
def crowd(branch):
    """Five members who differ in everything one can ask about."""
    group = factories.make_group(branch, "第一党小组")
    facts = {
        "甲": {"gender": "male", "born_on": datetime.date(1960, 3, 18), "education": "高中"},
        "乙": {"gender": "female", "born_on": datetime.date(1960, 3, 19), "education": "大学本科"},
        "丙": {"gender": "male", "born_on": datetime.date(1991, 1, 1), "education": "硕士研究生"},
        "丁": {"gender": "female", "born_on": None, "education": "", "id_number": ""},
    }
    crowd = {
        name: factories.make_member(
            branch,
            name,
            joined_on=datetime.date(2000 + place, 12, 31),
            group=group if name == "甲" else None,
            **one,
        )
        for place, (name, one) in enumerate(facts.items())
    }
    crowd["戊"] = factories.make_member(
        branch,
        "戊",
        gender="male",
        ends_on=datetime.date(2026, 1, 31),
        left_reason="组织关系转往外县：荻浦",
    )
    return crowd


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("gender=female", "乙丁"),
        # 66 on the very day, 65 the day before the birthday.
        ("age_from=66", "甲"),
        ("age_to=65", "乙丙"),
        ("age_from=36&age_to=65", "乙"),
        ("education=bachelor", "乙"),
        ("education=graduate", "丙"),
        ("education=secondary", "甲"),
        ("education=none", "丁"),
        ("joined_from=2001&joined_to=2002", "乙丙"),
        ("left=any", "戊"),
        ("left=moved", "戊"),
        ("left=died", ""),
        ("left=other", ""),
        ("gender=male&age_to=40&kind=formal", "丙"),
    ],
)
def test_a_filter_in_the_address_narrows_the_list(client, secretary, crowd, query, found):
    client.force_login(secretary)
    assert names(client.get(f"{LIST}?{query}")) == list(found)


def test_a_group_narrows_and_the_counts_follow(client, secretary, crowd):
    client.force_login(secretary)
    response = client.get(LIST, {"group": crowd["甲"].group_id})
    assert names(response) == ["甲"]
    assert response.context["context_text"] == "符合条件 1 名：正式 1 名，预备 0 名"


def test_who_left_is_shown_with_day_and_reason_and_cannot_be_edited(client, secretary, crowd):
    client.force_login(secretary)
    (row,) = client.get(LIST, {"left": "any"}).context["rows"]
    assert row["left"] == "2026年1月31日离开：组织关系转往外县：荻浦"
    assert row["edit_url"] == ""


def test_the_conditions_are_said_in_words_where_nothing_fits(client, secretary, crowd):
    client.force_login(secretary)
    text = client.get(
        f"{LIST}?kind=probationary&gender=male&age_from=30&joined_to=1999&q=王"
    ).content.decode()
    assert "“王”、预备、男、30 岁及以上、1999年及以前入党" in text


def test_hours_and_dues_are_asked_of_a_long_list_only_when_chosen(
    client, monkeypatch, secretary, crowd
):
    monkeypatch.setattr(filters, "COUNTED", 3)
    client.force_login(secretary)
    chips = {chip["label"]: chip["count"] for chip in client.get(LIST).context["chips"]}
    assert chips == {
        "全部": 4,
        "正式": 4,
        "预备": 0,
        "流动": 0,
        "学时落后": None,
        "党费未缴": None,
    }
    assert len(names(client.get(LIST, {"kind": "behind"}))) == 4


def test_hours_and_dues_are_not_offered_for_a_county(client, monkeypatch, secretary, crowd):
    monkeypatch.setattr(filters, "COUNTED", 1)
    monkeypatch.setattr(filters, "MOST_ASKED", 3)
    client.force_login(secretary)
    response = client.get(LIST, {"kind": "unpaid", "q": "王"})
    response = client.get(LIST, {"kind": "unpaid"})
    assert response.context["too_many"] is True
    assert [chip["label"] for chip in response.context["chips"] if chip["current"]] == ["全部"]
    assert len(names(response)) == 4


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("joined", "甲乙丙丁"),
        ("-joined", "丁丙乙甲"),
        # The youngest first; an unknown age stands last either way.
        ("age", "丙乙甲丁"),
        ("-age", "甲乙丙丁"),
        ("nonsense", "甲乙丙丁"),
    ],
)
def test_a_head_sorts_and_sorts_back(client, secretary, crowd, sort, order):
    client.force_login(secretary)
    assert names(client.get(LIST, {"sort": sort})) == list(order)


def test_the_head_that_sorts_says_so(client, secretary, crowd):
    client.force_login(secretary)
    response = client.get(LIST, {"sort": "-joined", "gender": "male"})
    heads = {head["label"]: head for head in response.context["heads"]}
    assert heads["入党日期"]["sort"] == "descending"
    assert heads["入党日期"]["url"] == "?gender=male&sort=joined"
    assert heads["姓名"]["sort"] == ""
    assert 'aria-sort="descending"' in response.content.decode()


def test_a_temporary_branch_lists_who_works_with_it_and_opens_no_page_out_of_sight(
    client, committee, member
):
    temporary = factories.make_branch(committee, form=Form.TEMPORARY)
    Membership.objects.create(
        member=member, organisation=temporary, is_attached=True, starts_on=JANUARY
    )
    client.force_login(factories.make_user("secretary", temporary))
    response = client.get(LIST)
    (row,) = response.context["rows"]
    assert (row["name"], row["url"], row["edit_url"]) == ("龚丽华", "", "")
    assert response.context["new_url"] == ""


def test_a_committee_narrows_to_a_branch_below_it(client, committee, officer, branch, member):
    other = factories.make_branch(committee, "青石社区党支部")
    factories.make_member(other, "白晓萍")
    client.force_login(officer)
    response = client.get(LIST)
    assert [place["label"].strip() for place in response.context["places"]] == [
        "柳汀街道党工委",
        "望春社区第一党支部",
        "青石社区党支部",
    ]
    response = client.post(LIST, {"q": "", "branch": other.code})
    assert response["Location"] == f"{LIST}?branch={other.code}"
    assert names(client.get(response["Location"])) == ["白晓萍"]


def test_the_half_years_check_is_announced_until_it_is_finished(client, branch, secretary, member):
    client.force_login(secretary)
    assert (
        client.get(LIST)
        .context["check_notice"]["text"]
        .startswith("上半年组织关系清查请在 2026年6月30日前完成")
    )
    check = FileCheck.objects.create(organisation=branch, period="2026-H1", started_on=MARCH)
    assert client.get(LIST).context["check_notice"] is not None
    check.finished_on = TODAY
    check.save()
    assert client.get(LIST).context["check_notice"] is None


@pytest.mark.parametrize(
    ("role", "new", "edit"),
    [("secretary", True, True), ("organiser", True, True), ("group_leader", False, False)],
)
def test_who_may_change_members_finds_the_way_to(client, branch, member, role, new, edit):
    client.force_login(factories.make_user(role, branch))
    context = client.get(LIST).context
    assert bool(context["new_url"]) is new
    assert bool(context["rows"][0]["edit_url"]) is edit


# --- Saved views ----------------------------------------------------------------------------


def test_a_view_is_kept_opened_and_forgotten(client, secretary, crowd):
    client.force_login(secretary)
    response = client.post(
        reverse("members:save_view"), {"name": "老党员", "query": "age_from=60&page=2"}
    )
    assert response["Location"] == f"{LIST}?age_from=60"
    (view,) = client.get(response["Location"]).context["saved_views"]
    assert (view["name"], view["url"], view["current"]) == (
        "老党员",
        f"{LIST}?age_from=60",
        True,
    )
    client.post(view["delete_url"])
    assert not SavedView.objects.exists()


def test_a_view_without_name_or_with_a_known_one_is_not_kept(client, secretary):
    client.force_login(secretary)
    for name in ("老党员", "老党员", " "):
        client.post(reverse("members:save_view"), {"name": name, "query": "age_from=60"})
    assert SavedView.objects.count() == 1
    page = client.get(LIST).content.decode()
    assert "已有一个叫“老党员”的视图，请换个名称" in page
    assert "请给这个视图起个名称" in page


def test_a_view_holds_no_whole_number(client, secretary, member):
    client.force_login(secretary)
    client.post(
        reverse("members:save_view"), {"name": "一个人", "query": f"q={member.id_number[:17]}"}
    )
    assert SavedView.objects.get().query == f"q={member.id_number[13:17]}"


def test_the_view_of_another_is_not_there(client, branch, secretary):
    client.force_login(secretary)
    client.post(reverse("members:save_view"), {"name": "老党员", "query": "age_from=60"})
    client.force_login(factories.make_user("organiser", branch))
    assert client.get(LIST).context["saved_views"] == []
    url = reverse("members:delete_view", args=[SavedView.objects.get().pk])
    assert client.post(url).status_code == 404
    assert SavedView.objects.count() == 1


# --- Groups for those ticked ----------------------------------------------------------------


def test_those_ticked_come_into_one_group_from_a_day(client, branch, secretary):
    group = factories.make_group(branch, "第一党小组")
    first, second, third = factories.make_members(branch, 3)
    client.force_login(secretary)
    response = client.post(
        reverse("members:regroup"),
        {"pick": [first.pk, second.pk], "group": group.pk, "on": "3.2"},
        follow=True,
    )
    assert "已把 2 人编入第一党小组，自2026年3月2日起" in response.content.decode()
    for one, expected in ((first, group), (second, group), (third, None)):
        one.refresh_from_db()
        assert one.group == expected


def test_one_refused_means_nobody_is_moved(client, branch, secretary):
    group = factories.make_group(branch, "第一党小组")
    first = factories.make_member(branch)
    late = factories.make_member(branch, starts_on=MARCH)
    client.force_login(secretary)
    client.post(
        reverse("members:regroup"),
        {"pick": [first.pk, late.pk], "group": group.pk, "on": "2026-02-01"},
    )
    first.refresh_from_db()
    assert first.group is None


def test_the_neighbours_members_cannot_be_ticked(client, committee, branch, secretary):
    group = factories.make_group(branch)
    other = factories.make_member(factories.make_branch(committee))
    client.force_login(secretary)
    client.post(reverse("members:regroup"), {"pick": [other.pk], "group": group.pk})
    other.refresh_from_db()
    assert other.group is None
    client.force_login(factories.make_user("group_leader", branch))
    url = reverse("members:regroup") + f"?branch={branch.code}"
    assert client.post(url, {"pick": [other.pk], "group": group.pk}).status_code == 403


# --- The workbook ---------------------------------------------------------------------------

EXPORT = "/ledgers/members/"


def rows_of(content):
    book = openpyxl.load_workbook(BytesIO(content))
    return [list(row) for row in book["党员花名册"].values]


def test_the_workbook_holds_what_the_list_shows_in_its_order(client, branch, secretary, crowd):
    factories.make_post(branch, PostTitle.SECRETARY, member=crowd["甲"])
    factories.make_charge(crowd["甲"], JANUARY)
    factories.make_payment(crowd["甲"], JANUARY)
    client.force_login(secretary)
    query = "gender=male&sort=-joined"
    page = client.get(f"{EXPORT}?{query}")
    assert (page.context["conditions"], page.context["total"]) == ("男", "2")
    response = client.post(f"{EXPORT}?{query}&page=2")
    rows = rows_of(response.content)
    assert rows[0] == ("姓名 职务 性别 年龄 类别 入党日期 党小组 联系电话 学时 党费缴至".split())
    assert [row[0] for row in rows[1:]] == names(client.get(f"{LIST}?{query}")) == ["丙", "甲"]
    assert rows[2] == [
        "甲",
        "书记",
        "男",
        66,
        "正式党员",
        datetime.datetime(2000, 12, 31),  # noqa: DTZ001 a workbook knows no time zones
        "第一党小组",
        "136****3471",
        0,
        "2026年1月",
    ]


def test_the_workbook_of_a_committee_names_the_branches_and_of_who_left_the_reasons(
    client, committee, officer, crowd
):
    factories.make_branch(committee)
    client.force_login(officer)
    rows = rows_of(client.post(f"{EXPORT}?left=any").content)
    assert rows[0][2] == "支部"
    assert rows[0][-2:] == ["离开日期", "离开原因"]
    assert rows[1][2] == "望春社区第一党支部"
    assert rows[1][-1] == "组织关系转往外县：荻浦"


def test_a_workbook_leaves_a_line_with_conditions_and_number_of_rows(
    client, branch, secretary, crowd
):
    client.force_login(secretary)
    client.get(f"{EXPORT}?gender=male")
    assert not TrailLine.objects.exists()
    client.post(f"{EXPORT}?gender=male")
    line = TrailLine.objects.get()
    assert (line.action, line.by, line.organisation_id) == ("导出花名册", secretary, branch.pk)
    assert line.after == {"条件": "男", "行数": "2", "号码": "部分隐藏"}


def test_a_long_list_is_made_in_the_background(client, monkeypatch, settings, secretary, crowd):
    monkeypatch.setattr(list_views, "MOST_AT_ONCE", 3)
    client.force_login(secretary)
    response = client.post(f"{EXPORT}?sort=joined")
    assert response["Location"] == reverse("ledgers:export")
    job = Job.objects.get()
    assert (job.title, job.parameters) == ("望春社区第一党支部党员花名册", {"query": "sort=joined"})
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.DONE, "共 4 名")
    (line,) = client.get(reverse("ledgers:export")).context["ledgers"]
    content = b"".join(client.get(line["url"]).streaming_content)
    assert [row[0] for row in rows_of(content)[1:]] == ["甲", "乙", "丙", "丁"]


def test_who_lost_the_right_gets_no_file_from_the_background(client, secretary, crowd, monkeypatch):
    monkeypatch.setattr(list_views, "MOST_AT_ONCE", 1)
    client.force_login(secretary)
    client.post(EXPORT)
    secretary.grants.update(withdrawn_at="2026-03-18T08:00:00+08:00")
    job = Job.objects.get()
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.FAILED, "你的账号不能导出这份名册")


def test_who_may_not_take_ledgers_out_gets_no_workbook(client, committee, branch, member):
    client.force_login(factories.make_user("group_leader", branch))
    assert client.get(EXPORT).status_code == client.post(EXPORT).status_code == 403
    neighbour = factories.make_branch(committee)
    client.force_login(factories.make_user("secretary", neighbour))
    for method in (client.get, client.post):
        assert method(f"{EXPORT}?branch={branch.code}").status_code == 404
    assert rows_of(client.post(EXPORT).content)[1:] == []
