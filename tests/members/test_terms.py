import datetime
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form, Kind, Sector
from members.enums import RequestKind, RequestState
from members.models import Term, TermRequest
from members.services import Refused
from members.services.terms import (
    ask,
    correct_term,
    decide,
    give_notices,
    register_term,
    successive_numbers,
)
from members.terms import (
    Rung,
    TermState,
    current_terms,
    is_ending,
    is_long_shift,
    ladder,
    live_requests,
    state_of,
    suggested_end,
    term_length,
)
from tests import factories
from tests.queries import count_of

TODAY = date(2026, 3, 18)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


# --- How long a term is -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sector", "years", "is_must"),
    [
        (Kind.BRANCH, Sector.VILLAGE, 5, True),
        (Kind.BRANCH, Sector.COMMUNITY, 5, True),
        (Kind.GENERAL_BRANCH, Sector.VILLAGE, 5, True),
        (Kind.GENERAL_BRANCH, Sector.COMMUNITY, 5, True),
        (Kind.COMMITTEE, Sector.VILLAGE, 5, True),
        (Kind.BRANCH, Sector.OFFICE, 3, False),
        (Kind.BRANCH, "", 3, False),
        (Kind.GENERAL_BRANCH, Sector.SCHOOL, 3, False),
        (Kind.COMMITTEE, Sector.STATE_ENTERPRISE, 5, False),
    ],
)
def test_a_term_lasts_five_or_three_years_by_kind_and_sector(kind, sector, years, is_must):
    length = term_length(kind, sector)
    assert (length.years, length.is_must) == (years, is_must)


@pytest.mark.parametrize("kind", [Kind.COUNTY, Kind.WORKING_COMMITTEE, Kind.LEADING_GROUP])
def test_appointed_bodies_have_no_term(kind):
    assert term_length(kind, Sector.OFFICE) is None
    assert suggested_end(TODAY, kind, Sector.OFFICE) is None


def test_the_category_decides_and_not_the_name(db):
    office = factories.make_branch(name="望春村党支部", sector=Sector.OFFICE)
    assert term_length(office.kind, office.sector).years == 3


@pytest.mark.parametrize(
    ("held_on", "sector", "end"),
    [
        (date(2026, 3, 18), Sector.VILLAGE, date(2031, 3, 18)),
        (date(2026, 3, 18), Sector.OFFICE, date(2029, 3, 18)),
        (date(2024, 2, 29), Sector.VILLAGE, date(2029, 2, 28)),
        (date(2024, 2, 29), Sector.OFFICE, date(2027, 2, 28)),
        (date(2023, 12, 31), Sector.OFFICE, date(2026, 12, 31)),
    ],
)
def test_the_end_is_the_same_day_years_later(held_on, sector, end):
    assert suggested_end(held_on, Kind.BRANCH, sector) == end


# --- The ladder -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "rung", "on"),
    [
        (date(2026, 9, 30), Rung.NOTICE, date(2026, 3, 30)),
        (date(2026, 9, 30), Rung.REQUEST, date(2026, 5, 30)),
        (date(2026, 9, 30), Rung.REMINDER, date(2026, 6, 30)),
        (date(2026, 9, 30), Rung.LAST_REMINDER, date(2026, 8, 30)),
        (date(2026, 9, 30), Rung.DUE, date(2026, 9, 30)),
        # Clamped to the end of a shorter month.
        (date(2026, 8, 31), Rung.NOTICE, date(2026, 2, 28)),
        (date(2028, 8, 31), Rung.NOTICE, date(2028, 2, 29)),
        (date(2026, 10, 31), Rung.REQUEST, date(2026, 6, 30)),
        (date(2027, 1, 15), Rung.REMINDER, date(2026, 10, 15)),
        (date(2026, 3, 31), Rung.LAST_REMINDER, date(2026, 2, 28)),
    ],
)
def test_each_rung_is_reached_on_its_day_and_not_the_day_before(end, rung, on):
    def step(today):
        return next(one for one in ladder(end, today) if one.rung == rung)

    assert (step(on - DAY).on, step(on - DAY).reached) == (on, False)
    assert (step(on).on, step(on).reached) == (on, True)
    assert step(on + DAY).reached


def test_the_ladder_is_six_four_three_one_months_and_the_end():
    assert [(step.rung, step.on) for step in ladder(date(2026, 9, 30), TODAY)] == [
        (Rung.NOTICE, date(2026, 3, 30)),
        (Rung.REQUEST, date(2026, 5, 30)),
        (Rung.REMINDER, date(2026, 6, 30)),
        (Rung.LAST_REMINDER, date(2026, 8, 30)),
        (Rung.DUE, date(2026, 9, 30)),
    ]


