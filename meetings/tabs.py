"""The pages of meetings and study, as a row of links under the heading."""

from branches.links import link
from branches.models import Organisation, Sector

# label, URL name; each page takes the organisation as `?branch=`.
_PAGES = (
    ("会议台账", "meetings:list"),
    ("年度计划", "meetings:plan"),
    ("年度情况", "meetings:year"),
    ("学习学时", "meetings:hours"),
    ("培训", "meetings:trainings"),
    ("民主评议", "meetings:appraisals"),
    ("谈心谈话", "meetings:talks"),
    ("走访慰问", "meetings:visits"),
    ("四议两公开", "meetings:matters"),
)
# 四议两公开 is how villages and communities decide.
_VILLAGES = frozenset({Sector.VILLAGE, Sector.COMMUNITY})


def meeting_tabs(organisation: Organisation | None, current: str) -> list[dict]:
    """Pages about an organisation's meetings; `current` is the URL name of the page shown."""
    code = organisation.code if organisation else ""
    elsewhere = (
        organisation is not None and organisation.is_branch and organisation.sector not in _VILLAGES
    )
    tabs = [
        {"label": label, "url": link(name, branch=code), "current": name == current}
        for label, name in _PAGES
        if not (elsewhere and name == "meetings:matters")
    ]
    return [tab for tab in tabs if tab["url"]]
