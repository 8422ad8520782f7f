"""Addresses of the overview: which period they name, and how they keep it."""

import datetime

from django.urls import reverse
from django.utils.http import urlencode

from branches.models import Organisation
from branches.periods import Period, Span, period_of


def seen_period(text: str, today: datetime.date) -> Period:
    """The period named in the address: a month, quarter or year; else the running month."""
    for span in (Span.MONTH, Span.QUARTER, Span.YEAR):
        candidate = period_of(span, today)
        # Twelve months back is as far as figures reach.
        for _step in range(13):
            if str(candidate) == text:
                return candidate
            candidate = candidate.previous
    return period_of(Span.MONTH, today)


def address(organisation: Organisation, seen: Period, **query: str) -> str:
    """The overview of an organisation with the period kept."""
    return (
        reverse("overview_of", args=[organisation.code])
        + "?"
        + urlencode({"period": str(seen), **{key: value for key, value in query.items() if value}})
    )
