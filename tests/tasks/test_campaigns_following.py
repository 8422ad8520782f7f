"""Following a campaign: who sees it, how far it is by block, unit and phase, what was reached."""

import datetime
from decimal import Decimal

import pytest
from django.http import Http404
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from tasks.campaign_progress import Tally, phase_now, progress, summaries
from tasks.campaigns import get_open, open_to, parts_of
from tasks.contradictions import Kind, contradictions
from tasks.models import Campaign, Target
from tasks.services import Refused
from tasks.services.targets import enter_reached
from tasks.target_figures import Reached, fulfils, percent
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
PHASES = (
    ("调查部署", datetime.date(2026, 1, 1), datetime.date(2026, 3, 31)),
    ("组织实施", datetime.date(2026, 4, 1), datetime.date(2026, 12, 31)),
)


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def town(county):
    return factories.make_committee(county)


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


def officer(place, role=Role.COMMITTEE_OFFICER):
    return factories.make_user(role, place)


def page(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


# --- Who sees which -------------------------------------------------------------------------


def test_a_branch_sees_what_was_issued_above_it_and_no_draft(county, town, branch):
    issued = factories.make_campaign(county, "县的方案")
    own = factories.make_campaign(town, "镇的方案")
    factories.make_campaign(town, "镇的草稿", state="draft")
    secretary = officer(branch, Role.SECRETARY)
    assert set(open_to(secretary)) == {issued, own}


def test_a_branch_of_another_committee_sees_no_committees_campaign(county, town, client):
    campaign = factories.make_campaign(town)
    other = factories.make_branch(factories.make_committee(county, "荻浦镇党委"))
    secretary = officer(other, Role.SECRETARY)
    assert not open_to(secretary).exists()
    with pytest.raises(Http404):
        get_open(secretary, campaign.pk)
    for name in ("tasks:campaign", "tasks:campaign_paper"):
        assert page(client, secretary, name, campaign.pk).status_code == 404
    assert campaign.title not in page(client, secretary, "tasks:campaigns").content.decode()


def test_a_draft_is_seen_where_campaigns_are_run(county, town):
    draft = factories.make_campaign(town, state="draft")
    assert set(open_to(officer(town))) == {draft}
    assert set(open_to(officer(county, Role.COUNTY_OFFICER))) == {draft}
    assert not open_to(officer(county, Role.INSPECTOR)).exists()
    assert not open_to(officer(factories.make_committee(county, "荻浦镇党委"))).exists()


def test_a_draft_of_the_county_is_not_seen_below(county, town):
    factories.make_campaign(county, state="draft")
    assert not open_to(officer(town)).exists()


def test_nobody_without_a_grant_sees_a_campaign(county):
    factories.make_campaign(county)
    assert not open_to(factories.make_user()).exists()


# --- How far it is --------------------------------------------------------------------------


@pytest.fixture
def campaign(county, town, branch):
    """Two units, two blocks: one task done, one overdue, one open, one cancelled."""
    campaign = factories.make_campaign(county, phases=PHASES)
    first, second = campaign.phases.all()
    other = factories.make_branch(town, "望春社区第二党支部")
    factories.make_measure(
        campaign,
        "书记培训一次",
        block="抓带头人",
        phase=first,
        due_on=datetime.date(2026, 3, 17),
        units=[other],
        done=[branch],
    )
    later = factories.make_measure(campaign, "活动室达标", phase=second, units=[branch, other])
    later.tasks.filter(organisation=other).update(state="cancelled")
    return campaign


def test_progress_counts_by_block_phase_and_unit(campaign):
    found = progress(campaign, TODAY)
    assert found.total == Tally(total=3, done=1, overdue=1, due=2)
    assert (found.total.open, found.total.percent, found.total.pace) == (
        2,
        Decimal("33.3"),
        Decimal("66.7"),
    )
    one, two = Tally(total=2, done=1, overdue=1, due=2), Tally(total=1)
    assert [(block.name, tally) for block, tally in found.blocks] == [
        ("抓带头人", one),
        ("抓阵地建设", two),
    ]
    assert [(phase.name, tally) for phase, tally in found.phases] == [
        ("调查部署", one),
        ("组织实施", two),
    ]
    assert [(unit.name, tally) for unit, tally in found.units] == [
        ("望春社区第二党支部", Tally(total=1, overdue=1, due=1)),
        ("望春社区第一党支部", Tally(total=2, done=1, due=1)),
    ]


def test_a_task_due_today_is_neither_overdue_nor_should_it_be_done(campaign):
    found = progress(campaign, datetime.date(2026, 3, 17))
    assert (found.total.overdue, found.total.due) == (0, 0)


def test_measures_without_a_phase_stand_at_the_end(campaign, branch):
    factories.make_measure(campaign, "随时办", units=[branch])
    phase, tally = progress(campaign, TODAY).phases[-1]
    assert (phase, tally.total) == (None, 1)


def test_nothing_given_out_is_no_share(county):
    found = progress(factories.make_campaign(county), TODAY)
    assert (found.total.percent, found.units) == (None, [])


def test_progress_takes_as_many_queries_for_sixty_units_as_for_three(county, town):
    def made(units):
        campaign = factories.make_campaign(county, f"方案{units}")
        branches = [factories.make_branch(town) for _one in range(units)]
        factories.make_measure(campaign, units=branches)
        return campaign

    small, large = made(3), made(60)
    few = count_of(lambda: progress(small, TODAY))
    assert count_of(lambda: progress(large, TODAY)) == few == 6
    assert len(progress(large, TODAY).units) == 60


def test_the_list_takes_as_many_queries_for_three_campaigns_as_for_one(client, county, branch):
    user = officer(county, Role.COUNTY_OFFICER)
    client.force_login(user)
    factories.make_measure(factories.make_campaign(county, "一", phases=PHASES), units=[branch])
    one = count_of(lambda: client.get(reverse("tasks:campaigns")))
    for title in ("二", "三"):
        campaign = factories.make_campaign(county, title, phases=PHASES)
        factories.make_measure(campaign, units=[branch])
    assert count_of(lambda: client.get(reverse("tasks:campaigns"))) == one


def test_summaries_name_the_next_deadline(campaign):
    tally, following = summaries([campaign], TODAY)[campaign.pk]
    assert (tally.total, following) == (3, datetime.date(2026, 3, 17))


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ((2025, 12, 31), "调查部署"),
        ((2026, 3, 31), "调查部署"),
        ((2026, 4, 1), "组织实施"),
        ((2027, 1, 1), "组织实施"),
    ],
)
def test_the_phase_of_a_day(campaign, day, name):
    assert phase_now(campaign.phases.all(), datetime.date(*day)).name == name


