"""What providers themselves say a call cost, beside what Baton reckons: a judge that nobody here wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any

from tests.contracts.counted import answers
from tests.contracts.recordings import Exchange

_TICKS_PER_NANO = 10
"""xAI counts in ten thousand millionths of a dollar (`cost_in_usd_ticks`)."""

_TOLD_TO_NANOS = 10_000
"""Perplexity rounds what it tells of each side to a hundred thousandth of a dollar."""

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "openrouter-68556ec209": "5 / 0.50 / 30 USD when it was recorded; 4 / 0.40 / 20 today",
        "openrouter-6755f8e6b0": "the host that served it took 0.03 / 0.15 USD; the model is listed at the "
        "price of another",
        "openrouter-dfdfff7d95": "0.10 / 0.30 USD when it was recorded; 0.09 / 0.30 today",
    }
)
"""Recordings charged at another price than today's published one: per 1M tokens, in / (cached) / out."""


@dataclass(frozen=True)
class Bill:
    """One call by its provider's account and by ours, nano-USD."""

    exchange: Exchange
    told: int
    reckoned: int
    partly: bool
    """Whether our row says that it is not all."""

    @property
    def verdict(self) -> str:
        """`equal`, or why they differ; empty where nobody knows."""
        if self.told == self.reckoned:
            return "equal"
        if self.exchange.provider == "perplexity" and abs(self.told - self.reckoned) <= _TOLD_TO_NANOS:
            return "equal but for its rounding to 0.00001 USD"
        if _usage(self.exchange).get("is_byok") and _upstream(self.exchange) == self.reckoned:
            return "on a key of one's own: it charges nothing, and names the same cost upstream"
        if self.partly and self.reckoned < self.told:
            return "a search has no published price; the row says `partly_priced`"
        return ELSEWHERE.get(self.exchange.id, "")


def told_nanos(exchange: Exchange) -> int | None:
    """What the provider says it charged; None where it does not."""
    usage = _usage(exchange)
    if "cost_in_usd_ticks" in usage:
        return _whole(Decimal(usage["cost_in_usd_ticks"]) / _TICKS_PER_NANO)
    cost = usage.get("cost")
    if isinstance(cost, dict):
        return _nanos(cost["total_cost"])
    return None if cost is None else _nanos(cost)


def _upstream(exchange: Exchange) -> int:
    return _nanos(_usage(exchange)["cost_details"]["upstream_inference_cost"])


def _usage(exchange: Exchange) -> dict[str, Any]:
    """The last report of usage."""
    bodies = [answer.get("response") or answer for answer in answers(exchange)]
    return next((body["usage"] for body in reversed(bodies) if body.get("usage")), {})


def _nanos(usd: float) -> int:
    return _whole(Decimal(str(usd)) * 10**9)


def _whole(nanos: Decimal) -> int:
    return int(nanos.to_integral_value(ROUND_HALF_EVEN))
