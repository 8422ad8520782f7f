"""Fills an empty PostgreSQL database with an area of a given size, set by set.

Same size and seed, same rows: chance is a hash of the row's number. Rows go through the tables as
the models declare them: a field that a model gained and that has no default stops it by name.
"""

from itertools import pairwise

from django.core.management.color import no_style
from django.db import connection, models, transaction

from bench.sizes import DAY, FIRST_MONTH, MONTHS, Size
from branches.bulk import batched
from branches.models import Group, Kind, Organisation, Placement, Sector
from branches.services.tree import path_step
from dues.models import ApprovedAmount, Charge, Payment
from dues.rates import Category
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from members.enums import MemberKind, PostTitle
from members.models import Member, Membership, Post, Term
from tasks.models import Task, TaskState

# Three in ten branches are small, one in ten large; the mean is 25 members.
_SMALL, _USUAL, _LARGE = 5, 30, 55
_SECTORS = (Sector.VILLAGE, Sector.COMMUNITY, Sector.OFFICE, Sector.SCHOOL, Sector.RETIRED)

_FILLED = (
    Organisation, Placement, Group, Member, Membership, Post, Term, Meeting, MeetingType,
    Attendance, ApprovedAmount, Charge, Payment, Task,
)  # fmt: skip


@transaction.atomic
def fill(size: Size, seed: int, *, trusted: bool = False) -> None:
    """Write the whole area. `trusted` leaves out the checks of foreign keys, which needs a
    superuser and saves half the time."""
    with connection.cursor() as cursor:
        if trusted:
            cursor.execute("SET LOCAL session_replication_role = replica")
        _chance(cursor, seed)
        _tree(size)
        _shares(cursor, size)
        _people(cursor)
        _leaders(cursor)
        _meetings(cursor)
        _dues(cursor)
        _tasks(cursor, size)
        for statement in connection.ops.sequence_reset_sql(no_style(), _FILLED):
            cursor.execute(statement)


def insert(cursor, model: type[models.Model], columns: dict[str, str], source: str) -> None:
    """INSERT … SELECT into a model's table: SQL by field name, the rest from the fields' defaults.

    Refuses by name a field that is neither given nor has a default.
    """
    names, selected, values = [], [], []
    given = dict(columns)
    for field in model._meta.concrete_fields:
        if field.name in given:
            names.append(field.column)
            selected.append(given.pop(field.name))
        elif not field.primary_key:
            if not (field.has_default() or field.null or field.blank or _sets_itself(field)):
                raise LookupError(f"{model.__name__}.{field.name} is new: the generator gives none")
            names.append(field.column)
            selected.append("now()" if _sets_itself(field) else "%s")
            if not _sets_itself(field):
                values.append(field.get_db_prep_save(field.get_default(), connection))
    if given:
        raise LookupError(f"{model.__name__} has no field {'、'.join(given)}")
    cursor.execute(
        f'INSERT INTO "{model._meta.db_table}" ({", ".join(f"{name}" for name in map(_q, names))}) '
        f"SELECT {', '.join(selected)} {source}",
        values,
    )


def _sets_itself(field) -> bool:
    return getattr(field, "auto_now_add", False)


def _q(name: str) -> str:
    return connection.ops.quote_name(name)


def _chance(cursor, seed: int) -> None:
    """bench_chance(row, salt): a number in [0, 1) that is always the same for the same row."""
    cursor.execute(
        f"""
        CREATE OR REPLACE FUNCTION pg_temp.chance(row_number bigint, salt int)
        RETURNS double precision LANGUAGE sql IMMUTABLE AS
        $$ SELECT (hashint8extended(row_number, {int(seed)} * 1000 + salt) & 1048575) / 1048576.0::float8 $$
        """
    )


