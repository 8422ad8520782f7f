import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse

from branches.models import Setting
from dues import standing
from dues.models import DuesRequest, Payment, Publication, Remittance
from dues.values import PUBLISH_EVERY
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
TODAY = datetime.date(2026, 3, 18)
JSON = {"headers": {"accept": "application/json"}}
LEDGER = "/dues/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def signed_in(client, secretary):
    client.force_login(secretary)
    return client


@pytest.fixture
def member(branch):
    return charged(branch, "龚丽华")


def charged(branch, name=None, amount="20.00", months=(JANUARY, FEBRUARY, MARCH)):
    member = factories.make_member(branch, name)
    factories.make_approved_amount(member, amount)
    for month in months:
        factories.make_charge(member, month, amount)
    return member


def save(client, member, amount, version="", month="2026-03", **more):
    body = {"member": member.pk, "month": month, "amount": amount, "version": version} | more
    return client.post(reverse("dues:cell"), body, **JSON)


# --- The grid -------------------------------------------------------------------------------


def test_the_grid_has_the_running_month_open_and_paid_earlier_months_closed(
    signed_in, branch, member
):
    factories.make_payment(member, JANUARY)
    (row,) = signed_in.get(LEDGER).context["rows"]
    january, february, march = row["cells"]
    assert (january["editable"], january["value"]) == (False, "20.00")
    assert reverse("dues:entries", args=[member.pk]) in january["corrected_url"]
    assert (february["editable"], february["value"]) == (True, "")
    assert (march["editable"], march["now"], march["due"]) == (True, True, "20.00")
    assert (row["standard"], row["subtotal"]) == ("20.00", "20.00")


def test_the_totals_speak_of_the_running_month(signed_in, branch, member):
    other = charged(branch, amount="130.90")
    factories.make_payment(other, MARCH, "130.90")
    context = signed_in.get(LEDGER).context
    assert context["totals"] == {
        "2026-01": "0.00",
        "2026-02": "0.00",
        "2026-03": "130.90",
        "standard": "150.90",
        "quarter": "130.90",
        "due": "150.90",
        "paid": "130.90",
        "unpaid": "20.00",
        "short_count": "1",
        "unpaid_count": "1",
    }
    assert context["paid_up"] is False
    assert context["quarters"][0]["words"] == "收缴中"


def test_unpaid_is_what_is_still_owed_with_a_part_and_a_surplus(signed_in, branch, member):
    part, surplus = charged(branch), charged(branch)
    factories.make_payment(part, MARCH, "5.00")
    factories.make_payment(surplus, MARCH, "30.00")
    totals = signed_in.get(LEDGER).context["totals"]
    assert (totals["due"], totals["paid"]) == ("60.00", "35.00")
    assert (totals["unpaid"], totals["short_count"], totals["unpaid_count"]) == ("35.00", "2", "1")


def test_one_members_surplus_does_not_make_the_quarter_complete(signed_in, branch):
    first, second = factories.make_members(branch, 2)
    month = datetime.date(2025, 2, 1)
    for member, paid in ((first, "30.00"), (second, "10.00")):
        factories.make_charge(member, month)
        factories.make_payment(member, month, paid)
    card = signed_in.get(LEDGER, {"year": 2025}).context["quarters"][0]
    assert (card["words"], card["text"]) == ("未收齐", "应缴 ¥40.00，4月10日前上缴")


def test_quarters_tell_how_they_stand(signed_in, branch):
    member = factories.make_member(branch)
    for number in (1, 2, 3):
        month = datetime.date(2025, number, 1)
        factories.make_charge(member, month)
        factories.make_payment(member, month)
    factories.make_charge(member, datetime.date(2025, 4, 1))
    context = signed_in.get(LEDGER, {"year": 2025}).context
    assert [card["words"] for card in context["quarters"]] == [
        "已收齐",
        "未收齐",
        "没有应缴",
        "没有应缴",
    ]
    assert context["quarters"][3]["text"] == "10月—12月，1月10日前上缴"


def test_a_month_to_come_is_not_open(signed_in, branch, member):
    (row,) = signed_in.get(LEDGER, {"quarter": 2}).context["rows"]
    assert [cell["editable"] for cell in row["cells"]] == [False, False, False]
    assert signed_in.get(LEDGER, {"quarter": 2}).context["bulk_url"] == ""


def test_a_month_in_another_branch_is_not_open_here(signed_in, branch, member):
    other = factories.make_branch()
    member.charges.filter(month=MARCH).update(organisation=other)
    (row,) = signed_in.get(LEDGER).context["rows"]
    assert [cell["editable"] for cell in row["cells"]] == [True, True, False]


