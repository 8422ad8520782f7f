"""What happens to members: joining, moving, leaving; what is refused, trailed and noted."""

import datetime

import pytest

from accounts.models import TrailLine
from branches.models import Changed, Form
from members.enums import AssignmentRole, MemberKind, PostTitle
from members.models import Member, Membership
from members.services import Refused
from members.services.people import (
    change_group,
    create_member,
    end_membership,
    leave,
    move_membership,
    rejoin_branch,
    undo_leaving,
)
from members.services.records import change_member
from tests import factories

pytestmark = pytest.mark.django_db

MAY = datetime.date(2026, 5, 4)
BEFORE = datetime.date(2026, 5, 3)
TODAY = datetime.date(2026, 6, 1)
BORN = datetime.date(1990, 2, 28)


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def other(committee):
    return factories.make_branch(committee, "青石社区党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华")


def add(branch, by, **facts):
    plain = {
        "name": "顾雨桐",
        "gender": "female",
        "born_on": BORN,
        "kind": MemberKind.FORMAL,
        "joined_on": datetime.date(2015, 7, 1),
    }
    return create_member(branch=branch, by=by, **(plain | facts))


def spans(member):
    rows = member.memberships.order_by("pk")
    return [(row.organisation_id, row.group_id, row.starts_on, row.ends_on) for row in rows]


def noted(branch):
    return list(Changed.objects.filter(organisation=branch).values_list("area", "from_on"))


# --- Joining a roster -----------------------------------------------------------------------


def test_a_new_member_belongs_from_the_day_of_joining_the_party(branch, secretary):
    number = factories.make_id_number(BORN)
    member = add(branch, secretary, id_number=number, phone="13612343471")
    member = Member.objects.get(pk=member.pk)
    assert (member.initials, member.phone_mask) == ("gyt", "136****3471")
    assert member.id_number == number
    assert spans(member) == [(branch.pk, None, datetime.date(2015, 7, 1), None)]
    assert noted(branch) == [("members", datetime.date(2015, 7, 1))]


def test_a_new_member_belongs_from_the_day_that_was_given(branch, secretary):
    group = factories.make_group(branch)
    member = add(branch, secretary, on=MAY, group=group)
    assert spans(member) == [(branch.pk, group.pk, MAY, None)]
    assert member.group == group


def test_the_trail_of_a_new_member_holds_masked_numbers_only(branch, secretary):
    number = factories.make_id_number(BORN)
    member = add(branch, secretary, id_number=number, phone="13612343471")
    line = TrailLine.objects.get(area="members", object_id=member.pk)
    assert (line.action, line.by, line.organisation_id) == ("新增党员", secretary, branch.pk)
    assert line.after["支部"] == "望春社区第一党支部"
    assert line.after["手机号码"] == "136****3471"
    assert line.after["公民身份号码"] == member.id_number_mask
    assert number not in str(line.after)


def test_a_known_number_is_refused_with_its_branch_named_to_who_may_see_it(
    committee, branch, other, secretary
):
    number = factories.make_id_number(BORN)
    factories.make_member(other, "白晓萍", id_number=number)
    with pytest.raises(Refused) as refused:
        add(branch, secretary, id_number=number)
    assert str(refused.value) == "这个号码已在本县另一个支部的名册里，请联系上级办转接"
    assert refused.value.field == "id_number"
    officer = factories.make_user("committee_officer", committee)
    with pytest.raises(Refused, match=r"青石社区党支部.*白晓萍"):
        add(branch, officer, id_number=number)
    assert Member.objects.count() == 1
    assert not TrailLine.objects.exists()


def test_the_number_of_somebody_who_left_is_refused_with_the_way_back(branch, secretary):
    number = factories.make_id_number(BORN)
    factories.make_member(branch, "白晓萍", id_number=number, ends_on=MAY)
    with pytest.raises(Refused, match="重新编入"):
        add(branch, secretary, id_number=number)


def test_two_of_the_same_name_stay_two(branch, secretary):
    first, second = add(branch, secretary), add(branch, secretary)
    assert first.pk != second.pk
    assert Member.objects.filter(name="顾雨桐").count() == 2


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_a_branch_without_relations_takes_nobody(committee, secretary, member, form):
    temporary = factories.make_branch(committee, form=form)
    with pytest.raises(Refused, match="组织关系不转入"):
        add(temporary, secretary)
    with pytest.raises(Refused, match="组织关系不转入"):
        move_membership(member=member, to=temporary, on=MAY, by=secretary)
    assert spans(member) == [(member.organisation_id, None, factories.JOINED, None)]


