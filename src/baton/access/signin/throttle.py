"""What slows guessing down: failures, counted where they come from, and waits that grow with them.

A password's failures are never counted for an account alone: whoever knows a name could lock its owner out.
"""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

_FIRST_WAIT_S = 1.0
_DOUBLINGS = 20  # more would be longer than any longest wait


class Scope(StrEnum):
    """What failures are counted for."""

    ACCOUNT = "account"
    """Passwords for one account from one network."""
    NETWORK = "network"
    """Passwords from one network, for whomever."""
    DEVICE = "device"
    """Passwords for one account from a browser it has signed in with, wherever that is."""
    FACTOR = "factor"
    """Second factors of one account from one network, or one known browser."""
    FACTORS = "factors"
    """Second factors of one account from all browsers that it does not know. Only who has the password gets
    here; else a million codes could be tried from a thousand networks."""


class Rule(Struct, frozen=True, kw_only=True):
    """How failures of one scope slow down. The first wait is 1 s; each further failure doubles it."""

    free: int
    """Failures that cost nothing."""
    longest_s: float
    quiet_s: float = 3600.0
    """Without a failure for so long, all are forgotten."""
    shared: bool = False
    """Somebody's success says nothing of the other failures that are counted here."""

    def wait_s(self, failures: int) -> float:
        """How long after the last of so many failures nothing is tried, seconds."""
        if failures < self.free:
            return 0.0
        return min(_FIRST_WAIT_S * 2.0 ** min(failures - self.free, _DOUBLINGS), self.longest_s)


RULES: Mapping[Scope, Rule] = MappingProxyType(
    {
        Scope.ACCOUNT: Rule(free=5, longest_s=900.0),
        Scope.NETWORK: Rule(free=50, longest_s=60.0, shared=True),
        Scope.DEVICE: Rule(free=10, longest_s=900.0),
        Scope.FACTOR: Rule(free=5, longest_s=900.0),
        Scope.FACTORS: Rule(free=50, longest_s=300.0, shared=True),
    }
)
"""A whole office may stand behind one network, so it is slowed late and never for long."""


class Counter(Struct, frozen=True, kw_only=True):
    """One thing that failures are counted for."""

    scope: Scope
    key: str
    """What of that scope; holds no name of a person."""
    user_id: str | None = None
    """Whose account, where there is such an account."""
    network: str | None = None
    since_s: float = 0.0
    """Failures before this moment (Unix seconds) are forgiven."""

    @property
    def id(self) -> str:
        """What it is found by; tells nothing."""
        return hashlib.blake2b(f"{self.scope} {self.key}".encode(), digest_size=16).hexdigest()


class Held(Struct, frozen=True, kw_only=True):
    """Failures that slow somebody down at the moment. Times in Unix seconds."""

    id: str
    scope: Scope
    user_id: str | None
    network: str | None
    failures: int
    last_at_s: float
    until_s: float


class Throttle(Protocol):
    """Counts the failures of all processes that share it."""

    async def begin(self, counters: Sequence[Counter]) -> float:
        """Count an attempt, before it is made, as a failure of each of the counters; 0: it may be made.

        Else nothing is counted, and this is how many seconds it has to wait. One step: of many attempts at
        once no more are let through than one after the other.
        """
        ...

    async def succeed(self, counters: Sequence[Counter]) -> None:
        """The attempt was right: forget the failures; of shared counters only this attempt's own."""
        ...

    async def held(self) -> tuple[Held, ...]:
        """Who is slowed down at the moment, the longest first."""
        ...

    async def lift(self, counter_id: str) -> bool:
        """Forget all failures of a counter; whether there were any."""
        ...
