"""Posts: entering, ending, putting right; what follows from them; who sees and who may."""

from datetime import date

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form, Kind, UnitKind
from branches.values import Values
from members.enums import MemberKind, PostTitle
from members.models import Membership, Post, UnitPost
from members.posts import (
    Sizes,
    is_long_vacancy,
    is_unusual_size,
    lacks_committee,
    length_text,
    party_age_hint,
    sizes_on,
    standings,
    unbroken_since,
)
from members.services import Refused
from members.services.post_checks import before_later
from members.services.posts import (
    Holder,
    appoint,
    correct_post,
    end_post,
    link_account,
    remove_post,
    replace_committee,
)
from members.services.unit_posts import correct_unit_post, remove_unit_post, take_unit_post
from tests import factories
from tests.queries import count_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]

TODAY = date(2026, 3, 18)
MARCH = date(2026, 3, 1)
SECRETARY, DEPUTY = PostTitle.SECRETARY, PostTitle.DEPUTY
ORGANISATION, PUBLICITY = PostTitle.ORGANISATION, PostTitle.PUBLICITY


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "荻浦村党支部", code="DIPU")


@pytest.fixture
def people(branch):
    return factories.make_members(branch, 5)


def held(organisation, day=TODAY):
    """(title, name) of everybody in a post on a day."""
    return {(post.title, post.person_name) for post in organisation.posts.on(day)}


# --- 登记任职 ------------------------------------------------------------------------------


def test_a_member_takes_a_post_and_leaves_a_line(branch, people):
    by = factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    post = appoint(
        organisation=branch,
        holder=Holder(SECRETARY, member=people[0]),
        on=MARCH,
        is_appointed=True,
        filed_on=date(2026, 3, 5),
        by=by,
    )
    assert (post.member, post.person_name, post.starts_on, post.ends_on) == (
        people[0],
        people[0].name,
        MARCH,
        None,
    )
    line = TrailLine.objects.get(area="posts", object_id=post.pk)
    assert (line.action, line.by, line.organisation_id) == ("登记任职", by, branch.pk)
    assert line.after == {
        "职务": "书记",
        "姓名": people[0].name,
        "公民身份号码": people[0].id_number_mask,
        "产生方式": "上级指派",
        "备案日期": "2026年3月5日",
        "任职日期": "2026年3月1日",
    }
    note = Changed.objects.get(organisation=branch, area="members")
    assert (note.from_on, note.to_on) == (MARCH, MARCH)


def test_a_second_secretary_is_refused_with_the_name_of_the_first(branch, people):
    factories.make_post(branch, member=people[0])
    with pytest.raises(Refused, match=f"{people[0].name}任书记（2015年1月1日起）与这段任职重叠"):
        appoint(organisation=branch, holder=Holder(SECRETARY, member=people[1]), on=MARCH, by=None)
    assert held(branch) == {(SECRETARY, people[0].name)}


def test_the_predecessor_ends_the_day_before_in_the_same_act(branch, people):
    factories.make_post(branch, member=people[0])
    appoint(
        organisation=branch,
        holder=Holder(SECRETARY, member=people[1]),
        on=MARCH,
        ends_predecessor=True,
        by=None,
    )
    assert held(branch, date(2026, 2, 28)) == {(SECRETARY, people[0].name)}
    assert held(branch, MARCH) == {(SECRETARY, people[1].name)}
    assert list(
        TrailLine.objects.filter(area="posts").order_by("pk").values_list("action", flat=True)
    ) == [
        "登记免职",
        "登记任职",
    ]


def test_a_predecessor_who_began_the_same_day_is_not_ended_before_he_began(branch, people):
    factories.make_post(branch, member=people[0], starts_on=MARCH)
    with pytest.raises(Refused, match="任书记从2026年3月1日起，请核对任职日期"):
        appoint(
            organisation=branch,
            holder=Holder(SECRETARY, member=people[1]),
            on=MARCH,
            ends_predecessor=True,
            by=None,
        )


def test_an_earlier_secretary_is_entered_beside_the_present_one(branch, people):
    factories.make_post(branch, member=people[0], starts_on=date(2024, 6, 1))
    appoint(
        organisation=branch,
        holder=Holder(SECRETARY, member=people[1]),
        on=date(2021, 6, 1),
        ends_on=date(2024, 5, 31),
        by=None,
    )
    assert held(branch, date(2024, 5, 31)) == {(SECRETARY, people[1].name)}
    assert held(branch, date(2024, 6, 1)) == {(SECRETARY, people[0].name)}


def test_two_deputies_may_sit_beside_each_other(branch, people):
    for person in people[:2]:
        appoint(organisation=branch, holder=Holder(DEPUTY, member=person), on=MARCH, by=None)
    assert held(branch) == {(DEPUTY, people[0].name), (DEPUTY, people[1].name)}


def test_the_same_person_is_not_entered_twice_in_a_post(branch, people):
    factories.make_post(branch, DEPUTY, member=people[0])
    with pytest.raises(Refused, match="已经登记（2015年1月1日起），不用再登记"):
        appoint(organisation=branch, holder=Holder(DEPUTY, member=people[0]), on=MARCH, by=None)


@pytest.mark.parametrize(
    ("on", "ends_on", "message"),
    [
        (date(2014, 12, 31), None, "2015年1月1日才成立"),
        (MARCH, date(2026, 2, 28), "免职日期早于任职日期"),
    ],
)
def test_days_that_cannot_be_are_refused(branch, people, on, ends_on, message):
    with pytest.raises(Refused, match=message):
        appoint(
            organisation=branch,
            holder=Holder(DEPUTY, member=people[0]),
            on=on,
            ends_on=ends_on,
            by=None,
        )
    assert not Post.objects.exists()


