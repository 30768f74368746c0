"""What a model is worth for a request: quality, cost and availability, weighed."""

from baton.catalog.lookup import Offer
from baton.catalog.model import NEUTRAL_PRIORITY
from baton.core.money import NANOS_PER_USD, TOKENS_PER_PRICE
from baton.gateway.routing.decision import Ask, Scored, Scores, Weights

DEAR = float(NANOS_PER_USD // 10 * TOKENS_PER_PRICE)
"""An estimate of 0.10 USD earns nothing for cost. In micro-nanos: nano-USD times a million, the unit that a
price per million tokens times tokens has."""

BEYOND_PRICE = 1e18
"""Stands for the price of an unpriced model: one token of it is dearer than any request that has a price."""

UNKNOWN_AVAILABILITY = 0.8
SLOW_MS = 2000
SLOW_PENALTY = 0.10
_TOP_PRIORITY = 1000


def standing(offer: Offer, weights: Weights) -> float:
    """What a model brings to every request: its quality and its priority."""
    return weights.quality * quality(offer) + shift(offer, weights.priority)


def quality(offer: Offer) -> float:
    """0-1, less for slow models."""
    latency = offer.model.avg_latency_ms
    slow = latency is not None and latency > SLOW_MS
    return max(0.0, offer.model.quality - SLOW_PENALTY) if slow else offer.model.quality


def shift(offer: Offer, span: float) -> float:
    """-`span` at priority 0, nothing at the neutral one, +`span` at 1000."""
    priority = offer.model.priority
    if priority < NEUTRAL_PRIORITY:
        return -span * (NEUTRAL_PRIORITY - priority) / NEUTRAL_PRIORITY
    return span * (priority - NEUTRAL_PRIORITY) / (_TOP_PRIORITY - NEUTRAL_PRIORITY)


def prices(offer: Offer, input_tokens: int) -> tuple[float, float]:
    """Input and output price of a prompt of that length, nano-USD per million tokens."""
    if offer.prices is None:
        return BEYOND_PRICE, BEYOND_PRICE
    rates = offer.prices.standard.rates_for(input_tokens)
    return float(rates.input), float(rates.output)


def candidate(offer: Offer, ask: Ask, available: float, weights: Weights) -> Scored:
    """A model with its scores for one request."""
    tokens = ask.tokens_for(offer)
    price_in, price_out = prices(offer, tokens)
    spent = tokens * price_in + ask.output_tokens * price_out
    cost = 1 - min(1.0, spent / DEAR)
    final = standing(offer, weights) + weights.cost * cost + weights.availability * available
    scores = Scores(
        final=round(max(0.0, min(1.0, final)), 6),
        quality=round(quality(offer), 6),
        cost=round(cost, 6),
        availability=available,
        shift=round(shift(offer, weights.priority), 6),
    )
    estimate = None if offer.prices is None else round(spent / TOKENS_PER_PRICE)
    return Scored(offer=offer, scores=scores, estimate=estimate)
