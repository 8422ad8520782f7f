"""Where the workbook of a list is made; the room that makes it lies to the right."""

from accounts.roles import Action
from branches.links import link
from branches.scope import paths_reached

POSTS = "pst"
DEVELOPMENT = "dev"
TRANSFERS = "trf"


def register_url(request, kind: str) -> str:
    """The address of the workbook of what this page is about; "" without the right."""
    if not paths_reached(request.user, Action.EXPORT_LEDGER):
        return ""
    code = request.GET.get("branch") or request.GET.get("organisation")
    return link("ledgers:register", kind, organisation=code)
