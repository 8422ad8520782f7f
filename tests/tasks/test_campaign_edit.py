"""The pages on which a plan is made: who may, who may look, and what they store."""

import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from branches.models import Sector, Setting
from meetings.values import LECTURES_A_YEAR
from tasks.enums import CampaignState
from tasks.models import Campaign, Task
from tasks.services.campaigns import CampaignFacts, create_blank, create_from_template
from tasks.services.issuing import issue
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def town(county):
    return factories.make_committee(county)


@pytest.fixture
def branch(town):
    branch = factories.make_branch(town, "上荻村党支部", sector=Sector.VILLAGE)
    factories.make_post(branch, person_name="林守正")
    return branch


@pytest.fixture
def officer(county, client):
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    client.force_login(user)
    return user


@pytest.fixture
def campaign(county, branch, officer):
    """Plan 0 of 2026 as a draft of the county."""
    return create_from_template(
        organisation=county, template="plan0", year=2026, by=officer, on=TODAY
    )


def url(name, campaign, *args):
    return reverse(f"tasks:campaign_{name}", args=[campaign.pk, *args])


def measure_data(measure, **changes):
    data = {
        "version": measure.campaign.version,
        "text": measure.text,
        "detail": measure.detail,
        "due_on": f"{measure.due_on:%Y-%m-%d}",
        "block": measure.block_id,
        "phase": measure.phase_id or "",
        "addressed": measure.addressed,
        "sector": measure.sector,
    }
    return data | changes


# --- Who ----------------------------------------------------------------------------------------


def pages(campaign):
    measure, value = campaign.measures.first(), campaign.values.first()
    return [
        url("edit", campaign),
        url("facts", campaign),
        url("issue", campaign),
        url("part_new", campaign, "measures"),
        url("part", campaign, "measures", measure.pk),
        url("value_apply", campaign, value.pk),
    ]


def test_who_runs_the_plan_opens_every_page_of_it(client, campaign):
    assert [client.get(page).status_code for page in pages(campaign)] == [200] * 6
    assert client.get(reverse("tasks:campaign_new")).status_code == 200


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER])
def test_a_branch_sees_no_draft_and_changes_no_issued_plan(client, campaign, branch, officer, role):
    client.force_login(factories.make_user(role, branch))
    assert {client.get(page).status_code for page in pages(campaign)} == {404}
    issue(campaign, by=officer, on=TODAY)
    assert {client.get(page).status_code for page in pages(campaign)} == {403}
    assert client.get(reverse("tasks:campaign_new")).status_code == 403


def test_an_inspector_changes_no_plan(client, campaign, county, officer):
    issue(campaign, by=officer, on=TODAY)
    client.force_login(factories.make_user(Role.INSPECTOR, county))
    assert {client.get(page).status_code for page in pages(campaign)} == {403}


def test_a_committee_runs_its_own_plan_and_not_its_neighbours(client, county, town, branch):
    mine = factories.make_user(Role.COMMITTEE_OFFICER, town)
    campaign = create_from_template(
        organisation=town, template="plan0", year=2026, by=mine, on=TODAY
    )
    client.force_login(mine)
    assert client.get(url("edit", campaign)).status_code == 200
    # The county's numbers are not its to set.
    assert client.get(pages(campaign)[-1]).status_code == 403
    client.post(url("issue", campaign), {"version": campaign.version, "on": "3.2"})
    assert {task.organisation for task in Task.objects.all()} == {town, branch}
    other = factories.make_committee(county, "荻浦镇党委")
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, other))
    assert {client.get(page).status_code for page in pages(campaign)} == {404}
    for name in ("discard", "issue", "close"):
        assert client.post(url(name, campaign)).status_code == 404


def test_nobody_is_asked_to_log_in(client, campaign):
    client.logout()
    assert all(client.get(page).status_code == 302 for page in pages(campaign))


def test_a_committee_begins_no_plan_of_another(client, county, town, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, town))
    data = {"organisation": county.pk, "year": "2026", "source": "plan3"}
    assert client.post(reverse("tasks:campaign_new"), data).status_code == 200
    assert Campaign.objects.count() == 0
    client.post(reverse("tasks:campaign_new"), data | {"organisation": town.pk})
    assert Campaign.objects.get().organisation == town


# --- Begin and write -----------------------------------------------------------------------------


