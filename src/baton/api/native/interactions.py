"""`/api/interactions`: what was asked, which model answered, how long it took, what it cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query

from baton.api.bodies import Shown, milliseconds, moment, usd
from baton.api.callers import KnownCaller, sees_all
from baton.api.native.feedback import FeedbackShown, feedback_shown
from baton.api.paging import Cursor, Limit
from baton.core.caller import Caller
from baton.core.errors import Forbidden
from baton.core.money import usd_text
from baton.ledger.feedback import Feedback
from baton.ledger.interactions import AttemptRow, Filter, InteractionRow, Interactions
from baton.ledger.repricings import Repricing

PATH = "/api/interactions"
_TAG = "Interactions"


class TokensShown(Shown):
    """Tokens, as they were reported; `estimated` where nobody reported any."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_long_tokens: int
    reasoning_tokens: int
    estimated: bool


class InteractionShown(Shown):
    """One request as its caller saw it. Money is in USD; `unpriced`: the cost is not wholly known."""

    id: str
    created_at: datetime
    user_id: str
    key_id: str
    tier: str
    route: str
    dialect: str
    stream: bool
    session: str | None
    agent: str | None
    use_case: str | None
    project: str | None
    type: str | None
    tags: dict[str, str] | None
    context_metadata: Any
    requested_model: str
    provider: str | None
    model_name: str | None
    model_version: str | None
    status: str
    http_status: int | None
    finish: str | None
    schema_violation: str | None
    audio_seconds: float | None
    usage: TokensShown
    cost_usd: str
    input_cost_usd: str
    output_cost_usd: str
    estimated_cost_usd: str | None
    unpriced: bool
    pricing: str
    processing: str | None
    response_time_ms: int | None
    upstream_ms: int | None
    first_token_ms: int | None
    overhead_ms: float | None
    attempt_count: int
    retries: int
    fallback_used: bool
    original_provider: str | None
    fallback_reason: str | None
    feedback: FeedbackShown | None


class AttemptShown(Shown):
    """One call to a provider; `cost_usd` null: no price is known."""

    n: int
    provider: str
    model_name: str
    credential: str
    status: str
    http_status: int | None
    error: str | None
    started_ms: int
    took_ms: int
    first_token_ms: int | None
    usage: TokensShown
    cost_usd: str | None
    pricing: str
    processing: str | None


class RepricedShown(Shown):
    """What a request costs at prices that became known later, in USD, beside what was recorded of it."""

    repriced_at: datetime
    price_version: str
    cost_usd: str
    input_cost_usd: str
    output_cost_usd: str
    unpriced: bool


class InteractionDetail(InteractionShown):
    """One request with the calls that it took; `repriced` null: it was not priced again."""

    price_version: str | None
    repriced: RepricedShown | None
    attempts: list[AttemptShown]


