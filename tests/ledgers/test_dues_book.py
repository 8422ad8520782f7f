"""The yearly ledger of dues: what its sheets say, that it comes back unchanged, who may have it."""

import dataclasses
import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.services import move_organisation
from dues.models import Charge, ChargeChange, OpeningBalance, Payment, Remittance
from dues.rates import Category
from jobs import services as jobs
from jobs.models import Job, JobState
from ledgers import book_views
from ledgers.exports import dues_book, services
from ledgers.services import plan_import, write_import
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
MONTHS = [datetime.date(2026, month, 1) for month in range(1, 5)]
JAN, FEB, MARCH, APRIL = MONTHS
SHEETS = ["党费", "党费明细", "欠缴名单", "党费汇总", "说明"]
URL = reverse("ledgers:dues_book")


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
def book(tmp_path):
    """Make a ledger and read it back."""

    def run(organisation, year=2026, today=TODAY, by=None):
        path = tmp_path / "dues.xlsx"
        run.hash = dues_book.export_dues_book(
            organisation=organisation, year=year, today=today, by=by, path=path, folder=tmp_path
        )
        run.path = path
        return openpyxl.load_workbook(path)

    return run


def rows(workbook, sheet):
    heads, *lines = workbook[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def note(workbook, item):
    return dict(workbook["说明"].iter_rows(min_row=2, values_only=True))[item]


def member_owing(branch, name="林守正", amount="20.00", months=MONTHS, **facts):
    member = make.make_member(branch, name, **facts)
    make.make_approved_amount(member, amount, category=Category.FARMER)
    for month in months:
        make.make_charge(member, month, amount)
    return member


# --- The sheets ---------------------------------------------------------------------------


def test_the_sheets_stand_in_their_order_with_the_years_twelve_months(book, branch):
    member_owing(branch)
    workbook = book(branch)
    assert workbook.sheetnames == SHEETS
    heads = [cell.value for cell in workbook["党费"][1]]
    assert heads[7:] == [*(f"{number}月" for number in range(1, 13)), "行标识"]


def test_the_matrix_has_what_was_paid_for_each_month_with_a_masked_number(book, branch):
    member = member_owing(branch, id_number="000000198005170018")
    make.make_payment(member, JAN, "20.00")
    make.make_payment(member, MARCH, "12.50")
    make.make_payment(member, MARCH, "7.50")
    (row,) = rows(book(branch), "党费")
    assert (row["姓名"], row["公民身份号码"], row["月应缴"]) == ("林守正", "000000********0018", 20)
    assert (row["1月"], row["2月"], row["3月"], row["12月"]) == (20, None, 20, None)


def test_every_entry_has_a_line_and_a_correction_names_what_it_takes_back(book, branch):
    user = make.make_user(Role.ORGANISER, branch, name="苏慧敏")
    member = member_owing(branch)
    wrong = make.make_payment(
        member,
        MARCH,
        "30.00",
        paid_on=datetime.date(2026, 3, 5),
        way="cash",
        brought_by="林小满",
        entered_by=user,
        in_booklet=False,
    )
    back = make.make_payment(
        member, MARCH, "-30.00", paid_on=wrong.paid_on, reverses=wrong, reason="写错了"
    )
    right = make.make_payment(member, MARCH, "20.00", paid_on=wrong.paid_on, way="transfer")
    first, second, third = rows(book(branch), "党费明细")
    assert (first["编号"], first["记账类别"], first["金额"]) == (f"S{wrong.pk}", "收缴", 30)
    assert (first["方式"], first["代交人"], first["党费证"]) == ("现金", "林小满", "未登")
    assert (first["录入人"], first["所属月份"]) == ("苏慧敏", "2026-03")
    assert first["交纳日期"].date() == datetime.date(2026, 3, 5)
    assert (second["编号"], second["记账类别"], second["金额"]) == (f"S{back.pk}", "冲正", -30)
    assert (second["冲正编号"], second["说明"]) == (f"S{wrong.pk}", "写错了")
    assert (third["编号"], third["方式"], third["录入人"]) == (f"S{right.pk}", "转账", "导入")


def test_changes_of_what_was_asked_and_old_debts_have_their_lines(book, branch):
    member = member_owing(branch)
    charge = Charge.objects.get(month=FEB)
    change = ChargeChange.objects.create(charge=charge, difference=Decimal("-5.50"), reason="减缴")
    opening = OpeningBalance.objects.create(
        member=member,
        organisation=branch,
        since_month=datetime.date(2025, 10, 1),
        until_month=datetime.date(2025, 12, 1),
        amount=60,
        reason="上年欠缴",
    )
    changed, opened = rows(book(branch), "党费明细")
    assert (changed["编号"], changed["记账类别"], changed["金额"], changed["说明"]) == (
        f"T{change.pk}",
        "应缴调整",
        -5.5,
        "减缴",
    )
    assert (opened["编号"], opened["记账类别"], opened["所属月份"], opened["金额"]) == (
        f"Q{opening.pk}",
        "期初欠缴",
        "2025-10",
        60,
    )
    assert rows(book(branch, 2025), "党费明细") == []


def test_an_entry_says_with_which_remittance_it_went_up(book, branch):
    member = member_owing(branch)
    sent = Remittance.objects.create(
        organisation=branch,
        quarter=JAN,
        amount=20,
        computed=20,
        member_count=1,
        remitted_on=TODAY,
        slip_number="甲-1",
        state="sent",
    )
    make.make_payment(member, JAN, remittance=sent)
    make.make_payment(member, FEB)
    assert [row["上缴"] for row in rows(book(branch), "党费明细")] == ["2026年一季度待确认", None]


def test_who_paid_nothing_for_months_is_listed_longest_first(book, branch):
    member_owing(branch, "陶立平")
    paid = member_owing(branch, "孟桂兰")
    make.make_payment(paid, JAN)
    make.make_payment(paid, FEB)
    assert [
        (row["姓名"], row["欠缴起月"], row["欠缴止月"], row["连续月数"], row["欠缴金额"])
        for row in rows(book(branch), "欠缴名单")
    ] == [("陶立平", "2026-01", "2026-03", 3, 60), ("孟桂兰", "2026-03", "2026-03", 1, 20)]


def test_the_sums_of_the_superior_are_those_below_it(book, committee, branch):
    other = make.make_branch(committee, code="A1")
    member = member_owing(branch)
    make.make_payment(member, JAN, paid_on=datetime.date(2026, 2, 3))
    make.make_payment(member, FEB, "25.00")
    member_owing(other, "孟桂兰", "5.10", [MARCH])
    shown = rows(book(committee), "党费汇总")
    assert [(row["编码"], row["上级编码"]) for row in shown] == [
        ("TOWN", None),
        ("A1", "TOWN"),
        ("B1", "TOWN"),
    ]
    total, one, two = shown
    for heading in ("应缴人次", "缴清人次", "应缴(元)", "实缴(元)", "其中补交", "未缴(元)", "差额"):
        assert total[heading] == pytest.approx(one[heading] + two[heading])
    assert (two["应缴(元)"], two["实缴(元)"], two["其中补交"]) == (80, 45, 20)
    assert (two["未缴(元)"], two["差额"], two["缴清人次"]) == (40, 5, 2)


def test_the_notes_say_what_year_it_is_and_what_each_figure_means(book, branch):
    workbook = book(branch, by=make.make_user(Role.SECRETARY, branch, name="段秋田"))
    assert (note(workbook, "组织编码"), note(workbook, "年度")) == ("B1", "2026年")
    assert note(workbook, "收款截至") == "2026年4月20日"
    assert (note(workbook, "生成人"), note(workbook, "内容校验码")) == ("段秋田", book.hash)
    assert "分母" in note(workbook, "指标：缴清率")


def test_the_same_content_has_the_same_hash(book, branch):
    member = member_owing(branch)
    book(branch)
    before = book.hash
    book(branch, by=make.make_user(Role.SECRETARY, branch))
    assert book.hash == before
    make.make_payment(member, JAN)
    book(branch)
    assert book.hash != before


def test_a_past_year_shows_what_was_paid_since_in_the_tree_of_its_last_day(book, committee, branch):
    other = make.make_committee(committee.parent, "东岭镇党委")
    december = datetime.date(2025, 12, 1)
    member = member_owing(branch, months=[december])
    make.make_payment(member, december, paid_on=datetime.date(2026, 2, 3))
    move_organisation(branch, to=other, by=None, on=JAN)
    (row,) = rows(book(committee, 2025), "党费")
    assert row["12月"] == 20
    assert [row["实缴(元)"] for row in rows(book(committee, 2025), "党费汇总")] == [20, 20]
    assert rows(book(other, 2025), "党费") == []


def test_a_year_to_come_and_too_many_entries_are_refused(book, branch, monkeypatch):
    with pytest.raises(services.Refused, match="2027年还没有到"):
        book(branch, 2027)
    make.make_payment(member_owing(branch), JAN)
    monkeypatch.setattr(dues_book, "MOST_ENTRIES", 0)
    with pytest.raises(services.Refused, match="请按镇街分别导出"):
        book(branch)


def test_more_members_and_entries_need_no_more_queries(book, branch):
    def fill():
        member = member_owing(branch)
        make.make_payment(member, JAN)

    fill()
    one = count_of(lambda: book(branch))
    fill()
    fill()
    assert count_of(lambda: book(branch)) == one


# --- Round trip ---------------------------------------------------------------------------


def reimport(path):
    return plan_import([("党费台账.xlsx", path.read_bytes())], today=TODAY)


def awkward(branch):
    """Somebody who paid, corrected, left in part, is exempt, or has last year's amount."""
    whole, part = member_owing(branch, "林守正"), member_owing(branch, "张伟")
    make.make_payment(whole, JAN)
    wrong = make.make_payment(whole, FEB, "30.00")
    make.make_payment(whole, FEB, "-30.00", reverses=wrong, reason="更正")
    make.make_payment(whole, FEB, "20.00")
    make.make_payment(part, MARCH, "0.10")
    carried = make.make_member(branch, "许桂兰")
    make.make_approved_amount(carried, "7.00", from_month=datetime.date(2025, 1, 1))
    make.make_charge(carried, JAN, "7.00")
    exempt = member_owing(branch, "陶立平", months=[JAN])
    Charge.objects.filter(member=exempt).update(amount=0)


def test_it_comes_back_without_a_change(book, branch):
    awkward(branch)
    book(branch)
    (sheet,) = [sheet for sheet in reimport(book.path).sheets if sheet.ledger]
    assert sheet.problems == []
    assert (sheet.ledger, sheet.new, sheet.changed, sheet.same) == ("党费", 0, 0, 4)
    assert (sheet.refused, sheet.problems) == (0, [])


def test_one_cell_edited_is_one_payment(book, branch):
    awkward(branch)
    workbook = book(branch)
    sheet = workbook["党费"]
    line = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "张伟")
    line[7].value = 20
    workbook.save(book.path)
    before = Payment.objects.count()
    plan = reimport(book.path)
    assert [sheet.problems for sheet in plan.sheets if sheet.problems] == []
    write_import(plan, by=None)
    assert Payment.objects.count() == before + 1
    assert Payment.objects.order_by("pk").last().month == JAN


