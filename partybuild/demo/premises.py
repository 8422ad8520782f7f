"""What belongs to an invented branch as a place: units, room, funds, who is assigned to it."""

import datetime
from random import Random

from branches.models import (
    ActivityRoom,
    BranchUnit,
    Budget,
    Form,
    FundEntry,
    FundKind,
    Sector,
    Unit,
    UnitKind,
)
from branches.premises import FUNDS_PER_MEMBER, ROOM_STANDARD
from members.enums import AssignmentRole, PostTitle
from members.models import Assignment, Post, UnitPost
from partybuild.demo import names
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
# Branches of these sectors stand behind no unit of their own.
_WITHOUT_UNIT = {Sector.RETIRED, Sector.FLOATING, Sector.OTHER}
_MAIN_TITLES = {
    Sector.VILLAGE: "村民委员会主任",
    Sector.COMMUNITY: "居民委员会主任",
    Sector.SCHOOL: "校长",
    Sector.PRIVATE_ENTERPRISE: "总经理",
    Sector.SOCIAL_ORGANISATION: "会长",
}
_ASSIGNED = {
    Sector.VILLAGE: AssignmentRole.LINKED_LEADER,
    Sector.COMMUNITY: AssignmentRole.FULL_TIME_STAFF,
    Sector.PRIVATE_ENTERPRISE: AssignmentRole.INSTRUCTOR,
    Sector.SOCIAL_ORGANISATION: AssignmentRole.INSTRUCTOR,
}
_FROM = {
    AssignmentRole.LINKED_LEADER: "镇党委委员",
    AssignmentRole.FULL_TIME_STAFF: "街道党建办公室",
    AssignmentRole.INSTRUCTOR: "县社会组织工作委员会",
}
_PURPOSES = ("购买学习资料", "主题党日活动", "走访慰问", "活动室维护", "党员培训")


def unit_name(branch_name: str) -> str:
    """中共清禾县财政局第二支部委员会 → 清禾县财政局."""
    name = branch_name.removeprefix("中共").removesuffix("支部委员会")
    if "第" in name:
        name = name[: name.rindex("第")]
    return name


def units_of(branch: Branch, rng: Random) -> list[BranchUnit]:
    """The unit behind a branch; a joint branch has two or three. Unsaved, with unsaved units."""
    organisation = branch.organisation
    if organisation.sector in _WITHOUT_UNIT:
        return []
    kind = UnitKind(organisation.sector)
    titles = [unit_name(organisation.name)]
    if organisation.form == Form.JOINT:
        others = names.ASSOCIATIONS if kind == UnitKind.SOCIAL_ORGANISATION else ()
        count = 6 if branch.has_many_units else 2
        extra = [f"{titles[0]}{other}" for other in rng.sample(others, count)] if others else []
        titles += extra or [names.company(300 + rng.randint(0, 80)) for _ in range(count)]
    return [
        BranchUnit(
            organisation=organisation,
            unit=Unit(organisation=organisation, name=title, kind=kind),
            starts_on=organisation.founded_on,
        )
        for title in titles
    ]


def unit_posts_of(branch: Branch, units: list[BranchUnit], posts: list[Post]) -> list[UnitPost]:
    """The secretary as main leader of the unit, where branches are in order."""
    title = _MAIN_TITLES.get(branch.sector)
    holder = next(
        (post for post in posts if post.title == PostTitle.SECRETARY and post.ends_on is None), None
    )
    if not (units and title and holder) or branch.order is not Order.GOOD:
        return []
    return [
        UnitPost(
            unit=units[0].unit,
            member=holder.member,
            title=title,
            is_main_leader=True,
            starts_on=holder.starts_on,
        )
    ]


def rooms_of(branch: Branch, window: Window, rng: Random) -> list[ActivityRoom]:
    """One room; branches in disorder have none, or one with gaps."""
    standard = list(ROOM_STANDARD.default)
    if branch.order is Order.POOR and rng.random() < 0.5:
        return []
    met = standard if branch.order is Order.GOOD else rng.sample(standard, len(standard) - 2)
    return [
        ActivityRoom(
            organisation=branch.organisation,
            name="党员活动室",
            address=f"{unit_name(branch.organisation.name)}办公楼",
            area=rng.randint(24, 120),
            met=[item for item in standard if item in met],
            checked_on=window.today - rng.randint(10, 120) * _DAY,
            opened_on=branch.organisation.founded_on,
        )
    ]


def funds_of(branch: Branch, window: Window, rng: Random) -> tuple[list[Budget], list[FundEntry]]:
    """This year's and last year's budget, and what was received and spent."""
    budgets, entries = [], []
    year = window.today.year
    asked = branch.size * FUNDS_PER_MEMBER.default
    for one in (year - 1, year):
        if branch.order is Order.POOR and one == year:
            continue
        share = 0.8 if branch.order is Order.FAIR and rng.random() < 0.3 else 1.2
        budgets.append(
            Budget(organisation=branch.organisation, year=one, amount=int(asked * share))
        )
    for number in range(rng.randint(1, 3)):
        on = window.today - rng.randint(5, 200) * _DAY
        entries.append(
            FundEntry(
                organisation=branch.organisation,
                kind=FundKind.REFUND if number == 0 else FundKind.SPENDING,
                on=on,
                amount=rng.randint(3, 20) * 50,
                purpose="上年度党费返还" if number == 0 else rng.choice(_PURPOSES),
            )
        )
    return budgets, entries


def assignments_of(branch: Branch, window: Window, rng: Random) -> list[Assignment]:
    """The leader linked to a village, the instructor of an association."""
    role = _ASSIGNED.get(branch.sector)
    # To whom is badly kept nobody has been sent yet.
    if role is None or branch.order is Order.POOR or not branch.has_instructor:
        return []
    return [
        Assignment(
            organisation=branch.organisation,
            role=role,
            person_name=names.person_name(rng, male=rng.random() < 0.6),
            from_unit=_FROM[role],
            starts_on=window.today - rng.randint(100, 700) * _DAY,
        )
    ]
