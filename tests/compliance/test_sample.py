"""The county's own example: five workbooks, and what must be found in them on 30 September 2026.

Looked for in ../shared/samples beside the project; the folder `typed` holds the same facts as
people really type them.
"""

import json
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings

from compliance.registry import RULES
from members.identity import masked_id_number

# Without a test that asks for it pytest-django makes no test database, and the fixture below
# would meet the one of daily work.
pytestmark = pytest.mark.django_db

SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "samples"
AS_OF = date(2026, 9, 30)


def sample(name: str) -> Path:
    """The folder of a sample; without one the test is left out, under REQUIRE_ALL it fails."""
    folder = SAMPLES / name
    if not (folder.is_dir() and (SAMPLES / "expected.json").is_file()):
        reason = f"no sample: {folder} and expected.json are not there"
        if os.environ.get("REQUIRE_ALL", "") not in ("", "0"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="module")
def expected():
    sample("clean")
    return json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["clean", "typed"])
def found(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """What the commands say about a sample; the database is as before afterwards."""
    folder = sample(request.param)
    results = tmp_path_factory.mktemp("results")
    with (
        django_db_blocker.unblock(),
        override_settings(TODAY_OVERRIDE=AS_OF),
        transaction.atomic(),
    ):
        call_command("import_workbooks", str(folder), "--json", str(results / "import.json"))
        if connection.vendor == "postgresql":
            # Done by the server within a minute of an import; here nothing is committed, and
            # it would plan every query for the empty tables of the tests before.
            connection.cursor().execute("ANALYZE")
        call_command(
            "check_duties", "--as-of", AS_OF.isoformat(), "--json", str(results / "duties.json")
        )
        call_command(
            "show_facts", "--as-of", AS_OF.isoformat(), "--json", str(results / "facts.json")
        )
        transaction.set_rollback(True)
    lines = (results / "duties.json").read_text(encoding="utf-8").splitlines()
    return {
        "import": json.loads((results / "import.json").read_text(encoding="utf-8")),
        "duties": [json.loads(line) for line in lines],
        "facts": json.loads((results / "facts.json").read_text(encoding="utf-8")),
    }


def _key(duty: dict) -> tuple[str, str, str]:
    return duty["organisation"], duty["rule"], duty["period"]


def test_every_row_of_the_sample_is_taken(found):
    assert [sheet for sheet in found["import"] if sheet["refused"]] == []
    assert sum(sheet["new"] for sheet in found["import"]) > 0


def test_every_expected_duty_is_found_with_its_numbers(found, expected):
    duties = {_key(duty): (duty["required"], duty["actual"]) for duty in found["duties"]}
    differing = {
        _key(duty): ((duty["required"], duty["actual"]), duties.get(_key(duty)))
        for duty in expected["duties"]
        if duties.get(_key(duty)) != (duty["required"], duty["actual"])
    }
    assert len(expected["duties"]) == 1548
    assert differing == {}


def test_no_other_branch_has_one_of_these_duties(found, expected):
    """A 党支部 has a code with `-`; the committees above are not part of the expectation."""
    asked = {(duty["rule"], duty["period"]) for duty in expected["duties"]}
    branches = [
        _key(duty)
        for duty in found["duties"]
        if (duty["rule"], duty["period"]) in asked and "-" in duty["organisation"]
    ]
    assert Counter(branches) == Counter(_key(duty) for duty in expected["duties"])


def test_each_state_follows_from_the_numbers_and_the_day(found):
    for duty in found["duties"]:
        standing = duty["period"] == "2026-09-30"
        met = not duty["actual"] if standing else duty["actual"] >= duty["required"]
        assert met == (duty["state"] == "done"), duty
        # What is due at the end of a period that holds the day still has time left.
        if not met and not standing and RULES[duty["rule"]].due is None:
            assert duty["state"] in ("open", "behind"), duty


def test_study_hours_and_monthly_dues_of_each_member_agree(found, expected):
    members = found["facts"]["members"]
    assert len(members) == expected["members"] == 2572
    for name, wanted in (
        ("study_hours", expected["study_hours"]),
        ("dues_monthly", expected["dues_monthly"]),
    ):
        shown = Counter((member["id_number"], member[name]) for member in members)
        assert shown == Counter(
            (masked_id_number(number), value) for number, value in wanted.items()
        )


def test_the_sum_of_all_dues_agrees(found, expected):
    assert found["facts"]["dues_paid_total"] == expected["dues_paid_total"] == 728252.65
    paid = sum(round(member["dues_paid"] * 100) for member in found["facts"]["members"])
    assert paid == 72825265


def test_the_branches_that_elect_within_six_months_agree(found, expected):
    shown = found["facts"]["election_within_six_months"]
    assert sorted(shown) == sorted(expected["election_within_six_months"])
    assert len(shown) == 19
