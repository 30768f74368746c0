"""What a new installation knows."""

import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers
from genai_prices.types import TieredPrices
from tools.seed_models import packaged_model

from baton.catalog.model import Model
from baton.catalog.prices import in_force
from baton.catalog.pricing import cost
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.money import usd_text
from baton.core.provider import Service
from baton.core.usage import Usage
from baton.upstream.directory import declared

NOW_S = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
ROOT = Path(__file__).parents[2]
SEED = {model.id: model for model in packaged_models(DEFAULT_TIERS)}

F, P, M = ("free", "pro", "expert", "master"), ("pro", "expert", "master"), ("master",)

# model, context, output, USD in, USD out, quality, speed, ms, tiers, USD of 10 000 calls of 1500 + 500 tokens
TABLE = [
    ("openai/gpt-4o", 128000, 16384, "2.5", "10", 0.92, "medium", 1200, P, "87.5"),
    ("openai/gpt-4o-mini", 128000, 16384, "0.15", "0.6", 0.87, "fast", 600, F, "5.25"),
    ("openai/o1", 200000, 100000, "15", "60", 0.98, "slow", 5000, M, "525"),
    ("openai/o1-mini", 128000, 65536, "1.1", "4.4", 0.90, "medium", 2500, P, "38.5"),
    ("openai/gpt-4-turbo", 128000, 4096, "10", "30", 0.91, "medium", 1500, P, "300"),
    ("openai/gpt-3.5-turbo", 16385, 4096, "0.5", "1.5", 0.80, "fast", 400, F, "15"),
    ("anthropic/claude-3-5-sonnet-20241022", 200000, 8192, "3", "15", 0.95, "fast", 800, P, "120"),
    ("anthropic/claude-3-5-haiku-20241022", 200000, 8192, "0.8", "4", 0.85, "fast", 500, F, "32"),
    ("anthropic/claude-3-opus-20240229", 200000, 4096, "15", "75", 0.97, "slow", 3000, M, "600"),
    ("anthropic/claude-3-sonnet-20240229", 200000, 4096, "3", "15", 0.88, "medium", 1500, P, "120"),
    ("anthropic/claude-3-haiku-20240307", 200000, 4096, "0.25", "1.25", 0.82, "fast", 600, F, "10"),
    ("google/gemini-2.0-flash-exp", 1000000, 8192, "0", "0", 0.88, "fast", 500, F, "0"),
    ("google/gemini-2.0-flash-thinking-exp", 32000, 8192, "0", "0", 0.90, "medium", 1500, F, "0"),
    ("google/gemini-1.5-flash", 1000000, 8192, "0.075", "0.3", 0.85, "fast", 600, F, "2.625"),
    ("google/gemini-1.5-flash-8b", 1000000, 8192, "0.0375", "0.15", 0.80, "fast", 400, F, "1.3125"),
    ("google/gemini-1.5-pro", 2000000, 8192, "1.25", "5", 0.92, "medium", 2000, P, "43.75"),
    ("xai/grok-2-latest", 131072, 8192, "2", "10", 0.90, "medium", 1200, P, "80"),
    ("xai/grok-2-mini", 131072, 8192, "0.5", "2", 0.82, "fast", 600, P, "17.5"),
    ("deepseek/deepseek-chat", 64000, 8192, "0.27", "1.1", 0.88, "medium", 1300, F, "9.55"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_historical_table_is_seeded_as_it_was_agreed(row: tuple[str, ...]) -> None:
    """Window, output, quality, speed and tiers of each of the nineteen are the fixed ones; prices are, too,
    but for two models of which the price package has others."""
    name, context, output, usd_in, usd_out, quality, speed, ms, tiers, _ = row
    model = SEED[name]
    prices = in_force(model.prices, NOW_S)
    assert prices is not None
    rates = prices.standard.rates
    assert (model.context_window, model.max_output_tokens) == (context, output)
    assert (usd_text(rates.input), usd_text(rates.output)) == (usd_in, usd_out)
    assert (model.quality, model.speed_tier, model.avg_latency_ms) == (quality, speed, ms)
    assert model.tier_access == frozenset(tiers)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_a_month_of_ten_thousand_requests_costs_what_it_should(row: tuple[str, ...]) -> None:
    """10 000 requests of 1500 tokens in and 500 out; gpt-4o's month is 87.50 USD."""
    one = cost(Usage(prompt=1500, completion=500), in_force(SEED[row[0]].prices, NOW_S)).total
    assert one is not None
    assert usd_text(one * 10_000) == row[-1]


def test_regenerating_the_seed_changes_nothing() -> None:
    """The file in the package is what the tool writes from the overlay and the locked price package."""
    check = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "seed_models.py"), "--check"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, check.stderr.strip()) == (0, "up to date")


