"""The limits of development as a table: given day → earliest and latest day, in both texts."""

from datetime import date

import pytest

from branches.workdays import Calendar
from members.development import (
    Taken,
    Vote,
    Way,
    dues,
    faults,
    missing_before,
    revision_on,
    window,
    windows_of,
)
from members.development_limits import BY_CODE, LIMITS, Nature, Revision, Sure
from members.enums import Step

# The revision is applied from the day it was published, as long as the county says nothing else.
FROM = date(2026, 5, 18)
# The days around the spring festival of 2026 and the first of May, as the State Council gave them.
SPRING = {date(2026, 2, day): False for day in range(15, 24)} | {
    date(2026, 2, 14): True,
    date(2026, 2, 28): True,
}
MAY = {date(2026, 5, day): False for day in range(1, 6)} | {date(2026, 5, 9): True}
CALENDAR = Calendar(SPRING | MAY, frozenset({2026}))

OLD, NEW = Revision.OF_2014, Revision.OF_2026
NONE = None
# (limit, the day it counts from, the text in force, earliest day, latest day); a limit that the
# text in force does not know has no line of dates but NONE.
TABLE = [
    # 年满 18 岁，29 日出生的到 2 月 28 日
    ("age", date(2008, 5, 17), OLD, date(2026, 5, 17), None),
    ("age", date(2008, 2, 29), OLD, date(2026, 2, 28), None),
    ("age", date(2010, 2, 28), OLD, date(2028, 2, 28), None),
    # 谈话：1 个月内，短月到月底
    ("talk", date(2025, 9, 10), OLD, None, date(2025, 10, 10)),
    ("talk", date(2025, 8, 31), OLD, None, date(2025, 9, 30)),
    ("talk", date(2024, 1, 31), OLD, None, date(2024, 2, 29)),
    ("talk", date(2025, 1, 29), OLD, None, date(2025, 2, 28)),
    ("talk", date(2024, 2, 29), OLD, None, date(2024, 3, 29)),
    ("talk", date(2026, 5, 17), OLD, None, date(2026, 6, 17)),
    ("talk", date(2026, 5, 18), NEW, None, date(2026, 6, 18)),
    ("talk", date(2026, 12, 31), NEW, None, date(2027, 1, 31)),
    # 积极分子：当地 3 至 6 个月
    ("activist", date(2025, 11, 30), OLD, date(2026, 2, 28), date(2026, 5, 30)),
    ("activist", date(2026, 8, 31), NEW, date(2026, 11, 30), date(2027, 2, 28)),
    # 半年考察、季度思想汇报
    ("review", date(2025, 8, 31), OLD, None, date(2026, 2, 28)),
    ("review", date(2027, 8, 31), NEW, None, date(2028, 2, 29)),
    ("review", date(2026, 7, 1), NEW, None, date(2027, 1, 1)),
    ("thought_report", date(2026, 11, 30), NEW, None, date(2027, 2, 28)),
    # 积极分子满 1 年：次年同日
    ("activist_year", date(2025, 3, 1), OLD, date(2026, 3, 1), None),
    ("activist_year", date(2024, 2, 29), OLD, date(2025, 2, 28), None),
    ("activist_year", date(2027, 2, 28), NEW, date(2028, 2, 28), None),
    ("activist_year", date(2027, 12, 31), NEW, date(2028, 12, 31), None),
    # 公示 5 个工作日：2026 年修订才有
    ("publicity", date(2026, 5, 15), OLD, NONE, NONE),
    ("publicity", date(2026, 5, 18), NEW, date(2026, 5, 22), None),
    ("publicity", date(2026, 6, 4), NEW, date(2026, 6, 10), None),
    ("after_publicity", date(2026, 5, 17), OLD, NONE, NONE),
    ("after_publicity", date(2026, 5, 29), NEW, date(2026, 5, 30), None),
    # 政治审查结论：当地 1 年
    ("review_holds", date(2026, 6, 1), NEW, None, date(2027, 6, 1)),
    # 支部大会接收：预审后 1 个月
    ("admission", date(2025, 12, 31), OLD, date(2025, 12, 31), date(2026, 1, 31)),
    ("admission", date(2026, 8, 31), NEW, date(2026, 8, 31), date(2026, 9, 30)),
    # 审批：3 个月
    ("approval", date(2025, 11, 30), OLD, date(2025, 11, 30), date(2026, 2, 28)),
    ("approval", date(2026, 6, 1), NEW, date(2026, 6, 1), date(2026, 9, 1)),
    # 宣誓：2026 年修订 1 个月，2014 年版没有
    ("oath", date(2026, 5, 17), OLD, NONE, NONE),
    ("oath", date(2026, 5, 18), NEW, None, date(2026, 6, 18)),
    ("oath", date(2027, 1, 31), NEW, None, date(2027, 2, 28)),
    # 转正申请：当地期满前 1 个月
    ("conversion_request", date(2026, 3, 31), OLD, date(2026, 2, 28), None),
    # 延长预备期：6 个月到 1 年，从原期满日算
    ("extension", date(2025, 8, 31), OLD, date(2026, 2, 28), date(2026, 8, 31)),
    ("extension", date(2027, 2, 28), NEW, date(2027, 8, 28), date(2028, 2, 28)),
    # 转正：不早于期满当天；期满当天就该讨论
    ("probation", date(2026, 7, 1), NEW, date(2026, 7, 1), None),
    ("conversion", date(2026, 7, 1), NEW, None, date(2026, 7, 1)),
    # 转正审批：3 个月
    ("conversion_decision", date(2025, 11, 30), OLD, date(2025, 11, 30), date(2026, 2, 28)),
    ("conversion_decision", date(2026, 7, 1), NEW, date(2026, 7, 1), date(2026, 10, 1)),
]


