import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.roles import BRANCH_ROLES, RIGHTS, Action, Role
from branches.grants import grant_role, withdraw_role
from branches.models import Kind, Organisation
from branches.scope import get_for, is_superior, paths_reached, reaches
from members.models import Member
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_member,
    make_organisation,
    make_user,
)

pytestmark = pytest.mark.django_db


class Tree:
    """Two towns of a county, one with a general branch; and another county."""

    def __init__(self):
        self.county = make_county()
        self.town = make_committee(self.county, "荻浦镇党委")
        self.general = make_organisation(Kind.GENERAL_BRANCH, self.town, "上荻村党总支")
        self.first = make_branch(self.general, "上荻村第一党支部")
        self.second = make_branch(self.general, "上荻村第二党支部")
        self.other_town = make_committee(self.county, "柳汀街道党工委")
        self.neighbour = make_branch(self.other_town, "望春社区党支部")
        self.elsewhere = make_branch(name="邻溪村党支部")

    def place_of(self, role):
        if role in BRANCH_ROLES:
            return self.first
        return self.town if role == Role.COMMITTEE_OFFICER else self.county

    def below(self, place):
        known = [self.county, self.town, self.general, self.first, self.second]
        known += [self.other_town, self.neighbour, self.elsewhere]
        return {one.name for one in known if one.path.startswith(place.path)}


@pytest.fixture
def tree():
    return Tree()


def names(rows):
    return {row.name for row in rows}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_permits_its_actions_on_its_place_and_below_and_no_others(tree, role, action):
    place = tree.place_of(role)
    user = make_user(role, place)
    expected = tree.below(place) if action in RIGHTS[role] else set()
    assert names(Organisation.objects.permitting(user, action)) == expected


@pytest.mark.parametrize("role", Role)
def test_whoever_may_look_sees_the_place_and_what_is_below(tree, role):
    place = tree.place_of(role)
    user = make_user(role, place)
    expected = tree.below(place) if Action.LOOK in RIGHTS[role] else set()
    assert names(Organisation.objects.visible_to(user)) == expected


def test_a_general_branchs_secretary_reaches_its_branches(tree):
    user = make_user(Role.SECRETARY, tree.general)
    assert names(Organisation.objects.permitting(user, Action.ENTER_DUES)) == {
        "上荻村党总支",
        "上荻村第一党支部",
        "上荻村第二党支部",
    }


def test_rows_of_a_branch_are_seen_with_it(tree):
    for branch in (tree.first, tree.second, tree.neighbour):
        make_member(branch, branch.name)
    assert names(Member.objects.visible_to(make_user(Role.SECRETARY, tree.first))) == {
        "上荻村第一党支部"
    }
    assert names(Member.objects.visible_to(make_user(Role.COMMITTEE_OFFICER, tree.town))) == {
        "上荻村第一党支部",
        "上荻村第二党支部",
    }
    assert names(Member.objects.within(tree.general)) == {"上荻村第一党支部", "上荻村第二党支部"}


def test_the_superior_approves_from_above_and_not_for_himself(tree):
    officer = make_user(Role.COMMITTEE_OFFICER, tree.town)
    county = make_user(Role.COUNTY_OFFICER, tree.county)
    decides = {
        "上荻村党总支",
        "上荻村第一党支部",
        "上荻村第二党支部",
    }
    assert names(Organisation.objects.for_superior(officer)) == decides
    for organisation in Organisation.objects.select_related("parent"):
        for user in (officer, county):
            expected = Organisation.objects.for_superior(user).contains(organisation)
            assert is_superior(user, organisation) == expected
    assert (is_superior(county, tree.town), is_superior(county, tree.county)) == (True, False)
    assert not Organisation.objects.for_superior(make_user(Role.SECRETARY, tree.general)).exists()


def test_two_grants_add_up(tree):
    user = make_user(Role.SECRETARY, tree.first)
    grant_role(user=user, role=Role.ORGANISER, organisation=tree.neighbour, by=None)
    assert names(Organisation.objects.visible_to(user)) == {"上荻村第一党支部", "望春社区党支部"}
    # The right to submit stays where it was given.
    assert names(Organisation.objects.permitting(user, Action.REPORT_TASK)) == {"上荻村第一党支部"}


def test_a_grant_taken_back_shows_nothing(tree):
    user = make_user(Role.SECRETARY, tree.first)
    withdraw_role(user.grants.get(), by=None, reason="调离")
    assert not Organisation.objects.visible_to(user).exists()


def test_a_path_that_only_begins_alike_is_not_below(tree):
    """Paths have fixed steps; without them branch 1 would reach branch 11."""
    steps = [one.path for one in Organisation.objects.all()]
    assert {len(path) % 6 for path in steps} == {0}
    user = make_user(Role.SECRETARY, tree.first)
    assert not reaches(user, Action.LOOK, tree.second.path)


@pytest.mark.parametrize("user", [AnonymousUser(), None])
def test_nobody_and_a_stopped_account_see_nothing(tree, user):
    if user is None:
        user = make_user(Role.COUNTY_OFFICER, tree.county, is_active=False)
    assert paths_reached(user) == ()
    assert not Organisation.objects.visible_to(user).exists()


def test_a_superuser_reaches_everything(tree):
    user = make_user(is_superuser=True)
    assert (
        Organisation.objects.permitting(user, Action.OPERATE).count()
        == Organisation.objects.count()
    )
    assert get_for(Organisation.objects.all(), user, Action.CHANGE_RULES, pk=tree.first.pk)


def test_grants_are_read_once_for_a_request(tree, django_assert_num_queries):
    user = make_user(Role.SECRETARY, tree.first)
    with django_assert_num_queries(1):
        for action in Action:
            paths_reached(user, action)


# --- One row ----------------------------------------------------------------------------


def test_in_reach_is_the_row(tree):
    user = make_user(Role.SECRETARY, tree.first)
    assert (
        get_for(Organisation.objects.all(), user, Action.ENTER_DUES, pk=tree.first.pk) == tree.first
    )


def test_out_of_sight_is_404_whether_it_exists_or_not(tree):
    user = make_user(Role.SECRETARY, tree.first)
    for pk in (tree.second.pk, tree.elsewhere.pk, 10**9):
        with pytest.raises(Http404):
            get_for(Organisation.objects.all(), user, pk=pk)
        with pytest.raises(Http404):
            get_for(Organisation.objects.all(), user, Action.ENTER_DUES, pk=pk)


def test_in_sight_but_out_of_reach_is_403(tree):
    user = make_user(Role.GROUP_LEADER, tree.first)
    with pytest.raises(PermissionDenied):
        get_for(Organisation.objects.all(), user, Action.ENTER_DUES, pk=tree.first.pk)


def test_a_row_of_a_branch_has_the_branchs_walls(tree):
    member = make_member(tree.first)
    officer = make_user(Role.COMMITTEE_OFFICER, tree.town)
    assert get_for(Member.objects.all(), officer, pk=member.pk) == member
    with pytest.raises(PermissionDenied):
        get_for(Member.objects.all(), officer, Action.CHANGE_MEMBER, pk=member.pk)
    with pytest.raises(Http404):
        get_for(Member.objects.all(), make_user(Role.SECRETARY, tree.second), pk=member.pk)
