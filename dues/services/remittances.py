"""A branch's dues of a quarter go up: prepared, sent, confirmed or returned by the superior.

Payments and senders are locked so that they do not disturb the entry of new payments (those wait
for nobody, and go with the next quarter); each entry goes up once.
"""

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts import trail
from branches.attachments import attach
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import Period
from branches.words import full_date
from dues.enums import GONE_UP, RemittanceState
from dues.models import Payment, Remittance
from dues.remitting import (
    has_dues,
    loose_entries,
    months_of,
    open_quarter_before,
    opens_on,
    quarter_on,
)
from dues.services import AREA, Refused
from dues.words import NOTHING, money, sum_text

# The area of trail lines and files: a remittance and a member may have the same key.
TRAIL_AREA = "remittances"


class EarlierOpen(Refused):
    """An earlier quarter has not gone up yet; `quarter` is that one."""

    def __init__(self, quarter: Period):
        super().__init__(f"{quarter.label}的党费还没有上缴，请先登记{quarter.label}的")
        self.quarter = quarter


class ChangedMeanwhile(Refused):
    """The ledger is not what the sender saw; `computed` is what it comes to now."""

    def __init__(self, computed: Decimal):
        super().__init__(
            f"台账刚有变动，应上缴现在是 {money(computed)} 元，请核对金额后再报一次", "amount"
        )
        self.computed = computed


# --- The branch -----------------------------------------------------------------------------


@transaction.atomic
def save_draft(
    *,
    organisation: Organisation,
    quarter: Period,
    amount: Decimal,
    remitted_on: datetime.date,
    by,
    today: datetime.date,
    slip_number: str = "",
    explanation: str = "",
    uploads: Iterable = (),
) -> Remittance:
    """Prepare what the secretary will send; the entries stay in the branch's hands.

    Refuses what `send` refuses about quarter, day and sum, but asks for no slip yet. What was
    returned is a draft again, with the superior's reason still beside it.
    """
    _lock(organisation)
    remittance = _row(organisation, quarter)
    before = _words(remittance) if remittance.pk else {}
    _refuse_gone(remittance)
    _refuse_quarter(quarter, today)
    _refuse_facts(quarter, amount, remitted_on, today)
    entries = list(loose_entries(organisation, quarter, today))
    _put(remittance, amount, remitted_on, slip_number, explanation, entries)
    remittance.state = RemittanceState.DRAFT
    remittance.save()
    _write_line("保存上缴登记", remittance, by=by, before=before, uploads=uploads)
    return remittance


@transaction.atomic
def send(
    *,
    organisation: Organisation,
    quarter: Period,
    amount: Decimal,
    remitted_on: datetime.date,
    slip_number: str,
    by,
    today: datetime.date,
    explanation: str = "",
    seen: Decimal | None = None,
    uploads: Iterable = (),
) -> Remittance:
    """Send the quarter up: the entries in the branch's hands go with it.

    `seen` is the sum the sender was shown. Refuses a quarter to come or that is not collected yet
    (before its last month), one that has gone up, one after another that has not; a day to come or
    before the quarter; a sum of entries below nothing; no slip number for a sum handed over; another
    sum than the ledger's without an explanation. Source: PLAN-0 (each quarter); county value.
    """
    _lock(organisation)
    remittance = _row(organisation, quarter)
    before = _words(remittance) if remittance.pk else {}
    _refuse_gone(remittance)
    _refuse_quarter(quarter, today)
    if earlier := open_quarter_before(organisation, quarter, today):
        raise EarlierOpen(earlier)
    entries = list(
        loose_entries(organisation, quarter, today).order_by("pk").select_for_update(no_key=True)
    )
    if not entries and not has_dues(organisation, quarter):
        raise Refused(f"{quarter.label}没有应缴和实缴的党费，不用上缴")
    computed = _put(remittance, amount, remitted_on, slip_number, explanation, entries)
    if computed < 0:
        raise Refused(_below_nothing(quarter, entries))
    if seen is not None and seen != computed:
        raise ChangedMeanwhile(computed)
    _refuse_facts(quarter, amount, remitted_on, today)
    last = max((entry.paid_on for entry in entries if entry.paid_on), default=None)
    if last and last > remitted_on:
        raise Refused(
            f"其中有{full_date(last)}才收到的党费，上缴日期不会更早，请核对", "remitted_on"
        )
    if amount and not remittance.slip_number:
        raise Refused("请填回单号（银行回单或上级收据上的号码）", "slip_number")
    if amount != computed and not remittance.explanation:
        raise Refused(
            f"上缴金额与台账的 {money(computed)} 元差 {money(abs(amount - computed))} 元，"
            "请写明差额说明",
            "explanation",
        )
    remittance.state = RemittanceState.SENT
    remittance.sent_at, remittance.sent_by = timezone.now(), by
    remittance.decided_on, remittance.decided_by, remittance.opinion = None, None, ""
    remittance.save()
    Payment.objects.filter(pk__in=[entry.pk for entry in entries]).update(remittance=remittance)
    _write_line("报送党费上缴", remittance, by=by, before=before, uploads=uploads)
    return remittance


