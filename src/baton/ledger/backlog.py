"""Ended interactions on their way to the database."""

import asyncio
from collections import deque
from itertools import islice

from msgspec import Struct

from baton.core.errors import Unavailable
from baton.ledger.journal import Journal
from baton.ledger.reader import Found, Reader, Stretch
from baton.ledger.rows import Interaction, Opened, Settled
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings


class Entry(Struct):
    """An ended interaction, and the journal's files that must stay until it is in the database."""

    interaction: Interaction
    opened_in: Segment | None
    """None while its beginning could not be written: nothing of it is in the journal then."""
    settled_in: Segment | None
    """None while its end could not be written to the journal."""


class Backlog:
    """First in, first out; in memory up to `LedgerSettings.queued_rows`, beyond that in the journal only.

    From the first entry that found the queue full until the journal has been read back to its end, nothing
    is queued by `settle`: what lies behind that first entry in the journal is exactly what is missing here.
    """

    def __init__(self, journal: Journal, settings: LedgerSettings) -> None:
        self._journal = journal
        self._most = settings.queued_rows
        self._batch = settings.batch_rows
        self._queue: deque[Entry] = deque()
        self._unwritten: dict[str, Entry] = {}
        self._most_unrecorded = settings.unrecorded_rows
        self._unrecorded = 0
        """Entries of which nothing is in the journal."""
        self.lost = 0
        """Interactions that there was no room for."""
        self._spilled_after: tuple[int, int] | None = None
        self._reader: Reader | None = None
        self.arrived = 0
        """Interactions that ever came in."""
        self.drained = 0
        """Those that reached the database."""
        self.some = asyncio.Event()
        """Set when there is anything."""
        self.plenty = asyncio.Event()
        """Set when there is a whole batch."""

    @property
    def waiting(self) -> int:
        """Interactions on their way, in memory or not."""
        return self.arrived - self.drained

    def settle(self, interaction: Interaction, opened_in: Segment | None) -> None:
        """Write the end to the journal and line the interaction up; a failing disk loses nothing here.

        `opened_in` None: its beginning is not in the journal, so memory is where it is kept; of these there
        are at most `LedgerSettings.unrecorded_rows`.
        """
        if opened_in is None:
            self._settle_unrecorded(interaction)
            return
        spills = self._spilled_after is not None or len(self._queue) >= self._most
        before = self._journal.position
        entry = Entry(interaction, opened_in, self._written(interaction.settled))
        self.arrived += 1
        if entry.settled_in is None:
            self._unwritten[interaction.settled.id] = entry
            self._queue.append(entry)
        elif not spills:
            self._queue.append(entry)
        elif self._spilled_after is None:
            self._spilled_after = before
        self._has_come()

    def _settle_unrecorded(self, interaction: Interaction) -> None:
        if self._unrecorded >= self._most_unrecorded:
            self.lost += 1
            return
        self._unrecorded += 1
        entry = Entry(interaction, None, None)
        self.arrived += 1
        self._unwritten[interaction.settled.id] = entry
        self._queue.append(entry)
        self._has_come()

    def _has_come(self) -> None:
        if self.waiting == 1:
            self.some.set()
        elif self.waiting == self._batch:
            self.plenty.set()

    async def head(self) -> list[Entry]:
        """The oldest entries, at most a batch; they stay until `drop`. May be none while more are read back.

        Raises:
            OSError: the journal cannot be read back.
        """
        if not self._queue and self._spilled_after is not None:
            await self._read_on(self._spilled_after)
        return list(islice(self._queue, self._batch))

    def drop(self, count: int) -> None:
        """The oldest `count` entries are in the database."""
        for _ in range(count):
            entry = self._queue.popleft()
            if entry.opened_in is None:
                self._unrecorded -= 1
            else:
                entry.opened_in.pins -= 1
            if entry.settled_in is not None:
                entry.settled_in.pins -= 1
            else:
                self._unwritten.pop(entry.interaction.settled.id, None)
        self.drained += count
        if not self.waiting:
            self.some.clear()
        if self.waiting < self._batch:
            self.plenty.clear()
        self._journal.trim()

    def write_missing(self) -> None:
        """Try again to write what a failing disk refused.

        Not while entries are read back: such an end, now behind them in the journal, would come up twice.
        """
        if self._spilled_after is not None:
            return
        for key, entry in list(self._unwritten.items()):
            if entry.opened_in is None:
                entry.opened_in = self._opening_written(entry.interaction.opened)
                if entry.opened_in is None:
                    return
                self._unrecorded -= 1
            entry.settled_in = self._written(entry.interaction.settled)
            if entry.settled_in is None:
                return
            del self._unwritten[key]

    def _written(self, settled: Settled) -> Segment | None:
        try:
            return self._journal.settled(settled)
        except Unavailable:  # the journal has said so, loudly
            return None

    def _opening_written(self, opened: Opened) -> Segment | None:
        try:
            return self._journal.opened(opened)
        except Unavailable:
            return None

    async def _read_on(self, after: tuple[int, int]) -> None:
        """Queue the next batch from the journal; at its end, queueing goes on as before."""
        if self._reader is None:
            self._reader = Reader(after)
        found = await self._read(self._reader)
        if len(found) < self._batch:  # the little that came meanwhile is read without letting more come
            found += self._reader.next(self._stretches(), self._batch)
            if len(found) < self._batch:
                self._reader = None
                self._spilled_after = None
        self._queue.extend(Entry(*each) for each in found)

    async def _read(self, reader: Reader) -> list[Found]:
        """The next batch, read in a thread."""
        stretches = self._stretches()
        for stretch in stretches:
            stretch.segment.pins += 1
        try:
            return await asyncio.to_thread(reader.next, stretches, self._batch)
        finally:
            for stretch in stretches:
                stretch.segment.pins -= 1

    def _stretches(self) -> list[Stretch]:
        return [Stretch(segment, segment.end) for segment in self._journal.segments]