def test_the_founding_day_and_the_last_day_of_a_branch_are_inside_its_life(branch, people):
    branch.dissolved_on = date(2026, 3, 10)
    branch.save(update_fields=["dissolved_on"])
    holder = Holder(DEPUTY, member=people[0])
    days = {"on": date(2015, 1, 1), "ends_on": date(2026, 3, 9)}
    appoint(organisation=branch, holder=holder, by=None, **days)
    for wrong in (
        {"on": date(2026, 3, 10)},
        {"on": date(2026, 3, 1)},
        {"on": date(2026, 3, 1), "ends_on": date(2026, 3, 10)},
    ):
        with pytest.raises(Refused, match="已于2026年3月10日撤销"):
            appoint(organisation=branch, holder=Holder(DEPUTY, member=people[1]), by=None, **wrong)


def test_a_post_of_who_has_left_has_an_end(branch):
    gone = factories.make_member(branch, starts_on=date(2018, 1, 1), ends_on=date(2024, 12, 31))
    holder = Holder(DEPUTY, member=gone)
    with pytest.raises(Refused, match="请填免职日期") as refused:
        appoint(organisation=branch, holder=holder, on=date(2020, 1, 1), by=None)
    assert refused.value.field == "ends_on"
    gone.left_on = date(2024, 12, 31)
    assert before_later(holder, []) == date(2024, 12, 31)


def test_a_member_of_the_neighbour_branch_is_refused(branch, people):
    stranger = factories.make_member(factories.make_branch(branch.parent), "韩立平")
    with pytest.raises(Refused, match="韩立平任职时不在这个支部的名册上"):
        appoint(organisation=branch, holder=Holder(DEPUTY, member=stranger), on=MARCH, by=None)


def test_who_has_left_since_held_the_post_all_the_same(branch):
    gone = factories.make_member(branch, starts_on=date(2018, 1, 1), ends_on=date(2024, 12, 31))
    holder = Holder(DEPUTY, member=gone)
    appoint(
        organisation=branch,
        holder=holder,
        on=date(2020, 1, 1),
        ends_on=date(2023, 1, 1),
        by=None,
    )
    with pytest.raises(Refused, match="不在这个支部的名册上"):
        appoint(organisation=branch, holder=holder, on=date(2025, 1, 1), by=None)


def test_a_name_alone_is_enough_above_branches_only(branch):
    holder = Holder(SECRETARY, person_name="宋佳宁")
    appoint(organisation=branch.parent, holder=holder, on=MARCH, by=None)
    assert held(branch.parent) == {(SECRETARY, "宋佳宁")}
    with pytest.raises(Refused, match="请从名册里选人"):
        appoint(organisation=branch, holder=holder, on=MARCH, by=None)


def test_who_only_works_with_a_temporary_branch_may_lead_it(branch, people):
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    Membership.objects.create(
        member=people[0], organisation=temporary, is_attached=True, starts_on=MARCH
    )
    appoint(
        organisation=temporary,
        holder=Holder(SECRETARY, member=people[0]),
        on=MARCH,
        is_appointed=True,
        by=None,
    )
    assert held(temporary) == {(SECRETARY, people[0].name)}


def test_a_group_has_one_leader_and_another_group_another(branch, people):
    first, second = factories.make_group(branch), factories.make_group(branch)
    leader = PostTitle.GROUP_LEADER
    appoint(
        organisation=branch, holder=Holder(leader, member=people[0], group=first), on=MARCH, by=None
    )
    appoint(
        organisation=branch,
        holder=Holder(leader, member=people[1], group=second),
        on=MARCH,
        by=None,
    )
    with pytest.raises(Refused, match="与这段任职重叠"):
        appoint(
            organisation=branch,
            holder=Holder(leader, member=people[2], group=first),
            on=TODAY,
            by=None,
        )
    appoint(
        organisation=branch,
        holder=Holder(leader, member=people[2], group=first),
        on=TODAY,
        ends_predecessor=True,
        by=None,
    )
    assert held(branch) == {(leader, people[2].name), (leader, people[1].name)}


def test_a_leader_needs_a_group_of_the_branch_that_stands_then(branch, people):
    elsewhere = factories.make_group(factories.make_branch(branch.parent))
    ended = factories.make_group(branch, "第二党小组", ends_on=date(2026, 2, 28))
    for group, message in (
        (None, "请选党小组长所在的党小组"),
        (elsewhere, "请选党小组长所在的党小组"),
        (ended, "2026年3月1日没有“第二党小组”"),
    ):
        with pytest.raises(Refused, match=message):
            appoint(
                organisation=branch,
                holder=Holder(PostTitle.GROUP_LEADER, member=people[0], group=group),
                on=MARCH,
                by=None,
            )
    with pytest.raises(Refused, match="只有党小组长才写党小组"):
        appoint(
            organisation=branch,
            holder=Holder(DEPUTY, member=people[0], group=ended),
            on=MARCH,
            by=None,
        )


# --- 免职、更正、删去 ------------------------------------------------------------------------


def test_the_last_day_in_a_post_is_still_in_it(branch, people):
    post = factories.make_post(branch, member=people[0])
    end_post(post=post, on=MARCH, by=None, reason="调离")
    assert held(branch, MARCH) == {(SECRETARY, people[0].name)}
    assert held(branch, date(2026, 3, 2)) == set()
    line = TrailLine.objects.get(area="posts")
    assert (line.action, line.before, line.after, line.reason) == (
        "登记免职",
        {"免职日期": ""},
        {"免职日期": "2026年3月1日"},
        "调离",
    )


