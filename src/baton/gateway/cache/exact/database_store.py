"""Answers that the database keeps, for all processes and over restarts; what is new is written soon."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog
from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.gateway.cache.exact.forgetting import TOPIC, times_forgotten
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.marks import Marks, Veil, marks_of
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.cache.exact.store import Room
from baton.gateway.cache.exact.tables import ANSWERS, MARKS
from baton.storage.database import Database
from baton.storage.notices import bump

_A, _M = ANSWERS.c, MARKS.c
_PATIENCE_S = 0.5
"""How long a request waits for the database before it does without."""

_KEEP_S = 10.0
"""Between two looks at what has grown old, or too much, and notes of what was used."""

_AGAIN_S = 1.0
_MOST_WAITING_BYTES = 16 * 1024 * 1024
_IN_A_THREAD_BYTES = 1 << 18
"""Above it sealing would hold the loop for longer than a request takes."""

_MOST_AT_ONCE = 500
_CLOSING_S = 2.0

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class _Waiting(Struct, frozen=True):
    """One that is to be written."""

    kept: Kept
    marks: list[str]
    until_ms: int
    forgotten: int


class DatabaseStore:
    """`Store` over two tables; `async with` has what is new written, and what is old go."""

    def __init__(
        self,
        database: Database,
        packing: Packing,
        veil: Veil,
        clock: Clock,
        most_entries: int,
        most_bytes: int,
    ) -> None:
        self._database = database
        self._packing = packing
        self._veil = veil
        self._clock = clock
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._waiting: dict[str, _Waiting] = {}
        """By key, the oldest first."""
        self._waiting_bytes = 0
        self._used: set[str] = set()
        self._some = asyncio.Event()
        self._forgotten = 0
        self._told = False
        self.generation = 0
        """As `Store`."""

    async def __aenter__(self) -> Self:
        try:
            async with self._database.read() as connection:
                self._forgotten = await times_forgotten(connection)
        except BatonError as error:
            self._note(error)
        self._task = asyncio.create_task(self._run(), name="cached answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        try:
            async with asyncio.timeout(_CLOSING_S):
                while self._waiting:
                    await self._write()
        except (BatonError, TimeoutError) as failed:
            self._note(failed)

    @property
    def shared(self) -> bool:
        """As `Store`."""
        return True

    def at_hand(self, key: str) -> Kept | None:
        """As `Store`: what is yet to be written."""
        waiting = self._waiting.get(key)
        return None if waiting is None or waiting.until_ms <= self._now_ms() else waiting.kept

    async def find(self, key: str) -> Kept | None:
        """As `Store`."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._database.read() as connection:
                self._saw(await times_forgotten(connection))
                found = await connection.execute(
                    select(_A.sealed).where(_A.key == key, _A.until_ms > self._now_ms())
                )
                sealed = found.scalar()
        except (BatonError, TimeoutError) as error:
            self._note(error)
            return None
        self._told = False
        if sealed is None:
            return None
        self._used.add(key)
        if len(sealed) > _IN_A_THREAD_BYTES:
            return await asyncio.to_thread(self._packing.open, sealed, key)
        return self._packing.open(sealed, key)

    async def fetch(self, key: str) -> Kept | None:
        """As `Store`."""
        return self.at_hand(key) or await self.find(key)

    def put(self, plan: Plan, kept: Kept) -> None:
        """As `Store`; one that alone is larger than a tenth of the room is not kept, nor is what comes faster
        than the database takes it."""
        size = kept.size
        if size * 10 > self._most_bytes or self._waiting_bytes + size > _MOST_WAITING_BYTES:
            return
        self._drop(plan.key)
        until_ms = self._now_ms() + int(plan.ttl_s * 1000)
        marks = self._veil.over(marks_of(plan, kept))
        self._waiting[plan.key] = _Waiting(kept, marks, until_ms, self._forgotten)
        self._waiting_bytes += size
        self._some.set()

    async def forget(self, marks: Marks) -> int:
        """As `Store`."""
        veiled = self._veil.over(marks)
        mine = [key for key, each in self._waiting.items() if set(veiled) <= set(each.marks)]
        for key in mine:
            self._drop(key)
        meant = delete(ANSWERS)
        for mark in veiled:
            meant = meant.where(_A.key.in_(select(_M.key).where(_M.mark == mark)))
        async with self._database.write() as connection:
            await bump(connection, TOPIC)
            count = (await connection.execute(meant)).rowcount
            forgotten = await times_forgotten(connection)
        self._saw(forgotten)
        return count + len(mine)

    async def room(self) -> Room:
        """As `Store`."""
        async with self._database.read() as connection:
            entries, size = await _full(connection)
        return Room(entries, size, self._most_entries, self._most_bytes)

    def _saw(self, forgotten: int) -> None:
        """Take note of how often some were forgotten, wherever."""
        if forgotten != self._forgotten:
            self._forgotten = forgotten
            self.generation += 1

    async def _run(self) -> None:
        kept_s = self._clock.monotonic()
        while True:
            try:
                async with asyncio.timeout(_KEEP_S):
                    await self._some.wait()
            except TimeoutError:
                pass
            self._some.clear()
            try:
                while self._waiting:
                    await self._write()
                if self._clock.monotonic() - kept_s >= _KEEP_S:
                    kept_s = self._clock.monotonic()
                    await self._tidy()
                self._told = False
            except BatonError as error:
                self._note(error)
                await asyncio.sleep(_AGAIN_S)
                self._some.set()
            except Exception:  # noqa: BLE001  a mistake of ours must not end the keeping of all that follows
                _log.exception("cached_answers_failed")
                await asyncio.sleep(_AGAIN_S)

    async def _write(self) -> None:
        """Write some of what waits, unless something was forgotten since. Raises Unavailable."""
        some = dict(list(self._waiting.items())[:_MOST_AT_ONCE])
        sealed = [await self._sealed(key, each) for key, each in some.items()]
        now_ms = self._now_ms()
        async with self._database.write() as connection:
            forgotten = await times_forgotten(connection)
            good = [
                (key, each, closed)
                for (key, each), closed in zip(some.items(), sealed, strict=True)
                if each.forgotten == forgotten and self._waiting.get(key) is each
            ]
            if good:
                await connection.execute(delete(ANSWERS).where(_A.key.in_([key for key, _, _ in good])))
                await connection.execute(
                    insert(ANSWERS),
                    [
                        {
                            "key": key,
                            "sealed": closed,
                            "size": len(closed),
                            "until_ms": each.until_ms,
                            "used_ms": now_ms,
                        }
                        for key, each, closed in good
                    ],
                )
                marks = [{"key": key, "mark": mark} for key, each, _ in good for mark in each.marks]
                await connection.execute(insert(MARKS), marks)
                await self._shrink(connection, now_ms)
        self._saw(forgotten)
        for key, each in some.items():
            if self._waiting.get(key) is each:
                self._drop(key)

    async def _sealed(self, key: str, waiting: _Waiting) -> bytes:
        if waiting.kept.size > _IN_A_THREAD_BYTES:
            return await asyncio.to_thread(self._packing.close, waiting.kept, key)
        return self._packing.close(waiting.kept, key)

    async def _tidy(self) -> None:
        """Note what was used, and let go of what is too old. Raises Unavailable."""
        used, self._used = list(self._used), set()
        now_ms = self._now_ms()
        async with self._database.write() as connection:
            for start in range(0, len(used), _MOST_AT_ONCE):
                some = used[start : start + _MOST_AT_ONCE]
                await connection.execute(update(ANSWERS).where(_A.key.in_(some)).values(used_ms=now_ms))
            await self._shrink(connection, now_ms)

    async def _shrink(self, connection: AsyncConnection, now_ms: int) -> None:
        """Let go of what is too old, then of those unused for longest, until the rest fits."""
        await connection.execute(delete(ANSWERS).where(_A.until_ms <= now_ms))
        entries, size = await _full(connection)
        while entries > self._most_entries or size > self._most_bytes:
            oldest = select(_A.key, _A.size).order_by(_A.used_ms, _A.key).limit(_MOST_AT_ONCE)
            gone: list[str] = []
            for key, its_size in (await connection.execute(oldest)).all():
                if entries <= self._most_entries and size <= self._most_bytes:
                    break
                gone.append(key)
                entries, size = entries - 1, size - its_size
            await connection.execute(delete(ANSWERS).where(_A.key.in_(gone)))

    def _drop(self, key: str) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            self._waiting_bytes -= waiting.kept.size

    def _note(self, error: BaseException) -> None:
        if not self._told:
            self._told = True
            _log.warning("cached_answers_away", reason=str(error) or type(error).__name__)

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


async def _full(connection: AsyncConnection) -> Sequence[int]:
    """Entries and bytes."""
    found = await connection.execute(select(func.count(), func.coalesce(func.sum(_A.size), 0)))
    entries, size = found.one()
    return entries, int(size)
