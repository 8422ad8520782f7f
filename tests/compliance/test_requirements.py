from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Setting
from branches.values import Key, Values
from compliance.models import Duty
from compliance.previewing import effects
from compliance.registry import RULES
from meetings.enums import Type
from meetings.values import LECTURES_A_YEAR, THEME_DAYS_A_MONTH
from tests import factories
from tests.compliance.verdicts import county_value, duty_of

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
        str(one.period): one for one in effects(THEME_DAYS_A_MONTH, 2, date(2026, 8, 1), TODAY)
    }
    august = found["2026-08"]
    assert before == "done"
    assert august.reds == [branches[0].pk]
    assert (august.judged, dict(august.turns)) == (3, {"late": 1})
    assert "2026-07" not in found and not Setting.objects.exists()
    assert Duty.objects.get(organisation=branches[0], period="2026-08").state == "done"


def test_a_value_that_begins_later_is_tried_on_todays_facts(branches):
    found = effects(THEME_DAYS_A_MONTH, 2, date(2027, 1, 1), TODAY)
    assert [str(one.period) for one in found] == ["2026-09"]


def test_a_light_switched_to_advice_turns_red_into_amber(branches):
    key = RULES["meetings.theme_day"].strict_key
    august = next(
        one for one in effects(key, False, date(2026, 8, 1), TODAY) if str(one.period) == "2026-08"
    )
    assert dict(august.turns) == {"soon": 1} and august.reds == []


def test_what_is_stored_afterwards_is_what_was_foretold(client, county, branches):
    foretold = next(
        one
        for one in effects(THEME_DAYS_A_MONTH, 2, date(2026, 8, 1), TODAY)
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
