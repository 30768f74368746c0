"""A worker to be killed: carries runs out until they have ended, or until it dies at the n-th of its moments.

Started with the database's URL, the file in which bodies leave their lines, at which moment it dies (0:
never) and how many runs it starts, whose ids it prints; those that it is to see ended it reads. A moment is
when something of a run is about to be written, or has just been, by Baton or by the durable engine; and when
a body begins and ends. Once it is written what a step has made, a line `=` with its name goes to the file.
"""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from baton.pipelines.engine import durable
from baton.pipelines.engine.engine import Bounds
from baton.pipelines.engine.store import Holding, RunStore
from tests.pipelines.engine import cooking
from tests.pipelines.engine.conftest import wish, worker
from tests.pipelines.engine.cooking import Brief

BOUNDS = Bounds(
    poll_s=0.05, look_s=0.05, park_after_s=0.1, beat_s=0.3, lease_s=2.0, give_up_s=1.4, at_once=20
)
COST_NANOS = 7


class Moments:
    """Counts them, and dies at one."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._count = 0

    def pass_by(self) -> None:
        """One more."""
        self._count += 1
        if self._count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, after: Callable[..., None] | None = None) -> None:
        """Before and after each call of a method there is one."""
        method: Callable[..., Awaitable[Any]] = getattr(owner, name)

        @functools.wraps(method)
        async def watched(*args: Any, **kwargs: Any) -> Any:
            self.pass_by()
            result = await method(*args, **kwargs)
            if after is not None:
                after(*args)
            self.pass_by()
            return result

        setattr(owner, name, watched)


async def main(url: str, log: str, dies_at: int, starts: int) -> None:
    """Until nothing is left to do."""
    moments = Moments(dies_at)

    def written(_: RunStore, holding: Holding, step: str, *rest: object) -> None:
        with open(log, "a") as file:
            file.write(f"= {step.replace(' ', '_')} {holding.run_id} {os.getpid()} []\n")

    moments.around(RunStore, "complete", written)
    for name in ("take_up", "begin", "progress", "finish"):
        moments.around(RunStore, name)
    moments.around(durable._Places, "keep")  # pyright: ignore[reportPrivateUsage]
    moments.around(cooking, "_body")
    async with worker(url, bounds=BOUNDS) as runs:
        brief = Brief(log=log, cost_nanos=COST_NANOS, pause_s=float(os.environ.get("PAUSE_S", "0.02")))
        for _ in range(starts):
            print(await runs.start(wish(brief)), flush=True)
        for run_id in (await asyncio.to_thread(sys.stdin.read)).split():
            async for _ in runs.follow(run_id):
                pass


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
