"""The roster as a workbook: exactly the members and columns that the list page shows."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, QueryDict
from django.utils import timezone

from accounts import trail
from accounts.roles import Action
from branches.bulk import batched
from branches.choice import chosen_branch
from branches.models import Group, Organisation
from branches.scope import get_for, main_grant, paths_reached
from branches.words import full_date, one_line
from ledgers.exports.ledger import OnProgress, nobody
from ledgers.exports.services import AREA, Refused
from ledgers.exports.workbook import CellKind, Column, Workbook
from members import filters
from members.listing import Line, lines, month_text

_CHUNK = 1000
SHEET, NOTES = "党员花名册", "说明"


@dataclass(frozen=True)
class Asking:
    """Who asks for which list: the part of a request that a job has too."""

    user: object
    GET: QueryDict
    POST: QueryDict = field(default_factory=lambda: QueryDict(""))


@dataclass(frozen=True)
class Roster:
    """The members to be written, in order, with what the file and the trail say of them."""

    organisation: Organisation
    members: models.QuerySet
    total: int
    conditions: str
    with_branch: bool
    with_left: bool
    today: datetime.date

    @property
    def title(self) -> str:
        return f"{self.organisation.short_name}党员花名册"


def roster_asked(user, query: str, today: datetime.date) -> Roster:
    """The list that an address asks for, as far as the user may take ledgers out of it.

    Refuses who may not; an organisation that is out of sight is not there (Http404).
    """
    asking = Asking(user, QueryDict(query))
    if not paths_reached(user, Action.EXPORT_LEDGER):
        raise PermissionDenied
    organisation = _organisation(asking)
    chosen = filters.read_filters(asking.GET)
    members, branch = filters.listed(asking)
    if branch is None or branch.holds_relations:
        # Whoever sees more than may be taken out gets what may.
        members = members.permitting(user, Action.EXPORT_LEDGER)
    members = filters.matching(members, chosen, today)
    members, chip = filters.chosen_by(members, chosen.chip, today)
    return Roster(
        organisation=organisation,
        members=filters.ordered(members, chosen.sort),
        total=members.count(),
        conditions=_conditions(chosen, chip, branch),
        with_branch=branch is None,
        with_left=bool(chosen.left),
        today=today,
    )


def _organisation(asking: Asking) -> Organisation:
    """The organisation a list is of: the one named, the only branch, or where the user works."""
    code = one_line(asking.GET.get("branch") or asking.GET.get("organisation"), 40)
    if code:
        rows = Organisation.objects.all()
        return get_for(rows, asking.user, Action.EXPORT_LEDGER, code=code)
    branch = chosen_branch(asking, Action.EXPORT_LEDGER)
    if branch is not None:
        return branch
    grant = main_grant(asking.user)
    if grant is None:
        raise Http404
    return grant.organisation


def _conditions(chosen: filters.Filters, chip: str, branch) -> str:
    group = None
    if branch is not None and chosen.group is not None:
        group = Group.objects.filter(organisation=branch, pk=chosen.group).first()
    return filters.in_words(chosen, chip, str(group or ""))


def _columns(asked: Roster) -> list[Column]:
    """The columns of the page in its order; what stands beside a name or kind has its own."""
    columns = [Column("姓名", width=12), Column("职务", width=20)]
    if asked.with_branch:
        columns.append(Column("支部", width=34))
    columns += [
        Column("性别", width=8),
        Column("年龄", CellKind.COUNT),
        Column("类别", width=12),
        Column("入党日期", CellKind.DATE),
        Column("党小组", width=16),
        Column("联系电话", width=16),
        Column("学时", CellKind.HOURS),
        Column("党费缴至", width=14),
    ]
    if asked.with_left:
        columns += [Column("离开日期", CellKind.DATE), Column("离开原因", width=24)]
    return columns


def _cells(one: Line, asked: Roster) -> list:
    member = one.member
    cells = [member.name, one.posts]
    if asked.with_branch:
        cells.append(member.organisation.name)
    cells += [
        member.get_gender_display(),
        one.age,
        member.get_kind_display(),
        member.joined_on,
        member.group.name if member.group else "",
        member.phone_mask,
        one.study.hours if one.study else None,
        month_text(one.dues_until),
    ]
    return cells + ([member.left_on, member.left_reason] if asked.with_left else [])


def export_roster(
    *,
    query: str,
    by,
    today: datetime.date,
    path: Path,
    folder: Path,
    on_progress: OnProgress = nobody,
) -> Roster:
    """Write the list an address asks for to `path` and leave a line in the trail.

    Numbers are masked as on the page. Refuses who has no right to it.
    """
    try:
        asked = roster_asked(by, query, today)
    except (Http404, PermissionDenied):
        raise Refused("你的账号不能导出这份名册") from None
    book = Workbook(path, folder, f"{asked.organisation.code} {asked.conditions}")
    sheet = book.add_sheet(SHEET, _columns(asked))
    members = asked.members.iterator(chunk_size=_CHUNK)
    for piece in batched(members, _CHUNK):
        for one in lines(piece, today):
            sheet.add(_cells(one, asked))
        on_progress(sheet.rows, asked.total, SHEET)
    notes = book.add_sheet(NOTES, [Column("项目", width=16), Column("内容", width=80)])
    for row in (
        ["组织", asked.organisation.name],
        ["条件", asked.conditions or "全部在册党员"],
        ["人数", f"{sheet.rows}"],
        ["数据截至", full_date(today)],
        ["生成", f"{timezone.localtime():%Y-%m-%d %H:%M} {by}"],
        ["号码", "部分隐藏"],
    ):
        notes.add(row)
    book.close(title=asked.title, author=str(by))
    trail.record(
        by=by,
        action="导出花名册",
        area=AREA,
        label=asked.title,
        organisation_id=asked.organisation.pk,
        after={
            "条件": asked.conditions or "全部在册党员",
            "行数": str(sheet.rows),
            "号码": "部分隐藏",
        },
    )
    return asked
