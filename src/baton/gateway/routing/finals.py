"""The final scores of all candidates of a request at once."""

from collections.abc import Sequence

from baton.gateway.routing.decision import Ask
from baton.gateway.routing.observed import UNKNOWN_AVAILABILITY, Observed
from baton.gateway.routing.pool import Pool
from baton.gateway.routing.score import DEAR, boosted, quality
from baton.gateway.routing.weighing import Boost, Weighing

_GRID = float(1 << 22)
"""Added and taken away again it rounds a score to 2⁻³⁰: what is equal on paper is equal here."""


def final_scores(
    pool: Pool, spent: Sequence[float], ask: Ask, observed: Observed, weighing: Weighing
) -> list[float]:
    """One for each of the pool, 0-1. `spent`: estimates, micro-nanos.

    Worked out in columns, and again for the few of whom something else is known than what their rows say.
    """
    weights = weighing.at(ask.wanted, ask.pressure)
    boosts = boosts_for(ask, weighing)
    span, of_quality, of_cost = weighing.priority, weights.quality, weights.cost
    usual = weights.availability * UNKNOWN_AVAILABILITY
    per_unit = of_cost / DEAR
    finals = [
        of_quality * good
        + span * moved
        + usual
        + (of_cost - per_unit * cost if cost < DEAR else 0.0)
        + _GRID
        - _GRID
        for good, moved, cost in zip(pool.quality, pool.shift, spent, strict=True)
    ]
    for place in _known_otherwise(pool, observed, boosts):
        offer = pool.offers[place]
        seen, judged = observed.seen.get(offer.id), observed.judged.get(offer.id)
        good = quality(offer, None if seen is None else seen.average_ms, judged, boosted(offer, boosts))
        moved = of_quality * (good - pool.quality[place])
        if seen is not None:
            moved += weights.availability * (seen.availability - UNKNOWN_AVAILABILITY)
        finals[place] = finals[place] + moved + _GRID - _GRID
    if finals and (max(finals) > 1 or min(finals) < 0):
        finals = [max(0.0, min(1.0, final)) for final in finals]
    return finals


def boosts_for(ask: Ask, weighing: Weighing) -> tuple[Boost, ...]:
    """Those for the work that is asked for."""
    if ask.task is None:
        return ()
    return tuple(boost for boost in weighing.boosts if boost.task is ask.task)


def _known_otherwise(pool: Pool, observed: Observed, boosts: tuple[Boost, ...]) -> set[int]:
    """The places of those that were seen, judged or boosted."""
    places = pool.places
    known = {place for name in (*observed.seen, *observed.judged) if (place := places.get(name)) is not None}
    for boost in boosts:
        known.update(pool.of_provider.get(boost.model, ()))
        place = places.get(boost.model)
        if place is not None:
            known.add(place)
    return known
