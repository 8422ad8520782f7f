"""A plan's own contradictions are found and said with both values; what agrees is left alone."""

import datetime
from collections import namedtuple
from decimal import Decimal

import pytest

from tasks.contradictions import Kind, Parts, contradictions
from tasks.enums import Bound

START, END = datetime.date(2026, 3, 20), datetime.date(2026, 12, 31)
Target = namedtuple("Target", "subject bound value unit due_on wording")
Phase = namedtuple("Phase", "name starts_on ends_on")
Measure = namedtuple("Measure", "text due_on phase")


def target(value, year=2023, *, bound=Bound.AT_LEAST, subject="标准化达标", unit="%", wording=""):
    day = year if isinstance(year, datetime.date) else datetime.date(year, 12, 31)
    return Target(subject, bound, Decimal(str(value)), unit, day, wording)


def of_targets(*targets):
    return contradictions(Parts(START, END, targets=targets))


def kinds(*targets):
    return [one.kind for one in of_targets(*targets)]


def of_plan(phases=(), measures=(), self_check_on=None):
    return contradictions(
        Parts(START, END, phases=phases, measures=measures, self_check_on=self_check_on)
    )


def test_the_slip_of_the_street_plan_shows_with_both_values():
    """Standardised 60 % and 90 %, the strongest 40 % and 50 %, all "in 2023"."""
    standard = [target(40, 2022), target(60), target(80, 2024), target(90)]
    strongest = [target(40, subject="最强党支部"), target(50, subject="最强党支部")]
    found = of_targets(*standard, *strongest)
    assert [(one.kind, one.targets) for one in found] == [
        (Kind.DIFFERENT, (standard[1], standard[3])),
        (Kind.DIFFERENT, tuple(strongest)),
        (Kind.FALLING, (standard[3], standard[2])),
    ]
    assert found[0].words == (
        "“标准化达标”到2023年12月31日有两个要求：不少于 60%和不少于 90%，两个数不一样"
    )
    assert found[2].words == (
        "“标准化达标”到2023年12月31日不少于 90%，到2024年12月31日不少于 80%，后面的反而低"
    )


def test_the_words_quote_the_plan():
    said = of_targets(target(60), target(90, wording="2023年达到90%以上"))[0].words
    assert "不少于 60%和不少于 90%（原文“2023年达到90%以上”）" in said


def test_growing_targets_agree():
    assert kinds(target(40, 2022), target(60), target(80, 2024)) == []


def test_the_same_target_twice_is_no_contradiction():
    assert kinds(target(60), target(60)) == []


def test_a_later_day_of_the_year_may_ask_for_more():
    assert kinds(target(30, datetime.date(2023, 6, 30)), target(60)) == []


def test_targets_of_two_subjects_do_not_meet():
    assert kinds(target(60), target(40, subject="最强党支部")) == []


def test_a_share_and_a_number_do_not_meet():
    assert kinds(target(60), target(40, unit="个")) == []


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ((Bound.AT_LEAST, 60), (Bound.AT_LEAST, 40), Kind.DIFFERENT),
        ((Bound.AT_LEAST, 60), (Bound.ABOVE, 60), Kind.DIFFERENT),
        ((Bound.AT_MOST, 2), (Bound.BELOW, 4), Kind.DIFFERENT),
        ((Bound.AT_LEAST, 60), (Bound.AT_MOST, 40), Kind.IMPOSSIBLE),
        ((Bound.ABOVE, 60), (Bound.AT_MOST, 60), Kind.IMPOSSIBLE),
        ((Bound.AT_LEAST, 60), (Bound.BELOW, 60), Kind.IMPOSSIBLE),
        ((Bound.EXACTLY, 60), (Bound.EXACTLY, 90), Kind.IMPOSSIBLE),
        ((Bound.EXACTLY, 50), (Bound.AT_LEAST, 60), Kind.IMPOSSIBLE),
        ((Bound.AT_LEAST, 60), (Bound.AT_MOST, 60), None),
        ((Bound.AT_LEAST, 40), (Bound.AT_MOST, 60), None),
        ((Bound.EXACTLY, 70), (Bound.AT_LEAST, 60), None),
    ],
)
def test_two_demands_for_one_day(one, other, kind):
    lines = [target(value, bound=bound) for bound, value in (one, other)]
    expected = [kind] if kind else []
    assert kinds(*lines) == expected
    assert kinds(*reversed(lines)) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "contradicts"),
    [
        ((Bound.AT_LEAST, 60), (Bound.AT_LEAST, 59), True),
        ((Bound.AT_LEAST, 60), (Bound.AT_LEAST, 60), False),
        ((Bound.AT_LEAST, 60), (Bound.AT_MOST, 40), True),
        ((Bound.AT_MOST, 2), (Bound.AT_MOST, 4), True),
        ((Bound.AT_MOST, 4), (Bound.BELOW, 2), False),
        ((Bound.AT_MOST, 40), (Bound.AT_LEAST, 60), False),
        ((Bound.EXACTLY, 60), (Bound.EXACTLY, 40), True),
    ],
)
def test_a_later_demand_is_not_weaker(earlier, later, contradicts):
    found = kinds(
        target(earlier[1], 2023, bound=earlier[0]), target(later[1], 2024, bound=later[0])
    )
    assert found == ([Kind.FALLING] if contradicts else [])


