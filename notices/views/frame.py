"""What the pages of notices have in common: their tabs, and the ways of delivery that fail."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.roles import Action
from branches.clock import today
from branches.scope import paths_reached
from notices.channels import failing_for, failing_words
from notices.inbox import own_paths
from notices.words import notice_tabs


def tabs_for(user, current: str) -> list[dict]:
    """The tabs a user has, the current one marked."""
    return notice_tabs(
        current,
        sends=bool(paths_reached(user, Action.SEND_NOTICE)),
        keeps=bool(own_paths(user)),
        looks=bool(paths_reached(user, Action.LOOK)),
    )


def failing_lines(user) -> list[str]:
    """A sentence for each way of delivery the user keeps by which nothing arrives."""
    if not own_paths(user):
        return []
    return [failing_words(channel, today()) for channel in failing_for(user)]


def require_keeper(request) -> None:
    """Who keeps an organisation; for everybody else who looks at one the page is not for him."""
    if not own_paths(request.user):
        if paths_reached(request.user, Action.LOOK):
            raise PermissionDenied
        raise Http404
