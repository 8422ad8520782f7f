"""书记配备, 支部委员会设置, 支部委员会人数."""

from datetime import date

import pytest

from branches.models import Changed, Form, Organisation
from branches.periods import add_months
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import reconcile, refresh
from members.enums import MemberKind, PostTitle
from members.models import Post
from members.posts import COMMITTEE_FROM, COMMITTEE_MOST, COMMITTEE_USUAL, VACANCY_MONTHS
from members.services.posts import Holder, appoint, end_post
from tests import factories
from tests.compliance.verdicts import Writes, county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

SECRETARY = "branches.no_secretary"
COMMITTEE = "branches.no_committee"
SIZE = "branches.committee_size"
AS_OF = date(2026, 9, 30)
TITLES = [
    PostTitle.SECRETARY,
    PostTitle.DEPUTY,
    PostTitle.ORGANISATION,
    PostTitle.PUBLICITY,
    PostTitle.DISCIPLINE,
    PostTitle.MEMBER,
    PostTitle.MEMBER,
    PostTitle.MEMBER,
]


@pytest.fixture
def branch():
    return factories.make_branch()


def seat(branch, members, count, **facts):
    """The first `count` members take posts, secretary first."""
    for title, member in zip(TITLES[:count], members, strict=False):
        factories.make_post(branch, title, member=member, **facts)


def evidence(code, branch, as_of=AS_OF):
    rule = RULES[code]
    one = Organisation.objects.filter(pk=branch.pk)
    return rule.evidence(question_for(rule, None, as_of, Values(), one), branch)


# --- 书记配备 -----------------------------------------------------------------------------


def test_the_last_day_in_office_is_not_a_vacancy_but_the_next_is(branch):
    factories.make_post(branch, ends_on=date(2026, 9, 14))
    assert verdict(SECRETARY, branch, date(2026, 9, 14)) == (0, 0, "done")
    duty = duty_of(SECRETARY, branch, date(2026, 9, 15))
    assert (duty.actual, duty.state, duty.open_since, duty.due_on) == (
        1,
        "overdue",
        date(2026, 9, 15),
        date(2026, 9, 14),
    )


def test_a_vacancy_nobody_ever_filled_stands_since_it_was_first_seen(branch):
    first = duty_of(SECRETARY, branch, date(2026, 9, 10))
    assert (first.actual, first.open_since, first.due_on) == (
        1,
        date(2026, 9, 10),
        date(2026, 9, 9),
    )
    later = duty_of(SECRETARY, branch, date(2026, 12, 31))
    assert (later.pk, later.open_since, later.due_on) == (
        first.pk,
        date(2026, 9, 10),
        date(2026, 9, 9),
    )


def test_a_secretary_known_by_name_only_fills_the_post(branch):
    factories.make_post(branch, person_name="宋佳宁", starts_on=date(2026, 9, 15))
    assert verdict(SECRETARY, branch, date(2026, 9, 14)) == (0, 1, "overdue")
    assert verdict(SECRETARY, branch, date(2026, 9, 15)) == (0, 0, "done")


def test_a_deputy_is_no_secretary(branch):
    factories.make_post(branch, PostTitle.DEPUTY)
    assert verdict(SECRETARY, branch, date(2026, 9, 30)) == (0, 1, "overdue")


def test_a_vacancy_between_two_secretaries_ends_with_the_second(branch):
    factories.make_post(branch, ends_on=date(2026, 8, 31))
    factories.make_post(branch, starts_on=date(2026, 9, 20))
    assert verdict(SECRETARY, branch, date(2026, 9, 19)) == (0, 1, "overdue")
    cleared = duty_of(SECRETARY, branch, date(2026, 9, 20))
    assert (cleared.actual, cleared.state, cleared.open_since) == (0, "done", None)
    assert list(cleared.events.values_list("on", "before", "after")) == [
        (date(2026, 9, 19), "", "overdue"),
        (date(2026, 9, 20), "overdue", "done"),
    ]


def test_a_committee_is_not_asked_for_a_secretary():
    committee = factories.make_committee()
    assert verdict(SECRETARY, committee, date(2026, 9, 30)) is None


def test_a_vacancy_of_today_does_not_reach_back(branch):
    post = factories.make_post(branch)
    Post.objects.filter(pk=post.pk).update(ends_on=date(2026, 9, 29))
    assert verdict(SECRETARY, branch, date(2026, 9, 1)) == (0, 0, "done")


@pytest.mark.parametrize(
    ("day", "words", "exceeded"),
    [
        (date(2026, 9, 14), "自2026年6月15日起，3 个月", False),
        (date(2026, 9, 15), "自2026年6月15日起，3 个月零 1 天", True),
    ],
)
def test_a_vacancy_shows_its_length_and_the_countys_own_measure(branch, day, words, exceeded):
    factories.make_post(branch, person_name="宋佳宁", ends_on=date(2026, 6, 14))
    found = evidence(SECRETARY, branch, day)
    assert [(record.text, record.on, record.note) for record in found.counted] == [
        ("书记空缺", date(2026, 6, 14), "上一任 宋佳宁")
    ]
    local = "空缺超过 3 个月，列为软弱涣散的迹象" + ("（已超过）" if exceeded else "")
    assert found.facts == [("空缺", words), ("本县口径", local)]