@pytest.mark.parametrize(("code", "base", "text", "earliest", "latest"), TABLE)
def test_the_earliest_and_latest_day_are_these(code, base, text, earliest, latest):
    on = FROM if text is NEW else date(2026, 5, 17)
    one = window(BY_CODE[code], base, FROM, CALENDAR, text_on=on if code == "age" else None)
    if earliest is NONE and latest is NONE:
        assert one is None
        assert BY_CODE[code].source(text) is None
    else:
        assert (one.earliest, one.latest, one.revision) == (earliest, latest, text)


def test_every_dated_limit_stands_in_the_table():
    dated = {limit.code for limit in LIMITS if limit.is_dated}
    assert {code for code, *_rest in TABLE} == dated
    assert len({limit.code for limit in LIMITS}) == len(LIMITS) == 29


def test_the_new_limits_are_not_in_the_text_of_2014():
    only_new = {limit.code for limit in LIMITS if limit.in_2014 is None}
    assert only_new == {"publicity", "after_publicity", "oath"}


def test_only_true_conditions_block():
    assert {limit.code for limit in LIMITS if limit.blocks} == {
        *("age", "activist_year", "extension", "probation"),
    }


def test_what_no_text_asks_is_called_local_practice():
    for limit in LIMITS:
        sources = [source for source in (limit.in_2014, limit.in_2026) if source]
        assert sources, limit.code
        assert (limit.nature is Nature.LOCAL) == all(
            source.sure is Sure.NO_TEXT for source in sources
        ), limit.code


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("talk", NEW, "2026 年修订第七条（两处以上公开来源，官方文本待核）"),
        ("talk", OLD, "2014 年版第七条（通行规定，条文待补）"),
        ("extension", NEW, "2026 年修订第三十一条（条款号待核实，官方文本待核）"),
        ("oath", NEW, "2026 年修订第二十九条（一处公开来源，官方文本待核）"),
        ("oath", OLD, "2014 年版没有这项期限"),
        ("thought_report", NEW, "当地做法（没有全国条文）"),
    ],
)
def test_a_source_says_how_sure_it_is(code, text, words):
    assert BY_CODE[code].source_words(text) == words


def test_the_revision_holds_from_its_day_on():
    assert revision_on(date(2026, 5, 17), FROM) is OLD
    assert revision_on(date(2026, 5, 18), FROM) is NEW
    assert revision_on(date(2026, 5, 18), date(2026, 7, 1)) is OLD


