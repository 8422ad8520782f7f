"""A county with one committee and one branch, for tests of tasks that need no other."""

import pytest

from tests import factories


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def committee(county):
    return factories.make_committee(county)


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")
