"""Two people with one request at one moment, on real connections."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.roles import Role
from dues.models import Charge, ChargeChange, DuesRequest
from dues.services.requests import ask, decide
from tests import factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 3, 18)
MARCH = date(2026, 3, 1)


@pytest.fixture
def member():
    member = factories.make_member(factories.make_branch())
    factories.make_approved_amount(member, "20.00")
    factories.make_charge(member, MARCH)
    return member


def test_of_two_who_decide_the_second_is_told_and_the_charge_changes_once(member):
    request = factories.make_dues_request(
        member, from_month=MARCH, until_month=date(2026, 6, 1), asked_on=TODAY
    )
    committee = member.organisation.parent
    officers = [factories.make_user(Role.COMMITTEE_OFFICER, committee) for _ in range(2)]

    def approve(officer):
        return lambda: decide(request=request, approved=True, on=TODAY, by=officer, today=TODAY)

    results = at_once(*map(approve, officers))
    assert sorted(type(result).__name__ for result in results) == ["DuesRequest", "Refused"]
    assert Charge.objects.get().amount == Decimal("0.00")
    assert ChargeChange.objects.count() == 1


def test_of_two_who_ask_for_the_same_months_one_is_told(member):
    def asking():
        return ask(
            member=member,
            organisation=member.organisation,
            kind="exemption",
            from_month=MARCH,
            until_month=date(2026, 6, 1),
            reason="家庭困难，支部已研究",
            by=None,
            today=TODAY,
        )

    results = at_once(asking, asking)
    assert sorted(type(result).__name__ for result in results) == ["DuesRequest", "Refused"]
    assert DuesRequest.objects.count() == 1