def test_a_county_that_asks_two_months_before_changes_the_order():
    steps = ladder(date(2026, 9, 30), TODAY, request_months=2)
    assert [step.rung for step in steps] == [
        Rung.NOTICE,
        Rung.REMINDER,
        Rung.REQUEST,
        Rung.LAST_REMINDER,
        Rung.DUE,
    ]
    assert steps[2].on == date(2026, 7, 30)


def test_the_ladder_stops_when_the_new_term_exists():
    assert ladder(date(2026, 9, 30), date(2026, 9, 30), is_closed=True) == []


@pytest.mark.parametrize(
    ("today", "ending"),
    [
        (date(2026, 3, 29), False),
        (date(2026, 3, 30), True),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
    ],
)
def test_the_last_six_months_begin_and_end_on_their_days(today, ending):
    assert is_ending(date(2026, 9, 30), today) is ending


@pytest.mark.parametrize(
    ("to_on", "long"),
    [
        (date(2027, 9, 30), False),
        (date(2027, 10, 1), True),
        (date(2025, 9, 30), False),
        (date(2025, 9, 29), True),
    ],
)
def test_a_shift_of_a_year_is_no_long_one(to_on, long):
    assert is_long_shift(date(2026, 9, 30), to_on) is long


# --- Which term is running ---------------------------------------------------------------


@pytest.fixture
def committee(db):
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def officer(committee):
    return factories.make_user(Role.COMMITTEE_OFFICER, committee)


@pytest.fixture
def term(branch):
    """It ends in three and a half months: inside every rung but the last ones."""
    return factories.make_term(branch, starts_on=date(2021, 7, 1), ends_on=date(2026, 7, 1))


def test_the_newest_term_that_has_begun_is_running(branch):
    old = factories.make_term(branch, ends_on=date(2026, 3, 1))
    new = factories.make_term(branch, starts_on=date(2026, 3, 1), ends_on=date(2031, 3, 1))
    assert current_terms([branch.pk], date(2026, 2, 28)) == {branch.pk: old}
    assert current_terms([branch.pk], date(2026, 3, 1)) == {branch.pk: new}


def test_a_new_term_runs_even_where_its_end_was_typed_before_that_of_the_old_one(branch):
    factories.make_term(branch, starts_on=date(2023, 1, 1), ends_on=date(2028, 1, 1))
    new = factories.make_term(branch, starts_on=date(2026, 1, 5), ends_on=date(2027, 1, 5))
    assert current_terms([branch.pk], TODAY) == {branch.pk: new}


def test_of_terms_without_a_beginning_the_one_that_ends_last_runs(branch):
    new = factories.make_term(branch, ends_on=date(2029, 5, 1))
    factories.make_term(branch, ends_on=date(2026, 5, 1))
    assert current_terms([branch.pk], TODAY) == {branch.pk: new}


# --- Registering and correcting ----------------------------------------------------------


@pytest.mark.parametrize("ends_on", [date(1999, 1, 1), date(2026, 3, 18), date(2060, 2, 29)])
def test_a_term_end_in_the_past_or_the_future_stays_as_typed(branch, secretary, ends_on):
    term = register_term(
        organisation=branch, starts_on=None, ends_on=ends_on, by=secretary, today=TODAY
    )
    assert Term.objects.get(pk=term.pk).ends_on == ends_on
    line = TrailLine.objects.get(area="terms", object_id=term.pk)
    assert (line.action, line.by, line.organisation_id) == ("登记届期", secretary, branch.pk)
    assert Changed.objects.filter(organisation=branch, area="members").exists()


def test_a_term_is_refused_before_its_election_and_twice(branch, secretary):
    with pytest.raises(Refused, match="届满日期应晚于选举日期"):
        register_term(
            organisation=branch, starts_on=TODAY, ends_on=TODAY, by=secretary, today=TODAY
        )
    factories.make_term(branch, ends_on=date(2029, 1, 1))
    with pytest.raises(Refused, match="已登记过"):
        register_term(
            organisation=branch,
            starts_on=None,
            ends_on=date(2029, 1, 1),
            by=secretary,
            today=TODAY,
        )
    assert not TrailLine.objects.exists()


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_a_branch_without_relations_has_no_term(committee, officer, form):
    branch = factories.make_branch(committee, form=form)
    with pytest.raises(Refused, match="不换届"):
        register_term(
            organisation=branch,
            starts_on=None,
            ends_on=date(2029, 1, 1),
            by=officer,
            today=TODAY,
        )


