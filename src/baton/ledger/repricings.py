"""Second figures for past interactions, beside those that were recorded."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, or_, select

from baton.core.usage import Usage
from baton.ledger.charges import with_charges
from baton.ledger.moments import id_from
from baton.ledger.rows import PARTLY_PRICED, PRICED, UNPRICED, Cost
from baton.ledger.tables import ATTEMPTS, INTERACTIONS, REPRICINGS
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database

BATCH = 500
"""Interactions read, priced and stored at a time; each batch is one transaction."""


class Which(StrEnum):
    """Interactions by how much of their cost is known."""

    ALL = "all"
    UNPRICED = "unpriced"
    """Nothing."""
    PARTLY = "partly"
    """Some of it."""


class Span(Struct, frozen=True, kw_only=True):
    """Which interactions to price again."""

    since_ms: int
    """Unix milliseconds, inclusive."""
    until_ms: int
    """Unix milliseconds, exclusive."""
    model: str | None = None
    """Served: its name, or `provider/name`."""
    which: Which = Which.ALL


class Spent(Struct, frozen=True, kw_only=True):
    """One attempt of the past."""

    provider: str
    model: str
    at_ms: int
    """When its interaction began, Unix milliseconds: the moment whose prices hold."""
    usage: Usage


class Priced(Struct, frozen=True, kw_only=True):
    """What an attempt costs."""

    cost: Cost | None
    """None: no price is known."""
    version: str
    """Of the prices; empty where there are none."""
    partly: bool = False
    """Whether something was used that no price is known for."""


Pricer = Callable[[Spent], Priced]


class Repricing(Struct, frozen=True, kw_only=True):
    """The second figure of an interaction."""

    interaction_id: str
    at_ms: int
    """When it was worked out, Unix milliseconds."""
    price_revision: str
    """The versions of the prices of its attempts, each once, in their order."""
    cost_input_nanos: int
    cost_output_nanos: int
    cost_nanos: int
    unpriced: bool
    """Whether an attempt has no known price even now."""
    pricing: str
    """`priced`, `partly_priced` or `unpriced`, as of interactions."""


class Repriced(Struct, frozen=True, kw_only=True):
    """An interaction with both of its figures."""

    model: str
    """`provider/name` of who served it, else of who was asked first."""
    recorded_nanos: int
    recorded_pricing: str
    stored: Repricing | None
    """A second figure that was there before."""
    found: Repricing

    @property
    def differs(self) -> bool:
        """Whether the second figure says anything that is not on record."""
        if self.stored is not None:
            return msgspec.structs.replace(self.found, at_ms=self.stored.at_ms) != self.stored
        return (self.recorded_nanos, self.recorded_pricing) != (self.found.cost_nanos, self.found.pricing)


class Repricings:
    """Prices interactions again, oldest first; what was recorded of them is never touched."""

    def __init__(self, database: Database, pricer: Pricer, scribe: Scribe) -> None:
        self._database = database
        self._pricer = pricer
        self._scribe = scribe

    async def batches(self, span: Span, now_ms: int) -> AsyncGenerator[list[Repriced]]:
        """All interactions of the span with both figures, `BATCH` at a time.

        Raises:
            Unavailable: the database is away.
        """
        after = id_from(span.since_ms)
        first = True
        while True:
            begin = INTERACTIONS.c.id >= after if first else after < INTERACTIONS.c.id
            found = await self._batch([begin, *_conditions(span)], now_ms)
            if not found:
                return
            yield found
            first, after = False, found[-1].found.interaction_id

    async def store(self, repriced: Iterable[Repriced], actor: Actor) -> int:
        """Store the second figures that say something new, with their audit, in one transaction.

        Returns how many those were. Storing the same again stores nothing.

        Raises:
            Unavailable: the database is away; then nothing of this batch was stored.
        """
        news = [each for each in repriced if each.differs]
        if not news:
            return 0
        ids = [each.found.interaction_id for each in news]
        rows = [msgspec.structs.asdict(each.found) for each in news]
        change = Change(
            action="reprice",
            kind="interaction",
            key=f"{ids[0]} - {ids[-1]}",
            before=_told(len(news), sum(_before(each) for each in news)),
            after=_told(len(news), sum(each.found.cost_nanos for each in news)),
        )
        async with self._database.write() as connection:
            await connection.execute(delete(REPRICINGS).where(REPRICINGS.c.interaction_id.in_(ids)))
            await connection.execute(insert(REPRICINGS), rows)
            await self._scribe.append(connection, actor, news[0].found.at_ms, [change])
        return len(news)

    async def _batch(self, conditions: Sequence[ColumnElement[bool]], now_ms: int) -> list[Repriced]:
        query = select(INTERACTIONS).where(*conditions).order_by(INTERACTIONS.c.id).limit(BATCH)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            ids = [row["id"] for row in rows]
            tried = select(ATTEMPTS).where(ATTEMPTS.c.interaction_id.in_(ids))
            tried = tried.order_by(ATTEMPTS.c.interaction_id, ATTEMPTS.c.n)
            attempts: dict[str, list[RowMapping]] = {}
            for attempt in (await connection.execute(tried)).mappings():
                attempts.setdefault(attempt["interaction_id"], []).append(attempt)
            again = select(REPRICINGS).where(REPRICINGS.c.interaction_id.in_(ids))
            stored = {
                row["interaction_id"]: msgspec.convert(row, Repricing)
                for row in (await connection.execute(again)).mappings()
            }
        return [
            self._repriced(row, attempts.get(row["id"], []), stored.get(row["id"]), now_ms) for row in rows
        ]

    def _repriced(
        self, row: RowMapping, attempts: list[RowMapping], stored: Repricing | None, now_ms: int
    ) -> Repriced:
        priced = [self._pricer(_spent(row, attempt)) for attempt in attempts]
        known = [each.cost for each in priced if each.cost is not None]
        input_nanos = sum(cost.input_nanos for cost in known)
        output_nanos = sum(cost.output_nanos for cost in known)
        versions = dict.fromkeys(each.version for each in priced if each.version)
        return Repriced(
            model=_model(row, attempts),
            recorded_nanos=row["cost_nanos"],
            recorded_pricing=row["pricing"],
            stored=stored,
            found=Repricing(
                interaction_id=row["id"],
                at_ms=now_ms,
                price_revision=", ".join(versions),
                cost_input_nanos=input_nanos,
                cost_output_nanos=output_nanos,
                cost_nanos=input_nanos + output_nanos,
                unpriced=len(known) < len(priced),
                pricing=_pricing(priced),
            ),
        )


def _conditions(span: Span) -> list[ColumnElement[bool]]:
    columns = INTERACTIONS.c
    found: list[ColumnElement[bool]] = [columns.id < id_from(span.until_ms)]
    if span.model is not None:
        provider, slash, name = span.model.partition("/")
        both = (columns.provider == provider) & (columns.model == name)
        found.append(or_(columns.model == span.model, both) if slash else columns.model == span.model)
    match span.which:
        case Which.ALL:
            pass
        case Which.UNPRICED:
            found += [columns.unpriced.is_(True), columns.cost_nanos == 0]
        case Which.PARTLY:
            some = and_(columns.unpriced.is_(True), columns.cost_nanos > 0)
            found.append(or_(columns.pricing == PARTLY_PRICED, some))
    return found


def _pricing(priced: Sequence[Priced]) -> str:
    if any(each.cost is None for each in priced):
        return UNPRICED
    return PARTLY_PRICED if any(each.partly for each in priced) else PRICED


def _spent(row: RowMapping, attempt: RowMapping) -> Spent:
    usage = Usage(
        prompt=attempt["prompt_tokens"],
        completion=attempt["completion_tokens"],
        cached=attempt["cached_tokens"],
        cache_write=attempt["cache_write_tokens"],
        reasoning=attempt["reasoning_tokens"],
        audio_in=attempt["audio_in_tokens"],
        audio_out=attempt["audio_out_tokens"],
        estimated=attempt["usage_estimated"],
        cache_write_long=attempt["cache_write_long_tokens"],
        processing=attempt["processing"] or "",
        image_in=attempt["image_in_tokens"],
        image_out=attempt["image_out_tokens"],
    )
    return Spent(
        provider=attempt["provider"],
        model=attempt["model"],
        at_ms=row["at_ms"],
        usage=with_charges(usage, attempt["charges"]),
    )


def _model(row: RowMapping, attempts: list[RowMapping]) -> str:
    if row["provider"] is not None:
        return f"{row['provider']}/{row['model']}"
    if attempts:
        return f"{attempts[0]['provider']}/{attempts[0]['model']}"
    return str(row["requested_model"])


def _before(each: Repriced) -> int:
    return each.recorded_nanos if each.stored is None else each.stored.cost_nanos


def _told(interactions: int, nanos: int) -> str:
    return msgspec.json.encode({"interactions": interactions, "costNanos": nanos}).decode()