def test_the_countys_measure_of_a_vacancy_changes_no_verdict(branch):
    factories.make_post(branch, ends_on=date(2026, 6, 14))
    before = duty_of(SECRETARY, branch, AS_OF)
    assert before.version == "vacancy_months=3;strict"
    county_value(VACANCY_MONTHS, 6, date(2026, 9, 1))
    after = duty_of(SECRETARY, branch, AS_OF)
    assert (after.actual, after.state, after.open_since) == (1, "overdue", before.open_since)
    assert dict(evidence(SECRETARY, branch).facts)["本县口径"].startswith("空缺超过 6 个月")


def test_an_appointment_clears_the_red_light_the_same_day_and_its_end_brings_it_back(branch):
    member = factories.make_member(branch)
    assert verdict(SECRETARY, branch, AS_OF) == (0, 1, "overdue")
    post = appoint(
        organisation=branch,
        holder=Holder(PostTitle.SECRETARY, member=member),
        on=AS_OF,
        by=None,
    )
    refresh(as_of=AS_OF)
    assert Duty.objects.get(rule=SECRETARY, organisation=branch).state == "done"
    end_post(post=post, on=AS_OF, by=None)
    refresh(as_of=date(2026, 10, 1))
    duty = Duty.objects.get(rule=SECRETARY, organisation=branch)
    assert (duty.state, duty.open_since) == ("overdue", date(2026, 10, 1))
    assert not Changed.objects.exists()


# --- 支部委员会设置 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formal", "people", "committee", "size"),
    [
        (6, 0, (0, 0, "done"), (0, 0, "done")),
        (6, 2, (0, 0, "done"), (0, 0, "done")),
        (6, 3, (0, 0, "done"), (0, 1, "behind")),
        (7, 0, (0, 1, "overdue"), (0, 0, "done")),
        (7, 2, (0, 1, "overdue"), (0, 0, "done")),
        (7, 3, (0, 0, "done"), (0, 0, "done")),
        (7, 4, (0, 0, "done"), (0, 0, "done")),
        (7, 5, (0, 0, "done"), (0, 0, "done")),
        (7, 6, (0, 0, "done"), (0, 1, "behind")),
        (7, 7, (0, 0, "done"), (0, 1, "behind")),
        (9, 8, (0, 1, "overdue"), (0, 0, "done")),
    ],
)
def test_three_to_five_are_right_from_seven_formal_members_on(
    branch, formal, people, committee, size
):
    seat(branch, factories.make_members(branch, formal), people)
    assert verdict(COMMITTEE, branch, AS_OF) == committee
    assert verdict(SIZE, branch, AS_OF) == size


def test_probationary_members_make_no_committee_due(branch):
    factories.make_members(branch, 6)
    factories.make_members(branch, 3, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")


def test_the_seventh_member_counts_from_the_day_of_conversion(branch):
    factories.make_members(branch, 6)
    factories.make_member(branch, joined_on=date(2025, 9, 15), confirmed_on=date(2026, 9, 15))
    assert verdict(COMMITTEE, branch, date(2026, 9, 14)) == (0, 0, "done")
    duty = duty_of(COMMITTEE, branch, date(2026, 9, 15))
    assert (duty.actual, duty.open_since, duty.due_on) == (1, date(2026, 9, 15), date(2026, 9, 14))


def test_one_person_in_two_posts_counts_once(branch):
    members = factories.make_members(branch, 7)
    seat(branch, members, 2)
    factories.make_post(branch, PostTitle.DISCIPLINE, member=members[1])
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 1, "overdue")
    factories.make_post(branch, PostTitle.PUBLICITY, member=members[2])
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")


def test_two_of_one_name_count_twice(branch):
    members = [factories.make_member(branch, "许文桥") for _ in range(2)]
    members += factories.make_members(branch, 5)
    seat(branch, members, 3)
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")


def test_a_secretary_known_by_name_counts_and_a_group_leader_does_not(branch):
    members = factories.make_members(branch, 7)
    factories.make_post(branch, person_name="宋佳宁", starts_on=None)
    factories.make_post(branch, PostTitle.ORGANISATION, member=members[0])
    factories.make_post(
        branch,
        PostTitle.GROUP_LEADER,
        member=members[1],
        group=factories.make_group(branch),
    )
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 1, "overdue")
    factories.make_post(branch, PostTitle.PUBLICITY, member=members[2])
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")


