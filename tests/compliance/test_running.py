"""The night part by part, broken organisations apart, pulses, and the page that shows it all."""

import dataclasses
import datetime
import logging
from datetime import date

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from branches.changes import note_change
from branches.models import Changed, Organisation
from compliance import forecast, jobs, reminders
from compliance.isolating import Outcome, apart
from compliance.judging import BEGINS
from compliance.models import CheckRun, Duty, Foreseen, RunPart
from compliance.registry import RULES
from compliance.services import (
    catch_up,
    refresh,
    refresh_everybody,
    run_night,
    whole_night,
)
from compliance.services.parts import Parts, title_of
from jobs.models import Pulse
from jobs.pulses import pulse, pulses, silence, words_of
from meetings.enums import Type
from tests import factories
from tests.compliance.verdicts import county_value
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 30)
PAGE = "/duties/running/"
THEME_DAY, LECTURE, TASKS = (
    RULES[code] for code in ("meetings.theme_day", "meetings.lecture", "tasks.overdue")
)


@pytest.fixture(autouse=True)
def quiet_september(settings, caplog, db):
    settings.TODAY_OVERRIDE = TODAY
    county_value(BEGINS, "2026-08-01", date(2024, 1, 1))
    with caplog.at_level(logging.CRITICAL):
        yield


@pytest.fixture
def three_rules():
    """Only these, so that a night is short; the order of all is the order of columns elsewhere."""
    known = dict(RULES)
    RULES.clear()
    RULES.update({rule.code: rule for rule in (THEME_DAY, LECTURE, TASKS)})
    yield
    RULES.clear()
    RULES.update(known)


@pytest.fixture
def branches():
    committee = factories.make_committee(factories.make_county())
    return [factories.make_branch(committee, f"第{number}支部") for number in range(1, 6)]


def breaks_for(monkeypatch, rule, *broken):
    """The rule raises whenever one of these organisations is measured."""
    keys = {one.pk for one in broken}

    def measure(question):
        if question.organisations.filter(pk__in=keys).exists():
            raise ZeroDivisionError("a name that nobody may read")
        return rule.measure(question)

    monkeypatch.setitem(RULES, rule.code, dataclasses.replace(rule, measure=measure))


# --- Apart ------------------------------------------------------------------------------


def names_of(organisations) -> list[str]:
    return sorted((organisations or Organisation.objects.all()).values_list("name", flat=True))


def test_in_the_ordinary_case_everybody_is_done_at_once_without_a_query(branches):
    asked = []
    with CaptureQueriesContext(connection) as queries:
        apart(asked.append)
    assert (asked, len(queries)) == ([None], 0)


def test_the_broken_ones_are_found_and_all_others_done_once(branches):
    done = []

    def act(organisations):
        names = names_of(organisations)
        if {"第2支部", "第5支部"} & set(names):
            raise ZeroDivisionError
        done.extend(names)

    outcome = apart(act)
    assert set(outcome.broken) == {branches[1].pk, branches[4].pk}
    assert sorted(done) == sorted(
        Organisation.objects.exclude(pk__in=outcome.broken).values_list("name", flat=True)
    )


def test_who_is_suspected_is_asked_alone_from_the_start(branches):
    calls = []

    def act(organisations):
        calls.append(names_of(organisations))
        if branches[1].name in calls[-1]:
            raise ZeroDivisionError

    some = Organisation.objects.branches()
    assert set(apart(act, some, suspects={branches[1].pk}).broken) == {branches[1].pk}
    assert calls[1:] == [["第2支部"], ["第1支部", "第3支部", "第4支部", "第5支部"]]


def test_what_goes_well_for_nobody_is_raised(branches):
    def act(organisations):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apart(act)
    with pytest.raises(ZeroDivisionError):
        apart(act, Organisation.objects.filter(pk=branches[0].pk))


def test_a_hopeless_case_is_given_up_before_everybody_was_tried(monkeypatch, branches):
    monkeypatch.setattr("compliance.isolating._HOPELESS_AFTER", 3)
    calls = []

    def act(organisations):
        calls.append(organisations)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apart(act)
    assert len(calls) == 1 + 3


def test_a_database_that_is_gone_is_nobodys_fault(branches):
    calls = []

    def act(organisations):
        calls.append(organisations)
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        apart(act)
    assert len(calls) == 1