# --- The superior ---------------------------------------------------------------------------


@transaction.atomic
def confirm(
    *, remittance: Remittance, by, today: datetime.date, seen: Decimal | None = None
) -> Remittance:
    """The superior has the money. Refuses what is not waiting, what one has sent oneself, and
    another sum than was `seen`."""
    return _confirm(_locked(remittance.pk), by, today, seen)


@transaction.atomic
def confirm_many(
    *, remittances: Sequence[tuple[Remittance, Decimal]], by, today: datetime.date
) -> list[Remittance]:
    """Confirm several, each with the sum that was seen: all of them or, if one is refused, none.

    Refuses one whose sum differs from the ledger: its explanation wants to be read by itself.
    """
    if not remittances:
        raise Refused("请先选要确认的上缴")
    confirmed = []
    for chosen, seen in sorted(remittances, key=lambda pair: pair[0].pk):
        row = _locked(chosen.pk)
        if row.amount != row.computed:
            raise Refused(
                f"{row.organisation.short_name}上缴的与台账不一致，请打开看差额说明，单独确认"
            )
        confirmed.append(_confirm(row, by, today, seen))
    return confirmed


@transaction.atomic
def undo_confirmations(*, remittances: Iterable[Remittance], by, today: datetime.date) -> int:
    """Take back own confirmations of the same day; they wait again. What was returned since is
    left alone. Refuses those of somebody else or of another day: these are returned with a reason.
    """
    undone = 0
    for chosen in sorted(remittances, key=lambda one: one.pk):
        row = _locked(chosen.pk)
        if row.state != RemittanceState.CONFIRMED:
            continue
        if (row.decided_by_id, row.decided_on) != (by.pk, today):
            raise Refused(
                f"{row.organisation.short_name}这一笔不是今天由你确认的，要撤回请用“退回”并写明原因"
            )
        before = _words(row)
        row.state, row.decided_on, row.decided_by = RemittanceState.SENT, None, None
        row.save(update_fields=["state", "decided_on", "decided_by"])
        _write_line("撤销确认上缴", row, by=by, before=before)
        undone += 1
    if not undone:
        raise Refused("没有可以撤销的，可能已经撤销过")
    return undone


@transaction.atomic
def send_back(*, remittance: Remittance, reason: str, by, today: datetime.date) -> Remittance:
    """Return it, waiting or confirmed already: its entries are in the branch's hands again.

    Refuses a return without reason, and what is neither waiting nor confirmed.
    """
    row = _locked(remittance.pk)
    if row.state not in GONE_UP:
        raise Refused(f"这一笔现在是“{row.get_state_display()}”，不用退回，请看最新情况")
    if not reason.strip():
        raise Refused("退回要写明原因，让支部知道改什么", "reason")
    before = _words(row)
    Payment.objects.filter(remittance=row).update(remittance=None)
    row.state, row.opinion = RemittanceState.RETURNED, reason.strip()
    row.decided_on, row.decided_by = today, by
    row.save(update_fields=["state", "opinion", "decided_on", "decided_by"])
    _write_line("退回党费上缴", row, by=by, before=before, reason=reason.strip())
    return row


def _confirm(row: Remittance, by, today: datetime.date, seen: Decimal | None) -> Remittance:
    name = row.organisation.short_name
    if row.state != RemittanceState.SENT:
        who = f"，{row.decided_by}办理" if row.decided_by_id else ""
        raise Refused(f"{name}这一笔现在是“{row.get_state_display()}”{who}，请看最新情况")
    if by is not None and row.sent_by_id == by.pk:
        raise Refused(f"{name}这一笔是自己报送的，不能自己确认，请上级的其他同志办理")
    if seen is not None and seen != row.amount:
        raise Refused(f"{name}重新报送了 {money(row.amount)} 元，请核对后再确认")
    before = _words(row)
    row.state, row.decided_on, row.decided_by = RemittanceState.CONFIRMED, today, by
    row.save(update_fields=["state", "decided_on", "decided_by"])
    _write_line("确认党费上缴", row, by=by, before=before)
    return row


