"""`python -m benchmarks.run`: everything docs/performance.md reports, measured in one run."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console

from benchmarks import figures
from benchmarks.measuring import FULL, QUICK, SYSTEMS, Run
from benchmarks.parts import PARTS
from benchmarks.processes import Stage, Unfit
from benchmarks.servers import tool

_MISSED = 1
_NOT_MEASURED = 2
_INTERRUPTED = 130


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


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Measures, prints, and returns the exit status: 2 if something could not be measured rightly."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 150)
    if sys.platform != "linux":
        console.print("The benchmarks read CPU and memory from /proc and so need Linux.", style="red")
        return _NOT_MEASURED
    try:
        tool("nginx", "nginx-light")
        tool("wrk", "wrk")
    except Unfit as missing:
        console.print(str(missing), style="red")
        return _NOT_MEASURED
    signal.signal(signal.SIGTERM, _interrupt)
    around = figures.circumstances(len(os.sched_getaffinity(0)))
    chosen = arguments.parts.split(",")
    try:
        with Stage() as stage:
            run = Run(
                stage,
                QUICK if arguments.quick else FULL,
                frozenset(arguments.systems.split(",")),
                arguments.peers,
                console,
            )
            if stage.cores.shared:
                console.print(
                    "Only one core: load and systems compete, the figures are rough.", style="yellow"
                )
            for name, part in PARTS.items():
                if name in chosen:
                    with run.whole(name, "upstream"):
                        part(run)
    except KeyboardInterrupt:
        console.print("Interrupted; everything started has been stopped.", style="yellow")
        return _INTERRUPTED
    figures.show(run.figures, run.failures, around, console)
    if arguments.json is not None:
        figures.write(arguments.json, run.figures, run.failures, around)
    if any(not failure.left_out for failure in run.failures):
        return _NOT_MEASURED
    return _MISSED if arguments.check and any(one.met is False for one in run.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