def test_a_reason_names_organisations_and_place_but_not_what_was_read(branches):
    def act(organisations):
        if {one.name for one in branches[1:]} & set(names_of(organisations)):
            raise ZeroDivisionError("张某某 430000")

    words = apart(act).words()
    assert "第2支部" in words and "ZeroDivisionError（tests/compliance/test_running.py 第" in words
    assert "张某某" not in words
    assert Outcome().words() == ""
    many = Outcome(
        broken=dict.fromkeys(Organisation.objects.values_list("pk", flat=True), KeyError())
    )
    assert "等 7 个组织：KeyError" in many.words()


# --- The night --------------------------------------------------------------------------


@pytest.mark.usefixtures("three_rules")
def test_each_part_of_a_night_leaves_its_row(branches):
    run = whole_night(TODAY)
    parts = {part.part: part for part in run.parts.all()}
    assert list(parts) == [
        *("charges", "cases", "meetings.theme_day", "meetings.lecture", "tasks.overdue"),
        *("forecast:meetings.theme_day", "forecast:meetings.lecture", "forecast:tasks.overdue"),
        "reminders",
    ]
    duties = Duty.objects.filter(rule="meetings.theme_day").count()
    assert (parts["meetings.theme_day"].judged, parts["meetings.theme_day"].written) == (
        duties,
        duties,
    )
    ahead = Foreseen.objects.filter(rule="meetings.theme_day").count()
    assert parts["forecast:meetings.theme_day"].written == ahead > 0
    assert {part.fault for part in parts.values()} == {""}
    assert (run.judged, run.faults) == (Duty.objects.count(), "")
    again = whole_night(TODAY)
    assert RunPart.objects.count() == len(parts)
    assert (again.written, again.judged) == (0, run.judged)
    assert again.started_at > run.started_at


@pytest.mark.usefixtures("three_rules")
def test_a_branch_that_breaks_a_rule_stops_nobody_else(monkeypatch, branches):
    run_night(TODAY)
    before = list(Duty.objects.filter(organisation=branches[1]).order_by("pk").values())
    for branch in branches:
        factories.make_meeting(branch, date(2026, 9, 20), [Type.THEME_DAY])
    breaks_for(monkeypatch, THEME_DAY, branches[1])
    run = whole_night(TODAY)
    september = Duty.objects.filter(rule="meetings.theme_day", period="2026-09")
    assert dict(september.values_list("organisation__name", "state")) == {
        "第1支部": "done",
        "第2支部": "open",
        "第3支部": "done",
        "第4支部": "done",
        "第5支部": "done",
    }
    assert list(Duty.objects.filter(organisation=branches[1]).order_by("pk").values()) == before
    assert run.faults.split("、")[-2:] == ["主题党日 2026-09", "主题党日的预报"]
    fault = run.parts.get(part="meetings.theme_day").fault.splitlines()[-1]
    assert fault.startswith(f"主题党日 2026-09：第2支部（{branches[1].code}）：ZeroDivisionError（")
    assert Foreseen.objects.filter(rule="meetings.theme_day", organisation=branches[0]).exists()
    assert run.parts.get(part="meetings.lecture").fault == ""
    monkeypatch.setitem(RULES, THEME_DAY.code, THEME_DAY)
    assert whole_night(TODAY).faults == ""
    assert september.filter(state="done").count() == 5


@pytest.mark.usefixtures("three_rules")
def test_forecasts_and_reminders_that_fail_are_faults_of_the_night_and_stop_nothing(
    monkeypatch, branches
):
    def fail(*args, **options):
        raise RuntimeError("broken")

    monkeypatch.setattr(forecast, "until", fail)
    monkeypatch.setattr(reminders, "remind", fail)
    run = whole_night(TODAY)
    assert run.finished_at is not None and run.judged > 0
    assert run.faults == "主题党日的预报、党课的预报、任务逾期的预报、到期提醒".replace(
        "任务逾期", TASKS.title
    )
    assert run.parts.get(part="reminders").fault.startswith("到期提醒：RuntimeError（")


@pytest.mark.usefixtures("three_rules")
def test_the_night_counts_as_finished_only_after_the_reminders(monkeypatch, branches):
    seen = []

    def remind(day):
        run = CheckRun.objects.get(day=day)
        rows = Foreseen.objects.filter(organisation=branches[0]).count()
        seen.append((run.finished_at, rows > 0))
        return reminders.Reminded()

    monkeypatch.setattr(reminders, "remind", remind)
    assert catch_up(TODAY).finished_at is not None
    assert seen == [(None, True)]
    assert catch_up(TODAY) is None
    assert len(seen) == 1