@pytest.mark.parametrize(
    ("bound", "value", "unit", "contradicts"),
    [
        (Bound.AT_LEAST, 100, "%", False),
        (Bound.AT_LEAST, "100.01", "%", True),
        (Bound.ABOVE, 100, "%", True),
        (Bound.BELOW, 0, "%", True),
        (Bound.EXACTLY, 0, "%", False),
        (Bound.AT_LEAST, 120, "个", False),
    ],
)
def test_a_share_lies_within_a_hundred_per_cent(bound, value, unit, contradicts):
    found = kinds(target(value, bound=bound, unit=unit))
    assert found == ([Kind.OUT_OF_RANGE] if contradicts else [])


@pytest.mark.parametrize(
    ("wording", "expected"),
    [
        ("到2022年底达到60%", [Kind.OTHER_YEAR]),
        ("2023年达到60％以上，其中最强党支部达到40%以上", []),
        ("2021—2025年逐年提高", []),
        ("2018年至2022年逐年提高", [Kind.OTHER_YEAR]),
        ("2023年达到90%以上", [Kind.OTHER_VALUE]),
        ("年底前达到六成", []),
        ("文号〔2022〕12023号", [Kind.OTHER_YEAR]),
    ],
)
def test_the_wording_names_the_year_and_the_share_that_were_entered(wording, expected):
    assert kinds(target(60, wording=wording)) == expected


def phase(name, starts_on, ends_on):
    return Phase(name, datetime.date(2026, *starts_on), datetime.date(2026, *ends_on))


def test_phases_follow_one_another_without_a_word():
    one, two = phase("部署", (3, 20), (4, 14)), phase("实施", (4, 15), (12, 31))
    assert of_plan([two, one]) == []


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "kind", "words"),
    [
        ((4, 14), (12, 31), Kind.PHASES_OVERLAP, "重叠"),
        ((4, 16), (12, 31), Kind.PHASES_GAP, "中间 1 天不属于任何阶段"),
    ],
)
def test_phases_that_overlap_or_leave_days_out(starts_on, ends_on, kind, words):
    one, two = phase("部署", (3, 20), (4, 14)), phase("实施", starts_on, ends_on)
    (found,) = of_plan([one, two])
    assert found.kind == kind
    assert found.words.endswith(words)


def test_a_phase_outside_the_campaign():
    (found,) = of_plan([phase("部署", (3, 19), (4, 14))])
    assert found.kind == Kind.PHASE_OUTSIDE
    assert "2026年3月20日至2026年12月31日" in found.words


@pytest.mark.parametrize(
    ("due_on", "in_phase", "contradicts"),
    [
        ((2026, 4, 14), True, False),
        ((2026, 4, 15), True, True),
        ((2026, 3, 19), True, True),
        ((2026, 12, 31), False, False),
        ((2027, 1, 1), False, True),
    ],
)
def test_a_measure_is_due_within_its_phase_or_the_campaign(due_on, in_phase, contradicts):
    arranged = phase("部署", (3, 20), (4, 14))
    measure = Measure("制定制度", datetime.date(*due_on), arranged if in_phase else None)
    found = [one.kind for one in of_plan([arranged], [measure])]
    assert found == ([Kind.MEASURE_OUTSIDE] if contradicts else [])


def test_the_self_check_is_due_within_the_campaign():
    assert of_plan(self_check_on=END) == []
    (found,) = of_plan(self_check_on=datetime.date(2027, 1, 1))
    assert found.kind == Kind.SELF_CHECK_OUTSIDE
