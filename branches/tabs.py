"""The pages that belong together, as a row of links under the heading."""

from branches.links import link
from branches.models import Organisation

# label, URL name; a page that an installation lacks is left out.
_ORGANISATION = (
    ("基本情况", "branches:detail"),
    ("班子任职", "members:posts"),
    ("换届", "members:terms"),
    ("阵地", "branches:rooms"),
    ("经费", "branches:funds"),
    ("选派联系", "members:assignments"),
    ("联建共建", "branches:alliances"),
)
_MEMBERS = (
    ("花名册", "members:list"),
    ("发展党员", "members:developments"),
    ("组织关系转接", "members:transfers"),
    ("流动和失联", "members:absences"),
    ("清查", "members:checks"),
    ("设岗承诺", "members:pledges"),
)


def organisation_tabs(organisation: Organisation | None, current: str) -> list[dict]:
    """Pages about an organisation; `current` is the URL name of the page shown."""
    return _tabs(_ORGANISATION, organisation, current)


def member_tabs(organisation: Organisation | None, current: str) -> list[dict]:
    """Pages about members; without an organisation, of everybody in reach."""
    return _tabs(_MEMBERS, organisation, current)


def _tabs(pages, organisation, current: str) -> list[dict]:
    code = organisation.code if organisation else ""
    tabs = [
        {"label": label, "url": _address(name, code), "current": name == current}
        for label, name in pages
    ]
    return [tab for tab in tabs if tab["url"]]


def _address(name: str, code: str) -> str:
    """Most pages take the organisation as `?branch=`; its own page has it in the path."""
    return link(name, code) if name == "branches:detail" else link(name, branch=code)
