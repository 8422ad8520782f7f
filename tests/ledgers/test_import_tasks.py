"""Rectification tasks from workbooks: matched by problem and day, never silently reopened."""

import datetime

import pytest

from accounts.models import User
from accounts.roles import Role
from branches.models import Grant, Organisation
from tasks.as_of import overdue_on
from tasks.enums import ExtensionState
from tasks.models import Extension, Task, TaskEvent, TaskState
from tests.ledgers.workbooks import COUNTY, counts, give, plan, reasons, remarks, tasks

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
OPENED, DUE = datetime.date(2026, 3, 1), datetime.date(2026, 6, 1)


@pytest.fixture
def county():
    give(COUNTY)


def row(problem="档案材料不齐全", *, progress=None, closed=None, due=DUE, **changed):
    cells = [
        "B1",
        "自查自纠",
        problem,
        "李书记",
        "东村党支部",
        "张伟",
        OPENED,
        due,
        progress,
        closed,
    ]
    for place, cell in changed.items():
        cells[int(place[1:])] = cell
    return cells


def events():
    return list(TaskEvent.objects.order_by("pk").values_list("kind", "on", "progress"))


@pytest.mark.parametrize(
    ("progress", "closed", "state", "stored"),
    [
        (None, None, "pending", 0),
        ("0%", None, "pending", 0),
        (0.5, None, "working", 50),
        ("100%", None, "working", 100),
        (None, "2026年5月1日", "closed", 100),
        ("已完成", 20260501, "closed", 100),
    ],
)
def test_state_follows_from_progress_and_closing(county, progress, closed, state, stored):
    give(tasks(row(progress=progress, closed=closed)))
    task = Task.objects.get()
    assert (task.state, task.progress, task.problem_key) == (state, stored, "档案材料不齐全")
    expected = [("listed", OPENED, None)]
    if closed:
        expected.append(("closed", datetime.date(2026, 5, 1), 100))
    assert events() == expected


def test_marks_and_blanks_make_no_other_problem(county):
    give(tasks(row("档案材料不齐全、缺 3 份")))
    planned = give(tasks(row(" 档案材料，不齐全；缺3份。")))
    assert counts(planned) == (1, 0, 0, 1, 0)


def test_a_closed_task_is_not_reopened_by_a_blank(county):
    give(tasks(row(closed="2026-05-01")))
    planned = give(tasks(row(progress="50%")))
    assert counts(planned) == (1, 0, 0, 1, 0)
    assert remarks(planned) == [(2, "整改进度", "已于 2026-05-01 销号，进度没有改动")]
    assert Task.objects.get().state == "closed"


def test_clearing_the_day_of_closing_reopens_with_an_event(county):
    give(tasks(row(progress="80%", closed="2026-05-01")))
    give(tasks(row(closed="(清空)")))
    assert Task.objects.get().state == "working"
    assert events()[-1] == ("reopened", datetime.date(2026, 9, 30), None)


def test_progress_and_extension_leave_events(county):
    give(tasks(row()))
    give(tasks(row(progress="50%", due="2026-08-01")))
    task = Task.objects.get()
    assert (task.state, task.progress, task.due_on, task.first_due_on) == (
        "working",
        50,
        datetime.date(2026, 8, 1),
        DUE,
    )
    assert [event[0] for event in events()] == ["listed", "extended", "progress"]


def test_what_is_required_is_asked_by_name(county):
    planned = plan(tasks(row(c3=None, c5=None, due=None)))
    assert reasons(planned) == [
        (2, "责任领导", "“责任领导”不能为空"),
        (2, "责任人", "“责任人”不能为空"),
        (2, "整改时限", "“整改时限”不能为空"),
    ]


@pytest.mark.parametrize(
    ("facts", "column", "reason"),
    [
        ({"due": "2026-02-01"}, "整改时限", "整改时限早于建账日期 2026-03-01"),
        ({"closed": "2026-02-01"}, "销号日期", "销号日期早于建账日期 2026-03-01"),
        ({"closed": "2026-12-01"}, "销号日期", "这一天还没有到，请核对"),
        ({"progress": "150%"}, "整改进度", "“150%”读不出进度，请写 0% 到 100%"),
    ],
)
def test_what_cannot_be_is_refused(county, facts, column, reason):
    assert reasons(plan(tasks(row(**facts)))) == [(2, column, reason)]


def test_a_secretary_closes_and_extends_nothing_by_import(county):
    give(tasks(row()))
    secretary = User.objects.create(username="sec")
    branch = Organisation.objects.get(code="B1")
    Grant.objects.create(user=secretary, role=Role.SECRETARY, organisation=branch)
    planned = plan(tasks(row(closed="2026-05-01", due="2026-08-01")), user=secretary)
    assert sorted(reasons(planned)) == [
        (2, "整改时限", "修改“整改时限”须由上级核查，请在系统里申请"),
        (2, "销号日期", "修改“销号日期”须由上级核查，请在系统里申请"),
    ]
    assert counts(plan(tasks(row(progress="30%")), user=secretary)) == (1, 0, 1, 0, 0)


# --- Who checks, and what waits for an answer ----------------------------------------------------


def officer_of(code, role=Role.COMMITTEE_OFFICER):
    user = User.objects.create(username=f"{role}-{code}")
    organisation = Organisation.objects.get(code=code)
    Grant.objects.create(user=user, role=role, organisation=organisation)
    return user


