"""Many rows at once: in parts, and faster than the ORM's `bulk_create`, by one statement.

50,000 members take a second instead of twelve; PostgreSQL gets COPY. Nothing here validates:
callers have checked every value, and constraints of the database still hold.
"""

import datetime
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from django.db import connection, models
from psycopg2.extras import execute_values

# Organisations named in one query.
AT_ONCE = 500
_PIECE = 20_000
_TAKEN_AS_THEY_ARE = (
    models.ForeignKey,
    models.AutoField,
    models.IntegerField,
    models.BooleanField,
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def batched(rows: Iterable, size: int = AT_ONCE) -> Iterator[list]:
    """The rows in lists of at most `size`, so that no query names more than a database takes."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """So many primary keys that nobody else gets; inside the transaction that uses them."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', model._meta.pk.column, count],
            )
            return [key for (key,) in cursor.fetchall()]
        # The transaction holds SQLite's only write lock; inserting moves the sequence on.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or [0])[0]
        return list(range(last + 1, last + 1 + count))


def insert(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Iterable[tuple],
    *,
    ready: tuple[str, ...] = (),
) -> None:
    """Insert rows of values in the order of `names` (attribute names, all without default).

    Values of the columns in `ready` are stored as they are.
    """
    fields = [_field(model, name) for name in names]
    preparers = _preparers(fields, ready)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        for piece in batched(rows, _PIECE):
            prepared = _prepared(preparers, piece)
            if connection.vendor == "postgresql":
                text = _copy_lines(prepared)
                with connection.wrap_database_errors:
                    cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO(text))
            else:
                marks = ", ".join(["%s"] * len(fields))
                cursor.executemany(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 own names
                    zip(*prepared, strict=True),
                )


def update(model: type[models.Model], names: tuple[str, ...], rows: Iterable[tuple]) -> None:
    """Update rows given as (primary key, values in the order of `names`)."""
    fields = [model._meta.pk, *(_field(model, name) for name in names)]
    preparers = _preparers(fields)
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = [quote(field.column) for field in fields]
    with connection.cursor() as cursor:
        for piece in batched(rows, _PIECE):
            prepared = list(zip(*_prepared(preparers, piece), strict=True))
            if connection.vendor == "postgresql":
                with connection.wrap_database_errors:
                    _update_from_values(cursor.cursor, table, columns, fields, prepared)
            else:
                sets = ", ".join(f"{column} = %s" for column in columns[1:])
                cursor.executemany(
                    f"UPDATE {table} SET {sets} WHERE {columns[0]} = %s",  # noqa: S608 own names
                    [(*row[1:], row[0]) for row in prepared],
                )


def _update_from_values(cursor, table: str, columns: list[str], fields: list, piece: list) -> None:
    sets = ", ".join(f"{column} = new.{column}" for column in columns[1:])
    template = (
        "("
        + ", ".join(
            f"%s::{field.rel_db_type(connection) if field.primary_key else field.db_type(connection)}"
            for field in fields
        )
        + ")"
    )
    execute_values(
        cursor,
        f"UPDATE {table} SET {sets} FROM (VALUES %s) AS new ({', '.join(columns)}) "  # noqa: S608 own names
        f"WHERE {table}.{columns[0]} = new.{columns[0]}",
        piece,
        template=template,
        page_size=2000,
    )


def _field(model: type[models.Model], name: str) -> models.Field:
    return next(field for field in model._meta.concrete_fields if field.attname == name)


def _preparers(fields: list[models.Field], ready: tuple[str, ...] = ()) -> list[Callable | None]:
    """What makes a value of each column one that the database takes; None where it is one."""
    return [None if field.attname in ready else _preparer(field) for field in fields]


def _prepared(preparers: list[Callable | None], rows: list[tuple]) -> list[Sequence]:
    """Rows as the database takes them, column by column."""
    return [
        values if prepare is None else [prepare(value) for value in values]
        for prepare, values in zip(preparers, zip(*rows, strict=True), strict=True)
    ]


def _preparer(field: models.Field) -> Callable | None:
    if isinstance(field, models.JSONField):
        return lambda value: json.dumps(value, ensure_ascii=False)
    if isinstance(field, _TAKEN_AS_THEY_ARE):
        return None
    if type(field) in (models.CharField, models.TextField):
        return _as_text
    known: dict = {}

    def prepare(value):
        # Dates, sums and codes repeat; preparing one costs more than looking it up.
        try:
            return known[value]
        except KeyError:
            prepared = field.get_db_prep_save(value, connection)
            if len(known) < 100_000:
                known[value] = prepared
            return prepared

    if isinstance(field, models.DateField | models.DecimalField):
        return prepare
    return lambda value: field.get_db_prep_save(value, connection)


def _as_text(value):
    return value if type(value) is str or value is None else str(value)


def _copy_lines(columns: list[Sequence]) -> str:
    """Columns as rows in PostgreSQL's text format for COPY; what repeats is written out once."""
    texts = []
    for values in columns:
        known = {value: _copy_text(value) for value in set(values)}
        texts.append([known[value] for value in values])
    return "".join(["\t".join(row) + "\n" for row in zip(*texts, strict=True)])


def _copy_text(value) -> str:
    """A value in PostgreSQL's text format for COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"no COPY format for {type(value).__name__}")


def refresh_statistics() -> None:
    """Tell PostgreSQL how large its tables have become; after much was written at once its
    plans would else be made for empty ones.

    Never on SQLite: with statistics, 3.40 answers `a = ? AND b IN (…) AND c < ?` over one index
    with rows that do not fit (docs/decisions/0007).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
