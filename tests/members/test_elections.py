from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form, Kind, Sector
from members import elections
from members.enums import MemberKind, PostTitle, RequestKind, RequestState
from members.models import Candidate, Election, Post, Term, TermRequest
from members.services import Refused
from members.services.elections import (
    Counts,
    Stood,
    correct_election,
    file_result,
    record_election,
    report_result,
)
from members.term_forms import CandidateForm, resolved
from members.terms import BASE_IS_SHOULD_ATTEND, current_terms
from tests import factories
from tests.compliance.verdicts import county_value

TODAY = date(2026, 3, 18)
HELD = date(2026, 3, 12)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


# --- The arithmetic ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "should", "met"),
    [(8, 10, True), (7, 10, False), (16, 20, True), (18, 23, False), (19, 23, True), (0, 0, True)],
)
def test_four_fifths_are_enough_and_less_is_not(present, should, met):
    assert elections.is_quorate(present, should) is met
    assert (present >= elections.quorum(should)) is met


@pytest.mark.parametrize(
    ("votes", "base", "won"),
    [(10, 20, False), (11, 20, True), (11, 21, True), (10, 21, False), (0, 0, False)],
)
def test_a_majority_is_more_than_half(votes, base, won):
    assert elections.is_majority(votes, base) is won
    assert (votes >= elections.majority(base)) is won


