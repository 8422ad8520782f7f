"""What happens to transfers of the formal relation (组织关系转接).

已发起 → 介绍信已开 → 已接收; 退回 and 撤回 end a transfer before that. The membership moves on the
day of reception and not before, so rosters, dues and meetings stay with the old side until then
(党员教育管理工作条例 2019, article 25). Each step locks the transfer and checks its state.
"""

import datetime

from django.db import transaction

from accounts import trail
from branches.changes import note_change, note_changes
from branches.models import Group, Organisation
from branches.periods import add_months
from branches.values import Key
from branches.words import full_date
from members import facts
from members.enums import Gender, TransferState
from members.identity import born_on, gender_digit_is_male
from members.models import Development, Member, Transfer
from members.services import AREA, Refused
from members.services.people import (
    LEFT_COUNTY,
    create_member,
    end_membership,
    move_membership,
    rejoin_branch,
)
from members.services.records import REVEALED, Numbers, reveal_numbers
from members.services.refusals import refuse_target

# The trail's own area: its lines are about a transfer, not about a member of the same number.
TRAIL_AREA = "transfers"
_MONTHS_BACK = 24

LETTER_DAYS = Key(
    "members.letter_days",
    "组织关系介绍信有效天数",
    90,
    unit="天",
    minimum=1,
    maximum=183,
    help="开介绍信时预填，每份可以改短。通行做法不超过 3 个月；跨省的期限各地说法不一，待核实",
)


class StateMoved(Refused):
    """The transfer is in another state than the step starts from; somebody was faster."""

    def __init__(self, transfer: Transfer):
        super().__init__(f"这份转接现在是“{transfer.get_state_display()}”，请看最新情况再办")


def paid_until(member_id: int, day: datetime.date) -> datetime.date | None:
    """The first day of the last month up to which every charged month is paid in full."""
    start = add_months(day.replace(day=1), -_MONTHS_BACK)
    until = None
    for one in facts.dues_of([member_id], start, day).get(member_id, []):
        if one.paid < one.due:
            break
        until = one.month
    return until


@transaction.atomic
def start_transfer(
    *,
    member: Member,
    by,
    on: datetime.date,
    to: Organisation | None = None,
    to_outside: str = "",
    reason: str = "",
    dues_paid_until: datetime.date | None = None,
) -> Transfer:
    """The old branch starts a transfer (发起转接) to a branch of the county or to a place outside.

    Refuses somebody who has left, a second open transfer of one member, the own branch, and a
    branch that holds no formal relations or is dissolved. The membership stays as it is.
    """
    member = (
        Member.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=member.pk)
    )
    if member.left_on:
        raise Refused(f"{member.name}已于{full_date(member.left_on)}离开，不能再转出")
    if Transfer.objects.open().filter(member=member).exists():
        raise Refused(f"{member.name}已有一份在办的转接，请先办完或撤回那一份")
    if to is None and not to_outside.strip():
        raise Refused("请写明转到哪里：本县的支部，或县外的组织")
    if to is not None:
        refuse_target(to, on)
        if to.pk == member.organisation_id:
            raise Refused(f"{member.name}的组织关系已在“{to.name}”，请选另一个支部")
    transfer = Transfer.objects.create(
        member=member,
        name=member.name,
        from_organisation=member.organisation,
        to_organisation=to,
        to_outside="" if to else to_outside.strip(),
        started_on=on,
        reason=reason.strip(),
        dues_paid_until=dues_paid_until,
        started_by=by,
    )
    after = {"转入": transfer.new_side, "党费缴至": _month(dues_paid_until)}
    _trail(transfer, "发起转接", by, transfer.from_organisation_id, after=after, reason=reason)
    return transfer


@transaction.atomic
def register_newcomer(
    *,
    to: Organisation,
    name: str,
    id_number: str,
    from_outside: str,
    by,
    on: datetime.date,
    letter_on: datetime.date,
    valid_days: int,
    letter_number: str = "",
    phone: str = "",
    reason: str = "",
    dues_paid_until: datetime.date | None = None,
) -> Transfer:
    """Register somebody who comes with a letter from outside the county (登记转入).

    Refuses a number that is a standing member's, a second open transfer of that number, and a
    branch that holds no formal relations. Nobody is on the roster before being received.
    """
    refuse_target(to, on)
    transfer = Transfer(
        name=name.strip(),
        from_outside=from_outside.strip(),
        to_organisation=to,
        state=TransferState.LETTER_OUT,
        started_on=on,
        reason=reason.strip(),
        addressee=to.name,
        letter_number=letter_number.strip(),
        letter_on=letter_on,
        valid_days=valid_days,
        dues_paid_until=dues_paid_until,
        started_by=by,
    )
    transfer.set_id_number(id_number)
    transfer.set_phone(phone)
    _refuse_known(transfer)
    transfer.save()
    after = {
        "转出": transfer.from_outside,
        "公民身份号码": transfer.id_number_mask,
        "介绍信": _letter(transfer),
    }
    _trail(transfer, "登记转入", by, to.pk, after=after, reason=reason)
    return transfer


