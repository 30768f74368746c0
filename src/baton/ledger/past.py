"""A period of the ledger as backtests look at it: few columns of many rows, page after page."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select

from baton.core.usage import Usage
from baton.ledger.charges import with_charges
from baton.ledger.moments import id_from
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database

PAGE = 500
"""Interactions held in memory at a time."""

_DIGITS = 8
"""Of an id's end, in which nothing but chance lies."""


class Period(Struct, frozen=True, kw_only=True):
    """Which interactions are meant."""

    since_ms: int
    """Unix milliseconds, inclusive."""
    until_ms: int
    """Unix milliseconds, exclusive."""


class PastRow(Struct, frozen=True, gc=False):
    """One interaction; `stored.InteractionRow` says what the columns mean. The fields are in their order."""

    id: str
    at_ms: int
    user_id: str
    key_id: str
    tier: str
    agent: str | None
    use_case: str | None
    type: str | None
    task_type: str | None
    complexity: float | None
    status: str
    provider: str | None
    model: str | None
    cache: str | None
    attempts: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_long_tokens: int
    reasoning_tokens: int
    audio_in_tokens: int
    audio_out_tokens: int
    image_in_tokens: int
    image_out_tokens: int
    processing: str | None
    charges: str | None
    usage_estimated: bool
    cost_nanos: int
    unpriced: bool
    latency_ms: int | None
    routing: str | None

    @property
    def served_by(self) -> str | None:
        """`provider/name`; None: nobody answered."""
        return None if self.provider is None else f"{self.provider}/{self.model}"

    @property
    def usage(self) -> Usage:
        """What the answer took."""
        return with_charges(
            Usage(
                prompt=self.prompt_tokens,
                completion=self.completion_tokens,
                cached=self.cached_tokens,
                cache_write=self.cache_write_tokens,
                reasoning=self.reasoning_tokens,
                audio_in=self.audio_in_tokens,
                audio_out=self.audio_out_tokens,
                estimated=self.usage_estimated,
                cache_write_long=self.cache_write_long_tokens,
                processing=self.processing or "",
                image_in=self.image_in_tokens,
                image_out=self.image_out_tokens,
            ),
            self.charges,
        )


_COLUMNS = tuple(INTERACTIONS.c[name] for name in PastRow.__struct_fields__)
_ID = INTERACTIONS.c.id


class Past:
    """Reads it; `Interactions` says how fresh it is."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[object]]) -> None:
        """`flush`: brings what has ended to the database."""
        self._database = database
        self._flush = flush

    async def count(self, period: Period) -> int:
        """How many interactions there are.

        Raises:
            Unavailable: the database is away.
        """
        await self._flush()
        async with self._database.read() as connection:
            query = select(func.count()).select_from(INTERACTIONS).where(*_conditions(period))
            return int((await connection.execute(query)).scalar_one())

    async def pages(self, period: Period, share: float = 1.0) -> AsyncGenerator[list[PastRow]]:
        """All of them, oldest first, in pages of at most `PAGE`; `share` below 1: about so many of all, drawn
        by chance, the same ones each time.

        Raises:
            Unavailable: the database is away.
        """
        conditions = _conditions(period)
        if share < 1:
            below = int(share * 16**_DIGITS)
            conditions.append(func.substr(_ID, 37 - _DIGITS) < f"{below:0{_DIGITS}x}")
        query = select(*_COLUMNS).where(*conditions).order_by(_ID).limit(PAGE)
        after: str | None = None
        await self._flush()
        while True:
            later = query if after is None else query.where(after < _ID)
            async with self._database.read() as connection:
                page = [PastRow(*row) for row in await connection.execute(later)]
            if not page:
                return
            yield page
            after = page[-1].id


def _conditions(period: Period) -> list[ColumnElement[bool]]:
    return [id_from(period.since_ms) <= _ID, id_from(period.until_ms) > _ID]
