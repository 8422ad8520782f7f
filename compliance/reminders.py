"""Deciding of reminders: which steps have come, who is told tonight, and what was told before.

Advice is told before it is due and not chased after. What waits for a superior, and what a superior
has to do, is told to the superior. A recipient gets one notice a night with everything in it.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from branches.models import COMMITTEE_KINDS, Kind, Organisation
from branches.periods import period_named
from branches.values import Values
from branches.workdays import calendar_of
from compliance.digests import ABOUT, Item, digest
from compliance.matters import LATE, MADE_UP, Matter, matters_on
from compliance.models import Duty, Reminder
from compliance.steps import DUE, SENDING, Leads, Step, To, goes_up, leads_on, rank, steps_come
from notices.models import Notice, NoticeKind
from notices.services import Letter, send_letters

_OVERSEERS = COMMITTEE_KINDS | {Kind.COUNTY}


@dataclass(frozen=True)
class Reminded:
    """What a night of reminding did: duties looked at, steps told, notices sent."""

    judged: int = 0
    steps: int = 0
    notices: int = 0


def remind(day: datetime.date, *, organisations=None) -> Reminded:
    """Tell everybody what has come since they were last told, in one notice each.

    To be called once `day` has been judged and foreseen; `organisations` is a queryset of those
    whose duties are told, None is everybody. Steps that were missed are told now if the duty is
    still unmet, with a row each and one line. What was late before anybody was ever reminded is
    told as a number. A second run, also one at the same moment, tells nothing twice; who has been
    told on that day gets what came up meanwhile with the next night.
    """
    values = Values()
    if not values.on(SENDING, day):
        return Reminded()
    leads, tree = leads_on(values, day), _Tree(day)
    until = day + datetime.timedelta(days=leads.longest)
    matters = matters_on(day, until, organisations)
    items = list(_items(matters, leads, day, tree))
    # All is read and worded before the transaction, which only writes.
    letters = _letters(items, day, tree)
    with transaction.atomic():
        stored = _stored(items, day)
        if len(stored) < len(items):
            letters = _letters(stored, day, tree)
        sent = _sent(letters, day)
        return Reminded(len(matters), _attached(sent, day), len(sent))


class _Tree:
    """Every organisation, and who stands above it on today's tree; one query."""

    def __init__(self, day: datetime.date):
        fields = ("name", "code", "kind", "parent_id", "dissolved_on")
        self.all = {one.pk: one for one in Organisation.objects.only(*fields)}
        self._day = day
        self.recipients = cache(self._recipients)

    def stands(self, pk: int) -> bool:
        ended = self.all[pk].dissolved_on
        return ended is None or ended > self._day

    def _above(self, pk: int, kinds: frozenset[str]) -> int | None:
        above = self.all[pk].parent_id
        while above and not (self.all[above].kind in kinds and self.stands(above)):
            above = self.all[above].parent_id
        return above

    def _recipients(self, pk: int, for_superior: bool) -> dict[To, int]:
        """Whom the steps of a duty of an organisation go to; who has to act is not told as the
        superior again, and nobody is told of what has been dissolved."""
        if not self.stands(pk):
            return {}
        overseer = self._above(pk, _OVERSEERS)
        acting = overseer if for_superior else pk
        found = {
            To.ACTING: acting,
            To.COMMITTEE: overseer,
            To.COUNTY: self._above(pk, frozenset({Kind.COUNTY})),
        }
        return {to: one for to, one in found.items() if one and (to == To.ACTING or one != acting)}


# --- Deciding ---------------------------------------------------------------------------


class _Told:
    """The newest step that each recipient was told of, for what is coming or late; two queries."""

    def __init__(self, day: datetime.date):
        late = Duty.objects.filter(
            LATE, organisation=OuterRef("organisation"), rule=OuterRef("rule"), due_on__lt=day
        )
        rows = Reminder.objects.filter(Q(due_on__gte=day - MADE_UP) | Exists(late))
        # The first night that told anything; None before it.
        self.began_on = Reminder.objects.order_by("pk").values_list("on", flat=True).first()
        self._newest: dict[tuple, tuple[int, int]] = {}
        for *facts, step in rows.values_list(
            "recipient_id", "organisation_id", "rule", "occasion", "step"
        ):
            key = (*facts, goes_up(step))
            self._newest[key] = max(rank(step), self._newest.get(key, rank(step)))

    def since(self, recipient: int, matter: Matter, steps: list[Step]) -> list[Step]:
        """Those of the steps (own ones, or those that go up) that are later than what the
        recipient was told of the matter."""
        newest = self._newest.get((recipient, *matter.key, goes_up(steps[0].code)))
        return [step for step in steps if newest is None or step.order > newest]


