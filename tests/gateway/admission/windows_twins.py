"""Every implementation of sliding windows, so that one suite holds all of them to the same promises."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from baton.gateway.admission.windows import Against, Left, Taken, Window, Windows


class Twin(Protocol):
    """What the promises are asked of; `Windows` says what each of them means."""

    async def claim(
        self, windows: Sequence[Window], amounts: Sequence[int], now_s: float
    ) -> Taken | Against: ...

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None: ...

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None: ...

    async def size(self) -> int: ...


class InMemory:
    """The windows of one process, asked as a distant one would be."""

    def __init__(self) -> None:
        self.windows = Windows()

    async def claim(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Taken | Against:
        return self.windows.claim(windows, amounts, now_s)

    async def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        self.windows.settle(taken, amounts, now_s)

    async def left(self, windows: Sequence[Window], now_s: float) -> Left | None:
        return self.windows.left(windows, now_s)

    async def size(self) -> int:
        return len(self.windows)


@asynccontextmanager
async def in_memory() -> AsyncGenerator[Twin]:
    yield InMemory()


Fresh = Callable[[], AbstractAsyncContextManager[Twin]]
"""Gives windows that hold nothing."""

TWINS: dict[str, Fresh] = {"memory": in_memory}


@pytest.fixture(scope="module", params=TWINS)
def fresh(request: pytest.FixtureRequest) -> Fresh:
    return TWINS[request.param]
