"""How the columns of the data sheets look; which there are, the sheet declarations say."""

from collections.abc import Callable

from ledgers.exports.streams import Row
from ledgers.exports.workbook import CellKind, Column
from ledgers.sheets.columns import Sheet as Declared
from ledgers.sheets.columns import show_value

_KINDS = {
    CellKind.DATE: (
        "成立日期 本届届满日期 出生日期 入党日期 转正日期 时间 建账日期 整改时限 销号日期 "
        "任职日期 免职日期 提交申请书时间 积极分子时间 发展对象时间 入党时间 转正时间 "
        "介绍信日期 办理时间 开始日期 结束日期 会议日期 补学日期 日期 "
        "完成时限 完成日期 到点日期 "
        "成立登记日期 摸底日期 党组织覆盖日期 指导员选派日期 拟建日期".split()
    ),
    CellKind.COUNT: [
        *("党小组数 应到人数 实到人数 介绍信有效天数 评议年度 所属年度 年度".split()),
        *("应开展数 按时开展月份数".split()),
        *(
            "会员人数 专职从业人员 兼职从业人员 实际在本单位工作的正式党员 流动党员 兼职党员 "
            "组织关系在本单位的正式党员 关系在业务主管单位 关系在挂靠单位 关系在属地社区村 "
            "关系在原单位 关系在其他单位 预备党员 发展对象 入党积极分子 入党申请人".split()
        ),
    ],
    CellKind.HOURS: ["学时", "培训学时", "补学学时"],
    CellKind.AMOUNT: ["缴费基数", "月应缴", *(f"{number}月" for number in range(1, 13))],
    CellKind.PERCENT: ["整改进度"],
    CellKind.LONG_TEXT: (
        "参会人员 请假人员 缺席人员 主题 主题/内容 决议 存在问题 整改措施 "
        "做法 目标 成效 查看内容 发现问题 整改要求".split()
    ),
}
_WIDTHS = {
    "组织名称": 34,
    "登记党组织": 34,
    "单位名称": 34,
    "统一社会信用代码": 22,
    "党组织名称": 34,
    "公民身份号码": 22,
    "所在党支部": 34,
    "会议类型": 24,
    "地点": 24,
    "请假人员": 20,
    "缺席人员": 20,
    "责任单位": 34,
    "培训起止": 26,
    "积极分子培训起止": 26,
    "转入/转出单位": 34,
    "介绍信抬头": 30,
    "培训名称": 34,
    "谈话人": 20,
    "谈话对象": 20,
    "督查名称": 30,
    "督查单位": 26,
    "被督查组织名称": 34,
}
_KIND_OF = {heading: kind for kind, headings in _KINDS.items() for heading in headings}


def columns(headings: list[str]) -> list[Column]:
    """The columns of a data sheet in order."""
    return [
        Column(heading, _KIND_OF.get(heading, CellKind.TEXT), _WIDTHS.get(heading))
        for heading in headings
    ]


def writer_of(declared: Declared, headings: list[str]) -> Callable[[Row], tuple[list, str, dict]]:
    """What turns a row of a data sheet into its cells under these headings, its row key, and the
    whole numbers that replace masked ones in the file only, by place."""
    known = declared.by_heading
    shows = [(h, known[h].show if h in known else show_value) for h in headings]
    places = {heading: place for place, heading in enumerate(headings)}

    def written(row: Row) -> tuple[list, str, dict]:
        return (
            [show(row.values.get(heading)) for heading, show in shows],
            declared.row_key(row.pk, row.values),
            {places[heading]: number for heading, number in row.whole.items()},
        )

    return written