def test_there_are_thirty_current_models_and_every_one_has_a_price() -> None:
    """At least thirty of the five first providers are there, twenty of them served today; all are priced."""
    first = ("openai", "anthropic", "google", "xai", "deepseek")
    five = [model for model in SEED.values() if model.provider in first]
    assert len(five) >= 30
    assert len([m for m in five if m.retired_at is None or m.retired_at > date(2026, 11, 20)]) >= 20
    assert not [m.id for m in SEED.values() if in_force(m.prices, NOW_S) is None]


OVERLAY = tomllib.loads((ROOT / "tools" / "seed_models.toml").read_text())
PACKAGED = {each.id: {model.id: model for model in each.models} for each in providers}


@pytest.mark.parametrize("row", OVERLAY["model"], ids=lambda row: row["id"])
def test_the_package_comes_first(row: dict[str, Any]) -> None:
    """Where the price package has an entry of a model, the catalog's price is that entry's on every day of
    the two years to come, at every hour; ours stand only where it has none."""
    provider, _, name = row["id"].partition("/")
    entries = PACKAGED[OVERLAY["provider"][provider]["package"]]
    entry = entries.get(name) or entries.get(row.get("package", ""))
    assert (entry is None) == ("prices" in row)
    if entry is None:
        return
    for hour in range(0, 2 * 365 * 24, 7):
        at = datetime.combine(OVERLAY["as_of"], time(), UTC) + timedelta(hours=hour)
        told, held = entry.get_prices(at), in_force(SEED[row["id"]].prices, at.timestamp())
        assert held is not None
        packaged = told.input_mtok or Decimal(0)
        base = packaged.base if isinstance(packaged, TieredPrices) else packaged
        assert Decimal(usd_text(held.standard.rates.input)) == base, at


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"id": "openai/o1-mini", "prices": {"input": "3", "output": "12"}}, "has an entry of that name"),
        ({"id": "openai/o1-mini", "package": "o1"}, "has an entry of that name"),
        ({"id": "openai/nobodys"}, "give prices where it has none"),
    ],
)
def test_the_tool_refuses_a_price_of_ours_beside_the_packages(more: dict[str, Any], complaint: str) -> None:
    """A maintainer cannot write one by mistake, nor leave a model without any."""
    with pytest.raises(SystemExit, match=complaint):
        packaged_model("openai", more, more["id"].partition("/")[2])


def test_models_beside_chat_are_kept_for_what_they_do() -> None:
    """A model that embeds, draws, hears or judges is no candidate for anything else; each of it is there."""
    beside = [model for model in SEED.values() if "text" not in model.capabilities]
    assert {service for model in beside for service in model.capabilities} == set(Service)
    for model in beside:
        assert model.required_capabilities == model.capabilities


def test_what_is_retired_has_an_heir_that_is_served() -> None:
    """Every retired model names a successor, and following the names ends at a model that is not retired."""
    for model in SEED.values():
        if model.retired_at is not None:
            assert model.replaced_by is not None
            assert served(SEED[model.replaced_by])


def served(model: Model) -> bool:
    return model.retired_at is None or model.retired_at > date(2026, 11, 20)


def test_every_tier_has_models_of_several_providers() -> None:
    """Somebody on the lowest tier still has a choice of vendors."""
    for tier in DEFAULT_TIERS.names:
        assert len({m.provider for m in SEED.values() if tier in m.tier_access and served(m)}) >= 5


def test_every_class_of_a_provider_names_a_model_that_is_served() -> None:
    """Default, cheap and premium are current rows, so that a provider's bare name never leads nowhere."""
    served = {model.id for model in packaged_models(DEFAULT_TIERS) if model.retired_at is None}
    for spec in declared():
        if spec.classes is not None:
            names = (spec.classes.default, spec.classes.cheap, spec.classes.premium)
            assert {f"{spec.name}/{name}" for name in names} <= served, spec.name
