"""民主评议: what the services do, refuse and leave behind."""

from datetime import date

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from meetings import appraising
from meetings.appraising import Ballots, abstentions, ballots_fault, excellent_limit
from meetings.enums import Grade, MeetingState, Participation, Type
from meetings.models import Appraisal, AppraisalResult
from meetings.services import Refused, appraisals
from meetings.services.appraisals import Part, Sheets, StepDays
from members import facts
from members.enums import MemberKind
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 12, 20)
HELD = date(2026, 12, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def by(branch):
    return factories.make_user("secretary", branch, name="林守正")


@pytest.fixture
def members(branch):
    names = ("许文桥", "韩慧敏", "孟立平")
    return [factories.make_member(branch, name) for name in names]


@pytest.fixture
def novice(branch):
    return factories.make_member(
        branch, "陶桂兰", kind=MemberKind.PROBATIONARY, joined_on=date(2026, 3, 1)
    )


def started(branch, by, *, year=2026, on=TODAY, parts=None, today=TODAY):
    return appraisals.start_appraisal(
        organisation=branch, year=year, on=on, parts=parts or {}, by=by, today=today
    )


def result_of(appraisal, member):
    return AppraisalResult.objects.get(appraisal=appraisal, member=member)


def meeting_of(branch, held_on=HELD, year=2026, **facts):
    return factories.make_meeting(branch, held_on, [Type.APPRAISAL], for_year=year, **facts)


def graded(branch, by, members, grades=None, **facts):
    """An appraisal with its meeting and everybody graded, ready to be concluded."""
    appraisal = started(branch, by)
    appraisal = appraisals.set_steps(
        appraisal=appraisal, version=1, by=by, today=TODAY,
        steps=StepDays(ballot_on=HELD, meeting=meeting_of(branch)),
    )  # fmt: skip
    grades = grades or dict.fromkeys(members, Grade.QUALIFIED)
    return appraisals.give_grades(
        appraisal=appraisal, version=2, by=by, today=TODAY, opinion_on=HELD,
        grades={result_of(appraisal, one).pk: grade for one, grade in grades.items()},
    )  # fmt: skip


# --- Pure checks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("graded_count", "limit"), [(0, 0), (2, 0), (3, 1), (5, 1), (6, 2), (13, 4), (15, 5)]
)
def test_a_third_is_rounded_down(graded_count, limit):
    assert excellent_limit(graded_count, 3) == limit


def test_as_many_sheets_as_valid_ones_fit_and_one_more_does_not():
    assert ballots_fault(Ballots(8, 4), 12) == ""
    assert ballots_fault(Ballots(8, 4, 1), 12) == "8 + 4 + 1 = 13 票，比有效票 12 多 1 票，请核对"
    assert ballots_fault(Ballots(), 12) == ""


def test_fewer_sheets_are_abstentions():
    assert abstentions(Ballots(8, 2), 12) == 2
    assert abstentions(Ballots(0, 0, 0, 0), 12) == 12
    assert abstentions(Ballots(), 12) is None
    assert abstentions(Ballots(13), 12) is None


def test_steps_out_of_order_are_named():
    appraisal = Appraisal(year=2026, self_on=date(2026, 12, 5), ballot_on=date(2026, 12, 1))
    assert appraising.out_of_order(appraisal) == [
        "民主测评（2026年12月1日）早于个人自评（2026年12月5日），请核对"
    ]
    appraisal.ballot_on = date(2026, 12, 5)
    assert appraising.out_of_order(appraisal) == []


def test_only_too_many_excellent_ones_are_spoken_of():
    def results(excellent, rest):
        grades = [Grade.EXCELLENT] * excellent + [Grade.QUALIFIED] * rest
        return [AppraisalResult(was_formal=True, grade=grade) for grade in grades]

    assert appraising.excellent_advice(results(1, 2), 3) == ""
    assert "评为优秀 2 人，超过评定等次的 5 人的三分之一（1 人）" in appraising.excellent_advice(
        results(2, 3), 3
    )


