"""What has begun and not ended, in the database: the journal of machines that keep no file."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, text, union

from baton.ledger.framing import unframed
from baton.ledger.rows import Opened
from baton.ledger.tables import BEGINNINGS, HEARTBEATS
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database

_BEAT = text(
    "INSERT INTO heartbeats (owner, beat) VALUES (:owner, 1)"
    " ON CONFLICT (owner) DO UPDATE SET beat = heartbeats.beat + 1"
)
_ENDED = delete(BEGINNINGS).where(BEGINNINGS.c.id == bindparam("gone"))
_OWNERS = union(select(HEARTBEATS.c.owner), select(BEGINNINGS.c.owner)).subquery()


class Beginnings:
    """Beginnings of all processes, each with its owner. All raises `Unavailable` as the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = BulkInsert(BEGINNINGS, ("id", "owner", "record"), skip_present=True)

    async def write(
        self,
        owner: str,
        begun: Sequence[tuple[str, bytes]],
        gone: Sequence[str],
        again: Sequence[str] = (),
    ) -> None:
        """Add some (id and record as in the journal), take away others, in one transaction. `again`: of those
        that are added, which take the place of what is there."""
        async with self._database.append() as connection:
            if again:
                await connection.execute(_ENDED, [{"gone": id} for id in again])
            await self._insert(connection, [(id, owner, record) for id, record in begun])
            if gone:
                await connection.execute(_ENDED, [{"gone": id} for id in gone])

    async def of(self, owner: str, count: int) -> list[Opened]:
        """An owner's, oldest first, at most `count`.

        Raises:
            Unreadable: a newer version wrote one of them.
        """
        query = (
            select(BEGINNINGS.c.record)
            .where(BEGINNINGS.c.owner == owner)
            .order_by(BEGINNINGS.c.id)
            .limit(count)
        )
        async with self._database.read() as connection:
            records = (await connection.execute(query)).scalars().all()
        return [record for each in records if isinstance(record := unframed(each), Opened)]

    async def beat(self, owner: str) -> None:
        """Say that an owner lives."""
        async with self._database.append() as connection:
            await connection.execute(_BEAT, {"owner": owner})

    async def beats(self) -> dict[str, int | None]:
        """How often each owner said so; None: it left no word, but beginnings."""
        query = select(_OWNERS.c.owner, HEARTBEATS.c.beat).select_from(
            _OWNERS.outerjoin(HEARTBEATS, HEARTBEATS.c.owner == _OWNERS.c.owner)
        )
        async with self._database.read() as connection:
            return {row.owner: row.beat for row in await connection.execute(query)}

    async def forget(self, owner: str) -> None:
        """An owner has nothing left, or leaves."""
        async with self._database.append() as connection:
            await connection.execute(delete(HEARTBEATS).where(HEARTBEATS.c.owner == owner))
