"""The benches stand: the generator fits the models, and both sides give the same answer."""

import datetime

import pytest
from django.db import IntegrityError

from bench import check_full, check_one, generator, statement
from bench.sizes import DAY, SIZES
from branches.models import Organisation
from branches.values import Values
from compliance.models import CheckRun, Duty
from compliance.registry import RULES
from compliance.services import reconcile, reconciling
from members.models import Membership

pytestmark = [pytest.mark.django_db, pytest.mark.pg]
TINY = SIZES["tiny"]


@pytest.fixture
def area():
    generator.fill(TINY, seed=1)
    statement.make_tables()


def test_the_same_seed_makes_the_same_area_of_the_size_asked_for(area):
    assert Organisation.objects.branches().count() == TINY.branches
    assert Membership.objects.count() == TINY.members
    sizes = sorted(
        Membership.objects.filter(organisation=branch).count()
        for branch in Organisation.objects.branches()
    )
    assert sizes[0] < 3 < 7 < 30 < sizes[-1]


def test_both_sides_give_the_same_answer_write_nothing_twice_and_a_difference_is_refused(area):
    assert statement.judge_everybody(DAY) == check_full.judge(statement.rules()).written
    found = check_full.compare()
    assert found["verdicts"] == Duty.objects.count() > 1000
    assert statement.judge_everybody(DAY) == 0
    assert check_full.judge(statement.rules()).written == 0
    duty = Duty.objects.first()
    Duty.objects.filter(pk=duty.pk).update(actual=duty.actual + 1)
    with pytest.raises(check_full.Different, match="verdicts"):
        check_full.compare()


def test_one_branch_by_the_statement_is_what_the_product_says(area):
    branch = Organisation.objects.branches().order_by("pk")[9]
    check_full.judge(statement.rules())
    assert (
        statement.judge_one(DAY, branch.pk) == Duty.objects.filter(organisation=branch).count() > 40
    )
    assert CheckRun.objects.count() == 0


def test_each_edit_of_check_one_leaves_a_note_that_is_consumed(area):
    branch = Organisation.objects.branches().order_by("pk")[9]
    now = datetime.datetime(2026, 9, 20, tzinfo=datetime.UTC)
    CheckRun.objects.create(day=DAY, started_at=now, finished_at=now)
    for _words, edit in check_one.EDITS:
        edit(branch)
        assert check_one.refresh(as_of=DAY, organisation=branch) == 1


def test_who_was_judged_meanwhile_by_somebody_else_is_judged_again(area, monkeypatch):
    """In a county too large for one transaction new duties are written as judged."""
    monkeypatch.setattr(reconciling, "AT_ONCE", 5)
    rule, inserted = RULES["meetings.theme_day"], []

    def refused(*arguments):
        inserted.append(arguments[-1])
        raise IntegrityError

    monkeypatch.setattr(reconciling, "_insert", refused)
    period = statement.periods_of(DAY)[rule.code][-1]
    tally = reconcile(rule, period, as_of=DAY, values=Values())
    assert [len(some) for some in inserted] == [TINY.branches]
    assert tally.written == Duty.objects.filter(rule=rule.code).count() == TINY.branches


def test_a_field_without_a_value_stops_the_generator_by_name():
    with pytest.raises(LookupError, match=r"Organisation\.name is new"):
        generator.insert(None, Organisation, {"code": "'A'"}, "")
