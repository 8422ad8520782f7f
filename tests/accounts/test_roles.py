import pytest

from accounts.roles import (
    ADMIN_SITE_ROLES,
    BRANCH_ROLES,
    COMMITTEE_ROLES,
    COUNTY_ROLES,
    EXCLUSIVE,
    FIRST_PAGES,
    GIVEN_BY,
    RIGHTS,
    Action,
    Role,
    roles_allowing,
    roles_given_by,
)


def test_every_role_has_rights_a_place_and_a_first_page():
    assert set(RIGHTS) == set(Role)
    assert set(Role) == BRANCH_ROLES | COMMITTEE_ROLES | COUNTY_ROLES
    assert {role for role, _page in FIRST_PAGES} == set(Role)


def test_every_action_belongs_to_somebody():
    for action in Action:
        assert roles_allowing(action), action


@pytest.mark.parametrize("role", EXCLUSIVE)
def test_the_three_administrators_see_no_members_by_that_right(role):
    assert RIGHTS[role].isdisjoint({Action.LOOK, Action.REVEAL_NUMBER, Action.EXPORT_LEDGER})


def test_the_three_administrators_share_no_right():
    system, security, audit = (RIGHTS[role] for role in EXCLUSIVE)
    assert system.isdisjoint(security) and security.isdisjoint(audit) and audit.isdisjoint(system)


def test_only_the_auditor_reads_the_trail():
    assert roles_allowing(Action.READ_TRAIL) == {Role.AUDIT_ADMIN}


def test_inspectors_change_nothing_but_their_inspections():
    assert RIGHTS[Role.INSPECTOR] == {Action.LOOK, Action.INSPECT, Action.EXPORT_LEDGER}


def test_a_group_leader_enters_no_dues_and_reports_no_task():
    assert RIGHTS[Role.GROUP_LEADER] == {Action.LOOK, Action.RECORD_MEETING}


def test_the_organiser_submits_nothing_and_sees_masked_numbers():
    assert RIGHTS[Role.SECRETARY] - RIGHTS[Role.ORGANISER] == {
        Action.REPORT_TASK,
        Action.IMPORT_WORKBOOK,
        Action.REVEAL_NUMBER,
        Action.KEEP_POSTS,
        Action.SUBMIT,
    }


def test_nobody_reviews_what_the_own_branch_reports():
    for role in Role:
        assert not {Action.REPORT_TASK, Action.REVIEW_TASK} <= RIGHTS[role]
        assert not {Action.SUBMIT, Action.APPROVE} <= RIGHTS[role]


def test_roles_are_handed_out_by_those_who_manage_accounts_only():
    assert set(GIVEN_BY) == roles_allowing(Action.MANAGE_ACCOUNTS)


def test_the_county_officer_hands_out_no_role_that_manages_accounts():
    given = roles_given_by({Role.COUNTY_OFFICER})
    assert given == BRANCH_ROLES | COMMITTEE_ROLES
    assert given.isdisjoint(roles_allowing(Action.MANAGE_ACCOUNTS))
    assert given.isdisjoint(EXCLUSIVE)


def test_whoever_holds_nothing_hands_out_nothing():
    assert roles_given_by(()) == frozenset()
    assert roles_given_by({Role.SECRETARY, Role.COMMITTEE_OFFICER}) == frozenset()


def test_the_admin_site_is_for_county_officers_and_administrators():
    assert {Role.COUNTY_OFFICER, *EXCLUSIVE} == ADMIN_SITE_ROLES
