"""The year plan of an invented branch: what its habits lead it to intend."""

import datetime
from random import Random

from branches.periods import month_end
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from members.enums import PostTitle
from members.models import Post
from partybuild.demo.meetings import TOPICS, Habits, committee_on
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
_WAYS = ("集中讲授", "现场教学", "交流研讨")


def plan_of(
    branch: Branch, posts: list[Post], habits: Habits, window: Window, rng: Random
) -> tuple[YearPlan, list[PlanItem]] | None:
    """The plan of the year of the window's last day; some in disorder never made one."""
    year = window.today.year
    if branch.order is Order.POOR and rng.random() < 0.4:
        return None
    founded_on = branch.organisation.founded_on
    plan = YearPlan(
        organisation=branch.organisation, year=year, filed_on=_filed_on(branch, year, window, rng)
    )
    items = []
    for number in range(1, 13):
        month = datetime.date(year, number, 1)
        if month_end(month) < founded_on:
            continue
        lines = _lines(branch, posts, habits, month)
        items += [
            _item(plan, branch, type, on, group, posts, habits, rng)
            for type, on, group in lines
            if on >= founded_on and not (branch.is_shown and _still_open(type, on, window))
        ]
    return plan, items


def _filed_on(branch: Branch, year: int, window: Window, rng: Random) -> datetime.date | None:
    day = datetime.date(year, 1, rng.randint(5, 28))
    if branch.order is Order.POOR:
        day += rng.choice((0, 30, 60)) * _DAY
    day = max(day, branch.organisation.founded_on + 20 * _DAY)
    return day if day <= window.today else None


def _lines(branch: Branch, posts: list[Post], habits: Habits, month: datetime.date):
    """(type, day, group) of a month."""
    in_quarter = (month.month - 1) % 3
    lines = [(Type.THEME_DAY, month.replace(day=habits.theme_day), None)]
    if committee_on(posts, month.replace(day=28)):
        lines.append((Type.COMMITTEE, month.replace(day=habits.committee_day + 2), None))
    for number, group in enumerate(branch.groups):
        day = 6 + (habits.committee_day + 5 * number) % 20
        lines.append((Type.GROUP, month.replace(day=day), group))
    if in_quarter == habits.month_of_quarter:
        lines.append((Type.MEMBERS_MEETING, month.replace(day=15), None))
    if in_quarter == habits.lecture_month:
        lines.append((Type.LECTURE, month.replace(day=22), None))
    if month.month == 12:
        lines += [
            (type, month.replace(day=20), None) for type in (Type.LIFE_MEETING, Type.APPRAISAL)
        ]
    return lines


def _still_open(type: str, on: datetime.date, window: Window) -> bool:
    """What the shown branch has not planned yet: the last committee and theme days of the year."""
    return type in (Type.COMMITTEE, Type.THEME_DAY) and on.month == 12 and on > window.today


def _item(plan, branch: Branch, type: str, on, group, posts, habits: Habits, rng: Random):
    sitting = [
        post
        for post in posts
        if post.title != PostTitle.GROUP_LEADER
        and post.starts_on <= on
        and (post.ends_on is None or on <= post.ends_on)
    ]
    sitting.sort(key=lambda post: post.title != PostTitle.SECRETARY)
    host = sitting[0].member if sitting and group is None else None
    lecturer = rng.choice(sitting).member if sitting and type == Type.LECTURE else None
    return PlanItem(
        plan=plan,
        type=type,
        group=group,
        planned_on=on,
        starts_at=datetime.time(habits.hour, 0),
        ends_at=datetime.time(habits.hour + 2, 0) if type == Type.LECTURE else None,
        place=habits.place,
        topic=rng.choice(TOPICS[type]),
        host=host,
        host_name=host.name if host else "",
        lecturer=lecturer,
        lecturer_name=lecturer.name if lecturer else "",
        way=rng.choice(_WAYS) if type == Type.LECTURE else "",
    )
