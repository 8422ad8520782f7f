"""terms.notice, terms.request and terms.election: offender, clean, border days, and the ladder."""

import datetime
from datetime import date

import pytest
from django.urls import reverse

from accounts.roles import Role
from branches.models import Form, Kind
from branches.values import Values
from compliance.judging import question_for
from compliance.models import DutyEvent
from compliance.registry import RULES
from members.enums import PostTitle, RequestKind
from members.models import Term, TermRequest
from members.services.elections import Counts, Stood, record_election
from members.services.terms import ask, decide, give_notices, register_term
from members.terms import REQUEST_MONTHS
from tests import factories
from tests.compliance.verdicts import (
    Writes,
    county_value,
    duty_of,
    forget_everything,
    stored_duties,
    verdict,
)

pytestmark = pytest.mark.django_db

NOTICE, REQUEST, ELECTION = "terms.notice", "terms.request", "terms.election"
END = date(2026, 9, 30)
DAY = datetime.timedelta(days=1)
CLEAN = (0, 0, "done")


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def term(branch):
    return factories.make_term(branch, starts_on=date(2021, 9, 30), ends_on=END)


def verdicts(branch, as_of):
    return tuple(verdict(code, branch, as_of)[1:] for code in (NOTICE, REQUEST, ELECTION))


def asked(term, on, *, kind=RequestKind.ELECTION, to_on=date(2026, 9, 20), today=None):
    return ask(
        term=term,
        kind=kind,
        asked_on=on,
        to_on=to_on,
        reason="与村委会换届同步",
        by=None,
        today=today or on,
    )


def decided(request, on, *, approved=True):
    return decide(request=request, approved=approved, on=on, opinion="请补正", by=None, today=on)


# --- The ladder, day by day --------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "found"),
    [
        # Six months before: the superior's letter is due that day, late from the next.
        (date(2026, 3, 29), ((0, "done"), (0, "done"), (0, "done"))),
        (date(2026, 3, 30), ((1, "open"), (0, "done"), (0, "done"))),
        (date(2026, 3, 31), ((1, "behind"), (0, "done"), (0, "done"))),
        # Four months before: the request.
        (date(2026, 5, 29), ((1, "behind"), (0, "done"), (0, "done"))),
        (date(2026, 5, 30), ((1, "behind"), (1, "open"), (0, "done"))),
        (date(2026, 5, 31), ((1, "behind"), (1, "overdue"), (0, "done"))),
        # The last day and the day after: the letter has become pointless.
        (date(2026, 9, 30), ((1, "behind"), (1, "overdue"), (0, "done"))),
        (date(2026, 10, 1), ((0, "done"), (1, "overdue"), (1, "overdue"))),
    ],
)
def test_the_ladder_stands_as_it_should_on_each_border_day(branch, term, as_of, found):
    assert verdicts(branch, as_of) == found


@pytest.mark.parametrize(
    ("ends_on", "notice_on", "request_on"),
    [
        (date(2026, 8, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 8, 30), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2027, 1, 31), date(2026, 7, 31), date(2026, 9, 30)),
        (date(2028, 2, 29), date(2027, 8, 29), date(2027, 10, 29)),
    ],
)
def test_months_before_are_clamped_to_shorter_months(branch, ends_on, notice_on, request_on):
    factories.make_term(branch, ends_on=ends_on)
    for code, day in ((NOTICE, notice_on), (REQUEST, request_on)):
        assert verdict(code, branch, day - DAY) == CLEAN
        duty = duty_of(code, branch, day)
        assert (duty.actual, duty.state, duty.open_since, duty.due_on) == (1, "open", day, day)


def test_a_new_term_ends_the_ladder_on_the_day_of_its_election(branch, term):
    factories.make_term(branch, starts_on=date(2026, 9, 20), ends_on=date(2031, 9, 20))
    assert verdicts(branch, date(2026, 9, 19)) == ((1, "behind"), (1, "overdue"), (0, "done"))
    for as_of in (date(2026, 9, 20), date(2026, 10, 1), date(2030, 1, 1)):
        assert verdicts(branch, as_of) == ((0, "done"),) * 3


