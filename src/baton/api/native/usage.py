"""`/api/ai/v2/usage`, `/api/v1/usage` and `/api/v1/usage/breakdown`: what was used and what it cost."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Query
from msgspec import structs
from pydantic import ConfigDict, Field

from baton.access.identity.ownership import Thing, reach_of
from baton.api.bodies import Shown, moment
from baton.api.callers import ReadingCaller
from baton.api.native.budgets import OwnBudgetShown, own_budget_shown
from baton.api.native.interactions import Wanted
from baton.api.paging import page
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import Invalid
from baton.core.money import usd_text
from baton.gateway.admission.limits import Allowance
from baton.gateway.admission.statements import Statement
from baton.gateway.admission.windows import Left
from baton.ledger.breakdown import Breakdown, Breakdowns, Dimension, Share
from baton.ledger.filter import Filter

OWN = "/api/ai/v2/usage"
PATH = "/api/v1/usage"
_TAG = "Usage"
_MOST_DIMENSIONS = 2
_SHOWN = 3
"""How many models a sentence names."""

_RANKED = 10**19
"""Above every amount of money in the ledger: what is taken from it sorts the dearest first."""

_NONE = "none"

_User = Annotated[str | None, Query(description="A user's id; admins and analysts only. Left out: yourself.")]


class SpentShown(Shown):
    """Tokens over all calls to models, and money, USD. `unpriced`: calls whose cost is not known, and not in
    `cost`. `cacheSavings`: what prompts' cached tokens cost less than others.
    """

    since: datetime
    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: str
    cache_savings: str
    unpriced: int


class DayShown(Shown):
    """One day, in UTC; only days on which something was asked."""

    date: str
    requests: int
    tokens: int
    cost: str


class RateLeftShown(Shown):
    """What a rate limit still allows, of that with least left; `resetS`: seconds until all of it is free."""

    limit: int
    remaining: int
    reset_s: float


class LimitsLeftShown(Shown):
    """What may be asked for yet with this key; null: there is no such limit."""

    requests: RateLeftShown | None
    tokens: RateLeftShown | None
    budgets: list[OwnBudgetShown]


class OwnUsageShown(Shown):
    """One user's usage today and this month, in UTC, and day by day. `limits`: what is left of those that
    hold for whoever asks; null where somebody else's usage is asked for.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "userId": "0199a1b2-0000-7000-8000-000000000001",
                "today": {
                    "since": "2026-11-21T00:00:00Z",
                    "requests": 2,
                    "failed": 0,
                    "promptTokens": 40,
                    "completionTokens": 12,
                    "totalTokens": 52,
                    "cachedTokens": 0,
                    "reasoningTokens": 0,
                    "cost": "0.000154",
                    "cacheSavings": "0",
                    "unpriced": 0,
                },
                "daily": [{"date": "2026-11-21", "requests": 2, "tokens": 52, "cost": "0.000154"}],
                "limits": {
                    "requests": {"limit": 50, "remaining": 48, "resetS": 60.0},
                    "tokens": None,
                    "budgets": [
                        {
                            "name": "users",
                            "scope": "user",
                            "subject": "0199a1b2-0000-7000-8000-000000000001",
                            "period": "month",
                            "limitUsd": "100",
                            "spentUsd": "0.000154",
                            "heldUsd": "0",
                            "leftUsd": "99.999846",
                            "resetsAt": "2026-12-01T00:00:00Z",
                            "soft": False,
                        }
                    ],
                },
            }
        }
    )

    user_id: str
    today: SpentShown
    month: SpentShown
    daily: list[DayShown]
    limits: LimitsLeftShown | None


class ModelShareShown(Shown):
    """One model's part of the cost; `percentage` 0-100."""

    model_id: str
    cost: str
    percentage: float


