"""The year plan read: what is drafted, what is taken over, which meeting serves which line."""

from datetime import date

import pytest

from branches.models import Form
from branches.values import Values
from meetings import plans
from meetings.enums import MeetingState, Type
from meetings.plan_drafts import copied_lines, draft_lines, on_day, same_weekday, theme_day_of
from meetings.plan_grid import ROW_ORDER, YearGrid
from meetings.values import LECTURES_A_YEAR, THEME_DAY, lectures_due
from members.enums import PostTitle
from tests import factories
from tests.compliance.verdicts import county_value
from tests.factories import make_meeting, make_plan_item

pytestmark = pytest.mark.django_db

NEW_YEAR = date(2026, 1, 1)
MARCH = date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


def days(lines, type_):
    return [
        f"{line.planned_on:%m}" if line.month_only else f"{line.planned_on:%m-%d}"
        for line in lines
        if line.type == type_
    ]


def drafted(branch, year=2026, today=NEW_YEAR):
    return draft_lines(branch, year, today=today)


# --- Days -----------------------------------------------------------------------------------


def test_a_day_that_a_month_does_not_have_is_its_last():
    assert on_day(date(2026, 2, 1), 31) == date(2026, 2, 28)
    assert on_day(date(2028, 2, 1), 30) == date(2028, 2, 29)
    assert on_day(date(2028, 4, 1), 30) == date(2028, 4, 30)


@pytest.mark.parametrize(
    ("day", "year", "moved"),
    [
        # The second Tuesday of March; a fifth one that is not there becomes the last.
        (date(2026, 3, 10), 2027, date(2027, 3, 9)),
        (date(2028, 2, 29), 2029, date(2029, 2, 27)),
        (date(2024, 2, 29), 2028, date(2028, 2, 24)),
        (date(2026, 12, 31), 2027, date(2027, 12, 30)),
        (date(2027, 1, 1), 2028, date(2028, 1, 7)),
    ],
)
def test_the_same_weekday_of_the_same_week_is_found(day, year, moved):
    assert same_weekday(day, year) == moved
    assert moved.weekday() == day.weekday()


def test_the_fixed_day_is_that_of_last_years_plan_then_of_the_days_held_then_the_countys(branch):
    values = Values()
    assert theme_day_of(branch, 2026, values, NEW_YEAR) == 10
    county_value(THEME_DAY, 5, date(2025, 1, 1))
    assert theme_day_of(branch, 2026, Values(), NEW_YEAR) == 5
    for month, day in ((3, 20), (4, 20), (5, 8)):
        make_meeting(branch, date(2025, month, day), (Type.THEME_DAY,))
    assert theme_day_of(branch, 2026, values, NEW_YEAR) == 20
    for month, day in ((1, 31), (2, 28), (3, 31)):
        make_plan_item(branch, date(2025, month, day))
    assert theme_day_of(branch, 2026, values, NEW_YEAR) == 31


# --- Drafting -------------------------------------------------------------------------------


def test_a_whole_year_has_what_the_rules_ask_for(branch):
    factories.make_members(branch, 7)
    lines = drafted(branch)
    assert days(lines, Type.THEME_DAY) == [f"{month:02}-10" for month in range(1, 13)]
    assert days(lines, Type.COMMITTEE) == [f"{month:02}" for month in range(1, 13)]
    assert days(lines, Type.MEMBERS_MEETING) == ["03-10", "06-10", "09-10", "12-10"]
    assert days(lines, Type.LECTURE) == ["02-10", "05-10", "08-10", "11-10"]
    assert days(lines, Type.LIFE_MEETING) == days(lines, Type.APPRAISAL) == ["12-10"]
    assert days(lines, Type.GROUP) == []


def test_fewer_than_seven_formal_members_plan_no_committee_meetings(branch):
    factories.make_members(branch, 6)
    factories.make_member(branch, kind="probationary", joined_on=date(2025, 12, 1))
    assert days(drafted(branch), Type.COMMITTEE) == []


def test_a_fixed_day_at_the_end_of_the_month_stands_on_the_29th_of_a_leap_february(branch):
    county_value(THEME_DAY, 31, date(2025, 1, 1))
    assert days(drafted(branch, 2028, date(2027, 12, 1)), Type.THEME_DAY)[:4] == [
        *("01-31", "02-29", "03-31", "04-30")
    ]
    assert days(drafted(branch, 2027, date(2026, 12, 1)), Type.THEME_DAY)[1] == "02-28"


