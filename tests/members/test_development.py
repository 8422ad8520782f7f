"""Development as it is written down: services, pages, who may and who may not."""

from datetime import date

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Changed, Form
from members.enums import MemberKind, Stage, Step
from members.models import Development, DevelopmentPlan, Member
from members.services import Refused
from members.services.development import (
    TRAIL_AREA,
    change_development,
    correct_step,
    end_development,
    register_step,
    remove_step,
    start_development,
    start_from_member,
)
from members.services.development_entry import Entry
from members.services.development_plans import approve_plan, file_plan, return_plan
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)
VOTE = {"should_vote": 20, "present": 16, "approved": 15, "written": 1}


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
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture(autouse=True)
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def take(development, step, on, by=None, **facts):
    return register_step(
        development=development, entry=Entry(step, on, **facts), by=by, today=TODAY
    )


def target(branch, **facts):
    """Somebody whose admission is to be decided."""
    return factories.make_development(
        branch,
        "林秀云",
        stage=Stage.TARGET,
        steps=[
            (Step.APPLIED, date(2024, 3, 1)),
            (Step.ACTIVIST, date(2024, 9, 1)),
            (Step.TARGET, date(2025, 10, 1)),
            (Step.PRE_REVIEW, date(2026, 10, 26)),
        ],
        **facts,
    )


def probationer(branch, joined_on=date(2025, 11, 10), **facts):
    """Somebody on probation with a way on record."""
    member = factories.make_member(
        branch, "周立平", kind=MemberKind.PROBATIONARY, joined_on=joined_on
    )
    return factories.make_development(
        branch,
        member.name,
        stage=Stage.PROBATIONARY,
        member=member,
        steps=[(Step.ADMISSION_MEETING, joined_on, VOTE)],
        **facts,
    )


# --- Applications ---------------------------------------------------------------------------


def applied(branch, by, **facts):
    facts = {"name": "贺文静", "born_on": date(1999, 3, 4), "applied_on": date(2026, 11, 3)} | facts
    facts.setdefault("id_number", factories.make_id_number(facts["born_on"]))
    return start_development(organisation=branch, by=by, today=TODAY, **facts)


def test_an_application_makes_an_applicant_and_leaves_a_line(branch, secretary):
    development = applied(branch, secretary)
    assert (development.stage, development.organisation) == (Stage.APPLICANT, branch)
    step = development.steps.get()
    assert (step.step, step.on) == (Step.APPLIED, date(2026, 11, 3))
    line = TrailLine.objects.get(area=TRAIL_AREA)
    assert (line.action, line.by, line.object_id) == ("登记入党申请", secretary, development.pk)
    assert line.after["公民身份号码"] == development.id_number_mask
    assert development.id_number not in str(line.after)
    changed = Changed.objects.get(organisation=branch)
    assert (changed.area, changed.from_on) == ("members", date(2026, 11, 3))


def test_who_is_not_eighteen_on_the_day_is_refused_and_on_the_birthday_not(branch, secretary):
    with pytest.raises(Refused, match="年满 18 岁"):
        applied(branch, secretary, born_on=date(2008, 11, 4))
    applied(branch, secretary, born_on=date(2008, 11, 3))
    assert Development.objects.count() == 1


def test_a_member_or_somebody_on_the_way_cannot_apply_again(branch, secretary):
    member = factories.make_member(branch)
    with pytest.raises(Refused, match="这个号码已是"):
        applied(branch, secretary, id_number=member.id_number)
    first = applied(branch, secretary)
    with pytest.raises(Refused, match="在办的发展党员记录"):
        applied(branch, secretary, id_number=first.id_number)
    stranger = factories.make_user("secretary", factories.make_branch(branch.parent))
    with pytest.raises(Refused) as refused:
        applied(stranger.grants.get().organisation, stranger, id_number=first.id_number)
    assert branch.name not in str(refused.value)
    assert first.name not in str(refused.value)


def test_a_day_to_come_and_a_temporary_branch_are_refused(branch, committee, secretary):
    with pytest.raises(Refused, match="还没有到"):
        applied(branch, secretary, applied_on=date(2026, 11, 23))
    temporary = factories.make_branch(committee, form=Form.TEMPORARY)
    with pytest.raises(Refused, match="组织关系不转入"):
        applied(temporary, secretary)
    assert not Development.objects.exists()


# --- Steps ----------------------------------------------------------------------------------


def test_a_step_of_long_ago_is_entered_late_and_moves_the_stage(branch, secretary):
    development = applied(branch, secretary, applied_on=date(2024, 1, 10))
    take(development, Step.TALKED, date(2024, 4, 1), secretary)
    take(development, Step.ACTIVIST, date(2024, 6, 1), secretary)
    development.refresh_from_db()
    assert development.stage == Stage.ACTIVIST
    line = TrailLine.objects.filter(area=TRAIL_AREA, action="登记发展环节").latest("pk")
    assert (line.after["环节"], line.after["阶段"]) == ("确定为积极分子", "入党积极分子")


