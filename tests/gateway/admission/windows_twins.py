"""Every implementation of sliding windows, so that one suite holds all of them to the same promises."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from baton.gateway.admission.shared.counters import Blocked, Counters
from baton.gateway.admission.shared.state import SCRIPTS, State
from baton.gateway.admission.windows import Against, Bundle, Left, Taken, Window, Windows
from baton.storage.keyvalue.line import Line
from tests.redis_server import RedisServer


class Twin(Protocol):
    """What the promises are asked of; `Windows` says what each of them means."""

    decimals: int | None
    """Of a second that its clock tells apart; None: as many as a float has."""

    async def claim(
        self, windows: Sequence[Window], amounts: Sequence[int], now_s: float
    ) -> Taken | Against: ...

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None: ...

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None: ...

    async def size(self) -> int: ...


class InMemory:
    """The windows of one process, asked as a distant one would be."""

    decimals: int | None = None

    def __init__(self) -> None:
        self.windows = Windows()

    async def claim(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Taken | Against:
        return self.windows.claim(windows, amounts, now_s)

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        self.windows.settle(taken, amounts, now_s)

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None:
        return self.windows.left(Bundle(windows), now_s)

    async def size(self) -> int:
        return len(self.windows)


class Bundled(InMemory):
    """The same, where what is claimed of some windows by one amount is claimed of their bundle."""

    def __init__(self) -> None:
        super().__init__()
        self._bundles: dict[tuple[Window, ...], Bundle] = {}
        self._claimed: dict[int, tuple[Taken, Bundle]] = {}

    async def claim(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Taken | Against:
        bundle = self._bundles.setdefault(tuple(windows), Bundle(windows))
        if len(set(amounts)) == 1 and self.windows.take(bundle, amounts[0], now_s):
            taken = Taken(windows, amounts, now_s)
            self._claimed[id(taken)] = taken, bundle
            return taken
        return await super().claim(windows, amounts, now_s)

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        _, bundle = self._claimed.pop(id(taken), (taken, None))
        if bundle is not None and len(set(amounts)) == 1:
            self.windows.change(bundle, amounts[0] - taken.amounts[0], taken.at_s, now_s)
        else:
            await super().settle(taken, amounts, now_s)

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None:
        bundle = self._bundles.get(tuple(windows)) or Bundle(windows)
        return self.windows.left(bundle, now_s)


@asynccontextmanager
async def in_memory() -> AsyncGenerator[Twin]:
    yield InMemory()


@asynccontextmanager
async def in_bundles() -> AsyncGenerator[Twin]:
    yield Bundled()


class InRedis:
    """The windows that several processes share."""

    decimals: int | None = 6

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def claim(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Taken | Against:
        found = await self._counters.admit(windows, amounts, None, at_s=now_s)
        return found.against if isinstance(found, Blocked) else found.taken

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        del now_s
        await self._counters.settle([], [(taken, amounts)])

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None:
        return await self._counters.left(windows, now_s)

    async def size(self) -> int:
        raise NotImplementedError("they leave by Redis's own clock")


Fresh = Callable[[], AbstractAsyncContextManager[Twin]]
"""Gives windows that hold nothing."""

IN_MEMORY: dict[str, Fresh] = {"memory": in_memory, "bundles in memory": in_bundles}


def in_redis(server: RedisServer) -> Fresh:
    """Gives those of a server, emptied first."""

    @asynccontextmanager
    async def fresh() -> AsyncGenerator[Twin]:
        server.flush()
        async with Line(server.url, SCRIPTS) as line:
            state = State(line, "tests")
            await state.join("1", 0)
            await state.open(0)
            yield InRedis(Counters(state))

    return fresh


@pytest.fixture(scope="module", params=[*IN_MEMORY, "redis"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    if request.param in IN_MEMORY:
        return IN_MEMORY[request.param]
    return in_redis(request.getfixturevalue("redis_server"))