# --- Begun ----------------------------------------------------------------------------------


def test_the_roster_of_the_day_is_frozen(branch, by, members, novice):
    appraisal = started(branch, by)
    assert list(appraisal.results.order_by("pk").values_list("member__name", "was_formal")) == [
        ("许文桥", True),
        ("韩慧敏", True),
        ("孟立平", True),
        ("陶桂兰", False),
    ]
    factories.make_member(branch, "贺建云")
    assert appraisal.results.count() == 4
    line = TrailLine.objects.get(area="appraisals")
    assert (line.action, line.by_name, line.organisation_id) == (
        "开始民主评议",
        "林守正",
        branch.pk,
    )
    assert line.after["人数"] == "4"
    note = Changed.objects.get(area="meetings")
    assert (note.from_on, note.to_on) == (date(2026, 1, 1), date(2026, 12, 31))


def test_who_joined_after_the_day_is_not_on_the_list(branch, by, members):
    factories.make_member(branch, joined_on=date(2026, 12, 1))
    assert started(branch, by, on=date(2026, 11, 30)).results.count() == 3


def test_a_member_away_is_noted_with_the_reason(branch, by, members):
    here, there, away = members
    parts = {there.pk: Part(Participation.ELSEWHERE), away.pk: Part("absent", " 外出务工 ")}
    appraisal = started(branch, by, parts=parts)
    assert result_of(appraisal, here).took_part
    assert result_of(appraisal, there).absence_note == "在现居住地参加评议"
    assert result_of(appraisal, away).absence_note == "外出务工"
    assert not result_of(appraisal, away).took_part


def test_who_did_not_take_part_needs_a_reason(branch, by, members):
    with pytest.raises(Refused, match="请写明许文桥为什么没有参加") as refused:
        started(branch, by, parts={members[0].pk: Part("absent", " ")})
    assert refused.value.field == f"reason-{members[0].pk}"
    assert not Appraisal.objects.exists()


def test_who_is_left_out_from_the_beginning_needs_a_reason(branch, by, members):
    with pytest.raises(Refused, match="请写明许文桥为什么没有参加"):
        started(branch, by, parts={members[0].pk: Part(Participation.OUT)})


def test_a_year_is_begun_once(branch, by, members):
    started(branch, by)
    with pytest.raises(Refused, match="2026年民主评议已经开始"):
        started(branch, by)


@pytest.mark.parametrize(
    ("year", "on", "text"),
    [
        (2027, TODAY, "2027年还没有到"),
        (2014, TODAY, "2015年1月1日才成立"),
        (2026, date(2026, 12, 21), "名册日期还没有到"),
        (2026, date(2025, 12, 31), "名册日期早于 2026年"),
    ],
)
def test_an_impossible_year_or_day_is_refused(branch, by, members, year, on, text):
    with pytest.raises(Refused, match=text):
        started(branch, by, year=year, on=on)


def test_an_appraisal_of_the_year_before_begins_in_january(branch, by, members):
    day = date(2027, 1, 8)
    appraisal = started(branch, by, year=2026, on=day, today=day)
    assert appraisal.year == 2026


def test_a_branch_without_members_has_no_list(branch, by):
    with pytest.raises(Refused, match="这一天名册里没有党员"):
        started(branch, by)


# --- The list -------------------------------------------------------------------------------


def changed_people(appraisal, by, parts, version=1):
    return appraisals.change_people(
        appraisal=appraisal, version=version, parts=parts, by=by, today=TODAY
    )


def test_the_list_takes_somebody_in_and_leaves_somebody_out(branch, by, members):
    appraisal = started(branch, by)
    new = factories.make_member(branch, "贺建云")
    parts = {members[0].pk: Part("out"), new.pk: Part("here"), members[1].pk: Part("elsewhere")}
    changed = changed_people(appraisal, by, parts)
    assert changed.version == 2
    names = set(appraisal.results.values_list("member__name", flat=True))
    assert names == {"韩慧敏", "孟立平", "贺建云"}
    line = TrailLine.objects.get(action="修改评议名单")
    assert line.before == {"许文桥": "参加", "韩慧敏": "参加", "贺建云": "不在名单"}
    assert line.after == {"许文桥": "不在名单", "韩慧敏": "在现居住地参加", "贺建云": "参加"}


