import datetime

import pytest

from accounts.models import TrailLine
from branches.models import Changed, Kind, Organisation, Placement
from branches.services import (
    TreeFault,
    change_organisation,
    chinese_number,
    found_organisation,
    move_organisation,
    path_keys,
    path_step,
    set_group_count,
)
from tests.factories import make_branch, make_committee, make_county, make_group, make_organisation

pytestmark = pytest.mark.django_db

APRIL = datetime.date(2026, 4, 1)


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
def general(town):
    return make_organisation(Kind.GENERAL_BRANCH, town, "上荻村党总支")


@pytest.fixture
def branch(general):
    return make_branch(general, "上荻村第一党支部")


def places(organisation):
    return [
        (row.parent.name, row.starts_on, row.ends_on)
        for row in Placement.objects.filter(organisation=organisation).order_by("starts_on")
    ]


def parent_on(organisation, day):
    rows = Placement.objects.filter(organisation=organisation, starts_on__lte=day)
    return rows.order_by("starts_on").last().parent


@pytest.mark.parametrize(
    "key, step", [(1, "000001"), (35, "00000z"), (36, "000010"), (10**9, "gjdgxs")]
)
def test_a_step_of_the_path_is_the_key_in_base_36(key, step):
    assert path_step(key) == step
    assert path_keys(step * 2) == [key, key]


def test_a_path_leads_from_the_root(county, town, general, branch):
    assert path_keys(branch.path) == [county.pk, town.pk, general.pk, branch.pk]


def test_founding_stores_path_placement_line_and_note(town):
    made = found_organisation(
        by=None, on=APRIL, parent=town, code="X1", name="下荻村党支部", kind=Kind.BRANCH
    )
    assert made.path == town.path + path_step(made.pk)
    assert places(made) == [("荻浦镇党委", APRIL, None)]
    line = TrailLine.objects.get()
    assert (line.action, line.object_id, line.after["上级组织"]) == (
        "设立组织",
        made.pk,
        "荻浦镇党委",
    )
    assert Changed.objects.get().organisation == made


def test_changing_leaves_before_and_after_and_says_whether_anything_differed(branch):
    assert change_organisation(branch, by=None, name="上荻一支部", reason="更名")
    assert not change_organisation(branch, by=None, name="上荻一支部")
    line = TrailLine.objects.get()
    assert (line.before, line.after) == (
        {"组织名称": "上荻村第一党支部"},
        {"组织名称": "上荻一支部"},
    )


def test_a_line_says_values_as_they_are_shown(branch):
    change_organisation(branch, by=None, sector="village", dissolved_on=APRIL)
    line = TrailLine.objects.get()
    assert line.before == {"所属领域": "社区", "撤销日期": ""}
    assert line.after == {"所属领域": "农村", "撤销日期": "2026-04-01"}


def test_dissolving_asks_for_judging_from_that_day(branch):
    change_organisation(branch, by=None, dissolved_on=APRIL)
    note = Changed.objects.get()
    assert (note.organisation, note.from_on, note.to_on) == (branch, APRIL, APRIL)


def test_a_branch_is_standing_on_its_first_and_its_last_day(town):
    day = datetime.timedelta(days=1)
    made = make_branch(town, founded_on=APRIL, dissolved_on=APRIL + 30 * day)
    for start, end, stands in (
        (APRIL - day, APRIL - day, False),
        (APRIL - day, APRIL, True),
        (APRIL + 30 * day, APRIL + 40 * day, True),
        (APRIL + 31 * day, APRIL + 40 * day, False),
    ):
        assert Organisation.objects.standing(start, end).filter(pk=made.pk).exists() is stands


# --- Moving -----------------------------------------------------------------------------


def test_a_move_takes_everything_below_along(street, general, branch):
    move_organisation(general, to=street, by=None, on=APRIL, reason="区划调整")
    general.refresh_from_db(), branch.refresh_from_db()
    assert (general.parent, branch.parent) == (street, general)
    assert general.path == street.path + path_step(general.pk)
    assert branch.path == general.path + path_step(branch.pk)


