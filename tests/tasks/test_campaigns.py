"""Campaign plans made, changed, issued: one task for each measure and unit, once."""

import datetime
from collections import Counter

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Kind, Sector, Setting
from meetings.values import LECTURES_A_YEAR
from tasks import plans
from tasks.contradictions import Kind as Fault
from tasks.enums import Addressed, CampaignState, EventKind, TaskState
from tasks.models import Block, Campaign, Measure, Task, TaskEvent
from tasks.services import Refused
from tasks.services.campaign_parts import (
    BlockFacts,
    MeasureFacts,
    PhaseFacts,
    TargetFacts,
    ValueFacts,
    add_part,
    apply_value,
    change_part,
    move_part,
    remove_part,
)
from tasks.services.campaigns import (
    CampaignFacts,
    change_campaign,
    close_campaign,
    copy_campaign,
    create_blank,
    create_from_template,
    discard_draft,
)
from tasks.services.issuing import issue, issue_missing, preview, units_of
from tasks.services.kept import ChangedMeanwhile
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 3, 2)
DUE = datetime.date(2026, 6, 30)


@pytest.fixture
def county():
    county = factories.make_county()
    factories.make_post(county, person_name="沈知行")
    return county


@pytest.fixture
def town(county):
    """A street with a village, a community and a social organisation's branch, one secretary each."""
    town = factories.make_committee(county)
    factories.make_post(town, person_name="顾兰庆")
    for name, sector in (
        ("上荻村", "village"),
        ("望春社区", "community"),
        ("商会", "social_organisation"),
    ):
        branch = factories.make_branch(town, f"{name}党支部", sector=Sector(sector))
        factories.make_post(branch, person_name=f"{name}书记")
    return town


@pytest.fixture
def officer(county):
    return factories.make_user(Role.COUNTY_OFFICER, county)


@pytest.fixture
def campaign(county, town, officer):
    """A draft with one measure for all branches, due by the end of June."""
    facts = CampaignFacts(
        "阵地建设方案", 2026, datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    )
    campaign = create_blank(organisation=county, facts=facts, by=officer)
    block = add(campaign, BlockFacts("抓阵地"), officer)
    add(campaign, MeasureFacts(block, "活动室达到标准", DUE, Addressed.BRANCHES), officer)
    return campaign


def add(campaign, facts, by=None):
    campaign.refresh_from_db()
    row = add_part(campaign=campaign, version=campaign.version, facts=facts, by=by)
    campaign.refresh_from_db()
    return row


def measure_facts(measure, **changes):
    known = {
        name: getattr(measure, name)
        for name in ("block", "text", "due_on", "addressed", "phase", "detail", "sector")
    }
    return MeasureFacts(**(known | changes))


def change(row, facts, **more):
    row.campaign.refresh_from_db()
    return change_part(row=row, version=row.campaign.version, facts=facts, by=None, on=DAY, **more)


# --- Each of the five plans --------------------------------------------------------------------


@pytest.mark.parametrize("code", plans.CODES)
def test_each_plan_loads_and_gives_its_units_their_tasks(county, town, officer, code):
    day = datetime.date(2026, 1, 20)
    plan = plans.template(code)
    campaign = create_from_template(
        organisation=county, template=code, year=2026, by=officer, on=day
    )
    assert campaign.measures.count() == len(plan.measures)
    assert campaign.targets.count() == len(plan.targets)
    assert campaign.values.count() == len(plan.values)
    if code == "plan1":
        change_clarification(campaign, "以60%为准，90%为争取目标")
    tasks = issue(campaign, by=officer, on=day)
    units = {"branches": 3, "sector": 1, "committees": 1, "own": 1, "named": 0}
    wanted = Counter({one["text"]: units[one["addressed"]] for one in plan.measures})
    assert Counter(task.problem for task in tasks) == +wanted
    due = {one["text"]: plans.day_of(one["due"], 2026) for one in plan.measures}
    assert all(task.due_on == due[task.problem] for task in tasks)
    assert {task.source for task in tasks} == {campaign.title}
    for task in tasks:
        who = (task.responsible_leader, task.responsible_unit, task.responsible_person)
        if task.organisation.is_branch:
            name = task.organisation.name.removesuffix("党支部")
            assert who == ("顾兰庆", task.organisation.name, f"{name}书记")
        elif task.organisation == town:
            assert who == ("沈知行", town.name, "顾兰庆")
        else:
            assert who == ("沈知行", county.name, "沈知行")
    assert TaskEvent.objects.filter(kind=EventKind.LISTED).count() == len(tasks)


