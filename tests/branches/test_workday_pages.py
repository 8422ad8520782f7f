"""The page 工作日历: everybody looks, the county edits."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Changed, Workday
from branches.published_days import published_days
from branches.workdays import (
    WorkdayFault,
    copy_published,
    differences,
    remove_days,
    set_days,
    set_stretches,
    working_days_between,
    year_of,
)
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

PAGE = reverse("branches:workdays")
NATIONAL = date(2026, 10, 1), date(2026, 10, 7)
# How the page of it says what it showed.
SHOWN = "20261001-20261007 False 国庆节"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(date(2026, 11, 22), tick=False):
        yield


@pytest.fixture(autouse=True)
def table_of_2026(db):
    """The notice of one year, whatever else an installation begins with."""
    Workday.objects.all().delete()
    Workday.objects.bulk_create(
        Workday(day=day, is_workday=worked, note=note) for day, worked, note in published_days(2026)
    )


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(factories.make_county()))


@pytest.fixture
def officer(client, branch):
    officer = factories.make_user("county_officer", branch.parent.parent)
    client.force_login(officer)
    return officer


def text(response):
    return response.content.decode()


def at(day):
    return reverse("branches:workday", args=[Workday.objects.get(day=day).pk])


# --- Services -------------------------------------------------------------------------------


def test_a_year_is_told_by_its_stretches():
    told = [(one.first, one.last, one.is_workday, one.note) for one in year_of(2026)]
    assert told[0] == (date(2026, 1, 1), date(2026, 1, 3), False, "元旦")
    assert told[1] == (date(2026, 1, 4), date(2026, 1, 4), True, "调休上班")
    assert (*NATIONAL, False, "国庆节") in told
    assert sum(one.days for one in year_of(2026)) == 39


def test_days_taken_out_follow_the_week_again(branch):
    officer = factories.make_user("county_officer", branch.parent.parent)
    assert remove_days(first=NATIONAL[0], last=NATIONAL[1], reason="录错了", by=officer) == 7
    assert working_days_between(*NATIONAL) == 5
    line = TrailLine.objects.get(action="移除工作日历")
    assert (line.label, line.reason, line.after) == (
        "2026年10月1日—7日",
        "录错了",
        {"改为": "按星期"},
    )
    assert line.before["2026年10月1日"] == "放假"
    assert Changed.objects.filter(
        organisation=branch, area="values", from_on=NATIONAL[0], to_on=NATIONAL[1]
    ).exists()


def test_a_removal_without_reason_or_without_days_is_refused():
    with pytest.raises(WorkdayFault, match="请写明为什么移除"):
        remove_days(first=NATIONAL[0], last=NATIONAL[1], reason=" ", by=None)
    with pytest.raises(WorkdayFault, match="已经没有这几天"):
        remove_days(first=date(2026, 7, 1), last=date(2026, 7, 2), reason="录错", by=None)
    assert Workday.objects.count() == 39
    assert not TrailLine.objects.exists()


def test_a_shortened_stretch_lets_go_of_the_days_it_lost():
    set_stretches(
        stretches=[(date(2026, 10, 1), date(2026, 10, 5))],
        is_workday=False,
        note="国庆节",
        by=None,
        instead_of=NATIONAL,
    )
    assert not Workday.objects.filter(day__in=[date(2026, 10, 6), date(2026, 10, 7)]).exists()
    after = TrailLine.objects.get().after
    assert after == {"改为": "放假", "2026年10月6日": "移除", "2026年10月7日": "移除"}


def test_a_known_notice_fills_an_empty_year_and_nothing_twice(branch):
    assert copy_published(year=2025, by=None) == 33
    assert Workday.objects.get(day=date(2025, 1, 26)).is_workday
    assert differences(2025) == []
    line = TrailLine.objects.get()
    assert (line.label, line.after["2025年1月1日"]) == ("2025年放假通知", "放假 元旦")
    with pytest.raises(WorkdayFault, match="与通知一致"):
        copy_published(year=2025, by=None)
    with pytest.raises(WorkdayFault, match="还没有 2099 年的放假通知"):
        copy_published(year=2099, by=None)
    assert TrailLine.objects.count() == 1


def test_the_notice_mends_what_differs_and_leaves_what_is_the_countys_own():
    own = date(2026, 7, 8)
    set_days(first=own, last=own, is_workday=False, note="本县停电", by=None)
    Workday.objects.filter(day=date(2026, 10, 10)).delete()
    Workday.objects.filter(day=date(2026, 1, 4)).update(is_workday=False)
    found = [(one.day, one.before and one.before.is_workday) for one in differences(2026)]
    assert found == [(date(2026, 1, 4), False), (date(2026, 10, 10), None)]
    assert copy_published(year=2026, by=None) == 2
    assert Workday.objects.get(day=own).note == "本县停电"


# --- Pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["secretary", "committee_officer", "inspector"])
def test_everybody_looks_and_only_the_county_changes(client, branch, role):
    place = branch if role == "secretary" else branch.parent
    client.force_login(factories.make_user(role, place))
    page = text(client.get(PAGE))
    assert "10月1日—7日" in page
    assert "保存日期" not in page
    assert "编辑" not in page
    given = {"days": "7月8日", "is_workday": "off", "note": "停电"}
    for url in (PAGE, at(NATIONAL[0]), reverse("branches:workday_copy") + "?year=2025"):
        assert client.post(url, given).status_code == 403
    assert client.get(at(NATIONAL[0])).status_code == 403
    assert Workday.objects.count() == 39
    assert not TrailLine.objects.exists()


def test_who_may_look_at_nothing_is_turned_away(client, branch):
    client.force_login(factories.make_user("system_admin", branch.parent.parent))
    assert client.get(PAGE).status_code == 403
    client.logout()
    assert client.get(PAGE).status_code == 302


def test_a_year_without_days_is_called_provisional(client, officer):
    page = text(client.get(PAGE + "?year=2027"))
    assert "2027 年的放假安排还没有录入" in page
    assert "2027年（暂定）" in page
    assert "按通知填入" not in page
    assert "2027 年的放假安排还没有录入" in text(client.get(PAGE))
    set_days(first=date(2027, 1, 1), last=date(2027, 1, 3), is_workday=False, note="元旦", by=None)
    page = text(client.get(PAGE + "?year=2027"))
    assert "还没有录入" not in page
    assert "1月1日—3日" in page


def test_the_county_adds_a_stretch_as_the_notice_words_it(client, officer):
    given = {
        "days": "2月6日（周六）至12日（周五）放假调休，共7天",
        "is_workday": "off",
        "note": "春节",
    }
    response = client.post(PAGE + "?year=2027", given)
    assert response.url == PAGE + "?year=2027"
    assert Workday.objects.filter(day__year=2027, is_workday=False, note="春节").count() == 7
    assert TrailLine.objects.get().by == officer


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": "2月12日至6日"}, "最后一天早于第一天"),
        ({"days": "2029年2月6日"}, "2029 年的通知还没有发布"),
        ({"days": "—"}, "读不出日期"),
        ({"days": "、"}, "请填日期"),
        ({"note": ""}, "请写明是哪个节日"),
        ({"is_workday": ""}, "请选放假还是上班"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_kept(client, officer, wrong, said):
    given = {"days": "2月6日至12日", "is_workday": "off", "note": "春节假期"} | wrong
    response = client.post(PAGE + "?year=2027", given)
    assert response.status_code == 200
    assert said in text(response)
    assert given["note"] in text(response)
    assert not Workday.objects.filter(day__year__gt=2026).exists()


def test_the_county_edits_a_stretch(client, officer):
    page = text(client.get(at(date(2026, 10, 3))))
    assert "2026年10月1日—7日" in page
    given = {"days": "10月1日至8日", "is_workday": "off", "note": "国庆节、中秋节"}
    response = client.post(at(NATIONAL[0]), given | {"step": "save", "shown": SHOWN})
    assert response.url == PAGE + "?year=2026"
    rows = Workday.objects.filter(note="国庆节、中秋节").values_list("day", flat=True)
    assert list(rows) == [date(2026, 10, day) for day in range(1, 9)]


def test_the_county_takes_a_stretch_out_with_a_reason(client, officer):
    url = at(NATIONAL[0])
    response = client.post(url, {"step": "remove", "remove-reason": "", "shown": SHOWN})
    assert "请写明为什么移除" in text(response)
    given = {"step": "remove", "remove-reason": "录错了", "shown": SHOWN}
    assert client.post(url, given).status_code == 302
    assert not Workday.objects.filter(day__gte=NATIONAL[0], day__lte=NATIONAL[1]).exists()
    assert client.get(url).status_code == 404


def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_changed_again(client, officer):
    url = at(NATIONAL[0])
    assert f'name="shown" value="{SHOWN}"' in text(client.get(url))
    added = date(2026, 10, 8)
    set_days(first=added, last=added, is_workday=False, note="国庆节", by=None)
    for given in (
        {"step": "remove", "remove-reason": "录错了"},
        {"step": "save", "days": "10月1日至6日", "is_workday": "off", "note": "国庆假期"},
    ):
        page = text(client.post(url, given | {"shown": SHOWN}))
        assert "这几天刚被别人改过" in page
        assert "2026年10月1日—8日" in page
        assert given.get("note", "录错了") in page
        assert Workday.objects.filter(note="国庆节", day__gte=NATIONAL[0]).count() == 8
    again = SHOWN.replace("1007", "1008")
    assert client.post(url, given | {"shown": again}).status_code == 302
    assert Workday.objects.filter(note="国庆假期").count() == 6
    assert not Workday.objects.filter(day=added).exists()


def test_the_notice_is_shown_day_by_day_before_it_is_put_in(client, officer):
    url = reverse("branches:workday_copy") + "?year=2026"
    assert client.get(url).status_code == 302
    Workday.objects.filter(day=date(2026, 10, 10)).update(is_workday=False, note="国庆节")
    page = text(client.get(url))
    assert "放假 国庆节" in page
    assert "上班 调休上班" in page
    assert "有 1 天与国务院办公厅" in text(client.get(PAGE))
    assert client.post(url).url == PAGE + "?year=2026"
    assert Workday.objects.get(day=date(2026, 10, 10)).is_workday


def test_the_page_asks_the_same_queries_for_one_stretch_as_for_many(client, officer):
    Workday.objects.exclude(day=date(2026, 1, 1)).delete()
    one = count_of(lambda: client.get(PAGE))
    copy_published(year=2026, by=None)
    assert count_of(lambda: client.get(PAGE)) == one
