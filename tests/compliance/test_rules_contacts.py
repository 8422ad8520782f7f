from datetime import date

import pytest

from branches.models import Form
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.rules.contacts import FLOATING_CONTACTS
from compliance.services import refresh
from members.enums import AbsenceKind, CaseKind, ContactWay
from members.models import Membership
from members.services.contacts import decide_case, open_cases, record_contacts, register_absence
from members.services.people import leave
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, judge_everything, period_on, verdict

pytestmark = pytest.mark.django_db

FLOATING = "members.floating_contact"
ABROAD = "members.abroad_contact"
LOST = "members.lost_contact"

END_OF_SEPTEMBER = date(2026, 9, 30)
JULY = date(2026, 7, 1)


def evidence_of(code, branch, day):
    rule = RULES[code]
    return rule.evidence(question_for(rule, period_on(code, day), day, Values()), branch)


@pytest.fixture
def branch():
    return factories.make_branch()


def floating_member(branch, since=date(2025, 1, 10), **facts):
    member = factories.make_member(branch, **facts)
    factories.make_absence(member, AbsenceKind.FLOATING, since)
    return member


# --- 流动党员 ------------------------------------------------------------------------------


def test_a_branch_with_nobody_away_has_no_row(branch):
    factories.make_member(branch)
    for code in (FLOATING, ABROAD):
        assert verdict(code, branch, END_OF_SEPTEMBER) is None


def test_everybody_contacted_is_done_on_the_day_of_the_last_first_contact(branch):
    early, late = floating_member(branch), floating_member(branch)
    for member, days in ((early, (3, 20)), (late, (18,))):
        for day in days:
            factories.make_contact(member, date(2026, 9, day))
    duty = duty_of(FLOATING, branch, END_OF_SEPTEMBER)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-Q3", 2, 2, "done")
    assert (duty.due_on, duty.met_on) == (END_OF_SEPTEMBER, date(2026, 9, 18))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(JULY, "open"), (END_OF_SEPTEMBER, "open"), (date(2026, 10, 1), "overdue")],
)
def test_a_quarter_without_contact_is_overdue_from_the_next_quarter_on(branch, as_of, state):
    floating_member(branch)
    assert verdict(FLOATING, branch, as_of, of=JULY) == (1, 0, state)


@pytest.mark.parametrize(
    ("on", "actual"),
    [
        (date(2026, 6, 30), 0),
        (date(2026, 7, 1), 1),
        (date(2026, 9, 30), 1),
        (date(2026, 10, 1), 0),
    ],
)
def test_a_contact_counts_for_the_quarter_of_its_day(branch, on, actual):
    factories.make_contact(floating_member(branch), on)
    assert duty_of(FLOATING, branch, date(2026, 10, 5), of=JULY).actual == actual


def test_who_becomes_floating_on_the_last_day_counts_and_an_earlier_contact_too(branch):
    member = floating_member(branch, since=END_OF_SEPTEMBER)
    assert verdict(FLOATING, branch, date(2026, 9, 29)) is None
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) == (1, 0, "open")
    factories.make_contact(member, date(2026, 7, 2))
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) == (1, 1, "done")


def test_who_is_back_before_the_last_day_does_not_count(branch):
    member = factories.make_member(branch)
    factories.make_absence(
        member, AbsenceKind.FLOATING, date(2025, 1, 10), ends_on=date(2026, 9, 29)
    )
    assert verdict(FLOATING, branch, date(2026, 9, 29)) == (1, 0, "open")
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) is None


def test_who_is_only_marked_as_floating_counts_on_every_day(branch):
    factories.make_member(branch, is_floating=True)
    assert verdict(FLOATING, branch, date(2026, 3, 31)) == (1, 0, "open")
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) == (1, 0, "open")


def test_the_mark_says_nothing_about_days_for_which_an_absence_tells_more(branch):
    member = factories.make_member(branch, is_floating=True)
    factories.make_absence(
        member, AbsenceKind.FLOATING, date(2025, 1, 10), ends_on=date(2026, 4, 15)
    )
    assert verdict(FLOATING, branch, date(2026, 3, 31)) == (1, 0, "open")
    # Marked again, since an unknown day after the last absence.
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) == (1, 0, "open")
    starts_later = factories.make_member(factories.make_branch(), is_floating=True)
    factories.make_absence(starts_later, AbsenceKind.FLOATING, date(2026, 8, 1))
    assert verdict(FLOATING, starts_later.organisation, date(2026, 7, 31)) is None


