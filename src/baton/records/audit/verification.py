"""Examining the audit: every row against its signature, the row before it, the head and an anchor."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.records.audit import heads
from baton.records.audit.heads import HeadState
from baton.records.audit.keys import AuditKeys
from baton.records.audit.link import GENESIS, SIGNED, Head, Stored, sign_row
from baton.records.audit.persons import Persons
from baton.records.audit.scribe import ERASURE, PERSON, Scribe
from baton.records.audit.tables import AUDIT_ENTRIES, AUDIT_PERSONS
from baton.records.audit.verdict import Anchor, Break, Flaw, Verdict
from baton.records.audit.witness import Witness
from baton.storage.database import Database
from baton.storage.faults import is_undecodable

MOST_BREAKS = 20
"""So many are told one by one: a chain that was cut in pieces has one for each."""

_BATCH = 500
"""Rows read and examined at a time: some milliseconds."""

_COLUMNS = ", ".join(f'"{name}"' for name in (*SIGNED, "digest"))
_ROWS = text(f"SELECT {_COLUMNS} FROM audit_entries WHERE id >= :since ORDER BY id LIMIT :most")  # noqa: S608  names of ours
_NEXT = text("SELECT id FROM audit_entries WHERE id >= :since ORDER BY id LIMIT 1")
_FIRST_ID, _LAST_ID = -(2**63), 2**63 - 1
_ID, _PREVIOUS, _DIGEST = SIGNED.index("id"), SIGNED.index("previous"), len(SIGNED)

_OF_HEADS = MappingProxyType(
    {
        HeadState.FRESH: Flaw.NOT_BEGUN,
        HeadState.FORGED: Flaw.HEAD_FORGED,
        HeadState.MISSING: Flaw.HEAD_MISSING,
    }
)

Row = Sequence[Any]
Progress = Callable[[int], None]


class Verification:
    """Examines the audit of a database. Raises `Unavailable` while that is away."""

    def __init__(
        self,
        database: Database,
        keys: AuditKeys,
        witness: Witness | None = None,
        scribe: Scribe | None = None,
    ) -> None:
        """`witness`: what was seen as the end before; told what is the end now, if all holds. `scribe`: who
        writes in this process, and knows what was committed since.
        """
        self._database = database
        self._witness = witness
        self._scribe = scribe
        self._chain = keys.chain
        self._persons = Persons(keys.persons)

    async def run(self, anchor: Anchor | None = None, progress: Progress | None = None) -> Verdict:
        """Examine everything there is at this moment. `progress` is told how many rows are done.

        With neither an anchor nor a witness, nothing tells today's audit from an older state of it that was
        put back whole.
        """
        kept = None if self._witness is None else await self._witness.remembered()
        seen = None if self._scribe is None else self._scribe.seen
        wanted = ((Flaw.ANCHOR, anchor), (Flaw.ROLLED_BACK, kept), (Flaw.ROLLED_BACK, seen))
        walk = _Walk(self._chain, [(flaw, each) for flaw, each in wanted if each is not None])
        async with self._database.read() as connection:
            state, head = await heads.read(connection, self._chain)
            async for rows in _batches(connection, walk.unreadable):
                await asyncio.to_thread(walk.over, rows)
                if progress is not None:
                    progress(walk.rows)
            walk.end(state, head)
            for person in [] if walk.blind else await self._wronged(connection):
                walk.found(Flaw.PERSON, person=person)
        verdict = walk.verdict(head)
        if self._witness is not None and verdict.anchor is not None:
            await self._database.harden()
            await self._witness.remember(verdict.anchor)
        return verdict

    async def _wronged(self, connection: AsyncConnection) -> list[str]:
        """Persons whose key is missing or none of ours, or was destroyed with no erasure in the audit."""
        entry = AUDIT_ENTRIES.c
        told = select(entry.key).where(entry.kind == PERSON, entry.action == ERASURE)
        erased = set((await connection.execute(told)).scalars())
        named = select(entry.actor_id).where(entry.address.is_not(None)).distinct()
        owning = select(entry.person).where(entry.personal.is_not(None)).distinct()
        needed = {*(await connection.execute(named)).scalars(), *(await connection.execute(owning)).scalars()}
        stored = set((await connection.execute(select(AUDIT_PERSONS.c.id))).scalars())
        broken = needed - stored
        keys = await self._persons.all(connection)
        for person, key in keys.items():
            if key is None or key.is_erased is not (person in erased):
                broken.add(person)
        return sorted(map(str, broken))


async def _batches(
    connection: AsyncConnection, unreadable: Callable[[int], None]
) -> AsyncGenerator[Sequence[Row]]:
    """All rows in the order of their ids, past the columns' types, which could not convert just anything."""
    since, most = _FIRST_ID, _BATCH
    while since <= _LAST_ID:
        try:
            rows = (await connection.execute(_ROWS, {"since": since, "most": most})).all()
        except DBAPIError as error:
            if not is_undecodable(error):
                raise
            if most > 1:
                most = 1
                continue
            broken = int((await connection.execute(_NEXT, {"since": since})).scalar_one())
            unreadable(broken)
            since, most = broken + 1, _BATCH
            continue
        if not rows:
            return
        yield rows
        since = rows[-1][_ID] + 1


