"""Requests about one member's dues: asked by the branch, decided by its superior.

An approved reduction or exemption changes what is owed from its first month on; leave to pay for
months long past changes nothing that is owed. Source: 中组发〔2008〕3号 Art. 7, 12.
"""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import add_months, month_end, months_between
from branches.values import Values
from branches.words import full_date
from dues import standing
from dues.enums import LIVE_REQUESTS, RELIEFS, RequestKind, RequestState
from dues.models import DuesRequest
from dues.services import AREA, Refused, charges
from dues.services.checks import lock_members
from dues.values import RELIEF_MONTHS
from dues.words import money, month_label
from members.models import Member

# The area of trail lines: a request and a member may have the same key.
TRAIL_AREA = "dues_requests"


@transaction.atomic
def ask(
    *,
    member: Member,
    organisation: Organisation,
    kind: str,
    from_month: datetime.date,
    until_month: datetime.date,
    reason: str,
    by,
    today: datetime.date,
    asked_on: datetime.date | None = None,
    amount: Decimal | None = None,
) -> DuesRequest:
    """Ask the superior to reduce or remit a member's dues for some months, or to allow a back
    payment of months long past.

    Refuses an end before the beginning, months in which the member is not in the branch, months
    that another request covers, a reduction to no less than the standard, months before the
    county keeps dues, and a back payment that needs no leave. Changes nothing that is owed.
    """
    lock_members([member.pk])
    asked_on = asked_on or today
    if asked_on > today:
        raise Refused(f"请示日期{full_date(asked_on)}还没有到，请核对", "asked_on")
    if not reason.strip():
        raise Refused("请写明依据", "reason")
    if until_month < from_month:
        raise Refused("结束月份早于开始月份，请核对", "until_month")
    if kind == RequestKind.BACK_PAYMENT:
        _refuse_back(member, from_month, until_month, today)
    else:
        _refuse_relief(member, kind, from_month, until_month, amount, today)
    _refuse_absent(member, organisation, from_month, until_month, today)
    _refuse_overlap(member, kind, from_month, until_month)
    request = DuesRequest.objects.create(
        organisation=organisation,
        member=member,
        kind=kind,
        from_month=from_month,
        until_month=until_month,
        amount=amount if kind == RequestKind.REDUCTION else None,
        reason=reason.strip(),
        asked_on=asked_on,
        asked_by=by,
    )
    _line(f"提出{_title(request)}", request, by=by, after=_said(request), reason=request.reason)
    _note(request)
    return request


@transaction.atomic
def withdraw(*, request: DuesRequest, by) -> None:
    """The branch takes back what it asked. Refuses a request that is decided or taken back."""
    request = _locked(request)
    _refuse_decided(request)
    before = _state(request)
    request.state = RequestState.WITHDRAWN
    request.save(update_fields=["state"])
    _line(f"撤回{_title(request)}", request, by=by, before=before, after=_state(request))
    _note(request)


@transaction.atomic
def decide(
    *,
    request: DuesRequest,
    approved: bool,
    on: datetime.date,
    by,
    today: datetime.date,
    opinion: str = "",
) -> DuesRequest:
    """The superior approves or returns a request; what is owed follows an approved one at once.

    Refuses a request that somebody decided meanwhile, one's own, a return without opinion, a day
    to come or before the request, and a reduction to no less than the standard of now.
    """
    request = _locked(request)
    _refuse_decided(request)
    if by is not None and request.asked_by_id == by.pk:
        raise Refused("自己提出的请示不能自己审批，请上级的其他同志办理")
    if not approved and not opinion.strip():
        raise Refused("退回要写明意见，让支部知道差在哪里", "opinion")
    if not request.asked_on <= on <= today:
        raise Refused(f"审批日期应在{full_date(request.asked_on)}到今天之间，请核对", "on")
    if approved and request.kind == RequestKind.REDUCTION:
        _refuse_no_reduction(request.member, request.from_month, request.amount)
    before = _state(request)
    request.state = RequestState.APPROVED if approved else RequestState.RETURNED
    request.decided_on, request.decided_by, request.opinion = on, by, opinion.strip()
    request.save(update_fields=["state", "decided_on", "decided_by", "opinion"])
    _line(
        f"{'同意' if approved else '退回'}{_title(request)}",
        request,
        by=by,
        before=before,
        after=_state(request) | {"审批日期": full_date(on)},
        reason=request.opinion,
    )
    _note(request)
    if approved and request.kind in RELIEFS:
        words = f"{request.get_kind_display()}请示已同意，{span_words(request)}"
        charges.settle([request.member_id], request.from_month, today=today, reason=words, by=by)
    return request


@transaction.atomic
def end_early(
    *, request: DuesRequest, last_month: datetime.date, reason: str, by, today: datetime.date
) -> DuesRequest:
    """An approved reduction or exemption ends after `last_month`; what is owed follows at once.

    One that has not begun is taken back whole by naming a month before it. Refuses others than
    approved reliefs, a month that is no earlier end, and no reason.
    """
    request = _locked(request)
    if request.kind not in RELIEFS or request.state != RequestState.APPROVED:
        raise Refused("只有已同意的减缴、免缴才能提前结束")
    if not reason.strip():
        raise Refused("请写明为什么提前结束", "reason")
    if last_month >= request.until_month:
        raise Refused(f"原定到{month_label(request.until_month)}，请填更早的月份", "last_month")
    this_month = today.replace(day=1)
    if last_month < request.from_month and request.from_month <= this_month:
        raise Refused(f"从{month_label(request.from_month)}已经执行，最早填这个月", "last_month")
    before = _state(request) | {"至": month_label(request.until_month)}
    changed_from = max(add_months(last_month, 1), request.from_month)
    if last_month < request.from_month:
        request.state = RequestState.WITHDRAWN
    else:
        request.until_month = last_month
    request.save(update_fields=["state", "until_month"])
    after = _state(request) | {"至": month_label(request.until_month)}
    _line(
        f"提前结束{request.get_kind_display()}",
        request,
        by=by,
        before=before,
        after=after,
        reason=reason,
    )
    _note(request)
    words = f"提前结束{request.get_kind_display()}：{reason.strip()}"[:200]
    charges.settle([request.member_id], changed_from, today=today, reason=words, by=by)
    return request


