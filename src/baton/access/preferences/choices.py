"""What a user has chosen, as values. Money is whole nano-USD, times are Unix milliseconds."""

from msgspec import Struct

from baton.core.profile import Profile


class Preferences(Struct, frozen=True, kw_only=True):
    """What holds for a user's requests that say nothing of it themselves."""

    profile: Profile = Profile.BALANCED
    model: str | None = None
    """`provider/name` of the one that serves where the request names none; None: the router chooses."""
    agent_recommendations: bool = True
    """Whether what is recommended for an agent counts."""
    max_cost_nanos: int | None = None
    """What a request may be estimated at, at most; None: whatever it costs."""


class OptOut(Struct, frozen=True, kw_only=True):
    """A user's wish that no AI serves them."""

    at_ms: int
    by: str
    """Whose act it was: the user's id, or an admin's."""


class Choices(Struct, frozen=True, kw_only=True):
    """All that a user has chosen. `revision` counts changes, from 1; 0: nothing was ever chosen."""

    preferences: Preferences = Preferences()
    opt_out: OptOut | None = None
    revision: int = 0


NOTHING_CHOSEN = Choices()
