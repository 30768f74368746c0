"""What a model is worth for a request: quality, cost and availability, weighed."""

from baton.catalog.lookup import Offer
from baton.catalog.model import NEUTRAL_PRIORITY
from baton.core.money import NANOS_PER_USD, TOKENS_PER_PRICE
from baton.gateway.routing.decision import Ask, Scored, Scores
from baton.gateway.routing.observed import UNKNOWN_AVAILABILITY, Judged, Observed
from baton.gateway.routing.weighing import Boost, Weights

DEAR = float(NANOS_PER_USD // 10 * TOKENS_PER_PRICE)
"""An estimate of 0.10 USD earns nothing for cost. In micro-nanos: nano-USD times a million, the unit that a
price per million tokens times tokens has."""

BEYOND_PRICE = 1e18
"""Stands for the price of an unpriced model: one token of it is dearer than any request that has a price."""

SLOW_MS = 2000
SLOW_PENALTY = 0.10
_TOP_PRIORITY = 1000


def quality(
    offer: Offer, average_ms: float | None = None, judged: Judged | None = None, boost: float = 0.0
) -> float:
    """0-1: the row's, as moved by what was thought of its answers, less for slow models, more for work that
    they are good at. `average_ms`: as observed; None: the row's."""
    latency_ms = offer.model.avg_latency_ms if average_ms is None else average_ms
    found = offer.model.quality if judged is None else judged.moves(offer.model.quality)
    if latency_ms is not None and latency_ms > SLOW_MS:
        found -= SLOW_PENALTY
    return max(0.0, min(1.0, found + boost))


def shift(offer: Offer) -> float:
    """What its priority moves the score by: -1 at priority 0, nothing at the neutral one, 1 at 1000."""
    priority = offer.model.priority
    if priority < NEUTRAL_PRIORITY:
        return -(NEUTRAL_PRIORITY - priority) / NEUTRAL_PRIORITY
    return (priority - NEUTRAL_PRIORITY) / (_TOP_PRIORITY - NEUTRAL_PRIORITY)


def boosted(offer: Offer, boosts: tuple[Boost, ...]) -> float:
    """What it is better by at some work. `boosts`: those for that work; a model's own stand above its
    provider's."""
    theirs = {boost.model: boost.quality for boost in boosts}
    return theirs.get(offer.id, theirs.get(offer.model.provider, 0.0))


def prices(offer: Offer, input_tokens: int) -> tuple[float, float]:
    """Input and output price of a prompt of that length, nano-USD per million tokens."""
    if offer.prices is None:
        return BEYOND_PRICE, BEYOND_PRICE
    rates = offer.prices.standard.rates_for(input_tokens)
    return float(rates.input), float(rates.output)


def candidate(
    offer: Offer,
    ask: Ask,
    observed: Observed,
    weights: Weights,
    span: float,
    boosts: tuple[Boost, ...] = (),
) -> Scored:
    """A model with its scores for one request. `span`: how far a priority can move it; `boosts`: those for
    this work."""
    tokens = ask.tokens_for(offer)
    price_in, price_out = prices(offer, tokens)
    spent = tokens * price_in + ask.output_tokens * price_out
    cost = 1 - min(1.0, spent / DEAR)
    seen = observed.seen.get(offer.id)
    available = UNKNOWN_AVAILABILITY if seen is None else seen.availability
    average_ms = None if seen is None else seen.average_ms
    good = quality(offer, average_ms, observed.judged.get(offer.id), boosted(offer, boosts))
    moved = span * shift(offer)
    final = weights.quality * good + weights.cost * cost + weights.availability * available + moved
    scores = Scores(
        final=round(max(0.0, min(1.0, final)), 6),
        quality=round(good, 6),
        cost=round(cost, 6),
        availability=available,
        shift=round(moved, 6),
    )
    estimate = None if offer.prices is None else round(spent / TOKENS_PER_PRICE)
    return Scored(offer=offer, scores=scores, estimate=estimate)