def test_a_committee_takes_nobody(committee, secretary):
    with pytest.raises(Refused, match="不是党支部"):
        add(committee, secretary)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_dissolved_branch_takes_nobody_whatever_the_day(committee, secretary, days):
    dissolved = factories.make_branch(committee, dissolved_on=MAY)
    with pytest.raises(Refused, match="2026年5月4日撤销"):
        add(dissolved, secretary, on=MAY + datetime.timedelta(days=days))


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"joined_on": BORN}, "joined_on"),
        ({"confirmed_on": datetime.date(2015, 6, 30)}, "confirmed_on"),
        ({"kind": ""}, "kind"),
    ],
)
def test_days_that_cannot_be_are_refused(branch, secretary, facts, field):
    with pytest.raises(Refused) as refused:
        add(branch, secretary, **facts)
    assert refused.value.field == field
    assert not Member.objects.exists()


def test_a_group_of_another_branch_or_ended_by_then_is_refused(branch, other, secretary):
    with pytest.raises(Refused, match="不是“望春社区第一党支部”的党小组"):
        add(branch, secretary, group=factories.make_group(other))
    with pytest.raises(Refused, match="撤销"):
        add(branch, secretary, on=MAY, group=factories.make_group(branch, ends_on=BEFORE))


def test_what_is_no_plain_fact_is_a_programmers_mistake(branch, secretary, member):
    with pytest.raises(TypeError):
        add(branch, secretary, left_on=MAY)
    with pytest.raises(TypeError):
        change_member(member=member, by=secretary, organisation=branch)


# --- Correcting the record ------------------------------------------------------------------


def test_a_correction_leaves_before_and_after_in_the_trail(branch, secretary, member):
    changed = change_member(
        member=member, by=secretary, name="龚丽花", phone="13912340000", reason="写错了"
    )
    assert changed is True
    member = Member.objects.get(pk=member.pk)
    assert (member.name, member.initials, member.phone_mask) == ("龚丽花", "glh", "139****0000")
    line = TrailLine.objects.get(object_id=member.pk)
    assert (line.action, line.reason) == ("修改党员", "写错了")
    assert line.before == {"姓名": "龚丽华", "手机号码": "136****3471"}
    assert line.after == {"姓名": "龚丽花", "手机号码": "139****0000"}
    assert not Changed.objects.exists()


def test_the_same_facts_again_change_nothing_and_leave_no_line(secretary, member):
    assert change_member(member=member, by=secretary, name="龚丽华") is False
    assert not TrailLine.objects.exists()


def test_a_number_that_is_none_stays(secretary, member):
    number = member.id_number
    change_member(member=member, by=secretary, education="本科")
    assert Member.objects.get(pk=member.pk).id_number == number


def test_the_first_membership_moves_with_the_day_of_joining(branch, secretary, member):
    earlier = datetime.date(2014, 7, 1)
    change_member(member=member, by=secretary, joined_on=earlier)
    assert spans(member) == [(branch.pk, None, earlier, None)]
    assert noted(branch) == [("members", earlier)]


def test_the_number_of_another_is_refused(branch, secretary, member):
    twin = factories.make_member(branch)
    with pytest.raises(Refused, match="已是“望春社区第一党支部”的"):
        change_member(member=member, by=secretary, id_number=twin.id_number)
    # One's own again is no change.
    assert change_member(member=member, by=secretary, id_number=member.id_number) is False


# --- Moving ---------------------------------------------------------------------------------


def test_a_move_ends_the_old_membership_the_day_before(branch, other, secretary, member):
    group = factories.make_group(other)
    move_membership(member=member, to=other, on=MAY, by=secretary, group=group, reason="工作变动")
    member.refresh_from_db()
    assert (member.organisation, member.group) == (other, group)
    assert spans(member) == [
        (branch.pk, None, factories.JOINED, BEFORE),
        (other.pk, group.pk, MAY, None),
    ]
    assert noted(branch) == noted(other) == [("members", MAY)]
    line = TrailLine.objects.get(object_id=member.pk)
    assert (line.before["支部"], line.after["支部"]) == ("望春社区第一党支部", "青石社区党支部")


def test_a_move_ends_the_posts_in_the_old_branch_only(branch, other, secretary, member):
    here = factories.make_post(branch, PostTitle.PUBLICITY, member=member)
    there = factories.make_post(other, PostTitle.MEMBER, member=member)
    past = factories.make_post(branch, PostTitle.MEMBER, member=member, ends_on=TODAY.replace(2020))
    move_membership(member=member, to=other, on=MAY, by=secretary)
    for post in (here, there, past):
        post.refresh_from_db()
    assert (here.ends_on, there.ends_on, past.ends_on) == (BEFORE, None, TODAY.replace(2020))
    assert "宣传委员" in TrailLine.objects.get(object_id=member.pk).after["免去职务"]


