"""Holding backtests: one at a time, in a thread that rests, over as many rows as were agreed on."""

import asyncio

from msgspec import Struct

from baton.core.clock import Clock
from baton.core.errors import Conflict, Invalid
from baton.ledger.past import Past, Period
from baton.watch.backtest.pace import Pace
from baton.watch.backtest.proposal import NOTHING, Proposal
from baton.watch.backtest.reckoning import Reckoning
from baton.watch.backtest.report import Report
from baton.watch.backtest.side import Deciding, Side
from baton.watch.backtest.tally import Tally

MOST_ROWS = 100_000
"""Interactions that are looked at; of more, so many are drawn by chance."""

MOST_S = 300.0
"""How long one may take."""


class Wish(Struct, frozen=True, kw_only=True):
    """A backtest as somebody asks for it."""

    proposal: Proposal
    period: Period
    sample: int = MOST_ROWS
    """Interactions that are looked at, about; at most `MOST_ROWS`."""


class Backtests:
    """Holds them; nothing is written anywhere, and nobody is asked."""

    def __init__(self, deciding: Deciding, past: Past, clock: Clock) -> None:
        self._deciding = deciding
        self.past = past
        self._clock = clock
        self.under_way = False
        """Whether one is being held."""

    async def hold(self, wish: Wish) -> Report:
        """What a proposal would have done to a period; cancelled, it ends at once.

        Raises:
            Conflict: another one is under way.
            Invalid: it takes too long.
            Unavailable: the database is away.
        """
        if self.under_way:
            raise Conflict("Another backtest is under way; ask for yours once it has ended.")
        self.under_way = True
        pace = Pace()
        try:
            async with asyncio.timeout(MOST_S):
                return await self._held(wish, pace)
        except TimeoutError:
            raise Invalid(
                f"It took longer than {MOST_S:.0f} s; ask for a smaller sample, or a shorter period.",
                code="backtest_too_long",
            ) from None
        finally:
            pace.stopped = True
            self.under_way = False

    async def _held(self, wish: Wish, pace: Pace) -> Report:
        interactions = await self.past.count(wish.period)
        share = min(1.0, min(wish.sample, MOST_ROWS) / max(interactions, 1))
        tally = await asyncio.to_thread(self._begun, wish.proposal, pace)
        async for page in self.past.pages(wish.period, share):
            await asyncio.to_thread(tally.take, page)
        return await asyncio.to_thread(Reckoning(tally, pace).report, wish.period, interactions)

    def _begun(self, proposal: Proposal, pace: Pace) -> Tally:
        observed, now_s = self._deciding.observed(), self._clock.wall()
        in_force, proposed = (Side(self._deciding, each, observed, now_s) for each in (NOTHING, proposal))
        return Tally(proposal, in_force, proposed, pace)
