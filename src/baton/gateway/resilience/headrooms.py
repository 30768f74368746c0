"""Models whose provider says that little is left of its limits: others are asked before those are hit."""

from collections.abc import Callable

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.core.clock import Clock
from baton.gateway.resilience.observation import Observation

LEAST = 0.1
"""The share below which requests that are not urgent go elsewhere."""

_MOST = 4096
"""Models that are remembered; callers may name any."""


class _Low(Struct, frozen=True):
    limit: str
    share: float
    until_s: float
    """When it resets, on the monotonic clock."""


class Headrooms:
    """An observer; what it hears holds for the key and the model of the attempt, until the limit resets."""

    def __init__(self, clock: Clock, keys_of: Callable[[str], int]) -> None:
        """`keys_of`: how many keys a provider is asked with."""
        self._clock = clock
        self._keys_of = keys_of
        self._low: dict[tuple[str, str], dict[str, _Low]] = {}

    def observe(self, observation: Observation) -> None:
        """As `Observer`."""
        room = observation.headroom
        if room is None:
            return
        model, key = (observation.provider, observation.model), observation.credential
        if room.share >= LEAST:
            low = self._low.get(model)
            if low is not None and low.pop(key, None) is not None and not low:
                del self._low[model]
            return
        if model in self._low or len(self._low) < _MOST:
            until_s = self._clock.monotonic() + room.reset_s
            self._low.setdefault(model, {})[key] = _Low(room.limit, room.share, until_s)

    def against(self, offer: Offer) -> str | None:
        """Why a request that is not urgent is to go elsewhere; None: nothing speaks against it."""
        if not self._low:
            return None
        model = (offer.model.provider, offer.model.name)
        low = self._low.get(model)
        if low is None:
            return None
        now_s = self._clock.monotonic()
        for key in [key for key, each in low.items() if each.until_s <= now_s]:
            del low[key]
        if not low:
            del self._low[model]
            return None
        if len(low) < self._keys_of(model[0]):
            return None
        most = max(low.values(), key=lambda each: each.share)
        left_s = most.until_s - now_s
        return f"{most.share:.0%} of its provider's limit of {most.limit} is left, for {left_s:.0f} s"