def test_a_post_does_not_end_twice_nor_before_it_began(branch, people):
    post = factories.make_post(branch, member=people[0], starts_on=MARCH)
    with pytest.raises(Refused, match="免职日期早于任职日期2026年3月1日"):
        end_post(post=post, on=date(2026, 2, 28), by=None)
    end_post(post=post, on=MARCH, by=None)
    with pytest.raises(Refused, match="已于2026年3月1日免职"):
        end_post(post=post, on=TODAY, by=None)


def test_a_correction_says_before_and_after_and_a_second_one_changes_nothing(branch, people):
    post = factories.make_post(branch, DEPUTY, member=people[0])
    facts = {
        "holder": Holder(ORGANISATION, member=people[1]),
        "starts_on": MARCH,
        "ends_on": None,
        "by": None,
        "reason": "录入时看错行",
    }
    assert correct_post(post=post, **facts)
    line = TrailLine.objects.get(area="posts")
    assert line.before["职务"] == "副书记"
    assert line.before["任职日期"] == "2015年1月1日"
    assert line.after["职务"] == "组织委员"
    assert line.after["姓名"] == people[1].name
    assert not correct_post(post=post, **facts)
    assert TrailLine.objects.filter(area="posts").count() == 1
    # What hung on the old days is judged again too.
    assert Changed.objects.get().from_on == date(2015, 1, 1)


def test_a_correction_cannot_make_two_secretaries(branch, people):
    factories.make_post(branch, member=people[0], starts_on=date(2024, 1, 1))
    earlier = factories.make_post(branch, member=people[1], ends_on=date(2023, 12, 31))
    with pytest.raises(Refused, match="与这段任职重叠"):
        correct_post(
            post=earlier,
            holder=Holder(SECRETARY, member=people[1]),
            starts_on=factories.FOUNDED,
            ends_on=date(2024, 1, 1),
            by=None,
        )


def test_a_name_from_a_workbook_stays_a_name_or_becomes_a_member(branch, people):
    post = factories.make_post(branch, person_name="宋佳宁", starts_on=None)
    named = Holder(SECRETARY, person_name="宋佳宁")
    assert correct_post(post=post, holder=named, starts_on=MARCH, ends_on=None, by=None)
    with pytest.raises(Refused, match="请从名册里选人"):
        other = Holder(SECRETARY, person_name="宋佳")
        correct_post(post=post, holder=other, starts_on=MARCH, ends_on=None, by=None)
    member = Holder(SECRETARY, member=people[0])
    assert correct_post(post=post, holder=member, starts_on=MARCH, ends_on=None, by=None)
    assert Post.objects.get().member == people[0]


def test_what_never_was_is_taken_out_with_a_reason_and_stays_in_the_trail(branch, people):
    post = factories.make_post(branch, DEPUTY, member=people[0])
    with pytest.raises(Refused, match="请写明为什么删去"):
        remove_post(post=post, by=None, reason=" ")
    remove_post(post=post, by=None, reason="登记到了别的支部")
    assert not Post.objects.exists()
    line = TrailLine.objects.get(area="posts")
    assert (line.action, line.reason) == ("删去误登的任职", "登记到了别的支部")
    assert line.before["姓名"] == people[0].name


def test_an_account_is_linked_only_where_it_has_a_right(branch, people):
    post = factories.make_post(branch, member=people[0])
    own = factories.make_user(Role.SECRETARY, branch)
    with pytest.raises(Refused, match="没有授权，请先授权"):
        link_account(post=post, account=factories.make_user(), by=None)
    link_account(post=post, account=own, by=None)
    assert Post.objects.get().account == own
    link_account(post=post, account=None, by=None)
    assert Post.objects.get().account is None
    assert TrailLine.objects.filter(area="posts", action="关联账号").count() == 2


# --- 换届：整个班子 --------------------------------------------------------------------------


def committee(people, *titles):
    return [Holder(title, member=person) for title, person in zip(titles, people, strict=False)]


def test_a_new_committee_ends_the_old_one_the_day_before(branch, people):
    for title, person in ((SECRETARY, people[0]), (ORGANISATION, people[1])):
        factories.make_post(branch, title, member=person)
    leader = factories.make_post(
        branch,
        PostTitle.GROUP_LEADER,
        member=people[4],
        group=factories.make_group(branch),
    )
    holders = committee(people[1:], SECRETARY, ORGANISATION, PUBLICITY)
    posts = replace_committee(organisation=branch, holders=holders, on=MARCH, by=None)
    assert [post.title for post in posts] == [SECRETARY, ORGANISATION, PUBLICITY]
    assert held(branch, date(2026, 2, 28)) == {
        (SECRETARY, people[0].name),
        (ORGANISATION, people[1].name),
        (leader.title, people[4].name),
    }
    assert held(branch, MARCH) == {
        (SECRETARY, people[1].name),
        (ORGANISATION, people[2].name),
        (PUBLICITY, people[3].name),
        (leader.title, people[4].name),
    }


def test_the_same_election_entered_again_changes_nothing(branch, people):
    holders = committee(people, SECRETARY, ORGANISATION, PUBLICITY)
    for _ in range(2):
        replace_committee(organisation=branch, holders=holders, on=MARCH, by=None)
    assert branch.posts.count() == 3
    assert TrailLine.objects.filter(area="posts").count() == 3


