"""The members of an invented branch: people, memberships, posts, terms."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from branches.models import Group, Organisation, Sector
from branches.periods import add_months, add_years
from dues.rates import Category
from members.enums import Gender, LeaveReason, MemberKind, PostTitle, RequestKind, RequestState
from members.identity import check_digit
from members.models import Member, Membership, Post, Term, TermRequest
from partybuild.demo import names
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

REGION = "629901"
_DAY = datetime.timedelta(days=1)


@dataclass(eq=False)
class Stay:
    """A membership to be: a person in one branch from a day on."""

    organisation: Organisation
    group: Group | None
    starts_on: datetime.date
    ends_on: datetime.date | None = None

    def holds_on(self, day: datetime.date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(eq=False)
class Person:
    """A member to be, with what decides how the months go for them."""

    member: Member
    category: str
    stays: list[Stay]
    # The share of meetings this person comes to.
    diligence: float = 0.95
    officer: bool = False

    def stay_on(self, day: datetime.date) -> Stay | None:
        return next((stay for stay in self.stays if stay.holds_on(day)), None)

    def was_formal(self, day: datetime.date) -> bool:
        return self.member.confirmed_on is not None and self.member.confirmed_on <= day


@dataclass
class Numbers:
    """Identity and phone numbers given out so far; none is given twice."""

    per_birthday: dict = field(default_factory=lambda: defaultdict(int))
    phones: int = 0

    def identity(self, born_on: datetime.date, male: bool) -> str:
        """The region code of no place, the birthday, the next free number of that day."""
        self.per_birthday[born_on, male] += 1
        serial = 2 * self.per_birthday[born_on, male] - male
        first_17 = f"{REGION}{born_on:%Y%m%d}{serial:03d}"
        return first_17 + check_digit(first_17)

    def phone(self) -> str:
        """199 0000 0001 and on."""
        self.phones += 1
        return f"199{self.phones:08d}"


@dataclass(frozen=True)
class _Profile:
    """What members of a sector are like: ages, share of women, work and dues category."""

    ages: tuple[int, int, int]
    women: float
    work: tuple[tuple[str, str], ...]
    schooling: tuple[str, ...]
    floating: float = 0.02


_E, _R, _F = Category.EMPLOYED, Category.RETIRED, Category.FARMER
_LOW = ("初中", "高中", "高中", "中专", "大学专科")
_HIGH = ("大学专科", "大学本科", "大学本科", "研究生")
_STAFF = _Profile((25, 62, 42), 0.4, (("干部", _E), ("干部", _E), ("专业技术人员", _E)), _HIGH)
_PROFILES = {
    Sector.VILLAGE: _Profile(
        (22, 84, 58),
        0.25,
        (("村民", _F), ("村民", _F), ("村民", _F), ("村民", _F), ("务工人员", _F)),
        _LOW,
        0.12,
    ),
    Sector.COMMUNITY: _Profile(
        (22, 82, 60),
        0.45,
        (
            ("退休人员", _R),
            ("退休人员", _R),
            ("职工", _E),
            ("灵活就业人员", Category.NO_FIXED_INCOME),
            ("学生", Category.STUDENT),
        ),
        _LOW + _HIGH,
        0.04,
    ),
    Sector.SCHOOL: _Profile((24, 60, 40), 0.55, (("教师", _E),), _HIGH),
    Sector.RETIRED: _Profile((60, 86, 70), 0.35, (("退休人员", _R),), _LOW + _HIGH),
    Sector.FLOATING: _Profile(
        (22, 55, 36), 0.3, (("务工人员", _F), ("个体经营", Category.SELF_EMPLOYED)), _LOW, 0.9
    ),
    Sector.PRIVATE_ENTERPRISE: _Profile(
        (23, 58, 38), 0.4, (("职工", _E), ("职工", _E), ("经营者", Category.SELF_EMPLOYED)), _HIGH
    ),
    Sector.STATE_ENTERPRISE: _Profile((24, 60, 42), 0.35, (("职工", _E),), _HIGH),
    Sector.SOCIAL_ORGANISATION: _Profile(
        (26, 70, 46), 0.5, (("职工", _E), ("退休人员", _R)), _HIGH
    ),
}


def people_of(branch: Branch, numbers: Numbers, window: Window, rng: Random) -> list[Person]:
    """The members a branch has at the end of the window; the first are the oldest in the Party."""
    people = [_person(branch, index, numbers, window, rng) for index in range(branch.size)]
    people.sort(key=lambda person: person.member.joined_on)
    for index, person in enumerate(people):
        if branch.groups:
            group = branch.groups[index % len(branch.groups)]
            person.stays[0].group = person.member.group = group
    if branch.is_shown:
        _ripen(people[-1], window.today + datetime.timedelta(days=20))
    elif branch.forgot_confirmation:
        _ripen(people[-1], window.today - datetime.timedelta(days=rng.randint(15, 70)))
    return people


def _person(branch: Branch, index: int, numbers: Numbers, window: Window, rng: Random) -> Person:
    profile = _PROFILES.get(branch.sector, _STAFF)
    male = rng.random() >= profile.women
    born_on = _born_on(profile, index, window, rng)
    joined_on = _joined_on(born_on, index, window, rng)
    ripe_on = add_years(joined_on, 1)
    # Whose year is over has been confirmed, except where a branch forgot it (see `_ripen`).
    confirmed_on = min(ripe_on + rng.randint(0, 20) * _DAY, max(ripe_on, window.today))
    is_formal = confirmed_on <= window.today
    work, category = rng.choice(profile.work)
    age = (window.today - born_on).days // 365
    work, category = _fitted(work, category, age, branch.sector)
    member = Member(
        name=names.person_name(rng, male),
        gender=Gender.MALE if male else Gender.FEMALE,
        ethnicity=rng.choices(("汉族", "土家族", "满族", "壮族"), (93, 3, 2, 2))[0],
        born_on=born_on,
        education=rng.choice(profile.schooling),
        kind=MemberKind.FORMAL if is_formal else MemberKind.PROBATIONARY,
        joined_on=joined_on,
        confirmed_on=confirmed_on if is_formal else None,
        occupation=work,
        is_floating=rng.random() < profile.floating,
        organisation=branch.organisation,
    )
    member.set_id_number(numbers.identity(born_on, male))
    member.set_phone(numbers.phone())
    starts_on = max(joined_on, branch.organisation.founded_on)
    return Person(
        member,
        category,
        [Stay(branch.organisation, None, starts_on)],
        _diligence(branch, age, member.is_floating),
    )


def _born_on(profile: _Profile, index: int, window: Window, rng: Random) -> datetime.date:
    youngest, oldest, usual = profile.ages
    # Somebody of working age is always there to take a post.
    age = (
        rng.randint(34, 52)
        if index < 3 and youngest < 52
        else rng.triangular(youngest, oldest, usual)
    )
    return window.today - datetime.timedelta(days=int(age * 365.25) + rng.randint(0, 364))


def _joined_on(born_on: datetime.date, index: int, window: Window, rng: Random) -> datetime.date:
    """Between 19 and 40 years of age; about one in fourteen within the last thirty months."""
    grown = add_years(born_on, 19)
    if index >= 3 and rng.random() < 0.07:
        joined_on = add_months(window.today, -rng.randint(1, 30)) - rng.randint(0, 20) * _DAY
    else:
        latest = min((window.today - grown).days - 1000, 21 * 365)
        joined_on = grown + rng.randint(0, max(latest, 30)) * _DAY
    return max(grown, min(joined_on, window.today - 20 * _DAY))


def _fitted(work: str, category: str, age: int, sector: str) -> tuple[str, str]:
    """Work that fits the age: nobody studies at 40 or is employed at 70."""
    if category == Category.STUDENT and age > 26:
        return "职工", Category.EMPLOYED
    if category == Category.RETIRED and age < 55:
        return "职工", Category.EMPLOYED
    if category == Category.EMPLOYED and age > 61:
        return "退休人员", Category.RETIRED
    return work, category


def _diligence(branch: Branch, age: int, floating: bool) -> float:
    share = {Order.GOOD: 0.96, Order.FAIR: 0.91, Order.POOR: 0.8}[branch.order]
    if age > 76:
        share -= 0.1
    return share - 0.12 if floating else share


def _ripen(person: Person, ends_on: datetime.date) -> None:
    """Make a person probationary with the probation ending on that day."""
    member = person.member
    member.joined_on = add_years(ends_on, -1)
    member.kind, member.confirmed_on = MemberKind.PROBATIONARY, None
    person.stays[0].starts_on = max(member.joined_on, person.stays[0].starts_on)


def move_some(
    branches: list[Branch], people: dict[Branch, list[Person]], window: Window, rng: Random
) -> None:
    """A few members change branch inside the window, a few leave the county."""
    ordinary = [one for one in branches if one.size >= 12 and not one.is_shown and not one.is_large]
    days = max(1, (window.today - window.first).days - 40)
    for branch in ordinary:
        leaving = [
            person
            for person in people[branch]
            if not person.officer and person.was_formal(window.first)
        ]
        if not leaving or rng.random() > 0.4:
            continue
        person = rng.choice(leaving)
        on = window.first + rng.randint(20, 20 + days) * _DAY
        if on >= window.today or person.stays[0].starts_on >= on - _DAY:
            continue
        person.stays[0].ends_on = on - _DAY
        if rng.random() < 0.35 or len(ordinary) < 2:
            person.member.left_on, person.member.left_reason = on - _DAY, LeaveReason.MOVED.label
            continue
        to = rng.choice([one for one in ordinary if one is not branch])
        group = rng.choice(to.groups) if to.groups else None
        starts_on = max(on, to.organisation.founded_on)
        person.stays.append(Stay(to.organisation, group, starts_on))
        person.member.organisation, person.member.group = to.organisation, group


def memberships(person: Person) -> list[Membership]:
    return [
        Membership(
            member=person.member,
            organisation=stay.organisation,
            group=stay.group,
            starts_on=stay.starts_on,
            ends_on=stay.ends_on,
        )
        for stay in person.stays
    ]


def terms_of(branch: Branch, window: Window, rng: Random) -> list[Term]:
    """The term in office, for older branches often the one before as well."""
    organisation, today = branch.organisation, window.today
    years = 5 if branch.sector in (Sector.VILLAGE, Sector.COMMUNITY) else 3
    days = {
        "past": -rng.randint(20, 150),
        "postponed": -rng.randint(30, 120),
        "soon": 150,
        "running": rng.randint(45, years * 365 - 60),
    }[branch.term]
    ends_on = today + days * _DAY
    if organisation.founded_on >= window.first:
        ends_on = add_years(organisation.founded_on, years)
    starts_on = add_years(ends_on, -years)
    terms = [Term(organisation=organisation, starts_on=starts_on, ends_on=ends_on)]
    if branch.term == "postponed":
        terms[0].postponed_to = add_months(today, 3)
        terms[0].postponement_reason = "村（社区）集中换届，经上级党委批准延期"
    if branch.order is Order.GOOD and not branch.is_shown:
        # Its committee wrote in time.
        notified_on = add_months(ends_on, -6)
        if notified_on <= today:
            terms[0].notified_on, terms[0].notice_number = notified_on, "换届提醒函"
    before = add_years(starts_on, -years)
    if rng.random() < 0.3 and before >= organisation.founded_on:
        terms.insert(0, Term(organisation=organisation, starts_on=before, ends_on=starts_on))
    return terms


def requests_of(branch: Branch, term: Term, window: Window) -> list[TermRequest]:
    """The request to elect, four months before the end, where a branch is in order."""
    asked_on = add_months(term.ends_on, -4) - 5 * _DAY
    if branch.order is not Order.GOOD or branch.is_shown or asked_on > window.today:
        return []
    return [
        TermRequest(
            term=term,
            kind=RequestKind.ELECTION,
            asked_on=asked_on,
            to_on=term.ends_on - 10 * _DAY,
            state=RequestState.APPROVED,
            decided_on=min(asked_on + 10 * _DAY, window.today),
        )
    ]


_TITLES = (
    PostTitle.ORGANISATION,
    PostTitle.PUBLICITY,
    PostTitle.DISCIPLINE,
)


def posts_of(
    branch: Branch, people: list[Person], term: Term, window: Window, rng: Random
) -> list[Post]:
    """Secretary, committee where there are seven formal members, leaders of groups."""
    starts_on = term.starts_on
    if starts_on > window.first:
        # Elected again: in office since the term before.
        starts_on = add_years(starts_on, -3)
    starts_on = max(starts_on, branch.organisation.founded_on)
    able = [
        person
        for person in people
        if person.was_formal(window.first) and person.member.joined_on <= add_years(starts_on, -1)
    ] or [person for person in people if person.member.confirmed_on]
    able.sort(key=lambda person: abs((window.today - person.member.born_on).days / 365 - 46))
    formal = sum(person.member.confirmed_on is not None for person in people)
    titles = [PostTitle.SECRETARY]
    if formal >= 7 and branch.has_large_committee:
        titles += [PostTitle.DEPUTY, *_TITLES, PostTitle.MEMBER]
    elif formal >= 7 and not branch.lacks_committee:
        titles += [PostTitle.DEPUTY] if formal >= 20 else []
        titles += _TITLES if formal >= 12 else _TITLES[:2]
    elif formal >= 5 and formal < 7:
        titles += [PostTitle.DEPUTY]
    posts = [
        _post(branch, title, person, starts_on) for title, person in zip(titles, able, strict=False)
    ]
    for group, person in zip(branch.groups, able[len(titles) :], strict=False):
        posts.append(_post(branch, PostTitle.GROUP_LEADER, person, starts_on))
        posts[-1].group = group
        person.stays[0].group = person.member.group = group
    if branch.lost_secretary and posts:
        posts[0].ends_on = window.today - rng.randint(50, 120) * _DAY
    elif branch.changed_secretary and len(able) > len(posts):
        changed_on = window.today - rng.randint(60, 90) * _DAY
        posts[0].ends_on = changed_on - _DAY
        posts.append(_post(branch, PostTitle.SECRETARY, able[len(posts)], changed_on))
    return posts


def _post(branch: Branch, title: str, person: Person, starts_on: datetime.date) -> Post:
    person.officer = True
    if branch.order is not Order.POOR:
        person.diligence = max(person.diligence, 0.97)
    return Post(
        organisation=branch.organisation,
        title=title,
        member=person.member,
        person_name=person.member.name,
        starts_on=starts_on,
    )
