"""党建+: items, their public notice, results, the yearly review; who sees and does what."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Setting
from tasks import plus
from tasks.models import PlusItem, PlusPlan
from tasks.services import Refused
from tasks.services import projects as services
from tasks.services.kept import ChangedMeanwhile
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
URL = reverse("tasks:plus")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="望春社区第一党支部", code="B1")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def lin(branch):
    return factories.make_member(branch, "林守正")


def facts(lead=None, **more):
    more = {
        "part": "feature",
        "title": "党建+网格服务",
        "means": "党员包楼栋",
        "aim": "有事不出网格",
        "lead": getattr(lead, "pk", lead),
        "lead_name": "" if lead else "韩文静",
    } | more
    return services.ItemFacts(**more)


def add(branch, by, given, year=2026):
    return services.add_item(organisation=branch, year=year, facts=given, by=by, today=TODAY)


# --- Items --------------------------------------------------------------------------------------


def test_an_item_has_a_member_who_leads_it_or_a_name(branch, secretary, lin):
    first = add(branch, secretary, facts(lin))
    second = add(branch, secretary, facts(title="党建+护河"))
    assert (first.lead, first.lead_name) == (lin, "林守正")
    assert (second.lead, second.lead_name) == (None, "韩文静")
    assert first.plan == second.plan
    line = TrailLine.objects.filter(action="新增党建+项目", area="plus").last()
    assert (line.object_id, line.after["类别"]) == (first.plan_id, "自身特色（X）")


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"title": " "}, "title", "请填项目名称"),
        ({"means": ""}, "means", "请填做法"),
        ({"aim": ""}, "aim", "请填目标"),
        ({"part": "other"}, "part", "请选类别"),
        ({"lead_name": " "}, "lead", "请选牵头人"),
        ({"lead": 987654}, "lead", "不是本支部党员"),
    ],
)
def test_what_is_missing_in_an_item_is_said(branch, secretary, given, field, said):
    with pytest.raises(Refused, match=said) as refused:
        add(branch, secretary, facts(**given))
    assert refused.value.field == field
    assert not PlusItem.objects.exists()


def test_a_title_stands_once_in_a_year(branch, secretary):
    item = add(branch, secretary, facts())
    with pytest.raises(Refused, match="已有“党建\\+网格服务”"):
        add(branch, secretary, facts())
    assert add(branch, secretary, facts(), year=2025).plan.year == 2025
    services.drop_item(item=item, version=1, reason="条件不具备", by=secretary, on=TODAY)
    with pytest.raises(Refused, match="已取消，可以恢复"):
        add(branch, secretary, facts())


@pytest.mark.parametrize(
    ("year", "right"), [(2011, False), (2012, True), (2027, True), (2028, False)]
)
def test_a_plan_is_of_a_year_that_can_be_meant(branch, secretary, year, right):
    if right:
        assert add(branch, secretary, facts(), year=year).plan.year == year
    else:
        with pytest.raises(Refused, match="只能填"):
            add(branch, secretary, facts(), year=year)


def test_only_a_branch_that_stands_has_a_plan(branch, secretary):
    with pytest.raises(Refused, match="由党支部填写"):
        add(branch.parent, secretary, facts())
    branch.dissolved_on = datetime.date(2025, 12, 31)
    branch.save()
    with pytest.raises(Refused, match="撤销"):
        add(branch, secretary, facts())
    assert add(branch, secretary, facts(), year=2025)


def test_who_left_the_branch_still_leads_what_he_led(branch, secretary, lin):
    item = add(branch, secretary, facts(lin))
    lin.memberships.update(ends_on=datetime.date(2026, 3, 1))
    item = services.change_item(
        item=item, version=1, facts=facts(lin, aim="小事当天办"), by=secretary, today=TODAY
    )
    assert (item.version, item.aim, item.lead_name) == (2, "小事当天办", "林守正")
    assert TrailLine.objects.get(action="修改党建+项目").after == {"目标": "小事当天办"}
    with pytest.raises(Refused, match="不是本支部党员"):
        add(branch, secretary, facts(lin, title="党建+护河"))


def test_an_old_version_changes_nothing(branch, secretary):
    item = add(branch, secretary, facts())
    services.change_item(
        item=item, version=1, facts=facts(aim="小事当天办"), by=secretary, today=TODAY
    )
    for act in (
        lambda: services.change_item(
            item=item, version=1, facts=facts(), by=secretary, today=TODAY
        ),
        lambda: services.drop_item(item=item, version=1, reason="x", by=secretary, on=TODAY),
        lambda: services.record_result(
            item=item, version=1, result="x", finished_on=None, by=secretary, today=TODAY
        ),
    ):
        with pytest.raises(ChangedMeanwhile):
            act()
    assert PlusItem.objects.get().aim == "小事当天办"


def test_a_dropped_item_stays_and_comes_back(branch, secretary):
    item = add(branch, secretary, facts())
    with pytest.raises(Refused, match="原因"):
        services.drop_item(item=item, version=1, reason=" ", by=secretary, on=TODAY)
    item = services.drop_item(item=item, version=1, reason="条件不具备", by=secretary, on=TODAY)
    with pytest.raises(Refused, match="请先恢复"):
        services.record_result(
            item=item, version=2, result="x", finished_on=None, by=secretary, today=TODAY
        )
    item = services.restore_item(item=item, version=2, by=secretary)
    assert (item.dropped_on, item.drop_reason) == (None, "")
    lines = TrailLine.objects.filter(area="plus").order_by("pk")
    assert [line.action for line in lines] == ["新增党建+项目", "取消党建+项目", "恢复党建+项目"]


@pytest.mark.parametrize(
    ("result", "on", "field"),
    [
        ("", None, "result"),
        ("办成 3 件", datetime.date(2026, 3, 19), "finished_on"),
        ("办成 3 件", datetime.date(2025, 12, 31), "finished_on"),
    ],
)
def test_a_result_that_cannot_be_is_refused(branch, secretary, result, on, field):
    item = add(branch, secretary, facts())
    with pytest.raises(Refused) as refused:
        services.record_result(
            item=item, version=1, result=result, finished_on=on, by=secretary, today=TODAY
        )
    assert refused.value.field == field


def test_an_item_is_finished_with_its_result(branch, secretary):
    item = add(branch, secretary, facts())
    item = services.record_result(
        item=item, version=1, result="办成 3 件", finished_on=TODAY, by=secretary, today=TODAY
    )
    assert item.finished_on == TODAY
    with pytest.raises(Refused, match="已登记完成"):
        services.drop_item(item=item, version=2, reason="x", by=secretary, on=TODAY)


def test_last_year_is_carried_over_without_its_results(branch, secretary, lin):
    kept = add(branch, secretary, facts(lin, due_on=datetime.date(2025, 6, 30)), year=2025)
    gone = add(branch, secretary, facts(title="党建+护河"), year=2025)
    services.drop_item(item=gone, version=1, reason="x", by=secretary, on=TODAY)
    services.record_result(
        item=kept, version=1, result="好", finished_on=None, by=secretary, today=TODAY
    )
    lin.memberships.update(ends_on=datetime.date(2026, 1, 31))
    [item] = services.carry_over(organisation=branch, year=2026, by=secretary, today=TODAY)
    item.refresh_from_db()
    assert (item.title, item.result, item.due_on) == (
        kept.title,
        "",
        datetime.date(2026, 6, 30),
    )
    assert (item.lead, item.lead_name) == (None, "林守正")
    with pytest.raises(Refused, match="都已在"):
        services.carry_over(organisation=branch, year=2026, by=secretary, today=TODAY)
    with pytest.raises(Refused, match="2024 年没有"):
        services.carry_over(organisation=branch, year=2025, by=secretary, today=TODAY)


def test_a_leap_day_becomes_the_last_of_february():
    assert services.a_year_later(datetime.date(2024, 2, 29)) == datetime.date(2025, 2, 28)
    assert services.a_year_later(datetime.date(2025, 12, 31)) == datetime.date(2026, 12, 31)


# --- Notice and review --------------------------------------------------------------------------


def publish(plan, by, on=TODAY, where="支部公示栏", version=None):
    return services.publish(
        plan=plan, version=version or plan.version, on=on, where=where, by=by, today=TODAY
    )


def test_an_empty_plan_is_not_shown_and_a_gap_does_not_stop_it(branch, secretary):
    item = add(branch, secretary, facts())
    plan = item.plan
    services.drop_item(item=item, version=1, reason="x", by=secretary, on=TODAY)
    with pytest.raises(Refused, match="还没有项目"):
        publish(plan, secretary)
    services.restore_item(item=item, version=2, by=secretary)
    assert plus.missing_parts(plan.items.all()) == [
        "党建（1）",
        "中心工作（3）",
        "重点任务（3）",
        "日常工作（3）",
    ]
    plan = publish(plan, secretary)
    assert (plan.published_on, plan.published_where) == (TODAY, "支部公示栏")
    assert TrailLine.objects.get(action="登记党建+公示").after["公示地点"] == "支部公示栏"


@pytest.mark.parametrize(
    ("on", "where", "field"),
    [
        (datetime.date(2026, 3, 19), "公示栏", "on"),
        (datetime.date(2025, 11, 30), "公示栏", "on"),
        (TODAY, " ", "where"),
    ],
)
def test_a_notice_that_cannot_be_is_refused(branch, secretary, on, where, field):
    plan = add(branch, secretary, facts()).plan
    with pytest.raises(Refused) as refused:
        publish(plan, secretary, on, where)
    assert refused.value.field == field
    assert publish(plan, secretary, datetime.date(2025, 12, 1)).published_on


def test_the_superior_comments_on_the_answer_and_then_it_stands(branch, secretary):
    plan = add(branch, secretary, facts()).plan
    officer = factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    with pytest.raises(Refused, match="还没有写述职回答"):
        services.comment_review(plan=plan, version=1, text="好", by=officer, on=TODAY)
    plan = services.answer_review(
        plan=plan, version=1, text="做成 3 件", on=TODAY, by=secretary, today=TODAY
    )
    plan = services.comment_review(plan=plan, version=2, text="再具体些", by=officer, on=TODAY)
    assert (plan.comment, plan.commented_on) == ("再具体些", TODAY)
    with pytest.raises(Refused, match="不再修改"):
        services.answer_review(plan=plan, version=3, text="改", on=TODAY, by=secretary, today=TODAY)


def test_the_day_of_the_notice_is_a_county_value():
    assert plus.due_on(2026) == datetime.date(2026, 3, 31)
    Setting.objects.create(key="tasks.plus_month", starts_on=datetime.date(2026, 1, 1), value=2)
    assert plus.due_on(2026) == datetime.date(2026, 2, 28)
    assert plus.due_on(2028) == datetime.date(2028, 2, 29)
    assert plus.due_on(2025) == datetime.date(2025, 3, 31)


@pytest.mark.parametrize(
    ("today", "mark"),
    [
        (datetime.date(2026, 3, 23), ("run", "未公示")),
        (datetime.date(2026, 3, 24), ("soon", "未公示，还剩 7 天")),
        (datetime.date(2026, 3, 31), ("soon", "未公示，今天到期")),
        (datetime.date(2026, 4, 1), ("late", "未公示，逾期 1 天")),
    ],
)
def test_not_shown_is_late_from_the_day_after_the_end_of_march(today, mark):
    assert plus.mark_of("draft", datetime.date(2026, 3, 31), today, 7) == mark


def test_the_desk_is_told_until_the_plan_was_shown(branch, secretary):
    due = datetime.date(2026, 3, 31)
    assert plus.unpublished(branch, TODAY) is None
    factories.make_plus_item(branch, year=2025)
    assert plus.unpublished(branch, TODAY) == (due, "填写项目")
    assert plus.unpublished(branch, datetime.date(2026, 2, 28)) is None
    plan = add(branch, secretary, facts()).plan
    assert plus.unpublished(branch, TODAY) == (due, "公示")
    publish(plan, secretary)
    assert plus.unpublished(branch, TODAY) is None


# --- Pages --------------------------------------------------------------------------------------


def test_a_secretary_fills_the_year_in_the_browser(client, branch, secretary, lin):
    client.force_login(secretary)
    page = client.get(URL)
    assert "还没有党建+项目" in page.content.decode()
    sent = {
        "branch": "B1",
        "year": "2026",
        "part": "party",
        "title": "党建+议事厅",
        "means": "每月一议",
        "lead": lin.pk,
        "aim": "办成 12 件",
        "due_on": "11.30",
    }
    answer = client.post(reverse("tasks:plus_item_new"), sent)
    assert answer.url == f"{URL}?branch=B1&year=2026"
    item = PlusItem.objects.get()
    assert (item.lead_name, item.due_on) == ("林守正", datetime.date(2026, 11, 30))
    result = {"result": "议了 2 次", "finished_on": "", "version": 1}
    assert client.post(reverse("tasks:plus_item_result", args=[item.pk]), result).status_code == 302
    sent = {"on": "3.18", "where": "社区公示栏", "version": 1}
    url = reverse("tasks:plus_publish", args=[item.plan_id])
    assert "还缺：" in client.get(url).content.decode()
    assert client.post(url, sent).status_code == 302
    shown = client.get(URL).content.decode()
    assert "2026年3月18日在社区公示栏公示" in shown
    notice = client.get(reverse("tasks:plus_notice", args=[item.plan_id])).content.decode()
    for text in ("党建+议事厅", "每月一议", "林守正", "办成 12 件", "公示"):
        assert text in notice
    assert lin.id_number_mask not in notice


def test_what_was_typed_stays_when_it_is_refused(client, branch, secretary):
    factories.make_plus_item(branch)
    client.force_login(secretary)
    sent = {
        "part": "key",
        "title": "党建+网格服务",
        "means": "另一个办法",
        "lead_name": "林守正",
        "aim": "x",
    }
    answer = client.post(reverse("tasks:plus_item_new"), sent | {"branch": "B1", "year": "2026"})
    assert answer.status_code == 200
    assert "另一个办法" in answer.content.decode()
    assert "title" in answer.context["form"].errors


def test_a_form_made_from_an_older_version_is_saved_the_second_time(client, branch, secretary):
    item = factories.make_plus_item(branch, version=2)
    client.force_login(secretary)
    url = reverse("tasks:plus_item_result", args=[item.pk])
    answer = client.post(url, {"result": "办成 3 件", "finished_on": "", "version": 1})
    assert "刚被别人改过" in answer.content.decode()
    sent = {name: answer.context["form"][name].value() for name in ("result", "version")}
    assert client.post(url, sent).status_code == 302
    item.refresh_from_db()
    assert item.result == "办成 3 件"


def test_the_committee_sees_its_branches_late_ones_first_and_filters(client, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 4, 10)
    other = factories.make_branch(branch.parent, "望春社区第二党支部")
    factories.make_plus_item(other)
    shown = factories.make_branch(branch.parent, "望春社区第三党支部")
    factories.make_plus_item(shown)
    PlusPlan.objects.filter(organisation=shown).update(published_on=TODAY)
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    rows = client.get(URL).context["rows"]
    assert [(row["name"], row["words"]) for row in rows] == [
        ("望春社区第一党支部", "未填写，逾期 10 天"),
        ("望春社区第二党支部", "未公示，逾期 10 天"),
        ("望春社区第三党支部", "已公示"),
    ]
    late = client.get(URL, {"state": "late"})
    assert len(late.context["rows"]) == 2
    assert "state=late" in late.context["query"]
    assert [chip["count"] for chip in late.context["chips"]] == [2, 1, 1, 1, 0]


def test_more_branches_need_no_more_queries(client, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    factories.make_plus_item(branch)
    factories.make_plus_item(factories.make_branch(branch.parent))
    one = count_of(lambda: client.get(URL))
    for _ in range(2):
        factories.make_plus_item(factories.make_branch(branch.parent))
    assert count_of(lambda: client.get(URL)) == one


def test_more_items_need_no_more_queries(client, branch, secretary):
    client.force_login(secretary)
    factories.make_plus_item(branch)
    one = count_of(lambda: client.get(URL))
    for part in ("party", "key"):
        factories.make_plus_item(branch, f"党建+{part}", part=part)
    assert count_of(lambda: client.get(URL)) == one


def pages(item):
    names = ("plus_item_change", "plus_item_result")
    found = [reverse(f"tasks:{name}", args=[item.pk]) for name in names]
    names = ("plus_publish", "plus_review")
    return found + [reverse(f"tasks:{name}", args=[item.plan_id]) for name in names]


def test_the_neighbour_sees_nothing_and_nobody_gets_in(client, branch):
    item = factories.make_plus_item(branch)
    looked_at = [reverse("tasks:plus_notice", args=[item.plan_id]), f"{URL}?branch=B1"]
    neighbour = factories.make_user(Role.SECRETARY, factories.make_branch(branch.parent))
    for url in pages(item) + looked_at:
        assert client.get(url).status_code == 302
        client.force_login(neighbour)
        assert client.get(url).status_code == 404, url
        assert client.post(url).status_code in (404, 405), url
        client.logout()


def test_who_may_look_does_not_write(client, branch):
    item = factories.make_plus_item(branch)
    client.force_login(factories.make_user(Role.GROUP_LEADER, branch))
    assert client.get(URL).status_code == 200
    for url in pages(item):
        assert client.get(url).status_code == 403, url
    for name in ("plus_item_drop", "plus_item_restore"):
        assert client.post(reverse(f"tasks:{name}", args=[item.pk])).status_code == 403


def test_only_the_superior_comments(client, branch, secretary):
    item = factories.make_plus_item(branch)
    PlusPlan.objects.update(review="做成 3 件", reviewed_on=TODAY)
    url = reverse("tasks:plus_comment", args=[item.plan_id])
    client.force_login(secretary)
    assert client.post(url, {"text": "好", "version": 1}).status_code == 403
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    assert "做成 3 件" in client.get(url).content.decode()
    assert client.post(url, {"text": "再具体些", "version": 1}).status_code == 302
    assert PlusPlan.objects.get().comment == "再具体些"


def test_the_ledger_is_printed_for_a_branch_and_for_all_below(client, branch):
    factories.make_plus_item(branch)
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    for query in ({}, {"branch": "B1"}):
        page = client.get(reverse("tasks:plus_paper"), {"year": "2026"} | query)
        assert "党建+网格服务" in page.content.decode()


def test_the_desk_lists_the_plan_until_it_was_shown(client, branch, secretary):
    factories.make_plus_item(branch)
    client.force_login(secretary)
    assert "2026年党建+公示" in client.get(reverse("desk")).content.decode()
    PlusPlan.objects.update(published_on=TODAY)
    assert "2026年党建+公示" not in client.get(reverse("desk")).content.decode()
