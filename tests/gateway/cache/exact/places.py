"""The places where answers are kept, behind one door: what holds for one holds for all."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Protocol

from baton.access.signin.seal import Seal
from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.clock import SystemClock
from baton.core.losses import Feature, Losses
from baton.core.messages import Text
from baton.core.usage import Usage
from baton.gateway.admission.shared.counters import Counters, Passed
from baton.gateway.admission.shared.state import SCRIPTS, State
from baton.gateway.cache.exact.database_store import DatabaseStore
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.look import SharedLook
from baton.gateway.cache.exact.marks import Marks, Veil
from baton.gateway.cache.exact.memory_store import MemoryStore
from baton.gateway.cache.exact.others import Bounds, Others
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.cache.exact.store import Room
from baton.gateway.cache.rules import Reach
from baton.storage.database import Database
from baton.storage.keyvalue.line import Line
from baton.storage.settings import StorageSettings
from tests.redis_server import RedisServer

PACKING = Packing(Seal(b"k" * 32))
VEIL = Veil(b"v" * 32)
CLOCK = SystemClock()


class Place(Protocol):
    """Somewhere that answers are kept."""

    async def put(self, plan: Plan, kept: Kept) -> None: ...

    async def get(self, key: str) -> Kept | None: ...

    async def forget(self, marks: Marks) -> int: ...

    async def room(self) -> Room: ...


class InMemory:
    """Of one process."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._store = MemoryStore(CLOCK, most, most_bytes)

    async def put(self, plan: Plan, kept: Kept) -> None:
        self._store.put(plan, kept)

    async def get(self, key: str) -> Kept | None:
        return self._store.at_hand(key)

    async def forget(self, marks: Marks) -> int:
        return await self._store.forget(marks)

    async def room(self) -> Room:
        return await self._store.room()


class InRedis:
    """Found in the step that admits, and kept after it."""

    def __init__(self, counters: Counters, others: Others) -> None:
        self._counters = counters
        self.others = others
        self._names = count()

    async def put(self, plan: Plan, kept: Kept) -> None:
        look = await self.seek(plan, joins=False)
        self.others.land(look, plan, kept, keep=True)
        await asyncio.sleep(0)

    async def get(self, key: str) -> Kept | None:
        return (await self.seek(a_plan(key), joins=False)).found

    async def seek(self, plan: Plan, *, joins: bool, ends_s: float | None = None) -> SharedLook:
        """A look, once it is over."""
        name = f"request {next(self._names)}"
        look = self.others.look(plan, name, lambda kept: True, joins=joins, ends_s=ends_s)
        while look.order() is not None and look.found is None:
            await look.hear(await self.admit(look))
        return look

    async def admit(self, look: SharedLook) -> Sequence[Any] | None:
        """What one step has found for a look."""
        passed = await self._counters.admit((), (), None, look.order())
        assert isinstance(passed, Passed)
        return passed.seen

    @property
    def now_s(self) -> float:
        """Monotonic."""
        return CLOCK.monotonic()

    async def forget(self, marks: Marks) -> int:
        return await self.others.forget(marks)

    async def room(self) -> Room:
        return await self.others.room()


class InDatabase:
    """Written soon, and at hand until then."""

    def __init__(self, store: DatabaseStore) -> None:
        self._store = store

    async def put(self, plan: Plan, kept: Kept) -> None:
        self._store.put(plan, kept)
        while self._store.at_hand(plan.key) is not None:  # noqa: ASYNC110 (it says nothing when it has written)
            await asyncio.sleep(0.005)

    async def get(self, key: str) -> Kept | None:
        return self._store.at_hand(key) or await self._store.find(key)

    async def forget(self, marks: Marks) -> int:
        return await self._store.forget(marks)

    async def room(self) -> Room:
        return await self._store.room()


class Oblivious:
    """A database that counts how often something was forgotten."""

    def __init__(self) -> None:
        self.count = 0

    async def times(self) -> int:
        return self.count

    async def note(self) -> int:
        self.count += 1
        return self.count


@asynccontextmanager
async def in_redis(
    server: RedisServer, most: int, most_bytes: int, oblivion: "Oblivious | None" = None
) -> AsyncGenerator[InRedis]:
    """One process of those that share."""
    bounds = Bounds(keeps=True, most_entries=most, most_bytes=most_bytes)
    async with Line(server.url, SCRIPTS) as line:
        state = State(line, "one")
        await state.join("1", 0)
        await state.open(0)
        async with Others(state, PACKING, VEIL, CLOCK, bounds, oblivion or Oblivious()) as others:
            found = InRedis(Counters(state), others)
            while not others.agreed:  # noqa: ASYNC110 (it says nothing when it has)
                await asyncio.sleep(0.005)
            yield found


@asynccontextmanager
async def in_database(settings: StorageSettings, most: int, most_bytes: int) -> AsyncGenerator[InDatabase]:
    """One process that has it open."""
    async with (
        Database(settings) as database,
        DatabaseStore(database, PACKING, VEIL, CLOCK, most, most_bytes) as store,
    ):
        yield InDatabase(store)


def a_plan(key: str, *, owner: str = "ada", reach: Reach = Reach.USER, ttl_s: float = 60) -> Plan:
    return Plan(key=key, reach=reach, owner=owner, ttl_s=ttl_s, reads=True, writes=True)


def a_kept(said: str = "Hello.", **fields: Any) -> Kept:
    """A whole answer, taken apart as well."""
    losses = Losses()
    losses.drop(Feature.SEED)
    losses.adjust(Feature.TEMPERATURE, "1")
    choice = Choice(index=0, parts=(Text(text=said),), finish=Finish.STOP)
    usual: dict[str, Any] = {
        "interaction": "i1",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "model_version": "gpt-4o-mini-2024-07-18",
        "usage": Usage(prompt=3, completion=5),
        "cost_nanos": 1234,
        "took_ms": 70,
        "finish": "stop",
        "chars": len(said),
        "body": said.encode(),
        "response": ChatResponse(id="r", model="m", created=1, choices=(choice,)),
        "losses": losses,
        "use_case": "faq",
        "tags": ("team=blue",),
    }
    return Kept(**(usual | fields))
