import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Setting
from branches.services import set_value, set_values
from branches.values import KEYS, Key, Values
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LECTURES = Key("test.lectures", "测试党课次数", 4, unit="次", minimum=1, maximum=12)
SHARE = Key("test.share", "测试比例", Decimal("0.80"))
STRICT = Key("test.strict", "测试从严", False)
WORDS = Key("test.words", "测试来源", ["自查"])

JULY = datetime.date(2026, 7, 1)
EVE = datetime.date(2026, 6, 30)


def test_without_a_setting_the_default_holds():
    values = Values()
    for key in (LECTURES, SHARE, STRICT, WORDS):
        assert values.on(key, JULY) == key.default


def test_a_value_holds_from_its_day_until_the_next():
    set_value(LECTURES, 6, by=None, on=datetime.date(2026, 1, 1), reason="县委文件")
    set_value(LECTURES, 8, by=None, on=JULY, reason="县委文件")
    values = Values()
    assert [
        values.on(LECTURES, day)
        for day in (
            datetime.date(2025, 12, 31),
            datetime.date(2026, 1, 1),
            EVE,
            JULY,
            datetime.date(2030, 1, 1),
        )
    ] == [4, 6, 6, 8, 8]


def test_a_decimal_comes_back_as_it_was_given():
    set_value(SHARE, "0.9", by=None, on=JULY, reason="县委文件")
    assert Values().on(SHARE, JULY) == Decimal("0.9")


def test_all_values_are_read_with_one_query(django_assert_num_queries):
    set_value(LECTURES, 6, by=None, on=JULY, reason="县委文件")
    with django_assert_num_queries(1):
        values = Values()
        for key in (LECTURES, SHARE, STRICT):
            values.on(key, JULY)


def test_the_version_changes_with_a_value_and_with_nothing_else():
    before = Values().version((LECTURES, SHARE), JULY)
    set_value(STRICT, True, by=None, on=JULY, reason="县委文件")
    assert Values().version((LECTURES, SHARE), JULY) == before
    set_value(LECTURES, 6, by=None, on=JULY, reason="县委文件")
    assert Values().version((LECTURES, SHARE), JULY) != before
    assert Values().version((LECTURES, SHARE), EVE) == before


