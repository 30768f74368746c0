"""What everything in this room stands on."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.seal import Seal
from baton.access.signin.tokens import Tokens
from baton.core.clock import Clock
from baton.core.ids import UuidV7
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The database, the audit, the time, and how secrets are made and kept."""

    database: Database
    scribe: Scribe
    clock: Clock
    new_id: UuidV7
    tokens: Tokens
    seal: Seal

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return int(self.clock.wall() * 1000)

    async def write_down(self, connection: AsyncConnection, actor: Actor, *changes: Change) -> None:
        """Into the audit, in the transaction of the change."""
        await self.scribe.append(connection, actor, self.now_ms(), changes)
