"""Writes the catalog's seed from the price package and `seed_models.toml`; a maintainer's tool.

    python tools/seed_models.py            write models.json and prices.json in src/baton/catalog/data
    python tools/seed_models.py --check    say whether that would change anything (exit status 1 if so)

The gateway itself never imports the price package: what it needs is in the file.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from genai_prices.data import providers as packaged_providers
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from baton.catalog import admin_body
from baton.catalog.model import Model
from baton.catalog.tiers import DEFAULT_TIERS

ROOT = Path(__file__).parent.parent
OVERLAY = ROOT / "tools" / "seed_models.toml"
SEED = ROOT / "src" / "baton" / "catalog" / "data" / "models.json"
UNLISTED = SEED.with_name("prices.json")

LONG_CONTEXT_TOKENS = 200_000
BATCH = {"processing": "batch"}
PROCESSINGS = {
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
"""How answers name other processing than the usual, and how the package does."""
FEES = {
    "thousandWebSearches": "web_searches_kcount",
    "thousandFileSearches": "storage_searches_kcount",
    "hourOfSound": "audio_hours",
}
"""What the package prices by the piece and Baton counts."""
REQUESTS = ("thousandRequestsLow", "thousandRequestsMedium", "thousandRequestsHigh")
RATES = {
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


def seed_text() -> str:
    """The seed file as it should be."""
    overlay = tomllib.loads(OVERLAY.read_text())
    models = [model_from(row, overlay) for row in overlay["model"]]
    ids = {model.id for model in models}
    orphans = [model.id for model in models if model.replaced_by and model.replaced_by not in ids]
    if len(ids) != len(models) or orphans:
        raise SystemExit(f"The overlay names a model twice, or an heir that is not there: {orphans}")
    bodies = [
        {k: v for k, v in admin_body.write(model).items() if v not in (None, "", [], ())} for model in models
    ]
    return json.dumps(bodies, indent=1, ensure_ascii=False) + "\n"


def unlisted_text() -> str:
    """The price lists of what the package knows besides: a line a model, so that differences can be read."""
    overlay = tomllib.loads(OVERLAY.read_text())
    ours = {row["id"] for row in overlay["model"]}
    blocks: list[str] = []
    for provider, vendor in overlay["provider"].items():
        (known,) = (each for each in packaged_providers if each.id == vendor["package"])
        lists = {
            model.id: entries
            for model in known.models
            if f"{provider}/{model.id}" not in ours and (entries := whole_list(model, overlay["as_of"]))
        }
        lines = [f"  {json.dumps(name)}: {json.dumps(lists[name], default=str)}" for name in sorted(lists)]
        blocks.append(f" {json.dumps(provider)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def whole_list(model: ModelInfo, as_of: date) -> list[dict[str, Any]]:
    """A model's price list; empty where it lacks the price of a side, as the package does for some."""
    entries = list(price_list(model, as_of))
    return entries if all("input" in entry and "output" in entry for entry in entries) else []


def model_from(row: Mapping[str, Any], overlay: Mapping[str, Any]) -> Model:
    """One row of the overlay and its entry of the package, as the catalog's row."""
    provider, name = row["id"].split("/", 1)
    vendor = overlay["provider"][provider]
    packaged = packaged_model(vendor["package"], row, name)
    service = row.get("service")
    # What a window holds is said for each of an embedding's texts, not for all of a request's together.
    window = packaged.context_window if packaged and service is None else None
    context = row.get("context", window)
    can = {"text", "streaming", *row["can"]} if service is None else {service}
    if context is not None and context >= LONG_CONTEXT_TOKENS:
        can.add("long-context")
    if packaged is None:
        prices = row["prices"]
    else:
        prices = [entry | fees_of(row) for entry in price_list(packaged, overlay["as_of"])]
        if service is not None:
            prices = [without_output(entry) for entry in prices]
    tiers = overlay["tiers"]
    body = {
        "provider": provider,
        "name": name,
        "displayName": row.get("title", packaged.name if packaged else name),
        "version": row.get("version", ""),
        "description": row["about"],
        "docsUrl": vendor["docs"],
        "releaseDate": row.get("released"),
        "aliases": row.get("aliases", []),
        "capabilities": sorted(can),
        "requiredCapabilities": [] if service is None else [service],
        "contextWindow": context,
        "maxOutputTokens": row.get("output"),
        "quality": row["q"],
        "speedTier": row["speed"],
        "avgLatencyMs": row["ms"],
        "pricePer": "1M",
        "prices": prices,
        "tierAccess": tiers[tiers.index(row["tiers"]) :],
        "deprecatedAt": row.get("deprecated"),
        "retiredAt": row.get("retired"),
        "replacedBy": row.get("heir"),
        **row.get("limits", {}),
    }
    return admin_body.read(json.loads(json.dumps(body, default=str)), DEFAULT_TIERS)


def without_output(entry: dict[str, Any]) -> dict[str, Any]:
    """A price entry of a model that may write nothing: what has no price then is free."""
    batched = {"batch": {"output": "0", **entry["batch"]}} if "batch" in entry else {}
    return {"output": "0", **entry, **batched}


