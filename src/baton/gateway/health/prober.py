"""Looks after providers that nobody asks, so that their health is known before somebody does."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

import structlog

from baton.core.clock import Clock
from baton.core.failures import Failure
from baton.gateway.health.health import Health
from baton.upstream.directory import Provider
from baton.upstream.listing import can_list, probe
from baton.upstream.route import Route
from baton.upstream.transport import Transport

_LOOKS = 4
"""Looks for idle providers within the time after which one is probed."""

_JITTER = 0.25
"""Processes that were started together do not probe together for long."""

_log = structlog.stdlib.get_logger(__name__)


class Prober:
    """One task, while it is entered; no provider is ever probed twice at once.

    What a probe finds is told to `Health` alone: it is no attempt of anybody's.
    """

    def __init__(
        self,
        health: Health,
        providers: Iterable[Provider],
        way: Transport,
        clock: Clock,
        *,
        every_s: float,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`every_s`: after how long unasked a provider is probed; 0: never."""
        self._health = health
        self._providers = tuple(providers)
        self._way = way
        self._clock = clock
        self._every_s = every_s
        self._rng = rng
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._failing: set[str] = set()

    async def __aenter__(self) -> Self:
        if self._every_s > 0:
            self._task = asyncio.create_task(self._run(), name="health prober")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def look(self) -> None:
        """Probe those that nobody has asked for long enough, side by side."""
        idle = [each for each in self._providers if self._is_idle(each)]
        async with asyncio.TaskGroup() as group:
            for each in idle:
                group.create_task(self._probe(each))

    async def _run(self) -> None:
        while True:
            pause_s = self._every_s / _LOOKS
            await self._sleep(pause_s * self._rng.uniform(1 - _JITTER, 1 + _JITTER))
            await self.look()

    def _is_idle(self, provider: Provider) -> bool:
        return provider.configured and self._health.unasked_s(provider.name) >= self._every_s

    async def _probe(self, provider: Provider) -> None:
        route = Route(provider, provider.credential("", self._clock.monotonic()), "")
        if not can_list(route):
            return
        failure = await probe(self._way, route, self._clock.wall())
        self._health.probed(provider.name, failure)
        self._tell(provider.name, failure)

    def _tell(self, provider: str, failure: Failure | None) -> None:
        """A line for each change, not for each probe."""
        if failure is None:
            if provider in self._failing:
                _log.info("probe_succeeded", provider=provider)
            self._failing.discard(provider)
        elif provider not in self._failing:
            _log.warning("probe_failed", provider=provider, kind=failure.kind.value, reason=failure.message)
            self._failing.add(provider)
