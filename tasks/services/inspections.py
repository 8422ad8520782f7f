"""Rounds of inspection (督查、抽查): planned, filled with organisations, closed or cancelled.

What happens at a visit is in `inspection_visits`. Until a visit is recorded its trail lines belong to
who inspects: an unannounced visit leaves no trace with whom it is meant for.
"""

import datetime
import secrets
from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from tasks.draws import drawn
from tasks.enums import InspectionKind, InspectionState
from tasks.models import Inspection, InspectionVisit
from tasks.services import Refused
from tasks.services.kept import differing, held, keep

TRAIL_AREA = "inspection_rounds"
_OPEN = (InspectionState.PLANNED, InspectionState.RUNNING)


@dataclass(frozen=True)
class RoundFacts:
    """What a person says about a round."""

    kind: str
    title: str
    inspectors: str
    starts_on: datetime.date
    ends_on: datetime.date
    scope: str = ""
    campaign: int | None = None


@transaction.atomic
def plan_round(*, organisation: Organisation, facts: RoundFacts, by) -> Inspection:
    """Plan a round below `organisation`. Refuses a branch, no title, nobody who inspects, days the
    wrong way round, and a title which that organisation has used in the same year."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if organisation.is_branch:
        raise Refused("督查由党委、党工委或县委组织", "organisation")
    _check(organisation, facts)
    round_ = Inspection.objects.create(organisation=organisation, entered_by=by, **_plain(facts))
    _line("制定督查", round_, by=by, after=_said(round_))
    return round_


@transaction.atomic
def change_round(*, round_: Inspection, version: int, facts: RoundFacts, by) -> Inspection:
    """Put a round right. Refuses what `plan_round` refuses, a round that is over, an old version."""
    Organisation.objects.select_for_update(no_key=True).get(pk=round_.organisation_id)
    round_ = open_round(round_, version)
    _check(round_.organisation, facts, round_)
    before = _said(round_)
    keep(round_, **_plain(facts))
    old, new = differing(before, _said(round_))
    _line("修改督查", round_, by=by, before=old, after=new)
    return round_


@transaction.atomic
def choose_organisations(
    *, round_: Inspection, version: int, organisations, unannounced: bool, by, on: datetime.date
) -> list[InspectionVisit]:
    """Put organisations into a round by hand; those that are in it already stay as they are.

    Refuses nobody, one that is not below who inspects or does not stand on that day, a round that
    is over, and an old version.
    """
    round_ = open_round(round_, version)
    chosen = list(organisations)
    if not chosen:
        raise Refused("请勾选要督查的组织", "organisations")
    allowed = set(candidates(round_, on).values_list("pk", flat=True))
    if strange := [one for one in chosen if one.pk not in allowed]:
        names = "、".join(one.short_name for one in strange)
        raise Refused(f"{names}不在督查范围内或已撤销，请重新选择", "organisations")
    made = _add(round_, chosen, unannounced, by)
    if not made:
        raise Refused("选的组织都已在这次督查里", "organisations")
    keep(round_)
    after = {"组织": _names(made), "不打招呼": "是" if unannounced else "否"}
    _line("选定督查对象", round_, by=by, after=after)
    return made


@transaction.atomic
def draw_organisations(
    *,
    round_: Inspection,
    version: int,
    count: int,
    pool,
    pool_name: str,
    seed: str = "",
    unannounced: bool,
    by,
    on: datetime.date,
) -> list[InspectionVisit]:
    """随机抽取 `count` of `pool`, a queryset of organisations, leaving out those in the round.

    Seed, pool and what was drawn are kept with the round, so that anybody can make the draw again;
    without a seed one is drawn. Refuses fewer than 1, more than there are, a round that is over and
    an old version.
    """
    round_ = open_round(round_, version)
    there = round_.visits.values_list("organisation_id", flat=True)
    below = candidates(round_, on).filter(pk__in=pool.values("pk")).exclude(pk__in=there)
    by_code = {one.code: one for one in below.order_by("code")}
    if not 1 <= count <= len(by_code):
        raise Refused(f"可抽的组织有 {len(by_code)} 个，请填 1 到 {len(by_code)} 之间的数", "count")
    seed = seed.strip() or f"{on:%Y%m%d}-{secrets.randbelow(10**6):06}"
    codes = drawn(seed, by_code, count)
    made = _add(round_, [by_code[code] for code in codes], unannounced, by)
    draw = {
        "on": on.isoformat(),
        "by": str(by or trail.SYSTEM),
        "seed": seed,
        "count": count,
        "pool_name": pool_name,
        "pool": sorted(by_code),
        "drawn": codes,
    }
    keep(round_, draws=[*round_.draws, draw])
    after = {
        "随机种子": seed,
        "抽取范围": f"{pool_name}，{len(by_code)} 个",
        "抽中": _names(made),
        "不打招呼": "是" if unannounced else "否",
    }
    _line("随机抽取督查对象", round_, by=by, after=after)
    return made


@transaction.atomic
def remove_visit(*, visit: InspectionVisit, version: int, reason: str, by) -> None:
    """Take an organisation out of a round before it was visited. What was drawn by lot leaves only
    with a reason. Refuses a visit that is recorded, and an old version."""
    round_ = Inspection.objects.select_for_update().get(pk=visit.inspection_id)
    visit = held(visit, version)
    if round_.state not in _OPEN:
        raise Refused(_over(round_))
    if visit.visited_on:
        raise Refused("已登记到点情况，不能移出，请核对")
    code = visit.organisation.code
    if not reason.strip() and any(code in draw["drawn"] for draw in round_.draws):
        raise Refused("这是随机抽中的组织，移出要写明原因", "reason")
    before = {"组织": visit.organisation.short_name}
    visit.delete()
    _line("移出督查对象", round_, by=by, before=before, reason=reason.strip())


@transaction.atomic
def close_round(
    *, round_: Inspection, version: int, summary: str, by, on: datetime.date
) -> Inspection:
    """End a round with its summary. Refuses without a summary, without any visit, a round that is
    over, and an old version. Organisations that were not visited stay on record as such."""
    round_ = open_round(round_, version)
    if not summary.strip():
        raise Refused("请写督查总结", "summary")
    if not round_.visits.filter(visited_on__isnull=False).exists():
        raise Refused("还没有登记到点情况；不督查了请取消这次督查")
    before = {"状态": round_.get_state_display()}
    keep(round_, summary=summary.strip(), state=InspectionState.CLOSED)
    after = {"状态": round_.get_state_display(), "结束日期": full_date(on)}
    _line("结束督查", round_, by=by, before=before, after=after)
    return round_


@transaction.atomic
def cancel_round(*, round_: Inspection, version: int, reason: str, by) -> Inspection:
    """Call a round off. Refuses without a reason, one with a recorded visit, one that is over, and
    an old version."""
    round_ = open_round(round_, version)
    if not reason.strip():
        raise Refused("请写明取消的原因", "reason")
    if round_.visits.filter(visited_on__isnull=False).exists():
        raise Refused("已有到点记录，不能取消，请写总结结束这次督查")
    before = {"状态": round_.get_state_display()}
    keep(round_, state=InspectionState.CANCELLED)
    after = {"状态": round_.get_state_display()}
    _line("取消督查", round_, by=by, before=before, after=after, reason=reason.strip())
    return round_


# --- Checks and words -------------------------------------------------------------------------


def candidates(round_: Inspection, on: datetime.date):
    """Organisations that may be visited: everything that stands below who inspects."""
    return (
        Organisation.objects.within(round_.organisation)
        .exclude(pk=round_.organisation_id)
        .standing(on, on)
    )


def open_round(round_: Inspection, version: int | None = None) -> Inspection:
    """The round, locked; refused where it is over, or the version is not the newest."""
    if version is None:
        round_ = Inspection.objects.select_for_update().get(pk=round_.pk)
    else:
        round_ = held(round_, version)
    if round_.state not in _OPEN:
        raise Refused(_over(round_))
    return round_


def _over(round_: Inspection) -> str:
    return f"这次督查{round_.get_state_display()}，不能再改"


def _check(organisation: Organisation, facts: RoundFacts, round_: Inspection | None = None) -> None:
    if facts.kind not in InspectionKind.values:
        raise Refused("请选督查方式", "kind")
    if not facts.title.strip():
        raise Refused("请填督查名称", "title")
    if not facts.inspectors.strip():
        raise Refused("请填督查人员", "inspectors")
    if facts.ends_on < facts.starts_on:
        raise Refused("结束日期早于开始日期，请核对", "ends_on")
    same = Inspection.objects.filter(
        organisation=organisation, title=facts.title.strip(), starts_on__year=facts.starts_on.year
    )
    if round_ is not None:
        same = same.exclude(pk=round_.pk)
    if same.exists():
        raise Refused(f"{facts.starts_on.year} 年已有同名的督查，请换个名称，如加上次数", "title")


def _plain(facts: RoundFacts) -> dict:
    return {
        "kind": facts.kind,
        "title": facts.title.strip(),
        "scope": facts.scope.strip(),
        "inspectors": facts.inspectors.strip(),
        "starts_on": facts.starts_on,
        "ends_on": facts.ends_on,
        "campaign_id": facts.campaign,
    }


def _add(round_: Inspection, chosen, unannounced: bool, by) -> list[InspectionVisit]:
    there = set(round_.visits.values_list("organisation_id", flat=True))
    return InspectionVisit.objects.bulk_create(
        [
            InspectionVisit(
                inspection=round_, organisation=one, unannounced=unannounced, entered_by=by
            )
            for one in chosen
            if one.pk not in there
        ]
    )


def _names(visits: list[InspectionVisit]) -> str:
    return "、".join(visit.organisation.short_name for visit in visits)


def _said(round_: Inspection) -> dict[str, str]:
    return {
        "方式": InspectionKind(round_.kind).label,
        "督查名称": round_.title,
        "督查内容": round_.scope,
        "督查人员": round_.inspectors,
        "开始日期": full_date(round_.starts_on),
        "结束日期": full_date(round_.ends_on),
        "工作方案": str(round_.campaign or ""),
    }


def _line(action: str, round_: Inspection, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=round_.pk,
        label=f"{round_.organisation.short_name} {round_.title}",
        organisation_id=round_.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
