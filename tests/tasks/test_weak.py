"""Weak branches: rates, steps, parts, and who is told what is wrong."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from notices.models import Notice
from tasks.enums import TaskState, WeakState, WeakStepKind
from tasks.models import Task, WeakBranch
from tasks.services import Refused
from tasks.services import ledger as ledger_services
from tasks.services.ledger import TaskFacts
from tasks.services.weak import (
    ChangedMeanwhile,
    Decision,
    accept,
    ask_acceptance,
    decide,
    decline,
    end,
    file_consolidation,
    file_plan,
    look_back,
    propose,
    redo,
)
from tasks.services.weak_parts import (
    CheckFacts,
    SurveyFacts,
    add_link,
    add_measure,
    checks_stamp,
    end_link,
    record_survey,
    save_checks,
    save_report,
    withdraw_survey,
)
from tasks.values import WEAK_SATISFIED, WEAK_SCORE, WEAK_SITUATIONS
from tasks.weak import (
    Stretch,
    obstacles,
    open_to,
    owes_report,
    percent_words,
    rates,
    shortfalls,
    stretches,
)
from tests import factories
from tests.compliance.verdicts import county_value

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 18)
DECIDED = date(2026, 3, 20)
DECISION = Decision(
    decided_on=DECIDED,
    decided_by="县委常委会",
    list_name="云组发〔2026〕8号",
    plan_due_on=date(2026, 4, 20),
    due_on=date(2026, 9, 30),
)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def working(branch):
    return factories.make_weak(branch, decided_on=DECIDED, plan_filed_on=date(2026, 4, 10))


def refused(act, **facts):
    with pytest.raises(Refused) as caught:
        act(by=None, **facts)
    return str(caught.value)


def step_of(case, act, **facts):
    return act(case=case, version=case.version, by=None, today=TODAY, **facts)


def closed_measure(case):
    return factories.make_task(
        case.organisation, weak=case, state=TaskState.CLOSED, closed_on=date(2026, 6, 1)
    )


# --- Rates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("satisfied", "asked", "passes", "words"),
    [
        (7999, 10000, False, "79.99%"),
        (8000, 10000, True, "80%"),
        (8001, 10000, True, "80%"),
        (79999, 100000, False, "79.999%"),
        (76, 100, False, "76%"),
        (2, 3, False, "66.7%"),
        (5, 6, True, "83.3%"),
    ],
)
def test_rates_are_exact_and_never_shown_on_the_wrong_side(
    working, satisfied, asked, passes, words
):
    survey = factories.make_weak_survey(
        working, TODAY, asked=asked, satisfied=satisfied, aware=asked
    )
    found = rates(survey)
    assert found.satisfied == Fraction(satisfied * 100, asked)
    assert found.passes is passes
    assert percent_words(found.satisfied, Decimal(80)) == words


def test_awareness_counts_by_itself_and_does_not_make_up_for_satisfaction(working):
    survey = factories.make_weak_survey(working, TODAY, satisfied=100, aware=79)
    assert not rates(survey).passes
    assert shortfalls(survey) == ["知晓率 79%，不足 80%"]


def test_a_score_is_needed_only_where_the_county_gives_points(working):
    assert rates(factories.make_weak_survey(working, TODAY)).passes
    without = factories.make_weak_survey(working, TODAY, score_needed=Decimal(70))
    assert shortfalls(without) == ["验收得分还没有填，不足 70 分"]
    low = factories.make_weak_survey(
        working, TODAY, score_needed=Decimal(70), score=Decimal("69.99")
    )
    assert shortfalls(low) == ["验收得分 69.99 分，不足 70 分"]
    assert rates(
        factories.make_weak_survey(working, TODAY, score_needed=Decimal(70), score=Decimal(70))
    ).passes


def test_a_threshold_changed_in_mid_campaign_leaves_an_earlier_result_alone(working):
    facts = SurveyFacts(date(2026, 6, 1), asked=100, satisfied=85, aware=85)
    before = record_survey(case=working, facts=facts, by=None, today=TODAY)
    county_value(WEAK_SATISFIED, "90", date(2026, 6, 10))
    county_value(WEAK_SCORE, "70", date(2026, 6, 10))
    after = record_survey(
        case=working,
        facts=SurveyFacts(date(2026, 6, 10), 100, 85, 85, Decimal(71)),
        by=None,
        today=TODAY,
    )
    before.refresh_from_db()
    assert (before.satisfied_needed, before.score_needed) == (80, None)
    assert rates(before).passes
    assert (after.satisfied_needed, after.score_needed) == (90, 70)
    assert shortfalls(after) == ["满意度 85%，不足 90%"]


# --- Months ---------------------------------------------------------------------------------


def test_only_whole_months_of_work_are_owed():
    times = stretches(
        [
            (WeakStepKind.PROPOSED, date(2026, 1, 5)),
            (WeakStepKind.DECIDED, date(2026, 1, 31)),
            (WeakStepKind.PASSED, date(2026, 4, 30)),
            (WeakStepKind.REDO, date(2026, 6, 1)),
        ]
    )
    assert times == [Stretch(date(2026, 1, 31), date(2026, 4, 30)), Stretch(date(2026, 6, 1))]
    owed = [
        month
        for month in range(1, 8)
        if owes_report(times, date(2026, month, 1), date(2026, month, 28))
    ]
    # Seen on the 28th April was a month of work still; seen from its end it was not whole.
    assert owed == [2, 3, 4, 6, 7]
    assert not owes_report(times, date(2026, 4, 1), date(2026, 4, 30))


def test_what_was_declined_was_never_in_work():
    assert stretches([(WeakStepKind.PROPOSED, DECIDED), (WeakStepKind.DECLINED, DECIDED)]) == []


# --- Proposal and decision ------------------------------------------------------------------


def test_a_proposal_stands_with_its_situations_and_leaves_a_line(branch):
    case = propose(
        organisation=branch,
        situations=["组织生活不正常", "组织生活不正常"],
        problems="支委会半年没有开",
        by=None,
        on=date(2026, 3, 2),
        today=TODAY,
    )
    assert (case.state, case.year, case.situations) == ("proposed", 2026, ["组织生活不正常"])
    assert case.steps.get().kind == WeakStepKind.PROPOSED
    line = TrailLine.objects.get(area="weak", object_id=case.pk)
    assert line.after == {"情形": "组织生活不正常", "状态": "待认定"}
    note = Changed.objects.get(area="weak")
    assert (note.organisation_id, note.from_on, note.to_on) == (
        branch.pk,
        date(2026, 3, 2),
        TODAY,
    )


def test_a_proposal_is_refused_with_its_reason(branch, working):
    def try_it(organisation=None, situations=("组织生活不正常",), problems="散", on=TODAY):
        return refused(
            propose,
            organisation=organisation or factories.make_branch(branch.parent),
            situations=situations,
            problems=problems,
            on=on,
            today=TODAY,
        )

    assert try_it(branch.parent) == "这里只登记党支部"
    assert try_it(branch) == "这个支部已在软弱涣散整顿中，不能重复提出"
    gone = factories.make_branch(branch.parent, dissolved_on=TODAY)
    assert try_it(gone) == "支部已经撤销，不能列入整顿"
    assert try_it(situations=[" "]) == "请至少选一种情形"
    assert try_it(problems=" ") == "请写明主要问题"
    assert try_it(on=date(2026, 6, 19)) == "提出日期在今天之后，请核对"


def test_a_decision_sets_deadlines_and_makes_both_checklists(branch):
    case = factories.make_weak(branch)
    case = step_of(case, decide, decision=DECISION)
    assert (case.state, case.decided_on, case.due_on) == ("decided", DECIDED, DECISION.due_on)
    names = list(case.checks.order_by("pk").values_list("list_name", flat=True))
    assert names == ["六大责任"] * 6 + ["五个精准"] * 5
    step = case.steps.last()
    assert (step.kind, step.on, step.text) == ("decided", DECIDED, "县委常委会，云组发〔2026〕8号")


def test_the_branch_is_told_of_the_decision_and_not_of_the_proposal(branch):
    case = factories.make_weak(branch)
    county = factories.make_user("county_officer", branch.parent.parent)
    assert not Notice.objects.exists()
    decide(case=case, version=1, decision=DECISION, by=county, today=TODAY)
    notice = Notice.objects.get()
    assert (notice.organisation, notice.sender) == (branch, branch.parent.parent)
    assert notice.title == "支部被列为软弱涣散党组织，请报备“一支一策”整顿方案"
    other = factories.make_weak(factories.make_branch(branch.parent))
    decline(case=other, version=1, text="不列入", by=county, today=TODAY)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decided_on": date(2026, 6, 19)}, "日期在今天之后，请核对"),
        ({"decided_on": date(2026, 3, 1)}, "日期早于上一步（2026年3月2日 提出），请核对"),
        ({"decided_by": " "}, "请写明认定机关，如 县委常委会"),
        ({"plan_due_on": date(2026, 3, 19)}, "方案报备截止早于认定日期，请核对"),
        ({"due_on": date(2026, 4, 19)}, "整顿时限早于方案报备截止，请核对"),
    ],
)
def test_a_decision_is_refused_with_its_reason(branch, changes, words):
    case = factories.make_weak(branch)
    decision = Decision(**{**DECISION.__dict__, **changes})
    assert refused(decide, case=case, version=1, decision=decision, today=TODAY) == words
    case.refresh_from_db()
    assert case.state == "proposed"


def test_what_is_declined_is_over_and_may_be_proposed_anew(branch):
    case = factories.make_weak(branch)
    assert refused(decline, case=case, version=1, text=" ", today=TODAY) == "请写明不予认定的理由"
    case = step_of(case, decline, text="已换届，组织生活恢复")
    assert (case.state, case.ended_on, case.decided_on) == ("ended", TODAY, None)
    again = propose(
        organisation=branch,
        situations=["班子不齐"],
        problems="缺委员",
        by=None,
        on=TODAY,
        today=TODAY,
    )
    assert again.state == "proposed"


# --- Who sees it ----------------------------------------------------------------------------


def test_the_branch_sees_its_case_once_it_is_decided(branch):
    case = factories.make_weak(branch)
    secretary = factories.make_user("secretary", branch)
    officer = factories.make_user("committee_officer", branch.parent)
    inspector = factories.make_user("inspector", branch.parent.parent)
    neighbour = factories.make_user("secretary", factories.make_branch(branch.parent))
    assert [open_to(one).count() for one in (secretary, officer, inspector)] == [0, 1, 1]
    step_of(case, decide, decision=DECISION)
    assert [open_to(one).count() for one in (secretary, officer, neighbour)] == [1, 1, 0]


# --- The whole way --------------------------------------------------------------------------


def test_the_whole_way_from_plan_to_end(branch):
    case = factories.make_weak(branch, decided_on=DECIDED)
    case = step_of(case, file_plan, plan="选好书记", on=date(2026, 4, 10))
    assert (case.state, case.plan_filed_on) == ("working", date(2026, 4, 10))
    case = step_of(case, file_plan, plan="选好书记，恢复组织生活")
    assert (case.state, case.plan_filed_on) == ("working", date(2026, 4, 10))
    task = add_measure(case=case, facts=measure(), by=None, today=date(2026, 4, 11))
    assert (task.weak, task.source) == (case, "软弱涣散整顿")
    assert obstacles(case) == ["还有 1 项整顿措施没有销号", "还没有群众测评"]
    ledger_services.request_close(task=task, text="已恢复", by=None, on=date(2026, 6, 1))
    ledger_services.close_task(task=task, by=None, on=date(2026, 6, 2))
    factories.make_weak_survey(case, date(2026, 6, 10))
    case = step_of(case, ask_acceptance, text="已整改")
    assert (case.state, case.asked_on) == ("acceptance", TODAY)
    case = step_of(case, accept, on=TODAY)
    assert (case.state, case.passed_on, case.follow_up_until) == (
        "passed",
        TODAY,
        date(2027, 6, 18),
    )
    case = step_of(case, file_consolidation, plan="每季度回看")
    assert (case.state, case.consolidation_filed_on) == ("follow_up", TODAY)
    ends = {"case": case, "version": case.version}
    assert refused(end, today=date(2027, 6, 18), **ends) == "跟踪到2027年6月18日，期满后再结束"
    assert refused(end, today=date(2027, 6, 19), **ends) == "跟踪期内还没有回访，先登记一次回访"
    case = look_back(
        case=case,
        version=case.version,
        on=date(2026, 12, 1),
        text="活动正常",
        by=None,
        today=date(2027, 6, 19),
    )
    assert case.state == "follow_up"
    case = end(case=case, version=case.version, by=None, today=date(2027, 6, 19))
    assert (case.state, case.ended_on) == ("ended", date(2027, 6, 19))
    kinds = list(case.steps.order_by("pk").values_list("kind", flat=True))
    assert kinds == [
        *("proposed", "decided", "plan_filed", "plan_filed", "asked", "passed"),
        *("consolidation", "looked_back", "ended"),
    ]
    lines = TrailLine.objects.about("weak", case.pk)
    assert lines.count() == 8


def measure(**facts):
    return TaskFacts(
        **{
            "source": "软弱涣散整顿",
            "problem": "支委会不按月开",
            "responsible_leader": "沈知行",
            "responsible_unit": "望春社区第一党支部",
            "responsible_person": "林守正",
            "opened_on": date(2026, 4, 11),
            "due_on": date(2026, 8, 31),
            **facts,
        }
    )


def test_acceptance_is_refused_until_the_survey_passes_and_measures_are_closed(working):
    facts = {"case": working, "version": 1, "text": "已整改", "today": TODAY}
    assert (
        refused(ask_acceptance, **facts) == "暂不能销号：整顿措施还没有列入整改台账；还没有群众测评"
    )
    closed_measure(working)
    factories.make_weak_survey(working, date(2026, 6, 1), satisfied=76)
    assert refused(ask_acceptance, **facts) == "暂不能销号：满意度 76%，不足 80%"
    # Only the newest one that stands counts.
    good = factories.make_weak_survey(working, date(2026, 6, 9))
    assert obstacles(working) == []
    withdraw_survey(survey=good, version=1, reason="重复录入", by=None, today=TODAY)
    assert obstacles(working) == ["满意度 76%，不足 80%"]


def test_accepting_looks_again_at_what_has_changed_since(working):
    task = closed_measure(working)
    factories.make_weak_survey(working, date(2026, 6, 9))
    case = step_of(working, ask_acceptance, text="已整改")
    Task.objects.filter(pk=task.pk).update(state=TaskState.WORKING, closed_on=None)
    facts = {"case": case, "version": case.version, "on": TODAY, "today": TODAY}
    assert refused(accept, **facts) == "暂不能销号：还有 1 项整顿措施没有销号"


def test_what_is_sent_back_needs_a_survey_held_after_that_day(working):
    closed_measure(working)
    factories.make_weak_survey(working, date(2026, 6, 9))
    case = step_of(working, ask_acceptance, text="已整改")
    case = step_of(case, redo, text="群众反映没有变化", due_on=date(2026, 12, 31))
    assert (case.state, case.due_on, case.asked_on) == ("redo", date(2026, 12, 31), None)
    assert obstacles(case) == ["还没有群众测评"]
    factories.make_weak_survey(case, TODAY)
    assert obstacles(case) == ["还没有群众测评"]
    factories.make_weak_survey(case, date(2026, 6, 19))
    assert obstacles(case) == []


def test_who_slides_back_while_followed_is_put_right_again(working):
    working.state, working.passed_on = WeakState.FOLLOW_UP, date(2026, 6, 1)
    working.follow_up_until = date(2027, 6, 1)
    working.save()
    facts = {"case": working, "version": 1, "text": "三个月没有开会", "today": TODAY}
    assert refused(redo, due_on=date(2026, 6, 17), **facts) == "新的整顿时限已经过去，请核对"
    case = step_of(working, redo, text="三个月没有开会", due_on=date(2026, 12, 31))
    assert (case.state, case.passed_on, case.follow_up_until) == ("redo", None, None)
    assert case.steps.last().text == "跟踪期内反弹：三个月没有开会"


@pytest.mark.parametrize(
    ("act", "facts", "words"),
    [
        (decide, {"decision": DECISION}, "现在是“整顿中”，不能认定，措施销号、测评达标后申请验收"),
        (decline, {"text": "理由"}, "现在是“整顿中”，不能不予认定，措施销号、测评达标后申请验收"),
        (accept, {"on": TODAY}, "现在是“整顿中”，不能通过验收，措施销号、测评达标后申请验收"),
        (redo, {"text": "差", "due_on": TODAY}, "现在是“整顿中”，不能责令重新整顿，措施销号、测评达标后申请验收"),
        (file_consolidation, {"plan": "稳"}, "现在是“整顿中”，不能报备巩固方案，措施销号、测评达标后申请验收"),
        (look_back, {"text": "好", "on": TODAY}, "现在是“整顿中”，不能登记回访，措施销号、测评达标后申请验收"),
        (end, {}, "现在是“整顿中”，不能结束跟踪，措施销号、测评达标后申请验收"),
    ],
)  # fmt: skip
def test_a_step_out_of_turn_is_refused_with_its_reason(working, act, facts, words):
    assert refused(act, case=working, version=1, today=TODAY, **facts) == words


def test_of_two_at_once_one_wins_and_the_other_is_told(working):
    stale = WeakBranch.objects.get(pk=working.pk)
    step_of(working, file_plan, plan="第一个人写的")
    with pytest.raises(ChangedMeanwhile):
        step_of(stale, file_plan, plan="第二个人写的")
    working.refresh_from_db()
    assert working.plan == "第一个人写的"


# --- Parts ----------------------------------------------------------------------------------


def test_a_measure_may_not_end_after_the_branch_has_to_be_accepted(working):
    late = measure(due_on=date(2026, 9, 17))
    assert working.due_on == date(2026, 9, 16)
    words = refused(add_measure, case=working, facts=late, today=TODAY)
    assert words == "晚于整顿时限 2026年9月16日，请提前"


def test_links_begin_and_end_with_their_days(working):
    facts = {"case": working, "kind": "county_leader", "name": "邵启平", "starts_on": DECIDED}
    link = add_link(office="县委常委", by=None, **facts)
    assert refused(add_link, **facts) == "邵启平已经登记"
    assert refused(end_link, link=link, ends_on=date(2026, 3, 19)) == "结束日期早于开始日期，请核对"
    end_link(link=link, ends_on=TODAY, by=None)
    assert refused(end_link, link=link, ends_on=TODAY) == "已在2026年6月18日结束，请看最新情况"
    assert add_link(by=None, **facts).pk != link.pk
    assert refused(add_link, **{**facts, "starts_on": date(2026, 3, 1)}) == (
        "早于提出日期 2026年3月20日，请核对"
    )


def test_checklists_are_renamed_and_ticked_and_kept_from_a_second_hand(branch):
    case = step_of(factories.make_weak(branch), decide, decision=DECISION)
    first = case.checks.order_by("pk").first()
    stamp = checks_stamp(case.checks.all())
    rows = [CheckFacts(first.pk, "镇街党委主体责任", TODAY, "已研究")]
    assert save_checks(case=case, stamp=stamp, rows=rows, by=None, today=TODAY) == 1
    first.refresh_from_db()
    assert (first.text, first.done_on, first.note) == ("镇街党委主体责任", TODAY, "已研究")
    with pytest.raises(ChangedMeanwhile):
        save_checks(case=case, stamp=stamp, rows=rows, by=None, today=TODAY)
    stamp = checks_stamp(case.checks.all())
    facts = {"case": case, "stamp": stamp, "today": TODAY}
    assert save_checks(by=None, rows=rows, **facts) == 0
    assert (
        refused(save_checks, rows=[CheckFacts(first.pk, " ", None)], **facts) == "清单内容不能为空"
    )
    late = [CheckFacts(first.pk, "责任", date(2026, 6, 19))]
    assert refused(save_checks, rows=late, **facts) == "落实日期在今天之后，请核对"


def test_a_month_has_one_report_which_may_be_put_right(working):
    facts = {"case": working, "month": date(2026, 5, 31), "by": None}
    report = save_report(version=0, text="已走访", today=date(2026, 5, 30), **facts)
    assert (report.month, report.reported_on, report.version) == (
        date(2026, 5, 1),
        date(2026, 5, 30),
        1,
    )
    with pytest.raises(ChangedMeanwhile):
        save_report(version=0, text="别人也报", today=TODAY, **facts)
    report = save_report(version=1, text="已走访 30 户", today=TODAY, **facts)
    # The day it was first filed stays.
    assert (report.text, report.reported_on, report.version) == (
        "已走访 30 户",
        date(2026, 5, 30),
        2,
    )
    note = Changed.objects.filter(area="weak").last()
    assert (note.from_on, note.to_on) == (date(2026, 5, 1), TODAY)


@pytest.mark.parametrize("month", [date(2026, 2, 1), date(2026, 7, 1)])
def test_a_month_out_of_the_work_takes_no_report(working, month):
    words = refused(save_report, case=working, month=month, version=0, text="有", today=TODAY)
    assert words == f"2026年{month.month}月不在整顿期内，不用报月报"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (SurveyFacts(date(2026, 6, 19), 10, 9, 9), "测评日期在今天之后，测评后再登记"),
        (SurveyFacts(date(2026, 3, 19), 10, 9, 9), "测评早于认定日期 2026年3月20日，请核对"),
        (SurveyFacts(TODAY, 0, 0, 0), "参加测评人数应是 1 以上的整数"),
        (SurveyFacts(TODAY, 10, 11, 9), "满意人数 11 多于参加测评的 10 人，请核对"),
        (SurveyFacts(TODAY, 10, 9, 11), "知晓人数 11 多于参加测评的 10 人，请核对"),
        (SurveyFacts(TODAY, 10, 9, 9, Decimal("100.01")), "验收得分应在 0 到 100 之间"),
    ],
)
def test_a_survey_is_refused_with_its_reason(working, facts, words):
    assert refused(record_survey, case=working, facts=facts, today=TODAY) == words


def test_a_survey_is_withdrawn_once_with_a_reason_and_stays(working):
    survey = factories.make_weak_survey(working, TODAY)
    facts = {"survey": survey, "version": 1, "today": TODAY}
    assert refused(withdraw_survey, reason=" ", **facts) == "请写明作废的原因"
    withdraw_survey(reason="人数填错", by=None, **facts)
    survey.refresh_from_db()
    assert (survey.withdrawn_on, survey.note) == (TODAY, "作废：人数填错")
    assert refused(withdraw_survey, reason="再来", **facts) == "这次测评已经作废，请看最新情况"


def test_nothing_is_added_to_what_is_not_decided_or_over(branch):
    case = factories.make_weak(branch)
    facts = {"case": case, "kind": "county_leader", "name": "邵启平", "starts_on": TODAY}
    assert refused(add_link, **facts) == "还没有认定，不能登记联系"
    step_of(case, decline, text="不列入")
    assert refused(add_link, **facts) == "还没有认定，不能登记联系"
    over = factories.make_weak(
        branch, decided_on=DECIDED, state=WeakState.ENDED, ended_on=date(2026, 6, 1)
    )
    assert refused(add_link, **{**facts, "case": over}) == "整顿已经结束，不能登记联系"


def test_the_situations_can_be_typed_again_as_they_are_shown():
    assert tuple(WEAK_SITUATIONS.cleaned("、".join(WEAK_SITUATIONS.default))) == (
        WEAK_SITUATIONS.default
    )