# --- Working days ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last"),
    [
        # The first day counts; the Saturday of 9 May is worked.
        (date(2026, 5, 6), date(2026, 5, 11)),
        (date(2026, 2, 11), date(2026, 2, 24)),
        (date(2026, 2, 12), date(2026, 2, 25)),
        (date(2026, 2, 24), date(2026, 2, 28)),
        (date(2026, 6, 6), date(2026, 6, 12)),
    ],
)
def test_five_working_days_leave_out_holidays_and_count_make_up_days(first, last):
    one = window(BY_CODE["publicity"], first, date(2026, 1, 1), CALENDAR)
    assert (one.earliest, one.provisional) == (last, False)


def test_a_publicity_in_a_year_without_a_table_is_provisional():
    one = window(BY_CODE["publicity"], date(2026, 12, 29), FROM, CALENDAR)
    assert (one.earliest, one.provisional) == (date(2027, 1, 4), True)
    assert "当年工作日历未录入" in one.span_words


# --- Steps against each other ----------------------------------------------------------------


def way(*steps, born_on=None):
    return Way(tuple(Taken(step, on, *rest) for step, on, *rest in steps), born_on)


def words(taken, known):
    return [(fault.blocks, fault.words) for fault in faults(taken, known, FROM, CALENDAR)]


def test_a_year_as_activist_less_one_day_blocks_and_the_day_itself_does_not():
    known = way((Step.APPLIED, date(2024, 12, 1)), (Step.ACTIVIST, date(2025, 3, 1)))
    assert words(Taken(Step.TARGET, date(2026, 2, 28)), known) == [
        (True, "2026年2月28日早于2026年3月1日：作积极分子满 1 年才能列为发展对象")
    ]
    assert words(Taken(Step.TARGET, date(2026, 3, 1)), known) == []


@pytest.mark.parametrize(
    ("joined_on", "ends_on", "too_soon"),
    [
        (date(2025, 9, 15), date(2026, 9, 15), date(2026, 9, 14)),
        (date(2024, 2, 29), date(2025, 2, 28), date(2025, 2, 27)),
        (date(2027, 2, 28), date(2028, 2, 28), date(2028, 2, 27)),
    ],
)
def test_conversion_is_not_before_the_same_day_of_the_next_year(joined_on, ends_on, too_soon):
    known = way((Step.ADMISSION_MEETING, joined_on))
    (fault,) = faults(Taken(Step.CONVERSION_MEETING, too_soon), known, FROM)
    assert (fault.blocks, fault.limit.code) == (True, "probation")
    assert faults(Taken(Step.CONVERSION_MEETING, ends_on), known, FROM) == []
    # A few days later is no fault; how late the branch is, the standing rule says.
    late = Taken(Step.CONVERSION_MEETING, date(ends_on.year, 12, 1))
    assert faults(late, known, FROM) == []


def test_an_extension_moves_the_day_of_conversion():
    known = way(
        (Step.ADMISSION_MEETING, date(2025, 3, 31)),
        (Step.EXTENSION, date(2026, 4, 2), date(2026, 9, 30)),
    )
    assert (known.first_probation_end, known.probation_end) == (
        date(2026, 3, 31),
        date(2026, 9, 30),
    )
    (fault,) = faults(Taken(Step.CONVERSION_MEETING, date(2026, 9, 29)), known, FROM)
    assert fault.limit.code == "probation"


@pytest.mark.parametrize(
    ("until_on", "fits"),
    [
        (date(2026, 9, 29), False),
        (date(2026, 9, 30), True),
        (date(2027, 3, 31), True),
        (date(2027, 4, 1), False),
        (None, False),
    ],
)
def test_an_extension_lasts_from_half_a_year_to_a_year(until_on, fits):
    known = way((Step.ADMISSION_MEETING, date(2025, 3, 31)))
    found = faults(Taken(Step.EXTENSION, date(2026, 4, 2), until_on), known, FROM)
    assert any(fault.blocks for fault in found) != fits


