"""What belongs to the cache of a gateway."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from baton.gateway.cache.exact.others import Others
from baton.gateway.cache.exact.plan import Planner
from baton.gateway.cache.exact.store import Store
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.cache.savings import SavingsBook
from baton.gateway.cache.semantic.neighbours import Neighbours
from baton.gateway.cache.semantic.trust import Share, Trust


class SemanticCache(Struct, frozen=True, kw_only=True):
    """What belongs to finding what means the same."""

    embedder: str
    """The model that says what texts mean, `provider/name`."""
    neighbours: Neighbours
    trust: Trust
    switch_off: Callable[[str, Share], Awaitable[bool]]
    """Has a use case's answers be given no more by meaning; False: no rule says they are, but each request
    for itself."""
    new_id: Callable[[], str]
    """For the interactions of its calls."""


class Cache(Struct, frozen=True, kw_only=True):
    """Whose answers are given again, where they lie, and what that saved."""

    planner: Planner
    provider: CacheProvider
    store: Store
    semantic: SemanticCache | None = None
    """None: nothing says what texts mean."""
    others: Others | None
    """Processes that may have been asked the same; None: there are none."""
    savings: SavingsBook

    @property
    def shared(self) -> bool:
        """Whether what is kept is the same for all processes, now."""
        return self.store.shared
