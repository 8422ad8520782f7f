"""The pages of coverage: who sees and does what, and that the numbers can be recomputed."""

import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from branches.models import BranchUnit, Setting, Unit
from tasks.models import FoundingStep, UnitInstructor, UnitSurvey
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 8, 20)
JULY = datetime.date(2026, 7, 22)
LIST, NEW = "/tasks/coverage/", "/tasks/coverage/new/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee(factories.make_county(), "柳汀街道党工委")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部", code="WC1")


@pytest.fixture
def unit(town):
    return factories.make_registered_unit(town, "望春书画协会")


@pytest.fixture
def officer(client, town):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, town))
    return client


def page_of(unit, name="unit"):
    return reverse(f"tasks:coverage_{name}", args=[unit.pk])


def shown(response):
    """What a person would send by pressing the button without touching anything."""
    form = response.context["form"]
    sent = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if hasattr(field, "prepare_value"):
            value = field.prepare_value(value)
        if value not in (None, "", False, []):
            sent[name] = value
    return sent


def covered(unit, branch):
    BranchUnit.objects.create(unit=unit, organisation=branch, starts_on=JULY)


# --- The list -----------------------------------------------------------------------------------


def test_213_units_with_67_covered_show_31_46_per_cent(officer, town, branch):
    units = Unit.objects.bulk_create(
        Unit(organisation=town, name=f"望春第{number}协会", kind="social_organisation")
        for number in range(213)
    )
    BranchUnit.objects.bulk_create(
        BranchUnit(unit=unit, organisation=branch, starts_on=JULY) for unit in units[:67]
    )
    response = officer.get(LIST)
    bar = response.context["bars"][0]
    assert (bar["counts"], bar["percent"], bar["words"]) == (
        "67/213",
        "31.46%",
        "目标 60%，差 61 个",
    )
    body = response.content.decode()
    assert "31.46%" in body and "67/213" in body
    assert response.context["page"].paginator.num_pages == 5
    committees = officer.get("/tasks/coverage/committees/")
    assert str(committees.context["total"]["organisation"]) == "31.46"


def test_chips_sort_the_units_by_what_is_due(officer, town, branch):
    for members in (0, 1, 2, 3):
        factories.make_unit_survey(
            factories.make_registered_unit(town, f"{members}名"), working=members
        )
    factories.make_registered_unit(town, "未摸底")
    done = factories.make_registered_unit(town, "已建")
    covered(done, branch)
    factories.make_unit_survey(done, working=3)
    helped = factories.make_registered_unit(town, "有指导员")
    factories.make_unit_instructor(helped)
    tally = {chip["label"]: chip["count"] for chip in officer.get(LIST).context["chips"]}
    assert tally == {
        "未覆盖": 5, "应单独建": 2, "应联合建": 1, "应派指导员": 5, "未摸底": 2, "已建": 1, "全部": 7,
    }  # fmt: skip
    names = {
        show: [row["name"] for row in officer.get(LIST, {"show": show}).context["rows"]]
        for show in ("own", "joint", "founded", "unsurveyed")
    }
    assert names == {
        "own": ["3名", "2名"],
        "joint": ["1名"],
        "founded": ["已建"],
        "unsurveyed": ["未摸底", "有指导员"],
    }
    [row] = officer.get(LIST, {"q": "已建"}).context["rows"]
    assert (row["form"], row["branch"], row["words"]) == (
        "单独组建", "望春社区第一党支部", "已建党组织",
    )  # fmt: skip


def test_filters_narrow_the_list_and_stay_with_the_pages(officer, town, branch):
    for number in range(51):
        unit = factories.make_registered_unit(town)
        factories.make_unit_survey(unit, authority="县民政局" if number else "县教育局")
    factories.make_registered_unit(branch, kind="private_enterprise")
    response = officer.get(LIST, {"authority": "县民政局", "page": "1"})
    assert len(response.context["rows"]) == 50
    assert response.context["query"] == "authority=%E5%8E%BF%E6%B0%91%E6%94%BF%E5%B1%80"
    one = officer.get(LIST, {"kind": "private_enterprise"})
    assert one.context["bars"][0]["counts"] == "0/1"
    assert officer.get(LIST, {"organisation": branch.code}).context["page"].paginator.count == 1
    assert officer.get(LIST, {"q": "没有的"}).content.decode().count("清除条件") == 1


