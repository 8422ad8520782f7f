"""County values that depart from the county's in a sector or a campaign."""

from datetime import date

import pytest

from accounts.roles import Role
from branches.deadlines import BEGINS
from branches.models import Sector, Setting
from branches.periods import Span, period_of
from branches.services import change_facts
from branches.values import Values
from compliance import forecast, scopes
from compliance.judging import WINDOW_MONTHS, due_day, judge, question_for
from compliance.models import Duty, Foreseen
from compliance.registry import RULES
from compliance.services import refresh_everybody
from meetings.enums import Type
from meetings.values import LECTURES_A_YEAR, PLAN_MONTH, THEME_DAYS_A_MONTH
from tasks.services.campaigns import CampaignFacts, change_campaign, close_campaign
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import county_value, duty_of, verdict
from tests.queries import count_of

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)
YEAR = date(2026, 1, 1)
SCHOOLS = "sector:school"
DAY = "meetings.theme_day"


@pytest.fixture
def branches():
    """Two schools and a village, each with one theme day in September."""
    committee = factories.make_committee(factories.make_county())
    found = [
        factories.make_branch(committee, sector=sector)
        for sector in (Sector.SCHOOL, Sector.SCHOOL, Sector.VILLAGE)
    ]
    for branch in found:
        factories.make_meeting(branch, date(2026, 9, 5), [Type.THEME_DAY])
    return found


def scoped(key, value, starts_on=YEAR, scope=SCHOOLS):
    return Setting.objects.create(key=key.name, scope=scope, value=value, starts_on=starts_on)


def verdicts(branches, code=DAY, as_of=AS_OF):
    return [verdict(code, branch, as_of) for branch in branches]


def campaign_of(branches, **facts):
    facts = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 12, 15)} | facts
    campaign = factories.make_campaign(branches[0].parent.parent, **facts)
    factories.make_measure(campaign, units=branches)
    return campaign


# --- Who stands in a scope ----------------------------------------------------------------


def test_a_sector_is_judged_by_its_own_value_and_the_others_by_the_countys(branches):
    scoped(THEME_DAYS_A_MONTH, 2)
    assert verdicts(branches) == [(2, 1, "open"), (2, 1, "open"), (1, 1, "done")]


def test_the_version_of_a_verdict_says_the_value_of_its_scope(branches):
    scoped(THEME_DAYS_A_MONTH, 2)
    versions = [duty_of(DAY, branch, AS_OF).version for branch in branches]
    assert versions == ["theme_day=2;strict", "theme_day=2;strict", "theme_day=1;strict"]


def test_a_campaign_goes_before_the_sector_and_that_before_the_county(branches):
    campaign = campaign_of(branches[:1])
    county_value(THEME_DAYS_A_MONTH, 4, YEAR)
    scoped(THEME_DAYS_A_MONTH, 3)
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert [found[0] for found in verdicts(branches)] == [2, 3, 4]


def test_of_two_campaigns_the_one_begun_last_decides(branches):
    for first, value in ((date(2026, 3, 1), 2), (date(2026, 4, 1), 3)):
        campaign = campaign_of(branches[:1], title=f"{first}", starts_on=first)
        scoped(THEME_DAYS_A_MONTH, value, scope=scopes.campaign_scope(campaign))
    assert [found[0] for found in verdicts(branches)] == [3, 1, 1]


@pytest.mark.parametrize(
    ("day", "required"),
    [(date(2026, 9, 9), 1), (date(2026, 9, 10), 2), (date(2026, 9, 20), 2), (date(2026, 9, 21), 1)],
)
def test_a_campaign_counts_from_its_first_day_to_its_last(branches, day, required):
    campaign = campaign_of(branches, starts_on=date(2026, 9, 10), ends_on=date(2026, 9, 20))
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert verdicts(branches, as_of=day)[0][0] == required


@pytest.mark.parametrize(
    "facts", [{"state": "draft"}, {"state": "closed", "closed_on": date(2026, 9, 29)}]
)
def test_a_draft_binds_nobody_nor_does_a_campaign_that_was_ended(branches, facts):
    campaign = campaign_of(branches, **facts)
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert [found[0] for found in verdicts(branches)] == [1, 1, 1]


def test_who_was_issued_a_task_belongs_to_the_campaign(branches):
    campaign = campaign_of(branches[:1])
    factories.make_task(branches[2], measure=campaign.measures.get())
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert [found[0] for found in verdicts(branches)] == [2, 1, 2]


def test_a_unit_that_a_measure_names_belongs_to_the_campaign_once_it_has_its_task(branches):
    campaign = campaign_of(branches[:1])
    measure = campaign.measures.get()
    measure.named.add(branches[2])
    days = {"opened_on": date(2026, 9, 20), "due_on": date(2026, 11, 30)}
    factories.make_task(branches[1], measure=measure, **days)
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert [found[0] for found in verdicts(branches)] == [2, 2, 1]
    months_gone_by = [duty_of(DAY, one, AS_OF, of=date(2026, 8, 1)).required for one in branches]
    assert months_gone_by == [2, 1, 1]