@transaction.atomic
def issue_letter(
    *, transfer: Transfer, number: str, addressee: str, on: datetime.date, valid_days: int, by
) -> Transfer:
    """The superior of the old side opens the letter (开介绍信), or a new one for one run out.

    Refuses a transfer that is over or comes from outside, a letter without number or addressee,
    no valid day at all, and a day before the transfer was started.
    """
    transfer = _held(transfer, TransferState.STARTED, TransferState.LETTER_OUT)
    if transfer.comes_from_outside:
        raise Refused("介绍信由县外的原党组织开具，请在那里换开")
    if not number.strip() or not addressee.strip():
        raise Refused("介绍信要有编号和抬头，请补上")
    if valid_days < 1:
        raise Refused("有效天数至少是 1 天")
    if on < transfer.started_on:
        raise Refused(f"开具日期早于办理日期{full_date(transfer.started_on)}，请核对")
    before = {"状态": transfer.get_state_display(), "介绍信": _letter(transfer)}
    transfer.state = TransferState.LETTER_OUT
    transfer.letter_number, transfer.addressee = number.strip(), addressee.strip()
    transfer.letter_on, transfer.valid_days = on, valid_days
    transfer.save(update_fields=["state", "letter_number", "addressee", "letter_on", "valid_days"])
    after = {"状态": transfer.get_state_display(), "介绍信": _letter(transfer)}
    action = "换开介绍信" if before["介绍信"] else "开介绍信"
    _trail(transfer, action, by, transfer.from_organisation_id, before=before, after=after)
    note_change(transfer.from_organisation_id, AREA, on)
    return transfer


@transaction.atomic
def receive_member(
    *, transfer: Transfer, on: datetime.date, by, group: Group | None = None
) -> Transfer:
    """The new side receives the member and the receipt is noted (接收，回执).

    Inside the county the membership moves on that day; over the border the member leaves with the
    reason 组织关系转往县外. Posts held by then end. Refuses a transfer without a letter and a day before it.
    """
    transfer = _held(transfer, TransferState.LETTER_OUT)
    if transfer.member_id is None:
        raise Refused("从县外转入的，请填写人员类别和入党日期后编入名册")
    _refuse_early(transfer, on)
    member, branch = transfer.member, transfer.to_organisation
    probation = Development.objects.running().filter(member=member)
    if branch is None:
        note = f"转往{transfer.to_outside}"
        end_membership(member=member, reason=LEFT_COUNTY, by=by, on=on, note=note)
        probation.update(ended_on=on, end_reason=LEFT_COUNTY)
    else:
        move_membership(member=member, to=branch, by=by, on=on, group=group, reason=transfer.reason)
        # Whoever is on probation is brought up, and converted, by the new branch.
        probation.update(organisation=branch)
    return _received(transfer, on, by)


@transaction.atomic
def receive_newcomer(
    *,
    transfer: Transfer,
    on: datetime.date,
    by,
    kind: str,
    joined_on: datetime.date,
    confirmed_on: datetime.date | None = None,
    group: Group | None = None,
) -> Transfer:
    """Put somebody from outside onto the roster of the receiving branch (接收并编入名册).

    Who was on the county's roster once comes back on the row kept since. Refuses a transfer that
    is over, one of a member of the county, a day before the letter, and what `create_member` and
    `rejoin_branch` refuse.
    """
    transfer = _held(transfer, TransferState.LETTER_OUT)
    if transfer.member_id or not transfer.comes_from_outside:
        raise Refused("这份转接不是从县外转入的")
    _refuse_early(transfer, on)
    _refuse_known(transfer)
    where = {"branch": transfer.to_organisation, "on": on, "by": by, "group": group}
    where["reason"] = f"由{transfer.from_outside}转入"
    former = Member.objects.filter(id_number_hash=transfer.id_number_hash).first()
    if former:
        rejoin_branch(member=former, **where)
        transfer.member = former
    else:
        transfer.member = create_member(
            **where,
            name=transfer.name,
            id_number=transfer.id_number,
            phone=transfer.phone,
            kind=kind,
            joined_on=joined_on,
            confirmed_on=confirmed_on,
            **_told_by(transfer.id_number),
        )
    # The roster holds the numbers from now on.
    transfer.set_id_number("")
    transfer.set_phone("")
    return _received(transfer, on, by)


