"""The databases that a ledger can be kept in, and what is found in them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from tests.postgres import Postgres
from tests.redis_server import RedisServer

from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from benchmarks.systems.processes import Stage, Unfit

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
KINDS = (SQLITE, POSTGRESQL)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a ledger holds."""

    interactions: int
    attempts: int
    cost_nanos: int
    ids: int
    """The 128-bit ids of all interactions, combined by exclusive or: of equally many others it differs."""


@contextmanager
def databases(stage: Stage, kind: str) -> Iterator[Callable[[], str]]:
    """Gives a function that makes an empty database of a kind and returns its URL.

    PostgreSQL is the tests' own, from a wheel. It inherits this process's core: the one of load and upstream.
    """
    if kind == SQLITE:
        yield lambda: f"sqlite:///{stage.folder('database')}/baton.db"
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Postgres())
        except (OSError, RuntimeError) as error:
            raise Unfit(f"PostgreSQL did not start: {error}") from error
        yield server.new_database


@contextmanager
def shared_state() -> Iterator[str]:
    """The URL of an empty Redis: the tests' own, on the core of load and upstream."""
    try:
        with RedisServer() as server:
            yield server.url
    except (OSError, RuntimeError) as error:
        raise Unfit(f"Redis did not start: {error}") from error


async def rows_of(database_url: str) -> Rows:
    """Counts the rows and adds them up; raises `Unfit` where interactions and attempts disagree."""
    ids = 0
    async with Database(StorageSettings(url=database_url)) as database, database.read() as connection:
        counting = select(func.count(), func.coalesce(func.sum(INTERACTIONS.c.cost_nanos), 0))
        interactions, cost_nanos = (await connection.execute(counting)).one()
        counting = select(func.count(), func.coalesce(func.sum(ATTEMPTS.c.cost_nanos), 0))
        attempts, of_attempts_nanos = (await connection.execute(counting)).one()
        async for one in await connection.stream_scalars(select(INTERACTIONS.c.id)):
            ids ^= UUID(one).int
    if cost_nanos != of_attempts_nanos:
        raise Unfit(f"interactions cost {cost_nanos} nano-USD, their attempts {of_attempts_nanos}")
    return Rows(interactions, attempts, int(cost_nanos), ids)