def test_who_is_lost_is_not_to_be_contacted(branch):
    member = floating_member(branch)
    factories.make_absence(member, AbsenceKind.LOST, date(2026, 8, 1))
    assert verdict(FLOATING, branch, date(2026, 7, 31)) == (1, 0, "open")
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) is None


def test_who_left_or_moved_does_not_count_in_the_old_branch_and_the_contact_goes_along(branch):
    elsewhere = factories.make_branch(branch.parent)
    floating_member(branch, ends_on=date(2026, 9, 1))
    moved = floating_member(branch)
    factories.make_contact(moved, date(2026, 8, 1))
    Membership.objects.filter(member=moved).update(ends_on=date(2026, 9, 9))
    Membership.objects.create(member=moved, organisation=elsewhere, starts_on=date(2026, 9, 10))
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) is None
    assert verdict(FLOATING, elsewhere, END_OF_SEPTEMBER) == (1, 1, "done")


def test_the_county_may_ask_for_more_contacts_and_two_on_a_day_are_one(branch):
    county_value(FLOATING_CONTACTS, 2, date(2026, 1, 1))
    member = floating_member(branch)
    factories.make_contact(member, date(2026, 8, 1))
    factories.make_contact(member, date(2026, 8, 1), way=ContactWay.VISIT)
    assert verdict(FLOATING, branch, END_OF_SEPTEMBER) == (1, 0, "open")
    factories.make_contact(member, date(2026, 9, 2))
    duty = duty_of(FLOATING, branch, END_OF_SEPTEMBER)
    assert (duty.actual, duty.met_on) == (1, date(2026, 9, 2))


def test_a_branch_founded_inside_the_quarter_is_not_due_before_the_next(branch):
    new = factories.make_branch(branch.parent, founded_on=date(2026, 7, 2))
    floating_member(new, starts_on=date(2026, 7, 2))
    assert verdict(FLOATING, new, END_OF_SEPTEMBER) is None
    assert verdict(FLOATING, new, date(2026, 10, 8)) == (1, 0, "open")


def test_a_temporary_branch_has_no_row(branch):
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    floating_member(temporary)
    assert verdict(FLOATING, temporary, END_OF_SEPTEMBER) is None


def test_a_contact_entered_late_heals_the_old_quarter_at_once(branch):
    member = floating_member(branch)
    judge_everything(date(2026, 10, 20))
    duty = Duty.objects.get(rule=FLOATING, organisation=branch, period="2026-Q3")
    assert (duty.actual, duty.state) == (0, "overdue")
    record_contacts(
        members=[member],
        on=date(2026, 9, 28),
        by_name="林守正",
        way=ContactWay.PHONE,
        by=None,
        today=date(2026, 10, 21),
    )
    refresh(as_of=date(2026, 10, 21), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 9, 28))


def test_a_second_run_changes_nothing(branch):
    floating_member(branch)
    judge_everything(END_OF_SEPTEMBER)
    before = list(Duty.objects.filter(rule=FLOATING).values_list())
    judge_everything(END_OF_SEPTEMBER)
    assert list(Duty.objects.filter(rule=FLOATING).values_list()) == before


def test_the_evidence_names_who_was_contacted_and_who_was_not(branch):
    told = floating_member(branch, name="陶立平")
    floating_member(branch, name="苏桂兰")
    factories.make_contact(told, date(2026, 9, 3))
    evidence = evidence_of(FLOATING, branch, END_OF_SEPTEMBER)
    assert [(one.text, one.on, one.note) for one in evidence.counted] == [
        ("陶立平", date(2026, 9, 3), "联系 1 次")
    ]
    assert [(one.text, one.note) for one in evidence.missing] == [("苏桂兰", "没有联系记录")]


# --- 出国（境） ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "actual"),
    [
        (date(2026, 6, 30), 0),
        (date(2026, 7, 1), 1),
        (date(2026, 12, 31), 1),
        (date(2027, 1, 1), 0),
    ],
)
def test_members_abroad_are_contacted_once_a_half_year(branch, on, actual):
    member = factories.make_member(branch)
    factories.make_absence(member, AbsenceKind.ABROAD, date(2024, 9, 1))
    factories.make_contact(member, on)
    duty = duty_of(ABROAD, branch, date(2027, 1, 5), of=JULY)
    assert (duty.period, duty.required, duty.actual) == ("2026-H2", 1, actual)
    assert duty.state == ("done" if actual else "overdue")
    assert duty.due_on == date(2026, 12, 31)


