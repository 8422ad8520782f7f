"""What happens to a year plan: each act does it, refuses it, leaves a line."""

from datetime import date, time

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from meetings.enums import Type
from meetings.models import Meeting, PlanItem, YearPlan
from meetings.services import Refused, plans
from meetings.services.plans import LineFacts, fingerprint
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch, name="林守正")


def lines():
    return TrailLine.objects.filter(area="plans").order_by("pk")


def draft(branch, by, year=2026, today=TODAY):
    return plans.draft_plan(organisation=branch, year=year, by=by, today=today)


def save(branch, by, *, item=None, was="", year=2026, **facts):
    facts = {"type": Type.THEME_DAY, "planned_on": date(2026, 4, 10)} | facts
    return plans.save_line(
        organisation=branch,
        year=year,
        facts=LineFacts(**facts),
        item=item,
        was=was or (fingerprint(item) if item else ""),
        by=by,
        today=TODAY,
    )


# --- The whole plan -------------------------------------------------------------------------


def test_a_plan_is_drafted_at_once_with_a_line_in_the_trail(branch, secretary):
    plan = draft(branch, secretary)
    # Ten months of 主题党日, four quarters and lectures, two yearly meetings.
    assert plan.items.filter(type=Type.THEME_DAY).count() == 10
    assert plan.items.count() == 10 + 4 + 4 + 2
    assert plan.version == 2
    line = lines().get()
    assert (line.action, line.object_id, line.label) == (
        "生成年度计划",
        plan.pk,
        "2026年三会一课计划",
    )
    assert line.after == {
        "计划": "党员大会 4 次、党课 4 次、主题党日 10 次、组织生活会 1 次、民主评议 1 次"
    }
    assert not Meeting.objects.exists()


def test_a_plan_with_lines_is_not_drafted_again(branch, secretary):
    draft(branch, secretary)
    for act in (plans.draft_plan, plans.copy_plan):
        with pytest.raises(Refused, match="已经有计划了"):
            act(organisation=branch, year=2026, by=secretary, today=TODAY)
    assert YearPlan.objects.count() == lines().count() == 1


@pytest.mark.parametrize(("year", "says"), [(2025, "已经过去"), (2028, "还不能做")])
def test_only_this_year_and_the_next_can_be_planned(branch, secretary, year, says):
    with pytest.raises(Refused, match=says):
        draft(branch, secretary, year)
    assert not YearPlan.objects.exists()


def test_a_committee_has_no_plan_of_its_own(branch, secretary):
    with pytest.raises(Refused, match="不是党支部"):
        draft(branch.parent, secretary)


def test_next_years_plan_is_made_from_this_years(branch, secretary):
    factories.make_plan_item(branch, date(2026, 3, 10), topic="植树护绿")
    plan = plans.copy_plan(organisation=branch, year=2027, by=secretary, today=date(2026, 12, 20))
    item = plan.items.get()
    assert (item.planned_on, item.topic) == (date(2027, 3, 9), "植树护绿")
    assert plan.filed_on is None
    assert lines().get().action == "沿用去年计划"


def test_nothing_is_taken_over_from_a_year_without_lines(branch, secretary):
    with pytest.raises(Refused, match="去年没有可以沿用的安排"):
        plans.copy_plan(organisation=branch, year=2026, by=secretary, today=TODAY)
    assert not YearPlan.objects.exists()