def with_county(*rows, answer="是"):
    name, (heads, *lines) = tasks(*rows)
    return name, [[*heads, "县级核查", "类别"], *([*line, answer, "制度"] for line in lines)]


def test_category_and_county_check_are_read_where_they_stand(county):
    give(with_county(row()))
    task = Task.objects.get()
    assert (task.by_county, task.category, task.target) == (True, "制度", "")
    assert counts(plan(tasks(row()))) == (1, 0, 0, 1, 0)


def test_what_the_county_checks_is_closed_by_the_county_alone(county):
    give(with_county(row()))
    refused = plan(tasks(row(closed="2026-05-01")), user=officer_of("T1"))
    assert reasons(refused) == [(2, "销号日期", "这项任务须经县级核查，请在系统里核查后由县级销号")]
    boss = officer_of("C", Role.COUNTY_OFFICER)
    assert counts(plan(tasks(row(closed="2026-05-01")), user=boss)) == (1, 0, 1, 0, 0)


def test_a_committee_takes_no_task_from_the_countys_check_by_import(county):
    give(with_county(row()))
    refused = plan(with_county(row(), answer="否"), user=officer_of("T1"))
    assert reasons(refused) == [(2, "县级核查", "须经县级核查的任务，由县委组织部改为不经县级核查")]
    boss = officer_of("C", Role.COUNTY_OFFICER)
    assert counts(plan(with_county(row(), answer="否"), user=boss)) == (1, 0, 1, 0, 0)


def test_a_secretary_does_not_reword_what_was_listed_by_import(county):
    give(tasks(row()))
    secretary = officer_of("B1", Role.SECRETARY)
    planned = plan(tasks(row(c3="王书记", c5="李明")), user=secretary)
    assert [(column, reason[:5]) for _row, column, reason in reasons(planned)] == [
        ("责任领导", "已挂账任务"),
        ("责任人", "已挂账任务"),
    ]
    assert counts(plan(tasks(row(c3="王书记")), user=officer_of("T1"))) == (1, 0, 1, 0, 0)


def test_a_new_closed_row_is_not_the_secretarys_to_write(county):
    secretary = officer_of("B1", Role.SECRETARY)
    planned = plan(tasks(row(closed="2026-05-01")), user=secretary)
    assert reasons(planned) == [(2, "销号日期", "修改“销号日期”须由上级核查，请在系统里申请")]
    assert counts(plan(tasks(row()), user=secretary)) == (1, 1, 0, 0, 0)


def test_progress_of_what_waits_for_its_check_stays(county):
    give(tasks(row()))
    Task.objects.update(state=TaskState.REVIEW, progress=100)
    planned = give(tasks(row(progress="50%")))
    assert remarks(planned) == [(2, "整改进度", "待核查，进度没有改动")]
    assert Task.objects.get().progress == 100


def test_a_deadline_asked_about_is_answered_on_the_page(county):
    give(tasks(row()))
    task = Task.objects.get()
    Extension.objects.create(task=task, due_on=datetime.date(2026, 9, 1), reason="补", asked_on=DUE)
    planned = plan(tasks(row(due="2026-08-01")))
    assert reasons(planned) == [(2, "整改时限", "支部已申请延期，请先在系统里批复")]
    give(tasks(row(closed="2026-05-01")))
    assert Extension.objects.get().state == ExtensionState.REFUSED


def test_a_change_by_import_makes_an_open_form_old(county):
    give(tasks(row()))
    before = Task.objects.get().version
    give(tasks(row(c3="王书记")))
    assert Task.objects.get().version == before + 1


def test_a_committee_has_tasks_of_its_own_which_are_checked_one_level_up(county):
    of_town = row(c0="T1")
    assert counts(give(tasks(of_town), by=None)) == (1, 1, 0, 0, 0)
    assert Task.objects.get().organisation.code == "T1"
    town = officer_of("T1")
    assert counts(plan(tasks(of_town), user=town)) == (1, 0, 0, 1, 0)
    assert counts(plan(tasks(row(c0="T1", progress="30%")), user=town)) == (1, 0, 1, 0, 0)
    closed = tasks(row(c0="T1", closed="2026-05-01"))
    assert reasons(plan(closed, user=town)) == [
        (2, "销号日期", "修改“销号日期”须由上级核查，请在系统里申请")
    ]
    assert counts(plan(closed, user=officer_of("C", Role.COUNTY_OFFICER))) == (1, 0, 1, 0, 0)
    secretary = officer_of("B1", Role.SECRETARY)
    assert reasons(plan(tasks(of_town), user=secretary)) == [
        (2, "党支部编码", "这个组织不在你的导入范围内")
    ]


def test_each_deadline_an_import_sets_holds_for_the_days_it_held(county):
    june, july, august = (datetime.date(2026, month, 20) for month in (6, 7, 8))
    give(tasks(row()))
    give(tasks(row(due=july)), today=june)
    give(tasks(row(due="2026-12-31")), today=august)
    judged = [bool(overdue_on(Task.objects.all(), day)) for day in (DUE, june, july, july + DAY)]
    assert judged == [False, False, False, True]
    assert not overdue_on(Task.objects.all(), august)
