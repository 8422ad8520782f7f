from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Sector, Setting
from branches.values import KEYS, Key, Values
from compliance.models import Duty
from compliance.previewing import effects
from compliance.registry import RULES
from compliance.requirements import save
from meetings.enums import Type
from meetings.values import LECTURES_A_YEAR, THEME_DAYS_A_MONTH
from tests import factories
from tests.compliance.verdicts import county_value, duty_of
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 30)
LIST = "/duties/requirements/"
PAGE = f"{LIST}{THEME_DAYS_A_MONTH.name}/"


@pytest.fixture(autouse=True)
def last_of_september(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def branches(county):
    """Three branches: theme days in August once, twice, and never."""
    committee = factories.make_committee(county)
    made = [factories.make_branch(committee) for _ in range(3)]
    for branch, days in zip(made, ((5,), (5, 20), ()), strict=True):
        for day in days:
            factories.make_meeting(branch, date(2026, 8, day), [Type.THEME_DAY])
    return made


def officer(client, role=Role.COUNTY_OFFICER, where=None):
    user = factories.make_user(role, where or factories.make_county("中共青山县委员会"))
    client.force_login(user)
    return user


def typed(**facts) -> dict:
    return {"value": "2", "starts_on": "8.1", "reason": "清组发〔2026〕3号"} | facts


# --- Supposing --------------------------------------------------------------------------


def test_a_supposed_value_holds_from_its_day_and_leaves_the_values_alone():
    county_value(LECTURES_A_YEAR, 6, date(2026, 1, 1))
    values = Values()
    supposed = values.supposing(LECTURES_A_YEAR, 8, date(2026, 7, 1))
    days = [date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1)]
    assert [supposed.on(LECTURES_A_YEAR, day) for day in days] == [4, 6, 8]
    assert [values.on(LECTURES_A_YEAR, day) for day in days] == [4, 6, 6]


def test_a_supposed_value_takes_the_place_of_one_of_the_same_day():
    county_value(LECTURES_A_YEAR, 6, date(2026, 1, 1))
    supposed = Values().supposing(LECTURES_A_YEAR, 2, date(2026, 1, 1))
    assert supposed.on(LECTURES_A_YEAR, TODAY) == 2


# --- What would change ------------------------------------------------------------------


def test_it_says_who_would_turn_red_and_stores_nothing(branches):
    before = duty_of("meetings.theme_day", branches[0], TODAY, of=date(2026, 8, 1)).state
    found = {
        str(one.period): one for one in effects({THEME_DAYS_A_MONTH: 2}, date(2026, 8, 1), TODAY)
    }
    august = found["2026-08"]
    assert before == "done"
    assert august.reds == [branches[0].pk]
    assert (august.judged, dict(august.turns)) == (3, {"late": 1})
    assert "2026-07" not in found and not Setting.objects.exists()
    assert Duty.objects.get(organisation=branches[0], period="2026-08").state == "done"


def test_a_value_that_begins_later_is_tried_on_todays_facts(branches):
    found = effects({THEME_DAYS_A_MONTH: 2}, date(2027, 1, 1), TODAY)
    assert [str(one.period) for one in found] == ["2026-09"]


def test_a_light_switched_to_advice_turns_red_into_amber(branches):
    key = RULES["meetings.theme_day"].strict_key
    august = next(
        one
        for one in effects({key: False}, date(2026, 8, 1), TODAY)
        if str(one.period) == "2026-08"
    )
    assert dict(august.turns) == {"soon": 1} and august.reds == []


def test_what_is_stored_afterwards_is_what_was_foretold(client, county, branches):
    foretold = next(
        one
        for one in effects({THEME_DAYS_A_MONTH: 2}, date(2026, 8, 1), TODAY)
        if str(one.period) == "2026-08"
    ).reds
    officer(client, where=county)
    client.post(PAGE, typed(step="save"))
    late = [
        branch.pk
        for branch in branches
        if duty_of("meetings.theme_day", branch, TODAY, of=date(2026, 8, 1)).state == "overdue"
    ]
    assert late == [*foretold, branches[2].pk]


# --- Pages ------------------------------------------------------------------------------