def test_a_plan_is_filed_once_and_judged_again(branch, secretary):
    plan = draft(branch, secretary)
    Changed.objects.all().delete()
    filed = plans.file_plan(plan=plan, version=plan.version, by=secretary, today=TODAY)
    assert (filed.filed_on, filed.filed_by) == (TODAY, secretary)
    assert lines().last().action == "报备计划"
    note = Changed.objects.get()
    assert (note.area, note.from_on, note.to_on) == ("meetings", date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(Refused, match="已经报备"):
        plans.file_plan(plan=filed, version=filed.version, by=secretary, today=date(2026, 3, 19))
    filed.refresh_from_db()
    assert filed.filed_on == TODAY


def test_an_empty_plan_and_one_changed_meanwhile_are_not_filed(branch, secretary):
    empty = factories.make_plan(branch, 2026)
    with pytest.raises(Refused, match="计划还是空的"):
        plans.file_plan(plan=empty, version=1, by=secretary, today=TODAY)
    save(branch, secretary)
    with pytest.raises(plans.ChangedMeanwhile, match="刚被别人改过"):
        plans.file_plan(plan=empty, version=1, by=secretary, today=TODAY)
    assert YearPlan.objects.get().filed_on is None


def test_changes_after_filing_are_possible_and_counted(branch, secretary):
    item = save(branch, secretary)
    save(branch, secretary, item=item, planned_on=date(2026, 4, 12))
    plan = plans.file_plan(plan=item.plan, version=3, by=secretary, today=TODAY)
    assert plans.changes_since_filing([plan]) == {plan.pk: []}
    item = PlanItem.objects.get()
    save(branch, secretary, item=item, planned_on=date(2026, 4, 14))
    plans.take_off(
        item=PlanItem.objects.get(),
        was=fingerprint(PlanItem.objects.get()),
        reason="与清明活动合并",
        by=secretary,
    )
    changes = plans.changes_since_filing([plan])[plan.pk]
    assert [line.action for line in changes] == ["取消计划事项", "修改计划"]
    assert changes[1].before == {"日期": "2026年4月12日"}
    assert changes[1].after == {"日期": "2026年4月14日"}
    plan.refresh_from_db()
    assert plan.filed_on == TODAY


# --- Lines ----------------------------------------------------------------------------------


def test_a_first_line_begins_the_plan(branch, secretary):
    lecturer = factories.make_member(branch, "周慧敏")
    item = save(
        branch,
        secretary,
        type=Type.LECTURE,
        planned_on=date(2026, 5, 20),
        starts_at=time(15),
        ends_at=time(16, 30),
        place="二楼活动室",
        topic="学习党章",
        lecturer=lecturer,
        lecturer_name="周慧敏",
        way="集中授课",
    )
    assert (item.plan.organisation, item.plan.year, item.plan.filed_on) == (branch, 2026, None)
    item.refresh_from_db()
    assert (item.lecturer, item.starts_at, item.way) == (lecturer, time(15), "集中授课")
    line = lines().get()
    assert (line.action, line.label) == ("安排会议", "2026年三会一课计划：5月党课")
    assert line.after == {
        "类型": "党课",
        "日期": "2026年5月20日",
        "时间": "15:00—16:30",
        "地点": "二楼活动室",
        "议题": "学习党章",
        "授课人": "周慧敏",
        "授课方式": "集中授课",
    }


def test_saving_the_same_again_changes_nothing(branch, secretary):
    item = save(branch, secretary, topic="植树护绿")
    save(branch, secretary, item=item, topic="植树护绿")
    assert lines().count() == 1
    assert YearPlan.objects.get().version == 2


def test_nobody_overwrites_what_another_changed_meanwhile(branch, secretary):
    item = save(branch, secretary, topic="植树护绿")
    seen = fingerprint(item)
    save(branch, secretary, item=item, topic="走访慰问")
    with pytest.raises(plans.ChangedMeanwhile, match="你填的内容还在"):
        save(branch, secretary, item=item, was=seen, topic="清洁家园")
    with pytest.raises(plans.ChangedMeanwhile):
        plans.take_off(item=item, was=seen, reason="不开了", by=secretary)
    assert PlanItem.objects.get().topic == "走访慰问"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"planned_on": date(2027, 1, 1)}, "请填2026年的日期"),
        ({"planned_on": date(2025, 12, 31)}, "请填2026年的日期"),
        ({"starts_at": time(15), "ends_at": time(15)}, "结束时间早于开始时间 15:00"),
        ({"type": "party"}, "请选会议类型"),
    ],
)
def test_what_cannot_be_is_refused(branch, secretary, facts, says):
    with pytest.raises(Refused, match=says):
        save(branch, secretary, **facts)
    assert not YearPlan.objects.exists()
    assert not lines().exists()


def test_a_leap_day_can_be_planned(branch, secretary):
    item = plans.save_line(
        organisation=branch,
        year=2028,
        facts=LineFacts(Type.THEME_DAY, date(2028, 2, 29)),
        by=secretary,
        today=date(2027, 12, 31),
    )
    assert item.planned_on == date(2028, 2, 29)


def test_days_outside_of_the_branchs_time_are_refused(secretary):
    branch = factories.make_branch(founded_on=date(2026, 5, 6), dissolved_on=date(2026, 9, 1))
    for day, says in ((date(2026, 5, 5), "才成立"), (date(2026, 9, 1), "已经撤销")):
        with pytest.raises(Refused, match=says):
            save(branch, secretary, planned_on=day)
    for day in (date(2026, 5, 6), date(2026, 8, 31)):
        assert save(branch, secretary, planned_on=day).planned_on == day


def test_a_group_of_another_branch_or_time_is_refused(branch, secretary):
    foreign = factories.make_group(factories.make_branch())
    with pytest.raises(Refused, match="不是本支部的"):
        save(branch, secretary, type=Type.GROUP, group=foreign)
    own = factories.make_group(branch, "水厂党小组", ends_on=date(2026, 3, 31))
    with pytest.raises(Refused, match="“水厂党小组”在这一天不存在"):
        save(branch, secretary, type=Type.GROUP, group=own)
    with pytest.raises(Refused):
        save(branch, secretary, group=own, planned_on=date(2026, 3, 30))
    item = save(branch, secretary, type=Type.GROUP, group=own, planned_on=date(2026, 3, 31))
    assert item.group == own


def test_a_line_is_taken_off_with_a_reason_and_put_back(branch, secretary):
    item = save(branch, secretary, topic="植树护绿")
    with pytest.raises(Refused, match="请写明取消的原因"):
        plans.take_off(item=item, was=fingerprint(item), reason=" ", by=secretary)
    plans.take_off(item=item, was=fingerprint(item), reason="与大会合并", by=secretary)
    item = PlanItem.objects.get()
    assert item.cancelled_at is not None
    assert item.cancel_reason == "与大会合并"
    assert not PlanItem.objects.standing().exists()
    with pytest.raises(Refused, match="已经取消"):
        plans.take_off(item=item, was=fingerprint(item), reason="再次", by=secretary)
    with pytest.raises(Refused, match="先恢复再改"):
        save(branch, secretary, item=item, topic="走访慰问")
    plans.put_back(item=item, was=fingerprint(item), by=secretary)
    item = PlanItem.objects.get()
    assert (item.cancelled_at, item.cancel_reason) == (None, "")
    with pytest.raises(Refused, match="没有取消"):
        plans.put_back(item=item, was=fingerprint(item), by=secretary)
    assert [line.action for line in lines()] == ["安排会议", "取消计划事项", "恢复计划事项"]
    assert lines()[1].reason == "与大会合并"