def test_a_recorded_election_closes_everything_even_when_it_was_late(branch, term):
    people = factories.make_members(branch, 4)
    assert verdicts(branch, date(2026, 11, 4)) == ((0, "done"), (1, "overdue"), (1, "overdue"))
    candidates = [
        Stood(votes=4, member=person, title=title, is_elected=bool(title))
        for person, title in zip(
            people,
            (PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY, ""),
            strict=True,
        )
    ]
    record_election(
        organisation=branch,
        held_on=date(2026, 11, 5),
        ends_on=date(2031, 11, 5),
        counts=Counts(3, voters=4, present=4, ballots_out=4, ballots_in=4, ballots_valid=4),
        candidates=candidates,
        by=None,
        today=date(2026, 11, 5),
    )
    assert verdicts(branch, date(2026, 11, 5)) == ((0, "done"),) * 3


def test_an_election_entered_late_counts_from_the_day_it_was_held(branch, term):
    """Judged as of October again after the September election came in in December."""
    assert verdict(ELECTION, branch, date(2026, 10, 1)) == (0, 1, "overdue")
    factories.make_term(branch, starts_on=date(2026, 9, 20), ends_on=date(2031, 9, 20))
    duty = duty_of(ELECTION, branch, date(2026, 12, 1))
    assert (duty.actual, duty.state, duty.open_since) == (0, "done", None)
    assert verdict(ELECTION, branch, date(2026, 10, 1)) == CLEAN
    assert DutyEvent.objects.filter(duty=duty).count() == 2


# --- terms.notice ------------------------------------------------------------------------


def test_a_letter_ends_the_call_from_its_day_on(branch, term):
    give_notices(
        terms=[term],
        first_number="柳组提〔2026〕1号",
        on=date(2026, 4, 8),
        by=None,
        today=date(2026, 4, 20),
    )
    assert verdict(NOTICE, branch, date(2026, 4, 7)) == (0, 1, "behind")
    assert verdict(NOTICE, branch, date(2026, 4, 8)) == CLEAN
    assert verdict(NOTICE, branch, END) == CLEAN


def test_who_asks_without_being_reminded_needs_no_letter(branch, term):
    asked(term, date(2026, 4, 1))
    assert verdict(NOTICE, branch, date(2026, 3, 31)) == (0, 1, "behind")
    assert verdict(NOTICE, branch, date(2026, 4, 1)) == CLEAN


def test_a_letter_is_advice_to_the_superior():
    rule = RULES[NOTICE]
    assert (rule.nature, rule.by_superior, rule.strict, rule.record) == (
        "normally",
        True,
        False,
        "TERM-6M",
    )


# --- terms.request -----------------------------------------------------------------------


def test_a_request_counts_from_its_day_and_not_when_returned(branch, term):
    request = asked(term, date(2026, 6, 10))
    assert verdict(REQUEST, branch, date(2026, 6, 9)) == (0, 1, "overdue")
    assert verdict(REQUEST, branch, date(2026, 6, 10)) == CLEAN
    decided(request, date(2026, 6, 20), approved=False)
    assert verdict(REQUEST, branch, date(2026, 6, 19)) == CLEAN
    duty = duty_of(REQUEST, branch, date(2026, 6, 20))
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 5, 30))
    decided(asked(term, date(2026, 6, 25)), date(2026, 6, 28))
    assert verdict(REQUEST, branch, date(2026, 7, 1)) == CLEAN


def test_the_county_says_how_many_months_before(branch, term):
    county_value(REQUEST_MONTHS, 2, date(2026, 1, 1))
    assert verdict(REQUEST, branch, date(2026, 7, 29)) == CLEAN
    assert verdict(REQUEST, branch, date(2026, 7, 30)) == (0, 1, "open")
    duty = duty_of(REQUEST, branch, date(2026, 7, 31))
    assert (duty.state, duty.version) == ("overdue", "request_months=2;strict")
    assert RULES[REQUEST].demand(Values(), END) == "届满前 2 个月请示"
    assert RULES[REQUEST].nature == "local"


def test_a_postponement_asked_for_stops_the_call_and_approved_moves_it(branch, term):
    request = asked(term, date(2026, 5, 20), kind=RequestKind.POSTPONEMENT, to_on=date(2027, 3, 31))
    assert verdict(REQUEST, branch, date(2026, 6, 30)) == CLEAN
    decided(request, date(2026, 6, 30))
    # From there the ladder begins again: the end, four months before it, the last day.
    assert verdict(REQUEST, branch, date(2026, 11, 29)) == CLEAN
    assert verdict(REQUEST, branch, date(2026, 11, 30)) == (0, 1, "open")
    assert verdict(ELECTION, branch, date(2027, 3, 31)) == CLEAN
    assert verdict(ELECTION, branch, date(2027, 4, 1)) == (0, 1, "overdue")
    # The superior knows; no letter is asked for.
    assert verdict(NOTICE, branch, date(2026, 12, 1)) == CLEAN


