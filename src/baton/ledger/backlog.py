"""Ended interactions on their way to the database."""

import asyncio
from collections import deque
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from baton.core.errors import Unavailable
from baton.ledger.framing import MAGIC, payloads, unframed
from baton.ledger.journal import Journal
from baton.ledger.rows import Interaction, Opened, Settled
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings


class Entry(Struct):
    """An ended interaction, and the journal's files that must stay until it is in the database."""

    interaction: Interaction
    opened_in: Segment
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
        self._spilled_after: tuple[int, int] | None = None
        self._reading: Iterator[Entry] | None = None
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

    def settle(self, interaction: Interaction, opened_in: Segment) -> None:
        """Write the end to the journal and line the interaction up; a failing disk loses nothing here."""
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
        if self.waiting == 1:
            self.some.set()
        elif self.waiting == self._batch:
            self.plenty.set()

    def head(self) -> list[Entry]:
        """The oldest entries, at most a batch; they stay until `drop`."""
        if not self._queue and self._spilled_after is not None:
            self._read_on(self._spilled_after)
        return list(islice(self._queue, self._batch))

    def drop(self, count: int) -> None:
        """The oldest `count` entries are in the database."""
        for _ in range(count):
            entry = self._queue.popleft()
            entry.opened_in.pins -= 1
            if entry.settled_in is not None:
                entry.settled_in.pins -= 1
            elif self._unwritten:
                self._unwritten.pop(entry.interaction.settled.id, None)
        self.drained += count
        if not self.waiting:
            self.some.clear()
        if self.waiting < self._batch:
            self.plenty.clear()
        self._journal.trim()

    def write_missing(self) -> None:
        """Try again to write the ends that a failing disk refused.

        Not while entries are read back: such an end, now behind them in the journal, would come up twice.
        """
        if self._spilled_after is not None:
            return
        for key, entry in list(self._unwritten.items()):
            entry.settled_in = self._written(entry.interaction.settled)
            if entry.settled_in is None:
                return
            del self._unwritten[key]

    def _written(self, settled: Settled) -> Segment | None:
        try:
            return self._journal.settled(settled)
        except Unavailable:  # the journal has said so, loudly
            return None

    def _read_on(self, after: tuple[int, int]) -> None:
        """Queue the next batch from the journal; at its end, queueing goes on as before."""
        if self._reading is None:
            self._reading = _read_back(self._journal, after)
        before = len(self._queue)
        self._queue.extend(islice(self._reading, self._batch))
        if len(self._queue) - before < self._batch:  # nothing can have been appended since it was read
            self._reading = None
            self._spilled_after = None


def _read_back(journal: Journal, after: tuple[int, int]) -> Iterator[Entry]:
    """Interactions whose end lies behind a position, also those appended while this goes on."""
    begun: dict[str, tuple[Opened, Segment]] = {}
    number, at = 0, len(MAGIC)
    while True:
        segment = next(segment for segment in journal.segments if segment.number >= number)
        if segment.number > number:
            number, at = segment.number, len(MAGIC)
        if at == segment.end:
            if segment is journal.segments[-1]:
                return
            number += 1
            at = len(MAGIC)
            continue
        for end, payload in payloads(segment.read(), at):
            at = end
            record = unframed(payload)
            if isinstance(record, Opened):
                begun[record.id] = (record, segment)
            elif record.id in begun:
                opened, opened_in = begun.pop(record.id)
                if (number, end) > after:
                    yield Entry(Interaction(opened, record), opened_in, segment)
