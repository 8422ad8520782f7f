"""Organisations from founding to their end, each act on its day; the days before stay as they were."""

import datetime

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from branches.founding import found_with
from branches.history import below_on, facts_on, names_on, story, were
from branches.models import (
    BranchUnit,
    Changed,
    EarlierFact,
    Form,
    Group,
    Kind,
    Organisation,
    Placement,
    Unit,
)
from branches.services import (
    OrganisationFault,
    TreeFault,
    add_group,
    change_facts,
    change_organisation,
    close_organisation,
    end_group,
    found_organisation,
    move_organisation,
    rename_group,
)
from branches.units import add_unit, end_unit, units_on
from tests.factories import (
    FOUNDED,
    make_alliance,
    make_branch,
    make_committee,
    make_county,
    make_group,
    make_member,
    make_organisation,
    make_room,
    make_user,
)

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 8, 15)
DAY = datetime.timedelta(days=1)
MARCH, APRIL, JUNE, JULY = (datetime.date(2026, month, 1) for month in (3, 4, 6, 7))
CREDIT_CODE = "91330000MA2AB3CD4E"


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def town(county):
    return make_committee(county, "荻浦镇党委")


@pytest.fixture
def street(county):
    return make_committee(county, "柳汀街道党工委")


@pytest.fixture
def branch(town):
    return make_branch(town, "上荻村党支部")


def change(branch, on, **facts):
    return change_facts(branch, by=None, on=on, today=TODAY, reason="批复", **facts)


def name_on(branch, day):
    return names_on([branch], day)[branch.pk]


def lines(action):
    return list(TrailLine.objects.filter(action=action))


# --- Names, forms, sectors, kinds -----------------------------------------------------------


def test_a_new_name_holds_from_its_day_and_the_day_before_keeps_the_old(branch):
    assert change(branch, JULY, name="上荻联合党支部")
    branch.refresh_from_db()
    assert branch.name == "上荻联合党支部"
    assert (name_on(branch, JULY - DAY), name_on(branch, JULY)) == (
        "上荻村党支部",
        "上荻联合党支部",
    )
    (line,) = lines("修改组织")
    assert line.before == {"组织名称": "上荻村党支部"}
    assert line.after == {"组织名称": "上荻联合党支部", "自": "2026-07-01"}
    assert line.reason == "批复"
    note = Changed.objects.get()
    assert (note.organisation, note.area, note.from_on) == (branch, "branches", JULY)


def test_two_new_names_leave_three_spans(branch):
    change(branch, APRIL, name="甲")
    change(branch, JULY, name="乙")
    assert [name_on(branch, day) for day in (MARCH, APRIL, JUNE, JULY, TODAY)] == [
        *("上荻村党支部", "甲", "甲", "乙", "乙"),
    ]


def test_a_name_entered_afterwards_holds_up_to_the_next_one(branch):
    change(branch, JULY, name="乙")
    change(branch, APRIL, name="甲")
    branch.refresh_from_db()
    assert branch.name == "乙"
    assert [name_on(branch, day) for day in (MARCH, APRIL, JULY - DAY, JULY)] == [
        *("上荻村党支部", "甲", "甲", "乙"),
    ]


def test_a_second_change_of_the_same_day_corrects_the_first(branch):
    change(branch, JULY, name="上荻村联和党支部")
    change(branch, JULY, name="上荻村联合党支部")
    assert EarlierFact.objects.count() == 1
    assert (name_on(branch, JULY - DAY), name_on(branch, JULY)) == (
        "上荻村党支部",
        "上荻村联合党支部",
    )


def test_a_change_taken_back_on_its_day_never_was(branch):
    change(branch, JULY, name="乙")
    change(branch, JULY, name="上荻村党支部")
    assert not EarlierFact.objects.exists()
    assert name_on(branch, TODAY) == "上荻村党支部"


def test_a_name_that_was_already_the_next_one_begins_earlier(branch):
    change(branch, JULY, name="乙")
    change(branch, APRIL, name="乙")
    assert [name_on(branch, day) for day in (MARCH, APRIL, TODAY)] == ["上荻村党支部", "乙", "乙"]
    assert EarlierFact.objects.count() == 1


