"""Whole interactions into the database, each once."""

from collections.abc import Sequence

import msgspec
import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Conflict, Invalid
from baton.core.usage import Usage
from baton.ledger.charges import charges_text
from baton.ledger.rows import Attempt, Interaction, Status
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.ledger.use_cases import interaction_type
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database

_log = structlog.stdlib.get_logger(__name__)
_json = msgspec.json.Encoder().encode

_USAGE = (
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_in_tokens",
    "audio_out_tokens",
    "usage_estimated",
)
_OPENED = (
    "id",
    "at_ms",
    "tenant",
    "user_id",
    "key_id",
    "tier",
    "session",
    "agent",
    "use_case",
    "route",
    "dialect",
    "requested_model",
    "stream",
    "tags",
    "context",
    "prompt_hash",
    "estimated_prompt_tokens",
    "estimated_cost_nanos",
)
_PRICE = ("price_input", "price_output", "price_cached", "price_cache_write", "price_revision")
_PRICING = (
    "pricing",
    "cache_write_long_tokens",
    "processing",
    "image_in_tokens",
    "image_out_tokens",
    "charges",
)
_SETTLED = (
    "status",
    "http_status",
    "provider",
    "model",
    "model_version",
    "finish",
    *_USAGE,
    *_PRICE,
    "cost_input_nanos",
    "cost_output_nanos",
    "cost_nanos",
    "unpriced",
    "latency_ms",
    "upstream_ms",
    "first_token_ms",
    "overhead_us",
    "generated_chars",
    "attempts",
    "retries",
    "fell_back",
    "decision",
    "schema_violation",
    "audio_seconds",
    "type",
    "project",
    "original_provider",
    "fallback_reason",
    *_PRICING,
    "scores",
)
_ATTEMPT = (
    "interaction_id",
    "n",
    "provider",
    "model",
    "credential",
    "started_ms",
    "took_ms",
    "first_token_ms",
    "status",
    "http_status",
    "error",
    *_USAGE,
    "cost_input_nanos",
    "cost_output_nanos",
    "cost_nanos",
    *_PRICING,
)
_NO_PRICE = (None,) * len(_PRICE)
_LOOK_UP = 500  # ids in one statement; SQLite may be built to take no more than 999


