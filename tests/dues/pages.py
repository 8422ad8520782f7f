"""What the tests of the dues pages share: a charged member, addresses and bodies of forms."""

import datetime

from django.urls import reverse

from tests import factories

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
TODAY = datetime.date(2026, 3, 18)
JSON = {"headers": {"accept": "application/json"}}
LEDGER = "/dues/"


def charged(branch, name=None, amount="20.00", months=(JANUARY, FEBRUARY, MARCH)):
    member = factories.make_member(branch, name)
    factories.make_approved_amount(member, amount)
    for month in months:
        factories.make_charge(member, month, amount)
    return member


def save(client, member, amount, version="", month="2026-03", **more):
    body = {"member": member.pk, "month": month, "amount": amount, "version": version} | more
    return client.post(reverse("dues:cell"), body, **JSON)


def entries_url(member, month="2026-02"):
    return reverse("dues:entries", args=[member.pk]) + f"?month={month}"


def further_body(amount="5", version="10.00", **more):
    body = {"act": "further", "further-amount": amount, "further-version": version}
    body |= {"further-paid_on": "3.9", "further-way": "transfer", "further-brought_by": "龚强"}
    return body | more


def several_url(member):
    return reverse("dues:several", args=[member.pk])


def several_body(months=("2026-01", "2026-02", "2026-03"), **more):
    shorts = {f"short-{month}": "20.00" for month in months}
    return {"months": list(months), "paid_on": "3.10", "way": "cash"} | shorts | more
