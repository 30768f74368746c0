"""What the gateway writes in: an interaction's beginning, and its end."""

from typing import Protocol

import structlog

from baton.core.errors import Unavailable
from baton.ledger.backlog import Backlog
from baton.ledger.journal import Journal
from baton.ledger.rows import Interaction, Opened, Settled
from baton.ledger.segment import Segment
from baton.ledger.settings import WhenFull
from baton.ledger.tallies import Tallies

_log = structlog.stdlib.get_logger(__name__)


class Book(Protocol):
    """Records interactions."""

    tallies: Tallies
    """What this process counted."""

    @property
    def waits(self) -> bool:
        """Whether what was written is kept only once `begun` or `ended` has returned."""
        ...

    @property
    def open_count(self) -> int:
        """Interactions that have begun and not ended."""
        ...

    @property
    def waiting_count(self) -> int:
        """Interactions that have ended and are not yet in the database."""
        ...

    @property
    def lost_count(self) -> int:
        """Interactions that could be kept nowhere."""
        ...

    @property
    def refusal(self) -> str | None:
        """Why beginnings cannot be recorded now, in words; None: they can."""
        ...

    @property
    def serves_on(self) -> bool:
        """Whether requests are served although they cannot be recorded."""
        ...

    @property
    def trouble(self) -> str | None:
        """What is wrong with where it writes, in words; requests may be recorded all the same."""
        ...

    def opened(self, record: Opened) -> None:
        """Write down a beginning: before the first attempt, so that a crash cannot hide what it cost.

        Raises:
            Unavailable: it cannot be written, so nothing may be sent to a provider.
            TooLarge: what the caller sent along does not fit the journal.
        """
        ...

    async def reopened(self, record: Opened) -> None:
        """Write down a beginning again, before a further attempt that may cost more: return once it is kept.

        Raises:
            Unavailable: it is not, so that attempt must not be made.
        """
        ...

    def settled(self, record: Settled) -> None:
        """Write down an end: before the answer's last byte, once. Never fails."""
        ...

    async def begun(self, id: str) -> None:
        """Return once a beginning is kept.

        Raises:
            Unavailable: it is not, so nothing may be sent to a provider.
        """
        ...

    async def ended(self, id: str) -> None:
        """Return once an end is kept, or cannot be waited for any longer."""
        ...


class JournalBook:
    """In this process's journal. Nothing waits: each call is one write to the kernel, some microseconds."""

    waits = False

    def __init__(self, journal: Journal, backlog: Backlog, when_full: WhenFull) -> None:
        self._journal = journal
        self._backlog = backlog
        self.serves_on = when_full is WhenFull.SERVE
        self._open: dict[str, tuple[Opened, Segment | None]] = {}
        self._unrecorded = False
        self.tallies = Tallies()

    @property
    def open_count(self) -> int:
        """As `Book`."""
        return len(self._open)

    @property
    def waiting_count(self) -> int:
        """As `Book`."""
        return self._backlog.waiting

    @property
    def lost_count(self) -> int:
        """As `Book`."""
        return self._backlog.lost

    @property
    def refusal(self) -> str | None:
        """As `Book`."""
        return self._journal.refusal

    @property
    def trouble(self) -> str | None:
        """As `Book`."""
        return self._journal.trouble

    def opened(self, record: Opened) -> None:
        """As `Book`; raises `Unavailable` with the code `ledger_full`."""
        try:
            segment = self._journal.opened(record)
        except Unavailable as error:
            if not self.serves_on:
                raise
            if not self._unrecorded:
                self._unrecorded = True
                _log.error("ledger_serves_unrecorded", error=error.message)
            segment = None
        else:
            if self._unrecorded:
                self._unrecorded = False
                _log.warning("ledger_records_again", lost=self._backlog.lost)
        self._open[record.id] = (record, segment)

    async def reopened(self, record: Opened) -> None:
        """As `Book`; what was written first is wanted no longer."""
        earlier = self._open[record.id][1]
        self.opened(record)
        if earlier is None:
            return
        if self._open[record.id][1] is None:  # it serves on, and what is in the journal has to have its end
            self._open[record.id] = (record, earlier)
            return
        earlier.pins -= 1
        self._journal.trim()

    def settled(self, record: Settled) -> None:
        """As `Book`.

        Where the disk refuses, the end is kept in memory, written later, and goes to the database all the
        same.
        """
        begun = self._open.pop(record.id, None)
        if begun is None:  # a mistake of the caller's; the first end stands
            _log.error("ledger_settled_twice", interaction=record.id, status=record.status)
            return
        opened, opened_in = begun
        self._backlog.settle(Interaction(opened, record), opened_in)
        self.tallies.count(record)

    async def begun(self, id: str) -> None:
        """It is kept already."""

    async def ended(self, id: str) -> None:
        """It is kept already."""
