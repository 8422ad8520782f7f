"""The rule of docs/new-rule.md, run as it stands there, is found wherever rules are."""

import re
from datetime import date

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse

from branches.changes import note_change
from branches.models import Setting
from branches.periods import period_named
from branches.values import KEYS, Values
from compliance import forecast
from compliance.models import Duty, DutySummary, Foreseen
from compliance.registry import ON_KEYS, RULES, STRICT_KEYS
from compliance.services import reconcile, refresh
from ledgers.exports import services as exports
from meetings.enums import Type
from tests import factories
from tests.architecture.source import ROOT

pytestmark = pytest.mark.django_db

CODE = "meetings.guests_heard"
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def late_november(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture(autouse=True)
def rule():
    """Registered by the words of the page alone, and gone after the test."""
    page = (ROOT / "docs" / "new-rule.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    declared = set(KEYS)
    try:
        exec(compile(code, "docs/new-rule.md", "exec"), {})
        yield RULES[CODE]
    finally:
        for registered in (RULES, STRICT_KEYS, ON_KEYS):
            registered.pop(CODE, None)
        for name in set(KEYS) - declared:
            del KEYS[name]


@pytest.fixture
def branch():
    return factories.make_branch()


def judge(rule, as_of=TODAY):
    reconcile(rule, period_named("2026-H2"), as_of=as_of, values=Values())


@pytest.fixture
def duty(rule, branch):
    judge(rule)
    return Duty.objects.get(rule=CODE, organisation=branch)


def page(client, role, organisation, address, **query):
    client.force_login(factories.make_user(role, organisation))
    response = client.get(address, query)
    assert response.status_code == 200, address
    return response.content.decode()


def test_it_is_judged_summed_and_judged_again_after_a_change(rule, branch, duty):
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-H2", 1, 0, "open")
    assert DutySummary.objects.get(rule=CODE, organisation=branch.parent).open == 1
    factories.make_meeting(branch, date(2026, 9, 3), [Type.THEME_DAY], guests="村民代表 3 人")
    note_change(branch.pk, "meetings", date(2026, 9, 3))
    refresh(as_of=TODAY)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 9, 3))


def test_it_is_on_the_list_and_explains_itself_with_its_button(client, branch, duty):
    listed = page(client, "secretary", branch, reverse("compliance:list"), rule=CODE)
    assert reverse("compliance:duty", args=[duty.pk]) in listed
    why = page(client, "secretary", branch, reverse("compliance:duty", args=[duty.pk]))
    for words in ("党支部每半年至少请群众代表列席1次会议。", "没有全国规定", "登记会议"):
        assert words in why
    assert "每半年请群众列席会议次数" in why


def test_it_is_on_the_desk_and_on_the_page_of_the_branch(client, branch, duty):
    assert "请群众列席会议" in page(client, "secretary", branch, reverse("desk"))
    above = reverse("branch", args=[branch.code])
    assert "请群众列席会议" in page(client, "committee_officer", branch.parent, above)


def test_it_is_foreseen(client, rule, branch):
    forecast.rebuild_rule(rule, TODAY, Values(), None)
    row = Foreseen.objects.get(rule=CODE, organisation=branch)
    assert (row.period, row.due_on) == ("2026-H2", date(2026, 12, 31))
    shown = page(client, "secretary", branch, reverse("compliance:forecast"))
    assert "2026年下半年请群众列席会议" in shown


def test_the_county_sees_its_values_and_changes_them(client, rule, branch, duty):
    county = branch.parent.parent
    address = reverse("compliance:requirements")
    shown = page(client, "county_officer", county, address)
    for label in ("每半年请群众列席会议次数", "请群众列席会议：执行", "请群众列席会议：过期亮红灯"):
        assert label in shown
    for key in rule.all_keys:
        page(client, "county_officer", county, reverse("compliance:requirement", args=[key.name]))
    Setting.objects.create(key="meetings.open_meetings", value=2, starts_on=date(2026, 7, 1))
    judge(rule)
    duty.refresh_from_db()
    assert duty.required == 2
    Setting.objects.create(key=f"on.{CODE}", value=False, starts_on=TODAY)
    judge(rule)
    assert not Duty.objects.filter(rule=CODE).exists()


def test_it_is_a_row_of_the_sheet(tmp_path, branch):
    path = tmp_path / "ledger.xlsx"
    exports.export_ledger(
        organisation=branch,
        month=period_named("2026-10"),
        today=TODAY,
        by=None,
        path=path,
        folder=tmp_path,
        reason="",
    )
    rows = openpyxl.load_workbook(path)["应办事项"].iter_rows(min_row=2, values_only=True)
    [row] = [row for row in rows if row[2] == "请群众列席会议"]
    assert row[4:8] == ("2026年下半年", 1, 0, "进行中")


def test_the_command_takes_its_code(tmp_path, branch):
    file = tmp_path / "duties.json"
    call_command("check_duties", "--as-of", "2026-11-22", "--rule", CODE, "--json", str(file))
    [line] = file.read_text("utf-8").splitlines()
    assert f'"rule": "{CODE}", "period": "2026-H2"' in line
