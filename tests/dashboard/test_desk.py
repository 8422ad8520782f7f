import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.changes import note_change
from branches.periods import Span, period_of
from compliance.models import Duty
from compliance.services import run_night
from meetings.enums import Type
from members.enums import TransferState
from members.models import Transfer
from tests.factories import (
    make_branch,
    make_charge,
    make_committee,
    make_county,
    make_group,
    make_meeting,
    make_member,
    make_members,
    make_payment,
    make_post,
    make_remittance,
    make_task,
    make_term,
    make_transfer,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = make_branch(make_committee(make_county()))
    make_post(branch, member=make_members(branch, 8)[0])
    # The county's records begin with its first meeting.
    make_meeting(branch, datetime.date(2026, 1, 5), (Type.THEME_DAY,))
    return branch


@pytest.fixture
def secretary(client, branch):
    user = make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def open_desk(client, **query):
    response = client.get(reverse("desk"), query)
    assert response.status_code == 200
    return response


def titles(response):
    return [item.title for item in response.context["items"]]


def test_a_desk_is_right_before_any_night_has_run(client, branch, secretary):
    assert "召开 3月支部委员会" in titles(open_desk(client))


def test_a_branch_where_nothing_is_due_still_has_a_desk(client):
    empty = make_branch(founded_on=datetime.date(2026, 3, 10))
    client.force_login(make_user(Role.SECRETARY, empty))
    run_night(TODAY)
    assert all("党员大会" not in title for title in titles(open_desk(client)))


def test_a_missed_month_stands_first_and_late(client, branch, secretary):
    run_night(TODAY)
    first = open_desk(client).context["items"][0]
    assert first.kind == "late"
    assert first.action["label"] in {"登记会议", "录入党费"}


def test_missed_months_of_one_rule_share_a_line(client, branch, secretary):
    run_night(TODAY)
    late = [
        item
        for item in open_desk(client).context["items"]
        if item.kind == "late" and "召开" in item.title and "支部委员会" in item.title
    ]
    assert len(late) == 1
    assert "1月" in late[0].title and "2月" in late[0].title


def test_a_meeting_saved_meanwhile_is_seen_at_once(client, branch, secretary):
    run_night(TODAY)
    assert "召开 3月支部委员会" in titles(open_desk(client))
    make_meeting(branch, TODAY, (Type.COMMITTEE,))
    note_change(branch.pk, "meetings", TODAY)
    assert "召开 3月支部委员会" not in titles(open_desk(client))
    assert Duty.objects.get(rule="meetings.committee", period="2026-03").met_on == TODAY


def test_dues_say_who_and_how_much_is_missing(client, branch, secretary):
    month = datetime.date(2026, 3, 1)
    members = list(branch.members.all())
    for member in members:
        make_charge(member, month, "18.70")
    make_payment(members[0], month, "18.70")
    make_payment(members[1], month, "10.00")
    run_night(TODAY)
    (item,) = [item for item in open_desk(client).context["items"] if "3月党费" in item.title]
    assert item.status == "已收 1/8"
    # Seven have not paid in full; what one has paid in part is not owed again.
    assert item.basis == "还差 7 人，合计 ¥120.90"


def test_a_task_past_its_day_is_late_without_any_job(client, branch, secretary):
    make_task(branch, "活动室制度上墙", due_on=datetime.date(2026, 3, 16))
    (item,) = [item for item in open_desk(client).context["items"] if "活动室" in item.title]
    assert (item.kind, item.status) == ("late", "逾期 2 天")


def test_a_task_due_today_is_not_late(client, branch, secretary):
    make_task(branch, "活动室制度上墙", due_on=TODAY)
    (item,) = [item for item in open_desk(client).context["items"] if "活动室" in item.title]
    assert (item.kind, item.status) == ("soon", "今天到期")


def test_chips_filter_by_the_address(client, branch, secretary):
    make_task(branch, due_on=datetime.date(2026, 3, 16))
    make_task(branch, due_on=datetime.date(2026, 3, 20))
    make_task(branch, due_on=datetime.date(2026, 3, 30))

    def tasks(show):
        return sum("整改" in title for title in titles(open_desk(client, show=show)))

    assert [tasks(show) for show in ("", "late", "soon", "other")] == [3, 1, 1, 1]


def test_next_month_lists_what_will_be_due(client, branch, secretary):
    run_night(TODAY)
    coming = titles(open_desk(client, month="next"))
    assert "召开 4月支部委员会" in coming
    # The quarter of April ends in June.
    assert not [title for title in coming if "二季度" in title]


def test_december_looks_into_the_next_year(client, branch, secretary):
    with override_settings(TODAY_OVERRIDE=datetime.date(2026, 12, 31)):
        run_night(datetime.date(2026, 12, 31))
        coming = open_desk(client, month="next").context["items"]
    assert {item.due_on for item in coming} == {datetime.date(2027, 1, 31)}


def test_queries_do_not_grow_with_members_and_meetings(
    client, branch, secretary, django_assert_max_num_queries
):
    make_meeting(branch, datetime.date(2026, 3, 16), (Type.LECTURE,))
    run_night(TODAY)
    open_desk(client)
    with django_assert_max_num_queries(37) as few:
        open_desk(client)
    for day in range(1, 16):
        make_meeting(branch, datetime.date(2026, 3, day), (Type.THEME_DAY,))
    make_members(branch, 50)
    run_night(TODAY)
    with django_assert_max_num_queries(len(few)):
        open_desk(client)


def test_the_neighbour_sees_nothing(client, branch, secretary):
    neighbour = make_branch()
    assert client.get(reverse("desk"), {"branch": neighbour.code}).status_code == 404


def test_the_running_month_is_named_in_words():
    assert period_of(Span.MONTH, TODAY).label == "2026年3月"


def test_somebody_on_the_way_here_stands_on_the_desk_until_received(client, branch, secretary):
    member = make_member(make_branch(branch.parent), "许文桥")
    make_transfer(member, to=branch, letter_on=datetime.date(2026, 3, 1), valid_days=20)
    (item,) = [item for item in open_desk(client).context["items"] if "许文桥" in item.title]
    assert (item.kind, item.status) == ("soon", "有效期还剩 3 天")
    Transfer.objects.update(state=TransferState.RECEIVED)
    assert "接收许文桥的组织关系" not in titles(open_desk(client))


def test_what_the_superior_owes_stands_as_waiting_without_a_button(client, branch, secretary):
    make_term(branch, starts_on=datetime.date(2023, 6, 1), ends_on=datetime.date(2026, 6, 1))
    run_night(TODAY)
    (item,) = [item for item in open_desk(client).context["items"] if item.kind == "wait"]
    assert (item.status, item.action) == ("等上级办理", None)


def test_conditions_in_order_are_folded_and_problems_are_not(client, branch, secretary):
    run_night(TODAY)
    context = open_desk(client).context
    assert {light["kind"] for light in context["in_order"]} == {"done"}
    assert "党支部人数下限" in {light["name"] for light in context["in_order"]}
    assert "支部委员会" in {light["name"] for light in context["duties"]}


def test_remitting_a_quarter_is_listed_from_its_last_month_on(client, branch, secretary):
    make_charge(branch.members.first(), datetime.date(2026, 1, 1))
    february = datetime.date(2026, 2, 28)
    with override_settings(TODAY_OVERRIDE=february):
        run_night(february)
        assert not [title for title in titles(open_desk(client)) if "上缴" in title]
    run_night(TODAY)
    (item,) = [item for item in open_desk(client).context["items"] if "上缴" in item.title]
    assert (item.kind, item.title, item.due_text) == ("todo", "登记一季度党费上缴", "4月10日")
    assert item.action["label"] == "登记上缴"
    assert client.get(item.action["url"]).context["quarter_text"] == "2026年一季度"


def test_what_was_remitted_waits_for_the_superior_even_past_its_day(client, branch, secretary):
    make_charge(branch.members.first(), datetime.date(2026, 1, 1))
    make_remittance(branch, datetime.date(2026, 1, 1), remitted_on=datetime.date(2026, 4, 9))
    may = datetime.date(2026, 5, 6)
    with override_settings(TODAY_OVERRIDE=may):
        run_night(may)
        (item,) = [item for item in open_desk(client).context["items"] if "上缴" in item.title]
    assert (item.kind, item.status, item.bin) == ("wait", "等上级确认", "other")
    assert item.action["label"] == "查看"


def test_advice_that_was_not_followed_shares_a_line(client, branch, secretary):
    make_group(branch, "第一党小组")
    run_night(TODAY)
    (missed,) = [
        item
        for item in open_desk(client).context["items"]
        if "党小组会" in item.title and item.due_on < TODAY
    ]
    assert (missed.kind, missed.due_label) == ("soon", "应于")
    assert missed.title == "召开 1月、2月党小组会"


def test_the_years_life_meeting_is_listed_from_december_until_march(client, branch, secretary):
    seen = []
    for day in ((2026, 11, 30), (2026, 12, 1), (2027, 1, 15)):
        today = datetime.date(*day)
        with override_settings(TODAY_OVERRIDE=today):
            run_night(today)
            seen.append([title for title in titles(open_desk(client)) if "组织生活会" in title])
    assert seen == [[], ["召开 2026年组织生活会"], ["召开 2026年组织生活会"]]
