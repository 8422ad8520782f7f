"""Charges: one for each member and month, made and kept as `dues.wanted` says.

Nothing else changes what is owed. A charge that was made is never deleted: its amount moves by a
`ChargeChange` that gives the reason. Members are locked in the order of their keys before their
facts are read, so that two nights, or a night and a desk, come to the same charges.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Min, Q

from accounts import trail
from branches.bulk import batched
from branches.changes import note_changes
from branches.models import Organisation
from branches.periods import add_months, month_end, months_between
from dues.models import Charge, ChargeChange
from dues.services import AREA
from dues.services.checks import lock_members
from dues.standing import kept_since
from dues.wanted import Difference, Facts
from dues.words import month_label
from members.models import Member, Membership

BY_NIGHT = "按名册、核定标准和批复核对"
# SQLite takes about 32,000 values in one query.
_PORTION = 5000


@transaction.atomic
def charge_month(month: datetime.date, *, organisations=None, by=None) -> int:
    """Make the charges that are missing for the month that begins on `month`; how many were new.

    With `organisations` those owed to these branches alone. What stands is left as it is, and
    before the month of the first charge nothing is made. A second run changes nothing.
    """
    first = Charge.objects.aggregate(first=Min("month"))["first"]
    if first and month < first:
        return 0
    if organisations is None:
        members = Facts(month, month).doubtful(month)
    else:
        members = _of(organisations, month)
    keys = {organisation.pk for organisation in organisations or ()}
    missing = [
        difference
        for difference in _locked_differences(members, month, month)
        if difference.stored is None
        and (organisations is None or difference.organisation_id in keys)
    ]
    _make(missing)
    if missing:
        branch = organisations[0].pk if organisations and len(organisations) == 1 else None
        _write_month_line(month, missing, by=by, organisation_id=branch)
        _note(missing)
    return len(missing)


@transaction.atomic
def settle(
    members: Iterable[int],
    from_month: datetime.date,
    *,
    today: datetime.date,
    reason: str,
    by=None,
) -> int:
    """Make these members' charges from that month up to the running one what they should be.

    Nothing before the start month, and nothing new before the month in which the branch was first
    charged: what another branch brought in asks for nothing here. `reason` stands beside every
    changed amount. Returns how many charges were made, changed or moved to another branch; a
    second call changes nothing.
    """
    first = max(from_month.replace(day=1), kept_since(today))
    last = today.replace(day=1)
    if first > last:
        return 0
    differences = _locked_differences(set(members), first, last)
    begun = _begun({one.organisation_id for one in differences if one.stored is None})
    differences = [
        one
        for one in differences
        if one.stored or one.month >= begun.get(one.organisation_id, first)
    ]
    _write(differences, reason=reason, by=by, lines_for_new=True)
    return len(differences)


def settle_all(today: datetime.date, *, months: int, since: datetime.date | None = None) -> int:
    """What the night does: the last `months`, oldest first, each in a transaction of its own.

    Missing charges are made from the month in which the branch was first charged, so that an
    imported sheet that begins in June asks for nothing earlier, and for all others from `since`
    (the month of the last night; else the running one). Returns how many charges differed.
    """
    last = today.replace(day=1)
    first = max(kept_since(today), add_months(last, 1 - months))
    since = min(since or last, last).replace(day=1)
    begun = _begun()
    facts, count = Facts(first, last), 0
    for month in months_between(first, last):
        if doubtful := facts.doubtful(month):
            count += _settle_month(month, doubtful, begun, since)
    return count


@transaction.atomic
def _settle_month(
    month: datetime.date,
    members: list[int],
    begun: dict[int, datetime.date],
    since: datetime.date,
) -> int:
    differences = [
        difference
        for difference in _locked_differences(members, month, month)
        if difference.stored
        or month >= since
        or month >= begun.get(difference.organisation_id, datetime.date.max)
    ]
    _write(differences, reason=BY_NIGHT, by=None)
    made = [difference for difference in differences if difference.stored is None]
    if made:
        _write_month_line(month, made, by=None)
    for difference in differences:
        known = begun.get(difference.organisation_id, month)
        begun[difference.organisation_id] = min(known, month)
    return len(differences)


def _begun(organisations: set[int] | None = None) -> dict[int, datetime.date]:
    """The month in which each of these branches (None: all) was first charged, by key."""
    charges = Charge.objects.all()
    if organisations is not None:
        charges = charges.filter(organisation__in=organisations)
    firsts = charges.values("organisation_id").annotate(first=Min("month")).order_by()
    return dict(firsts.values_list("organisation_id", "first"))


def _of(organisations, month: datetime.date) -> set[int]:
    """Who belongs or belonged to these branches, or owes them the month."""
    return set(
        Member.objects.filter(
            Q(pk__in=Membership.objects.filter(organisation__in=organisations).values("member"))
            | Q(
                pk__in=Charge.objects.filter(organisation__in=organisations, month=month).values(
                    "member"
                )
            )
        ).values_list("pk", flat=True)
    )


def _locked_differences(
    members: Iterable[int], first: datetime.date, last: datetime.date
) -> list[Difference]:
    """What is not as it should be, of members that are locked before their facts are read."""
    months, found = months_between(first, last), []
    for some in batched(sorted(members), _PORTION):
        lock_members(some)
        found += Facts(first, last, some).differences(first, last, months)
    return found


def _write(differences: list[Difference], *, reason: str, by, lines_for_new: bool = False) -> None:
    """Make and change charges, with a line for each member concerned and a note for each branch."""
    if not differences:
        return
    _make([one for one in differences if one.stored is None])
    _change([one for one in differences if one.stored], reason=reason, by=by)
    _write_lines([one for one in differences if one.stored or lines_for_new], reason=reason, by=by)
    _note(differences)


def _make(differences: list[Difference]) -> None:
    Charge.objects.bulk_create(
        [
            Charge(
                member_id=one.member_id,
                organisation_id=one.organisation_id,
                month=one.month,
                amount=one.amount,
            )
            for one in differences
        ],
        batch_size=1000,
    )


def _change(differences: list[Difference], *, reason: str, by) -> None:
    Charge.objects.bulk_update(
        [
            Charge(pk=one.stored.pk, organisation_id=one.organisation_id, amount=one.amount)
            for one in differences
        ],
        ["organisation", "amount"],
        batch_size=500,
    )
    ChargeChange.objects.bulk_create(
        [
            ChargeChange(
                charge_id=one.stored.pk,
                difference=one.amount - one.stored.amount,
                reason=reason[:200],
                entered_by=by,
            )
            for one in differences
            if one.amount != one.stored.amount
        ],
        batch_size=1000,
    )


def _write_lines(differences: list[Difference], *, reason: str, by) -> None:
    """One trail line for each member: his months before and after, the branch where it changed."""
    if not differences:
        return
    of_member: dict[int, list[Difference]] = defaultdict(list)
    for one in differences:
        of_member[one.member_id].append(one)
    names = _names(Member, of_member)
    moved = [one for one in differences if one.stored and _moves(one)]
    branches = _names(
        Organisation,
        {pk for one in moved for pk in (one.stored.organisation_id, one.organisation_id)},
    )
    lines = []
    for member_id, own in of_member.items():
        before, after = {}, {}
        for one in own:
            label = f"{month_label(one.month)}应缴"
            before[label] = f"{one.stored.amount:.2f}" if one.stored else ""
            after[label] = f"{one.amount:.2f}"
            if one.stored and _moves(one):
                before[label] += f"（{branches[one.stored.organisation_id]}）"
                after[label] += f"（{branches[one.organisation_id]}）"
        lines.append(
            trail.line(
                by=by,
                action="调整应缴党费" if any(one.stored for one in own) else "生成应缴党费",
                area=AREA,
                object_id=member_id,
                label=names[member_id],
                organisation_id=own[-1].organisation_id,
                before=before,
                after=after,
                reason=reason,
            )
        )
    trail.record_all(lines)


def _moves(difference: Difference) -> bool:
    return difference.stored.organisation_id != difference.organisation_id


def _names(model, keys: Iterable[int]) -> dict[int, str]:
    names = {}
    for some in batched(keys, _PORTION):
        named = model.objects.filter(pk__in=some)
        names.update(named.order_by().values_list("pk", "name"))
    return names


def _write_month_line(
    month: datetime.date, made: list[Difference], *, by, organisation_id: int | None = None
) -> None:
    trail.record(
        by=by,
        action="生成应缴党费",
        area=AREA,
        label=month_label(month),
        organisation_id=organisation_id,
        after={"新增": f"{len(made)} 人"},
    )


def _note(differences: list[Difference]) -> None:
    """Both branches of a moved charge are judged again."""
    note_changes(
        (pk, AREA, one.month, month_end(one.month))
        for one in differences
        for pk in {one.organisation_id, one.stored.organisation_id if one.stored else None}
        if pk is not None
    )
