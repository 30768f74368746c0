"""Giving the audit out, which the audit itself tells of."""

from collections.abc import AsyncGenerator

import msgspec

from baton.core.clock import Clock
from baton.records.audit.entry import Actor, AuditEntry, AuditFilter, Change
from baton.records.audit.scribe import Scribe
from baton.records.audit.trail import Trail
from baton.records.kind import MASK
from baton.storage.database import Database

AUDIT = "audit"
"""The kind by which the audit names itself."""


class Exports:
    """Gives out entries, oldest first. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, trail: Trail, scribe: Scribe, clock: Clock) -> None:
        self._database = database
        self._trail = trail
        self._scribe = scribe
        self._clock = clock

    async def begin(self, wanted: AuditFilter, actor: Actor) -> AsyncGenerator[tuple[AuditEntry, ...]]:
        """Write down that this is given out, and to whom; then all of it that there is, some at a time."""
        told = wanted if wanted.source is None else msgspec.structs.replace(wanted, source=MASK)
        asked = msgspec.json.encode(told).decode()
        change = Change(action="export", kind=AUDIT, key=AUDIT, before=None, after=asked)
        async with self._database.write() as connection:
            await self._scribe.append(connection, actor, int(self._clock.wall() * 1000), [change])
        return self._trail.all(wanted)
