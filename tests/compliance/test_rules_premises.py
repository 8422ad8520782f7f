from datetime import date
from decimal import Decimal

import pytest

from branches.models import EarlierFact, Form, Sector
from branches.premises import FUNDS_PER_MEMBER, set_budget
from branches.values import Values
from compliance.judging import question_for
from compliance.registry import RULES
from compliance.rules.premises import whole_yuan
from compliance.services import refresh, run_night
from members.enums import AssignmentRole, MemberKind
from members.instructors import INSTRUCTOR_BELOW
from members.models import Assignment
from members.services.assignments import assign
from tests import factories
from tests.compliance.verdicts import Writes, county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

FUNDS = "branches.funds"
INSTRUCTOR = "branches.no_instructor"
DUE = date(2026, 3, 31)
LATE = date(2026, 4, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def evidence(code, branch, as_of):
    rule = RULES[code]
    organisations = type(branch).objects.filter(pk=branch.pk)
    question = question_for(rule, period_on(code, as_of), as_of, Values(), organisations)
    return rule.evidence(question, branch)


# --- Work funds -----------------------------------------------------------------------------


@pytest.fixture
def funded(branch):
    """Three members on 1 January, of whom one on probation."""
    factories.make_members(branch, 2)
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 12, 30))
    return branch


def test_a_budget_that_reaches_the_countys_value_is_enough(funded):
    factories.make_budget(funded, "300.00")
    assert verdict(FUNDS, funded, DUE) == (300, 300, "done")


def test_a_budget_a_fen_short_is_not(funded):
    factories.make_budget(funded, "299.99")
    assert verdict(FUNDS, funded, DUE) == (300, 299, "open")
    assert verdict(FUNDS, funded, LATE) == (300, 299, "overdue")


def test_without_a_budget_it_is_overdue_from_the_first_of_april_on(funded):
    duty = duty_of(FUNDS, funded, DUE)
    assert (duty.required, duty.actual, duty.state, duty.due_on) == (300, 0, "open", DUE)
    assert verdict(FUNDS, funded, LATE) == (300, 0, "overdue")


def test_members_are_those_of_new_years_day(funded):
    factories.make_member(funded, starts_on=date(2026, 1, 2), joined_on=date(2020, 1, 1))
    factories.make_member(funded, ends_on=date(2026, 1, 31), left_on=date(2026, 2, 1))
    factories.make_member(funded, ends_on=date(2025, 12, 31))
    assert verdict(FUNDS, funded, DUE) == (400, 0, "open")


def test_a_rated_branch_needs_more(funded):
    factories.make_budget(funded, "389", uplift_percent=30, note="先进党支部")
    assert verdict(FUNDS, funded, DUE) == (390, 389, "open")
    found = evidence(FUNDS, funded, DUE)
    assert found.facts == [
        ("1 月 1 日在册党员", "3 人"),
        ("每名党员不少于", "100 元"),
        ("上浮", "30%（先进党支部）"),
        ("应列入预算", "¥390.00"),
    ]
    assert [(one.text, one.note) for one in found.counted + found.missing] == [
        ("列入预算", "¥389.00"),
        ("不足", "差 ¥1.00"),
    ]


@pytest.mark.parametrize(
    ("required", "amount", "shown"),
    [
        ("242.55", "242.55", (243, 243)),
        ("242.55", "242.54", (243, 242)),
        ("242.55", "250.10", (243, 250)),
        ("300.00", "299.99", (300, 299)),
        ("300.00", "0", (300, 0)),
        ("0.00", "0", (0, 0)),
    ],
)
def test_whole_yuan_say_the_same_as_the_fen(required, amount, shown):
    assert whole_yuan(Decimal(required), Decimal(amount)) == shown


def test_the_county_sets_the_value_for_a_year_and_earlier_ones_keep_theirs(funded):
    factories.make_budget(funded, "300", 2025)
    factories.make_budget(funded, "300", 2026)
    county_value(FUNDS_PER_MEMBER, 150, date(2026, 1, 1))
    assert verdict(FUNDS, funded, DUE) == (450, 300, "open")
    # Two members on 1 January 2025: the third joined at the end of that year.
    assert verdict(FUNDS, funded, DUE, of=date(2025, 6, 1)) == (200, 300, "done")


def test_nothing_is_asked_of_a_branch_without_members_or_founded_in_the_year(branch):
    assert verdict(FUNDS, branch, LATE) is None
    factories.make_members(branch, 2, starts_on=date(2026, 1, 2))
    assert verdict(FUNDS, branch, LATE) is None
    late = factories.make_branch(founded_on=date(2026, 1, 2))
    factories.make_members(late, 2)
    assert verdict(FUNDS, late, LATE) is None
    in_time = factories.make_branch(founded_on=date(2026, 1, 1))
    factories.make_members(in_time, 2)
    assert verdict(FUNDS, in_time, LATE) == (200, 0, "overdue")


def test_temporary_and_functional_branches_have_no_budget_of_their_own():
    for form in (Form.TEMPORARY, Form.FUNCTIONAL):
        branch = factories.make_branch(form=form)
        factories.make_members(branch, 3)
        assert verdict(FUNDS, branch, LATE) is None