class Store:
    """Adds interactions to the database. Adding one again changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._interactions = BulkInsert(INTERACTIONS, (*_OPENED, *_SETTLED), skip_present=True)
        self._attempts = BulkInsert(ATTEMPTS, _ATTEMPT)

    async def add(self, interactions: Sequence[Interaction]) -> list[Interaction]:
        """Add those that are not there yet, with their attempts, in one transaction; return them.

        An interaction that the database refuses for what is in it is logged whole and left out: it must not
        hold up the others for ever.

        Raises:
            Unavailable: the database is away; what was added may be added again.
        """
        # In one order, so that two processes that add the same never wait for each other crosswise.
        by_id = {interaction.opened.id: interaction for interaction in interactions}
        fresh = [by_id[id] for id in sorted(by_id)]
        try:
            while fresh and not await self._all_added(fresh):
                fresh = await self._absent(fresh)
        except (Conflict, Invalid, DataError, IntegrityError, ValueError, OverflowError) as error:
            if len(fresh) == 1:
                _log.error("ledger_row_refused", interaction=repr(fresh[0]), error=str(error))
                return []
            return [added for interaction in fresh for added in await self.add([interaction])]
        return fresh

    async def settle(self, interactions: Sequence[Interaction]) -> None:
        """As `add`, where the truth takes the place of a row that says `crashed`: whoever wrote that one had
        taken a living process for dead.

        Raises:
            Unavailable: as `add`.
        """
        added = {interaction.opened.id for interaction in await self.add(interactions)}
        for interaction in interactions:
            if interaction.opened.id not in added:
                await self._replace_crashed(interaction)

    async def _replace_crashed(self, interaction: Interaction) -> None:
        id = interaction.opened.id
        wrong = (INTERACTIONS.c.id == id) & (INTERACTIONS.c.status == Status.CRASHED)
        async with self._database.write() as connection:
            if not (await connection.execute(delete(INTERACTIONS).where(wrong))).rowcount:
                return
            await connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.interaction_id == id))
            await self._insert(connection, [interaction])

    async def _all_added(self, interactions: list[Interaction]) -> bool:
        """Add all of them, or, where one was there already, none."""
        try:
            async with self._database.append() as connection:
                await self._insert(connection, interactions)
        except _Present:
            return False
        return True

    async def _insert(self, connection: AsyncConnection, interactions: list[Interaction]) -> None:
        rows = [_interaction(interaction) for interaction in interactions]
        attempts = [
            _attempt(interaction.opened.id, n, attempt)
            for interaction in interactions
            for n, attempt in enumerate(interaction.settled.attempts, 1)
        ]
        if await self._interactions(connection, rows) != len(rows):
            raise _Present
        await self._attempts(connection, attempts)

    async def _absent(self, interactions: list[Interaction]) -> list[Interaction]:
        ids = [interaction.opened.id for interaction in interactions]
        present: set[str] = set()
        async with self._database.read() as connection:
            for start in range(0, len(ids), _LOOK_UP):
                some = ids[start : start + _LOOK_UP]
                query = select(INTERACTIONS.c.id).where(INTERACTIONS.c.id.in_(some))
                present.update((await connection.execute(query)).scalars())
        return [interaction for interaction in interactions if interaction.opened.id not in present]


class _Present(Exception):
    """Takes the transaction back."""


def _interaction(interaction: Interaction) -> tuple[object, ...]:
    """The values of `_OPENED` and `_SETTLED`, in their order."""
    opened, settled = interaction
    estimate = opened.estimated_cost
    price = settled.price
    cost = settled.cost
    several = len(settled.attempts) > 1
    return (
        opened.id,
        opened.at_ms,
        opened.tenant,
        opened.user_id,
        opened.key_id,
        opened.tier,
        opened.session,
        opened.agent,
        opened.use_case,
        opened.route,
        opened.dialect,
        opened.model,
        opened.stream,
        _json(opened.tags).decode() if opened.tags else None,
        opened.context,
        opened.prompt_hash or None,
        opened.prompt_tokens,
        None if estimate is None else estimate.total_nanos,
        settled.status,
        settled.http_status,
        settled.provider,
        settled.model,
        settled.model_version,
        settled.finish,
        *_usage(settled.usage),
        *(
            _NO_PRICE
            if price is None
            else (price.input, price.output, price.cached, price.cache_write, price.revision)
        ),
        cost.input_nanos,
        cost.output_nanos,
        cost.total_nanos,
        settled.unpriced,
        settled.latency_ms,
        settled.upstream_ms,
        settled.first_token_ms,
        settled.overhead_us,
        settled.generated_chars,
        len(settled.attempts),
        settled.retries if several else 0,
        settled.fell_back if several else False,
        settled.decision,
        settled.schema_violation,
        settled.audio_seconds,
        interaction_type(opened.kind, opened.use_case),
        opened.project,
        settled.original_provider if several else None,
        settled.fallback_reason if several else None,
        *_pricing(settled.pricing, settled.usage),
        opened.scores,
    )


def _attempt(interaction_id: str, n: int, attempt: Attempt) -> tuple[object, ...]:
    """The values of `_ATTEMPT`, in its order."""
    cost = attempt.cost
    return (
        interaction_id,
        n,
        attempt.provider,
        attempt.model,
        attempt.credential,
        attempt.started_ms,
        attempt.took_ms,
        attempt.first_token_ms,
        attempt.status,
        attempt.http_status,
        attempt.error,
        *_usage(attempt.usage),
        *((None, None, None) if cost is None else (cost.input_nanos, cost.output_nanos, cost.total_nanos)),
        *_pricing(attempt.pricing, attempt.usage),
    )


def _usage(usage: Usage) -> tuple[object, ...]:
    """The values of `_USAGE`, in its order."""
    return (
        usage.prompt,
        usage.completion,
        usage.cached,
        usage.cache_write,
        usage.reasoning,
        usage.audio_in,
        usage.audio_out,
        usage.estimated,
    )


def _pricing(pricing: str, usage: Usage) -> tuple[object, ...]:
    """The values of `_PRICING`, in its order."""
    return (
        pricing,
        usage.cache_write_long,
        usage.processing or None,
        usage.image_in,
        usage.image_out,
        charges_text(usage),
    )
