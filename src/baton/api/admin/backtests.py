"""`POST /api/admin/ai/backtests`: what rules, weights or prices would have done to a period of the ledger."""

import asyncio

from fastapi import FastAPI, Request

from baton.api.admin.backtest_asked import BacktestAsked
from baton.api.admin.backtest_shown import BacktestShown, backtest_shown
from baton.api.bodies import milliseconds
from baton.api.callers import AdminCaller
from baton.api.visit import VISIT, Visit
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.tiers import Tiers
from baton.core.clock import Clock
from baton.core.errors import Invalid, Refused
from baton.ledger.past import Period
from baton.records.store import Records
from baton.watch.backtest.backtests import Backtests, Wish

PATH = "/api/admin/ai/backtests"
_USUAL_MS = 30 * 86_400_000


class BacktestRoutes:
    """The route; admins only."""

    def __init__(
        self, backtests: Backtests, models: Records[Model], catalog: LiveCatalog, tiers: Tiers, clock: Clock
    ) -> None:
        self._backtests = backtests
        self._models = models
        self._catalog = catalog
        self._tiers = tiers
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(
            PATH, self.hold, methods=["POST"], response_model=BacktestShown, tags=["Admin: routing"]
        )

    async def hold(self, request: Request, _: AdminCaller, asked: BacktestAsked) -> BacktestShown:
        """Replay a period of the ledger against rules, agents' routing, weights or prices that are proposed.

        Nothing is asked, changed or recorded. One at a time (409); it ends when its client leaves.
        """
        wish = Wish(
            proposal=asked.proposal(self._catalog.current(), self._models, self._tiers),
            period=self._period(asked),
            sample=asked.sample,
        )
        visit: Visit = request.scope[VISIT]
        visit.ends(asyncio.current_task())
        try:
            return backtest_shown(await self._backtests.hold(wish))
        except asyncio.CancelledError:
            if not visit.gone:
                raise
            raise Refused("The client has left.") from None  # nobody is left to be told
        finally:
            visit.ends(None)

    def _period(self, asked: BacktestAsked) -> Period:
        now_ms = int(self._clock.wall() * 1000)
        until_ms = now_ms + 1 if asked.until is None else milliseconds(asked.until)
        since_ms = until_ms - _USUAL_MS if asked.since is None else milliseconds(asked.since)
        if until_ms <= since_ms:
            raise Invalid("The end is not after the beginning.", param="until")
        return Period(since_ms=max(since_ms, 0), until_ms=until_ms)
