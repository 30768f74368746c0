"""Who may be asked: the interface behind which circuit breakers keep their state, here or shared."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.resilience.standing import Standing


class Lease(Protocol):
    """A permission for one call; the first word about what came of it counts, later ones mean nothing."""

    def succeeded(self) -> None:
        """The provider answered as it should."""
        ...

    def failed(self, *, unreachable: bool = False) -> None:
        """It failed in a way that counts against it (`Rule.breaks`); `unreachable`: no connection was had."""
        ...

    def released(self) -> None:
        """Nothing was learnt: a 429, the caller's own fault, a caller who left."""
        ...


class Breakers(Protocol):
    """The breakers of all providers, and of each model within them."""

    def wait_s(self, provider: str, model: str) -> float:
        """How long a route is not to be asked, in seconds; 0: it may be asked now, or tried (half-open with a
        trial left); infinity: an admin holds it open. Costs no I/O: routing asks it of every candidate."""
        ...

    async def enter(self, provider: str, model: str, lease_s: float) -> Lease | None:
        """Permission for one call, or None. A lease that nobody says a word about ends after `lease_s`."""
        ...


class KnownBreakers(Breakers, Protocol):
    """The same, for whoever looks after them."""

    def listen(self, listener: "BreakerListener") -> None:
        """Have it told of every breaker that opens or closes."""
        ...

    def hold(self, wanted: Iterable[ForcedBreaker]) -> None:
        """Hold open or closed what admins want so, and nothing else. What has ended already holds nothing."""
        ...

    def standings(self) -> list[Standing]:
        """Every provider's that was asked, and every model's of which anything is known, by name."""
        ...

    def knows(self, provider: str, model: str) -> bool:
        """Whether a model was asked, or is held by an admin."""
        ...


class BreakerChange(Struct, frozen=True, kw_only=True):
    """A breaker has opened, opened again after a trial, or closed."""

    provider: str
    model: str | None
    """The provider's own word for it; None: it is the breaker of the provider as a whole."""
    is_open: bool
    forced: bool
    """Whether an admin's word did it, or the end of one."""
    wait_s: float | None
    """How long nobody is asked, where it opened by itself."""
    ours: bool = True
    """Whether it was this process's doing, and not that of another one that shares it."""


class BreakerListener(Protocol):
    """Learns of breakers that open and close."""

    def changed(self, change: BreakerChange) -> None:
        """Called once the change is whole, on a request's path: takes note in microseconds, never raises."""
        ...
