"""Organisations from workbooks: the tree, terms, groups and secretaries."""

import datetime

import pytest

from accounts.models import TrailLine
from branches.history import names_on
from branches.models import Changed, EarlierFact, Group, Organisation, Placement
from members.enums import PostTitle
from members.models import Post, Term
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    ROSTER,
    TODAY,
    ZHANG,
    counts,
    give,
    id_number,
    members,
    organisations,
    plan,
    reasons,
    remarks,
)

pytestmark = pytest.mark.django_db
FULL = ["组织编码", "组织名称", "上级组织编码", "组织类别", "所属领域", "成立日期", "本届届满日期"]


def secretary(code):
    return Post.objects.get(
        organisation__code=code, title=PostTitle.SECRETARY, ends_on__isnull=True
    )


def test_a_parent_may_stand_below_its_child():
    give(
        organisations(
            ["B1", "东村支部", "T1", "支部", "2001年7月1日", None, None],
            ["T1", "石桥镇党委", "C", "党委", "19800101", None, None],
            ["C", "县委", None, "县委", None, None, None],
        )
    )
    branch = Organisation.objects.get(code="B1")
    assert branch.parent.code == "T1"
    assert branch.path.startswith(branch.parent.path)
    assert branch.founded_on == datetime.date(2001, 7, 1)
    assert Placement.objects.get(organisation=branch).path == branch.path


def test_the_same_sheet_again_changes_nothing():
    give(COUNTY, ROSTER)
    planned = give(COUNTY)
    assert counts(planned) == (4, 0, 0, 4, 0)
    assert remarks(planned) == []


def test_each_new_organisation_leaves_a_line_and_a_note():
    give(COUNTY)
    branch = Organisation.objects.get(code="B1")
    line = TrailLine.objects.get(area="branches", object_id=branch.pk)
    assert line.action == "导入新增"
    assert line.after["组织编码"] == "B1"
    assert line.after["党小组数"] == "2"
    assert line.reason == "表.xlsx 组织 第 4 行"
    assert Changed.objects.filter(organisation=branch, area="branches").count() == 1


def test_an_unknown_parent_is_refused():
    planned = plan(organisations(["B1", "东村支部", "X9", "党支部", None, None, None]))
    assert reasons(planned) == [
        (2, "上级组织编码", "没有编码为“X9”的组织，请核对，或把它也列入组织表")
    ]


def test_a_circle_is_refused_with_both_names():
    planned = plan(
        organisations(
            ["A", "甲党委", "B", "党委", None, None, None],
            ["B", "乙党委", "A", "党委", None, None, None],
        )
    )
    assert counts(planned) == (2, 0, 0, 0, 2)
    assert [reason for _row, _column, reason in reasons(planned)] == [
        "“甲党委”和“乙党委”互为上级，隶属关系成了一圈，请核对",
        "“乙党委”和“甲党委”互为上级，隶属关系成了一圈，请核对",
    ]


def test_a_stored_organisation_cannot_go_under_its_subordinate():
    give(COUNTY)
    planned = plan(organisations(["T1", "中共石桥镇委员会", "B1", "党委", None, None, None]))
    assert reasons(planned)[0][1] == "上级组织编码"
    assert "中共东村支部委员会" in reasons(planned)[0][2]


def test_a_changed_parent_is_a_move_as_of_today():
    give(COUNTY)
    planned = give(
        organisations(
            ["T2", "中共云台镇委员会", "C", "党委", None, None, None],
            ["B1", "中共东村支部委员会", "T2", "党支部", None, None, None],
        )
    )
    branch = Organisation.objects.get(code="B1")
    assert branch.parent.code == "T2"
    assert branch.path.startswith(Organisation.objects.get(code="T2").path)
    old = branch.placements.get(ends_on__isnull=False)
    assert (old.parent.code, old.ends_on) == ("T1", datetime.date(2026, 9, 29))
    assert (3, "上级组织编码", "隶属关系自 2026-09-30 起调整，以前的月份不变") in remarks(planned)
    assert TrailLine.objects.filter(action="调整隶属", object_id=branch.pk).count() == 1


def test_blanks_change_nothing_and_clearing_does():
    row = ["B1", "中共东村支部委员会", "T1", "党支部", "农村", "1990-01-01", "2027-05-01"]
    give(COUNTY)
    give(("组织", [FULL, row]))
    blank = give(("组织", [FULL, ["B1", "中共东村支部委员会", *[None] * 5]]))
    assert counts(blank) == (1, 0, 0, 1, 0)
    cleared = give(
        ("组织", [FULL, ["B1", "中共东村支部委员会", None, None, "（清空）", None, None]])
    )
    assert counts(cleared) == (1, 0, 1, 0, 0)
    branch = Organisation.objects.get(code="B1")
    assert (branch.sector, branch.founded_on) == ("", datetime.date(1990, 1, 1))


def test_a_name_cannot_be_cleared():
    give(COUNTY)
    planned = plan(organisations(["B1", "(清空)", "T1", "党支部", None, None, None]))
    assert reasons(planned) == [(2, "组织名称", "“组织名称”不能清空")]


