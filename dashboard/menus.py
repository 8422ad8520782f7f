"""What stands in the side menu and in the tabs of a phone, by what a user may do."""

from accounts.roles import Action, works_in_branch
from branches.links import link
from branches.scope import main_grant, paths_reached

# label, URL name, icon; `TASKS` carries the number of overdue tasks.
TASKS = "tasks:list"
_BRANCH = (
    ("工作台", "desk", "house-door"),
    ("三会一课", "meetings:list", "calendar-check"),
    ("党费", "dues:ledger", "cash-coin"),
    ("党员", "members:list", "people"),
    ("整改任务", TASKS, "list-check"),
    ("支部资料", "branches:list", "diagram-3"),
    ("资料报表", "ledgers:export", "folder2"),
)
_ABOVE = (
    ("支部应办", "compliance:list", "patch-check"),
    ("镇街与支部", "branches:list", "diagram-3"),
    ("三会一课", "meetings:list", "calendar-check"),
    ("党费上缴", "dues:remittances", "cash-coin"),
    ("党员", "members:list", "people"),
    ("换届", "members:terms", "arrow-repeat"),
    ("整改台账", TASKS, "list-check"),
    ("工作方案", "tasks:campaigns", "megaphone"),
    ("软弱涣散整顿", "tasks:weak", "hammer"),
    ("社会组织覆盖", "tasks:coverage", "building"),
    ("资料报表", "ledgers:export", "folder2"),
)
# Entries that lead nowhere without a right.
_NEEDS = {"dues:ledger": Action.ENTER_DUES, "ledgers:export": Action.EXPORT_LEDGER}
# Pages that belong to an entry though they lie elsewhere, by URL name or by how they begin.
_TAKES_IN = {
    "branches:list": (
        "branches:rooms",
        "branches:funds",
        "branches:alliances",
        "members:posts",
        "members:terms",
        "members:assignments",
        "/members/elections/",
        "/members/organisations/",
        "/members/unit-posts/",
    ),
    "members:terms": ("/members/elections/", "/members/term-requests/"),
    "dues:remittances": ("/dues/",),
    "compliance:requirements": ("compliance:standards",),
    # What is not an entry of its own: for a branch everything, above it 党建+ and inspections.
    TASKS: ("/tasks/",),
}
_TABS = (
    ("工作台", "desk", "house-door-fill"),
    ("会议", "meetings:list", "calendar-check"),
    ("党费", "dues:ledger", "cash-coin"),
    ("整改", TASKS, "list-check"),
    ("更多", "more", "grid"),
)


def entries_for(user) -> tuple[tuple[str, str, str], ...]:
    """The menu of a user: that of a branch, of a committee, or of the county."""
    grant = main_grant(user)
    if grant and works_in_branch(grant.role):
        entries = tuple(
            entry
            for entry in _BRANCH
            if entry[1] not in _NEEDS or paths_reached(user, _NEEDS[entry[1]])
        )
        if paths_reached(user, Action.IMPORT_WORKBOOK):
            entries += (("导入台账", "ledgers:import", "upload"),)
        return entries
    entries = ()
    if paths_reached(user, Action.LOOK):
        at_county = not grant or grant.organisation.parent_id is None
        entries += (("全县总览" if at_county else "镇街总览", "overview", "speedometer2"), *_ABOVE)
    if paths_reached(user, Action.IMPORT_WORKBOOK):
        entries += (("导入台账", "ledgers:import", "upload"),)
    if paths_reached(user, Action.CHANGE_RULES):
        entries += (
            ("要求设置", "compliance:requirements", "gear"),
            ("工作日历", "branches:workdays", "calendar-plus"),
        )
    if paths_reached(user, Action.RUN_CHECKS) or paths_reached(user, Action.OPERATE):
        entries += (("运行情况", "compliance:running", "clock-fill"),)
    if user.is_superuser or any(
        paths_reached(user, action)
        for action in (
            Action.CHANGE_ORGANISATION,
            Action.MANAGE_ACCOUNTS,
            Action.READ_TRAIL,
            Action.OPERATE,
        )
    ):
        entries += (("管理后台", "admin:index", "sliders"),)
    return entries


def tabs_for(user) -> tuple[tuple[str, str, str], ...]:
    """The tabs at the foot of a phone."""
    grant = main_grant(user)
    if grant and works_in_branch(grant.role):
        return tuple(
            tab for tab in _TABS if tab[1] not in _NEEDS or paths_reached(user, _NEEDS[tab[1]])
        )
    return (*(entry for entry in entries_for(user)[:4]), ("更多", "more", "grid"))


def drawn(entries, request, overdue: int) -> list[dict]:
    """The entries with their addresses; the current one is marked."""
    known = [(entry, url) for entry in entries if (url := link(entry[1]))]
    current = _current(known, request.path)
    return [
        {
            "label": label,
            "url": url,
            "icon": icon,
            "current": name == current,
            "count": overdue if name == TASKS else 0,
        }
        for (label, name, icon), url in known
    ]


def _current(known, path: str) -> str:
    """The entry that leads here: the longest address wins, 导入台账 lies under 资料报表; of the
    same address the entry that is named so, before one that only takes it in."""
    led = [(len(url), True, entry[1]) for entry, url in known if path.startswith(url)]
    for entry, _url in known:
        for name in _TAKES_IN.get(entry[1], ()):
            url = name if name.startswith("/") else link(name)
            if url and path.startswith(url):
                led.append((len(url), False, entry[1]))
    return max(led, default=(0, True, ""))[2]
