"""The ledger 谈心谈话: planned against what is stored, then written. What was said is not read."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from branches.words import full_date
from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import CLEAR, write_person
from ledgers.sheets.talks import HELD, INITIATORS, OUTSIDER, PARTNERS, RELATION
from meetings.enums import TalkRelation
from meetings.models import Talk, TalkPerson
from meetings.services import AREA
from meetings.services.talks import TRAIL_AREA
from meetings.talking import committee_on, relation_of

_PEOPLE = {INITIATORS.heading: True, PARTNERS.heading: False}


@dataclass(eq=False, slots=True)
class TalkPlan:
    """What one row will write; `people` are members with whether each sought the talk."""

    place: Place
    talk: Talk
    people: dict[Person, bool]
    before: dict[Person, bool]
    stored: Talk | None = None


class Talks:
    """Plans and writes the rows of the ledger 谈心谈话."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, Talk] = {}
        self.people: dict[int, dict[Person, bool]] = defaultdict(dict)
        self.on_day: dict[tuple[Place, datetime.date], list[Talk]] = defaultdict(list)
        self._committees: dict[tuple[Place, datetime.date], set[int]] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, day and people."""
        placed = []
        for row in rows:
            place, day = self.county.branch_of(row), row.values.get(HELD.heading)
            row.label = f"{place.organisation.short_name if place else ''} {day or ''} 谈心谈话"
            if not day and not row.problems:
                row.refuse(HELD.heading, "“日期”不能为空")
            if place and day and not row.problems:
                placed.append((row, place, day))
        self._load(placed)
        for row, place, day in placed:
            self._plan_row(row, place, day)

    def _load(self, placed: list[tuple[Row, Place, datetime.date]]) -> None:
        places = {place.pk: place for _row, place, _day in placed if place.pk}
        days = {day for _row, _place, day in placed}
        stamped = {int(row.stamp.pk) for row, _place, _day in placed if row.stamp}
        self.county.load_rosters(set(places.values()))
        talks = []
        for piece in chunks(places):
            talks += Talk.objects.filter(
                organisation__in=piece, held_on__range=(min(days), max(days))
            ).defer("content")
        known = {talk.pk for talk in talks}
        for piece in chunks(stamped - known):
            talks += Talk.objects.filter(pk__in=piece).defer("content")
        self.by_pk = {talk.pk: talk for talk in talks}
        rows = []
        for piece in chunks(self.by_pk):
            rows += TalkPerson.objects.filter(talk__in=piece).values_list(
                "talk_id", "member_id", "is_initiator"
            )
        self.county.load_by_pk({member for _talk, member, _sought in rows})
        for talk, member, sought in rows:
            self.people[talk][self.county.people[member]] = sought
        for talk in talks:
            if talk.cancelled_at is None and talk.organisation_id in places:
                self.on_day[places[talk.organisation_id], talk.held_on].append(talk)

    def _plan_row(self, row: Row, place: Place, day: datetime.date) -> None:
        stored = self._stamped(row, place)
        if row.problems:
            return
        before = self.people.get(stored.pk, {}) if stored else {}
        people = self._people(row, place, day, before)
        if row.problems:
            return
        outsider = row.values.get(OUTSIDER.heading, "")
        outsider = "" if outsider is CLEAR else outsider
        if stored is None:
            fits = [
                talk
                for talk in self.on_day.get((place, day), ())
                if set(self.people[talk.pk]) == set(people)
            ]
            exact = [talk for talk in fits if talk.outsider == outsider]
            # A sheet without the column names no superior.
            fits = exact or ([] if outsider else fits)
            stored = fits[0] if fits else None
            before = self.people[stored.pk] if stored else {}
        identity = stored.pk if stored else (place, day, outsider, frozenset(people))
        if self._firsts.repeats(row, identity):
            return
        if stored is None:
            row.is_new = True
            talk = Talk(organisation_id=place.pk, held_on=day, outsider=outsider)
            talk.relation = row.values.get(RELATION.heading) or self._relation(
                place, day, people, outsider
            )
            row.plan = TalkPlan(place, talk, people, {})
        else:
            row.plan = TalkPlan(place, stored, people, before, stored)
            self._compare(row, stored)
        if row.is_new or row.changes:
            self._check(row)

    def _stamped(self, row: Row, place: Place) -> Talk | None:
        if not row.stamp:
            return None
        talk = self.by_pk.get(int(row.stamp.pk))
        if talk is None or talk.organisation_id != place.pk:
            row.refuse(KEY, "这个支部没有这一行对应的谈话，请核对党支部编码，或清空行标识")
        elif talk.cancelled_at is not None:
            row.refuse(KEY, "这次谈话在系统里已作废，请核对")
        return talk

    def _people(self, row: Row, place: Place, day, before: dict[Person, bool]) -> dict:
        """Everybody named; a column that came back as it was exported keeps its people."""
        found: dict[Person, bool] = {}
        for heading, sought in _PEOPLE.items():
            if row.stamp and (heading not in row.values or row.untouched(heading)):
                found |= {person: kept for person, kept in before.items() if kept is sought}
                continue
            for typed in row.values.get(heading, ()):
                try:
                    person = self.county.named(typed, place, day)
                except Ambiguous as fault:
                    row.refuse(heading, str(fault), typed)
                    continue
                if person is None:
                    reason = f"“{typed}”在 {day} 不是本支部党员；上级来谈的请写在“上级谈话人”"
                    row.refuse(heading, reason, typed)
                elif person in found:
                    row.refuse(heading, f"“{typed}”写了两次，请只留一处", typed)
                else:
                    found[person] = sought
        return found

    def _relation(self, place: Place, day, people, outsider: str) -> str:
        key = place, day
        if key not in self._committees:
            self._committees[key] = committee_on(place.organisation, day)
        return relation_of([person.pk for person in people], outsider, self._committees[key])

    def _compare(self, row: Row, talk: Talk) -> None:
        stored = {
            HELD.heading: talk.held_on,
            RELATION.heading: TalkRelation(talk.relation),
            OUTSIDER.heading: talk.outsider,
        }
        names = {
            HELD.heading: "held_on",
            RELATION.heading: "relation",
            OUTSIDER.heading: "outsider",
        }
        for heading, new in row.differences(stored).items():
            row.change(heading, stored[heading], new)
            setattr(talk, names[heading], new)
        plan = row.plan
        for heading, sought in _PEOPLE.items():
            old, new = (
                {person for person, kept in people.items() if kept is sought}
                for people in (plan.before, plan.people)
            )
            if old != new:
                row.change(heading, _names(old), _names(new))

    def _check(self, row: Row) -> None:
        """What the service refuses for a single talk."""
        plan = row.plan
        talk, organisation = plan.talk, plan.place.organisation
        sought = [person for person, is_initiator in plan.people.items() if is_initiator]
        if talk.held_on > self.county.today:
            row.refuse(HELD.heading, "谈话日期还没有到，谈过再登记", talk.held_on)
        if organisation.founded_on and talk.held_on < organisation.founded_on:
            reason = f"支部{full_date(organisation.founded_on)}才成立，请核对日期"
            row.refuse(HELD.heading, reason, talk.held_on)
        if organisation.dissolved_on and talk.held_on > organisation.dissolved_on:
            row.refuse(HELD.heading, "支部在这一天已经撤销，请核对日期", talk.held_on)
        if len(plan.people) == len(sought):
            row.refuse(PARTNERS.heading, "“谈话对象”不能为空")
        if talk.relation == TalkRelation.SUPERIOR and not talk.outsider:
            row.refuse(OUTSIDER.heading, "上级与党员谈话，请填上级谈话人的姓名")
        if talk.outsider and talk.relation != TalkRelation.SUPERIOR:
            reason = "填了上级谈话人，谈话关系应是“上级与党员”"
            row.refuse(RELATION.heading, reason, row.written(RELATION.heading))
        if not talk.outsider and not sought:
            row.refuse(INITIATORS.heading, "“谈话人”不能为空；上级来谈的填“上级谈话人”")

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the talks of these rows; whether any has moved on since the plan."""
        talks = [row.plan.talk for row in rows if not row.is_new]
        return have_moved(Talk, {t.pk: (t.version,) for t in talks}, ("version",))

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Talks, then who took part in them."""
        new = [row.plan for row in rows if row.is_new]
        for plan in new:
            plan.talk.entered_by = writing.by
        Talk.objects.bulk_create([plan.talk for plan in new], batch_size=500)
        known = [row.plan.talk for row in rows if not row.is_new]
        for talk in known:
            talk.version += 1
        Talk.objects.bulk_update(
            known, ["held_on", "relation", "outsider", "version"], batch_size=500
        )
        moved = [row.plan for row in rows if row.is_new or row.plan.people != row.plan.before]
        for piece in chunks({plan.talk.pk for plan in moved}):
            TalkPerson.objects.filter(talk__in=piece).delete()
        TalkPerson.objects.bulk_create(
            [
                TalkPerson(talk=plan.talk, member_id=person.pk, is_initiator=sought)
                for plan in moved
                for person, sought in plan.people.items()
            ],
            batch_size=500,
        )
        for row in rows:
            plan = row.plan
            writing.line(row, TRAIL_AREA, plan.talk.pk, plan.place.pk)
            homes = {person.home.pk for person in (*plan.people, *plan.before) if person.home}
            for branch in {plan.place.pk, *homes}:
                for day in {plan.talk.held_on, row.values[HELD.heading]}:
                    writing.note(branch, AREA, day, day)


def _names(people) -> tuple[str, ...]:
    return tuple(sorted(write_person(person.name) for person in people))
