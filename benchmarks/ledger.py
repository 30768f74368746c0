"""`python -m benchmarks.ledger`: interactions a second into each database, row by row and sum by sum."""

from __future__ import annotations

import argparse
import sys

from benchmarks.conducting import Plan, conduct
from benchmarks.measuring import FULL, QUICK
from benchmarks.parts.ledger import ledger


def main() -> int:
    """Measures, and exits with 1 if the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    arguments = parser.parse_args()
    return conduct(Plan(parts={"ledger": ledger}, effort=QUICK if arguments.quick else FULL, check=True))


if __name__ == "__main__":
    sys.exit(main())