def test_a_floating_member_is_not_abroad(branch):
    floating_member(branch)
    assert verdict(ABROAD, branch, END_OF_SEPTEMBER) is None


# --- 失联 ----------------------------------------------------------------------------------


def lost_member(branch, since, **facts):
    member = factories.make_member(branch, **facts)
    factories.make_absence(member, AbsenceKind.LOST, since)
    return member


@pytest.mark.parametrize(
    ("since", "due_on"),
    [
        (date(2026, 3, 15), date(2026, 9, 15)),
        (date(2025, 8, 31), date(2026, 2, 28)),
        (date(2027, 8, 30), date(2028, 2, 29)),
        (date(2026, 7, 1), date(2027, 1, 1)),
    ],
)
def test_six_calendar_months_of_loss_are_a_matter_for_the_committee(branch, since, due_on):
    lost_member(branch, since)
    assert verdict(LOST, branch, due_on - (date(2026, 1, 2) - date(2026, 1, 1))) == (0, 0, "done")
    duty = duty_of(LOST, branch, due_on)
    assert (duty.actual, duty.state, duty.open_since) == (1, "open", due_on)
    assert verdict(LOST, branch, due_on + (date(2026, 1, 2) - date(2026, 1, 1)))[2] == "overdue"


def test_a_branch_without_lost_members_is_clean(branch):
    floating_member(branch)
    assert verdict(LOST, branch, END_OF_SEPTEMBER) == (0, 0, "done")


def test_a_contact_begins_the_six_months_anew(branch):
    member = lost_member(branch, date(2026, 3, 15))
    factories.make_contact(member, date(2026, 5, 20))
    assert verdict(LOST, branch, date(2026, 11, 19)) == (0, 0, "done")
    assert verdict(LOST, branch, date(2026, 11, 20)) == (0, 1, "open")
    assert verdict(LOST, branch, date(2026, 11, 21)) == (0, 1, "overdue")


def test_who_was_found_is_no_matter_any_more(branch):
    member = factories.make_member(branch)
    factories.make_absence(member, AbsenceKind.LOST, date(2026, 1, 5), ends_on=date(2026, 8, 20))
    assert verdict(LOST, branch, date(2026, 8, 20)) == (0, 1, "overdue")
    assert verdict(LOST, branch, date(2026, 8, 21)) == (0, 0, "done")


def decided_case(member, on, *, kind=CaseKind.LOST_6M, suspended_on=None, opened_on):
    open_cases(today=opened_on)
    decide_case(
        case=member.cases.get(kind=kind),
        decision="按程序报批",
        on=on,
        suspended_on=suspended_on,
        by=None,
        today=on if suspended_on is None else max(on, suspended_on),
    )


def test_a_decision_settles_the_matter_from_its_day_on(branch):
    member = lost_member(branch, date(2026, 3, 15))
    decided_case(member, date(2026, 10, 8), opened_on=date(2026, 9, 15))
    assert verdict(LOST, branch, date(2026, 10, 7)) == (0, 1, "overdue")
    assert verdict(LOST, branch, date(2026, 10, 8)) == (0, 0, "done")
    member.refresh_from_db()
    assert (member.left_on, member.kind) == (None, "formal")


def test_a_decision_without_suspension_starts_no_two_years(branch):
    member = lost_member(branch, date(2023, 3, 15))
    decided_case(member, date(2023, 10, 8), opened_on=date(2023, 9, 15))
    assert verdict(LOST, branch, date(2026, 9, 30)) == (0, 0, "done")


@pytest.mark.parametrize(
    ("suspended_on", "due_on"),
    [(date(2024, 10, 20), date(2026, 10, 20)), (date(2024, 2, 29), date(2026, 2, 28))],
)
def test_two_years_after_suspension_the_matter_comes_back(branch, suspended_on, due_on):
    member = lost_member(branch, date(2023, 3, 15))
    decided_case(member, date(2023, 10, 8), suspended_on=suspended_on, opened_on=date(2023, 9, 15))
    assert verdict(LOST, branch, due_on - (date(2026, 1, 2) - date(2026, 1, 1))) == (0, 0, "done")
    duty = duty_of(LOST, branch, due_on)
    assert (duty.actual, duty.state, duty.open_since) == (1, "open", due_on)