class UsageShown(Shown):
    """The month so far, or since when it was asked for; the dearest model first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "since": "2026-11-01T00:00:00Z",
                "totalCost": "12.5",
                "breakdown": [{"modelId": "acme/large-1", "cost": "12.5", "percentage": 100.0}],
                "formatted": "12.5 USD since 2026-11-01: acme/large-1 100 %.",
            }
        }
    )

    since: datetime
    total_cost: str
    breakdown: list[ModelShareShown]
    formatted: str


class ShareShown(Shown):
    """One part. `key`: its values, with ` / ` between two; `none` where nothing was said. `count`: requests,
    or calls where a model or a provider is told apart.
    """

    key: str
    keys: list[str | None]
    cost: str
    tokens: int
    count: int
    unpriced: int


class BreakdownShown(Shown):
    """The dearest first; `total` is all of them, also those on other pages."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "since": "2026-11-01T00:00:00Z",
                "groupBy": "model",
                "breakdown": [
                    {
                        "key": "acme/large-1",
                        "keys": ["acme/large-1"],
                        "cost": "12.5",
                        "tokens": 90210,
                        "count": 42,
                        "unpriced": 0,
                    }
                ],
                "nextCursor": None,
            }
        }
    )

    since: datetime
    group_by: str
    breakdown: list[ShareShown]
    total: SpentShown
    next_cursor: str | None


class UsageWanted(Wanted):
    """Which interactions are summed up; `since` left out: from the month's begin, in UTC."""

    def within(self, caller: Caller, month_ms: int) -> Filter:
        """Those that a caller may see."""
        wanted = self.of(caller)
        return wanted if wanted.since_ms is not None else structs.replace(wanted, since_ms=month_ms)


class BreakdownWanted(UsageWanted):
    """The same, and what is told apart."""

    group_by: Annotated[
        str,
        Field(description="One of " + ", ".join(Dimension) + "; or two, with a comma between."),
    ] = Dimension.MODEL.value


class UsageRoutes:
    """Own usage for everybody; everybody's for admins and analysts."""

    def __init__(
        self,
        breakdowns: Breakdowns,
        clock: Clock,
        left: Callable[[Caller], Awaitable[Allowance]],
        budgets: Callable[[Caller], Awaitable[Sequence[Statement]]],
    ) -> None:
        """`left`, `budgets`: what a caller's own have left at the moment."""
        self._breakdowns = breakdowns
        self._clock = clock
        self._left = left
        self._budgets = budgets

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        to.add_api_route(OWN, self.own, methods=["GET"], response_model=OwnUsageShown, tags=[_TAG])
        to.add_api_route(PATH, self.total, methods=["GET"], response_model=UsageShown, tags=[_TAG])
        to.add_api_route(
            PATH + "/breakdown", self.breakdown, methods=["GET"], response_model=BreakdownShown, tags=[_TAG]
        )

    async def own(self, caller: ReadingCaller, user: _User = None) -> OwnUsageShown:
        """Your usage today and this month."""
        user_id = reach_of(caller, Thing.USAGE, user or caller.user_id) or caller.user_id
        today_ms, month_ms = self._begins()
        today = await self._breakdowns.of(Filter(user_id=user_id, since_ms=today_ms), ())
        month = await self._breakdowns.of(Filter(user_id=user_id, since_ms=month_ms), (Dimension.DATE,))
        days = sorted(month.shares, key=lambda share: share.keys[0] or "")
        return OwnUsageShown(
            user_id=user_id,
            today=_spent(today, today_ms),
            month=_spent(month, month_ms),
            daily=[
                DayShown(
                    date=each.keys[0] or "",
                    requests=each.count,
                    tokens=_tokens(each),
                    cost=usd_text(each.used.cost_nanos),
                )
                for each in days
            ],
            limits=await self._limits(caller) if user_id == caller.user_id else None,
        )

    async def total(self, caller: ReadingCaller, wanted: Annotated[UsageWanted, Query()]) -> UsageShown:
        """What this month has cost so far, and each model's part.

        Yours; for admins and analysts everybody's, unless a `user` is named.
        """
        within = wanted.within(caller, self._begins()[1])
        found = await self._breakdowns.of(within, (Dimension.MODEL,))
        total = found.used.cost_nanos
        shares = [
            ModelShareShown(
                model_id=_key(each),
                cost=usd_text(each.used.cost_nanos),
                percentage=round(100 * each.used.cost_nanos / total, 2) if total else 0.0,
            )
            for each in found.shares
        ]
        since = moment(within.since_ms or 0)
        return UsageShown(
            since=since,
            total_cost=usd_text(total),
            breakdown=shares,
            formatted=_sentence(since, total, shares),
        )

    async def breakdown(
        self, caller: ReadingCaller, wanted: Annotated[BreakdownWanted, Query()]
    ) -> BreakdownShown:
        """What was used by one or two dimensions; the parts add up to the total exactly.

        Yours; for admins and analysts everybody's, unless a `user` is named.
        """
        within = wanted.within(caller, self._begins()[1])
        found = await self._breakdowns.of(within, _dimensions(wanted.group_by))
        shown, following = page(found.shares, _place, wanted.limit, wanted.cursor)
        return BreakdownShown(
            since=moment(within.since_ms or 0),
            group_by=wanted.group_by,
            breakdown=[
                ShareShown(
                    key=_key(each),
                    keys=list(each.keys),
                    cost=usd_text(each.used.cost_nanos),
                    tokens=_tokens(each),
                    count=each.count,
                    unpriced=each.used.unpriced,
                )
                for each in shown
            ],
            total=_spent(found, within.since_ms or 0),
            next_cursor=following,
        )

    async def _limits(self, caller: Caller) -> LimitsLeftShown:
        allowance = await self._left(caller)
        return LimitsLeftShown(
            requests=_left(allowance.requests),
            tokens=_left(allowance.tokens),
            budgets=[own_budget_shown(each) for each in await self._budgets(caller)],
        )

    def _begins(self) -> tuple[int, int]:
        """When this day and this month began, Unix milliseconds, in UTC."""
        day = datetime.fromtimestamp(self._clock.wall(), UTC).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        return int(day.timestamp()) * 1000, int(day.replace(day=1).timestamp()) * 1000


