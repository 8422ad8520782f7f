"""One record, many uses: a lecture entered once is counted everywhere without a second form."""

import datetime
import io

import openpyxl
import pytest
from django.urls import reverse
from docx import Document

from branches.periods import month_of
from compliance.models import Duty, DutySummary
from compliance.services import refresh, run_night
from ledgers.exports.services import export_ledger
from meetings.enums import Type
from meetings.hours import hours_by_member
from meetings.models import Meeting
from tests import factories
from tests.compliance.verdicts import verdict
from tests.meetings.test_pages import shown

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 18)
YEAR = datetime.date(2026, 1, 1)
RULE = "meetings.lecture"


@pytest.fixture
def branch(settings):
    """Twenty members, three lectures of the year on record, judged last night."""
    settings.TODAY_OVERRIDE = TODAY
    branch = factories.make_branch(
        factories.make_committee(factories.make_county()), "望春社区第一党支部"
    )
    factories.make_members(branch, 20)
    for month in (2, 5, 8):
        factories.make_meeting(branch, datetime.date(2026, month, 10), [Type.LECTURE])
    run_night(TODAY)
    return branch


def county_done(branch) -> int:
    return DutySummary.objects.get(organisation=branch.parent.parent, rule=RULE, period="2026").done


def test_a_lecture_with_twenty_present_is_entered_once_and_used_everywhere(
    client, branch, tmp_path
):
    assert county_done(branch) == 0
    client.force_login(factories.make_user("secretary", branch))
    address = reverse("meetings:register") + "?types=lecture&source=duty:meetings.lecture:2026"
    typed = {"starts_at": "1500", "ends_at": "1700", "topic": "学习党章", "minutes": "领学第一章"}
    client.post(address, shown(client.get(address)) | typed)
    meeting = Meeting.objects.latest("pk")
    # Hours for twenty people.
    assert hours_by_member(TODAY, TODAY) == dict.fromkeys(
        branch.members.values_list("pk", flat=True), 2
    )
    # The number of lectures and the desk, right at once.
    desk = client.get(reverse("desk")).content.decode()
    duty = Duty.objects.get(rule=RULE, organisation=branch, period="2026")
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (4, 4, "done", TODAY)
    assert "安排 2026年党课" not in desk
    # The page of the record says where it counts.
    uses = client.get(reverse("meetings:detail", args=[meeting.pk])).context["uses"]
    assert [use.label for use in uses][:2] == [
        "学习学时：到会 20 人，每人 +2.0 学时",
        "2026年党课第 4 次",
    ]
    # Minutes, on paper and as a document.
    assert (
        "领学第一章"
        in client.get(reverse("meetings:minutes_paper", args=[meeting.pk])).content.decode()
    )
    document = client.get(reverse("meetings:minutes_docx", args=[meeting.pk]))
    content = b"".join(document.streaming_content) if document.streaming else document.content
    assert "领学第一章" in [line.text for line in Document(io.BytesIO(content)).paragraphs]
    # A row of the ledger.
    path = tmp_path / "ledger.xlsx"
    export_ledger(
        organisation=branch,
        month=month_of("2026-11"),
        today=TODAY,
        by=None,
        path=path,
        folder=tmp_path,
        reason="",
    )
    heads, *rows = openpyxl.load_workbook(path)["三会一课"].iter_rows(values_only=True)
    written = next(
        row for row in (dict(zip(heads, row, strict=True)) for row in rows) if row["主题"]
    )
    assert (written["会议类型"], written["实到人数"], written["学时"], written["主题"]) == (
        "党课",
        20,
        2,
        "学习党章",
    )
    # And the county.
    refresh(as_of=TODAY)
    assert county_done(branch) == 1
    client.force_login(factories.make_user("county_officer", branch.parent.parent))
    assert client.get(reverse("overview")).status_code == 200


def test_a_meeting_of_30_june_entered_on_8_july_counts_for_the_second_quarter(client, settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 7, 8)
    branch = factories.make_branch(factories.make_committee(factories.make_county()))
    factories.make_members(branch, 3)
    client.force_login(factories.make_user("secretary", branch))
    address = reverse("meetings:register") + "?types=members_meeting"
    page = client.get(address)
    client.post(address, shown(page) | {"held_on": "6.30", "roster_on": "6.30"})
    assert Meeting.objects.get().held_on == datetime.date(2026, 6, 30)
    rule, entered = "meetings.members_meeting", datetime.date(2026, 7, 8)
    assert verdict(rule, branch, entered, of=datetime.date(2026, 6, 30)) == (1, 1, "done")
    assert verdict(rule, branch, entered) == (1, 0, "open")
