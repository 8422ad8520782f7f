"""The pages of the dues ledger, as a row of links under the heading."""

from branches.links import link
from branches.models import Organisation

# label, URL name; each page takes the organisation as `?branch=`.
_PAGES = (
    ("收缴台账", "dues:ledger"),
    ("标准核定", "dues:amounts"),
    ("欠缴", "dues:arrears"),
    ("请示审批", "dues:requests"),
    ("公示", "dues:publication"),
    ("上缴", "dues:remittances"),
    ("大额党费", "dues:contributions"),
    ("汇总", "dues:summary"),
)


def dues_tabs(organisation: Organisation | None, current: str) -> list[dict]:
    """Pages about an organisation's dues; `current` is the URL name of the page shown."""
    code = organisation.code if organisation else ""
    # The ledger itself is a branch's; above it stand the sums.
    above = organisation is not None and not organisation.is_branch
    tabs = [
        {"label": label, "url": link(name, branch=code), "current": name == current}
        for label, name in _PAGES
        if not (above and name == "dues:ledger")
    ]
    return [tab for tab in tabs if tab["url"]]
