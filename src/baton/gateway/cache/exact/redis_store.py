"""Answers that all processes keep in Redis; while it is away each keeps its own."""

from collections.abc import Callable

from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.marks import Marks
from baton.gateway.cache.exact.memory_store import MemoryStore
from baton.gateway.cache.exact.others import Others
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.cache.exact.store import Room


class RedisStore:
    """Where Redis can be asked, what is kept is found and kept by `Others`, on a request's way."""

    def __init__(
        self,
        others: Others,
        meanwhile: MemoryStore,
        alone: Callable[[], bool],
        times_ready: Callable[[], int],
    ) -> None:
        """`meanwhile`: what is kept while Redis is away; `alone`: whether it is; `times_ready`: how often it
        has come (back)."""
        self._times_ready = times_ready
        self._kept_since = 0
        self._others = others
        self._meanwhile = meanwhile
        self._alone = alone

    @property
    def generation(self) -> int:
        """As `Store`, for what is kept meanwhile."""
        return self._meanwhile.generation

    @property
    def shared(self) -> bool:
        """As `Store`."""
        return not self._alone()

    def at_hand(self, key: str) -> Kept | None:
        """As `Store`: only while Redis is away; what was kept then is gone when it is back, for others may
        have had it forgotten."""
        if not self._alone():
            return None
        self._begin()
        return self._meanwhile.at_hand(key)

    async def find(self, key: str) -> Kept | None:
        """As `Store`: the step that admits finds it."""
        del key
        return None

    async def fetch(self, key: str) -> Kept | None:
        """As `Store`."""
        return self.at_hand(key) if self._alone() else await self._others.fetch(key)

    def put(self, plan: Plan, kept: Kept) -> None:
        """As `Store`: only while Redis is away; else who asked tells the others."""
        if self._alone():
            self._begin()
            self._meanwhile.put(plan, kept)

    async def forget(self, marks: Marks) -> int:
        """As `Store`."""
        mine = self._meanwhile.forget_now(marks)
        return mine + await self._others.forget(marks)

    def _begin(self) -> None:
        """Let go of what was kept in an earlier absence."""
        times = self._times_ready()
        if times != self._kept_since:
            self._kept_since = times
            if len(self._meanwhile):
                self._meanwhile.forget_now(frozenset())

    async def room(self) -> Room:
        """As `Store`: of Redis, or of what is kept meanwhile."""
        if self._alone():
            return await self._meanwhile.room()
        return await self._others.room()
