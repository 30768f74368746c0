"""`python -m benchmarks.backtest`: how long a backtest takes, and how late the loop is meanwhile."""

from __future__ import annotations

import argparse
import sys

from benchmarks.conducting import Plan, conduct
from benchmarks.measuring import FULL, QUICK
from benchmarks.parts.backtest import backtest


def main() -> int:
    """Measures, and exits with 1 if the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backtest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    return conduct(Plan(parts={"backtest": backtest}, effort=effort, check=True))


if __name__ == "__main__":
    sys.exit(main())
