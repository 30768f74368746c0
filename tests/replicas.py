"""Several processes' replications over one Redis, all in this one."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from uuid import uuid4

from baton.core.clock import Clock
from baton.storage.keyvalue.line import Line
from baton.storage.keyvalue.replication.replication import Replication, ReplicationSettings
from baton.storage.keyvalue.replication.shared_log import SCRIPTS
from tests.redis_server import RedisServer


class Together:
    """They follow nothing yet; `start` begins once replicas have been made of them."""

    def __init__(
        self, stack: AsyncExitStack, replications: Sequence[Replication], lines: Sequence[Line]
    ) -> None:
        self._stack = stack
        self._lines = lines
        self.replications = replications

    async def start(self) -> None:
        """Return once all hear each other."""
        for each in self.replications:
            await self._stack.enter_async_context(each)
        await until(lambda: all(each.in_step for each in self.replications))

    async def settle(self) -> None:
        """Return once all have heard what was said."""
        for each in (*self.replications, *self.replications):
            await each.agree()

    async def cut_off(self, process: int) -> None:
        """One of them reaches Redis no more."""
        await self._lines[process].__aexit__(None, None, None)
        await until(lambda: not self.replications[process].in_step)

    async def come_back(self, process: int) -> None:
        """It does again."""
        await self._lines[process].__aenter__()
        await until(lambda: self.replications[process].in_step)


@asynccontextmanager
async def together(
    server: RedisServer,
    clock: Clock,
    at: Callable[[], float] | None,
    *,
    processes: int = 2,
    settings: ReplicationSettings | None = None,
    name: str = "",
) -> AsyncGenerator[Together]:
    """So many on one Redis. `at`: the time of the log, where not Redis's; `name`: of their ids."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(Line(server.url, SCRIPTS)) for _ in range(processes)]
        settings = settings or ReplicationSettings(keep_after_s=1e9)  # time leaps
        replications = [
            Replication(line, clock, new_ids(f"{name}{number}"), settings, at)
            for number, line in enumerate(lines)
        ]
        yield Together(stack, replications, lines)


async def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Return once something holds."""
    async with asyncio.timeout(within_s):
        for _ in count():
            if holds():
                return
            await asyncio.sleep(0.005)


def new_ids(process: str) -> Callable[[], str]:
    """Ids that a failing test can be read by."""
    numbers, some = count(1), uuid4().hex[:6]
    return lambda: f"{some}-{process}-{next(numbers)}"
