"""The tree of an invented county: which committees, which branches, how large, how well kept."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from itertools import cycle, islice
from random import Random

from branches.models import Form, Group, Kind, Organisation, Sector
from branches.services import chinese_number
from partybuild.demo import names
from partybuild.demo.window import Window

COUNTY_NAME = "中共清禾县委员会"
_SMALLEST, _LARGEST = 4, 49


class Order(Enum):
    """How well a branch keeps its duties."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(eq=False)
class Branch:
    """A branch to be made: what will be true of it."""

    organisation: Organisation
    # Written out with everything above and beside it a branch would fill pages.
    above: "Committee" = field(repr=False)
    size: int = 0
    order: Order = Order.GOOD
    # The branch whose secretary's account is handed out: in order, with a few open items.
    is_shown: bool = False
    has_two_formal: bool = False
    is_large: bool = False
    has_instructor: bool = True
    has_many_units: bool = False
    lost_secretary: bool = False
    changed_secretary: bool = False
    # Faults of the committee: none elected though due, or one larger than usual.
    lacks_committee: bool = False
    has_large_committee: bool = False
    forgot_confirmation: bool = False
    term: str = "running"
    groups: list[Group] = field(default_factory=list)

    @property
    def sector(self) -> str:
        return self.organisation.sector

    def random(self, seed: int, noun: str) -> Random:
        """A generator of its own for each branch and noun: adding draws to one moves no other."""
        return Random(f"{seed}/{self.organisation.code}/{noun}")


@dataclass(eq=False)
class Committee:
    """An organisation above branches; `leader` is its secretary."""

    organisation: Organisation
    leader: str = ""
    branches: list[Branch] = field(default_factory=list)
    general_branches: list["Committee"] = field(default_factory=list)


@dataclass(eq=False)
class Tree:
    county: Committee
    committees: list[Committee]
    branches: list[Branch]

    @property
    def general_branches(self) -> list[Committee]:
        return [unit for committee in self.committees for unit in committee.general_branches]


# For each sort of committee the sectors of its branches, in turn.
_S = Sector
_OFFICES = [_S.OFFICE, _S.PUBLIC_INSTITUTION, _S.OFFICE, _S.STATE_ENTERPRISE, _S.OFFICE]
_OFFICES += [_S.RETIRED, _S.OFFICE, _S.PUBLIC_INSTITUTION, _S.OFFICE, _S.OTHER]
_SCHOOLS = [_S.SCHOOL, _S.SCHOOL, _S.SCHOOL, _S.PUBLIC_INSTITUTION, _S.SCHOOL]
_SOCIAL = [_S.SOCIAL_ORGANISATION, _S.PRIVATE_ENTERPRISE, _S.SOCIAL_ORGANISATION]
_TOWN = [_S.VILLAGE, _S.VILLAGE, _S.OFFICE, _S.VILLAGE, _S.VILLAGE, _S.FLOATING, _S.VILLAGE]
_TOWN += [_S.VILLAGE, _S.SCHOOL, _S.VILLAGE, _S.VILLAGE, _S.VILLAGE, _S.PRIVATE_ENTERPRISE]
_STREET = [_S.COMMUNITY, _S.COMMUNITY, _S.COMMUNITY, _S.PRIVATE_ENTERPRISE, _S.COMMUNITY]
_STREET += [_S.COMMUNITY, _S.SOCIAL_ORGANISATION, _S.RETIRED]


def plan(branches: int, members: int, seed: int, window: Window) -> Tree:
    """The tree with unsaved organisations; sizes of branches add up to `members`."""
    rng = Random(f"{seed}/tree")
    county = Committee(
        Organisation(code="QHX", name=COUNTY_NAME, kind=Kind.COUNTY, founded_on=_day(1952, 7)),
        names.person_name(rng, male=True),
    )
    committees, sectors = _committees(branches, rng)
    shares = _shared_out(branches, [weight for _, weight in sectors])
    made: list[Branch] = []
    numbers: Counter = Counter()
    for committee, (turn, _), share in zip(committees, sectors, shares, strict=True):
        _fill(committee, list(islice(cycle(turn), share)), made, numbers, rng)
    _mark(made, members, window, rng)
    _give_sizes(made, members, rng)
    for branch in made:
        branch.groups = _groups(branch, rng)
    return Tree(county, [one for one in committees if one.branches], made)


def _day(year: int, month: int) -> datetime.date:
    return datetime.date(year, month, 1)


