"""Who is let in: limits, penalties and budgets, counted here or where other processes see them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from baton.access.identity.keyring import Keyring
from baton.app.edited import Edited
from baton.app.sharing import Common
from baton.app.storehouse import Storehouse
from baton.catalog.live import LiveCatalog
from baton.catalog.tiers import Tier
from baton.core.errors import Unavailable
from baton.gateway.admission.accounts import Accounts, Tills
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.assumed import AssumedPrices
from baton.gateway.admission.budgets import Budget, key_budget
from baton.gateway.admission.keeper import BudgetKeeper
from baton.gateway.admission.limits import Limits
from baton.gateway.admission.memory_admission import MemoryAdmission
from baton.gateway.admission.passages import Gate, Passages
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.shared.admission import SharedAdmission
from baton.gateway.admission.shared.asking import Asking
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.passages import SharedPassages
from baton.gateway.admission.shared.state import Forgotten, State
from baton.gateway.admission.shared.tills import SharedTills
from baton.ledger.ledger import Ledger
from baton.records.kind import Record
from baton.records.store import Records
from baton.storage.keyvalue.line import Away, ScriptFailed
from baton.watch.alerts.alerts import Alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitting:
    """The parts of admission."""

    passages: Gate
    penalties: Penalties
    accounts: Tills
    books: BudgetKeeper
    admission: Admission
    state: State | None
    """What is shared in Redis; None: there are no others."""
    times_ready: Callable[[], int]
    """How often this process has come to know what the others do."""
    alone: Callable[[], bool]
    """Whether this process counts for itself what others count as well, because Redis is away."""


@asynccontextmanager
async def open_admitting(
    store: Storehouse,
    common: Common,
    edited: Edited,
    keyring: Keyring,
    ledger: Ledger,
    catalog: LiveCatalog,
    alerts: Alerts,
) -> AsyncGenerator[Admitting]:
    """Limits and budgets in force, which follow what admins make of them."""
    penalties = common.penalties
    penalties.listen(alerts)
    assumed = AssumedPrices(catalog).of

    async def caught_up() -> None:
        await ledger.recovered()
        await ledger.flush()

    tiers, clock, links = edited.tiers.snapshot, store.clock, common.links
    async with AsyncExitStack() as stack:
        state = None
        if links is None:
            accounts = Accounts()
            passages = Passages(tiers, penalties, clock)
            books = BudgetKeeper(accounts, ledger.spending, caught_up, clock)
            admission = MemoryAdmission(passages, accounts, books, assumed, alerts, clock)
            alone, times_ready = _never, _at_once
        else:

            async def compare() -> None:
                await all_in()
                await books.compare()

            async def all_in() -> None:
                await ledger.recovered()
                if not await ledger.flush():
                    raise Unavailable("Not everything that has ended is in the database yet.")

            async def inherit(owner: str, costs: Mapping[str, int], *, last: bool) -> None:
                try:
                    await member.bury(owner, costs, last=last)
                    if last:
                        await books.compare()
                except (Away, ScriptFailed, Forgotten) as error:
                    raise Unavailable("What was spent cannot be told: Redis is away.") from error

            async def joined() -> None:
                if not member.was_ready:  # later a new budget is no reason to wait for a Redis that is away
                    await member.ready()
                await all_in()

            line = links.line
            state = State(line, ledger.owner)
            member = Member(line, state, clock, store.new_id, compare)
            accounts = SharedTills(member)
            passages = SharedPassages(tiers, penalties, Asking(member), clock)
            books = BudgetKeeper(accounts, ledger.spending, joined, clock)
            admission = SharedAdmission(passages, member, accounts, books, assumed, alerts, clock)
            alone, times_ready = member.is_alone, lambda: member.times_ready
            await stack.enter_async_context(member)
            ledger.inheritance.goes_to(inherit)
        await _open_budgets(stack, books, edited.budgets, keyring)
        _follow(edited.tiers, passages.limits)
        yield Admitting(
            passages=passages,
            penalties=penalties,
            accounts=accounts,
            books=books,
            admission=admission,
            state=state,
            times_ready=times_ready,
            alone=alone,
        )


def _never() -> bool:
    return False


def _at_once() -> int:
    return 1


async def _open_budgets(
    stack: AsyncExitStack, books: BudgetKeeper, budgets: Records[Budget], keyring: Keyring
) -> None:
    """Have the budgets in force follow what admins make of them, and of keys."""

    def follow() -> None:
        of_keys = (key_budget(id, budget) for id, budget in keyring.budgets.items())
        books.follow(budgets.export(), of_keys)

    async def changed(*_: object) -> None:
        follow()

    follow()
    budgets.subscribe(changed)
    keyring.listen(follow)
    await stack.enter_async_context(books)


def _follow(tiers: Records[Tier], limits: Limits) -> None:
    """Have the limits in force follow what admins make of tiers."""

    async def changed(now: Mapping[str, Record[Tier]]) -> None:
        limits.follow(now)

    tiers.subscribe(changed)
