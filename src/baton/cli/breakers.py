"""`baton breakers`: who is not asked by a running Baton, and an admin's word about it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.moments import ahead_ms
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, iso, print_json, print_table
from baton.gateway.resilience.forced import Hold, breaker_name

_PATH = "/api/admin/ai/breakers"

Name = Annotated[
    str, typer.Argument(metavar="breaker", help="A provider, or provider/model for one model of it.")
]


class HeldView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An admin's word. Times in ISO 8601, UTC."""

    state: Hold
    reason: str
    until: str | None
    by: str
    """The id of a user."""
    at: str
    revision: int


class BreakerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One breaker, as the API tells it."""

    provider: str
    model: str | None
    state: str
    since: str | None
    failures: int
    calls: int
    error_rate: float | None
    trials: int
    next_trial: str | None
    openings: int
    refused: int
    forced: HeldView | None

    @property
    def name(self) -> str:
        """`provider`, or `provider/model`."""
        return breaker_name(self.provider, self.model)


class _Listed(Struct, frozen=True):
    breakers: tuple[BreakerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Why, and for how long."""

    reason: Annotated[str, typer.Option(help="Why; whoever finds it so wants to know.")]
    until: Annotated[
        str | None, typer.Option(help="When it ends by itself, e.g. 2h or 2026-01-31; else by `release`.")
    ] = None


def list_breakers(as_json: AsJson = False, *, reach: Reach) -> None:
    """Who is asked, and who is not.

    All providers that are configured, and the models that have failed of late or are held.
    """
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
        return
    columns = (
        Column("breaker", whole=True),
        Column("state", whole=True),
        Column("since", whole=True),
        Column("failures", right=True),
        Column("failed", right=True),
        Column("next trial", whole=True),
        Column("held"),
    )
    print_table(columns, [_cells(view) for view in found])


def open_breaker(name: Name, word: Word, as_json: AsJson = False, *, reach: Reach) -> None:
    """Ask a provider or a model no more, whatever its calls say."""
    _show(asyncio.run(_hold(line_to(reach), name, Hold.OPEN, word)), as_json)


def close_breaker(name: Name, word: Word, as_json: AsJson = False, *, reach: Reach) -> None:
    """Ask a provider or a model, whatever comes of it."""
    _show(asyncio.run(_hold(line_to(reach), name, Hold.CLOSED, word)), as_json)


def release(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Leave it to the calls again: the breaker begins anew, closed."""
    _show(asyncio.run(_release(line_to(reach), name)), as_json)


async def _list(line: Line) -> tuple[BreakerView, ...]:
    return parsed(await ask(line, _PATH), _Listed).breakers


async def _hold(line: Line, name: str, state: Hold, word: Word) -> BreakerView:
    body: dict[str, Any] = {"state": state, "reason": word.reason}
    if word.until is not None:
        body["until"] = iso(ahead_ms(word.until, "--until", time.time()))
    held = await _held(line, name)
    answer = await ask(line, _path(name), method="PUT", body=body, headers=_match(held))
    return parsed(answer, BreakerView)


async def _release(line: Line, name: str) -> BreakerView:
    held = await _held(line, name)
    if held is None:
        raise Stop(f"nobody holds {name!r}; see `baton breakers list`.")
    await ask(line, _path(name), method="DELETE", headers=_match(held))
    provider, _, model = name.partition("/")
    found = {view.name: view for view in await _list(line)}
    return found.get(name) or _unknown(provider, model or None)


async def _held(line: Line, name: str) -> HeldView | None:
    """The word that holds it now."""
    return next((view.forced for view in await _list(line) if view.name == name), None)


def _unknown(provider: str, model: str | None) -> BreakerView:
    """One that is simply closed is not in the list."""
    return BreakerView(
        provider=provider,
        model=model,
        state=Hold.CLOSED,
        since=None,
        failures=0,
        calls=0,
        error_rate=None,
        trials=0,
        next_trial=None,
        openings=0,
        refused=0,
        forced=None,
    )


def _path(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='/')}"


def _match(held: HeldView | None) -> dict[str, str]:
    return {} if held is None else {"If-Match": f'"{held.revision}"'}


def _show(view: BreakerView, as_json: bool) -> None:
    if as_json:
        print_json(view)
    elif view.forced is None:
        print(f"{view.name} is left to its calls again; it is {view.state}.")
    else:
        print(f"{view.name} is held {_held_text(view.forced)}.")


def _held_text(held: HeldView) -> str:
    until = "" if held.until is None else f" until {_second(held.until)}"
    return f"{held.state.value}{until}: {held.reason}"


def _second(moment: str | None) -> str:
    """A time without its fraction."""
    return "" if moment is None else f"{moment.removesuffix('Z').partition('.')[0]}Z"


def _cells(view: BreakerView) -> tuple[str, ...]:
    rate = "" if view.error_rate is None else f"{view.error_rate:.0%} of {view.calls}"
    return (
        view.name,
        view.state.replace("_", "-"),
        _second(view.since),
        str(view.failures),
        rate,
        _second(view.next_trial),
        "" if view.forced is None else _held_text(view.forced),
    )


COMMANDS = {"list": list_breakers, "open": open_breaker, "close": close_breaker, "release": release}