def test_the_page_of_an_empty_branch_says_what_to_do(signed_in):
    assert "还没有月缴标准" in signed_in.get(LEDGER).content.decode()


def test_the_grid_takes_as_many_queries_for_three_as_for_one(signed_in, branch):
    factories.make_payment(charged(branch), JANUARY)
    one = count_of(lambda: signed_in.get(LEDGER))
    for _ in range(2):
        factories.make_payment(charged(branch), JANUARY)
    assert count_of(lambda: signed_in.get(LEDGER)) == one


def test_an_overseer_without_a_branch_chooses_one_most_unpaid_first(client, committee, branch):
    charged(branch, amount="10.00")
    poor = factories.make_branch(committee)
    charged(poor, amount="50.00")
    client.force_login(factories.make_user("committee_officer", committee))
    rows = client.get(LEDGER).context["rows"]
    assert [row["unpaid"] for row in rows] == ["50.00", "10.00"]
    one = count_of(lambda: client.get(LEDGER))
    factories.make_branch(committee)
    assert count_of(lambda: client.get(LEDGER)) == one


# --- One cell -------------------------------------------------------------------------------


def test_a_cell_saves_itself_and_answers_with_all_totals(signed_in, branch, member):
    answer = save(signed_in, member, "１５。０")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["value"], body["version"], body["note"]) == ("15.00", "15.00", "少 5.00")
    assert body["row"] == {"subtotal": "15.00", "booklet": "1", "remark": ""}
    assert (body["totals"]["paid"], body["totals"]["unpaid_count"]) == ("15.00", "0")
    assert Payment.objects.get().amount == Decimal("15.00")


def test_a_cell_is_cleared_by_an_empty_sum(signed_in, member):
    save(signed_in, member, "20")
    body = save(signed_in, member, "", "20.00").json()
    assert (body["value"], body["version"]) == ("", "")
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == 0


def test_a_lost_answer_sent_again_pays_once(signed_in, member):
    assert save(signed_in, member, "20").status_code == 200
    assert save(signed_in, member, "20").status_code == 200
    assert Payment.objects.count() == 1


def test_two_on_one_cell_get_both_sums(client, signed_in, secretary, branch, member):
    colleague = factories.make_user("organiser", branch, name="周慧敏")
    client.force_login(colleague)
    save(client, member, "18")
    client.force_login(secretary)
    answer = save(client, member, "20")
    assert answer.status_code == 409
    body = answer.json()
    assert (body["value"], body["version"], body["by"]) == ("18.00", "18.00", "周慧敏")
    assert save(client, member, "20", body["version"]).status_code == 200
    assert standing.balance(member, branch, MARCH) == Decimal("20.00")


def test_a_large_sum_is_asked_about_once(signed_in, member):
    assert "月标准" in save(signed_in, member, "200").json()["needs_confirm"]
    assert not Payment.objects.exists()
    assert save(signed_in, member, "200", confirmed="1").json()["value"] == "200.00"


@pytest.mark.parametrize(
    ("amount", "month", "words"),
    [
        ("二十", "2026-03", "读不出金额"),
        ("-5", "2026-03", "不能是负数"),
        ("20", "2026-04", "党费不预收"),
        ("20", "三月", "不是月份"),
    ],
)
def test_what_cannot_be_is_refused_in_words(signed_in, member, amount, month, words):
    answer = save(signed_in, member, amount, month=month)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert not Payment.objects.exists()


def test_somebody_of_another_branch_is_not_known_here(signed_in, committee, branch):
    stranger = charged(factories.make_branch(committee))
    answer = save(signed_in, stranger, "20")
    assert answer.status_code == 400
    assert "名册里没有这个人" in answer.json()["error"]
    assert not Payment.objects.exists()


def test_without_a_script_the_whole_grid_is_saved(signed_in, branch, member):
    other = charged(branch, "余海波")
    save(signed_in, other, "20")
    response = signed_in.post(
        reverse("dues:grid"),
        {
            f"amount-{member.pk}-2026-03": "20",
            f"version-{member.pk}-2026-03": "",
            f"amount-{other.pk}-2026-03": "19",
            f"version-{other.pk}-2026-03": "18.00",
            f"amount-{member.pk}-2026-02": "",
            f"version-{member.pk}-2026-02": "",
        },
        follow=True,
    )
    text = response.content.decode()
    assert "已保存 1 人的党费" in text
    assert "已改成 20.00，你填的 19 没有保存" in text
    assert standing.balance(member, branch, MARCH) == Decimal("20.00")
    assert standing.balance(other, branch, MARCH) == Decimal("20.00")