def suspended_and_gone(branch, suspended_on=date(2023, 11, 1), reason="停止党籍"):
    member = lost_member(branch, date(2023, 3, 15))
    decided_case(member, date(2023, 10, 8), suspended_on=suspended_on, opened_on=date(2023, 9, 15))
    leave(member=member, on=suspended_on, reason=reason, by=None, today=suspended_on)
    return member


def test_two_years_after_a_suspension_that_ended_the_membership_the_matter_comes_back(branch):
    member = suspended_and_gone(branch)
    assert verdict(LOST, branch, date(2025, 10, 31)) == (0, 0, "done")
    duty = duty_of(LOST, branch, date(2025, 11, 1))
    assert (duty.actual, duty.state, duty.open_since) == (1, "open", date(2025, 11, 1))
    assert verdict(LOST, branch, date(2025, 11, 2)) == (0, 1, "overdue")
    decided_case(member, date(2025, 11, 5), kind=CaseKind.LOST_2Y, opened_on=date(2025, 11, 2))
    assert member.cases.get(kind=CaseKind.LOST_2Y).organisation == branch
    assert verdict(LOST, branch, date(2025, 11, 4)) == (0, 1, "overdue")
    assert verdict(LOST, branch, date(2025, 11, 5)) == (0, 0, "done")


def test_who_left_after_a_suspension_and_was_heard_of_is_no_matter(branch):
    factories.make_contact(suspended_and_gone(branch), date(2024, 5, 1))
    assert verdict(LOST, branch, date(2025, 11, 2)) == (0, 0, "done")


def test_who_left_for_another_reason_is_no_matter(branch):
    suspended_and_gone(branch, reason="除名")
    assert verdict(LOST, branch, date(2025, 11, 2)) == (0, 0, "done")


def test_a_contact_after_the_suspension_ends_the_two_years(branch):
    member = lost_member(branch, date(2023, 3, 15))
    decided_case(
        member, date(2023, 10, 8), suspended_on=date(2023, 11, 1), opened_on=date(2023, 9, 15)
    )
    factories.make_contact(member, date(2025, 6, 1))
    # Out of reach once more for six months: a new matter of the first kind.
    assert verdict(LOST, branch, date(2025, 11, 30)) == (0, 0, "done")
    assert verdict(LOST, branch, date(2025, 12, 1)) == (0, 1, "open")


def test_over_five_years_abroad_is_named_but_not_counted(branch):
    """一般应 is at worst amber; one sum cannot be both."""
    member = factories.make_member(branch, "陶立平")
    factories.make_absence(member, AbsenceKind.ABROAD, date(2021, 9, 29))
    assert verdict(LOST, branch, END_OF_SEPTEMBER) == (0, 0, "done")
    on_the_day, after = (
        evidence_of(LOST, branch, day).facts for day in (date(2026, 9, 29), END_OF_SEPTEMBER)
    )
    assert not [text for _label, text in on_the_day if "陶立平" in text]
    assert [text for _label, text in after if "陶立平" in text] == [
        "陶立平：出国（境）学习超过 5 年，自 2021年9月29日起算"
    ]


def test_the_evidence_says_that_the_sources_disagree(branch):
    lost_member(branch, date(2026, 3, 15), name="苏桂兰")
    evidence = evidence_of(LOST, branch, END_OF_SEPTEMBER)
    assert [(one.text, one.on) for one in evidence.counted] == [("苏桂兰", date(2026, 9, 15))]
    assert "由支委会研究决定" in evidence.facts[0][1]
    assert "待核实" in evidence.facts[0][0]


def test_registering_an_old_loss_makes_the_duty_right_at_once(branch):
    judge_everything(END_OF_SEPTEMBER)
    member = factories.make_member(branch)
    register_absence(
        member=member,
        kind=AbsenceKind.LOST,
        starts_on=date(2026, 3, 1),
        by=None,
        today=END_OF_SEPTEMBER,
    )
    refresh(as_of=END_OF_SEPTEMBER, organisation=branch)
    duty = Duty.objects.get(rule=LOST, organisation=branch)
    assert (duty.actual, duty.state) == (1, "overdue")