def test_a_year_as_activist_is_a_true_condition(branch, secretary):
    development = factories.make_development(
        branch,
        stage=Stage.ACTIVIST,
        steps=[(Step.APPLIED, date(2025, 1, 5)), (Step.ACTIVIST, date(2025, 6, 1))],
    )
    with pytest.raises(Refused, match="满 1 年") as refused:
        take(development, Step.TARGET, date(2026, 5, 31), secretary)
    assert refused.value.field == "on"
    assert not development.steps.filter(step=Step.TARGET).exists()
    take(development, Step.TARGET, date(2026, 6, 1), secretary)
    development.refresh_from_db()
    assert development.stage == Stage.TARGET


def test_only_the_superior_passes_over_a_condition_and_says_why(branch, secretary, officer):
    development = factories.make_development(
        branch,
        stage=Stage.ACTIVIST,
        steps=[(Step.APPLIED, date(2025, 1, 5)), (Step.ACTIVIST, date(2025, 6, 1))],
    )
    entry = Entry(Step.TARGET, date(2026, 5, 31), override_reason="原单位培养时间连续计算")
    with pytest.raises(Refused, match="由上级批准"):
        register_step(development=development, entry=entry, by=secretary, today=TODAY)
    register_step(development=development, entry=entry, by=officer, today=TODAY)
    development.refresh_from_db()
    assert development.stage == Stage.TARGET
    line = TrailLine.objects.filter(area=TRAIL_AREA).latest("pk")
    assert line.after["例外"] == "原单位培养时间连续计算（仅此一次，至 2026年5月31日）"
    assert line.reason == "原单位培养时间连续计算"


def test_steps_out_of_reach_or_taken_already_are_refused(branch, secretary):
    development = applied(branch, secretary)
    with pytest.raises(Refused, match="请先登记“确定为积极分子”"):
        take(development, Step.REVIEWED, TODAY, secretary)
    with pytest.raises(Refused, match="已登记过"):
        take(development, Step.APPLIED, TODAY, secretary)
    with pytest.raises(Refused, match="还没有到"):
        take(development, Step.TALKED, date(2026, 11, 23), secretary)
    with pytest.raises(Refused, match="结束日期早于开始日期"):
        take(development, Step.TALKED, TODAY, secretary, until_on=date(2026, 11, 1))


def test_reviews_come_again_but_once_a_day(branch, secretary):
    development = factories.make_development(
        branch, stage=Stage.ACTIVIST, steps=[(Step.ACTIVIST, date(2025, 6, 1))]
    )
    take(development, Step.REVIEWED, date(2025, 12, 1), secretary)
    take(development, Step.REVIEWED, date(2026, 6, 1), secretary)
    with pytest.raises(Refused, match="这一天已登记过"):
        take(development, Step.REVIEWED, date(2026, 6, 1), secretary)
    assert development.steps.filter(step=Step.REVIEWED).count() == 2


# --- Admission ------------------------------------------------------------------------------


def test_the_branch_meeting_puts_a_probationary_member_on_the_roster(branch, secretary):
    development = target(branch)
    take(development, Step.ADMISSION_MEETING, date(2026, 11, 20), secretary, **VOTE)
    development.refresh_from_db()
    member = development.member
    assert development.stage == Stage.PROBATIONARY
    assert (member.name, member.kind, member.joined_on, member.confirmed_on) == (
        "林秀云",
        MemberKind.PROBATIONARY,
        date(2026, 11, 20),
        None,
    )
    assert member.id_number_hash == development.id_number_hash
    membership = member.memberships.get()
    assert (membership.organisation, membership.starts_on, membership.is_attached) == (
        branch,
        date(2026, 11, 20),
        False,
    )


@pytest.mark.parametrize(
    ("vote", "words", "field"),
    [
        ({"should_vote": 20, "present": 10, "approved": 10}, "实到 10 人，没有超过半数", "present"),
        (
            {"should_vote": 20, "present": 18, "approved": 10},
            "赞成 10 票，没有超过半数",
            "approved",
        ),
        (
            {"should_vote": 20, "present": 21, "approved": 15},
            "实到 21 人多于应到 20 人",
            "approved",
        ),
        ({}, "请填应到、实到和赞成人数", "should_vote"),
    ],
)
def test_a_vote_that_fails_admits_nobody(branch, secretary, vote, words, field):
    development = target(branch)
    with pytest.raises(Refused, match=words) as refused:
        take(development, Step.ADMISSION_MEETING, date(2026, 11, 20), secretary, **vote)
    assert refused.value.field == field
    development.refresh_from_db()
    assert (development.stage, development.member) == (Stage.TARGET, None)
    assert not Member.objects.exists()


def test_no_reason_passes_over_a_vote_that_failed(branch, officer):
    development = target(branch)
    with pytest.raises(Refused, match="不能通过"):
        take(
            development,
            Step.ADMISSION_MEETING,
            date(2026, 11, 20),
            officer,
            should_vote=20,
            present=18,
            approved=10,
            override_reason="特殊",
        )
    take(
        development, Step.ADMISSION_MEETING, date(2026, 11, 20), officer, override_reason="票数散失"
    )
    development.refresh_from_db()
    assert development.stage == Stage.PROBATIONARY


