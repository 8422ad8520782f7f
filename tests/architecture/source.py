"""Reading our own source for the tests beside this file."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Every app imports only from those to its left.
LINE = [
    *("accounts", "branches", "jobs", "notices", "members", "dues", "meetings", "tasks"),
    *("compliance", "assessments", "ledgers", "dashboard", "partybuild"),
]
APPS = [app for app in LINE if (ROOT / app).is_dir()]


@cache
def files(*apps):
    """Our Python files, migrations left out, as (path from the root, syntax tree)."""
    found = []
    for app in apps or APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                found.append((str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))))
    return found


def modules_imported(node):
    """What an import statement names: `from branches import scope` gives branches.scope."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports(tree):
    """Every import of a file with its line."""
    for node in ast.walk(tree):
        for name in modules_imported(node):
            yield node.lineno, name