def test_an_appointed_body_has_no_term(committee, officer):
    with pytest.raises(Refused, match="不实行任期选举"):
        register_term(
            organisation=committee,
            starts_on=None,
            ends_on=date(2029, 1, 1),
            by=officer,
            today=TODAY,
        )


def test_a_correction_keeps_what_was_before_in_the_trail(term, secretary):
    given = {"starts_on": date(2021, 7, 2), "ends_on": date(2026, 7, 2)}
    assert correct_term(term=term, by=secretary, today=TODAY, reason="看错了", **given)
    assert not correct_term(term=term, by=secretary, today=TODAY, **given)
    term.refresh_from_db()
    assert (term.starts_on, term.ends_on) == (date(2021, 7, 2), date(2026, 7, 2))
    line = TrailLine.objects.get(action="更正届期")
    assert line.before == {"选举日期": "2021年7月1日", "届满日期": "2026年7月1日"}
    assert line.after == {"选举日期": "2021年7月2日", "届满日期": "2026年7月2日"}
    assert line.reason == "看错了"


def test_a_correction_past_an_approved_postponement_is_refused(branch, secretary):
    term = factories.make_term(branch, ends_on=date(2026, 3, 1), postponed_to=date(2026, 9, 1))
    with pytest.raises(Refused, match="已批准延期至2026年9月1日"):
        correct_term(term=term, starts_on=None, ends_on=date(2026, 9, 1), by=secretary, today=TODAY)


# --- The superior's letter ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "count", "numbers"),
    [
        ("", 2, ["", ""]),
        (
            "柳组提〔2026〕12号",
            3,
            ["柳组提〔2026〕12号", "柳组提〔2026〕13号", "柳组提〔2026〕14号"],
        ),
        ("柳组提〔2026〕009号", 2, ["柳组提〔2026〕009号", "柳组提〔2026〕010号"]),
        ("7", 2, ["7", "8"]),
        ("提醒函", 1, ["提醒函"]),
    ],
)
def test_letters_sent_together_are_numbered_in_turn(first, count, numbers):
    assert successive_numbers(first, count) == numbers


def test_several_letters_need_a_number_that_counts():
    with pytest.raises(Refused, match="要有序号"):
        successive_numbers("提醒函", 2)


def test_a_notice_marks_the_term_once(term, officer):
    give_notices(terms=[term], first_number="柳组提〔2026〕3号", on=TODAY, by=officer, today=TODAY)
    term.refresh_from_db()
    assert (term.notice_number, term.notified_on) == ("柳组提〔2026〕3号", TODAY)
    line = TrailLine.objects.get(area="terms")
    assert (line.action, line.after["文号"]) == ("发提醒函", "柳组提〔2026〕3号")
    with pytest.raises(Refused, match="已于2026年3月18日发过提醒函"):
        give_notices(terms=[term], first_number="", on=TODAY, by=officer, today=TODAY)


@pytest.mark.parametrize(
    ("terms", "on", "words"),
    [([], TODAY, "请勾选"), (["term"], TODAY + DAY, "还没有到")],
)
def test_a_notice_to_nobody_or_of_tomorrow_is_refused(term, officer, terms, on, words):
    with pytest.raises(Refused, match=words):
        give_notices(terms=[term] * len(terms), first_number="", on=on, by=officer, today=TODAY)


def test_a_term_with_a_successor_is_not_notified(branch, term, officer):
    factories.make_term(branch, starts_on=date(2026, 3, 1), ends_on=date(2031, 3, 1))
    with pytest.raises(Refused, match="已有新一届"):
        give_notices(terms=[term], first_number="", on=TODAY, by=officer, today=TODAY)


# --- Asking and deciding -----------------------------------------------------------------


def asking(term, by, kind=RequestKind.ELECTION, **facts):
    given = {"asked_on": TODAY, "to_on": date(2026, 6, 20), **facts}
    return ask(term=term, kind=kind, by=by, today=TODAY, **given)


def postponing(term, by, to_on=date(2026, 12, 31), reason="与村委会换届同步"):
    return asking(term, by, RequestKind.POSTPONEMENT, to_on=to_on, reason=reason)


def deciding(request, by, approved=True, on=TODAY, **facts):
    return decide(request=request, approved=approved, on=on, by=by, today=TODAY, **facts)


