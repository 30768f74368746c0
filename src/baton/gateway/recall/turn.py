"""One request that may be answered with another's answer."""

from msgspec import Struct

from baton.core.caller import Caller
from baton.core.request import Envelope
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.opening import Arrival
from baton.gateway.routing.decision import Decision


class Turn(Struct, frozen=True):
    """One request that takes part."""

    caller: Caller
    envelope: Envelope
    arrival: Arrival
    decision: Decision
    plan: Plan
    generation: int
    """Of the store, when it came."""

    @property
    def ends_s(self) -> float | None:
        """When its own time is over, on the monotonic clock; None: it names none."""
        timeout_s = self.envelope.options.timeout_s
        return None if timeout_s is None else self.arrival.started_s + timeout_s