def test_a_plan_begins_from_a_template_blank_or_from_another(client, county, officer):
    page = reverse("tasks:campaign_new")
    data = {"organisation": county.pk, "year": "2026", "source": "plan4", "title": ""}
    response = client.post(page, data)
    first = Campaign.objects.get()
    assert response.url == url("edit", first)
    assert first.title == "2026年社会组织建组织扩覆盖工作方案"
    response = client.post(page, data)
    assert "2026年已有" in response.content.decode()
    response = client.post(page, data | {"source": "blank"})
    assert "请填方案名称" in response.content.decode()
    client.post(page, data | {"source": "blank", "title": "阵地建设方案"})
    client.post(page, data | {"source": f"copy-{first.pk}", "year": "2027"})
    assert set(Campaign.objects.values_list("title", "year")) == {
        (first.title, 2026),
        ("阵地建设方案", 2026),
        ("2027年社会组织建组织扩覆盖工作方案", 2027),
    }


def test_a_measure_is_changed_in_the_browser_and_what_was_typed_stays(client, campaign, branch):
    measure = campaign.measures.first()
    page = url("part", campaign, "measures", measure.pk)
    data = measure_data(measure, addressed="named", named=[branch.pk], due_on="5.31")
    assert client.post(page, data).url.endswith(f"#measures-{measure.pk}")
    measure.refresh_from_db()
    assert (measure.addressed, measure.due_on) == ("named", datetime.date(2026, 5, 31))
    assert measure.named.get() == branch
    response = client.post(page, data | {"text": "我正在写的措施"})
    assert "刚被别人改过" in response.content.decode()
    assert "我正在写的措施" in response.content.decode()
    campaign.refresh_from_db()
    assert response.context["form"]["version"].value() == str(campaign.version)


def test_a_day_typed_without_its_year_is_of_the_plans_year(client, county, officer, branch):
    campaign = create_from_template(
        organisation=county, template="plan0", year=2027, by=officer, on=TODAY
    )
    measure = campaign.measures.first()
    data = measure_data(measure, due_on="5.31")
    client.post(url("part", campaign, "measures", measure.pk), data)
    measure.refresh_from_db()
    assert measure.due_on == datetime.date(2027, 5, 31)


def test_a_unit_of_another_county_is_not_named(client, campaign):
    measure = campaign.measures.first()
    other = factories.make_branch()
    data = measure_data(measure, addressed="named", named=[other.pk])
    response = client.post(url("part", campaign, "measures", measure.pk), data)
    assert "不在牵头单位之下" in response.content.decode()


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("phases", {"name": "回头看", "starts_on": "11.1", "ends_on": "12.31"}),
        ("blocks", {"name": "抓宣传"}),
        (
            "targets",
            {
                "subject": "达标率",
                "bound": "at_least",
                "value": "60%",
                "unit": "%",
                "due_on": "12.31",
            },
        ),
        ("values", {"key": "meetings.talks", "value": "2", "starts_on": "1.1"}),
    ],
)
def test_each_part_is_added_changed_moved_and_taken_out(client, campaign, part, data):
    rows = getattr(campaign, part)
    before = rows.count()
    response = client.post(url("part_new", campaign, part), data | {"version": campaign.version})
    row = rows.latest("pk")
    assert (rows.count(), response.url) == (before + 1, f"{url('edit', campaign)}#{part}-{row.pk}")
    campaign.refresh_from_db()
    changed = {"version": campaign.version}
    assert client.post(url("part", campaign, part, row.pk), data | changed).status_code == 302
    campaign.refresh_from_db()
    assert list(rows.all())[-1] == row
    moved = {"up": row.pk, "version": campaign.version}
    client.post(url("part_move", campaign, part), moved)
    campaign.refresh_from_db()
    assert list(rows.all())[-1] != row
    client.post(url("part_delete", campaign, part, row.pk), {"version": campaign.version})
    assert rows.count() == before


def test_a_part_of_another_plan_is_not_found(client, campaign, county, officer):
    other = create_blank(
        organisation=county, facts=CampaignFacts("乙", 2026, TODAY, TODAY), by=officer
    )
    row = campaign.blocks.first()
    assert client.get(url("part", other, "blocks", row.pk)).status_code == 404
    assert client.post(url("part_delete", other, "blocks", row.pk)).status_code == 404
    assert client.post(url("part_move", other, "blocks"), {"up": row.pk}).status_code == 404
    assert client.get(url("part_new", other, "people")).status_code == 404
    # A measure needs a block first.
    assert client.get(url("part_new", other, "measures")).url == url("part_new", other, "blocks")


def test_the_page_of_a_plan_asks_as_often_for_many_measures(client, campaign):
    def look():
        assert client.get(url("edit", campaign)).status_code == 200

    many = count_of(look)
    keep = campaign.measures.first()
    campaign.measures.exclude(pk=keep.pk).delete()
    assert count_of(look) == many


