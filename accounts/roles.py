"""Who may do what: the one table of rights. Nothing outside this app compares roles."""

from django.db.models import TextChoices


class Role(TextChoices):
    SECRETARY = "secretary", "支部书记"
    ORGANISER = "organiser", "支部委员"
    GROUP_LEADER = "group_leader", "党小组长"
    COMMITTEE_OFFICER = "committee_officer", "党（工）委组织员"
    COUNTY_OFFICER = "county_officer", "县委组织部"
    INSPECTOR = "inspector", "督查"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDIT_ADMIN = "audit_admin", "审计管理员"


class Action(TextChoices):
    LOOK = "look", "查看"
    RECORD_MEETING = "record_meeting", "登记会议"
    RECORD_BRANCH_MEETING = "record_branch_meeting", "登记支部的会议"
    ENTER_DUES = "enter_dues", "录入党费"
    CHANGE_MEMBER = "change_member", "维护党员"
    REVEAL_NUMBER = "reveal_number", "查看完整号码"
    REPORT_TASK = "report_task", "填写整改进展"
    REVIEW_TASK = "review_task", "核查整改"
    REVIEW_FOR_COUNTY = "review_for_county", "县级核查和认定"
    RUN_CAMPAIGN = "run_campaign", "制定工作方案"
    INSPECT = "inspect", "督查"
    SEND_NOTICE = "send_notice", "发通知和催办"
    IMPORT_WORKBOOK = "import_workbook", "导入台账"
    EXPORT_LEDGER = "export_ledger", "导出台账"
    CHANGE_ORGANISATION = "change_organisation", "维护组织"
    KEEP_BRANCH = "keep_branch", "维护支部情况"
    KEEP_POSTS = "keep_posts", "维护班子"
    SUBMIT = "submit", "提出请示和转接"
    APPROVE = "approve", "批复和选派"
    RUN_CHECKS = "run_checks", "立即核对"
    CLOSE_MONTH = "close_month", "封账"
    CHANGE_RULES = "change_rules", "要求设置"
    MANAGE_ACCOUNTS = "manage_accounts", "账号和授权"
    READ_TRAIL = "read_trail", "操作记录"
    OPERATE = "operate", "系统运行"


_BRANCH = {
    Action.LOOK,
    Action.RECORD_MEETING,
    Action.RECORD_BRANCH_MEETING,
    Action.ENTER_DUES,
    Action.CHANGE_MEMBER,
    Action.KEEP_BRANCH,
    Action.EXPORT_LEDGER,
}

RIGHTS: dict[str, frozenset[str]] = {
    Role.SECRETARY: frozenset(
        _BRANCH
        | {
            Action.REPORT_TASK,
            Action.IMPORT_WORKBOOK,
            Action.REVEAL_NUMBER,
            Action.KEEP_POSTS,
            Action.SUBMIT,
        }
    ),
    Role.ORGANISER: frozenset(_BRANCH),
    Role.GROUP_LEADER: frozenset({Action.LOOK, Action.RECORD_MEETING}),
    Role.COMMITTEE_OFFICER: frozenset(
        {
            Action.LOOK,
            Action.REVIEW_TASK,
            Action.RUN_CAMPAIGN,
            Action.INSPECT,
            Action.SEND_NOTICE,
            Action.KEEP_BRANCH,
            Action.KEEP_POSTS,
            Action.APPROVE,
            Action.IMPORT_WORKBOOK,
            Action.EXPORT_LEDGER,
            Action.REVEAL_NUMBER,
        }
    ),
    Role.COUNTY_OFFICER: frozenset(
        {
            Action.LOOK,
            Action.REVIEW_TASK,
            Action.REVIEW_FOR_COUNTY,
            Action.RUN_CAMPAIGN,
            Action.INSPECT,
            Action.SEND_NOTICE,
            Action.KEEP_BRANCH,
            Action.KEEP_POSTS,
            Action.APPROVE,
            Action.IMPORT_WORKBOOK,
            Action.EXPORT_LEDGER,
            Action.REVEAL_NUMBER,
            Action.CHANGE_ORGANISATION,
            Action.RUN_CHECKS,
            Action.CLOSE_MONTH,
            Action.CHANGE_RULES,
            Action.MANAGE_ACCOUNTS,
        }
    ),
    Role.INSPECTOR: frozenset({Action.LOOK, Action.INSPECT, Action.EXPORT_LEDGER}),
    Role.SYSTEM_ADMIN: frozenset({Action.OPERATE}),
    Role.SECURITY_ADMIN: frozenset({Action.MANAGE_ACCOUNTS}),
    Role.AUDIT_ADMIN: frozenset({Action.READ_TRAIL}),
}

# The three administrators watch one another, so nobody holds two of the posts.
EXCLUSIVE = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)

# The page a role lands on after log-in, widest reach first.
FIRST_PAGES: tuple[tuple[str, str], ...] = (
    (Role.COUNTY_OFFICER, "overview"),
    (Role.INSPECTOR, "overview"),
    (Role.COMMITTEE_OFFICER, "overview"),
    (Role.SECRETARY, "desk"),
    (Role.ORGANISER, "desk"),
    (Role.GROUP_LEADER, "desk"),
    (Role.SYSTEM_ADMIN, "administration"),
    (Role.SECURITY_ADMIN, "administration"),
    (Role.AUDIT_ADMIN, "administration"),
)

# Where a role can be held: on a branch, on a committee above branches, on the county.
BRANCH_ROLES = frozenset({Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER})
COMMITTEE_ROLES = frozenset({Role.COMMITTEE_OFFICER, Role.INSPECTOR})
COUNTY_ROLES = frozenset({Role.COUNTY_OFFICER, Role.INSPECTOR, *EXCLUSIVE})
# Who may hand out which roles; nobody makes a colleague of his own rank but the security administrator.
GIVEN_BY: dict[str, frozenset[str]] = {
    Role.COUNTY_OFFICER: BRANCH_ROLES | COMMITTEE_ROLES,
    Role.SECURITY_ADMIN: frozenset(Role),
}


def works_in_branch(role: str) -> bool:
    """Whether the role is that of somebody inside a branch, not of an overseer."""
    return role in BRANCH_ROLES


# Roles whose daily or occasional work includes the admin site (管理后台).
ADMIN_SITE_ROLES = frozenset({Role.COUNTY_OFFICER, *EXCLUSIVE})


def roles_allowing(action: str) -> frozenset[str]:
    """The roles that carry `action`."""
    return frozenset(role for role, actions in RIGHTS.items() if action in actions)


def roles_given_by(held) -> frozenset[str]:
    """The roles that somebody who holds the roles `held` may hand out."""
    return frozenset().union(*(GIVEN_BY.get(role, frozenset()) for role in held))
