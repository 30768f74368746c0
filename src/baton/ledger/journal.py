"""The journal: what happened, kept by the kernel before anything else is told of it.

Two records per interaction, each one write to a file that the disk has already set aside. Nothing is held
back in the process, so its death loses nothing that was appended; a task asks the disk itself about once a
second. A file is removed when every interaction in it is in the database.
"""

import asyncio
import contextlib
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from baton.core.errors import TooLarge, Unavailable
from baton.ledger.folder import Folder
from baton.ledger.framing import MAGIC, MAX_OPENED_BYTES, framed
from baton.ledger.rows import Opened, Settled
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings

_A_BEGINNING = 4 << 10
"""More than nearly all beginnings take."""

_RESERVE = 8
"""One part in so many of a file is kept for the ends of what has begun, for when no next file can be had."""

_log = structlog.stdlib.get_logger(__name__)


class _Trouble(StrEnum):
    ROOM = "journal_full"
    WRITE = "journal_write_failed"
    SYNC = "journal_sync_failed"
    REMOVAL = "journal_removal_failed"


class Journal:
    """Appends to this process's own folder; `async with` starts and ends its care for the files."""

    def __init__(self, root: Path, name: str, settings: LedgerSettings) -> None:
        """`name`: of the new folder under `root`; never used before, so not a process id."""
        self._root = root
        self._name = name
        self._settings = settings
        self._folder: Folder
        self._current: Segment
        self._filled: list[Segment] = []
        self._spare: Segment | None = None
        self._last_number = 0
        self._soft_end = settings.segment_bytes - settings.segment_bytes // _RESERVE
        self._most_opened = min(MAX_OPENED_BYTES, self._soft_end - len(MAGIC))
        self._troubles: dict[_Trouble, str] = {}
        self._wake = asyncio.Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        """Make the folder and the first file.

        Raises:
            Unavailable: `journal_unusable`: the folder cannot be written to, or the disk is full.
        """
        try:
            self._folder = await asyncio.to_thread(Folder.create, self._root, self._name)
            try:
                self._current = await asyncio.to_thread(self._creation())
            except OSError:
                await asyncio.to_thread(self._folder.remove)
                raise
        except OSError as error:
            raise Unavailable(
                f"The journal cannot be kept in {self._root}: {_reason(error)}.", code="journal_unusable"
            ) from error
        self._keeper = asyncio.create_task(self._keep(), name="journal keeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Sync and close the files; the folder goes unless something in it is still wanted."""
        self._closing = True
        self._wake.set()
        await self._keeper
        await asyncio.to_thread(self._put_away)

    @property
    def trouble(self) -> str | None:
        """What is wrong with the journal, in words. While there is room, requests are served all the same."""
        return next(iter(self._troubles.values()), None)

    @property
    def refusal(self) -> str | None:
        """Why beginnings cannot be recorded now, in words; None: they can."""
        if _Trouble.WRITE in self._troubles:
            return self._troubles[_Trouble.WRITE]
        if self._soft_end - self._current.end < _A_BEGINNING:
            return self._troubles.get(_Trouble.ROOM)
        return None

    @property
    def position(self) -> tuple[int, int]:
        """Behind the last record: the file's number, and the offset in it."""
        return self._current.number, self._current.end

    @property
    def segments(self) -> list[Segment]:
        """The files that hold records, oldest first."""
        return [*self._filled, self._current]

    def opened(self, record: Opened) -> Segment:
        """Append a beginning and return the file it lies in.

        Raises:
            Unavailable: `ledger_full`: it could not be written, so the request must not be served.
            TooLarge: what the caller sent along is over `MAX_OPENED_BYTES`.
        """
        frame = framed(record)
        if self._current.end + len(frame) > self._soft_end:
            if len(frame) > self._most_opened:
                raise TooLarge("The metadata sent along with the request is too large.", param="baton")
            self._turn()
        return self._append(frame)

    def settled(self, record: Settled) -> Segment:
        """Append an end, for which room was kept, and return the file it lies in.

        Raises:
            Unavailable: `ledger_full`: it could not be written.
        """
        frame = framed(record)
        if self._current.end + len(frame) > self._soft_end:
            if self._spare is not None:
                self._turn()
            elif self._current.end + len(frame) > self._current.size:
                raise _full(self.trouble or "the next file is not there yet")
        return self._append(frame)

    def trim(self) -> None:
        """Have files removed whose interactions have all reached the database."""
        if any(not segment.pins for segment in self._filled):
            self._wake.set()

    def _append(self, frame: bytes) -> Segment:
        segment = self._current
        try:
            segment.append(frame)
        except OSError as error:
            self._begins(_Trouble.WRITE, error)
            raise _full(_reason(error)) from error
        if self._troubles:
            self._ends(_Trouble.WRITE)
        return segment

    def _turn(self) -> None:
        """Go on in the next file, which is made here only where the requests outran the keeper."""
        if self._spare is None:
            if _Trouble.ROOM in self._troubles:  # the keeper goes on trying, not every request
                raise _full(self._troubles[_Trouble.ROOM])
            try:
                self._spare = self._creation()()
            except OSError as error:
                self._begins(_Trouble.ROOM, error)
                raise _full(_reason(error)) from error
        self._filled.append(self._current)
        self._current, self._spare = self._spare, None
        self._wake.set()

    def _creation(self) -> Callable[[], Segment]:
        """What makes the next file; may run in a thread.

        Raises:
            OSError: the journal has grown to its limit.
        """
        limit = self._settings.journal_bytes
        if (len(self._filled) + 2) * self._settings.segment_bytes > limit:
            raise OSError(f"it has grown to its limit of {limit} bytes, the database is behind")
        self._last_number += 1
        return partial(Segment.create, self._folder.path, self._last_number, self._settings.segment_bytes)

    async def _keep(self) -> None:
        """Remove, make and sync files, off the request path, until closing."""
        while True:
            closing = self._closing
            self._wake.clear()
            await self._remove_done()
            if not closing:
                await self._make_spare()
                self._try_again()
            await self._sync()
            if closing:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sync_every_s):
                    await self._wake.wait()

    async def _remove_done(self) -> None:
        for segment in [segment for segment in self._filled if not segment.pins]:
            self._filled.remove(segment)
            await self._discard(segment)

    async def _discard(self, segment: Segment) -> None:
        try:
            await asyncio.to_thread(segment.discard)
        except OSError as error:  # the next start finds it, and every row of it in the database
            self._begins(_Trouble.REMOVAL, error)
        else:
            self._ends(_Trouble.REMOVAL)

    async def _make_spare(self) -> None:
        if self._spare is not None:
            return
        try:
            spare = await asyncio.to_thread(self._creation())
        except OSError as error:
            self._begins(_Trouble.ROOM, error)
            return
        self._ends(_Trouble.ROOM)
        if spare.number < self._current.number:  # a request could not wait for it; files are read in order
            await self._discard(spare)
        else:
            self._spare = spare

    def _try_again(self) -> None:
        """After a refused write: nobody else finds out that the disk takes one again, once probes have sent
        the requests elsewhere."""
        if _Trouble.WRITE in self._troubles:
            try:
                self._current.try_end()
            except OSError as error:
                self._begins(_Trouble.WRITE, error)
            else:
                self._ends(_Trouble.WRITE)

    async def _sync(self) -> None:
        for segment in self.segments:
            if segment.synced == segment.end:
                continue
            try:
                await asyncio.to_thread(segment.sync)
            except OSError as error:
                self._begins(_Trouble.SYNC, error)
            else:
                self._ends(_Trouble.SYNC)

    def _begins(self, trouble: _Trouble, error: OSError) -> None:
        if trouble not in self._troubles:
            _log.error(trouble.value, path=str(self._folder.path), error=str(error))
        self._troubles[trouble] = _reason(error)

    def _ends(self, trouble: _Trouble) -> None:
        if self._troubles.pop(trouble, None) is not None:
            _log.warning("journal_recovered", path=str(self._folder.path), was=trouble.value)

    def _put_away(self) -> None:
        held = [segment for segment in self.segments if segment.pins]
        for segment in self.segments:
            segment.close()
        if self._spare is not None:
            self._spare.close()
        try:
            if not held:
                self._folder.remove()
                return
        except OSError as error:
            _log.warning("journal_folder_left", path=str(self._folder.path), error=str(error))
        self._folder.release()


def _reason(error: OSError) -> str:
    """Why, without the paths of this machine."""
    return error.strerror or str(error)


def _full(why: str) -> Unavailable:
    return Unavailable(f"The ledger cannot record the request: {why}.", code="ledger_full")