@transaction.atomic
def refuse_transfer(*, transfer: Transfer, reason: str, on: datetime.date, by) -> Transfer:
    """Send a transfer back (退回): the superior before the letter, the new side after it.

    Refuses without a reason and a transfer that is over.
    """
    return _ended(transfer, TransferState.REFUSED, "退回转接", reason, on, by)


@transaction.atomic
def withdraw_transfer(*, transfer: Transfer, reason: str, on: datetime.date, by) -> Transfer:
    """The side that started a transfer takes it back (撤回); refuses without a reason."""
    return _ended(transfer, TransferState.WITHDRAWN, "撤回转接", reason, on, by)


@transaction.atomic
def reveal_for_letter(*, transfer: Transfer, by, reason: str) -> Numbers:
    """The full number for the printed letter; who asked and why stays in the trail.

    Refuses without a reason.
    """
    if transfer.member_id:
        return reveal_numbers(member=transfer.member, by=by, reason=reason)
    if not reason.strip():
        raise Refused("请写明为什么要看完整号码")
    after = {"公民身份号码": transfer.id_number_mask}
    organisation_id = transfer.to_organisation_id
    _trail(transfer, REVEALED, by, organisation_id, after=after, reason=reason)
    return Numbers(transfer.id_number, transfer.phone)


def _held(transfer: Transfer, *states: str) -> Transfer:
    """The transfer as stored now, locked; StateMoved when it is in none of the states."""
    held = Transfer.objects.select_for_update().get(pk=transfer.pk)
    if held.state not in states:
        raise StateMoved(held)
    return held


def _refuse_known(transfer: Transfer) -> None:
    """Two of one number are one person; whose branch it is stays unsaid."""
    number = transfer.id_number_hash
    if Member.objects.filter(id_number_hash=number, left_on__isnull=True).exists():
        raise Refused("这个身份证号已在本县名册里，请由其所在支部发起县内转接")
    others = Transfer.objects.open().filter(id_number_hash=number, member__isnull=True)
    if others.exclude(pk=transfer.pk).exists():
        raise Refused("这个身份证号已有一份在办的转入，请先办完那一份")


def _refuse_early(transfer: Transfer, on: datetime.date) -> None:
    if on < transfer.letter_on:
        raise Refused(f"接收日期早于介绍信开具日期{full_date(transfer.letter_on)}，请核对")


def _told_by(id_number: str) -> dict:
    """What an identity number says of its holder."""
    gender = Gender.MALE if gender_digit_is_male(id_number) else Gender.FEMALE
    return {"born_on": born_on(id_number), "gender": gender}


def _received(transfer: Transfer, on: datetime.date, by) -> Transfer:
    before = {"状态": transfer.get_state_display()}
    transfer.state = TransferState.RECEIVED
    transfer.received_on = transfer.receipt_on = transfer.ended_on = on
    transfer.save()
    after = {"状态": transfer.get_state_display(), "接收日期": full_date(on)}
    organisation_id = transfer.to_organisation_id or transfer.from_organisation_id
    _trail(transfer, "接收组织关系", by, organisation_id, before=before, after=after)
    _note(transfer, on)
    return transfer


def _ended(transfer, state: str, action: str, reason: str, on: datetime.date, by) -> Transfer:
    if not reason.strip():
        raise Refused("请写明理由，让对方知道为什么")
    transfer = _held(transfer, TransferState.STARTED, TransferState.LETTER_OUT)
    before = {"状态": transfer.get_state_display()}
    transfer.state, transfer.ended_on, transfer.end_reason = state, on, reason.strip()
    transfer.save(update_fields=["state", "ended_on", "end_reason"])
    organisation_id = transfer.from_organisation_id or transfer.to_organisation_id
    after = {"状态": transfer.get_state_display()}
    _trail(transfer, action, by, organisation_id, before=before, after=after, reason=reason)
    _note(transfer, on)
    return transfer


def _note(transfer: Transfer, on: datetime.date) -> None:
    sides = {transfer.from_organisation_id, transfer.to_organisation_id} - {None}
    start = min(transfer.letter_on or on, on)
    note_changes((side, AREA, start, on) for side in sides)


def _month(month: datetime.date | None) -> str:
    return f"{month.year}年{month.month}月" if month else ""


def _letter(transfer: Transfer) -> str:
    if not transfer.letter_on:
        return ""
    number = transfer.letter_number or "无编号"
    return f"{number}，{full_date(transfer.letter_on)}开具，有效 {transfer.valid_days} 天"


def _trail(transfer: Transfer, action: str, by, organisation_id: int, **said) -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=transfer.pk,
        label=f"{transfer.name}：{transfer.old_side} → {transfer.new_side}",
        organisation_id=organisation_id,
        **said,
    )