def test_a_request_waits_until_the_superior_approves(term, secretary, officer):
    request = asking(term, secretary, number="望支〔2026〕1号")
    assert (request.state, request.number) == (RequestState.ASKED, "望支〔2026〕1号")
    deciding(request, officer, opinion="同意")
    request.refresh_from_db()
    assert (request.state, request.decided_on, request.decided_by, request.opinion) == (
        RequestState.APPROVED,
        TODAY,
        officer,
        "同意",
    )
    actions = set(TrailLine.objects.filter(area="terms").values_list("action", flat=True))
    assert actions == {"提出换届请示", "批复换届请示"}


def test_a_second_request_while_one_waits_is_refused(term, secretary):
    asking(term, secretary)
    with pytest.raises(Refused, match="待批复"):
        asking(term, secretary)
    postponing(term, secretary)
    assert TermRequest.objects.count() == 2


def test_a_returned_request_needs_an_opinion_and_may_be_made_again(term, secretary, officer):
    request = asking(term, secretary)
    with pytest.raises(Refused, match="退回要写明意见"):
        deciding(request, officer, approved=False, opinion=" ")
    deciding(request, officer, approved=False, opinion="候选人不足差额")
    with pytest.raises(Refused, match="已是“退回”"):
        deciding(request, officer)
    again = asking(term, secretary)
    assert (again.state, TermRequest.objects.count()) == (RequestState.ASKED, 2)
    assert live_requests([term.organisation_id], TODAY) == {term.pk: [again]}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"asked_on": TODAY + DAY}, "还没有到"),
        ({"to_on": TODAY - DAY}, "早于请示日期"),
        ({"kind": RequestKind.POSTPONEMENT, "reason": " "}, "为什么延期"),
        (
            {"kind": RequestKind.POSTPONEMENT, "reason": "合并", "to_on": date(2026, 7, 1)},
            "应晚于届满日期",
        ),
    ],
)
def test_a_request_that_cannot_be_is_refused(term, secretary, facts, words):
    with pytest.raises(Refused, match=words):
        asking(term, secretary, **facts)
    assert not TermRequest.objects.exists()


@pytest.mark.parametrize("on", [TODAY - DAY, TODAY + DAY])
def test_a_decision_lies_between_the_request_and_today(term, secretary, officer, on):
    request = asking(term, secretary)
    with pytest.raises(Refused, match="批复日期应在"):
        deciding(request, officer, on=on)


def test_a_request_made_on_paper_long_ago_is_entered_afterwards(term, secretary):
    assert asking(term, secretary, asked_on=date(2026, 1, 5)).asked_on == date(2026, 1, 5)


def test_an_approved_postponement_moves_the_end_and_the_ladder(term, secretary, officer):
    request = postponing(term, secretary)
    term.refresh_from_db()
    assert (term.postponed_to, term.runs_to) == (None, date(2026, 7, 1))
    deciding(request, officer)
    term.refresh_from_db()
    assert (term.postponed_to, term.postponement_reason, term.ends_on) == (
        date(2026, 12, 31),
        "与村委会换届同步",
        date(2026, 7, 1),
    )
    assert ladder(term.runs_to, TODAY)[0].on == date(2026, 6, 30)


def test_a_returned_postponement_moves_nothing(term, secretary, officer):
    deciding(postponing(term, secretary), officer, approved=False, opinion="理由不充分")
    term.refresh_from_db()
    assert term.postponed_to is None


def test_a_second_postponement_replaces_the_first_and_the_first_is_kept(term, secretary, officer):
    deciding(postponing(term, secretary), officer)
    deciding(postponing(term, secretary, date(2027, 3, 31), "书记空缺"), officer)
    term.refresh_from_db()
    assert (term.postponed_to, term.postponement_reason) == (date(2027, 3, 31), "书记空缺")
    assert list(term.requests.order_by("pk").values_list("to_on", "reason", "state")) == [
        (date(2026, 12, 31), "与村委会换届同步", "approved"),
        (date(2027, 3, 31), "书记空缺", "approved"),
    ]
    line = TrailLine.objects.filter(action="批复延期换届请示").order_by("-pk").first()
    assert (line.before["延期至"], line.after["延期至"]) == ("2026年12月31日", "2027年3月31日")


def test_a_postponement_of_more_than_a_year_is_not_refused(term, secretary, officer):
    deciding(postponing(term, secretary, date(2027, 7, 2)), officer)
    term.refresh_from_db()
    assert term.postponed_to == date(2027, 7, 2)