def test_the_same_list_again_changes_nothing(branch, by, members):
    appraisal = started(branch, by)
    same = changed_people(appraisal, by, {one.pk: Part("here") for one in members})
    assert same.version == 1
    assert not TrailLine.objects.filter(action="修改评议名单").exists()


def test_who_has_a_grade_is_not_left_out(branch, by, members):
    appraisal = graded(branch, by, members)
    with pytest.raises(Refused, match="许文桥已有测评票或等次"):
        changed_people(appraisal, by, {members[0].pk: Part("out")}, version=3)


def test_a_stranger_does_not_come_onto_the_list(branch, by, members):
    appraisal = started(branch, by)
    other = factories.make_member(factories.make_branch())
    with pytest.raises(Refused, match="有 1 人不在名单"):
        changed_people(appraisal, by, {other.pk: Part("here")})


# --- Days and meeting -----------------------------------------------------------------------


def test_the_days_are_kept_even_out_of_order(branch, by, members):
    appraisal = started(branch, by)
    steps = StepDays(self_on=date(2026, 12, 10), mutual_on=date(2026, 12, 3), in_groups=True)
    changed = appraisals.set_steps(appraisal=appraisal, version=1, steps=steps, by=by, today=TODAY)
    assert (changed.self_on, changed.mutual_on, changed.in_groups) == (
        date(2026, 12, 10),
        date(2026, 12, 3),
        True,
    )
    line = TrailLine.objects.get(action="登记评议步骤")
    assert line.after == {
        "个人自评": "2026年12月10日",
        "党员互评": "2026年12月3日",
        "分党小组": "是",
    }


@pytest.mark.parametrize(
    ("day", "text"), [(date(2026, 12, 21), "还没有到"), (date(2025, 12, 31), "早于 2026年")]
)
def test_a_step_in_the_future_or_before_the_year_is_refused(branch, by, members, day, text):
    appraisal = started(branch, by)
    with pytest.raises(Refused, match=text) as refused:
        appraisals.set_steps(
            appraisal=appraisal, version=1, steps=StepDays(ballot_on=day), by=by, today=TODAY
        )
    assert refused.value.field == "ballot_on"


def test_only_a_held_meeting_of_the_year_is_taken(branch, by, members):
    appraisal = started(branch, by)
    for wrong in (
        meeting_of(branch, year=2025),
        meeting_of(branch, state=MeetingState.PLANNED),
        meeting_of(factories.make_branch()),
        factories.make_meeting(branch, HELD, [Type.LIFE_MEETING], for_year=2026),
    ):
        with pytest.raises(Refused, match="请选本支部已召开"):
            appraisals.set_steps(
                appraisal=appraisal, version=1, steps=StepDays(meeting=wrong), by=by, today=TODAY
            )


# --- Ballots --------------------------------------------------------------------------------


def entered(appraisal, by, counts, *, sheets=None, version=1):
    return appraisals.enter_ballots(
        appraisal=appraisal,
        version=version,
        sheets=Sheets(20, 19, 18) if sheets is None else sheets,
        counts={result_of(appraisal, one).pk: ballots for one, ballots in counts.items()},
        by=by,
        today=TODAY,
        ballot_on=HELD,
    )


def test_ballots_are_stored_and_trailed(branch, by, members):
    appraisal = started(branch, by)
    changed = entered(appraisal, by, {members[0]: Ballots(10, 6, 1, 0)})
    assert (changed.ballots_sent, changed.ballots_back, changed.ballots_valid) == (20, 19, 18)
    assert changed.ballot_on == HELD
    assert appraising.ballots_of(result_of(appraisal, members[0])) == Ballots(10, 6, 1, 0)
    line = TrailLine.objects.get(action="录入测评票")
    assert line.after["许文桥"] == "优秀 10、合格 6、基本合格 1、不合格 0"
    assert line.after["有效"] == "18 张"