@pytest.mark.parametrize(
    ("seats", "candidates"), [(3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (10, 12), (11, 14)]
)
def test_candidates_are_a_fifth_more_than_seats_rounded_up(seats, candidates):
    assert elections.least_candidates(seats) == candidates
    assert elections.candidates_check(seats, candidates).is_met
    assert not elections.candidates_check(seats, candidates - 1).is_met


@pytest.mark.parametrize(("seats", "nominated", "met"), [(1, 1, True), (1, 2, False), (2, 2, True)])
def test_without_a_committee_as_many_stand_as_are_elected(seats, nominated, met):
    check = elections.candidates_check(seats, nominated)
    assert (check.label, check.is_met) == ("候选人等额", met)


# --- Recording ---------------------------------------------------------------------------


@pytest.fixture
def committee(db):
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def people(branch):
    names = ("林守正", "周慧敏", "韩立平", "许桂兰", "孟庆余")
    return [factories.make_member(branch, name) for name in names]


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def officer(committee):
    return factories.make_user(Role.COMMITTEE_OFFICER, committee)


COUNTS = Counts(seats=3, voters=20, present=18, ballots_out=18, ballots_in=18, ballots_valid=18)
TITLES = (PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY)


def standing(people, titles=TITLES, votes=(17, 16, 15, 3)):
    """Four for three seats; who has a title is elected."""
    titles = [*titles, *[""] * (len(people) - len(titles))]
    return [
        Stood(votes=count, member=member, title=title, is_elected=bool(title))
        for member, title, count in zip(people, titles, votes, strict=False)
    ]


def recording(branch, people, by, **facts):
    given = {
        "held_on": HELD,
        "ends_on": date(2031, 3, 12),
        "counts": COUNTS,
        "candidates": standing(people),
        **facts,
    }
    return record_election(organisation=branch, by=by, today=TODAY, **given)


def test_an_election_begins_the_term_and_the_posts(branch, people, secretary):
    old = factories.make_post(branch, person_name="宋佳宁")
    recorded = recording(branch, people, secretary)
    assert (recorded.term.starts_on, recorded.term.ends_on) == (HELD, date(2031, 3, 12))
    assert recorded.election.term == recorded.term
    assert recorded.posts_changed
    assert list(
        Post.objects.filter(starts_on=HELD).order_by("pk").values_list("person_name", "title")
    ) == [("林守正", "secretary"), ("周慧敏", "organisation"), ("韩立平", "publicity")]
    old.refresh_from_db()
    assert old.ends_on == date(2026, 3, 11)
    assert Candidate.objects.filter(election=recorded.election).count() == 4
    line = TrailLine.objects.get(area="elections")
    assert (line.action, line.by, line.object_id) == ("登记选举", secretary, recorded.election.pk)
    assert (
        line.after["得票"]
        == "林守正 17 票当选书记、周慧敏 16 票当选组织委员、韩立平 15 票当选宣传委员、许桂兰 3 票"
    )
    assert Changed.objects.filter(organisation=branch, from_on=HELD).exists()


@pytest.mark.parametrize("ends_on", [date(2026, 3, 13), date(2027, 3, 12), date(2060, 1, 1)])
def test_the_end_typed_with_an_election_stays_as_typed(branch, people, secretary, ends_on):
    assert recording(branch, people, secretary, ends_on=ends_on).term.ends_on == ends_on
    assert Term.objects.get().ends_on == ends_on


def test_an_election_closes_the_old_term(branch, people, secretary):
    factories.make_term(branch, starts_on=date(2021, 3, 1), ends_on=date(2026, 3, 1))
    recorded = recording(branch, people, secretary)
    assert current_terms([branch.pk], HELD) == {branch.pk: recorded.term}
    assert Term.objects.filter(ends_on=date(2026, 3, 1)).exists()


def test_a_term_that_a_register_brought_gets_its_election(branch, people, secretary):
    known = factories.make_term(branch, ends_on=date(2031, 3, 12))
    recorded = recording(branch, people, secretary)
    known.refresh_from_db()
    assert (recorded.term, known.starts_on) == (known, HELD)
    assert Term.objects.count() == 1


def test_the_same_end_for_another_term_is_refused(branch, people, secretary):
    factories.make_term(branch, starts_on=date(2026, 1, 1), ends_on=date(2031, 3, 12))
    with pytest.raises(Refused, match="请核对届满日期"):
        recording(branch, people, secretary)
    assert not Election.objects.exists()


def test_numbers_that_look_wrong_are_recorded_all_the_same(branch, people, secretary):
    """Half the electors present, no more candidates than seats, winners without a majority."""
    few = Counts(seats=3, voters=20, present=10, ballots_out=10, ballots_in=9, ballots_valid=8)
    candidates = standing(people[:3], votes=(5, 4, 3))
    recorded = recording(branch, people, secretary, counts=few, candidates=candidates)
    assert recorded.term is not None
    assert Post.objects.filter(starts_on=HELD).count() == 3


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"seats": 2}, "当选 3 人，多于应选 2 人"),
        ({"ballots_in": 19}, "收回的选票不能多于发出"),
        ({"ballots_in": 17}, "有效选票不能多于收回"),
        ({"ballots_valid": 16}, "林守正得 17 票，多于有效选票 16 张"),
        ({"present": 21}, "实到不能多于"),
        ({"excluded": 21, "excluded_reason": "病"}, "不能多于有选举权"),
        ({"excluded": 1}, "请写明不计入应到的是谁"),
    ],
)
def test_true_contradictions_are_refused(branch, people, secretary, counts, words):
    given = {**COUNTS.__dict__, **counts}
    with pytest.raises(Refused, match=words):
        recording(branch, people, secretary, counts=Counts(**given))
    assert not Election.objects.exists() and not Post.objects.exists()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"held_on": date(2026, 3, 19)}, "还没有到"),
        ({"ends_on": None}, "请填本届届满日期"),
        ({"ends_on": HELD}, "应晚于选举日期"),
        ({"candidates": []}, "至少写一名候选人"),
    ],
)
def test_what_cannot_be_is_refused(branch, people, secretary, facts, words):
    with pytest.raises(Refused, match=words):
        recording(branch, people, secretary, **facts)


def test_two_secretaries_or_the_same_name_twice_are_refused(branch, people, secretary):
    two = standing(people, (PostTitle.SECRETARY, PostTitle.SECRETARY))
    with pytest.raises(Refused, match="书记只能有一名"):
        recording(branch, people, secretary, candidates=two)
    with pytest.raises(Refused, match="写了两次"):
        recording(branch, people, secretary, candidates=standing([people[0], people[0]]))
    assert not Election.objects.exists()


def test_a_day_has_one_election(branch, people, secretary):
    recording(branch, people, secretary)
    with pytest.raises(Refused, match="已登记过"):
        recording(branch, people, secretary)


def test_a_temporary_branch_elects_nobody(committee, officer):
    branch = factories.make_branch(committee, form=Form.TEMPORARY)
    with pytest.raises(Refused, match="不换届"):
        recording(branch, factories.make_members(branch, 4), officer)


