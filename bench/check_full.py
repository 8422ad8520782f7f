"""check_full: every organisation judged in every open period, duties and sums written.

    python -m bench.check_full --size s

The product (`reconcile`, as in a night) and one hand-written statement
judge the same twelve rules by turns; both must give the same rows. Then, by itself, all rules.
"""

import argparse
import sys

from django.db import connection

from bench import database, statement
from bench.measuring import Series, ratio, report, timed
from bench.sizes import DAY, SIZES
from branches.values import Values
from compliance.judging import horizon_on
from compliance.models import Duty, DutyEvent, DutySummary
from compliance.registry import RULES
from compliance.services import Tally, reconcile

_TABLES = ", ".join(f'"{model._meta.db_table}"' for model in (Duty, DutyEvent, DutySummary))


class Different(Exception):
    """The two sides do not give the same answer."""


def judge(rules) -> Tally:
    """What a night does with these rules."""
    values, tally = Values(), Tally()
    horizon = horizon_on(DAY, values)
    for rule in rules:
        for period in horizon.periods(rule):
            tally += reconcile(rule, period, as_of=DAY, values=values)
    return tally


def forget() -> None:
    """As if nobody had been judged."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES} CASCADE")
    statement.make_tables()


def compare() -> dict:
    """The answers of both sides; `Different` where they are not the same."""
    found = {}
    for name, act, model in (
        ("verdicts", statement.answer, Duty),
        ("sums", statement.sums, DutySummary),
    ):
        product, limit = act(f'"{model._meta.db_table}"'), act()
        if product != limit:
            raise Different(f"{name}: the product has {product}, the statement {limit}")
        found |= {name: product[0], f"checksum of {name}": product[1]}
    return found


def measure(rounds: int, all_rounds: int) -> tuple[list[Series], dict]:
    first, limit_first = Series("product, from nothing"), Series("statement, from nothing")
    again, limit_again = Series("product, unchanged"), Series("statement, unchanged")
    everything = Series("product, all rules, from nothing")
    everything_again = Series("product, all rules, unchanged")
    rules, facts = statement.rules(), {}
    for number in range(rounds):
        forget()
        sides = [(first, judge, rules), (limit_first, statement.judge_everybody, DAY)]
        for series, act, argument in sides if number % 2 else sides[::-1]:
            series.add(timed(act, argument)[0])
        _vacuum()
        facts |= compare()
        sides = [(again, judge, rules), (limit_again, statement.judge_everybody, DAY)]
        for series, act, argument in sides if number % 2 else sides[::-1]:
            seconds, result = timed(act, argument)
            written = result.written if isinstance(result, Tally) else result
            if written:
                raise Different(f"{series.name} wrote {written} rows although nothing changed")
            series.add(seconds)
    for _number in range(all_rounds):
        forget()
        everything.add(timed(judge, RULES.values())[0])
        _vacuum()
        everything_again.add(timed(judge, RULES.values())[0])
    series = [first, limit_first, again, limit_again]
    facts |= {
        "rules": len(rules),
        "product : statement, from nothing (goal ≤ 2 at s)": round(ratio(first, limit_first), 2),
        "product : statement, unchanged": round(ratio(again, limit_again), 2),
        "product, unchanged : from nothing (goal ≤ 1.15)": round(ratio(again, first), 2),
    }
    if all_rounds:
        series += [everything, everything_again]
        facts |= {"all rules": len(RULES), "all duties": Duty.objects.count()}
    return series, facts


def _vacuum() -> None:
    """What the database does by itself after many rows; its own worker is off."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {_TABLES}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.check_full", description=__doc__.split("\n")[0])
    database.options(parser)
    parser.add_argument("--all-rounds", type=int, default=1, help="rounds with all rules")
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    try:
        with database.filled(size, given.seed, keep=given.keep):
            series, facts = measure(given.rounds, given.all_rounds)
            report("check_full", size.name, series, facts)
    except (database.Missing, Different) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