def _tree(size: Size) -> None:
    """A county, its committees, and the branches dealt out among these."""
    first = Organisation.objects.count() + 1
    county_path = path_step(first)
    rows = [_organisation(first, "县委", Kind.COUNTY, None, county_path)]
    committees = range(first + 1, first + 1 + size.committees)
    paths = {pk: county_path + path_step(pk) for pk in committees}
    rows += [
        _organisation(pk, f"第{pk}党委", Kind.COMMITTEE, first, paths[pk]) for pk in committees
    ]
    for index in range(size.branches):
        pk, parent = committees.stop + index, committees[index % len(committees)]
        branch = _organisation(
            pk, f"第{pk}支部", Kind.BRANCH, parent, paths[parent] + path_step(pk)
        )
        branch.sector = _SECTORS[index % len(_SECTORS)]
        # One in two hundred was dissolved half a year before the day.
        branch.dissolved_on = DAY.replace(month=3) if index % 200 == 199 else None
        rows.append(branch)
    Organisation.objects.bulk_create(rows, batch_size=2000)
    Placement.objects.bulk_create(
        (Placement(organisation_id=row.pk, parent_id=row.parent_id, path=row.path) for row in rows),
        batch_size=2000,
    )


def _organisation(pk: int, name: str, kind: str, parent: int | None, path: str) -> Organisation:
    return Organisation(
        pk=pk, code=f"B{pk}", name=name, kind=kind, parent_id=parent, path=path,
        founded_on=DAY.replace(year=2020),
    )  # fmt: skip


