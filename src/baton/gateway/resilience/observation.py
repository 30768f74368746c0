"""What came of an attempt, for whoever learns from it: health, breakers' neighbours, alerts."""

from typing import Protocol

from msgspec import Struct

from baton.core.failures import Failure
from baton.upstream.dialects.headroom import Headroom


class Observation(Struct, frozen=True, kw_only=True):
    """One attempt that has ended."""

    provider: str
    model: str
    credential: str
    """The last 4 characters of the key; empty where there is none, or too little of it to show any."""
    failure: Failure | None
    """None: it went well."""
    took_ms: int
    first_token_ms: int | None
    """Since the attempt began; None where nothing was said, or the answer came whole."""
    at_s: float
    """Unix time of its end."""
    headroom: Headroom | None = None
    """What the provider said is left of its limits; None: nothing."""


class Observer(Protocol):
    """Learns from attempts."""

    def observe(self, observation: Observation) -> None:
        """Take note of one; called on the request's path, so in a few microseconds, and never raises."""
        ...
