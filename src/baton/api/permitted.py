"""The models that a caller may use."""

from baton.catalog.allowance import Allowance, allowance
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.errors import NotFound
from baton.upstream.directory import Directory


class Permitted:
    """Models that are switched on, not retired, of the caller's tier, among those of their key, and whose
    provider is configured."""

    def __init__(self, catalog: LiveCatalog, directory: Directory) -> None:
        self._catalog = catalog
        self._directory = directory

    def usable(self, caller: Caller) -> list[Offer]:
        """All of them, in the catalog's order."""
        configured, allowed = self._directory.configured, self._allowed(caller)
        return [
            offer for offer in self._catalog.current().offers if _usable(offer, caller, configured, allowed)
        ]

    def named(self, caller: Caller, model_id: str) -> Offer:
        """One of them, by any of its names.

        Raises:
            NotFound: there is no such model, or not for this caller.
        """
        found = self._catalog.current().resolve(model_id)
        configured, allowed = self._directory.configured, self._allowed(caller)
        if not found.known or not _usable(found.offer, caller, configured, allowed):
            raise NotFound(
                f"This key may use no model '{model_id[:80]}'.", code="model_not_found", param="model"
            )
        return found.offer

    def notice(self, caller: Caller, model_id: str) -> str | None:
        """What a caller who once chose a model should know of it today; None: it may be used as it is."""
        offer = self._catalog.current().served(model_id)
        if offer is None:
            return f"{model_id} is gone, so it does not serve; choose another one."
        if why_not := _why_not(offer, caller, self._directory.configured, self._allowed(caller)):
            return f"{offer.id} {why_not}, so it does not serve for now."
        return None if offer.id == model_id else f"{model_id} is retired; {offer.id} takes its place."

    def _allowed(self, caller: Caller) -> Allowance | None:
        """What the key's list means; None: it has none."""
        return None if caller.models is None else allowance(self._catalog.current(), caller.models)


def _why_not(
    offer: Offer, caller: Caller, configured: frozenset[str], allowed: Allowance | None
) -> str | None:
    model = offer.model
    if not model.is_enabled:
        return "is switched off"
    if caller.tier not in model.tier_access:
        return f"is not in your tier {caller.tier}"
    if allowed is not None and not allowed.holds(offer):
        return "is not among the models of this key"
    return (
        None if model.provider in configured else f"needs the provider {model.provider}, not configured here"
    )


def _usable(offer: Offer, caller: Caller, configured: frozenset[str], allowed: Allowance | None) -> bool:
    model = offer.model
    return (
        model.is_enabled
        and not offer.retired
        and caller.tier in model.tier_access
        and model.provider in configured
        and (allowed is None or allowed.holds(offer))
    )
