"""Development in time: limits passed with nothing registered, and probation undecided."""

from datetime import date

import pytest

from branches.models import Form, Organisation
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from members.enums import MemberKind, Stage, Step
from members.models import DevelopmentStep
from members.values import RULES_2026_FROM
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

DEVELOPMENT = "members.development"
PROBATION = "members.probation"


@pytest.fixture
def branch():
    return factories.make_branch()


def evidence(code, branch, as_of):
    rule = RULES[code]
    branches = Organisation.objects.filter(pk=branch.pk)
    return rule.evidence(question_for(rule, None, as_of, Values(), branches), branch)


# What is due, from what, the last day, the day after; each stage with the steps it rests on.
BORDERS = [
    (
        "派人谈话",
        Stage.APPLICANT,
        [(Step.APPLIED, date(2026, 8, 31))],
        date(2026, 9, 30),
        Step.TALKED,
    ),
    (
        "半年考察",
        Stage.ACTIVIST,
        [(Step.ACTIVIST, date(2025, 8, 31))],
        date(2026, 2, 28),
        Step.REVIEWED,
    ),
    (
        "支部大会接收",
        Stage.TARGET,
        [(Step.TARGET, date(2026, 5, 1)), (Step.PRE_REVIEW, date(2026, 6, 10))],
        date(2026, 7, 10),
        Step.ADMISSION_MEETING,
    ),
    (
        "上级审批（上级办）",
        Stage.PROBATIONARY,
        [(Step.ADMISSION_MEETING, date(2025, 8, 31))],
        date(2026, 2, 28),
        Step.APPROVAL,
    ),
    (
        "上级审批（上级办）",
        Stage.PROBATIONARY,
        [
            (Step.ADMISSION_MEETING, date(2026, 6, 1)),
            (Step.APPROVAL_DELAYED, date(2026, 8, 20), {"note": "外调未回"}),
        ],
        date(2026, 12, 1),
        Step.APPROVAL,
    ),
    (
        "上级审批转正（上级办）",
        Stage.PROBATIONARY,
        [
            (Step.ADMISSION_MEETING, date(2025, 5, 1)),
            (Step.APPROVAL, date(2025, 6, 1)),
            (Step.CONVERSION_MEETING, date(2026, 5, 30)),
        ],
        date(2026, 8, 30),
        Step.CONVERSION_DECISION,
    ),
]


@pytest.mark.parametrize(("what", "stage", "steps", "last_day", "step"), BORDERS)
def test_the_last_day_is_in_time_and_the_next_is_not(branch, what, stage, steps, last_day, step):
    development = factories.make_development(branch, "林秀云", stage=stage, steps=steps)
    next_day = date.fromordinal(last_day.toordinal() + 1)
    assert verdict(DEVELOPMENT, branch, last_day) == (0, 0, "done")
    duty = duty_of(DEVELOPMENT, branch, next_day)
    assert (duty.required, duty.actual, duty.state, duty.open_since, duty.due_on) == (
        0,
        1,
        "overdue",
        next_day,
        last_day,
    )
    (record,) = evidence(DEVELOPMENT, branch, next_day).counted
    assert (record.text, record.on) == (f"林秀云：{what}", last_day)
    assert record.url == f"/members/developments/{development.pk}/"
    # Entered late, for whatever day: it is on record, and the condition is over.
    DevelopmentStep.objects.create(development=development, step=step, on=next_day)
    assert verdict(DEVELOPMENT, branch, next_day) == (0, 0, "done")
    # The night of the last day knew nothing of it, and found nothing amiss either.
    assert verdict(DEVELOPMENT, branch, last_day) == (0, 0, "done")


def test_the_evidence_names_limit_day_article_and_how_sure_it_is(branch):
    factories.make_development(branch, "林秀云", steps=[(Step.APPLIED, date(2026, 8, 31))])
    found = evidence(DEVELOPMENT, branch, date(2026, 10, 5))
    (record,) = found.counted
    assert record.note == (
        "收到入党申请书后 1 个月内派人谈话；自2026年8月31日起算。"
        "应当，2026 年修订第七条（两处以上公开来源，官方文本待核）"
    )
    assert ("2026 年修订从哪天起执行", "2026年5月18日（生效日期待核实）") in found.facts


def advised(branch, as_of):
    found = evidence(DEVELOPMENT, branch, as_of)
    return [text for label, text in found.facts if label == "不计数"]