def test_nothing_is_asked_or_decided_about_a_term_with_a_successor(
    branch, term, secretary, officer
):
    request = asking(term, secretary)
    factories.make_term(branch, starts_on=date(2026, 3, 1), ends_on=date(2031, 3, 1))
    with pytest.raises(Refused, match="已有新一届"):
        deciding(request, officer)
    with pytest.raises(Refused, match="已有新一届"):
        postponing(term, secretary)


def test_a_postponement_without_a_reason_is_refused_by_the_database(term):
    request = TermRequest(
        term=term, kind=RequestKind.POSTPONEMENT, asked_on=TODAY, to_on=date(2026, 12, 31)
    )
    with pytest.raises(ValidationError, match="延期须写明理由"):
        request.full_clean()


# --- The state in lists ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "state"),
    [
        (None, date(2026, 3, 17), TermState.OVER),
        (None, date(2026, 3, 18), TermState.ENDING),
        (None, date(2026, 9, 18), TermState.ENDING),
        (None, date(2026, 9, 19), TermState.RUNNING),
        (date(2026, 1, 1), date(2029, 1, 1), TermState.ELECTED),
        (date(2025, 12, 31), date(2028, 12, 31), TermState.RUNNING),
    ],
)
def test_the_state_follows_from_the_days(starts_on, ends_on, state):
    assert state_of(Term(starts_on=starts_on, ends_on=ends_on), [], TODAY) == state


def test_who_has_asked_is_shown_as_such_until_the_end_has_passed():
    request = TermRequest(kind=RequestKind.ELECTION, asked_on=TODAY)
    assert state_of(Term(ends_on=date(2026, 6, 1)), [request], TODAY) == TermState.ASKED
    assert state_of(Term(ends_on=date(2026, 3, 17)), [request], TODAY) == TermState.OVER


# --- Pages: the list ---------------------------------------------------------------------


def page(client, user, name="members:terms", *args, **query):
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


def test_the_committee_sees_terms_below_by_their_end_with_states(client, committee, officer):
    for name, ends_on in (
        ("下塘第一党支部", date(2026, 8, 1)),
        ("下塘第二党支部", date(2026, 2, 1)),
        ("下塘第三党支部", date(2028, 2, 1)),
    ):
        factories.make_term(factories.make_branch(committee, name), ends_on=ends_on)
    factories.make_branch(committee, "下塘第四党支部")
    factories.make_branch(committee, "下塘临时党支部", form=Form.TEMPORARY)
    rows = page(client, officer).context["rows"]
    assert [(row["name"], row["state_words"]) for row in rows] == [
        ("下塘第二党支部", "超期"),
        ("下塘第一党支部", "6 个月内"),
        ("下塘第三党支部", "未到期"),
        ("下塘第四党支部", "未登记"),
    ]
    assert [bool(row["pick"]) for row in rows] == [True, True, False, False]


def test_chips_count_and_choose(client, committee, officer):
    factories.make_term(factories.make_branch(committee), ends_on=date(2026, 2, 1))
    factories.make_term(factories.make_branch(committee), ends_on=date(2028, 2, 1))
    response = page(client, officer, state="over")
    chips = {chip["label"]: (chip["count"], chip["current"]) for chip in response.context["chips"]}
    assert chips == {"超期": (1, True), "未到期": (1, False)}
    assert [row["state"] for row in response.context["rows"]] == ["over"]


def test_the_list_is_searched_by_name(client, committee, officer):
    factories.make_term(
        factories.make_branch(committee, "松涧里社区党支部"), ends_on=date(2026, 2, 1)
    )
    factories.make_term(factories.make_branch(committee), ends_on=date(2028, 2, 1))
    assert [row["name"] for row in page(client, officer, q="松涧").context["rows"]] == [
        "松涧里社区党支部"
    ]
    assert "没有符合条件的组织" in page(client, officer, q="荻浦").content.decode()


def test_a_general_branch_and_a_committee_are_listed_too(client, db):
    county = factories.make_county()
    party_committee = factories.make_organisation(Kind.COMMITTEE, county, "云溪酒业党委")
    general = factories.make_organisation(Kind.GENERAL_BRANCH, party_committee, "灌装车间党总支")
    factories.make_term(party_committee, ends_on=date(2026, 5, 1))
    factories.make_term(general, ends_on=date(2026, 6, 1))
    officer = factories.make_user(Role.COUNTY_OFFICER, county)
    rows = page(client, officer).context["rows"]
    assert [(row["name"], row["kind"]) for row in rows] == [
        ("云溪酒业党委", "党委"),
        ("灌装车间党总支", "党总支"),
    ]
    # Its own page: what it elected, and what stands below it.
    response = page(client, officer, branch=party_committee.code)
    assert len(response.context["own"]["terms"]) == 1
    assert [row["name"] for row in response.context["rows"]] == ["灌装车间党总支"]


