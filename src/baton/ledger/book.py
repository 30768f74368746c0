"""What the gateway writes in: an interaction's beginning, and its end."""

import structlog

from baton.ledger.backlog import Backlog
from baton.ledger.journal import Journal
from baton.ledger.rows import Interaction, Opened, Settled
from baton.ledger.segment import Segment
from baton.ledger.tallies import Tallies

_log = structlog.stdlib.get_logger(__name__)


class Book:
    """Records interactions. Nothing here waits: each call is one write to the kernel, some microseconds."""

    def __init__(self, journal: Journal, backlog: Backlog) -> None:
        self._journal = journal
        self._backlog = backlog
        self._open: dict[str, tuple[Opened, Segment]] = {}
        self.tallies = Tallies()
        """What this process counted."""

    @property
    def open_count(self) -> int:
        """Interactions that have begun and not ended."""
        return len(self._open)

    @property
    def waiting_count(self) -> int:
        """Interactions that have ended and are not yet in the database."""
        return self._backlog.waiting

    def opened(self, record: Opened) -> None:
        """Write down a beginning: before the first attempt, so that a crash cannot hide what it cost.

        Raises:
            Unavailable: `ledger_full`: it could not be written, so nothing may be sent to a provider.
            TooLarge: what the caller sent along does not fit the journal.
        """
        self._open[record.id] = (record, self._journal.opened(record))

    def settled(self, record: Settled) -> None:
        """Write down an end: before the answer's last byte, once. Never fails.

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
