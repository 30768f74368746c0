"""The ledger's rows as they lie in the database, and all that belongs to an interaction together."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.ledger.repricings import Repricing
from baton.ledger.tables import ATTEMPTS, FEEDBACK, REPRICINGS


class InteractionRow(Struct, frozen=True, kw_only=True):
    """One interaction as it is stored; `rows.Opened` and `rows.Settled` say what the fields mean."""

    id: str
    at_ms: int
    tenant: str
    user_id: str
    key_id: str
    tier: str
    session: str | None
    agent: str | None
    use_case: str | None
    route: str
    dialect: str
    requested_model: str
    stream: bool
    tags: str | None
    """A JSON object of texts."""
    context: str | None
    """JSON."""
    prompt_hash: str | None
    estimated_prompt_tokens: int
    estimated_cost_nanos: int | None
    status: str
    http_status: int | None
    provider: str | None
    model: str | None
    model_version: str | None
    finish: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    audio_in_tokens: int
    audio_out_tokens: int
    usage_estimated: bool
    price_input: int | None
    price_output: int | None
    price_cached: int | None
    price_cache_write: int | None
    price_revision: str | None
    cost_input_nanos: int
    cost_output_nanos: int
    cost_nanos: int
    unpriced: bool
    latency_ms: int | None
    upstream_ms: int | None
    first_token_ms: int | None
    overhead_us: int | None
    generated_chars: int
    attempts: int
    retries: int
    fell_back: bool
    decision: str | None
    """A sentence."""
    schema_violation: str | None
    audio_seconds: float | None
    type: str | None
    """None: written by a version that did not record it yet."""
    project: str | None
    original_provider: str | None
    fallback_reason: str | None
    pricing: str
    """`priced`, `partly_priced` or `unpriced`."""
    cache_write_long_tokens: int
    processing: str | None
    scores: str | None
    """A JSON object of numbers."""
    image_in_tokens: int
    image_out_tokens: int
    charges: str | None
    """A JSON object of counts, `charges.py`."""
    task_type: str | None
    complexity: float | None
    routing: str | None
    """JSON: `gateway/routing/noted.py`."""
    cache: str | None
    """`exact`, `semantic` or `dedup`."""
    cache_key: str | None
    cached_from: str | None
    saved_nanos: int
    saved_ms: int
    experiment: str | None
    arm: str | None
    phase: str | None
    prompt: str | None
    persona: str | None


class AttemptRow(Struct, frozen=True, kw_only=True):
    """One attempt as it is stored; `rows.Attempt` says what the fields mean."""

    interaction_id: str
    n: int
    provider: str
    model: str
    credential: str
    started_ms: int
    took_ms: int
    first_token_ms: int | None
    status: str
    http_status: int | None
    error: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    audio_in_tokens: int
    audio_out_tokens: int
    usage_estimated: bool
    cost_input_nanos: int | None
    cost_output_nanos: int | None
    cost_nanos: int | None
    pricing: str
    cache_write_long_tokens: int
    processing: str | None
    image_in_tokens: int
    image_out_tokens: int
    charges: str | None
    """A JSON object of counts, `charges.py`."""


class FeedbackRow(Struct, frozen=True, kw_only=True):
    """Somebody's opinion of an answer; the last one that was given."""

    interaction_id: str
    user_id: str
    """Who gave it: the interaction's user, or an admin."""
    at_ms: int
    score: int
    """1 (bad) … 5 (good)."""
    comment: str | None


class Whole(Struct, frozen=True, kw_only=True):
    """An interaction with all that belongs to it."""

    interaction: InteractionRow
    attempts: tuple[AttemptRow, ...]
    """In the order they were made; none where they were not asked for."""
    feedback: FeedbackRow | None
    repriced: Repricing | None
    """What it costs at prices known later; None: it was not priced again."""


async def wholes(
    connection: AsyncConnection, rows: Sequence[RowMapping], *, attempts: bool
) -> tuple[Whole, ...]:
    """What belongs to these interactions, in their order; at most 500, SQLite takes no more than 999 ids.

    `attempts`: whether they are wanted.
    """
    if not rows:
        return ()
    found = [msgspec.convert(row, InteractionRow) for row in rows]
    ids = [row.id for row in found]
    tried: dict[str, list[AttemptRow]] = defaultdict(list)
    if attempts:
        owner = ATTEMPTS.c.interaction_id
        query = select(ATTEMPTS).where(owner.in_(ids)).order_by(owner, ATTEMPTS.c.n)
        for row in (await connection.execute(query)).mappings():
            tried[row["interaction_id"]].append(msgspec.convert(row, AttemptRow))
    thoughts = select(FEEDBACK).where(FEEDBACK.c.interaction_id.in_(ids))
    thought = {
        row["interaction_id"]: msgspec.convert(row, FeedbackRow)
        for row in (await connection.execute(thoughts)).mappings()
    }
    repricings = select(REPRICINGS).where(REPRICINGS.c.interaction_id.in_(ids))
    repriced = {
        row["interaction_id"]: msgspec.convert(row, Repricing)
        for row in (await connection.execute(repricings)).mappings()
    }
    return tuple(
        Whole(
            interaction=row,
            attempts=tuple(tried.get(row.id, ())),
            feedback=thought.get(row.id),
            repriced=repriced.get(row.id),
        )
        for row in found
    )
