"""Sessions: begun, found, renewed, ended. They lie in the database alone, so one that is ended is ended in
every process at once."""

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity import rows
from baton.access.identity.entities import User
from baton.access.signin.entities import Opened, Present, Seen, Session, Visitor
from baton.access.signin.ground import Ground
from baton.access.signin.tables import INVITATIONS, SESSIONS
from baton.core.errors import NotFound, Unauthenticated
from baton.records.audit.entry import Actor, Change

KIND = "session"

_USE_EVERY_MS = 60_000
"""How late the last use may be: else each request would be a write."""

_OWING_MS = 600_000
"""How long a second factor may be owed."""

_FRESH_MS = 600_000
"""How long a second factor that was shown counts for dangerous acts."""

_LONGEST_AGENT = 255


class Lifetimes(Struct, frozen=True, kw_only=True):
    """When a session ends by itself (NIST SP 800-63B-4, section 2.2.3, has these for its middle level)."""

    idle_s: float = 3600.0
    """Unused for so long."""
    whole_s: float = 86_400.0
    """However much it is used."""


class Sessions:
    """Every session of this installation.

    Everything raises `Unavailable` while the database is away.
    """

    def __init__(self, ground: Ground, lifetimes: Lifetimes) -> None:
        self._ground = ground
        self._idle_ms = int(lifetimes.idle_s * 1000)
        self._whole_ms = int(lifetimes.whole_s * 1000)

    async def find(self, token: str) -> Present:
        """Whose session this is; its use is noted.

        Raises:
            Unauthenticated: there is none, it has ended, or its user may not sign in; code `session_ended`.
        """
        now_ms = self._ground.now_ms()
        digest = self._ground.tokens.session(token)
        async with self._ground.database.read() as connection:
            row = (
                (await connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest)))
                .mappings()
                .one_or_none()
            )
            session = None if row is None else self._session(row)
            user = None if session is None else await owner(connection, session.user_id)
        if session is None or user is None or not self._lives(session, now_ms):
            raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")
        if now_ms - session.used_at_ms >= _USE_EVERY_MS:
            await self._use(session, now_ms)
        return Present(session, user)

    def fresh(self, session: Session) -> bool:
        """Whether the second factor was shown so lately that something dangerous may be done."""
        shown_ms = session.factor_at_ms
        return shown_ms is not None and self._ground.now_ms() - shown_ms < _FRESH_MS

    async def begin(
        self, connection: AsyncConnection, user_id: str, visitor: Visitor, *, complete: bool
    ) -> Opened:
        """A session of somebody who has just shown their password; those that have ended by themselves go."""
        now_ms = self._ground.now_ms()
        await self._sweep(connection, now_ms)
        token = self._ground.tokens.make()
        session = Session(
            id=self._ground.new_id(),
            user_id=user_id,
            digest=self._ground.tokens.session(token),
            complete=complete,
            created_at_ms=now_ms,
            used_at_ms=now_ms,
            expires_at_ms=now_ms + (self._whole_ms if complete else _OWING_MS),
            factor_at_ms=None,
            seen=Seen(visitor.address, visitor.agent[:_LONGEST_AGENT]),
        )
        seen = self._ground.seal.close(msgspec.json.encode(session.seen), user_id)
        values = {name: getattr(session, name) for name in session.__struct_fields__}
        await connection.execute(insert(SESSIONS), [{**values, "seen": seen}])
        return Opened(session=session, token=token)

    async def renew(
        self, connection: AsyncConnection, session: Session, *, factor_at_ms: int | None = None
    ) -> Opened:
        """The same session under a new token, complete now; the old token is worth nothing from here on.

        Raises:
            Unauthenticated: it was ended or renewed meanwhile; code `session_ended`.
        """
        token = self._ground.tokens.make()
        renewed = msgspec.structs.replace(
            session,
            digest=self._ground.tokens.session(token),
            complete=True,
            used_at_ms=self._ground.now_ms(),
            expires_at_ms=session.created_at_ms + self._whole_ms,
            factor_at_ms=factor_at_ms if factor_at_ms is not None else session.factor_at_ms,
        )
        changed = {
            name: getattr(renewed, name)
            for name in ("digest", "complete", "used_at_ms", "expires_at_ms", "factor_at_ms")
        }
        statement = update(SESSIONS).where(SESSIONS.c.digest == session.digest).values(changed)
        if (await connection.execute(statement)).rowcount != 1:
            raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")
        return Opened(session=renewed, token=token)

    async def of(self, user_id: str) -> tuple[Session, ...]:
        """A user's sessions that live, oldest first."""
        query = (
            select(SESSIONS)
            .where(SESSIONS.c.user_id == user_id, SESSIONS.c.complete)
            .order_by(SESSIONS.c.created_at_ms, SESSIONS.c.id)
        )
        async with self._ground.database.read() as connection:
            found = [self._session(row) for row in (await connection.execute(query)).mappings()]
        now_ms = self._ground.now_ms()
        return tuple(session for session in found if self._lives(session, now_ms))

    async def end(self, user_id: str, session_id: str, actor: Actor) -> None:
        """End one session.

        Raises:
            NotFound: this user has no such session.
        """
        statement = delete(SESSIONS).where(SESSIONS.c.id == session_id, SESSIONS.c.user_id == user_id)
        async with self._ground.database.write() as connection:
            if (await connection.execute(statement)).rowcount != 1:
                raise NotFound("There is no such session.")
            change = Change(action="sign_out", kind=KIND, key=session_id, before=None, after=None)
            await self._ground.write_down(connection, actor, change)

    async def forget(self, token: str) -> None:
        """End the session of this token, if there is one: its browser begins another."""
        digest = self._ground.tokens.session(token)
        async with self._ground.database.write() as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))

    async def end_all(self, user_id: str, actor: Actor) -> int:
        """End every session of a user; how many there were."""
        async with self._ground.database.write() as connection:
            ended = await self.end_others(connection, user_id, None)
            change = Change(action="sign_out_everywhere", kind="user", key=user_id, before=None, after=None)
            await self._ground.write_down(connection, actor, change)
        return ended

    async def end_others(self, connection: AsyncConnection, user_id: str, but: str | None) -> int:
        """End every session of a user but one (its id; None: every one), in a transaction of the caller's."""
        statement = delete(SESSIONS).where(SESSIONS.c.user_id == user_id)
        if but is not None:
            statement = statement.where(SESSIONS.c.id != but)
        return (await connection.execute(statement)).rowcount

    async def _use(self, session: Session, now_ms: int) -> None:
        moved = (
            update(SESSIONS)
            .where(SESSIONS.c.digest == session.digest, SESSIONS.c.used_at_ms < now_ms)
            .values(used_at_ms=now_ms)
        )
        async with self._ground.database.write() as connection:
            await connection.execute(moved)

    async def _sweep(self, connection: AsyncConnection, now_ms: int) -> None:
        idle = SESSIONS.c.used_at_ms < now_ms - self._idle_ms - _USE_EVERY_MS
        await connection.execute(delete(SESSIONS).where((SESSIONS.c.expires_at_ms <= now_ms) | idle))

    def _lives(self, session: Session, now_ms: int) -> bool:
        return now_ms < session.expires_at_ms and now_ms - session.used_at_ms < self._idle_ms

    def _session(self, row: RowMapping) -> Session:
        seen = msgspec.json.decode(self._ground.seal.open(row["seen"], row["user_id"]), type=Seen)
        values: dict[str, Any] = {**row, "seen": seen}
        return Session(**values)


async def show_out(connection: AsyncConnection, user_id: str) -> None:
    """End every session of a user who is disabled, and their invitation: once enabled, they sign in anew."""
    for table in (SESSIONS, INVITATIONS):
        await connection.execute(delete(table).where(table.c.user_id == user_id))


async def owner(connection: AsyncConnection, user_id: str) -> User | None:
    """The user, if they may sign in."""
    user = await rows.user(connection, user_id)
    return None if user is None or user.disabled_at_ms is not None else user
