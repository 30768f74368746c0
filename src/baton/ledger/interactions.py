"""Looking interactions up: newest first, or one with its attempts."""

import re
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct
from sqlalchemy import Column, ColumnElement, false, func, or_, select

from baton.core.errors import Invalid, NotFound, Unavailable
from baton.ledger.moments import id_from
from baton.ledger.repricings import Repricing
from baton.ledger.tables import ATTEMPTS, INTERACTIONS, REPRICINGS
from baton.storage.database import Database

MAX_PAGE = 500

_ID = INTERACTIONS.c.id
_PART_OF_ID = re.compile(r"[0-9a-f-]{1,36}")
_EQUAL = ("user_id", "provider", "status", "key_id", "use_case", "agent", "project", "session", "type")
_json = msgspec.json.Encoder().encode


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
    """JSON."""
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


class Filter(Struct, frozen=True, kw_only=True):
    """Which interactions; None: any."""

    user_id: str | None = None
    provider: str | None = None
    """Who served it."""
    model: str | None = None
    """Served, or asked for."""
    status: str | None = None
    since_ms: int | None = None
    """Unix milliseconds, inclusive."""
    until_ms: int | None = None
    """Unix milliseconds, exclusive."""
    key_id: str | None = None
    use_case: str | None = None
    agent: str | None = None
    project: str | None = None
    session: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    """`key=value`, or `key` with any value; all of them."""
    id_prefix: str | None = None


class Page(Struct, frozen=True, kw_only=True):
    """Some interactions, newest first."""

    items: tuple[InteractionRow, ...]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


class Interactions:
    """Reads from the database, once this process's own ended interactions have got there.

    Where they do not get there in a second, and for those of other processes (a fraction of a second
    old), the answer is what the database has.
    """

    def __init__(self, database: Database, flush: Callable[[], Awaitable[bool]]) -> None:
        """`flush`: brings what has ended to the database; whether all of it got there."""
        self._database = database
        self._flush = flush

    async def page(self, wanted: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
        """At most `limit` (1 … `MAX_PAGE`) interactions, those after `cursor`.

        Raises:
            Invalid: a cursor that is not ours.
            Unavailable: the database is away.
        """
        limit = min(max(limit, 1), MAX_PAGE)
        query = select(INTERACTIONS).where(*conditions(wanted)).order_by(_ID.desc()).limit(limit + 1)
        if cursor is not None:
            if not _PART_OF_ID.fullmatch(cursor):
                raise Invalid("The cursor is not one that this list gave.", param="cursor")
            query = query.where(cursor > _ID)
        await self._flush()
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = tuple(msgspec.convert(row, InteractionRow) for row in rows[:limit])
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    async def one(
        self, interaction_id: str, *, user_id: str | None = None
    ) -> tuple[InteractionRow, list[AttemptRow]]:
        """One interaction and its attempts in the order they were made; `user_id`: only if it is theirs.

        Raises:
            NotFound: there is none, or it is another's.
            Unavailable: the database is away, or so far behind that it may be on its way there.
        """
        query = select(INTERACTIONS).where(*theirs(interaction_id, user_id))
        tried = select(ATTEMPTS).where(ATTEMPTS.c.interaction_id == interaction_id).order_by(ATTEMPTS.c.n)
        complete = await self._flush()
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                raise absent(complete)
            attempts = (await connection.execute(tried)).mappings().all()
        return (
            msgspec.convert(row, InteractionRow),
            [msgspec.convert(attempt, AttemptRow) for attempt in attempts],
        )

    async def repricing(self, interaction_id: str) -> Repricing | None:
        """What an interaction costs at prices known later; None: it was not priced again.

        Raises:
            Unavailable: the database is away.
        """
        query = select(REPRICINGS).where(REPRICINGS.c.interaction_id == interaction_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else msgspec.convert(row, Repricing)


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """The filter as SQL; times are compared with the time in the id, which is the key."""
    found: list[ColumnElement[bool]] = []
    columns = INTERACTIONS.c
    for name in _EQUAL:
        value: str | None = getattr(wanted, name)
        if value is not None:
            found.append(_is(columns[name], value))
    if wanted.model is not None:
        found.append(or_(_is(columns.model, wanted.model), _is(columns.requested_model, wanted.model)))
    found += [_tagged(tag) for tag in wanted.tags]
    if wanted.since_ms is not None:
        found.append(columns.id >= id_from(wanted.since_ms))
    if wanted.until_ms is not None:
        found.append(columns.id < id_from(wanted.until_ms))
    if wanted.id_prefix:
        prefix = wanted.id_prefix.lower()
        if not _PART_OF_ID.fullmatch(prefix):
            return [false()]
        found += [columns.id >= prefix, columns.id < f"{prefix}g"]  # behind every digit, in any collation
    return found


def theirs(interaction_id: str, user_id: str | None) -> list[ColumnElement[bool]]:
    """One interaction as SQL; `user_id`: only if it is theirs."""
    found = [_is(_ID, interaction_id)]
    if user_id is not None:
        found.append(_is(INTERACTIONS.c.user_id, user_id))
    return found


def absent(complete: bool) -> NotFound | Unavailable:
    """What to say where an interaction is not found. `complete`: all that has ended was looked through."""
    if complete:
        return NotFound("There is no such interaction.")
    return Unavailable(
        "The interaction, if there is one, has not reached the database yet; ask again.", code="ledger_behind"
    )


def _is(column: Column[str], value: str) -> ColumnElement[bool]:
    """No text with a NUL in it was ever stored, and PostgreSQL refuses to look for one."""
    return false() if "\0" in value else column == value


def _tagged(tag: str) -> ColumnElement[bool]:
    """Tags lie as one JSON object of texts, written compactly: a pair in it begins behind `{` or `,`, and
    within a text no quote stands behind these without a backslash between.
    """
    key, equals, value = tag.partition("=")
    pair = f"{_json(key).decode()}:{_json(value).decode() if equals else chr(34)}"
    return or_(
        *(func.replace(INTERACTIONS.c.tags, start + pair, "") != INTERACTIONS.c.tags for start in "{,")
    )
