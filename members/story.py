"""A member's dated story: what the records tell, one line an event, newest first."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from branches.words import full_date
from members.enums import Step, TransferState
from members.models import DevelopmentStep, Member

# Told of many people many times; the pages of these records show them.
_LEFT_OUT = (Step.THOUGHT_REPORT, Step.REVIEWED)
_ENDS = {TransferState.REFUSED: "退回", TransferState.WITHDRAWN: "撤回"}


@dataclass(frozen=True)
class Event:
    """What happened on a day; an unknown day stands at the beginning."""

    on: datetime.date | None
    words: str
    # The record it is told from: a name for the address of its page, and its key.
    page: str = ""
    key: int | None = None


def story(member: Member) -> list[Event]:
    """Everything told of a member, newest first; a fixed number of queries."""
    events = [
        event
        for tell in (_life, _memberships, _posts, _transfers, _development, _absences, _pledges)
        for event in tell(member)
    ]
    return sorted(events, key=lambda event: event.on or datetime.date.min, reverse=True)


def _life(member: Member) -> Iterator[Event]:
    if member.joined_on:
        yield Event(member.joined_on, "加入中国共产党")
    if member.probation_extended_to:
        until = full_date(member.probation_extended_to)
        yield Event(member.probation_extended_to, f"预备期延长至{until}")
    if member.confirmed_on:
        words = "转为正式党员" if member.kind == "formal" else "预计转正"
        yield Event(member.confirmed_on, words)
    if member.left_on:
        yield Event(member.left_on, f"离开：{member.left_reason}")


def _memberships(member: Member) -> Iterator[Event]:
    before = None
    rows = member.memberships.select_related("organisation", "group").order_by("pk")
    for row in rows:
        place = row.organisation.short_name
        group = f"，{row.group}" if row.group else ""
        if row.is_attached:
            yield Event(row.starts_on, f"编入{place}（组织关系不转）")
            if row.ends_on:
                yield Event(row.ends_on, f"不再编入{place}")
            continue
        if before and before.organisation_id == row.organisation_id and _follows(row, before):
            words = f"调到{row.group}" if row.group else "不再编入党小组"
        else:
            words = f"组织关系在{place}{group}"
        yield Event(row.starts_on, words)
        before = row


def _follows(row, before) -> bool:
    """Whether a membership goes on where the one before ended."""
    return bool(row.starts_on and before.ends_on and (row.starts_on - before.ends_on).days == 1)


def _posts(member: Member) -> Iterator[Event]:
    for post in member.posts.select_related("organisation"):
        name = f"{post.organisation.short_name}{post.get_title_display()}"
        yield Event(post.starts_on, f"任{name}")
        if post.ends_on:
            yield Event(post.ends_on, f"不再任{name}")
    for post in member.unit_posts.select_related("unit"):
        name = f"{post.unit.name}{post.title}"
        yield Event(post.starts_on, f"任{name}")
        if post.ends_on:
            yield Event(post.ends_on, f"不再任{name}")
    for assignment in member.assignments.select_related("organisation"):
        name = f"{assignment.organisation.short_name}{assignment.get_role_display()}"
        yield Event(assignment.starts_on, f"选派为{name}")
        if assignment.ends_on:
            yield Event(assignment.ends_on, f"不再任{name}")


def _transfers(member: Member) -> Iterator[Event]:
    rows = member.transfers.select_related("from_organisation", "to_organisation")
    for row in rows:
        old = row.from_organisation.short_name if row.from_organisation else row.from_outside
        new = row.to_organisation.short_name if row.to_organisation else row.to_outside
        page = ("members:transfer", row.pk)
        if row.state in _ENDS:
            words = f"组织关系由{old}转往{new}，{_ENDS[row.state]}"
            yield Event(row.ended_on or row.started_on, words, *page)
        elif row.received_on:
            yield Event(row.received_on, f"组织关系由{old}转入{new}", *page)
        else:
            yield Event(row.started_on, f"组织关系由{old}转往{new}，办理中", *page)


def _development(member: Member) -> Iterator[Event]:
    steps = DevelopmentStep.objects.filter(development__member=member).exclude(step__in=_LEFT_OUT)
    for step in steps:
        until = f"（至{full_date(step.until_on)}）" if step.until_on else ""
        words = f"发展党员：{step.get_step_display()}{until}"
        yield Event(step.on, words, "members:development", step.development_id)


def _absences(member: Member) -> Iterator[Event]:
    for absence in member.absences.all():
        kind = absence.get_kind_display()
        place = f"，{absence.place}" if absence.place else ""
        page = ("members:absence_detail", absence.pk)
        yield Event(absence.starts_on, f"{kind}{place}", *page)
        if absence.ends_on:
            yield Event(absence.ends_on, f"结束{kind}", *page)


def _pledges(member: Member) -> Iterator[Event]:
    for pledge in member.pledges.all():
        kind = pledge.get_kind_display()
        yield Event(pledge.taken_on, f"{kind}：{pledge.title}")
        if pledge.reviewed_on:
            yield Event(pledge.reviewed_on, f"{pledge.title}评议为{pledge.get_grade_display()}")
