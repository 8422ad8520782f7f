"""The pages of work to be done, as a row of links under the heading."""

from branches.links import link
from branches.models import Organisation

# label, URL name; each page takes the organisation as `?organisation=`.
_PAGES = (
    ("整改台账", "tasks:list"),
    ("工作方案", "tasks:campaigns"),
    ("党建+", "tasks:plus"),
    ("软弱涣散整顿", "tasks:weak"),
    ("督查", "tasks:inspections"),
    ("社会组织覆盖", "tasks:coverage"),
)


def task_tabs(organisation: Organisation | None, current: str) -> list[dict]:
    """Pages about an organisation's work; `current` is the URL name of the page shown."""
    code = organisation.code if organisation else ""
    tabs = [
        {"label": label, "url": link(name, organisation=code), "current": name == current}
        for label, name in _PAGES
    ]
    return [tab for tab in tabs if tab["url"]]
