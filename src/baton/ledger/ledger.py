"""The parts of the ledger, opened and closed together."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from baton.ledger.backlog import Backlog
from baton.ledger.beginnings import Beginnings
from baton.ledger.book import Book, JournalBook
from baton.ledger.breakdown import Breakdowns
from baton.ledger.feedback import Feedback
from baton.ledger.habits import Habits
from baton.ledger.heir import Inheritance
from baton.ledger.interactions import Interactions
from baton.ledger.journal import Journal
from baton.ledger.orphans import Orphans
from baton.ledger.recovery import Recovery
from baton.ledger.register import Register
from baton.ledger.settings import LedgerSettings, WhenFull
from baton.ledger.spending import Spending
from baton.ledger.store import Store
from baton.ledger.trials import Trials
from baton.ledger.usage import UsageReport
from baton.ledger.wordings import Wordings
from baton.ledger.writer import Writer
from baton.storage.database import Database


class Flush(Protocol):
    """Has all that has ended so far in the database."""

    async def __call__(self, within_s: float = 1.0) -> bool:
        """Whether that was done in time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The open ledger."""

    owner: str
    """What this process is called among those that write to it."""
    book: Book
    """For writing."""
    interactions: Interactions
    """For looking up."""
    feedback: Feedback
    """For what people thought of it."""
    usage: UsageReport
    """For sums."""
    breakdowns: Breakdowns
    """For sums by whatever is told apart."""
    habits: Habits
    """For how long answers are."""
    spending: Spending
    """For budgets."""
    trials: Trials
    """For experiments."""
    wordings: Wordings
    """For prompts."""
    flush: Flush
    recovered: Callable[[], Awaitable[None]]
    """Returns once it has what processes that died left behind."""
    inheritance: Inheritance
    """Who else is told of them."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with it, in words."""
        return self.book.trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalledLedger(Ledger):
    """One with a journal in files."""

    journal: Journal
    writer: Writer

    @property
    def trouble(self) -> str | None:
        """What is wrong with journal or database, in words."""
        return self.book.trouble or self.writer.trouble


@asynccontextmanager
async def open_ledger(
    root: Path,
    database: Database,
    new_id: Callable[[], str],
    settings: LedgerSettings | None = None,
    when_full: WhenFull = WhenFull.REFUSE,
    inheritance: Inheritance | None = None,
) -> AsyncGenerator[JournalledLedger]:
    """Open this process's ledger, with its journal in a new folder under `root`.

    What dead processes left there, or in the database, is brought in in the background. At the end
    everything that has ended is in the database, or, where that is away, in the journal for the next start.

    Raises:
        Unavailable: `journal_unusable`: nothing can be written under `root`.
    """
    settings, heirs = settings or LedgerSettings(), inheritance or Inheritance()
    store = Store(database)
    own = new_id()
    async with Journal(root, own, settings) as journal:
        backlog = Backlog(journal, settings)
        async with (
            Recovery(root, store, settings, heirs) as recovery,
            Orphans(own, Beginnings(database), store, settings, heirs),
            Writer(backlog, store, settings) as writer,
        ):
            yield JournalledLedger(
                owner=own,
                book=JournalBook(journal, backlog, when_full),
                interactions=Interactions(database, writer.flush),
                feedback=Feedback(database, writer.flush),
                usage=UsageReport(database, writer.flush),
                breakdowns=Breakdowns(database, writer.flush),
                habits=Habits(database),
                spending=Spending(database),
                trials=Trials(database, writer.flush),
                wordings=Wordings(database, writer.flush),
                flush=writer.flush,
                recovered=recovery.swept,
                inheritance=heirs,
                journal=journal,
                writer=writer,
            )


@asynccontextmanager
async def open_ledger_without_files(
    root: Path,
    database: Database,
    new_id: Callable[[], str],
    settings: LedgerSettings | None = None,
    when_full: WhenFull = WhenFull.REFUSE,
    inheritance: Inheritance | None = None,
) -> AsyncGenerator[Ledger]:
    """Open this process's ledger, whose journal is the database.

    What dead processes left there, or in journals under `root`, is brought in in the background.

    Raises:
        Unavailable: the database is away.
    """
    settings, heirs = settings or LedgerSettings(), inheritance or Inheritance()
    store, beginnings = Store(database), Beginnings(database)
    own = new_id()
    async with (
        Recovery(root, store, settings, heirs) as recovery,
        Orphans(own, beginnings, store, settings, heirs),
        Register(own, beginnings, store, settings, when_full) as register,
    ):
        yield Ledger(
            owner=own,
            book=register,
            interactions=Interactions(database, register.flush),
            feedback=Feedback(database, register.flush),
            usage=UsageReport(database, register.flush),
            breakdowns=Breakdowns(database, register.flush),
            habits=Habits(database),
            spending=Spending(database),
            trials=Trials(database, register.flush),
            wordings=Wordings(database, register.flush),
            flush=register.flush,
            recovered=recovery.swept,
            inheritance=heirs,
        )
