"""The matrix: each rule by its line in `lines/`, in every way in which a verdict may go wrong."""

from datetime import date, timedelta

import pytest

from compliance.models import Duty, DutyEvent, DutySummary
from compliance.registry import RULES
from tests import factories
from tests.compliance.lines import LINES
from tests.compliance.lines.scenes import Scene
from tests.compliance.verdicts import Writes, county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ON_THE_WAY = {True: "behind", False: "overdue"}

every_rule = pytest.mark.parametrize("code", RULES)


@pytest.fixture
def scene(code):
    committee = factories.make_committee()
    if LINES[code].of_committees:
        return Scene(committee)
    return Scene(factories.make_branch(committee))


@pytest.fixture
def line(code, scene):
    """The line of the rule, with an offender standing there."""
    found = LINES[code]
    found.spoil(scene)
    return found


def judged(code, line, scene, as_of=None, of=None):
    return verdict(code, scene.branch, as_of or line.first_late, of=of or line.of)


def begins(code, line) -> date:
    """The first day of what is judged: of the period, or the day after the last one in time."""
    period = period_on(code, line.of) if line.of else None
    return period.starts_on if period else line.first_late


def set_dates(scene, **days):
    for name, day in days.items():
        setattr(scene.branch, name, day)
    scene.branch.save(update_fields=list(days))


def test_every_rule_has_its_line():
    assert set(LINES) == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_every_county_value_of_a_rule_is_tried(code):
    assert set(LINES[code].keys) == set(RULES[code].keys)


@every_rule
def test_an_offender_is_in_time_on_the_last_day_and_late_on_the_next(code, line, scene):
    assert judged(code, line, scene, line.last) == line.before
    assert judged(code, line, scene) == line.late
    assert line.late[2] == ("overdue" if RULES[code].strict else "behind")


@every_rule
def test_who_has_the_record_is_clean(code, line, scene):
    line.mend(scene)
    duty = duty_of(code, scene.branch, line.first_late, of=line.of)
    assert (duty.required, duty.actual, duty.state) == line.clean
    assert (duty.met_on, duty.open_since) == (line.met_on, None)
    if RULES[code].is_standing:
        assert duty.due_on is None


@every_rule
def test_a_branch_founded_inside_the_period_owes_what_the_rule_says(code, line, scene):
    if line.of is None:
        set_dates(scene, founded_on=line.first_late)
        assert judged(code, line, scene, line.last) is None
        assert judged(code, line, scene) == line.late
        return
    first = begins(code, line)
    set_dates(scene, founded_on=first)
    assert judged(code, line, scene) == line.late
    set_dates(scene, founded_on=first + DAY)
    assert judged(code, line, scene) == line.founded_inside


@every_rule
def test_a_branch_dissolved_inside_the_period_owes_nothing(code, line, scene):
    last = period_on(code, line.of).ends_on if line.of else line.first_late
    as_of = max(last, line.first_late)
    assert judged(code, line, scene, as_of) is not None
    set_dates(scene, dissolved_on=last)
    assert judged(code, line, scene, as_of) is None
    assert not Duty.objects.filter(rule=code).exists()
    left = DutySummary.objects.filter(rule=code).values_list("overdue", "behind", "required")
    assert set(left) <= {(0, 0, 0)}
    set_dates(scene, dissolved_on=last + DAY)
    assert judged(code, line, scene, as_of) is not None


@every_rule
def test_a_record_entered_late_clears_what_was_late(code, line, scene):
    stored = duty_of(code, scene.branch, line.first_late, of=line.of)
    assert (stored.required, stored.actual, stored.state) == line.late
    line.mend(scene)
    assert judged(code, line, scene) == line.clean
    stored.refresh_from_db()
    assert stored.met_on == line.met_on
    last = DutyEvent.objects.filter(duty=stored).latest("pk")
    assert (last.before, last.after) == (line.late[2], "done")


@every_rule
def test_a_record_taken_away_opens_it_again(code, line, scene):
    undo = line.mend(scene)
    assert judged(code, line, scene) == line.clean
    undo()
    duty = duty_of(code, scene.branch, line.first_late, of=line.of)
    assert (duty.required, duty.actual, duty.state) == (line.undone or line.late)
    assert duty.met_on is None
    assert (duty.open_since is not None) == RULES[code].is_standing


@every_rule
def test_a_second_run_writes_nothing(code, line, scene):
    with Writes() as first:
        judged(code, line, scene)
    with Writes() as second:
        judged(code, line, scene)
    assert first.statements != []
    assert second.statements == []
    line.mend(scene)
    judged(code, line, scene)
    with Writes() as again:
        judged(code, line, scene)
    assert again.statements == []


@pytest.mark.parametrize(
    ("code", "key"),
    [(code, key) for code, line in LINES.items() for key in line.keys],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_a_value_set_from_a_day_on_changes_that_day_and_none_before(code, key, line, scene):
    changed = line.keys[key]
    if changed.mended:
        line.mend(scene)
    earlier = earlier_verdicts(code, line, scene)
    county_value(key, changed.value, begins(code, line))
    assert judged(code, line, scene) == changed.verdict
    assert earlier_verdicts(code, line, scene) == earlier


@every_rule
def test_red_becomes_amber_or_amber_red_from_the_day_the_county_says(code, line, scene):
    strict = RULES[code].strict
    earlier = earlier_verdicts(code, line, scene)
    county_value(RULES[code].strict_key, not strict, begins(code, line))
    assert judged(code, line, scene) == (*line.late[:2], ON_THE_WAY[strict])
    assert earlier_verdicts(code, line, scene) == earlier


@every_rule
def test_a_rule_that_is_off_asks_nothing_from_that_day_on(code, line, scene):
    earlier = earlier_verdicts(code, line, scene)
    county_value(RULES[code].on_key, False, begins(code, line))
    assert judged(code, line, scene) is None
    assert earlier_verdicts(code, line, scene) == earlier


def earlier_verdicts(code, line, scene):
    """What was found of the time before a setting begins: the period before, or the day before."""
    if line.of is None:
        return judged(code, line, scene, line.last)
    return judged(code, line, scene, of=period_on(code, line.of).previous.starts_on)