def change_clarification(campaign, words):
    Campaign.objects.filter(pk=campaign.pk).update(clarification=words)
    campaign.refresh_from_db()


def test_the_street_plan_is_not_issued_until_its_contradiction_is_clarified(county, town, officer):
    campaign = create_from_template(
        organisation=county, template="plan1", year=2022, by=officer, on=DAY
    )
    day = datetime.date(2022, 2, 1)
    found = preview(campaign, day).contradictions
    assert [one.kind for one in found].count(Fault.DIFFERENT) == 2
    assert "60%" in found[0].words and "90%" in found[0].words
    with pytest.raises(Refused, match="前后不一致") as refused:
        issue(campaign, by=officer, on=day)
    assert refused.value.field == "clarification"
    change_clarification(campaign, "以60%为准")
    assert issue(campaign, by=officer, on=day)
    values = campaign.targets.filter(due_on=datetime.date(2023, 12, 31), subject="标准化达标率")
    assert sorted(values.values_list("value", flat=True)) == [60, 90]


# --- Made, changed, discarded --------------------------------------------------------------------


def test_a_plan_is_run_by_a_committee_not_by_a_branch(town):
    branch = town.children.first()
    facts = CampaignFacts("方案", 2026, DAY, DUE)
    with pytest.raises(Refused, match="支部只承办任务"):
        create_blank(organisation=branch, facts=facts, by=None)
    create_blank(organisation=town, facts=facts, by=None)
    with pytest.raises(Refused, match="已有《方案》"):
        create_blank(organisation=town, facts=facts, by=None)
    with pytest.raises(Refused, match="早于开始日期"):
        create_blank(organisation=town, facts=CampaignFacts("乙", 2026, DUE, DAY), by=None)


def test_another_years_plan_becomes_a_draft_of_this_year(county, officer, town):
    old = create_from_template(organisation=county, template="plan1", year=2024, by=officer, on=DAY)
    change_clarification(old, "以60%为准")
    issue(old, by=officer, on=datetime.date(2024, 2, 29))
    named = old.measures.first()
    named.named.set([town.children.first()])
    new = copy_campaign(campaign=old, year=2026, by=officer)
    assert new.title == "党支部标准化规范化创建工作方案（2026—2028年）"
    assert (new.state, new.issued_on, new.clarification) == (CampaignState.DRAFT, None, "")
    assert new.ends_on == datetime.date(2028, 12, 31)
    assert new.measures.count() == old.measures.count()
    assert {one.block.campaign_id for one in new.measures.select_related("block")} == {new.pk}
    assert {one.phase.campaign_id for one in new.measures.select_related("phase")} == {new.pk}
    assert new.measures.first().named.get() == town.children.first()
    first = new.targets.first()
    assert (first.due_on, first.wording) == (datetime.date(2026, 12, 31), "2026年底达标率达到 40%")
    assert Task.objects.filter(measure__campaign=new).count() == 0


def test_two_who_change_one_plan_are_told(campaign, officer):
    facts = CampaignFacts("阵地建设", 2026, campaign.starts_on, campaign.ends_on)
    version = campaign.version
    change_campaign(campaign=campaign, version=version, facts=facts, by=officer)
    with pytest.raises(ChangedMeanwhile):
        change_campaign(campaign=campaign, version=version, facts=facts, by=officer)
    line = TrailLine.objects.get(action="修改方案")
    assert (line.area, line.object_id) == ("campaigns", campaign.pk)
    assert line.before == {"方案名称": "阵地建设方案"}
    assert line.after == {"方案名称": "阵地建设"}


def test_a_draft_may_be_thrown_away_and_its_line_stays(campaign, officer):
    discard_draft(campaign=campaign, version=campaign.version, by=officer)
    assert (Campaign.objects.count(), Measure.objects.count(), Block.objects.count()) == (0, 0, 0)
    assert TrailLine.objects.get(action="删除草稿").before["措施"] == "1 条"


def test_an_issued_plan_is_not_thrown_away(campaign, officer):
    issue(campaign, by=officer, on=DAY)
    campaign.refresh_from_db()
    with pytest.raises(Refused, match="已经印发"):
        discard_draft(campaign=campaign, version=campaign.version, by=officer)


# --- Parts --------------------------------------------------------------------------------------


