"""Keeps the accounts of budgets true: at the start, when budgets change, and every minute."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.access.identity.rights import is_id
from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.gateway.admission.accounts import Account, Tills
from baton.gateway.admission.budgets import Budget, BudgetBook, Debit, Scope, debit_of
from baton.gateway.admission.periods import span_at
from baton.gateway.admission.shared.state import Forgotten
from baton.gateway.admission.spent import Spent
from baton.storage.keyvalue.line import Away, ScriptFailed

EVERY_S = 60.0
"""How often the accounts are compared with the ledger."""

AGAIN_S = 1.0
"""How soon after the database could not be asked."""

PATIENCE_S = 10.0
"""How long a request waits for the accounts after a start."""

_log = structlog.stdlib.get_logger(__name__)


class Spending(Protocol):
    """What the ledger knows to have been spent."""

    async def by(self, scope: str, since_ms: int, until_ms: int | None) -> Mapping[str, int]:
        """Nano-USD within a time, by subject. Raises Unavailable."""
        ...


class BudgetKeeper:
    """The budgets in force, and accounts that know what was spent before this process saw them.

    After a reading an account that nobody has opened has spent nothing: whoever spends, does it here. While
    budgets are read anew, requests wait; what is under way at that moment is counted by the next comparison.
    """

    def __init__(
        self,
        accounts: Tills,
        spending: Spending,
        caught_up: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`caught_up`: returns when the ledger has all that has ended, here and in processes that died."""
        self.book = BudgetBook(())
        self._budgets: tuple[Budget, ...] = ()
        self._of_keys: tuple[Budget, ...] = ()
        self._accounts = accounts
        self._spending = spending
        self._caught_up = caught_up
        self._clock = clock
        self._known = asyncio.Event()
        self.spent = Spent(accounts, clock)
        """Which models and providers have nothing left of their own."""
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="budgets")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    def follow(self, budgets: Iterable[Budget], of_keys: Iterable[Budget] = ()) -> None:
        """Have these in force from now on; requests wait until it is known what was spent of them.

        `of_keys`: what keys carry; their callers bring them.
        """
        self._budgets = tuple(budgets)
        self._of_keys = tuple(of_keys)
        self.book = BudgetBook(self._budgets)
        self.spent.forget()
        self._known.clear()
        self._changed.set()

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Those in force."""
        return self._budgets

    def names_key(self, key_id: str) -> bool:
        """Whether one of them is of this very key."""
        return any(each.scope is Scope.KEY and each.subject == key_id for each in self._budgets)

    @property
    def is_ready(self) -> bool:
        """Whether it is known what was spent before."""
        return self._known.is_set()

    async def ready(self) -> None:
        """Return once it is.

        Raises:
            Unavailable: that takes too long.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._known.wait()
        except TimeoutError:
            raise Unavailable(
                "Nobody can say yet what was spent before: the ledger is being read.",
                code="budgets_not_ready",
                retry_after_s=AGAIN_S,
            ) from None

    async def compare(self) -> None:
        """Raise every account to what the ledger says, where that is more.

        Raises:
            Unavailable: the database is away.
        """
        budgets = self._budgets + self._of_keys
        now_ms = int(self._clock.wall() * 1000)
        read: dict[tuple[str, int, int | None], Mapping[str, int]] = {}
        debits: list[Debit] = []
        sums: list[tuple[Account, int]] = []
        for budget in budgets:
            span = span_at(budget.period, budget.zone, now_ms)
            asked = (budget.scope.value, span.since_ms, span.until_ms)
            if asked not in read:
                read[asked] = await self._spending.by(*asked)
            spent = read[asked]
            if budget.subject is not None:
                spent = {budget.subject: spent.get(budget.subject, 0)}
            elif budget.scope is Scope.PROJECT:
                spent = {subject: nanos for subject, nanos in spent.items() if is_id(subject)}
            for subject, nanos in spent.items():
                debit = debit_of(budget, subject, now_ms)
                debits.append(debit)
                sums.append((debit.account, nanos))
        await self._accounts.raise_to(sums)
        for debit in debits:
            self.spent.look(debit)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            wait_s = EVERY_S
            try:
                if not self._known.is_set():
                    await self._caught_up()
                await self.compare()
                if not self._changed.is_set():
                    self._known.set()
            except (Unavailable, SQLAlchemyError, OSError, Away, ScriptFailed, Forgotten) as error:
                _log.warning("budgets_not_compared", error=str(error))
                wait_s = AGAIN_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
