"""Minutes: what they say, on paper and as a Word document, and who may take them out."""

import datetime
import io

import docx
import pytest
from django.urls import reverse
from django.utils import timezone
from docx.oxml.ns import qn

from accounts.models import TrailLine
from branches.values import Values
from meetings.enums import MeetingState, Type
from meetings.minutes import minutes_of, with_everything
from meetings.minutes_document import clean
from meetings.models import Exclusion, Meeting
from members.enums import MemberKind
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
YEAR = "/meetings/minutes/"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def at(day):
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(10)))


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "望春社区第一党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch, name="林守正")


@pytest.fixture
def signed_in(client, secretary):
    client.force_login(secretary)
    return client


@pytest.fixture
def held(branch, secretary):
    """A members' meeting of 28 March with one person of every kind and two resolutions."""
    zhou = factories.make_member(branch, "周慧敏")
    tian = factories.make_member(branch, "田雨桐", kind=MemberKind.PROBATIONARY)
    he, tang = factories.make_member(branch, "贺建民"), factories.make_member(branch, "汤明亮")
    meeting = factories.make_meeting(
        branch,
        TODAY,
        present=[zhou, tian],
        leave=[he],
        absent=[tang],
        entered_at=at(TODAY),
        entered_by=secretary,
        starts_at=datetime.time(15, 0),
        ends_at=datetime.time(16, 30),
        place="二楼党员活动室",
        host_name="林守正",
        topic="听取一季度工作报告",
        minutes="林守正报告一季度工作。\n\n  讨论田雨桐同志转正事项。\n",
        guests="宋佳宁",
        hours="1.5",
    )
    meeting.attendances.filter(member=he).update(reason="在外务工")
    factories.make_resolution(meeting, "四月开展环境整治")
    conversion = factories.make_resolution(
        meeting, "同意田雨桐同志按期转正", kind="conversion",
        should=3, present=2, yes=2, no=0, abstained=1, is_secret=True,
    )  # fmt: skip
    Exclusion.objects.create(resolution=conversion, member=tang, reason="away")
    return meeting


def content(meeting):
    return minutes_of(with_everything(Meeting.objects.all()).get(pk=meeting.pk), Values())


def facts(minutes):
    return {label: value for row in minutes.rows for label, value in row}


# --- What they say --------------------------------------------------------------------------


def test_the_minutes_hold_the_whole_record(held):
    minutes = content(held)
    assert (minutes.title, minutes.unit) == (
        "支部党员大会会议记录",
        "柳汀街道望春社区第一党支部",
    )
    assert facts(minutes) == {
        "会议类型": "支部党员大会",
        "时间": "2026年3月28日 星期六 15:00—16:30",
        "地点": "二楼党员活动室",
        "主持人": "林守正",
        "应到": "4 人",
        "实到": "2 人",
        "到会人员": "周慧敏、田雨桐（预备）",
        "请假": "1 人：贺建民（在外务工）",
        "缺席": "1 人：汤明亮",
        "列席": "宋佳宁",
        "计入学时": "到会党员每人 1.5 学时",
        "议题": "听取一季度工作报告",
    }
    assert minutes.paragraphs == ("林守正报告一季度工作。", "讨论田雨桐同志转正事项。")
    assert (minutes.entered, minutes.is_late) == ("登记：林守正，2026年3月28日", False)
    assert minutes.file_name == "2026-03-28 支部党员大会 会议记录.docx"


def test_resolutions_say_how_the_vote_went(held):
    plain, conversion = content(held).decisions
    assert (plain.text, plain.kind, plain.votes, plain.left_out) == (
        "四月开展环境整治",
        "",
        "",
        "",
    )
    assert conversion.kind == "预备党员转正"
    assert conversion.votes == (
        "无记名投票：应到会有表决权 3 人，到会 2 人，赞成 2 票，"
        "超过应到会有表决权党员的半数，通过；不赞成 0 票，弃权 1 票"
    )
    assert conversion.left_out == "不计入应到会：汤明亮（外出半年以上未转组织关系）"


def test_a_late_entry_says_so(branch):
    meeting = factories.make_meeting(
        branch, datetime.date(2026, 6, 30), entered_at=at(datetime.date(2026, 7, 8))
    )
    minutes = content(meeting)
    assert minutes.is_late
    assert minutes.entered == "登记：导入，2026年7月8日（补录）"


