import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line

from branches.services import move_organisation
from compliance.models import CheckRun, Duty
from compliance.registry import RULES
from compliance.services import run_night
from meetings.enums import Type
from meetings.models import Meeting
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import Writes, stored_duties, stored_sums

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)
KEYS = ["organisation", "rule", "period", "required", "actual", "state", "due_on", "met_on"]
PERIODS = {
    "meetings.committee": "2026-09",
    "meetings.members_meeting": "2026-Q3",
    "meetings.lecture": "2026",
    "meetings.theme_day": "2026-09",
    "meetings.study_hours": "2026",
    "meetings.group": "2026-09",
    "meetings.life_meeting": "2026",
    "meetings.appraisal": "2026",
    "meetings.talks": "2026",
    "meetings.leaders_study_hours": "2026",
    "meetings.secretary_training": "2026",
    "meetings.secretary_lecture": "2026",
    "meetings.new_secretary_training": "2026-09-30",
    "dues.paid": "2026-09",
    "dues.arrears": "2026-09-30",
    "dues.remitted": "2026-Q3",
    "dues.published": "2026-Q3",
    "tasks.overdue": "2026-09-30",
    "tasks.weak_plan": "2026-09-30",
    "tasks.weak_report": "2026-09",
    "tasks.weak_acceptance": "2026-09-30",
    "terms.election": "2026-09-30",
    "branches.no_secretary": "2026-09-30",
    "members.probation": "2026-09-30",
    "branches.too_small": "2026-09-30",
    "branches.too_large": "2026-09-30",
    "terms.notice": "2026-09-30",
    "terms.request": "2026-09-30",
    "branches.no_committee": "2026-09-30",
    "branches.committee_size": "2026-09-30",
    "branches.joint_units": "2026-09-30",
    "branches.no_instructor": "2026-09-30",
    "members.development": "2026-09-30",
    "members.transfer_letters": "2026-09-30",
    "members.lost_contact": "2026-09-30",
    "members.floating_contact": "2026-Q3",
    "members.abroad_contact": "2026-H2",
    "members.files_checked": "2026-H2",
    "assessments.standard_studied": "2026",
}


@pytest.fixture(autouse=True)
def in_october(settings):
    settings.TODAY_OVERRIDE = date(2026, 10, 8)


@pytest.fixture
def check(tmp_path):
    """Runs check_duties and returns its JSON lines and what it printed."""

    def run(*arguments, as_of=AS_OF):
        file, out = tmp_path / "duties.json", StringIO()
        errors = StringIO()
        call_command(
            "check_duties",
            "--as-of",
            as_of.isoformat(),
            "--json",
            str(file),
            *arguments,
            stdout=out,
            stderr=errors,
        )
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return lines, out.getvalue(), errors.getvalue()

    return run


# --- check_duties -----------------------------------------------------------------------


def test_each_line_of_json_is_one_duty_with_the_agreed_keys(check):
    build_county(2)
    lines, _out, errors = check()
    assert errors == ""
    assert all(list(line) == KEYS for line in lines)
    # Two for each rule, but: the second branch has neither committee nor secretary, the first
    # needs no instructor, one committee owes a lecture, and the days on which the year's funds,
    # its plan and the dues of each member were to be settled lie before the records begin.
    assert len(lines) == 2 * len(RULES) - 12 == 72
    found = {(line["organisation"], line["rule"]): line for line in lines}
    assert len(found) == 72
    assert found["C0-0", "meetings.committee"] == {
        "organisation": "C0-0",
        "rule": "meetings.committee",
        "period": "2026-09",
        "required": 1,
        "actual": 1,
        "state": "done",
        "due_on": "2026-09-30",
        "met_on": "2026-09-10",
    }
    assert found["C0-1", "tasks.overdue"] == {
        "organisation": "C0-1",
        "rule": "tasks.overdue",
        "period": "2026-09-30",
        "required": 0,
        "actual": 1,
        "state": "overdue",
        "due_on": "2026-08-31",
        "met_on": None,
    }
    assert found["C0-0", "terms.election"] == {
        "organisation": "C0-0",
        "rule": "terms.election",
        "period": "2026-09-30",
        "required": 0,
        "actual": 0,
        "state": "done",
        "due_on": None,
        "met_on": None,
    }


