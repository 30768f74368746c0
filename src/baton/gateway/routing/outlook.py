"""Who would be asked today after a model has failed, and why nobody else; for people, not for requests."""

from collections.abc import Iterator

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.core.errors import Unservable
from baton.core.failures import Failure, Kind
from baton.core.request import Options
from baton.gateway.routing.alternatives import Alternatives, Chains
from baton.gateway.routing.decision import AUTO, Ask, Decision, LeftOut
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.ranking import Shut

_OUTAGE = Failure(kind=Kind.SERVER, message="")
"""The failure that every other model may answer for."""


class Prospect(Struct, frozen=True, kw_only=True):
    """One that would be asked."""

    id: str
    """`provider/name`."""
    chained: bool
    """Whether the model's chain lists it; else it is the router's next best."""


class Outlook(Struct, frozen=True, kw_only=True):
    """What would follow a model."""

    model: str
    """`provider/name` of the one that fails."""
    prospects: tuple[Prospect, ...]
    """In the order in which they would be asked."""
    left_out: tuple[LeftOut, ...]
    """Those of the chain first."""


class Outlooks:
    """Looks ahead, by the same code that goes on after a failure."""

    def __init__(self, router: LiveRouter, alternatives: Alternatives, chains: Chains, shut: Shut) -> None:
        """`shut`: whose breaker is open; such are passed over when their turn comes."""
        self._router = router
        self._alternatives = alternatives
        self._chains = chains
        self._shut = shut

    def of(self, model: str, ask: Ask) -> Outlook:
        """What follows a model, by any of its names, or `auto`, for requests of this kind.

        Raises:
            Refused: such a request would not get as far as to that model.
        """
        decision = self._router.decide_for(model, ask)
        chosen = decision.chosen.offer
        catalog = self._router.current().catalog
        listed = {offer.id for name in self._chains(chosen.id) if (offer := catalog.served(name)) is not None}
        following = self._alternatives.after(_OUTAGE, decision, Options())
        spent = self._router.passed_over
        shut = {
            offer.id: reason
            for offer in following
            if (reason := self._shut(offer) or spent(offer, decision.ask)) is not None
        }
        asked = [offer.id for offer in following if offer.id not in shut]
        left_out = {chosen.id: "it is the one that fails", **shut}
        for each in self._against(decision):
            left_out.setdefault(each.id, each.reason)
        for offer in catalog.offers:
            if offer.id not in asked:
                left_out.setdefault(offer.id, self._never(decision))
        del left_out[chosen.id]
        return Outlook(
            model=chosen.id,
            prospects=tuple(Prospect(id=each, chained=each in listed) for each in asked),
            left_out=tuple(LeftOut(name, reason) for name, reason in left_out.items()),
        )

    def _against(self, decision: Decision) -> Iterator[LeftOut]:
        """What speaks against models: of the chain those that cannot stand in, and all that do not fit."""
        router, chosen = self._router.current(), decision.chosen.offer
        for name in self._chains(chosen.id):
            offer = router.catalog.served(name)
            if offer is None:
                yield LeftOut(name, _gone(router.catalog.row(name)))
            elif reason := router.reason_against(offer, decision.ask, chosen):
                yield LeftOut(offer.id, reason)
            if offer is not None and offer.id != name:
                yield LeftOut(name, f"retired; {offer.id} takes its place")
        try:
            yield from self._router.decide_for(AUTO, decision.ask).left_out
        except Unservable as error:
            yield from (LeftOut(name, reason) for name, reason in error.reasons.items())

    def _never(self, decision: Decision) -> str:
        """Why a model that fits is not asked all the same."""
        if not self._alternatives.by_default:
            return "requests fall back only where they ask for it (BATON_FALLBACK)"
        if not self._router.fallbacks(decision):
            return "whoever names a stand-in asks for no real provider"
        return "enough others come before it"


def _gone(row: Offer | None) -> str:
    if row is None:
        return "not in the catalog any more"
    return f"retired on {row.model.retired_at}, and nothing takes its place"
