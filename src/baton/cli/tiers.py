"""`baton tiers`: how often the users of each tier may ask, and for how much, of a running Baton."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer
from msgspec import Struct, structs

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, print_json, print_table

_PATH = "/api/admin/ai/tiers"
_NO_LIMIT = "none"

Name = Annotated[str, typer.Argument(metavar="tier", help="Its name, e.g. pro; premium and enterprise too.")]
_Limit = Annotated[str | None, typer.Option(metavar="n|none", help="Left out: as it is.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What to set of a tier."""

    requests_per_minute: _Limit = None
    tokens_per_minute: _Limit = None
    requests_per_day: _Limit = None
    tokens_per_day: _Limit = None
    itineraries_per_month: _Limit = None
    retries: Annotated[int | None, typer.Option(min=0, max=10, help="Left out: as it is.")] = None


class TierView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One tier, as the API tells it."""

    name: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    requests_per_day: int | None
    tokens_per_day: int | None
    itineraries_per_month: int | None
    retries: int
    revision: int


class _Listed(Struct, frozen=True):
    tiers: tuple[TierView, ...]


def list_tiers(as_json: AsJson = False, *, reach: Reach) -> None:
    """The limits of each tier's users, the lowest tier first; a dash is no limit."""
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
    else:
        _print(found)


def show(tier: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """One tier."""
    found = asyncio.run(_one(line_to(reach), tier))
    if as_json:
        print_json(found)
    else:
        _print((found,))


def set_tier(tier: Name, wanted: Figures, as_json: AsJson = False, *, reach: Reach) -> None:
    """Set a tier's limits, from the next request on; what is not named stays as it is."""
    said = {
        "requests_per_minute": wanted.requests_per_minute,
        "tokens_per_minute": wanted.tokens_per_minute,
        "requests_per_day": wanted.requests_per_day,
        "tokens_per_day": wanted.tokens_per_day,
        "itineraries_per_month": wanted.itineraries_per_month,
    }
    changes = {name: _limit(text) for name, text in said.items() if text is not None}
    if wanted.retries is not None:
        changes["retries"] = wanted.retries
    if not changes:
        raise Stop("say what to set, e.g. --requests-per-minute 100.", MISUSED)
    done = asyncio.run(_set(line_to(reach), tier, changes))
    if as_json:
        print_json(done)
    else:
        _print((done,))


def undo(tier: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a tier was before its last change; undoing twice does it again."""
    done = asyncio.run(_undo(line_to(reach), tier))
    if as_json:
        print_json(done)
    else:
        _print((done,))


def _limit(text: str) -> int | None:
    if text.lower() == _NO_LIMIT:
        return None
    if not text.isdecimal():
        raise Stop(f"a limit is a whole number or {_NO_LIMIT}, not {text!r}.", MISUSED)
    return int(text)


async def _list(line: Line) -> tuple[TierView, ...]:
    return parsed(await ask(line, _PATH), _Listed).tiers


async def _one(line: Line, tier: str) -> TierView:
    return parsed(await ask(line, _path(tier)), TierView)


async def _set(line: Line, tier: str, changes: dict[str, int | None]) -> TierView:
    found = await _one(line, tier)
    body = msgspec.to_builtins(structs.replace(found, **changes))
    for told in ("name", "revision"):
        del body[told]
    answer = await ask(line, _path(tier), method="PUT", body=body, headers=_match(found))
    return parsed(answer, TierView)


async def _undo(line: Line, tier: str) -> TierView:
    found = await _one(line, tier)
    return parsed(await ask(line, f"{_path(tier)}/undo", method="POST", headers=_match(found)), TierView)


def _print(tiers: tuple[TierView, ...]) -> None:
    columns = (
        Column("tier", whole=True),
        Column("requests/min", right=True),
        Column("tokens/min", right=True),
        Column("requests/day", right=True),
        Column("tokens/day", right=True),
        Column("itineraries/month", right=True),
        Column("retries", right=True),
    )
    print_table(
        columns,
        [
            (
                tier.name,
                _figure(tier.requests_per_minute),
                _figure(tier.tokens_per_minute),
                _figure(tier.requests_per_day),
                _figure(tier.tokens_per_day),
                _figure(tier.itineraries_per_month),
                str(tier.retries),
            )
            for tier in tiers
        ],
    )


def _figure(limit: int | None) -> str:
    return "–" if limit is None else str(limit)


def _match(found: TierView) -> dict[str, str]:
    return {"If-Match": f'"{found.revision}"'}


def _path(tier: str) -> str:
    return f"{_PATH}/{quote(tier, safe='')}"


COMMANDS = {"list": list_tiers, "show": show, "set": set_tier, "undo": undo}
