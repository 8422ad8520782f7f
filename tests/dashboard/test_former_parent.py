"""A branch renamed and moved in July: June still shows its old name under the old superior."""

import datetime

import openpyxl
import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.models import Form
from branches.periods import month_of
from branches.services import change_facts, move_organisation
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty, DutySummary
from compliance.registry import RULES
from compliance.services import refresh, run_night
from ledgers.exports.services import export_ledger
from meetings.enums import Type
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_group,
    make_meeting,
    make_member,
    make_post,
    make_user,
)

TODAY = datetime.date(2026, 8, 15)
JULY = datetime.date(2026, 7, 1)
THEME_DAY = "meetings.theme_day"
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
    return make_committee(county, "荻浦镇党委", code="TOWN")


@pytest.fixture
def street(county):
    return make_committee(county, "柳汀街道党工委", code="STREET")


@pytest.fixture
def branch(town, street):
    """Moved and renamed on 1 July with a new secretary; no theme day in June or July."""
    branch = make_branch(town, "上荻村党支部", code="SD")
    make_group(branch, "第一党小组")
    people = [make_member(branch, name) for name in ("许文桥", "周慧敏")]
    make_post(branch, member=people[0], ends_on=datetime.date(2026, 6, 30))
    make_post(branch, member=people[1], starts_on=JULY)
    make_meeting(branch, datetime.date(2026, 5, 6), [Type.THEME_DAY], present=people, hours=1)
    make_meeting(make_branch(town, "下荻村党支部"), datetime.date(2026, 5, 6), [Type.THEME_DAY])
    run_night(datetime.date(2026, 6, 30))
    change_facts(branch, by=None, on=JULY, today=TODAY, name="上荻联合党支部", form=Form.JOINT)
    move_organisation(branch, to=street, by=None, on=JULY, today=TODAY)
    refresh(as_of=TODAY)
    run_night(TODAY)
    return branch


def ledger(tmp_path, organisation, month, by=None):
    path = tmp_path / "ledger.xlsx"
    export_ledger(
        organisation=organisation,
        month=month_of(month),
        today=TODAY,
        by=by,
        path=path,
        folder=tmp_path,
    )
    book = openpyxl.load_workbook(path)
    sheets = {}
    for sheet in book:
        heads, *rows = sheet.iter_rows(values_only=True)
        sheets[sheet.title] = [dict(zip(heads, row, strict=True)) for row in rows]
    return sheets


def officer(client, organisation, role=Role.COMMITTEE_OFFICER):
    user = make_user(role, organisation)
    client.force_login(user)
    return user


def test_the_old_superiors_june_ledger_shows_june(tmp_path, town, branch):
    by = make_user(Role.COMMITTEE_OFFICER, town)
    june = ledger(tmp_path, town, "2026-06", by)
    (row,) = [row for row in june["组织"] if row["组织编码"] == "SD"]
    assert (row["组织名称"], row["上级组织编码"], row["书记"]) == ("上荻村党支部", "TOWN", "许文桥")
    assert [(row["姓名"], row["所在党支部"]) for row in june["党员"]] == [
        ("许文桥", "上荻村党支部"),
        ("周慧敏", "上荻村党支部"),
    ]
    assert "上荻村党支部" in [row["单位"] for row in june["总览"]]
    assert {row["所在党支部"] for row in june["三会一课"]} == {"上荻村党支部", "下荻村党支部"}
    assert "上荻村党支部" in [row["单位"] for row in june["应办事项"]]
    july = ledger(tmp_path, town, "2026-07", by)
    assert "SD" not in [row["组织编码"] for row in july["组织"]]
    assert july["党员"] == []


def test_the_new_superiors_july_ledger_shows_july(tmp_path, street, branch):
    july = ledger(tmp_path, street, "2026-07")
    (row,) = [row for row in july["组织"] if row["组织编码"] == "SD"]
    assert (row["组织名称"], row["上级组织编码"], row["书记"]) == (
        "上荻联合党支部",
        "STREET",
        "周慧敏",
    )
    assert {row["所在党支部"] for row in july["党员"]} == {"上荻联合党支部"}
    assert "SD" not in [row["组织编码"] for row in ledger(tmp_path, street, "2026-06")["组织"]]


