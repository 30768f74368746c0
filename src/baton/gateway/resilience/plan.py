"""Who is asked, and how patiently."""

from msgspec import Struct

from baton.core.clock import Clock
from baton.gateway.resilience.deadline import Deadline, bounded
from baton.gateway.resilience.retry import RetryPolicy
from baton.upstream.directory import Provider
from baton.upstream.route import Route
from baton.upstream.transport import Deadlines


class Plan(Struct, frozen=True, kw_only=True):
    """What the attempts of one call have in common."""

    provider: Provider
    model: str
    """The provider's own word for it."""
    retry: RetryPolicy
    deadline: Deadline
    stages: Deadlines
    ends_s: float
    """When no further attempt is begun, on the monotonic clock: a call is not made to wait for ever."""

    def route(self, clock: Clock) -> Route:
        """Where the next attempt goes: the key whose turn it is."""
        return Route(self.provider, self.provider.credential(clock.monotonic()), self.model)

    def deadlines(self, clock: Clock) -> Deadlines:
        """How long the next attempt may take."""
        return bounded(self.stages, self.deadline.left_s(clock))
