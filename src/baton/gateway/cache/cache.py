"""What belongs to the cache of a gateway."""

from msgspec import Struct

from baton.gateway.cache.exact.memory_store import MemoryStore
from baton.gateway.cache.exact.plan import Planner
from baton.gateway.cache.savings import SavingsBook


class Cache(Struct, frozen=True, kw_only=True):
    """Whose answers are given again, where they lie, and what that saved."""

    planner: Planner
    store: MemoryStore
    savings: SavingsBook
