"""`GET /api/ai/v2/health`: one word for everybody, the reasons for callers, credentials for admins."""

from typing import Any

from fastapi import FastAPI, Response

from baton.api.bodies import Shown
from baton.api.callers import PossibleCaller
from baton.api.condition import Condition, ProviderCondition, State
from baton.core.caller import Caller
from baton.gateway.health.series import Status
from baton.gateway.resilience.breaker import State as BreakerState

PATH = "/api/ai/v2/health"
_TAG = "Operations"


class CredentialShown(Shown):
    """One key of a provider by its last 4 characters, and what is known against it."""

    last4: str
    mark: str | None
    marked_for_s: float | None


class ProviderShown(Shown):
    """One provider. `missing`: what to set to configure it; `credentials`, `openModels`: only for admins."""

    name: str
    configured: bool
    missing: str | None
    usable: bool
    health: Status
    """From its calls and from probes, over the last minutes."""
    breaker: BreakerState
    open_models: tuple[str, ...] = ()
    """Models that are not asked, though their provider is."""
    credentials: tuple[CredentialShown, ...] = ()


class DatabaseShown(Shown):
    """`trouble` null: it answers."""

    status: State
    trouble: str | None


class LedgerShown(Shown):
    """`waiting`: interactions not yet in the database; `underWay`: begun and not ended."""

    status: State
    trouble: str | None
    waiting: int
    under_way: int


class HealthShown(Shown):
    """Whoever presents no key sees `status` only."""

    status: State
    version: str | None = None
    database: DatabaseShown | None = None
    ledger: LedgerShown | None = None
    providers: list[ProviderShown] | None = None


class HealthRoutes:
    """The route."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        responses: dict[int | str, dict[str, Any]] = {
            503: {"model": HealthShown, "description": "Cannot serve"}
        }
        to.add_api_route(
            PATH,
            self.health,
            methods=["GET"],
            response_model=HealthShown,
            response_model_exclude_unset=True,
            responses=responses,
            tags=[_TAG],
        )

    async def health(self, caller: PossibleCaller, response: Response) -> HealthShown:
        """200 while Baton can serve (`ok`, `degraded`), else 503 (`unavailable`)."""
        condition = self._condition
        state = await condition.state()
        if state is State.UNAVAILABLE:
            response.status_code = 503
        if caller is None:
            return HealthShown(status=state)
        database = await condition.database_trouble()
        ledger = condition.ledger_trouble
        return HealthShown(
            status=state,
            version=condition.version,
            database=DatabaseShown(status=State.UNAVAILABLE if database else State.OK, trouble=database),
            ledger=LedgerShown(
                status=State.DEGRADED if ledger else State.OK,
                trouble=ledger,
                waiting=condition.waiting,
                under_way=condition.under_way,
            ),
            providers=[_provider(each, caller) for each in condition.providers()],
        )


def _provider(provider: ProviderCondition, caller: Caller) -> ProviderShown:
    shown: dict[str, Any] = {
        "name": provider.name,
        "configured": provider.configured,
        "missing": provider.missing,
        "usable": provider.usable,
        "health": provider.health,
        "breaker": provider.breaker,
    }
    if caller.is_admin:
        shown["open_models"] = provider.open_models
        shown["credentials"] = tuple(
            CredentialShown(last4=key.last4, mark=key.mark, marked_for_s=key.marked_for_s)
            for key in provider.credentials
        )
    return ProviderShown(**shown)
