"""Who held which post on a day, what follows from it, and how long a post has been empty.

一肩挑 and 交叉任职 are computed from the posts on record, so nobody ticks a box for them.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Max

from branches.dated import standing_on
from branches.models import BranchUnit, UnitKind
from branches.periods import add_months, add_years
from branches.values import Key, Values
from branches.words import full_date
from members.enums import COMMITTEE_TITLES, MemberKind, PostTitle
from members.models import Member, Post, UnitPost
from members.roster import counts

_UNSURE = "中国共产党支部工作条例（试行）第六章，条款号待核实"

COMMITTEE_FROM = Key(
    name="branches.committee_from",
    label="应设支委会的正式党员数",
    default=7,
    unit="人",
    minimum=1,
    maximum=50,
    help=_UNSURE,
)
COMMITTEE_LEAST = Key(
    "branches.committee_least", "支委会最少人数", 3, unit="人", minimum=1, maximum=20, help=_UNSURE
)
COMMITTEE_USUAL = Key(
    "branches.committee_usual", "支委会通常人数", 5, unit="人", minimum=1, maximum=20, help=_UNSURE
)
COMMITTEE_MOST = Key(
    "branches.committee_most", "支委会人数上限", 7, unit="人", minimum=1, maximum=20, help=_UNSURE
)
VACANCY_MONTHS = Key(
    "branches.vacancy_months",
    "书记空缺超过几个月列为软弱涣散的迹象",
    3,
    unit="个月",
    minimum=1,
    maximum=24,
    help="本县口径。条例要求及时补选，没有规定天数",
)

# Officers of a committee besides secretary and deputy (支部工作条例 2018, chapter 6).
OFFICERS = (PostTitle.ORGANISATION, PostTitle.PUBLICITY, PostTitle.DISCIPLINE)
# Units whose head and Party secretary being one person is called 一肩挑.
_VILLAGE_UNITS = frozenset({UnitKind.VILLAGE, UnitKind.COMMUNITY})
_SECRETARY_PARTY_YEARS = 1
_ORDER = {title: index for index, title in enumerate(PostTitle.values)}
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Sizes:
    """How large a committee is to be, in people; the county's values of one day."""

    from_formal: int
    least: int
    usual: int
    most: int


def sizes_on(values: Values, day: datetime.date) -> Sizes:
    """The county's values in force on `day`."""
    keys = (COMMITTEE_FROM, COMMITTEE_LEAST, COMMITTEE_USUAL, COMMITTEE_MOST)
    return Sizes(*(values.on(key, day) for key in keys))


def lacks_committee(formal: int, people: int, sizes: Sizes) -> bool:
    """Enough formal members and no committee, or one larger than the regulation knows."""
    return formal >= sizes.from_formal and not sizes.least <= people <= sizes.most


def is_unusual_size(formal: int, people: int, sizes: Sizes) -> bool:
    """A committee larger than usual, or a committee where a secretary and a deputy would do."""
    if formal < sizes.from_formal:
        return people >= sizes.least
    return sizes.usual < people <= sizes.most


@dataclass(frozen=True, slots=True)
class Seat:
    """A post held on a day, as light as a list of a whole county needs it."""

    pk: int
    title: str
    member_id: int | None
    name: str
    starts_on: datetime.date | None

    @property
    def person(self) -> int | str:
        """One person in two posts is one person; a name alone stands for itself."""
        return self.member_id or self.name


@dataclass(frozen=True, slots=True)
class Double:
    """A committee member who on the same day holds a post in a unit behind the organisation."""

    seat: Seat
    title: str
    unit: str
    unit_kind: str
    is_main_leader: bool


@dataclass
class Standing:
    """How one organisation was led on a day."""

    formal: int = 0
    seats: list[Seat] = field(default_factory=list)
    doubles: list[Double] = field(default_factory=list)
    # First day without a secretary; None while there is one, or where nobody is known to have been.
    vacant_since: datetime.date | None = None

    @property
    def people(self) -> int:
        """Distinct people in the committee, secretary included."""
        return len({seat.person for seat in self.seats})

    @property
    def secretary(self) -> Seat | None:
        return next((seat for seat in self.seats if seat.title == PostTitle.SECRETARY), None)

    @property
    def leading(self) -> list[Double]:
        """书记由单位主要负责人担任: what the secretary heads."""
        return [
            double
            for double in self.doubles
            if double.is_main_leader and double.seat.title == PostTitle.SECRETARY
        ]

    @property
    def is_one_shoulder(self) -> bool:
        """一肩挑: the secretary heads the village or community behind the organisation."""
        return any(double.unit_kind in _VILLAGE_UNITS for double in self.leading)

    @property
    def missing_officers(self) -> list[str]:
        """Officers that a committee has and nobody here is, in words."""
        held = {seat.title for seat in self.seats}
        return [title.label for title in OFFICERS if title not in held]