def test_a_budget_entered_late_closes_the_duty_at_once(funded):
    run_night(LATE)
    assert verdict(FUNDS, funded, LATE) == (300, 0, "overdue")
    set_budget(organisation=funded, year=2026, amount=Decimal("300"), by=None)
    refresh(as_of=date(2026, 4, 2), organisation=funded)
    with Writes() as writes:
        assert verdict(FUNDS, funded, date(2026, 4, 2)) == (300, 300, "done")
    assert writes.statements == []


def test_refunds_do_not_count_as_budget(funded):
    funded.fund_entries.create(kind="refund", on=date(2026, 2, 1), amount=500, purpose="返还")
    assert verdict(FUNDS, funded, DUE) == (300, 0, "open")
    assert [one.text for one in evidence(FUNDS, funded, DUE).missing] == ["没有填写经费预算"]


# --- Instructors ----------------------------------------------------------------------------


@pytest.fixture
def social():
    branch = factories.make_branch(sector=Sector.SOCIAL_ORGANISATION)
    factories.make_members(branch, 2)
    return branch


def instruct(branch, **facts):
    return factories.make_assignment(branch, AssignmentRole.INSTRUCTOR, **facts)


def test_a_small_social_organisation_without_an_instructor_is_found(social):
    duty = duty_of(INSTRUCTOR, social, date(2026, 9, 30))
    assert (duty.required, duty.actual, duty.state, duty.open_since) == (
        0,
        1,
        "overdue",
        date(2026, 9, 30),
    )
    assert [one.note for one in evidence(INSTRUCTOR, social, date(2026, 9, 30)).counted] == [
        "没有选派记录"
    ]


def test_an_instructor_serves_from_the_first_day_to_the_last(social):
    instruct(social, starts_on=date(2026, 9, 10), ends_on=date(2026, 9, 20))
    verdicts = [verdict(INSTRUCTOR, social, date(2026, 9, day)) for day in (9, 10, 20, 21)]
    assert verdicts == [(0, 1, "overdue"), (0, 0, "done"), (0, 0, "done"), (0, 1, "overdue")]
    found = evidence(INSTRUCTOR, social, date(2026, 9, 21)).counted
    assert [(one.on, one.note) for one in found] == [(date(2026, 9, 20), "上一任 方立平")]


def test_a_linked_leader_is_no_instructor(social):
    factories.make_assignment(social, AssignmentRole.LINKED_LEADER)
    assert verdict(INSTRUCTOR, social, date(2026, 9, 30)) == (0, 1, "overdue")


def test_three_formal_members_need_none_and_probationary_ones_do_not_count(social):
    factories.make_member(social, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(INSTRUCTOR, social, date(2026, 9, 30)) == (0, 1, "overdue")
    factories.make_member(social, joined_on=date(2025, 9, 29), confirmed_on=date(2026, 9, 30))
    assert verdict(INSTRUCTOR, social, date(2026, 9, 29)) == (0, 1, "overdue")
    assert verdict(INSTRUCTOR, social, date(2026, 9, 30)) is None


def test_other_sectors_need_none(branch):
    assert verdict(INSTRUCTOR, branch, date(2026, 9, 30)) is None


def test_a_county_may_ask_it_of_every_social_organisation_or_of_none(social):
    factories.make_members(social, 8)
    assert verdict(INSTRUCTOR, social, date(2026, 9, 30)) is None
    county_value(INSTRUCTOR_BELOW, 10_000, date(2026, 10, 1))
    assert verdict(INSTRUCTOR, social, date(2026, 9, 30)) is None
    assert verdict(INSTRUCTOR, social, date(2026, 10, 1)) == (0, 1, "overdue")
    county_value(INSTRUCTOR_BELOW, 0, date(2026, 11, 1))
    assert verdict(INSTRUCTOR, social, date(2026, 11, 1)) is None


def test_the_sector_is_that_of_the_day(social):
    EarlierFact.objects.create(
        organisation=social, field="sector", value=Sector.COMMUNITY, until_on=date(2026, 6, 30)
    )
    assert verdict(INSTRUCTOR, social, date(2026, 6, 30)) is None
    assert verdict(INSTRUCTOR, social, date(2026, 7, 1)) == (0, 1, "overdue")


def test_an_organisation_founded_in_mid_year_is_asked_from_that_day_on():
    branch = factories.make_branch(sector=Sector.SOCIAL_ORGANISATION, founded_on=date(2026, 9, 15))
    assert verdict(INSTRUCTOR, branch, date(2026, 9, 14)) is None
    assert verdict(INSTRUCTOR, branch, date(2026, 9, 15)) == (0, 1, "overdue")


def test_an_instructor_entered_late_clears_it_and_the_second_run_writes_nothing(social):
    day = date(2026, 9, 30)
    run_night(day)
    assert verdict(INSTRUCTOR, social, day) == (0, 1, "overdue")
    assign(
        organisation=social,
        role=AssignmentRole.INSTRUCTOR,
        person_name="方立平",
        starts_on=date(2026, 9, 1),
        by=None,
    )
    refresh(as_of=day, organisation=social)
    with Writes() as writes:
        assert verdict(INSTRUCTOR, social, day) == (0, 0, "done")
    assert writes.statements == []
    Assignment.objects.update(ends_on=date(2026, 9, 29))
    assert verdict(INSTRUCTOR, social, day) == (0, 1, "overdue")