def test_a_change_on_the_founding_day_corrects_the_first_name(branch):
    change(branch, FOUNDED, name="乙")
    assert not EarlierFact.objects.exists()
    assert name_on(branch, FOUNDED) == "乙"


def test_a_branch_founded_on_29_february_may_be_renamed_a_year_later(town):
    leap = datetime.date(2024, 2, 29)
    branch = make_branch(town, "甲", founded_on=leap)
    change(branch, datetime.date(2025, 3, 1), name="乙")
    assert (name_on(branch, leap), name_on(branch, datetime.date(2025, 2, 28))) == ("甲", "甲")
    assert EarlierFact.objects.get().until_on == datetime.date(2025, 2, 28)


def test_a_change_that_begins_on_29_february_leaves_the_28th(branch):
    change(branch, datetime.date(2024, 2, 29), name="乙")
    assert EarlierFact.objects.get().until_on == datetime.date(2024, 2, 28)


def test_nothing_different_leaves_no_line(branch):
    assert not change(branch, JULY, name="上荻村党支部", sector=branch.sector)
    assert not TrailLine.objects.exists()
    assert not Changed.objects.exists()


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (TODAY + DAY, "2026年8月16日还没有到，请到那天再办"),
        (FOUNDED - DAY, "“上荻村党支部”2015年1月1日才成立，请填那天以后的日期"),
    ],
)
def test_a_change_is_refused_on_a_day_to_come_and_before_the_founding(branch, on, words):
    with pytest.raises(OrganisationFault) as refused:
        change(branch, on, name="乙")
    assert (str(refused.value), refused.value.field) == (words, "on")
    assert not EarlierFact.objects.exists()


def test_what_is_dissolved_changes_no_more(branch):
    change_organisation(branch, by=None, dissolved_on=JULY)
    with pytest.raises(OrganisationFault, match="已于2026年7月1日撤销"):
        change(branch, JULY, name="乙")
    # What was entered late for the days before still may.
    assert change(branch, JULY - DAY, name="乙")


def test_form_sector_and_kind_are_dated_too(branch):
    change(branch, JULY, form=Form.JOINT, sector="village")
    before, after = (facts_on([branch], day)[branch.pk] for day in (JULY - DAY, JULY))
    assert (before.form, before.sector) == ("single", "community")
    assert (after.form, after.sector) == ("joint", "village")
    (line,) = lines("修改组织")
    assert line.before == {"设置形式": "单独", "所属领域": "社区"}
    assert line.after == {"设置形式": "联合", "所属领域": "农村", "自": "2026-07-01"}


def test_facts_of_many_are_asked_in_one_query(county, town, django_assert_num_queries):
    branches = [make_branch(town) for _ in range(3)]
    for branch in branches:
        change(branch, JULY, name="乙", form=Form.JOINT)
    with django_assert_num_queries(1):
        assert len(facts_on([town, *branches], JUNE)) == 4
    with django_assert_num_queries(1):
        assert names_on(branches, JULY) == dict.fromkeys([one.pk for one in branches], "乙")


def test_a_form_is_asked_as_of_a_day(branch, town):
    other = make_branch(town, form=Form.JOINT)
    change(branch, APRIL, form=Form.JOINT)
    change(branch, JULY, form=Form.SINGLE)
    for day, joint in ((MARCH, {other}), (JUNE, {branch, other}), (JULY, {other})):
        found = Organisation.objects.branches().filter(were("form", [Form.JOINT], day))
        assert set(found) == joint, day


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_a_branch_with_formal_relations_becomes_no_temporary_one(branch, form):
    make_member(branch, starts_on=JULY)
    for on in (JUNE, JULY):
        # Who came after the day stands in the way as well.
        with pytest.raises(OrganisationFault, match="还有 1 名党员的组织关系"):
            change(branch, on, form=form)
    make_member(branch, ends_on=JUNE)
    branch.refresh_from_db()
    assert branch.form == Form.SINGLE


