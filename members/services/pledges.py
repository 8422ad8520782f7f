"""Duty posts (设岗定责) and promises (承诺践诺): taken on, made public, kept or not, reviewed.

No rule judges them, so nothing is noted for judging. The trail has one line for each save of the
table, on the branch, naming every member concerned.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from accounts import trail
from branches.differences import Difference, put
from branches.models import Organisation
from members.enums import PledgeKind
from members.models import Member, Pledge
from members.roster import roster
from members.services import Refused

TRAIL_AREA = "pledges"
# What stays the same from year to year; a promise is made anew.
CARRIED = (PledgeKind.POST, PledgeKind.AREA, PledgeKind.VANGUARD)
_TAKEN = ("kind", "title", "content")
_REVIEWED = ("result", "result_on", "grade", "reviewed_on")


@dataclass(frozen=True)
class Line:
    """One line of the table: whose, what. `pledge` is the stored one; an empty title takes it back."""

    member_id: int
    kind: str
    title: str
    content: str = ""
    pledge_id: int | None = None


@dataclass(frozen=True)
class Review:
    """What came of a pledge, and the grade of the yearly review; both may be empty."""

    pledge_id: int
    result: str = ""
    grade: str = ""


class LineRefused(Refused):
    """A line of the table does not fit; `index` is its place in what was given."""

    def __init__(self, message: str, field: str, index: int):
        super().__init__(message, field)
        self.index = index


def roster_day(year: int, today: datetime.date) -> datetime.date:
    """The day whose roster a year's table shows: today, for a past year its last day."""
    return min(today, datetime.date(year, 12, 31))


@transaction.atomic
def take_on(
    *,
    organisation: Organisation,
    year: int,
    lines: Sequence[Line],
    on: datetime.date,
    by,
    today: datetime.date,
) -> int:
    """Write the lines of the table that are new or differ; returns how many. `on` is the day on
    which new ones were taken on.

    Refuses people who are not on the branch's roster, the same thing twice, and taking back what
    was made public or has a result.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    stored = _stored(organisation, year)
    day = roster_day(year, today)
    here = set(roster([organisation.pk], day, attached=True).values_list("member_id", flat=True))
    changes = _Changes()
    for index, line in enumerate(lines):
        pledge = stored.get(line.pledge_id)
        if line.pledge_id and pledge is None:
            raise LineRefused("这一条刚被别人撤回，请刷新页面再填", "title", index)
        if pledge:
            changes.of(pledge, line, index)
        elif line.title:
            if line.member_id not in here:
                raise LineRefused("不在本支部名册上，请核对", "title", index)
            changes.made.append(_made(organisation, year, line, on))
    _refuse_twice(lines, [*stored.values(), *changes.made], changes.gone)
    changes.write()
    if count := changes.count:
        before, after = changes.said()
        _record(organisation, year, "登记设岗承诺", by, before=before, after=after)
    return count


@dataclass
class _Changes:
    """What a table changes: pledges made, changed and taken back, with the words of the trail."""

    made: list[Pledge] = field(default_factory=list)
    changed: list[Pledge] = field(default_factory=list)
    gone: list[Pledge] = field(default_factory=list)
    differences: list[tuple[str, Difference]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.made) + len(self.changed) + len(self.gone)

    def of(self, pledge: Pledge, line: Line, index: int) -> None:
        """Compare a stored pledge with its line."""
        if not line.title:
            if pledge.public_on or pledge.result or pledge.grade:
                raise LineRefused("已公开或已有结果，不能撤回", "title", index)
            self.gone.append(pledge)
            return
        difference = put(pledge, kind=line.kind, title=line.title, content=line.content)
        if difference:
            self.changed.append(pledge)
            self.differences.append((pledge.member.name, difference))

    def write(self) -> None:
        Pledge.objects.filter(pk__in=[pledge.pk for pledge in self.gone]).delete()
        # Out of the way first: two lines may have changed places, and each must be unique at any
        # time.
        Pledge.objects.filter(pk__in=[pledge.pk for pledge in self.changed]).update(
            title=Concat(Value("~"), Cast("pk", CharField()))
        )
        Pledge.objects.bulk_update(self.changed, _TAKEN, batch_size=200)
        Pledge.objects.bulk_create(self.made, batch_size=500)

    def said(self) -> tuple[dict[str, str], dict[str, str]]:
        """Before and after, person by person."""
        before, after = {}, {}
        for name, difference in self.differences:
            _add(before, name, difference.before)
            _add(after, name, difference.after)
        names = Member.objects.in_bulk([pledge.member_id for pledge in self.made])
        for pledge in self.made:
            _add(after, names[pledge.member_id].name, _said(pledge))
        for pledge in self.gone:
            _add(before, pledge.member.name, _said(pledge))
        return before, after


def _stored(organisation: Organisation, year: int) -> dict[int, Pledge]:
    """The pledges of a branch in a year, locked, by key."""
    pledges = Pledge.objects.filter(organisation=organisation, year=year).select_related("member")
    return {pledge.pk: pledge for pledge in pledges.select_for_update(of=("self",))}


@transaction.atomic
def carry_forward(
    *, organisation: Organisation, year: int, on: datetime.date, by, today: datetime.date
) -> int:
    """Take over last year's posts, areas and vanguard posts of those still on the roster; promises
    are made anew. Returns how many; what stands in this year already stays, so twice is harmless.

    Refuses when last year has nothing to take over.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    here = roster([organisation.pk], roster_day(year, today), attached=True)
    last = list(
        Pledge.objects.filter(
            organisation=organisation,
            year=year - 1,
            kind__in=CARRIED,
            member__in=here.values("member_id"),
        )
        .select_related("member")
        .order_by("pk")
    )
    if not last:
        raise Refused(f"{year - 1}年没有可以沿用的岗位")
    # A post is the member's, wherever it was entered this year.
    taken = set(
        Pledge.objects.filter(
            year=year, member__in=[pledge.member_id for pledge in last]
        ).values_list("member_id", "kind", "title")
    )
    made, after = [], {}
    for pledge in last:
        if (pledge.member_id, pledge.kind, pledge.title) in taken:
            continue
        line = Line(pledge.member_id, pledge.kind, pledge.title, pledge.content)
        made.append(_made(organisation, year, line, on))
        _add(after, pledge.member.name, _said(pledge))
    Pledge.objects.bulk_create(made, batch_size=500)
    if made:
        _record(organisation, year, "沿用上年岗位", by, after=after)
    return len(made)


