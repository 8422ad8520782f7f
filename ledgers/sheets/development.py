"""The ledger 发展党员: one row for each person on the way to membership."""

import datetime
import re
from typing import NamedTuple

from branches.typed import Unreadable, folded, plain, read_date
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    Column,
    Masked,
    Sheet,
    choice_reader,
    text_reader,
)
from members.enums import Stage, Step
from members.models import Development, DevelopmentStep


class Course(NamedTuple):
    """The first and the last day of a course."""

    on: datetime.date
    until_on: datetime.date

    def __str__(self):
        if self.on == self.until_on:
            return f"{self.on}"
        return f"{self.on}—{self.until_on}"


def read_course(cell) -> Course | None:
    """`2026.3.1-2026.3.5`, `2026年3月1日至2026年3月5日`, or one day."""
    if isinstance(cell, datetime.date):
        day = read_date(cell)
        return Course(day, day)
    text = folded(cell)
    if not text:
        return None
    parts = [part for part in re.split(r"\s*(?:—+|–|~|至|到|－)\s*", text) if part]
    if len(parts) == 1 and re.fullmatch(r"\S*\d日?-\d{4}\S*", text):
        # A single hyphen between two whole dates.
        parts = list(re.match(r"(.+?\d日?)-(\d{4}.*)$", text).groups())
    days = [read_date(part) for part in parts]
    if len(days) > 2 or not all(days):
        raise Unreadable(f"“{plain(cell)}”读不出起止，请写成 2026-03-01—2026-03-05")
    if days[-1] < days[0]:
        raise Unreadable(f"“{plain(cell)}”结束早于开始，请核对")
    return Course(days[0], days[-1])


def _course_text(value) -> str:
    return str(value) if value else ""


APPLIED = Column(
    "提交申请书时间",
    read_date,
    aliases=("递交申请书时间", "申请入党时间", "申请时间", "提交入党申请书时间"),
    empty=None,
)
ACTIVIST = Column(
    "积极分子时间",
    read_date,
    aliases=("确定积极分子时间", "列为积极分子时间", "确定为积极分子时间", "入党积极分子时间"),
    empty=None,
)
ACTIVIST_COURSE = Column(
    "积极分子培训起止",
    text_reader(60),
    aliases=("积极分子培训时间", "积极分子培训"),
    clearable=True,
)
TARGET = Column(
    "发展对象时间",
    read_date,
    aliases=("确定发展对象时间", "列为发展对象时间", "确定为发展对象时间"),
    empty=None,
)
COURSE = Column(
    "培训起止",
    read_course,
    aliases=("培训时间", "发展对象培训起止", "发展对象培训时间", "短期集中培训时间"),
    show=_course_text,
    text=_course_text,
    empty=None,
)
PLANNED = Column(
    "列入计划时间", text_reader(60), aliases=("列入发展计划时间", "计划时间"), clearable=True
)
FORM_NUMBER = Column("志愿书编号", text_reader(40), aliases=("入党志愿书编号",), clearable=True)
ADMITTED = Column(
    "入党时间",
    read_date,
    aliases=("入党日期", "加入党组织日期", "接收预备党员时间", "支部大会接收时间"),
    empty=None,
)
CONFIRMED = Column("转正时间", read_date, aliases=("转正日期", "按期转正时间"), empty=None)
STAGE = Column(
    "当前阶段",
    choice_reader(
        Stage,
        {
            "申请人": Stage.APPLICANT,
            "积极分子": Stage.ACTIVIST,
            "预备": Stage.PROBATIONARY,
            "中共预备党员": Stage.PROBATIONARY,
            "正式": Stage.CONFIRMED,
            "中共党员": Stage.CONFIRMED,
        },
    ),
    aliases=("阶段", "所处阶段", "发展阶段"),
)
REMARK = Column("备注", text_reader(200), clearable=True)

# Columns that are the day of a step.
STEPS = {
    APPLIED.heading: Step.APPLIED,
    ACTIVIST.heading: Step.ACTIVIST,
    TARGET.heading: Step.TARGET,
    COURSE.heading: Step.COURSE,
    ADMITTED.heading: Step.ADMISSION_MEETING,
    CONFIRMED.heading: Step.CONVERSION_DECISION,
}
# Columns that stand in the note of a step, under a name of their own ("" is the rest of it).
NOTES = {
    ACTIVIST_COURSE.heading: (Step.ACTIVIST, "培训"),
    PLANNED.heading: (Step.TARGET, "列入计划"),
    REMARK.heading: (Step.APPLIED, ""),
}

SHEET = Sheet(
    name="发展党员",
    kind="dev",
    columns=(
        MEMBER_NAME,
        ID_NUMBER,
        BRANCH_CODE,
        BRANCH_NAME,
        APPLIED,
        ACTIVIST,
        ACTIVIST_COURSE,
        TARGET,
        COURSE,
        PLANNED,
        FORM_NUMBER,
        ADMITTED,
        CONFIRMED,
        STAGE,
        REMARK,
    ),
    # A roster may have the days as well; these belong to nobody else.
    identifying=(
        (MEMBER_NAME.heading,),
        (APPLIED.heading, ACTIVIST.heading, TARGET.heading),
        (
            STAGE.heading,
            FORM_NUMBER.heading,
            PLANNED.heading,
            COURSE.heading,
            ACTIVIST_COURSE.heading,
        ),
    ),
    ignored=frozenset({"序号", "需更正", "领取志愿书时间"}),
)


def noted(note: str, label: str) -> str:
    """What stands under `label` in the note of a step; with "" what stands under none."""
    parts = [part for part in note.split("；") if part]
    if label:
        return next((part[len(label) + 1 :] for part in parts if part.startswith(f"{label}：")), "")
    labels = tuple(f"{name}：" for _step, name in NOTES.values() if name)
    return "；".join(part for part in parts if not part.startswith(labels))


def with_noted(note: str, label: str, text: str) -> str:
    """The note of a step with another text under `label`."""
    text = text.replace("；", "，") if label else text
    if not label:
        kept = [
            f"{name}：{noted(note, name)}"
            for _step, name in NOTES.values()
            if name and noted(note, name)
        ]
        return "；".join(filter(None, [text, *kept]))
    rest = [part for part in note.split("；") if part and not part.startswith(f"{label}：")]
    return "；".join([*rest, f"{label}：{text}"] if text else rest)


def step_value(heading: str, step: DevelopmentStep):
    """What the column of a step shows of it."""
    if heading == COURSE.heading:
        return Course(step.on, step.until_on or step.on)
    return step.on


def values(development: Development, branch, steps: dict[str, DevelopmentStep]) -> dict:
    """What the row of one person holds, by heading; the number masked."""
    found = {
        MEMBER_NAME.heading: development.name,
        ID_NUMBER.heading: Masked(development.id_number_mask) if development.id_number_mask else "",
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        FORM_NUMBER.heading: development.form_number,
        STAGE.heading: Stage(development.stage),
    }
    for heading, step in STEPS.items():
        found[heading] = step_value(heading, steps[step]) if step in steps else None
    for heading, (step, label) in NOTES.items():
        found[heading] = noted(steps[step].note, label) if step in steps else ""
    return found