def test_a_number_that_is_on_the_roster_already_is_not_admitted(branch, secretary):
    development = target(branch)
    factories.make_member(branch, id_number=development.id_number)
    with pytest.raises(Refused, match="这个号码已是"):
        take(development, Step.ADMISSION_MEETING, date(2026, 11, 20), secretary, **VOTE)
    assert not development.steps.filter(step=Step.ADMISSION_MEETING).exists()
    assert Member.objects.count() == 1


def test_correcting_the_day_of_admission_moves_the_joining(branch, secretary):
    development = target(branch)
    row = take(development, Step.ADMISSION_MEETING, date(2026, 11, 20), secretary, **VOTE)
    entry = Entry(Step.ADMISSION_MEETING, date(2026, 11, 18), **VOTE)
    correct_step(row=row, entry=entry, by=secretary, today=TODAY, reason="抄错日期")
    member = Member.objects.get()
    assert member.joined_on == member.memberships.get().starts_on == date(2026, 11, 18)
    line = TrailLine.objects.get(area=TRAIL_AREA, action="更正发展环节")
    assert (line.before["日期"], line.after["日期"], line.reason) == (
        "2026年11月20日",
        "2026年11月18日",
        "抄错日期",
    )


# --- Probation, conversion, extension --------------------------------------------------------


def test_conversion_is_refused_a_day_early_and_waits_for_the_superior(branch, secretary, officer):
    development = probationer(branch)
    with pytest.raises(Refused, match="满期才能转正"):
        take(development, Step.CONVERSION_MEETING, date(2026, 11, 9), secretary, **VOTE)
    take(development, Step.CONVERSION_MEETING, date(2026, 11, 20), secretary, **VOTE)
    member = Member.objects.get()
    assert (member.kind, member.confirmed_on) == (MemberKind.PROBATIONARY, None)
    take(development, Step.CONVERSION_DECISION, date(2026, 11, 21), officer)
    member.refresh_from_db()
    development.refresh_from_db()
    # Party age counts from the end of probation, not from the meeting ten days later.
    assert (member.kind, member.confirmed_on) == (MemberKind.FORMAL, date(2026, 11, 10))
    assert development.stage == Stage.CONFIRMED
    take(development, Step.ARCHIVED, date(2026, 11, 22), secretary)
    development.refresh_from_db()
    assert (development.ended_on, development.end_reason) == (TODAY, "已转正，材料归档")


def test_the_superior_does_not_decide_before_the_branch(branch, officer):
    development = probationer(branch)
    with pytest.raises(Refused, match="支部大会还没有讨论转正"):
        take(development, Step.CONVERSION_DECISION, TODAY, officer)


def test_an_extension_of_half_a_year_to_a_year_is_kept_with_the_member(branch, secretary, officer):
    development = probationer(branch, joined_on=date(2025, 3, 31))
    for until_on in (date(2026, 9, 29), date(2027, 4, 1)):
        with pytest.raises(Refused, match="不少于 6 个月") as refused:
            take(development, Step.EXTENSION, date(2026, 4, 2), secretary, until_on=until_on)
        assert refused.value.field == "until_on"
    row = take(development, Step.EXTENSION, date(2026, 4, 2), secretary, until_on=date(2026, 9, 30))
    member = Member.objects.get()
    assert member.probation_extended_to == date(2026, 9, 30)
    with pytest.raises(Refused, match="已登记过"):
        take(development, Step.EXTENSION, date(2026, 9, 30), secretary, until_on=date(2027, 3, 31))
    with pytest.raises(Refused, match="满期才能转正"):
        take(development, Step.CONVERSION_MEETING, date(2026, 9, 29), secretary, **VOTE)
    take(development, Step.CONVERSION_MEETING, date(2026, 10, 8), secretary, **VOTE)
    entry = Entry(Step.EXTENSION, date(2026, 4, 2), date(2027, 3, 31))
    with pytest.raises(Refused, match="“支部大会转正”就不合要求"):
        correct_step(row=row, entry=entry, by=secretary, today=TODAY, reason="更正")
    take(development, Step.CONVERSION_DECISION, date(2026, 10, 20), officer)
    member.refresh_from_db()
    assert member.confirmed_on == date(2026, 9, 30)


def test_an_extension_taken_back_is_off_the_roster_again(branch, secretary):
    development = probationer(branch, joined_on=date(2025, 3, 31))
    row = take(development, Step.EXTENSION, date(2026, 4, 2), secretary, until_on=date(2026, 9, 30))
    remove_step(row=row, by=secretary, reason="登记错人")
    assert Member.objects.get().probation_extended_to is None
    assert TrailLine.objects.get(action="撤回发展环节").before["至"] == "2026年9月30日"