def people_in_committees(organisations, day: datetime.date) -> dict[int, int]:
    """Distinct people in the committee of each organisation on `day`; empty ones are left out."""
    people = defaultdict(set)
    for pk, member_id, name in (
        Post.objects.on(day)
        .filter(organisation__in=organisations, title__in=COMMITTEE_TITLES)
        .values_list("organisation_id", "member_id", "person_name")
    ):
        people[pk].add(member_id or name)
    return {pk: len(found) for pk, found in people.items()}


def standings(organisations, day: datetime.date) -> dict[int, Standing]:
    """How each of these organisations was led on `day`, in five queries for any number."""
    found: dict[int, Standing] = defaultdict(Standing)
    for pk, *seat in (
        Post.objects.on(day)
        .filter(organisation__in=organisations, title__in=COMMITTEE_TITLES)
        .order_by("pk")
        .values_list("organisation_id", "pk", "title", "member_id", "person_name", "starts_on")
    ):
        found[pk].seats.append(Seat(*seat))
    for standing in found.values():
        standing.seats.sort(key=lambda seat: _ORDER[seat.title])
    for pk, (_members, formal) in counts(organisations, day).items():
        found[pk].formal = formal
    for pk, since in vacant_since(organisations, day).items():
        if found[pk].secretary is None:
            found[pk].vacant_since = since
    _add_doubles(found, organisations, day)
    return found


def vacant_since(organisations, day: datetime.date) -> dict[int, datetime.date]:
    """The day after the last secretary before `day` left; whether one came since is not asked."""
    ended = (
        Post.objects.filter(
            organisation__in=organisations, title=PostTitle.SECRETARY, ends_on__lt=day
        )
        .values("organisation_id")
        .annotate(last=Max("ends_on"))
        .values_list("organisation_id", "last")
    )
    return {pk: last + _DAY for pk, last in ended}


def _add_doubles(found: dict[int, Standing], organisations, day: datetime.date) -> None:
    """双向进入、交叉任职: one person on the committee and in a unit behind the organisation."""
    behind = defaultdict(set)
    for pk, unit_id in (
        BranchUnit.objects.filter(organisation__in=organisations)
        .filter(standing_on(day))
        .values_list("organisation_id", "unit_id")
    ):
        behind[pk].add(unit_id)
    held = defaultdict(list)
    for member_id, unit_id, *post in (
        UnitPost.objects.on(day)
        .filter(unit__branch_units__organisation__in=organisations)
        .order_by("pk")
        .values_list("member_id", "unit_id", "title", "unit__name", "unit__kind", "is_main_leader")
        .distinct()
    ):
        held[member_id].append((unit_id, post))
    for pk, units in behind.items():
        found[pk].doubles = [
            Double(seat, *post)
            for seat in found[pk].seats
            for unit_id, post in held.get(seat.member_id, ())
            if unit_id in units
        ]


def doubles_text(doubles: list[Double]) -> str:
    """林守正（荻浦村村委会主任）, one after another."""
    return "、".join(f"{one.seat.name}（{one.unit}{one.title}）" for one in doubles)


def unbroken_since(post: Post, posts: list[Post]) -> datetime.date | None:
    """Since when the holder has held the post without a gap, over several terms."""
    since = post.starts_on
    earlier = {
        other.ends_on + _DAY: other.starts_on
        for other in posts
        if other.ends_on
        and other.title == post.title
        and other.group_id == post.group_id
        and (other.member_id, other.person_name) == (post.member_id, post.person_name)
    }
    while since in earlier:
        since = earlier[since]
    return since


def length_text(since: datetime.date, day: datetime.date) -> str:
    """From `since` to `day`, both included: 12 天, 3 个月零 8 天, 1 年 2 个月."""
    after = day + _DAY
    months = (after.year - since.year) * 12 + after.month - since.month
    if add_months(since, months) > after:
        months -= 1
    days = (after - add_months(since, months)).days
    years, months = divmod(months, 12)
    if years:
        return f"{years} 年" + (f" {months} 个月" if months else "")
    if months:
        return f"{months} 个月" + (f"零 {days} 天" if days else "")
    return f"{days} 天"


def is_long_vacancy(since: datetime.date, day: datetime.date, months: int) -> bool:
    """Whether a vacancy that began on `since` is longer than so many months."""
    return day >= add_months(since, months)


def party_age_hint(member: Member, on: datetime.date) -> str:
    """Why a secretary who takes office on `on` is unusual; "" where nothing speaks against it.

    A secretary normally has been a full member for a year (支部工作条例 2018, Art. 23). Advice.
    """
    if member.kind == MemberKind.PROBATIONARY:
        return f"{member.name}还是预备党员。书记一般应有 1 年以上党龄，党龄从转正之日算起"
    if member.confirmed_on and add_years(member.confirmed_on, _SECRETARY_PARTY_YEARS) > on:
        return (
            f"{member.name}{full_date(member.confirmed_on)}转正，任书记时党龄不满 1 年。"
            "书记一般应有 1 年以上党龄（支部工作条例第二十三条）"
        )
    return ""
