"""What is given again instead of being paid for again: kept in memory, in Redis or in the database."""

from contextlib import AsyncExitStack

from baton.access.signin.seal import Seal
from baton.app.admitting import Admitting
from baton.app.edited import Edited
from baton.app.storehouse import Storehouse
from baton.gateway.cache.cache import Cache
from baton.gateway.cache.exact.database_store import TOPIC, DatabaseStore
from baton.gateway.cache.exact.marks import Veil
from baton.gateway.cache.exact.memory_store import MemoryStore
from baton.gateway.cache.exact.others import Bounds, Others
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.plan import Planner
from baton.gateway.cache.exact.redis_store import RedisStore
from baton.gateway.cache.exact.store import Store
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.cache.rules import CacheRule
from baton.gateway.cache.savings import SavingsBook

_MIB = 1024 * 1024


async def open_cache(stack: AsyncExitStack, store: Storehouse, edited: Edited, admitting: Admitting) -> Cache:
    """The cache by the settings, and by the rules in force."""
    settings = store.settings
    state = admitting.state
    provider = settings.cache_provider or (CacheProvider.MEMORY if state is None else CacheProvider.REDIS)
    most, most_bytes = settings.cache_max_size, int(settings.cache_max_mib * _MIB)
    packing = Packing(Seal(store.secret.derive("cached answers v1")))
    veil = Veil(store.secret.derive("cached answers' marks v1"))
    others = None
    if state is not None:
        bounds = Bounds(keeps=provider is CacheProvider.REDIS, most_entries=most, most_bytes=most_bytes)
        others = await stack.enter_async_context(Others(state, packing, veil, store.clock, bounds))
    memory = MemoryStore(store.clock, most, most_bytes)
    kept: Store = memory
    if provider is CacheProvider.DATABASE:
        database = DatabaseStore(store.database, packing, veil, store.clock, most, most_bytes)
        kept = await stack.enter_async_context(database)
    elif others is not None and provider is CacheProvider.REDIS:
        kept = RedisStore(others, memory, admitting.alone)
    elif others is not None:
        _forget_together(store, memory)
    return Cache(
        planner=_planner(store, edited), provider=provider, store=kept, others=others, savings=SavingsBook()
    )


def _planner(store: Storehouse, edited: Edited) -> Planner:
    rules, settings = edited.cache_rules, store.settings

    def rule_of(use_case: str) -> CacheRule | None:
        record = rules.snapshot.get(use_case)
        return None if record is None else record.value

    return Planner(
        store.secret.derive("cache v1"),
        rule_of,
        usual_ttl_s=settings.cache_ttl,
        most_temperature=settings.cache_max_temperature,
        on=settings.enable_cache,
    )


def _forget_together(store: Storehouse, memory: MemoryStore) -> None:
    """Have a process that keeps its own answers forget all of them when any process was told to forget some:
    it is not told which."""

    async def forgotten() -> None:
        memory.forget_now(frozenset())

    store.notices.subscribe(TOPIC, forgotten)
