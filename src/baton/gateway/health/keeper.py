"""Carries health over restarts: sums go to the database every so often, and come back at a start."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.gateway.health.health import Health, Past
from baton.ledger.health.rows import Findings, Latest, Subject, Sums
from baton.ledger.health.store import HealthStore

DAY = 24
MONTH = 30 * DAY
"""Hours."""

_KEPT = 31 * DAY
_TIMES_KEPT = 2 * DAY
_FAR_AHEAD = DAY
"""No clock is so far ahead of ours."""

_LOOK_BACK = 12
"""Hours of which a start takes in how long answers took."""

_MOST_WAITING = 10_000
"""Hours of providers and models that wait for a database that is away; the oldest go first."""

_PRUNE_EVERY_S = 3600.0
_HOUR_S = 3600
_FRESH_S = 1.0
"""How long somebody who looks waits for what was just counted."""

_AWAY = (Unavailable, SQLAlchemyError, OSError)
_log = structlog.stdlib.get_logger(__name__)


class KeeperSettings(Struct, frozen=True, kw_only=True):
    """How a keeper waits."""

    save_every_s: float = 30.0
    """How often sums go to the database."""
    closing_s: float = 5.0
    """How long closing waits for the database."""


class History(Struct, frozen=True):
    """What all processes together know."""

    day: dict[Subject, Sums]
    """Of the last 24 hours, the hour under way among them."""
    month: dict[Subject, Sums]
    """Of 30 days."""


class Keeper:
    """One task; `async with` takes in what was left, starts it, and writes the rest at the end."""

    def __init__(
        self, health: Health, store: HealthStore, clock: Clock, settings: KeeperSettings | None = None
    ) -> None:
        self._health = health
        self._store = store
        self._clock = clock
        self._settings = settings or KeeperSettings()
        self._hours: dict[tuple[Subject, int], Sums] = {}
        self._latest: dict[Subject, Latest] = {}
        self._due = asyncio.Event()
        self._closing = asyncio.Event()
        self._written = asyncio.Condition()
        self._begun = 0
        self._ended = 0
        self._remembered = False
        self._away = False
        self._pruned_s = -_PRUNE_EVERY_S
        self._steady_s = clock.wall() - clock.monotonic()

    async def __aenter__(self) -> Self:
        await self._round()
        self._task = asyncio.create_task(self._run(), name="health keeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left; what the database does not take in time is lost."""
        self._closing.set()
        self._due.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.closing_s):
                await self._task
        if self._hours:
            _log.warning("health_not_written", hours=len(self._hours))

    async def history(self) -> History | None:
        """What is known of the past, this moment's included where the database is quick; None: it is away."""
        target = self._begun + 1
        self._due.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FRESH_S), self._written:
                await self._written.wait_for(lambda: self._ended >= target)
        hour = self._hour()
        try:
            return History(
                day=await self._store.sums(hour - DAY + 1, hour),
                month=await self._store.sums(hour - MONTH + 1, hour),
            )
        except _AWAY:
            return None

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.save_every_s):
                    await self._due.wait()
            self._due.clear()
            closing = self._closing.is_set()
            await self._round(final=closing)
            async with self._written:
                self._ended = self._begun
                self._written.notify_all()
            if closing:
                return

    async def _round(self, *, final: bool = False) -> None:
        """Take in, write, forget: as far as the database lets us."""
        self._begun += 1
        self._collect(self._health.take(final=final))
        try:
            if not self._remembered:
                await self._remember()
            if self._hours or self._latest:
                await self._store.add(Findings(self._hours, self._latest))
                self._hours, self._latest = {}, {}
            if not final and self._clock.monotonic() - self._pruned_s >= _PRUNE_EVERY_S:
                await self._prune()
        except _AWAY as error:
            if not self._away:
                _log.warning("health_database_away", error=str(error))
            self._away = True
        else:
            if self._away:
                _log.info("health_database_back")
            self._away = False

    def _collect(self, findings: Findings) -> None:
        """Put it to what is still to be written."""
        for key, sums in findings.hours.items():
            self._hours.setdefault(key, Sums()).add(sums)
        for key in sorted(self._hours, key=_hour_of)[: max(0, len(self._hours) - _MOST_WAITING)]:
            del self._hours[key]
        for subject, latest in findings.latest.items():
            self._latest[subject] = self._latest.get(subject, Latest()).with_newer(latest)

    async def _remember(self) -> None:
        hour = self._hour()
        lately = await self._store.sums(hour - 1, hour)
        times = await self._store.times(hour - _LOOK_BACK + 1, hour)
        latest = await self._store.latest()
        self._health.remember(
            {
                subject: Past(
                    lately.get(subject, Sums()), times.get(subject, ({}, {})), latest.get(subject, Latest())
                )
                for subject in {**lately, **times, **latest}
            }
        )
        self._remembered = True

    async def _prune(self) -> None:
        """Forget what both clocks call old: one of them may just have jumped."""
        steady = int(self._steady_s + self._clock.monotonic()) // _HOUR_S
        earlier, later = sorted((steady, self._hour()))
        await self._store.prune(
            before=earlier - _KEPT, times_before=earlier - _TIMES_KEPT, after=later + _FAR_AHEAD
        )
        self._pruned_s = self._clock.monotonic()

    def _hour(self) -> int:
        return int(self._clock.wall()) // _HOUR_S


def _hour_of(key: tuple[Subject, int]) -> int:
    return key[1]
