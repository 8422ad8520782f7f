"""Rights are decided in one place: no role is compared elsewhere, no view reads without scope."""

import ast
import re

from accounts.roles import Role
from tests.architecture.source import files

# Where roles may be named: the table of rights, the model, who may hold and give which, and what
# makes accounts.
ROLES_AT_HOME = re.compile(
    r"^(accounts/|branches/models/records\.py|branches/grants\.py|branches/admin_forms\.py"
    r"|partybuild/demo/|[a-z]+/management/commands/)"
)


def test_no_role_is_named_outside_accounts():
    named = []
    for path, tree in files():
        if ROLES_AT_HOME.match(path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Role":
                named.append(f"{path}:{node.lineno} Role.{node.attr}")
    assert named == []


def test_no_role_is_compared_with_a_text():
    compared = []
    for path, tree in files():
        if path.startswith("accounts/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(
                isinstance(side, ast.Attribute) and side.attr == "role"
                for side in (node.left, *node.comparators)
            ):
                texts = [one for one in ast.walk(node) if isinstance(one, ast.Constant)]
                compared += [f"{path}:{one.lineno}" for one in texts if one.value in Role.values]
    assert compared == []


# What makes rows of a queryset a user's own…
SCOPES = {
    *("visible_to", "permitting", "within", "belonging_to", "get_for", "narrowed", "for_superior"),
    # Campaigns: those of below, and what was issued from above.
    *("open_to", "get_open"),
    # Inspections: rounds of who inspects, visits once they are recorded.
    *("rounds_open_to", "visits_open_to", "get_visit", "get_round"),
}
# …or ties them to a record that was found that way before.
TIES = {
    "organisation",
    "memberships__organisation",
    "appraisal__organisation",
    "member",
    "meeting",
    "task",
    "object_id",
    "about",
}


def reads(tree):
    """Every `Model.objects` with the names used in the function around it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        nodes = list(ast.walk(function))
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        names |= {node.id for node in nodes if isinstance(node, ast.Name)}
        ties = {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
        names |= {arg.removesuffix("__in") for arg in ties}
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr == "objects":
                yield node, names


def test_a_view_reads_no_rows_without_scope():
    unscoped = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in files()
        if re.search(r"/views(/|\.py)", path)
        for node, names in reads(tree)
        if not names & (SCOPES | TIES)
    ]
    assert unscoped == []
