"""Rows of data sheets, and reading two long results side by side in the same order."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

# Rows fetched from the database at a time.
CHUNK = 2000


class Branch(NamedTuple):
    """What a row says of the organisation it belongs to."""

    code: str
    name: str


class Row(NamedTuple):
    """One row of a data sheet: key of the record, values by heading, whole numbers by heading.

    Numbers stand masked among the values; the whole ones are there when they are wanted.
    """

    pk: int | str
    values: dict
    whole: dict = {}


class Follower:
    """Rows that belong to rows of another result; both are ordered by the same key, rising.

    Only the rows of one key are held at a time.
    """

    def __init__(self, rows: Iterable, key: Callable[[Any], Any]):
        self._rows: Iterator = iter(rows)
        self._key = key
        self._next = next(self._rows, None)

    def rows_for(self, wanted) -> list:
        """The rows with that key; rows with a smaller one belong to nobody and are passed over."""
        while self._next is not None and self._key(self._next) < wanted:
            self._next = next(self._rows, None)
        found = []
        while self._next is not None and self._key(self._next) == wanted:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found
