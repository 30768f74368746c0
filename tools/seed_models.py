"""Writes the catalog's seed from the price package and `seed_models.toml`; a maintainer's tool.

    python tools/seed_models.py            write src/baton/catalog/data/models.json
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

LONG_CONTEXT_TOKENS = 200_000
BATCH = {"processing": "batch"}
# What the package prices and Baton counts. Searches, images and seconds are charged besides and have no
# count in `Usage`; calls that use them are recorded as partly priced.
RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cachedRead": "cache_read_mtok",
    "cacheWrite": "cache_write_mtok",
    "cacheWriteLong": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "audioIn": "input_audio_mtok",
    "audioOut": "output_audio_mtok",
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


def model_from(row: Mapping[str, Any], overlay: Mapping[str, Any]) -> Model:
    """One row of the overlay and its entry of the package, as the catalog's row."""
    provider, name = row["id"].split("/", 1)
    vendor = overlay["provider"][provider]
    packaged = (
        None if row.get("package") is False else packaged_model(vendor["package"], row.get("package", name))
    )
    service = row.get("service")
    # What a window holds is said for each of an embedding's texts, not for all of a request's together.
    window = packaged.context_window if packaged and service is None else None
    context = row.get("context", window)
    can = {"text", "streaming", *row["can"]} if service is None else {service}
    if context is not None and context >= LONG_CONTEXT_TOKENS:
        can.add("long-context")
    prices = row.get("prices")
    if prices is None:
        if packaged is None:
            raise SystemExit(f"{row['id']}: no prices of ours and none of the package's")
        prices = list(price_list(packaged, overlay["as_of"]))
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
    batch = {"batch": {"output": "0", **entry["batch"]}} if "batch" in entry else {}
    return {"output": "0", **entry, **batch}


def packaged_model(provider: str, name: str) -> ModelInfo:
    """The package's own entry of that name; never its best match."""
    for candidate in packaged_providers:
        if candidate.id == provider:
            for model in candidate.models:
                if model.id == name:
                    return model
    raise SystemExit(f"The price package has no {provider} {name!r}; say `package = false` and give prices.")


def price_list(model: ModelInfo, as_of: date) -> Iterator[dict[str, Any]]:
    """The package's price history of a model, as bodies of price entries, oldest first.

    The package cannot give one entry both a first day and hours: hours hold from the last day before them.
    """
    if isinstance(model.prices, ModelPrice):
        yield {**tariff(model.prices), **batch(model, as_of)}
        return
    valid_from: date | None = None
    for conditional in model.prices:
        body = tariff(conditional.prices)
        match conditional.constraint:
            case None:
                yield {**body, **batch_if_standing(model, None, as_of)}
            case StartDateConstraint(start_date=start):
                valid_from = start
                yield {**body, "validFrom": start, **batch_if_standing(model, start, as_of)}
            case TimeOfDateConstraint(start_time=start, end_time=end):
                yield {**body, "validFrom": valid_from, "hours": {"from": clock(start), "to": clock(end)}}


def batch_if_standing(model: ModelInfo, valid_from: date | None, as_of: date) -> dict[str, Any]:
    """The batch prices of an entry that holds on `as_of` or later; those of the past are of no use."""
    starts = [c.constraint.start_date for c in listed(model) if isinstance(c.constraint, StartDateConstraint)]
    current = max((start for start in starts if start <= as_of), default=None)
    if valid_from == current or (valid_from is not None and valid_from > as_of):
        return batch(model, max(as_of, valid_from or as_of))
    return {}


def listed(model: ModelInfo) -> list[Any]:
    """The conditional prices of a model that has any."""
    return [] if isinstance(model.prices, ModelPrice) else model.prices


def batch(model: ModelInfo, day: date) -> dict[str, Any]:
    """`{"batch": …}` where the provider has batch prices on that day."""
    moment = datetime.combine(day, time(), UTC) + timedelta(hours=12)
    standard, batched = tariff(model.get_prices(moment)), tariff(model.get_prices(moment, BATCH))
    return {} if batched == standard else {"batch": batched}


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
            rates[name] = str(below[-1] if below else value.base)
        elif value is not None:
            rates[name] = str(value)
    return rates


def clock(moment: time) -> str:
    """`01:30`."""
    return moment.strftime("%H:%M")


def main() -> int:
    """Write the seed, or say whether it is as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    wanted = seed_text()
    if parser.parse_args().check:
        same = SEED.read_text() == wanted
        print("up to date" if same else "out of date: run tools/seed_models.py", file=sys.stderr)
        return 0 if same else 1
    SEED.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