def test_ending_a_campaign_takes_back_what_its_values_foresaw(branches):
    campaign = campaign_of(branches[:1])
    county_value(RULES[DAY].on_key, False, YEAR)
    scoped(RULES[DAY].on_key, True, scope=scopes.campaign_scope(campaign))
    forecast.rebuild_rule(RULES[DAY], AS_OF, Values())
    foreseen = Foreseen.objects.filter(rule=DAY).order_by("period")
    found = list(foreseen.values_list("organisation", "period"))
    assert found == [(branches[0].pk, "2026-10"), (branches[0].pk, "2026-11")]
    facts = {"summary": "已做完", "leave_open": True, "by": None, "on": AS_OF}
    close_campaign(campaign=campaign, version=campaign.version, **facts)
    refresh_everybody(AS_OF)
    assert not foreseen.exists()


def test_a_plan_that_ends_earlier_has_its_units_judged_again(branches):
    campaign = campaign_of(branches[:1])
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign))
    assert duty_of(DAY, branches[0], AS_OF).required == 2
    facts = CampaignFacts(campaign.title, 2026, campaign.starts_on, date(2026, 8, 31))
    change_campaign(campaign=campaign, version=campaign.version, facts=facts, by=None)
    refresh_everybody(AS_OF)
    duty = Duty.objects.get(organisation=branches[0], rule=DAY, period="2026-09")
    assert (duty.required, duty.state) == (1, "done")


def test_nothing_in_a_scope_ends_the_departure_from_its_day(branches):
    scoped(THEME_DAYS_A_MONTH, 2)
    scoped(THEME_DAYS_A_MONTH, None, date(2026, 9, 30))
    assert verdicts(branches)[0] == (1, 1, "done")
    assert duty_of(DAY, branches[0], AS_OF, of=date(2026, 8, 1)).required == 2


def test_a_past_period_keeps_the_value_of_its_last_day(branches):
    scoped(THEME_DAYS_A_MONTH, 2, date(2026, 9, 1))
    found = [duty_of(DAY, branches[0], AS_OF, of=date(2026, month, 1)) for month in (8, 9)]
    assert [duty.required for duty in found] == [1, 2]


def test_the_sector_of_the_last_day_of_the_period_decides(branches):
    scoped(THEME_DAYS_A_MONTH, 2)
    change_facts(branches[0], by=None, on=date(2026, 9, 15), today=AS_OF, sector=Sector.VILLAGE)
    found = [duty_of(DAY, branches[0], AS_OF, of=date(2026, month, 1)) for month in (8, 9)]
    assert [duty.required for duty in found] == [2, 1]


# --- On and off ---------------------------------------------------------------------------


def test_where_a_rule_is_off_nobody_has_a_row(branches):
    assert verdicts(branches) == [(1, 1, "done")] * 3
    county_value(RULES[DAY].on_key, False, date(2026, 9, 1))
    assert verdicts(branches) == [None] * 3
    assert duty_of(DAY, branches[0], AS_OF, of=date(2026, 8, 1)).state == "overdue"


def test_a_rule_may_be_off_for_one_sector_alone(branches):
    scoped(RULES[DAY].on_key, False)
    assert verdicts(branches) == [None, None, (1, 1, "done")]
    assert set(Duty.objects.values_list("organisation_id", flat=True)) == {branches[2].pk}


def test_a_rule_that_is_off_may_be_on_for_one_sector_alone(branches):
    county_value(RULES[DAY].on_key, False, YEAR)
    scoped(RULES[DAY].on_key, True)
    assert verdicts(branches) == [(1, 1, "done"), (1, 1, "done"), None]


def test_every_rule_can_be_switched_off():
    build_county(2)
    for rule in RULES.values():
        county_value(rule.on_key, False, date(2025, 1, 1))
    values, judged = Values(), {}
    for code, rule in RULES.items():
        period = None if rule.is_standing else period_of(rule.span, AS_OF)
        if found := judge(rule, question_for(rule, period, AS_OF, values)):
            judged[code] = found
    assert judged == {}


def test_the_red_light_may_be_advice_in_one_sector(branches):
    scoped(RULES[DAY].strict_key, False)
    found = [duty_of(DAY, branch, AS_OF, of=date(2026, 8, 1)).state for branch in branches]
    assert found == ["behind", "behind", "overdue"]


# --- Due days -----------------------------------------------------------------------------