@pytest.mark.usefixtures("three_rules")
def test_where_only_the_judging_was_done_the_rest_is_caught_up(branches):
    judged = run_night(TODAY)
    run = catch_up(TODAY)
    judged.refresh_from_db()
    assert run.pk == judged.pk
    assert (run.judged, run.finished_at) == (Duty.objects.count(), judged.finished_at)
    assert Foreseen.objects.exists() and run.parts.filter(part="reminders").exists()
    assert catch_up(TODAY) is None


def test_a_part_that_fails_is_written_before_the_night_ends(branches):
    parts = Parts(CheckRun.objects.create(day=TODAY, started_at=timezone.now()))
    with parts.attempt("charges"):
        pass
    assert not RunPart.objects.exists()
    with parts.attempt("cases"):
        raise KeyError("x")
    assert list(RunPart.objects.values_list("part", flat=True)) == ["cases"]
    parts.finish()
    assert RunPart.objects.count() == 2
    # The rules were not judged, so it is not finished.
    assert CheckRun.objects.get().finished_at is None
    assert CheckRun.objects.get().faults == title_of("cases") == "提请支委会研究的事项"


@pytest.mark.usefixtures("three_rules")
def test_the_rows_of_the_parts_cost_few_queries(branches):
    with CaptureQueriesContext(connection) as queries:
        run_night(TODAY)
    told = [query["sql"] for query in queries if '"compliance_runpart"' in query["sql"]]
    assert [sql.split(" ", 1)[0] for sql in told] == ["INSERT", "SELECT"]


# --- The minute's refresh ---------------------------------------------------------------


@pytest.mark.usefixtures("three_rules")
def test_a_refresh_judges_all_but_the_broken_and_tries_them_again(monkeypatch, branches):
    run_night(TODAY)
    for branch in branches:
        factories.make_meeting(branch, date(2026, 9, 20), [Type.THEME_DAY])
        note_change(branch.pk, "meetings", date(2026, 9, 20))
    breaks_for(monkeypatch, THEME_DAY, branches[2])
    done = refresh_everybody(TODAY)
    assert (done.notes, done.left) == (4, {branches[2].pk})
    assert "第3支部" in done.faults[0] and done.faults[0].startswith("主题党日 2026-09")
    assert list(Changed.objects.values_list("organisation", flat=True)) == [branches[2].pk]
    duties = Duty.objects.filter(rule="meetings.theme_day", period="2026-09")
    assert duties.filter(state="done").count() == 4
    monkeypatch.setitem(RULES, THEME_DAY.code, THEME_DAY)
    assert refresh_everybody(TODAY).notes == 1
    assert duties.filter(state="done").count() == 5


@pytest.mark.usefixtures("three_rules")
def test_what_cannot_be_judged_for_an_hour_is_left_to_the_night(monkeypatch, branches):
    run_night(TODAY)
    note_change(branches[0].pk, "meetings", date(2026, 9, 20))
    breaks_for(monkeypatch, THEME_DAY, branches[0])
    assert refresh(as_of=TODAY) == 0
    Changed.objects.update(at=timezone.now() - datetime.timedelta(minutes=61))
    assert refresh(as_of=TODAY) == 1
    assert not Changed.objects.exists()


@pytest.mark.usefixtures("three_rules")
def test_only_the_rules_concerned_are_foreseen_again(monkeypatch, branches):
    whole_night(TODAY)
    asked = []
    rebuild = forecast.rebuild_rule

    def remember(rule, *args):
        asked.append(rule.code)
        return rebuild(rule, *args)

    monkeypatch.setattr(forecast, "rebuild_rule", remember)
    note_change(branches[0].pk, "tasks", TODAY)
    refresh_everybody(TODAY)
    assert asked == ["tasks.overdue"]
    # Whether there is such a branch concerns every rule.
    branches[0].dissolved_on = date(2026, 10, 10)
    branches[0].save()
    note_change(branches[0].pk, "branches", date(2026, 10, 10))
    refresh_everybody(TODAY)
    assert asked[1:] == ["meetings.theme_day", "meetings.lecture", "tasks.overdue"]
    assert not Foreseen.objects.filter(organisation=branches[0], period="2026-11").exists()


