from datetime import date

import pytest

from branches.models import BranchUnit, Form, Sector, Unit
from branches.services import change_facts
from branches.values import Values
from compliance.judging import question_for
from compliance.registry import RULES
from compliance.rules.branches import MOST_UNITS
from members.enums import MemberKind
from members.models import Member, Membership
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

SMALL = "branches.too_small"
LARGE = "branches.too_large"


@pytest.fixture
def branch():
    return factories.make_branch()


def test_three_formal_members_are_enough_and_two_are_not(branch):
    factories.make_members(branch, 2)
    factories.make_members(branch, 5, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(SMALL, branch, date(2026, 9, 30)) == (0, 1, "overdue")
    factories.make_member(branch)
    assert verdict(SMALL, branch, date(2026, 9, 30)) == (0, 0, "done")


@pytest.mark.parametrize(
    ("sector", "formal", "told"),
    [
        (Sector.SOCIAL_ORGANISATION, 2, True),
        (Sector.SOCIAL_ORGANISATION, 1, False),
        (Sector.VILLAGE, 2, False),
    ],
)
def test_the_plan_for_social_organisations_with_two_members_is_named(branch, sector, formal, told):
    branch.sector = sector
    branch.save(update_fields=["sector"])
    factories.make_members(branch, formal)
    rule = RULES[SMALL]
    found = rule.evidence(question_for(rule, None, date(2026, 9, 30), Values()), branch)
    assert len(found.counted) == 1
    plan = "本县社会组织方案：2 名正式党员的选派指导员、单独组建；与全国规定（联合组建）不一致"
    assert (("说明", plan) in found.facts) is told


def test_a_branch_without_members_is_too_small(branch):
    duty = duty_of(SMALL, branch, date(2026, 9, 30))
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 9, 30))


def test_the_third_member_counts_on_the_last_day(branch):
    factories.make_members(branch, 2)
    factories.make_member(branch, ends_on=date(2026, 12, 31), left_on=date(2027, 1, 1))
    assert verdict(SMALL, branch, date(2026, 12, 31)) == (0, 0, "done")
    assert verdict(SMALL, branch, date(2027, 1, 1)) == (0, 1, "overdue")


def test_a_member_who_joined_on_29_february_counts_from_that_day(branch):
    factories.make_members(branch, 2)
    factories.make_member(branch, joined_on=date(2024, 2, 29), confirmed_on=date(2025, 2, 28))
    assert verdict(SMALL, branch, date(2025, 2, 27)) == (0, 1, "overdue")
    assert verdict(SMALL, branch, date(2025, 2, 28)) == (0, 0, "done")


def test_the_day_a_branch_became_too_small_stays(branch):
    factories.make_members(branch, 2)
    first = duty_of(SMALL, branch, date(2026, 9, 10))
    later = duty_of(SMALL, branch, date(2026, 9, 30))
    assert (later.pk, later.open_since) == (first.pk, date(2026, 9, 10))


def test_a_condition_that_came_back_stands_since_it_came_back(branch):
    factories.make_members(branch, 2)
    duty_of(SMALL, branch, date(2026, 9, 10))
    third = factories.make_member(branch, starts_on=date(2026, 9, 15))
    cleared = duty_of(SMALL, branch, date(2026, 9, 20))
    assert (cleared.state, cleared.open_since) == ("done", None)
    Membership.objects.filter(member=third).update(ends_on=date(2026, 9, 24))
    again = duty_of(SMALL, branch, date(2026, 9, 25))
    assert (again.state, again.open_since, again.due_on) == (
        "overdue",
        date(2026, 9, 25),
        date(2026, 9, 24),
    )
    assert list(again.events.values_list("on", "after")) == [
        (date(2026, 9, 10), "overdue"),
        (date(2026, 9, 20), "done"),
        (date(2026, 9, 25), "overdue"),
    ]


@pytest.fixture
def fifty(branch):
    factories.make_members(branch, 50)
    return branch


def test_fifty_members_are_not_too_many_and_sixty_are_a_piece_of_advice(fifty):
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 0, "done")
    factories.make_member(fifty, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 1, "behind")
    factories.make_members(fifty, 9)
    duty = duty_of(LARGE, fifty, date(2026, 10, 1))
    assert (duty.required, duty.actual, duty.state) == (0, 1, "behind")
    assert duty.open_since == date(2026, 9, 30)


def test_advice_turns_red_only_when_the_county_says_so(fifty):
    factories.make_member(fifty)
    assert verdict(LARGE, fifty, date(2036, 9, 30)) == (0, 1, "behind")
    county_value(RULES[LARGE].strict_key, True, date(2026, 10, 1))
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 1, "behind")
    assert verdict(LARGE, fifty, date(2026, 10, 1)) == (0, 1, "overdue")


def test_members_are_counted_on_the_day_of_judging(fifty):
    factories.make_member(fifty, starts_on=date(2026, 9, 20))
    assert verdict(LARGE, fifty, date(2026, 9, 19)) == (0, 0, "done")
    assert verdict(LARGE, fifty, date(2026, 9, 20)) == (0, 1, "behind")
    Member.objects.filter(pk=fifty.members.first().pk).update(
        left_on=date(2026, 9, 25), left_reason="组织关系转出"
    )
    assert verdict(LARGE, fifty, date(2026, 9, 24)) == (0, 1, "behind")
    assert verdict(LARGE, fifty, date(2026, 9, 25)) == (0, 0, "done")


