"""Beside the sums: day and way, ticks, remarks, quarters and the next step."""

import datetime

import pytest
from django.urls import reverse

from branches.models import Setting
from dues.models import DuesRequest, Payment, Publication, Remittance
from dues.values import PUBLISH_EVERY, REMIT_DAY
from tests import factories
from tests.compliance.verdicts import county_value
from tests.dues.pages import (
    JSON,
    LEDGER,
    MARCH,
    TODAY,
    charged,
    save,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def member(branch):
    return charged(branch, "龚丽华")


# --- Day and way, ticks, remarks, next steps -------------------------------------------------


def test_day_and_way_of_the_bar_go_with_the_cell(signed_in, member):
    save(signed_in, member, "20", paid_on="3.5", way="transfer")
    payment = Payment.objects.get()
    assert (payment.paid_on, payment.way) == (datetime.date(2026, 3, 5), "transfer")
    assert payment.in_booklet


@pytest.mark.parametrize(
    ("day", "words"),
    [("3.19", "在今天之后"), ("2.28", "党费不预收"), ("昨天", "读不出日期")],
)
def test_a_day_that_cannot_be_is_refused_in_words(signed_in, member, day, words):
    answer = save(signed_in, member, "20", paid_on=day)
    assert (answer.status_code, words in answer.json()["error"]) == (400, True)
    assert not Payment.objects.exists()


def test_a_further_payment_says_so(signed_in, branch, member):
    factories.make_payment(member, MARCH, "15.00", paid_on=datetime.date(2026, 3, 2))
    answer = save(signed_in, member, "20", "15.00").json()
    assert answer["said"] == "龚丽华3月又交 5.00，共 20.00"
    assert list(Payment.objects.values_list("amount", flat=True).order_by("pk")) == [15, 5]
    assert save(signed_in, member, "20", "15.00").status_code == 200
    assert Payment.objects.count() == 2


def test_a_tick_is_cleared_and_set_by_the_script_and_without_it(signed_in, branch, member):
    factories.make_payment(member, MARCH)
    url = reverse("dues:booklet") + "?focus=2026-03"
    answer = signed_in.post(url, {"booklet": f"{member.pk}:0"}, **JSON).json()
    assert answer["row"]["booklet"] == "0"
    grid = reverse("dues:grid") + "?focus=2026-03"
    page = signed_in.post(grid, {"booklet": f"{member.pk}:1"}, follow=True)
    assert page.context["rows"][0]["booklet"] == "1"
    other = charged(branch)
    assert signed_in.post(url, {"booklet": f"{other.pk}:1"}, **JSON).status_code == 400
    for odd in ("", "x:1", f"{member.pk}:2", "9" * 30 + ":1"):
        assert signed_in.post(url, {"booklet": odd}, **JSON).status_code == 400


def test_the_remark_tells_relief_and_bearer(signed_in, branch, member):
    DuesRequest.objects.create(
        organisation=branch,
        member=member,
        kind="reduction",
        amount="0.20",
        from_month=MARCH,
        until_month=datetime.date(2026, 12, 1),
        reason="重病",
        state="approved",
        asked_on=TODAY,
        decided_on=TODAY,
    )
    free = charged(branch)
    DuesRequest.objects.create(
        organisation=branch,
        member=free,
        kind="exemption",
        from_month=MARCH,
        until_month=MARCH,
        reason="重病",
        state="approved",
        asked_on=TODAY,
        decided_on=TODAY,
    )
    factories.make_payment(member, MARCH, "0.20", brought_by="龚强")
    rows = signed_in.get(LEDGER).context["rows"]
    assert [row["remark"] for row in rows] == [
        "减缴至 0.20 元，至 2026年12月，由龚强代交",
        "免缴至 2026年3月",
    ]


def test_who_has_no_approved_amount_is_one_link_from_it(signed_in, branch):
    factories.make_member(branch)
    page = signed_in.get(LEDGER)
    assert page.context["rows"][0]["standard"] == ""
    assert "核定标准</a>" in page.content.decode()
    assert "year=2026" in page.context["amounts_url"]


def quarter_of_2025(branch, *, paid=True):
    member = factories.make_member(branch)
    for number in (1, 2, 3):
        month = datetime.date(2025, number, 1)
        factories.make_charge(member, month)
        if paid:
            factories.make_payment(member, month)
    return member


def post_up(branch, period="2025-Q1"):
    return Publication.objects.create(
        organisation=branch,
        period=period,
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 3, 31),
        posted_on=datetime.date(2025, 4, 3),
        posted_until=datetime.date(2025, 4, 10),
        contact="宋佳宁",
        member_count=1,
        amount=60,
    )


def remit(branch, state):
    return Remittance.objects.create(
        organisation=branch,
        quarter=datetime.date(2025, 1, 1),
        amount=60,
        computed=60,
        member_count=1,
        remitted_on=datetime.date(2025, 4, 8),
        decided_on=datetime.date(2025, 4, 9),
        slip_number="0001",
        state=state,
    )


def first_quarter(client):
    context = client.get(LEDGER, {"year": 2025, "quarter": 1}).context
    card = context["quarters"][0]
    act = context["next_act"]
    return card["words"], card["kind"], card["text"], act and act["label"]


