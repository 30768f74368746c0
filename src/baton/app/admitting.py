"""Who is let in: limits, penalties and budgets."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from baton.access.identity.keyring import Keyring
from baton.app.edited import Edited
from baton.app.storehouse import Storehouse
from baton.catalog.live import LiveCatalog
from baton.catalog.tiers import Tier
from baton.gateway.admission.accounts import Accounts
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.assumed import AssumedPrices
from baton.gateway.admission.budgets import Budget, key_budget
from baton.gateway.admission.keeper import BudgetKeeper
from baton.gateway.admission.memory_admission import MemoryAdmission
from baton.gateway.admission.passages import Passages
from baton.gateway.admission.penalties import Penalties
from baton.ledger.ledger import Ledger
from baton.records.kind import Record
from baton.records.store import Records
from baton.watch.alerts.alerts import Alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitting:
    """The parts of admission."""

    passages: Passages
    penalties: Penalties
    accounts: Accounts
    books: BudgetKeeper
    admission: Admission


@asynccontextmanager
async def open_admitting(
    store: Storehouse, edited: Edited, keyring: Keyring, ledger: Ledger, catalog: LiveCatalog, alerts: Alerts
) -> AsyncGenerator[Admitting]:
    """Limits and budgets in force, which follow what admins make of them."""
    penalties = Penalties()
    penalties.listen(alerts)
    passages = _passages(edited.tiers, penalties, store)
    accounts = Accounts()
    async with _open_budgets(store, ledger, accounts, edited.budgets, keyring) as books:
        yield Admitting(
            passages=passages,
            penalties=penalties,
            accounts=accounts,
            books=books,
            admission=MemoryAdmission(
                passages, accounts, books, AssumedPrices(catalog).of, alerts, store.clock
            ),
        )


def _passages(tiers: Records[Tier], penalties: Penalties, store: Storehouse) -> Passages:
    """The limits in force, which follow what admins make of tiers."""
    passages = Passages(tiers.snapshot, penalties, store.clock)

    async def changed(now: Mapping[str, Record[Tier]]) -> None:
        passages.limits.follow(now)

    tiers.subscribe(changed)
    return passages


@asynccontextmanager
async def _open_budgets(
    store: Storehouse, ledger: Ledger, accounts: Accounts, budgets: Records[Budget], keyring: Keyring
) -> AsyncGenerator[BudgetKeeper]:
    """The budgets in force, which follow what admins make of them, and of keys."""

    async def caught_up() -> None:
        await ledger.recovered()
        await ledger.flush()

    keeper = BudgetKeeper(accounts, ledger.spending, caught_up, store.clock)

    def follow() -> None:
        of_keys = (key_budget(id, budget) for id, budget in keyring.budgets.items())
        keeper.follow(budgets.export(), of_keys)

    async def changed(*_: object) -> None:
        follow()

    follow()
    budgets.subscribe(changed)
    keyring.listen(follow)
    async with keeper:
        yield keeper