def _committees(branches: int, rng: Random):
    """The committees below the county, each with the turn of its sectors and its weight."""
    towns = max(1, min(4, branches // 12), round(branches**0.5 / 2))
    streets = max(1, towns // 2)
    working, social = Kind.WORKING_COMMITTEE, _S.SOCIAL_ORGANISATION
    planned = [("中共清禾县直属机关工作委员会", working, _S.OFFICE, _OFFICES, 10.0)]
    planned += [("中共清禾县教育局委员会", Kind.COMMITTEE, _S.SCHOOL, _SCHOOLS, 5.0)]
    planned += [("中共清禾县社会组织工作委员会", working, social, _SOCIAL, 5.0)]
    planned += [("中共柳汀街道工作委员会", working, _S.COMMUNITY, _STREET, 7.0)]
    planned += [
        (f"中共{names.place(n)}镇委员会", Kind.COMMITTEE, _S.VILLAGE, _TOWN, 28 / towns)
        for n in range(towns)
    ]
    planned += [
        (f"中共{names.place(300 + n)}街道工作委员会", working, _S.COMMUNITY, _STREET, 6.0 / streets)
        for n in range(1, streets)
    ]
    width = max(2, len(str(len(planned))))
    committees = [
        Committee(
            Organisation(
                code=f"QHX{number:0{width}d}",
                name=name,
                kind=kind,
                sector=sector,
                founded_on=_day(1956 + number % 40, 1 + number % 12),
            ),
            names.person_name(rng, male=rng.random() < 0.65),
        )
        for number, (name, kind, sector, _, _) in enumerate(planned, 1)
    ]
    return committees, [(turn, weight) for *_, turn, weight in planned]


def _shared_out(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to `total`."""
    exact = [total * weight / sum(weights) for weight in weights]
    shares = [int(one) for one in exact]
    by_rest = sorted(range(len(weights)), key=lambda n: (shares[n] - exact[n], n))
    for n in by_rest[: total - sum(shares)]:
        shares[n] += 1
    return shares


# Their units are numbered through the whole county, all others within their committee.
_COUNTY_WIDE = (_S.VILLAGE, _S.COMMUNITY, _S.PRIVATE_ENTERPRISE)


def _fill(
    committee: Committee, sectors: list[Sector], made: list[Branch], numbers: Counter, rng: Random
) -> None:
    """Give a committee a branch for each sector listed, some under a general branch (党总支)."""
    for sector in sectors:
        place = sector if sector in _COUNTY_WIDE else (committee.organisation.code, sector)
        organisation = Organisation(
            code=f"{committee.organisation.code}-{len(made) + 1:04d}",
            name=_branch_name(committee, sector, numbers[place]),
            kind=Kind.BRANCH,
            sector=sector,
            founded_on=_day(rng.randint(1978, 2016), rng.randint(1, 12)),
        )
        numbers[place] += 1
        made.append(Branch(organisation, committee))
        committee.branches.append(made[-1])
    if len(sectors) >= 6 and committee.organisation.sector in (Sector.VILLAGE, Sector.COMMUNITY):
        _add_general_branch(committee, rng)


def _add_general_branch(committee: Committee, rng: Random) -> None:
    """Put three branches of the main sector under a general branch of their own."""
    sector = committee.organisation.sector
    below = [branch for branch in committee.branches if branch.sector == sector][-3:]
    place = _place_of(below[0].organisation.name)
    general = Committee(
        Organisation(
            code=f"{committee.organisation.code}Z1",
            name=f"中共{place}{'村' if sector == Sector.VILLAGE else '片区'}总支部委员会",
            kind=Kind.GENERAL_BRANCH,
            sector=sector,
            founded_on=_day(1998, 7),
        ),
        names.person_name(rng, male=rng.random() < 0.65),
        below,
    )
    for branch in below:
        branch.above = general
        serial = branch.organisation.code.rsplit("-", 1)[1]
        branch.organisation.code = f"{general.organisation.code}-{serial}"
    committee.general_branches.append(general)


def _place_of(name: str) -> str:
    for mark in ("村", "社区"):
        name = name.split(mark)[0]
    return name.removeprefix("中共")


def _branch_name(committee: Committee, sector: str, number: int) -> str:
    """中共望春社区第一支部委员会: the unit, an ordinal where it has several branches."""
    own = committee.organisation.name.removeprefix("中共").removesuffix("工作委员会")
    own = own.removesuffix("委员会")
    if sector == Sector.VILLAGE:
        return f"中共{names.place(100 + number)}村支部委员会"
    if sector == Sector.COMMUNITY:
        return f"中共{names.community(number // 2)}社区第{'一二'[number % 2]}支部委员会"
    if sector == Sector.PRIVATE_ENTERPRISE:
        return f"中共{names.company(number)}支部委员会"
    if sector == Sector.FLOATING:
        return f"中共{own}驻外务工流动党员{_ordinal(number)}支部委员会"
    if sector == Sector.RETIRED:
        return f"中共{own.removesuffix('直属机关')}离退休干部{_ordinal(number)}支部委员会"
    if sector == Sector.OFFICE and committee.organisation.sector != Sector.OFFICE:
        return f"中共{own}机关{_ordinal(number)}支部委员会"
    if sector == Sector.SCHOOL and committee.organisation.sector != Sector.SCHOOL:
        return f"中共{own}中心小学{_ordinal(number)}支部委员会"
    under_schools = committee.organisation.sector == Sector.SCHOOL
    units = {
        Sector.OFFICE: names.OFFICES,
        Sector.PUBLIC_INSTITUTION: names.SCHOOL_UNITS if under_schools else names.INSTITUTIONS,
        Sector.STATE_ENTERPRISE: names.STATE_ENTERPRISES,
        Sector.SCHOOL: names.SCHOOLS,
        Sector.SOCIAL_ORGANISATION: names.ASSOCIATIONS,
    }.get(sector, ("机关后勤",))
    if sector == Sector.SOCIAL_ORGANISATION and committee.organisation.sector != sector:
        own_unit = f"{own}{units[number % len(units)]}"
    else:
        own_unit = f"清禾县{units[number % len(units)]}"
    return f"中共{own_unit}{_ordinal(number // len(units))}支部委员会"


def _ordinal(number: int) -> str:
    return f"第{chinese_number(number + 1) if number < 98 else number + 1}" if number else ""


def _mark(branches: list[Branch], members: int, window: Window, rng: Random) -> None:
    """Decide which branches are kept how well, and give each fault to at least one of them."""
    shown = next((one for one in branches if one.sector == Sector.COMMUNITY), branches[0])
    shown.is_shown, shown.term = True, "soon"
    others = [branch for branch in branches if branch is not shown]
    rng.shuffle(others)
    poor, fair = -(-len(others) // 12), len(others) // 5
    for branch in others[:poor]:
        branch.order = Order.POOR
    for branch in others[poor : poor + fair]:
        branch.order = Order.FAIR
    # Faults go to those in disorder first, one to each as far as they reach.
    queue = others[: poor + fair] or others
    each = max(1, len(branches) // 60)

    def some(count):
        return [queue.pop(0) for _ in range(min(count, len(queue)))]

    # Villages and communities come first: they are the ones that grow too large.
    queue.sort(key=lambda branch: branch.sector not in (Sector.VILLAGE, Sector.COMMUNITY))
    for branch in some(each if members >= 10 * len(branches) >= 100 else 0):
        branch.is_large = True
    rng.shuffle(queue)
    for branch in some(2 * each):
        branch.term = "past"
    for branch in some(each):
        branch.lost_secretary = True
    for branch in some(each):
        branch.has_two_formal = True
    for branch in some(2 * each):
        branch.forgot_confirmation = True
    for branch in some(each):
        branch.term = "postponed"
    for branch in some(each):
        branch.changed_secretary = True
    for branch in some(each):
        branch.lacks_committee = True
    for branch in some(each):
        branch.has_large_committee = True
    good = [branch for branch in others if branch.order is Order.GOOD]
    # Two associations are so small that an instructor is due; to one nobody was sent yet.
    small = [branch for branch in good if branch.sector == Sector.SOCIAL_ORGANISATION][-2:]
    for branch in small:
        branch.has_two_formal, branch.has_instructor = True, branch is small[0]
    # Small units of one trade share a branch.
    trades = (Sector.PRIVATE_ENTERPRISE, Sector.SOCIAL_ORGANISATION)
    joint = [branch for branch in good if branch.sector in trades and branch not in small][:3]
    for branch in joint:
        branch.organisation.form = Form.JOINT
        # One has grown beyond what is usual.
        branch.has_many_units = branch is joint[0]
    if len(good) > 20 and len(window.months) >= 6:
        # Founded inside the window: nothing is asked of it before.
        good[0].organisation.founded_on = window.months[len(window.months) // 2]


def _give_sizes(branches: list[Branch], members: int, rng: Random) -> None:
    """Sizes that add up to `members`: a few tiny or too large, the others between 4 and 49."""
    rest = []
    left = members
    for branch in branches:
        if branch.has_two_formal:
            branch.size = 2
        elif branch.is_large:
            branch.size = rng.randint(52, 58)
        elif branch.is_shown and members >= 15 * len(branches) >= 30:
            branch.size = 26
        else:
            rest.append(branch)
            continue
        left -= branch.size
    # Every seventh branch is too small for a committee.
    weights = [0.25 if n % 7 == 3 else rng.uniform(0.55, 1.6) for n in range(len(rest))]
    smallest, largest = min(_SMALLEST, left // len(rest)), max(_LARGEST, -(-left // len(rest)))
    shares = _shared_out(left, weights)
    for branch, share in zip(rest, shares, strict=True):
        branch.size = min(max(share, smallest), largest)
    _settle(rest, left, smallest, largest)


def _settle(branches: list[Branch], members: int, smallest: int, largest: int) -> None:
    """Take back or hand out, one by one, what the bounds have shifted."""
    missing = members - sum(branch.size for branch in branches)
    step = 1 if missing > 0 else -1
    while missing:
        for branch in branches:
            if missing and smallest <= branch.size + step <= largest:
                branch.size += step
                missing -= step


def _groups(branch: Branch, rng: Random) -> list[Group]:
    """党小组 where members are many, or live apart."""
    count = 0
    if branch.is_shown:
        count = 3
    elif branch.size >= 30 or (branch.size >= 15 and rng.random() < 0.4):
        count = min(4, branch.size // 9)
    return [
        Group(
            organisation=branch.organisation,
            name=f"第{chinese_number(number)}党小组",
            starts_on=branch.organisation.founded_on,
        )
        for number in range(1, count + 1)
    ]