def test_a_move_to_the_same_branch_is_refused(branch, secretary, member):
    with pytest.raises(Refused, match="已在"):
        move_membership(member=member, to=branch, on=MAY, by=secretary)


def test_a_move_not_after_the_beginning_is_refused(other, secretary, member):
    with pytest.raises(Refused) as refused:
        move_membership(member=member, to=other, on=factories.JOINED, by=secretary)
    assert refused.value.field == "on"
    move_membership(
        member=member, to=other, on=factories.JOINED + datetime.timedelta(days=1), by=secretary
    )
    assert member.organisation == other


def test_a_post_that_begins_after_the_move_must_be_put_right_first(
    branch, other, secretary, member
):
    factories.make_post(branch, PostTitle.MEMBER, member=member, starts_on=TODAY)
    with pytest.raises(Refused, match="先更正任职"):
        move_membership(member=member, to=other, on=MAY, by=secretary)
    assert Membership.objects.count() == 1


def test_who_left_is_not_moved(branch, other, secretary):
    gone = factories.make_member(branch, ends_on=BEFORE)
    with pytest.raises(Refused, match="离开"):
        move_membership(member=gone, to=other, on=MAY, by=secretary)


# --- Groups ---------------------------------------------------------------------------------


def test_a_group_holds_from_its_day_and_months_before_keep_the_old(branch, secretary):
    first, second = factories.make_group(branch), factories.make_group(branch)
    member = factories.make_member(branch, group=first)
    leading = factories.make_post(branch, PostTitle.GROUP_LEADER, member=member, group=first)
    assert change_group(member=member, group=second, on=MAY, by=secretary) is True
    assert spans(member) == [
        (branch.pk, first.pk, factories.JOINED, BEFORE),
        (branch.pk, second.pk, MAY, None),
    ]
    leading.refresh_from_db()
    assert leading.ends_on == BEFORE
    assert noted(branch)[-1] == ("members", MAY)


def test_a_group_given_on_the_first_day_corrects_the_membership(branch, secretary, member):
    group = factories.make_group(branch)
    change_group(member=member, group=group, on=factories.JOINED, by=secretary)
    assert spans(member) == [(branch.pk, group.pk, factories.JOINED, None)]


def test_a_group_before_the_membership_is_refused_and_the_same_group_is_no_change(
    branch, secretary, member
):
    group = factories.make_group(branch)
    with pytest.raises(Refused):
        change_group(member=member, group=group, on=datetime.date(2016, 6, 30), by=secretary)
    assert change_group(member=member, group=None, on=MAY, by=secretary) is False


# --- Leaving and coming back ----------------------------------------------------------------


def test_leaving_ends_membership_attachment_and_posts_that_day(
    committee, branch, other, secretary, member
):
    temporary = factories.make_branch(committee, form=Form.TEMPORARY)
    Membership.objects.create(
        member=member, organisation=temporary, is_attached=True, starts_on=BEFORE
    )
    post = factories.make_post(other, PostTitle.MEMBER, member=member)
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    member.refresh_from_db()
    post.refresh_from_db()
    assert (member.left_on, member.left_reason) == (MAY, "去世")
    assert member.organisation == branch
    assert {span[3] for span in spans(member)} == {MAY}
    assert post.ends_on == MAY
    line = TrailLine.objects.get(object_id=member.pk)
    assert (line.action, line.after["离开原因"]) == ("登记离开", "去世")
    assert ("members", MAY) in noted(branch)
    assert ("members", MAY) in noted(temporary)


@pytest.mark.parametrize(
    ("on", "reason", "field"),
    [
        (datetime.date(2016, 6, 30), "去世", "on"),
        (MAY, " ", "reason"),
    ],
)
def test_a_leaving_that_cannot_be_is_refused(secretary, member, on, reason, field):
    with pytest.raises(Refused) as refused:
        end_membership(member=member, on=on, reason=reason, by=secretary)
    assert refused.value.field == field
    assert not TrailLine.objects.exists()


def test_leaving_on_the_day_of_joining_is_possible(secretary, member):
    end_membership(member=member, on=factories.JOINED, reason="去世", by=secretary)
    assert spans(member)[0][3] == factories.JOINED


def test_nobody_leaves_twice_or_in_the_future(secretary, member):
    with pytest.raises(Refused, match="还没有到"):
        leave(
            member=member,
            on=TODAY + datetime.timedelta(days=1),
            reason="去世",
            by=secretary,
            today=TODAY,
        )
    leave(member=member, on=TODAY, reason="去世", by=secretary, today=TODAY)
    with pytest.raises(Refused, match="不用再登记"):
        leave(member=member, on=TODAY, reason="去世", by=secretary, today=TODAY)


