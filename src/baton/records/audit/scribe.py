"""Writing the audit, in the transaction of the change itself."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from baton.records.audit import trail
from baton.records.audit.entry import Actor, Change
from baton.records.audit.keys import AuditKeys


class Scribe:
    """Writes down what is changed."""

    def __init__(self, keys: AuditKeys) -> None:
        self._keys = keys

    async def append(
        self, connection: AsyncConnection, actor: Actor, at_ms: int, changes: Sequence[Change]
    ) -> None:
        """Write down the changes in the transaction that makes them."""
        await trail.append(connection, actor, at_ms, changes)