def test_a_due_day_follows_the_value_of_the_scope(branches):
    scoped(PLAN_MONTH, 3)
    found = [duty_of("meetings.plan", branch, AS_OF).due_on for branch in branches]
    rule, year = RULES["meetings.plan"], period_of(Span.YEAR, AS_OF)
    assert found == [date(2026, 3, 31)] * 2 + [due_day(rule, year, Values())]


def test_it_is_known_of_whom_a_coming_period_asks_and_by_when(branches):
    rule, year = RULES["meetings.plan"], period_of(Span.YEAR, date(2027, 1, 1))
    keys = [branch.pk for branch in branches]
    county = due_day(rule, year, Values())
    assert scopes.asked(rule, year, Values(), keys) == dict.fromkeys(keys, county)
    scoped(PLAN_MONTH, 5)
    scoped(rule.on_key, False, scope="sector:village")
    assert scopes.asked(rule, year, Values(), keys) == dict.fromkeys(keys[:2], date(2027, 5, 31))
    assert {due_day(rule, year, one) for one in scopes.variants(rule, Values())} == {
        county,
        date(2027, 5, 31),
    }


# --- Cost and completeness ----------------------------------------------------------------


def test_judging_costs_no_query_more_where_no_value_of_the_rule_departs(branches):
    rule, month = RULES[DAY], period_of(Span.MONTH, AS_OF)
    values = Values()
    assert len(scopes.parts(rule, question_for(rule, month, AS_OF, values))) == 1
    plain = count_of(lambda: judge(rule, question_for(rule, month, AS_OF, values)))
    scoped(LECTURES_A_YEAR, 6)
    values = Values()
    assert count_of(lambda: judge(rule, question_for(rule, month, AS_OF, values))) == plain
    scoped(THEME_DAYS_A_MONTH, 1)
    values = Values()
    assert count_of(lambda: judge(rule, question_for(rule, month, AS_OF, values))) > plain


class Recording(Values):
    """Notes which values were asked for."""

    asked: set

    def on(self, key, day):
        self.asked.add(key)
        return super().on(key, day)


def test_every_value_a_rule_reads_is_one_of_its_keys():
    build_county(2)
    unknown = {}
    for rule in RULES.values():
        Recording.asked = set()
        period = None if rule.is_standing else period_of(rule.span, AS_OF)
        judge(rule, question_for(rule, period, AS_OF, Recording()))
        if more := Recording.asked - {*rule.all_keys, BEGINS, WINDOW_MONTHS}:
            unknown[rule.code] = {key.name for key in more}
    assert unknown == {}


def test_one_organisation_is_asked_with_its_own_values(branches):
    scoped(THEME_DAYS_A_MONTH, 2)
    rule, month = RULES[DAY], period_of(Span.MONTH, AS_OF)
    some = type(branches[0]).objects.filter(pk=branches[0].pk)
    question = scopes.own(rule, question_for(rule, month, AS_OF, Values(), some))
    assert question.value(THEME_DAYS_A_MONTH) == 2
    for branch, value in zip(branches, (2, 2, 1), strict=True):
        values = scopes.values_of(branch, Values(), AS_OF)
        assert values.on(THEME_DAYS_A_MONTH, AS_OF) == value


def test_changes_that_may_move_someone_into_another_scope_concern_the_rule(branches):
    rule = RULES[DAY]
    assert scopes.areas(rule, Values()) == frozenset()
    scoped(THEME_DAYS_A_MONTH, 2)
    assert scopes.areas(rule, Values()) == {"branches"}
    scoped(THEME_DAYS_A_MONTH, 2, scope=scopes.campaign_scope(campaign_of(branches)))
    assert scopes.areas(rule, Values()) == {"branches", "tasks"}


def test_each_scope_has_its_words(branches):
    campaign = campaign_of(branches, title="四抓两整治", year=2026)
    words = dict(scopes.choices(AS_OF))
    name = scopes.campaign_scope(campaign)
    assert (words[""], words[SCHOOLS], words[name]) == (
        "全县",
        "领域：学校",
        "方案：四抓两整治（2026 年）",
    )
    assert name not in dict(scopes.choices(date(2026, 12, 16)))
    assert scopes.scope_words(["", SCHOOLS, name, "campaign:999999"]) == {
        "": "全县",
        SCHOOLS: "领域：学校",
        name: "方案：四抓两整治",
        "campaign:999999": "方案：已删除",
    }


def test_the_desk_tells_of_the_coming_month_with_the_values_of_the_branch(client, settings):
    settings.TODAY_OVERRIDE = AS_OF
    committee = factories.make_committee(factories.make_county())
    school = factories.make_branch(committee, sector=Sector.SCHOOL)
    client.force_login(factories.make_user(Role.SECRETARY, school))
    scoped(THEME_DAYS_A_MONTH, 3)
    duty_of(DAY, school, AS_OF)
    page = client.get("/desk/", {"month": "next"}).content.decode()
    assert "每月 3 次" in page
