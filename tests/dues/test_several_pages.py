"""Several months of one member at once."""

import datetime

import pytest
from django.db.models import Sum
from django.urls import reverse

from dues.models import Payment
from tests import factories
from tests.dues.pages import (
    JANUARY,
    LEDGER,
    TODAY,
    charged,
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


# --- Several months -------------------------------------------------------------------------


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
