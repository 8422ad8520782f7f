"""A plan issued by two people at one moment, and to many branches."""

import datetime

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from tasks.models import Task, TaskEvent
from tasks.services.campaigns import create_from_template
from tasks.services.issuing import issue
from tests import factories
from tests.threads import at_once

DAY = datetime.date(2026, 3, 18)


@pytest.mark.django_db(transaction=True)
def test_two_who_issue_at_once_make_each_task_once():
    county = factories.make_county()
    for _ in range(3):
        factories.make_branch(factories.make_committee(county))
    users = [factories.make_user(Role.COUNTY_OFFICER, county) for _ in range(2)]
    campaign = create_from_template(
        organisation=county, template="plan3", year=2026, by=users[0], on=DAY
    )
    results = at_once(
        *[lambda user=user: issue(campaign, by=user, on=DAY, leave_past=True) for user in users]
    )
    assert sorted(type(one).__name__ for one in results) == ["Refused", "list"]
    # 9 measures for each of three branches, and one still due for the county itself.
    assert Task.objects.count() == 28
    assert TaskEvent.objects.count() == 28
    assert TrailLine.objects.filter(action="印发方案").count() == 1


@pytest.mark.django_db
def test_issuing_asks_no_more_for_many_branches_than_for_few(django_assert_max_num_queries):
    county = factories.make_county()
    few, many = factories.make_committee(county), factories.make_committee(county)
    for town, count in ((few, 2), (many, 20)):
        for _ in range(count):
            factories.make_branch(town)

    def issue_for(town):
        campaign = create_from_template(
            organisation=town, template="plan3", year=2026, by=None, on=DAY
        )
        with django_assert_max_num_queries(35):
            return issue(campaign, by=None, on=DAY, leave_past=True)

    assert len(issue_for(few)) == 19
    assert len(issue_for(many)) == 181