# --- The page -----------------------------------------------------------------------------


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda job_id: None)


def log_in(client, role, organisation):
    user = make.make_user(role, organisation)
    client.force_login(user)
    return user


def test_the_page_says_what_it_holds_and_the_button_hands_it_over(client, branch):
    make.make_payment(member_owing(branch), JAN)
    user = log_in(client, Role.SECRETARY, branch)
    response = client.get(URL)
    assert (response.context["title"], response.context["count"]) == (
        "望春社区第一党支部2026年党费台账",
        "1",
    )
    response = client.post(URL)
    assert "%E5%85%9A%E8%B4%B9%E5%8F%B0%E8%B4%A6.xlsx" in response["Content-Disposition"]
    workbook = openpyxl.load_workbook(io.BytesIO(response.content))
    assert workbook.sheetnames == SHEETS
    line = TrailLine.objects.get(area="ledgers")
    assert (line.by, line.action, line.organisation_id) == (user, "导出党费台账", branch.pk)
    assert line.after == {
        "年度": "2026",
        "号码": "部分隐藏",
        "内容校验码": note(workbook, "内容校验码"),
    }


def test_a_large_one_is_made_in_the_background_and_once(
    client, quiet, committee, branch, monkeypatch
):
    make.make_payment(member_owing(branch), JAN)
    log_in(client, Role.COMMITTEE_OFFICER, committee)
    monkeypatch.setattr(book_views, "DUES", dataclasses.replace(book_views.DUES, at_once=0))
    query = "?organisation=TOWN&year=2026"
    assert client.post(URL + query).url == reverse("ledgers:export")
    client.post(URL + query)
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result_name) == (JobState.DONE, "柳汀街道党工委2026年党费台账.xlsx")
    (ledger,) = client.get(reverse("ledgers:export")).context["ledgers"]
    assert (ledger["month_text"], ledger["organisation"]) == ("2026年", "柳汀街道党工委")