def _items(matters: list[Matter], leads: Leads, day: datetime.date, tree: _Tree) -> Iterator[Item]:
    """What has come for whom since he was last told."""
    steps_of, told = _stepping(matters, leads, day), _Told(day)
    done_today = set(
        Notice.objects.filter(about=ABOUT, on=day).values_list("organisation_id", flat=True)
    )
    for matter in matters:
        recipients = tree.recipients(matter.organisation_id, matter.for_superior)
        for recipient, steps in _addressed(steps_of(matter), recipients).items():
            fresh = told.since(recipient, matter, steps)
            if matter.advice:
                fresh = _made_up(matter, fresh, steps, told)
            if fresh and recipient not in done_today:
                earlier = told.began_on is None and matter.due_on < day
                yield Item(recipient, matter, fresh[-1:] if earlier else fresh, earlier)


def _stepping(
    matters: list[Matter], leads: Leads, day: datetime.date
) -> Callable[[Matter], list[Step]]:
    """The steps of a matter that have come; what is alike is reckoned once."""
    first = min((matter.due_on for matter in matters), default=day)
    calendar = calendar_of(first, day + datetime.timedelta(days=leads.longest))

    @cache
    def workday(one: datetime.date) -> datetime.date:
        return calendar.end_of(one, 1)

    @cache
    def steps(due_on: datetime.date, period: str) -> list[Step]:
        begins_on = period_named(period).starts_on if period else None
        return steps_come(due_on, begins_on=begins_on, leads=leads, on=day, workday=workday)

    return lambda matter: steps(matter.due_on, matter.period)


def _made_up(matter: Matter, fresh: list[Step], steps: list[Step], told: _Told) -> list[Step]:
    """Of advice that was due just now the steps until then; nothing of what was late before
    anybody was reminded, and of a condition only where it was announced."""
    if told.began_on is None or matter.due_on < told.began_on:
        return []
    announced = matter.period or len(fresh) < len(steps)
    return [step for step in fresh if step.order <= DUE] if announced else []


def _addressed(steps: list[Step], recipients: dict[To, int]) -> dict[int, list[Step]]:
    """The steps by the recipient they are for."""
    found: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        if step.to in recipients:
            found[recipients[step.to]].append(step)
    return found


# --- Storing and sending ----------------------------------------------------------------


def _stored(items: list[Item], day: datetime.date) -> list[Item]:
    """Store a row for each step; the items of which this run is the one that stored something.

    What another run stored at the same moment is dropped by the database, so that only rows of
    this run are still without a notice.
    """
    rows = [
        Reminder(
            recipient_id=item.recipient_id,
            organisation_id=item.matter.organisation_id,
            rule=item.matter.rule,
            occasion=item.matter.occasion,
            step=step.code,
            due_on=item.matter.due_on,
            on=day,
        )
        for item in items
        for step in item.steps
    ]
    # In one order, so that two runs at once do not wait for each other.
    rows.sort(key=lambda row: (row.organisation_id, row.rule, row.occasion, rank(row.step)))
    Reminder.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    stored = set(
        _without_notice(day).values_list("recipient_id", "organisation_id", "rule", "occasion")
    )
    return [item for item in items if (item.recipient_id, *item.matter.key) in stored]


def _without_notice(day: datetime.date):
    return Reminder.objects.filter(on=day, notice__isnull=True)


def _letters(items: list[Item], day: datetime.date, tree: _Tree) -> list[Letter]:
    """One notice for each recipient."""
    by_recipient: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        by_recipient[item.recipient_id].append(item)
    duties = _duties(items)
    return [
        digest(tree.all[pk], some, day, names=tree.all, duties=duties)
        for pk, some in by_recipient.items()
    ]


def _sent(letters: list[Letter], day: datetime.date) -> list[Notice]:
    """Send the notices; returns those really sent."""
    if not letters:
        return []
    return send_letters(letters, sender=None, kind=NoticeKind.DUE, on=day, by=None)


def _duties(items: Iterable[Item]) -> dict[tuple[int, str, str], int]:
    """The keys of the stored duties that the items speak of; one query."""
    matters = [item.matter for item in items if not item.earlier]
    rows = Duty.objects.filter(
        organisation__in={matter.organisation_id for matter in matters},
        rule__in={matter.rule for matter in matters},
        period__in={matter.period for matter in matters},
    )
    return {
        (organisation, rule, period): pk
        for pk, organisation, rule, period in rows.values_list(
            "pk", "organisation_id", "rule", "period"
        )
    }


def _attached(sent: list[Notice], day: datetime.date) -> int:
    """Tie the rows to the notice that carries them; returns how many.

    Rows whose recipient was told by another run meanwhile are dropped: the next night tells him.
    """
    if sent:
        letters = Notice.objects.filter(batch=sent[0].batch, organisation=OuterRef("recipient"))
        _without_notice(day).update(notice=Subquery(letters.values("pk")[:1]))
    _without_notice(day).delete()
    return Reminder.objects.filter(notice__batch=sent[0].batch).count() if sent else 0
