"""`baton estimate`: what a prompt would cost."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import SIMULATED, open_store, simulated_models
from baton.catalog.almanac import packaged_almanac
from baton.catalog.estimates import Estimate, Estimates, Figures, Output, OutputLength
from baton.catalog.kind import model_kind
from baton.catalog.lookup import Catalog
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.tokens import Tokens
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, print_json
from baton.gateway.routing.decision import AUTO, ask_about
from baton.gateway.routing.router import Router
from baton.records.store import Records
from baton.settings import Settings
from baton.upstream.directory import Directory, declared


class EstimateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What `GET /api/v1/models/estimate` answers."""

    estimate: Figures
    formatted: str
    reasoning: str | None


def estimate(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; absent: --file, or what is piped in.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="Any model of the catalog, by any of its names; auto: the one that the router would choose."
        ),
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
    text = text_of(prompt, file)
    found, reasoning = asyncio.run(_estimate(existing(config, data_dir), text, model, length))
    if as_json:
        print_json(EstimateView(estimate=found.figures, formatted=found.text, reasoning=reasoning))
    else:
        print(found.text if reasoning is None else f"{found.text}\n{reasoning}")


def text_of(prompt: str | None, file: Path | None) -> str:
    """A prompt from the command line, a file or what is piped in.

    Raises:
        Stop: there is none, or two.
    """
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
        raise Stop("there is nothing to read: no prompt, no --file, and nothing piped in.", MISUSED)
    return prompt


async def _estimate(
    settings: Settings, prompt: str, name: str, length: OutputLength
) -> tuple[Estimate, str | None]:
    """The estimate, and why this model where none was named."""
    async with (
        open_store(settings) as store,
        Records(
            model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock, store.scribe
        ) as records,
        Tokenizer() as tokenizer,
    ):
        # Before the first start there are no rows yet, and looking makes none.
        rows = [record.value for record in records.list()] or [
            *packaged_models(DEFAULT_TIERS),
            *simulated_models(),
        ]
        almanac = packaged_almanac()
        catalog = Catalog(rows, declared(), store.clock.wall(), settings.strict_models, almanac=almanac)
        estimates = Estimates(Tokens(almanac.calibration, tokenizer))
        output = Output(length.tokens)
        if name != AUTO:
            found = catalog.resolve(name)
            if not found.known and found.prices is None:
                raise catalog.unknown(name)
            return await estimates.estimate(found.offer, prompt, output), None
        configured = Directory(declared(), settings.providers).configured
        decision = Router(catalog, configured, frozenset({SIMULATED})).decide(
            ask_about(prompt, DEFAULT_TIERS.names[-1], output.tokens)
        )
        return await estimates.estimate(decision.chosen.offer, prompt, output), decision.reasoning


COMMANDS = {"estimate": estimate}
