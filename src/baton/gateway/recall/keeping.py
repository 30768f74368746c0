"""Which answers are kept, and which of those that are may be given to whom."""

from collections.abc import Generator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from baton.core.losses import Feature
from baton.gateway.cache.cache import Cache
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.cache.exact.look import SharedLook
from baton.gateway.recall.turn import Turn
from baton.gateway.routing.live import LiveRouter
from baton.ledger.rows import Settled

_GOOD = frozenset(
    {
        *("stop", "length", "tool_calls", "function_call", "eos", "model_length"),
        *("end_turn", "stop_sequence", "max_tokens", "tool_use"),
        *("STOP", "MAX_TOKENS", "completed", "max_output_tokens"),
    }
)
"""Finishes of answers that would end so again: no filter's, no failure's, and none that is not known."""

_CUT = frozenset({"length", "model_length", "max_tokens", "MAX_TOKENS", "max_output_tokens"})
"""Finishes of answers that came to their limit of tokens."""


class Landing(Struct):
    """One that is asked, for those who wait for it elsewhere."""

    look: SharedLook | None
    """None: there is nobody else, or they were told."""


class Keeping:
    """Finds answers, and keeps them."""

    def __init__(self, cache: Cache, router: LiveRouter) -> None:
        self._store = cache.store
        self._others = cache.others
        self._savings = cache.savings
        self._router = router

    @property
    def generation(self) -> int:
        """Of the store."""
        return self._store.generation

    def at_hand(self, turn: Turn) -> Kept | None:
        """What is kept for it where it need not wait."""
        kept = self._store.at_hand(turn.plan.key)
        return kept if kept is not None and self.may_have(turn, kept) else None

    async def find(self, turn: Turn) -> Kept | None:
        """What is kept for it elsewhere, and can be had before it is let in."""
        kept = await self._store.find(turn.plan.key)
        return kept if kept is not None and self.may_have(turn, kept) else None

    async def fetch(self, turn: Turn) -> Kept | None:
        """What is kept for it, wherever that is."""
        kept = await self._store.fetch(turn.plan.key)
        return kept if kept is not None and self.may_have(turn, kept) else None

    def may_have(self, turn: Turn, kept: Kept) -> bool:
        """Whether an answer's model may still serve a request."""
        return self.may_serve(turn, kept.provider, kept.model)

    def may_serve(self, turn: Turn, provider: str, model: str) -> bool:
        """Whether a model may answer a request: rows and rules may have changed, and who asks may have less
        rights than who asked."""
        name, decision = f"{provider}/{model}", turn.decision
        if name == decision.chosen.offer.id:
            return True
        router = self._router.current()
        offer = router.catalog.row(name)
        return offer is not None and router.reason_against(offer, decision.ask, decision.chosen.offer) is None

    @contextmanager
    def landing(self, turn: Turn, *, joins: bool) -> Generator[Landing]:
        """One that is asked, from its look for what others have until they are told of its end. `joins`:
        whether others wait for it."""
        if self._others is None:
            yield Landing(None)
            return
        look = self._others.look(
            turn.plan,
            turn.arrival.id,
            lambda kept: self.may_have(turn, kept),
            joins=joins,
            ends_s=turn.ends_s,
        )
        landing = Landing(look)
        try:
            yield landing
        finally:
            if landing.look is not None and look.asks:
                self._others.land(look, turn.plan, None, keep=False)

    def keep(self, turn: Turn, landing: Landing, settled: Settled, kept: Kept) -> bool:
        """Keep an answer, unless the next one might be another, and whether it is kept; those who wait may
        have it all the same."""
        options = turn.envelope.options
        tags = tuple(f"{name}={value}" for name, value in options.tags.items())
        kept = replace(kept, use_case=options.use_case, tags=tags)
        lasts = self._lasts(turn, settled, kept)
        if lasts and turn.generation == self._store.generation:  # else forgotten while it was asked
            self._store.put(turn.plan, kept)
        look, landing.look = landing.look, None
        if look is not None and look.asks and self._others is not None:
            self._others.land(look, turn.plan, kept, keep=lasts)
        return lasts

    def missed(self, turn: Turn) -> None:
        """Nothing was found for it."""
        self._savings.missed(turn.envelope.options.use_case)

    def found(self, use_case: str | None, kept: Kept, settled: Settled) -> None:
        """An answer was given that somebody else paid for."""
        self._savings.found(use_case, How(settled.cache or How.EXACT), kept, settled.saved_ms)

    def _lasts(self, turn: Turn, settled: Settled, kept: Kept) -> bool:
        served = f"{settled.provider}/{settled.model}"
        elsewhere = turn.decision.named and served != turn.decision.chosen.offer.id
        # Perhaps by what a budget had left at that moment: the next one may be longer.
        shortened = settled.finish in _CUT and Feature.MAX_TOKENS in kept.losses.features
        if not turn.plan.writes or elsewhere or shortened or settled.status != "ok":
            return False
        return settled.schema_violation is None and settled.finish in _GOOD
