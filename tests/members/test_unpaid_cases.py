"""Members who pay no dues for six months: a case for the committee, and nobody's status."""

import datetime
from datetime import date

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Setting
from compliance.services import run_night
from members import facts
from members.contacts import cases_due, unpaid_cases_due
from members.enums import CaseKind
from members.models import Case, Membership
from members.services import Refused
from members.services.contacts import decide_case, open_cases
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db
FULL = date(2026, 9, 30)
DAY = datetime.timedelta(days=1)


def month(number, year=2026):
    return date(year, number, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def owing(branch, first=4, last=9, name=None):
    member = factories.make_member(branch, name)
    for number in range(first, last + 1):
        factories.make_charge(member, month(number))
    return member


@pytest.fixture
def member(branch):
    return owing(branch, name="龚丽华")


def unpaid_cases():
    return list(
        Case.objects.filter(kind=CaseKind.UNPAID_6M)
        .order_by("pk")
        .values_list("member_id", "since", "opened_on")
    )


# --- Opened -------------------------------------------------------------------------------


def test_six_months_open_a_case_on_the_last_day_and_not_the_day_before(branch, member):
    assert open_cases(today=FULL - DAY) == 0
    assert open_cases(today=FULL) == 1
    case = Case.objects.get()
    assert (case.kind, case.organisation, case.member) == ("unpaid_6m", branch, member)
    # The first day on which the first of them was unpaid.
    assert (case.since, case.opened_on, case.decided_on) == (date(2026, 4, 30), FULL, None)
    line = TrailLine.objects.get(action="提请研究")
    assert (line.by_name, line.object_id) == ("系统", member.pk)


def test_a_second_run_and_a_longer_run_open_nothing_more(member):
    open_cases(today=FULL)
    assert open_cases(today=FULL) == 0
    factories.make_charge(member, month(10))
    assert open_cases(today=date(2026, 10, 31)) == 0
    assert unpaid_cases() == [(member.pk, date(2026, 4, 30), FULL)]


@pytest.mark.parametrize(
    ("first", "full"),
    [
        (date(2026, 7, 1), date(2026, 12, 31)),
        (date(2026, 10, 1), date(2027, 3, 31)),
        (date(2027, 9, 1), date(2028, 2, 29)),
    ],
)
def test_the_months_run_over_the_end_of_a_year(branch, first, full):
    member = factories.make_member(branch)
    for index in range(6):
        number = first.month - 1 + index
        factories.make_charge(member, date(first.year + number // 12, number % 12 + 1, 1))
    assert open_cases(today=full - DAY) == 0
    assert open_cases(today=full) == 1


def test_the_night_opens_it(member):
    run_night(FULL)
    assert [case[0] for case in unpaid_cases()] == [member.pk]


def test_nobody_else_gets_a_case(branch):
    payer, exempt = owing(branch), owing(branch)
    factories.make_payment(payer, month(7), "1.00")
    exempt.charges.filter(month=month(6)).update(amount=0)
    owing(branch, 5)
    assert open_cases(today=FULL) == 0


def test_the_county_sets_the_measure(member):
    Setting.objects.create(key="dues.arrears_months", starts_on=month(1), value=4)
    assert open_cases(today=date(2026, 7, 31)) == 1
    # Another measure is no other case.
    Setting.objects.create(key="dues.arrears_months", starts_on=month(8), value=5)
    assert open_cases(today=date(2026, 8, 31)) == 0
    assert unpaid_cases() == [(member.pk, date(2026, 4, 30), date(2026, 7, 31))]


def test_a_case_changes_nobodys_status(member):
    before = (member.kind, member.left_on, member.left_reason, member.organisation_id)
    relations = list(Membership.objects.values_list("pk", "starts_on", "ends_on"))
    run_night(FULL)
    case = Case.objects.get()
    decide_case(case=case, decision="限期补交", on=FULL, by=None, today=FULL)
    run_night(date(2026, 10, 31))
    member.refresh_from_db()
    assert (member.kind, member.left_on, member.left_reason, member.organisation_id) == before
    assert list(Membership.objects.values_list("pk", "starts_on", "ends_on")) == relations


def test_no_suspension_follows_from_unpaid_dues(member):
    open_cases(today=FULL)
    with pytest.raises(Refused, match="不涉及停止党籍"):
        decide_case(
            case=Case.objects.get(),
            decision="停止党籍",
            on=FULL,
            by=None,
            today=FULL,
            suspended_on=FULL,
        )


def test_unpaid_dues_are_not_counted_with_the_lost(branch, member):
    assert cases_due([branch], FULL) == []
    (due,) = unpaid_cases_due([branch], FULL)
    assert (due.kind, due.name, due.since, due.due_on) == (
        "unpaid_6m",
        "龚丽华",
        date(2026, 4, 30),
        FULL,
    )


def test_an_undecided_case_follows_the_member_to_the_next_branch(branch, member):
    open_cases(today=FULL)
    elsewhere = factories.make_branch(branch.parent)
    member.memberships.update(ends_on=date(2026, 10, 10))
    member.memberships.create(organisation=elsewhere, starts_on=date(2026, 10, 11))
    assert open_cases(today=date(2026, 10, 12)) == 0
    assert Case.objects.get().organisation == elsewhere


# --- Decided and begun again --------------------------------------------------------------


def test_a_decision_covers_the_run_it_was_made_about(member):
    open_cases(today=FULL)
    decide_case(
        case=Case.objects.get(), decision="限期补交", on=date(2026, 10, 10), by=None, today=FULL + 15 * DAY
    )  # fmt: skip
    # One month paid back, a further one unpaid: six again, but the same matter.
    factories.make_payment(member, month(4), paid_on=date(2026, 10, 20))
    factories.make_charge(member, month(10))
    assert open_cases(today=date(2026, 10, 31)) == 0
    assert len(unpaid_cases()) == 1


def test_a_run_that_began_after_the_decision_is_a_new_case(member):
    open_cases(today=FULL)
    decided_on = date(2026, 10, 10)
    decide_case(
        case=Case.objects.get(), decision="已谈话", on=decided_on, by=None, today=decided_on
    )
    for number in range(4, 10):
        factories.make_payment(member, month(number), paid_on=date(2026, 10, 20))
    for number in range(10, 13):
        factories.make_charge(member, month(number))
    for number in range(1, 4):
        factories.make_charge(member, month(number, 2027))
    assert open_cases(today=date(2027, 3, 30)) == 0
    assert open_cases(today=date(2027, 3, 31)) == 1
    assert [case[1] for case in unpaid_cases()] == [date(2026, 4, 30), date(2026, 10, 31)]


def test_who_paid_up_gets_no_second_case_while_the_first_is_undecided(member):
    open_cases(today=FULL)
    factories.make_payment(member, month(9), paid_on=date(2026, 10, 2))
    assert open_cases(today=date(2026, 10, 3)) == 0
    assert len(unpaid_cases()) == 1


# --- Pages --------------------------------------------------------------------------------


@pytest.fixture
def secretary(branch, client, settings):
    settings.TODAY_OVERRIDE = date(2026, 10, 12)
    user = factories.make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def said(response):
    return dict(response.context["facts"])


def test_the_page_shows_the_months_found_and_how_it_stands(client, secretary, member):
    open_cases(today=FULL)
    address = reverse("members:case_detail", args=[Case.objects.get().pk])
    page = client.get(address)
    assert said(page)["未交月份"] == (
        "2026年4月、2026年5月、2026年6月、2026年7月、2026年8月、2026年9月（6 个月，¥120.00）"
    )
    assert said(page)["现在"] == "仍有 6 个月未交，¥120.00"
    assert "党章第九条" in page.content.decode()
    assert "停止党籍日期" not in page.content.decode()
    assert "不改变任何人的党籍和状态" in page.content.decode()


def test_a_paid_up_members_case_says_that_it_was_settled(client, secretary, member):
    open_cases(today=FULL)
    factories.make_payment(member, month(9), paid_on=date(2026, 10, 5))
    page = client.get(reverse("members:case_detail", args=[Case.objects.get().pk]))
    assert said(page)["现在"] == "已补交"
    assert said(page)["未交月份"].endswith("（6 个月，¥120.00）")
    rows = client.get(reverse("members:cases")).context["rows"]
    assert [(row["why"], row["now"]) for row in rows] == [("连续未交党费达到规定月数", "已补交")]


def test_three_cases_take_as_many_queries_as_one(client, secretary, branch, member):
    def look():
        client.get(reverse("members:cases"))

    open_cases(today=FULL)
    once = count_of(look)
    owing(branch)
    owing(branch)
    open_cases(today=FULL)
    assert count_of(look) == once


def test_the_neighbours_secretary_does_not_see_the_case(client, secretary, branch, member):
    open_cases(today=FULL)
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    address = reverse("members:case_detail", args=[Case.objects.get().pk])
    assert client.get(address).status_code == 404


def test_an_installation_without_dues_has_nobody_unpaid(member, monkeypatch):
    monkeypatch.setattr(facts, "_ANSWERS", {})
    assert facts.long_unpaid([member.organisation], FULL) == []
    assert facts.unpaid_of([member.pk], FULL) == {}
