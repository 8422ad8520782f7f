"""Pages hold nothing that the content policy forbids and fetch nothing from elsewhere."""

import re

from tests.architecture.source import ROOT

FORBIDDEN = {
    "style attribute": re.compile(r"<[^>]*\sstyle\s*="),
    "style element": re.compile(r"<style\b"),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)"),
    "handler attribute": re.compile(r"<[^>]*\s(on[a-z]+|hx-on[^=]*)\s*=\s*[\"']"),
    "script address": re.compile(r"[\"']\s*javascript:"),
    "outside address": re.compile(r"(?:src|href|action|content)\s*=\s*[\"'](?:https?:)?//"),
}


def found_in(text):
    return [
        f"{name}: {match[0][-60:]}"
        for name, pattern in FORBIDDEN.items()
        for match in pattern.finditer(text)
    ]


def test_templates_hold_nothing_inline_and_nothing_from_elsewhere():
    faults = [
        f"{path.relative_to(ROOT)} {fault}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for fault in found_in(path.read_text("utf-8"))
    ]
    assert faults == []


def test_static_files_fetch_nothing_from_elsewhere():
    # Names of XML vocabularies look like addresses and are never fetched.
    outside = re.compile(r"(?:url\(|@import|fetch\(|src\s*=|href\s*=)\s*[\"'(]*(?:https?:)?//")
    faults = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "static").rglob("*"))
        if path.suffix in (".css", ".js", ".svg") and outside.search(path.read_text("utf-8"))
    ]
    assert faults == []


def test_the_patterns_find_what_they_are_for():
    for text in (
        '<p style="x">',
        "<style>",
        "<script>x()</script>",
        '<a onclick="x()">',
        '<a hx-on:click="x()">',
        '<a href="javascript:x()">',
        '<img src="//cdn.example/x.png">',
        '<link href="https://cdn.example/x.css">',
    ):
        assert found_in(text), text
    for text in (
        '<script src="/static/x.js"></script>',
        '<script type="application/json" id="x">{}</script>',
        '<p class="style">on time = now</p>',
    ):
        assert not found_in(text), text
