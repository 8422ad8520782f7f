"""Counting queries, for "as many with three rows as with one"."""

from django.db import connection
from django.test.utils import CaptureQueriesContext


def count_of(act) -> int:
    """How many queries `act` runs; run once before, so that what is cached stays out of it."""
    act()
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)