def test_a_meeting_for_the_year_before_names_that_year(branch):
    facts_of = {"for_year": 2025, "lecturer_name": ""}
    meeting = factories.make_meeting(
        branch, datetime.date(2026, 2, 3), [Type.LIFE_MEETING, Type.APPRAISAL], **facts_of
    )
    minutes = content(meeting)
    assert facts(minutes)["所属年度"] == "2025年"
    assert minutes.title == "组织生活会、民主评议记录"
    assert minutes.file_name == "2026-02-03 组织生活会、民主评议 会议记录.docx"


def test_a_lecture_names_the_lecturer_and_a_group_its_group(branch):
    group = factories.make_group(branch, "一组")
    meeting = factories.make_meeting(
        branch, TODAY, [Type.LECTURE], lecturer_name="宋佳宁", group=group
    )
    shown = facts(content(meeting))
    assert (shown["授课人"], shown["党小组"]) == ("宋佳宁", "一组")


def test_of_a_prepared_meeting_they_are_a_form_to_fill_in(branch):
    members = factories.make_members(branch, 3)
    meeting = factories.make_meeting(branch, TODAY, present=members, state=MeetingState.PLANNED)
    minutes = content(meeting)
    shown = facts(minutes)
    assert (shown["应到"], shown["实到"], shown["请假"]) == ("3 人", "", "")
    assert "到会人员" not in shown
    assert (minutes.entered, minutes.counts) == ("", "")


# --- On paper -------------------------------------------------------------------------------


def test_the_page_says_what_the_minutes_say(signed_in, held):
    response = signed_in.get(reverse("meetings:minutes_paper", args=[held.pk]))
    minutes = content(held)
    for _label, value in facts(minutes).items():
        assert value in response.text
    for text in (*minutes.paragraphs, minutes.decisions[1].votes, minutes.entered):
        assert text in response.text
    assert response.text.count("<section") == 1
    assert response.context["docx_url"] == reverse("meetings:minutes_docx", args=[held.pk])
    assert "data-zb-download" in response.text
    assert "打印：2026年3月28日 林守正" in response.text


def test_the_book_of_a_year_holds_every_meeting_in_its_order(signed_in, branch, held):
    early = factories.make_meeting(branch, datetime.date(2026, 1, 5), [Type.COMMITTEE])
    factories.make_meeting(branch, datetime.date(2025, 12, 31))
    factories.make_meeting(branch, TODAY, state=MeetingState.PLANNED)
    factories.make_meeting(branch, TODAY, state=MeetingState.CANCELLED)
    factories.make_meeting(factories.make_branch(branch.parent), TODAY)
    response = signed_in.get(YEAR, {"year": 2026})
    shown = response.context["all_minutes"]
    assert [one.held_on for one in shown] == [early.held_on, held.held_on]
    assert [one.counts for one in shown] == ["0/0", "2/4"]
    assert response.text.count("<section") == 3
    assert "第 2 次，共 2 次" in response.text
    assert "这一年还没有登记会议" in signed_in.get(YEAR, {"year": 2024}).text


def test_a_book_of_three_needs_no_more_queries_than_one(signed_in, branch, held):
    one = count_of(lambda: signed_in.get(YEAR, {"year": 2026}))
    for day in (3, 4):
        meeting = factories.make_meeting(
            branch, datetime.date(2026, 2, day), present=factories.make_members(branch, 2)
        )
        resolution = factories.make_resolution(meeting)
        Exclusion.objects.create(
            resolution=resolution, member=meeting.attendances.first().member, reason="other"
        )
    assert count_of(lambda: signed_in.get(YEAR, {"year": 2026})) == one


# --- As a document --------------------------------------------------------------------------


def download(client, meeting):
    response = client.get(reverse("meetings:minutes_docx", args=[meeting.pk]))
    assert response.status_code == 200
    return response, docx.Document(io.BytesIO(response.content))


