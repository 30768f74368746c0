"""`baton fallbacks`: which models are asked when one fails, by a running Baton."""

import asyncio
from typing import Annotated
from urllib.parse import quote, urlencode

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table

_CHAINS = "/api/admin/ai/fallback-chains"
_OUTLOOK = "/api/admin/ai/fallbacks"

Model = Annotated[str, typer.Argument(metavar="model", help="The one that fails, as provider/name.")]


class ChainView(Struct, frozen=True, kw_only=True):
    """One model's chain, as the API tells it."""

    model: str
    fallbacks: tuple[str, ...]
    revision: int


class ProspectView(Struct, frozen=True, kw_only=True):
    """One that would be asked."""

    model: str
    chained: bool


class LeftOutView(Struct, frozen=True, kw_only=True):
    """One that would not."""

    model: str
    reason: str


class OutlookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who would be asked today."""

    model: str
    tier: str
    next: tuple[ProspectView, ...]
    left_out: tuple[LeftOutView, ...]


class _Listed(Struct, frozen=True):
    chains: tuple[ChainView, ...]


def list_chains(as_json: AsJson = False, *, reach: Reach) -> None:
    """The models that have a chain, and who is in it.

    After all others, and behind a chain, the router's next best are asked: see `show`.
    """
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
        return
    columns = (Column("model", whole=True), Column("then", folded=True))
    print_table(columns, [(chain.model, ", ".join(chain.fallbacks)) for chain in found])


def set_chain(
    model: Model,
    fallbacks: Annotated[
        list[str], typer.Argument(metavar="fallback...", help="Who follows, the first to be asked first.")
    ],
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Set the models that follow one which fails."""
    chain = asyncio.run(_set(line_to(reach), model, fallbacks))
    if as_json:
        print_json(chain)
    else:
        print(f"{chain.model} is followed by {', '.join(chain.fallbacks)}.")


def remove(model: Model, as_json: AsJson = False, *, reach: Reach) -> None:
    """Leave it to the router again who follows a model."""
    chain = asyncio.run(_remove(line_to(reach), model))
    if as_json:
        print_json(chain)
    else:
        print(f"{chain.model} has no chain any more.")


def show(
    model: Annotated[
        str,
        typer.Argument(
            metavar="model", help="The one that fails, by any name; or auto, for whoever is first."
        ),
    ],
    tier: Annotated[str | None, typer.Option(help="For callers of this tier; else of your own.")] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Who would be asked today after a model has failed, in order, and why others are left out."""
    found = asyncio.run(_outlook(line_to(reach), model, tier))
    if as_json:
        print_json(found)
        return
    if not found.next:
        note(f"Nobody would be asked after {found.model}.")
    asked = [
        (str(place), each.model, "chain" if each.chained else "router")
        for place, each in enumerate(found.next, 1)
    ]
    print_table((Column("", right=True), Column(f"after {found.model}", whole=True), Column("by")), asked)
    if asked and found.left_out:
        print()
    print_table(
        (Column("left out", whole=True), Column("because")),
        [(each.model, each.reason) for each in found.left_out],
    )


async def _list(line: Line) -> tuple[ChainView, ...]:
    return parsed(await ask(line, _CHAINS), _Listed).chains


async def _set(line: Line, model: str, fallbacks: list[str]) -> ChainView:
    found = await _found(line, model)
    answer = await ask(line, _path(model), method="PUT", body={"fallbacks": fallbacks}, headers=_match(found))
    return parsed(answer, ChainView)


async def _remove(line: Line, model: str) -> ChainView:
    """The chain as it was."""
    found = await _found(line, model)
    if found is None:
        raise Stop(f"{model} has no chain; see `baton fallbacks list`.")
    await ask(line, _path(model), method="DELETE", headers=_match(found))
    return found


async def _outlook(line: Line, model: str, tier: str | None) -> OutlookView:
    wanted = {"model": model} if tier is None else {"model": model, "tier": tier}
    return parsed(await ask(line, f"{_OUTLOOK}?{urlencode(wanted)}"), OutlookView)


async def _found(line: Line, model: str) -> ChainView | None:
    return {chain.model: chain for chain in await _list(line)}.get(model)


def _match(found: ChainView | None) -> dict[str, str]:
    """The revision that a change means; nothing where there is no chain."""
    return {} if found is None else {"If-Match": f'"{found.revision}"'}


def _path(model: str) -> str:
    return f"{_CHAINS}/{quote(model, safe='/')}"


COMMANDS = {"list": list_chains, "set": set_chain, "remove": remove, "show": show}
