"""Prices of models that no row of the catalog is of."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from baton.catalog.almanac import Almanac
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.prices import Prices
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.unlisted import UnlistedPrices, packaged_prices
from baton.core.provider import ProviderSpec

CHEAP, DEAR = {"input": "1", "output": "2"}, {"input": "3", "output": "4"}
LISTS = {
    "acme": {
        "other": [CHEAP],
        "other-2026-01-01": [DEAR],
        "hourly": [CHEAP, {**DEAR, "hours": {"from": "06:00", "to": "18:00"}}],
    }
}
PROVIDERS = tuple(
    ProviderSpec(name=name, title=name, base_url="", local=name == "home")
    for name in ("acme", "zeta", "home")
)


class Calendar:
    def __init__(self, text: str) -> None:
        self.text = text

    def wall(self) -> float:
        return datetime.fromisoformat(self.text).replace(tzinfo=UTC).timestamp()

    def monotonic(self) -> float:
        raise AssertionError("prices follow the calendar")


def prices_from(lists: dict[str, Any]) -> UnlistedPrices:
    return UnlistedPrices(
        msgspec.json.decode(msgspec.json.encode(lists), type=dict[str, dict[str, list[Raw]]])
    )


def live(calendar: Calendar) -> LiveCatalog:
    almanac = Almanac(calibration=packaged_calibration(), prices=prices_from(LISTS))
    return LiveCatalog((Model(provider="acme", name="listed"),), PROVIDERS, calendar, almanac=almanac)


def input_price(prices: Prices | None) -> int | None:
    return None if prices is None else prices.standard.rates.input


@pytest.mark.parametrize(
    ("name", "price", "version"),
    [
        ("acme/other", 1_000_000_000, "package@initial"),
        ("acme/other-20260301", 1_000_000_000, "package@initial"),
        ("acme/other-2026-01-01", 3_000_000_000, "package@initial"),
        ("acme/other-mini", None, ""),
        ("acme/Other", None, ""),
        ("zeta/other", None, ""),
        ("acme/listed", None, ""),
        ("home/other", 0, "local"),
    ],
)
def test_a_model_without_a_row_has_the_price_of_its_exact_name(
    name: str, price: int | None, version: str
) -> None:
    """Its own, dated or not; never that of a name that begins alike, nor another provider's; a row rules."""
    offer = live(Calendar("2026-05-01T12:00")).current().resolve(name).offer
    assert (input_price(offer.prices), offer.price_version) == (price, version)


def test_a_price_that_changes_with_the_hour_changes_without_a_row() -> None:
    """The catalog is built anew when one of these prices begins or ends."""
    calendar = Calendar("2026-05-01T05:59")
    catalog = live(calendar)
    seen: list[tuple[int | None, str]] = []
    for time in ("05:59", "06:00", "17:59", "18:00"):
        calendar.text = f"2026-05-01T{time}"
        offer = catalog.current().resolve("acme/hourly").offer
        seen.append((input_price(offer.prices), offer.price_version))
    day, night = (3_000_000_000, "package@initial/06:00-18:00"), (1_000_000_000, "package@initial")
    assert seen == [night, day, day, night]


def test_every_packaged_price_can_be_read() -> None:
    """Of each provider that this version knows prices for, with at least one price in every list."""
    text = files("baton.catalog").joinpath("data/prices.json").read_bytes()
    names = msgspec.json.decode(text, type=dict[str, dict[str, Any]])
    prices = packaged_prices()
    assert sum(map(len, names.values())) > 1000
    assert all(prices.of(provider, name) for provider, models in names.items() for name in models)
