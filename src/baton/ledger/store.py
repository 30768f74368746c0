"""Whole interactions into the database, each once."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import delete, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Conflict, Invalid
from baton.core.usage import Usage
from baton.ledger.charges import charges_text
from baton.ledger.rows import Attempt, Cost, Interaction, Opened, PriceUsed, Settled, Status
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.ledger.use_cases import interaction_type
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database

_log = structlog.stdlib.get_logger(__name__)
_json = msgspec.json.Encoder().encode

_Fields = dict[str, str]
"""Columns, and the fields whose values they hold as they are."""


def _same(*names: str) -> _Fields:
    return {name: name for name in names}


def _reader(kind: type[Struct], columns: _Fields) -> Callable[[tuple[Any, ...]], tuple[object, ...]]:
    """Reads the columns' values off all fields of a struct: at once, so that a wide row costs little."""
    return itemgetter(*map(kind.__struct_fields__.index, columns.values()))


_USAGE: _Fields = {
    "prompt_tokens": "prompt",
    "completion_tokens": "completion",
    "cached_tokens": "cached",
    "cache_write_tokens": "cache_write",
    "reasoning_tokens": "reasoning",
    "audio_in_tokens": "audio_in",
    "audio_out_tokens": "audio_out",
    "usage_estimated": "estimated",
    "cache_write_long_tokens": "cache_write_long",
    "image_in_tokens": "image_in",
    "image_out_tokens": "image_out",
}
_OPENED: _Fields = {
    **_same("id", "tenant", "user_id", "key_id", "tier", "session", "agent", "use_case", "route", "dialect"),
    "requested_model": "model",
    **_same("stream", "context", "project", "scores", "complexity", "routing", "experiment", "arm", "phase"),
    **_same("prompt", "persona"),
    "task_type": "task",
    "estimated_prompt_tokens": "prompt_tokens",
}
_SETTLED: _Fields = {
    **_same("status", "http_status", "provider", "model", "model_version", "finish"),
    **_same("latency_ms", "upstream_ms", "first_token_ms", "overhead_us", "generated_chars"),
    **_same("decision", "schema_violation", "audio_seconds"),
    **_same("cache", "cache_key", "cached_from", "saved_nanos", "saved_ms"),
}
_ATTEMPT: _Fields = _same(
    *("provider", "model", "credential", "started_ms", "took_ms", "first_token_ms"),
    *("status", "http_status", "error"),
)
_PRICE: _Fields = {
    "price_input": "input",
    "price_output": "output",
    "price_cached": "cached",
    "price_cache_write": "cache_write",
    "price_revision": "revision",
}
_COST = ("cost_input_nanos", "cost_output_nanos", "cost_nanos")
_PRICING = ("pricing", "processing", "charges")
_COUNTED = ("unpriced", "attempts", "retries", "fell_back", "original_provider", "fallback_reason")
_READ = ("at_ms", "tags", "prompt_hash", "estimated_cost_nanos", "type")

_of_opened = _reader(Opened, _OPENED)
_of_settled = _reader(Settled, _SETTLED)
_of_attempt = _reader(Attempt, _ATTEMPT)
_of_usage = _reader(Usage, _USAGE)
_of_price = _reader(PriceUsed, _PRICE)

_INTERACTION_COLUMNS = (*_OPENED, *_SETTLED, *_USAGE, *_PRICE, *_COST, *_PRICING, *_COUNTED, *_READ)
_ATTEMPT_COLUMNS = ("interaction_id", "n", *_ATTEMPT, *_USAGE, *_COST, *_PRICING)
_NO_PRICE = (None,) * len(_PRICE)
_ONCE = (0, False, None, None)
"""Retries and fallbacks of an interaction of one attempt."""

_LOOK_UP = 500  # ids in one statement; SQLite may be built to take no more than 999


class Store:
    """Adds interactions to the database. Adding one again changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._interactions = BulkInsert(INTERACTIONS, _INTERACTION_COLUMNS, skip_present=True)
        self._attempts = BulkInsert(ATTEMPTS, _ATTEMPT_COLUMNS)

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
    """The values of `_INTERACTION_COLUMNS`, in their order."""
    opened, settled = interaction
    usage, estimate, price = settled.usage, opened.estimated_cost, settled.price
    several = len(settled.attempts) > 1
    return (
        *_of_opened(astuple(opened)),
        *_of_settled(astuple(settled)),
        *_of_usage(astuple(usage)),
        *(_NO_PRICE if price is None else _of_price(astuple(price))),
        *_cost(settled.cost),
        *_pricing(settled.pricing, usage),
        settled.unpriced,
        len(settled.attempts),
        *(
            (settled.retries, settled.fell_back, settled.original_provider, settled.fallback_reason)
            if several
            else _ONCE
        ),
        opened.at_ms,
        _json(opened.tags).decode() if opened.tags else None,
        opened.prompt_hash or None,
        None if estimate is None else estimate.total_nanos,
        interaction_type(opened.kind, opened.use_case),
    )


def _attempt(interaction_id: str, n: int, attempt: Attempt) -> tuple[object, ...]:
    """The values of `_ATTEMPT_COLUMNS`, in their order."""
    usage = attempt.usage
    return (
        interaction_id,
        n,
        *_of_attempt(astuple(attempt)),
        *_of_usage(astuple(usage)),
        *_cost(attempt.cost),
        *_pricing(attempt.pricing, usage),
    )


def _cost(cost: Cost | None) -> tuple[object, ...]:
    """The values of `_COST`, in their order."""
    if cost is None:
        return (None, None, None)
    return (cost.input_nanos, cost.output_nanos, cost.input_nanos + cost.output_nanos)


def _pricing(pricing: str, usage: Usage) -> tuple[object, ...]:
    """The values of `_PRICING`, in their order."""
    return (pricing, usage.processing or None, charges_text(usage))