def test_more_sheets_than_valid_ones_are_refused_by_name(branch, by, members):
    appraisal = started(branch, by)
    with pytest.raises(Refused, match=r"许文桥：12 \+ 7 = 19 票，比有效票 18 多 1 票"):
        entered(appraisal, by, {members[0]: Ballots(12, 7)})


def test_fewer_valid_sheets_do_not_leave_a_count_that_cannot_be(branch, by, members):
    appraisal = started(branch, by)
    entered(appraisal, by, {members[0]: Ballots(12, 6)})
    with pytest.raises(Refused, match=r"许文桥：12 \+ 6 = 18 票，比有效票 10 多 8 票"):
        entered(appraisal, by, {members[1]: Ballots(5)}, sheets=Sheets(20, 19, 10), version=2)


@pytest.mark.parametrize(
    ("sheets", "field"),
    [(Sheets(18, 19, 18), "back"), (Sheets(20, 18, 19), "valid"), (Sheets(), "valid")],
)
def test_impossible_numbers_of_sheets_are_refused(branch, by, members, sheets, field):
    appraisal = started(branch, by)
    with pytest.raises(Refused) as refused:
        entered(appraisal, by, {members[0]: Ballots(1)}, sheets=sheets)
    assert refused.value.field == field


def test_a_probationary_member_gets_neither_ballots_nor_grade(branch, by, members, novice):
    appraisal = started(branch, by)
    with pytest.raises(Refused, match="陶桂兰是预备党员"):
        entered(appraisal, by, {novice: Ballots(1)})
    with pytest.raises(Refused, match="陶桂兰是预备党员"):
        appraisals.give_grades(
            appraisal=appraisal,
            version=1,
            grades={result_of(appraisal, novice).pk: "qualified"},
            by=by,
            today=TODAY,
        )


def test_members_are_sorted_by_ballots_and_those_without_come_last(branch, by, members):
    appraisal = started(branch, by)
    entered(appraisal, by, {members[1]: Ballots(9, 9), members[2]: Ballots(10, 8)})
    ordered = sorted(appraisal.results.select_related("member"), key=appraising.by_ballots)
    assert [one.member.name for one in ordered] == ["孟立平", "韩慧敏", "许文桥"]
    assert [one.grade for one in ordered] == ["", "", ""]


# --- Grades ---------------------------------------------------------------------------------


def test_grades_are_what_the_branch_said_and_may_be_too_many(branch, by, members):
    appraisal = graded(branch, by, members, dict.fromkeys(members, Grade.EXCELLENT))
    assert appraisal.version == 3
    line = TrailLine.objects.get(action="评定等次")
    assert line.after["许文桥"] == "优秀"
    assert line.before["许文桥"] == ""
    advice = appraising.excellent_advice(appraisal.results.all(), 3)
    assert advice.startswith("评为优秀 3 人，超过评定等次的 3 人")


def test_a_grade_can_be_taken_back_and_an_unknown_one_is_refused(branch, by, members):
    appraisal = graded(branch, by, members)
    key = result_of(appraisal, members[0]).pk
    give = {"appraisal": appraisal, "by": by, "today": TODAY}
    with pytest.raises(Refused, match="等次只有"):
        appraisals.give_grades(version=3, grades={key: "splendid"}, **give)
    appraisals.give_grades(version=3, grades={key: ""}, **give)
    assert result_of(appraisal, members[0]).grade == ""


def test_a_low_grade_changes_nobodys_standing(branch, by, members):
    appraisal = graded(branch, by, members, dict.fromkeys(members, Grade.UNQUALIFIED))
    close(appraisal, by)
    members[0].refresh_from_db()
    assert (members[0].kind, members[0].left_on) == (MemberKind.FORMAL, None)
    assert not members[0].cases.exists()


# --- Concluded ------------------------------------------------------------------------------


def close(appraisal, by, *, version=3, on=TODAY):
    return appraisals.close_appraisal(
        appraisal=appraisal, version=version, closed_on=on, by=by, today=TODAY
    )