def _dimensions(text: str) -> list[Dimension]:
    words = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in set(Dimension)]
    if unknown or len(words) > _MOST_DIMENSIONS or len(set(words)) < len(words):
        raise Invalid(
            f"Group by one or two of {', '.join(Dimension)}, with a comma between.", param="group_by"
        )
    return [Dimension(word) for word in words]


def _left(left: Left | None) -> RateLeftShown | None:
    if left is None:
        return None
    return RateLeftShown(limit=left.limit, remaining=left.remaining, reset_s=left.reset_s)


def _key(share: Share) -> str:
    return " / ".join(_NONE if key is None else key for key in share.keys)


def _place(share: Share) -> str:
    """Sorts as the shares do: the dearest first, then by name."""
    return f"{_RANKED - share.used.cost_nanos:020d} " + "\0".join(key or "" for key in share.keys)


def _tokens(share: Share) -> int:
    return share.used.prompt_tokens + share.used.completion_tokens


def _spent(found: Breakdown, since_ms: int) -> SpentShown:
    used = found.used
    return SpentShown(
        since=moment(since_ms),
        requests=found.requests,
        failed=found.failed,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        total_tokens=used.prompt_tokens + used.completion_tokens,
        cached_tokens=used.cached_tokens,
        reasoning_tokens=used.reasoning_tokens,
        cost=usd_text(used.cost_nanos),
        cache_savings=usd_text(found.saved_nanos),
        unpriced=used.unpriced,
    )


def _sentence(since: datetime, total: int, shares: list[ModelShareShown]) -> str:
    told = f"{usd_text(total)} USD since {since.date().isoformat()}"
    if not shares:
        return f"Nothing was used since {since.date().isoformat()}."
    named = ", ".join(f"{each.model_id} {each.percentage:g} %" for each in shares[:_SHOWN])
    more = len(shares) - _SHOWN
    return f"{told}: {named}{f' and {more} more' if more > 0 else ''}."