def test_an_election_in_which_nobody_won_begins_nothing(branch, people, secretary):
    old = factories.make_post(branch, person_name="宋佳宁")
    recorded = recording(branch, people, secretary, candidates=standing(people, ()))
    assert (recorded.term, recorded.posts_changed) == (None, False)
    old.refresh_from_db()
    assert old.ends_on is None


def test_a_by_election_fills_a_post_and_begins_no_term(branch, people, secretary):
    term = factories.make_term(branch, ends_on=date(2028, 3, 1))
    old = factories.make_post(branch, PostTitle.SECRETARY, member=people[4])
    stays = factories.make_post(branch, PostTitle.PUBLICITY, member=people[3])
    one = Counts(seats=1, voters=20, present=18, ballots_out=18, ballots_in=18, ballots_valid=18)
    recorded = recording(
        branch,
        people,
        secretary,
        counts=one,
        candidates=standing(people[:1], (PostTitle.SECRETARY,)),
        is_by_election=True,
    )
    assert (recorded.term, Term.objects.get()) == (None, term)
    old.refresh_from_db()
    stays.refresh_from_db()
    assert (old.ends_on, stays.ends_on) == (date(2026, 3, 11), None)
    assert Post.objects.get(starts_on=HELD).member == people[0]
    assert TrailLine.objects.filter(area="elections", action="登记补选").exists()


def test_a_by_election_adds_a_member_beside_the_others(branch, people, secretary):
    other = factories.make_post(branch, PostTitle.MEMBER, member=people[4])
    one = Counts(seats=1, voters=20, present=18, ballots_out=18, ballots_in=18, ballots_valid=18)
    recording(
        branch,
        people,
        secretary,
        counts=one,
        candidates=standing(people[:1], (PostTitle.MEMBER,)),
        is_by_election=True,
    )
    other.refresh_from_db()
    assert other.ends_on is None
    assert Post.objects.on(TODAY).filter(title=PostTitle.MEMBER).count() == 2


def test_an_election_of_long_ago_leaves_the_posts_of_today(branch, people, secretary):
    factories.make_term(branch, starts_on=date(2024, 5, 1), ends_on=date(2029, 5, 1))
    post = factories.make_post(branch, member=people[0], starts_on=date(2024, 5, 1))
    recorded = recording(
        branch, people, secretary, held_on=date(2019, 5, 1), ends_on=date(2024, 5, 1)
    )
    assert (recorded.term.starts_on, recorded.posts_changed) == (date(2019, 5, 1), False)
    assert Post.objects.get() == post
    assert current_terms([branch.pk], TODAY)[branch.pk].ends_on == date(2029, 5, 1)


def test_the_database_refuses_more_ballots_back_than_out(branch):
    with pytest.raises(IntegrityError), transaction.atomic():
        Election.objects.create(
            organisation=branch,
            held_on=HELD,
            seats=1,
            voters=5,
            present=5,
            ballots_out=4,
            ballots_in=5,
            ballots_valid=4,
        )


# --- Correcting, reporting, filing --------------------------------------------------------


def test_numbers_are_put_right_with_a_line(branch, people, secretary):
    election = recording(branch, people, secretary).election
    first = election.candidates.get(person_name="林守正")
    given = {**COUNTS.__dict__, "present": 19, "ballots_out": 19, "ballots_in": 19}
    changed = Counts(**given)
    assert correct_election(
        election=election, counts=changed, votes={first.pk: 18}, by=secretary, reason="看错"
    )
    assert not correct_election(election=election, counts=changed, votes={}, by=secretary)
    election.refresh_from_db()
    first.refresh_from_db()
    assert (election.present, first.votes) == (19, 18)
    line = TrailLine.objects.get(action="更正选举")
    assert (line.before["实到"], line.after["实到"]) == ("18 人", "19 人")
    assert "林守正 18 票" in line.after["得票"]
    with pytest.raises(Refused, match="多于有效选票"):
        correct_election(election=election, counts=changed, votes={first.pk: 19}, by=secretary)


def test_a_result_is_reported_and_filed(branch, people, secretary, officer):
    election = recording(branch, people, secretary).election
    report_result(election=election, on=date(2026, 3, 15), by=secretary, today=TODAY)
    file_result(election=election, on=date(2026, 3, 18), by=officer, today=TODAY)
    election.refresh_from_db()
    assert (election.reported_on, election.filed_on) == (date(2026, 3, 15), date(2026, 3, 18))
    filed = Post.objects.filter(starts_on=HELD).values_list("filed_on", flat=True)
    assert list(filed) == [date(2026, 3, 18)] * 3
    actions = set(TrailLine.objects.filter(area="elections").values_list("action", flat=True))
    assert actions == {"登记选举", "报告选举结果", "备案选举结果"}


