"""A run from its first process to its exit status; what every command that shows figures does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from benchmarks import figures
from benchmarks.measuring import FULL, SYSTEMS, Effort, Run
from benchmarks.systems.processes import Stage

MET = 0
MISSED = 1
NOT_MEASURED = 2
INTERRUPTED = 130

Part = Callable[[Run], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run measures."""

    parts: Mapping[str, Part]
    effort: Effort = FULL
    systems: frozenset[str] = frozenset(SYSTEMS)
    peers: bool = False
    json: Path | None = None
    """Where all figures are written to besides."""
    check: bool = False
    """Whether a missed target is told by the exit status."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def console() -> Console:
    """Where a run prints."""
    return Console(width=None if sys.stdout.isatty() else 150)


def conduct(plan: Plan) -> int:
    """Measures, prints, and returns the exit status: `NOT_MEASURED` if a figure could not be had rightly."""
    printed = console()
    if sys.platform != "linux":
        printed.print("The benchmarks read CPU and memory from /proc and so need Linux.", style="red")
        return NOT_MEASURED
    signal.signal(signal.SIGTERM, _interrupt)
    around = figures.circumstances(len(os.sched_getaffinity(0)))
    try:
        with Stage() as stage:
            run = Run(stage, plan.effort, plan.systems, plan.peers, printed)
            if stage.cores.shared:
                printed.print(
                    "Only one core: load and systems compete, the figures are rough.", style="yellow"
                )
            for name, part in plan.parts.items():
                with run.whole(name, "upstream"):
                    part(run)
    except KeyboardInterrupt:
        printed.print("Interrupted; everything started has been stopped.", style="yellow")
        return INTERRUPTED
    figures.show(run.figures, run.failures, around, printed)
    if plan.json is not None:
        figures.write(plan.json, run.figures, run.failures, around)
    if any(not failure.left_out for failure in run.failures):
        return NOT_MEASURED
    return MISSED if plan.check and any(one.met is False for one in run.figures) else MET
