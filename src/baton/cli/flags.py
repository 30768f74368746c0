"""`baton flags`: what a running Baton does for everybody, for tiers, or for a share of the users."""

import asyncio
from typing import Annotated, Any

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, print_json, print_table

_PATH = "/api/admin/ai/flags"
_EVERYBODY = 100

Name = Annotated[str, typer.Argument(metavar="flag", help="Its name, as `baton flags list` has it.")]


class FlagView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One flag, as the API tells it."""

    name: str
    description: str
    enabled: bool
    off_for_tiers: tuple[str, ...]
    percentage: float
    held_by: tuple[str, ...]
    revision: int


class _Listed(Struct, frozen=True):
    flags: tuple[FlagView, ...]


def list_flags(as_json: AsJson = False, *, reach: Reach) -> None:
    """Every flag, and for whom it is on."""
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
        return
    columns = (Column("flag", whole=True), Column("on"), Column("held by"), Column("what", folded=True))
    print_table(
        columns, [(flag.name, _on(flag), ", ".join(flag.held_by), flag.description) for flag in found]
    )


def set_flag(
    name: Name,
    enabled: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether it is on for anybody at all.")
    ] = None,
    off_for: Annotated[
        list[str] | None, typer.Option(help="A tier that it is off for; several times for several.")
    ] = None,
    all_tiers: Annotated[bool, typer.Option("--all-tiers", help="Off for no tier any more.")] = False,
    percentage: Annotated[
        float | None, typer.Option(help="Of the users, 0 to 100; the same ones stay when it is raised.")
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Change for whom a flag is on; what is not named stays."""
    if off_for and all_tiers:
        raise Stop("--off-for and --all-tiers contradict each other.", MISUSED)
    tiers = [] if all_tiers else off_for
    said = {"enabled": enabled, "offForTiers": tiers, "percentage": percentage}
    body = {field: value for field, value in said.items() if value is not None}
    if not body:
        raise Stop("say what shall change: --on, --off, --off-for, --all-tiers or --percentage.", MISUSED)
    _tell(asyncio.run(_change(line_to(reach), name, "PATCH", f"{_PATH}/{name}", body)), as_json)


def undo(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a flag was before its last change."""
    _tell(asyncio.run(_change(line_to(reach), name, "POST", f"{_PATH}/{name}/undo")), as_json)


def _tell(flag: FlagView, as_json: bool) -> None:
    if as_json:
        print_json(flag)
    else:
        print(f"{flag.name} is on for {_on(flag)}.")


def _on(flag: FlagView) -> str:
    """For whom it is on, in words."""
    if not flag.enabled or flag.percentage == 0:
        return "nobody"
    share = "everybody" if flag.percentage >= _EVERYBODY else f"{flag.percentage:g} % of users"
    return share if not flag.off_for_tiers else f"{share} but {', '.join(flag.off_for_tiers)}"


async def _list(line: Line) -> tuple[FlagView, ...]:
    return parsed(await ask(line, _PATH), _Listed).flags


async def _change(line: Line, name: str, method: str, path: str, body: Any = None) -> FlagView:
    found = {flag.name: flag for flag in await _list(line)}.get(name)
    if found is None:
        raise Stop(f"there is no flag {name}; see `baton flags list`.")
    headers = {"If-Match": f'"{found.revision}"'}
    return parsed(await ask(line, path, method=method, body=body, headers=headers), FlagView)


COMMANDS = {"list": list_flags, "set": set_flag, "undo": undo}
