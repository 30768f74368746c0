"""Who else may serve a request whose first choice failed."""

from collections.abc import Callable, Sequence

from baton.catalog.lookup import Offer
from baton.core.failures import Failure, Kind
from baton.core.request import Options
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter

Chains = Callable[[str], tuple[str, ...]]
"""What an admin lists behind a model: both are `provider/name`."""


def no_chains(model: str) -> tuple[str, ...]:
    """Where nobody lists anything."""
    del model
    return ()


class Alternatives:
    """Finds them: the request's own list; else the rule's, the chain's, and the router's next best."""

    def __init__(self, router: LiveRouter, chains: Chains = no_chains, *, by_default: bool = True) -> None:
        """`by_default`: whether others are asked for requests that say nothing of it."""
        self._router = router
        self._chains = chains
        self.by_default = by_default

    def exist(self, decision: Decision) -> bool:
        """Whether there may be any; a look-up, for whoever must know before anything has failed."""
        if decision.alone:
            return False
        if decision.listed is not None:
            return bool(decision.listed)
        return self.by_default and (
            self._router.has_fallbacks(decision)
            or bool(decision.following)
            or bool(self._chains(decision.chosen.offer.id))
        )

    def after(self, failure: Failure, decision: Decision, options: Options) -> tuple[Offer, ...]:
        """Whom to ask after a failure, the best first; none where another model could not help or may not."""
        if decision.alone or not _helps(failure, options):
            return ()
        longer = failure.kind is Kind.CONTEXT_LENGTH
        if decision.listed is not None:
            return self._fitting(decision, decision.listed)
        if not self.by_default:
            return ()
        chosen = decision.chosen.offer
        catalog = self._router.current().catalog
        chained = [offer for name in self._chains(chosen.id) if (offer := catalog.served(name)) is not None]
        first = [*decision.following, *chained]
        holds = chosen.model.context_window or 0
        if longer:
            first = [offer for offer in first if (offer.model.context_window or 0) > holds]
        return self._fitting(decision, (*first, *self._router.fallbacks(decision, longer)))

    def _fitting(self, decision: Decision, offers: Sequence[Offer]) -> tuple[Offer, ...]:
        """Each once, without those that cannot serve it."""
        router, chosen = self._router.current(), decision.chosen.offer
        fitting = {
            offer.id: offer
            for offer in offers
            if offer.id != chosen.id and router.reason_against(offer, decision.ask, chosen) is None
        }
        return tuple(fitting.values())


def _helps(failure: Failure, options: Options) -> bool:
    """Whether another model may answer what this one did not."""
    if failure.kind is Kind.CONTENT_FILTER:
        return options.fallback_on_filter
    return failure.rule.falls_back
