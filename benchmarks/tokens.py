"""`python -m benchmarks.tokens`: what counting a megabyte asks of the event loop."""

from __future__ import annotations

import argparse
import sys

from benchmarks.conducting import Plan, conduct
from benchmarks.measuring import FULL, QUICK
from benchmarks.parts.tokens import tokens


def main() -> int:
    """Measures, and exits with 1 if the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokens", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    arguments = parser.parse_args()
    return conduct(Plan(parts={"tokens": tokens}, effort=QUICK if arguments.quick else FULL, check=True))


if __name__ == "__main__":
    sys.exit(main())