def test_json_holds_for_each_rule_the_period_of_the_day(check):
    build_county(2)
    lines, _out, _errors = check()
    assert {line["rule"]: line["period"] for line in lines} == PERIODS


def test_json_is_in_the_order_of_rules_and_codes(check):
    build_county(4)
    lines, _out, _errors = check()
    order = list(RULES)
    places = [(order.index(line["rule"]), line["organisation"]) for line in lines]
    assert places == sorted(places)


def test_all_periods_gives_every_period_since_the_records_began(check):
    build_county(2)
    lines, _out, _errors = check("--all-periods", "--rule", "dues.paid")
    assert [(line["period"], line["organisation"]) for line in lines] == [
        (f"2026-{month:02d}", code) for month in range(4, 10) for code in ("C0-0", "C0-1")
    ]
    assert [line["state"] for line in lines] == ["done", "overdue"] * 5 + ["done", "open"]


def test_the_table_counts_each_rule_by_state(check):
    build_county(4)
    _lines, out, _errors = check()
    table = out[out.index("要求") :].splitlines()
    assert table[0].split() == ["要求", "已完成", "进行中", "落后", "逾期", "免予"]
    rows = {line.split()[0]: line.split()[1:] for line in table[1:]}
    assert len(rows) == len(RULES) == 42
    # Due before the records begin, so nobody owes it.
    assert rows["工作经费列入预算"] == ["0"] * 5
    assert rows["支部委员会"] == ["2", "0", "0", "0", "0"]
    assert rows["主题党日"] == ["2", "2", "0", "0", "0"]
    assert rows["党课"] == ["0", "0", "4", "0", "0"]
    assert rows["整改任务按时销号"] == ["2", "0", "0", "2", "0"]
    assert rows["党支部人数上限"] == ["4", "0", "0", "0", "0"]


def test_a_whole_check_is_a_night(check):
    build_county(2)
    _lines, out, _errors = check()
    run = CheckRun.objects.get()
    assert (run.day, run.faults, run.judged) == (AS_OF, "", Duty.objects.count())
    assert [line for line in out.splitlines() if line.startswith("核对 ")] == [
        f"核对 {rule.title}" for rule in RULES.values()
    ]


def test_one_organisation_means_it_and_everything_below(check):
    build_county(4)
    lines, _out, _errors = check("--organisation", "C1")
    assert {line["organisation"] for line in lines} == {"C1", "C1-2", "C1-3"}
    assert set(Duty.objects.values_list("organisation__code", flat=True)) == {"C1", "C1-2", "C1-3"}
    # Only a check of everything stands for a night.
    assert not CheckRun.objects.exists()


def test_one_branch_alone_can_be_checked(check):
    build_county(2)
    lines, _out, _errors = check("--organisation", "C0-1", "--rule", "members.probation")
    assert [(line["organisation"], line["actual"], line["state"]) for line in lines] == [
        ("C0-1", 1, "overdue")
    ]
    assert Duty.objects.count() == 1


def test_rules_can_be_chosen(check):
    build_county(2)
    lines, out, _errors = check("--rule", "dues.paid", "--rule", "tasks.overdue")
    assert {line["rule"] for line in lines} == {"dues.paid", "tasks.overdue"}
    assert set(Duty.objects.values_list("rule", flat=True)) == {"dues.paid", "tasks.overdue"}
    assert len(out.splitlines()) == 3


def test_a_second_check_says_the_same_and_writes_nothing(check):
    build_county(2)
    first, _out, _errors = check()
    with Writes() as writes:
        second, _out, _errors = check()
    assert second == first
    assert writes.statements == []


def test_a_day_before_the_newest_night_is_only_looked_at(check):
    county = build_county(2)
    run_night(date(2026, 10, 1))
    factories.make_meeting(county.branches[1], date(2026, 9, 20), [Type.THEME_DAY])
    before = stored_duties(), stored_sums(), CheckRun.objects.count()
    with Writes() as writes:
        lines, _out, errors = check()
    assert writes.statements == []
    assert (stored_duties(), stored_sums(), CheckRun.objects.count()) == before
    assert "只计算，不改动已存的事项" in errors
    found = {(line["organisation"], line["rule"]): line for line in lines}
    assert len(lines) == 72
    assert found["C0-1", "meetings.theme_day"]["state"] == "done"
    assert found["C0-1", "meetings.theme_day"]["met_on"] == "2026-09-20"
    assert found["C0-0", "dues.paid"]["period"] == "2026-09"


