"""Going back to the page somebody came from."""

from django.utils.http import url_has_allowed_host_and_scheme


def safe_next(request) -> str:
    """The page to go back to, if it is one of ours; else ""."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    if address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return address
    return ""