def test_a_special_case_needs_its_reason_and_comes_before_the_approval(branch, officer):
    development = probationer(branch)
    with pytest.raises(Refused, match="请写明特殊情况"):
        take(development, Step.APPROVAL_DELAYED, TODAY, officer)
    take(development, Step.APPROVAL_DELAYED, TODAY, officer, note="外调未回")
    take(development, Step.APPROVAL, TODAY, officer)
    assert development.steps.filter(step=Step.APPROVAL_DELAYED).count() == 1


def test_a_step_on_which_others_rest_is_not_taken_back(branch, secretary):
    development = target(branch)
    activist = development.steps.get(step=Step.ACTIVIST)
    with pytest.raises(Refused, match="为前提"):
        remove_step(row=activist, by=secretary, reason="登记错")
    with pytest.raises(Refused, match="不能撤回"):
        remove_step(row=development.steps.get(step=Step.APPLIED), by=secretary, reason="登记错")
    row = development.steps.get(step=Step.TARGET)
    with pytest.raises(Refused, match="请写明撤回原因"):
        remove_step(row=row, by=secretary, reason=" ")
    remove_step(row=row, by=secretary, reason="登记错")
    development.refresh_from_db()
    assert development.stage == Stage.ACTIVIST


def test_an_ending_on_probation_takes_the_member_off_the_roster(branch, secretary):
    development = probationer(branch)
    with pytest.raises(Refused, match="请写明结束原因"):
        end_development(development=development, on=TODAY, reason="", by=secretary, today=TODAY)
    with pytest.raises(Refused, match="早于"):
        end_development(
            development=development,
            on=date(2025, 11, 9),
            reason="取消预备党员资格",
            by=secretary,
            today=TODAY,
        )
    end_development(
        development=development, on=TODAY, reason="取消预备党员资格", by=secretary, today=TODAY
    )
    member = Member.objects.get()
    assert (member.left_on, member.left_reason) == (TODAY, "取消预备党员资格")
    assert member.memberships.get().ends_on == TODAY
    development.refresh_from_db()
    with pytest.raises(Refused, match="不能再改"):
        take(development, Step.OATH, TODAY, secretary)


def end(development, by):
    reason = "取消预备党员资格"
    end_development(development=development, on=TODAY, reason=reason, by=by, today=TODAY)


def test_a_way_changes_nobody_on_another_roster_and_ends_no_formal_member(
    branch, committee, secretary
):
    development = probationer(branch)
    member, meeting = development.member, development.steps.get()
    member.organisation = factories.make_branch(committee)
    member.save()
    entry = Entry(Step.ADMISSION_MEETING, date(2025, 11, 12), **VOTE)
    with pytest.raises(Refused, match="组织关系不在这个支部"):
        correct_step(row=meeting, entry=entry, by=secretary, today=TODAY, reason="抄错")
    with pytest.raises(Refused, match="组织关系不在这个支部"):
        end(development, secretary)
    member.organisation, member.kind = branch, MemberKind.FORMAL
    member.save()
    with pytest.raises(Refused, match="已是正式党员"):
        end(development, secretary)
    member.refresh_from_db()
    assert (member.left_on, member.joined_on) == (None, date(2025, 11, 10))


def test_a_way_does_not_end_while_a_transfer_is_under_way(branch, secretary):
    development = probationer(branch)
    factories.make_transfer(development.member)
    with pytest.raises(Refused, match="有一份在办的组织关系转接"):
        end(development, secretary)
    development.refresh_from_db()
    assert development.ended_on is None


def test_nobody_applies_in_a_branch_that_is_no_more(branch, secretary):
    branch.dissolved_on = date(2026, 11, 10)
    branch.save()
    with pytest.raises(Refused, match="撤销"):
        applied(branch, secretary)


def test_whole_numbers_stand_on_the_form_only_for_who_may_see_them(client, branch, secretary):
    development = factories.make_development(branch, "贺文静")
    number, mask = development.id_number, development.id_number_mask
    page = reverse("members:development_change", args=[development.pk])
    client.force_login(factories.make_user("organiser", branch))
    shown = client.get(page).content.decode()
    assert (number in shown, mask in shown, development.phone in shown) == (False, True, False)
    sent = {"name": "贺文靖", "id_number": mask, "phone": development.phone_mask}
    client.post(page, sent)
    stored = Development.objects.get()
    assert (stored.name, stored.id_number, stored.phone) == (
        "贺文靖",
        number,
        development.phone,
    )
    refused = client.post(page, sent | {"id_number": ""})
    assert "请填 18 位公民身份号码" in refused.content.decode()
    assert not TrailLine.objects.filter(action="查看完整号码").exists()
    client.force_login(secretary)
    assert number in client.get(page).content.decode()
    line = TrailLine.objects.get(action="查看完整号码")
    assert (line.area, line.after["公民身份号码"]) == (TRAIL_AREA, mask)


def test_a_number_too_large_to_keep_is_refused_by_the_form(client, branch, secretary):
    client.force_login(secretary)
    development = target(branch)
    page = reverse("members:development_register", args=[development.pk, Step.COURSE])
    answer = client.post(page, {"on": "2026.11.2", "hours": "30001"})
    assert "数目过大" in answer.content.decode()


