"""What belongs to the cache of a gateway."""

from msgspec import Struct

from baton.gateway.cache.exact.others import Others
from baton.gateway.cache.exact.plan import Planner
from baton.gateway.cache.exact.store import Store
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.cache.savings import SavingsBook


class Cache(Struct, frozen=True, kw_only=True):
    """Whose answers are given again, where they lie, and what that saved."""

    planner: Planner
    provider: CacheProvider
    store: Store
    others: Others | None
    """Processes that may have been asked the same; None: there are none."""
    savings: SavingsBook

    @property
    def shared(self) -> bool:
        """Whether what is kept is the same for all processes, now."""
        return self.store.shared
