from datetime import date

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.values import Values
from compliance.exemptions import LONGEST, Refused, grant, withdraw
from compliance.models import Duty, Exemption
from compliance.registry import RULES
from compliance.services import reconcile
from tests import factories
from tests.compliance.verdicts import county_value, period_on

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 30)
RULE = "meetings.theme_day"
FACTS = {"starts_on": date(2026, 8, 1), "ends_on": TODAY, "reason": "防汛抢险，全体上堤"}


@pytest.fixture(autouse=True)
def last_of_september(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def officer(branch):
    return factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)


def judged(branch, month: int) -> Duty:
    period = period_on(RULE, date(2026, month, 1))
    reconcile(RULES[RULE], period, as_of=TODAY, values=Values())
    return Duty.objects.get(rule=RULE, organisation=branch, period=str(period))


def state(branch, month: int) -> str:
    return Duty.objects.get(rule=RULE, organisation=branch, period=f"2026-{month:02d}").state


def granted(branch, by=None, **facts) -> Exemption:
    return grant(rule=RULE, organisation=branch, by=by, today=TODAY, **FACTS | facts)


# --- Granting ---------------------------------------------------------------------------


def test_it_waives_at_once_the_periods_whose_last_day_it_covers(branch):
    for month in (7, 8, 9):
        judged(branch, month)
    granted(branch)
    assert [state(branch, month) for month in (7, 8, 9)] == ["overdue", "exempt", "exempt"]
    assert [judged(branch, month).state for month in (7, 8, 9)] == ["overdue", "exempt", "exempt"]


def test_a_standing_condition_is_waived_from_today_on(branch):
    rule = RULES["branches.too_small"]
    reconcile(rule, None, as_of=TODAY, values=Values())
    duty = Duty.objects.get(rule=rule.code, organisation=branch)
    assert duty.state != "exempt" and duty.actual == 1
    grant(
        rule=rule.code,
        organisation=branch,
        starts_on=TODAY,
        ends_on=date(2026, 12, 31),
        reason="正在并入第二支部",
        by=None,
        today=TODAY,
    )
    duty.refresh_from_db()
    assert duty.state == "exempt"


def test_it_leaves_a_line_with_the_reason_and_the_days(branch, officer):
    one = granted(branch, by=officer)
    line = TrailLine.objects.get(action="批准免予")
    assert (line.area, line.object_id, line.reason) == ("duty_exemptions", one.pk, FACTS["reason"])
    assert line.after == {"要求": RULES[RULE].title, "自": "2026-08-01", "至": "2026-09-30"}
    assert (one.approved_by, one.approved_on) == (officer, TODAY)


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"reason": " "}, "reason", "理由"),
        ({"ends_on": date(2026, 7, 31)}, "ends_on", "早于"),
        ({"ends_on": date(2027, 8, 1)}, "ends_on", "最长免予 12 个月"),
    ],
)
def test_it_is_refused_without_reason_backwards_and_without_an_end_in_sight(
    branch, facts, field, words
):
    with pytest.raises(Refused) as refused:
        granted(branch, **facts)
    assert refused.value.field == field
    assert words in str(refused.value)
    assert not Exemption.objects.exists()


def test_the_last_day_of_the_longest_one_is_the_day_before_the_anniversary(branch):
    assert granted(branch, ends_on=date(2027, 7, 31)).ends_on == date(2027, 7, 31)


def test_how_long_it_may_be_is_a_county_value(branch):
    county_value(LONGEST, 2, date(2026, 1, 1))
    assert granted(branch).pk
    with pytest.raises(Refused, match="最长免予 2 个月"):
        granted(branch, starts_on=date(2026, 10, 1), ends_on=date(2026, 12, 1))


def test_days_waived_already_are_not_waived_twice(branch):
    granted(branch)
    with pytest.raises(Refused, match="已批准免予"):
        granted(branch, starts_on=TODAY, ends_on=date(2026, 10, 31))
    assert granted(branch, starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31)).pk


# --- Taking back ------------------------------------------------------------------------


