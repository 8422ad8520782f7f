"""Who may see and do what, where: the one place that turns grants into rows.

Out of sight is 404, in sight but out of reach is 403.
"""

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.http import Http404

from accounts.roles import FIRST_PAGES, Action, roles_allowing


def paths_reached(user, action: str = Action.LOOK) -> tuple[str, ...]:
    """Path prefixes of the organisations on which the user holds a role that allows `action`.

    Read once per user object, that is once per request; "" means everything.
    """
    if not user.is_authenticated or not user.is_active:
        return ()
    if user.is_superuser:
        return ("",)
    roles = roles_allowing(action)
    return tuple({path for role, path in granted(user) if role in roles})


def granted(user) -> list[tuple[str, str]]:
    """The roles a user holds now, each with the path it reaches; read once per user object."""
    if not hasattr(user, "_granted_paths"):
        user._granted_paths = list(
            user.grants.filter(withdrawn_at__isnull=True).values_list("role", "organisation__path")
        )
    return user._granted_paths


def reaches(user, action: str, path: str) -> bool:
    """Whether the user may do `action` on the organisation at `path`."""
    return any(path.startswith(prefix) for prefix in paths_reached(user, action))


def is_superior(user, organisation) -> bool:
    """Whether the user approves for the organisation above this one."""
    parent = organisation.parent
    return parent is not None and reaches(user, Action.APPROVE, parent.path)


def within_paths(field: str, prefixes: tuple[str, ...]) -> Q:
    """Rows whose organisation's path lies under one of the prefixes; "" means everything."""
    if "" in prefixes:
        return Q()
    condition = Q(pk__in=[])
    for prefix in prefixes:
        condition |= Q(**{f"{field}__gte": prefix, f"{field}__lt": prefix + "~"})
    return condition


class ScopedQuerySet(models.QuerySet):
    """Rows that belong to an organisation; `scope_path` leads to that organisation's path."""

    scope_path = "organisation__path"

    def visible_to(self, user):
        """Rows of organisations the user may look at."""
        return self.permitting(user, Action.LOOK)

    def permitting(self, user, action):
        """Rows of organisations on which the user may do `action`."""
        return self.filter(within_paths(self.scope_path, paths_reached(user, action)))

    def for_superior(self, user):
        """Rows of organisations whose superior the user is, as `is_superior` says."""
        parent = self.scope_path.removesuffix("path") + "parent__path"
        return self.filter(within_paths(parent, paths_reached(user, Action.APPROVE)))

    def within(self, organisation):
        """Rows of the organisation and of everything under it in today's tree."""
        return self.filter(within_paths(self.scope_path, (organisation.path,)))


def get_for(queryset, user, action: str = Action.LOOK, **lookup):
    """The one row meant, for looking or for doing.

    Http404 when the user may not even see it, PermissionDenied when it may be seen but not acted on.
    """
    try:
        row = queryset.visible_to(user).get(**lookup)
    except queryset.model.DoesNotExist:
        raise Http404 from None
    if action != Action.LOOK and not queryset.permitting(user, action).filter(**lookup).exists():
        raise PermissionDenied
    return row


def main_grant(user):
    """The grant that decides a user's first page and the name in the bar: widest reach first."""
    if not user.is_authenticated:
        return None
    if not hasattr(user, "_main_grant"):
        order = [role for role, _page in FIRST_PAGES]
        user._main_grant = min(
            user.grants.filter(withdrawn_at__isnull=True).select_related("organisation__parent"),
            key=lambda grant: (order.index(grant.role), grant.organisation.path),
            default=None,
        )
    return user._main_grant
