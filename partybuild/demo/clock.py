"""Times of entry: when people would have typed what the invented county holds."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Model
from django.utils import timezone


def at(day: datetime.date, hour: int, minute: int = 0) -> datetime.datetime:
    """That time of day in the county's time zone."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour, minute)))


@contextmanager
def own_times(*columns: tuple[type[Model], str]) -> Iterator[None]:
    """Keep the given times on insertion: these columns otherwise always take the present.

    Without it every meeting of the county would count as entered late.
    """
    fields = [model._meta.get_field(name) for model, name in columns]
    for field in fields:
        field.auto_now_add = False
    try:
        yield
    finally:
        for field in fields:
            field.auto_now_add = True
