"""`baton estimate`: what a prompt would cost."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import open_store, simulated_models
from baton.catalog.estimates import Estimate, Estimates, OutputLength
from baton.catalog.kind import model_kind
from baton.catalog.lookup import Catalog
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.tokens import Tokens
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, print_json
from baton.core.money import usd_text
from baton.records.store import Records
from baton.settings import Settings
from baton.upstream.directory import declared


class Figures(Struct, frozen=True, kw_only=True, rename="camel"):
    """The figures of `GET /api/v1/models/estimate`; costs in USD, None: unpriced."""

    model_id: str
    estimated_tokens_input: int
    estimated_tokens_output: int
    estimated_tokens_total: int
    input_exact: bool
    cost_input: str | None
    cost_output: str | None
    cost_total: str | None
    pricing: str


class EstimateView(Struct, frozen=True, kw_only=True):
    """The figures, and a sentence of them."""

    estimate: Figures
    formatted: str


def estimate(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; absent: --file, or what is piped in.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Any model of the catalog, by any of its names.")
    ] = "openai/gpt-6-luna",
    length: Annotated[
        OutputLength, typer.Option(help="How long the answer is assumed to be: 200, 500, 2000 tokens.")
    ] = OutputLength.MEDIUM,
    file: Annotated[Path | None, typer.Option(help="A file that holds the prompt, in UTF-8.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """What a prompt would cost, before it is sent; asks nobody."""
    text = _text(prompt, file)
    found = asyncio.run(_estimate(existing(config, data_dir), text, model, length))
    if as_json:
        print_json(EstimateView(estimate=_figures(found), formatted=found.text))
    else:
        print(found.text)


def _text(prompt: str | None, file: Path | None) -> str:
    if prompt is not None and file is not None:
        raise Stop("say either a prompt or --file.", MISUSED)
    if file is not None:
        try:
            prompt = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"{file} cannot be read: {error}.") from error
    elif prompt is None and not sys.stdin.isatty():
        prompt = sys.stdin.read()
    if not prompt:
        raise Stop("there is nothing to estimate: no prompt, no --file, and nothing piped in.", MISUSED)
    return prompt


async def _estimate(settings: Settings, prompt: str, name: str, length: OutputLength) -> Estimate:
    async with (
        open_store(settings) as store,
        Records(model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock) as records,
        Tokenizer() as tokenizer,
    ):
        # Before the first start there are no rows yet, and looking makes none.
        rows = [record.value for record in records.list()] or [
            *packaged_models(DEFAULT_TIERS),
            *simulated_models(),
        ]
        catalog = Catalog(rows, declared(), store.clock.wall(), strict=True)
        estimates = Estimates(Tokens(packaged_calibration(), tokenizer))
        return await estimates.estimate(catalog.resolve(name).offer, prompt, length)


def _figures(found: Estimate) -> Figures:
    def usd(nanos: int | None) -> str | None:
        return None if nanos is None else usd_text(nanos)

    return Figures(
        model_id=found.model_id,
        estimated_tokens_input=found.prompt.tokens,
        estimated_tokens_output=found.output_tokens,
        estimated_tokens_total=found.total_tokens,
        input_exact=found.prompt.exact,
        cost_input=usd(found.input_nanos),
        cost_output=usd(found.cost.output),
        cost_total=usd(found.cost.total),
        pricing=found.cost.standing.value,
    )


COMMANDS = {"estimate": estimate}
