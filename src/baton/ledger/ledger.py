"""The parts of the ledger, opened and closed together."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from baton.ledger.backlog import Backlog
from baton.ledger.book import Book
from baton.ledger.feedback import Feedback
from baton.ledger.habits import Habits
from baton.ledger.interactions import Interactions
from baton.ledger.journal import Journal
from baton.ledger.recovery import Recovery
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store
from baton.ledger.usage import UsageReport
from baton.ledger.writer import Writer
from baton.storage.database import Database


@dataclass(frozen=True, slots=True)
class Ledger:
    """The open ledger."""

    book: Book
    """For writing."""
    interactions: Interactions
    """For looking up."""
    feedback: Feedback
    """For what people thought of it."""
    usage: UsageReport
    """For sums."""
    habits: Habits
    """For how long answers are."""
    journal: Journal
    writer: Writer

    @property
    def trouble(self) -> str | None:
        """What is wrong with journal or database, in words."""
        return self.journal.trouble or self.writer.trouble


@asynccontextmanager
async def open_ledger(
    root: Path, database: Database, new_id: Callable[[], str], settings: LedgerSettings | None = None
) -> AsyncGenerator[Ledger]:
    """Open this process's ledger, with its journal in a new folder under `root`.

    What dead processes left there is brought to the database in the background. At the end everything that
    has ended is in the database, or, where that is away, in the journal for the next start.

    Raises:
        Unavailable: `journal_unusable`: nothing can be written under `root`.
    """
    settings = settings or LedgerSettings()
    store = Store(database)
    async with Journal(root, new_id(), settings) as journal:
        backlog = Backlog(journal, settings)
        async with Recovery(root, store, settings), Writer(backlog, store, settings) as writer:
            yield Ledger(
                book=Book(journal, backlog),
                interactions=Interactions(database, writer.flush),
                feedback=Feedback(database, writer.flush),
                usage=UsageReport(database, writer.flush),
                habits=Habits(database),
                journal=journal,
                writer=writer,
            )
