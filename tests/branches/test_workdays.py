from datetime import date

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Changed, Workday
from branches.workdays import (
    WorkdayFault,
    add_working_days,
    calendar_of,
    set_days,
    working_days_between,
)
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("first", "count", "last"),
    [
        # Monday to Friday, the first day counted in.
        (date(2026, 3, 16), 5, date(2026, 3, 20)),
        (date(2026, 3, 16), 1, date(2026, 3, 16)),
        # Over a weekend, and begun on one.
        (date(2026, 3, 19), 5, date(2026, 3, 25)),
        (date(2026, 3, 21), 5, date(2026, 3, 27)),
        # 4 to 6 April 2026 are free, the 6th being a Monday.
        (date(2026, 4, 1), 5, date(2026, 4, 8)),
        # The make-up Saturdays of 9 May and 14 February count.
        (date(2026, 5, 6), 4, date(2026, 5, 9)),
        (date(2026, 2, 12), 5, date(2026, 2, 25)),
        # Over the turn of the year, the table ending with 2026.
        (date(2026, 12, 30), 5, date(2027, 1, 5)),
    ],
)
def test_working_days_count_the_first_day_in(first, count, last):
    assert add_working_days(first, count) == last
    assert calendar_of(first, last).end_of(first, count) == last
    assert working_days_between(first, last) == count


def test_an_earlier_last_day_leaves_no_working_day():
    assert working_days_between(date(2026, 3, 20), date(2026, 3, 19)) == 0


def test_a_holiday_alone_has_no_working_day():
    assert working_days_between(date(2026, 10, 1), date(2026, 10, 7)) == 0
    # The make-up Saturday before the next full week.
    assert working_days_between(date(2026, 10, 1), date(2026, 10, 10)) == 3


def test_less_than_a_day_cannot_be_counted():
    with pytest.raises(ValueError):
        add_working_days(date(2026, 3, 16), 0)


def test_what_touches_a_year_without_rows_is_provisional():
    calendar = calendar_of(date(2026, 12, 1), date(2027, 1, 31))
    assert not calendar.is_provisional(date(2026, 12, 1), date(2026, 12, 31))
    assert calendar.is_provisional(date(2026, 12, 30), date(2027, 1, 5))
    assert calendar.is_provisional(date(2025, 12, 30), date(2026, 1, 5))
    Workday.objects.create(day=date(2027, 1, 1), is_workday=False, note="元旦")
    assert not calendar_of(date(2026, 12, 30), date(2027, 1, 5)).is_provisional(
        date(2026, 12, 30), date(2027, 1, 5)
    )


def test_a_calendar_is_one_query():
    assert count_of(lambda: calendar_of(date(2026, 3, 1), date(2026, 9, 30))) == 1


# --- Setting days ---------------------------------------------------------------------------


def test_a_holiday_of_several_days_is_said_at_once():
    county = factories.make_county()
    branch = factories.make_branch(factories.make_committee(county))
    officer = factories.make_user("county_officer", county)
    first, last = date(2027, 2, 6), date(2027, 2, 12)
    rows = set_days(first=first, last=last, is_workday=False, note="春节", by=officer)
    assert [row.day for row in rows] == [date(2027, 2, day) for day in range(6, 13)]
    assert working_days_between(first, last) == 0
    line = TrailLine.objects.get(area="workdays")
    assert (line.action, line.label, line.by) == (
        "工作日历",
        "2027年2月6日—12日",
        officer,
    )
    assert (line.before, line.after, line.reason) == ({}, {"改为": "放假"}, "春节")
    notes = set(Changed.objects.values_list("organisation_id", "area", "from_on", "to_on"))
    assert (branch.pk, "values", first, last) in notes


def test_a_day_said_again_takes_the_place_of_what_was_said():
    officer = factories.make_user("county_officer", factories.make_county())
    day = date(2026, 1, 4)
    set_days(first=day, last=day, is_workday=False, note="临时放假", by=officer)
    assert Workday.objects.get(day=day).is_workday is False
    assert TrailLine.objects.get(area="workdays").before == {"2026年1月4日": "上班"}


@pytest.mark.parametrize(
    ("first", "last", "note", "said"),
    [
        (date(2027, 2, 12), date(2027, 2, 6), "春节", "最后一天早于第一天"),
        (date(2027, 1, 6), date(2027, 2, 6), "春节", "一次最多填 31 天"),
        (date(2027, 2, 6), date(2027, 2, 6), " ", "请写明是哪个节日"),
    ],
)
def test_days_that_cannot_be_are_refused(first, last, note, said):
    with pytest.raises(WorkdayFault, match=said):
        set_days(first=first, last=last, is_workday=False, note=note, by=None)
    assert not TrailLine.objects.filter(area="workdays").exists()


# --- The admin page -------------------------------------------------------------------------


@pytest.fixture
def officer(client):
    officer = factories.make_user("county_officer", factories.make_county())
    client.force_login(officer)
    return officer


def test_the_county_enters_the_days_of_a_new_year(client, officer):
    url = reverse("admin:branches_workday_add")
    response = client.post(url, {"day": "2027-10-01", "last_on": "2027-10-07", "note": "国庆节"})
    assert response.status_code == 302
    assert Workday.objects.filter(day__year=2027, is_workday=False).count() == 7


def test_the_county_corrects_a_day(client, officer):
    row = Workday.objects.get(day=date(2026, 10, 10))
    url = reverse("admin:branches_workday_change", args=[row.pk])
    assert client.post(url, {"note": "通知改了"}).status_code == 302
    row.refresh_from_db()
    assert (row.is_workday, row.note) == (False, "通知改了")


def test_a_slip_in_the_last_day_keeps_what_was_typed(client, officer):
    url = reverse("admin:branches_workday_add")
    response = client.post(url, {"day": "2027-10-01", "last_on": "2026-10-07", "note": "国庆节"})
    assert response.status_code == 200
    assert "最后一天早于第一天" in response.content.decode()
    assert "国庆节" in response.content.decode()


@pytest.mark.parametrize("role", ["secretary", "committee_officer", "inspector"])
def test_nobody_else_reaches_the_calendar(client, role):
    branch = factories.make_branch()
    organisation = branch if role == "secretary" else branch.parent
    client.force_login(factories.make_user(role, organisation))
    assert client.get(reverse("admin:branches_workday_changelist")).status_code in (302, 403)
    url = reverse("admin:branches_workday_add")
    assert client.post(url, {"day": "2027-01-01", "note": "元旦"}).status_code in (302, 403)
    assert not Workday.objects.filter(day__year=2027).exists()
