"""Catalogs to choose from."""

from typing import Any

from baton.catalog.data_policy import NO_POLICIES, Policies
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.catalog.prices import LongContext, Prices, Rates, Tariff
from baton.core.money import nanos_from_usd
from baton.core.provider import ProviderSpec
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.router import Router
from baton.gateway.routing.weighing import USUAL, Weighing

NOW_S = 1_795_000_000.0  # November 2026
TIERS = frozenset({"free", "pro"})


def prices(usd_in: str, usd_out: str, above: int | None = None, times: int = 2) -> tuple[Prices, ...]:
    """A price list of one entry; above so many tokens of prompt everything costs `times` as much."""
    rates = Rates(input=nanos_from_usd(usd_in), output=nanos_from_usd(usd_out))
    dear = Rates(input=rates.input * times, output=rates.output * times)
    steps = (LongContext(above=above, rates=dear),) if above is not None else ()
    return (Prices(standard=Tariff(rates=rates, long_context=steps)),)


def model(id: str, **fields: Any) -> Model:
    """A model that everybody may use; its price is nothing unless said."""
    provider, name = id.split("/", 1)
    said = {"capabilities": frozenset({"text"}), "tier_access": TIERS, "prices": prices("0", "0"), **fields}
    return Model(provider=provider, name=name, **said)


def router(
    *models: Model,
    configured: set[str] | None = None,
    stand_ins: set[str] | None = None,
    weighing: Weighing = USUAL,
    chain: tuple[str, ...] = (),
    policies: Policies = NO_POLICIES,
) -> Router:
    """A router over the models; every provider that one names is configured unless said."""
    names = sorted({each.provider for each in models})
    specs = [ProviderSpec(name=name, title=name, base_url="", aliases=(f"{name}-inc",)) for name in names]
    able = frozenset(names if configured is None else configured)
    return Router(
        Catalog(models, specs, NOW_S),
        able,
        frozenset(stand_ins or ()),
        lambda _: weighing,
        chain=chain,
        policies=policies,
    )


def ask(**fields: Any) -> Ask:
    """A short question on the tier free."""
    return Ask(**{"tier": "free", "input_tokens": 100, **fields})
