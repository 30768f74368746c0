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

    def _allowed(self, caller: Caller) -> Allowance | None:
        """What the key's list means; None: it has none."""
        return None if caller.models is None else allowance(self._catalog.current(), caller.models)


def _usable(offer: Offer, caller: Caller, configured: frozenset[str], allowed: Allowance | None) -> bool:
    model = offer.model
    return (
        model.is_enabled
        and not offer.retired
        and caller.tier in model.tier_access
        and model.provider in configured
        and (allowed is None or allowed.holds(offer))
    )
