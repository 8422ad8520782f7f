"""meetings.talks: every member talked with in the year."""

from datetime import UTC, date, datetime

import pytest

from branches.periods import Span, period_of
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import reconcile, refresh
from meetings.models import Talk
from meetings.services.talks import TalkFacts, register_talks
from meetings.talking import TALKS_A_YEAR
from members.enums import MemberKind
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

TALKS = "meetings.talks"
END = date(2026, 12, 31)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def members(branch):
    return factories.make_members(branch, 3)


def test_all_members_talked_with_is_enough(branch, members):
    factories.make_talk(branch, date(2026, 2, 3), initiators=members[:1], members=members[1:2])
    factories.make_talk(branch, date(2026, 9, 8), initiators=members[:1], members=members[2:])
    duty = duty_of(TALKS, branch, date(2026, 9, 10))
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026", 3, 3, "done")
    assert (duty.due_on, duty.met_on) == (END, date(2026, 9, 8))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        (date(2026, 1, 1), "open"),
        (date(2026, 11, 30), "open"),
        (END, "open"),
        (date(2027, 1, 1), "behind"),
    ],
)
def test_a_member_left_out_is_at_worst_behind_when_the_year_is_over(branch, members, as_of, state):
    factories.make_talk(branch, date(2026, 1, 1), initiators=members[:1], members=members[1:2])
    assert verdict(TALKS, branch, as_of, of=END) == (3, 2, state)


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2025, 12, 31), 0),
        (date(2026, 1, 1), 1),
        (END, 1),
        (date(2027, 1, 1), 0),
    ],
)
def test_a_talk_counts_for_the_year_of_its_day(branch, day, counts):
    member = factories.make_member(branch)
    factories.make_talk(branch, day, members=[member], outsider="沈知行", relation="superior")
    assert duty_of(TALKS, branch, date(2027, 1, 2), of=END).actual == counts


def test_probationary_members_are_members(branch, members):
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 8))
    factories.make_talk(branch, date(2028, 2, 29), members=members)
    assert verdict(TALKS, branch, date(2028, 3, 1)) == (4, 3, "open")


def test_who_left_is_not_asked_for_and_who_came_is(branch, members):
    factories.make_member(branch, ends_on=date(2026, 6, 30))
    assert duty_of(TALKS, branch, date(2026, 6, 29)).required == 4
    assert duty_of(TALKS, branch, date(2026, 7, 1)).required == 3
    factories.make_member(branch, starts_on=END)
    assert duty_of(TALKS, branch, date(2026, 12, 30)).required == 3
    assert duty_of(TALKS, branch, END).required == 4


def test_a_talk_taken_back_counts_for_nobody(branch, members):
    talk = factories.make_talk(branch, date(2026, 3, 3), members=members)
    assert duty_of(TALKS, branch, date(2026, 3, 4)).state == "done"
    Talk.objects.filter(pk=talk.pk).update(cancelled_at=datetime(2026, 3, 5, tzinfo=UTC))
    assert verdict(TALKS, branch, date(2026, 3, 5)) == (3, 0, "open")


def test_a_branch_founded_in_the_year_is_asked_from_the_next_one_on(branch):
    young = factories.make_branch(branch.parent, founded_on=date(2026, 5, 1))
    factories.make_member(young, starts_on=date(2026, 5, 1))
    assert duty_of(TALKS, young, END) is None
    assert verdict(TALKS, young, date(2027, 1, 1)) == (1, 0, "open")


def test_a_branch_that_was_dissolved_owes_nothing_any_more(branch, members):
    assert duty_of(TALKS, branch, date(2026, 6, 30)) is not None
    branch.dissolved_on = date(2026, 7, 1)
    branch.save()
    assert duty_of(TALKS, branch, date(2026, 7, 2)) is None


def test_a_branch_without_members_is_not_asked(branch):
    assert duty_of(TALKS, branch, END) is None


def test_the_county_may_ask_for_two_a_year(branch, members):
    for day in (date(2026, 2, 3), date(2026, 8, 4)):
        factories.make_talk(branch, day, members=members)
    assert verdict(TALKS, branch, date(2026, 8, 3)) == (3, 3, "done")
    county_value(TALKS_A_YEAR, 2, date(2026, 1, 1))
    assert verdict(TALKS, branch, date(2026, 8, 3)) == (3, 0, "open")
    duty = duty_of(TALKS, branch, date(2026, 8, 4))
    assert (duty.state, duty.met_on) == ("done", date(2026, 8, 4))


def test_a_second_run_writes_nothing(branch, members):
    factories.make_talk(branch, date(2026, 2, 3), members=members[:2])
    year = period_of(Span.YEAR, END)
    reconcile(RULES[TALKS], year, as_of=END, values=Values())
    tally = reconcile(RULES[TALKS], year, as_of=END, values=Values())
    assert (tally.judged, tally.written) == (1, 0)


def test_a_talk_recorded_late_puts_the_old_year_right(branch, members):
    assert duty_of(TALKS, branch, date(2027, 1, 5), of=END).state == "behind"
    register_talks(
        organisation=branch,
        facts=TalkFacts(date(2026, 12, 30), tuple(one.pk for one in members), outsider="沈知行"),
        by=factories.make_user("secretary", branch),
        today=date(2027, 1, 5),
    )
    refresh(as_of=date(2027, 1, 5), organisation=branch)
    assert Duty.objects.get(rule=TALKS, period="2026", organisation=branch).state == "done"


def test_the_evidence_names_who_is_missing_and_leads_to_the_form(branch, members):
    factories.make_talk(branch, date(2026, 2, 3), members=members[:2], content="愿意多承担楼组工作")
    year = period_of(Span.YEAR, END)
    question = question_for(RULES[TALKS], year, date(2026, 9, 10), Values())
    evidence = RULES[TALKS].evidence(question, branch)
    assert [(one.text, one.on, one.note) for one in evidence.counted] == [
        (member.name, date(2026, 2, 3), "1 次") for member in members[:2]
    ]
    [missing] = evidence.missing
    assert (missing.text, missing.note) == (members[2].name, "还没有谈过")
    assert missing.url == (f"/meetings/talks/new/?branch={branch.code}&members={members[2].pk}")
    assert evidence.facts == [("2026年9月10日在册党员", "3 人"), ("每名党员每年", "1 次")]
    assert "楼组" not in str(evidence)
    url = RULES[TALKS].cure.url(branch)
    assert url == f"/meetings/talks/new/?branch={branch.code}"


def test_the_wording_says_that_the_article_is_unsure():
    rule = RULES[TALKS]
    assert (rule.certainty, rule.nature) == ("to_verify", "normally")
    assert rule.demand(Values(), END) == "每名党员每年 1 次"
