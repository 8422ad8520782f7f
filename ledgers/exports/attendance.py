"""Sheet 考勤: for each branch its members down and its meetings of the year across."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from branches.bulk import batched
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import Branch, Row
from ledgers.sheets.attendance import MEMBER, write_head
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME
from meetings.enums import Type
from meetings.models import Attendance, MakeUp, Meeting, MeetingType

# Branches whose attendance is held at a time.
_PORTION = 50


@dataclass(frozen=True)
class Block:
    """One branch: the headings of its meetings, and a row for each member who was expected."""

    headings: list[str]
    rows: list[Row]


def _held(scope: LedgerScope):
    first = datetime.date(scope.day.year, 1, 1)
    return Meeting.objects.held(first, scope.day).filter(organisation__in=scope.organisations)


def widest(scope: LedgerScope) -> int:
    """How many meetings the branch with most of them held."""
    counted = _held(scope).order_by().values("organisation_id").annotate(number=Count("pk"))
    return max((row["number"] for row in counted), default=0)


def blocks(scope: LedgerScope, names: CellNames) -> Iterator[Block]:
    """Branches in the order of their codes; those without a meeting are left out."""
    for pks in batched(scope.codes, _PORTION):
        yield from _portion(scope, names, pks)


def _portion(scope: LedgerScope, names: CellNames, pks: list[int]) -> Iterator[Block]:
    held = _held(scope).filter(organisation__in=pks)
    heads = _headings(held)
    seats = defaultdict(lambda: defaultdict(dict))
    known = {}
    made_up = set(MakeUp.objects.filter(meeting__in=held).values_list("meeting_id", "member_id"))
    rows = Attendance.objects.filter(meeting__in=held).values_list(
        "meeting__organisation_id", "meeting_id", "member_id", "member__name", "state", "reason"
    )
    for pk, meeting_id, member_id, name, state, reason in rows.order_by("member_id"):
        seat = (state, reason, (meeting_id, member_id) in made_up)
        seats[pk][member_id][heads[pk][meeting_id]] = seat
        known[member_id] = name
    for pk in pks:
        if pk in heads:
            branch = Branch(*scope.codes[pk])
            yield Block(
                list(heads[pk].values()),
                [
                    _row(pk, member_id, branch, names.of(pk, member_id, known[member_id]), found)
                    for member_id, found in seats[pk].items()
                ],
            )


def _row(pk: int, member_id: int, branch: Branch, name: str, seats: dict) -> Row:
    fixed = {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        MEMBER.heading: name,
    }
    return Row(f"{member_id}-{pk}", fixed | seats)


def _headings(held) -> dict[int, dict[int, str]]:
    """What heads each meeting, by branch and meeting, in the order of the days."""
    types = defaultdict(list)
    for meeting_id, kind in MeetingType.objects.filter(meeting__in=held).values_list(
        "meeting_id", "type"
    ):
        types[meeting_id].append(Type(kind))
    order = list(Type)
    found, taken = defaultdict(dict), Counter()
    meetings = held.order_by("held_on", "pk").values_list(
        "organisation_id", "pk", "held_on", "group__name"
    )
    for organisation_id, pk, day, group in meetings:
        head = write_head(day, sorted(types[pk], key=order.index), group or "")
        taken[organisation_id, head] += 1
        again = taken[organisation_id, head]
        # Two meetings of one kind on one day: the second is shown, and named apart.
        found[organisation_id][pk] = head if again == 1 else f"{head} 第{again}次"
    return found