def test_a_committee_holds_to_its_last_day(branch):
    seat(branch, factories.make_members(branch, 7), 3, ends_on=date(2026, 9, 14))
    assert verdict(COMMITTEE, branch, date(2026, 9, 14)) == (0, 0, "done")
    assert verdict(COMMITTEE, branch, date(2026, 9, 15)) == (0, 1, "overdue")


def test_a_branch_founded_inside_a_month_is_judged_from_its_founding_on():
    branch = factories.make_branch(founded_on=date(2026, 9, 15))
    factories.make_members(branch, 7)
    for code in (COMMITTEE, SIZE):
        assert verdict(code, branch, date(2026, 9, 14)) is None
    assert verdict(COMMITTEE, branch, date(2026, 9, 15)) == (0, 1, "overdue")


def test_a_committee_entered_late_clears_the_days_since_it_sat(branch):
    members = factories.make_members(branch, 7)
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 1, "overdue")
    seat(branch, members, 3, starts_on=date(2026, 8, 1))
    assert verdict(COMMITTEE, branch, date(2026, 8, 31)) == (0, 0, "done")
    assert verdict(COMMITTEE, branch, date(2026, 7, 31)) == (0, 1, "overdue")
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")


@pytest.mark.parametrize("code", [COMMITTEE, SIZE])
def test_a_second_run_writes_nothing(branch, code):
    seat(branch, factories.make_members(branch, 7), 6)
    values = Values()
    reconcile(RULES[code], None, as_of=AS_OF, values=values)
    with Writes() as writes:
        reconcile(RULES[code], None, as_of=AS_OF, values=values)
    assert writes.statements == []


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_a_branch_whose_officers_are_appointed_is_asked_for_no_committee(form):
    branch = factories.make_branch(form=form)
    factories.make_members(branch, 8)
    assert verdict(COMMITTEE, branch, AS_OF) is None
    assert verdict(SIZE, branch, AS_OF) is None
    assert verdict(SECRETARY, branch, AS_OF) == (0, 1, "overdue")


def test_a_committee_above_branches_is_not_asked():
    town = factories.make_committee()
    assert verdict(COMMITTEE, town, AS_OF) is None
    assert verdict(SIZE, town, AS_OF) is None


def test_the_county_moves_the_number_from_which_a_committee_is_due(branch):
    seat(branch, factories.make_members(branch, 7), 3)
    county_value(COMMITTEE_FROM, 8, AS_OF)
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 0, "done")
    assert verdict(SIZE, branch, AS_OF) == (0, 1, "behind")
    assert verdict(SIZE, branch, date(2026, 9, 29)) == (0, 0, "done")


def test_the_county_moves_the_sizes(branch):
    seat(branch, factories.make_members(branch, 9), 6)
    county_value(COMMITTEE_USUAL, 6, AS_OF)
    assert verdict(SIZE, branch, AS_OF) == (0, 0, "done")
    county_value(COMMITTEE_MOST, 5, AS_OF)
    assert verdict(COMMITTEE, branch, AS_OF) == (0, 1, "overdue")


def test_the_evidence_says_what_is_on_record_and_how_to_cure_it(branch):
    members = factories.make_members(branch, 7)
    seat(branch, members, 1)
    found = evidence(COMMITTEE, branch)
    assert [(record.text, record.note) for record in found.counted] == [
        (
            "正式党员 7 人，登记在任的班子成员只有 1 人，不足 3 人",
            "班子已经选出的，登记班子成员后即消除；没有选出的，尽快选举",
        )
    ]
    assert found.facts == [
        ("正式党员", "7 人"),
        ("登记在任的班子成员", f"1 人（书记 {members[0].name}）"),
        ("应设支委会", "正式党员 7 人起，3 至 5 人"),
    ]
    assert RULES[COMMITTEE].cure.label == "登记班子成员"
    for title, member in zip(TITLES[1:3], members[1:], strict=False):
        factories.make_post(branch, title, member=member)
    assert evidence(COMMITTEE, branch).counted == []


def test_the_evidence_of_an_unusual_size_names_the_number(branch):
    members = factories.make_members(branch, 9)
    seat(branch, members, 6)
    assert [record.text for record in evidence(SIZE, branch).counted] == ["班子 6 人，超过 5 人"]
    for member, title in zip(members[6:8], TITLES[6:], strict=True):
        factories.make_post(branch, title, member=member)
    assert [record.text for record in evidence(COMMITTEE, branch).counted] == [
        "班子 8 人，超过 7 人"
    ]
    small = factories.make_branch()
    seat(small, factories.make_members(small, 4), 3)
    assert [record.text for record in evidence(SIZE, small).counted] == [
        "正式党员 4 人，不足 7 人，登记了 3 人的班子"
    ]


def test_advice_never_turns_red(branch):
    seat(branch, factories.make_members(branch, 9), 6)
    duty_of(SIZE, branch, AS_OF)
    assert duty_of(SIZE, branch, add_months(AS_OF, 12)).state == "behind"
