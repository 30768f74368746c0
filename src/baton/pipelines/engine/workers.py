"""Who carries runs out, and since when nothing was heard of them."""

from collections.abc import Iterable

from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from baton.core.clock import Clock
from baton.pipelines.engine.tables import WORKERS
from baton.storage.database import Database

_W = WORKERS.c
_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_FORGOTTEN_LEASES = 100
_CUT_OFF = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name")


def connections_of(worker: str) -> str:
    """What a server calls the connections of a worker."""
    return f"baton runs {worker}"


class Workers:
    """The leases of all processes. Everything here raises `Unavailable` while the database is away.

    Clocks of several machines may differ by what is left of a lease when its holder lets go by itself.
    """

    def __init__(self, database: Database, clock: Clock, lease_s: float) -> None:
        self._database = database
        self._clock = clock
        self._lease_ms = int(lease_s * 1000)

    async def beat(self, worker: str, recipes: Iterable[str]) -> None:
        """It lives, and knows these recipes."""
        values = {"seen_ms": self._now_ms(), "recipes": "\n".join(sorted(recipes))}
        async with self._database.append() as connection:
            await connection.execute(
                _INSERTS[connection.dialect.name](WORKERS)
                .values(id=worker, **values)
                .on_conflict_do_update(index_elements=[_W.id], set_=values)
            )

    async def cut_off(self, worker: str) -> None:
        """It is dead or stands still: what it is in the middle of writing must hold up nobody."""
        async with self._database.append() as connection:
            if connection.dialect.name == "postgresql":  # in SQLite nobody else can end a transaction
                await connection.execute(_CUT_OFF, {"name": connections_of(worker)})

    async def leave(self, worker: str) -> None:
        """It is gone: what it has not finished is for others, at once."""
        async with self._database.append() as connection:
            await connection.execute(delete(WORKERS).where(_W.id == worker))

    async def living(self) -> dict[str, frozenset[str]]:
        """The recipes of each whose lease has not run out."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(_W.id, _W.recipes).where(_W.seen_ms > self._now_ms() - self._lease_ms)
            )
            return {row.id: frozenset(row.recipes.split("\n")) for row in rows}

    async def forget(self) -> None:
        """Those long dead: whoever is not among the living is dead, listed or not."""
        async with self._database.append() as connection:
            await connection.execute(
                delete(WORKERS).where(_W.seen_ms < self._now_ms() - _FORGOTTEN_LEASES * self._lease_ms)
            )

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)