def _shares(cursor, size: Size) -> None:
    """pg_temp.share: which numbers of members belong to which branch."""
    branches = list(Organisation.objects.branches().order_by("pk").values_list("pk", flat=True))
    weights = [_weight(index) for index in range(len(branches))]
    ends, total, so_far = [0], sum(weights), 0
    for weight in weights:
        so_far += weight
        ends.append(so_far * size.members // total)
    cursor.execute(
        "CREATE TEMP TABLE share (branch bigint, first bigint, last bigint, groups int) ON COMMIT DROP"
    )
    rows = [
        (branch, start + 1, end, 1 if end - start < 7 else 2 if end - start < 50 else 3)
        for branch, (start, end) in zip(branches, pairwise(ends), strict=True)
    ]
    for piece in batched(rows, 1000):
        cursor.execute(
            f"INSERT INTO share VALUES {', '.join(['(%s, %s, %s, %s)'] * len(piece))}",
            [value for row in piece for value in row],
        )
    cursor.execute("ANALYZE share")


def _weight(index: int) -> int:
    if index % 97 == 0:
        return 2
    return _SMALL if index % 10 < 3 else _LARGE if index % 10 == 9 else _USUAL


def _people(cursor) -> None:
    insert(
        cursor,
        Group,
        {
            "id": "row_number() OVER (ORDER BY branch, number)",
            "organisation": "branch",
            "name": "'第' || number || '党小组'",
        },
        "FROM share CROSS JOIN generate_series(1, groups) number",
    )
    group = "(SELECT min(id) FROM branches_group WHERE organisation_id = branch) + i % groups"
    cursor.execute(
        f"""
        CREATE TEMP TABLE person ON COMMIT DROP AS
        SELECT i, branch, {group} AS group_id, pg_temp.chance(i, 1) < 0.97 AS is_formal,
               CASE WHEN pg_temp.chance(i, 1) < 0.97
                    THEN date '2024-06-30' - (pg_temp.chance(i, 2) * 12000)::int
                    ELSE date '{DAY}' - (pg_temp.chance(i, 2) * 400)::int END AS joined_on,
               CASE WHEN pg_temp.chance(i, 1) < 0.97 AND pg_temp.chance(i, 3) < 0.004
                    THEN date '2026-05-31' END AS left_on
        FROM share CROSS JOIN generate_series(first, last) i
        """
    )
    cursor.execute("ANALYZE person")
    insert(
        cursor,
        Member,
        {
            "id": "i",
            "name": "'党员' || i",
            "initials": "'dy'",
            "kind": f"CASE WHEN is_formal THEN '{MemberKind.FORMAL}' ELSE '{MemberKind.PROBATIONARY}' END",
            "joined_on": "joined_on",
            "confirmed_on": "CASE WHEN is_formal THEN joined_on + 365 END",
            "organisation": "branch",
            "group": "group_id",
            "left_on": "left_on",
            "left_reason": "CASE WHEN left_on IS NULL THEN '' ELSE '去世' END",
        },
        "FROM person ORDER BY i",
    )
    insert(
        cursor,
        Membership,
        {
            "member": "i",
            "organisation": "branch",
            "group": "group_id",
            "starts_on": "joined_on",
            "ends_on": "left_on",
        },
        "FROM person ORDER BY i",
    )


def _leaders(cursor) -> None:
    """A secretary almost everywhere, four more where a committee is due; a term for everybody."""
    titles = (
        (1, PostTitle.SECRETARY), (2, PostTitle.ORGANISATION), (3, PostTitle.PUBLICITY),
        (4, PostTitle.DISCIPLINE), (5, PostTitle.MEMBER),
    )  # fmt: skip
    listed = ", ".join(f"({rank}, '{title}')" for rank, title in titles)
    insert(
        cursor,
        Post,
        {
            "organisation": "branch",
            "title": "title",
            "member": "first + rank - 1",
            "person_name": "'党员' || (first + rank - 1)",
            "starts_on": "date '2023-11-01'",
            "ends_on": "CASE WHEN rank = 1 AND pg_temp.chance(branch, 4) < 0.02 THEN date '2026-07-31' END",
        },
        f"FROM share CROSS JOIN (VALUES {listed}) AS post (rank, title) "
        "WHERE rank = 1 OR last - first >= 7",
    )
    insert(
        cursor,
        Term,
        {
            "organisation": "id",
            "starts_on": "ends_on - 1095",
            "ends_on": "ends_on",
        },
        f"""FROM (SELECT id, date '{DAY}' - 20 + (pg_temp.chance(id, 5) * 900)::int AS ends_on
            FROM branches_organisation
            WHERE kind IN ('{Kind.BRANCH}', '{Kind.COMMITTEE}')) term""",
    )


def _meetings(cursor) -> None:
    """Twelve months of meetings with their types and everybody's attendance."""
    cursor.execute(
        f"""
        CREATE TEMP TABLE held ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY month, branch, type, group_id) AS id, *
        FROM (
            SELECT branch, first, last, type, NULL::bigint AS group_id, hours, month
            FROM share
            CROSS JOIN (SELECT (date '{FIRST_MONTH}' + make_interval(months => n))::date AS month, n
                        FROM generate_series(0, {MONTHS - 1}) n) months
            CROSS JOIN (VALUES ('{Type.THEME_DAY}', 2.0, 1), ('{Type.COMMITTEE}', 0, 1),
                               ('{Type.MEMBERS_MEETING}', 2.0, 3), ('{Type.LECTURE}', 2.0, 3)
                       ) AS kinds (type, hours, every)
            WHERE n % every = 0 AND (type <> '{Type.COMMITTEE}' OR last - first >= 6)
            UNION ALL
            SELECT branch, first, last, '{Type.GROUP}', grouped.id, 0.5, month
            FROM share
            JOIN branches_group grouped ON grouped.organisation_id = branch
            CROSS JOIN (SELECT (date '{FIRST_MONTH}' + make_interval(months => n))::date AS month
                        FROM generate_series(0, {MONTHS - 1}) n) months
        ) meeting
        WHERE pg_temp.chance(branch * 1000003 + (month - date '2020-01-01')
                             + 7919 * length(type) + coalesce(group_id, 0), 6) < 0.97
        """
    )
    cursor.execute(
        f"ALTER TABLE held ADD held_on date;"
        f"UPDATE held SET held_on = month + (pg_temp.chance(id, 7) * 27)::int;"
        f"DELETE FROM held WHERE held_on > date '{DAY}'; ANALYZE held"
    )
    insert(
        cursor,
        Meeting,
        {
            "id": "id",
            "organisation": "branch",
            "group": "group_id",
            "state": f"'{MeetingState.HELD}'",
            "held_on": "held_on",
            "topic": "'学习'",
            "hours": "hours",
        },
        "FROM held ORDER BY id",
    )
    insert(cursor, MeetingType, {"meeting": "id", "type": "type"}, "FROM held ORDER BY id")
    insert(
        cursor,
        Attendance,
        {
            "meeting": "held.id",
            "member": "i",
            "state": f"""CASE WHEN pg_temp.chance(held.id * 64 + i, 8) < 0.93
                         THEN '{AttendanceState.PRESENT}' ELSE '{AttendanceState.LEAVE}' END""",
            "was_formal": "is_formal",
            "may_vote": "is_formal",
        },
        f"""FROM held JOIN person USING (branch)
            WHERE (held.group_id IS NULL OR held.group_id = person.group_id)
              AND (type <> '{Type.COMMITTEE}' OR i < first + 5)
              AND (left_on IS NULL OR left_on > held_on)
            ORDER BY held.id, i""",
    )


def _dues(cursor) -> None:
    """Approved, charged and, mostly, paid: one row a member and month."""
    insert(
        cursor,
        ApprovedAmount,
        {
            "member": "i",
            "organisation": "branch",
            "from_month": "year",
            "category": f"'{Category.EMPLOYED}'",
            "base": "4000",
            "computed": "40",
            "amount": "40",
            "approved_on": "year + 14",
        },
        "FROM person CROSS JOIN (VALUES (date '2025-01-01'), (date '2026-01-01')) years (year)",
    )
    months = (
        f"(SELECT (date '{FIRST_MONTH}' + make_interval(months => n))::date AS month "
        f"FROM generate_series(0, {MONTHS - 1}) n) months"
    )
    insert(
        cursor,
        Charge,
        {"member": "i", "organisation": "branch", "month": "month", "amount": "40"},
        f"FROM person CROSS JOIN {months} ORDER BY month, i",
    )
    # One in three hundred never pays, one entry in fifty is a part, the running month is half paid.
    insert(
        cursor,
        Payment,
        {
            "member": "i",
            "organisation": "branch",
            "month": "month",
            "amount": "CASE WHEN pg_temp.chance(i * 100 + extract(month FROM month)::int, 9) < 0.02 THEN 15 ELSE 40 END",
            "paid_on": "month + (pg_temp.chance(i * 100 + extract(month FROM month)::int, 10) * 18)::int",
            "in_booklet": "true",
        },
        f"""FROM person CROSS JOIN {months}
            WHERE pg_temp.chance(i, 11) >= 0.0033
              AND pg_temp.chance(i * 100 + extract(month FROM month)::int, 12)
                  < CASE WHEN month = date '{DAY.replace(day=1)}' THEN 0.6 ELSE 0.996 END
            ORDER BY month, i""",
    )


def _tasks(cursor, size: Size) -> None:
    """Two tasks in three branches; some of them closed, some past their deadline."""
    closed = f"WHEN share < 0.5 THEN '{TaskState.CLOSED}' ELSE '{TaskState.WORKING}'"
    insert(
        cursor,
        Task,
        {
            "organisation": "branch",
            "source": "'督查'",
            "problem": "'问题' || i",
            "problem_key": "'问题' || i",
            "measures": "'整改'",
            "responsible_leader": "'负责人'",
            "responsible_unit": "'单位'",
            "responsible_person": "'责任人'",
            "opened_on": "opened_on",
            "due_on": "opened_on + 60",
            "state": f"CASE {closed} END",
            "closed_on": "CASE WHEN share < 0.5 THEN opened_on + 50 END",
        },
        f"""FROM (SELECT i, (SELECT min(branch) FROM share) + (i * 3 / 2) AS branch,
                         pg_temp.chance(i, 13) AS share,
                         date '{DAY}' - 75 + (pg_temp.chance(i, 14) * 30)::int AS opened_on
                  FROM generate_series(0, {size.branches * 2 // 3 - 1}) i) task""",
    )
