"""What users have chosen, at hand for every request and kept in the database."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec
from msgspec import structs

from baton.access.preferences import rows
from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, OptOut, Preferences
from baton.core.clock import Clock
from baton.core.errors import Conflict, NotFound
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database
from baton.storage.notices import Notices, bump

TOPIC = "user_choices"
"""What the notices call a change of them."""

_json = msgspec.json.Encoder(order="deterministic").encode


class UserChoices:
    """Everybody's choices: read without waiting, changed in one transaction with the audit.

    A change is in force here when the call returns, and in every other process within a second. Changing
    raises `Unavailable` while the database is away.
    """

    def __init__(self, database: Database, notices: Notices, clock: Clock, scribe: Scribe) -> None:
        self._database = database
        self._notices = notices
        self._clock = clock
        self._scribe = scribe
        self._held: dict[str, Choices] = {}
        self._serial = 0
        self._turn = asyncio.Lock()
        self._unsubscribe: Callable[[], None] | None = None

    async def open(self) -> None:
        """Load them and follow their changes.

        Raises:
            Unavailable: the database is away.
        """
        self._unsubscribe = self._notices.subscribe(TOPIC, self._follow)
        await self._follow()

    async def close(self) -> None:
        """Follow no more changes; what was loaded stays readable."""
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def of(self, user_id: str) -> Choices:
        """What a user has chosen; a look-up, on the request's path."""
        return self._held.get(user_id, NOTHING_CHOSEN)

    async def prefer(
        self,
        user_id: str,
        change: Callable[[Preferences], Preferences],
        actor: Actor,
        expected: int | None = None,
    ) -> Choices:
        """Change a user's preferences. `expected`: the revision that is meant; None: whichever it is.

        The same again makes no new revision.

        Raises:
            NotFound: no such user.
            Conflict: another revision is current (code `revision_conflict`).
        """

        def changed(before: Choices) -> Choices:
            if expected not in (None, before.revision):
                raise Conflict(
                    f"The preferences were changed meanwhile: they are at revision {before.revision}, not at"
                    f" revision {expected}. Read them again first.",
                    code="revision_conflict",
                )
            return structs.replace(before, preferences=change(before.preferences))

        return await self._change(user_id, changed, actor, "update")

    async def opt_out(self, user_id: str, actor: Actor) -> Choices:
        """Have no AI serve a user from now on. Doing it again changes nothing.

        Raises:
            NotFound: no such user.
        """

        def changed(before: Choices) -> Choices:
            if before.opt_out is not None:
                return before
            wish = OptOut(at_ms=int(self._clock.wall() * 1000), by=actor.id)
            return structs.replace(before, opt_out=wish)

        return await self._change(user_id, changed, actor, "opt_out")

    async def opt_in(self, user_id: str, actor: Actor) -> Choices:
        """Have AI serve a user again. Doing it again changes nothing.

        Raises:
            NotFound: no such user.
        """
        return await self._change(
            user_id, lambda before: structs.replace(before, opt_out=None), actor, "opt_in"
        )

    async def _change(
        self, user_id: str, change: Callable[[Choices], Choices], actor: Actor, action: str
    ) -> Choices:
        async with self._database.write() as connection:
            if not await rows.is_user(connection, user_id):
                raise NotFound("There is no such user.")
            before = await rows.of(connection, user_id)
            after = change(before)
            if after == before:
                return before
            after = structs.replace(after, revision=before.revision + 1)
            await rows.store(connection, user_id, after)
            written = Change(
                action=action,
                kind="user_choices",
                key=user_id,
                before=_json(before).decode() if before.revision else None,
                after=_json(after).decode(),
            )
            await self._scribe.append(connection, actor, int(self._clock.wall() * 1000), [written])
            await bump(connection, TOPIC)
        await self._notices.poll()
        return after

    async def _follow(self) -> None:
        """Take over what has changed; rows are never taken away while somebody is a user."""
        async with self._turn:
            async with self._database.read() as connection:
                changed, serial = await rows.since(connection, self._serial)
            self._held.update(changed)
            self._serial = serial
