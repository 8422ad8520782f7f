"""The yearly ledger of meetings: what its sheets say, that it comes back unchanged, who may have it."""

import dataclasses
import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from jobs import services as jobs
from jobs.models import Job, JobState
from ledgers import book_views
from ledgers.exports import meetings_book, services
from ledgers.services import plan_import, write_import
from meetings.enums import Type
from meetings.models import Appraisal, AppraisalResult, PlanItem, Resolution, Talk, YearPlan
from members.enums import MemberKind
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
SHEETS = [
    "三会一课",
    "考勤",
    "学时",
    "培训",
    "补学",
    "年度计划",
    "年度开展情况",
    "民主评议",
    "谈心谈话",
    "说明",
]
URL = reverse("ledgers:meetings_book")


def day(month, number, year=2026):
    return datetime.date(year, month, number)


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return make.make_committee(make.make_county(code="COUNTY"), code="TOWN")


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, "中共望春社区第一支部委员会", code="B1")


@pytest.fixture
def life(branch):
    """A year with everything that has a sheet."""
    lin = make.make_member(branch, "林守正")
    xu = make.make_member(branch, "许桂兰", kind=MemberKind.PROBATIONARY)
    wei = [
        make.make_member(
            branch, "张伟", id_number=make.make_id_number(day(5, number, 1980), number)
        )
        for number in (7, 8)
    ]
    group = make.make_group(branch, "第一党小组")
    talk_day = day(3, 2)
    held = make.make_meeting(
        branch,
        day(3, 5),
        (Type.MEMBERS_MEETING, Type.LECTURE),
        present=[lin, wei[0]],
        leave=[wei[1]],
        absent=[xu],
        hours=Decimal("2.0"),
        topic="学习党章",
    )
    held.attendances.filter(member=wei[1]).update(reason="出差")
    make.make_meeting(branch, day(3, 12), (Type.GROUP,), present=[lin], group=group, hours=1)
    make.make_meeting(branch, day(2, 3), (Type.LIFE_MEETING,), present=[lin], for_year=2025)
    Resolution.objects.create(meeting=held, text="同意年度计划", yes=2)
    Resolution.objects.create(meeting=held, text="同意补选委员")
    make.make_make_up(held, xu, day(3, 20))
    make.make_training(branch.parent, day(3, 30), people=[lin], title="春季轮训")
    plan = YearPlan.objects.create(organisation=branch, year=2026)
    for facts in (
        {"type": Type.THEME_DAY, "planned_on": day(5, 10), "topic": "植树", "host": wei[0]},
        {"type": Type.LECTURE, "planned_on": day(6, 1), "month_only": True, "way": "集中讲授"},
        {"type": Type.GROUP, "planned_on": day(7, 1), "group": group, "responsible": "林守正"},
    ):
        facts.setdefault("host_name", facts["host"].name if "host" in facts else "")
        PlanItem.objects.create(plan=plan, **facts)
    appraisal = Appraisal.objects.create(organisation=branch, year=2026)
    AppraisalResult.objects.create(
        appraisal=appraisal, member=lin, was_formal=True, grade="qualified"
    )
    AppraisalResult.objects.create(appraisal=appraisal, member=xu, was_formal=False)
    make.make_talk(branch, talk_day, initiators=[lin], members=[wei[1]], content="不外传的话")
    make.make_talk(branch, talk_day, members=[xu], relation="superior", outsider="柏兰")
    return {"lin": lin, "xu": xu, "wei": wei, "held": held}


@pytest.fixture
def book(tmp_path):
    """Make a ledger and read it back."""

    def run(organisation, year=2026, today=TODAY, by=None):
        path = tmp_path / "2026年三会一课台账.xlsx"
        run.hash = meetings_book.export_meetings_book(
            organisation=organisation, year=year, today=today, by=by, path=path, folder=tmp_path
        )
        run.path = path
        return openpyxl.load_workbook(path)

    return run