# --- Pages ----------------------------------------------------------------------------------


def test_the_county_sees_all_units_and_the_committee_its_own(client, campaign, county, branch):
    far = factories.make_branch(factories.make_committee(county, "荻浦镇党委"), "上荻村党支部")
    factories.make_measure(campaign, "另一条", units=[far])
    text = page(
        client, officer(county, Role.COUNTY_OFFICER), "tasks:campaign", campaign.pk, by="unit"
    ).content.decode()
    assert "上荻村党支部" in text
    assert "望春社区第一党支部" in text
    text = page(
        client, officer(branch.parent), "tasks:campaign", campaign.pk, by="unit"
    ).content.decode()
    assert "上荻村党支部" not in text
    assert "望春社区第一党支部" in text


def test_a_branch_sees_its_own_tasks_in_the_order_of_the_blocks(client, campaign, branch):
    response = page(client, officer(branch, Role.SECRETARY), "tasks:campaign", campaign.pk)
    groups = response.context["groups"]
    assert [(group["name"], [task["problem"] for task in group["tasks"]]) for group in groups] == [
        ("抓带头人", ["书记培训一次"]),
        ("抓阵地建设", ["活动室达标"]),
    ]
    assert "望春社区第二党支部" not in response.content.decode()


def test_the_page_of_a_unit_is_closed_to_its_neighbour(client, campaign, town, branch):
    address = ("tasks:campaign_unit", campaign.pk, branch.code)
    assert page(client, officer(town), *address).status_code == 200
    neighbour = officer(factories.make_branch(town), Role.SECRETARY)
    assert page(client, neighbour, *address).status_code == 404


def test_the_steps_say_which_phase_is_on(client, campaign, county):
    steps = page(
        client, officer(county, Role.COUNTY_OFFICER), "tasks:campaign", campaign.pk
    ).context["steps"]
    assert [(step["name"], step["state"]) for step in steps] == [
        ("调查部署", "current"),
        ("组织实施", "todo"),
    ]


def test_the_list_filters_by_year_and_state(client, campaign, county):
    factories.make_campaign(county, "去年的方案", state="closed", year=2025)
    user = officer(county, Role.COUNTY_OFFICER)

    def titles(**query):
        response = page(client, user, "tasks:campaigns", **query)
        return [row["title"] for row in response.context["rows"]]

    assert titles() == ["四抓两整治", "去年的方案"]
    assert titles(year="2025") == ["去年的方案"]
    assert titles(state="running") == ["四抓两整治"]
    assert titles(year="2025", state="running") == []


def test_the_progress_table_is_printed(client, campaign, county):
    text = page(
        client, officer(county, Role.COUNTY_OFFICER), "tasks:campaign_paper", campaign.pk
    ).content.decode()
    assert "四抓两整治进度表" in text
    assert "33.3%" in text


def test_contradictions_are_shown_with_the_clarification(client, county):
    campaign = factories.make_campaign(county, clarification="2023年以60%为准，90%为2025年目标")
    for value in ("60", "90"):
        factories.make_target(campaign, value=value, due_on=datetime.date(2023, 12, 31))
    assert [one.kind for one in contradictions(parts_of(campaign))] == [Kind.DIFFERENT]
    text = page(
        client, officer(county, Role.COUNTY_OFFICER), "tasks:campaign", campaign.pk
    ).content.decode()
    assert "不少于 60%和不少于 90%" in text
    assert "2023年以60%为准" in text