# --- Parts ----------------------------------------------------------------------------------


def _lock(organisation: Organisation) -> None:
    """Two who send for one branch wait for each other; who enters a payment waits for nobody."""
    rows = Organisation.objects.select_for_update(no_key=True).filter(pk=organisation.pk)
    rows.values_list("pk").get()


def _locked(pk: int) -> Remittance:
    """The remittance, held until the transaction ends, with its branch."""
    rows = Remittance.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("organisation", "decided_by").get(pk=pk)


def _row(organisation: Organisation, quarter: Period) -> Remittance:
    """The stored one of the quarter, held; else a new one."""
    known = Remittance.objects.filter(organisation=organisation, quarter=quarter.starts_on).first()
    if known is not None:
        return _locked(known.pk)
    return Remittance(organisation=organisation, quarter=quarter.starts_on)


def _put(remittance, amount, remitted_on, slip_number, explanation, entries) -> Decimal:
    """The facts into the row, with what the entries come to; returns that sum."""
    computed = sum((entry.amount for entry in entries), NOTHING)
    sums: dict[int, Decimal] = {}
    for entry in entries:
        sums[entry.member_id] = sums.get(entry.member_id, NOTHING) + entry.amount
    remittance.amount, remittance.computed = amount, computed
    remittance.member_count = sum(total > 0 for total in sums.values())
    remittance.remitted_on = remitted_on
    remittance.slip_number = slip_number.strip()
    # Kept for a sum that differs only: otherwise there is nothing to explain.
    remittance.explanation = explanation.strip() if amount != computed else ""
    return computed


def _refuse_gone(remittance: Remittance) -> None:
    if remittance.state in GONE_UP:
        who = f"由{remittance.sent_by}" if remittance.sent_by_id else ""
        raise Refused(
            f"这个季度已{who}报送 {money(remittance.amount)} 元"
            f"（{remittance.get_state_display()}），不用再报；要改请上级退回"
        )


def _refuse_quarter(quarter: Period, today: datetime.date) -> None:
    if quarter.starts_on > today:
        raise Refused(f"{quarter.label}还没有到，到时再登记")
    if today < opens_on(quarter):
        raise Refused(f"{quarter.label}还在收缴，{full_date(opens_on(quarter))}起可以登记上缴")


def _refuse_facts(quarter: Period, amount: Decimal, remitted_on, today: datetime.date) -> None:
    if amount < 0:
        raise Refused("上缴金额不能是负数，请核对", "amount")
    if remitted_on > today:
        raise Refused(f"上缴日期{full_date(remitted_on)}还没有到，请核对", "remitted_on")
    if remitted_on < opens_on(quarter):
        raise Refused(
            f"{quarter.label}的党费{full_date(opens_on(quarter))}起才能上缴，请核对日期",
            "remitted_on",
        )


def _below_nothing(quarter: Period, entries) -> str:
    """Why the sum is below nothing, and the way out: the quarter whose payments were taken back."""
    months = set(months_of(quarter))
    first = min(
        (entry.month for entry in entries if entry.amount < 0 and entry.month not in months),
        default=quarter.following.starts_on,
    )
    return (
        "更正冲减的比新收的多，合计是负数，不能上缴。"
        f"请上级先退回{quarter_on(first).label}的上缴，改正后重新报送"
    )


def _words(remittance: Remittance) -> dict[str, str]:
    words = {
        "状态": remittance.get_state_display(),
        "上缴金额": sum_text(remittance.amount) or "0.00",
        "应上缴": sum_text(remittance.computed) or "0.00",
        "人数": f"{remittance.member_count} 人",
        "上缴日期": full_date(remittance.remitted_on),
        "回单号": remittance.slip_number,
        "差额说明": remittance.explanation,
    }
    return {name: value for name, value in words.items() if value}


def _write_line(action: str, remittance, *, by, before, uploads: Iterable = (), reason="") -> None:
    """The trail line, with the files put to the row, and the note for the rules."""
    organisation = remittance.organisation
    quarter = quarter_on(remittance.quarter)
    after = _words(remittance)
    files = attach(
        organisation=organisation,
        area=TRAIL_AREA,
        object_id=remittance.pk,
        uploads=uploads,
        by=by,
    )
    if files:
        after["附件"] = "、".join(file.name for file in files)
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=remittance.pk,
        label=f"{organisation.short_name} {quarter.label}党费",
        organisation_id=organisation.pk,
        before=before,
        after=after,
        reason=reason,
    )
    note_change(organisation.pk, AREA, quarter.starts_on, quarter.ends_on)
