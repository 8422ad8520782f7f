"""Sheet 说明: what this ledger is and what each figure means."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from ledgers.exports.content import Content
from ledgers.exports.workbook import CellKind, Column

COLUMNS = [Column("项目", width=26), Column("内容", CellKind.LONG_TEXT, width=110)]

MEANINGS = [
    (
        "表：总览",
        "首行是本组织及以下全部组织的合计，其余每行是一个直接下级（含其以下）的合计。隶属关系按数据截至日计。",
    ),
    ("表：总览·党员", "数据截至日在册的党员；预备党员为其中尚未转正的。"),
    ("表：总览·会议次数", "本月召开的次数；一次会议有几种类型的，每种各计一次。"),
    (
        "表：总览·党费",
        "本月应缴的人数和金额，其中缴足的人数，和记在本月名下、数据截至日前收到的金额；应缴记在应收的支部，实缴记在收款的支部。"
        "截至日以后补交的不在内：它加上补交，就是“党费汇总”和全县总览里这个月的实缴。",
    ),
    ("表：总览·整改", "数据截至日未销号的任务数；其中已过整改时限的为逾期，时限当天不算逾期。"),
    ("表：总览·应办", "“应办事项”表中各状态的行数。"),
    ("表：组织", "本月存在的组织，按数据截至日的隶属关系、书记和届期。"),
    ("表：党员", "数据截至日在册的党员，所在党支部按当天。"),
    ("表：党费", "本年 1 月至本月每月实缴金额；没有核定月应缴、也没有缴费的党员不列。"),
    ("表：三会一课", "本年 1 月 1 日至数据截至日召开的会议，不止本月。"),
    ("表：整改", "数据截至日以前建账的全部任务，含已销号的。"),
    (
        "表：应办事项",
        "本月所在的月、季度、半年、年度各项要求，和随时都要符合的要求（应有为 0，已有是不符合的个数）。按数据截至日的记录核对。",
    ),
    (
        "再次导入",
        "“组织”“党员”“党费”“三会一课”“整改”五张表改好后可直接导入。最右的隐藏列用来认出每一行，请保留。空白单元格不改动原有内容，要清空请写“(清空)”。",
    ),
    ("号码", "公民身份号码和手机号码只显示部分数字；原样导入视为没有变化。"),
]


@dataclass(frozen=True)
class Making:
    """Who made a ledger, when, and with whole numbers for which reason."""

    by: str
    at: datetime.datetime
    reason: str = ""


def note_rows(content: Content, making: Making, content_hash: str) -> Iterable[list]:
    """The rows of 说明. Nothing here enters the content hash."""
    scope = content.place
    yield ["组织", scope.name]
    yield ["组织编码", scope.organisation.code]
    yield ["月份", scope.month.label]
    yield ["数据截至", f"{scope.day.year}年{scope.day.month}月{scope.day.day}日"]
    yield ["生成时间", f"{making.at:%Y-%m-%d %H:%M}"]
    yield ["生成人", making.by]
    yield ["号码显示", f"完整号码，理由：{making.reason}" if making.reason else "部分隐藏"]
    yield ["内容校验码", content_hash]
    yield [
        "校验码说明",
        "由各数据表的内容算出（号码按部分隐藏计），与生成时间、生成人无关；内容相同，校验码相同。",
    ]
    yield from content.remarks()
    for heading, meaning in MEANINGS:
        yield [heading, meaning]
    for title, version in content.versions():
        yield [f"要求版本：{title}", version]
