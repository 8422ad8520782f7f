"""四议两公开: a matter is begun, its stages are entered and put right, it is given up or taken up
again. Skipped stages and missed majorities are said, never refused. No rule judges matters, so
nothing is noted for judging."""

import datetime

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from meetings import matters
from meetings.enums import MatterStage
from meetings.models import Matter, MatterStep, Meeting
from meetings.services import Refused

# The area of trail lines: a matter and a meeting may have the same key.
TRAIL_AREA = "matters"


@transaction.atomic
def start_matter(*, organisation: Organisation, title: str, content: str = "", by) -> Matter:
    """Begin a matter of a village or community branch.

    Refuses another kind of organisation, no title, and a title that is on its way already.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not matters.decides_this_way(organisation):
        raise Refused("四议两公开用于村和社区党支部，这里不用登记")
    title = _title(organisation, title)
    matter = Matter.objects.create(
        organisation=organisation, title=title, content=content.strip(), entered_by=by
    )
    _line("新增四议两公开事项", matter, by=by, after=_said(matter))
    return matter


@transaction.atomic
def change_matter(*, matter: Matter, version: int, title: str, content: str, by) -> bool:
    """Put title and content right; returns whether anything differed. Refuses as `start_matter`
    does, and an old version."""
    matter = _locked(matter, version)
    before = _said(matter)
    matter.title = _title(matter.organisation, title, leaving_out=matter)
    matter.content = content.strip()
    if _said(matter) == before:
        return False
    _save(matter, "title", "content")
    _line("修改四议两公开事项", matter, by=by, before=before, after=_said(matter))
    return True


@transaction.atomic
def record_stage(
    *,
    matter: Matter,
    version: int,
    stage: str,
    done_on: datetime.date | None = None,
    ends_on: datetime.date | None = None,
    meeting: Meeting | None = None,
    should_attend: int | None = None,
    present: int | None = None,
    yes: int | None = None,
    note: str = "",
    by,
    today: datetime.date,
) -> MatterStep:
    """Say that a stage was done, or put right what was said; a meeting gives its own day.

    Refuses a matter given up, an old version, a day to come, before an earlier stage or after a
    later one, a meeting that does not fit, a members' meeting that is not recorded, a publication
    without its last day, and counts that cannot be. A stage left out before it is not refused.
    """
    matter = _locked(matter, version)
    if matter.dropped_on:
        raise Refused("这件事已终止；要继续办，先恢复办理")
    stage = MatterStage(stage)
    done_on = _day(matter, stage, done_on, meeting)
    _refuse_days(matter, stage, done_on, ends_on, today)
    _refuse_counts(should_attend, present, yes)
    facts = {
        "done_on": done_on,
        "ends_on": ends_on if stage in matters.PUBLICATIONS else None,
        "meeting": meeting,
        "should_attend": should_attend,
        "present": present,
        "yes": yes,
        "note": note.strip(),
    }
    known = matter.steps.select_related("meeting").filter(stage=stage).first()
    before = _step_said(known) if known else None
    step, _created = MatterStep.objects.update_or_create(matter=matter, stage=stage, defaults=facts)
    after = _step_said(step)
    if after != before:
        _save(matter)
        action = "更正四议两公开环节" if known else "登记四议两公开环节"
        _line(action, matter, stage=stage, by=by, before=before, after=after)
    return step


@transaction.atomic
def remove_stage(*, matter: Matter, version: int, stage: str, reason: str, by) -> None:
    """Take back a stage entered by mistake; the trail keeps it. Refuses without a reason, an old
    version, and a stage that is not entered."""
    matter = _locked(matter, version)
    step = matter.steps.select_related("meeting").filter(stage=stage).first()
    if step is None:
        raise Refused("这一步没有登记，请看最新情况")
    before = _step_said(step)
    reason = _reason(reason, "请写明为什么撤销")
    step.delete()
    _save(matter)
    _line("撤销四议两公开环节", matter, stage=stage, by=by, before=before, reason=reason)


@transaction.atomic
def drop_matter(
    *,
    matter: Matter,
    version: int,
    dropped_on: datetime.date,
    reason: str,
    by,
    today: datetime.date,
) -> None:
    """Give a matter up. Refuses without a reason, a day to come or before its last stage, a matter
    given up already, and an old version."""
    matter = _locked(matter, version)
    if matter.dropped_on:
        raise Refused("这件事已经终止")
    reason = _reason(reason, "请写明为什么终止")
    if dropped_on > today:
        raise Refused("终止日期还没有到，请核对", "dropped_on")
    last = matter.steps.order_by("done_on").last()
    if last and dropped_on < last.done_on:
        raise Refused(
            f"终止日期早于{_name(matter, last.stage)}（{full_date(last.done_on)}），请核对",
            "dropped_on",
        )
    matter.dropped_on, matter.drop_reason = dropped_on, reason
    _save(matter, "dropped_on", "drop_reason")
    _line("终止四议两公开事项", matter, by=by, after=_said(matter), reason=reason)


@transaction.atomic
def resume_matter(*, matter: Matter, version: int, by) -> None:
    """Take up a matter that was given up. Refuses one that was not, one of whose title another is
    on its way, and an old version."""
    matter = _locked(matter, version)
    if not matter.dropped_on:
        raise Refused("这件事没有终止，请看最新情况")
    _title(matter.organisation, matter.title, leaving_out=matter)
    before = _said(matter)
    matter.dropped_on, matter.drop_reason = None, ""
    _save(matter, "dropped_on", "drop_reason")
    _line("恢复四议两公开事项", matter, by=by, before=before, after=_said(matter))


# --- What is asked before writing ----------------------------------------------------------


def _locked(matter: Matter, version: int) -> Matter:
    """The row as it stands now, locked; two writers of one matter wait for each other."""
    matter = (
        Matter.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=matter.pk)
    )
    if matter.version != version:
        raise Refused("这件事刚被别人改过，你填的还在，看过最新情况再保存一次")
    return matter


def _title(organisation: Organisation, title: str, leaving_out: Matter | None = None) -> str:
    title = title.strip()
    if not title:
        raise Refused("请填事项，如 村内道路硬化", "title")
    same = Matter.objects.filter(organisation=organisation, title=title, dropped_on=None)
    if leaving_out is not None:
        same = same.exclude(pk=leaving_out.pk)
    # A matter that has come to its end may come up again another year.
    if matters.with_counts(same).filter(furthest__lt=len(matters.STAGES)).exists():
        raise Refused(f"“{title}”正在办理，请在原来那一件上登记，或者换个能区分的名称", "title")
    return title


def _day(matter: Matter, stage: MatterStage, done_on, meeting: Meeting | None) -> datetime.date:
    """The day of the stage: that of its meeting, or the one typed."""
    if meeting is not None:
        if not matters.fits(meeting, matter, stage):
            raise Refused("这次会议不能用于这一步，请重新选", "meeting")
        if done_on not in (None, meeting.held_on):
            raise Refused(
                f"所选会议是{full_date(meeting.held_on)}召开的，日期请填同一天或空着", "done_on"
            )
        return meeting.held_on
    if stage == MatterStage.REVIEWED:
        raise Refused("请选支部党员大会；还没有登记的，先登记会议再回来选", "meeting")
    if done_on is None:
        raise Refused("请填哪天做的，如 3.28", "done_on")
    return done_on


def _refuse_days(matter: Matter, stage: MatterStage, done_on, ends_on, today) -> None:
    field = "meeting" if stage == MatterStage.REVIEWED else "done_on"
    if done_on > today:
        raise Refused("这一天还没有到，做完了再登记", field)
    place = matters.STAGES.index(stage)
    for step in matter.steps.exclude(stage=stage):
        other, name = matters.STAGES.index(step.stage), _name(matter, step.stage)
        if other < place and done_on < step.done_on:
            raise Refused(f"早于{name}（{full_date(step.done_on)}），请核对日期", field)
        if other > place and done_on > step.done_on:
            raise Refused(f"晚于{name}（{full_date(step.done_on)}），请核对日期", field)
    if stage in matters.PUBLICATIONS:
        if ends_on is None:
            raise Refused("请填公开到哪天，如 4.7", "ends_on")
        if ends_on < done_on:
            raise Refused("公开截止不能早于公开的那天", "ends_on")


def _refuse_counts(should_attend, present, yes) -> None:
    if present is not None and should_attend is not None and present > should_attend:
        raise Refused(f"实到 {present} 人多于应到 {should_attend} 人，请核对", "present")
    if yes is not None and present is not None and yes > present:
        raise Refused(f"同意 {yes} 人多于实到 {present} 人，请核对", "yes")
    if yes is not None and should_attend is not None and yes > should_attend:
        raise Refused(f"同意 {yes} 人多于应到 {should_attend} 人，请核对", "yes")


def _reason(reason: str, asked: str) -> str:
    if not reason.strip():
        raise Refused(asked, "reason")
    return reason.strip()


# --- What is left behind -------------------------------------------------------------------


def _save(matter: Matter, *fields: str) -> None:
    matter.version += 1
    matter.save(update_fields=[*fields, "version"])


def _name(matter: Matter, stage: str) -> str:
    return matters.stage_name(stage, matter.organisation.sector)


def _said(matter: Matter) -> dict[str, str]:
    said = {"事项": matter.title, "内容": matter.content}
    if matter.dropped_on:
        said |= {"终止日期": full_date(matter.dropped_on), "终止原因": matter.drop_reason}
    return said


def _step_said(step: MatterStep) -> dict[str, str]:
    numbers = matters.Numbers(step.should_attend, step.present, step.yes)
    said = {
        "日期": full_date(step.done_on),
        "公开截止": full_date(step.ends_on),
        "会议": full_date(step.meeting.held_on) if step.meeting else "",
        "人数": numbers.words,
        "情况": step.note,
    }
    return {label: text for label, text in said.items() if text}


def _line(action, matter: Matter, *, stage="", by, before=None, after=None, reason=""):
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=matter.pk,
        label=f"{matter.title} {_name(matter, stage)}" if stage else matter.title,
        organisation_id=matter.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
