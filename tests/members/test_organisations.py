"""Merging, dissolving, and branches that hold no formal relations."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form, Organisation
from members.enums import PostTitle, Stage, TransferState
from members.models import Assignment, Development, Membership, Transfer
from members.roster import counts, roster
from members.services import Refused
from members.services.organisations import (
    attach_member,
    consequences,
    dissolve_organisation,
    end_group,
    merge_organisation,
    refuse_relation,
    release_member,
)
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_group,
    make_member,
    make_members,
    make_post,
    make_user,
)

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 8, 15)
DAY = datetime.timedelta(days=1)
JUNE, JULY = datetime.date(2026, 6, 1), datetime.date(2026, 7, 1)


@pytest.fixture
def town():
    return make_committee(make_county(), "荻浦镇党委")


@pytest.fixture
def branch(town):
    return make_branch(town, "上荻村党支部")


@pytest.fixture
def other(town):
    return make_branch(town, "下荻村党支部")


@pytest.fixture
def temporary(town):
    return make_branch(town, "荻浦防汛临时党支部", form=Form.TEMPORARY)


def merge(branch, into, on=JULY, **facts):
    facts = {"by": None, "today": TODAY, "reason": "县委批复"} | facts
    return merge_organisation(branch, into=into, on=on, **facts)


def dissolve(branch, on=JULY, **facts):
    facts = {"by": None, "today": TODAY, "reason": "县委批复"} | facts
    return dissolve_organisation(branch, on=on, **facts)


def on_roster(branch, day):
    return set(roster([branch], day).values_list("member", flat=True))


# --- Merging --------------------------------------------------------------------------------


def test_sixty_members_go_over_on_the_day_and_stay_in_the_months_before(branch, other):
    group = make_group(branch)
    people = {one.pk for one in make_members(branch, 60, group=group)}
    own = make_member(other).pk
    assert merge(branch, other)
    assert (on_roster(branch, JULY - DAY), on_roster(other, JULY - DAY)) == (people, {own})
    assert (on_roster(branch, JULY), on_roster(other, JULY)) == (set(), people | {own})
    branch.refresh_from_db()
    assert (branch.dissolved_on, branch.merged_into, branch.name) == (JULY, other, "上荻村党支部")
    assert set(other.members.values_list("pk", "group")) == {(pk, None) for pk in people | {own}}
    assert not Membership.objects.filter(organisation=branch, ends_on__isnull=True).exists()
    group.refresh_from_db()
    assert group.ends_on == JULY - DAY


def test_sixty_members_cost_as_many_queries_as_six(town):
    def cost(count):
        branch, other = make_branch(town), make_branch(town)
        make_members(branch, count)
        with CaptureQueriesContext(connection) as captured:
            merge(branch, other)
        return len(captured)

    cost(1)
    assert cost(6) == cost(60)


def test_a_merger_leaves_lines_for_both_sides_and_everybody(branch, other):
    member = make_member(branch, "许文桥")
    merge(branch, other)
    lines = {(line.action, line.label): line for line in TrailLine.objects.all()}
    assert lines["合并组织", "上荻村党支部"].after == {
        "并入": "下荻村党支部",
        "撤销日期": "2026-07-01",
    }
    assert lines["接收组织", "下荻村党支部"].after == {"并入": "上荻村党支部", "党员": "1 人"}
    line = lines["组织关系变动", "许文桥"]
    assert (line.area, line.object_id) == ("members", member.pk)
    assert (line.before, line.after) == (
        {"支部": "上荻村党支部"},
        {"支部": "下荻村党支部", "自": "2026年7月1日"},
    )
    assert {line.reason for line in lines.values()} == {"县委批复"}
    noted = set(Changed.objects.values_list("organisation", "area"))
    assert noted == {(branch.pk, "branches"), (branch.pk, "members"), (other.pk, "members")}


def test_posts_assignments_rights_and_applicants_follow(branch, other):
    member = make_member(branch)
    post = make_post(branch, PostTitle.SECRETARY, member=member)
    assigned = Assignment.objects.create(
        organisation=branch, role="instructor", person_name="沈知行", starts_on=JUNE
    )
    secretary = make_user(Role.SECRETARY, branch)
    applicant = Development.objects.create(
        organisation=branch, name="周慧敏", stage=Stage.APPLICANT
    )
    merge(branch, other)
    for one in (post, assigned, applicant):
        one.refresh_from_db()
    assert (post.ends_on, assigned.ends_on) == (JULY - DAY, JULY - DAY)
    assert applicant.organisation == other
    assert not secretary.grants.filter(withdrawn_at__isnull=True).exists()


def test_who_left_before_stays_where_he_was(branch, other):
    left = make_member(branch, ends_on=JUNE)
    merge(branch, other)
    left.refresh_from_db()
    assert left.organisation == branch
    assert list(left.memberships.values_list("organisation", "ends_on")) == [(branch.pk, JUNE)]


def test_who_left_after_a_back_dated_end_left_from_the_successor(branch, other):
    left = make_member(branch, ends_on=JULY + DAY)
    merge(branch, other)
    left.refresh_from_db()
    assert left.organisation == other
    assert list(left.memberships.order_by("pk").values_list("organisation", "ends_on")) == [
        (branch.pk, JULY - DAY),
        (other.pk, JULY + DAY),
    ]


def test_who_was_here_on_the_day_and_went_elsewhere_since_has_all_three_stays(town, branch, other):
    third = make_branch(town)
    member = make_member(branch)
    first = member.memberships.get()
    first.ends_on = datetime.date(2026, 7, 31)
    first.save()
    Membership.objects.create(
        member=member, organisation=third, starts_on=datetime.date(2026, 8, 1)
    )
    member.organisation = third
    member.save()
    merge(branch, other)
    stays = member.memberships.order_by("starts_on").values_list("organisation", "ends_on")
    assert list(stays) == [
        (branch.pk, JULY - DAY),
        (other.pk, datetime.date(2026, 7, 31)),
        (third.pk, None),
    ]
    member.refresh_from_db()
    assert member.organisation == third


def test_who_came_on_the_very_day_is_moved_as_he_is(branch, other):
    member = make_member(branch, starts_on=JULY)
    merge(branch, other)
    assert list(member.memberships.values_list("organisation", "starts_on")) == [(other.pk, JULY)]


def test_a_merger_on_29_february_ends_on_the_28th(branch, other):
    member = make_member(branch)
    merge(branch, other, on=datetime.date(2024, 2, 29))
    assert member.memberships.order_by("starts_on").first().ends_on == datetime.date(2024, 2, 28)


def test_the_same_again_changes_nothing(branch, other):
    make_members(branch, 3)
    assert merge(branch, other)
    before = TrailLine.objects.count(), Membership.objects.count()
    assert not merge(branch, other)
    assert (TrailLine.objects.count(), Membership.objects.count()) == before
    with pytest.raises(Refused, match="已于2026年7月1日撤销"):
        merge(branch, other, on=JULY + DAY)


def test_a_day_to_come_is_refused(branch, other):
    with pytest.raises(Refused) as refused:
        merge(branch, other, on=TODAY + DAY)
    assert (str(refused.value), refused.value.field) == (
        "2026年8月16日还没有到，请到那天再办",
        "on",
    )


def test_who_came_after_the_day_is_named(branch, other):
    make_member(branch, "许文桥", starts_on=JULY + DAY)
    with pytest.raises(Refused, match="许文桥在2026年7月1日以后才编入"):
        merge(branch, other)
    branch.refresh_from_db()
    assert branch.dissolved_on is None


@pytest.mark.parametrize("side", ["from_organisation", "to_organisation"])
def test_an_open_transfer_is_named(branch, other, side):
    member = make_member(branch, "许文桥")
    sides = {"from_outside": "邻县"} if side == "to_organisation" else {"to_outside": "邻县"}
    Transfer.objects.create(
        member=member,
        name="许文桥",
        state=TransferState.LETTER_OUT,
        started_on=JUNE,
        **{side: branch},
        **sides,
    )
    with pytest.raises(Refused, match="许文桥的组织关系转接还没有办完，请先接收、退回或撤回"):
        merge(branch, other)


def test_nothing_merges_into_itself_into_another_sort_or_into_what_has_ended(branch, town, other):
    with pytest.raises(Refused, match="请选另一个党组织"):
        merge(branch, branch)
    with pytest.raises(Refused, match="党支部只能并入党支部"):
        merge(branch, town)
    dissolve(other)
    with pytest.raises(Refused, match="已于2026年7月1日撤销，请另选"):
        merge(branch, other)


def test_formal_relations_do_not_go_into_a_temporary_branch(branch, temporary):
    make_member(branch)
    with pytest.raises(Refused, match="组织关系不转入"):
        merge(branch, temporary)
    with pytest.raises(Refused):
        refuse_relation(temporary)
    refuse_relation(branch)


def test_a_reason_is_asked_for(branch, other):
    with pytest.raises(Refused, match="请写明依据"):
        merge(branch, other, reason=" ")


def test_a_committee_merges_into_a_committee_once_nothing_stands_below(town, branch):
    street = make_committee(town.parent, "柳汀街道党工委")
    with pytest.raises(Refused, match="下面还有上荻村党支部党组织"):
        merge(town, street)
    dissolve(branch)
    assert merge(town, street)


# --- Dissolving -----------------------------------------------------------------------------


def test_with_members_left_it_asks_where_they_go(branch, other):
    member = make_member(branch)
    with pytest.raises(Refused) as refused:
        dissolve(branch)
    assert (str(refused.value), refused.value.field) == (
        "还有 1 名党员的组织关系在这里，请选他们转到哪个党支部",
        "to",
    )
    assert dissolve(branch, to=other)
    branch.refresh_from_db()
    member.refresh_from_db()
    assert (branch.dissolved_on, branch.merged_into) == (JULY, None)
    assert member.organisation == other
    assert not dissolve(branch, to=other)


def test_an_empty_branch_is_dissolved_without_a_target(branch):
    assert dissolve(branch)
    assert Organisation.objects.get(pk=branch.pk).dissolved_on == JULY


def test_consequences_are_counted_before(branch):
    people = make_members(branch, 2, group=make_group(branch))
    make_post(branch, member=people[0])
    make_user(Role.SECRETARY, branch)
    found = consequences(branch, TODAY)
    assert (found.relations, found.attached, found.posts, found.grants, found.groups) == (
        *(2, 0, 1, 1, 1),
    )


# --- Groups ---------------------------------------------------------------------------------


def test_who_was_in_a_group_goes_into_another_one_from_the_day(branch):
    old, new = make_group(branch, "第一党小组"), make_group(branch, "第二党小组")
    member = make_member(branch, group=old)
    leader = make_post(branch, PostTitle.GROUP_LEADER, member=member, group=old)
    assert end_group(old, into=new, by=None, on=JULY, today=TODAY)
    assert not end_group(old, into=new, by=None, on=JULY, today=TODAY)
    member.refresh_from_db()
    leader.refresh_from_db()
    assert (member.group, leader.ends_on) == (new, JULY - DAY)
    assert list(member.memberships.order_by("starts_on").values_list("group", "ends_on")) == [
        (old.pk, JULY - DAY),
        (new.pk, None),
    ]


def test_a_group_of_another_branch_is_refused(branch, other):
    group = make_group(branch)
    with pytest.raises(Refused, match="不是“上荻村党支部”的党小组"):
        end_group(group, into=make_group(other), by=None, on=JULY, today=TODAY)
    with pytest.raises(Refused, match="还没有到"):
        end_group(group, by=None, on=TODAY + DAY, today=TODAY)


# --- Temporary and functional branches ------------------------------------------------------


def attach(member, to, on=JULY, **facts):
    return attach_member(member, to=to, on=on, **({"by": None, "today": TODAY} | facts))


def test_an_attached_member_keeps_the_formal_relation(branch, temporary):
    member = make_member(branch)
    attach(member, temporary)
    assert on_roster(branch, JULY) == {member.pk}
    assert on_roster(temporary, JULY) == set()
    assert set(roster([temporary], JULY, attached=True).values_list("member", flat=True)) == {
        member.pk
    }
    assert counts([branch, temporary], JULY) == {branch.pk: (1, 1), temporary.pk: (1, 1)}
    line = TrailLine.objects.get()
    assert (line.action, line.after["编入"]) == ("编入临时支部", "荻浦防汛临时党支部")


def test_an_attachment_ends_with_its_posts(branch, temporary):
    member = make_member(branch)
    row = attach(member, temporary, on=JUNE)
    post = make_post(temporary, member=member, starts_on=JUNE)
    assert release_member(row, by=None, on=JULY, today=TODAY)
    assert not release_member(row, by=None, on=JULY, today=TODAY)
    row.refresh_from_db()
    post.refresh_from_db()
    assert (row.ends_on, post.ends_on) == (JULY - DAY, JULY - DAY)
    assert member.memberships.formal().get().ends_on is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"on": TODAY + DAY}, "还没有到"),
        ({"on": datetime.date(2010, 1, 1)}, "才成立"),
    ],
)
def test_an_attachment_is_refused_outside_the_life_of_the_branch(branch, temporary, facts, words):
    with pytest.raises(Refused, match=words):
        attach(make_member(branch), temporary, **facts)


def test_nobody_is_attached_twice_after_leaving_or_to_an_ordinary_branch(branch, other, temporary):
    member, left = make_member(branch), make_member(branch, ends_on=JUNE)
    attach(member, temporary)
    with pytest.raises(Refused, match="已编入"):
        attach(member, temporary)
    with pytest.raises(Refused, match="已于2026年6月1日离开"):
        attach(left, temporary)
    with pytest.raises(Refused, match="不是临时或功能型党支部"):
        attach(member, other)
    with pytest.raises(Refused, match="请办理转接"):
        release_member(member.memberships.formal().get(), by=None, on=JULY, today=TODAY)


def test_a_temporary_branch_ends_by_releasing_everybody(branch, temporary):
    member = make_member(branch)
    row = attach(member, temporary, on=JUNE)
    assert dissolve(temporary)
    row.refresh_from_db()
    assert row.ends_on == JULY - DAY
    assert on_roster(branch, TODAY) == {member.pk}
