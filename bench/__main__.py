"""Every bench one after the other on one filled database: `make bench`, `python -m bench`."""

import argparse
import sys

from bench import check_full, check_one, database
from bench.measuring import report
from bench.sizes import SIZES


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    database.options(parser)
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    try:
        with database.filled(size, given.seed, keep=given.keep):
            report("check_full", size.name, *check_full.measure(given.rounds, all_rounds=1))
            report("check_one", size.name, *check_one.measure(given.rounds * 6))
    except (database.Missing, check_full.Different) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