def test_who_is_a_day_short_of_eighteen_may_not_apply():
    born = date(2008, 6, 1)
    (fault,) = faults(Taken(Step.APPLIED, date(2026, 5, 31)), way(born_on=born), FROM)
    assert (fault.blocks, fault.window.revision) == (True, NEW)
    assert faults(Taken(Step.APPLIED, date(2026, 6, 1)), way(born_on=born), FROM) == []
    assert faults(Taken(Step.APPLIED, date(2026, 6, 1)), way(), FROM) == []


def test_a_late_talk_is_said_in_days_and_does_not_block():
    known = way((Step.APPLIED, date(2026, 6, 1)))
    assert words(Taken(Step.TALKED, date(2026, 7, 1)), known) == []
    assert words(Taken(Step.TALKED, date(2026, 7, 4)), known) == [
        (False, "比最迟的2026年7月1日晚 3 天：收到入党申请书后 1 个月内派人谈话")
    ]


def test_an_oath_after_an_approval_of_before_the_revision_has_no_limit():
    assert (
        faults(Taken(Step.OATH, date(2026, 9, 1)), way((Step.APPROVAL, date(2026, 5, 17))), FROM)
        == []
    )
    (fault,) = faults(
        Taken(Step.OATH, date(2026, 6, 19)), way((Step.APPROVAL, date(2026, 5, 18))), FROM
    )
    assert (fault.limit.code, fault.blocks) == ("oath", False)


def test_a_publicity_of_four_working_days_is_too_short_since_the_revision():
    short = Taken(Step.TARGET_PUBLICITY, date(2026, 6, 1), date(2026, 6, 4))
    (fault,) = faults(short, way(), FROM, CALENDAR)
    assert (fault.limit.code, fault.blocks) == ("publicity", False)
    full = Taken(Step.TARGET_PUBLICITY, date(2026, 6, 1), date(2026, 6, 5))
    assert faults(full, way(), FROM, CALENDAR) == []
    earlier = Taken(Step.TARGET_PUBLICITY, date(2026, 5, 11), date(2026, 5, 12))
    assert faults(earlier, way(), FROM, CALENDAR) == []


@pytest.mark.parametrize(
    ("taken", "short"),
    [
        (Taken(Step.COURSE, date(2026, 6, 1), date(2026, 6, 3)), False),
        (Taken(Step.COURSE, date(2026, 6, 1), date(2026, 6, 2)), True),
        (Taken(Step.COURSE, date(2026, 6, 1), date(2026, 6, 2), 24), False),
        (Taken(Step.COURSE, date(2026, 6, 1), None, 23), True),
    ],
)
def test_a_course_lasts_three_days_or_twenty_four_hours(taken, short):
    assert bool(faults(taken, way(), FROM)) == short


def test_local_practice_is_a_hint():
    known = way((Step.APPLIED, date(2026, 6, 1)), (Step.TALKED, date(2026, 6, 10)))
    (fault,) = faults(Taken(Step.ACTIVIST, date(2026, 7, 1)), known, FROM)
    assert (fault.limit.code, fault.hint, fault.blocks) == ("activist", True, False)


def test_a_step_before_an_earlier_one_of_the_way_is_named():
    known = way((Step.POLITICAL_REVIEW, date(2026, 6, 10)), (Step.OATH, date(2026, 8, 1)))
    assert words(Taken(Step.PRE_REVIEW, date(2026, 6, 9)), known) == [
        (False, "早于“政治审查”的 2026年6月10日")
    ]
    assert words(Taken(Step.PRE_REVIEW, date(2026, 8, 2)), known) == [
        (False, "晚于“入党宣誓”的 2026年8月1日")
    ]
    assert words(Taken(Step.PRE_REVIEW, date(2026, 6, 10)), known) == []


def test_a_review_is_seen_from_the_one_before_it():
    known = way(
        (Step.ACTIVIST, date(2025, 1, 10)),
        (Step.REVIEWED, date(2025, 7, 1)),
        (Step.REVIEWED, date(2026, 1, 1)),
    )
    assert faults(Taken(Step.REVIEWED, date(2025, 7, 10)), known, FROM) == []
    (fault,) = faults(Taken(Step.REVIEWED, date(2026, 7, 2)), known, FROM)
    assert fault.window.latest == date(2026, 7, 1)