def test_the_end_of_the_current_term_is_corrected():
    give(COUNTY)
    for ends_on in ("2027.5.1", "2027年6月1日", 46539):
        give(("组织", [FULL, ["B1", "中共东村支部委员会", "T1", "党支部", None, None, ends_on]]))
    term = Term.objects.get(organisation__code="B1")
    assert term.ends_on == datetime.date(2027, 6, 1)


def test_groups_are_added_ended_and_taken_up_again():
    give(COUNTY)
    standing = Group.objects.filter(organisation__code="B1", ends_on__isnull=True)
    for count, names in ((1, ["第一党小组"]), (3, ["第一党小组", "第二党小组", "第三党小组"])):
        planned = give(
            organisations(["B1", "中共东村支部委员会", "T1", "党支部", None, None, count])
        )
        assert counts(planned) == (1, 0, 1, 0, 0)
        assert sorted(standing.values_list("name", flat=True)) == sorted(names)
        again = give(organisations(["B1", "中共东村支部委员会", "T1", "党支部", None, None, count]))
        assert counts(again) == (1, 0, 0, 1, 0)


def test_a_secretary_is_found_on_the_roster_of_the_own_branch_only():
    give(COUNTY, ROSTER)
    assert secretary("B1").member.id_number == ZHANG
    assert secretary("T1").member is None
    assert secretary("T1").person_name == "柏兰"


def test_order_of_files_does_not_matter_for_secretaries():
    planned = give(COUNTY)
    assert remarks(planned) == [(4, "书记", "支部名册里没有这个人，只记姓名")]
    assert secretary("B1").member is None
    give(ROSTER)
    assert secretary("B1").member.name == "张伟"
    assert counts(give(COUNTY)) == (4, 0, 0, 4, 0)


def test_a_name_that_fits_two_is_refused_with_both_shown():
    other = id_number(7)
    twins = members(
        ["张伟", id_number(1), "正式", "2001-07-01", None, "B1", None],
        ["张伟", other, "正式", "2001-07-01", None, "B1", None],
    )
    planned = plan(COUNTY, twins)
    ways = "、".join(sorted(f"张伟({number[-4:]})" for number in (id_number(1), other)))
    assert (4, "书记", f"支部里有 2 个“张伟”，请写成 {ways} 中的一个") in reasons(planned)
    named = organisations(
        ["B1", "中共东村支部委员会", "T1", "党支部", None, f"张伟（{other[-4:]}）", 2]
    )
    give((COUNTY[0], COUNTY[1][:3]), named, twins)
    assert secretary("B1").member.id_number == other


def test_a_new_secretary_follows_the_old_one():
    give(COUNTY, ROSTER)
    give(organisations(["B1", "中共东村支部委员会", "T1", "党支部", None, "李娜", 2]))
    old = Post.objects.get(organisation__code="B1", ends_on__isnull=False)
    assert (old.person_name, old.ends_on) == ("张伟", datetime.date(2026, 9, 29))
    assert secretary("B1").member.id_number == LI
    assert secretary("B1").starts_on == TODAY


def test_rows_need_the_organisations_that_are_new_in_the_same_call():
    planned = plan(
        organisations(["B9", "中共新村支部委员会", "X", "党支部", None, None, None]),
        members(["张伟", id_number(1), "正式", None, None, "B9", None]),
    )
    assert (
        planned.sheets[1].problems[0].reason
        == "要先更正表.xlsx“组织”第 2 行（组织 中共新村支部委员会）"
    )


def test_a_corrected_founding_day_moves_the_first_placement():
    give(COUNTY)
    give(organisations(["B1", "中共东村支部委员会", "T1", "党支部", "1988-07-01", None, None]))
    branch = Organisation.objects.get(code="B1")
    assert branch.founded_on == branch.placements.get().starts_on == datetime.date(1988, 7, 1)


def test_too_many_groups_are_a_slip():
    give(COUNTY)
    planned = plan(organisations(["B1", "中共东村支部委员会", "T1", "党支部", None, None, 21]))
    assert reasons(planned) == [
        (2, "党小组数", "“21”过多，一个党支部最多 20 个党小组，请核对后再填")
    ]


def test_a_name_changed_by_a_workbook_holds_from_today_and_older_months_keep_theirs():
    give(COUNTY)
    branch = Organisation.objects.get(code="B1")
    old = branch.name
    give(organisations(["B1", "东村联合党支部", None, None, None, None, None]))
    yesterday = TODAY - datetime.timedelta(days=1)
    assert names_on([branch], yesterday) == {branch.pk: old}
    assert names_on([branch], TODAY) == {branch.pk: "东村联合党支部"}
    # A second workbook of the same day does not hide what it was.
    give(organisations(["B1", "东村第一党支部", None, None, None, None, None]))
    assert names_on([branch], yesterday) == {branch.pk: old}
    assert EarlierFact.objects.filter(organisation=branch, field="name").count() == 1
