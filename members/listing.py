"""What a row of the roster shows, for the page and for the workbook made of it."""

import datetime
from dataclasses import dataclass

from members import facts
from members.filters import dues_span
from members.models import Member, Post


@dataclass(frozen=True)
class Line:
    """One member as the roster shows him or her; numbers masked, days as days."""

    member: Member
    posts: str
    age: int | None
    study: facts.Study | None
    dues_until: datetime.date | None


def age(born_on: datetime.date | None, today: datetime.date) -> int | None:
    """Full years; who was born on 29 February grows older on 1 March in common years."""
    if born_on is None:
        return None
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def paid_until(months: list[facts.DuesMonth]) -> datetime.date | None:
    """The last month up to which every charged month is paid in full."""
    until = None
    for one in months:
        if one.paid < one.due:
            break
        until = one.month
    return until


def month_text(month: datetime.date | None) -> str:
    """2026年3月; "" for none."""
    return f"{month.year}年{month.month}月" if month else ""


def lines(members: list[Member], today: datetime.date) -> list[Line]:
    """The rows of these members, in their order, with a fixed number of queries."""
    keys = [member.pk for member in members]
    study = facts.study_of(keys, today)
    dues = facts.dues_of(keys, *dues_span(today))
    posts: dict[int, list[str]] = {}
    for post in Post.objects.on(today).filter(member__in=keys):
        posts.setdefault(post.member_id, []).append(post.get_title_display())
    return [
        Line(
            member=member,
            posts="、".join(posts.get(member.pk, [])),
            age=age(member.born_on, today),
            study=study.get(member.pk),
            dues_until=paid_until(dues.get(member.pk, [])),
        )
        for member in members
    ]