def test_a_secretary_sees_the_own_terms_and_elections(client, term, secretary):
    response = page(client, secretary)
    assert response.context["show_list"] is False
    assert [one["span"] for one in response.context["own"]["terms"]] == [
        "2021年7月1日—2026年7月1日"
    ]
    assert "每届任期为 5 年" in response.content.decode()


def test_a_temporary_branch_is_told_that_it_elects_nobody(client, committee, officer):
    branch = factories.make_branch(committee, form=Form.TEMPORARY)
    assert "不换届" in page(client, officer, branch=branch.code).content.decode()


def test_the_list_takes_the_same_number_of_queries_for_more_rows(client, committee, officer):
    def row(number):
        branch = factories.make_branch(committee, f"下塘第{number}党支部")
        term = factories.make_term(branch, ends_on=date(2026, 4, number))
        TermRequest.objects.create(
            term=term, kind=RequestKind.ELECTION, asked_on=TODAY, to_on=date(2026, 5, 1)
        )

    client.force_login(officer)
    row(1)
    row(4)
    one = count_of(lambda: client.get(reverse("members:terms")))
    row(2)
    row(3)
    assert count_of(lambda: client.get(reverse("members:terms"))) == one


# --- Pages: one term ---------------------------------------------------------------------


def test_the_page_shows_each_reader_the_forms_that_fit(client, term, secretary, officer):
    context = page(client, secretary, "members:term", term.pk).context
    assert context["election_form"] and context["postponement_form"] and context["election_url"]
    assert (context["notice_form"], context["decisions"]) == (None, [])
    context = page(client, officer, "members:term", term.pk).context
    assert context["notice_form"] and context["election_url"]
    assert (context["election_form"], context["postponement_form"]) == (None, None)
    inspector = factories.make_user(Role.INSPECTOR, term.organisation.parent)
    context = page(client, inspector, "members:term", term.pk).context
    assert not any(
        context[name] for name in ("notice_form", "election_form", "decisions", "election_url")
    )


def test_years_before_the_end_nothing_is_offered_first(client, branch, secretary, officer):
    far = factories.make_term(branch, ends_on=date(2029, 1, 1))
    context = page(client, officer, "members:term", far.pk).context
    assert context["notice_form"] is None
    context = page(client, secretary, "members:term", far.pk).context
    assert (context["fold_request"], context["elects_next"]) == (True, False)


def test_the_election_is_next_once_it_is_approved(client, term, secretary, officer):
    request = asking(term, secretary)
    context = page(client, secretary, "members:term", term.pk).context
    assert (context["fold_request"], context["elects_next"]) == (True, False)
    deciding(request, officer)
    assert page(client, secretary, "members:term", term.pk).context["elects_next"]


def test_the_steps_follow_what_was_done(client, branch, term, secretary, officer):
    def states():
        steps = page(client, secretary, "members:term", term.pk).context["steps"]
        return [(step["name"], step["state"]) for step in steps]

    assert states() == [
        ("提醒函", "current"),
        ("请示", "todo"),
        ("批复", "todo"),
        ("选举", "todo"),
        ("备案", "todo"),
    ]
    give_notices(terms=[term], first_number="", on=TODAY, by=officer, today=TODAY)
    assert states()[:2] == [("提醒函", "done"), ("请示", "current")]
    deciding(asking(term, secretary), officer)
    assert states()[2:4] == [("批复", "done"), ("选举", "current")]
    factories.make_term(branch, starts_on=TODAY, ends_on=date(2031, 3, 18))
    assert states()[3:] == [("选举", "done"), ("备案", "current")]
    assert "已有新一届" in page(client, secretary, "members:term", term.pk).content.decode()


def test_the_secretary_asks_and_the_committee_approves(client, term, secretary, officer):
    client.force_login(secretary)
    posted = {"to_on": "6.20", "asked_on": "3.18", "number": "", "reason": ""}
    response = client.post(reverse("members:term_ask", args=[term.pk]), posted)
    assert response.status_code == 302
    request = TermRequest.objects.get()
    assert (request.to_on, request.asked_on) == (date(2026, 6, 20), TODAY)
    decide_url = reverse("members:term_decide", args=[request.pk])
    # In sight, but not for the branch to decide.
    assert client.post(decide_url, {"on": "3.18", "act": "approve"}).status_code == 403
    factories.make_branch(term.organisation.parent)
    rows = page(client, officer, state="waiting").context["rows"]
    assert [row["progress"] for row in rows] == ["换届请示待批复"]
    assert client.post(decide_url, {"on": "3.18", "act": "approve"}).status_code == 302
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED


