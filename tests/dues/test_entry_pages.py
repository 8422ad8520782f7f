"""One member and month: corrections and further payments."""

from decimal import Decimal

import pytest

from dues import standing
from dues.models import Payment
from tests import factories
from tests.dues.pages import (
    FEBRUARY,
    LEDGER,
    TODAY,
    charged,
    entries_url,
    further_body,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def member(branch):
    return charged(branch, "龚丽华")


# --- Corrections ----------------------------------------------------------------------------


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


# --- A further payment on the page of the entries -------------------------------------------


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