def test_what_usually_comes_before_is_named_and_publicity_only_since_the_revision():
    known = way((Step.ACTIVIST, date(2025, 1, 10)), (Step.REVIEWED, date(2025, 7, 1)))
    assert missing_before(Step.TARGET, known, date(2026, 5, 17), FROM) == [Step.ACTIVIST_FILED]
    assert missing_before(Step.TARGET, known, date(2026, 5, 18), FROM) == [
        Step.ACTIVIST_FILED,
        Step.TARGET_PUBLICITY,
    ]


# --- What is due next ------------------------------------------------------------------------


def due_of(known):
    return [(due.limit.code, due.due_on, due.alarms) for due in dues(known, FROM)]


def test_an_applicant_is_to_be_talked_with():
    assert due_of(way((Step.APPLIED, date(2026, 6, 1)))) == [
        ("talk", date(2026, 7, 1), True),
        ("activist", date(2026, 12, 1), False),
    ]


def test_an_activist_is_reviewed_each_half_year_until_listed_as_target():
    known = way((Step.APPLIED, date(2025, 1, 5)), (Step.ACTIVIST, date(2025, 6, 1)))
    assert due_of(known) == [
        ("thought_report", date(2025, 9, 1), False),
        ("review", date(2025, 12, 1), True),
    ]
    known = known.with_step(Taken(Step.REVIEWED, date(2025, 11, 20)))
    assert ("review", date(2026, 5, 20), True) in due_of(known)
    assert due_of(known.with_step(Taken(Step.TARGET, date(2026, 6, 1)))) == []


def test_after_the_branch_meeting_the_superior_decides_and_then_the_oath_is_due():
    known = way((Step.ADMISSION_MEETING, date(2026, 6, 1)))
    assert due_of(known) == [
        ("approval", date(2026, 9, 1), True),
        ("conversion", date(2027, 6, 1), True),
    ]
    special = known.with_step(Taken(Step.APPROVAL_DELAYED, date(2026, 8, 20)))
    assert due_of(special)[0] == ("approval", date(2026, 12, 1), True)
    approved = known.with_step(Taken(Step.APPROVAL, date(2026, 8, 31)))
    assert due_of(approved)[0] == ("oath", date(2026, 9, 30), True)


def test_the_superior_has_three_months_for_conversion():
    known = way(
        (Step.ADMISSION_MEETING, date(2025, 6, 1)),
        (Step.APPROVAL, date(2025, 8, 1)),
        (Step.CONVERSION_MEETING, date(2026, 6, 3)),
    )
    assert due_of(known) == [("conversion_decision", date(2026, 9, 3), True)]
    assert due_of(known.with_step(Taken(Step.CONVERSION_DECISION, date(2026, 8, 1)))) == []


def test_windows_of_a_step_need_the_day_they_count_from():
    assert windows_of(Step.TALKED, way(), FROM) == []
    (one,) = windows_of(Step.TALKED, way((Step.APPLIED, date(2026, 6, 1))), FROM)
    assert one.span_words == "最迟 2026年7月1日"


# --- Votes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vote", "attended", "passed"),
    [
        # Exactly half is not more than half.
        (Vote(20, 10, 10), False, False),
        (Vote(20, 11, 11), True, True),
        (Vote(20, 11, 10), True, False),
        (Vote(21, 11, 11), True, True),
        (Vote(21, 10, 10), False, False),
        # A written opinion counts as a vote, not as presence.
        (Vote(20, 11, 11, written=1), True, True),
        (Vote(20, 10, 12, written=2), False, True),
    ],
)
def test_more_than_half_must_attend_and_say_yes(vote, attended, passed):
    assert (vote.attended, vote.passed) == (attended, passed)
    assert (not list(vote.refusals())) == (attended and passed)
    assert vote.slip == ""


@pytest.mark.parametrize(
    "vote",
    [
        Vote(0, 0, 0),
        Vote(10, 11, 8),
        Vote(10, 8, 9),
        Vote(10, 8, 2, written=3),
        Vote(10, 8, 9, written=3),
    ],
)
def test_figures_that_cannot_be_are_named(vote):
    assert vote.slip
