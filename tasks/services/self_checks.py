"""自查报告: a branch writes and hands in its report on a campaign, the superior returns or accepts it."""

import datetime
from dataclasses import asdict, dataclass

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from tasks.enums import CampaignState, SelfCheckState, TaskState
from tasks.models import Campaign, SelfCheck, Task
from tasks.services import Refused
from tasks.services.kept import ChangedMeanwhile, held, keep

TRAIL_AREA = "self_checks"
# The branch still writes.
WRITING = (SelfCheckState.DRAFT, SelfCheckState.RETURNED)
# The branch has done its part.
HANDED_IN = (SelfCheckState.SUBMITTED, SelfCheckState.ACCEPTED)
_LABELS = {"done": "主要做法和成效", "problems": "存在问题", "plans": "下一步打算"}


@dataclass(frozen=True)
class ReportFacts:
    """The three parts of a report, as the secretary words them."""

    done: str = ""
    problems: str = ""
    plans: str = ""


def asked_of(campaign: Campaign):
    """The branches that owe a report: those to which the campaign gave a task."""
    given = Task.objects.filter(measure__campaign=campaign).exclude(state=TaskState.CANCELLED)
    return Organisation.objects.branches().filter(pk__in=given.values("organisation"))


@transaction.atomic
def save_draft(
    *, campaign: Campaign, organisation: Organisation, facts: ReportFacts, version: int, by
) -> SelfCheck:
    """Keep what was written so far; the first time with version 0.

    Refuses a campaign that asks for no report or is not running, a branch it gave no task, a report
    that has been handed in, and a version that is not the newest.
    """
    check = _held(campaign, organisation, version, by)
    before = _described(check)
    keep(check, **asdict(facts))
    _line("保存自查报告", check, by=by, before=before)
    return check


@transaction.atomic
def submit(
    *,
    campaign: Campaign,
    organisation: Organisation,
    facts: ReportFacts,
    figures: list[dict],
    version: int,
    by,
    on: datetime.date,
) -> SelfCheck:
    """Hand the report in (报送) with what the ledgers said that day; late ones are taken as well.

    Refuses what `save_draft` refuses, and a report without what was done or what is lacking.
    """
    check = _held(campaign, organisation, version, by)
    for name in ("done", "problems"):
        if not getattr(facts, name).strip():
            raise Refused(f"请写{_LABELS[name]}，没有的写“无”", name)
    before = _described(check)
    keep(
        check,
        **asdict(facts),
        figures=figures,
        state=SelfCheckState.SUBMITTED,
        submitted_on=on,
    )
    _line("报送自查报告", check, by=by, before=before)
    return check


@transaction.atomic
def return_report(
    *, check: SelfCheck, version: int, opinion: str, by, on: datetime.date
) -> SelfCheck:
    """Send the report back (退回补充). Refuses without an opinion, and one that is not handed in."""
    if not opinion.strip():
        raise Refused("退回要写明意见，让支部知道补充什么", "opinion")
    return _review("退回自查报告", check, version, SelfCheckState.RETURNED, opinion, by, on)


@transaction.atomic
def accept(
    *, check: SelfCheck, version: int, by, on: datetime.date, opinion: str = ""
) -> SelfCheck:
    """Take the report as it is (审阅通过). Refuses one that is not handed in."""
    return _review("审阅自查报告", check, version, SelfCheckState.ACCEPTED, opinion, by, on)


def _held(campaign: Campaign, organisation: Organisation, version: int, by) -> SelfCheck:
    """The branch's report, locked and writable; made the first time."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    campaign = Campaign.objects.get(pk=campaign.pk)
    if campaign.self_check_on is None:
        raise Refused("这个方案没有要求自查报告")
    if campaign.state != CampaignState.RUNNING:
        raise Refused(f"方案{campaign.get_state_display()}，只有实施中的方案可以写自查报告")
    if not asked_of(campaign).filter(pk=organisation.pk).exists():
        raise Refused("这个方案没有分解到本支部的任务，不用报送自查报告")
    check = SelfCheck.objects.filter(campaign=campaign, organisation=organisation).first()
    if check is None:
        if version:
            raise Refused("没有找到这份自查报告，请重新打开再填")
        return SelfCheck.objects.create(
            campaign=campaign, organisation=organisation, entered_by=by, version=0
        )
    if check.state not in WRITING:
        raise Refused(f"自查报告{check.get_state_display()}，上级退回后才能再改")
    if check.version != version:
        raise ChangedMeanwhile(check)
    return held(check, version)


def _review(action, check, version, state, opinion, by, on) -> SelfCheck:
    check = held(check, version)
    if check.state != SelfCheckState.SUBMITTED:
        raise Refused(f"自查报告现在是“{check.get_state_display()}”，请看最新情况再办")
    before = _described(check)
    keep(check, state=state, opinion=opinion.strip(), reviewed_on=on, reviewed_by=by)
    _line(action, check, by=by, before=before, reason=opinion.strip())
    return check


def _described(check: SelfCheck) -> dict[str, str]:
    """What the trail says of a report: its state and days, and its words cut short."""
    return {
        "状态": check.get_state_display(),
        "报送日期": full_date(check.submitted_on),
        **{label: getattr(check, name)[:200] for name, label in _LABELS.items()},
    }


def _line(action: str, check: SelfCheck, *, by, before: dict, reason: str = "") -> None:
    after = _described(check)
    changed = [name for name in after if before[name] != after[name]]
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=check.pk,
        label=f"{check.organisation} {check.campaign.title} 自查报告",
        organisation_id=check.organisation_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
