"""Who may open and send the pages of the month entry, and odd addresses."""

import pytest
from django.urls import reverse

from dues.models import Payment
from tests import factories
from tests.dues.pages import (
    JSON,
    LEDGER,
    TODAY,
    charged,
    further_body,
    save,
    several_body,
    several_url,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def member(branch):
    return charged(branch, "龚丽华")


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
    assert signed_in.get(url).status_code == 404
    assert save(signed_in, member, "20", month=month).status_code == 400


def test_a_key_out_of_range_is_no_fault_of_ours(signed_in, member):
    body = {"member": "9" * 30, "month": "2026-03", "amount": "20", "version": ""}
    assert signed_in.post(reverse("dues:cell"), body, **JSON).status_code == 400
