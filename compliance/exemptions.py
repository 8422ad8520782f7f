"""免予: a duty waived for one organisation, with a reason, an approver and an end; never silent."""

import datetime

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import add_months
from branches.values import Key, Values
from branches.words import full_date
from compliance.judging import horizon_on
from compliance.models import Exemption
from compliance.registry import RULES
from compliance.services import Asked, reconcile_together

AREA = "duty_exemptions"
LONGEST = Key(
    "compliance.exemption_months",
    "免予最长几个月",
    12,
    unit="个月",
    minimum=1,
    maximum=36,
    help="到期自动恢复；仍需免予的另行批准，未见全国统一规定，按本县口径",
)


class Refused(ValueError):
    """Not done; the message says what is wrong and what to do. `field` is the form's field meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


@transaction.atomic
def grant(
    *,
    rule: str,
    organisation: Organisation,
    starts_on: datetime.date,
    ends_on: datetime.date,
    reason: str,
    by,
    today: datetime.date,
) -> Exemption:
    """Waive a rule between two days, both included; the duties of those days are judged at once.

    A period is waived when its last day lies between them. Refuses an empty reason, days the
    wrong way round, more months than the county allows, and days waived already.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check(rule, organisation, starts_on, ends_on, reason, today)
    exemption = Exemption.objects.create(
        rule=rule,
        organisation=organisation,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
        approved_by=by,
        approved_on=today,
    )
    _record("批准免予", exemption, by, reason=exemption.reason)
    _judge_again(exemption, today)
    return exemption


def _check(rule, organisation, starts_on, ends_on, reason, today) -> None:
    if not reason.strip():
        raise Refused("请写明免予的理由", "reason")
    if ends_on < starts_on:
        raise Refused("截止日期早于开始日期，请核对", "ends_on")
    most = Values().on(LONGEST, today)
    if ends_on >= add_months(starts_on, most):
        raise Refused(
            f"一次最长免予 {most} 个月，请把截止日期改到{full_date(add_months(starts_on, most))}以前",
            "ends_on",
        )
    known = (
        Exemption.objects.standing()
        .filter(
            rule=rule, organisation=organisation, starts_on__lte=ends_on, ends_on__gte=starts_on
        )
        .first()
    )
    if known:
        raise Refused(
            f"{full_date(known.starts_on)}至{full_date(known.ends_on)}已批准免予，请填那以外的日期",
            "starts_on",
        )


@transaction.atomic
def withdraw(exemption: Exemption, *, reason: str, by, today: datetime.date) -> bool:
    """Take an exemption back as if it had not been given; returns whether it still stood."""
    exemption = Exemption.objects.select_for_update(of=("self",)).get(pk=exemption.pk)
    if exemption.withdrawn_on:
        return False
    if not reason.strip():
        raise Refused("请写明撤回的理由", "reason")
    exemption.withdrawn_on = today
    exemption.save(update_fields=["withdrawn_on"])
    _record("撤回免予", exemption, by, reason=reason.strip())
    _judge_again(exemption, today)
    return True


def _record(action: str, exemption: Exemption, by, *, reason: str) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=exemption.pk,
        label=RULES[exemption.rule].title,
        organisation_id=exemption.organisation_id,
        after={
            "要求": RULES[exemption.rule].title,
            "自": f"{exemption.starts_on:%Y-%m-%d}",
            "至": f"{exemption.ends_on:%Y-%m-%d}",
        },
        reason=reason,
    )


def _judge_again(exemption: Exemption, today: datetime.date) -> None:
    """The duties that the exemption touches, and only those."""
    rule, values = RULES[exemption.rule], Values()
    # The minute's run then foresees anew what the exemption takes out of the days to come.
    note_change(exemption.organisation_id, min(rule.areas), exemption.starts_on, exemption.ends_on)
    asked = []
    for period in horizon_on(today, values).periods(rule):
        last = min(period.ends_on, today) if period else today
        if exemption.starts_on <= last <= exemption.ends_on:
            asked.append(Asked(rule, period, {exemption.organisation_id}))
    reconcile_together(asked, as_of=today, values=values)
