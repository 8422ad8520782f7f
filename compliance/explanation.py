"""为什么: everything a reader needs to recompute one verdict."""

import datetime

from branches.deadlines import SOON_DAYS
from branches.models import Organisation
from branches.values import Values
from branches.words import full_date
from compliance.judging import question_for
from compliance.models import Duty, DutyEvent, DutyState, Exemption
from compliance.registry import RULES, Nature, Record
from compliance.wording import badge, day_text, period_of_duty, period_text

_SHOWN = 60


def explain(duty: Duty, *, today: datetime.date, may_cure: bool) -> dict:
    """The page of one duty: rule, numbers, records counted and missing, history."""
    rule = RULES[duty.rule]
    values = Values()
    organisation = duty.organisation
    period = period_of_duty(duty)
    question = question_for(
        rule, period, today, values, Organisation.objects.filter(pk=organisation.pk)
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
            "version": _version(rule, values, question.ends_on),
            "nature": Nature(rule.nature).label,
            "counting": rule.how,
        },
        "facts": evidence.facts,
        "counted": [_row(record, today) for record in evidence.counted[:_SHOWN]],
        "counted_total": len(evidence.counted),
        "counted_more": _more(len(evidence.counted)),
        "missing": [_row(record, today) for record in evidence.missing[:_SHOWN]],
        "missing_total": len(evidence.missing),
        "missing_more": _more(len(evidence.missing)),
        "exemptions": _exemptions(duty),
        "events": [
            {
                "at": day_text(event.on, today),
                "kind": event.after,
                "words": f"{event.get_before_display() or '首次核对'} → {event.get_after_display()}"
                + (
                    f"（{event.actual} {rule.unit}）"
                    if rule.is_standing
                    else f"（应有 {event.required}，实有 {event.actual}）"
                ),
            }
            for event in DutyEvent.objects.filter(duty=duty).order_by("-pk")
        ],
    }


def _version(rule, values: Values, day: datetime.date) -> str:
    """The county values in force, in words."""
    parts = [f"{key.label} {values.on(key, day)}{key.unit}" for key in rule.keys]
    return "；".join(parts) or "无可设数值"


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
