"""One edit judged: what all rules share is read once, and the result is that of each by itself."""

import logging
from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branches.changes import note_change
from compliance.judging import BEGINS
from compliance.models import CheckRun, Duty, DutyEvent, Exemption
from compliance.registry import RULES
from compliance.services import refresh
from compliance.services.reconciling import _together
from meetings.enums import Type
from members.models import Member
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import (
    county_value,
    judge_everything,
    stored_duties,
    stored_sums,
)

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)
TOGETHER = "compliance.services.reconciling._together"


@pytest.fixture
def branch():
    """A branch of a county judged this night, with records since June."""
    county_value(BEGINS, "2026-06-01", date(2024, 1, 1))
    county = build_county(2)
    judge_everything(AS_OF)
    CheckRun.objects.create(day=AS_OF, started_at=timezone.now(), finished_at=timezone.now())
    return county.branches[0]


def hold_meetings(branch) -> None:
    """Meetings of three months at once, and one who left: many rules, periods and sums."""
    for month in (6, 7, 9):
        factories.make_meeting(
            branch, date(2026, month, 11), [Type.THEME_DAY, Type.LECTURE, Type.COMMITTEE]
        )
    note_change(branch.pk, "meetings", date(2026, 6, 11), date(2026, 9, 11))
    member = Member.objects.filter(organisation=branch, left_on=None).latest("pk")
    Member.objects.filter(pk=member.pk).update(left_on=date(2026, 8, 5), left_reason="去世")
    note_change(branch.pk, "members", date(2026, 8, 5))


def kept() -> tuple:
    told = DutyEvent.objects.values_list(
        "duty__rule", "duty__period", "duty__organisation", "before", "after", "record", "counted"
    )
    return stored_duties(), sorted(map(str, told)), stored_sums()


def outcome(branch) -> tuple:
    """What is stored after the edit; all of it is taken back again."""
    with transaction.atomic():
        hold_meetings(branch)
        assert refresh(as_of=AS_OF, organisation=branch) == 2
        found = kept()
        transaction.set_rollback(True)
    return found


def test_rules_judged_together_leave_what_each_by_itself_would(branch, monkeypatch):
    before = kept()
    together = outcome(branch)
    assert together[0] != before[0] and together[2] != before[2]
    assert len(together[1]) > len(before[1])

    def refused(asked, as_of, values):
        raise ZeroDivisionError

    monkeypatch.setattr(TOGETHER, refused)
    assert without_keys(outcome(branch)) == without_keys(together)


def without_keys(found: tuple) -> tuple:
    """Meetings get new keys each time; their addresses are in what was counted."""
    duties, events, sums = found
    return duties, [event.partition("/meetings/")[0] for event in events], sums


def test_what_all_rules_share_is_read_once_however_many_are_touched(branch):
    hold_meetings(branch)
    with CaptureQueriesContext(connection) as captured:
        refresh(as_of=AS_OF, organisation=branch)
    asked = [query["sql"] for query in captured.captured_queries]
    # What a deletion reads again asks for no rule.
    assert sum('"compliance_duty"."rule" IN' in one for one in asked) == 1
    assert sum('FROM "compliance_exemption"' in one for one in asked) == 1
    assert sum(one.startswith('UPDATE "compliance_duty" ') for one in asked) == 1
    assert sum(one.startswith('INSERT INTO "compliance_dutyevent" ') for one in asked) == 1


def test_an_edit_that_changes_nothing_asks_only_what_the_rules_measure(branch):
    hold_meetings(branch)
    refresh(as_of=AS_OF, organisation=branch)
    note_change(branch.pk, "dues", date(2026, 9, 1), date(2026, 9, 11))
    with CaptureQueriesContext(connection) as captured:
        refresh(as_of=AS_OF, organisation=branch)
    shared = [
        query["sql"]
        for query in captured.captured_queries
        if any(f'"{table}"' in query["sql"] for table in ("compliance_duty", "branches_changed"))
        or query["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]
    # Notes asked for, read and deleted; duties; two transactions.
    assert len(shared) == 3 + 1 + 4


def test_an_exemption_waives_only_its_own_days_where_many_are_judged_at_once(branch):
    Exemption.objects.create(
        rule="meetings.theme_day",
        organisation=branch,
        starts_on=date(2026, 7, 1),
        ends_on=date(2026, 7, 31),
        reason="防汛",
    )
    note_change(branch.pk, "meetings", date(2026, 6, 1), AS_OF)
    refresh(as_of=AS_OF, organisation=branch)
    duties = Duty.objects.filter(rule="meetings.theme_day", organisation=branch)
    states = dict(duties.values_list("period", "state"))
    assert [month for month, state in states.items() if state == "exempt"] == ["2026-07"]
    assert states.keys() == {"2026-06", "2026-07", "2026-08", "2026-09"}


def test_a_rule_that_breaks_after_others_were_judged_takes_nothing_of_them_back(
    branch, monkeypatch, caplog
):
    calls = []

    def breaking(asked, as_of, values):
        calls.append(len(asked))
        with transaction.atomic():
            _together(asked[:-1], as_of, values)
            raise ZeroDivisionError

    monkeypatch.setattr(TOGETHER, breaking)
    hold_meetings(branch)
    with caplog.at_level(logging.CRITICAL, logger="compliance"):
        assert refresh(as_of=AS_OF, organisation=branch) == 2
    assert len(calls) == 1 and calls[0] > len(RULES) // 2
    left = kept()[0], kept()[2]
    judge_everything(AS_OF)
    assert (kept()[0], kept()[2]) == left
