"""Writes `docs/costs.md`: a month of ten thousand requests at every model of the catalog, what is paid for
otherwise, and where the price package and the agreed table differ.

python -m tools.costs            write the page
python -m tools.costs --check    say whether that would change anything (exit status 1 if so)
"""

import argparse
import sys
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from genai_prices.data import providers
from genai_prices.types import ModelInfo
from tools.seed_models import OVERLAY, tariff

from baton.catalog.model import Model
from baton.catalog.price_body import FEE_NAMES
from baton.catalog.prices import Prices, in_force
from baton.catalog.pricing import cost
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.money import usd_text
from baton.core.usage import Usage

PAGE = Path(__file__).parents[1] / "docs" / "costs.md"
REQUESTS = 10_000
TOKENS_IN, TOKENS_OUT = 1500, 500
_SILENT = frozenset({"embeddings", "moderations"})
"""Capabilities of models whose answers have no tokens."""

AGREED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "openai/gpt-4o": ("2.50", "10"),
        "openai/gpt-4o-mini": ("0.15", "0.60"),
        "openai/o1": ("15", "60"),
        "openai/o1-mini": ("3", "12"),
        "openai/gpt-4-turbo": ("10", "30"),
        "openai/gpt-3.5-turbo": ("0.50", "1.50"),
        "anthropic/claude-3-5-sonnet-20241022": ("3", "15"),
        "anthropic/claude-3-5-haiku-20241022": ("0.25", "1.25"),
        "anthropic/claude-3-opus-20240229": ("15", "75"),
        "anthropic/claude-3-sonnet-20240229": ("3", "15"),
        "anthropic/claude-3-haiku-20240307": ("0.25", "1.25"),
        "google/gemini-2.0-flash-exp": ("0", "0"),
        "google/gemini-2.0-flash-thinking-exp": ("0", "0"),
        "google/gemini-1.5-flash": ("0.075", "0.30"),
        "google/gemini-1.5-flash-8b": ("0.0375", "0.15"),
        "google/gemini-1.5-pro": ("1.25", "5"),
        "xai/grok-2-latest": ("2", "10"),
        "xai/grok-2-mini": ("0.50", "2"),
        "deepseek/deepseek-chat": ("0.27", "1.10"),
    }
)
"""The table that Baton's catalog began with: USD per one million tokens, in and out."""

INTRODUCTION = """\
# Costs

Written by `python -m tools.costs`; do not edit.

What the catalog's models cost as of {day}, noon UTC: list prices without caching, batches or free quotas, by
the code that prices estimates and the ledger. An installation's own prices may be others: `baton models`
shows them, `baton prices diff` what differs, `baton estimate` what one prompt would cost.
"""

MONTH = """\
## A month of ten thousand requests

Of 1500 tokens in and 500 out each, none out of what embeds or judges. Prices are USD per one million tokens,
the month is in USD, without what is paid for by the piece. † retired by then.

| model | in | out | month | prices from |
|---|---:|---:|---:|---|
"""

PIECES = """\
## What is paid for by the piece

Beside the tokens, or in their place, in USD. A call that used something which has no price here, or whose
count its provider does not tell, is recorded as `partly_priced`; one that is paid by the hour and does not
say how long it was, as `unpriced`. Google's searches are listed and never charged to a row: they are free up
to a number a day, and an answer does not say on which side of it it was.

| model | {heads} |
|---|{rules}
"""

PROCESSING = """\
## Other processing

What an answer says of its service tier or speed decides; USD per one million tokens, in / out, of prompts
below any step. Processing that is not listed for a model pays its standard price, and its row says
`partly_priced`.

| model | {heads} |
|---|{rules}
"""

DIFFERENCES = """\
## Where the table and the package differ

The catalog began with a table of nineteen models. Prices come from the package `genai-prices`, and from
Baton only where the package has no entry of that model: the tool that writes the catalog refuses anything
else. These are the rows in which the two disagree, in USD per one million tokens, in / out, and those where a
search in the package by the model's name would have found another entry. The other {same} rows agree to the
cent.

| model | table | package, its entry | a search finds | catalog |
|---|---|---|---|---|
"""

OVERLAY_ONLY = """\

Prices of Baton's own, the package having none: {names}.
"""


def page() -> str:
    """The whole page."""
    overlay = tomllib.loads(OVERLAY.read_text(encoding="utf-8"))
    day: date = overlay["as_of"]
    moment = datetime.combine(day, time(12), UTC)
    models = {model.id: model for model in packaged_models(DEFAULT_TIERS)}
    rows = {row["id"]: row for row in overlay["model"]}
    month = [_month(models[name], rows[name], moment) for name in sorted(models)]
    differences = [line for name in AGREED if (line := _difference(name, models, overlay, moment))]
    now = {
        name: prices
        for name in sorted(models)
        if (prices := in_force(models[name].prices, moment.timestamp())) is not None
    }
    ours = ", ".join(f"`{name}`" for name in sorted(rows) if "prices" in rows[name])
    return (
        f"{INTRODUCTION.format(day=day)}\n{MONTH}{_lines(month)}\n{_pieces(now)}\n{_processing(now)}\n"
        f"{DIFFERENCES.format(same=len(AGREED) - len(differences))}{_lines(differences)}"
        f"{OVERLAY_ONLY.format(names=ours)}"
    )