def test_a_postponement_is_not_known_before_the_day_of_its_approval(branch, term):
    request = asked(term, date(2026, 10, 5), kind=RequestKind.POSTPONEMENT, to_on=date(2027, 3, 31))
    decided(request, date(2026, 10, 20))
    assert verdict(ELECTION, branch, date(2026, 10, 19)) == (0, 1, "overdue")
    assert verdict(NOTICE, branch, END) == (0, 1, "behind")
    rule = RULES[ELECTION]
    before = rule.evidence(question_for(rule, None, date(2026, 10, 19), Values()), branch)
    assert [record.text for record in before.counted] == ["届满未换届"]
    assert before.facts[-1] == (request.get_kind_display(), "2026年10月5日提出，待批复")
    assert verdict(ELECTION, branch, date(2026, 10, 20)) == CLEAN
    after = rule.evidence(question_for(rule, None, date(2026, 10, 20), Values()), branch)
    assert ("批准延期至", "2027年3月31日") in after.facts


def test_a_postponement_known_from_the_term_alone_counts_on_every_day(branch):
    factories.make_term(branch, ends_on=END, postponed_to=date(2027, 3, 31))
    assert verdict(ELECTION, branch, date(2026, 10, 1)) == CLEAN
    assert verdict(ELECTION, branch, date(2027, 4, 1)) == (0, 1, "overdue")


def test_an_election_asked_for_before_the_postponement_is_to_be_asked_for_again(branch, term):
    decided(asked(term, date(2026, 5, 20)), date(2026, 5, 25))
    request = asked(term, date(2026, 8, 1), kind=RequestKind.POSTPONEMENT, to_on=date(2026, 12, 31))
    assert verdict(REQUEST, branch, date(2026, 9, 9)) == CLEAN
    decided(request, date(2026, 9, 10))
    # The day four months before the new end is past already: it counts from the approval.
    duty = duty_of(REQUEST, branch, date(2026, 9, 10))
    assert (duty.state, duty.open_since) == ("open", date(2026, 9, 10))
    assert verdict(REQUEST, branch, date(2026, 9, 11)) == (0, 1, "overdue")
    asked(term, date(2026, 9, 15), to_on=date(2026, 12, 20))
    assert verdict(REQUEST, branch, date(2026, 9, 14)) == (0, 1, "overdue")
    assert verdict(REQUEST, branch, date(2026, 9, 15)) == CLEAN


def test_a_second_postponement_counts_instead_of_the_first(branch, term):
    for to_on, on in (
        (date(2026, 12, 31), date(2026, 5, 1)),
        (date(2027, 6, 30), date(2026, 8, 1)),
    ):
        decided(asked(term, on, kind=RequestKind.POSTPONEMENT, to_on=to_on), on)
    assert verdict(ELECTION, branch, date(2027, 6, 30)) == CLEAN
    assert verdict(ELECTION, branch, date(2027, 7, 1)) == (0, 1, "overdue")
    assert TermRequest.objects.filter(state="approved").count() == 2


def test_a_returned_postponement_changes_nothing(branch, term):
    request = asked(term, date(2026, 5, 20), kind=RequestKind.POSTPONEMENT, to_on=date(2027, 3, 31))
    decided(request, date(2026, 6, 30), approved=False)
    assert verdict(REQUEST, branch, date(2026, 6, 30)) == (0, 1, "overdue")
    assert verdict(ELECTION, branch, date(2026, 10, 1)) == (0, 1, "overdue")


# --- Whom they concern --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "judged"),
    [
        (Kind.BRANCH, {NOTICE, REQUEST, ELECTION}),
        (Kind.GENERAL_BRANCH, {ELECTION}),
        (Kind.COMMITTEE, {ELECTION}),
        (Kind.WORKING_COMMITTEE, set()),
        (Kind.LEADING_GROUP, set()),
    ],
)
def test_all_that_elect_owe_the_election_and_branches_alone_the_steps_before(kind, judged):
    organisation = factories.make_organisation(kind, factories.make_county())
    factories.make_term(organisation, ends_on=END)
    codes = (NOTICE, REQUEST, ELECTION)
    assert {code for code in codes if verdict(code, organisation, date(2026, 7, 1))} == judged


