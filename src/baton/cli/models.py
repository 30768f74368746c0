"""`baton models`."""

import asyncio
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import simulated_models
from baton.catalog.lookup import Catalog, Offer
from baton.catalog.price_body import FeesBody, fees_body
from baton.catalog.seed import packaged_models, seed
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.catalog import catalog
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table
from baton.core.money import usd_text
from baton.settings import Settings
from baton.upstream.directory import Directory, declared


class ModelView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model as it is listed."""

    id: str
    """`provider/name`."""
    display_name: str
    input_usd: str | None
    """Per one million tokens; None: unpriced."""
    output_usd: str | None
    fees: FeesBody | None
    """Beside the tokens, or in their place."""
    context_window: int | None
    """Tokens."""
    quality: float
    tiers: tuple[str, ...]
    enabled: bool
    retired: bool
    configured: bool
    """Whether its provider can be asked."""
    supported: bool
    """Whether this version can speak to its provider at all."""


def models(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those of other providers, retired and disabled ones.")
    ] = False,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    search: Annotated[str | None, typer.Option(help="Only those whose id or name holds this.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """List the models that can be asked, with their prices."""
    views = asyncio.run(_models(existing(config, data_dir), provider))
    found = [view for view in views if _matches(view, search)]
    # Who names a provider wants to see its models, configured or not.
    shown = [view for view in found if everything or _usable(view, named=provider is not None)]
    if as_json:
        print_json(shown)
        return
    columns = (
        Column("model", whole=True),
        Column("in USD/1M", right=True),
        Column("out USD/1M", right=True),
        Column("window", right=True),
        Column("quality", right=True),
        Column("tiers"),
        Column("configured"),
    )
    print_table(columns, [_cells(view) for view in shown])
    if len(shown) < len(found):
        note(f"{len(found) - len(shown)} more with --all: not configured, retired or disabled.")


async def _models(settings: Settings, provider: str | None) -> list[ModelView]:
    specs = declared()
    async with catalog(settings) as (store, records):
        await seed(records, [*packaged_models(DEFAULT_TIERS), *simulated_models()])
        rows = Catalog([record.value for record in records.list()], specs, store.clock.wall())
    configured = Directory(specs, settings.providers).configured
    offers = rows.offers if provider is None else _of_provider(rows, provider)
    spoken = frozenset(spec.name for spec in specs)
    return [_view(offer, spoken, configured) for offer in offers]


def _of_provider(rows: Catalog, word: str) -> list[Offer]:
    spec = rows.provider(word)
    name = word.lower() if spec is None else spec.name
    found = [offer for offer in rows.offers if offer.model.provider == name]
    if not found and spec is None:
        names = ", ".join(sorted({offer.model.provider for offer in rows.offers}))
        raise Stop(f"there is no provider {word!r}; there are models of {names}.")
    return found


def _view(offer: Offer, spoken: frozenset[str], configured: frozenset[str]) -> ModelView:
    model, prices = offer.model, offer.prices
    rates = None if prices is None else prices.standard.rates
    return ModelView(
        id=offer.id,
        display_name=model.display_name,
        input_usd=None if rates is None else usd_text(rates.input),
        output_usd=None if rates is None else usd_text(rates.output),
        fees=None if prices is None else fees_body(prices),
        context_window=model.context_window,
        quality=model.quality,
        tiers=tuple(name for name in DEFAULT_TIERS.names if name in model.tier_access),
        enabled=model.is_enabled,
        retired=offer.retired,
        configured=model.provider in configured,
        supported=model.provider in spoken,
    )


def _matches(view: ModelView, search: str | None) -> bool:
    return search is None or search.casefold() in f"{view.id} {view.display_name}".casefold()


def _usable(view: ModelView, *, named: bool) -> bool:
    return view.enabled and not view.retired and (view.configured or named)


def _price(view: ModelView, usd: str | None) -> str:
    """A side's price; nothing, where tokens cost nothing because something else does."""
    if usd is None:
        return "unpriced"
    return "by piece" if view.fees and view.input_usd == view.output_usd == "0" else usd


def _cells(view: ModelView) -> tuple[str, ...]:
    state = "yes" if view.configured else "no" if view.supported else "not in this version"
    if view.retired:
        state += ", retired"
    if not view.enabled:
        state += ", disabled"
    return (
        view.id,
        _price(view, view.input_usd),
        _price(view, view.output_usd),
        "" if view.context_window is None else f"{view.context_window:,}",
        f"{view.quality:.2f}",
        " ".join(view.tiers),
        state,
    )


COMMANDS = {"models": models}