def test_a_return_without_opinion_stays_on_the_page(client, term, secretary, officer):
    request = asking(term, secretary)
    client.force_login(officer)
    response = client.post(
        reverse("members:term_decide", args=[request.pk]), {"on": "3.18", "act": "return"}
    )
    assert response.status_code == 200
    assert "退回要写明意见" in response.content.decode()


def test_a_long_postponement_is_warned_with_its_source(client, term, secretary, officer):
    client.force_login(secretary)
    posted = {"to_on": "2027.7.2", "asked_on": "3.18", "reason": "合并"}
    url = reverse("members:term_postpone", args=[term.pk])
    text = client.post(url, posted, follow=True).content.decode()
    assert "延期至2027年7月2日，超过 1 年" in text
    assert "选举工作条例（2020）第三条" in text
    deciding(TermRequest.objects.get(), officer)
    response = page(client, officer, "members:term", term.pk)
    assert response.context["warning"].startswith("批准延期至2027年7月2日，超过 1 年")


def test_nothing_typed_is_lost_when_a_request_is_refused(client, term, secretary):
    client.force_login(secretary)
    posted = {"to_on": "2026.5.1", "asked_on": "3.18", "reason": "合并后再选"}
    text = client.post(reverse("members:term_postpone", args=[term.pk]), posted).content.decode()
    assert "延期应晚于届满日期2026年7月1日" in text
    assert "合并后再选" in text and "2026.5.1" in text


def test_a_term_is_registered_and_corrected_on_the_page(client, branch, secretary, officer):
    client.force_login(secretary)
    url = reverse("members:term_register") + f"?branch={branch.code}"
    assert "2031年3月18日届满" in client.get(url).content.decode()
    client.post(url, {"starts_on": "2024.2.29", "ends_on": "20290228"})
    term = Term.objects.get()
    assert (term.starts_on, term.ends_on) == (date(2024, 2, 29), date(2029, 2, 28))
    change = reverse("members:term_change", args=[term.pk])
    client.force_login(officer)
    client.post(change, {"starts_on": "2024.2.29", "ends_on": "1998年3月1日", "reason": ""})
    assert (
        "届满日期应晚于选举日期"
        in client.post(
            change, {"starts_on": "2024.2.29", "ends_on": "1998年3月1日"}
        ).content.decode()
    )
    client.post(change, {"starts_on": "", "ends_on": "1998年3月1日"})
    term.refresh_from_db()
    assert (term.starts_on, term.ends_on) == (None, date(1998, 3, 1))


# --- Letters -----------------------------------------------------------------------------


def test_letters_for_several_branches_are_one_document(client, committee, officer):
    terms = [
        factories.make_term(factories.make_branch(committee, name), ends_on=date(2026, 9, 10))
        for name in ("下塘第一党支部", "下塘第二党支部")
    ]
    client.force_login(officer)
    response = client.post(
        reverse("members:term_notices"),
        {"term": [term.pk for term in terms], "on": "3.18", "number": "柳组提〔2026〕12号"},
    )
    assert response.status_code == 302
    text = client.get(response.url).content.decode()
    assert text.count("zb-sheet--formal") == 2
    assert "下塘第一党支部：" in text and "下塘第二党支部：" in text
    assert "柳组提〔2026〕12号" in text and "柳组提〔2026〕13号" in text
    assert "将于2026年9月10日任期届满" in text
    # Four months before, as the county has it.
    assert "请于2026年5月10日前报送换届选举请示" in text
    assert committee.name in text


def test_nothing_ticked_is_told_and_changes_nothing(client, term, officer):
    client.force_login(officer)
    response = client.post(reverse("members:term_notices"), {"on": "3.18"}, follow=True)
    assert "请勾选要提醒的党组织" in response.content.decode()
    response = client.post(
        reverse("members:term_notices"), {"term": term.pk, "on": "3.32"}, follow=True
    )
    assert "没有这一天" in response.content.decode()
    term.refresh_from_db()
    assert term.notified_on is None


