"""How many trips a user may have made in a month."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from baton.core.clock import Clock
from baton.core.errors import OverLimit
from baton.pipelines.itinerary.store import Itineraries, month_of

LIMIT = "itineraries_per_month"

MostOf = Callable[[str], int | None]
"""A tier's limit; None: there is none."""


class Usage(Struct, frozen=True, kw_only=True, rename="camel"):
    """How much of a limit is used."""

    used: int
    """Trips that came to be; those that failed count for nothing."""
    under_way: int
    limit: int
    resets_at: datetime
    """When the next month begins."""


class NoneLeft(OverLimit):
    """A user has had as many trips made in this month as their tier has; carries the usage."""

    def __init__(self, usage: Usage, retry_after_s: float) -> None:
        message = f"All {usage.limit} itineraries of this month are made, or being made."
        super().__init__(message, limit=LIMIT, retry_after_s=retry_after_s, code="limit_exceeded")
        self.usage = usage


class Allowance:
    """Lets trips begin, or not."""

    def __init__(self, itineraries: Itineraries, most_of: MostOf, clock: Clock) -> None:
        self._itineraries = itineraries
        self._most_of = most_of
        self._clock = clock

    async def admit(self, user_id: str, tier: str, run_id: str | None = None) -> None:
        """Let one more begin; `run_id`: the run that wants to make it, which older ones go before.

        Raises:
            NoneLeft: the month's are made, or will be once those under way are.
            Unavailable: the database is away.
        """
        most = self._most_of(tier)
        if most is None:
            return
        used = await self._itineraries.made_in_month(user_id)
        under_way = await self._itineraries.under_way(user_id, run_id)
        if used + under_way < most:
            return
        now_s = self._clock.wall()
        resets_ms = month_of(now_s)[1]
        resets_at = datetime.fromtimestamp(resets_ms / 1000, UTC)
        usage = Usage(used=used, under_way=under_way, limit=most, resets_at=resets_at)
        raise NoneLeft(usage, retry_after_s=resets_ms / 1000 - now_s)
