"""`baton serve` that dies at a moment of its runs: when something of one is about to be written or has just
been, by Baton or by the durable engine, and when a model is about to be asked or has just answered.

`DIES_AT` says at which moment, counted from 1; 0: never. The file `KEPT_LOG` is told, line by line, when
which answer of a model was kept. Workers that die are followed sooner than usual.
"""

import os
import time
from pathlib import Path

from baton.cli.main import main
from baton.pipelines import asking, worker
from baton.pipelines.engine import durable, runs
from baton.pipelines.engine.holding import Holding
from baton.pipelines.engine.store import RunStore
from baton.pipelines.outputs.store import OutputStore
from tests.crash.running import BOUNDS, Moments

_WATCHED = ("take_up", "begin", "progress", "interim", "complete", "finish")


def watch(moments: Moments) -> None:
    """Count the moments of all runs."""
    for name in _WATCHED:
        moments.around(RunStore, name)
    moments.around(RunStore, "keep_answer", _kept)
    moments.around(OutputStore, "save")
    moments.around(asking.Asking, "ask")
    moments.around(durable._Places, "keep")  # pyright: ignore[reportPrivateUsage]


def _kept(_: RunStore, holding: Holding, key: str, value: object) -> None:
    del holding, value
    with Path(os.environ["KEPT_LOG"]).open("a") as file:
        file.write(f"{time.time()} {key}\n")


if __name__ == "__main__":
    runs.Bounds = lambda: BOUNDS  # type: ignore[assignment,misc]  # pyright: ignore
    worker._LOOKS_EVERY_S = 0.3  # type: ignore[misc]  # pyright: ignore
    watch(Moments(int(os.environ.get("DIES_AT", "0"))))
    main()
