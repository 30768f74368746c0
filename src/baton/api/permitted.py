"""The models that a caller may use."""

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.errors import NotFound
from baton.upstream.directory import Directory


class Permitted:
    """Models that are switched on, not retired, of the caller's tier, and whose provider is configured."""

    def __init__(self, catalog: LiveCatalog, directory: Directory) -> None:
        self._catalog = catalog
        self._directory = directory

    def usable(self, caller: Caller) -> list[Offer]:
        """All of them, in the catalog's order."""
        configured = self._directory.configured
        return [offer for offer in self._catalog.current().offers if _usable(offer, caller, configured)]

    def named(self, caller: Caller, model_id: str) -> Offer:
        """One of them, by any of its names.

        Raises:
            NotFound: there is no such model, or not for this caller.
        """
        found = self._catalog.current().resolve(model_id)
        if not found.known or not _usable(found.offer, caller, self._directory.configured):
            raise NotFound(
                f"This key may use no model '{model_id[:80]}'.", code="model_not_found", param="model"
            )
        return found.offer


def _usable(offer: Offer, caller: Caller, configured: frozenset[str]) -> bool:
    model = offer.model
    return (
        model.is_enabled
        and not offer.retired
        and caller.tier in model.tier_access
        and model.provider in configured
    )