def test_looking_back_says_what_a_night_of_that_day_says(check, tmp_path):
    build_county(4)
    stored, _out, _errors = check("--all-periods")
    run_night(date(2026, 10, 5))
    looked_at, _out, errors = check("--all-periods")
    assert looked_at == stored
    assert errors != ""


def test_a_day_to_come_is_only_looked_at(check):
    build_county(2)
    with Writes() as writes:
        lines, _out, errors = check(as_of=date(2026, 12, 31))
    assert writes.statements == []
    assert "晚于今天" in errors
    assert not Duty.objects.exists()
    assert not CheckRun.objects.exists()
    periods = {line["rule"]: line["period"] for line in lines}
    assert periods["meetings.members_meeting"] == "2026-Q4"
    assert periods["tasks.overdue"] == "2026-12-31"


def test_today_is_stored(check):
    build_county(2)
    check(as_of=date(2026, 10, 8))
    assert CheckRun.objects.get().day == date(2026, 10, 8)


def test_a_moved_branch_is_found_below_its_new_committee(check):
    county = build_county(4)
    move_organisation(county.branches[0], to=county.committees[1], by=None, on=date(2026, 9, 15))
    lines, _out, _errors = check("--organisation", "C1", "--rule", "meetings.theme_day")
    assert [line["organisation"] for line in lines] == ["C0-0", "C1-2", "C1-3"]


def test_an_unknown_organisation_is_refused_with_its_code():
    with pytest.raises(CommandError, match="没有编码为 NOWHERE 的组织"):
        call_command("check_duties", "--as-of", "2026-09-30", "--organisation", "NOWHERE")


def test_a_file_that_cannot_be_written_is_refused_with_its_name(tmp_path):
    build_county(2)
    with pytest.raises(CommandError, match=r"写不了 .*no-such-folder"):
        call_command(
            "check_duties",
            "--as-of",
            "2026-09-30",
            "--json",
            str(tmp_path / "no-such-folder" / "x"),
        )


def end_of(*arguments) -> int:
    """The exit code of `manage.py` with these arguments."""
    try:
        execute_from_command_line(["manage.py", *arguments])
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--as-of", "2026-09-30"), 0, ""),
        (("--as-of", "2026-09-30", "--organisation", "NOWHERE"), 1, "没有编码为 NOWHERE 的组织"),
        (("--as-of", "30.9.2026"), 2, "--as-of"),
        (("--as-of", "2026-09-30", "--rule", "no.such_rule"), 2, "no.such_rule"),
        ((), 2, "--as-of"),
    ],
)
def test_the_exit_code_says_done_refused_or_wrong_usage(arguments, code, words, capsys):
    assert end_of("check_duties", *arguments) == code
    assert words in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_show_facts_ends_as_agreed(tmp_path, capsys):
    file = tmp_path / "facts.json"
    assert end_of("show_facts", "--as-of", "2026-09-30", "--json", str(file)) == 0
    assert end_of("show_facts", "--as-of", "2026-09-30") == 2
    nowhere = tmp_path / "no-such-folder" / "facts.json"
    assert end_of("show_facts", "--as-of", "2026-09-30", "--json", str(nowhere)) == 1
    assert "写不了" in capsys.readouterr().err


# --- show_facts -------------------------------------------------------------------------


@pytest.fixture
def facts(tmp_path):
    def show(as_of=AS_OF):
        file, out = tmp_path / "facts.json", StringIO()
        call_command("show_facts", "--as-of", as_of.isoformat(), "--json", str(file), stdout=out)
        return json.loads(file.read_text(encoding="utf-8")), out.getvalue()

    return show