def test_the_county_tries_a_value_before_it_saves_it(client, county, branches):
    user = officer(client, where=county)
    labels = ("新的值（次）", "从哪天起", "依据")
    shown = client.get(PAGE).content.decode()
    assert all(f">{label}</label>" in shown for label in labels)
    tried = client.post(PAGE, typed()).content.decode()
    assert "有 1 个组织会变红" in tried and branches[0].short_name in tried
    assert not Setting.objects.exists()
    response = client.post(PAGE, typed(step="save"))
    assert response.url == PAGE
    setting = Setting.objects.get()
    assert (setting.key, setting.value, setting.starts_on) == (
        THEME_DAYS_A_MONTH.name,
        2,
        date(2026, 8, 1),
    )
    line = TrailLine.objects.get(action="要求设置")
    assert (line.by_name, line.reason) == (user.name, "清组发〔2026〕3号")
    assert "清组发〔2026〕3号" in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"value": "0"}, "不能小于 1"),
        ({"value": "两次"}, "应是数字"),
        ({"value": ""}, "请填新的值"),
        ({"starts_on": "13.45"}, "日期"),
        ({"reason": " "}, "请写明依据"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(client, county, facts, words):
    officer(client, where=county)
    page = client.post(PAGE, typed(step="save", **facts)).content.decode()
    assert words in page
    assert not Setting.objects.exists()
    assert facts.get("reason") or "清组发〔2026〕3号" in page


@pytest.mark.parametrize(
    ("default", "text", "stored"),
    [
        (True, "false", False),
        (Decimal("80"), "９０", "90"),
        (("甲", "乙"), "丙\n\n丁", ["丙", "丁"]),
        (date(2026, 1, 1), "2027.3.1", "2027-03-01"),
    ],
)
def test_each_kind_of_value_is_typed_in_its_own_way(
    client, county, monkeypatch, default, text, stored
):
    monkeypatch.setattr("branches.values.KEYS", {})
    key = Key("tasks.tried", "试一试", default)
    for module in ("compliance.views.requirements", "compliance.requirements"):
        monkeypatch.setattr(f"{module}.KEYS", {key.name: key})
    officer(client, where=county)
    response = client.post(f"{LIST}{key.name}/", typed(value=text, step="save"))
    assert response.status_code == 302
    assert Setting.objects.get(key=key.name).value == stored
    assert client.get(LIST).status_code == client.get(response.url).status_code == 200


def test_the_list_says_what_holds_since_when_and_what_comes(client, county):
    county_value(LECTURES_A_YEAR, 6, date(2026, 1, 1))
    county_value(LECTURES_A_YEAR, 8, date(2027, 1, 1))
    officer(client, where=county)
    page = client.get(LIST, {"changed": "1"}).content.decode()
    assert LECTURES_A_YEAR.label in page and THEME_DAYS_A_MONTH.label not in page
    assert "6 次" in page and "2026年1月1日" in page and "2027年1月1日起 8 次" in page
    assert THEME_DAYS_A_MONTH.label in client.get(LIST, {"q": "主题党日次数"}).content.decode()


@pytest.mark.parametrize(
    ("role", "looks", "changes"),
    [
        (Role.COUNTY_OFFICER, 200, 302),
        (Role.INSPECTOR, 200, 403),
        (Role.COMMITTEE_OFFICER, 200, 403),
        (Role.SECRETARY, 200, 403),
        (Role.SYSTEM_ADMIN, 403, 403),
    ],
)
def test_everybody_reads_the_requirements_and_the_county_alone_changes_them(
    client, role, looks, changes
):
    officer(client, role)
    assert client.get(LIST).status_code == client.get(PAGE).status_code == looks
    assert client.post(PAGE, typed(step="save")).status_code == changes
    assert Setting.objects.exists() == (changes == 302)


def test_an_unknown_requirement_is_not_found(client):
    officer(client)
    assert client.get(f"{LIST}meetings.nothing/").status_code == 404
    assert (
        reverse("compliance:requirement", args=["x"]) and client.get(f"{LIST}x/").status_code == 404
    )


# --- Within a part of the county --------------------------------------------------------


@pytest.fixture
def school(branches):
    branches[0].sector = Sector.SCHOOL
    branches[0].save(update_fields=["sector"])
    return branches[0]


def test_a_value_may_be_tried_and_given_for_one_sector(client, county, branches, school):
    officer(client, where=county)
    tried = client.post(PAGE, typed(scope="sector:school")).content.decode()
    assert "领域：学校，改为 2 次" in tried and "有 1 个组织会变红" in tried
    assert client.post(PAGE, typed(scope="sector:school", step="save")).status_code == 302
    setting = Setting.objects.get()
    assert (setting.scope, setting.value) == ("sector:school", 2)
    assert TrailLine.objects.get(action="要求设置").after["范围"] == "领域：学校"
    page = client.get(PAGE).content.decode()
    assert "<b>2 次</b> 领域：学校" in page and "<dt>全县的值</dt><dd>1 次</dd>" in page
    assert "领域：学校 2 次" in client.get(LIST, {"changed": "1"}).content.decode()


def test_only_those_of_the_scope_are_judged_when_it_is_tried(branches, school):
    (august,) = (
        one
        for one in effects({THEME_DAYS_A_MONTH: 2}, date(2026, 8, 1), TODAY, "sector:school")
        if str(one.period) == "2026-08"
    )
    assert (august.judged, august.reds) == (1, [school.pk])


def test_a_rule_that_would_be_switched_off_leaves_its_duties(branches):
    key = RULES["meetings.theme_day"].on_key
    (august,) = (
        one
        for one in effects({key: False}, date(2026, 8, 1), TODAY)
        if str(one.period) == "2026-08"
    )
    assert (august.judged, august.gone, dict(august.turns)) == (0, 3, {})


def test_a_departure_is_ended_from_a_day(client, county, school):
    officer(client, where=county)
    client.post(PAGE, typed(scope="sector:school", step="save"))
    form = typed(scope="sector:school", back="on", value="", starts_on="9.1")
    assert "领域：学校，改为 按全县" in client.post(PAGE, form).content.decode()
    assert client.post(PAGE, form | {"step": "save"}).status_code == 302
    values = Values().within("sector:school")
    assert [values.on(THEME_DAYS_A_MONTH, date(2026, month, 1)) for month in (8, 9)] == [2, 1]
    assert "<b>按全县</b> 领域：学校" in client.get(PAGE).content.decode()
    assert "领域：学校" not in client.get(LIST).content.decode()


def test_a_value_for_a_campaign_begins_before_the_campaign_is_over(client, county, branches):
    officer(client, where=county)
    campaign = factories.make_campaign(county, ends_on=date(2026, 11, 30))
    form = typed(scope=f"campaign:{campaign.pk}", starts_on="2026.12.1", step="save")
    page = client.post(PAGE, form).content.decode()
    assert "这个方案到2026年11月30日为止" in page and 'value="2026.12.1"' in page
    assert not Setting.objects.exists()
    assert client.post(PAGE, form | {"starts_on": "2026.11.30"}).status_code == 302
    assert Setting.objects.get().scope == f"campaign:{campaign.pk}"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"back": "on"}, "请先选领域或方案"),
        ({"scope": "sector:moon"}, "选择"),
        ({"scope": "campaign:999"}, "选择"),
    ],
)
def test_a_scope_that_does_not_fit_is_refused(client, county, facts, words):
    officer(client, where=county)
    assert words in client.post(PAGE, typed(step="save", **facts)).content.decode()
    assert not Setting.objects.exists()


