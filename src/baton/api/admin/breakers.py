"""`/api/admin/ai/breakers`: who is not asked at the moment, and an admin's word about it.

A breaker is a provider's (`openai`), or one of its models' (`openai/gpt-4o`; names may hold more slashes).
"""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Response
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown, milliseconds, moment, moment_or_none
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.live import LiveCatalog
from baton.core.clock import Clock
from baton.core.errors import Invalid, NotFound
from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.breakers import KnownBreakers
from baton.gateway.resilience.forced import MAX_REASON_CHARS, ForcedBreaker, Hold, breaker_name
from baton.gateway.resilience.standing import Standing
from baton.records.kind import Record
from baton.records.store import Records
from baton.upstream.directory import Directory

PATH = "/api/admin/ai/breakers"
_ONE = PATH + "/{breaker:path}"
_TAG = "Admin: reliability"


class HoldAsked(Asked):
    """Hold a breaker `open` (nobody is let through) or `closed` (everybody is, whatever comes of it)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={
            "example": {
                "state": "open",
                "reason": "maintenance at the provider",
                "until": "2030-01-31T06:00:00Z",
            }
        },
    )

    state: Hold
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARS)]
    until: datetime | None = None
    """When it ends by itself; null: when it is taken back."""


class ForcedShown(Shown):
    """An admin's word that is in force; `revision` is what a change wants as `If-Match`, `by` a user's id."""

    state: Hold
    reason: str
    until: datetime | None
    by: str
    at: datetime
    revision: int


class BreakerShown(Shown):
    """One breaker, as all processes have it that share a Redis.

    `model` null: the provider's own. `failures` in a row; `calls` and `errorRate` of the last minute, null
    without calls; `trials` under way; `openings` since the start, `refused` calls by the answering process.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "provider": "openai",
                "model": "gpt-4o",
                "state": "open",
                "since": "2026-01-31T12:00:00Z",
                "failures": 5,
                "calls": 21,
                "errorRate": 0.571,
                "trials": 0,
                "nextTrial": "2026-01-31T12:01:00Z",
                "openings": 1,
                "refused": 12,
                "forced": None,
            }
        }
    )

    provider: str
    model: str | None
    state: State
    since: datetime | None
    failures: int
    calls: int
    error_rate: float | None
    trials: int
    next_trial: datetime | None
    openings: int
    refused: int
    forced: ForcedShown | None


class BreakerList(Shown):
    """Every configured provider's, and of the others those that are not simply closed."""

    breakers: list[BreakerShown]


