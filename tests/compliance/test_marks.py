"""Whatever is red or amber leads to why it is, or to the record that is."""

from datetime import date
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.values import Values
from compliance.models import CheckRun, Duty
from compliance.registry import RULES
from compliance.services import reconcile
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import period_on

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 30)
# Of each room one, standing and periodic, with offenders in the county of the tests.
JUDGED = (
    *("meetings.theme_day", "meetings.committee", "meetings.members_meeting", "meetings.lecture"),
    *("dues.paid", "tasks.overdue", "terms.election", "branches.too_small"),
)
_MARKS = {f"zb-{shape}--{kind}" for shape in ("mark", "badge") for kind in ("late", "soon")}
_VOID = {"input", "img", "br", "meta", "link", "hr", "use", "path", "source", "wbr", "col"}
_ROWS = {"tr", "li"}


class Marks(HTMLParser):
    """Every red or amber mark with the addresses it leads to: its own, or those of its row."""

    def __init__(self, content: str):
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []
        self._open: list[tuple[str, set[str]]] = []
        self._waiting: list[tuple[int, str, set[str]]] = []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        href = given.get("href") if tag == "a" else None
        if href:
            for _name, links in self._open:
                links.add(href)
        if tag in _VOID:
            return
        self._open.append((tag, {href} if href else set()))
        if _MARKS & set((given.get("class") or "").split()):
            self.found.append((given["class"], self._around()))

    def _around(self) -> set[str]:
        """The link around the mark, else all links of its row, known when the row ends."""
        for name, links in reversed(self._open):
            if (name == "a" and links) or name in _ROWS:
                return links
        return set()

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass


@pytest.fixture
def county(settings):
    settings.TODAY_OVERRIDE = TODAY
    county = build_county(4)
    values = Values()
    for code in JUDGED:
        reconcile(RULES[code], period_on(code, TODAY), as_of=TODAY, values=values)
        if not RULES[code].is_standing:
            earlier = period_on(code, TODAY).previous
            reconcile(RULES[code], earlier, as_of=TODAY, values=values)
    # Judged, so that a page judges nothing again.
    now = timezone.now()
    CheckRun.objects.create(day=TODAY, started_at=now, finished_at=now)
    return county


def marks_on(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return Marks(response.content.decode()).found


@pytest.mark.parametrize(
    ("role", "addresses"),
    [
        ("secretary", ["/desk/", "/duties/", "/tasks/"]),
        ("committee_officer", ["/overview/", "/duties/", "/tasks/", "branch"]),
        ("county_officer", ["/overview/", "/duties/?rule=meetings.theme_day", "/tasks/"]),
    ],
)
def test_every_red_or_amber_mark_leads_somewhere(client, county, role, addresses):
    bad = county.branches[1]
    place = {"secretary": bad, "committee_officer": bad.parent}.get(role, county.top)
    client.force_login(factories.make_user(role, place))
    followed = set()
    for address in addresses:
        if address == "branch":
            address = reverse("branch", args=[bad.code])
        found = marks_on(client, address)
        assert [mark for mark, links in found if not links] == [], address
        followed |= {min(links) for _mark, links in found}
    assert any(link.startswith("/duties/") for link in followed)
    opened = {link: client.get(link, follow=True).status_code for link in sorted(followed)[:12]}
    assert opened == dict.fromkeys(opened, 200)


def test_the_desk_leads_from_each_mark_of_a_duty_to_why(client, county):
    bad = county.branches[1]
    client.force_login(factories.make_user("secretary", bad))
    links = {link for _mark, links in marks_on(client, "/desk/") for link in links}
    red = Duty.objects.filter(organisation=bad, state="overdue", rule__startswith="meetings.")
    assert red.exists()
    shown = {
        reverse("compliance:duty", args=[duty.pk]) for duty in Duty.objects.filter(organisation=bad)
    }
    assert links & shown