def test_the_list_and_its_papers_need_as_many_queries_for_three_as_for_one(officer, town, branch):
    def more():
        unit = factories.make_registered_unit(town)
        factories.make_unit_survey(unit, working=2)
        factories.make_unit_instructor(unit)
        covered(unit, branch)

    addresses = (LIST, "/tasks/coverage/print/", "/tasks/coverage/committees/")
    more()
    one = [count_of(lambda address=address: officer.get(address)) for address in addresses]
    more()
    more()
    assert [count_of(lambda address=address: officer.get(address)) for address in addresses] == one


def test_a_secretary_sees_the_register_of_the_own_branch_only(client, town, branch, unit):
    own = factories.make_registered_unit(branch, "本支部的厂")
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    assert [row["name"] for row in client.get(LIST).context["rows"]] == ["本支部的厂"]
    assert client.get(page_of(own)).status_code == 200
    for name in ("unit", "change", "survey", "steps", "cover", "instructor", "end"):
        assert client.get(page_of(unit, name)).status_code == 404
    assert client.get("/tasks/coverage/committees/").status_code == 404


@pytest.mark.parametrize("role", [Role.GROUP_LEADER, Role.INSPECTOR])
def test_who_may_only_look_changes_nothing(client, town, branch, role):
    place = branch if role == Role.GROUP_LEADER else town
    unit = factories.make_registered_unit(place)
    survey = factories.make_unit_survey(unit)
    sent = factories.make_unit_instructor(unit)
    client.force_login(factories.make_user(role, place))
    assert client.get(page_of(unit)).context["urls"] == {}
    assert client.get(LIST).context["new_url"] == ""
    assert client.get(NEW).status_code == 403
    for name in ("change", "survey", "steps", "cover", "instructor", "end"):
        assert client.post(page_of(unit, name), {}).status_code == 403
    assert client.post(page_of(unit, "restore")).status_code == 403
    assert client.post(page_of(survey, "survey_change"), {}).status_code == 403
    assert client.post(page_of(sent, "instructor_end"), {}).status_code == 403


def test_the_neighbours_secretary_finds_nothing(client, town, branch):
    unit = factories.make_registered_unit(branch, "别家的厂")
    survey, sent = factories.make_unit_survey(unit), factories.make_unit_instructor(unit)
    neighbour = factories.make_branch(town)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    for address in (
        page_of(unit),
        page_of(survey, "survey_change"),
        page_of(sent, "instructor_end"),
        f"{LIST}?organisation={branch.code}",
        f"/tasks/coverage/print/?organisation={branch.code}",
    ):
        assert client.get(address).status_code == 404
    assert "别家的厂" not in client.get(LIST).content.decode()
    assert (
        client.post(NEW, {"name": "甲", "kind": "school", "organisation": branch.code})
        .context["form"]
        .errors["organisation"]
    )


# --- The unit -----------------------------------------------------------------------------------


def test_a_committee_registers_a_unit_and_goes_on_to_its_survey(officer, town):
    sent = shown(officer.get(NEW)) | {"name": "望春书画协会"}
    answer = officer.post(NEW, sent)
    unit = Unit.objects.get()
    assert (unit.organisation, unit.kind) == (town, "social_organisation")
    assert answer["Location"] == page_of(unit)
    again = officer.post(NEW, sent)
    assert "已登记过“望春书画协会”" in again.content.decode()
    assert again.context["form"]["name"].value() == "望春书画协会"


def test_a_unit_is_kept_by_whom_the_name_or_code_means(officer, branch):
    for typed in (branch.code, branch.name):
        officer.post(NEW, {"name": f"厂{typed}", "kind": "school", "organisation": typed})
    assert Unit.objects.filter(organisation=branch).count() == 2


def test_the_page_lets_a_reader_recompute_what_is_due(officer, unit):
    factories.make_unit_survey(
        unit, working=2, here=1, floating=1, relation_former=1, legal_person="柏兰",
        head_is_member=True,
    )  # fmt: skip
    body = officer.get(page_of(unit)).content.decode()
    for words in (
        "应单独建并派指导员",
        "实际在本单位工作的正式党员 2 名（其中关系未转的流动党员 1 名），"
        "组织关系在本单位的正式党员 1 名。按实际工作计算是 2 名",
        "两者不一致",
        "关系在原单位",
        "柏兰",
        "还没有选派，没有党组织的单位都要派",
    ):
        assert words in body, words
    Setting.objects.create(
        key="tasks.coverage_by_working", starts_on=TODAY, value=False, reason="与统计一致"
    )
    body = officer.get(page_of(unit)).content.decode()
    assert "应联合建" in body and "按组织关系计算是 1 名" in body