@pytest.mark.usefixtures("three_rules")
def test_a_refresh_that_fails_does_not_stop_the_night(monkeypatch, branches):
    def fail(day):
        raise RuntimeError("broken")

    monkeypatch.setattr("compliance.services.refresh_everybody", fail)
    with pytest.raises(RuntimeError):
        jobs.refresh_changed()
    assert CheckRun.objects.get().finished_at is not None
    beat = Pulse.objects.get(name="refresh")
    assert (beat.fault.startswith("RuntimeError（"), beat.ended_at) == (True, None)


@pytest.mark.usefixtures("three_rules")
def test_the_minutes_job_tells_its_pulse_what_it_could_not_judge(monkeypatch, branches):
    jobs.refresh_changed()
    beat = Pulse.objects.get(name="refresh")
    ended_at = beat.ended_at
    assert (beat.fault, ended_at is not None) == ("", True)
    breaks_for(monkeypatch, THEME_DAY, branches[0])
    note_change(branches[0].pk, "meetings", date(2026, 9, 20))
    jobs.refresh_changed()
    beat.refresh_from_db()
    assert beat.fault.startswith("主题党日 2026-09：") and beat.ended_at == ended_at


@pytest.mark.usefixtures("three_rules")
def test_the_minutes_job_leaves_a_night_that_is_under_way_and_repeats_a_dead_one(branches):
    began = timezone.now() - datetime.timedelta(minutes=59)
    run = CheckRun.objects.create(day=jobs.night_due(), started_at=began)
    jobs.refresh_changed()
    run.refresh_from_db()
    assert (run.finished_at, Duty.objects.count()) == (None, 0)
    CheckRun.objects.update(started_at=began - datetime.timedelta(minutes=2))
    jobs.refresh_changed()
    run.refresh_from_db()
    assert run.finished_at is not None and Duty.objects.exists()


# --- Pulses -----------------------------------------------------------------------------


def ago(**span):
    return timezone.now() - datetime.timedelta(**span)


def test_a_job_is_silent_when_it_has_not_begun_for_a_quarter_of_an_hour():
    now = timezone.now()
    assert silence("refresh", now) is None
    assert [one.is_silent for one in pulses(now)] == [True] * 4
    with pulse("refresh"):
        pass
    assert silence("refresh", timezone.now()) is None
    assert [one.is_silent for one in pulses(timezone.now())] == [False, True, True, True]
    Pulse.objects.update(started_at=ago(minutes=16))
    assert silence("refresh", timezone.now()) >= datetime.timedelta(minutes=16)


def test_a_fault_is_kept_until_the_job_ends_well_again():
    with pulse("deliver"):
        pass
    well = Pulse.objects.get().ended_at
    with pytest.raises(KeyError), pulse("deliver"):
        raise KeyError("张某某")
    beat = Pulse.objects.get()
    assert (beat.fault.startswith("KeyError（"), beat.ended_at) == (True, well)
    assert "张某某" not in beat.fault
    with pulse("deliver"):
        pass
    beat.refresh_from_db()
    assert (beat.fault, beat.ended_at > well) == ("", True)


def test_a_fault_from_elsewhere_is_told_by_its_kind():
    try:
        date.fromisoformat("x")
    except ValueError as fault:
        fault.__traceback__ = None
        assert words_of(fault) == "ValueError"


# --- The page and the strip -------------------------------------------------------------


def login(client, role, where):
    client.force_login(factories.make_user(role, where))
    return client


@pytest.fixture
def county(branches):
    return branches[0].parent.parent


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.COUNTY_OFFICER, 200),
        (Role.SYSTEM_ADMIN, 200),
        (Role.COMMITTEE_OFFICER, 404),
        (Role.INSPECTOR, 404),
        (Role.AUDIT_ADMIN, 404),
    ],
)
def test_who_starts_checks_or_runs_the_system_may_look(client, county, role, status):
    assert login(client, role, county).get(PAGE).status_code == status


def test_a_secretary_and_nobody_may_not_look(client, branches):
    assert client.get(PAGE).status_code == 302
    assert login(client, Role.SECRETARY, branches[0]).get(PAGE).status_code == 404


