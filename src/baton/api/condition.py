"""How this Baton is: looked up for health, probes and metrics alike."""

import asyncio
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import select

from baton import __version__
from baton.app import App
from baton.core.errors import Unauthenticated, Unavailable
from baton.gateway.health.health import ProviderVitals
from baton.gateway.health.series import Status
from baton.gateway.resilience.breaker import State as BreakerState
from baton.gateway.resilience.standing import Standing
from baton.upstream.credential import Credential
from baton.upstream.directory import Provider

DATABASE_S = 2.0
"""How long the database may take to say that it is there."""

_NO_KEY = "-"


class State(StrEnum):
    """In one word."""

    OK = "ok"
    DEGRADED = "degraded"
    """Serves, but something is wrong."""
    UNAVAILABLE = "unavailable"
    """Cannot serve."""


class CredentialCondition(Struct, frozen=True, kw_only=True):
    """One key of a provider. `mark`: what is known against it; it is passed over for `marked_for_s` more."""

    last4: str
    mark: str | None
    marked_for_s: float | None


class ProviderCondition(Struct, frozen=True, kw_only=True):
    """One provider. `missing`: what to set to configure it; `open_models`: those that are not asked."""

    name: str
    configured: bool
    missing: str | None
    credentials: tuple[CredentialCondition, ...]
    health: Status
    breaker: BreakerState
    open_models: tuple[str, ...]

    @property
    def all_marked(self) -> bool:
        """Whether there are keys and something is known against each."""
        return bool(self.credentials) and all(key.mark is not None for key in self.credentials)

    @property
    def usable(self) -> bool:
        """Whether it is asked at all."""
        return self.configured and not self.all_marked and self.breaker is not BreakerState.OPEN


class Condition:
    """Looks, and says what it saw."""

    version = __version__

    def __init__(self, app: App) -> None:
        self._app = app

    async def database_trouble(self) -> str | None:
        """Why the database cannot be used; None: it can."""
        try:
            async with asyncio.timeout(DATABASE_S), self._app.store.database.read() as connection:
                await connection.execute(select(1))
        except TimeoutError:
            return f"The database did not answer within {DATABASE_S:g} s."
        except Unavailable as error:
            return error.message
        return None

    @property
    def keys_loaded(self) -> bool:
        """Whether callers can be told from strangers."""
        try:
            self._app.keyring.authenticate(_NO_KEY)
        except Unauthenticated:
            return True
        except Unavailable:
            return False
        return True

    @property
    def ledger_trouble(self) -> str | None:
        """What is wrong with the ledger, in words."""
        return self._app.ledger.trouble

    @property
    def unrecorded(self) -> bool:
        """Whether requests are served although the ledger cannot record them."""
        book = self._app.ledger.book
        return book.serves_on and book.refusal is not None

    @property
    def alone(self) -> bool:
        """Whether this process counts limits and budgets for itself, because Redis is away."""
        return self._app.admitting.alone()

    @property
    def lost(self) -> int:
        """Interactions that could be kept nowhere."""
        return self._app.ledger.book.lost_count

    @property
    def waiting(self) -> int:
        """Ended interactions that are not yet in the database."""
        return self._app.ledger.book.waiting_count

    @property
    def under_way(self) -> int:
        """Interactions that have begun and not ended."""
        return self._app.ledger.book.open_count

    def providers(self) -> list[ProviderCondition]:
        """Every provider, configured or not, by name."""
        now_s = self._app.store.clock.monotonic()
        breakers = self.breakers()
        status = self._app.health.status
        return [_provider(each, status(each.name), breakers, now_s) for each in self._app.directory]

    def vitals(self) -> list[ProviderVitals]:
        """How providers and models are that anything is known of."""
        return self._app.health.providers()

    def breakers(self) -> list[Standing]:
        """How the breakers stand of providers that were asked, and of models that anything is known of."""
        return self._app.breakers.standings()

    async def ready(self) -> str | None:
        """Why requests cannot be served now; None: they can."""
        if not self.keys_loaded:
            return "The API keys are not loaded yet."
        refusal = self._app.ledger.book.refusal
        if refusal is not None and not self._app.ledger.book.serves_on:
            return f"The ledger cannot record requests: {refusal}."
        if self.unrecorded:
            return None
        return await self.database_trouble()

    async def state(self) -> State:
        """All of it in one word."""
        if await self.ready() is not None:
            return State.UNAVAILABLE
        if self.ledger_trouble is not None or self.alone:
            return State.DEGRADED
        if any(
            each.configured and (not each.usable or each.health is Status.DOWN) for each in self.providers()
        ):
            return State.DEGRADED
        return State.OK


def _provider(
    provider: Provider, health: Status, breakers: list[Standing], now_s: float
) -> ProviderCondition:
    standings = {each.model: each.state for each in breakers if each.provider == provider.name}
    return ProviderCondition(
        name=provider.name,
        configured=provider.configured,
        missing=provider.missing,
        credentials=tuple(_credential(credential, now_s) for credential in provider.credentials),
        health=health,
        breaker=standings.get(None, BreakerState.CLOSED),
        open_models=tuple(
            model for model, state in standings.items() if model is not None and state is BreakerState.OPEN
        ),
    )


def _credential(credential: Credential, now_s: float) -> CredentialCondition:
    mark = credential.mark(now_s) or credential.cooling(now_s)
    return CredentialCondition(
        last4=credential.last4,
        mark=None if mark is None else mark.failure.kind.value,
        marked_for_s=None if mark is None else round(mark.until_s - now_s, 1),
    )
