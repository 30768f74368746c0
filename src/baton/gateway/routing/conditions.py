"""What holds at the moment, besides the catalog, when a model is chosen."""

from collections.abc import Callable

from msgspec import Struct

from baton.catalog.data_policy import NO_POLICIES, Policies
from baton.core.caller import Caller
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds
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


def nothing_stated() -> Policies:
    """Of providers of which nothing is known."""
    return NO_POLICIES


def nothing_required(project: str) -> DataNeeds:
    """Of projects that everybody may serve."""
    del project
    return NO_DATA_NEEDS


class DataRules(Struct, frozen=True, kw_only=True):
    """Who may be sent what, as admins and the owners of projects say it: look-ups."""

    policies: Callable[[], Policies] = nothing_stated
    """What becomes of what providers are sent; the same object until something is different."""
    of_project: Callable[[str], DataNeeds] = nothing_required
    """What a project requires of whoever serves it."""


NO_DATA_RULES = DataRules()
"""Nothing is stated, nothing required."""


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
    data: DataRules = NO_DATA_RULES

    def against(self, *, urgent: bool) -> tuple[Shut, ...]:
        """What speaks against models, the weightiest first."""
        return tuple(each for each in (self.shut, None if urgent else self.low) if each is not None)


USUAL = Conditions()
"""Of a house that observes nothing and pays for everything."""
