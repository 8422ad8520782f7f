"""A month that is closed: its ledger and its results stay, what is entered later shows as such."""

from datetime import date
from threading import Thread

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import ClosedMonth
from branches.periods import month_of
from branches.services import move_organisation, set_value
from compliance.freezing import kept_in_words
from compliance.models import CheckRun, DutyState, FrozenDuty
from jobs import services as jobs
from jobs.models import Job, JobState
from ledgers import closing
from ledgers.closing import NotClosed, close_month
from ledgers.exports import services
from ledgers.jobs import close_due
from ledgers.models import FrozenLedger, FrozenSheet
from meetings.enums import Type
from members.identity import masked_id_number
from tests import factories as make
from tests.compliance.verdicts import duty_of

pytestmark = pytest.mark.django_db

MARCH = month_of("2026-03")
TODAY = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda job_id: None)


@pytest.fixture
def county():
    return make.make_county(code="YX")


@pytest.fixture
def committee(county):
    return make.make_committee(county, code="YX01")


@pytest.fixture
def branch(committee):
    branch = make.make_branch(committee, name="中共望春社区第一支部委员会", code="YX01-001")
    members = make.make_members(branch, 3)
    make.make_meeting(branch, date(2026, 3, 12), (Type.THEME_DAY,), present=members, hours=2)
    make.make_approved_amount(members[0])
    make.make_payment(members[0], date(2026, 3, 1), paid_on=date(2026, 3, 9))
    make.make_task(branch, "活动室制度未上墙")
    return branch


@pytest.fixture
def neighbour(committee):
    neighbour = make.make_branch(committee, name="中共柳汀社区支部委员会", code="YX01-002")
    make.make_members(neighbour, 2)
    return neighbour


@pytest.fixture
def export(tmp_path):
    """Makes a ledger; returns its content hash and its workbook."""

    def run(organisation, *, day=TODAY, by=None, reason=""):
        path = tmp_path / "ledger.xlsx"
        content_hash = services.export_ledger(
            organisation=organisation,
            month=MARCH,
            today=day,
            by=by,
            path=path,
            folder=tmp_path,
            reason=reason,
        )
        return content_hash, openpyxl.load_workbook(path)

    return run


def close(organisation, *, by=None, day=TODAY):
    return close_month(organisation=organisation, month=MARCH, today=day, by=by)


def checked_since(day):
    """The first night that ran here."""
    CheckRun.objects.create(day=day, started_at=timezone.now(), finished_at=timezone.now())


def cells(book, sheet):
    return list(book[sheet].iter_rows(values_only=True))


def notes(book):
    return dict(book["说明"].iter_rows(min_row=2, values_only=True))


def test_a_closed_month_says_the_same_for_everybody_in_it(
    county, committee, branch, neighbour, export
):
    before = {one.pk: export(one) for one in (county, committee, branch, neighbour)}
    closed, is_new = close(county)
    assert is_new
    assert closed.ledger.content_hash == before[county.pk][0]
    for one in (county, committee, branch, neighbour):
        content_hash, book = export(one, day=date(2027, 5, 1))
        assert content_hash == before[one.pk][0]
        for sheet in book.sheetnames[:-1]:
            assert cells(book, sheet) == cells(before[one.pk][1], sheet)


def test_what_is_entered_after_the_closing_changes_nothing_in_it(
    county, committee, branch, neighbour, export
):
    close(county)
    content_hash, book = export(county)
    member = make.make_member(branch, "江一帆", joined_on=date(2020, 7, 1))
    make.make_meeting(branch, date(2026, 3, 20), (Type.COMMITTEE,), present=[member])
    make.make_payment(member, date(2026, 3, 1), paid_on=date(2026, 3, 20))
    make.make_task(branch, "台账不全", opened_on=date(2026, 3, 2))
    other = make.make_committee(county, "城东街道党工委", code="YX02")
    move_organisation(branch, to=other, by=None, on=date(2026, 3, 15))
    again, later = export(county, day=date(2027, 3, 1))
    assert again == content_hash
    assert cells(later, "三会一课") == cells(book, "三会一课")
    assert "城东街道党工委" not in str(cells(later, "总览"))


def test_a_month_that_nobody_closed_follows_the_records(branch, export):
    before, _ = export(branch)
    make.make_meeting(branch, date(2026, 3, 20), (Type.COMMITTEE,))
    after, book = export(branch)
    assert after != before
    assert "封账" not in notes(book)


def test_closing_twice_is_harmless(county, branch):
    first, is_new = close(county)
    again, is_new_again = close(county)
    assert (again, is_new, is_new_again) == (first, True, False)
    assert ClosedMonth.objects.count() == FrozenLedger.objects.count() == 1
    assert FrozenSheet.objects.count() == 6


def test_a_branch_is_closed_by_the_closing_of_its_county(county, branch):
    first, _ = close(county)
    assert close(branch) == (first, False)


