import datetime
from decimal import Decimal

import pytest

from branches.typed import (
    Unreadable,
    folded,
    plain,
    read_amount,
    read_birth,
    read_count,
    read_date,
    read_hours,
    read_names,
    read_progress,
    read_time,
    read_yes,
)

FIFTH = datetime.date(2026, 3, 5)


@pytest.mark.parametrize(
    "typed",
    [
        FIFTH,
        datetime.datetime(2026, 3, 5, 14, 30),  # noqa: DTZ001  cells have no time zone
        "2026-03-05",
        "2026.3.5",
        "2026/3/5",
        "2026年3月5日",
        "2026年3月5",
        "20260305",
        20260305,
        20260305.0,
        "２０２６．３．５",
        "２０２６年３月５日",
        " 2026.03.05 ",
        "2026-03-05 14:30",
        "2026-3-5 00:00:00",
        "2026、3、5",
        46086,
        "46086",
        46086.0,
    ],
)
def test_a_date_is_read_however_it_is_typed(typed):
    assert read_date(typed) == FIFTH


@pytest.mark.parametrize(
    "serial, day",
    [
        (46024, datetime.date(2026, 1, 2)),
        (45351, datetime.date(2024, 2, 29)),
        (25569, datetime.date(1970, 1, 1)),
        (10000, datetime.date(1927, 5, 18)),
    ],
)
def test_a_serial_number_counts_from_the_end_of_1899(serial, day):
    assert read_date(serial) == day


@pytest.mark.parametrize("blank", [None, "", "  ", "　", "无", "-", "—", "/"])
def test_a_blank_date_is_none(blank):
    assert read_date(blank) is None


@pytest.mark.parametrize(
    "typed, reason",
    [
        ("2026.13.5", "没有 13 月"),
        ("2026.0.5", "没有 0 月"),
        ("20261305", "没有 13 月"),
        ("2026.2.29", "没有这一天"),
        ("20260230", "没有这一天"),
        ("2026年4月31日", "没有这一天"),
        ("2026", "读不出日期"),
        ("123", "读不出日期"),
        ("99999", "读不出日期"),
        ("3.28", "读不出日期"),
        ("三月五日", "读不出日期"),
        ("9" * 5000, "读不出日期"),
        ("፩፪", "读不出日期"),
        ("2026-03-05至2026-03-06", "读不出日期"),
    ],
)
def test_what_is_no_date_is_refused_with_the_typed_text(typed, reason):
    with pytest.raises(Unreadable, match=reason) as refused:
        read_date(typed)
    assert f"“{typed}”" in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    ["1899.12.31", "2101-01-01", "0226.3.5", "10260305", datetime.date(1899, 12, 31)],
)
def test_a_year_that_cannot_be_meant_is_refused(typed):
    with pytest.raises(Unreadable, match="年份不在 1900 到 2100 之间"):
        read_date(typed)


def test_the_first_and_the_last_year_are_read():
    assert read_date("1900.1.1") == datetime.date(1900, 1, 1)
    assert read_date(datetime.date(2100, 12, 31)) == datetime.date(2100, 12, 31)


@pytest.mark.parametrize("typed", ["3.5", "3月5日", "03-05", "3/5"])
def test_a_year_completes_month_and_day(typed):
    assert read_date(typed, year=2026) == FIFTH


def test_29_february_needs_a_leap_year():
    assert read_date("2.29", year=2028) == datetime.date(2028, 2, 29)
    with pytest.raises(Unreadable, match="没有这一天"):
        read_date("2.29", year=2026)


@pytest.mark.parametrize("typed", ["1980-05", "1980年5月", "1980.5", "198005"])
def test_a_month_of_birth_is_completed_from_what_is_known(typed):
    known = datetime.date(1980, 5, 17)
    assert read_birth(typed, known) == known
    assert read_birth(typed, datetime.date(1981, 5, 17)) == datetime.date(1980, 5, 1)
    assert read_birth(typed, None) == datetime.date(1980, 5, 1)


def test_a_whole_day_of_birth_stands_as_typed():
    assert read_birth("1980-05-18", datetime.date(1980, 5, 17)) == datetime.date(1980, 5, 18)


@pytest.mark.parametrize(
    "typed, amount",
    [
        (132, "132.00"),
        (132.5, "132.50"),
        (19.599999999999998, "19.60"),
        ("132", "132.00"),
        ("132元", "132.00"),
        ("132 元", "132.00"),
        ("¥1,234.5", "1234.50"),
        ("￥1,234.50", "1234.50"),
        ("１３２．５", "132.50"),
        ("１，２３４元", "1234.00"),
        ("0", "0.00"),
        ("-5.00", "-5.00"),
        ("0.005", "0.01"),
        (Decimal("38.605"), "38.61"),
    ],
)
def test_a_sum_is_read_however_it_is_typed(typed, amount):
    assert str(read_amount(typed)) == amount


