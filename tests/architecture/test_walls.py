"""Every address has its walls: nobody gets in, a neighbour sees nothing of another branch."""

import datetime
import re

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import AutoField
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts.roles import Role
from members.enums import Step
from members.models import DevelopmentPlan
from tests import factories

pytestmark = pytest.mark.django_db

# Seen without logging in.
# The calendar feed is for whoever has its secret address.
PUBLIC = {"login", "admin:login", "compliance:calendar_feed"}
# One value for each kind of argument an address takes.
VALUES = {"int": 1, "str": "x", "slug": "x", "uuid": "0" * 32, "path": "x"}


def addresses(values=VALUES):
    """(name, address) of every pattern, arguments filled in."""
    return list(walked(get_resolver(), "/", (), values))


def walked(resolver, prefix, namespaces, values):
    for entry in resolver.url_patterns:
        address = prefix + filled(entry.pattern, values)
        if isinstance(entry, URLPattern):
            yield ":".join((*namespaces, entry.name or str(entry.pattern))), address
        else:
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from walked(entry, address, inner, values)


def filled(pattern, values):
    """The route with a value for each argument; the admin site has one written as a regex."""
    route = getattr(pattern, "_route", None)
    if route is None:
        return "members/"
    return re.sub(r"<(?:(\w+):)?\w+>", lambda argument: str(values[argument[1] or "str"]), route)


def test_the_walk_finds_the_addresses():
    found = dict(addresses())
    assert found["login"] == reverse("login")
    assert found["branches:attachment"] == reverse("branches:attachment", args=[1])
    assert found["admin:members_member_change"] == reverse(
        "admin:members_member_change", args=["x"]
    )
    assert not [address for address in found.values() if "<" in address]


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_sent_to_log_in(client, method):
    open_to_all = set()
    for name, address in addresses():
        response = getattr(client, method)(address)
        if response.status_code != 302 or not response.url.startswith(
            (reverse("login"), reverse("admin:login"))
        ):
            open_to_all.add(name)
    assert open_to_all <= PUBLIC


# --- The neighbour ----------------------------------------------------------------------

MARKS = ("上荻村", "许文桥", "制度未上墙", "走访看望老党员")