def test_a_branch_founded_in_may_gets_lines_from_its_founding_on():
    branch = factories.make_branch(founded_on=date(2026, 5, 6))
    factories.make_group(branch, "第一党小组", starts_on=date(2026, 5, 6))
    lines = drafted(branch, today=date(2026, 5, 6))
    assert days(lines, Type.THEME_DAY) == [f"{month:02}-10" for month in range(6, 13)]
    assert days(lines, Type.GROUP) == [f"{month:02}" for month in range(6, 13)]
    assert days(lines, Type.MEMBERS_MEETING) == ["09-10", "12-10"]
    assert days(lines, Type.LECTURE) == ["08-10", "11-10"]
    assert days(lines, Type.LIFE_MEETING) == ["12-10"]
    assert min(line.planned_on for line in lines) > date(2026, 5, 6)


def test_a_branch_founded_on_the_first_of_may_gets_lines_for_may():
    branch = factories.make_branch(founded_on=date(2026, 5, 1))
    assert days(drafted(branch, today=date(2026, 5, 1)), Type.THEME_DAY)[0] == "05-10"


@pytest.mark.parametrize(
    ("founded_on", "due"),
    [
        (None, 4),
        (date(2025, 6, 1), 4),
        (date(2026, 1, 1), 4),
        (date(2026, 1, 2), 3),
        (date(2026, 5, 6), 2),
        (date(2026, 10, 1), 1),
        (date(2026, 10, 2), 0),
        (date(2027, 1, 1), 0),
    ],
)
def test_lectures_are_owed_for_the_whole_quarters_left(founded_on, due):
    assert lectures_due(4, founded_on, 2026) == due


def test_a_branch_dissolved_inside_the_year_gets_lines_up_to_then():
    branch = factories.make_branch(dissolved_on=date(2026, 8, 15))
    lines = drafted(branch)
    assert days(lines, Type.THEME_DAY) == [f"{month:02}-10" for month in range(1, 8)]
    assert days(lines, Type.MEMBERS_MEETING) == ["03-10", "06-10"]
    assert not days(lines, Type.LECTURE) + days(lines, Type.LIFE_MEETING)


def test_a_joint_branch_gets_a_line_for_each_group_that_exists():
    branch = factories.make_branch(form=Form.JOINT)
    first = factories.make_group(branch, "水厂党小组")
    second = factories.make_group(branch, "菜场党小组", starts_on=date(2026, 9, 15))
    factories.make_group(branch, "旧党小组", ends_on=date(2025, 12, 31))
    lines = [line for line in drafted(branch) if line.type == Type.GROUP]
    assert sum(line.group == first for line in lines) == 12
    assert [line.planned_on.month for line in lines if line.group == second] == [9, 10, 11, 12]
    assert len(lines) == 16


def test_lecturers_are_proposed_in_turn_the_secretary_first(branch):
    members = factories.make_members(branch, 7)
    factories.make_post(branch, PostTitle.PUBLICITY, member=members[2])
    factories.make_post(branch, PostTitle.SECRETARY, member=members[0])
    factories.make_post(branch, PostTitle.ORGANISATION, member=members[1])
    lectures = [line for line in drafted(branch) if line.type == Type.LECTURE]
    assert [line.lecturer for line in lectures] == [*members[:3], members[0]]
    assert {line.host for line in lectures} == {members[0]}


def test_what_is_past_or_held_is_not_drafted_again(branch):
    make_meeting(branch, date(2026, 2, 3), (Type.LECTURE,))
    make_meeting(branch, date(2026, 5, 3), (Type.LECTURE,))
    make_meeting(branch, date(2026, 1, 20), (Type.LIFE_MEETING,), for_year=2025)
    lines = drafted(branch, today=date(2026, 8, 20))
    assert days(lines, Type.THEME_DAY) == ["08-10", "09-10", "10-10", "11-10", "12-10"]
    assert days(lines, Type.LECTURE) == ["08-10", "11-10"]
    # The one of January was for the year before.
    assert days(lines, Type.LIFE_MEETING) == ["12-10"]
    assert drafted(branch, 2025, date(2026, 1, 1)) == []


def test_many_lectures_a_year_are_spread_over_the_months_of_a_quarter(branch):
    county_value(LECTURES_A_YEAR, 12, date(2025, 1, 1))
    assert days(drafted(branch), Type.LECTURE) == [f"{month:02}-10" for month in range(1, 13)]


