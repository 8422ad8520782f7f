"""The ledger 民主评议: results planned against what is stored, then written.

The branch gives the grade; nothing follows from it. What is concluded is not changed by a cell.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F

from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.appraisals import ABSENCE, GRADE, KIND, MEMBER, TOOK_PART, YEAR, values
from ledgers.sheets.columns import CLEAR, split_person
from meetings.enums import Grade
from meetings.models import Appraisal, AppraisalResult
from meetings.services import AREA
from meetings.services.appraisals import TRAIL_AREA
from members.enums import MemberKind

_FIELDS = ("took_part", "absence_note", "grade")
_NAMES = {TOOK_PART.heading: "took_part", ABSENCE.heading: "absence_note", GRADE.heading: "grade"}
# 优秀 normally up to a third of those graded: advice.
_SHARE = 3


@dataclass(eq=False, slots=True)
class ResultPlan:
    """What one row will write; without `appraisal` the year's one is begun."""

    place: Place
    year: int
    person: Person
    result: AppraisalResult
    appraisal: Appraisal | None = None
    before: tuple = ()


class Appraisals:
    """Plans and writes the rows of the ledger 民主评议."""

    def __init__(self, county: County):
        self.county = county
        self.stored: dict[tuple[Place, int], Appraisal] = {}
        self.results: dict[tuple[Place, int], dict[int, AppraisalResult]] = defaultdict(dict)
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, year and person."""
        placed = []
        for row in rows:
            row.label = row.values.get(MEMBER.heading, "")
            if not row.label:
                row.refuse(MEMBER.heading, "“姓名”不能为空")
            place, year = self.county.branch_of(row), self._year(row)
            if place and year and not row.problems:
                placed.append((row, place, year))
        self._load({(place, year) for _row, place, year in placed})
        for row, place, year in placed:
            person = self._person(row, place, year)
            if person and not self._firsts.repeats(row, (place, year, person)):
                self._plan_row(row, place, year, person)
        self._advise(placed)

    def _year(self, row: Row) -> int | None:
        year = row.values.get(YEAR.heading) or row.table.year
        if not year:
            row.refuse(YEAR.heading, "看不出是哪一年的评议，请填“评议年度”，或在标题里写明年度")
        elif year > self.county.today.year:
            row.refuse(YEAR.heading, f"{year} 年还没有到，请核对", year)
            return None
        return year

    def _load(self, wanted: set[tuple[Place, int]]) -> None:
        places = {place.pk: place for place, _year in wanted if place.pk}
        years = {year for _place, year in wanted}
        self.county.load_rosters(set(places.values()))
        for piece in chunks(places):
            for one in Appraisal.objects.filter(organisation__in=piece, year__in=years):
                self.stored[places[one.organisation_id], one.year] = one
            results = AppraisalResult.objects.filter(
                appraisal__organisation__in=piece, appraisal__year__in=years
            ).select_related("appraisal")
            for result in results:
                key = places[result.appraisal.organisation_id], result.appraisal.year
                self.results[key][result.member_id] = result
        self.county.load_by_pk({pk for found in self.results.values() for pk in found})

    def _person(self, row: Row, place: Place, year: int) -> Person | None:
        """By the key of the row; else one on the list, else one of the roster of that year."""
        known = self.results[place, year]
        if row.stamp:
            pk = next((pk for pk, one in known.items() if str(one.pk) == row.stamp.pk), None)
            if pk is None:
                reason = "这个支部这一年的评议里没有这一行，请核对编码和年度，或清空行标识"
                row.refuse(KEY, reason)
                return None
            person = self.county.people[pk]
            if split_person(row.label)[0] != person.name:
                reason = f"这一行原来是“{person.name}”，换人请另起一行并清空行标识"
                row.refuse(MEMBER.heading, reason, row.label)
                return None
            return person
        first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        days = (min(last, self.county.today), first, self.county.today)
        try:
            for day in days:
                if person := self.county.named(row.label, place, day):
                    return person
        except Ambiguous as fault:
            row.refuse(MEMBER.heading, str(fault), row.label)
            return None
        row.refuse(MEMBER.heading, f"不在支部 {year} 年的党员名册里，请核对", row.label)
        return None

    def _plan_row(self, row: Row, place: Place, year: int, person: Person) -> None:
        appraisal = self.stored.get((place, year))
        result = self.results[place, year].get(person.pk)
        last = min(datetime.date(year, 12, 31), self.county.today)
        if result is None:
            row.is_new = True
            typed = row.values.get(KIND.heading)
            formal = typed == MemberKind.FORMAL if typed else person.was_formal(last)
            if formal != person.was_formal(last):
                row.note(KIND.heading, "与党员名册不同，按表上写的记", row.written(KIND.heading))
            result = AppraisalResult(member_id=person.pk, was_formal=formal)
            row.plan = ResultPlan(place, year, person, result, appraisal)
            found = row.values
        else:
            before = tuple(getattr(result, name) for name in _FIELDS)
            row.plan = ResultPlan(place, year, person, result, appraisal, before)
            stored = values(result, branch=place.organisation, year=year, name="")
            stored = {heading: stored[heading] for heading in _NAMES}
            found = row.differences(stored)
            for heading, new in found.items():
                row.change(heading, stored[heading], new)
        for heading, new in found.items():
            if heading in _NAMES:
                setattr(result, _NAMES[heading], "" if new is CLEAR else new)
        self._check(row, bool(found))

    @staticmethod
    def _check(row: Row, differs: bool) -> None:
        plan = row.plan
        if plan.appraisal and plan.appraisal.closed_on and (row.is_new or differs):
            reason = f"{plan.year} 年的评议已办结，结果不再修改，确有错误请在系统里处理"
            row.refuse(GRADE.heading, reason, row.written(GRADE.heading))
        if plan.result.grade and not plan.result.was_formal:
            reason = "预备党员参加评议，不评定等次"
            row.refuse(GRADE.heading, reason, row.written(GRADE.heading))

    def _advise(self, placed: list[tuple[Row, Place, int]]) -> None:
        """More 优秀 than a third is worth a look; it is not refused."""
        graded: dict[tuple, dict[int, str]] = defaultdict(dict)
        last: dict[tuple, Row] = {}
        for row, place, year in placed:
            if row.plan and not row.problems and (row.is_new or row.changes):
                known = self.results[place, year].items()
                for pk, result in known:
                    graded[place, year].setdefault(pk, result.grade)
                graded[place, year][row.plan.person.pk] = row.plan.result.grade
                last[place, year] = row
        for key, row in last.items():
            grades = [grade for grade in graded[key].values() if grade]
            excellent = grades.count(Grade.EXCELLENT)
            if excellent > len(grades) // _SHARE:
                reason = (
                    f"优秀 {excellent} 人，一般不超过参评党员的三分之一（{len(grades)} 人），请核对"
                )
                row.note(GRADE.heading, reason)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the results of these rows; whether any, or its appraisal, has moved on."""
        known = {row.plan.result.pk: row.plan.before for row in rows if not row.is_new}
        appraisals = [row.plan.appraisal for row in rows if row.plan.appraisal]
        versions = {one.pk: (one.version,) for one in appraisals}
        return have_moved(Appraisal, versions, ("version",)) or have_moved(
            AppraisalResult, known, _FIELDS
        )

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Begin the appraisals that are not there yet, then write their results."""
        begun: dict[tuple[int, int], Appraisal] = {}
        for row in rows:
            plan = row.plan
            key = plan.place.pk, plan.year
            if plan.appraisal is None and key not in begun:
                begun[key] = Appraisal.objects.create(
                    organisation_id=key[0], year=key[1], entered_by=writing.by
                )
            plan.result.appraisal = plan.appraisal or begun[key]
        AppraisalResult.objects.bulk_create(
            [row.plan.result for row in rows if row.is_new], batch_size=500
        )
        AppraisalResult.objects.bulk_update(
            [row.plan.result for row in rows if not row.is_new], _FIELDS, batch_size=500
        )
        stored = {row.plan.appraisal.pk for row in rows if row.plan.appraisal}
        for piece in chunks(stored):
            Appraisal.objects.filter(pk__in=piece).update(version=F("version") + 1)
        for row in rows:
            plan = row.plan
            writing.line(row, TRAIL_AREA, plan.result.appraisal_id, plan.place.pk)
            first = datetime.date(plan.year, 1, 1)
            writing.note(plan.place.pk, AREA, first, datetime.date(plan.year, 12, 31))