# --- Forms ----------------------------------------------------------------------------------

JOINT = "branches.joint_units"


def attach(branch, count):
    """People of another branch who only work with this one."""
    for member in factories.make_members(factories.make_branch(branch.parent), count):
        Membership.objects.create(
            member=member, organisation=branch, is_attached=True, starts_on=date(2026, 9, 1)
        )


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_a_branch_without_relations_counts_those_attached(branch, form):
    temporary = factories.make_branch(branch.parent, form=form)
    attach(temporary, 2)
    assert verdict(SMALL, temporary, date(2026, 9, 30)) == (0, 1, "overdue")
    attach(temporary, 1)
    assert verdict(SMALL, temporary, date(2026, 8, 31)) == (0, 1, "overdue")
    assert verdict(SMALL, temporary, date(2026, 9, 30)) == (0, 0, "done")


def test_a_temporary_branch_may_be_too_large_as_well(branch):
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    attach(temporary, 51)
    assert verdict(LARGE, temporary, date(2026, 9, 30)) == (0, 1, "behind")


@pytest.fixture
def joint(branch):
    """A joint branch with five units since its founding."""
    joint = factories.make_branch(branch.parent, form=Form.JOINT)
    for number in range(5):
        unit(joint, f"第{number}厂", factories.FOUNDED)
    return joint


def unit(branch, name, starts_on, ends_on=None):
    return BranchUnit.objects.create(
        organisation=branch,
        unit=Unit.objects.create(organisation=branch, name=name, kind="private_enterprise"),
        starts_on=starts_on,
        ends_on=ends_on,
    )


def test_five_units_are_not_too_many_and_the_sixth_is_a_piece_of_advice(joint):
    unit(joint, "荻浦水厂", date(2026, 9, 10))
    assert verdict(JOINT, joint, date(2026, 9, 9)) == (0, 0, "done")
    duty = duty_of(JOINT, joint, date(2026, 9, 10))
    assert (duty.actual, duty.state, duty.open_since) == (1, "behind", date(2026, 9, 10))
    assert verdict(JOINT, joint, date(2036, 9, 30)) == (0, 1, "behind")


def test_a_unit_that_left_counts_up_to_its_last_day(joint):
    unit(joint, "荻浦水厂", date(2026, 6, 1), ends_on=date(2028, 2, 29))
    assert verdict(JOINT, joint, date(2028, 2, 29)) == (0, 1, "behind")
    assert verdict(JOINT, joint, date(2028, 3, 1)) == (0, 0, "done")


def test_units_registered_late_count_since_their_own_day(joint):
    duty_of(JOINT, joint, date(2026, 9, 30))
    unit(joint, "荻浦水厂", date(2026, 7, 1))
    duty = duty_of(JOINT, joint, date(2026, 9, 30))
    assert (duty.state, duty.open_since) == ("behind", date(2026, 7, 1))
    again = duty_of(JOINT, joint, date(2026, 9, 30))
    assert (again.pk, again.events.count()) == (duty.pk, 1)


def test_units_whose_day_is_not_known_were_always_there(branch):
    joint = factories.make_branch(branch.parent, form=Form.JOINT)
    for number in range(6):
        unit(joint, f"第{number}厂", None)
    duty = duty_of(JOINT, joint, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (1, date(2026, 9, 30))


def test_only_joint_branches_are_asked_and_by_their_form_of_the_day(branch):
    for number in range(6):
        unit(branch, f"第{number}厂", date(2026, 1, 1))
    assert duty_of(JOINT, branch, date(2026, 9, 30)) is None
    change_facts(branch, by=None, on=date(2026, 7, 1), today=date(2026, 9, 30), form=Form.JOINT)
    assert duty_of(JOINT, branch, date(2026, 6, 30)) is None
    assert verdict(JOINT, branch, date(2026, 7, 1)) == (0, 1, "behind")


def test_a_joint_branch_founded_inside_the_month_is_asked_from_its_day(branch):
    joint = factories.make_branch(branch.parent, form=Form.JOINT, founded_on=date(2026, 9, 15))
    for number in range(6):
        unit(joint, f"第{number}厂", date(2026, 9, 15))
    assert duty_of(JOINT, joint, date(2026, 9, 14)) is None
    assert verdict(JOINT, joint, date(2026, 9, 15)) == (0, 1, "behind")


def test_the_county_sets_how_many_units_a_joint_branch_covers(joint):
    county_value(MOST_UNITS, 4, date(2026, 9, 1))
    assert verdict(JOINT, joint, date(2026, 8, 31)) == (0, 0, "done")
    assert verdict(JOINT, joint, date(2026, 9, 1)) == (0, 1, "behind")


def test_the_evidence_lists_the_units(joint):
    unit(joint, "荻浦水厂", date(2026, 9, 10))
    rule = RULES[JOINT]
    question = question_for(rule, None, date(2026, 9, 30), Values())
    evidence = rule.evidence(question, joint)
    assert [record.text for record in evidence.counted][-1] == "荻浦水厂"
    assert evidence.facts == [("所辖单位", "6 个"), ("上限", "5 个")]
    assert rule.cure.url(joint) == f"/branches/organisations/?branch={joint.code}"