# --- Targets --------------------------------------------------------------------------------


def test_a_computed_share_shows_numerator_and_denominator():
    assert percent(67, 213) == Decimal("31.46")


def test_thirty_one_point_four_six_per_cent_stands_on_the_page(client, county, monkeypatch):
    from tasks import target_figures

    class Figure:
        numerator, denominator = 67, 213

    source = target_figures.Computed("", lambda *_where: {"coverage.organisation": Figure})
    monkeypatch.setitem(target_figures.FIGURES, "coverage.organisation", source)
    campaign = factories.make_campaign(county)
    factories.make_target(campaign, "组织覆盖率", figure="coverage.organisation")
    user = officer(county, Role.COUNTY_OFFICER)
    text = page(client, user, "tasks:campaign", campaign.pk).content.decode()
    assert "31.46%" in text
    assert "67/213" in text


@pytest.mark.parametrize(
    ("bound", "numerator", "denominator", "expected"),
    [
        ("at_least", 3, 5, True),
        ("at_least", 5999, 10000, False),
        # 59.996 % is shown as 60.00 % and is still below.
        ("at_least", 59996, 100000, False),
        ("above", 3, 5, False),
        ("at_most", 3, 5, True),
        ("below", 3, 5, False),
        ("exactly", 3, 5, True),
    ],
)
def test_a_computed_share_is_compared_exactly(bound, numerator, denominator, expected):
    target = Target(bound=bound, value=Decimal(60))
    found = Reached(percent(numerator, denominator), TODAY, numerator, denominator)
    assert fulfils(target, found) is expected


def test_nothing_entered_is_neither_reached_nor_missed():
    assert fulfils(Target(bound="at_least", value=Decimal(60)), Reached(None, None)) is None


def entered(target, value="58.5", as_of=TODAY, known="", by=None):
    return enter_reached(
        target=target, value=Decimal(value), as_of=as_of, known=known, by=by, today=TODAY
    )


def test_the_lead_enters_what_was_reached(county):
    target = factories.make_target(factories.make_campaign(county))
    entered(target, by=officer(county, Role.COUNTY_OFFICER))
    target.refresh_from_db()
    assert (target.reached, target.reached_on) == (Decimal("58.50"), TODAY)
    line = TrailLine.objects.get(area="campaigns")
    assert line.after == {"支部标准化达标率": "58.5%，截至2026年3月18日"}
    entered(target, "61", known="58.5%，截至2026年3月18日")
    with pytest.raises(Refused, match="刚被别人填为61%"):
        entered(target, "59", known="58.5%，截至2026年3月18日")


@pytest.mark.parametrize(
    ("facts", "entry", "words"),
    [
        ({}, {"as_of": TODAY + datetime.timedelta(days=1)}, "在今天之后"),
        ({}, {"as_of": datetime.date(2025, 12, 31)}, "2026年1月1日才开始"),
        ({}, {"value": "100.01"}, "0 到 100"),
        ({"unit": "个"}, {"value": "-1"}, "不能是负数"),
        ({"figure": "coverage.work"}, {}, "由系统按台账计算"),
    ],
)
def test_what_is_refused_of_a_target(county, facts, entry, words):
    target = factories.make_target(factories.make_campaign(county), **facts)
    with pytest.raises(Refused, match=words):
        entered(target, **entry)


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_a_target_is_entered_while_the_campaign_runs(county, state):
    target = factories.make_target(factories.make_campaign(county, state=state))
    with pytest.raises(Refused, match="只有实施中的方案"):
        entered(target)


def test_only_the_lead_enters_a_target(client, county, town, branch):
    campaign = factories.make_campaign(county)
    target = factories.make_target(campaign)
    typed = {"value": "58.5", "as_of": "3.18", "known": ""}
    address = reverse("tasks:target_reached", args=[campaign.pk, target.pk])
    for user in (officer(town), officer(branch, Role.SECRETARY)):
        client.force_login(user)
        assert client.post(address, typed).status_code == 403
    client.force_login(officer(county, Role.COUNTY_OFFICER))
    assert client.post(address, typed).url == reverse("tasks:campaign", args=[campaign.pk])
    text = client.post(address, typed | {"value": "五十"}).content.decode()
    assert "五十" in text
    target.refresh_from_db()
    assert target.reached == Decimal("58.50")


def test_a_target_of_another_campaign_is_not_found(client, county):
    target = factories.make_target(factories.make_campaign(county, "甲"))
    other = factories.make_campaign(county, "乙")
    client.force_login(officer(county, Role.COUNTY_OFFICER))
    address = reverse("tasks:target_reached", args=[other.pk, target.pk])
    assert client.post(address, {"value": "1", "as_of": "3.18"}).status_code == 404
    assert Campaign.objects.count() == 2