# --- What is refused ----------------------------------------------------------------------


def _refuse_back(member: Member, from_month, until_month, today: datetime.date) -> None:
    limit = standing.back_limit(today)
    if until_month > today:
        raise Refused("还没有到的月份不用补交，请核对", "until_month")
    if until_month >= limit:
        newest = month_label(add_months(limit, -1))
        raise Refused(
            f"{newest}以后的月份可以直接登记，不用请示；这里只填更早的月份", "until_month"
        )
    start = standing.kept_since(today)
    if from_month < start and standing.opening_in(member, from_month) is None:
        raise Refused(f"本县从{month_label(start)}起记党费，更早的先登记期初欠缴", "from_month")


def _refuse_relief(member: Member, kind: str, from_month, until_month, amount, today) -> None:
    if from_month < standing.kept_since(today):
        raise Refused("开始月份在本县启用党费台账以前，不影响这里的应缴，请核对", "from_month")
    this_month = today.replace(day=1)
    longest = Values().on(RELIEF_MONTHS, today)
    latest = add_months(max(from_month, this_month), longest - 1)
    if until_month > latest:
        raise Refused(
            f"一次最多报 {longest} 个月，到期仍有困难再请示，请改到{month_label(latest)}以前",
            "until_month",
        )
    if kind == RequestKind.REDUCTION:
        if amount is None or amount <= 0:
            raise Refused("请填减缴后每月交多少；一分不交的请选免缴", "amount")
        _refuse_no_reduction(member, from_month, amount)


def _refuse_no_reduction(member: Member, from_month: datetime.date, amount: Decimal) -> None:
    approved = standing.approved_in([member.pk], from_month).get(member.pk)
    if approved is None:
        raise Refused(f"{member.name}还没有核定月应缴，先核定标准再请示减缴", "amount")
    if amount >= approved.amount:
        raise Refused(
            f"减缴后每月 {money(amount)}，不低于核定的月应缴 {money(approved.amount)}，请核对",
            "amount",
        )


def _refuse_absent(member: Member, organisation, from_month, until_month, today) -> None:
    """Months of an opening balance are held against that instead."""
    opening = standing.opening_of(member)
    first = max(from_month, standing.kept_since(today))
    stays = list(
        standing.memberships_in(from_month, month_end(until_month)).filter(
            member=member, organisation=organisation
        )
    )
    for month in months_between(first, until_month):
        if opening and opening.covers(month):
            continue
        if not any(
            (stay.starts_on is None or stay.starts_on <= month_end(month))
            and (stay.ends_on is None or stay.ends_on >= month)
            for stay in stays
        ):
            raise Refused(f"{member.name}{month_label(month)}不在本支部，请核对月份", "from_month")


def _refuse_overlap(member: Member, kind: str, from_month, until_month) -> None:
    alike = (kind,) if kind == RequestKind.BACK_PAYMENT else RELIEFS
    other = DuesRequest.objects.filter(
        member=member,
        kind__in=alike,
        state__in=LIVE_REQUESTS,
        from_month__lte=until_month,
        until_month__gte=from_month,
    ).first()
    if other:
        raise Refused(
            f"{member.name}{span_words(other)}已有一份“{other.get_kind_display()}”请示"
            f"（{other.get_state_display()}），请看那一份或改月份",
            "from_month",
        )


def _refuse_decided(request: DuesRequest) -> None:
    if request.state != RequestState.ASKED:
        raise Refused(f"这份请示已是“{request.get_state_display()}”，请看最新情况")


# --- Helpers ------------------------------------------------------------------------------


def span_words(request: DuesRequest) -> str:
    """2026年3月, or 2026年3月至8月, or 2026年11月至2027年2月."""
    first, last = request.from_month, request.until_month
    if first == last:
        return month_label(first)
    end = f"{last.month}月" if last.year == first.year else month_label(last)
    return f"{month_label(first)}至{end}"


def _locked(request: DuesRequest) -> DuesRequest:
    """The request as it stands, held until the transaction ends, after its member."""
    lock_members([request.member_id])
    return (
        DuesRequest.objects.select_for_update(of=("self",))
        .select_related("member", "organisation")
        .get(pk=request.pk)
    )


def _title(request: DuesRequest) -> str:
    return f"{request.get_kind_display()}请示"


def _state(request: DuesRequest) -> dict[str, str]:
    return {"状态": request.get_state_display()}


def _said(request: DuesRequest) -> dict[str, str]:
    words = {"月份": span_words(request), "请示日期": full_date(request.asked_on)}
    if request.amount is not None:
        words["减缴后每月"] = money(request.amount)
    return words


def _line(action: str, request: DuesRequest, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=request.pk,
        label=f"{request.member.name} {span_words(request)}",
        organisation_id=request.organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )


def _note(request: DuesRequest) -> None:
    note_change(request.organisation_id, AREA, request.from_month, month_end(request.until_month))