def test_what_a_committee_closed_earlier_stays_its_own(county, committee, branch, export):
    close(committee)
    own, _ = export(committee)
    make.make_meeting(branch, date(2026, 3, 20), (Type.COMMITTEE,))
    close(county)
    assert export(committee)[0] == own
    assert export(branch)[1]["三会一课"].max_row == 2
    assert export(county)[1]["三会一课"].max_row == 3


def test_a_running_month_is_not_closed(county, branch):
    with pytest.raises(NotClosed, match="2026年3月还没有结束，到2026年4月才能封账"):
        close(county, day=date(2026, 3, 31))
    assert not ClosedMonth.objects.exists()
    assert close(county, day=date(2026, 4, 1))[1]


def test_a_closing_leaves_a_line_in_the_trail(county, branch):
    officer = make.make_user(Role.COUNTY_OFFICER, county)
    closed, _ = close(county, by=officer)
    line = TrailLine.objects.get(action="封账")
    assert (line.by, line.organisation_id) == (officer, county.pk)
    assert line.after["内容校验码"] == closed.ledger.content_hash


def test_the_notes_say_who_closed_when_and_what_was_corrected_since(county, branch, export):
    officer = make.make_user(Role.COUNTY_OFFICER, county, name="许清和")
    duty_of("meetings.committee", branch, TODAY, of=date(2026, 3, 1))
    duty_of("meetings.theme_day", branch, TODAY, of=date(2026, 3, 1))
    close(county, by=officer)
    said = notes(export(county)[1])
    assert said["封账"] == "2026年4月2日封账，许清和；内容从此不变"
    assert said["封账后更正"] == "没有"
    make.make_meeting(branch, date(2026, 3, 20), (Type.THEME_DAY,))
    duty_of("meetings.theme_day", branch, TODAY, of=date(2026, 3, 1))
    assert notes(export(county)[1])["封账后更正"] == "应办事项有 1 项，见网页“为什么”"


def test_a_result_is_kept_beside_the_live_one_and_a_correction_shows(county, branch):
    make.make_members(branch, 5)
    duty = duty_of("meetings.committee", branch, TODAY, of=date(2026, 3, 1))
    assert duty.state == DutyState.OVERDUE
    assert kept_in_words(duty) == ""
    close(county)
    kept = FrozenDuty.objects.get(rule="meetings.committee", organisation=branch)
    # The ledger of March speaks of its last day, on which there was still time.
    assert (kept.required, kept.actual, kept.state) == (1, 0, DutyState.OPEN)
    assert (
        kept_in_words(duty)
        == "2026年4月2日封账，台账所记（截至2026年3月31日）：应有 1，实有 0，进行中。"
    )
    make.make_meeting(branch, date(2026, 3, 20), (Type.COMMITTEE,))
    duty = duty_of("meetings.committee", branch, TODAY, of=date(2026, 3, 1))
    assert duty.state == DutyState.DONE
    assert kept_in_words(duty).endswith("（已更正），封存的台账不变。")
    kept.refresh_from_db()
    assert (kept.actual, kept.state) == (0, DutyState.OPEN)


def test_what_was_done_after_the_month_is_no_correction_of_it(county, branch, export):
    """Dues of March paid in April were not missing from the ledger of March."""
    member = make.make_member(branch, "江一帆")
    month = date(2026, 3, 1)
    make.make_charge(member, month)
    duty = duty_of("dues.paid", branch, TODAY, of=month)
    assert (duty.required, duty.actual) == (1, 0)
    close(county)
    make.make_payment(member, month, paid_on=TODAY)
    duty = duty_of("dues.paid", branch, TODAY, of=month)
    assert duty.actual == 1
    assert kept_in_words(duty).endswith("本页连同2026年3月31日以后办的一起计算，封存的台账不变。")
    assert notes(export(county)[1])["封账后更正"] == "没有"
    # A late entry of what was paid within the month is one.
    other = make.make_member(branch, "江一舟")
    make.make_charge(other, month)
    duty = duty_of("dues.paid", branch, TODAY, of=month)
    assert "（已更正）" in kept_in_words(duty)
    assert notes(export(county)[1])["封账后更正"] == "应办事项有 1 项，见网页“为什么”"


def test_the_quarter_is_kept_when_its_last_month_is_closed(county, branch):
    close(county)
    kept = set(FrozenDuty.objects.values_list("period", flat=True))
    assert kept == {"2026-03", "2026-Q1"}


def test_whole_numbers_of_a_closed_month_are_those_on_record(county, committee, branch, export):
    officer = make.make_user(Role.COUNTY_OFFICER, county)
    changed = make.make_member(branch, "江一帆", id_number="000000198005170018")
    close(county)
    changed.set_id_number("000000198005170034")
    changed.save()
    masked, _ = export(county)
    content_hash, book = export(county, by=officer, reason="核对名册")
    assert content_hash == masked
    heading = [cell.value for cell in book["党员"][1]].index("公民身份号码")
    numbers = {row[0]: row[heading] for row in cells(book, "党员")[1:]}
    assert "*" not in "".join(number for name, number in numbers.items() if name != "江一帆")
    # His number was corrected since: the closed ledger does not show another one in its place.
    assert numbers["江一帆"] == masked_id_number("000000198005170018")


