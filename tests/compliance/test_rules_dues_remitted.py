"""党费按季上缴: due on the county's day of the month after, done when the superior confirms."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import ProtectedError

from branches.models import Organisation
from branches.periods import add_months, period_named
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty, DutyEvent
from compliance.registry import RULES, Certainty, Nature
from compliance.services import refresh
from compliance.wording import badge, mark
from dues.services import remittances
from dues.values import REMIT_DAY
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

CODE = "dues.remitted"
JULY, SEPTEMBER, OCTOBER = date(2026, 7, 1), date(2026, 9, 1), date(2026, 10, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def charged(branch, first=JULY, count=3):
    member = factories.make_member(branch)
    for number in range(count):
        factories.make_charge(member, add_months(first, number))
    return member


def remitted(branch, quarter=JULY, on=date(2026, 10, 8), **facts):
    if facts.get("state", "sent") in ("confirmed", "returned"):
        facts.setdefault("decided_on", on)
    return factories.make_remittance(branch, quarter, remitted_on=on, **facts)


def test_a_confirmed_quarter_is_done_on_the_day_it_was_remitted(branch):
    charged(branch)
    remitted(branch, state="confirmed", decided_on=date(2026, 10, 20))
    duty = duty_of(CODE, branch, date(2026, 10, 20), of=JULY)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-Q3", 1, 1, "done")
    assert (duty.due_on, duty.met_on) == (date(2026, 10, 10), date(2026, 10, 8))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        (SEPTEMBER, "open"),
        (date(2026, 9, 30), "open"),
        (date(2026, 10, 10), "open"),
        (date(2026, 10, 11), "overdue"),
    ],
)
def test_what_was_not_sent_is_overdue_after_the_tenth_of_the_month_after(branch, as_of, state):
    charged(branch)
    assert verdict(CODE, branch, as_of, of=JULY) == (1, 0, state)


@pytest.mark.parametrize(
    ("first", "due"),
    [(OCTOBER, date(2027, 1, 10)), (date(2028, 1, 1), date(2028, 4, 10))],
)
def test_the_last_quarter_is_due_in_the_next_year(branch, first, due):
    charged(branch, first)
    assert duty_of(CODE, branch, due, of=first).due_on == due
    assert verdict(CODE, branch, due, of=first) == (1, 0, "open")
    assert verdict(CODE, branch, due.replace(day=11), of=first) == (1, 0, "overdue")


def test_the_county_sets_the_day(branch):
    charged(branch)
    county_value(REMIT_DAY, 20, JULY)
    assert verdict(CODE, branch, date(2026, 10, 20), of=JULY) == (1, 0, "open")
    assert verdict(CODE, branch, date(2026, 10, 21), of=JULY) == (1, 0, "overdue")


def test_what_was_sent_waits_for_the_superior_and_is_never_overdue(branch):
    charged(branch)
    remitted(branch)
    duty = duty_of(CODE, branch, date(2026, 12, 31), of=JULY)
    assert (duty.actual, duty.state, duty.waiting, duty.met_on) == (0, "open", True, None)
    shown = badge(duty, date(2026, 12, 31), 7)
    assert (shown.kind, shown.words) == ("wait", "等上级确认")
    assert mark(duty, date(2026, 12, 31), 7).words == "待确认"


def test_a_late_sender_is_overdue_until_he_sends(branch):
    charged(branch)
    remitted(branch, on=date(2026, 10, 15))
    assert verdict(CODE, branch, date(2026, 10, 14), of=JULY) == (1, 0, "overdue")
    assert verdict(CODE, branch, date(2026, 10, 15), of=JULY) == (1, 0, "open")


def test_a_day_before_the_decision_it_was_waiting(branch):
    charged(branch)
    remitted(branch, state="confirmed", decided_on=date(2026, 10, 20))
    duty = duty_of(CODE, branch, date(2026, 10, 19), of=JULY)
    assert (duty.actual, duty.state, duty.waiting) == (0, "open", True)


@pytest.mark.parametrize("state", ["returned", "draft"])
def test_what_was_returned_or_only_prepared_is_not_sent(branch, state):
    charged(branch)
    remitted(branch, state=state)
    duty = duty_of(CODE, branch, date(2026, 10, 11), of=JULY)
    assert (duty.actual, duty.state, duty.waiting) == (0, "overdue", False)


def test_a_branch_without_dues_in_the_quarter_has_no_row(branch):
    exempt = factories.make_member(branch)
    factories.make_charge(exempt, JULY, "0.00")
    wrong = factories.make_payment(exempt, JULY)
    factories.make_payment(exempt, JULY, "-20.00", reverses=wrong)
    charged(branch, OCTOBER, 1)
    assert verdict(CODE, branch, date(2026, 10, 11), of=JULY) is None
    assert verdict(CODE, branch, date(2026, 10, 11), of=OCTOBER) == (1, 0, "open")


def test_payments_alone_are_to_be_remitted_too(branch):
    factories.make_payment(factories.make_member(branch), SEPTEMBER)
    assert verdict(CODE, branch, date(2026, 9, 30), of=JULY) == (1, 0, "open")


def test_a_branch_founded_in_mid_quarter_owes_its_first_dues():
    branch = factories.make_branch(founded_on=date(2026, 8, 15))
    charged(branch, SEPTEMBER, 1)
    assert verdict(CODE, branch, date(2026, 10, 11), of=JULY) == (1, 0, "overdue")


def test_a_second_run_changes_nothing_and_the_story_is_kept(branch):
    charged(branch)
    for _ in range(2):
        duty = duty_of(CODE, branch, date(2026, 10, 11), of=JULY)
    row = remitted(branch, on=date(2026, 10, 12))
    duty_of(CODE, branch, date(2026, 10, 12), of=JULY)
    row.state, row.decided_on = "confirmed", date(2026, 10, 14)
    row.save()
    duty_of(CODE, branch, date(2026, 10, 14), of=JULY)
    events = DutyEvent.objects.filter(duty=duty).values_list("before", "after")
    assert list(events) == [("overdue", "open"), ("open", "done")]
    assert Duty.objects.filter(rule=CODE).count() == 1


def test_each_step_of_the_branch_and_its_superior_asks_for_a_new_verdict(branch):
    secretary = factories.make_user("secretary", branch)
    officer = factories.make_user("committee_officer", branch.parent)
    member = charged(branch)
    factories.make_payment(member, JULY)
    today = date(2026, 10, 8)

    def stands():
        refresh(as_of=today, organisation=branch)
        duty = Duty.objects.get(rule=CODE, organisation=branch, period="2026-Q3")
        return duty.state, duty.waiting

    sent = remittances.send(
        organisation=branch,
        quarter=period_named("2026-Q3"),
        amount=Decimal("20.00"),
        remitted_on=today,
        slip_number="HD-1",
        by=secretary,
        today=today,
    )
    assert stands() == ("open", True)
    remittances.confirm(remittance=sent, by=officer, today=today)
    assert stands() == ("done", False)
    remittances.undo_confirmations(remittances=[sent], by=officer, today=today)
    assert stands() == ("open", True)
    remittances.send_back(remittance=sent, reason="回单不符", by=officer, today=today)
    assert stands() == ("open", False)


def test_a_payment_that_went_up_cannot_take_its_remittance_with_it(branch):
    member = charged(branch)
    row = remitted(branch, payments=[factories.make_payment(member, JULY)])
    with pytest.raises(ProtectedError):
        row.delete()


@pytest.mark.parametrize(
    ("facts", "counted", "note"),
    [
        ({"state": "confirmed"}, 1, "上级已确认"),
        ({}, 0, "等上级确认"),
        ({"state": "returned", "opinion": "回单不符"}, 0, "已退回：回单不符"),
        (None, 0, "还没有上缴"),
    ],
)
def test_the_evidence_names_the_remittance(branch, facts, counted, note):
    charged(branch)
    if facts is not None:
        remitted(branch, on=date(2026, 10, 8), **facts)
    question = question_for(
        RULES[CODE],
        period_named("2026-Q3"),
        date(2026, 10, 11),
        Values(),
        Organisation.objects.filter(pk=branch.pk),
    )
    evidence = RULES[CODE].evidence(question, branch)
    records = evidence.counted if counted else evidence.missing
    assert (len(evidence.counted), len(evidence.missing)) == (counted, 1 - counted)
    assert records[0].note == note
    assert f"branch={branch.code}" in records[0].url
    assert ("应缴", "¥60.00") in evidence.facts


def test_it_is_a_county_rule():
    rule = RULES[CODE]
    assert (rule.nature, rule.certainty) == (Nature.LOCAL, Certainty.COUNTY)
    assert "轮到上级" in rule.how
