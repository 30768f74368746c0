"""What holds at the moment, besides the catalog, when a model is chosen."""

from collections.abc import Callable

from msgspec import Struct

from baton.core.caller import Caller
from baton.gateway.routing.observed import NOTHING_OBSERVED, Observed
from baton.gateway.routing.ranking import Shut, Spent, nothing_spent

Pressure = Callable[[Caller, str | None], float]
"""How near a budget of a caller's, or of a project's, is to its end: 0 (far) … 1."""


def nothing_observed() -> Observed:
    """Of an installation that does not observe its providers."""
    return NOTHING_OBSERVED


def no_pressure(caller: Caller, project: str | None) -> float:
    """Where nobody has a budget."""
    del caller, project
    return 0.0


class Conditions(Struct, frozen=True, kw_only=True):
    """Look-ups, asked anew for every request."""

    observed: Callable[[], Observed] = nothing_observed
    """What was, of late."""
    shut: Shut | None = None
    """Who is not to be asked at the moment."""
    low: Shut | None = None
    """Whose provider has little left, so that only urgent requests are for it."""
    spent: Spent = nothing_spent
    """Which models a request cannot be paid for."""
    pressure: Pressure = no_pressure

    def against(self, *, urgent: bool) -> tuple[Shut, ...]:
        """What speaks against models, the weightiest first."""
        return tuple(each for each in (self.shut, None if urgent else self.low) if each is not None)


USUAL = Conditions()
"""Of a house that observes nothing and pays for everything."""
