"""What became of budgets so far: for those who look, not for those who spend."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from baton.core.clock import Clock
from baton.gateway.admission.accounts import Tills
from baton.gateway.admission.budgets import Budget, Debit, debit_of
from baton.gateway.admission.periods import Span, span_at


class Statement(Struct, frozen=True):
    """One account in the period that it is now, nano-USD."""

    debit: Debit
    settled_nanos: int
    held_nanos: int

    @property
    def left_nanos(self) -> int:
        """What neither was spent nor is held; 0 where it is overdrawn."""
        return max(self.debit.account.cap_nanos - self.settled_nanos - self.held_nanos, 0)


class Books(Protocol):
    """What is known of the past."""

    async def ready(self) -> None:
        """Return once it is known what was spent before. Raises Unavailable where that takes too long."""
        ...


class Statements:
    """Reads accounts; what it says is true of the moment in which it was asked.

    While the ledger is being read, at a start or for a new budget, whoever asks waits for it as requests do:
    nobody is told that nothing was spent. Raises `Unavailable` where that takes too long.
    """

    def __init__(self, accounts: Tills, clock: Clock, books: Books) -> None:
        self._accounts = accounts
        self._clock = clock
        self._books = books

    def span(self, budget: Budget) -> Span:
        """The period that it is now."""
        return span_at(budget.period, budget.zone, self._now_ms)

    async def of(self, budget: Budget, subject: str) -> Statement:
        """A subject's account of a budget, also where nothing was ever spent."""
        await self._books.ready()
        debit = debit_of(budget, subject, self._now_ms)
        ((settled, held),) = await self._accounts.read([debit.account.key])
        return Statement(debit, settled, held)

    async def by_name(self, budgets: Iterable[Budget]) -> Mapping[str, tuple[Statement, ...]]:
        """Of each budget the accounts in that something was spent or is held, those with most first."""
        await self._books.ready()
        now_ms = self._now_ms
        asked = {budget.name: (budget, self.span(budget).name) for budget in budgets}
        found: dict[str, list[Statement]] = {name: [] for name in asked}
        keys = [key for key in self._accounts.open_keys() if key.partition("/")[0] in asked]
        for key, (settled, held) in zip(keys, await self._accounts.read(keys), strict=True):
            name, _, rest = key.partition("/")
            budget, period = asked[name]
            subject, _, of = rest.rpartition("/")
            if of == period and budget.subject in (None, subject) and (settled or held):
                found[name].append(Statement(debit_of(budget, subject, now_ms), settled, held))
        return {name: tuple(sorted(each, key=_order)) for name, each in found.items()}

    @property
    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


def _order(each: Statement) -> tuple[int, str]:
    return -each.settled_nanos - each.held_nanos, each.debit.subject