def test_before_the_first_night_the_page_says_what_to_do(client, county):
    page = login(client, Role.COUNTY_OFFICER, county).get(PAGE).content.decode()
    assert "还没有核对过" in page and f'action="{reverse("check_now")}"' in page
    assert page.count("没有运行</span>") == 4


@pytest.mark.usefixtures("three_rules")
def test_failures_stand_first_with_their_reason(client, monkeypatch, branches, county):
    breaks_for(monkeypatch, THEME_DAY, branches[1])
    whole_night(TODAY)
    note_change(branches[0].pk, "meetings", TODAY)
    Changed.objects.update(at=ago(minutes=6))
    with pulse("sweep"):
        pass
    context = login(client, Role.SYSTEM_ADMIN, county).get(PAGE).context
    assert [row["title"] for row in context["broken"]] == ["主题党日"]
    assert "第2支部" in context["broken"][0]["faults"][0]
    assert [row["kind"] for row in context["fine"]] == ["done"] * 5
    assert [row["words"] for row in context["pulses"]] == ["没有运行", "正常", *["没有运行"] * 2]
    heaps = {row["label"]: (row["count"], row["kind"]) for row in context["backlog"]}
    assert heaps["改动等着重新核对"] == ("1", "late")
    assert heaps["对外提醒等着发送"] == ("0", "done")
    assert context["nights"][0]["kind"] == "late"
    # Who runs the system starts no checks.
    assert context["check_now_url"] == ""


@pytest.mark.usefixtures("three_rules")
def test_parts_and_nights_that_are_old_are_late(client, branches, county):
    whole_night(TODAY)
    RunPart.objects.filter(part="meetings.lecture").update(started_at=ago(hours=27))
    CheckRun.objects.create(day=date(2026, 10, 1), started_at=ago(hours=4))
    CheckRun.objects.create(day=date(2026, 10, 2), started_at=ago(minutes=4))
    context = login(client, Role.COUNTY_OFFICER, county).get(PAGE).context
    assert [(row["title"], row["words"]) for row in context["broken"]] == [("党课", "没有按时运行")]
    assert [row["words"] for row in context["nights"]] == ["正在核对", "没有做完", "正常"]


@pytest.mark.usefixtures("three_rules")
def test_the_page_reads_the_same_number_of_times_however_many_nights(client, branches, county):
    login(client, Role.COUNTY_OFFICER, county)
    whole_night(TODAY)
    few = count_of(lambda: client.get(PAGE))
    whole_night(date(2026, 10, 1))
    note_change(branches[0].pk, "meetings", TODAY)
    assert count_of(lambda: client.get(PAGE)) <= few


@pytest.mark.usefixtures("three_rules")
def test_the_overview_turns_red_by_itself_and_its_figures_are_right(client, branches, county):
    whole_night(TODAY)
    with pulse("refresh"):
        pass
    login(client, Role.COUNTY_OFFICER, county)
    assert client.get(reverse("overview")).context["zb"]["checks_stale"] == ""
    Pulse.objects.update(started_at=ago(minutes=130))
    factories.make_meeting(branches[0], date(2026, 9, 20), [Type.THEME_DAY])
    note_change(branches[0].pk, "meetings", date(2026, 9, 20))
    response = client.get(reverse("overview"))
    assert (
        response.context["zb"]["checks_stale"]
        == "后台已 2 小时没有运行，别处刚改的可能还没有算进来"
    )
    assert f'href="{PAGE}"' in response.content.decode()
    assert not Changed.objects.exists()
    duty = Duty.objects.get(rule="meetings.theme_day", period="2026-09", organisation=branches[0])
    assert duty.state == "done"


@pytest.mark.usefixtures("three_rules")
def test_a_desk_that_is_judged_before_it_is_read_needs_no_worker(client, branches):
    whole_night(TODAY)
    with pulse("refresh"):
        pass
    Pulse.objects.update(started_at=ago(days=3))
    zb = login(client, Role.SECRETARY, branches[0]).get(reverse("desk")).context["zb"]
    assert (zb["checks_stale"], zb["running_url"]) == ("", "")


def test_a_check_started_from_the_page_leads_back_to_it(client, monkeypatch, county):
    started = []
    monkeypatch.setattr("dashboard.views.start_check.delay", lambda: started.append(1))
    login(client, Role.COUNTY_OFFICER, county)
    response = client.post(reverse("check_now"), {"back": "running"})
    assert (response.url, started) == (PAGE, [1])
