"""By which record a duty changed. Kept with the change, so that it is told when the record is gone.

Records are looked at only where a duty turns done or leaves done, a standing condition also where
it is first seen. What counted then is kept beside it: when the duty changes again, the difference
names the record that came or went.
"""

import datetime
import logging
from collections.abc import Sequence

from django.db import transaction
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts.models import TrailLine
from branches.models import Organisation
from branches.periods import Period
from branches.values import Values
from branches.words import full_date
from compliance import scopes
from compliance.judging import question_for
from compliance.models import Duty, DutyEvent, DutyState
from compliance.registry import Record, Rule
from meetings.models import Meeting
from members.models import Development, Term
from tasks.models import Task

logger = logging.getLogger(__name__)

# Records kept with a change; a branch has fewer.
_KEPT = 60
# Changes of one reconciliation whose records are looked at: it holds a lock meanwhile.
_LOOKED_AT = 100
# Conditions that are there at the first look of all: a new county has many, and they are no change.
_FIRST_LOOKED_AT = 20
_LONGEST = 200
# Words with which what is taken back begins in the trail, and how long it explains a change.
_TAKEN_BACK = ("作废", "撤销", "冲正", "删除", "移除", "取消")
_LATELY = datetime.timedelta(hours=26)
# Pages of records that stay when they no longer count, and the rows they show.
_PAGES = {
    "meetings:detail": Meeting,
    "tasks:detail": Task,
    "members:term": Term,
    "members:development": Development,
}

# Day, text and address of a record, as they are kept.
Kept = list[str]


def attach_records(
    rule: Rule,
    period: Period | None,
    events: Sequence[DutyEvent],
    *,
    as_of: datetime.date,
    values: Values,
) -> None:
    """Put into unsaved events by which record their duties changed; time alone leaves it empty.

    A record that cannot be read leaves the event without it: history stops no judging.
    """
    asked = [event for event in events if _concerns_records(rule, event)]
    if sum(not event.before for event in asked) > _FIRST_LOOKED_AT:
        asked = [event for event in asked if event.before]
    asked = asked[:_LOOKED_AT]
    if not asked:
        return
    organisations = Organisation.objects.in_bulk({one.duty.organisation_id for one in asked})
    earlier = _kept_before([event.duty_id for event in asked if event.before])
    for event in asked:
        organisation = organisations[event.duty.organisation_id]
        try:
            with transaction.atomic():
                now = _counted(rule, period, as_of, values, organisation)
        except Exception:
            logger.exception("records of %s for %s cannot be read", rule.code, organisation.pk)
            continue
        _attach(rule, event, earlier.get(event.duty_id), now)


def _concerns_records(rule: Rule, event: DutyEvent) -> bool:
    if DutyState.EXEMPT in (event.before, event.after):
        return False
    return DutyState.DONE in (event.before, event.after) or (rule.is_standing and not event.before)


def _kept_before(duty_ids: list[int]) -> dict[int, list[Kept]]:
    """What counted when each duty last changed by a record; nothing where that was not kept."""
    kept = {}
    for duty_id, counted in (
        DutyEvent.objects.filter(duty__in=duty_ids).order_by("pk").values_list("duty", "counted")
    ):
        if counted:
            kept[duty_id] = counted
    return kept


def _counted(rule: Rule, period, as_of, values: Values, organisation) -> list[Kept]:
    only = Organisation.objects.filter(pk=organisation.pk)
    question = scopes.own(rule, question_for(rule, period, as_of, values, only))
    return [_kept(record) for record in rule.evidence(question, organisation).counted[:_KEPT]]


def _kept(record: Record) -> Kept:
    return [record.on.isoformat() if record.on else "", record.text, record.url]


def _attach(rule: Rule, event: DutyEvent, before: list[Kept] | None, now: list[Kept]) -> None:
    is_done = event.after == DutyState.DONE
    if is_done != rule.is_standing:
        event.counted = now
    came, went = _beyond(now, before or []), _beyond(before or [], now)
    if rule.is_standing:
        word, records = ("已了结", went) if is_done else ("出现", came)
    elif is_done:
        word, records = "由此完成", _completing(event.duty, came or now)
    else:
        word, records = "不再计入", went
    if records:
        event.record, event.record_url = _said(word, records)
    elif not is_done and not rule.is_standing and before is None:
        event.record = _taken_back(rule, event.duty)


def _beyond(some: list[Kept], others: list[Kept]) -> list[Kept]:
    """Those of some that are not among the others; a page that is still among them is the same."""
    known = {(text, day) for day, text, _url in others}
    pages = {url for _day, _text, url in others if url}
    strict = [one for one in some if (one[1], one[0]) not in known]
    gone = [one for one in strict if one[2] not in pages]
    return gone or strict


def _completing(duty: Duty, records: list[Kept]) -> list[Kept]:
    """The record on whose day enough was there, the last one where the rule names no day."""
    met_on = duty.met_on.isoformat() if duty.met_on else ""
    return [one for one in records if met_on and one[0] == met_on][-1:] or records[-1:]


def _said(word: str, records: list[Kept]) -> tuple[str, str]:
    day, text, url = records[0]
    on = full_date(datetime.date.fromisoformat(day)) if day else ""
    more = f" 等 {len(records)} 条" if len(records) > 1 else ""
    told = f"{word}：{on} {text}" if on else f"{word}：{text}"
    return told[: _LONGEST - len(more)] + more, url if len(url) <= 300 else ""


def _taken_back(rule: Rule, duty: Duty) -> str:
    """What was taken back there lately, where nobody had noted what counted."""
    lately = TrailLine.objects.filter(
        organisation_id=duty.organisation_id,
        area__in=rule.areas,
        at__gte=timezone.now() - _LATELY,
    ).order_by("-at", "-pk")
    for line in lately[:20]:
        if line.action.startswith(_TAKEN_BACK):
            return f"首次核对时没有逐条记下依据；之前的操作：{line.action} {line.label}"[:_LONGEST]
    return ""


def opening(events: Sequence[DutyEvent], duty: Duty, shown: set[str]) -> set[str]:
    """The addresses of these events' records that still lead somewhere.

    `shown` are those that the page names anyway. One query for each kind of record.
    """
    keys: dict[str, dict[int, str]] = {}
    found = set()
    for url in {event.record_url for event in events} - {""}:
        if url in shown:
            found.add(url)
        elif place := _place(url):
            keys.setdefault(place[0], {})[place[1]] = url
    for name, urls in keys.items():
        there = _PAGES[name].objects.filter(pk__in=urls, organisation=duty.organisation_id)
        found |= {urls[pk] for pk in there.values_list("pk", flat=True)}
    return found


def _place(url: str) -> tuple[str, int] | None:
    try:
        match = resolve(url.partition("?")[0])
    except Resolver404:
        return None
    pk = match.kwargs.get("pk")
    return (match.view_name, pk) if match.view_name in _PAGES and isinstance(pk, int) else None
