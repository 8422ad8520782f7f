"""催办所选 and the desk: what a branch is told it is late with, once a day."""

import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from compliance.models import Duty, DutyState
from dashboard.desk_notices import notices_card, receipt_rows
from dashboard.reminding import remind, reminders
from notices.models import Notice, NoticeKind
from notices.services import confirm
from tasks.models import TaskState
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee(code="C1")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部", code="B1")


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town, name="宋佳宁")


def make_duty(branch, month, state=DutyState.OVERDUE, rule="meetings.committee", **facts):
    """A monthly duty as the night would have judged it."""
    starts_on = datetime.date(2026, month, 1)
    ends_on = datetime.date(2026, month + 1, 1) - datetime.timedelta(days=1)
    return Duty.objects.create(
        organisation=branch,
        rule=rule,
        period=f"2026-{month:02d}",
        starts_on=starts_on,
        ends_on=ends_on,
        due_on=ends_on,
        state=state,
        required=1,
        actual=0,
        **facts,
    )


def test_a_branch_is_told_in_words_what_is_late_since_when_and_where_it_stands(branch):
    january, february = make_duty(branch, 1), make_duty(branch, 2)
    task = factories.make_task(branch, "制度未上墙", due_on=datetime.date(2026, 3, 16))
    soon = factories.make_task(branch, "台账不全", due_on=datetime.date(2026, 3, 25))
    [found] = reminders([branch], TODAY)
    assert found.title == "催办：召开 1月、2月支部委员会等 2 项已逾期"
    assert found.text(" 请抓紧 \n 办理 ").splitlines() == [
        "请抓紧 办理",
        "已逾期 2 项：",
        f"召开 1月、2月支部委员会：逾期 46 天，应于1月31日前办结 /duties/{january.pk}/",
        f"整改“制度未上墙”：逾期 2 天，应于3月16日前办结 /tasks/{task.pk}/",
        "快到期 1 项：",
        f"整改“台账不全”：还剩 7 天，3月25日前办结 /tasks/{soon.pk}/",
    ]
    assert found.url == "/desk/?branch=B1"
    assert february.pk


def test_a_single_thing_is_linked_itself(branch):
    task = factories.make_task(branch, "制度未上墙", due_on=TODAY)
    [found] = reminders([branch], TODAY)
    assert (found.title, found.url) == ("催办：整改“制度未上墙”快到期", f"/tasks/{task.pk}/")
    assert found.points[0].status == "今天到期"


def test_what_is_done_far_off_or_waits_for_the_superior_is_not_named(branch):
    make_duty(branch, 1, DutyState.DONE)
    make_duty(branch, 2, DutyState.EXEMPT)
    make_duty(branch, 3, DutyState.OPEN)
    make_duty(branch, 2, rule="dues.remitted", waiting=True)
    factories.make_task(branch, due_on=datetime.date(2026, 3, 26))
    factories.make_task(branch, state=TaskState.REVIEW)
    [found] = reminders([branch], TODAY)
    assert found.points == []


def test_three_branches_need_as_many_queries_as_one(town, branch):
    others = [factories.make_branch(town) for _ in range(2)]
    for one in (branch, *others):
        make_duty(one, 2)
        factories.make_task(one)
    assert count_of(lambda: reminders([branch, *others], TODAY)) == count_of(
        lambda: reminders([branch], TODAY)
    )


def test_a_branch_is_reminded_once_a_day_and_the_answer_says_who_was_not(town, branch, officer):
    told, idle = factories.make_branch(town), factories.make_branch(town)
    make_duty(branch, 2)
    make_duty(told, 2)

    def send(*branches, on=TODAY):
        return remind(list(branches), sender=town, addition="", by=officer, today=on)

    assert send(told).sent == [told]
    done = send(branch, told, idle)
    assert (done.sent, done.already, done.nothing) == ([branch], [told], [idle])
    assert Notice.objects.filter(kind=NoticeKind.REMINDER).count() == 2
    assert send(branch, on=TODAY + datetime.timedelta(days=1)).sent == [branch]


# --- Pages --------------------------------------------------------------------------------------


def test_the_officer_ticks_looks_and_sends(client, town, branch, officer):
    other = factories.make_branch(town, "银杏路党支部")
    make_duty(branch, 2)
    client.force_login(officer)
    overview = client.get(reverse("overview_of", args=["C1"]), {"period": "2026-03"})
    assert overview.context["remind_url"] == "/overview/C1/remind/"
    url = reverse("remind", args=["C1"])
    query = {"branch": [branch.pk, other.pk], "period": "2026-03"}
    page = client.get(url, query)
    assert page.context["count"] == 1
    assert "没有逾期和快到期的事，不发" in page.content.decode()
    assert not Notice.objects.exists()
    # Nothing typed is lost when it is too long.
    long = client.post(url, query | {"addition": "字" * 301})
    assert "字" * 301 in long.content.decode() and not Notice.objects.exists()
    answer = client.post(url, query | {"addition": "请本周补上"}, follow=True)
    assert answer.redirect_chain[0][0] == "/overview/C1/?period=2026-03"
    said = answer.content.decode()
    assert f"已催办 1 个支部：{branch.short_name}" in said
    assert f"没有催办：{other.short_name}" in said
    notice = Notice.objects.get()
    assert (notice.organisation, notice.sender, notice.sent_by) == (branch, town, officer)
    assert notice.text.startswith("请本周补上\n已逾期 1 项：")
    [row] = [one for one in answer.context["matrix"]["rows"] if one["id"] == branch.pk]
    assert row["reminded"] == "已催办 1 次，最近 3月18日"
    assert "今天已催办过，没有再催" in client.post(url, query, follow=True).content.decode()
    assert Notice.objects.count() == 1


