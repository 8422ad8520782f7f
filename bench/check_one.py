"""check_one: one record saved, and the touched rules of that branch are right again.

    python -m bench.check_one --size s

The product's `refresh` of one organisation – what a desk does before it reads – after a saved
meeting, a payment and a changed member, by turns with one hand-written statement that judges
twelve rules in all their open periods for the same branch. Every edit is rolled back again.
"""

import argparse
import datetime
import sys

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import database, statement
from bench.check_full import forget, judge
from bench.measuring import Series, ratio, report, timed
from bench.sizes import DAY, SIZES
from branches.changes import note_change
from branches.models import Organisation
from compliance.models import CheckRun, Duty
from compliance.registry import RULES
from compliance.services import refresh
from dues.models import Payment
from meetings.enums import Type
from meetings.models import Meeting, MeetingType
from members.models import Member

_EDIT = DAY - datetime.timedelta(days=2)


def save_meeting(branch: Organisation) -> None:
    """A group's meeting of the running month, as its service leaves it."""
    meeting = Meeting.objects.create(organisation=branch, held_on=_EDIT, topic="学习")
    MeetingType.objects.create(meeting=meeting, type=Type.GROUP)
    note_change(branch.pk, "meetings", _EDIT)


def save_payment(branch: Organisation) -> None:
    member = Member.objects.filter(organisation=branch).latest("pk")
    month = DAY.replace(day=1)
    Payment.objects.create(
        member=member, organisation=branch, month=month, amount=40, paid_on=_EDIT
    )
    note_change(branch.pk, "dues", month, _EDIT)


def change_member(branch: Organisation) -> None:
    """Somebody left: the roster of today and of all later days."""
    member = Member.objects.filter(organisation=branch, left_on=None).latest("pk")
    Member.objects.filter(pk=member.pk).update(left_on=_EDIT, left_reason="去世")
    note_change(branch.pk, "members", _EDIT)


EDITS = (
    ("a meeting saved", save_meeting),
    ("a payment entered", save_payment),
    ("a member left", change_member),
)


def measure(rounds: int) -> tuple[list[Series], dict]:
    forget()
    judge(RULES.values())
    CheckRun.objects.update_or_create(
        day=DAY, defaults={"started_at": timezone.now(), "finished_at": timezone.now()}
    )
    statement.judge_everybody(DAY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    branches = list(Organisation.objects.branches().filter(dissolved_on=None).order_by("pk"))
    limit, facts = Series("statement, twelve rules"), {}
    products = [(Series(f"product, {words}"), edit) for words, edit in EDITS]
    for number in range(rounds + 1):
        branch = branches[number * 37 % len(branches)]
        for series, edit in products:
            with transaction.atomic():
                edit(branch)
                seconds, _notes = timed(lambda one=branch: refresh(as_of=DAY, organisation=one))
                transaction.set_rollback(True)
            # The first of each is compiled and planned anew.
            if number:
                series.add(seconds)
        with transaction.atomic():
            seconds, _written = timed(statement.judge_one, DAY, branch.pk)
            transaction.set_rollback(True)
        if number:
            limit.add(seconds)
    for series, edit in products:
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            edit(branch)
            before = len(captured)
            refresh(as_of=DAY, organisation=branch)
            facts[f"queries, {series.name}"] = len(captured) - before
            transaction.set_rollback(True)
    facts["goal, ms"] = 20
    facts["duties"] = Duty.objects.count()
    for series, _edit in products:
        facts[f"{series.name} : statement"] = round(ratio(series, limit), 2)
    return [*(series for series, _edit in products), limit], facts


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.check_one", description=__doc__.split("\n")[0])
    database.options(parser)
    parser.set_defaults(rounds=30)
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    try:
        with database.filled(size, given.seed, keep=given.keep):
            series, facts = measure(given.rounds)
            report("check_one", size.name, series, facts)
    except database.Missing as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
