"""自查报告: what the ledgers fill in, and the way of a report from the branch to the superior."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from dashboard.desk import desk
from dashboard.self_check import facts, first_wording, owed
from meetings.enums import Type
from tasks.enums import SelfCheckState
from tasks.models import SelfCheck
from tasks.services import Refused
from tasks.services.kept import ChangedMeanwhile
from tasks.services.self_checks import ReportFacts, accept, return_report, save_draft, submit
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
DUE = datetime.date(2026, 4, 5)
REPORT = ReportFacts("按月推进", "无", "继续巩固")
TYPED = {"done": "按月推进", "problems": "无", "plans": "", "version": "0", "act": "submit"}


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee(factories.make_county())


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


@pytest.fixture
def campaign(town, branch):
    campaign = factories.make_campaign(town, self_check_on=DUE)
    factories.make_measure(campaign, "书记培训一次", done=[branch])
    factories.make_measure(
        campaign, "活动室达标", units=[branch], due_on=datetime.date(2026, 3, 16)
    )
    return campaign


def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town)


def address(name, campaign, branch):
    return reverse(name, args=[campaign.pk, branch.code])


def handed_in(campaign, branch, **given):
    given = {"facts": REPORT, "figures": [], "version": 0, "by": None, "on": TODAY, **given}
    return submit(campaign=campaign, organisation=branch, **given)


# --- What is filled in ----------------------------------------------------------------------


def found(branch, campaign):
    return {fact.label: fact for fact in facts(branch, campaign, TODAY)}


def test_the_figures_are_those_of_the_pages(client, campaign, branch):
    people = factories.make_members(branch, 4)
    for month in (1, 2):
        factories.make_meeting(
            branch, datetime.date(2026, month, 6), (Type.THEME_DAY,), present=people
        )
        factories.make_charge(people[0], datetime.date(2026, month, 1), "20.00")
    factories.make_payment(people[0], datetime.date(2026, 1, 1), "20.00")
    given = found(branch, campaign)
    client.force_login(secretary(branch))

    year = client.get(given["主题党日"].url).context["rows"]
    assert [row["kept"] for row in year if row["name"] == "主题党日"] == ["2 / 2 个月"]
    assert (given["主题党日"].value, given["主题党日"].note) == (
        "2 次",
        "应开展 2 个月，已开展 2 个月",
    )
    hours = client.get(given["学习学时"].url).context["sums"]
    assert given["学习学时"].value == f"人均 {hours['average']} 学时"
    assert given["党费收缴"].value == "应缴 ¥40.00，实缴 ¥20.00"
    summary = client.get(given["党费收缴"].url).content.decode()
    assert "40.00" in summary
    assert "20.00" in summary
    assert given["党费收缴"].gap == "党费未缴 ¥20.00，1 人次未足额"
    assert given["本方案的任务"].value == "2 项，已销号 1 项"
    total = client.get(given["本方案的任务"].url).context["total"]
    assert (total["total"], total["done"], total["overdue"]) == (2, 1, 1)
    assert given["党员"].value == "4 名"


def test_every_link_of_the_table_opens(client, campaign, branch):
    factories.make_members(branch, 4)
    factories.make_check(branch, "2026-H1", datetime.date(2026, 3, 1))
    given = found(branch, campaign)
    assert given["组织关系清查（上半年）"].gap
    client.force_login(secretary(branch))
    answers = {label: client.get(fact.url).status_code for label, fact in given.items()}
    assert set(answers.values()) == {200}


def test_what_lacks_becomes_the_problems(campaign, branch):
    factories.make_members(branch, 4)
    wording = first_wording(facts(branch, campaign, TODAY), branch, campaign, TODAY)
    assert "方案的任务逾期 1 项" in wording.problems
    assert "书记培训一次" in wording.done
    assert "活动室达标" in wording.plans
    assert "逾期 2 天" in wording.plans


def test_the_page_is_prefilled_and_asks_for_no_figure(client, campaign, branch):
    client.force_login(secretary(branch))
    form = client.get(address("self_check", campaign, branch)).context["form"]
    assert list(form.fields) == ["done", "problems", "plans", "version"]
    assert "本方案的任务" not in form.initial["done"]
    assert "共 2 项，已销号 1 项" in form.initial["done"]


# --- Writing and handing in -----------------------------------------------------------------


def test_a_draft_is_kept_and_counts_as_not_handed_in(campaign, branch):
    check = save_draft(campaign=campaign, organisation=branch, facts=REPORT, version=0, by=None)
    assert (check.state, check.version, check.done) == (SelfCheckState.DRAFT, 1, "按月推进")
    assert [one["campaign"] for one in owed(branch, TODAY, 30)] == [campaign]


def test_handing_in_freezes_the_figures_and_leaves_a_line(client, campaign, branch):
    client.force_login(secretary(branch))
    page = address("self_check", campaign, branch)
    assert client.post(page, TYPED).url == page
    check = SelfCheck.objects.get()
    assert (check.state, check.submitted_on) == (SelfCheckState.SUBMITTED, TODAY)
    kept = {row["label"]: row["value"] for row in check.figures}
    assert kept["本方案的任务"] == "2 项，已销号 1 项"
    line = TrailLine.objects.get(area="self_checks")
    assert (line.action, line.object_id) == ("报送自查报告", check.pk)
    assert line.after["状态"] == "已报送"
    # What changes later does not change the paper.
    campaign.measures.get(text="活动室达标").tasks.update(state="closed", closed_on=TODAY)
    assert "2 项，已销号 1 项" in client.get(page).content.decode()
    assert (
        "2 项，已销号 1 项"
        in client.get(address("self_check_paper", campaign, branch)).content.decode()
    )
    assert owed(branch, TODAY, 30) == []


@pytest.mark.parametrize("name", ["done", "problems"])
def test_a_report_without_its_parts_is_refused_and_nothing_is_lost(client, campaign, branch, name):
    client.force_login(secretary(branch))
    response = client.post(
        address("self_check", campaign, branch), TYPED | {name: " ", "plans": "写了半天"}
    )
    assert "写了半天" in response.content.decode()
    assert response.context["form"].errors[name]
    assert not SelfCheck.objects.exists()


def test_an_older_version_is_refused_and_what_was_typed_stays(client, campaign, branch):
    save_draft(campaign=campaign, organisation=branch, facts=REPORT, version=0, by=None)
    client.force_login(secretary(branch))
    page = address("self_check", campaign, branch)
    response = client.post(page, TYPED | {"done": "另一个人写的"})
    assert "刚被别人改过" in response.content.decode()
    assert "另一个人写的" in response.content.decode()
    # The page knows the newest version now; saved once more it is taken.
    assert response.context["form"]["version"].value() == 1
    assert client.post(page, TYPED | {"version": "1"}).status_code == 302


def test_what_was_handed_in_is_not_written_any_more(campaign, branch):
    handed_in(campaign, branch)
    with pytest.raises(Refused, match="退回后才能再改"):
        handed_in(campaign, branch, version=1)


def test_only_branches_with_a_task_owe_a_report(campaign, town):
    with pytest.raises(Refused, match="没有分解到本支部的任务"):
        handed_in(campaign, factories.make_branch(town))


@pytest.mark.parametrize(
    ("facts_", "words"),
    [({"self_check_on": None}, "没有要求自查报告"), ({"state": "closed"}, "方案已结束")],
)
def test_a_campaign_that_takes_no_report(town, branch, facts_, words):
    campaign = factories.make_campaign(town, "另一个", **{"self_check_on": DUE, **facts_})
    factories.make_measure(campaign, units=[branch])
    with pytest.raises(Refused, match=words):
        handed_in(campaign, branch)


# --- Review ---------------------------------------------------------------------------------


def test_a_report_goes_back_and_comes_again(campaign, branch, town):
    check = handed_in(campaign, branch)
    by = officer(town)
    check = return_report(check=check, version=1, opinion="问题写具体", by=by, on=TODAY)
    assert (check.state, check.opinion) == (SelfCheckState.RETURNED, "问题写具体")
    assert owed(branch, TODAY, 30)[0]["opinion"] == "问题写具体"
    check = handed_in(campaign, branch, version=2)
    check = accept(check=check, version=3, by=by, on=TODAY)
    assert (check.state, check.version) == (SelfCheckState.ACCEPTED, 4)
    assert [line.action for line in TrailLine.objects.order_by("pk")] == [
        "报送自查报告",
        "退回自查报告",
        "报送自查报告",
        "审阅自查报告",
    ]


def test_a_return_needs_an_opinion(campaign, branch):
    with pytest.raises(Refused, match="退回要写明意见"):
        return_report(check=handed_in(campaign, branch), version=1, opinion=" ", by=None, on=TODAY)


def test_the_second_of_two_reviewers_is_told(campaign, branch):
    check = handed_in(campaign, branch)
    accept(check=check, version=1, by=None, on=TODAY)
    with pytest.raises(ChangedMeanwhile):
        return_report(check=check, version=1, opinion="补充", by=None, on=TODAY)
    with pytest.raises(Refused, match="已审阅"):
        accept(check=check, version=2, by=None, on=TODAY)


def test_who_may_do_what(client, campaign, branch, town):
    page = address("self_check", campaign, branch)
    neighbour = factories.make_branch(town)
    expected = {
        secretary(branch): (200, 403),
        factories.make_user(Role.ORGANISER, branch): (200, 403),
        secretary(neighbour): (404, 404),
        officer(factories.make_committee(town.parent, "荻浦镇党委")): (404, 404),
        factories.make_user(): (404, 404),
    }
    factories.make_self_check(campaign, branch, done="本支部的话")
    for user, (look, review) in expected.items():
        client.force_login(user)
        assert client.get(page).status_code == look
        assert client.get(address("self_check_paper", campaign, branch)).status_code == look
        for name in ("self_check_return", "self_check_accept"):
            answer = client.post(address(name, campaign, branch), {"opinion": "x", "version": 1})
            assert answer.status_code == review
    client.force_login(officer(town))
    assert client.post(page, TYPED).status_code == 403
    address_ = address("self_check_accept", campaign, branch)
    assert client.post(address_, {"opinion": "", "version": 1}).status_code == 302
    assert SelfCheck.objects.get().state == SelfCheckState.ACCEPTED


def test_an_organiser_does_not_write_the_report(client, campaign, branch):
    client.force_login(factories.make_user(Role.ORGANISER, branch))
    assert client.post(address("self_check", campaign, branch), TYPED).status_code == 403


def test_a_draft_is_not_read_from_above(client, campaign, branch, town):
    factories.make_self_check(campaign, branch, state="draft", done="还没写完的话")
    client.force_login(officer(town))
    assert (
        "还没写完的话" not in client.get(address("self_check", campaign, branch)).content.decode()
    )
    assert client.get(address("self_check_paper", campaign, branch)).status_code == 404


def test_the_list_puts_those_without_a_report_first(client, campaign, branch, town):
    others = [factories.make_branch(town, f"望春社区第{name}党支部") for name in "二三四"]
    factories.make_measure(campaign, units=others)
    factories.make_branch(town, "没有任务的党支部")
    for state, one in zip(
        ("accepted", "submitted", "returned"), (branch, *others[:2]), strict=True
    ):
        factories.make_self_check(campaign, one, state=state)
    client.force_login(officer(town))
    page = client.get(reverse("self_checks", args=[campaign.pk]))
    assert [(row["name"], row["words"]) for row in page.context["rows"]] == [
        ("望春社区第四党支部", "未报送"),
        ("望春社区第三党支部", "退回补充"),
        ("望春社区第二党支部", "待审阅"),
        ("望春社区第一党支部", "已审阅"),
    ]
    assert (page.context["handed_in"], page.context["asked"]) == (2, 4)
    only = client.get(reverse("self_checks", args=[campaign.pk]), {"show": "waiting"})
    assert [row["name"] for row in only.context["rows"]] == ["望春社区第二党支部"]


def test_a_report_is_late_from_the_day_after(client, campaign, branch, town, settings):
    client.force_login(officer(town))
    for day, words in ((DUE, "未报送"), (DUE + datetime.timedelta(days=1), "未报送，逾期 1 天")):
        settings.TODAY_OVERRIDE = day
        rows = client.get(reverse("self_checks", args=[campaign.pk])).context["rows"]
        assert [row["words"] for row in rows] == [words]


def test_a_secretary_is_led_from_the_list_to_the_own_report(client, campaign, branch):
    client.force_login(secretary(branch))
    page = client.get(reverse("self_checks", args=[campaign.pk]))
    assert page.url == address("self_check", campaign, branch)


@pytest.mark.parametrize(("days", "listed"), [(30, True), (18, True), (17, False)])
def test_an_owed_report_is_listed_so_many_days_ahead(campaign, branch, days, listed):
    assert bool(owed(branch, TODAY, days)) is listed


@pytest.mark.parametrize(
    ("day", "kind", "status"),
    [
        (datetime.date(2026, 3, 18), "run", "还剩 18 天"),
        (DUE, "soon", "今天截止"),
        (DUE + datetime.timedelta(days=1), "late", "逾期 1 天"),
    ],
)
def test_the_desk_lists_an_owed_report(campaign, branch, day, kind, status):
    (item,) = (
        one for one in desk(branch, day, "", next_month=False)["items"] if "自查报告" in one.title
    )
    assert (item.kind, item.status) == (kind, status)
    assert item.action["url"] == address("self_check", campaign, branch)


def test_the_only_branch_of_a_committee_hides_nothing_from_it(client, campaign, town):
    client.force_login(officer(town))
    assert client.get(reverse("self_checks", args=[campaign.pk])).status_code == 200
    page = client.get(reverse("tasks:campaign", args=[campaign.pk]))
    assert len(page.context["measures"]) == 2


def test_a_draft_is_not_looked_up_in_the_admin_site(client, campaign, branch):
    draft = factories.make_self_check(campaign, branch, state="draft")
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent))
    listed = reverse("admin:tasks_selfcheck_changelist")
    assert client.get(listed).context["cl"].result_count == 0
    SelfCheck.objects.filter(pk=draft.pk).update(state=SelfCheckState.SUBMITTED)
    assert client.get(listed).context["cl"].result_count == 1