def test_who_is_elected_again_gets_a_row_of_the_new_term(branch, people):
    factories.make_post(branch, member=people[0], starts_on=date(2023, 3, 1))
    replace_committee(organisation=branch, holders=committee(people, SECRETARY), on=MARCH, by=None)
    posts = list(branch.posts.order_by("starts_on"))
    assert [(post.starts_on, post.ends_on) for post in posts] == [
        (date(2023, 3, 1), date(2026, 2, 28)),
        (MARCH, None),
    ]
    assert unbroken_since(posts[1], posts) == date(2023, 3, 1)


def test_an_old_election_entered_late_leaves_the_present_secretary_in_office(branch, people):
    factories.make_post(branch, member=people[0], starts_on=date(2025, 6, 1))
    replace_committee(
        organisation=branch,
        holders=committee(people[1:], SECRETARY, ORGANISATION),
        on=date(2023, 3, 1),
        by=None,
    )
    assert held(branch, date(2025, 5, 31)) == {
        (SECRETARY, people[1].name),
        (ORGANISATION, people[2].name),
    }
    assert held(branch) == {(SECRETARY, people[0].name), (ORGANISATION, people[2].name)}


def test_a_secretary_of_unknown_beginning_ends_too(branch, people):
    factories.make_post(branch, person_name="宋佳宁", starts_on=None)
    replace_committee(organisation=branch, holders=committee(people, SECRETARY), on=MARCH, by=None)
    assert held(branch, date(2026, 2, 28)) == {(SECRETARY, "宋佳宁")}
    assert held(branch) == {(SECRETARY, people[0].name)}


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        ((), "请至少写一名班子成员"),
        ((SECRETARY, SECRETARY), "书记只能有一名"),
        ((SECRETARY, PostTitle.GROUP_LEADER), "党小组长不是班子成员"),
    ],
)
def test_an_impossible_committee_is_refused_whole(branch, people, titles, message):
    factories.make_post(branch, member=people[4])
    with pytest.raises(Refused, match=message):
        replace_committee(
            organisation=branch, holders=committee(people, *titles), on=MARCH, by=None
        )
    assert held(branch) == {(SECRETARY, people[4].name)}


def test_a_stranger_in_the_committee_refuses_all_of_it(branch, people):
    stranger = factories.make_member(factories.make_branch(branch.parent))
    factories.make_post(branch, member=people[4])
    with pytest.raises(Refused, match="不在这个支部的名册上"):
        replace_committee(
            organisation=branch,
            holders=committee([people[0], stranger], SECRETARY, ORGANISATION),
            on=MARCH,
            by=None,
        )
    assert held(branch) == {(SECRETARY, people[4].name)}


def test_somebody_else_who_began_that_day_is_to_be_corrected_first(branch, people):
    factories.make_post(branch, DEPUTY, member=people[3], starts_on=MARCH)
    with pytest.raises(Refused, match=f"{people[3].name}任副书记也从2026年3月1日起任职"):
        replace_committee(
            organisation=branch, holders=committee(people, SECRETARY), on=MARCH, by=None
        )


# --- 单位职务，一肩挑和交叉任职 ----------------------------------------------------------------


def standing_of(organisation, day=TODAY):
    return standings([organisation.pk], day)[organisation.pk]


def test_a_unit_post_is_taken_corrected_and_removed_with_lines(branch, people):
    unit = factories.make_unit(branch)
    post = take_unit_post(
        unit=unit,
        member=people[0],
        title="村委会主任",
        is_main_leader=True,
        starts_on=MARCH,
        by=None,
    )
    with pytest.raises(Refused, match="已经登记，不用再登记"):
        take_unit_post(unit=unit, member=people[0], title="村委会主任", starts_on=TODAY, by=None)
    facts = {
        "unit": unit,
        "member": people[0],
        "title": "村委会主任",
        "is_main_leader": True,
        "starts_on": MARCH,
        "by": None,
    }
    assert not correct_unit_post(post=post, **facts)
    assert correct_unit_post(post=post, ends_on=TODAY, **facts)
    with pytest.raises(Refused, match="请写明为什么删去"):
        remove_unit_post(post=post, by=None, reason="")
    remove_unit_post(post=post, by=None, reason="登记错了人")
    assert not UnitPost.objects.exists()
    assert list(
        TrailLine.objects.filter(area="unit_posts").order_by("pk").values_list("action", flat=True)
    ) == ["登记单位职务", "更正单位职务", "删去误登的单位职务"]


def test_a_unit_post_without_a_title_or_with_turned_days_is_refused(branch, people):
    unit = factories.make_unit(branch)
    with pytest.raises(Refused, match="请写单位职务"):
        take_unit_post(unit=unit, member=people[0], title=" ", starts_on=MARCH, by=None)
    with pytest.raises(Refused, match="免职日期早于任职日期"):
        take_unit_post(
            unit=unit,
            member=people[0],
            title="会计",
            starts_on=MARCH,
            ends_on=date(2026, 2, 28),
            by=None,
        )


def test_secretary_and_village_head_in_one_person_is_one_shoulder_on_that_day_only(branch, people):
    unit = factories.make_unit(branch)
    factories.make_post(branch, member=people[0])
    UnitPost.objects.create(
        unit=unit,
        member=people[0],
        title="村委会主任",
        is_main_leader=True,
        starts_on=MARCH,
        ends_on=date(2026, 3, 10),
    )
    for day, expected in (
        (date(2026, 2, 28), False),
        (MARCH, True),
        (date(2026, 3, 10), True),
        (date(2026, 3, 11), False),
    ):
        standing = standing_of(branch, day)
        assert (standing.is_one_shoulder, bool(standing.leading)) == (expected, expected), day