def test_last_years_lines_move_to_the_same_weekday_and_leave_behind_what_is_gone(branch):
    member, gone = factories.make_members(branch, 2)
    group = factories.make_group(branch, "旧党小组", ends_on=date(2026, 6, 30))
    make_plan_item(branch, date(2026, 3, 10), topic="植树护绿", host=member, host_name=member.name)
    make_plan_item(branch, date(2026, 12, 31), Type.LECTURE, lecturer=gone, lecturer_name="许文桥")
    make_plan_item(branch, date(2026, 2, 28), Type.COMMITTEE, month_only=True)
    make_plan_item(branch, date(2026, 5, 10), Type.GROUP, group=group)
    type(gone).objects.filter(pk=gone.pk).update(
        left_on=date(2026, 11, 1), left_reason="组织关系转出"
    )
    lines = copied_lines(branch, 2027, today=date(2026, 12, 20))
    assert [(line.planned_on, line.topic, line.host_name) for line in lines] == [
        (date(2027, 2, 28), "", ""),
        (date(2027, 3, 9), "植树护绿", member.name),
        (date(2027, 12, 30), "", ""),
    ]
    assert lines[0].month_only
    assert lines[2].lecturer_name == ""


# --- Plan and reality -----------------------------------------------------------------------


def pairs(branch, year=2026):
    lines = plans.lines_of(branch, year)
    return plans.paired(lines, plans.held_for(branch, year))


def test_meetings_serve_lines_of_their_month_in_the_order_of_days(branch):
    second = make_plan_item(branch, date(2026, 3, 20))
    first = make_plan_item(branch, date(2026, 3, 10))
    other = make_plan_item(branch, date(2026, 4, 10))
    early = make_meeting(branch, date(2026, 3, 12), (Type.THEME_DAY,))
    late = make_meeting(branch, date(2026, 3, 31), (Type.THEME_DAY,))
    make_meeting(branch, date(2026, 4, 10), (Type.THEME_DAY,), state=MeetingState.CANCELLED)
    make_meeting(branch, date(2026, 4, 11), (Type.THEME_DAY,), state=MeetingState.PLANNED)
    assert pairs(branch) == {first.pk: early, second.pk: late}
    assert plans.open_lines(branch, 2026) == [other]


def test_a_members_meeting_serves_a_line_of_its_quarter_and_no_other(branch):
    march = make_plan_item(branch, date(2026, 3, 28), Type.MEMBERS_MEETING)
    june = make_plan_item(branch, date(2026, 6, 28), Type.MEMBERS_MEETING)
    held = make_meeting(branch, date(2026, 1, 5), (Type.MEMBERS_MEETING,))
    make_meeting(branch, date(2026, 7, 1), (Type.MEMBERS_MEETING,))
    assert pairs(branch) == {march.pk: held}
    assert plans.open_lines(branch, 2026) == [june]


def test_a_meeting_of_several_types_serves_a_line_of_each(branch):
    theme = make_plan_item(branch, date(2026, 3, 10))
    lecture = make_plan_item(branch, date(2026, 2, 10), Type.LECTURE)
    held = make_meeting(branch, date(2026, 3, 10), (Type.THEME_DAY, Type.LECTURE))
    assert pairs(branch) == {theme.pk: held, lecture.pk: held}


def test_an_early_lecture_fills_no_line_of_a_later_month(branch):
    line = make_plan_item(branch, date(2026, 12, 10), Type.LECTURE)
    make_meeting(branch, date(2026, 11, 30), (Type.LECTURE,))
    assert pairs(branch) == {}
    held = make_meeting(branch, date(2026, 12, 1), (Type.LECTURE,))
    assert pairs(branch) == {line.pk: held}


def test_a_theme_day_of_another_month_serves_no_line(branch):
    make_plan_item(branch, date(2026, 3, 31))
    make_meeting(branch, date(2026, 4, 1), (Type.THEME_DAY,))
    assert pairs(branch) == {}


def test_a_life_meeting_of_february_serves_the_line_of_the_year_it_was_for(branch):
    line = make_plan_item(branch, date(2026, 12, 20), Type.LIFE_MEETING)
    make_meeting(branch, date(2026, 2, 27), (Type.LIFE_MEETING,), for_year=2025)
    assert pairs(branch) == {}
    held = make_meeting(branch, date(2027, 2, 20), (Type.LIFE_MEETING,), for_year=2026)
    assert pairs(branch) == {line.pk: held}


