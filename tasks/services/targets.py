"""What was reached of a campaign's targets, where no figure of the system says it."""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.words import full_date
from tasks.contradictions import number
from tasks.enums import CampaignState
from tasks.models import Target
from tasks.services import Refused
from tasks.target_figures import FIGURES

TRAIL_AREA = "campaigns"


@transaction.atomic
def enter_reached(
    *,
    target: Target,
    value: Decimal,
    as_of: datetime.date,
    known: str,
    by,
    today: datetime.date,
) -> Target:
    """The lead writes what was reached, in the target's unit, and the day it holds for.

    Refuses a figure the system computes, a plan that is not running, a day to come or before the
    plan, a share outside 0–100 %, and a value that somebody changed since (`known`, as `said`).
    """
    target = (
        Target.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=target.pk)
    )
    campaign = target.campaign
    if target.figure in FIGURES:
        raise Refused("这个指标由系统按台账计算，不用填写")
    if campaign.state != CampaignState.RUNNING:
        raise Refused(f"方案{campaign.get_state_display()}，只有实施中的方案可以填写进度")
    if as_of > today:
        raise Refused("截止日期在今天之后，请核对", "as_of")
    if as_of < campaign.starts_on:
        raise Refused(f"方案{full_date(campaign.starts_on)}才开始，请核对日期", "as_of")
    if value < 0 or (target.unit == "%" and value > 100):
        raise Refused("比例应在 0 到 100 之间，数目不能是负数，请核对", "value")
    before = said(target)
    if before != known:
        raise Refused(f"刚被别人填为{before or '空'}，你填的还在，核对后再保存一次")
    target.reached, target.reached_on = value, as_of
    target.save(update_fields=["reached", "reached_on"])
    trail.record(
        by=by,
        action="填写目标进度",
        area=TRAIL_AREA,
        object_id=campaign.pk,
        label=f"{campaign.title} {target.subject}"[:200],
        organisation_id=campaign.organisation_id,
        before={target.subject: before},
        after={target.subject: said(target)},
    )
    return target


def said(target: Target) -> str:
    """What was entered, with its day: 58.5%，截至2026年6月30日; "" for nothing."""
    if target.reached is None:
        return ""
    return f"{number(target.reached)}{target.unit}，截至{full_date(target.reached_on)}"