@pytest.mark.parametrize("on", [date(2026, 3, 11), date(2026, 3, 19)])
@pytest.mark.parametrize("service", [report_result, file_result])
def test_a_result_is_reported_between_the_election_and_today(
    branch, people, secretary, service, on
):
    election = recording(branch, people, secretary).election
    with pytest.raises(Refused, match="到今天之间"):
        service(election=election, on=on, by=secretary, today=TODAY)


# --- Names -------------------------------------------------------------------------------


def typed(name):
    return [{"name": name, "votes": 3, "title": "", "is_nominated": True, "is_elected": False}]


def test_a_name_is_looked_up_on_the_roster_of_the_day(branch, people):
    candidates, faults = resolved(typed("林守正"), branch, HELD)
    assert (candidates[0].member, faults) == (people[0], {})
    _candidates, faults = resolved(typed("林守正"), branch, date(2010, 1, 1))
    assert faults == {0: "林守正那天不在名册上，请核对姓名和选举日期"}


def test_two_of_one_name_are_told_apart(branch, people):
    twin = factories.make_member(branch, "林守正", born_on=date(1969, 4, 2))
    _candidates, faults = resolved(typed("林守正"), branch, HELD)
    assert faults[0].startswith("有 2 名林守正，请写成 林守正(")
    by_number, faults = resolved(typed(f"林守正({twin.id_number_mask[-4:]})"), branch, HELD)
    assert (by_number[0].member, faults) == (twin, {})
    by_birth, faults = resolved(typed("林守正（1969-04）"), branch, HELD)
    assert (by_birth[0].member, faults) == (twin, {})


def test_a_committee_elects_people_of_its_branches_and_others_by_name(db):
    own = factories.make_organisation(Kind.COMMITTEE, factories.make_county(), "云溪酒业党委")
    member = factories.make_member(factories.make_branch(own), "康国强")
    candidates, faults = resolved(typed("康国强") + typed("顾文静"), own, HELD)
    assert [(one.member, one.name) for one in candidates] == [(member, "康国强"), (None, "顾文静")]
    assert faults == {}


# --- Pages -------------------------------------------------------------------------------


def post_of(lines, **facts):
    """What a browser sends: the counts, and a line for each (name, votes, title or "")."""
    posted = {
        "kind": "",
        "held_on": "3.12",
        "ends_on": "",
        "seats": "3",
        "voters": "20",
        "present": "18",
        "candidate-TOTAL_FORMS": str(len(lines)),
        "candidate-INITIAL_FORMS": str(len(lines)),
        **facts,
    }
    for number, (name, votes, title) in enumerate(lines):
        posted |= {
            f"candidate-{number}-name": name,
            f"candidate-{number}-votes": votes,
            f"candidate-{number}-title": title,
            f"candidate-{number}-is_nominated": "on",
        }
        if title:
            posted[f"candidate-{number}-is_elected"] = "on"
    return posted


LINES = [
    ("林守正", "17", "secretary"),
    ("周慧敏", "16", "organisation"),
    ("韩立平", "9", "publicity"),
    ("许桂兰", "3", ""),
    ("", "", ""),
]


def register_url(branch):
    return reverse("members:election_register") + f"?branch={branch.code}"


def test_the_form_proposes_the_electors_of_the_day(client, branch, people, secretary):
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 7, 1))
    client.force_login(secretary)
    response = client.get(register_url(branch))
    assert response.context["form"].initial == {"held_on": "2026年3月18日", "voters": "5"}
    assert response.context["names"] == ["林守正", "周慧敏", "韩立平", "许桂兰", "孟庆余"]
    factories.make_member(branch, joined_on=date(2026, 3, 1), confirmed_on=date(2026, 3, 15))
    for day, voters in (("3.14", "5"), ("3.15", "6")):
        again = client.post(register_url(branch), post_of(LINES, held_on=day, reload="1"))
        assert again.context["form"]["voters"].value() == voters
    assert "林守正" in again.content.decode()