def test_who_lost_the_right_meanwhile_gets_nothing_from_the_job(
    client, quiet, committee, branch, monkeypatch
):
    make.make_payment(member_owing(branch), JAN)
    user = log_in(client, Role.COMMITTEE_OFFICER, committee)
    monkeypatch.setattr(book_views, "DUES", dataclasses.replace(book_views.DUES, at_once=0))
    client.post(URL)
    user.grants.all().delete()
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, bool(job.result)) == (JobState.FAILED, False)


def test_nobody_is_asked_to_log_in(client):
    assert client.get(URL).status_code == 302


def test_who_may_take_out_nothing_is_refused(client, branch):
    log_in(client, Role.GROUP_LEADER, branch)
    assert client.get(URL).status_code == 403
    assert client.post(URL).status_code == 403
    assert not TrailLine.objects.filter(area="ledgers").exists()


def test_a_reader_may_take_the_ledger_out(client, committee, branch):
    log_in(client, Role.INSPECTOR, committee)
    assert client.get(URL, {"organisation": "B1"}).status_code == 200


def test_the_neighbours_secretary_finds_nothing(client, committee, branch):
    log_in(client, Role.SECRETARY, make.make_branch(committee))
    for code in ("B1", "TOWN", "COUNTY"):
        assert client.get(URL, {"organisation": code}).status_code == 404
        assert client.post(f"{URL}?organisation={code}").status_code == 404
    assert not TrailLine.objects.filter(area="ledgers").exists()