def test_counts_that_do_not_add_up_are_pointed_out(officer, unit):
    survey = factories.make_unit_survey(unit, working=3, here=1, relation_other=1)
    assert officer.get(page_of(unit)).context["newest"]["differs"]
    UnitSurvey.objects.filter(pk=survey.pk).update(relation_other=2)
    assert not officer.get(page_of(unit)).context["newest"]["differs"]


def test_a_survey_starts_from_the_last_one_and_keeps_it(officer, unit):
    factories.make_unit_survey(
        unit, working=2, here=1, floating=1, authority="县民政局", full_time=4,
        mass_organisations=["women"], head_is_member=False,
    )  # fmt: skip
    response = officer.get(page_of(unit, "survey"))
    sent = shown(response)
    assert sent["surveyed_on"] == "2026年8月20日"
    assert (sent["authority"], sent["head_is_member"]) == ("县民政局", "no")
    answer = officer.post(page_of(unit, "survey"), sent | {"formal_working": "3人"})
    assert answer["Location"] == page_of(unit)
    newest, first = unit.surveys.all()
    assert (newest.surveyed_on, newest.formal_working, newest.full_time) == (TODAY, 3, 4)
    assert (first.surveyed_on, first.formal_working, newest.head_is_member) == (JULY, 2, False)
    assert newest.mass_organisations == ["women"]


def test_what_was_typed_stays_when_a_survey_is_refused(officer, unit):
    sent = {"surveyed_on": "8.19", "formal_working": "1", "floating": "2", "authority": "县民政局"}
    response = officer.post(page_of(unit, "survey"), sent)
    assert "流动党员比实际在本单位工作的正式党员（1 名）多" in response.content.decode()
    assert response.context["form"]["authority"].value() == "县民政局"
    assert not UnitSurvey.objects.exists()


def test_the_second_to_change_a_survey_is_told_and_may_save_on_top(officer, unit):
    survey = factories.make_unit_survey(unit, working=1)
    address = page_of(survey, "survey_change")
    sent = shown(officer.get(address)) | {"formal_working": "2"}
    UnitSurvey.objects.filter(pk=survey.pk).update(version=2, formal_working=4)
    refused = officer.post(address, sent)
    assert "刚被别人改过" in refused.content.decode()
    sent = sent | {"version": refused.context["form"]["version"].value()}
    assert officer.post(address, sent).status_code == 302
    survey.refresh_from_db()
    assert (survey.formal_working, survey.version) == (2, 3)


def test_an_instructor_is_sent_and_work_coverage_rises(officer, unit):
    assert [bar["counts"] for bar in officer.get(LIST).context["bars"]] == ["0/1", "0/1"]
    officer.post(page_of(unit, "instructor"), {"person_name": "方立平", "starts_on": "8.20"})
    assert [bar["counts"] for bar in officer.get(LIST).context["bars"]] == ["0/1", "1/1"]
    sent = UnitInstructor.objects.get()
    officer.post(page_of(sent, "instructor_end"), {"ends_on": "8.20", "version": "1"})
    assert UnitInstructor.objects.get().ends_on == TODAY


def test_a_branch_takes_a_unit_in_and_the_form_is_shown(officer, unit, branch):
    answer = officer.post(page_of(unit, "cover"), {"branch": branch.name, "on": "8.1"})
    assert answer["Location"] == page_of(unit)
    response = officer.get(page_of(unit))
    [behind] = response.context["branches"]
    assert (behind["name"], behind["form"], behind["since"]) == (
        "望春社区第一党支部", "单独组建", "2026年8月1日",
    )  # fmt: skip
    assert "cover" not in response.context["urls"]
    stranger = factories.make_branch(name="外乡党支部")
    other = factories.make_registered_unit(unit.organisation)
    form = officer.post(page_of(other, "cover"), {"branch": stranger.name, "on": "8.1"})
    assert "没有找到这个组织" in form.content.decode()