def test_facts_hold_hours_and_dues_of_each_member_and_no_full_number(facts):
    branch = factories.make_branch(code="A-1")
    one = factories.make_member(branch, "林守正", id_number="000000198005170014")
    two = factories.make_member(branch, "周慧敏", id_number="000000198005170022")
    factories.make_meeting(
        branch, date(2026, 3, 5), [Type.LECTURE], present=[one], absent=[two], hours="1.5"
    )
    factories.make_meeting(
        branch, date(2026, 9, 30), [Type.THEME_DAY], present=[one, two], hours="2.0"
    )
    factories.make_meeting(branch, date(2026, 10, 1), [Type.THEME_DAY], present=[one], hours="4.0")
    factories.make_approved_amount(one, "63.00", from_month=date(2026, 1, 1))
    factories.make_approved_amount(one, "70.50", from_month=date(2026, 7, 1))
    factories.make_approved_amount(one, "90.00", from_month=date(2026, 10, 1))
    factories.make_payment(one, date(2025, 12, 1), "63.00", paid_on=date(2026, 1, 8))
    factories.make_payment(one, date(2026, 1, 1), "63.00", paid_on=date(2026, 1, 8))
    factories.make_payment(one, date(2026, 2, 1), "63.10")
    factories.make_payment(one, date(2026, 9, 1), "70.50", paid_on=date(2026, 10, 2))
    wrong = factories.make_payment(two, date(2026, 3, 1), "20.00", paid_on=date(2026, 3, 8))
    factories.make_payment(
        two, date(2026, 3, 1), "-20.00", paid_on=date(2026, 3, 8), reverses=wrong
    )
    found, out = facts()
    assert found["as_of"] == "2026-09-30"
    assert found["members"] == [
        {
            "id_number": "000000********0014",
            "name": "林守正",
            "branch": "A-1",
            "study_hours": 3.5,
            "dues_monthly": 70.5,
            "dues_paid": 126.1,
        },
        {
            "id_number": "000000********0022",
            "name": "周慧敏",
            "branch": "A-1",
            "study_hours": 2.0,
            "dues_monthly": None,
            "dues_paid": 0.0,
        },
    ]
    assert found["dues_paid_total"] == 126.1
    assert out == "党员 2 人，已缴党费合计 126.10 元\n"


def test_facts_hold_who_belongs_on_the_day(facts):
    branch = factories.make_branch(code="A-1")
    factories.make_member(branch, "林守正", joined_on=date(2026, 9, 30))
    factories.make_member(branch, "周慧敏", joined_on=date(2026, 10, 1))
    factories.make_member(branch, "韩立文", ends_on=date(2026, 9, 30))
    dissolved = factories.make_branch(code="A-2", dissolved_on=date(2026, 9, 29))
    factories.make_member(dissolved, "许平")
    assert [member["name"] for member in facts()[0]["members"]] == ["林守正"]


@pytest.mark.parametrize(
    ("ends_on", "ends_soon"),
    [
        (date(2026, 9, 29), False),
        (date(2026, 9, 30), True),
        (date(2027, 3, 30), True),
        (date(2027, 3, 31), False),
    ],
)
def test_terms_that_end_within_six_months_are_listed(facts, ends_on, ends_soon):
    county = factories.make_county(code="C")
    committee = factories.make_committee(county, code="T")
    branch = factories.make_branch(committee, code="T-1")
    for organisation in (committee, branch):
        factories.make_term(organisation, ends_on=ends_on)
    found, _out = facts()
    assert found["terms_ending_within_six_months"] == (["T", "T-1"] if ends_soon else [])
    assert found["election_within_six_months"] == (["T-1"] if ends_soon else [])


def test_a_branch_with_a_new_term_holds_no_election_soon(facts):
    branch = factories.make_branch(code="T-1")
    factories.make_term(branch, ends_on=date(2026, 12, 31))
    factories.make_term(branch, starts_on=date(2026, 9, 1), ends_on=date(2029, 9, 1))
    assert facts()[0]["election_within_six_months"] == []


def test_facts_change_nothing(facts, django_assert_max_num_queries):
    build_county(2)
    run_night(AS_OF)
    before = stored_duties(), Meeting.objects.count()
    with Writes() as writes, django_assert_max_num_queries(8):
        facts()
    assert writes.statements == []
    assert (stored_duties(), Meeting.objects.count()) == before