def test_without_a_tick_nothing_is_sent(client, town, officer):
    client.force_login(officer)
    for branch in ([], ["x"]):
        answer = client.get(reverse("remind", args=["C1"]), {"branch": branch}, follow=True)
        assert "没有勾选支部" in answer.content.decode()


def test_the_matrix_needs_as_many_queries_with_three_reminded_as_with_one(
    client, town, branch, officer
):
    others = [factories.make_branch(town) for _ in range(2)]
    client.force_login(officer)
    factories.make_notice(branch, TODAY, kind=NoticeKind.REMINDER)
    one = count_of(lambda: client.get(reverse("overview_of", args=["C1"])))
    for other in others:
        factories.make_notice(other, TODAY, kind=NoticeKind.REMINDER)
    assert count_of(lambda: client.get(reverse("overview_of", args=["C1"]))) == one


@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        (Role.SECRETARY, "B1", 404),
        (Role.INSPECTOR, "C1", 403),
        (Role.COMMITTEE_OFFICER, "other", 404),
        (Role.COUNTY_OFFICER, "county", 200),
    ],
)
def test_who_may_remind(client, town, branch, role, where, status):
    make_duty(branch, 2)
    place = {"B1": branch, "C1": town, "county": town.parent}.get(where)
    client.force_login(factories.make_user(role, place or factories.make_committee(town.parent)))
    url = reverse("remind", args=["C1"])
    assert client.get(url, {"branch": branch.pk}).status_code == status
    assert client.post(url, {"branch": branch.pk}).status_code == (302 if status == 200 else status)
    assert Notice.objects.count() == (status == 200)
    assert not Notice.objects.exclude(sender=town.parent).exists()


def test_a_branch_of_another_committee_cannot_be_ticked(client, town, branch, officer):
    stranger = factories.make_branch()
    make_duty(stranger, 2)
    client.force_login(officer)
    asked = {"branch": [branch.pk, stranger.pk]}
    assert client.post(reverse("remind", args=["C1"]), asked).status_code == 404
    assert not Notice.objects.exists()


def test_the_branch_page_offers_it_to_the_superior_alone(client, town, branch, officer):
    url = reverse("branch", args=["B1"])
    client.force_login(officer)
    context = client.get(url, {"period": "2026-03"}).context
    assert context["remind_url"] == f"/overview/B1/remind/?branch={branch.pk}&period=2026-03"
    assert context["notices_url"] == "/notices/of/B1/"
    client.force_login(factories.make_user(Role.INSPECTOR, town))
    assert "remind_url" not in client.get(url).context


# --- The desk -----------------------------------------------------------------------------------


def items(response):
    return [
        (item.status, item.title, item.due_text, bool(item.action))
        for item in response.context["items"]
        if item.title.startswith("报回执")
    ]


@pytest.mark.parametrize(
    ("receipt_by", "kind", "status", "due"),
    [
        (None, "todo", "待回执", "发出 3月2日"),
        (datetime.date(2026, 3, 17), "late", "逾期 1 天", "截止 3月17日"),
        (TODAY, "soon", "今天到期", "截止 3月18日"),
        (datetime.date(2026, 3, 25), "soon", "还剩 7 天", "截止 3月25日"),
        (datetime.date(2026, 3, 26), "todo", "待回执", "截止 3月26日"),
    ],
)
def test_a_receipt_to_give_is_red_from_the_day_after_and_amber_within_the_week(
    branch, receipt_by, kind, status, due
):
    sent_on = datetime.date(2026, 3, 2)
    factories.make_notice(branch, sent_on, wants_receipt=True, receipt_by=receipt_by)
    factories.make_notice(branch, sent_on)
    [row] = receipt_rows(branch, TODAY, 7, None)
    assert (row["kind"], row["status"]) == (kind, status)
    assert f"{row['due_label']} {row['due_text']}" == due
    assert row["due_on"] == (receipt_by or datetime.date(2026, 3, 31))


def test_a_notice_that_asks_for_a_receipt_stands_on_the_desk_until_it_is_given(client, branch):
    secretary = factories.make_user(Role.SECRETARY, branch)
    sent_on = datetime.date(2026, 3, 2)
    notice = factories.make_notice(branch, sent_on, title="报名册", wants_receipt=True)
    factories.make_notice(branch, sent_on, title="学习资料")
    client.force_login(secretary)
    desk = client.get(reverse("desk"))
    assert items(desk) == [("待回执", "报回执：报名册", "3月2日", True)]
    assert [(one["title"], one["needs_receipt"]) for one in desk.context["notices"]] == [
        ("学习资料", False),
        ("报名册", True),
    ]
    assert desk.context["notices_url"] == "/notices/"
    confirm(notice=notice, user=secretary)
    assert receipt_rows(branch, TODAY, 7, secretary) == []
    card = notices_card(branch, TODAY, secretary)
    assert not any(one["needs_receipt"] for one in card["notices"])


def test_a_group_leader_reads_the_desk_without_giving_receipts(client, branch):
    factories.make_notice(branch, TODAY, title="报名册", wants_receipt=True)
    client.force_login(factories.make_user(Role.GROUP_LEADER, branch))
    desk = client.get(reverse("desk"))
    assert items(desk) == [("待回执", "报回执：报名册", "3月18日", False)]
    assert not desk.context["notices"][0]["needs_receipt"]
