"""The five plans as data files: they load, name what exists, and say what the plans say."""

import datetime
from dataclasses import replace

import pytest

from branches.values import KEYS
from tasks import plans, values
from tasks.enums import Addressed

YEARS = (2022, 2024, 2026)


@pytest.mark.parametrize("code", plans.CODES)
@pytest.mark.parametrize("year", YEARS)
def test_every_plan_fits_its_own_frame(code, year):
    assert values.WEAK_AWARE.name in KEYS
    assert plans.faults(plans.template(code), KEYS, year) == []


def test_the_check_finds_what_it_is_for():
    plan = plans.template("plan3")
    block = plan.blocks[0]
    measure = block["measures"][0]
    spoiled = {
        "“乙”的日期不在方案之内": replace(
            plan, blocks=[_with(block, measure, text="乙", due="01-31")]
        ),
        "“乙”的阶段不存在": replace(plan, blocks=[_with(block, measure, text="乙", phase="no")]),
        "“乙”的时限不在阶段之内": replace(
            plan, blocks=[_with(block, measure, text="乙", due="04-01")]
        ),
        "“乙”的领域没有写对": replace(
            plan, blocks=[_with(block, measure, text="乙", addressed=Addressed.SECTOR)]
        ),
        "板块“空”没有措施": replace(plan, blocks=[{"name": "空", "measures": []}]),
        "没有“no.key”这个数值": replace(plan, values=[{"key": "no.key", "value": 1}]),
        "“党建+ 在几月前公示”不能大于 12": replace(
            plan, values=[{"key": "tasks.plus_month", "value": 13}]
        ),
    }
    for words, one in spoiled.items():
        assert words in plans.faults(one, KEYS), words


def _with(block, measure, **facts):
    return block | {"measures": [measure | facts]}


def test_days_are_of_the_campaigns_year_or_of_one_after_it():
    assert plans.day_of("03-21", 2026) == datetime.date(2026, 3, 21)
    assert plans.day_of("+2/12-31", 2022) == datetime.date(2024, 12, 31)
    assert plans.day_of("02-last", 2026) == datetime.date(2026, 2, 28)
    assert plans.day_of("02-last", 2028) == datetime.date(2028, 2, 29)
    for unfit in ("3-21", "02-30", "13-01", "2026-03-21", ""):
        with pytest.raises(ValueError):
            plans.day_of(unfit, 2026)


def test_years_in_words_follow_the_campaigns_year():
    assert plans.words_of("{year}年和{year+2}年", 2022) == "2022年和2024年"


def test_no_plan_is_read_by_a_name_from_outside():
    with pytest.raises(KeyError):
        plans.template("../settings")


def test_the_plans_carry_what_they_ask_for():
    """Each point of the five plans stands in a measure, target or value."""
    carried = {
        "plan0": (
            *("主要负责人担任", "按期换届", "选任、聘任、选派", "交叉任职", "选派党建指导员"),
            *("活动室达到标准", "党建工作平台", "32 学时", "六个方面", "巡视巡察、督查反馈"),
            *("每季度不少于 1 次", "请假", "授课人", "党务公开", "述职评议", "100 元", "专职"),
            *("返还党费", "第一责任人", "不打招呼", "年检", "巩固提升方案", "不定指标"),
            *("六大责任、四个一和五个精准", "各不低于 80%", "持证", "公示", "每季度上缴"),
            *(
                "上半年核查",
                "下半年核查",
                "没有随人转接",
                "不按规定交纳",
                "长期不参加",
                "2018—2022",
            ),
        ),
        "plan1": (
            *("过大和过小", "网格", "报区备案", "一肩挑", "轮训", "大专", "组织生活会", "民主评议"),
            *(
                "主题党日",
                "谈心谈话",
                "党费",
                "组织关系和党籍",
                "流动党员",
                "党群服务中心",
                "工作经费",
            ),
            *("政治功能强", "不足 90%", "动态清零", "排出达标位次", "四评", "验收", "10%", "30%"),
            *("任期届满", "专题研究", "机动检查", "约谈、问责"),
        ),
        "plan2": (
            *("群众反映", "一至四类", "销号", "晋位升级", "领导联系村", "后进村、一个社区"),
            *("100 个示范点", "2 至 3 个模范村", "轮训", "学分", "四议两公开", "三有一化"),
            *("非公企业", "挂靠", "督查组", "通报批评", "表彰", "目标考核"),
        ),
        "plan3": (
            *("党建项目", "中心工作", "重点任务", "日常工作", "特色", "3 月底前公开", "电子台账"),
            *("述职必答", "培训"),
        ),
        "plan4": (
            *("工作班子", "7 月 25 日前", "业务主管部门", "3 名以上、2 名、1 名和没有党员"),
            *("单独建党支部", "社区统建", "群团组织", "指导员", "经费", "中期督查", "报告进度"),
            *("总结表彰", "每年的考核", "没有转来的流动党员和兼职"),
        ),
    }
    for code, words in carried.items():
        said = " ".join(f"{one['text']} {one['detail']}" for one in plans.template(code).measures)
        said += plans.template(code).aim
        assert [one for one in words if one not in said] == [], code


def test_the_targets_are_those_of_the_plans():
    def rows(code):
        return [
            (one["subject"], one["bound"], one["value"], one["due"])
            for one in plans.template(code).targets
        ]

    assert rows("plan1") == [
        ("标准化达标率", "at_least", "40", "12-31"),
        ("标准化达标率", "at_least", "60", "+1/12-31"),
        ("最强党支部占比", "at_least", "40", "+1/12-31"),
        ("软弱涣散党组织", "exactly", "0", "+1/12-31"),
        ("标准化达标率", "at_least", "80", "+2/12-31"),
        ("标准化达标率", "at_least", "90", "+1/12-31"),
        ("最强党支部占比", "at_least", "50", "+1/12-31"),
    ]
    assert rows("plan2")[:2] == [
        ("示范村、一类村、二类村占比", "above", "70", "12-31"),
        ("四类村占比", "below", "2", "12-31"),
    ]
    assert rows("plan4") == [
        ("社会组织党的组织覆盖率", "at_least", "60", "08-31"),
        ("社会组织党的工作覆盖率", "exactly", "100", "08-31"),
    ]