def packaged_model(provider: str, row: Mapping[str, Any], name: str) -> ModelInfo | None:
    """The package's own entry of a model, never the best match of a search; None where it has none.

    Prices of ours are for what it has none for, and nothing else (decision 3).
    """
    entries = {model.id: model for each in packaged_providers if each.id == provider for model in each.models}
    found = entries.get(name)
    if found is not None and ("package" in row or "prices" in row):
        raise SystemExit(f"{row['id']}: the price package has an entry of that name; its prices are taken.")
    if found is None and ("package" in row) == ("prices" in row):
        raise SystemExit(f"{row['id']}: name the package's entry, or give prices where it has none.")
    return found or (entries[row["package"]] if "package" in row else None)


def fees_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Fees of ours, for what the package cannot say: a request's, by how much it reads of what it finds."""
    sizes = row.get("requests")
    return {} if sizes is None else {"fees": dict(zip(REQUESTS, sizes, strict=True))}


def price_list(model: ModelInfo, as_of: date) -> Iterator[dict[str, Any]]:
    """The package's price history of a model, as bodies of price entries, oldest first.

    The package cannot give one entry both a first day and hours: hours hold from the last day before them.
    """
    if isinstance(model.prices, ModelPrice):
        yield {**entry(model.prices), **variants(model, as_of)}
        return
    valid_from: date | None = None
    for conditional in model.prices:
        body = entry(conditional.prices)
        match conditional.constraint:
            case None:
                yield {**body, **variants_if_standing(model, None, as_of)}
            case StartDateConstraint(start_date=start):
                valid_from = start
                yield {**body, "validFrom": start, **variants_if_standing(model, start, as_of)}
            case TimeOfDateConstraint(start_time=start, end_time=end):
                yield {**body, "validFrom": valid_from, "hours": {"from": clock(start), "to": clock(end)}}


def variants_if_standing(model: ModelInfo, valid_from: date | None, as_of: date) -> dict[str, Any]:
    """The other tariffs of an entry that holds on `as_of` or later; those of the past are of no use."""
    starts = [c.constraint.start_date for c in listed(model) if isinstance(c.constraint, StartDateConstraint)]
    current = max((start for start in starts if start <= as_of), default=None)
    if valid_from == current or (valid_from is not None and valid_from > as_of):
        return variants(model, max(as_of, valid_from or as_of))
    return {}


def listed(model: ModelInfo) -> list[Any]:
    """The conditional prices of a model that has any."""
    return [] if isinstance(model.prices, ModelPrice) else model.prices


def variants(model: ModelInfo, day: date) -> dict[str, Any]:
    """`{"batch": …, "processing": …}` as far as the provider has such prices on that day."""
    moment = datetime.combine(day, time(), UTC) + timedelta(hours=12)
    standard = tariff(model.get_prices(moment))
    others = {word: tariff(model.get_prices(moment, said)) for word, said in PROCESSINGS.items()}
    other = {word: rates for word, rates in others.items() if rates != standard}
    batched = tariff(model.get_prices(moment, BATCH))
    return {
        **({} if batched == standard else {"batch": batched}),
        **({"processing": other} if other else {}),
    }


def entry(price: ModelPrice) -> dict[str, Any]:
    """A tariff, and what is paid by the piece; a model that is paid by the hour takes nothing for tokens."""
    fees = {ours: str(fee) for ours, theirs in FEES.items() if (fee := getattr(price, theirs)) is not None}
    rates = tariff(price)
    if "hourOfSound" in fees and "input" not in rates:
        rates = {"input": "0", "output": "0"}
    return {**rates, **({"fees": fees} if fees else {})}


def tariff(price: ModelPrice) -> dict[str, Any]:
    """Base rates, and one long-context step for each threshold that any of them has."""
    values = {ours: getattr(price, theirs, None) for ours, theirs in RATES.items()}
    tiered = [value for value in values.values() if isinstance(value, TieredPrices)]
    starts = sorted({tier.start for value in tiered for tier in value.tiers})
    steps = [{"aboveTokens": start, **rates_at(values, start)} for start in starts]
    return {**rates_at(values, 0), **({"longContext": steps} if steps else {})}


def rates_at(values: Mapping[str, Decimal | TieredPrices | None], start: int) -> dict[str, str]:
    """The rates that hold above `start` tokens of prompt."""
    rates: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, TieredPrices):
            below = [tier.price for tier in value.tiers if tier.start <= start and start > 0]
            rates[name] = usd(below[-1] if below else value.base)
        elif value is not None:
            rates[name] = usd(value)
    return rates


def usd(price: Decimal) -> str:
    """To the nano-dollar: some hosts list a third of a cent."""
    return str(price if price == round(price, 9) else round(price, 9))


def clock(moment: time) -> str:
    """`01:30`."""
    return moment.strftime("%H:%M")


def main() -> int:
    """Write the two files, or say whether they are as they should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    wanted = {SEED: seed_text(), UNLISTED: unlisted_text()}
    if parser.parse_args().check:
        same = all(path.read_text() == text for path, text in wanted.items())
        print("up to date" if same else "out of date: run tools/seed_models.py", file=sys.stderr)
        return 0 if same else 1
    for path, text in wanted.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
