import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse

from dues import standing
from dues.models import Payment
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
    assert [row["short_text"] for row in rows] == ["50.00", "10.00"]
    one = count_of(lambda: client.get(LEDGER))
    factories.make_branch(committee)
    assert count_of(lambda: client.get(LEDGER)) == one


# --- One cell -------------------------------------------------------------------------------


def test_a_cell_saves_itself_and_answers_with_all_totals(signed_in, branch, member):
    answer = save(signed_in, member, "１５。０")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["value"], body["version"], body["note"]) == ("15.00", "15.00", "少 5.00")
    assert body["row"] == {"subtotal": "15.00"}
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
        ("-5", "2026-03", "大于 0"),
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
    }


NAMES = ["ledger", "cell", "grid", "fill", "undo", "entries", "correction"]


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