# --- The rest by standard -------------------------------------------------------------------


def test_filling_and_undoing_answer_the_script(signed_in, branch, member):
    other = charged(branch, amount="130.90")
    answer = signed_in.post(reverse("dues:fill"), {"month": "2026-03"}, **JSON).json()
    assert answer["message"] == "已为 2 人填入 ¥150.90"
    assert [(cell["member"], cell["value"]) for cell in answer["cells"]] == [
        (str(member.pk), "20.00"),
        (str(other.pk), "130.90"),
    ]
    assert answer["totals"]["unpaid_count"] == "0"
    undone = signed_in.post(answer["undo_url"], **JSON).json()
    assert undone["message"] == "已撤销，2 人恢复为未缴"
    assert undone["totals"]["unpaid_count"] == "2"
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == 0
    assert signed_in.post(answer["undo_url"], **JSON).status_code == 400


def test_filling_without_a_script_comes_back_with_undo(signed_in, branch, member):
    response = signed_in.post(reverse("dues:fill"), {"month": "2026-03"}, follow=True)
    text = response.content.decode()
    assert "已为 1 人填入 ¥20.00" in text
    assert "undo=" in text
    response = signed_in.post(reverse("dues:undo"), follow=True)
    assert "已撤销" in response.content.decode()


def test_another_session_cannot_undo(client, signed_in, branch, member):
    signed_in.post(reverse("dues:fill"), {"month": "2026-03"}, **JSON)
    client.force_login(factories.make_user("organiser", branch))
    assert client.post(reverse("dues:undo"), **JSON).status_code == 400
    assert standing.balance(member, branch, MARCH) == Decimal("20.00")


# --- Corrections ----------------------------------------------------------------------------


def entries_url(member, month="2026-02"):
    return reverse("dues:entries", args=[member.pk]) + f"?month={month}"


def test_an_earlier_month_is_corrected_on_its_page(signed_in, branch, member):
    factories.make_payment(member, FEBRUARY, "10.00")
    page = signed_in.get(entries_url(member))
    assert [entry["amount"] for entry in page.context["entries"]] == ["10.00"]
    body = {"amount": "20", "version": "10.00"}
    refused = signed_in.post(entries_url(member), body)
    assert "请写明更正原因" in refused.content.decode()
    response = signed_in.post(entries_url(member), body | {"reason": "看错一行"})
    assert response.status_code == 302
    page = signed_in.get(entries_url(member))
    assert [entry["amount"] for entry in page.context["entries"]] == ["10.00", "-10.00", "20.00"]
    (row,) = signed_in.get(LEDGER).context["rows"]
    assert row["cells"][1]["corrected"] is True


def test_a_correction_on_top_of_a_sum_not_seen_is_shown_first(signed_in, branch, member):
    factories.make_payment(member, FEBRUARY, "18.00")
    body = {"amount": "20", "version": "10.00", "reason": "看错一行"}
    response = signed_in.post(entries_url(member), body)
    assert "已改成 18.00" in response.content.decode()
    assert standing.balance(member, branch, FEBRUARY) == Decimal("18.00")
    body["version"] = response.context["form"]["version"].value()
    assert signed_in.post(entries_url(member), body).status_code == 302
    assert standing.balance(member, branch, FEBRUARY) == Decimal("20.00")


def test_an_unusual_correction_is_confirmed_by_a_tick(signed_in, branch, member):
    factories.make_payment(member, FEBRUARY, "10.00")
    body = {"amount": "200", "version": "10.00", "reason": "补收"}
    response = signed_in.post(entries_url(member), body)
    assert "月标准" in response.content.decode()
    assert 'type="checkbox"' in response.content.decode()
    assert signed_in.post(entries_url(member), body | {"confirmed": "on"}).status_code == 302
    assert standing.balance(member, branch, FEBRUARY) == Decimal("200.00")


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


def test_a_quarter_is_collected_posted_sent_up_and_confirmed(signed_in, branch):
    quarter_of_2025(branch)
    owed = "应缴 ¥60.00，4月"
    assert first_quarter(signed_in) == ("已收齐", "done", owed + "7日前公示", "打印公示表")
    post_up(branch)
    assert first_quarter(signed_in) == ("已公示", "done", owed + "10日前上缴", "登记上缴")
    sent = remit(branch, "sent")
    text = "2025年4月8日上缴 ¥60.00，待确认"
    assert first_quarter(signed_in) == ("已上缴", "wait", text, None)
    for state, words, kind in (("confirmed", "已确认", "done"), ("returned", "已退回", "late")):
        Remittance.objects.filter(pk=sent.pk).update(state=state)
        assert first_quarter(signed_in)[:2] == (words, kind)
    assert first_quarter(signed_in)[3] == "登记上缴"