def test_months_before_a_move_keep_the_old_parent(town, street, general, branch):
    move_organisation(general, to=street, by=None, on=APRIL)
    march, april = datetime.date(2026, 3, 31), APRIL
    assert (parent_on(general, march), parent_on(general, april)) == (town, street)
    old, new = Placement.objects.filter(organisation=branch).order_by("starts_on")
    assert (old.ends_on, new.starts_on) == (march, april)
    assert old.path.startswith(town.path) and new.path.startswith(street.path)
    assert old.parent == new.parent == general


def test_a_move_on_the_same_day_corrects_the_first(town, street, branch):
    move_organisation(branch, to=street, by=None, on=APRIL)
    move_organisation(branch, to=town, by=None, on=APRIL)
    assert [place[:2] for place in places(branch)][1:] == [("荻浦镇党委", APRIL)]
    branch.refresh_from_db()
    assert branch.path == town.path + path_step(branch.pk)


def test_a_second_move_ends_the_first(county, street, branch):
    third = make_committee(county, "松墩镇党委")
    june = datetime.date(2026, 6, 1)
    move_organisation(branch, to=street, by=None, on=APRIL)
    move_organisation(branch, to=third, by=None, on=june)
    assert [(name, ends_on) for name, _, ends_on in places(branch)] == [
        ("上荻村党总支", datetime.date(2026, 3, 31)),
        ("柳汀街道党工委", datetime.date(2026, 5, 31)),
        ("松墩镇党委", None),
    ]


def test_a_move_to_where_it_stands_changes_nothing(general, branch):
    move_organisation(branch, to=general, by=None, on=APRIL)
    assert len(places(branch)) == 1
    assert not TrailLine.objects.exists()


def test_a_move_leaves_a_line_and_a_note(street, branch):
    move_organisation(branch, to=street, by=None, on=APRIL, reason="区划调整")
    line = TrailLine.objects.get()
    assert (line.before, line.after) == (
        {"上级组织": "上荻村党总支"},
        {"上级组织": "柳汀街道党工委", "自": "2026-04-01"},
    )
    assert line.reason == "区划调整"
    assert Changed.objects.get().from_on == APRIL


@pytest.mark.parametrize("below", ["general", "branch", "town"])
def test_a_circle_is_refused_with_both_names(request, town, below):
    to = request.getfixturevalue(below)
    request.getfixturevalue("branch")
    before = list(Organisation.objects.order_by("pk").values_list("pk", "path", "parent"))
    with pytest.raises(TreeFault) as refused:
        move_organisation(town, to=to, by=None, on=APRIL)
    assert f"“{to.name}”在“荻浦镇党委”之下，不能作它的上级" == str(refused.value)
    assert list(Organisation.objects.order_by("pk").values_list("pk", "path", "parent")) == before
    assert not TrailLine.objects.exists()


def test_a_large_subtree_moves_in_a_few_statements(street, general, django_assert_max_num_queries):
    for _ in range(20):
        make_branch(general)
    with django_assert_max_num_queries(15):
        move_organisation(general, to=street, by=None, on=APRIL)


# --- Groups -----------------------------------------------------------------------------


def test_groups_are_added_and_ended_to_a_number(branch):
    standing = [make_group(branch, "第一党小组")]
    added, ended = set_group_count(branch, standing, 3, on=APRIL)
    assert ([group.name for group in added], ended) == (["第二党小组", "第三党小组"], [])
    added, ended = set_group_count(branch, standing, 0, on=APRIL)
    assert (added, ended, standing[0].ends_on) == ([], standing, APRIL)


@pytest.mark.parametrize(
    "number, said",
    [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (35, "三十五"), (99, "九十九")],
)
def test_numbers_are_said_in_chinese(number, said):
    assert chinese_number(number) == said