class InteractionList(Shown):
    """A page, newest first."""

    interactions: list[InteractionShown]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which interactions are asked for."""

    user: Annotated[str | None, Query(description="A user's id; admins and analysts only.")] = None
    provider: Annotated[str | None, Query(description="Who served it.")] = None
    model: Annotated[str | None, Query(description="The model that served it, or was asked for.")] = None
    status: Annotated[str | None, Query(description="`ok`, `cancelled`, or an error's code.")] = None
    key: Annotated[str | None, Query(description="The id of the key it was asked with.")] = None
    use_case: Annotated[str | None, Query(alias="useCase")] = None
    agent: str | None = None
    project: str | None = None
    session: str | None = None
    type: Annotated[
        str | None,
        Query(description="`chat`, `embeddings`, `images`, `transcriptions` or `moderations`."),
    ] = None
    tag: Annotated[
        list[str] | None,
        Query(max_length=32, description="`key=value`, or `key` with any value; several: all of them."),
    ] = None
    since: Annotated[datetime | None, Query(description="Inclusive; RFC 3339.")] = None
    until: Annotated[datetime | None, Query(description="Exclusive; RFC 3339.")] = None

    def of(self, caller: Caller) -> Filter:
        """Those of them that a caller may see.

        Raises:
            Forbidden: somebody else's are asked for.
        """
        return Filter(
            user_id=_whose(caller, self.user),
            provider=self.provider,
            model=self.model,
            status=self.status,
            key_id=self.key,
            use_case=self.use_case,
            agent=self.agent,
            project=self.project,
            session=self.session,
            type=self.type,
            tags=tuple(self.tag or ()),
            since_ms=None if self.since is None else milliseconds(self.since),
            until_ms=None if self.until is None else milliseconds(self.until),
        )


class InteractionRoutes:
    """Own interactions for everybody; everybody's for admins and analysts."""

    def __init__(self, interactions: Interactions, feedback: Feedback) -> None:
        self._interactions = interactions
        self._feedback = feedback

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        to.add_api_route(PATH, self.page, methods=["GET"], response_model=InteractionList, tags=[_TAG])
        to.add_api_route(
            PATH + "/{interaction_id}",
            self.one,
            methods=["GET"],
            response_model=InteractionDetail,
            tags=[_TAG],
        )

    async def page(
        self,
        caller: KnownCaller,
        wanted: Annotated[Wanted, Depends()],
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> InteractionList:
        """List interactions, newest first."""
        found = await self._interactions.page(wanted.of(caller), limit=limit, cursor=cursor)
        thought = await self._feedback.of([row.id for row in found.items])
        return InteractionList(
            interactions=[
                InteractionShown(**_fields(row), feedback=feedback_shown(thought.get(row.id)))
                for row in found.items
            ],
            next_cursor=found.next_cursor,
        )

    async def one(self, caller: KnownCaller, interaction_id: str) -> InteractionDetail:
        """One interaction and the attempts it took."""
        owner = None if sees_all(caller) else caller.user_id
        row, attempts = await self._interactions.one(interaction_id, user_id=owner)
        thought = await self._feedback.of([row.id])
        again = await self._interactions.repricing(row.id)
        return InteractionDetail(
            **_fields(row),
            feedback=feedback_shown(thought.get(row.id)),
            price_version=row.price_revision,
            repriced=None if again is None else _repriced(again),
            attempts=[_attempt(attempt) for attempt in attempts],
        )


def _whose(caller: Caller, user: str | None) -> str | None:
    if sees_all(caller):
        return user
    if user not in (None, caller.user_id):
        raise Forbidden("Other people's interactions are for admins and analysts.")
    return caller.user_id


def _fields(row: InteractionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_at": moment(row.at_ms),
        "user_id": row.user_id,
        "key_id": row.key_id,
        "tier": row.tier,
        "route": row.route,
        "dialect": row.dialect,
        "stream": row.stream,
        "session": row.session,
        "agent": row.agent,
        "use_case": row.use_case,
        "project": row.project,
        "type": row.type,
        "tags": None if row.tags is None else msgspec.json.decode(row.tags),
        "context_metadata": None if row.context is None else msgspec.json.decode(row.context),
        "requested_model": row.requested_model,
        "provider": row.provider,
        "model_name": row.model,
        "model_version": row.model_version,
        "status": row.status,
        "http_status": row.http_status,
        "finish": row.finish,
        "schema_violation": row.schema_violation,
        "audio_seconds": row.audio_seconds,
        "usage": _tokens(row),
        "cost_usd": usd_text(row.cost_nanos),
        "input_cost_usd": usd_text(row.cost_input_nanos),
        "output_cost_usd": usd_text(row.cost_output_nanos),
        "estimated_cost_usd": usd(row.estimated_cost_nanos),
        "unpriced": row.unpriced,
        "pricing": row.pricing,
        "processing": row.processing,
        "response_time_ms": row.latency_ms,
        "upstream_ms": row.upstream_ms,
        "first_token_ms": row.first_token_ms,
        "overhead_ms": None if row.overhead_us is None else row.overhead_us / 1000,
        "attempt_count": row.attempts,
        "retries": row.retries,
        "fallback_used": row.fell_back,
        "original_provider": row.original_provider,
        "fallback_reason": row.fallback_reason,
    }


def _repriced(found: Repricing) -> RepricedShown:
    return RepricedShown(
        repriced_at=moment(found.at_ms),
        price_version=found.price_revision,
        cost_usd=usd_text(found.cost_nanos),
        input_cost_usd=usd_text(found.cost_input_nanos),
        output_cost_usd=usd_text(found.cost_output_nanos),
        unpriced=found.unpriced,
    )


def _attempt(row: AttemptRow) -> AttemptShown:
    return AttemptShown(
        n=row.n,
        provider=row.provider,
        model_name=row.model,
        credential=row.credential,
        status=row.status,
        http_status=row.http_status,
        error=row.error,
        started_ms=row.started_ms,
        took_ms=row.took_ms,
        first_token_ms=row.first_token_ms,
        usage=_tokens(row),
        cost_usd=usd(row.cost_nanos),
        pricing=row.pricing,
        processing=row.processing,
    )


def _tokens(row: InteractionRow | AttemptRow) -> TokensShown:
    return TokensShown(
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        total_tokens=row.prompt_tokens + row.completion_tokens,
        cached_tokens=row.cached_tokens,
        cache_write_tokens=row.cache_write_tokens,
        cache_write_long_tokens=row.cache_write_long_tokens,
        reasoning_tokens=row.reasoning_tokens,
        estimated=row.usage_estimated,
    )
