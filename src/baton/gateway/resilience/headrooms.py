"""Models whose provider says that little is left of its limits: others are asked before those are hit."""

from collections.abc import Callable

from baton.catalog.lookup import Offer
from baton.core.clock import Clock
from baton.gateway.resilience.observation import Observation
from baton.upstream.dialects.headroom import Headroom

LEAST = 0.1
"""The share below which requests that are not urgent go elsewhere."""

_MOST = 4096
"""Models that are remembered; callers may name any."""


class Headrooms:
    """An observer; what it hears holds for the key and the model of the attempt, until the limit resets."""

    def __init__(self, clock: Clock, keys_of: Callable[[str], int]) -> None:
        """`keys_of`: how many keys a provider is asked with."""
        self._clock = clock
        self._keys_of = keys_of
        self._told: dict[tuple[str, str], dict[str, Headroom]] = {}

    def observe(self, observation: Observation) -> None:
        """As `Observer`."""
        room = observation.headroom
        if room is None:
            return
        model, key = (observation.provider, observation.model), observation.credential
        told = self._told.get(model)
        if told is None:
            if room.share >= LEAST or len(self._told) >= _MOST:
                return
            told = self._told[model] = {}
        known = told.get(key)
        # A long stream tells at its end what was at its beginning.
        if known is None or known.told_s <= room.told_s:
            told[key] = room

    def against(self, offer: Offer) -> str | None:
        """Why a request that is not urgent is to go elsewhere; None: nothing speaks against it."""
        if not self._told:
            return None
        model = (offer.model.provider, offer.model.name)
        told = self._told.get(model)
        if told is None:
            return None
        now_s = self._clock.monotonic()
        for key in [key for key, each in told.items() if each.until_s <= now_s]:
            del told[key]
        if not told:
            del self._told[model]
            return None
        low = [each for each in told.values() if each.share < LEAST]
        if len(low) < self._keys_of(model[0]):
            return None
        most = max(low, key=lambda each: each.share)
        left_s = most.until_s - now_s
        return f"{most.share:.0%} of its provider's limit of {most.limit} is left, for {left_s:.0f} s"
