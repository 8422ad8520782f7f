"""A ledger that comes back unchanged changes nothing; one cell edited changes one cell."""

import datetime
import shutil
import subprocess
from decimal import Decimal

import openpyxl
import pytest

from accounts.roles import Role
from branches.models import Sector
from branches.periods import month_of
from branches.services import move_organisation
from dues.models import Charge, Payment
from dues.rates import Category
from ledgers.exports.services import export_ledger
from ledgers.models import Outcome
from ledgers.services import plan_import, write_import
from meetings.enums import Type
from members.enums import Gender, MemberKind, PostTitle
from members.models import Member
from tasks.models import EventKind, TaskEvent, TaskState
from tests import factories as make
from tests.conftest import REQUIRE_ALL

pytestmark = pytest.mark.django_db

MARCH, APRIL = month_of("2026-03"), month_of("2026-04")
TODAY = datetime.date(2026, 4, 20)
LEDGERS = ["组织", "党员", "党费", "三会一课", "整改"]


@pytest.fixture
def county():
    """A county with everything that is awkward in a cell."""
    county = make.make_county(sector=Sector.OTHER)
    town = make.make_committee(county)
    branch = make.make_branch(town, "中共望春社区第一支部委员会", code="yx01-001")
    group = make.make_group(branch, "第一党小组")
    make.make_group(branch, "第二党小组")
    people = [
        make.make_member(
            branch,
            name,
            id_number=number,
            gender=Gender.FEMALE,
            ethnicity="汉族",
            education="大学",
            occupation=occupation,
            is_floating=name == "许桂兰",
            group=group,
            **facts,
        )
        for name, number, occupation, facts in (
            ("林守正", make.make_id_number(datetime.date(1980, 5, 17), 1), "=1+1", {}),
            ("张伟", make.make_id_number(datetime.date(1980, 5, 17), 2), "007", {}),
            (
                "张伟",
                make.make_id_number(datetime.date(1980, 5, 17), 3),
                "",
                {"phone": "057112345678"},
            ),
            ("许桂兰", "", "退休人员", {"phone": "", "joined_on": None}),
            ("阿依古丽·买买提", make.make_id_number(datetime.date(1980, 5, 17), 4), "－", {}),
        )
    ]
    make.make_member(
        branch,
        "郁青禾",
        kind=MemberKind.PROBATIONARY,
        joined_on=datetime.date(2025, 9, 1),
        born_on=None,
        id_number=make.make_id_number(datetime.date(1999, 2, 3), 1),
    )
    make.make_post(branch, PostTitle.SECRETARY, member=people[1])
    make.make_post(town, PostTitle.SECRETARY, person_name="宋佳宁")
    make.make_term(branch, ends_on=datetime.date(2028, 6, 30))
    for month in range(1, 5):
        first = datetime.date(2026, month, 1)
        make.make_charge(people[0], first, "45.00")
        make.make_charge(people[1], first, "0.20")
    make.make_approved_amount(people[0], "45.00", category=Category.EMPLOYED)
    make.make_approved_amount(people[1], "0.20")
    make.make_payment(people[0], datetime.date(2026, 1, 1), "45.00")
    make.make_payment(people[0], datetime.date(2026, 2, 1), "19.60")
    make.make_payment(people[0], datetime.date(2026, 4, 1), "45.00", paid_on=TODAY)
    meeting = make.make_meeting(
        branch,
        datetime.date(2026, 3, 20),
        (Type.LECTURE, Type.MEMBERS_MEETING, Type.THEME_DAY),
        present=people[:2],
        leave=[people[2]],
        absent=people[3:4],
        host=people[2],
        host_name="张伟",
        lecturer_name="县委党校 沈教授、王教授",
        place="党群服务中心\n二楼",
        topic="=HYPERLINK(A1)、学习“党章”",
        hours=Decimal("1.5"),
        starts_at=datetime.time(9, 5),
    )
    meeting.attendances.filter(member=people[2]).update(reason="出差、培训（省里）")
    make.make_meeting(
        branch, datetime.date(2026, 3, 20), (Type.GROUP,), group=group, present=people
    )
    make.make_task(
        branch,
        "  制度未上墙，  台账不全。",
        measures="一、更换展板\n二、补记台账",
        progress=37,
        due_on=datetime.date(2026, 4, 30),
    )
    make.make_task(
        branch, progress=100, state=TaskState.CLOSED, closed_on=datetime.date(2026, 3, 3)
    )
    return county


