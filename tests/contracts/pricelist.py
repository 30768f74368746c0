"""Published prices of the recorded models, and a made-up list for those that nobody lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices
from tools.seed_models import price_list

from baton.catalog.model import Model
from baton.catalog.price_body import EntryBody, entry_from
from tests.contracts.recordings import ROOT

SEED = ROOT / "src" / "baton" / "catalog" / "data" / "models.json"

STAND_IN: Mapping[str, Any] = MappingProxyType(
    {"input": "3.1", "output": "17.3", "cachedRead": "0.7", "cacheWrite": "5.9", "reasoning": "13.7"}
)
"""USD per 1M tokens for models that nobody lists; all differ, so that none can stand for another."""

_VENDORS = {"xai": "x-ai"}
"""The package's names of providers, where they are not ours."""

_TOKENS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cachedRead": "cache_read_mtok",
    "cacheWrite": "cache_write_mtok",
    "cacheWriteLong": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "audioIn": "input_audio_mtok",
    "audioOut": "output_audio_mtok",
    "imageIn": "input_image_mtok",
    "imageOut": "output_image_mtok",
}
_PIECES = {"thousandWebSearches": "web_searches_kcount", "thousandFileSearches": "storage_searches_kcount"}


@dataclass(frozen=True)
class Listed:
    """What a model's price list says for one request: USD per 1M tokens, and USD for what a fee names."""

    rates: Mapping[str, str]
    fees: Mapping[str, str]
    published: bool = True


@dataclass(frozen=True)
class PriceLists:
    """The prices of one provider's models: the catalog's, else the package's, else the made-up ones."""

    provider: str
    seed: Mapping[str, dict[str, Any]]
    """Rows of the catalog's seed by name and alias."""

    def row(self, name: str) -> Model | None:
        """What must be added to the catalog for a model that it does not have; None where it has it."""
        if name in self.seed:
            return None
        entry = self._entry(name)
        today = datetime.now(UTC).date()
        bodies: list[Any] = [dict(STAND_IN)] if entry is None else list(price_list(entry, today))
        text = msgspec.json.encode(bodies, enc_hook=str)
        return Model(
            provider=self.provider,
            name=name,
            display_name=name,
            capabilities=frozenset({"text", "streaming", "vision", "tools", "json", "audio"}),
            prices=tuple(entry_from(b, 1_000_000) for b in msgspec.json.decode(text, type=list[EntryBody])),
            tier_access=frozenset({"free", "pro", "expert", "master"}),
        )

    def listed(self, name: str, prompt: int) -> Listed:
        """What a request of now with such a prompt pays; read from the package itself for what the catalog
        does not have."""
        if name in self.seed:
            return _of_seed(self.seed[name]["prices"], prompt)
        entry = self._entry(name)
        if entry is None:
            return Listed(rates=STAND_IN, fees={}, published=False)
        return _of_package(entry.get_prices(datetime.now(UTC)), prompt)

    def _entry(self, name: str) -> ModelInfo | None:
        vendor = _VENDORS.get(self.provider, self.provider)
        found = next((each for each in providers if each.id == vendor), None)
        entry = None if found is None else found.find_model(name)
        # What is paid by the hour, or has no price at all, says nothing of tokens.
        return entry if entry and entry.get_prices(datetime.now(UTC)).input_mtok is not None else None


def price_lists(provider: str) -> PriceLists:
    """Those of one provider."""
    rows = [row for row in json.loads(SEED.read_bytes()) if row["provider"] == provider]
    by_name = {name: row for row in rows for name in (*row.get("aliases", ()), row["name"])}
    return PriceLists(provider, by_name)


def _of_seed(prices: list[dict[str, Any]], prompt: int) -> Listed:
    now = datetime.now(UTC)
    clock = f"{now:%H:%M}"
    held = [
        entry
        for entry in prices
        if entry.get("validFrom", "1970-01-01") <= f"{now:%Y-%m-%d}"
        and ("hours" not in entry or entry["hours"]["from"] <= clock < entry["hours"]["to"])
    ]
    entry = held[-1] if held else prices[0]
    rates = entry
    for step in entry.get("longContext", ()):
        if prompt > step["aboveTokens"]:
            rates = step
    return Listed(rates=rates, fees=entry.get("fees", {}))


def _of_package(price: ModelPrice, prompt: int) -> Listed:
    def at(value: Any) -> Decimal:
        if not isinstance(value, TieredPrices):
            return value
        return next((tier.price for tier in reversed(value.tiers) if prompt > tier.start), value.base)

    def all_of(names: Mapping[str, str]) -> dict[str, str]:
        told = {ours: getattr(price, theirs) for ours, theirs in names.items()}
        return {name: str(round(at(value), 9)) for name, value in told.items() if value is not None}

    return Listed(rates=all_of(_TOKENS), fees=all_of(_PIECES))