def test_an_approval_after_three_months_is_named_and_after_six_it_is_late(branch):
    """一般 three months, at most six: only the six are a matter of red."""
    steps = [(Step.ADMISSION_MEETING, date(2026, 3, 1))]
    factories.make_development(branch, "林秀云", stage=Stage.PROBATIONARY, steps=steps)
    assert advised(branch, date(2026, 6, 1)) == []
    assert verdict(DEVELOPMENT, branch, date(2026, 6, 2)) == (0, 0, "done")
    (text,) = advised(branch, date(2026, 6, 2))
    assert text.startswith("一般期限已过：林秀云：上级审批（上级办），2026年6月1日。")
    assert verdict(DEVELOPMENT, branch, date(2026, 9, 1)) == (0, 0, "done")
    duty = duty_of(DEVELOPMENT, branch, date(2026, 9, 2))
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 9, 2))
    (record,) = evidence(DEVELOPMENT, branch, date(2026, 9, 2)).counted
    assert record.on == date(2026, 9, 1)
    assert "最长期限，2014 年版第二十五条" in record.note
    assert advised(branch, date(2026, 9, 2)) == []


def test_an_oath_is_named_and_never_counted(branch):
    steps = [(Step.ADMISSION_MEETING, date(2026, 5, 1)), (Step.APPROVAL, date(2026, 5, 18))]
    factories.make_development(branch, "林秀云", stage=Stage.PROBATIONARY, steps=steps)
    assert advised(branch, date(2026, 6, 18)) == []
    (text,) = advised(branch, date(2026, 6, 19))
    assert text.startswith("一般期限已过：林秀云：入党宣誓，2026年6月18日。")
    assert verdict(DEVELOPMENT, branch, date(2026, 12, 31)) == (0, 0, "done")


def test_an_approval_of_before_the_revision_asks_for_no_oath(branch):
    steps = [(Step.ADMISSION_MEETING, date(2026, 3, 1)), (Step.APPROVAL, date(2026, 5, 17))]
    factories.make_development(branch, stage=Stage.PROBATIONARY, steps=steps)
    assert advised(branch, date(2026, 12, 31)) == []


def test_the_county_says_from_when_the_revision_holds(branch):
    steps = [(Step.ADMISSION_MEETING, date(2026, 3, 1)), (Step.APPROVAL, date(2026, 5, 20))]
    factories.make_development(branch, stage=Stage.PROBATIONARY, steps=steps)
    assert len(advised(branch, date(2026, 6, 21))) == 1
    county_value(RULES_2026_FROM, "2026-06-01", date(2026, 1, 1))
    assert advised(branch, date(2026, 6, 21)) == []


def test_what_lies_behind_and_local_practice_are_not_counted(branch):
    # Nobody talked, nobody reviewed, but the way has gone on; no thought report for a year.
    steps = [
        (Step.APPLIED, date(2024, 1, 1)),
        (Step.ACTIVIST, date(2024, 6, 1)),
        (Step.TARGET, date(2026, 6, 1)),
    ]
    factories.make_development(branch, stage=Stage.TARGET, steps=steps)
    assert verdict(DEVELOPMENT, branch, date(2026, 12, 31)) == (0, 0, "done")


def test_who_has_ended_or_left_is_not_counted_from_that_day_on(branch):
    factories.make_development(
        branch,
        steps=[(Step.APPLIED, date(2026, 6, 1))],
        ended_on=date(2026, 8, 1),
        end_reason="本人撤回申请",
    )
    assert verdict(DEVELOPMENT, branch, date(2026, 7, 31)) == (0, 1, "overdue")
    assert verdict(DEVELOPMENT, branch, date(2026, 8, 1)) == (0, 0, "done")
    member = factories.make_member(
        branch,
        kind=MemberKind.PROBATIONARY,
        joined_on=date(2026, 1, 1),
        ends_on=date(2026, 8, 1),
    )
    factories.make_development(
        branch,
        stage=Stage.PROBATIONARY,
        member=member,
        steps=[(Step.ADMISSION_MEETING, date(2026, 1, 1))],
    )
    assert verdict(DEVELOPMENT, branch, date(2026, 8, 1)) == (0, 0, "done")