def test_a_probationary_member_of_the_roster_is_gone_on_with(branch, secretary):
    member = factories.make_member(
        branch,
        kind=MemberKind.PROBATIONARY,
        joined_on=date(2025, 3, 31),
        probation_extended_to=date(2026, 9, 30),
    )
    development = start_from_member(member=member, by=secretary, today=TODAY)
    assert (development.stage, development.member, development.name) == (
        Stage.PROBATIONARY,
        member,
        member.name,
    )
    assert list(development.steps.values_list("step", "on", "until_on")) == [
        (Step.ADMISSION_MEETING, date(2025, 3, 31), None),
        (Step.EXTENSION, date(2026, 3, 31), date(2026, 9, 30)),
    ]
    with pytest.raises(Refused, match="已有发展党员记录"):
        start_from_member(member=member, by=secretary, today=TODAY)
    with pytest.raises(Refused, match="不是在册的预备党员"):
        start_from_member(member=factories.make_member(branch), by=secretary, today=TODAY)
    unknown = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=None, starts_on=date(2020, 1, 1)
    )
    with pytest.raises(Refused, match="没有入党日期"):
        start_from_member(member=unknown, by=secretary, today=TODAY)


def test_facts_change_with_masked_lines_until_the_roster_holds_them(branch, secretary):
    development = applied(branch, secretary)
    number = factories.make_id_number(date(1998, 1, 1))
    assert change_development(
        development=development, by=secretary, contacts="林守正、周慧敏", id_number=number
    )
    development.refresh_from_db()
    assert (development.contacts, development.id_number) == ("林守正、周慧敏", number)
    line = TrailLine.objects.get(action="修改发展对象情况")
    assert line.after == {
        "培养联系人": "林守正、周慧敏",
        "公民身份号码": development.id_number_mask,
    }
    assert not change_development(development=development, by=secretary, contacts="林守正、周慧敏")
    admitted = probationer(branch)
    with pytest.raises(Refused, match="请在花名册修改"):
        change_development(development=admitted, by=secretary, name="周立明")


# --- Plans ----------------------------------------------------------------------------------


def test_a_plan_is_filed_approved_and_only_then_fixed(branch, secretary, officer):
    plan = file_plan(
        organisation=branch, year=2026, targets=2, admissions=1, on=date(2026, 1, 8), by=secretary
    )
    file_plan(
        organisation=branch, year=2026, targets=3, admissions=1, on=date(2026, 1, 9), by=secretary
    )
    with pytest.raises(Refused, match="早于报送日期"):
        approve_plan(plan=plan, on=date(2026, 1, 8), by=officer)
    approve_plan(plan=plan, on=date(2026, 1, 20), by=officer)
    plan.refresh_from_db()
    assert (plan.targets, plan.approved_on) == (3, date(2026, 1, 20))
    with pytest.raises(Refused, match="已批准"):
        file_plan(organisation=branch, year=2026, targets=4, admissions=1, on=TODAY, by=secretary)
    with pytest.raises(Refused, match="退回要写明原因"):
        return_plan(plan=plan, by=officer, reason="")
    return_plan(plan=plan, by=officer, reason="再核人数")
    plan.refresh_from_db()
    assert plan.approved_on is None
    with pytest.raises(Refused, match="还没有批准"):
        return_plan(plan=plan, by=officer, reason="再核人数")
    actions = TrailLine.objects.filter(area="development_plan").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "报送发展党员计划",
        "修改发展党员计划",
        "批准发展党员计划",
        "退回发展党员计划",
    ]


# --- Pages ----------------------------------------------------------------------------------


def test_the_list_is_worst_first_and_counts_the_stages(client, branch, secretary):
    factories.make_development(branch, "今天递交", steps=[(Step.APPLIED, TODAY)])
    factories.make_development(branch, "谈话超期", steps=[(Step.APPLIED, date(2026, 10, 1))])
    factories.make_development(branch, "快到期", steps=[(Step.APPLIED, date(2026, 10, 28))])
    factories.make_development(
        branch, "已结束", ended_on=TODAY, end_reason="本人撤回申请", steps=[(Step.APPLIED, TODAY)]
    )
    target(branch)
    client.force_login(secretary)
    context = client.get(reverse("members:developments")).context
    assert [row["name"] for row in context["rows"]] == ["谈话超期", "林秀云", "快到期", "今天递交"]
    assert [(row["next"], row["due"], row["words"]) for row in context["rows"]] == [
        ("派人谈话", "2026年11月1日", "逾期 21 天"),
        ("支部大会接收", "2026年11月26日", "还剩 4 天"),
        ("派人谈话", "2026年11月28日", "还剩 6 天"),
        ("派人谈话", "2026年12月22日", "还剩 30 天"),
    ]
    assert [(stage["count"], stage["late"]) for stage in context["stages"]] == [
        (3, 1),
        (0, 0),
        (1, 0),
        (0, 0),
        (0, 0),
    ]
    assert [(chip["label"], chip["count"]) for chip in context["chips"]] == [
        ("逾期", 1),
        ("7 天内到期", 2),
        ("已结束", 1),
    ]
    for query, names in (
        ({"state": "late"}, ["谈话超期"]),
        ({"state": "ended"}, ["已结束"]),
        ({"stage": "target"}, ["林秀云"]),
        ({"q": "林秀"}, ["林秀云"]),
        ({"q": "lxy"}, ["林秀云"]),
        ({"stage": "x", "q": "无此人"}, []),
    ):
        rows = client.get(reverse("members:developments"), query).context["rows"]
        assert [row["name"] for row in rows] == names, query


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, branch, secretary, officer):
    url = reverse("members:developments")
    target(branch)
    for user in (secretary, officer):
        client.force_login(user)
        one = count_of(lambda: client.get(url))
        factories.make_development(branch, steps=[(Step.APPLIED, TODAY)])
        factories.make_development(branch, steps=[(Step.APPLIED, TODAY)])
        assert count_of(lambda: client.get(url)) == one