def test_what_judges_nobody_holds_for_the_whole_county(client, county):
    officer(client, where=county)
    page = client.get(f"{LIST}dues.ceiling/").content.decode()
    assert 'name="scope"' not in page and 'name="back"' not in page
    form = typed(value="900", scope="sector:school", step="save")
    assert client.post(f"{LIST}dues.ceiling/", form).status_code == 302
    assert Setting.objects.get().scope == ""
    with pytest.raises(ValueError, match="只能全县统一"):
        save({KEYS["dues.ceiling"]: 900}, scope="sector:school", by=None, on=TODAY, reason="文件")


def test_every_rule_may_be_switched_off_in_the_editor(client, county, branches):
    officer(client, where=county)
    page = client.get(LIST, {"q": "主题党日：执行"}).content.decode()
    assert "执行哪些要求" in page
    address = f"{LIST}on.meetings.theme_day/"
    assert "不再要求" in client.post(address, typed(value="false")).content.decode()
    assert client.post(address, typed(value="false", step="save")).status_code == 302
    assert duty_of("meetings.theme_day", branches[2], TODAY, of=date(2026, 8, 1)) is None


def test_the_list_costs_as_many_queries_with_three_departures_as_with_one(client, county):
    officer(client, where=county)

    def depart(*sectors):
        for sector in sectors:
            Setting.objects.create(
                key=THEME_DAYS_A_MONTH.name, scope=f"sector:{sector}", value=2, starts_on=TODAY
            )

    depart("school")
    one = count_of(lambda: client.get(LIST))
    depart("village", "office")
    assert count_of(lambda: client.get(LIST)) == one
