"""A branch below a committee, its secretary and a member with an approved amount."""

import pytest

from tests import factories


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
    member = factories.make_member(branch, "龚丽华")
    factories.make_approved_amount(member, "20.00")
    return member