@pytest.mark.parametrize("code", [NOTICE, REQUEST, ELECTION])
@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_branches_without_relations_are_not_judged(code, form):
    branch = factories.make_branch(form=form)
    factories.make_term(branch, ends_on=END)
    assert verdict(code, branch, date(2026, 10, 1)) is None


@pytest.mark.parametrize("code", [NOTICE, REQUEST])
def test_without_a_term_on_record_nothing_is_asked(branch, code):
    assert verdict(code, branch, END) is None


@pytest.mark.parametrize("code", [NOTICE, REQUEST])
def test_an_organisation_founded_inside_the_ladder_is_judged_from_its_founding_on(code):
    branch = factories.make_branch(founded_on=date(2026, 6, 15))
    factories.make_term(branch, ends_on=END)
    assert verdict(code, branch, date(2026, 6, 14)) is None
    assert verdict(code, branch, date(2026, 6, 15))[1] == 1


@pytest.mark.parametrize("ends_on", [date(1999, 12, 31), date(2060, 2, 29)])
def test_an_end_far_in_the_past_or_the_future_is_judged_as_typed(branch, ends_on):
    register_term(
        organisation=branch, starts_on=None, ends_on=ends_on, by=None, today=date(2026, 3, 1)
    )
    assert Term.objects.get().ends_on == ends_on
    over = ends_on.year == 1999
    assert verdict(ELECTION, branch, date(2026, 3, 1)) == ((0, 1, "overdue") if over else CLEAN)


# --- Twice, evidence, queries --------------------------------------------------------------


@pytest.mark.parametrize("code", [NOTICE, REQUEST, ELECTION])
def test_a_second_run_changes_nothing(branch, term, code):
    duty_of(code, branch, date(2026, 7, 1))
    before = stored_duties()
    with Writes() as writes:
        duty_of(code, branch, date(2026, 7, 1))
    assert (writes.statements, stored_duties()) == ([], before)
    forget_everything()
    duty_of(code, branch, date(2026, 7, 1))
    assert stored_duties() == before


@pytest.mark.parametrize(
    ("code", "as_of", "text", "on"),
    [
        (NOTICE, date(2026, 4, 1), "还没有发提醒函", date(2026, 3, 30)),
        (REQUEST, date(2026, 6, 1), "还没有提出换届请示", date(2026, 5, 30)),
        (ELECTION, date(2026, 10, 1), "届满未换届", END),
    ],
)
def test_the_evidence_lets_the_reader_recompute(branch, term, code, as_of, text, on):
    rule = RULES[code]
    evidence = rule.evidence(question_for(rule, None, as_of, Values()), branch)
    assert [(one.text, one.on, one.url) for one in evidence.counted] == [
        (text, on, reverse("members:term", args=[term.pk]))
    ]
    assert ("本届届满", "2026年9月30日") in evidence.facts
    assert ("选举日期", "2021年9月30日") in evidence.facts
    clean = rule.evidence(question_for(rule, None, date(2026, 3, 1), Values()), branch)
    assert clean.counted == []
    assert rule.cure.url(branch).startswith(reverse("members:terms") + "?branch=")


@pytest.mark.parametrize("code", [NOTICE, REQUEST, ELECTION])
def test_measuring_more_organisations_takes_no_more_queries(
    code, django_assert_num_queries, branch, term
):
    for _ in range(2):
        factories.make_term(factories.make_branch(), ends_on=END)
    rule = RULES[code]
    question = question_for(rule, None, date(2026, 7, 1), Values())
    with django_assert_num_queries(2):
        assert len(list(rule.measure(question))) == 3


def test_the_page_why_opens_and_leads_to_the_term(client, branch, term, settings):
    settings.TODAY_OVERRIDE = date(2026, 6, 1)
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    duty = duty_of(REQUEST, branch, date(2026, 6, 1))
    text = client.get(reverse("compliance:duty", args=[duty.pk])).content.decode()
    assert reverse("members:term", args=[term.pk]) in text
    assert "还没有提出换届请示" in text and "应提出请示" in text
