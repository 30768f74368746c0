"""Writing the audit, in the transaction of the change itself."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.records.audit import heads
from baton.records.audit.entry import ADDRESS, CHANNELS, Actor, Change
from baton.records.audit.heads import End, HeadState
from baton.records.audit.keys import AuditKeys
from baton.records.audit.link import FORM, SIGNED, Stored, sign_row
from baton.records.audit.older import any_chained, hang_in
from baton.records.audit.personal import Personal, parted
from baton.records.audit.persons import Part, PersonKey, Persons
from baton.records.audit.tables import AUDIT_ENTRIES
from baton.records.audit.verdict import Anchor
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database, after_commit

ERASURE = "erase"
PERSON = "person"
"""The action and the kind by which the audit tells that a person's values were destroyed."""

_INSERT = BulkInsert(AUDIT_ENTRIES, (*SIGNED, "digest"))

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Scribe:
    """Writes down what is changed, each row hanging on the one before it.

    Writers wait for each other at the chain's head, from their first row to the end of their transaction.
    What is committed is remembered: a seal that was good once can be put back, with the rows of its day.
    """

    def __init__(self, keys: AuditKeys, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._chain = keys.chain
        self._persons = Persons(keys.persons, random_bytes)
        self._listeners: list[Callable[[], None]] = []
        self._doubted = False
        self.seen: Anchor | None = None
        """Where the chain ended when this process last saw it, as far as it was committed."""
        self.missed = False
        """Whether that was gone afterwards."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it where the chain does not end as it should."""
        self._listeners.append(listener)

    async def begin(self, database: Database, at_ms: int, remembered: Anchor | None = None) -> Anchor | None:
        """Begin the chain where there is none, and hang the rows in that are older; gives where it ends.

        `remembered`: where it was last seen to end. With that, a head that says that nothing has begun, or
        that of a chain without it, is not believed. None: it is broken, and needs to be examined.

        Raises:
            Unavailable: the database is away.
        """
        self.seen, self.missed, self._doubted = None, False, True  # who begins is told, and tells others
        if remembered is None:
            async with database.read() as connection:
                state, _ = await heads.read(connection, self._chain)
            if state is HeadState.FRESH:
                async with database.write() as connection:
                    await self._begin(connection, at_ms)
        end = await self.look(database, remembered)
        self._doubted = end is None
        return end

    async def look(self, database: Database, remembered: Anchor | None = None) -> Anchor | None:
        """Where the chain ends now; None: it lacks what was seen before, here or as `remembered`.

        Raises:
            Unavailable: the database is away.
        """
        seen = self.seen  # first: it may know less than the database, never more
        async with database.read() as connection:
            state, head = await heads.read(connection, self._chain)
            if head is not None and not await heads.meets(connection, head, seen):
                state, self.missed = HeadState.ROLLED_BACK, True
            elif head is not None and not await heads.meets(connection, head, remembered):
                state = HeadState.ROLLED_BACK
        if head is None or state is not HeadState.GOOD:
            if not self._doubted:
                self._doubt(state)
            return None
        end = Anchor(head.rows, head.digest)
        self._saw(end)
        return end

    async def append(
        self, connection: AsyncConnection, actor: Actor, at_ms: int, changes: Sequence[Change]
    ) -> None:
        """Write down the changes in the transaction that makes them.

        Where the chain's end is not known any more, because somebody has tampered with its head, this goes on
        and leaves the head as it is: changes must stay possible, and no new seal may hide what was done. A
        chain that was put back to an earlier end goes on from there; what is remembered tells of it.
        """
        end = await self._end(connection)
        keys = await self._keys(connection, actor, changes, at_ms)
        source, address = actor.source, None
        if actor.source not in CHANNELS:
            source, address = ADDRESS, keys[actor.id].seal(Part.ADDRESS, actor.source.encode())
        rows: list[tuple[Stored, ...]] = []
        last_id, digest = end.last_id, end.digest
        for change in changes:
            before, after, personal = _told(change, keys)
            last_id += 1
            named = (actor.id, source, change.action, change.kind, change.key)
            said = (before, after, address, change.person, personal)
            values = (FORM, last_id, at_ms, *named, *said, digest)
            digest = sign_row(self._chain, values)
            rows.append((*values, digest))
        await _INSERT(connection, rows)
        if end.head is not None:
            count = end.head.rows + len(rows)
            moved = msgspec.structs.replace(end.head, rows=count, last_id=last_id, digest=digest)
            await heads.move(connection, self._chain, moved)
            if end.state is HeadState.GOOD:
                after_commit(connection, partial(self._saw, Anchor(count, digest)))

    async def erase(self, connection: AsyncConnection, person: str, actor: Actor, at_ms: int) -> None:
        """Destroy the key of a person's values in the audit, and write that down; again, it does nothing."""
        await self._end(connection)  # keys are made and destroyed behind the head's lock only
        if await self._persons.erase(connection, person, at_ms):
            gone = Change(action=ERASURE, kind=PERSON, key=person, before=None, after=None)
            await self.append(connection, actor, at_ms, [gone])

    async def _begin(self, connection: AsyncConnection, at_ms: int) -> None:
        """Begin the chain, unless somebody was quicker; rows that hang in one are not hung in again."""
        state, _ = await heads.read(connection, self._chain, lock=True)
        if state is HeadState.FRESH and not await any_chained(connection):
            head = await hang_in(connection, self._chain, self._persons, at_ms)
            await heads.move(connection, self._chain, head)

    async def _end(self, connection: AsyncConnection) -> End:
        """What the next row follows."""
        end = await heads.end(connection, self._chain, self.seen)
        if end.state is not HeadState.GOOD:
            self.missed |= end.state is HeadState.ROLLED_BACK
            self._doubt(end.state)
        return end

    def _doubt(self, state: HeadState) -> None:
        self._doubted = True
        _log.error("audit_broken", head=state, effect="changes are written; the audit does not verify")
        for listener in self._listeners:
            listener()

    def _saw(self, end: Anchor) -> None:
        """It was committed; of two that come at once the later one may be told first."""
        if self.seen is None or end.rows > self.seen.rows:
            self.seen = end

    async def _keys(
        self, connection: AsyncConnection, actor: Actor, changes: Sequence[Change], at_ms: int
    ) -> Mapping[str, PersonKey]:
        """The keys of everybody of whom something personal is said."""
        people = {change.person for change in changes if change.person is not None and change.personal}
        if actor.source not in CHANNELS:
            people.add(actor.id)
        return {person: await self._persons.key(connection, person, at_ms) for person in sorted(people)}


def _told(change: Change, keys: Mapping[str, PersonKey]) -> tuple[str | None, str | None, bytes | None]:
    """What it was, what it is, and what of both is the person's own, sealed."""
    if change.person is None or not change.personal:
        return change.before, change.after, None
    before, own_before = parted(change.before, change.personal)
    after, own_after = parted(change.after, change.personal)
    own = msgspec.json.encode(Personal(before=own_before, after=own_after))
    return before, after, keys[change.person].seal(Part.PERSONAL, own)