def test_a_lecture_of_the_new_year_serves_no_line_of_the_old_one(branch):
    make_plan_item(branch, date(2026, 12, 31), Type.LECTURE)
    make_meeting(branch, date(2027, 1, 1), (Type.LECTURE,))
    assert pairs(branch) == {}


def test_a_groups_meeting_serves_its_own_line_and_one_of_all_serves_each(branch):
    one, two = factories.make_group(branch), factories.make_group(branch)
    of_two = make_plan_item(branch, date(2026, 3, 5), Type.GROUP, group=two)
    of_one = make_plan_item(branch, date(2026, 3, 6), Type.GROUP, group=one)
    held = make_meeting(branch, date(2026, 3, 5), (Type.GROUP,), group=one)
    assert pairs(branch) == {of_one.pk: held}
    together = make_meeting(branch, date(2026, 3, 9), (Type.GROUP,))
    assert pairs(branch) == {of_one.pk: held, of_two.pk: together}


def test_a_line_taken_off_is_served_by_nothing(branch):
    make_plan_item(branch, date(2026, 3, 10), cancelled_at="2026-03-01T00:00Z", cancel_reason="x")
    make_meeting(branch, date(2026, 3, 10), (Type.THEME_DAY,))
    assert pairs(branch) == {}


def test_the_line_for_a_duty_is_the_nearest_open_one_of_its_period(branch):
    make_plan_item(branch, date(2026, 2, 10))
    march = make_plan_item(branch, date(2026, 3, 28))
    nearer = make_plan_item(branch, date(2026, 3, 20))
    assert plans.line_for(branch, [Type.THEME_DAY], MARCH) == nearer
    make_meeting(branch, date(2026, 3, 2), (Type.THEME_DAY,))
    assert plans.line_for(branch, [Type.THEME_DAY], MARCH) == march
    assert plans.line_for(branch, [Type.LECTURE], MARCH) is None
    assert plans.line_for(branch, [], MARCH) is None
    assert plans.line_for(branch, [Type.THEME_DAY], date(2026, 4, 1)) is None


def test_last_years_life_meeting_is_open_up_to_the_end_of_march(branch):
    line = make_plan_item(branch, date(2025, 12, 20), Type.LIFE_MEETING)
    assert plans.line_for(branch, [Type.LIFE_MEETING], date(2026, 3, 31)) == line
    assert plans.line_for(branch, [Type.LIFE_MEETING], date(2026, 4, 1)) is None
    assert plans.line_for(branch, [Type.LECTURE], date(2026, 1, 5)) is None


# --- The grid -------------------------------------------------------------------------------


def row(branch, type_, year=2026, today=MARCH):
    return YearGrid(branch, year, today).rows()[ROW_ORDER.index(type_)]


def states(cells):
    return [(cell.month, entry.kind, entry.day) for cell in cells for entry in cell.shown]


def test_a_passed_plan_date_is_no_fault_before_the_month_is_over(branch):
    make_plan_item(branch, date(2026, 3, 10))
    for today, kind in ((date(2026, 3, 23), "todo"), (date(2026, 3, 24), "soon")):
        entry = row(branch, Type.THEME_DAY, today=today).cells[2].shown[0]
        assert (entry.kind, entry.words) == (kind, "计划日已过，还可登记")
    entry = row(branch, Type.THEME_DAY, today=date(2026, 4, 1)).cells[2].shown[0]
    assert (entry.kind, entry.words) == ("late", "过期没有开")


def test_a_planned_day_within_a_week_is_amber(branch):
    make_plan_item(branch, date(2026, 3, 25))
    make_plan_item(branch, date(2026, 3, 26))
    assert states(row(branch, Type.THEME_DAY).cells) == [(3, "soon", "3/25"), (3, "todo", "3/26")]


def test_a_second_line_is_no_fault_where_the_month_has_what_is_asked(branch):
    make_plan_item(branch, date(2026, 2, 10))
    make_plan_item(branch, date(2026, 2, 20))
    make_meeting(branch, date(2026, 2, 10), (Type.THEME_DAY,), topic="植树护绿")
    cells = row(branch, Type.THEME_DAY).cells
    assert states(cells) == [(2, "done", "2/10"), (2, "todo", "2/20")]
    assert cells[1].shown[0].topic == "植树护绿"