def test_a_rename_leaves_the_hash_of_an_old_month_alone(tmp_path, county, branch):
    path = tmp_path / "a.xlsx"

    def digest():
        return export_ledger(
            organisation=county,
            month=month_of("2026-06"),
            today=TODAY,
            by=None,
            path=path,
            folder=tmp_path,
        )

    before = digest()
    change_facts(branch, by=None, on=TODAY, today=TODAY, name="又一个名称", sector="village")
    assert digest() == before


def test_the_figures_of_each_month_stand_under_the_superior_of_then(town, street, branch):
    def total(organisation, month):
        summary = DutySummary.objects.filter(
            organisation=organisation, rule=THEME_DAY, period=month
        ).first()
        return summary and summary.overdue

    assert (total(town, "2026-06"), total(street, "2026-06")) == (2, None)
    assert (total(town, "2026-07"), total(street, "2026-07")) == (1, 1)


def matrix(client, organisation, period):
    address = reverse("overview_of", args=[organisation.code])
    response = client.get(address, {"period": period})
    return {row["name"]: row for row in response.context["matrix"]["rows"]}, response


def test_the_old_superior_sees_june_by_name_without_ways_in(client, town, branch):
    officer(client, town)
    rows, response = matrix(client, town, "2026-06")
    row = rows["上荻村党支部"]
    assert row["url"] == "" and not any(cell["url"] for cell in row["cells"])
    assert next(cell for cell in row["cells"] if cell["label"] == "主题党日")["kind"] == "late"
    assert "已划出" in response.content.decode()
    assert rows["下荻村党支部"]["url"]
    card = response.context["kpis"][0]
    assert (card["label"], card["number"]) == ("党支部 / 党员", "2")
    assert set(matrix(client, town, "2026-07")[0]) == {"下荻村党支部"}
    # The pages themselves follow today's rights.
    assert client.get(reverse("branch", args=["SD"])).status_code == 404
    duty = Duty.objects.get(rule=THEME_DAY, period="2026-06", organisation=branch)
    assert client.get(reverse("compliance:duty", args=[duty.pk])).status_code == 404


def test_the_new_superior_sees_july_and_opens_it(client, street, branch):
    officer(client, street)
    rows, _response = matrix(client, street, "2026-07")
    assert rows["上荻联合党支部"]["url"]
    assert matrix(client, street, "2026-06")[0] == {}
    assert client.get(reverse("branch", args=["SD"])).status_code == 200


def test_the_list_behind_a_june_figure_names_it(client, town, street, branch):
    query = {"organisation": "TOWN", "rule": THEME_DAY, "period": "2026-06"}
    officer(client, town)
    rows = client.get(reverse("compliance:list"), query).context["rows"]
    found = {row["organisation"]: row for row in rows}
    assert found.keys() == {"上荻联合党支部", "下荻村党支部"}
    assert (found["上荻联合党支部"]["url"], found["上荻联合党支部"]["organisation_url"]) == ("", "")
    rows = client.get(reverse("compliance:list"), query | {"period": "2026-07"}).context["rows"]
    assert [row["organisation"] for row in rows] == ["下荻村党支部"]
    officer(client, street)
    assert client.get(reverse("compliance:list"), query).status_code == 404


def test_the_county_opens_the_cell_of_june_under_the_old_superior(client, county, town, branch):
    officer(client, county, Role.COUNTY_OFFICER)
    address = reverse("cell", args=["TOWN", THEME_DAY])
    panel = client.get(address, {"period": "2026-06"}).context["panel"]
    assert {one["name"]: bool(one["url"]) for one in panel["branches"]} == {
        "上荻村党支部": True,
        "下荻村党支部": True,
    }
    panel = client.get(address, {"period": "2026-07"}).context["panel"]
    assert [one["name"] for one in panel["branches"]] == ["下荻村党支部"]


def test_what_was_asked_of_a_branch_follows_its_form_of_then(town):
    """Nothing that rests on formal relations is asked of a temporary branch, from its day on."""
    branch = make_branch(town, "防汛党支部")
    change_facts(branch, by=None, on=JULY, today=TODAY, form=Form.TEMPORARY)
    rule = next(rule for rule in RULES.values() if rule.needs_relations and rule.is_standing)
    for day, asked in ((datetime.date(2026, 6, 30), True), (JULY, False)):
        question = question_for(rule, None, day, Values())
        assert question.organisations.filter(pk=branch.pk).exists() is asked, day