@pytest.mark.parametrize("blank", [None, "", " ", "-", "—", "/", "无"])
def test_a_blank_sum_is_none_and_not_zero(blank):
    assert read_amount(blank) is None


@pytest.mark.parametrize("typed", ["百元", "12.3.4", "NaN", "Infinity", "12 和 13", "1e3元整"])
def test_what_is_no_sum_is_refused(typed):
    with pytest.raises(Unreadable, match="读不出金额"):
        read_amount(typed)


@pytest.mark.parametrize("typed", ["100000000", "1e12", -(10**8), "99999999.999"])
def test_a_sum_beyond_all_measure_is_refused(typed):
    with pytest.raises(Unreadable, match="金额过大"):
        read_amount(typed)


@pytest.mark.parametrize(
    "typed, count", [(3, 3), ("3", 3), ("3人", 3), ("３个", 3), (3.0, 3), (0, 0)]
)
def test_a_count_is_a_whole_number(typed, count):
    assert read_count(typed) == count


@pytest.mark.parametrize("typed", ["3.5", -1, "三", "nan"])
def test_what_is_no_count_is_refused(typed):
    with pytest.raises(Unreadable, match="应是整数"):
        read_count(typed)


@pytest.mark.parametrize(
    "typed, hours",
    [
        ("1.5", "1.5"),
        ("2学时", "2"),
        ("1.5小时", "1.5"),
        (1.3, "1.5"),
        (1.2, "1"),
        (0, "0"),
        (24, "24"),
    ],
)
def test_hours_come_in_halves(typed, hours):
    assert read_hours(typed) == Decimal(hours)


@pytest.mark.parametrize("typed", [25, -1, "很久"])
def test_hours_beyond_a_day_are_refused(typed):
    with pytest.raises(Unreadable, match="读不出学时"):
        read_hours(typed)


@pytest.mark.parametrize(
    "typed, progress",
    [
        (0.5, 50),
        ("0.5", 50),
        ("50%", 50),
        ("５０％", 50),
        (50, 50),
        (1, 100),
        ("1%", 1),
        (0, 0),
        ("100%", 100),
        (0.335, 34),
        ("已完成", 100),
        ("未开始", 0),
        ("", None),
    ],
)
def test_progress_is_read_as_share_or_as_per_cent(typed, progress):
    assert read_progress(typed) == progress


@pytest.mark.parametrize("typed", [101, "-5%", "过半", "150%"])
def test_progress_outside_its_range_is_refused(typed):
    with pytest.raises(Unreadable, match="读不出进度"):
        read_progress(typed)


@pytest.mark.parametrize(
    "typed", ["15:00", "15：00", "1500", "15点", "15时", "15点00分", "15:00:00", datetime.time(15)]
)
def test_a_time_is_read_however_it_is_typed(typed):
    assert read_time(typed) == datetime.time(15)


@pytest.mark.parametrize("typed", ["25:00", "15:60", "下午"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(Unreadable, match="读不出时间"):
        read_time(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "林守正、许文桥、周敏",
        "林守正,许文桥，周敏",
        "林守正；许文桥;周敏",
        "林守正 许文桥　周敏",
        "林守正\n许文桥\n周敏",
    ],
)
def test_names_are_parted_however_they_are_typed(typed):
    assert read_names(typed) == ["林守正", "许文桥", "周敏"]


def test_a_short_name_spaced_out_is_one_name():
    assert read_names("周　敏、林守正") == ["周敏", "林守正"]


def test_a_mark_that_tells_namesakes_apart_is_kept():
    assert read_names("周敏（1234）、周敏(1980-05)") == ["周敏(1234)", "周敏(1980-05)"]


@pytest.mark.parametrize(
    "typed, yes", [("是", True), ("√", True), ("否", False), ("无", False), ("", None)]
)
def test_yes_and_no_are_read(typed, yes):
    assert read_yes(typed) is yes


def test_what_is_neither_yes_nor_no_is_refused():
    with pytest.raises(Unreadable, match="请写“是”或“否”"):
        read_yes("也许")


def test_text_of_a_cell_loses_no_digits():
    assert plain(19900000001.0) == "19900000001"
    assert plain(None) == ""
    assert plain(True) == "是"
    assert folded("ＡＢ１２　") == "AB12"


@pytest.mark.parametrize("typed", ["1000001", "1e999999", 1e18])
def test_a_count_beyond_reason_is_refused(typed):
    with pytest.raises(Unreadable, match="过大"):
        read_count(typed)
