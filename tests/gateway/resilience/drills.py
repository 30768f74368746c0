"""Breakers of either kind, so that one suite holds both to the same promises."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import pytest

from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.breakers import BreakerChange, BreakerListener, Breakers, Lease
from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.resilience.memory_breakers import MemoryBreakers
from baton.gateway.resilience.shared_breakers import SharedBreakers
from baton.gateway.resilience.standing import Standing
from baton.storage.keyvalue.replication.replication import ReplicationSettings
from tests.redis_server import RedisServer
from tests.replicas import Together, together

LEASE_S = 30.0


class Time:
    """A clock that moves when it is told to. Its time of day may jump."""

    def __init__(self) -> None:
        self.now_s = 5000.0
        self.ahead_s = 1_700_000_000.0

    def wall(self) -> float:
        return self.now_s + self.ahead_s

    def monotonic(self) -> float:
        return self.now_s

    def of_log(self) -> float:
        """Of Redis, whose day jumps with nobody's."""
        return 1_700_000_000.0 + self.now_s


class Drill:
    """Breakers of one process, and what was heard of them."""

    def __init__(self, time: Time, all_of_them: Sequence[MemoryBreakers | SharedBreakers]) -> None:
        """`all_of_them`: in each process that shares them."""
        self.time = time
        self.breakers = all_of_them[0]
        self._all = all_of_them
        self._turns = cycle(all_of_them)
        self.heard: list[BreakerChange] = []
        for each in all_of_them:
            each.listen(self)

    @property
    def interface(self) -> Breakers:
        """Of each process in turn."""
        return next(self._turns)

    def changed(self, change: BreakerChange) -> None:
        if change.ours:
            self.heard.append(change)

    def listen(self, listener: BreakerListener) -> None:
        self.breakers.listen(listener)

    async def settle(self) -> None:
        """Return once all processes know what was said."""

    async def enter(self, model: str = "m", provider: str = "p") -> Lease:
        lease = await self.ask(model, provider)
        assert lease is not None
        return lease

    async def ask(self, model: str = "m", provider: str = "p") -> Lease | None:
        await self.settle()
        return await self.interface.enter(provider, model, LEASE_S)

    async def fail(self, times: int = 1, model: str = "m", *, unreachable: bool = False) -> None:
        for _ in range(times):
            (await self.enter(model)).failed(unreachable=unreachable)
        await self.settle()

    async def succeed(self, times: int = 1, model: str = "m") -> None:
        for _ in range(times):
            (await self.enter(model)).succeeded()
        await self.settle()

    async def hold(self, wanted: Iterable[ForcedBreaker]) -> None:
        for each in self._all:
            each.hold(wanted)
        await self.settle()

    async def wait_s(self, model: str = "m") -> float:
        await self.settle()
        return self.interface.wait_s("p", model)

    @property
    def told(self) -> list[tuple[str | None, bool]]:
        """Of which model (None: the provider's own) it was heard that it opened (True) or closed."""
        return [(change.model, change.is_open) for change in self.heard]

    async def standings(self) -> list[Standing]:
        await self.settle()
        return self.breakers.standings()

    async def refused(self) -> int:
        """Of all processes together."""
        return sum(each.refused for breakers in self._all for each in breakers.standings())

    def state(self, model: str | None) -> State:
        """As this moment has it."""
        return next(each.state for each in self.breakers.standings() if each.model == model)


class SharedDrill(Drill):
    """Those of two processes that share a Redis."""

    def __init__(self, time: Time, all_of_them: Sequence[SharedBreakers], processes: Together) -> None:
        super().__init__(time, all_of_them)
        self.all = all_of_them
        self.processes = processes

    async def settle(self) -> None:
        await self.processes.settle()


def in_memory() -> Drill:
    """Those of one process."""
    time = Time()
    return Drill(time, [MemoryBreakers(time)])


@asynccontextmanager
async def shared(
    server: RedisServer, processes: int = 2, settings: ReplicationSettings | None = None
) -> AsyncGenerator[SharedDrill]:
    """Those of several, on a Redis that was emptied."""
    server.flush()
    time = Time()
    async with together(server, time, time.of_log, processes=processes, settings=settings) as found:
        breakers = [SharedBreakers(each, time) for each in found.replications]
        await found.start()
        yield SharedDrill(time, breakers, found)


@pytest.fixture(params=["memory", "redis"])
async def drill(request: pytest.FixtureRequest) -> AsyncGenerator[Drill]:
    if request.param == "memory":
        yield in_memory()
        return
    async with shared(request.getfixturevalue("redis_server")) as drill:
        yield drill
