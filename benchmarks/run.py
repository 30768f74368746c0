"""`python -m benchmarks.run`: everything docs/performance.md reports, measured in one run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.conducting import NOT_MEASURED, Plan, conduct, console
from benchmarks.measuring import FULL, QUICK, SYSTEMS
from benchmarks.parts.registry import PARTS
from benchmarks.systems.processes import Unfit
from benchmarks.systems.servers import tool


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    parser.add_argument(
        "--peers", action="store_true", help="also other gateways, where they can be installed"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--parts", default=",".join(PARTS), metavar="LIST", help="of the parts: %(default)s")
    parser.add_argument(
        "--systems", default=",".join(SYSTEMS), metavar="LIST", help="of the systems: %(default)s"
    )
    arguments = parser.parse_args()
    for name, known in (("parts", PARTS), ("systems", SYSTEMS)):
        chosen = getattr(arguments, name).split(",")
        if unknown := [one for one in chosen if one not in known]:
            parser.error(f"--{name}: {', '.join(unknown)} unknown; there are {', '.join(known)}")
    return arguments


def main() -> int:
    """Measures the parts that were asked for."""
    arguments = _arguments()
    try:
        tool("nginx", "nginx-light")
        tool("wrk", "wrk")
    except Unfit as missing:
        console().print(str(missing), style="red")
        return NOT_MEASURED
    chosen = arguments.parts.split(",")
    return conduct(
        Plan(
            parts={name: part for name, part in PARTS.items() if name in chosen},
            effort=QUICK if arguments.quick else FULL,
            systems=frozenset(arguments.systems.split(",")),
            peers=arguments.peers,
            json=arguments.json,
            check=arguments.check,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