def test_a_request_is_printed(client, term, secretary):
    request = asking(term, secretary, reason="候选人已酝酿")
    text = page(client, secretary, "members:term_request_letter", request.pk).content.decode()
    assert "关于换届选举的请示" in text
    assert "拟于2026年6月20日召开会议进行换届选举" in text
    assert "妥否，请批示" in text
    request = postponing(term, secretary)
    text = page(client, secretary, "members:term_request_letter", request.pk).content.decode()
    assert "关于延期换届的请示" in text
    assert "因与村委会换届同步，拟延期至2026年12月31日换届" in text


# --- Walls -------------------------------------------------------------------------------


def test_the_neighbour_finds_nothing(client, committee, term, secretary):
    request = asking(term, secretary)
    neighbour = factories.make_user(Role.SECRETARY, factories.make_branch(committee))
    client.force_login(neighbour)
    code = term.organisation.code
    for name, key in (
        ("members:term", term.pk),
        ("members:term_change", term.pk),
        ("members:term_request_letter", request.pk),
    ):
        assert client.get(reverse(name, args=[key])).status_code == 404, name
    for name, key in (
        ("members:term_ask", term.pk),
        ("members:term_postpone", term.pk),
        ("members:term_decide", request.pk),
    ):
        assert client.post(reverse(name, args=[key])).status_code == 404, name
    for name in ("members:terms", "members:term_register", "members:election_register"):
        assert client.get(reverse(name), {"branch": code}).status_code == 404, name
    letters = client.get(reverse("members:term_letters"), {"term": term.pk}).content.decode()
    assert term.organisation.name not in letters
    client.post(reverse("members:term_notices"), {"term": term.pk, "on": "3.18"})
    term.refresh_from_db()
    assert term.notified_on is None


def test_who_only_looks_may_not_act(client, term, committee, secretary):
    inspector = factories.make_user(Role.INSPECTOR, committee)
    client.force_login(inspector)
    assert client.get(reverse("members:term", args=[term.pk])).status_code == 200
    assert client.get(reverse("members:term_change", args=[term.pk])).status_code == 403
    request = asking(term, secretary)
    for name, key in (
        ("members:term_ask", term.pk),
        ("members:term_postpone", term.pk),
        ("members:term_decide", request.pk),
    ):
        assert client.post(reverse(name, args=[key])).status_code == 403, name
    url = reverse("members:term_notices")
    assert client.post(url, {"term": term.pk, "on": "3.18"}).status_code == 403


def test_a_committee_does_not_approve_for_itself(client, db):
    county = factories.make_county()
    own = factories.make_organisation(Kind.COMMITTEE, county, "云溪酒业党委")
    term = factories.make_term(own, ends_on=date(2026, 7, 1))
    officer = factories.make_user(Role.COMMITTEE_OFFICER, own)
    client.force_login(officer)
    posted = {"to_on": "6.20", "asked_on": "3.18"}
    assert client.post(reverse("members:term_ask", args=[term.pk]), posted).status_code == 302
    url = reverse("members:term_decide", args=[TermRequest.objects.get().pk])
    assert client.post(url, {"on": "3.18", "act": "approve"}).status_code == 403
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, county))
    assert client.post(url, {"on": "3.18", "act": "approve"}).status_code == 302


def test_an_organiser_does_not_submit(client, branch, term):
    client.force_login(factories.make_user(Role.ORGANISER, branch))
    posted = {"to_on": "6.20", "asked_on": "3.18"}
    assert client.post(reverse("members:term_ask", args=[term.pk]), posted).status_code == 403
    assert client.get(reverse("members:term_register"), {"branch": branch.code}).status_code == 403


def test_no_branch_clears_its_own_late_term(client, branch, term, secretary, officer):
    register = reverse("members:term_register") + f"?branch={branch.code}"
    change = reverse("members:term_change", args=[term.pk])
    own = page(client, secretary, "members:terms", branch=branch.code).context["own"]
    assert own["register_url"] == ""
    assert page(client, secretary, "members:term", term.pk).context["change_url"] == ""
    later = {"starts_on": "2026.3.1", "ends_on": "2031.3.1"}
    for url in (register, change):
        assert client.get(url).status_code == 403
        assert client.post(url, later).status_code == 403
    term.refresh_from_db()
    assert (branch.terms.count(), term.ends_on) == (1, date(2026, 7, 1))
    own = page(client, officer, "members:terms", branch=branch.code).context["own"]
    assert own["register_url"] == register
    assert page(client, officer, "members:term", term.pk).context["change_url"] == change
    assert client.post(register, later).status_code == 302
    assert branch.terms.count() == 2