def test_the_page_of_a_way_takes_as_many_queries_with_three_reviews_as_with_one(
    client, branch, secretary
):
    development = factories.make_development(
        branch,
        stage=Stage.ACTIVIST,
        steps=[(Step.ACTIVIST, date(2025, 1, 1)), (Step.REVIEWED, date(2025, 6, 1))],
    )
    client.force_login(secretary)
    url = reverse("members:development", args=[development.pk])
    one = count_of(lambda: client.get(url))
    for on in (date(2025, 12, 1), date(2026, 6, 1)):
        take(development, Step.REVIEWED, on)
    assert count_of(lambda: client.get(url)) == one


def steps_shown(response):
    return {step["name"]: step for group in response.context["groups"] for step in group["steps"]}


def test_the_page_says_day_span_source_and_what_does_not_fit(client, branch, secretary):
    development = factories.make_development(
        branch,
        stage=Stage.ACTIVIST,
        steps=[
            (Step.APPLIED, date(2026, 6, 1)),
            (Step.TALKED, date(2026, 7, 4)),
            (Step.ACTIVIST, date(2026, 8, 31)),
        ],
    )
    client.force_login(secretary)
    response = client.get(reverse("members:development", args=[development.pk]))
    shown = steps_shown(response)
    talked = shown["派人谈话"]
    assert talked["taken"][0]["date"] == "2026年7月4日"
    assert talked["taken"][0]["warnings"] == [
        "比最迟的2026年7月1日晚 3 天：收到入党申请书后 1 个月内派人谈话"
    ]
    assert talked["spans"][0]["words"] == "最迟 2026年7月1日"
    assert talked["spans"][0]["source"] == "2026 年修订第七条（两处以上公开来源，官方文本待核）"
    assert shown["确定为发展对象"]["spans"][0]["words"] == "最早 2027年8月31日"
    assert shown["半年考察"]["spans"][0]["words"] == "最迟 2027年2月28日"
    assert shown["积极分子上级备案"]["register_url"] == ""
    assert shown["半年考察"]["register_url"] != ""
    assert shown["政治审查"]["register_url"] == ""
    text = response.content.decode()
    assert "来源说法不一" in text
    assert development.id_number not in text
    assert development.id_number_mask in text


def test_an_oath_under_the_text_of_2014_is_shown_without_a_limit(client, branch, secretary):
    development = probationer(branch)
    take(development, Step.APPROVAL, date(2026, 5, 17))
    client.force_login(secretary)
    url = reverse("members:development", args=[development.pk])
    oath = steps_shown(client.get(url))["入党宣誓"]
    assert (oath["spans"], oath["words"]) == ([], "未办")
    assert oath["asks"] == [{"asks": "没有期限", "source": "2014 年版没有这项期限"}]
    entry = Entry(Step.APPROVAL, date(2026, 5, 18))
    row = development.steps.get(step=Step.APPROVAL)
    correct_step(row=row, entry=entry, by=None, today=TODAY, reason="抄错日期")
    oath = steps_shown(client.get(url))["入党宣誓"]
    assert (oath["spans"][0]["words"], oath["words"]) == ("最迟 2026年6月18日", "逾期 157 天")
    assert oath["asks"] == []


def test_the_secretary_registers_a_step_and_is_told_what_does_not_fit(client, branch, secretary):
    development = applied(branch, secretary, applied_on=date(2026, 9, 1))
    client.force_login(secretary)
    url = reverse("members:development_register", args=[development.pk, Step.TALKED])
    page = client.get(url)
    assert page.context["limits"][0]["span"] == "最迟 2026年10月1日"
    response = client.post(url, {"on": "2026.11.20"}, follow=True)
    assert development.steps.get(step=Step.TALKED).on == date(2026, 11, 20)
    texts = [str(message) for message in response.context["messages"]]
    assert texts[0] == "已登记贺文静的“派人谈话”"
    assert "晚 50 天" in texts[1]


