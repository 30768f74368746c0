"""Which breakers admins hold open or closed, and what changes about that."""

import math
from collections.abc import Iterable, Mapping

from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.forced import ForcedBreaker, Hold

_STATES = {Hold.OPEN: State.OPEN, Hold.CLOSED: State.CLOSED}

Turn = tuple[str, str | None, State | None]
"""Of a provider, or a model of it: held so from now on; None: no more."""


class Holds:
    """Those in force. Times of a monotonic clock."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str | None], tuple[Hold, float]] = {}
        """And until when."""
        self.next_end_s = math.inf
        """When the first of them ends."""

    def follow(self, wanted: Iterable[ForcedBreaker], now_s: float, now_ms: float) -> list[Turn]:
        """Hold these and nothing else, but what has ended; what that changes. `now_ms`: Unix time."""
        held: dict[tuple[str, str | None], tuple[Hold, float]] = {}
        for each in wanted:
            left_s = math.inf if each.until_ms is None else (each.until_ms - now_ms) / 1000
            if left_s > 0:
                held[(each.provider, each.model)] = (each.state, now_s + left_s)
        before, self._held = self._held, held
        self._look()
        over: list[Turn] = [(*key, None) for key in before.keys() - held.keys()]
        begun: list[Turn] = [
            (*key, _STATES[state])
            for key, (state, _) in held.items()
            if key not in before or before[key][0] is not state
        ]
        return over + begun

    def differences(self, forced: Mapping[tuple[str, str | None], State]) -> list[Turn]:
        """What would have to be said where breakers are held so instead."""
        wanted = {key: _STATES[hold] for key, (hold, _) in self._held.items()}
        over: list[Turn] = [(*key, None) for key in forced.keys() - wanted.keys()]
        return over + [(*key, state) for key, state in wanted.items() if forced.get(key) is not state]

    def ended(self, now_s: float) -> list[Turn]:
        """What ends by then."""
        ended = [key for key, (_, until_s) in self._held.items() if until_s <= now_s]
        for key in ended:
            del self._held[key]
        self._look()
        return [(*key, None) for key in ended]

    def _look(self) -> None:
        self.next_end_s = min((until_s for _, until_s in self._held.values()), default=math.inf)