def test_the_head_of_an_enterprise_is_a_main_leader_but_not_one_shoulder(branch, people):
    unit = factories.make_unit(branch, kind=UnitKind.PRIVATE_ENTERPRISE, name="云溪丝织厂")
    factories.make_post(branch, member=people[0])
    UnitPost.objects.create(unit=unit, member=people[0], title="厂长", is_main_leader=True)
    standing = standing_of(branch)
    assert [double.title for double in standing.leading] == ["厂长"]
    assert not standing.is_one_shoulder


def test_a_committee_member_in_the_unit_is_a_double_post_and_a_plain_member_is_not(branch, people):
    unit = factories.make_unit(branch)
    factories.make_post(branch, ORGANISATION, member=people[0])
    for person, title in ((people[0], "会计"), (people[1], "村委会委员")):
        UnitPost.objects.create(unit=unit, member=person, title=title)
    standing = standing_of(branch)
    assert [(one.seat.name, one.unit, one.title) for one in standing.doubles] == [
        (people[0].name, "荻浦村", "会计")
    ]
    assert not standing.leading


def test_a_unit_that_is_not_behind_the_branch_that_day_does_not_count(branch, people):
    gone = factories.make_unit(branch, ends_on=date(2026, 3, 17))
    elsewhere = factories.make_unit(factories.make_branch(branch.parent), name="上荻村")
    factories.make_post(branch, member=people[0])
    for unit in (gone, elsewhere):
        UnitPost.objects.create(unit=unit, member=people[0], title="主任", is_main_leader=True)
    assert standing_of(branch).doubles == []
    assert standing_of(branch, date(2026, 3, 17)).is_one_shoulder


def test_one_person_in_two_posts_is_one_person_of_the_committee(branch, people):
    for title in (SECRETARY, ORGANISATION):
        factories.make_post(branch, title, member=people[0])
    factories.make_post(branch, PUBLICITY, member=people[1])
    assert standing_of(branch).people == 2


# --- 空缺和人数 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "day", "words"),
    [
        (date(2026, 3, 18), TODAY, "1 天"),
        (date(2026, 3, 1), TODAY, "18 天"),
        (date(2026, 2, 20), TODAY, "27 天"),
        (date(2026, 2, 19), TODAY, "1 个月"),
        (date(2026, 2, 18), TODAY, "1 个月零 1 天"),
        (date(2025, 12, 19), TODAY, "3 个月"),
        (date(2025, 12, 11), TODAY, "3 个月零 8 天"),
        (date(2025, 3, 19), TODAY, "1 年"),
        (date(2024, 12, 1), TODAY, "1 年 3 个月"),
        (date(2024, 1, 31), date(2024, 2, 29), "1 个月零 1 天"),
        (date(2026, 1, 31), date(2026, 2, 27), "1 个月"),
    ],
)
def test_the_length_of_a_vacancy_counts_both_days(since, day, words):
    assert length_text(since, day) == words


def test_a_vacancy_is_long_after_three_months_not_on_the_last_day_of_them():
    since = date(2025, 12, 18)
    assert not is_long_vacancy(since, date(2026, 3, 17), 3)
    assert is_long_vacancy(since, date(2026, 3, 18), 3)


def test_a_vacancy_begins_the_day_after_the_last_secretary_left(branch, people):
    factories.make_post(branch, member=people[0], ends_on=date(2020, 1, 1))
    factories.make_post(
        branch, member=people[1], starts_on=date(2020, 1, 2), ends_on=date(2025, 12, 10)
    )
    assert standing_of(branch).vacant_since == date(2025, 12, 11)
    assert standing_of(branch, date(2025, 12, 10)).vacant_since is None
    factories.make_post(branch, member=people[2], starts_on=TODAY)
    assert standing_of(branch).vacant_since is None
    assert standing_of(branch, date(2026, 3, 17)).vacant_since == date(2025, 12, 11)


@pytest.mark.parametrize(
    ("formal", "people", "lacks", "unusual"),
    [
        (6, 0, False, False),
        (6, 2, False, False),
        (6, 3, False, True),
        (7, 2, True, False),
        (7, 3, False, False),
        (7, 4, False, False),
        (7, 5, False, False),
        (7, 6, False, True),
        (7, 7, False, True),
        (7, 8, True, False),
    ],
)
def test_a_committee_of_three_to_five_fits_seven_formal_members(formal, people, lacks, unusual):
    sizes = sizes_on(Values(), TODAY)
    assert sizes == Sizes(7, 3, 5, 7)
    assert lacks_committee(formal, people, sizes) is lacks
    assert is_unusual_size(formal, people, sizes) is unusual


def test_a_secretary_of_less_than_a_year_in_the_party_is_hinted_at(branch):
    fresh = factories.make_member(branch, joined_on=date(2024, 6, 1), confirmed_on=date(2025, 6, 1))
    assert "不满 1 年" in party_age_hint(fresh, date(2026, 5, 31))
    assert party_age_hint(fresh, date(2026, 6, 1)) == ""
    trial = factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=MARCH)
    assert "还是预备党员" in party_age_hint(trial, TODAY)


# --- Pages ------------------------------------------------------------------------------

BOARD = reverse("members:posts")
NEW = reverse("members:post_appoint")


def log_in(client, role, organisation):
    user = factories.make_user(role, organisation)
    client.force_login(user)
    return user