def test_a_sheet_of_the_half_year_covers_its_quarters(signed_in, branch):
    Setting.objects.create(key=PUBLISH_EVERY.name, starts_on=datetime.date(2025, 1, 1), value=6)
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


# --- Several months -------------------------------------------------------------------------


def several_url(member):
    return reverse("dues:several", args=[member.pk])


def several_body(months=("2026-01", "2026-02", "2026-03"), **more):
    shorts = {f"short-{month}": "20.00" for month in months}
    return {"months": list(months), "paid_on": "3.10", "way": "cash"} | shorts | more


def test_the_months_owed_are_ticked_and_added_up(signed_in, branch, member):
    row = signed_in.get(LEDGER).context["rows"][0]
    assert (row["several"], row["several_url"]) == (
        "欠 3 个月，一并补交",
        several_url(member) + f"?branch={branch.code}",
    )
    context = signed_in.get(several_url(member)).context
    assert [(row["key"], row["ticked"]) for row in context["rows"]] == [
        ("2026-01", True),
        ("2026-02", True),
        ("2026-03", True),
    ]
    assert (context["count"], context["total"]) == (3, "60.00")


def test_several_months_are_paid_and_taken_back(signed_in, branch, member):
    body = several_body(brought_by="龚强", reason="外出务工")
    page = signed_in.post(several_url(member), body, follow=True)
    assert "已为 龚丽华 登记 3 个月，¥60.00" in page.content.decode()
    assert set(Payment.objects.values_list("amount", "paid_on", "brought_by")) == {
        (20, datetime.date(2026, 3, 10), "龚强")
    }
    page = signed_in.post(reverse("dues:undo"), follow=True)
    assert "已撤销 龚丽华 3 个月的党费" in page.content.decode()
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == 0


def test_the_same_months_sent_twice_are_paid_once(signed_in, member):
    signed_in.post(several_url(member), several_body())
    page = signed_in.post(several_url(member), several_body(), follow=True)
    assert "没有重复记账" in page.content.decode()
    assert Payment.objects.count() == 3


def test_nothing_typed_is_lost_when_months_are_refused(signed_in, member):
    factories.make_payment(member, JANUARY, "5.00")
    response = signed_in.post(several_url(member), several_body(brought_by="龚强"))
    text = response.content.decode()
    assert response.status_code == 200
    assert ("应缴已经变了" in text, 'value="龚强"' in text) == (True, True)
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("months", "more", "words"),
    [
        ((), {}, "请勾选要补交的月份"),
        (("2026-04",), {}, "党费不预收"),
        (("三月",), {}, "不是要补交的月份"),
        (("2026-03",), {"paid_on": "3.19"}, "在今天之后"),
        (("2026-03",), {"short-2026-03": "x"}, "应缴已经变了"),
    ],
)
def test_months_that_cannot_be_are_refused_in_words(signed_in, member, months, more, words):
    response = signed_in.post(several_url(member), several_body(months) | more)
    assert (response.status_code, words in response.content.decode()) == (200, True)
    assert not Payment.objects.exists()


def test_who_owes_nothing_is_told_so(signed_in, branch):
    assert "都交齐了" in signed_in.get(several_url(charged(branch, months=()))).content.decode()


# --- A further payment on the page of the entries -------------------------------------------


def further_body(amount="5", version="10.00", **more):
    body = {"act": "further", "further-amount": amount, "further-version": version}
    body |= {"further-paid_on": "3.9", "further-way": "transfer", "further-brought_by": "龚强"}
    return body | more


def test_a_further_payment_stands_beside_the_first(signed_in, branch, member):
    factories.make_payment(member, FEBRUARY, "10.00")
    page = signed_in.get(entries_url(member))
    assert page.context["further"]["amount"].value() == "10.00"
    assert signed_in.post(entries_url(member), further_body()).status_code == 302
    assert signed_in.post(entries_url(member), further_body()).status_code == 302
    entries = signed_in.get(entries_url(member)).context["entries"]
    assert [(entry["amount"], entry["way"], entry["brought_by"]) for entry in entries] == [
        ("10.00", "", ""),
        ("5.00", "转账", "龚强"),
    ]
    assert standing.balance(member, branch, FEBRUARY) == Decimal("15.00")


