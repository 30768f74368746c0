"""What dead processes left in their journals, brought to the database."""

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import Unavailable
from baton.ledger.folder import Folder
from baton.ledger.framing import MAGIC, Unreadable, payloads, unframed
from baton.ledger.heir import Heir, nobody
from baton.ledger.rows import Interaction, Opened, crashed
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store

_log = structlog.stdlib.get_logger(__name__)


class Recovered(Struct, frozen=True, kw_only=True):
    """What one folder gave."""

    settled: int
    """Interactions that had ended."""
    crashed: int
    """Interactions that had not."""


class Recovery:
    """Looks after other processes' folders: at the start, and every so often. `async with` runs it."""

    def __init__(self, root: Path, store: Store, settings: LedgerSettings, heir: Heir = nobody) -> None:
        self._heir = heir
        self._root = root
        self._store = store
        self._settings = settings
        self._set_aside: list[Folder] = []
        self._closing = asyncio.Event()
        self._swept = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="ledger recovery")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop soon; what is not yet in the database is left to the next start."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):  # a database that hangs is not waited for
            async with asyncio.timeout(self._settings.closing_s):
                await self._task
        for folder in self._set_aside:
            await asyncio.to_thread(folder.release)

    async def sweep(self) -> list[Recovered]:
        """Bring every dead process's folder to the database and remove it.

        Raises:
            Unavailable: the database is away; what is not yet in it stays where it is.
        """
        recovered: list[Recovered] = []
        if not await asyncio.to_thread(self._root.exists):
            return recovered
        waiting = await asyncio.to_thread(Folder.claim_abandoned, self._root)
        try:
            while waiting and not self._closing.is_set():
                result = await self._recover(waiting[0])
                folder = waiting.pop(0)
                if result is None:  # held, so that nobody reads it again and again
                    self._set_aside.append(folder)
                else:
                    recovered.append(result)
        finally:
            for folder in waiting:
                folder.release()
        return recovered

    async def _recover(self, folder: Folder) -> Recovered | None:
        """Bring one folder to the database and remove it; None where it must be left as it is."""
        reading = _Reading(folder)
        settled = 0
        costs: dict[str, int] = {}
        try:
            while batch := await asyncio.to_thread(reading.next, self._settings.batch_rows):
                if self._closing.is_set():
                    return None
                await self._add(batch)
                settled += len(batch)
                costs.update(_costs(batch))
            unended = [Interaction(opened, crashed(opened)) for opened in reading.begun.values()]
            await self._add(unended)
            await self._heir(folder.path.name, costs | _costs(unended), last=True)
            await asyncio.to_thread(folder.remove)
        except TimeoutError:
            raise
        except (Unreadable, OSError) as error:
            _log.error("journal_not_recovered", path=str(folder.path), error=str(error))
            return None
        _log.warning("journal_recovered", path=str(folder.path), settled=settled, crashed=len(unended))
        return Recovered(settled=settled, crashed=len(unended))

    async def _add(self, interactions: list[Interaction]) -> None:
        async with asyncio.timeout(self._settings.answer_s):
            await self._store.add(interactions)

    async def swept(self) -> None:
        """Return once all that was left before the start is in the database, or held because it cannot be."""
        await self._swept.wait()

    async def _run(self) -> None:
        pause_s = self._settings.retry_first_s
        while not self._closing.is_set():
            try:
                await self.sweep()
            except (Unavailable, SQLAlchemyError, OSError) as error:
                if pause_s == self._settings.retry_first_s:
                    _log.warning("recovery_put_off", error=str(error))
                wait_s = pause_s
                pause_s = min(pause_s * 2, self._settings.retry_last_s)
            else:
                self._swept.set()
                wait_s = self._settings.sweep_every_s
                pause_s = self._settings.retry_first_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._closing.wait()


def _costs(interactions: list[Interaction]) -> dict[str, int]:
    return {each.opened.id: each.settled.cost.total_nanos for each in interactions}


class _Reading:
    """Reads a folder from its beginning; blocks."""

    def __init__(self, folder: Folder) -> None:
        self.begun: dict[str, Opened] = {}
        """Interactions whose end has not come up; once all is read, those that have none."""
        self._ended = self._read(folder)

    def next(self, count: int) -> list[Interaction]:
        """The next interactions that ended, at most `count`; none when all is read.

        Raises:
            Unreadable: a newer version wrote them.
            OSError: the disk fails.
        """
        return list(islice(self._ended, count))

    def _read(self, folder: Folder) -> Iterator[Interaction]:
        for path in folder.segment_paths():
            data = path.read_bytes()
            if not data.startswith(MAGIC):
                if any(data[: len(MAGIC)]):
                    raise Unreadable(f"{path.name} has another format")
                continue  # its maker died before it wrote anything
            for _, payload in payloads(data, len(MAGIC)):
                record = unframed(payload)
                if isinstance(record, Opened):
                    self.begun[record.id] = record
                    continue
                opened = self.begun.pop(record.id, None)
                if opened is not None:  # else it was in the database, and its beginning's file is gone
                    yield Interaction(opened, record)
