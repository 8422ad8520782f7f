"""The rules over the rooms to the left; imported once, when the app is ready.

The order here is the order of columns on every page and sheet.
"""

from compliance.rules import (  # noqa: F401, I001 – order of columns
    meetings,
    dues,
    tasks,
    terms,
    posts,
    development,
    transfers,
    contacts,
    checks,
    branches,
    premises,
)