def test_what_is_asked_for_and_not_planned_is_offered_or_missed(branch):
    make_meeting(branch, date(2026, 1, 8), (Type.THEME_DAY,))
    make_plan_item(branch, date(2026, 3, 10))
    found = row(branch, Type.THEME_DAY)
    assert [cell.month for cell in found.cells if cell.wanted] == list(range(4, 13))
    assert [cell.month for cell in found.cells if cell.missed] == [2]
    assert (found.done, found.required, found.words) == (1, 12, "欠 1 次")
    assert [cell.month for cell in row(branch, Type.MEMBERS_MEETING).cells if cell.wanted] == [
        *(3, 6, 9, 12)
    ]
    assert [cell.month for cell in row(branch, Type.LECTURE).cells if cell.wanted] == [5, 8, 11, 12]


def test_nothing_is_offered_that_a_small_branch_need_not_hold(branch):
    factories.make_members(branch, 6)
    for type_, asks in ((Type.COMMITTEE, "不设支委会"), (Type.GROUP, "没有党小组")):
        found = row(branch, type_)
        assert (found.asks, found.required, found.words) == (asks, 0, "不作要求")
        assert not any(cell.wanted or cell.missed for cell in found.cells)


def test_groups_are_counted_together_and_the_missing_one_is_named():
    branch = factories.make_branch(form=Form.JOINT)
    one = factories.make_group(branch, "水厂党小组")
    two = factories.make_group(branch, "菜场党小组")
    for month in (2, 3):
        for group in (one, two):
            make_plan_item(branch, date(2026, month, 20), Type.GROUP, group=group, topic="学习讨论")
    make_meeting(branch, date(2026, 2, 20), (Type.GROUP,), group=one)
    make_meeting(branch, date(2026, 2, 21), (Type.GROUP,), group=two)
    make_meeting(branch, date(2026, 3, 2), (Type.GROUP,), group=one)
    found = row(branch, Type.GROUP)
    assert [(e.kind, e.day, e.topic) for cell in found.cells for e in cell.shown] == [
        ("done", "2/2 组", "学习讨论"),
        ("soon", "1/2 组", "菜场党小组未开"),
    ]
    assert len(found.cells[2].entries) == 2
    assert (found.done, found.required) == (3, 24)


def test_a_meeting_held_in_another_month_is_shown_in_both(branch):
    make_plan_item(branch, date(2026, 3, 28), Type.MEMBERS_MEETING)
    make_meeting(branch, date(2026, 2, 6), (Type.MEMBERS_MEETING,))
    found = row(branch, Type.MEMBERS_MEETING)
    assert states(found.cells) == [(2, "done", "2/6"), (3, "done", "→ 2/6")]
    assert (found.done, found.words) == (1, "按期")


def test_a_branch_founded_in_may_owes_less():
    branch = factories.make_branch(founded_on=date(2026, 5, 6))
    today = date(2026, 7, 1)
    assert row(branch, Type.THEME_DAY, today=today).required == 7
    assert row(branch, Type.MEMBERS_MEETING, today=today).required == 2
    assert row(branch, Type.LECTURE, today=today).required == 2
    assert row(branch, Type.LIFE_MEETING, today=today).required == 0


def test_a_life_meeting_held_in_the_next_year_counts_for_the_year_it_was_for(branch):
    make_plan_item(branch, date(2026, 12, 20), Type.LIFE_MEETING)
    make_meeting(branch, date(2027, 2, 20), (Type.LIFE_MEETING,), for_year=2026)
    today = date(2027, 3, 1)
    found = row(branch, Type.LIFE_MEETING, today=today)
    assert (found.done, found.required, found.words) == (1, 1, "已完成")
    assert states(found.cells) == [(12, "done", "→ 2027/2/20")]
    assert row(branch, Type.LIFE_MEETING, 2027, today).done == 0


def test_the_life_meeting_of_last_year_is_not_late_before_april(branch):
    make_plan_item(branch, date(2025, 12, 20), Type.LIFE_MEETING)
    assert row(branch, Type.LIFE_MEETING, 2025, date(2026, 3, 31)).kind != "late"
    assert row(branch, Type.LIFE_MEETING, 2025, date(2026, 4, 1)).words == "欠 1 次"
