"""Who carries out a request, and what came of it: the database decides, for all processes alike."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from msgspec import Struct
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.idempotency.kept import Asked, Kept, sealed, unsealed
from baton.access.idempotency.tables import CLAIMS
from baton.access.signin.seal import Seal
from baton.core.clock import Clock
from baton.core.errors import Busy, Conflict, TooMany, Unavailable
from baton.storage.database import Database
from baton.storage.faults import away

_C = CLAIMS.c
_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_TRIES = 5
"""How often a claim is tried whose row was there and then was not."""
_TOO_MANY_S = 3600.0
"""What is told to whoever has claimed too many; the first of them go within a day."""
_SWEPT_AT_ONCE = 1000
_RENEWED_AT_ONCE = 500


class Bounds(Struct, frozen=True, kw_only=True):
    """How long, how much and how many."""

    kept_s: float = 24 * 3600.0
    """Decision 23."""
    lease_s: float = 30.0
    """How long a claim holds whose process does not renew it: that process is dead, or stood still for six
    renewals. Clocks of several machines may differ by less than what is left of it then, 25 s."""
    renew_s: float = 5.0
    patience_s: float = 5.0
    """How long a request waits for the database: a server that says nothing any more must not hold it."""
    wait_s: float = 1.0
    """What is told to whoever asks for what is under way."""
    answer_bytes: int = 8 << 20
    """A few pictures; a longer answer is not kept."""
    user_bytes: int = 256 << 20
    """Of all answers of one user; beyond it none is kept."""
    user_claims: int = 100_000
    """Of one user within 24 h: more than one a second all day long."""


class _Row(Struct, frozen=True):
    digest: bytes
    request_id: str
    lease_until_ms: int
    expires_at_ms: int
    ended_at_ms: int | None
    sealed: bytes | None


_FOUND = select(*(_C[name] for name in _Row.__struct_fields__))


class _Used(Struct):
    claims: int
    size: int


class Claims:
    """Lets each request be carried out by one, and keeps its answer."""

    def __init__(
        self, database: Database, seal: Seal, clock: Clock, holder: str, bounds: Bounds | None = None
    ) -> None:
        """`holder`: this process, by a name that no other has or had."""
        self._database = database
        self._seal = seal
        self._clock = clock
        self._holder = holder
        self.bounds = bounds or Bounds()
        self._open: dict[str, str] = {}
        """The claims of this process: id → request."""
        self._unfinished: dict[str, tuple[Asked, bytes | None]] = {}
        """Claims that have ended while the database was away, with their sealed answers."""
        self._used: dict[str, _Used] = {}
        """What users have, as far as this process has seen since it was last counted."""

    async def claim(self, asked: Asked) -> Kept | None:
        """Claim a request; None: it is the asker's to carry out, and to `finish` or `release`. Else its
        answer.

        Raises:
            Conflict: the key was used for another request (`idempotency_key_reused`), or the answer is not
                there any more (`idempotency_answer_not_kept`).
            Busy: it is under way.
            TooMany: the user has claimed too many.
            Unavailable: the database is away, or the answer unreadable.
        """
        for _ in range(_TRIES):
            async with self._connected() as connection:
                there = await _found(connection, asked.id)
                void = there is None or self._void(there, asked)
                used = None if there is not None else await self._room(connection, asked.user_id)
                claimed = void and await self._claimed(connection, asked)
            if claimed:  # and told so by now: what is renewed for ever must be somebody's
                self._open[asked.id] = asked.request_id
                if used is not None:
                    used.claims += 1
                return None
            if there is not None and not void:
                return await self._answer(there, asked)
        raise self._busy()

    async def _answer(self, there: _Row, asked: Asked) -> Kept:
        """What became of a request that somebody else has claimed; raises as `claim`."""
        if there.digest != asked.digest:
            raise Conflict(
                "This Idempotency-Key was used for another request; use a new one for each.",
                code="idempotency_key_reused",
            )
        if there.ended_at_ms is None:
            raise self._busy()
        if there.sealed is None:
            raise Conflict(
                f"This request was carried out as {there.request_id}; its answer was too big to be kept.",
                code="idempotency_answer_not_kept",
            )
        return await unsealed(self._seal, there.sealed, asked.id)

    async def finish(self, asked: Asked, kept: Kept | None) -> bool:
        """It is carried out; whether its answer is kept for who asks again. None: it is too big for that.

        Raises:
            Unavailable: the database is away; `renew` tries again, and until then it counts as under way.
        """
        closed = None
        if kept is not None and len(kept.body) <= self.bounds.answer_bytes:
            closed = await sealed(self._seal, kept, asked.id)
        try:
            return await self._end(asked, closed)
        except Unavailable:
            self._unfinished[asked.id] = (asked, closed if self._fits(closed) else None)
            raise
        finally:
            if asked.id not in self._unfinished:
                self._let_go(asked)

    async def _end(self, asked: Asked, closed: bytes | None) -> bool:
        async with self._connected() as connection:
            used = await self._usage(connection, asked.user_id)
            if used.size + len(closed or b"") > self.bounds.user_bytes:
                closed = None
            size = len(closed or b"")
            found = await connection.execute(
                update(CLAIMS)
                .where(_C.id == asked.id, _C.request_id == asked.request_id)
                .values(ended_at_ms=self._now_ms(), sealed=closed, size=size)
            )
        used.size += size
        return closed is not None and found.rowcount == 1

    def _fits(self, closed: bytes | None) -> bool:
        """Whether an answer may wait in memory for its database."""
        waiting = sum(len(each or b"") for _, each in self._unfinished.values())
        return waiting + len(closed or b"") <= self.bounds.user_bytes

    async def release(self, asked: Asked) -> None:
        """It came to nothing: whoever asks again has it carried out.

        Raises:
            Unavailable: the database is away; then the claim lasts as long as its lease.
        """
        self._let_go(asked)
        async with self._connected() as connection:
            await connection.execute(
                delete(CLAIMS).where(
                    _C.id == asked.id, _C.request_id == asked.request_id, _C.ended_at_ms.is_(None)
                )
            )

    async def renew(self) -> None:
        """The claims of this process last on.

        Raises:
            Unavailable: the database is away.
        """
        for asked, closed in list(self._unfinished.values()):
            await self._end(asked, closed)
            del self._unfinished[asked.id]
            self._let_go(asked)
        mine = list(self._open)
        for start in range(0, len(mine), _RENEWED_AT_ONCE):
            some = mine[start : start + _RENEWED_AT_ONCE]
            async with self._connected() as connection:
                await connection.execute(
                    update(CLAIMS)
                    .where(_C.id.in_(some), _C.holder == self._holder, _C.ended_at_ms.is_(None))
                    .values(lease_until_ms=self._lease_ms(self._now_ms()))
                )

    async def sweep(self) -> int:
        """Forget what is older than a day; how many there were.

        Raises:
            Unavailable: the database is away.
        """
        self._used.clear()
        old = select(_C.id).where(_C.expires_at_ms <= self._now_ms()).limit(_SWEPT_AT_ONCE)
        gone = 0
        while True:
            async with self._connected() as connection:
                found = await connection.execute(delete(CLAIMS).where(_C.id.in_(old)))
            gone += found.rowcount
            if found.rowcount < _SWEPT_AT_ONCE:
                return gone

    async def _claimed(self, connection: AsyncConnection, asked: Asked) -> bool:
        """Put the row there, in the place of one that means nothing any more; one statement, so that of many
        who try at once one succeeds."""
        now_ms = self._now_ms()
        row = {
            "user_id": asked.user_id,
            "digest": asked.digest,
            "request_id": asked.request_id,
            "holder": self._holder,
            "lease_until_ms": self._lease_ms(now_ms),
            "expires_at_ms": now_ms + int(self.bounds.kept_s * 1000),
            "ended_at_ms": None,
            "size": 0,
            "sealed": None,
        }
        dead = and_(_C.ended_at_ms.is_(None), _C.lease_until_ms <= now_ms, _C.digest == asked.digest)
        statement = (
            _INSERTS[connection.dialect.name](CLAIMS)
            .values(id=asked.id, **row)
            .on_conflict_do_update(
                index_elements=[_C.id], set_=row, where=or_(_C.expires_at_ms <= now_ms, dead)
            )
            .returning(_C.request_id)
        )
        return (await connection.execute(statement)).one_or_none() is not None

    def _void(self, there: _Row, asked: Asked) -> bool:
        """Whether a row holds nobody back any more: its day is over, or whoever claimed it is dead."""
        now_ms = self._now_ms()
        if there.expires_at_ms <= now_ms:
            return True
        return there.ended_at_ms is None and there.lease_until_ms <= now_ms and there.digest == asked.digest

    async def _room(self, connection: AsyncConnection, user_id: str) -> _Used:
        """What a user has who may claim one more.

        Raises:
            TooMany: they may not.
        """
        used = await self._usage(connection, user_id)
        if used.claims >= self.bounds.user_claims:
            raise TooMany(
                f"More than {self.bounds.user_claims} requests with an Idempotency-Key in 24 hours.",
                code="too_many_idempotency_keys",
                retry_after_s=_TOO_MANY_S,
            )
        return used

    async def _usage(self, connection: AsyncConnection, user_id: str) -> _Used:
        used = self._used.get(user_id)
        if used is None:
            counted = select(func.count(), func.coalesce(func.sum(_C.size), 0)).where(_C.user_id == user_id)
            claims, size = (await connection.execute(counted)).one()
            used = self._used[user_id] = _Used(claims, int(size))
        return used

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction, if it can be had and done in time.

        Raises:
            Unavailable: it cannot.
        """
        try:
            async with asyncio.timeout(self.bounds.patience_s), self._database.append() as connection:
                yield connection
        except TimeoutError:
            raise away("it does not answer") from None

    def _busy(self) -> Busy:
        return Busy(
            "A request with this Idempotency-Key is under way.",
            code="idempotency_in_progress",
            retry_after_s=self.bounds.wait_s,
        )

    def _let_go(self, asked: Asked) -> None:
        if self._open.get(asked.id) == asked.request_id:
            del self._open[asked.id]

    def _lease_ms(self, now_ms: int) -> int:
        return now_ms + int(self.bounds.lease_s * 1000)

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


async def _found(connection: AsyncConnection, claim_id: str) -> _Row | None:
    found = (await connection.execute(_FOUND.where(_C.id == claim_id))).one_or_none()
    return None if found is None else _Row(*found)