def test_the_files_of_a_closed_month_do_not_lie_open(county, branch):
    make.make_member(branch, "江一帆")
    close(county)
    for sheet in FrozenSheet.objects.all():
        content = sheet.file.read()
        assert "江一帆".encode() not in content
        assert content[4:6] != b"\x1f\x8b"


def test_the_set_day_closes_the_last_month_in_a_job(county, branch, settings):
    settings.TODAY_OVERRIDE = date(2026, 4, 10)
    checked_since(date(2026, 2, 20))
    # The month before last is due since 11 March.
    close_due()
    assert [job.parameters["month"] for job in Job.objects.all()] == ["2026-02"]
    settings.TODAY_OVERRIDE = date(2026, 4, 11)
    Job.objects.all().delete()
    close_due()
    close_due()
    job = Job.objects.get()
    assert job.parameters["month"] == "2026-03"
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert ClosedMonth.objects.get().month == MARCH.starts_on
    settings.TODAY_OVERRIDE = date(2026, 6, 11)
    close_due()
    waiting = Job.objects.filter(state=JobState.QUEUED).order_by("pk")
    assert [job.parameters["month"] for job in waiting] == ["2026-04", "2026-05"]


def test_a_month_before_the_first_night_is_left_to_people(county, branch, settings):
    settings.TODAY_OVERRIDE = date(2026, 4, 20)
    close_due()
    checked_since(date(2026, 4, 1))
    close_due()
    assert not Job.objects.exists()
    settings.TODAY_OVERRIDE = date(2026, 5, 11)
    close_due()
    assert Job.objects.get().parameters["month"] == "2026-04"


def test_the_command_of_the_schedule_closes_too(county, branch, settings, capsys):
    settings.TODAY_OVERRIDE = date(2026, 4, 12)
    checked_since(date(2026, 4, 12))
    CheckRun.objects.create(day=date(2026, 3, 31), started_at=timezone.now())
    call_command("catch_up")
    assert "2026年3月已封账" in capsys.readouterr().out
    assert ClosedMonth.objects.get().month == MARCH.starts_on


def test_no_day_is_set_where_only_people_close(county, branch, settings):
    settings.TODAY_OVERRIDE = date(2026, 4, 20)
    checked_since(date(2026, 2, 20))
    set_value(closing.CLOSING_DAY, 0, by=None, on=date(2026, 1, 1), reason="由人封账")
    close_due()
    assert not Job.objects.exists()


def test_the_command_closes_and_prints_the_hash(county, branch, capsys):
    call_command("close_month", "2026-03")
    printed = capsys.readouterr().out.strip()
    assert printed == FrozenLedger.objects.get().content_hash
    call_command("close_month", "2026-03", organisation="YX01-001")
    assert capsys.readouterr().out.strip() == printed
    with pytest.raises(CommandError, match="还没有结束"):
        call_command("close_month", "2026-04")
    with pytest.raises(CommandError, match="没有编码为 XX 的组织"):
        call_command("close_month", "2026-03", organisation="XX")


def test_the_county_closes_on_the_page_and_nobody_else(client, county, committee, branch):
    url = reverse("ledgers:close", args=["2026-03"])
    for role, where in ((Role.SECRETARY, branch), (Role.COMMITTEE_OFFICER, committee)):
        client.force_login(make.make_user(role, where))
        assert client.get("/ledgers/").context["close"] is None
        assert client.post(url).status_code == 403
    client.force_login(make.make_user(Role.COUNTY_OFFICER, county))
    assert client.get("/ledgers/").context["close"]["url"] == url
    assert client.post(url).url == "/ledgers/"
    assert client.get("/ledgers/").context["close"]["text"] == "正在封账"
    jobs.run(Job.objects.get().pk)
    assert client.get("/ledgers/").context["close"] == {
        "month_text": "2026年3月",
        "text": "2026年3月已封账。",
        "url": "",
    }
    assert client.post(reverse("ledgers:close", args=["2026-04"])).status_code == 302
    assert ClosedMonth.objects.count() == 1
    client.post("/ledgers/", {"month": "2026-03", "organisation": "YX"})
    jobs.run(Job.objects.latest("pk").pk)
    (ledger,) = client.get("/ledgers/").context["ledgers"]
    assert ledger["frozen"]
    client.logout()
    assert client.post(url).status_code == 302
    assert "/login" in client.post(url).url


@pytest.mark.django_db(transaction=True)
def test_two_who_close_at_once_close_it_once(tmp_path):
    county = make.make_county(code="YX")
    make.make_members(make.make_branch(make.make_committee(county)), 2)
    results = []

    def run():
        try:
            results.append(close(county))
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(is_new for _, is_new in results) == [False, True]
    assert FrozenLedger.objects.count() == 1