def _pieces(now: Mapping[str, Prices]) -> str:
    """The table of fees; a column for each that any model has."""
    charges = [charge for charge in FEE_NAMES if any(charge in prices.fees for prices in now.values())]
    lines = (
        f"| {name} | {' | '.join(_fee(prices.fees.get(charge)) for charge in charges)} |"
        for name, prices in now.items()
        if prices.fees
    )
    heads = " | ".join(FEE_NAMES[charge].replace("_", " ") for charge in charges)
    return PIECES.format(heads=heads, rules="---:|" * len(charges)) + _lines(lines)


def _fee(nanos: int | None) -> str:
    return "" if nanos is None else usd_text(nanos)


def _processing(now: Mapping[str, Prices]) -> str:
    """The table of other tariffs; a column for each processing that any model has."""
    words = list(dict.fromkeys(word for prices in now.values() for word in prices.tariffs if word))
    lines = (
        f"| {name} | {' | '.join(_tariff(prices, word) for word in words)} |"
        for name, prices in now.items()
        if len(prices.tariffs) > 1
    )
    return PROCESSING.format(heads=" | ".join(words), rules="---:|" * len(words)) + _lines(lines)


def _tariff(prices: Prices, word: str) -> str:
    tariff = prices.tariff_for(word)
    return "" if tariff is None else f"{usd_text(tariff.rates.input)} / {usd_text(tariff.rates.output)}"


def month_usd(model: Model, moment: datetime) -> str | None:
    """What the month costs at a model; None: tokens do not tell."""
    completion = 0 if model.capabilities & _SILENT else TOKENS_OUT
    usage = Usage(prompt=TOKENS_IN, completion=completion, estimated=True)
    total = cost(usage, in_force(model.prices, moment.timestamp())).total
    return None if total is None else usd_text(total * REQUESTS)


def _month(model: Model, row: Mapping[str, Any], moment: datetime) -> str:
    prices = in_force(model.prices, moment.timestamp())
    assert prices is not None  # each row of the catalog has a price
    name = model.id + (" †" if model.retired_at and model.retired_at <= moment.date() else "")
    source = "Baton" if "prices" in row else "the package"
    month = month_usd(model, moment)
    if month is None:
        return f"| {name} | | | by the piece | {source} |"
    rates = prices.standard.rates
    return f"| {name} | {usd_text(rates.input)} | {usd_text(rates.output)} | {_cents(month)} | {source} |"


def _difference(
    name: str, models: Mapping[str, Model], overlay: Mapping[str, Any], moment: datetime
) -> str | None:
    """The row of a model where the table and the package differ; None where they agree."""
    vendor, _, bare = name.partition("/")
    row = next(each for each in overlay["model"] if each["id"] == name)
    found = next(each for each in providers if each.id == overlay["provider"][vendor]["package"])
    entry_name = row.get("package") or bare
    entry = next((each for each in found.models if each.id == entry_name), None)
    searched = found.find_model(bare)
    agreed = Decimal(AGREED[name][0]), Decimal(AGREED[name][1])
    stray = searched is not None and (entry is None or searched.id != entry.id)
    if entry is not None and _figures(entry, moment) == agreed and not stray:
        return None
    used = in_force(models[name].prices, moment.timestamp())
    assert used is not None  # each row of the table has a price
    rates = used.standard.rates
    packaged = "none" if entry is None else f"{_pair(_figures(entry, moment))}, `{entry.id}`"
    strayed = f"{_pair(_figures(searched, moment))}, `{searched.id}`" if searched and stray else ""
    return (
        f"| {name} | {_pair(agreed)} | {packaged} | {strayed} "
        f"| {usd_text(rates.input)} / {usd_text(rates.output)} |"
    )


def _figures(entry: ModelInfo, moment: datetime) -> tuple[Decimal, Decimal]:
    rates = tariff(entry.get_prices(moment))
    return Decimal(rates["input"]), Decimal(rates["output"])


def _pair(figures: tuple[Decimal, Decimal]) -> str:
    return " / ".join(f"{figure.normalize():f}" for figure in figures)


def _cents(usd: str) -> str:
    """With two decimals at least: `87.5` is money, and reads as such."""
    whole, _, rest = usd.partition(".")
    return f"{whole}.{rest:0<2}"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    text = page()
    if not parser.parse_args().check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or text != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} is out of date", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