def test_a_refused_step_keeps_what_was_typed_and_says_why(client, branch, secretary):
    development = target(branch)
    client.force_login(secretary)
    url = reverse("members:development_register", args=[development.pk, Step.ADMISSION_MEETING])
    typed = {"on": "2026-11-20", "should_vote": "20", "present": "10", "approved": "10"}
    response = client.post(url, typed)
    assert response.status_code == 200
    assert response.context["form"].errors["present"] == [
        "应到 20 人，实到 10 人，没有超过半数，不能表决"
    ]
    assert response.context["form"]["on"].value() == "2026-11-20"


def test_the_superior_files_decides_and_may_pass_over_what_the_branch_cannot(
    client, branch, officer
):
    development = factories.make_development(
        branch,
        stage=Stage.ACTIVIST,
        steps=[(Step.APPLIED, date(2025, 1, 5)), (Step.ACTIVIST, date(2026, 1, 10))],
    )
    client.force_login(officer)
    shown = steps_shown(client.get(reverse("members:development", args=[development.pk])))
    assert shown["积极分子上级备案"]["register_url"] != ""
    assert shown["半年考察"]["register_url"] == shown["半年考察"]["override_url"] == ""
    url = shown["确定为发展对象"]["override_url"]
    assert client.post(url, {"on": "2026-11-20"}).context["form"].errors["override_reason"]
    client.post(url, {"on": "2026-11-20", "override_reason": "连续计算"})
    development.refresh_from_db()
    assert development.stage == Stage.TARGET


def test_the_secretary_cannot_take_the_superiors_step(client, branch, secretary):
    development = target(branch)
    client.force_login(secretary)
    url = reverse("members:development_register", args=[development.pk, Step.PRE_REVIEW])
    assert client.get(url).status_code == 403
    row = development.steps.get(step=Step.PRE_REVIEW)
    assert client.get(reverse("members:development_correct", args=[row.pk])).status_code == 403


def test_an_application_is_registered_with_the_number_alone(client, branch, secretary):
    client.force_login(secretary)
    number = factories.make_id_number(date(1999, 3, 4))
    typed = {"name": "贺文静", "id_number": number, "applied_on": "2026年11月3日"}
    client.post(reverse("members:development_new"), typed)
    development = Development.objects.get()
    assert (development.born_on, development.organisation) == (date(1999, 3, 4), branch)
    response = client.post(reverse("members:development_new"), typed)
    assert "在办的发展党员记录" in response.content.decode()


def test_pages_that_write_do_what_they_say(client, branch, secretary):
    client.force_login(secretary)
    development = applied(branch, secretary)
    change = reverse("members:development_change", args=[development.pk])
    typed = {"name": "贺文静", "id_number": development.id_number, "contacts": "林守正，周慧敏"}
    client.post(change, typed)
    development.refresh_from_db()
    assert development.contacts == "林守正、周慧敏"
    row = take(development, Step.TALKED, date(2026, 11, 10), secretary)
    correct = reverse("members:development_correct", args=[row.pk])
    client.post(correct, {"on": "11.", "reason": "抄错"})
    assert row.development.steps.get(pk=row.pk).on == date(2026, 11, 10)
    client.post(correct, {"on": "11.12", "reason": "抄错"})
    assert row.development.steps.get(pk=row.pk).on == date(2026, 11, 12)
    client.post(reverse("members:development_remove", args=[row.pk]), {"reason": "登记错人"})
    assert not development.steps.filter(step=Step.TALKED).exists()
    client.post(
        reverse("members:development_end", args=[development.pk]),
        {"on": "2026.11.22", "why": "其他", "more": ""},
    )
    development.refresh_from_db()
    assert development.ended_on is None
    client.post(
        reverse("members:development_end", args=[development.pk]),
        {"on": "2026.11.22", "why": "本人撤回申请", "more": ""},
    )
    development.refresh_from_db()
    assert (development.ended_on, development.end_reason) == (TODAY, "本人撤回申请")
    member = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 11, 10)
    )
    page = client.get(reverse("members:developments"))
    (person,) = page.context["loose"]["people"]
    client.post(person["url"])
    assert Development.objects.get(member=member).stage == Stage.PROBATIONARY


def test_a_plan_is_filed_by_the_branch_and_approved_above_beside_what_was_done(
    client, branch, secretary, officer
):
    target(branch)
    client.force_login(secretary)
    filed = {
        "branch": branch.code,
        "year": "2025",
        "targets": "2",
        "admissions": "1",
        "filed_on": "2025.1.8",
    }
    client.post(reverse("members:development_plan_file"), filed)
    plan = DevelopmentPlan.objects.get()
    assert (
        client.post(
            reverse("members:development_plan_approve", args=[plan.pk]), {"on": "2025.1.20"}
        ).status_code
        == 403
    )
    client.force_login(officer)
    client.post(reverse("members:development_plan_approve", args=[plan.pk]), {"on": "2025.1.20"})
    plan.refresh_from_db()
    assert plan.approved_on == date(2025, 1, 20)
    context = client.get(reverse("members:development_plans"), {"year": "2025"}).context
    (row,) = context["rows"]
    assert (row["planned_targets"], row["targets"], row["planned_admissions"]) == (2, 1, 1)
    assert context["totals"] == {
        "planned_targets": 2,
        "targets": 1,
        "planned_admissions": 1,
        "admissions": 0,
        "branches": 1,
    }
    client.post(reverse("members:development_plan_return", args=[plan.pk]), {"reason": "再核"})
    plan.refresh_from_db()
    assert plan.approved_on is None