def test_the_board_shows_the_committee_in_the_order_of_posts(client, branch, people):
    unit = factories.make_unit(branch)
    factories.make_post(branch, ORGANISATION, member=people[1])
    factories.make_post(branch, member=people[0])
    UnitPost.objects.create(unit=unit, member=people[0], title="村委会主任", is_main_leader=True)
    log_in(client, Role.SECRETARY, branch)
    context = client.get(BOARD).context
    assert [(row["title"], row["name"]) for row in context["seats"]] == [
        ("书记", people[0].name),
        ("组织委员", people[1].name),
    ]
    assert context["seats"][0]["unit_posts"] == "荻浦村村委会主任"
    assert dict(context["doubles"])["一肩挑（村、社区）"] == "是"
    # The secretary keeps the committee, but not the own post.
    assert context["seats"][0]["change_url"] == ""
    assert context["seats"][1]["change_url"] != ""


def test_the_board_of_an_old_day_shows_who_was_in_office_then(client, branch, people):
    factories.make_post(branch, member=people[0], ends_on=date(2025, 12, 10))
    factories.make_post(branch, member=people[1], starts_on=MARCH)
    log_in(client, Role.SECRETARY, branch)
    then = client.get(BOARD, {"on": "2025.12.10"}).context
    assert [row["name"] for row in then["seats"]] == [people[0].name]
    assert then["vacancy"] is None
    between = client.get(BOARD, {"on": "2026.1.31"}).context
    assert between["vacancy"]["text"] == (
        "书记自2025年12月11日起空缺，到2026年1月31日已 1 个月零 21 天"
    )
    assert "今天" not in client.get(BOARD, {"on": "昨天"}).context["day"]
    assert client.get(BOARD, {"on": "昨天"}).context["day_fault"] != ""


def test_a_long_vacancy_names_the_countys_own_measure(client, branch, people):
    factories.make_post(branch, member=people[0], ends_on=date(2025, 12, 17))
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    vacancy = client.get(BOARD, {"branch": "DIPU"}).context["vacancy"]
    assert vacancy["local"] == "本县口径：空缺超过 3 个月，列为软弱涣散的迹象。"
    assert vacancy["url"] == f"{NEW}?branch=DIPU&title=secretary"


def test_a_holder_who_has_left_is_marked_on_the_board(client, branch, people):
    gone = factories.make_member(branch, ends_on=MARCH)
    factories.make_post(branch, member=people[0])
    factories.make_post(branch, DEPUTY, member=gone)
    factories.make_post(branch, ORGANISATION, person_name="宋佳宁")
    log_in(client, Role.SECRETARY, branch)
    notes = [row["note"] for row in client.get(BOARD).context["seats"]]
    assert notes == ["", "已不在名册，请登记免职", "名册里没有对上"]
    before = client.get(BOARD, {"on": "2026.2.28"}).context["seats"]
    assert before[1]["note"] == ""


def test_the_overview_puts_the_longest_vacancy_first(client, branch, people):
    town = branch.parent
    factories.make_post(branch, member=people[0])
    short, long = factories.make_branch(town), factories.make_branch(town)
    factories.make_post(short, ends_on=date(2026, 3, 1))
    factories.make_post(long, ends_on=date(2025, 3, 1))
    log_in(client, Role.COMMITTEE_OFFICER, town)
    context = client.get(BOARD).context
    assert [row["name"] for row in context["rows"]] == [
        long.short_name,
        short.short_name,
        branch.short_name,
    ]
    assert [row["vacancy"] for row in context["rows"]] == ["空缺 1 年", "空缺 17 天", ""]
    assert {chip["label"]: chip["count"] for chip in context["chips"]} == {
        "书记空缺": 2,
        "班子人数不合": 0,
        "一肩挑": 0,
        "书记由单位主要负责人担任": 0,
        "交叉任职": 0,
    }
    only = client.get(BOARD, {"kind": "vacant", "q": long.code}).context
    assert [row["name"] for row in only["rows"]] == [long.short_name]


def test_the_overview_counts_one_shoulder_and_wrong_sizes_with_names(client, branch, people):
    factories.make_members(branch, 2)
    factories.make_post(branch, member=people[0])
    UnitPost.objects.create(
        unit=factories.make_unit(branch), member=people[0], title="村委会主任", is_main_leader=True
    )
    log_in(client, Role.COUNTY_OFFICER, branch.parent.parent)
    context = client.get(BOARD).context
    assert {chip["label"]: chip["count"] for chip in context["chips"]} == {
        "书记空缺": 0,
        "班子人数不合": 1,
        "一肩挑": 1,
        "书记由单位主要负责人担任": 1,
        "交叉任职": 1,
    }
    (row,) = context["rows"]
    assert (row["shoulder"], row["doubles"], row["double_names"], row["size_kind"]) == (
        "一肩挑",
        1,
        f"{people[0].name}（荻浦村村委会主任）",
        "late",
    )


def test_the_overview_takes_as_many_queries_for_three_branches_as_for_one(client, branch, people):
    def fill(one):
        members = factories.make_members(one, 2)
        factories.make_post(one, member=members[0])
        unit = factories.make_unit(one, name=f"{one.code}村")
        UnitPost.objects.create(unit=unit, member=members[0], title="主任", is_main_leader=True)

    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    fill(branch)
    one = count_of(lambda: client.get(BOARD))
    for _ in range(2):
        fill(factories.make_branch(branch.parent))
    assert count_of(lambda: client.get(BOARD)) == one


def test_the_board_takes_as_many_queries_for_three_posts_as_for_one(client, branch, people):
    unit = factories.make_unit(branch)

    def fill(person, title):
        factories.make_post(branch, title, member=person)
        UnitPost.objects.create(unit=unit, member=person, title="委员")

    log_in(client, Role.SECRETARY, branch)
    fill(people[0], SECRETARY)
    one = count_of(lambda: client.get(BOARD))
    fill(people[1], ORGANISATION)
    fill(people[2], PUBLICITY)
    assert count_of(lambda: client.get(BOARD)) == one


