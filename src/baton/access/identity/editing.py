"""How everything of this room is changed: one transaction with its audit row, noticed by every process."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from msgspec import UNSET, Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.entities import ApiKey, User
from baton.core.clock import Clock
from baton.core.errors import Conflict, Outdated
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database
from baton.storage.notices import Notices, bump

TOPIC = "identity"
"""What the notices call a change of users, keys or projects."""

_PERSONAL = frozenset({"name", "email", "locale", "subject"})
"""Of a user: the audit outlives the person's data."""

_PERSONAL_OF_KEYS = frozenset({"name"})


class Edit:
    """One change under way."""

    def __init__(self, connection: AsyncConnection, scribe: Scribe, actor: Actor, now_ms: int) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self._scribe = scribe
        self._actor = actor

    async def note(
        self, action: str, kind: str, key: str, before: Struct | None, after: Struct | None
    ) -> None:
        """Have the audit know how the thing was and is; None: it was or is not there."""
        change = Change(action=action, kind=kind, key=key, before=_json(before), after=_json(after))
        await self._scribe.append(self.connection, self._actor, self.now_ms, [change])

    async def note_key(self, action: str, key: ApiKey, before: ApiKey | None, after: ApiKey | None) -> None:
        """The same of a key, `key`: what its owner calls it, "Ada's laptop", is kept as the owner's own."""
        change = Change(
            action=action,
            kind="api_key",
            key=key.id,
            before=_json(before),
            after=_json(after),
            person=key.user_id,
            personal=_PERSONAL_OF_KEYS,
        )
        await self._scribe.append(self.connection, self._actor, self.now_ms, [change])

    async def note_user(self, action: str, user_id: str, before: User | None, after: User | None) -> None:
        """The same of a user, whose name and the like are kept under a key of their own."""
        change = Change(
            action=action,
            kind="user",
            key=user_id,
            before=_json(before),
            after=_json(after),
            person=user_id,
            personal=_PERSONAL,
        )
        await self._scribe.append(self.connection, self._actor, self.now_ms, [change])


class Editing:
    """Begins changes. All of it raises `Unavailable` while the database is away; then nothing was changed."""

    def __init__(self, database: Database, notices: Notices, clock: Clock, scribe: Scribe) -> None:
        self._database = database
        self._notices = notices
        self._clock = clock
        self._scribe = scribe

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Look without changing."""
        return self._database.read()

    @asynccontextmanager
    async def edit(self, actor: Actor) -> AsyncGenerator[Edit]:
        """Change something; in force here at the end, and in every other process within a second."""
        async with self._database.write() as connection:
            await bump(connection, TOPIC)  # first: another process that starts now waits here
            yield Edit(connection, self._scribe, actor, self.now_ms)
        await self._notices.poll()

    @property
    def now_ms(self) -> int:
        """Of the wall clock."""
        return int(self._clock.wall() * 1000)


def require_revision(current: int, meant: int | None) -> None:
    """Let nobody change what they have not seen. `meant` None: whichever it is.

    Raises:
        Conflict: it was changed meanwhile; code `revision_conflict`.
    """
    if meant not in (None, current):
        raise Conflict(f"It was changed meanwhile: its revision is {current}.", code=Outdated.code)


def said(change: Struct) -> dict[str, object]:
    """The fields of a change that are set."""
    values = ((name, getattr(change, name)) for name in change.__struct_fields__)
    return {name: value for name, value in values if value is not UNSET}


def _json(value: Struct | None) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="deterministic").decode()
