"""Activity rooms (阵地) and work funds (工作经费): what the county asks, and what happens to them."""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.differences import filled, put
from branches.models import ActivityRoom, Budget, FundEntry, FundKind, Organisation
from branches.services import AREA
from branches.values import Key, Values

ROOM_STANDARD = Key(
    "branches.room_standard",
    "活动阵地标准（各项之间用顿号隔开）",
    ("固定场所", "标牌", "党旗", "桌椅", "学习资料", "制度上墙"),
    help="默认各项只是常见做法的举例，请按本县的标准填写；没有全国统一的条目",
)
FUNDS_PER_MEMBER = Key(
    "branches.funds_per_member",
    "工作经费每名党员每年不少于",
    100,
    unit="元",
    minimum=0,
    maximum=100_000,
    help="按 1 月 1 日在册党员计算，列入单位年度预算",
)
# The areas under which the trail knows rooms and sums.
ROOMS_AREA = "rooms"
FUNDS_AREA = "funds"

_ROOM_FACTS = (
    *("name", "address", "area", "shared_with", "opened_on", "closed_on"),
    *("met", "checked_on", "note"),
)
_BUDGET_FACTS = ("amount", "uplift_percent", "note")


class PremisesFault(ValueError):
    """Not done; the message says why and what to do. `field` is the field of the form meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


# --- Rooms ----------------------------------------------------------------------------------


def gaps(room: ActivityRoom, standard: tuple[str, ...]) -> list[str]:
    """What the county's standard asks for and the room does not have, in the standard's order."""
    return [item for item in standard if item not in room.met]


@transaction.atomic
def add_room(
    *, organisation: Organisation, by, today: datetime.date, **facts: object
) -> ActivityRoom:
    """Register a room of a branch. Refuses a second open room of the same name and days that
    cannot be. No rule judges rooms, so nothing is noted."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    room = ActivityRoom(organisation=organisation, **facts)
    _refuse_room(room, today)
    room.save()
    trail.record(
        by=by,
        action="登记阵地",
        area=ROOMS_AREA,
        object_id=room.pk,
        label=room.name,
        organisation_id=organisation.pk,
        after=filled(room, _ROOM_FACTS),
    )
    return room


@transaction.atomic
def change_room(*, room: ActivityRoom, by, today: datetime.date, **facts: object) -> bool:
    """Change what is known of a room: facts, what was found at a check, the day it was closed.

    Returns whether anything differed. Refuses as `add_room` does.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=room.organisation_id)
    room = ActivityRoom.objects.select_for_update().get(pk=room.pk)
    difference = put(room, **facts)
    if not difference:
        return False
    _refuse_room(room, today)
    room.save(update_fields=difference.fields)
    trail.record(
        by=by,
        action="停用阵地" if "closed_on" in difference.fields and room.closed_on else "更新阵地",
        area=ROOMS_AREA,
        object_id=room.pk,
        label=room.name,
        organisation_id=room.organisation_id,
        before=difference.before,
        after=difference.after,
    )
    return True


def _refuse_room(room: ActivityRoom, today: datetime.date) -> None:
    if room.opened_on and room.closed_on and room.closed_on < room.opened_on:
        raise PremisesFault("停用日期早于启用日期，请核对", "closed_on")
    if room.checked_on and room.checked_on > today:
        raise PremisesFault("核对日期在今天之后，请填实际核对的日期", "checked_on")
    if room.met and not room.checked_on:
        raise PremisesFault("勾了已达到的项目，请填是哪天核对的", "checked_on")
    same = ActivityRoom.objects.filter(
        organisation=room.organisation_id, name=room.name, closed_on=None
    ).exclude(pk=room.pk)
    if room.closed_on is None and same.exists():
        raise PremisesFault(f"“{room.name}”已登记过，请在原来那一处修改，或换个名称", "name")


# --- Funds ----------------------------------------------------------------------------------


def required_funds(members: int, per_member: int, uplift_percent: int = 0) -> Decimal:
    """What the budget of a year must reach, in yuan, for the members of 1 January."""
    return (Decimal(members) * per_member * (100 + uplift_percent) / 100).quantize(Decimal("0.01"))


def funds_per_member(values: Values, year: int, today: datetime.date) -> int:
    """The county's value for a year: of its last day, or of today while it runs."""
    return values.on(FUNDS_PER_MEMBER, min(datetime.date(year, 12, 31), today))


