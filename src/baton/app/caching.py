"""What is given again instead of being paid for again: kept in memory, in Redis or in the database."""

from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

from msgspec.structs import replace

from baton.access.signin.seal import Seal
from baton.app.admitting import Admitting
from baton.app.edited import Edited
from baton.app.storehouse import Storehouse
from baton.core.errors import Conflict
from baton.gateway.cache.cache import Cache, SemanticCache
from baton.gateway.cache.exact.database_store import DatabaseStore
from baton.gateway.cache.exact.forgetting import TOPIC, DatabaseOblivion
from baton.gateway.cache.exact.marks import Veil
from baton.gateway.cache.exact.memory_store import MemoryStore
from baton.gateway.cache.exact.others import Bounds, Others
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.plan import Planner
from baton.gateway.cache.exact.redis_store import RedisStore
from baton.gateway.cache.exact.store import Store
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.cache.rules import CacheRule, Semantic
from baton.gateway.cache.savings import SavingsBook
from baton.gateway.cache.semantic.judgement import load_judge
from baton.gateway.cache.semantic.neighbours import Neighbours
from baton.gateway.cache.semantic.trust import Share, Trust
from baton.records.audit.entry import SYSTEM
from baton.records.kind import Record

_MIB = 1024 * 1024
_MOST_VECTORS_BYTES = 64 * _MIB


async def open_cache(stack: AsyncExitStack, store: Storehouse, edited: Edited, admitting: Admitting) -> Cache:
    """The cache by the settings, and by the rules in force."""
    settings = store.settings
    state = admitting.state
    provider = settings.cache_provider or (CacheProvider.MEMORY if state is None else CacheProvider.REDIS)
    most, most_bytes = settings.cache_max_size, int(settings.cache_max_mib * _MIB)
    packing = Packing(Seal(store.secret.derive("cached answers v1")))
    veil = Veil(store.secret.derive("cached answers' marks v1"))
    others, oblivion = None, DatabaseOblivion(store.database)
    if state is not None:
        bounds = Bounds(keeps=provider is CacheProvider.REDIS, most_entries=most, most_bytes=most_bytes)
        others = Others(state, packing, veil, store.clock, bounds, oblivion)
        await stack.enter_async_context(others)
    alone = others is None or provider is not CacheProvider.MEMORY
    memory = MemoryStore(store.clock, most, most_bytes, None if alone else oblivion.note)
    kept: Store = memory
    if provider is CacheProvider.DATABASE:
        database = DatabaseStore(store.database, packing, veil, store.clock, most, most_bytes)
        kept = await stack.enter_async_context(database)
    elif others is not None and provider is CacheProvider.REDIS:
        kept = RedisStore(others, memory, admitting.alone, admitting.times_ready)
    elif not alone:
        _forget_together(store, memory)
    return Cache(
        planner=_planner(store, edited),
        provider=provider,
        store=kept,
        semantic=_semantic(store, edited, most),
        others=others,
        savings=SavingsBook(),
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
        embeds=settings.embedder is not None,
    )


def _semantic(store: Storehouse, edited: Edited, most: int) -> SemanticCache | None:
    """What finds answers by meaning; its index has no more entries than there are answers."""
    model, rules, trust = store.settings.embedder, edited.cache_rules, Trust()
    if model is None:
        return None

    async def switch_off(use_case: str, _: Share) -> bool:
        record = rules.snapshot.get(use_case)
        if record is None or record.value.semantic is Semantic.OFF:
            return False  # each request says it for itself
        if record.value.semantic is Semantic.SHADOW:
            return True  # it was switched off a moment ago
        with suppress(Conflict):  # somebody else has just changed it
            await rules.put(replace(record.value, semantic=Semantic.SHADOW), SYSTEM, record.revision)
        return True

    known = dict(rules.snapshot)

    async def changed(now: Mapping[str, Record[CacheRule]]) -> None:
        for use_case in known.keys() | now.keys():
            if known.get(use_case) != now.get(use_case):
                trust.restart(use_case)  # what was checked before was checked under another rule
        known.clear()
        known.update(now)

    rules.subscribe(changed)
    return SemanticCache(
        embedder=model,
        neighbours=Neighbours(load_judge(), _MOST_VECTORS_BYTES, most),
        trust=trust,
        switch_off=switch_off,
        new_id=store.new_id,
    )


def _forget_together(store: Storehouse, memory: MemoryStore) -> None:
    """Have a process that keeps its own answers forget all of them when any process was told to forget some:
    it is not told which."""

    async def forgotten() -> None:
        memory.forget_now(frozenset())

    store.notices.subscribe(TOPIC, forgotten)