@transaction.atomic
def make_public(
    *, organisation: Organisation, year: int, on: datetime.date, by, today: datetime.date
) -> int:
    """Say on which day what is not yet public was put up; returns how many.

    Refuses when nothing is waiting, and a day to come.
    """
    if on > today:
        raise Refused("公开日期在今天之后，请填实际公开的日期", "on")
    waiting = Pledge.objects.select_for_update(of=("self",)).filter(
        organisation=organisation, year=year, public_on=None
    )
    names = [pledge.member.name for pledge in waiting.select_related("member")]
    if not names:
        raise Refused("没有待公开的岗位和承诺")
    Pledge.objects.filter(organisation=organisation, year=year, public_on=None).update(public_on=on)
    after = {"公开日期": f"{on:%Y-%m-%d}", "党员": "、".join(dict.fromkeys(names))}
    _record(organisation, year, "公开设岗承诺", by, after=after)
    return len(names)


@transaction.atomic
def review(
    *,
    organisation: Organisation,
    year: int,
    reviews: Iterable[Review],
    on: datetime.date,
    by,
    today: datetime.date,
) -> int:
    """Write what came of the pledges and the grades of the yearly review; returns how many differ.

    `on` is the day of a result or a grade that was not there before. Refuses a day to come.
    """
    if on > today:
        raise Refused("日期在今天之后，请填实际评议的日期", "on")
    stored = _stored(organisation, year)
    changed, before, after = [], {}, {}
    for one in reviews:
        pledge = stored.get(one.pledge_id)
        if pledge is None:
            raise Refused("有一条刚被别人撤回，请刷新页面再填")
        difference = put(
            pledge,
            result=one.result,
            result_on=_day_of(one.result, pledge.result, pledge.result_on, on),
            grade=one.grade,
            reviewed_on=_day_of(one.grade, pledge.grade, pledge.reviewed_on, on),
        )
        if difference:
            changed.append(pledge)
            _add(before, f"{pledge.member.name} {pledge.title}", difference.before)
            _add(after, f"{pledge.member.name} {pledge.title}", difference.after)
    Pledge.objects.bulk_update(changed, _REVIEWED, batch_size=200)
    if changed:
        _record(organisation, year, "评议设岗承诺", by, before=before, after=after)
    return len(changed)


def _day_of(now: str, was: str, was_on: datetime.date | None, on: datetime.date):
    """The day of a text: none without it, the old one while it stays the same."""
    if not now:
        return None
    return was_on if now == was and was_on else on


def _made(organisation, year: int, line: Line, on: datetime.date) -> Pledge:
    return Pledge(
        organisation=organisation,
        member_id=line.member_id,
        year=year,
        kind=line.kind,
        title=line.title,
        content=line.content,
        taken_on=on,
    )


def _refuse_twice(lines: Sequence[Line], pledges: list[Pledge], gone: list[Pledge]) -> None:
    """Each thing once for a member and a year, wherever it was entered."""
    left = {pledge.pk for pledge in gone}
    standing = [pledge for pledge in pledges if pledge.pk is None or pledge.pk not in left]
    elsewhere = Pledge.objects.filter(
        member__in={pledge.member_id for pledge in standing},
        year__in={pledge.year for pledge in standing},
    ).exclude(pk__in=[pledge.pk for pledge in pledges if pledge.pk])
    seen = set(elsewhere.values_list("member_id", "kind", "title"))
    for pledge in standing:
        key = (pledge.member_id, pledge.kind, pledge.title)
        if key in seen:
            index = max(
                at
                for at, line in enumerate(lines)
                if (line.member_id, line.kind, line.title) == key
            )
            raise LineRefused("这名党员今年已认领过这一项", "title", index)
        seen.add(key)


def _said(pledge: Pledge) -> dict[str, str]:
    words = {pledge.get_kind_display(): pledge.title}
    return words | ({"内容": pledge.content} if pledge.content else {})


def _add(words: dict[str, str], who: str, said: dict[str, str]) -> None:
    """One value for each person, several things of one person behind each other."""
    text = "，".join(f"{label} {word or '（空）'}" for label, word in said.items())
    words[who] = f"{words[who]}；{text}" if who in words else text


def _record(organisation, year: int, action: str, by, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=organisation.pk,
        label=f"{year}年设岗承诺",
        organisation_id=organisation.pk,
        **facts,
    )