def test_a_branch_without_members_may_become_a_temporary_one(branch):
    assert change(branch, JULY, form=Form.TEMPORARY)
    branch.refresh_from_db()
    assert not branch.holds_relations


def test_a_branch_with_members_becomes_no_general_branch_and_a_parent_no_branch(branch, town):
    make_member(branch)
    with pytest.raises(OrganisationFault, match="还有 1 名党员"):
        change(branch, JULY, kind=Kind.GENERAL_BRANCH)
    with pytest.raises(OrganisationFault, match="下面还有党组织"):
        change(town, JULY, kind=Kind.BRANCH)
    assert change(town, JULY, kind=Kind.COMMITTEE)


# --- Founding -------------------------------------------------------------------------------


def test_founding_stores_groups_and_units_with_it(town):
    made = found_with(
        by=None,
        on=JULY,
        today=TODAY,
        parent=town,
        code="X1",
        name="下荻村党支部",
        kind=Kind.BRANCH,
        form=Form.JOINT,
        sector="village",
        groups=["第一党小组", "第二党小组"],
        units=["下荻村", "荻浦水厂"],
    )
    assert list(made.groups.values_list("name", "starts_on")) == [
        ("第一党小组", JULY),
        ("第二党小组", JULY),
    ]
    assert sorted(row.unit.name for row in units_on(made, JULY)) == ["下荻村", "荻浦水厂"]
    assert set(Unit.objects.values_list("kind", flat=True)) == {"village"}
    (line,) = lines("设立组织")
    assert line.after["设置形式"] == "联合"


def test_founding_is_all_or_nothing(town):
    with pytest.raises(OrganisationFault, match="不是党支部"):
        found_with(
            by=None,
            on=JULY,
            today=TODAY,
            parent=town,
            code="X1",
            name="下荻村党总支",
            kind=Kind.GENERAL_BRANCH,
            groups=["第一党小组"],
        )
    assert not Organisation.objects.filter(code="X1").exists()


def test_nothing_is_founded_below_a_branch_or_tomorrow_or_under_what_has_ended(branch, town):
    facts = {"by": None, "code": "X1", "name": "甲", "kind": Kind.BRANCH}
    with pytest.raises(TreeFault, match="是党支部，下面不能再设党组织"):
        found_organisation(on=JULY, parent=branch, **facts)
    with pytest.raises(OrganisationFault, match="请到那天再办"):
        found_with(on=TODAY + DAY, today=TODAY, parent=town, **facts)
    ended = make_committee(town.parent, "旧镇党委", dissolved_on=JUNE)
    with pytest.raises(TreeFault, match="不能作上级"):
        found_organisation(on=JULY, parent=ended, **facts)


# --- Moving ---------------------------------------------------------------------------------


def move(organisation, to, on):
    return move_organisation(organisation, to=to, by=None, on=on, today=TODAY, reason="区划调整")


def test_a_branch_moved_in_july_stands_in_june_where_it_stood(branch, town, street):
    assert move(branch, street, JULY)
    june, july = (facts_on([branch], day)[branch.pk] for day in (JULY - DAY, JULY))
    assert (june.parent_id, july.parent_id) == (town.pk, street.pk)
    assert branch in below_on(town, JULY - DAY) and branch not in below_on(street, JULY - DAY)
    assert branch in below_on(street, JULY) and branch not in below_on(town, JULY)


def test_a_move_of_a_day_to_come_is_refused(branch, street):
    with pytest.raises(OrganisationFault, match="2026年8月16日还没有到，请到那天再办"):
        move(branch, street, TODAY + DAY)
    assert Placement.objects.filter(organisation=branch).count() == 1


def test_a_move_to_below_a_branch_or_before_the_last_move_is_refused(branch, town, street):
    with pytest.raises(TreeFault, match="是党支部"):
        move(branch, make_branch(street), JULY)
    move(branch, street, JULY)
    with pytest.raises(TreeFault, match="2026年7月1日起才在现在的位置"):
        move(branch, town, JUNE)


