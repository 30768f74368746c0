"""`python -m benchmarks.memory`: whether memory stays flat over a million requests, each on record once."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from benchmarks.conducting import Plan, conduct
from benchmarks.measuring import FULL
from benchmarks.parts.memory import slope
from benchmarks.systems.databases import KINDS, SQLITE


def main() -> int:
    """Measures, and exits with 1 if memory grew, with 2 if a row is missing or too many."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--database", choices=KINDS, default=SQLITE, help="default: %(default)s")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="several share a Redis; default: %(default)s"
    )
    arguments = parser.parse_args()
    if arguments.workers > 1 and arguments.database == SQLITE:
        parser.error("--workers above 1 needs --database PostgreSQL")
    workers: int = arguments.workers
    kind: str = arguments.database
    effort = replace(FULL, slope_requests=arguments.requests)
    return conduct(Plan(parts={"slope": lambda run: slope(run, kind, workers)}, effort=effort, check=True))


if __name__ == "__main__":
    sys.exit(main())