@pytest.mark.parametrize(
    ("role", "above", "status"),
    [
        (Role.SECRETARY, 0, 200),
        (Role.ORGANISER, 0, 200),
        (Role.GROUP_LEADER, 0, 200),
        (Role.COMMITTEE_OFFICER, 1, 200),
        (Role.COUNTY_OFFICER, 2, 200),
        (Role.INSPECTOR, 2, 200),
        (Role.SYSTEM_ADMIN, 2, 404),
    ],
)
def test_who_may_look_at_the_board(client, branch, role, above, status):
    organisation = branch
    for _ in range(above):
        organisation = organisation.parent
    log_in(client, role, organisation)
    assert client.get(BOARD, {"branch": "DIPU"}).status_code == status
    assert client.get(BOARD).status_code == status


@pytest.mark.parametrize(
    ("role", "above", "status"),
    [
        (Role.SECRETARY, 0, 200),
        (Role.ORGANISER, 0, 403),
        (Role.GROUP_LEADER, 0, 403),
        (Role.COMMITTEE_OFFICER, 1, 200),
        (Role.COUNTY_OFFICER, 2, 200),
        (Role.INSPECTOR, 2, 403),
        (Role.SYSTEM_ADMIN, 2, 404),
    ],
)
def test_who_may_change_posts(client, branch, people, role, above, status):
    post = factories.make_post(branch, DEPUTY, member=people[0])
    unit_post = UnitPost.objects.create(
        unit=factories.make_unit(branch), member=people[0], title="会计"
    )
    organisation = branch
    for _ in range(above):
        organisation = organisation.parent
    log_in(client, role, organisation)
    for address in (
        f"{NEW}?branch=DIPU",
        reverse("members:post_change", args=[post.pk]),
        reverse("members:post_end", args=[post.pk]),
        f"{reverse('members:unit_post_take')}?branch=DIPU",
        reverse("members:unit_post_change", args=[unit_post.pk]),
    ):
        assert client.get(address).status_code == status, address


def test_the_neighbour_and_nobody_reach_no_post(client, branch, people):
    post = factories.make_post(branch, DEPUTY, member=people[0])
    unit_post = UnitPost.objects.create(
        unit=factories.make_unit(branch), member=people[0], title="会计"
    )
    gets = [
        f"{BOARD}?branch=DIPU",
        f"{NEW}?branch=DIPU",
        reverse("members:post_change", args=[post.pk]),
        reverse("members:post_end", args=[post.pk]),
        f"{reverse('members:unit_post_take')}?branch=DIPU",
        reverse("members:unit_post_change", args=[unit_post.pk]),
    ]
    posts = [
        reverse("members:post_remove", args=[post.pk]),
        reverse("members:post_account", args=[post.pk]),
        reverse("members:unit_post_remove", args=[unit_post.pk]),
    ]
    for address in gets:
        assert client.get(address).status_code == 302, address
    log_in(client, Role.SECRETARY, factories.make_branch(branch.parent))
    for address in gets:
        assert client.get(address).status_code == 404, address
    for address in posts:
        assert client.post(address, {"reason": "登记错了"}).status_code == 404, address
    assert (Post.objects.count(), UnitPost.objects.count()) == (1, 1)


def typed(people, title, **more):
    return {"title": title, "person": people[0].pk, "starts_on": "3.1", "way": "elected", **more}


def test_a_secretary_enters_a_committee_member_but_no_secretary(client, branch, people):
    log_in(client, Role.SECRETARY, branch)
    response = client.post(NEW, typed(people, "organisation"))
    assert response.status_code == 302
    assert held(branch) == {(ORGANISATION, people[0].name)}
    response = client.post(NEW, typed(people, "secretary"))
    assert response.status_code == 200
    assert "title" in response.context["form"].errors
    secretary = factories.make_post(branch, member=people[1], ends_on=MARCH)
    for name in ("post_change", "post_end"):
        assert client.get(reverse(f"members:{name}", args=[secretary.pk])).status_code == 403
    address = reverse("members:post_remove", args=[secretary.pk])
    assert client.post(address, {"reason": "登记错了"}).status_code == 403


def test_a_committee_officer_enters_a_secretary_and_is_told_what_is_unusual(client, branch):
    fresh = factories.make_member(
        branch, "许文桥", joined_on=date(2024, 9, 1), confirmed_on=date(2025, 9, 1)
    )
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    response = client.post(f"{NEW}?branch=DIPU", typed([fresh], "secretary"), follow=True)
    assert held(branch) == {(SECRETARY, "许文桥")}
    said = [str(message) for message in response.context["messages"]]
    assert said[0] == "已登记许文桥的任职"
    assert "党龄不满 1 年" in said[1]


def test_what_was_typed_stays_when_it_is_refused(client, branch, people):
    factories.make_post(branch, member=people[1])
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    response = client.post(f"{NEW}?branch=DIPU", typed(people, "secretary", filed_on="3.5"))
    form = response.context["form"]
    assert "请勾选“现任同时免职”" in form.errors["starts_on"][0]
    assert form["filed_on"].value() == "3.5"
    again = typed(people, "secretary", ends_predecessor="on")
    assert client.post(f"{NEW}?branch=DIPU", again).status_code == 302
    assert held(branch) == {(SECRETARY, people[0].name)}


