"""What the steps of a run came to: how long they took, whom they asked, how often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct

from baton.core.clock import Clock
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step, StepFailed
from baton.pipelines.engine.work import Work

T = TypeVar("T")


class Made(Struct, Generic[T], frozen=True, kw_only=True):
    """What a step made, and how. Times in Unix milliseconds."""

    value: T
    began_ms: int
    """Of the attempt that went well."""
    ended_ms: int
    attempt: int
    providers: tuple[str, ...] = ()
    """Who answered."""
    cache_hits: int = 0


class Terms(Struct, frozen=True):
    """How often a step is tried, and for how long each time."""

    attempts: int
    timeout_s: float


class Metrics(Struct, frozen=True, kw_only=True, rename="camel"):
    """What it took to make a trip."""

    route: str | None
    """None: there was none to take."""
    routes_tried: tuple[str, ...]
    total_ms: int
    phase1_ms: int
    """Until plan, facts and places were there."""
    phase2_ms: int
    """Reviewing, and what followed from it."""
    providers_used: tuple[str, ...]
    cache_hits: int
    retries: int


@dataclass(frozen=True, slots=True)
class Begun(Generic[T]):
    """A step that goes on beside others."""

    name: str
    future: asyncio.Future[Made[T]]
    tally: "Tally"

    async def result(self) -> T:
        """What it makes. Raises `StepFailed`."""
        made = await self.future
        self.tally.count(self.name, made)
        return made.value

    async def result_if_any(self) -> T | None:
        """The same of one that may fail."""
        try:
            return await self.result()
        except StepFailed:
            return None


class Tally:
    """Counts along with one execution of a run.

    What is done was written down and is counted also after a crash; of steps that failed before one, only
    the attempts since are known.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: dict[str, int] = {}
        self._providers: dict[str, None] = {}
        self._hits = 0
        self._seen: set[str] = set()
        self.last_ms = 0
        """When the last of what was counted was made."""

    def now_ms(self) -> int:
        """The time."""
        return int(self._clock.wall() * 1000)

    def begin(
        self,
        run: Running,
        name: str,
        body: Callable[[Work], Awaitable[T]],
        returns: type[Made[T]],
        terms: Terms,
    ) -> Begun[T]:
        """Begin a step that is counted."""
        step = Step(
            name=name,
            body=partial(self._body, name, body),
            returns=returns,
            attempts=terms.attempts,
            timeout_s=terms.timeout_s,
        )
        return Begun(name, run.begin(step), self)

    def count(self, name: str, made: Made[Any]) -> None:
        """Count what a step made; twice is once."""
        if name in self._seen:
            return
        self._seen.add(name)
        self._attempts[name] = max(made.attempt, self._attempts.get(name, 1))
        self._hits += made.cache_hits
        self.last_ms = max(self.last_ms, made.ended_ms)
        self._providers.update(dict.fromkeys(made.providers))

    def metrics(
        self, routes: tuple[str, ...], *, began_ms: int, phase1_ms: int | None, is_reviewed: bool
    ) -> Metrics:
        """All of it, now. `phase1_ms`: when the first phase ended; None: it has not. `is_reviewed`: whether
        there was a second one, which has just ended."""
        now_ms = self.now_ms()
        first_ms = now_ms if phase1_ms is None else phase1_ms
        return Metrics(
            route=routes[-1] if routes else None,
            routes_tried=routes,
            total_ms=max(0, now_ms - began_ms),
            phase1_ms=max(0, first_ms - began_ms),
            phase2_ms=max(0, now_ms - first_ms) if is_reviewed else 0,
            providers_used=tuple(sorted(self._providers)),
            cache_hits=self._hits,
            retries=sum(attempts - 1 for attempts in self._attempts.values()),
        )

    async def _body(self, name: str, body: Callable[[Work], Awaitable[T]], work: Work) -> Made[T]:
        self._attempts[name] = work.attempt
        began_ms = self.now_ms()
        try:
            value = await body(work)
        finally:
            self._providers.update((call.provider, None) for call in work.calls)
        return Made(
            value=value,
            began_ms=began_ms,
            ended_ms=self.now_ms(),
            attempt=work.attempt,
            providers=tuple(dict.fromkeys(call.provider for call in work.calls)),
            cache_hits=sum(call.cached for call in work.calls),
        )
