"""The decision table of coverage: which organisation is due for how many formal members."""

import pytest

from tasks.modes import BUCKETS, Counts, Mode, bucket, mode_due


def due(here, working, *, by_working=True, two_own=True, **parts):
    return mode_due(Counts(here, working, **parts), by_working=by_working, two_own=two_own)


@pytest.mark.parametrize(
    ("members", "mode"),
    [
        (0, Mode.INSTRUCTOR),
        (1, Mode.JOINT),
        (2, Mode.OWN_INSTRUCTED),
        (3, Mode.OWN),
        (4, Mode.OWN),
        (50, Mode.OWN),
    ],
)
def test_who_works_in_the_unit_decides_where_the_county_says_so(members, mode):
    assert due(0, members).mode == mode


@pytest.mark.parametrize(
    ("members", "mode"),
    [(0, Mode.INSTRUCTOR), (1, Mode.JOINT), (2, Mode.OWN_INSTRUCTED), (3, Mode.OWN)],
)
def test_whose_relation_is_here_decides_where_the_county_says_so(members, mode):
    assert due(members, 9, by_working=False).mode == mode


@pytest.mark.parametrize(("floating", "part_time"), [(3, 0), (0, 3), (2, 2), (3, 3)])
def test_floating_and_part_time_members_count_among_those_who_work_here_only(floating, part_time):
    parts = {"floating": floating, "part_time": part_time}
    by_work = due(0, 3, **parts)
    assert (by_work.mode, by_work.members) == (Mode.OWN, 3)
    by_relation = due(0, 3, by_working=False, **parts)
    assert (by_relation.mode, by_relation.members) == (Mode.INSTRUCTOR, 0)


def test_two_members_are_joined_to_others_by_the_usual_practice_and_both_ways_are_named():
    own, joint = due(1, 2), due(1, 2, two_own=False)
    assert (own.mode, own.label) == (Mode.OWN_INSTRUCTED, "应单独建并派指导员")
    assert (joint.mode, joint.label) == (Mode.JOINT, "应联合建")
    assert "两者不一致" in own.note and "两者不一致" in joint.note
    assert own.note != joint.note


@pytest.mark.parametrize("members", [0, 1, 3])
@pytest.mark.parametrize("two_own", [True, False])
def test_only_two_members_are_a_matter_of_dispute(members, two_own):
    verdict = due(0, members, two_own=two_own)
    assert verdict.note == ""
    assert verdict == due(0, members, two_own=not two_own)


def test_the_reason_gives_both_counts_and_which_one_was_used():
    assert due(1, 2, floating=1).reason == (
        "实际在本单位工作的正式党员 2 名（其中关系未转的流动党员 1 名），"
        "组织关系在本单位的正式党员 1 名。按实际工作计算是 2 名，应单独组建党支部，并派党建指导员"
    )
    assert due(3, 5, by_working=False, part_time=2, floating=1).reason == (
        "实际在本单位工作的正式党员 5 名（其中关系未转的流动党员 1 名、兼职党员 2 名），"
        "组织关系在本单位的正式党员 3 名。按组织关系计算是 3 名，满 3 名，应单独组建党支部"
    )


def test_numbers_of_members_fall_into_four_groups():
    assert [bucket(members) for members in (0, 1, 2, 3, 4, 99)] == ["0", "1", "2", "3+", "3+", "3+"]
    assert BUCKETS == ("0", "1", "2", "3+")


def test_an_own_organisation_is_asked_of_two_and_more():
    assert [due(0, members).asks_own for members in (0, 1, 2, 3)] == [False, False, True, True]
