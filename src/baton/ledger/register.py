"""The journal kept in the database: nothing is asked of a provider before it is committed, nor said."""

import asyncio
import contextlib
from itertools import islice
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import TooLarge, Unavailable
from baton.ledger.beginnings import Beginnings
from baton.ledger.framing import MAX_OPENED_BYTES, packed
from baton.ledger.outage import in_words
from baton.ledger.rows import Interaction, Opened, Settled
from baton.ledger.settings import LedgerSettings, WhenFull
from baton.ledger.store import Store
from baton.ledger.tallies import Tallies

_log = structlog.stdlib.get_logger(__name__)


class Register:
    """A `Book` whose one task commits what all requests wrote since its last commit; `async with` runs it."""

    waits = True

    def __init__(
        self,
        owner: str,
        beginnings: Beginnings,
        store: Store,
        settings: LedgerSettings,
        when_full: WhenFull,
    ) -> None:
        """`owner`: of what begins here; never used before. `when_full`: while the database is away."""
        self.serves_on = when_full is WhenFull.SERVE
        self._owner = owner
        self._beginnings = beginnings
        self._store = store
        self._settings = settings
        self._open: dict[str, Opened] = {}
        self._begun: dict[str, tuple[bytes, asyncio.Future[bool]]] = {}
        """On their way: the record, and whether it got there."""
        self._ended: dict[str, tuple[Interaction, asyncio.Future[bool]]] = {}
        self._again: list[str] = []
        """Whose beginnings take the place of earlier ones."""
        self._gone: list[str] = []
        """Whose beginnings are wanted no longer."""
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self.trouble: str | None = None
        """What keeps records from the database, in words."""
        self.lost_count = 0
        """Interactions that there was no room for while it was away."""
        self.tallies = Tallies()
        """What this process counted."""

    async def __aenter__(self) -> Self:
        await self._beginnings.beat(self._owner)
        self._tasks = [
            asyncio.create_task(self._run(), name="ledger register"),
            asyncio.create_task(self._live(), name="ledger heartbeat"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left; what the database does not take in time is settled as crashed by the next."""
        self._closing.set()
        self._wake.set()
        try:
            async with asyncio.timeout(self._settings.closing_s):
                await asyncio.gather(*self._tasks)
                await self._beginnings.forget(self._owner)
        except (TimeoutError, Unavailable, SQLAlchemyError):
            _log.error("ledger_left_unwritten", interactions=len(self._ended))

    @property
    def open_count(self) -> int:
        """Interactions that have begun and not ended."""
        return len(self._open)

    @property
    def waiting_count(self) -> int:
        """Interactions that have ended and are not yet in the database."""
        return len(self._ended)

    @property
    def refusal(self) -> str | None:
        """Why beginnings cannot be recorded now, in words; None: they can."""
        return self.trouble

    def opened(self, record: Opened) -> None:
        """Take in a beginning; `begun` says whether it can be relied on.

        Raises:
            Unavailable: `ledger_unavailable`: the database is away.
            TooLarge: what the caller sent along is over `MAX_OPENED_BYTES`.
        """
        if self.trouble is not None:
            if not self.serves_on:
                raise _unavailable(self.trouble)
            self._open[record.id] = record
            return
        packed_record = packed(record)
        if len(packed_record) > MAX_OPENED_BYTES:
            raise TooLarge("The metadata sent along with the request is too large.", param="baton")
        self._open[record.id] = record
        self._begun[record.id] = (packed_record, asyncio.get_running_loop().create_future())
        self._wake.set()

    async def reopened(self, record: Opened) -> None:
        """As `Book`; raises `Unavailable` with the code `ledger_unavailable`."""
        self.opened(record)
        if record.id not in self._begun:  # served without
            return
        self._again.append(record.id)
        committed = self._begun[record.id][1]
        done, _ = await asyncio.wait([committed], timeout=self._settings.commit_s)
        if not (done and committed.result()) and not self.serves_on:
            raise _unavailable(self.trouble or "the database did not commit it in time")

    def settled(self, record: Settled) -> None:
        """Take in an end, once. Never fails: it is kept in memory until the database has it."""
        opened = self._open.pop(record.id, None)
        if opened is None:  # a mistake of the caller's; the first end stands
            _log.error("ledger_settled_twice", interaction=record.id, status=record.status)
            return
        self.tallies.count(record)
        if self.trouble is not None and len(self._ended) >= self._settings.unrecorded_rows:
            self.lost_count += 1
            return
        self._ended[record.id] = (Interaction(opened, record), asyncio.get_running_loop().create_future())
        self._wake.set()

    async def begun(self, id: str) -> None:
        """Return once a beginning is committed.

        Raises:
            Unavailable: `ledger_unavailable`: it is not, so nothing may be sent to a provider.
        """
        if id not in self._begun:  # served without, or committed already
            return
        committed = self._begun[id][1]
        done, _ = await asyncio.wait([committed], timeout=self._settings.commit_s)
        if not (done and committed.result()) and not self.serves_on:
            self._open.pop(id, None)
            self._begun.pop(id, None)
            self._gone.append(id)
            raise _unavailable(self.trouble or "the database did not commit it in time")

    async def ended(self, id: str) -> None:
        """Return once an end is committed, or, where the database is away or slow, cannot be waited for."""
        if id in self._ended and self.trouble is None:
            await asyncio.wait([self._ended[id][1]], timeout=self._settings.commit_s)

    async def flush(self, within_s: float = 1.0) -> bool:
        """Have all that has ended so far in the database; whether that was done in time."""
        under_way = [committed for _, committed in self._ended.values()]
        if not under_way:
            return True
        _, pending = await asyncio.wait(under_way, timeout=within_s)
        return not pending

    async def _run(self) -> None:
        pause_s = self._settings.retry_first_s
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with asyncio.timeout(self._settings.commit_s):
                    await self._write()
            except (Unavailable, SQLAlchemyError, TimeoutError) as error:
                self._away(error)
                self._wake.set()
                if self._closing.is_set():
                    return
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, self._settings.retry_last_s)
                continue
            self._back()
            pause_s = self._settings.retry_first_s
            if self._begun or self._ended or self._gone:
                self._wake.set()
            elif self._closing.is_set():
                return

    async def _write(self) -> None:
        """Commit what there is: beginnings, which somebody's provider waits for, before ends."""
        begun, gone, again = dict(self._begun), self._gone[:], self._again[:]
        if begun or gone or self.trouble is not None:
            records = [(id, record) for id, (record, _) in begun.items()]
            await self._beginnings.write(self._owner, records, gone, again)
            del self._gone[: len(gone)], self._again[: len(again)]
            for id, (_, committed) in begun.items():
                self._begun.pop(id, None)
                _tell(committed, True)
        ended = list(islice(self._ended.values(), self._settings.batch_rows))
        if ended:
            await self._store.settle([interaction for interaction, _ in ended])
            for interaction, committed in ended:
                del self._ended[interaction.opened.id]
                self._gone.append(interaction.opened.id)
                _tell(committed, True)

    async def _live(self) -> None:
        """Say that this process lives, so that nobody takes its beginnings for a dead one's."""
        while not self._closing.is_set():
            await self._pause(self._settings.beat_every_s)
            with contextlib.suppress(Unavailable, SQLAlchemyError, TimeoutError):
                async with asyncio.timeout(self._settings.commit_s):
                    await self._beginnings.beat(self._owner)

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()

    def _away(self, error: Unavailable | SQLAlchemyError | TimeoutError) -> None:
        if self.trouble is None:
            _log.error("ledger_database_away", error=str(error))
        self.trouble = in_words(error)
        for id, (_, committed) in list(self._begun.items()):
            del self._begun[id]
            self._gone.append(id)  # it may have been committed, all the same
            _tell(committed, False)

    def _back(self) -> None:
        if self.trouble is not None:
            _log.warning("ledger_database_back")
            self.trouble = None


def _tell(committed: asyncio.Future[bool], whether: bool) -> None:
    if not committed.done():
        committed.set_result(whether)


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        f"The ledger cannot record the request: {why}", code="ledger_unavailable", retry_after_s=1.0
    )
