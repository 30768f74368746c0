"""What tests of budgets stand on: a model, its prices, a moment."""

from typing import Any

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff

AT_MS = 1_795_262_400_000
"""2026-11-21 12:00 UTC."""


PRICES = Prices(standard=Tariff(rates=Rates(input=3_000_000_000, output=12_000_000_000)))
"""Three dollars and twelve for a million tokens."""


def an_offer(prices: Prices | None = PRICES, **other: Any) -> Offer:
    """`acme/large-1`; `other`: as of its row."""
    model = Model(provider="acme", name="large-1", **other)
    return Offer(id=model.id, model=model, prices=prices, retired=False)