def rows(workbook, sheet):
    heads, *lines = workbook[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


# --- The sheets -----------------------------------------------------------------------------


def test_every_sheet_is_there_in_order(book, branch):
    assert book(branch).sheetnames == SHEETS


def test_a_meeting_has_its_year_its_resolutions_and_whether_it_came_late(book, branch, life):
    make.make_meeting(
        branch,
        day(1, 10),
        (Type.THEME_DAY,),
        present=[life["lin"]],
        entered_at=datetime.datetime(2026, 1, 12, 9, tzinfo=timezone.get_default_timezone()),
    )
    lines = {line["时间"].date(): line for line in rows(book(branch), "三会一课")}
    assert lines[day(3, 5)]["决议"] == "1. 同意年度计划\n2. 同意补选委员"
    assert lines[day(3, 5)]["所属年度"] is None
    assert lines[day(2, 3)]["所属年度"] == 2025
    assert (lines[day(3, 5)]["补录"], lines[day(1, 10)]["补录"]) == ("补录", None)


def test_attendance_is_a_matrix_of_one_block_for_each_branch(book, committee, branch, life):
    other = make.make_branch(committee, "中共望春社区第二支部委员会", code="B0")
    wang = make.make_member(other, "王海")
    make.make_meeting(other, day(4, 1), (Type.THEME_DAY,), present=[wang])
    lines = [line[:-1] for line in book(committee)["考勤"].iter_rows(values_only=True)]
    heads = ("党支部编码", "所在党支部", "姓名")
    assert lines[0] == (*heads, "2026-04-01 主题党日", None, None)
    assert lines[1][2:4] == ("王海", "到")
    assert not any(lines[2])
    assert lines[3] == (
        *heads,
        "2026-02-03 组织生活会",
        "2026-03-05 支部党员大会、党课",
        "2026-03-12 党小组会(第一党小组)",
    )
    marks = [life["wei"][number].id_number_mask[-4:] for number in (0, 1)]
    assert [line[2:] for line in lines[4:]] == [
        ("林守正", "到", "到", "到"),
        ("许桂兰", None, "缺席 补学", None),
        (f"张伟({marks[0]})", None, "到", None),
        (f"张伟({marks[1]})", None, "请假(出差)", None),
    ]


def test_hours_add_up_from_meetings_make_ups_and_courses(book, branch, life):
    make.make_exemption(life["wei"][0], day(1, 1), day(12, 31))
    lines = {line["姓名"]: line for line in rows(book(branch), "学时")}
    lin, xu = lines["林守正"], lines["许桂兰"]
    parts = ("应达学时", "会议学时", "补学学时", "培训学时", "合计", "差额")
    assert [lin[part] for part in parts] == [32, 3, 0, 8, 11, 21]
    assert [xu[part] for part in parts] == [32, 0, 2, 0, 2, 30]
    freed = next(line for line in lines.values() if line["豁免"])
    assert (freed["豁免"], freed["应达学时"], freed["差额"]) == ("豁免至2026年12月31日", None, None)


def test_the_year_by_months_names_days_and_what_was_kept(book, branch, life):
    lines = {line["会议类型"]: line for line in rows(book(branch), "年度开展情况")}
    general = lines["支部党员大会"]
    assert (general["3月"], general["周期"], general["应开展数"]) == ("5", "季度", 1)
    assert (general["按时开展月份数"], general["完成率"]) == (1, "100%")
    theme = lines["主题党日"]
    assert (theme["应开展数"], theme["按时开展月份数"], theme["完成率"]) == (3, 0, "0%")


def test_the_book_of_last_year_knows_what_came_after_it(book, branch):
    make.make_meeting(branch, day(12, 3, 2025), (Type.THEME_DAY,))
    make.make_meeting(branch, day(2, 3), (Type.LIFE_MEETING,), for_year=2025)
    lines = {line["会议类型"]: line for line in rows(book(branch, year=2025), "年度开展情况")}
    assert (lines["主题党日"]["12月"], lines["主题党日"]["应开展数"]) == ("3", 12)
    assert lines["支部党员大会"]["应开展数"] == 4
    life = lines["组织生活会"]
    assert (life["12月"], life["应开展数"], life["完成率"]) == ("次年2月3日", 1, "100%")


def test_talks_never_tell_what_was_said(book, branch, life):
    book(branch)
    lines = rows(openpyxl.load_workbook(book.path), "谈心谈话")
    assert [(line["谈话人"], line["上级谈话人"]) for line in lines] == [
        ("林守正", None),
        (None, "柏兰"),
    ]
    with open(book.path, "rb") as stored:
        sheets = openpyxl.load_workbook(io.BytesIO(stored.read()))
    said = [cell for sheet in sheets for line in sheet.iter_rows(values_only=True) for cell in line]
    assert not any("不外传" in str(cell) for cell in said)


def test_a_thousand_members_who_were_talked_with_fit_into_the_book(book, branch):
    born = [day(1, 1, 1981), day(1, 2, 1981)]
    people = [
        make.make_member(branch, f"林{number}", id_number=make.make_id_number(born_on, number))
        for born_on in born
        for number in range(1, 520)
    ]
    make.make_talk(branch, day(2, 3), initiators=people[:1], members=people[1:])
    (line,) = rows(book(branch), "谈心谈话")
    assert line["谈话对象"].count("、") == 2 * 519 - 2


def test_no_identity_number_stands_in_any_sheet(book, branch, life):
    said = [
        str(cell)
        for sheet in book(branch)
        for line in sheet.iter_rows(values_only=True)
        for cell in line
    ]
    assert not any(life["lin"].id_number in cell for cell in said)
    assert not any(life["lin"].id_number_mask in cell for cell in said)


# --- Unchanged ------------------------------------------------------------------------------


def test_what_comes_back_unchanged_changes_nothing(book, committee, life):
    book(committee)
    content = book.path.read_bytes()
    planned = plan_import([(book.path.name, content)], today=TODAY)
    read = {sheet.ledger: sheet for sheet in planned.sheets if sheet.ledger}
    assert set(read) == set(SHEETS) - {"学时", "说明"}
    for sheet in read.values():
        assert sheet.read > 0, sheet.ledger
        assert (sheet.new, sheet.changed, sheet.refused) == (0, 0, 0), sheet
        assert sheet.problems == sheet.notes == [], sheet
    write_import(planned, by=None)
    book(committee)
    assert book.path.read_bytes()  # made again from the same records


def test_the_same_records_have_the_same_hash(book, committee, life):
    book(committee)
    first = book.hash
    book(committee)
    assert book.hash == first


def test_what_is_there_without_keys_is_found_again(book, committee, branch, life):
    """As somebody gives it back who copied the cells into a sheet of their own."""
    workbook = book(committee)
    del workbook["学时"], workbook["说明"]
    for sheet in workbook:
        sheet.delete_cols(sheet.max_column)
    stream = io.BytesIO()
    workbook.save(stream)
    planned = plan_import([("表.xlsx", stream.getvalue())], today=TODAY)
    for sheet in planned.sheets:
        assert (sheet.new, sheet.changed, sheet.refused) == (0, 0, 0), sheet


# --- Who may, and how -----------------------------------------------------------------------


def test_the_secretary_gets_the_workbook_and_a_line_stays(client, branch, life):
    client.force_login(make.make_user(Role.SECRETARY, branch))
    page = client.get(URL, {"branch": "B1", "year": 2026})
    assert "导出三会一课台账" in page.content.decode()
    answer = client.post(f"{URL}?branch=B1&year=2026")
    assert answer.status_code == 200
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames == SHEETS
    line = TrailLine.objects.get(action="导出三会一课台账")
    assert line.after["年度"] == "2026"


def test_nobody_gets_the_workbook_of_another_branch(client, committee, branch, life):
    other = make.make_branch(committee, code="B9")
    client.force_login(make.make_user(Role.SECRETARY, other))
    assert client.get(URL, {"branch": "B1"}).status_code == 404
    client.logout()
    assert client.get(URL, {"branch": "B1"}).status_code == 302


def test_a_year_to_come_has_no_workbook(branch, tmp_path):
    with pytest.raises(services.Refused, match="2027年还没有到"):
        meetings_book.export_meetings_book(
            organisation=branch,
            year=2027,
            today=TODAY,
            by=None,
            path=tmp_path / "x.xlsx",
            folder=tmp_path,
        )


def test_a_large_workbook_is_made_in_the_background(client, monkeypatch, committee, life):
    monkeypatch.setattr(book_views, "MEETINGS", dataclasses.replace(book_views.MEETINGS, at_once=1))
    client.force_login(make.make_user(Role.COMMITTEE_OFFICER, committee))
    answer = client.post(f"{URL}?organisation=TOWN&year=2026")
    assert answer.url == reverse("ledgers:export")
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result_name) == (
        JobState.DONE,
        "柳汀街道党工委2026年三会一课台账.xlsx",
    )


def test_more_branches_need_no_more_queries(book, committee, branch, life):
    def export():
        book(committee)

    one = count_of(export)
    for number in range(2):
        other = make.make_branch(committee, code=f"C{number}")
        member = make.make_member(other)
        make.make_meeting(other, day(3, 1), (Type.GROUP,), present=[member])
        make.make_talk(other, day(3, 1), members=[member])
        make.make_training(other, day(3, 2), people=[member])
    assert count_of(export) == one
    assert Talk.objects.count() == 4