def test_the_form_begins_on_the_day_that_was_approved(client, branch, secretary):
    term = factories.make_term(branch, ends_on=date(2026, 4, 1))
    TermRequest.objects.create(
        term=term,
        kind=RequestKind.ELECTION,
        asked_on=date(2026, 1, 5),
        to_on=HELD,
        state=RequestState.APPROVED,
        decided_on=date(2026, 1, 20),
    )
    client.force_login(secretary)
    assert client.get(register_url(branch)).context["form"].initial["held_on"] == "2026年3月12日"


def test_more_lines_keep_what_was_typed(client, branch, people, secretary):
    client.force_login(secretary)
    response = client.post(register_url(branch), post_of(LINES, more="1"))
    assert len(response.context["lines"].forms) == 9
    text = response.content.decode()
    assert 'value="林守正"' in text and 'value="3.12"' in text
    assert not Election.objects.exists()


@pytest.mark.parametrize(
    ("sector", "ends_on"),
    [(Sector.COMMUNITY, date(2031, 3, 12)), (Sector.OFFICE, date(2029, 3, 12))],
)
def test_an_end_left_empty_follows_from_the_day(client, committee, sector, ends_on):
    branch = factories.make_branch(committee, sector=sector)
    for name in ("林守正", "周慧敏", "韩立平", "许桂兰"):
        factories.make_member(branch, name)
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    assert client.post(register_url(branch), post_of(LINES)).status_code == 302
    assert Term.objects.get().ends_on == ends_on
    election = Election.objects.get()
    # Ballots left empty follow from who was present.
    assert (election.ballots_out, election.ballots_in, election.ballots_valid) == (18, 18, 18)


def test_an_end_typed_on_the_form_stays(client, branch, people, secretary):
    client.force_login(secretary)
    client.post(register_url(branch), post_of(LINES, ends_on="2040.1.1"))
    assert Term.objects.get().ends_on == date(2040, 1, 1)


def test_both_bases_stand_side_by_side_with_the_dispute(client, branch, people, secretary):
    """With 20 who should attend and 18 present, ten votes win by one base only."""
    client.force_login(secretary)
    lines = [*LINES[:2], ("韩立平", "10", "publicity"), LINES[3]]
    response = client.post(register_url(branch), post_of(lines), follow=True)
    shown = {
        one["name"]: (one["by_should"], one["by_present"], one["is_elected"])
        for one in response.context["candidates"]
    }
    assert shown == {
        "林守正": (True, True, True),
        "周慧敏": (True, True, True),
        "韩立平": (False, True, True),
        "许桂兰": (False, False, False),
    }
    assert response.context["needs"] == {"should": 11, "present": 10}
    text = response.content.decode()
    assert "说法不一，条文待核实" in text
    assert "按应到过半（本县）" in text
    assert [(check.label, check.is_met) for check in response.context["checks"]] == [
        ("到会人数", True),
        ("选票", True),
        ("候选人差额", True),
        ("书记、副书记", True),
    ]
    county_value(BASE_IS_SHOULD_ATTEND, False, date(2026, 1, 1))
    text = client.get(reverse("members:election", args=[Election.objects.get().pk]))
    assert "按实到过半（本县）" in text.content.decode()


def test_excluded_electors_lower_the_base(client, branch, people, secretary):
    client.force_login(secretary)
    posted = post_of(
        LINES, excluded="2", excluded_reason="戴某某卧床；汤某某外出打工", present="14"
    )
    response = client.post(
        register_url(branch), posted | {"candidate-0-votes": "14", "candidate-1-votes": "14"}
    )
    election = Election.objects.get()
    assert response.status_code == 302
    assert (election.should_attend, election.excluded_reason) == (18, "戴某某卧床；汤某某外出打工")
    context = client.get(reverse("members:election", args=[election.pk])).context
    assert [check.is_met for check in context["checks"][:1]] == [False]
    assert context["needs"] == {"should": 10, "present": 8}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"ballots_in": "19"}, "收回的选票不能多于发出的选票"),
        ({"seats": "0"}, "应选人数至少 1 人"),
        ({"held_on": "3.32"}, "没有这一天"),
        ({"candidate-0-name": "林守一"}, "林守一那天不在名册上"),
        ({"candidate-0-votes": ""}, "请填得票数"),
        ({"candidate-0-title": ""}, "请选当选的职务"),
        ({"present": "40000"}, "数目过大"),
        ({"held_on": "3.19"}, "还没有到"),
    ],
)
def test_a_refusal_keeps_everything_typed(client, branch, people, secretary, facts, words):
    client.force_login(secretary)
    response = client.post(register_url(branch), post_of(LINES, note="唱票人汤余") | facts)
    text = response.content.decode()
    assert response.status_code == 200
    assert words in text
    assert "唱票人汤余" in text and 'value="周慧敏"' in text
    assert not Election.objects.exists()