def test_taken_back_the_duty_is_owed_again_and_the_row_stays(branch, officer):
    judged(branch, 8)
    one = granted(branch)
    assert withdraw(one, reason="已恢复正常", by=officer, today=TODAY) is True
    assert state(branch, 8) == "overdue"
    assert Exemption.objects.get().withdrawn_on == TODAY
    assert TrailLine.objects.get(action="撤回免予").reason == "已恢复正常"
    assert withdraw(one, reason="再撤一次", by=officer, today=TODAY) is False
    assert granted(branch).pk != one.pk


def test_it_is_not_taken_back_without_a_reason(branch):
    with pytest.raises(Refused):
        withdraw(granted(branch), reason="", by=None, today=TODAY)
    assert Exemption.objects.get().withdrawn_on is None


# --- Pages ------------------------------------------------------------------------------


def typed(**facts) -> dict:
    return {"starts_on": "8.1", "ends_on": "2026年9月30日", "reason": FACTS["reason"]} | facts


def test_the_superior_grants_it_from_the_page_of_the_duty(client, branch, officer):
    duty = judged(branch, 9)
    client.force_login(officer)
    address = reverse("compliance:exempt", args=[duty.pk])
    assert address in client.get(reverse("compliance:duty", args=[duty.pk])).content.decode()
    page = client.get(address).content.decode()
    assert 'value="2026年9月1日"' in page and 'value="2026年9月30日"' in page
    response = client.post(address, typed())
    assert response.url == reverse("compliance:exemptions") + f"?branch={branch.code}"
    listed = client.get(response.url).content.decode()
    assert FACTS["reason"] in listed and "免予中" in listed and officer.name in listed


def test_what_was_typed_stays_when_it_is_refused(client, branch, officer):
    duty = judged(branch, 9)
    client.force_login(officer)
    response = client.post(
        reverse("compliance:exempt", args=[duty.pk]), typed(ends_on="7.1", reason="防汛")
    )
    page = response.content.decode()
    assert "截止日期早于开始日期" in page and "防汛" in page
    assert not Exemption.objects.exists()


@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        (Role.SECRETARY, "branch", 403),
        (Role.ORGANISER, "branch", 403),
        (Role.COMMITTEE_OFFICER, "committee", 200),
        (Role.COUNTY_OFFICER, "county", 200),
        (Role.INSPECTOR, "county", 403),
        (Role.SECRETARY, "neighbour", 404),
        (Role.COMMITTEE_OFFICER, "other", 404),
    ],
)
def test_only_a_superior_grants_and_takes_back(client, branch, role, where, status):
    places = {
        "branch": branch,
        "committee": branch.parent,
        "county": branch.parent.parent,
        "neighbour": factories.make_branch(branch.parent),
        "other": factories.make_committee(branch.parent.parent, "云山镇党委"),
    }
    duty, one = judged(branch, 9), granted(branch)
    client.force_login(factories.make_user(role, places[where]))
    assert client.get(reverse("compliance:exempt", args=[duty.pk])).status_code == status
    withdrawing = reverse("compliance:withdraw", args=[one.pk])
    assert client.get(withdrawing).status_code == status
    response = client.post(withdrawing, {"reason": "试一试"})
    assert response.status_code == (302 if status == 200 else status)
    assert (Exemption.objects.get().withdrawn_on is None) == (status != 200)


def test_the_branch_sees_its_own_and_not_its_neighbours(client, branch):
    neighbour = factories.make_branch(branch.parent)
    granted(branch)
    granted(neighbour, reason="支部撤并")
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    page = client.get(reverse("compliance:exemptions")).content.decode()
    assert FACTS["reason"] in page and "支部撤并" not in page and "撤回<" not in page


def test_taken_back_and_run_out_are_said(client, branch, officer):
    withdraw(granted(branch), reason="误批", by=officer, today=TODAY)
    granted(branch, starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31))
    client.force_login(officer)
    page = client.get(reverse("compliance:exemptions")).content.decode()
    assert "2026年9月30日撤回" in page and "已到期" in page