def test_parts_are_added_moved_changed_and_taken_out(campaign, officer):
    first = campaign.blocks.get()
    second = add(campaign, BlockFacts("抓队伍"), officer)
    phase = add(campaign, PhaseFacts("自查", DAY, DUE), officer)
    add(campaign, TargetFacts("达标率", 80, DUE), officer)
    move_part(row=second, version=campaign.version, earlier=True, by=officer)
    assert list(campaign.blocks.all()) == [second, first]
    changed = change(phase, PhaseFacts("自查自纠", DAY, DUE))
    assert changed.name == "自查自纠"
    campaign.refresh_from_db()
    remove_part(row=second, version=campaign.version, by=officer)
    campaign.refresh_from_db()
    with pytest.raises(Refused, match="还有 1 条措施"):
        remove_part(row=first, version=campaign.version, by=officer)
    actions = list(TrailLine.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-6:] == ["增加板块", "增加阶段", "增加目标", "调整顺序", "修改阶段", "删除板块"]


def test_a_part_of_an_old_page_is_refused(campaign, officer):
    with pytest.raises(ChangedMeanwhile):
        add_part(
            campaign=campaign, version=campaign.version - 1, facts=BlockFacts("乙"), by=officer
        )


@pytest.mark.parametrize(
    ("facts", "field", "said"),
    [
        (lambda b, o: MeasureFacts(b, "活动室，达到标准。", DUE, "branches"), "text", "已有这一条"),
        (lambda b, o: MeasureFacts(b, "乙", DUE, "sector"), "sector", "请选领域"),
        (lambda b, o: MeasureFacts(b, "，。", DUE, "branches"), "text", "写明措施"),
        (lambda b, o: MeasureFacts(b, "乙", DUE, "named", named=(o,)), "named", "不在牵头单位之下"),
        (lambda b, o: PhaseFacts("乙", DUE, DAY), "ends_on", "早于开始"),
        (lambda b, o: ValueFacts("no.key", "1", DAY), "key", "没有这个项目"),
        (lambda b, o: ValueFacts(LECTURES_A_YEAR.name, "许多", DAY), "value", "应是数字"),
    ],
)
def test_parts_that_do_not_fit_are_refused(campaign, facts, field, said):
    other = factories.make_branch()
    with pytest.raises(Refused, match=said) as refused:
        add(campaign, facts(campaign.blocks.get(), other))
    assert refused.value.field == field


def test_a_part_of_another_plan_is_no_part_of_this(campaign, county):
    other = create_blank(organisation=county, facts=CampaignFacts("乙", 2026, DAY, DUE), by=None)
    with pytest.raises(Refused, match="板块不在这个方案里"):
        add(other, MeasureFacts(campaign.blocks.get(), "乙", DUE, "branches"))


# --- Issuing --------------------------------------------------------------------------------------


def test_issuing_gives_each_unit_its_task_with_event_line_and_note(campaign, town, officer):
    tasks = issue(campaign, by=officer, on=DAY)
    assert [task.organisation for task in tasks] == list(town.children.order_by("code"))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.issued_on) == (CampaignState.RUNNING, DAY)
    task = Task.objects.get(pk=tasks[0].pk)
    assert (task.source, task.problem, task.category) == (
        "阵地建设方案",
        "活动室达到标准",
        "抓阵地",
    )
    assert (task.state, task.opened_on, task.due_on) == (TaskState.PENDING, DAY, DUE)
    event = task.events.get()
    assert (event.kind, event.on, event.by) == (EventKind.LISTED, DAY, officer)
    line = TrailLine.objects.get(area="tasks", object_id=task.pk)
    assert (line.action, line.organisation_id) == ("挂账", task.organisation_id)
    line = TrailLine.objects.get(action="印发方案")
    assert line.after == {
        "状态": "实施中",
        "印发日期": "2026年3月2日",
        "任务": "3 项",
        "单位": "3 个",
    }
    note = Changed.objects.get(organisation=task.organisation, area="tasks")
    # Values of the campaign may hold for the unit until it ends.
    assert (note.from_on, note.to_on) == (DAY, campaign.ends_on)


def test_a_second_click_makes_no_second_task(campaign, officer):
    issue(campaign, by=officer, on=DAY)
    with pytest.raises(Refused, match="2026年3月2日已经印发"):
        issue(campaign, by=officer, on=DAY)
    assert Task.objects.count() == 3


def test_a_plan_changed_since_the_preview_is_not_issued(campaign, officer):
    with pytest.raises(ChangedMeanwhile):
        issue(campaign, by=officer, on=DAY, version=campaign.version - 1)
    assert Task.objects.count() == 0


def test_a_measure_due_on_the_day_is_issued_and_one_of_the_day_before_asks(campaign, officer):
    assert preview(campaign, DUE).past == []
    late = DUE + datetime.timedelta(days=1)
    with pytest.raises(Refused, match="时限已过") as refused:
        issue(campaign, by=officer, on=late)
    assert refused.value.field == "leave_past"
    with pytest.raises(Refused, match="没有一条措施能下达"):
        issue(campaign, by=officer, on=late, leave_past=True)
    assert len(issue(campaign, by=officer, on=DUE)) == 3