def test_a_by_election_is_registered_on_the_page(client, branch, people, secretary):
    factories.make_term(branch, ends_on=date(2028, 3, 1))
    client.force_login(secretary)
    lines = [("林守正", "17", "secretary")]
    text = client.post(
        register_url(branch), post_of(lines, kind="by", seats="1"), follow=True
    ).content.decode()
    assert "已登记补选，职务已更新" in text
    assert (Term.objects.count(), Post.objects.get().title) == (1, "secretary")


def test_the_superior_registers_and_files(client, branch, people, officer):
    client.force_login(officer)
    assert client.post(register_url(branch), post_of(LINES)).status_code == 302
    election = Election.objects.get()
    url = reverse("members:election_file", args=[election.pk])
    assert "备案日期应在" in client.post(url, {"on": "3.1"}).content.decode()
    assert client.post(url, {"on": "3.18"}).status_code == 302
    election.refresh_from_db()
    assert election.filed_on == TODAY


def test_the_branch_reports_but_does_not_file(client, branch, people, secretary):
    election = recording(branch, people, secretary).election
    client.force_login(secretary)
    page = client.get(reverse("members:election", args=[election.pk]))
    assert page.context["report_form"] and page.context["file_form"] is None
    assert page.context["election"]["report_by"] == "2026年4月12日"
    url = reverse("members:election_file", args=[election.pk])
    assert client.post(url, {"on": "3.18"}).status_code == 403
    url = reverse("members:election_report", args=[election.pk])
    assert client.post(url, {"on": "3.18"}).status_code == 302
    election.refresh_from_db()
    assert (election.reported_on, election.filed_on) == (TODAY, None)


def test_numbers_are_put_right_on_the_page(client, branch, people, secretary):
    election = recording(branch, people, secretary).election
    client.force_login(secretary)
    url = reverse("members:election_change", args=[election.pk])
    page = client.get(url)
    posted = {field.html_name: field.value() or "" for field in page.context["form"]}
    votes = {field.html_name: field.value() for field in page.context["votes"]}
    assert client.post(url, posted | votes | {"present": "19"}).status_code == 302
    election.refresh_from_db()
    assert election.present == 19
    text = client.post(url, posted | votes | {"ballots_in": "30"}).content.decode()
    assert "收回的选票不能多于发出的选票" in text


def test_the_neighbour_finds_nothing_and_the_inspector_changes_nothing(
    client, branch, people, secretary, committee
):
    election = recording(branch, people, secretary).election
    names = ("election", "election_change", "election_report", "election_file")
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(committee)))
    for name in names:
        url = reverse(f"members:{name}", args=[election.pk])
        act = client.post if name.endswith(("report", "file")) else client.get
        assert act(url).status_code == 404, name
    assert client.get(register_url(branch)).status_code == 404
    client.force_login(factories.make_user(Role.INSPECTOR, committee))
    assert client.get(reverse("members:election", args=[election.pk])).status_code == 200
    for name in names[1:]:
        assert client.post(reverse(f"members:{name}", args=[election.pk])).status_code == 403, name
    assert client.get(register_url(branch)).status_code == 403


def test_the_form_is_not_offered_where_nobody_is_elected(client, committee, officer):
    client.force_login(officer)
    assert client.get(register_url(committee)).status_code == 403
    temporary = factories.make_branch(committee, form=Form.FUNCTIONAL)
    assert client.get(register_url(temporary)).status_code == 403


def test_the_name_of_a_candidate_is_as_long_as_it_can_be_kept():
    assert CandidateForm({"name": "张" * 40, "votes": "3"}).is_valid()
    assert "name" in CandidateForm({"name": "张" * 41, "votes": "3"}).errors
