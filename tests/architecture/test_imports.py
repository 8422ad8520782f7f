"""Imports go one way, stand at the top, and pure modules need no Django."""

import ast
import sys

import pytest

from tests.architecture.source import LINE, files, imports, modules_imported

# Pure arithmetic and reading: may be used without settings and tested without a database.
PURE = [
    "branches/periods.py",
    "branches/typed.py",
    "branches/words.py",
    "members/identity.py",
    "partybuild/demo/names.py",
    "partybuild/demo/window.py",
]


def test_an_app_imports_only_from_its_left():
    upward = [
        f"{path}:{line} imports {name}"
        for path, tree in files()
        for line, name in imports(tree)
        if name.split(".")[0] in LINE
        and LINE.index(name.split(".")[0]) > LINE.index(path.split("/")[0])
    ]
    assert upward == []


def test_imports_stand_at_the_top():
    inline = []
    for path, tree in files():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            # Django forbids importing models before the apps are loaded.
            if path.endswith("/apps.py") and function.name == "ready":
                continue
            inline += [
                f"{path}:{node.lineno}" for node in ast.walk(function) if modules_imported(node)
            ]
    assert inline == []


def pure_imports(path):
    tree = dict(files())[path]
    own = {one.removesuffix(".py").replace("/", ".") for one in PURE}
    for line, name in imports(tree):
        root = name.split(".")[0]
        if root not in sys.stdlib_module_names and not any(
            name.startswith(f"{one}.") for one in own
        ):
            yield f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", PURE)
def test_a_pure_module_needs_no_django(path):
    assert list(pure_imports(path)) == []


def test_the_rates_need_nothing_of_django_but_choices():
    assert list(pure_imports("dues/rates.py")) == [
        "dues/rates.py:14 imports django.db.models.TextChoices"
    ]


@pytest.mark.parametrize("path", ["members/development_limits.py", "members/development_stages.py"])
def test_the_limits_of_development_need_nothing_but_the_names_of_steps(path):
    assert [one.split(" imports ")[1].rsplit(".", 1)[0] for one in pure_imports(path)] == (
        ["members.enums"] * (1 if path.endswith("limits.py") else 2)
    )


def test_the_arithmetic_of_development_needs_nothing_but_its_limits():
    needed = {
        one.split(" imports ")[1].rsplit(".", 1)[0]
        for one in pure_imports("members/development.py")
    }
    assert needed == {"members.development_limits", "members.enums"}
