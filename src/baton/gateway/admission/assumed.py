"""What a call is counted at whose price nobody knows: the dearest listed one of its provider (decision 3)."""

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Catalog, Offer
from baton.catalog.prices import Prices


class AssumedPrices:
    """Looks them up; once for each provider and edition of the catalog."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self._live = catalog
        self._edition: Catalog | None = None
        self._dearest: dict[str, Prices | None] = {}

    def of(self, offer: Offer) -> Prices | None:
        """None: nothing of the provider has a price."""
        edition = self._live.current()
        if edition is not self._edition:
            self._edition, self._dearest = edition, {}
        provider = offer.model.provider
        if provider not in self._dearest:
            listed = [
                each.prices
                for each in edition.offers
                if each.model.provider == provider and each.prices is not None
            ]
            self._dearest[provider] = max(listed, key=_both, default=None)
        return self._dearest[provider]


def _both(prices: Prices) -> int:
    rates = prices.standard.rates
    return rates.input + rates.output
