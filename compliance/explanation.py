"""为什么: everything a reader needs to recompute one verdict."""

import datetime

from branches.deadlines import SOON_DAYS
from branches.models import Organisation
from branches.values import Values
from branches.words import full_date
from compliance.freezing import kept_in_words
from compliance.history import opening
from compliance.judging import question_for
from compliance.models import Duty, DutyEvent, DutyState, Exemption
from compliance.registry import RULES, Evidence, Nature, Question, Record, Rule
from compliance.requirements import shown as said_with_unit
from compliance.scopes import own
from compliance.wording import badge, day_text, period_of_duty, period_text

_SHOWN = 60


def explain(duty: Duty, *, today: datetime.date, may_cure: bool) -> dict:
    """The page of one duty: rule, numbers, records counted and missing, history."""
    rule = RULES[duty.rule]
    values = Values()
    organisation = duty.organisation
    period = period_of_duty(duty)
    question = own(
        rule,
        question_for(rule, period, today, values, Organisation.objects.filter(pk=organisation.pk)),
    )
    evidence = rule.evidence(question, organisation)
    shown = badge(duty, today, values.on(SOON_DAYS, today))
    unmet = duty.state not in (DutyState.DONE, DutyState.EXEMPT)
    return {
        "duty": {
            "name": rule.title,
            "organisation": organisation.name,
            "period_text": period_text(duty, today),
            "kind": shown.kind,
            "words": shown.words,
            "required": duty.required,
            "actual": duty.actual,
            "unit": rule.unit,
            "standing": rule.is_standing,
            "due_text": full_date(duty.due_on) or "—",
            "met_text": full_date(duty.met_on) if duty.met_on else ("已完成" if not unmet else ""),
            "open_since_text": full_date(duty.open_since) if duty.open_since else "",
            "closed_note": kept_in_words(duty),
            "cure": (
                {
                    "label": rule.cure.label,
                    "url": rule.cure.url(organisation, source=f"duty:{rule.code}:{duty.period}"),
                }
                if unmet and may_cure and not duty.waiting
                else None
            ),
        },
        "rule": {
            "wording": rule.wording,
            "source": rule.source,
            "confidence": rule.certainty.label,
            "version": _version(rule, question.values, values, question.ends_on),
            "nature": Nature(rule.nature).label,
            "counting": rule.how,
            "judged_text": _judged_days(duty, question),
            "founded_text": _founded_inside(duty),
        },
        "facts": evidence.facts,
        "counted": [_row(record, today) for record in evidence.counted[:_SHOWN]],
        "counted_total": len(evidence.counted),
        "counted_more": _more(len(evidence.counted)),
        "missing": [_row(record, today) for record in evidence.missing[:_SHOWN]],
        "missing_total": len(evidence.missing),
        "missing_more": _more(len(evidence.missing)),
        "exemptions": _exemptions(duty),
        "events": _events(duty, rule, evidence, today),
    }


def _judged_days(duty: Duty, question: Question) -> str:
    """The days whose records were looked at; a standing condition is judged as of one."""
    last = full_date(question.ends_on)
    if not duty.starts_on:
        return last
    later = "，以后补办的也计入" if RULES[duty.rule].counts_later else ""
    return f"{full_date(question.starts_on)}—{last}{later}"


def _founded_inside(duty: Duty) -> str:
    """The day an organisation was founded on, where it lies inside the period: it owes a share."""
    founded_on = duty.organisation.founded_on
    inside = founded_on and duty.starts_on and duty.starts_on < founded_on <= duty.ends_on
    return full_date(founded_on) if inside else ""


def _events(duty: Duty, rule: Rule, evidence: Evidence, today: datetime.date) -> list[dict]:
    """The changes of a duty, newest first, each with the record that made it."""
    events = list(DutyEvent.objects.filter(duty=duty).order_by("-pk"))
    shown = {record.url for record in (*evidence.counted, *evidence.missing)}
    leading = opening(events, duty, shown)
    return [
        {
            "at": day_text(event.on, today),
            "kind": event.after,
            "words": f"{event.get_before_display() or '首次核对'} → {event.get_after_display()}"
            + (
                f"（{event.actual} {rule.unit}）"
                if rule.is_standing
                else f"（应有 {event.required}，实有 {event.actual}）"
            ),
            "record": event.record,
            "record_url": event.record_url if event.record_url in leading else "",
        }
        for event in events
    ]


def _version(rule: Rule, own_values: Values, county: Values, day: datetime.date) -> str:
    """The values in force for this organisation, in words; where they depart from the county's,
    those as well."""
    parts = []
    for key in (*rule.keys, rule.strict_key):
        value, general = own_values.on(key, day), county.on(key, day)
        departs = f"（全县为 {said_with_unit(key, general)}）" if value != general else ""
        label = "过期亮红灯" if key is rule.strict_key else key.label
        parts.append(f"{label} {said_with_unit(key, value)}{departs}")
    return "；".join(parts)


def _row(record: Record, today) -> dict:
    return {
        "date": day_text(record.on, today) if record.on else "",
        "label": record.text,
        "url": record.url,
        "count": record.note,
        "text": record.note,
    }


def _more(total: int) -> str:
    return f"另有 {total - _SHOWN} 条未列出" if total > _SHOWN else ""


def _exemptions(duty: Duty) -> list[dict]:
    return [
        {
            "reason": exemption.reason,
            "period_text": f"{full_date(exemption.starts_on)}—{full_date(exemption.ends_on)}",
            "granted_text": f"批准人 {exemption.approved_by}" if exemption.approved_by else "",
        }
        for exemption in Exemption.objects.standing()
        .filter(rule=duty.rule, organisation=duty.organisation)
        .select_related("approved_by")
    ]
