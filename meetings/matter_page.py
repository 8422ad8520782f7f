"""How a matter of 四议两公开 and its stages stand on pages and paper."""

import datetime

from branches.links import link
from branches.words import full_date, short_date
from meetings import matters
from meetings.enums import FULL_NAMES, MatterStage, Type
from meetings.models import Matter, MatterStep


def row_of(matter: Matter, today: datetime.date) -> dict[str, object]:
    """One matter in the list."""
    steps = list(matter.steps.all())
    standing = matters.standing_of(matter, steps)
    kind, words = standing.mark(today)
    last = max(steps, key=lambda step: step.done_on, default=None)
    return {
        "url": link("meetings:matter", matter.pk),
        "title": matter.title,
        "organisation": matter.organisation.short_name,
        "progress": f"{len(steps)}/{len(matters.STAGES)}",
        "last": f"{short_date(last.done_on, today)} {matters.short_name(last.stage)}"
        if last
        else "",
        "kind": kind,
        "words": words,
    }


def meeting_label(meeting, today: datetime.date) -> str:
    """3月10日 支部党员大会 审议修路."""
    kinds = "、".join(FULL_NAMES[Type(row.type)] for row in meeting.types.all())
    topic = f" {meeting.topic[:20]}" if meeting.topic else ""
    return f"{short_date(meeting.held_on, today)} {kinds}{topic}"


def stage_hint(stage: str) -> str:
    """What to know before the stage is entered."""
    if stage == MatterStage.REVIEWED:
        return (
            "会议记录里登记了“村（社区）重要事项”决议的，人数以会议记录为准，这里不用填。"
            "应到、实到按有表决权的党员填"
        )
    if stage in matters.PUBLICATIONS:
        return "公开期按县里和村规民约的规定填，这里没有统一天数"
    if stage in matters.MEETING_TYPES:
        return "开过会并登记了的，选会议就不用填日期"
    return ""


def meeting_url(matter: Matter, stage: str) -> str:
    """Where the meeting of the stage is recorded first, and the way back."""
    types = matters.MEETING_TYPES.get(stage)
    if not types:
        return ""
    return link(
        "meetings:register",
        branch=matter.organisation.code,
        types=types[0].value,
        next=link("meetings:matter_stage", matter.pk, stage),
    )


def progress_of(steps: dict[str, MatterStep], standing: matters.Standing) -> list[dict[str, str]]:
    """The stages as a row of steps (partials/zb_steps.html)."""
    current = standing.next_stage if not standing.dropped_on else None
    return [
        {
            "name": matters.short_name(stage),
            "state": "done" if stage in steps else "current" if stage == current else "todo",
            "note": "缺" if stage in standing.missing else "",
        }
        for stage in MatterStage
    ]


def stage_shown(matter, stage, step: MatterStep | None, standing, *, may_record: bool) -> dict:
    """One stage as the page and the paper show it."""
    shown = {
        "name": matters.stage_name(stage, matter.organisation.sector),
        "is_missing": stage in standing.missing,
        "edit_url": link("meetings:matter_stage", matter.pk, stage.value) if may_record else "",
        "edit_words": "更正" if step else "登记",
        "kind": "soon" if stage in standing.missing else "done" if step else "todo",
        "words": "缺" if stage in standing.missing else "已登记" if step else "未登记",
    }
    if step is None:
        return shown
    numbers = matters.numbers_of(step, matter.title)
    outcome = matters.review_outcome(numbers) if stage == MatterStage.REVIEWED else None
    return shown | {
        "on": full_date(step.done_on),
        "until": full_date(step.ends_on),
        "meeting": meeting_label(step.meeting, step.done_on) if step.meeting else "",
        "meeting_url": link("meetings:detail", step.meeting_id) if step.meeting else "",
        "numbers": numbers.words,
        "is_recorded": numbers.is_recorded,
        "outcome": outcome.text if outcome else "",
        "passed": outcome.passed if outcome else None,
        "note": step.note,
    }