def test_an_equal_task_listed_by_hand_the_same_day_is_named(campaign, town, officer):
    branch = town.children.first()
    task = factories.make_task(branch, "活动室，达到标准", opened_on=DAY, due_on=DUE)
    with pytest.raises(Refused, match=f"上荻村党支部.*编号 {task.number}"):
        issue(campaign, by=officer, on=DAY)
    assert Task.objects.count() == 1
    assert len(issue(campaign, by=officer, on=DAY + datetime.timedelta(days=1))) == 3


def test_a_vacant_post_is_shown_and_does_not_hold_the_plan_up(campaign, county, officer):
    town = factories.make_committee(county, "荻浦镇党委")
    branch = factories.make_branch(town, "下荻村党支部")
    assert preview(campaign, DAY).without_secretary == [branch]
    issue(campaign, by=officer, on=DAY)
    task = Task.objects.get(organisation=branch)
    assert task.responsible_person == task.responsible_leader == "书记空缺，待明确"


def test_names_of_measure_and_block_come_before_the_secretary(campaign, town, officer):
    block = campaign.blocks.get()
    change(block, BlockFacts("抓阵地", "韩守正", "", "许敏"))
    add(campaign, MeasureFacts(block, "乙", DUE, "own", responsible_person="苏立平"), officer)
    issue(campaign, by=officer, on=DAY)
    task = Task.objects.get(problem="乙")
    assert (task.responsible_leader, task.responsible_person) == ("韩守正", "苏立平")
    assert set(
        Task.objects.exclude(pk=task.pk).values_list("responsible_leader", "responsible_person")
    ) == {("韩守正", "许敏")}


def test_each_kind_of_address_means_its_units(campaign, county, town):
    general = factories.make_organisation(Kind.GENERAL_BRANCH, town, "商圈党总支")
    gone = factories.make_branch(town, "旧党支部", dissolved_on=datetime.date(2026, 2, 1))
    to_come = factories.make_branch(town, "新党支部", founded_on=datetime.date(2026, 4, 1))
    elsewhere = factories.make_branch()
    block = campaign.blocks.get()

    def names(addressed, **facts):
        row = Measure.objects.create(
            campaign=campaign,
            block=block,
            text=f"{addressed}",
            due_on=DUE,
            addressed=addressed,
            **facts,
        )
        row.named.set([gone, general, elsewhere])
        return [one.name for one in units_of(row, DAY)]

    assert names("sector", sector="village") == ["上荻村党支部"]
    assert names("committees") == [town.name, general.name]
    assert names("own") == [county.name]
    assert names("named") == [general.name]
    branches = units_of(campaign.measures.get(addressed="branches"), DAY)
    assert not {gone, to_come, elsewhere} & set(branches)
    assert len(branches) == 3


def test_units_that_come_later_get_their_tasks(campaign, town, officer):
    issue(campaign, by=officer, on=DAY)
    with pytest.raises(Refused, match="没有要补下达"):
        issue_missing(campaign, by=officer, on=DAY)
    later = datetime.date(2026, 5, 1)
    new = factories.make_branch(town, "新党支部", founded_on=datetime.date(2026, 4, 20))
    with pytest.raises(Refused, match="才印发"):
        issue_missing(campaign, by=officer, on=DAY - datetime.timedelta(days=1))
    [task] = issue_missing(campaign, by=officer, on=later)
    assert (task.organisation, task.opened_on, task.due_on) == (new, later, DUE)
    with pytest.raises(Refused, match="没有要补下达"):
        issue_missing(campaign, by=officer, on=later)
    factories.make_branch(town, "再新党支部", founded_on=datetime.date(2026, 7, 1))
    with pytest.raises(Refused, match="没有要补下达"):
        issue_missing(campaign, by=officer, on=DUE + datetime.timedelta(days=2))


def test_a_draft_gives_nobody_a_missing_task(campaign, officer):
    with pytest.raises(Refused, match="只有实施中的方案"):
        issue_missing(campaign, by=officer, on=DAY)


# --- Changed while it runs -------------------------------------------------------------------------


def test_dates_of_issued_tasks_move_only_when_it_is_chosen(campaign, officer, town):
    issue(campaign, by=officer, on=DAY)
    measure = campaign.measures.get()
    later = datetime.date(2026, 9, 30)
    with pytest.raises(Refused, match="要不要一起改") as refused:
        change(measure, measure_facts(measure, due_on=later))
    assert refused.value.field == "carry_on"
    change(measure, measure_facts(measure, due_on=later), carry_on=False)
    assert set(Task.objects.values_list("due_on", "first_due_on")) == {(DUE, None)}
    measure.refresh_from_db()
    change(measure, measure_facts(measure, text="活动室全部达到标准"), carry_on=True)
    assert set(Task.objects.values_list("problem", "due_on")) == {("活动室全部达到标准", DUE)}