def test_who_left_a_subtree_since_stood_below_the_new_superior_until_then(town, street, county):
    """A general branch is moved as of April, but one of its branches went elsewhere in June."""
    general = make_organisation(Kind.GENERAL_BRANCH, town, "上荻村党总支")
    branch = make_branch(general)
    third = make_committee(county, "松墩镇党委")
    move(branch, third, JUNE)
    move(general, street, APRIL)
    for day, superior in ((MARCH, town), (APRIL, street), (JUNE, third)):
        assert branch in below_on(superior, day), day
        places = Placement.objects.filter(organisation=branch, path__startswith=superior.path)
        assert places.count() == 1


def test_a_whole_town_moved_keeps_its_old_tree_below_it(county, town, branch):
    other = make_county("中共邻溪县委员会")
    move(town, other, JULY)
    assert set(below_on(town, JUNE)) == set(below_on(town, JULY)) == {town, branch}
    assert branch in below_on(county, JUNE) and branch not in below_on(county, JULY)


# --- Groups ---------------------------------------------------------------------------------


def test_a_group_is_added_renamed_and_ended_with_its_days(branch):
    group = add_group(branch, name="第一党小组", on=JUNE, today=TODAY, by=None)
    assert rename_group(group, name="老年党小组", by=None)
    assert not rename_group(group, name="老年党小组", by=None)
    assert end_group(group, on=JULY, today=TODAY, by=None)
    assert not end_group(group, on=JULY, today=TODAY, by=None)
    group.refresh_from_db()
    assert (group.name, group.starts_on, group.ends_on) == ("老年党小组", JUNE, JULY - DAY)
    assert [line.action for line in TrailLine.objects.order_by("pk")] == [
        *("设立党小组", "党小组更名", "撤销党小组"),
    ]


def test_a_group_is_refused_twice_by_name_and_outside_a_branch(branch, town):
    make_group(branch, "第一党小组", ends_on=JUNE)
    with pytest.raises(OrganisationFault) as refused:
        add_group(branch, name="第一党小组", on=JULY, today=TODAY, by=None)
    assert str(refused.value) == "“第一党小组”这个名称已用过（至2026年6月1日），请换一个"
    with pytest.raises(OrganisationFault, match="只有党支部设党小组"):
        add_group(town, name="第一党小组", on=JULY, today=TODAY, by=None)
    assert Group.objects.count() == 1


def test_a_group_does_not_end_before_it_began(branch):
    group = make_group(branch, "第一党小组", starts_on=JULY)
    with pytest.raises(OrganisationFault, match="才设立"):
        end_group(group, on=JULY, today=TODAY, by=None)


# --- Units ----------------------------------------------------------------------------------


def test_a_unit_known_by_its_code_is_not_registered_again(branch, town):
    neighbour = make_branch(town)
    first = add_unit(
        neighbour, name="荻浦水厂", on=JUNE, today=TODAY, by=None, credit_code=CREDIT_CODE
    )
    second = add_unit(
        branch, name="荻浦自来水厂", on=JULY, today=TODAY, by=None, credit_code=CREDIT_CODE
    )
    assert first.unit == second.unit
    assert Unit.objects.get().name == "荻浦水厂"
    assert lines("登记所辖单位")[0].after == {"单位": "荻浦水厂", "自": "2026-07-01"}


def test_a_unit_is_taken_away_and_comes_back(branch):
    row = add_unit(branch, name="荻浦水厂", on=JUNE, today=TODAY, by=None)
    assert end_unit(row, on=JULY, today=TODAY, by=None)
    assert not end_unit(row, on=JULY, today=TODAY, by=None)
    again = add_unit(branch, name="荻浦水厂", on=JULY, today=TODAY, by=None)
    assert (again.unit, Unit.objects.count(), BranchUnit.objects.count()) == (row.unit, 1, 2)
    assert [list(units_on(branch, day)) for day in (JULY - DAY, JULY)] == [[row], [again]]


