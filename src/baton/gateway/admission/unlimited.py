"""Admission where nobody limits anything: of a gateway that costs nobody money."""

from collections.abc import Sequence

from baton.catalog.lookup import Offer
from baton.catalog.prices import FREE, Prices
from baton.core.clock import Clock
from baton.gateway.admission.accounts import Accounts
from baton.gateway.admission.budgets import BudgetBook, Debit
from baton.gateway.admission.memory_admission import MemoryAdmission
from baton.gateway.admission.passages import Passages
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.spent import Spent


class _NoBudgets:
    """A `Books` and a `Watch` over nothing."""

    book = BudgetBook(())
    is_ready = True

    def __init__(self, spent: Spent) -> None:
        self.spent = spent

    async def ready(self) -> None:
        """It is."""

    def settled(self, debit: Debit, settled_nanos: int) -> None:
        """Nothing is."""

    def overshot(self, debits: Sequence[Debit], over_nanos: int) -> None:
        """Nothing is."""


def unlimited(clock: Clock) -> MemoryAdmission:
    """One that admits everything."""
    accounts = Accounts()
    nothing = _NoBudgets(Spent(accounts, clock))
    passages = Passages({}, Penalties(), clock)
    return MemoryAdmission(passages, accounts, nothing, _free, nothing, clock)


def _free(offer: Offer) -> Prices:
    del offer
    return FREE