# --- Issue, end, numbers ----------------------------------------------------------------------------


def test_the_preview_says_what_issuing_will_do(client, campaign, town):
    factories.make_branch(town, "下荻村党支部", sector=Sector.VILLAGE)
    text = client.get(url("issue", campaign)).content.decode()
    # 24 measures for each of two branches and 6 for the county itself; 3 name nobody here.
    found = client.get(url("issue", campaign)).context["found"]
    assert (found.tasks, found.units) == (54, 3)
    assert "<b>54</b> 项任务" in text
    assert "3 条措施没有承办单位" in text
    assert "上年整顿的两个支部制定巩固提升方案" in text
    assert "下荻村党支部" in text
    response = client.post(
        url("issue", campaign), {"version": campaign.version, "on": "3.1", "preview": "1"}
    )
    assert response.status_code == 200
    assert Task.objects.count() == 0
    # Issued on a day before: what was due since then would be late at once.
    data = {"version": campaign.version, "on": "2026-02-01", "preview": "1"}
    assert client.post(url("issue", campaign), data).context["overdue"] == 0
    measure = campaign.measures.filter(addressed="branches").first()
    campaign.measures.filter(pk=measure.pk).update(due_on=datetime.date(2026, 3, 1))
    assert client.post(url("issue", campaign), data).context["overdue"] == 2
    text = client.post(
        url("issue", campaign), {"version": campaign.version, "on": "3.3"}
    ).content.decode()
    assert "在今天之后" in text


def test_issuing_leads_to_the_plan_and_a_second_click_is_told(client, campaign):
    data = {"version": campaign.version, "on": "3.2"}
    response = client.post(url("issue", campaign), data)
    assert response.url == reverse("tasks:campaign", args=[campaign.pk])
    count = Task.objects.count()
    response = client.post(url("issue", campaign), data)
    assert "没有要补下达的任务" in response.content.decode()
    assert Task.objects.count() == count


def test_a_plan_with_contradictions_offers_to_clarify_them(client, county, branch, officer):
    campaign = create_from_template(
        organisation=county, template="plan1", year=2026, by=officer, on=TODAY
    )
    response = client.get(url("issue", campaign))
    assert response.context["blocked"]
    text = response.content.decode()
    assert "不少于 60%" in text
    assert "不少于 90%" in text
    response = client.post(url("issue", campaign), {"version": campaign.version, "on": "3.2"})
    assert "写明怎样处理再印发" in response.content.decode()
    facts = {
        "version": campaign.version,
        "title": campaign.title,
        "year": "2026",
        "starts_on": "3.1",
        "ends_on": "2028-12-31",
        "self_check_on": "12.5",
        "clarification": "2027年以 60% 为准",
    }
    client.post(url("facts", campaign), facts)
    campaign.refresh_from_db()
    client.post(url("issue", campaign), {"version": campaign.version, "on": "3.2"})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


def test_ending_asks_about_open_tasks(client, campaign, officer):
    issue(campaign, by=officer, on=TODAY)
    campaign.refresh_from_db()
    data = {"version": campaign.version, "summary": "都已办完"}
    response = client.post(url("close", campaign), data)
    assert "没有销号" in response.content.decode()
    client.post(url("close", campaign), data | {"leave_open": "on"})
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CLOSED
    assert client.get(url("edit", campaign)).status_code == 200
    assert client.get(url("issue", campaign)).status_code == 302


def test_the_county_takes_over_a_number_of_the_plan(client, campaign, officer):
    issue(campaign, by=officer, on=TODAY)
    row = campaign.values.get(key=LECTURES_A_YEAR.name)
    page = url("value_apply", campaign, row.pk)
    assert page in client.get(url("edit", campaign)).content.decode()
    client.post(page, {"starts_on": "4.1"})
    assert Setting.objects.get().starts_on == datetime.date(2026, 4, 1)
    text = client.get(url("edit", campaign)).content.decode()
    assert "2026年3月2日采用" in text
    assert page not in text


def test_a_switch_of_the_county_is_typed_as_yes_or_no(client, campaign):
    data = {"key": "tasks.coverage_two_own", "starts_on": "1.1", "version": campaign.version}
    page = url("part_new", campaign, "values")
    assert "value" in client.post(page, data | {"value": "也许"}).context["form"].errors
    client.post(page, data | {"value": "否"})
    assert campaign.values.get(key=data["key"]).value is False


def test_a_draft_is_thrown_away(client, campaign):
    client.post(url("discard", campaign), {"version": campaign.version})
    assert Campaign.objects.count() == 0