def test_the_document_reads_back_what_was_recorded(signed_in, held):
    response, document = download(signed_in, held)
    assert response["Content-Type"] == _DOCX
    assert "2026-03-28%20" in response["Content-Disposition"]
    assert response["Content-Disposition"].startswith("attachment;")
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts == [
        "支部党员大会会议记录",
        "柳汀街道望春社区第一党支部",
        "会议内容",
        "林守正报告一季度工作。",
        "讨论田雨桐同志转正事项。",
        "会议决议",
        "1．四月开展环境整治",
        "2．预备党员转正：同意田雨桐同志按期转正",
        content(held).decisions[1].votes + "。",
        "不计入应到会：汤明亮（外出半年以上未转组织关系）。",
        "主持人（签字）：　　　　　　　记录人（签字）：",
        "登记：林守正，2026年3月28日",
    ]
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert ["地点", "二楼党员活动室", "主持人", "林守正"] in cells
    assert ["请假"] + ["1 人：贺建民（在外务工）"] * 3 in cells
    assert document.core_properties.title == "2026年3月28日 支部党员大会 会议记录"


def test_the_document_names_its_fonts_for_chinese_signs(signed_in, held):
    _response, document = download(signed_in, held)

    def font(run):
        return run._element.rPr.rFonts.get(qn("w:eastAsia"))

    assert font(document.paragraphs[0].runs[0]) == "黑体"
    assert font(document.paragraphs[3].runs[0]) == "仿宋"
    normal = document.styles["Normal"].element.rPr.rFonts
    assert (normal.get(qn("w:eastAsia")), normal.get(qn("w:hint"))) == ("仿宋", "eastAsia")
    languages = list(document.styles.element.iter(qn("w:lang")))
    assert {language.get(qn("w:eastAsia")) for language in languages} == {"zh-CN"}
    label, value = document.tables[0].rows[0].cells[:2]
    assert (font(label.paragraphs[0].runs[0]), font(value.paragraphs[0].runs[0])) == (
        "黑体",
        "仿宋",
    )


def test_pages_are_counted_by_fields(signed_in, held):
    _response, document = download(signed_in, held)
    footer = document.sections[0].footer.paragraphs[0]
    codes = [code.text.strip() for code in footer._element.iter(qn("w:instrText"))]
    assert codes == ["PAGE", "NUMPAGES"]
    assert footer.text == "第 1 页 共 1 页"
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)


def test_signs_that_no_document_holds_are_left_out(signed_in, branch):
    meeting = factories.make_meeting(branch, TODAY, minutes="第一段\x0b续\x07行", topic="议\x1f题")
    _response, document = download(signed_in, meeting)
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert "续行" in texts
    assert clean("议\x1f题") == "议题"


def test_taking_the_document_out_leaves_a_line(signed_in, held, secretary):
    download(signed_in, held)
    line = TrailLine.objects.get(action="导出会议记录")
    assert (line.by, line.object_id, line.organisation_id) == (
        secretary,
        held.pk,
        held.organisation_id,
    )
    assert line.label == "2026年3月28日 支部党员大会"


# --- Who ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "above", "paper", "document"),
    [
        ("organiser", False, 200, 200),
        ("group_leader", False, 200, 403),
        ("committee_officer", True, 200, 200),
        ("inspector", True, 200, 200),
    ],
)
def test_whoever_looks_prints_and_whoever_exports_takes_it_out(
    client, branch, held, role, above, paper, document
):
    client.force_login(factories.make_user(role, branch.parent if above else branch))
    page = client.get(reverse("meetings:minutes_paper", args=[held.pk]))
    assert page.status_code == paper
    assert bool(page.context["docx_url"]) == (document == 200)
    response = client.get(reverse("meetings:minutes_docx", args=[held.pk]))
    assert response.status_code == document
    assert client.get(YEAR, {"branch": branch.code}).status_code == paper


def test_the_neighbour_finds_nothing_and_nobody_logs_in(client, branch, held):
    addresses = [
        reverse("meetings:minutes_paper", args=[held.pk]),
        reverse("meetings:minutes_docx", args=[held.pk]),
        f"{YEAR}?branch={branch.code}",
    ]
    client.force_login(factories.make_user("secretary", factories.make_branch(branch.parent)))
    for address in addresses:
        assert client.get(address).status_code == 404
    client.logout()
    for address in addresses:
        assert client.get(address).url.startswith(reverse("login"))
    assert not TrailLine.objects.filter(action="导出会议记录").exists()