def test_a_unit_is_refused_twice_and_with_a_code_that_is_none(branch):
    add_unit(branch, name="荻浦水厂", on=JUNE, today=TODAY, by=None)
    with pytest.raises(OrganisationFault, match="已在“上荻村党支部”名下"):
        add_unit(branch, name="荻浦水厂", on=JULY, today=TODAY, by=None)
    for code in ("12345", CREDIT_CODE[:-1] + "I"):
        with pytest.raises(OrganisationFault, match="不是统一社会信用代码"):
            add_unit(branch, name="乙", on=JULY, today=TODAY, by=None, credit_code=code)


# --- The end --------------------------------------------------------------------------------


def test_what_ends_takes_groups_units_and_rights_with_it(branch):
    group = make_group(branch, "第一党小组")
    row = add_unit(branch, name="荻浦水厂", on=JUNE, today=TODAY, by=None)
    user = make_user(Role.SECRETARY, branch)
    close_organisation(branch, by=None, on=JULY, today=TODAY, reason="撤并")
    for one in (branch, group, row):
        one.refresh_from_db()
    assert branch.dissolved_on == JULY
    assert (group.ends_on, row.ends_on) == (JULY - DAY, JULY - DAY)
    assert not user.grants.filter(withdrawn_at__isnull=True).exists()
    (line,) = lines("撤销组织")
    assert line.after == {
        "撤销日期": "2026-07-01",
        "党小组": "1 项",
        "所辖单位": "1 项",
        "授权": "1 项",
    }
    assert len(lines("收回授权")) == 1


def test_what_ends_leads_no_alliance_and_keeps_no_room(branch, town):
    alliance = make_alliance(branch, members=[town])
    room = make_room(branch, opened_on=JUNE)
    late = make_room(branch, "新阵地", opened_on=JULY + DAY)
    shut = make_room(branch, "旧阵地", closed_on=JUNE)
    close_organisation(branch, by=None, on=JULY, today=TODAY, reason="撤并")
    for one in (alliance, room, late, shut):
        one.refresh_from_db()
    assert (alliance.ends_on, alliance.members.get().ends_on) == (JULY - DAY, JULY - DAY)
    assert (room.closed_on, late.closed_on, shut.closed_on) == (JULY, JULY + DAY, JUNE)
    (line,) = lines("撤销组织")
    assert line.after == {"撤销日期": "2026-07-01", "牵头的联合体": "1 项", "活动阵地": "2 项"}


def test_a_founding_day_after_the_first_superiors_time_is_refused(branch, street):
    move_organisation(branch, to=street, by=None, on=JUNE, today=TODAY, reason="批复")
    with pytest.raises(OrganisationFault, match="成立日期不能晚于那一天") as fault:
        change_organisation(branch, by=None, founded_on=JUNE)
    assert fault.value.field == "founded_on"
    assert change_organisation(branch, by=None, founded_on=JUNE - DAY)


def test_what_still_stands_below_is_named(town, branch):
    for number in range(4):
        make_branch(town, f"第{number}党支部", code=f"Z{number}")
    with pytest.raises(OrganisationFault) as refused:
        close_organisation(town, by=None, on=JULY, today=TODAY, reason="撤并")
    assert "上荻村党支部" in str(refused.value) and "等 5 个党组织" in str(refused.value)
    town.refresh_from_db()
    assert town.dissolved_on is None


# --- The story ------------------------------------------------------------------------------


def test_the_story_tells_everything_in_order_with_the_names_of_then(branch, town, street):
    change(branch, APRIL, name="上荻联合党支部", form=Form.JOINT)
    change(town, JUNE, name="荻浦党委")
    move(branch, street, JULY)
    close_organisation(branch, by=None, on=TODAY, today=TODAY, reason="撤并")
    branch.refresh_from_db()
    assert [(event.on, event.words) for event in story(branch)] == [
        (FOUNDED, "成立，名称为上荻村党支部，隶属荻浦镇党委"),
        (APRIL, "组织名称由“上荻村党支部”改为“上荻联合党支部”"),
        (APRIL, "设置形式由“单独”改为“联合”"),
        (JULY, "由荻浦党委划归柳汀街道党工委"),
        (TODAY, "撤销"),
    ]