def test_founding_steps_stand_in_the_stepper(officer, unit):
    factories.make_unit_survey(unit)
    sent = {"mobilised_done_on": "7.20", "prepared_planned_on": "8.10", "prepared_note": "等批复"}
    assert officer.post(page_of(unit, "steps"), sent)["Location"] == page_of(unit)
    steps = officer.get(page_of(unit)).context["steps"]
    assert [(step["state"], step["note"]) for step in steps[:4]] == [
        ("done", "7月20日"),
        ("done", "7月22日"),
        ("current", "计划 8月10日，逾期"),
        ("todo", ""),
    ]
    twice = officer.post(page_of(unit, "steps"), sent)
    assert "刚被别人改过" in twice.content.decode()
    assert FoundingStep.objects.count() == 2


def test_a_unit_struck_off_leaves_the_list_and_may_come_back(officer, unit):
    officer.post(page_of(unit, "end"), {"on": "8.20"})
    assert officer.get(LIST).context["page"].paginator.count == 0
    assert [row["name"] for row in officer.get("/tasks/coverage/ended/").context["rows"]] == [
        "望春书画协会"
    ]
    assert officer.get(page_of(unit)).context["words"] == "已于2026年8月20日注销"
    officer.post(page_of(unit, "restore"))
    assert officer.get(LIST).context["page"].paginator.count == 1


def test_a_unit_is_put_right_and_what_moved_on_is_told(officer, unit):
    sent = shown(officer.get(page_of(unit, "change"))) | {"credit_code": "51330203mj8912345x"}
    officer.post(page_of(unit, "change"), sent)
    unit.refresh_from_db()
    assert unit.credit_code == "51330203MJ8912345X"
    assert "刚被别人改过" in officer.post(page_of(unit, "change"), sent).content.decode()


# --- By day, on paper, by phase -----------------------------------------------------------------


def test_the_table_by_committee_shows_any_day_on_screen_and_on_paper(officer, town, branch, unit):
    covered(unit, branch)
    past = officer.get("/tasks/coverage/committees/", {"on": "7.21"})
    assert [str(past.context["total"][key]) for key in ("units", "organisation")] == ["1", "0.00"]
    today = officer.get("/tasks/coverage/committees/")
    assert str(today.context["total"]["organisation"]) == "100.00"
    wrong = officer.get("/tasks/coverage/committees/", {"on": "2026-02-30"})
    assert wrong.context["unread"] and wrong.context["day"] == TODAY
    paper = officer.get("/tasks/coverage/committees/print/", {"on": "7.21"}).content.decode()
    assert "截至 2026年7月21日" in paper and town.name in paper


def test_the_register_is_printed_in_sheets(officer, town):
    for _ in range(20):
        factories.make_registered_unit(town)
    response = officer.get("/tasks/coverage/print/", {"show": "uncovered"})
    assert [len(rows) for rows in response.context["sheets"]] == [9, 8, 3]
    body = response.content.decode()
    assert "（未覆盖）" in body and "第 3 页 共 3 页" in body


def test_each_phase_shows_the_units_as_of_its_end(officer, client, town, branch, unit):
    campaign = town.campaigns.create(
        title="扩覆盖", year=2026, template="plan4", state="running",
        starts_on=datetime.date(2026, 7, 15), ends_on=datetime.date(2026, 8, 31),
    )  # fmt: skip
    for position, (name, start, end) in enumerate(
        (("摸底", (7, 15), (7, 31)), ("组建", (8, 1), (8, 25)), ("总结", (8, 26), (8, 31)))
    ):
        campaign.phases.create(
            position=position,
            name=name,
            starts_on=datetime.date(2026, *start),
            ends_on=datetime.date(2026, *end),
        )
    other = factories.make_registered_unit(town)
    factories.make_unit_survey(unit, datetime.date(2026, 7, 31))
    factories.make_unit_survey(other, datetime.date(2026, 7, 14))
    factories.make_registered_unit(town, kind="private_enterprise")
    BranchUnit.objects.create(unit=unit, organisation=branch, starts_on=datetime.date(2026, 8, 1))
    address = f"/tasks/coverage/campaigns/{campaign.pk}/"
    phases = officer.get(address).context["phases"]
    seen = [
        (phase["state"], phase["counted"].units, phase["surveyed"], phase["counted"].covered)
        for phase in phases
        if phase["counted"]
    ]
    assert seen == [("done", 2, 1, 0), ("current", 2, 1, 1)]
    assert phases[2]["words"] == "还没有开始"
    paper = officer.get(phases[0]["paper_url"]).content.decode()
    assert "扩覆盖中期检查表（摸底）" in paper and "截至 2026年7月31日" in paper
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch()))
    assert client.get(address).status_code == 404