@transaction.atomic
def set_budget(
    *,
    organisation: Organisation,
    year: int,
    amount: Decimal,
    uplift_percent: int = 0,
    note: str = "",
    by,
) -> Budget:
    """The sum in the unit's budget for the work of a branch in one year; a second one replaces it.

    Refuses a negative sum, an uplift without its reason, and a branch whose members hold their
    relation elsewhere.
    """
    if amount < 0:
        raise PremisesFault("预算不能是负数，请核对金额", "amount")
    if uplift_percent and not note.strip():
        raise PremisesFault("上浮要写明依据，如评定等次和文件", "note")
    if not organisation.holds_relations:
        raise PremisesFault("临时和功能型党支部的党员组织关系在原支部，经费列在原支部")
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    known = Budget.objects.select_for_update().filter(organisation=organisation, year=year).first()
    budget = known or Budget(organisation=organisation, year=year, amount=Decimal(-1))
    difference = put(budget, amount=amount, uplift_percent=uplift_percent, note=note.strip())
    if not difference:
        return budget
    budget.save()
    trail.record(
        by=by,
        action="更新经费预算" if known else "填写经费预算",
        area=FUNDS_AREA,
        object_id=budget.pk,
        label=f"{year}年工作经费",
        organisation_id=organisation.pk,
        before=difference.before if known else {},
        after=difference.after if known else filled(budget, _BUDGET_FACTS),
        reason=note.strip(),
    )
    note_change(organisation.pk, AREA, datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    return budget


@transaction.atomic
def enter_sum(
    *,
    organisation: Organisation,
    kind: str,
    on: datetime.date,
    amount: Decimal,
    purpose: str,
    by,
    today: datetime.date,
) -> FundEntry:
    """A sum that came in or was spent. Refuses nothing, a negative sum and a day to come.

    What is spent may exceed what there is: that is shown, not refused.
    """
    if amount <= 0:
        raise PremisesFault("金额要大于 0；记错的用“冲正”", "amount")
    if on > today:
        raise PremisesFault("日期在今天之后，请填实际收支的日期", "on")
    if not purpose.strip():
        raise PremisesFault("请写明用途", "purpose")
    entry = FundEntry.objects.create(
        organisation=organisation,
        kind=kind,
        on=on,
        amount=amount,
        purpose=purpose.strip(),
        entered_by=by,
    )
    _record_entry(entry, "登记经费收支", by)
    return entry


@transaction.atomic
def reverse_sum(*, entry: FundEntry, reason: str, by) -> FundEntry:
    """Take back a wrong sum by an entry that points at it. Refuses without a reason, a second time,
    and for a reversal.

    It carries the day of the wrong entry, so that the year it stands in is right again; when it
    was entered is kept beside.
    """
    if not reason.strip():
        raise PremisesFault("请写明为什么冲正", "reason")
    entry = FundEntry.objects.select_for_update().get(pk=entry.pk)
    if entry.reverses_id:
        raise PremisesFault("这一笔本身是冲正，不能再冲正；要恢复请重新登记")
    if FundEntry.objects.filter(reverses=entry).exists():
        raise PremisesFault("这一笔已经冲正过，请看最新的收支")
    reversal = FundEntry.objects.create(
        organisation_id=entry.organisation_id,
        kind=entry.kind,
        on=entry.on,
        amount=-entry.amount,
        purpose=f"冲正：{reason.strip()}"[:120],
        reverses=entry,
        entered_by=by,
    )
    _record_entry(reversal, "冲正经费收支", by, reason=reason.strip())
    return reversal


def _record_entry(entry: FundEntry, action: str, by, reason: str = "") -> None:
    trail.record(
        by=by,
        action=action,
        area=FUNDS_AREA,
        object_id=entry.pk,
        label=entry.purpose,
        organisation_id=entry.organisation_id,
        after={
            "类别": FundKind(entry.kind).label,
            "日期": f"{entry.on:%Y-%m-%d}",
            "金额": f"{entry.amount:.2f}",
        },
        reason=reason,
    )