class _Walk:
    """Goes along the chain, row by row."""

    def __init__(self, key: bytes, anchors: Sequence[tuple[Flaw, Anchor]]) -> None:
        """`anchors`: what must be met on the way, each with the flaw that it is not to meet it."""
        self._key = key
        self._missed: list[tuple[Flaw, Anchor]] = [
            (flaw, each) for flaw, each in anchors if each != Anchor(0, GENESIS)
        ]
        self._digest: Stored = GENESIS
        self._last_id: Stored = 0
        self._breaks: list[Break] = []
        self._more = 0
        self.rows = 0
        self.blind = False
        """Whether some row cannot be read, so that nothing can be searched for in all of them."""

    def over(self, rows: Sequence[Row]) -> None:
        """Go over the next rows. After a break it goes on behind it, to tell what else does not hold."""
        for row in rows:
            self.rows += 1
            digest = row[_DIGEST]
            self._last_id = row[_ID]
            if not isinstance(digest, bytes):
                self.found(Flaw.UNCHAINED, row=_number(row[_ID]))
            elif not hmac.compare_digest(digest, sign_row(self._key, row[:_DIGEST])):
                self.found(Flaw.CHANGED, row=_number(row[_ID]))
            elif row[_PREVIOUS] != self._digest:
                self.found(Flaw.MOVED, row=_number(row[_ID]))
            self._digest = digest
            if self._missed:
                met = (self.rows, digest)
                self._missed = [each for each in self._missed if (each[1].rows, each[1].digest) != met]

    def unreadable(self, row: int) -> None:
        """There is a row that cannot be read."""
        self.rows += 1
        self.blind = True
        self.found(Flaw.UNREADABLE, row=row)
        self._last_id, self._digest = row, None

    def end(self, state: HeadState, head: Head | None) -> None:
        """Hold the end against the head."""
        if head is not None:
            if (head.rows, head.last_id, head.digest) != (self.rows, self._last_id, self._digest):
                self.found(Flaw.END_MISSING)
        else:
            self.found(_OF_HEADS[state])
        for flaw in dict.fromkeys(flaw for flaw, _ in self._missed):
            self.found(flaw)

    def found(self, flaw: Flaw, *, row: int | None = None, person: str | None = None) -> None:
        """Something does not hold."""
        if len(self._breaks) < MOST_BREAKS:
            self._breaks.append(Break(flaw, row, person))
        else:
            self._more += 1

    def verdict(self, head: Head | None) -> Verdict:
        """What was found on the whole way."""
        holds = not self._breaks
        end = Anchor(0, GENESIS) if head is None else Anchor(head.rows, head.digest)
        return Verdict(
            rows=self.rows,
            begun_ms=None if head is None else head.begun_ms,
            older_rows=0 if head is None else head.older_rows,
            anchor=end if holds else None,
            breaks=tuple(self._breaks),
            more=self._more,
        )


def _number(value: Stored) -> int | None:
    return value if isinstance(value, int) else None