@pytest.mark.parametrize(
    "key, value, reason",
    [
        (LECTURES, 0, "不能小于 1"),
        (LECTURES, 13, "不能大于 12"),
        (LECTURES, "四", "应是数字"),
        (LECTURES, None, "应是数字"),
        (SHARE, "八成", "应是数字"),
        (STRICT, "true", "请填 true 或 false"),
        (STRICT, 1, "请填 true 或 false"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_stored(key, value, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        set_value(key, value, by=None, on=JULY, reason="县委文件")
    assert f"“{key.label}”" in str(refused.value)
    assert not Setting.objects.exists()


def test_a_setting_leaves_a_line_with_the_value_that_held_before():
    set_value(LECTURES, 6, by=None, on=JULY, reason="县委文件")
    set_value(LECTURES, 8, by=None, on=JULY, reason="录错")
    newest, first = TrailLine.objects.order_by("-pk")
    assert (first.before, first.after) == ({"值": "4"}, {"值": "6", "自": "2026-07-01"})
    assert (newest.before["值"], newest.after["值"], newest.reason) == ("6", "8", "录错")
    assert Setting.objects.count() == 1


def test_a_key_is_declared_once():
    with pytest.raises(ValueError, match="declared twice"):
        Key("test.lectures", "又一个", 4)


def test_every_default_fits_its_own_limits():
    for key in KEYS.values():
        if isinstance(key.default, int | Decimal):
            key.cleaned(key.default)


# --- Within a part of the county --------------------------------------------------------

SCHOOLS, OFFICES = "sector:school", "sector:office"


def given(value, *, on=JULY, scope=SCHOOLS, key=LECTURES):
    return set_value(key, value, by=None, on=on, reason="县委文件", scope=scope)


def test_a_scope_departs_from_the_county_and_the_nearer_goes_first():
    given(6, scope="")
    given(8)
    given(10, scope=OFFICES)
    values = Values()
    assert values.on(LECTURES, JULY) == 6
    assert values.within(SCHOOLS).on(LECTURES, JULY) == 8
    assert values.within(OFFICES, SCHOOLS).on(LECTURES, JULY) == 10
    assert values.within("sector:village", SCHOOLS).on(LECTURES, JULY) == 8
    assert values.within(SCHOOLS).on(LECTURES, EVE) == 4


def test_nothing_in_a_scope_is_what_the_county_has_on_that_day():
    given(8)
    given(None, on=datetime.date(2026, 9, 1))
    given(6, on=datetime.date(2026, 10, 1), scope="")
    values = Values().within(SCHOOLS)
    days = [EVE, JULY, datetime.date(2026, 9, 1), datetime.date(2026, 10, 1)]
    assert [values.on(LECTURES, day) for day in days] == [4, 8, 4, 6]


def test_each_kind_of_value_may_depart():
    for key, value, held in (
        (SHARE, "0.9", Decimal("0.9")),
        (STRICT, True, True),
        (LECTURES, 12, 12),
    ):
        given(value, key=key)
        assert Values().within(SCHOOLS).on(key, JULY) == held
    given(False, key=STRICT)
    given(True, key=STRICT, scope="")
    assert Values().within(SCHOOLS).on(STRICT, JULY) is False


def test_the_county_itself_has_a_value():
    with pytest.raises(ValueError, match="应是数字"):
        given(None, scope="")
    assert not Setting.objects.exists()


def test_it_is_known_which_scopes_depart_on_a_day_and_on_any():
    given(8)
    given(None, on=datetime.date(2026, 9, 1))
    given(True, key=STRICT, scope=OFFICES)
    values = Values()
    assert values.departing([LECTURES]) == {SCHOOLS}
    assert values.departing([LECTURES, STRICT], JULY) == {SCHOOLS, OFFICES}
    assert values.departing([LECTURES], EVE) == set()
    assert values.departing([LECTURES], datetime.date(2026, 9, 1)) == set()


def test_the_trail_names_the_scope_and_what_held_there_before():
    given(8)
    set_value(
        LECTURES, None, by=None, on=JULY, reason="录错", scope=SCHOOLS, scope_words="领域：学校"
    )
    newest = TrailLine.objects.order_by("-pk")[0]
    assert newest.before == {"值": "8"}
    assert newest.after == {"值": "按全县", "自": "2026-07-01", "范围": "领域：学校"}
    assert Setting.objects.get().value is None


def test_a_supposed_value_holds_until_the_next_that_was_entered_or_for_good():
    given(6, scope="")
    september = datetime.date(2026, 9, 1)
    values = Values()
    assert values.supposing(LECTURES, 9, EVE).on(LECTURES, september) == 6
    assert values.supposing(LECTURES, 9, EVE, for_good=True).on(LECTURES, september) == 9
    supposed = values.supposing(LECTURES, 9, EVE, SCHOOLS)
    assert supposed.within(SCHOOLS).on(LECTURES, september) == 9
    assert supposed.on(LECTURES, september) == 6
    assert values.within(SCHOOLS).on(LECTURES, september) == 6


def test_several_values_are_given_together_or_not_at_all():
    with pytest.raises(ValueError, match="不能大于 12"):
        set_values({STRICT: True, LECTURES: 13}, by=None, on=JULY, reason="县委文件")
    assert not Setting.objects.exists()
    set_values({STRICT: True, LECTURES: 12}, by=None, on=JULY, reason="县委文件")
    assert (Values().on(STRICT, JULY), Values().on(LECTURES, JULY)) == (True, 12)
    assert TrailLine.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_give_a_value_for_the_same_day_at_once_give_it_once():
    def give():
        return set_value(LECTURES, 6, by=None, on=JULY, reason="县委文件").value

    assert at_once(give, give, give) == [6, 6, 6]
    assert Setting.objects.get().value == 6