def test_open_tasks_take_over_what_changed_and_closed_ones_stay(campaign, officer, town):
    tasks = issue(campaign, by=officer, on=DAY)
    Task.objects.filter(pk=tasks[0].pk).update(state=TaskState.CLOSED, closed_on=DAY)
    extended = datetime.date(2026, 12, 1)
    Task.objects.filter(pk=tasks[1].pk).update(due_on=extended, first_due_on=DUE)
    Task.objects.filter(pk=tasks[2].pk).update(responsible_person="由镇里改过")
    measure = campaign.measures.get()
    later = datetime.date(2026, 9, 30)
    change(measure, measure_facts(measure, due_on=later, detail="一室多用"), carry_on=True)
    found = [Task.objects.get(pk=task.pk) for task in tasks]
    assert [task.due_on for task in found] == [DUE, extended, later]
    assert [task.first_due_on for task in found] == [None, DUE, DUE]
    assert [task.measures for task in found] == ["", "一室多用", "一室多用"]
    assert found[2].responsible_person == "由镇里改过"
    line = TrailLine.objects.get(action="方案调整", object_id=tasks[2].pk)
    assert line.before == {"整改措施": "", "整改时限": "2026年6月30日"}
    assert line.after == {"整改措施": "一室多用", "整改时限": "2026年9月30日"}
    assert TrailLine.objects.get(action="修改措施").after["已下达的任务"] == "2 项一起改"


def test_a_measure_with_tasks_stays_and_says_what_to_do(campaign, officer):
    issue(campaign, by=officer, on=DAY)
    campaign.refresh_from_db()
    with pytest.raises(Refused, match=r"已下达 3 项任务.*整改台账里撤销"):
        remove_part(row=campaign.measures.get(), version=campaign.version, by=officer)


def test_a_measure_added_later_is_issued_with_what_is_missing(campaign, officer):
    issue(campaign, by=officer, on=DAY)
    add(campaign, MeasureFacts(campaign.blocks.get(), "乙", DUE, "own"), officer)
    [task] = issue_missing(campaign, by=officer, on=DAY)
    assert (task.problem, task.organisation) == ("乙", campaign.organisation)


# --- The end, and the numbers ------------------------------------------------------------------------


def test_ending_a_plan_asks_about_open_tasks(campaign, officer):
    issue(campaign, by=officer, on=DAY)
    campaign.refresh_from_db()

    def close(**more):
        facts = {"summary": "活动室都已达标", "leave_open": False} | more
        return close_campaign(
            campaign=campaign, version=campaign.version, by=officer, on=DUE, **facts
        )

    with pytest.raises(Refused, match="写总结"):
        close(summary=" ")
    with pytest.raises(Refused, match="还有 3 项任务没有销号") as refused:
        close()
    assert refused.value.field == "leave_open"
    closed = close(leave_open=True)
    assert (closed.state, closed.closed_on) == (CampaignState.CLOSED, DUE)
    assert TrailLine.objects.get(action="结束方案").after["没有销号的任务"] == "3 项，继续办"
    with pytest.raises(Refused, match="方案已结束"):
        add(campaign, BlockFacts("乙"), officer)


def test_a_number_of_the_plan_becomes_the_countys_from_a_day_on(campaign, officer):
    row = add(campaign, ValueFacts(LECTURES_A_YEAR.name, "6", DAY), officer)
    with pytest.raises(Refused, match="印发以后"):
        apply_value(row=row, starts_on=DAY, by=officer, on=DAY)
    issue(campaign, by=officer, on=DAY)
    later = datetime.date(2026, 7, 1)
    apply_value(row=row, starts_on=later, by=officer, on=DAY)
    setting = Setting.objects.get(key=LECTURES_A_YEAR.name)
    assert (setting.starts_on, setting.value, setting.reason) == (later, 6, "采用《阵地建设方案》")
    row.refresh_from_db()
    assert (row.applied_on, row.starts_on, row.applied_by) == (DAY, later, officer)
    with pytest.raises(Refused, match="已经采用过"):
        apply_value(row=row, starts_on=later, by=officer, on=DAY)
    with pytest.raises(Refused, match="已经采用"):
        change(row, ValueFacts(LECTURES_A_YEAR.name, "8", DAY))
