"""Addresses in other rooms, by name. A link by URL name is no import."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from accounts.returning import safe_next

__all__ = ["link", "safe_next", "with_query"]


def link(name: str, *args, **query) -> str:
    """The address of a page with its query; "" where an installation has no such page."""
    try:
        address = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{address}?{urlencode(given)}" if given else address


def with_query(request, **changes) -> str:
    """The same page with some parameters changed; an empty value drops one. Page 1 again."""
    query = request.GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = value
    return f"?{query.urlencode()}" if query else request.path
