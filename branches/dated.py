"""Rows that hold between two days."""

from django.db.models import Q


def standing_on(day, starts: str = "starts_on", ends: str = "ends_on") -> Q:
    """A dated row that held on `day`; an unknown start counts as always."""
    return (Q(**{f"{starts}__isnull": True}) | Q(**{f"{starts}__lte": day})) & (
        Q(**{f"{ends}__isnull": True}) | Q(**{f"{ends}__gte": day})
    )
