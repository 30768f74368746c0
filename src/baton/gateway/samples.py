"""Answers that somebody looks at once they were given: which, and what that somebody is told."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from baton.core.caller import Caller
from baton.core.data_needs import DataNeeds
from baton.core.request import Envelope
from baton.gateway.opening import Arrival
from baton.ledger.rows import Settled
from baton.upstream.dialects.listening import Heard


class Given(Struct, frozen=True):
    """An answer that was given whole, and what it was an answer to."""

    caller: Caller
    envelope: Envelope
    """As it was put to the model: with what Baton put before it."""
    data_needs: DataNeeds
    """What the request, and its project, required of whoever may have it."""
    settled: Settled
    hear: Callable[[], Heard]
    """What it said; takes a whole answer apart, so it may take a while."""


class Samples(Protocol):
    """Draws answers and takes them. Both are on the way of requests: neither waits, neither raises."""

    def draws(self, envelope: Envelope, arrival: Arrival) -> bool:
        """Whether the answer to a request is wanted."""
        ...

    def take(self, given: Given) -> None:
        """Take one that was drawn."""
        ...


Take = Callable[[Settled, Callable[[], Heard]], None]
"""Takes the answer of one request that was drawn."""
