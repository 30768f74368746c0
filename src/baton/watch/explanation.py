"""Why an interaction went as it did: its rows, its decision, the budgets it counted against."""

from uuid import UUID

import msgspec
from msgspec import Struct

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import Invalid, NotFound
from baton.gateway.admission.accounts import Tills
from baton.gateway.admission.budgets import Debit
from baton.gateway.admission.keeper import BudgetKeeper
from baton.gateway.routing.noted import NotedDecision, read_note
from baton.ledger.interactions import Interactions
from baton.ledger.stored import InteractionRow, Whole


class Touched(Struct, frozen=True, kw_only=True):
    """A budget that an interaction counted against, as budgets are today."""

    debit: Debit
    settled_nanos: int | None
    """Spent of it so far; None: its period is over."""


class Explanation(Struct, frozen=True, kw_only=True):
    """All that can be said of an interaction."""

    whole: Whole
    decision: NotedDecision | None
    """None: the request named its model, or a version wrote it that noted nothing."""
    touched: tuple[Touched, ...]


class Explanations:
    """Makes them, for people: each reads the database."""

    def __init__(
        self,
        interactions: Interactions,
        catalog: LiveCatalog,
        books: BudgetKeeper,
        accounts: Tills,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._catalog = catalog
        self._books = books
        self._accounts = accounts
        self._clock = clock

    async def of(self, interaction_id: str, user_id: str | None) -> Explanation:
        """One interaction's. `user_id`: whose it must be; None: whoever's.

        Raises:
            NotFound: there is none, or not of that user.
        """
        whole = await self._interactions.one(interaction_id, user_id=user_id)
        noted = whole.interaction.routing
        return Explanation(
            whole=whole,
            decision=None if noted is None else _read(noted),
            touched=await self._touched(whole),
        )

    async def _touched(self, whole: Whole) -> tuple[Touched, ...]:
        row = whole.interaction
        asked = {f"{each.provider}/{each.model}" for each in whole.attempts}
        offers = [offer for name in sorted(asked) if (offer := self._offer(name)) is not None]
        debits: dict[str, Debit] = {}
        for offer in offers:
            for debit in self._books.book.debits(_caller(row), row.project, offer, row.at_ms):
                debits[debit.account.key] = debit
        sums = await self._accounts.read(list(debits))
        now_ms = self._clock.wall() * 1000
        return tuple(
            Touched(
                debit=debit,
                settled_nanos=None if (debit.account.until_ms or now_ms + 1) <= now_ms else settled,
            )
            for debit, (settled, _) in zip(debits.values(), sums, strict=True)
        )

    def _offer(self, name: str) -> Offer | None:
        try:
            return self._catalog.current().resolve(name).offer
        except (Invalid, NotFound):
            return None


def _caller(row: InteractionRow) -> Caller:
    """Who asked, as far as budgets look at it; what is named as a project and is no id of one is a label."""
    return Caller(
        user_id=row.user_id,
        key_id=row.key_id,
        tier=row.tier,
        roles=frozenset(),
        projects=frozenset({row.project}) if row.project is not None and _is_id(row.project) else frozenset(),
    )


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _read(noted: str) -> NotedDecision | None:
    """A note of another version may not be legible; what it says is in the row's sentence all the same."""
    try:
        return read_note(noted)
    except msgspec.DecodeError:
        return None