def test_a_further_payment_on_top_of_a_sum_not_seen_is_shown_first(signed_in, branch, member):
    factories.make_payment(member, FEBRUARY, "12.00")
    response = signed_in.post(entries_url(member), further_body())
    assert "已改成 12.00" in response.content.decode()
    body = further_body(version=response.context["further"]["version"].value())
    assert signed_in.post(entries_url(member), body).status_code == 302
    assert standing.balance(member, branch, FEBRUARY) == Decimal("17.00")


@pytest.mark.parametrize(
    ("amount", "more", "words"),
    [
        ("", {}, "请填金额"),
        ("0", {}, "大于 0"),
        ("5", {"further-paid_on": ""}, "请填交纳日期"),
        ("100", {}, "月标准"),
    ],
)
def test_a_further_payment_that_cannot_be_is_refused(signed_in, member, amount, more, words):
    factories.make_payment(member, FEBRUARY, "10.00")
    response = signed_in.post(entries_url(member), further_body(amount) | more)
    assert words in response.content.decode()
    assert Payment.objects.count() == 1


# --- Walls ----------------------------------------------------------------------------------


def pages(branch, member):
    code = f"?branch={branch.code}"
    cell = {"member": member.pk, "month": "2026-03", "amount": "20", "version": ""}
    entry = {"amount": "20", "version": "", "reason": "看看"}
    entries = reverse("dues:entries", args=[member.pk]) + code + "&month=2026-03"
    return {
        "ledger": ("get", LEDGER + code, {}),
        "cell": ("post", reverse("dues:cell") + code, cell),
        "grid": ("post", reverse("dues:grid") + code, {f"amount-{member.pk}-2026-03": "20"}),
        "fill": ("post", reverse("dues:fill") + code, {"month": "2026-03"}),
        "undo": ("post", reverse("dues:undo") + code, {}),
        "entries": ("get", entries, {}),
        "correction": ("post", entries, entry),
        "further": ("post", entries, further_body("20", "")),
        "booklet": (
            "post",
            reverse("dues:booklet") + code + "&focus=2026-03",
            {"booklet": f"{member.pk}:0"},
        ),
        "several": ("get", several_url(member) + code, {}),
        "pay": ("post", several_url(member) + code, several_body()),
    }


NAMES = [
    *("ledger", "cell", "grid", "fill", "undo", "entries", "correction", "further", "booklet"),
    *("several", "pay"),
]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_sent_to_the_login(client, branch, member, name):
    method, url, body = pages(branch, member)[name]
    response = client.generic(method, url) if method == "get" else client.post(url, body)
    assert response.status_code == 302
    assert reverse("login") in response["Location"]


@pytest.mark.parametrize("name", NAMES)
def test_the_neighbours_secretary_finds_nothing(client, committee, branch, member, name):
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    method, url, body = pages(branch, member)[name]
    response = client.get(url) if method == "get" else client.post(url, body)
    assert response.status_code == 404
    assert not Payment.objects.exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", ["inspector", "county_officer"])
def test_a_reader_looks_and_enters_nothing(client, committee, branch, member, name, role):
    client.force_login(factories.make_user(role, committee))
    method, url, body = pages(branch, member)[name]
    response = client.get(url) if method == "get" else client.post(url, body)
    assert response.status_code == (200 if name in ("ledger", "entries") else 403)
    assert not Payment.objects.exists()


def test_a_reader_gets_a_grid_without_inputs(client, committee, branch, member):
    client.force_login(factories.make_user("inspector", committee))
    response = client.get(LEDGER, {"branch": branch.code})
    assert response.context["read_only"] is True
    assert "data-cell" not in response.content.decode()
    assert "按标准缴清" not in response.content.decode()


@pytest.mark.parametrize(
    "query", ["year=²", "year=99999", "quarter=9", "quarter=²", "year=2999&quarter=4"]
)
def test_an_odd_address_is_no_fault_of_ours(signed_in, member, query):
    assert signed_in.get(f"/dues/?{query}").status_code == 200


@pytest.mark.parametrize("month", ["", "0001-01", "9999-12", "2026-13", "%00"])
def test_an_odd_month_is_no_fault_of_ours(signed_in, member, month):
    url = reverse("dues:entries", args=[member.pk]) + f"?month={month}"
    assert signed_in.get(url).status_code in (200, 404)
    assert save(signed_in, member, "20", month=month).status_code == 400


def test_a_key_out_of_range_is_no_fault_of_ours(signed_in, member):
    body = {"member": "9" * 30, "month": "2026-03", "amount": "20", "version": ""}
    assert signed_in.post(reverse("dues:cell"), body, **JSON).status_code == 400
