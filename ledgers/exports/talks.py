"""Sheet 谈心谈话: when, in which relation, who with whom; never what was said."""

import datetime
from collections.abc import Iterator

from django.db.models import Prefetch

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.sheets import talks as sheet
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME
from meetings.enums import TalkRelation
from meetings.models import Talk, TalkPerson


def talk_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """The standing talks of the year up to the day, by branch and day."""
    first = datetime.date(scope.day.year, 1, 1)
    talks = (
        Talk.objects.standing()
        .filter(organisation__in=scope.organisations, held_on__range=(first, scope.day))
        .only("organisation_id", "held_on", "relation", "outsider")
        .prefetch_related(Prefetch("people", _people()))
        .order_by("organisation__code", "held_on", "pk")
    )
    for talk in talks.iterator(chunk_size=CHUNK):
        pk = talk.organisation_id
        code, name = scope.codes[pk]
        yield Row(talk.pk, talk_values(talk, Branch(code, name), names))


def _people():
    """Who took part, with the name in the same query: SQLite refuses a prefetch of 1,000 members."""
    return TalkPerson.objects.select_related("member").only("talk", "is_initiator", "member__name")


def talk_values(talk: Talk, branch: Branch, names: CellNames) -> dict:
    """What the row of a talk holds, by heading."""
    pk = talk.organisation_id
    people = {True: [], False: []}
    for person in talk.people.all():
        people[person.is_initiator].append(names.of(pk, person.member_id, person.member.name))
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        sheet.HELD.heading: talk.held_on,
        sheet.RELATION.heading: TalkRelation(talk.relation),
        sheet.INITIATORS.heading: tuple(people[True]),
        sheet.PARTNERS.heading: tuple(people[False]),
        sheet.OUTSIDER.heading: talk.outsider,
    }
