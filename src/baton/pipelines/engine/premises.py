"""What a worker stands on: its database, its clock, its way to the loop that serves requests."""

from dataclasses import dataclass

from baton.core.clock import Clock
from baton.pipelines.engine.bell import Bell
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.orders import Orders
from baton.pipelines.engine.reading import Reading
from baton.pipelines.engine.store import RunStore
from baton.pipelines.engine.work import Across
from baton.storage.database import Database


@dataclass(frozen=True, slots=True)
class Premises:
    """Made once for each worker, on its loop."""

    database: Database
    clock: Clock
    across: Across
    bell: Bell
    store: RunStore
    orders: Orders
    reading: Reading


def furnish(database: Database, content: Content, clock: Clock, across: Across) -> Premises:
    """All of it, on a database that is open."""
    bell = Bell()
    return Premises(
        database=database,
        clock=clock,
        across=across,
        bell=bell,
        store=RunStore(database, content, clock, bell),
        orders=Orders(database, content, clock, bell),
        reading=Reading(database, content),
    )
