"""How long a start takes, and the memory that is used then."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks.figures import figure
from benchmarks.measuring import BATON, Run
from benchmarks.systems import servers
from benchmarks.systems.processes import REPOSITORY
from benchmarks.systems.servers import System

# docs/performance.md says where each comes from.
IDLE_MB = 120.0
START_S = 2.0


def start(run: Run) -> None:
    """Start to first answer, simulated and without any provider, and the memory then used."""
    part = "start"
    if BATON not in run.systems:
        return
    with run.whole(part, "Baton"):
        # Bytecode goes into a folder of our own, so that "none yet" can be had without touching the tree.
        bytecode = run.stage.folder("bytecode")
        first, second = run.stage.folder("baton data"), run.stage.folder("baton data")
        own = bytecode / (REPOSITORY / "src" / "baton").relative_to("/")

        def once(what: str, data: Path, at_most: float | None) -> System:
            system = servers.launch_baton(run.stage, None, data=data, PYTHONPYCACHEPREFIX=str(bytecode))
            took_s = servers.seconds_to_first_answer(system)
            run.figures.append(figure(part, what, "Baton", "s", [took_s], at_most=at_most))
            return system

        run.stop(once("first start, no bytecode of any library", first, None))
        shutil.rmtree(own, ignore_errors=True)
        run.stop(once("first start after `make setup`", second, START_S))
        seconds: list[float] = []
        megabytes: list[float] = []
        for _ in range(run.effort.rounds):
            system = servers.launch_baton(run.stage, None, data=second, PYTHONPYCACHEPREFIX=str(bytecode))
            seconds.append(servers.seconds_to_first_answer(system))
            time.sleep(0.5)
            megabytes.append(system.process.rss_kb() / 1024)
            run.stop(system)
        run.figures.append(figure(part, "later starts", "Baton", "s", seconds, at_most=START_S))
        run.figures.append(
            figure(part, "RSS after the first request", "Baton", "MB", megabytes, at_most=IDLE_MB)
        )