def test_several_limits_stand_since_the_first_and_a_second_run_changes_nothing(branch):
    for applied_on in (date(2026, 8, 1), date(2026, 7, 1)):
        factories.make_development(branch, steps=[(Step.APPLIED, applied_on)])
    duty = duty_of(DEVELOPMENT, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (2, date(2026, 8, 2))
    events = duty.events.count()
    again = duty_of(DEVELOPMENT, branch, date(2026, 9, 30))
    assert (again.pk, again.actual, again.events.count()) == (duty.pk, 2, events)
    assert Duty.objects.filter(rule=DEVELOPMENT, organisation=branch).count() == 1


def test_a_branch_founded_in_the_middle_of_the_year_is_judged_like_any_other():
    branch = factories.make_branch(founded_on=date(2026, 7, 15))
    factories.make_development(branch, steps=[(Step.APPLIED, date(2026, 8, 1))])
    assert verdict(DEVELOPMENT, branch, date(2026, 7, 14)) is None
    assert verdict(DEVELOPMENT, branch, date(2026, 9, 1)) == (0, 0, "done")
    assert verdict(DEVELOPMENT, branch, date(2026, 9, 2)) == (0, 1, "overdue")


def test_a_temporary_branch_and_a_committee_are_not_judged(branch):
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    for code in (DEVELOPMENT, PROBATION):
        assert verdict(code, temporary, date(2026, 9, 30)) is None
        assert verdict(code, branch.parent, date(2026, 9, 30)) is None
        assert verdict(code, branch, date(2026, 9, 30)) == (0, 0, "done")


# --- 预备党员按期转正 -----------------------------------------------------------------------


def probationer(branch, *steps, **facts):
    joined_on = date(2025, 9, 15)
    member = factories.make_member(
        branch, "周立平", kind=MemberKind.PROBATIONARY, joined_on=joined_on, **facts
    )
    development = factories.make_development(
        branch,
        member.name,
        stage=Stage.PROBATIONARY,
        member=member,
        steps=[(Step.ADMISSION_MEETING, joined_on), *steps],
    )
    return member, development


def test_the_meeting_of_the_branch_settles_it_while_the_superior_decides(branch):
    probationer(branch, (Step.CONVERSION_MEETING, date(2026, 9, 20)))
    assert verdict(PROBATION, branch, date(2026, 9, 15)) == (0, 0, "done")
    assert verdict(PROBATION, branch, date(2026, 9, 19)) == (0, 1, "overdue")
    assert verdict(PROBATION, branch, date(2026, 9, 20)) == (0, 0, "done")


def test_a_late_meeting_does_not_make_the_days_before_it_right(branch):
    member, _development = probationer(
        branch,
        (Step.CONVERSION_MEETING, date(2026, 11, 2)),
        (Step.CONVERSION_DECISION, date(2026, 11, 20)),
    )
    member.kind, member.confirmed_on = MemberKind.FORMAL, date(2026, 9, 15)
    member.save()
    assert verdict(PROBATION, branch, date(2026, 10, 1)) == (0, 1, "overdue")
    assert verdict(PROBATION, branch, date(2026, 11, 2)) == (0, 0, "done")


def test_an_extension_counts_from_the_day_it_was_decided(branch):
    _member, development = probationer(
        branch,
        (Step.EXTENSION, date(2026, 9, 25), {"until_on": date(2027, 3, 15)}),
        probation_extended_to=date(2027, 3, 15),
    )
    assert verdict(PROBATION, branch, date(2026, 9, 24)) == (0, 1, "overdue")
    assert verdict(PROBATION, branch, date(2026, 9, 25)) == (0, 0, "done")
    assert verdict(PROBATION, branch, date(2027, 3, 15)) == (0, 0, "done")
    duty = duty_of(PROBATION, branch, date(2027, 3, 16))
    assert (duty.actual, duty.open_since) == (1, date(2027, 3, 16))
    (record,) = evidence(PROBATION, branch, date(2027, 3, 16)).counted
    assert record.note == "2025年9月15日接收为预备党员，延长的预备期已满"
    assert record.url == f"/members/developments/{development.pk}/"


def test_an_extension_known_from_the_roster_alone_counts_too(branch):
    member = factories.make_member(
        branch,
        kind=MemberKind.PROBATIONARY,
        joined_on=date(2025, 9, 15),
        probation_extended_to=date(2027, 3, 15),
    )
    assert verdict(PROBATION, branch, date(2027, 3, 15)) == (0, 0, "done")
    assert verdict(PROBATION, branch, date(2027, 3, 16)) == (0, 1, "overdue")
    (record,) = evidence(PROBATION, branch, date(2027, 3, 16)).counted
    assert record.url == f"/members/{member.pk}/"


def test_the_cure_leads_to_those_on_probation(branch):
    url = RULES[PROBATION].cure.url(branch)
    assert url == f"/members/developments/?branch={branch.code}&stage=probationary"