def test_nobody_leaves_while_a_transfer_is_under_way(branch, other, secretary, member):
    member.transfers.create(
        name=member.name, from_organisation=branch, to_organisation=other, started_on=BEFORE
    )
    with pytest.raises(Refused, match="在办的组织关系转接"):
        leave(member=member, on=MAY, reason="去世", by=secretary, today=TODAY)


def test_a_leaving_by_mistake_is_undone_with_membership_and_posts(branch, secretary, member):
    factories.make_post(branch, PostTitle.PUBLICITY, member=member)
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    undo_leaving(member=member, by=secretary, reason="同名的人，登记错了")
    member.refresh_from_db()
    assert (member.left_on, member.left_reason) == (None, "")
    assert spans(member) == [(branch.pk, None, factories.JOINED, None)]
    assert member.posts.get().ends_on is None
    line = TrailLine.objects.about("members", member.pk).first()
    assert (line.action, line.reason) == ("撤回离开", "同名的人，登记错了")
    assert line.before["离开原因"] == "去世"


def test_a_secretarys_post_stays_ended_where_there_is_another(branch, secretary, member):
    post = factories.make_post(branch, PostTitle.SECRETARY, member=member)
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    factories.make_post(branch, PostTitle.SECRETARY, starts_on=TODAY)
    undo_leaving(member=member, by=secretary, reason="登记错了")
    post.refresh_from_db()
    assert post.ends_on == MAY


def test_undoing_asks_why_and_refuses_who_is_here(secretary, member):
    with pytest.raises(Refused, match="没有登记离开"):
        undo_leaving(member=member, by=secretary, reason="错了")
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    with pytest.raises(Refused, match="为什么"):
        undo_leaving(member=member, by=secretary, reason=" ")


def test_who_comes_back_keeps_the_row_and_the_gap(branch, other, secretary, member):
    end_membership(member=member, on=BEFORE, reason="组织关系转往县外", by=secretary)
    with pytest.raises(Refused, match="须在那以后"):
        rejoin_branch(member=member, branch=other, on=BEFORE, by=secretary)
    rejoin_branch(member=member, branch=other, on=TODAY, by=secretary, reason="转回")
    member.refresh_from_db()
    assert (member.organisation, member.left_on) == (other, None)
    assert spans(member) == [
        (branch.pk, None, factories.JOINED, BEFORE),
        (other.pk, None, TODAY, None),
    ]
    with pytest.raises(Refused, match="转接"):
        rejoin_branch(member=member, branch=branch, on=TODAY, by=secretary)


def test_assignments_end_with_the_leaving_and_go_on_when_it_is_undone(other, secretary, member):
    assigned = factories.make_assignment(other, AssignmentRole.INSTRUCTOR, member=member)
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    assigned.refresh_from_db()
    assert assigned.ends_on == MAY
    assert noted(other) == [("members", MAY)]
    undo_leaving(member=member, by=secretary, reason="登记错了")
    assigned.refresh_from_db()
    assert assigned.ends_on is None
    after = TrailLine.objects.about("members", member.pk).first().after
    assert after == {"恢复选派": f"{other.short_name}党建指导员"}


def test_a_group_leaders_post_stays_ended_where_the_group_has_another(branch, secretary, member):
    group = factories.make_group(branch)
    lead = PostTitle.GROUP_LEADER
    post = factories.make_post(branch, lead, member=member, group=group)
    end_membership(member=member, on=MAY, reason="去世", by=secretary)
    heir = factories.make_member(branch)
    factories.make_post(branch, lead, member=heir, group=group, starts_on=TODAY)
    undo_leaving(member=member, by=secretary, reason="登记错了")
    post.refresh_from_db()
    assert post.ends_on == MAY


@pytest.mark.parametrize("returns", ["undone", "rejoined"])
def test_a_probation_that_ended_with_the_county_goes_on_where_the_member_is(
    branch, other, secretary, member, returns
):
    way = factories.make_development(
        branch, member=member, ended_on=BEFORE, end_reason="组织关系转往县外"
    )
    end_membership(member=member, on=BEFORE, reason="组织关系转往县外", by=secretary)
    if returns == "undone":
        undo_leaving(member=member, by=secretary, reason="登记错了")
    else:
        rejoin_branch(member=member, branch=other, on=TODAY, by=secretary)
    way.refresh_from_db()
    home = branch if returns == "undone" else other
    assert (way.ended_on, way.end_reason, way.organisation) == (None, "", home)
