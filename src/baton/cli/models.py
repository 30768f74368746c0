"""`baton models`."""

import asyncio
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import open_store, simulated_models
from baton.catalog.kind import model_kind
from baton.catalog.lookup import Catalog, Offer
from baton.catalog.seed import packaged_models, seed
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table
from baton.core.money import usd_text
from baton.records.store import Records
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
    async with (
        open_store(settings) as store,
        Records(model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock) as records,
    ):
        await seed(records, [*packaged_models(DEFAULT_TIERS), *simulated_models()])
        catalog = Catalog([record.value for record in records.list()], specs, store.clock.wall())
    configured = Directory(specs, settings.providers).configured
    offers = catalog.offers if provider is None else _of_provider(catalog, provider)
    spoken = frozenset(spec.name for spec in specs)
    return [_view(offer, spoken, configured) for offer in offers]


def _of_provider(catalog: Catalog, word: str) -> list[Offer]:
    spec = catalog.provider(word)
    name = word.lower() if spec is None else spec.name
    found = [offer for offer in catalog.offers if offer.model.provider == name]
    if not found and spec is None:
        names = ", ".join(sorted({offer.model.provider for offer in catalog.offers}))
        raise Stop(f"there is no provider {word!r}; there are models of {names}.")
    return found


def _view(offer: Offer, spoken: frozenset[str], configured: frozenset[str]) -> ModelView:
    model, rates = offer.model, None
    if offer.prices is not None:
        rates = offer.prices.standard.rates
    return ModelView(
        id=offer.id,
        display_name=model.display_name,
        input_usd=None if rates is None else usd_text(rates.input),
        output_usd=None if rates is None else usd_text(rates.output),
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


def _cells(view: ModelView) -> tuple[str, ...]:
    state = "yes" if view.configured else "no" if view.supported else "not in this version"
    if view.retired:
        state += ", retired"
    if not view.enabled:
        state += ", disabled"
    return (
        view.id,
        "unpriced" if view.input_usd is None else view.input_usd,
        "unpriced" if view.output_usd is None else view.output_usd,
        "" if view.context_window is None else f"{view.context_window:,}",
        f"{view.quality:.2f}",
        " ".join(view.tiers),
        state,
    )


COMMANDS = {"models": models}