def test_a_quarter_is_collected_posted_sent_up_and_confirmed(signed_in, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2025, 4, 10)
    quarter_of_2025(branch)
    owed = "应缴 ¥60.00，4月"
    assert first_quarter(signed_in) == ("已收齐", "done", owed + "7日前公示", "打印公示表")
    post_up(branch)
    assert first_quarter(signed_in) == ("已公示", "done", owed + "10日前上缴", "登记上缴")
    sent = remit(branch, "sent")
    text = "4月8日上缴 ¥60.00"
    assert first_quarter(signed_in) == ("已上缴，待确认", "wait", text, None)
    for state, words, kind in (("confirmed", "已确认", "done"), ("returned", "已退回", "late")):
        Remittance.objects.filter(pk=sent.pk).update(state=state)
        assert first_quarter(signed_in)[:2] == (words, kind)
    assert first_quarter(signed_in)[3] == "登记上缴"


def test_a_quarter_not_sent_is_late_after_the_day_of_its_own_time(signed_in, branch, settings):
    quarter_of_2025(branch)
    county_value(REMIT_DAY, 20, datetime.date(2025, 4, 1))
    for day, words, kind in ((10, "已收齐", "done"), (11, "逾期未报", "late")):
        settings.TODAY_OVERRIDE = datetime.date(2025, 4, day)
        assert first_quarter(signed_in)[:2] == (words, kind)
    assert first_quarter(signed_in)[2] == "应缴 ¥60.00，4月10日前上缴，逾期 1 天"
    remit(branch, "returned")
    assert first_quarter(signed_in)[:2] == ("已退回", "late")


def test_a_payment_without_a_charge_is_sent_up_too(signed_in, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2025, 4, 10)
    factories.make_payment(factories.make_member(branch), datetime.date(2025, 2, 1), "5.00")
    words = "1月—3月，4月7日前公示"
    assert first_quarter(signed_in) == ("已收齐", "done", words, "打印公示表")


def test_one_quarter_posted_is_not_the_half_year(signed_in, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2025, 7, 5)
    county_value(PUBLISH_EVERY, 6, datetime.date(2025, 1, 1))
    member = quarter_of_2025(branch)
    factories.make_payment(member, datetime.date(2025, 5, 1))
    factories.make_publication(branch, "2025-Q2", datetime.date(2025, 7, 2))
    card = signed_in.get(LEDGER, {"quarter": 2}).context["quarters"][1]
    assert (card["words"], card["text"]) == ("已收齐", "4月—6月，7月7日前公示")
    factories.make_publication(branch, "2025-Q1", datetime.date(2025, 7, 2))
    assert signed_in.get(LEDGER, {"quarter": 2}).context["quarters"][1]["words"] == "已公示"


@pytest.mark.parametrize(("today", "enabled"), [(datetime.date(2026, 2, 28), False), (MARCH, True)])
def test_a_quarter_is_sent_up_from_its_last_month_on(signed_in, member, settings, today, enabled):
    settings.TODAY_OVERRIDE = today
    remit_act = signed_in.get(LEDGER, {"quarter": 1}).context["remit"]
    assert (remit_act["enabled"], remit_act["reason"]) == (enabled, "3月1日起可登记上缴")


def test_a_sheet_of_the_half_year_covers_its_quarters(signed_in, branch, settings):
    Setting.objects.create(key=PUBLISH_EVERY.name, starts_on=datetime.date(2025, 1, 1), value=6)
    settings.TODAY_OVERRIDE = datetime.date(2025, 4, 10)
    quarter_of_2025(branch)
    assert first_quarter(signed_in)[3] == "登记上缴"
    sheet = post_up(branch, "2025-H1")
    Publication.objects.filter(pk=sheet.pk).update(ends_on=datetime.date(2025, 6, 30))
    assert first_quarter(signed_in)[0] == "已公示"


def test_while_somebody_is_unpaid_the_rest_by_standard_is_the_next_thing(signed_in, member):
    text = signed_in.get(LEDGER).content.decode()
    assert '其余 <span data-total="unpaid_count">1</span> 人按标准缴清' in text
    assert text.count("zb-btn--primary") == 2  # the other one is for browsers without a script


def test_a_month_chosen_is_the_one_spoken_of(signed_in, branch, member):
    context = signed_in.get(LEDGER, {"focus": "2026-02"}).context
    assert (context["current_month_label"], context["bulk_month"]) == ("2月", "2026-02")


def test_a_month_long_past_is_asked_for_not_typed(signed_in, branch):
    member = charged(branch, months=(datetime.date(2025, 8, 1),))
    context = signed_in.get(LEDGER, {"year": 2025, "quarter": 3}).context
    cell = context["rows"][0]["cells"][1]
    assert (cell["editable"], "back_payment" in cell["ask_url"]) == (False, True)
    assert context["bulk_url"] == ""
    answer = save(signed_in, member, "20", month="2025-08")
    assert "请示审批" in answer.json()["error"]
    assert f"member={member.pk}" in answer.json()["url"]


def test_filling_without_a_script_first_saves_what_was_typed(signed_in, branch, member):
    other = charged(branch)
    body = {
        "month": "2026-03",
        "paid_on": "3.9",
        "way": "transfer",
        f"amount-{member.pk}-2026-03": "15",
        f"version-{member.pk}-2026-03": "",
    }
    page = signed_in.post(reverse("dues:fill"), body, follow=True)
    assert "已为 1 人填入 ¥20.00" in page.content.decode()
    assert page.context["manner"]["paid_on"] == "2026年3月9日"
    ninth = datetime.date(2026, 3, 9)
    assert list(Payment.objects.order_by("pk").values_list("member", "amount", "paid_on")) == [
        (member.pk, 15, ninth),
        (other.pk, 20, ninth),
    ]