@pytest.fixture
def export(tmp_path):
    def run(organisation, month=APRIL, by=None, reason=""):
        path = tmp_path / "ledger.xlsx"
        export_ledger(
            organisation=organisation,
            month=month,
            today=TODAY,
            by=by,
            path=path,
            folder=tmp_path,
            reason=reason,
        )
        return path

    return run


def plan(path, user=None):
    return plan_import([(path.name, path.read_bytes())], today=TODAY, user=user)


def counts(planned):
    return {
        sheet.ledger: (sheet.new, sheet.changed, sheet.refused)
        for sheet in planned.sheets
        if sheet.ledger
    }


def told(planned):
    """What went wrong, for the message of a failed test."""
    return [(line.sheet, line.label, line.outcome, line.cells) for line in planned.lines()]


def assert_unchanged(planned):
    assert counts(planned) == dict.fromkeys(LEDGERS, (0, 0, 0)), told(planned)
    assert all(sheet.read for sheet in planned.sheets if sheet.ledger)


@pytest.mark.parametrize("month", [APRIL, MARCH, month_of("2026-01")])
@pytest.mark.parametrize("reason", ["", "核对档案"])
def test_an_unchanged_ledger_changes_nothing(export, county, month, reason):
    planned = plan(export(county, month, reason=reason))
    if month.starts_on.month > 1:
        assert_unchanged(planned)
    assert set(counts(planned).values()) <= {(0, 0, 0)}, told(planned)


def test_it_comes_back_through_its_makers_rights(export, county):
    branch = county.children.get().children.get()
    secretary = make.make_user(Role.SECRETARY, branch)
    assert_unchanged(plan(export(branch, by=secretary), secretary))
    officer = make.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    assert_unchanged(plan(export(branch.parent, by=officer), officer))


def test_an_old_ledger_does_not_undo_what_happened_since(export, county):
    town = county.children.get()
    branch = town.children.get()
    path = export(county, MARCH)
    move_organisation(branch, to=make.make_committee(county), by=None, on=TODAY)
    Member.objects.filter(name="林守正").update(education="研究生", occupation="书记")
    task = branch.tasks.get(progress=37)
    TaskEvent.objects.create(task=task, kind=EventKind.PROGRESS, on=TODAY, progress=80)
    task.progress = 80
    task.save()
    branch.posts.update(ends_on=TODAY - datetime.timedelta(days=1))
    make.make_post(branch, person_name="周慧敏", starts_on=TODAY)
    assert_unchanged(plan(path))


def test_one_cell_edited_is_one_cell_changed(export, county):
    path = export(county)
    book = openpyxl.load_workbook(path)
    sheet = book["党员"]
    headings = [cell.value for cell in sheet[1]]
    (row,) = [row for row in sheet.iter_rows(min_row=2) if row[0].value == "林守正"]
    row[headings.index("工作岗位")].value = "离退休人员"
    book.save(path)
    planned = plan(path)
    (line,) = [line for line in planned.lines() if line.outcome != Outcome.NOTE]
    assert (line.outcome, line.label) == (Outcome.CHANGED, "林守正")
    assert line.cells == [{"column": "工作岗位", "before": "=1+1", "after": "离退休人员"}]
    write_import(planned, by=None)
    assert Member.objects.get(name="林守正").occupation == "离退休人员"
    assert Member.objects.get(name="林守正").id_number == make.make_id_number(
        datetime.date(1980, 5, 17), 1
    )
    assert_unchanged(plan(export(county)))


def test_a_spreadsheet_program_in_between_changes_nothing(export, county, tmp_path):
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if not soffice:
        reason = "no LibreOffice: soffice is not on the PATH"
        pytest.fail(reason) if REQUIRE_ALL else pytest.skip(reason)
    path = export(county, reason="核对档案")
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            *("--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "again"), str(path)),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    assert_unchanged(plan(tmp_path / "again" / path.name))


def test_months_before_the_first_charge_stay_uncharged(export, county):
    """Dues were approved from January on, but the county began to keep them here in April."""
    Payment.objects.all().delete()
    Charge.objects.all().delete()
    make.make_charge(Member.objects.filter(name="林守正").get(), APRIL.starts_on)
    assert_unchanged(plan(export(county)))