def test_it_is_concluded_with_meeting_and_grades(branch, by, members, novice):
    closed = close(graded(branch, by, members), by)
    assert (closed.closed_on, closed.version) == (TODAY, 4)
    line = TrailLine.objects.get(action="办结民主评议")
    assert line.after["合格"] == "3 人"


def test_what_is_missing_is_said(branch, by, members):
    appraisal = started(branch, by)
    with pytest.raises(Refused) as refused:
        close(appraisal, by, version=1)
    assert "还没有选本年度的民主评议会议" in str(refused.value)
    assert "还有 3 名参加评议的正式党员没有评定等次：许文桥、韩慧敏、孟立平" in str(refused.value)


def test_who_is_appraised_elsewhere_needs_no_grade_here(branch, by, members):
    appraisal = graded(branch, by, members, dict.fromkeys(members[1:], Grade.QUALIFIED))
    with pytest.raises(Refused, match="许文桥"):
        close(appraisal, by)
    changed_people(appraisal, by, {members[0].pk: Part("elsewhere")}, version=3)
    assert close(appraisal, by, version=4).closed_on == TODAY


def test_the_day_of_conclusion_is_not_before_the_last_step_or_to_come(branch, by, members):
    appraisal = graded(branch, by, members)
    with pytest.raises(Refused, match="早于评议的最后一天 2026年12月18日"):
        close(appraisal, by, on=date(2026, 12, 17))
    with pytest.raises(Refused, match="办结日期还没有到"):
        close(appraisal, by, on=date(2026, 12, 21))


def test_what_is_concluded_is_changed_only_after_it_was_reopened(branch, by, members):
    appraisal = close(graded(branch, by, members), by)
    with pytest.raises(Refused, match="已经办结，要改先重开"):
        entered(appraisal, by, {members[0]: Ballots(1)}, version=4)
    with pytest.raises(Refused, match="请写明为什么重开"):
        appraisals.reopen_appraisal(appraisal=appraisal, version=4, reason=" ", by=by)
    opened = appraisals.reopen_appraisal(appraisal=appraisal, version=4, reason="票数有误", by=by)
    assert opened.closed_on is None
    line = TrailLine.objects.get(action="重开民主评议")
    assert (line.reason, line.before["办结日期"]) == ("票数有误", "2026年12月20日")
    assert entered(appraisal, by, {members[0]: Ballots(1)}, version=5).version == 6


def test_a_change_of_an_old_version_is_refused(branch, by, members):
    appraisal = started(branch, by)
    entered(appraisal, by, {members[0]: Ballots(1)})
    with pytest.raises(appraisals.ChangedMeanwhile, match="刚有人改过") as refused:
        entered(appraisal, by, {members[0]: Ballots(2)})
    assert refused.value.appraisal.version == 2
    assert result_of(appraisal, members[0]).excellent == 1


def test_one_begun_by_mistake_is_taken_back_while_it_is_empty(branch, by, members):
    appraisal = started(branch, by, year=2025)
    appraisals.withdraw_appraisal(appraisal=appraisal, version=1, reason="年度选错", by=by)
    assert not Appraisal.objects.exists()
    assert TrailLine.objects.get(action="撤销民主评议").reason == "年度选错"
    other = graded(branch, by, members)
    with pytest.raises(Refused, match="已有测评票或等次"):
        appraisals.withdraw_appraisal(appraisal=other, version=3, reason="年度选错", by=by)


# --- On the page of a member ----------------------------------------------------------------


def test_a_member_shows_concluded_years_only(branch, by, members, novice):
    appraisal = graded(branch, by, members)
    assert facts.appraisals_of([members[0].pk], 3) == {}
    close(appraisal, by)
    found = facts.appraisals_of([members[0].pk, novice.pk], 3)
    assert found == {
        members[0].pk: [facts.Appraised(2026, "合格")],
        novice.pk: [facts.Appraised(2026, "预备党员，不评定等次")],
    }