class BreakerRoutes:
    """The routes; admins only."""

    def __init__(
        self,
        breakers: KnownBreakers,
        forced: Records[ForcedBreaker],
        catalog: LiveCatalog,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._breakers = breakers
        self._forced = forced
        self._catalog = catalog
        self._directory = directory
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add them; the one with a fixed last word first, the name would swallow it."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=BreakerList, tags=[_TAG])
        to.add_api_route(
            _ONE + "/undo", self.undo, methods=["POST"], response_model=BreakerShown, tags=[_TAG]
        )
        to.add_api_route(_ONE, self.hold, methods=["PUT"], response_model=BreakerShown, tags=[_TAG])
        to.add_api_route(_ONE, self.release, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> BreakerList:
        """List the breakers of all configured providers, and of models those that are not simply closed."""
        standings = {(each.provider, each.model): each for each in self._breakers.standings()}
        for provider in self._directory.configured:
            standings.setdefault((provider, None), Standing(provider=provider, model=None))
        wanted = [
            each
            for each in standings.values()
            if (each.model is None and each.provider in self._directory.configured)
            or each.forced
            or each.failures
            or each.state is not State.CLOSED
        ]
        return BreakerList(
            breakers=[
                self._shown(each)
                for each in sorted(wanted, key=lambda each: (each.provider, each.model or ""))
            ]
        )

    async def hold(
        self,
        actor: AdminActor,
        breaker: str,
        asked: HoldAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> BreakerShown:
        """Hold a breaker open or closed; `If-Match` needed where one's word holds it already."""
        provider, model = self._named(breaker)
        now_ms = self._clock.wall() * 1000
        until_ms = None if asked.until is None else milliseconds(asked.until)
        if until_ms is not None and until_ms <= now_ms:
            raise Invalid("It would have ended already.", param="until")
        value = ForcedBreaker(
            provider=provider, model=model, state=asked.state, reason=asked.reason, until_ms=until_ms
        )
        record = self._forced.snapshot.get(value.name)
        revision = None
        if record is not None and if_match is None and record.value.ended(now_ms):
            revision = record.revision
        elif record is not None or if_match is not None:
            revision = wanted_revision(if_match, None if record is None else record.revision)
        with guarded():
            put = await self._forced.put(value, actor, revision)
        response.headers["etag"] = put.etag
        return self._found(provider, model)

    async def release(
        self, actor: AdminActor, breaker: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take an admin's word back: the breaker begins anew, closed; `undo` brings the word back."""
        record = self._forced.snapshot.get(breaker)
        if record is None:
            raise NotFound(f"Nobody holds '{breaker[:80]}' open or closed.")
        with guarded():
            revision = await self._forced.delete(breaker, actor, wanted_revision(if_match, record.revision))
        response.headers["etag"] = f'"{revision}"'

    async def undo(
        self, actor: AdminActor, breaker: str, response: Response, if_match: IfMatch = None
    ) -> BreakerShown:
        """Go back to the word before the current one; undoing twice does it again."""
        current = (await self._forced.history(breaker))[0]
        with guarded():
            record = await self._forced.undo(breaker, actor, wanted_revision(if_match, current.revision))
        response.headers["etag"] = record.etag
        return self._found(current.value.provider, current.value.model)

    def _named(self, breaker: str) -> tuple[str, str | None]:
        """The provider and the model that a name means.

        Raises:
            NotFound: there is no such provider, or it has no such model.
        """
        provider, slash, model = breaker.partition("/")
        catalog = self._catalog.current()
        spec = catalog.provider(provider)
        if spec is None or spec.name != provider:
            raise NotFound(f"There is no provider '{provider[:80]}'.")
        if not slash:
            return provider, None
        listed = any(
            offer.model.provider == provider and offer.model.name == model for offer in catalog.offers
        )
        if not listed and not self._breakers.knows(provider, model):
            raise NotFound(f"{provider} has no model '{model[:80]}' in the catalog, and none was asked for.")
        return provider, model

    def _found(self, provider: str, model: str | None) -> BreakerShown:
        standings = self._breakers.standings()
        return self._shown(
            next(
                (each for each in standings if (each.provider, each.model) == (provider, model)),
                Standing(provider=provider, model=model),
            )
        )

    def _shown(self, standing: Standing) -> BreakerShown:
        record = self._forced.snapshot.get(breaker_name(standing.provider, standing.model))
        rate = standing.error_rate
        since_s, next_s = standing.since_s, standing.next_trial_s
        return BreakerShown(
            provider=standing.provider,
            model=standing.model,
            state=standing.state,
            since=None if since_s is None else moment(int(since_s * 1000)),
            failures=standing.failures,
            calls=standing.calls,
            error_rate=None if rate is None else round(rate, 3),
            trials=standing.trials,
            next_trial=None if next_s is None else moment(int(next_s * 1000)),
            openings=standing.openings,
            refused=standing.refused,
            forced=_forced(record) if record is not None and standing.forced else None,
        )


def _forced(record: Record[ForcedBreaker]) -> ForcedShown:
    value = record.value
    return ForcedShown(
        state=value.state,
        reason=value.reason,
        until=moment_or_none(value.until_ms),
        by=record.changed_by,
        at=moment(record.changed_at_ms),
        revision=record.revision,
    )