def start_keys_at(first):
    """Give the next row of every table the same key, so that few keys reach a row of everything."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if isinstance(model._meta.pk, AutoField) and not model._meta.proxy
    ]
    with connection.cursor() as cursor:
        for table in tables:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first - 1]
                )
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [table, first - 1])


@pytest.fixture
def keys():
    """Keys of one row of everything in a branch whose marks nobody else may see."""
    start_keys_at(5001)
    town = factories.make_committee(factories.make_county(), "荻浦镇党委")
    branch = factories.make_branch(town, "上荻村党支部", code="SHANGDI")
    member = factories.make_member(branch, "许文桥")
    month = datetime.date(2026, 3, 1)
    held = factories.make_meeting(branch, month, present=[member], topic="走访看望老党员")
    term = factories.make_term(branch, ends_on=datetime.date(2026, 9, 1))
    rows = [
        branch,
        member,
        held,
        factories.make_task(branch, "制度未上墙"),
        factories.make_charge(member, month),
        factories.make_payment(member, month),
        factories.make_dues_request(
            member, from_month=month, until_month=month, reason="走访看望老党员"
        ),
        factories.make_user(Role.SECRETARY, branch, name="许文桥"),
        factories.make_room(branch, "上荻村活动室"),
        factories.make_group(branch, "上荻村党小组"),
        factories.make_unit(branch, "上荻村水厂").branch_units.get(),
        factories.make_branch(town, "上荻村临时党支部", form="temporary").memberships.create(
            member=member, is_attached=True
        ),
        factories.make_post(branch, "deputy", member=member),
        factories.make_unit_post(factories.make_unit(branch, "上荻村"), member),
        branch.fund_entries.create(kind="refund", on=month, amount=60, purpose="走访看望老党员"),
        factories.make_alliance(branch, "上荻村联合体", members=[town]).members.get(),
        factories.make_assignment(branch, "instructor", person_name="许文桥"),
        term,
        factories.make_term_request(term),
        factories.make_election(branch, datetime.date(2026, 2, 3), candidates=[(member, 5)]),
        way := factories.make_development(branch, "许文桥", steps=[(Step.APPLIED, month)]),
        way.steps.get(),
        DevelopmentPlan.objects.create(
            organisation=branch, year=2026, filed_on=month, note="走访看望老党员"
        ),
        factories.make_absence(member, "lost", month),
        factories.make_contact(member, month),
        member.cases.create(organisation=branch, kind="lost_6m", since=month, opened_on=month),
        factories.make_transfer(member, letter_on=month, valid_days=30),
        check := factories.make_check(branch, "2026-H1", month),
        check.lines.get(),
        factories.make_contribution(member, month),
        factories.make_make_up(held, member, month),
        factories.make_training(branch, month, people=[member], title="走访看望老党员"),
        factories.make_exemption(member, month, month, decided_by="走访看望老党员"),
        factories.make_opening(member, datetime.date(2025, 10, 1), reason="走访看望老党员"),
        factories.make_remittance(branch, datetime.date(2026, 1, 1), explanation="走访看望老党员"),
        item := factories.make_plan_item(branch, month, topic="走访看望老党员"),
        item.plan,
        factories.make_talk(branch, month, members=[member], content="走访看望老党员"),
        factories.make_visit(branch, month, member=member, note="走访看望老党员"),
        factories.make_invitation(
            held, factories.make_branch(town, "上荻村第二党支部"), note="走访看望老党员"
        ),
        matter := factories.make_matter(branch, "走访看望老党员", stages=[("reviewed", held)]),
        matter.steps.get(),
        factories.make_unit_survey(
            one := factories.make_registered_unit(branch, "上荻村协会"), legal_person="许文桥"
        ),
        one,
        factories.make_unit_instructor(one, "许文桥"),
        appraisal := factories.make_appraisal(branch, meeting=held),
        factories.make_appraisal_result(appraisal, member),
        notice := factories.make_notice(branch, month, title="走访看望老党员"),
        notice.duty_reminders.create(
            recipient=branch,
            organisation=branch,
            rule="meetings.theme_day",
            occasion="2026-03",
            step="due",
            due_on=month,
            on=month,
        ),
        robot := branch.channels.create(kind="wecom", name="上荻村群", address="https://x/?key=1"),
        robot.deliveries.create(not_before=timezone.now(), answer="走访看望老党员"),
        campaign := factories.make_campaign(town, self_check_on=month),
        factories.make_measure(campaign, units=[branch]),
        factories.make_target(campaign),
        factories.make_self_check(campaign, branch, done="走访看望老党员"),
        case := factories.make_weak(branch, decided_on=month, problems="走访看望老党员"),
        factories.make_weak_survey(case, month, note="走访看望老党员"),
        case.links.create(kind="county_leader", name="许文桥", starts_on=month),
        item := factories.make_plus_item(branch, "走访看望老党员"),
        item.plan,
        inspected := factories.make_inspection_visit(
            factories.make_inspection(town), branch, month, findings=["走访看望老党员"]
        ),
        inspected.inspection,
        inspected.findings.get(),
        inspected.letters.create(kind="talk", issued_on=month, text="走访看望老党员"),
    ]
    found = sorted({row.pk for row in rows})
    assert len(found) <= 5, "each further key means another walk over every address"
    return town, found


def seen_by(client, user, keys):
    """Addresses where the user finds a mark of the branch, or an error of ours."""
    client.force_login(user)
    # Whatever goes wrong is then an answer to look at.
    client.raise_request_exception = False
    # The admin site has tests of its own; to these people it is closed altogether.
    walked_once = {
        (name, address)
        for key in keys
        for text in (str(key), "SHANGDI")
        for name, address in addresses(VALUES | {"int": key, "str": text, "slug": text})
        if not name.startswith("admin:")
    }
    seen = set()
    for name, address in sorted(walked_once):
        response = client.get(address)
        body = b"" if response.streaming else response.content
        if response.status_code >= 500 or any(mark.encode() in body for mark in MARKS):
            seen.add(f"{name} {address} {response.status_code}")
    return seen


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER])
def test_the_secretary_of_the_neighbour_branch_sees_nothing(client, keys, role):
    town, keys = keys
    neighbour = factories.make_branch(town, "下荻村党支部")
    assert seen_by(client, factories.make_user(role, neighbour), keys) == set()


def test_the_officer_of_another_town_sees_nothing(client, keys):
    town, keys = keys
    other = factories.make_committee(town.parent, "柳汀街道党工委")
    assert seen_by(client, factories.make_user(Role.COMMITTEE_OFFICER, other), keys) == set()


def test_an_account_without_rights_sees_nothing(client, keys):
    assert seen_by(client, factories.make_user(), keys[1]) == set()


def test_the_walk_would_see_what_is_there(client, keys):
    """The same walk by somebody who may look, so that an empty answer means something."""
    town, keys = keys
    seen = seen_by(client, factories.make_user(Role.COMMITTEE_OFFICER, town), keys)
    for name in (
        *("members:list", "meetings:list", "tasks:list", "members:detail", "tasks:detail"),
        *("branches:room_change", "branches:fund_reverse", "branches:alliance"),
        *("branches:alliance_leave", "members:assignment_change"),
        *("members:posts", "members:post_change", "members:post_end"),
        *("members:unit_post_change", "dues:request"),
    ):
        assert any(one.startswith(f"{name} ") for one in seen), name
    assert not [one for one in seen if one.split()[-1] >= "500"]
