"""Cheaper models for a request that a budget has too little left for."""

from baton.catalog.lookup import Offer
from baton.gateway.routing.decision import Decision, estimated_cost
from baton.gateway.routing.live import LiveRouter


def cheaper(router: LiveRouter, decision: Decision, *, downgrades: bool) -> list[Offer]:
    """Models that would serve the request for less than the chosen one, the dearest first: as good as can be
    paid for. A named model is replaced only where the budget `downgrades`; where the house does not have its
    models chosen freely, none is."""
    most = _price(decision, decision.chosen.offer)
    if decision.named and (not downgrades or decision.way is not None):
        return []
    if decision.way is not None or decision.alone:
        offers = [*(each.offer for each in decision.ranked), *decision.fallbacks]
    else:
        offers = router.fitting(decision.ask)
    priced = [(price, offer) for offer in offers if (price := _price(decision, offer)) is not None]
    less = [pair for pair in priced if most is None or pair[0] < most]
    return [offer for _, offer in sorted(less, key=lambda pair: -pair[0])]


def _price(decision: Decision, offer: Offer) -> int | None:
    return estimated_cost(offer, decision.ask).total
