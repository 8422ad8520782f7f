"""The month on screen: the grid, one cell, the rest by standard."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse

from dues import standing
from dues.models import Payment
from tests import factories
from tests.dues.pages import (
    JANUARY,
    JSON,
    LEDGER,
    MARCH,
    TODAY,
    charged,
    save,
)
from tests.queries import count_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def member(branch):
    return charged(branch, "龚丽华")


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


def test_one_members_surplus_does_not_make_the_quarter_complete(signed_in, branch, settings):
    first, second = factories.make_members(branch, 2)
    month = datetime.date(2025, 2, 1)
    for member, paid in ((first, "30.00"), (second, "10.00")):
        factories.make_charge(member, month)
        factories.make_payment(member, month, paid)
    settings.TODAY_OVERRIDE = datetime.date(2025, 4, 10)
    card = signed_in.get(LEDGER, {"quarter": 1}).context["quarters"][0]
    assert (card["words"], card["text"]) == ("未收齐", "应缴 ¥40.00，4月10日前上缴")


def test_quarters_tell_how_they_stand(signed_in, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2025, 12, 18)
    member = factories.make_member(branch)
    for number in (1, 2, 3):
        month = datetime.date(2025, number, 1)
        factories.make_charge(member, month)
        factories.make_payment(member, month)
    factories.make_charge(member, datetime.date(2025, 4, 1))
    cards = signed_in.get(LEDGER, {"year": 2025}).context["quarters"]
    assert [(card["words"], card["kind"]) for card in cards] == [
        ("逾期未报", "late"),
        ("逾期未报", "late"),
        ("没有党费", "todo"),
        ("没有党费", "todo"),
    ]
    assert [card["text"] for card in cards] == [
        "应缴 ¥60.00，4月10日前上缴，逾期 252 天",
        "应缴 ¥20.00，7月10日前上缴，逾期 161 天",
        "没有应缴和实缴，不用上缴",
        "10月—12月，1月10日前上缴",
    ]


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


def test_a_cell_cleared_of_two_sums_is_empty_and_typed_again(signed_in, member):
    # SQLite adds 5.10 and 5.30, both taken back, to -8.88E-16.
    save(signed_in, member, "5.10")
    Payment.objects.update(paid_on=datetime.date(2026, 3, 2))
    assert save(signed_in, member, "10.40", "5.10").json()["said"].endswith("共 10.40")
    assert save(signed_in, member, "", "10.40").json()["version"] == ""
    answer = save(signed_in, member, "5.10")
    assert (answer.status_code, answer.json()["version"]) == (200, "5.10")
    assert signed_in.get(LEDGER).context["totals"]["2026-03"] == "5.10"


def test_what_was_paid_at_another_branch_settles_the_month_too(signed_in, committee, branch):
    member = charged(branch, months=(MARCH,))
    other = factories.make_branch(committee)
    factories.make_payment(member, MARCH, "10.00")
    Payment.objects.update(organisation=other)
    (row,) = signed_in.get(LEDGER).context["rows"]
    cell = row["cells"][2]
    assert (cell["value"], cell["note"], row["paid"]) == ("", "少 10.00", False)
    assert signed_in.get(LEDGER).context["totals"]["unpaid"] == "10.00"
    answer = save(signed_in, member, "10.00").json()
    assert (answer["value"], answer["note"]) == ("10.00", "")
    totals = signed_in.get(LEDGER).context["totals"]
    assert (totals["unpaid"], totals["paid"], totals["unpaid_count"]) == ("0.00", "10.00", "0")


def test_arrears_brought_along_are_offered_until_they_are_paid_back(signed_in, branch):
    member = charged(branch, months=(MARCH,))
    factories.make_payment(member, MARCH)
    december = datetime.date(2025, 12, 1)
    factories.make_opening(member, december, "10.40")
    assert signed_in.get(LEDGER).context["rows"][0]["several"] == "补交"
    assert signed_in.get(LEDGER).context["rows"][0]["several_url"]
    for amount in ("5.10", "5.30"):
        factories.make_payment(member, december, amount)
    assert signed_in.get(LEDGER).context["rows"][0]["several_url"] == ""


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
    assert undone["message"] == "已撤销，2 人恢复为未交"
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