def test_above_branches_a_name_is_typed_and_a_number_joins_it_to_a_member(client, branch):
    town = branch.parent
    member = factories.make_member(branch, "许文桥")
    log_in(client, Role.COMMITTEE_OFFICER, town)
    facts = {"title": "deputy", "starts_on": "2026.3.1", "way": "appointed"}
    address = f"{NEW}?branch={town.code}"
    wrong = client.post(address, facts | {"person_name": "许文", "id_number": member.id_number})
    assert "person_name" in wrong.context["form"].errors
    client.post(address, facts | {"person_name": "许文桥", "id_number": member.id_number})
    client.post(address, facts | {"person_name": "宋佳宁"})
    assert {(post.person_name, post.member) for post in town.posts.all()} == {
        ("许文桥", member),
        ("宋佳宁", None),
    }
    context = client.get(BOARD, {"branch": town.code, "own": "1"}).context
    assert [row["name"] for row in context["seats"]] == ["许文桥", "宋佳宁"]


def test_a_post_is_put_right_and_ended_on_its_pages(client, branch, people):
    post = factories.make_post(branch, DEPUTY, member=people[0])
    log_in(client, Role.SECRETARY, branch)
    change = reverse("members:post_change", args=[post.pk])
    assert client.get(change).context["form"]["starts_on"].value() == "2015年1月1日"
    client.post(change, typed(people, "organisation", reason="看错"))
    post.refresh_from_db()
    assert (post.title, post.starts_on) == (ORGANISATION, MARCH)
    end = reverse("members:post_end", args=[post.pk])
    assert client.post(end, {"on": "2.28"}).context["form"].errors["on"]
    assert client.post(end, {"on": "3.10"}).status_code == 302
    post.refresh_from_db()
    assert post.ends_on == date(2026, 3, 10)
    remove = reverse("members:post_remove", args=[post.pk])
    assert client.post(remove, {"reason": ""}).context["remove_form"].errors
    assert client.post(remove, {"reason": "登记错了"}).status_code == 302
    assert not Post.objects.exists()


def test_only_who_manages_accounts_links_one(client, branch, people):
    post = factories.make_post(branch, member=people[0])
    own = factories.make_user(Role.SECRETARY, branch)
    address = reverse("members:post_account", args=[post.pk])
    change = reverse("members:post_change", args=[post.pk])
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    assert client.get(change).context["account_url"] == ""
    assert client.post(address, {"account": own.pk}).status_code == 403
    log_in(client, Role.COUNTY_OFFICER, branch.parent.parent)
    assert client.get(change).context["account_url"] == address
    client.post(address, {"account": factories.make_user().pk})
    assert Post.objects.get().account is None
    client.post(address, {"account": own.pk})
    assert Post.objects.get().account == own


def test_a_unit_post_is_entered_and_put_right_on_its_pages(client, branch, people):
    log_in(client, Role.SECRETARY, branch)
    take = reverse("members:unit_post_take")
    assert client.get(take).context["no_units"] is True
    unit = factories.make_unit(branch)
    facts = {
        "unit": unit.pk,
        "person": people[0].pk,
        "title": "村委会主任",
        "is_main_leader": "on",
        "starts_on": "2024.5.1",
    }
    assert client.post(take, facts).status_code == 302
    post = UnitPost.objects.get()
    assert (post.member, post.is_main_leader, post.starts_on) == (people[0], True, date(2024, 5, 1))
    change = reverse("members:unit_post_change", args=[post.pk])
    assert client.post(change, facts | {"ends_on": "2026.3.1"}).status_code == 302
    post.refresh_from_db()
    assert post.ends_on == MARCH
    remove = reverse("members:unit_post_remove", args=[post.pk])
    assert client.post(remove, {"reason": ""}).context["remove_form"].errors
    client.post(remove, {"reason": "登记错了人"})
    assert not UnitPost.objects.exists()


def test_a_unit_post_is_entered_only_of_members_within_reach(client, branch, people):
    elsewhere = factories.make_branch(branch.parent)
    gone = people[0]
    gone.memberships.update(ends_on=MARCH)
    Membership.objects.create(member=gone, organisation=elsewhere, starts_on=date(2026, 3, 2))
    gone.organisation = elsewhere
    gone.save()
    unit = factories.make_unit(branch)
    facts = {"unit": unit.pk, "title": "村委会主任", "starts_on": "2024.5.1"}
    log_in(client, Role.SECRETARY, branch)
    take = reverse("members:unit_post_take")
    assert "person" in client.post(take, facts | {"person": gone.pk}).context["form"].errors
    assert client.post(take, facts | {"person": people[1].pk}).status_code == 302
    assert UnitPost.objects.get().member == people[1]


def test_a_temporary_branch_needs_no_committee_and_its_officers_are_appointed(client, branch):
    temporary = factories.make_branch(branch.parent, code="LINSHI", form=Form.TEMPORARY)
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    size = client.get(BOARD, {"branch": "LINSHI"}).context["size"]
    assert size["kind"] == "done"
    assert "由批准它的组织指派" in size["text"]
    form = client.get(NEW, {"branch": "LINSHI"}).context["form"]
    assert form["way"].value() == "appointed"
    assert temporary.posts.count() == 0


def test_a_general_branch_shows_its_own_posts_on_request(client, branch):
    general = factories.make_organisation(Kind.GENERAL_BRANCH, branch.parent, "荻浦村党总支")
    factories.make_post(general, person_name="宋佳宁")
    log_in(client, Role.COMMITTEE_OFFICER, branch.parent)
    context = client.get(BOARD, {"branch": general.code, "own": "1"}).context
    assert [row["name"] for row in context["seats"]] == ["宋佳宁"]
    assert context["size"] is None