def test_the_plans_take_as_many_queries_for_three_branches_as_for_one(client, branch, officer):
    def one_more(of):
        file_plan(organisation=of, year=2026, targets=1, admissions=1, on=TODAY, by=None)

    one_more(branch)
    client.force_login(officer)
    url = reverse("members:development_plans")
    one = count_of(lambda: client.get(url))
    for _ in range(2):
        one_more(factories.make_branch(branch.parent))
    assert count_of(lambda: client.get(url)) == one


def test_the_notice_names_month_and_days_and_no_number(client, branch, secretary):
    development = factories.make_development(
        branch,
        "戴文",
        stage=Stage.ACTIVIST,
        gender="female",
        steps=[
            (Step.APPLIED, date(2024, 3, 4)),
            (Step.ACTIVIST, date(2025, 3, 4)),
            (Step.TARGET_PUBLICITY, date(2026, 6, 1), {"until_on": date(2026, 6, 5)}),
        ],
    )
    client.force_login(secretary)
    response = client.get(reverse("members:development_notice", args=[development.pk]))
    text = response.content.decode()
    for words in ("发展对象公示", "戴文", "1995年3月", "2026年6月1日至2026年6月5日", branch.name):
        assert words in text
    for secret in (development.id_number, development.id_number_mask, "3471", "3月4日出生"):
        assert secret not in text


# --- Walls ----------------------------------------------------------------------------------


def addresses_of(branch):
    development = factories.make_development(
        branch, "许文桥", stage=Stage.ACTIVIST, steps=[(Step.ACTIVIST, date(2025, 1, 1))]
    )
    row = development.steps.get()
    plan = file_plan(organisation=branch, year=2026, targets=1, admissions=1, on=TODAY, by=None)
    member = factories.make_member(branch, kind=MemberKind.PROBATIONARY)
    key = [development.pk]
    return {
        "get": [
            reverse("members:development", args=key),
            reverse("members:development_change", args=key),
            reverse("members:development_end", args=key),
            reverse("members:development_notice", args=key),
            reverse("members:development_register", args=[*key, Step.REVIEWED]),
            reverse("members:development_correct", args=[row.pk]),
            reverse("members:development_new") + f"?branch={branch.code}",
            reverse("members:developments") + f"?branch={branch.code}",
            reverse("members:development_plans") + f"?branch={branch.code}",
            reverse("members:development_plan_file") + f"?branch={branch.code}",
        ],
        "post": [
            reverse("members:development_change", args=key),
            reverse("members:development_end", args=key),
            reverse("members:development_register", args=[*key, Step.REVIEWED]),
            reverse("members:development_correct", args=[row.pk]),
            reverse("members:development_remove", args=[row.pk]),
            reverse("members:development_new") + f"?branch={branch.code}",
            reverse("members:development_plan_file") + f"?branch={branch.code}",
            reverse("members:development_plan_approve", args=[plan.pk]),
            reverse("members:development_plan_return", args=[plan.pk]),
            reverse("members:development_from_member", args=[member.pk]),
        ],
    }


def test_the_neighbours_secretary_finds_nothing(client, branch, committee):
    addresses = addresses_of(branch)
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    before = TrailLine.objects.count()
    for method, urls in addresses.items():
        for url in urls:
            assert getattr(client, method)(url).status_code == 404, url
    assert client.get(reverse("members:developments")).context["rows"] == []
    assert TrailLine.objects.count() == before


def test_who_may_only_look_sees_and_writes_nothing(client, branch):
    addresses = addresses_of(branch)
    client.force_login(factories.make_user("inspector", branch.parent))
    before = TrailLine.objects.count()
    for url in addresses["post"]:
        assert client.post(url).status_code == 403, url
    seen = [url for url in addresses["get"] if client.get(url).status_code == 200]
    assert seen == [addresses["get"][index] for index in (0, 3, 7, 8)]
    assert TrailLine.objects.count() == before


def test_nobody_is_sent_to_the_login(client, branch):
    for method, urls in addresses_of(branch).items():
        for url in urls:
            response = getattr(client, method)(url)
            assert response.status_code == 302, url
            assert reverse("login") in response["Location"], url


def test_an_odd_address_is_no_fault_of_ours(client, branch, secretary):
    development = target(branch)
    client.force_login(secretary)
    for url in (
        f"{reverse('members:developments')}?stage=x&state=y&page=-1&q=%00",
        f"{reverse('members:development_plans')}?year=99999",
        f"{reverse('members:development_notice', args=[development.pk])}?kind=x",
    ):
        assert client.get(url).status_code == 200, url
    url = reverse("members:development_register", args=[development.pk, "x"])
    assert client.get(url).status_code == 302
