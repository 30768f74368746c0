"""`baton spots`: verified places that trips are made with, in a running Baton."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.prompts import Sheet, sheet
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table

_PATH = "/api/admin/spots"
_PAGE = 500
_TOLD = frozenset({"id", "revision", "deleted"})
"""What is told of a place, and its body does not say."""

Key = Annotated[str, typer.Argument(metavar="id", help="The place's.")]
City = Annotated[str | None, typer.Option(help="Of this city only.")]
Source = Annotated[
    Path, typer.Argument(metavar="file", help="CSV with a head, or JSON as export gives it; - is the input.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="As CSV, not as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")]


class SpotView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A place, as the API tells it."""

    id: str
    city: str
    names: dict[str, str]
    addresses: dict[str, str]
    category: str
    localness: int
    place_id: str | None
    hours: str | None
    coordinates: dict[str, float] | None
    source: str
    sample: bool
    revision: int
    deleted: bool


class _Listed(Struct, frozen=True, rename="camel"):
    spots: tuple[SpotView, ...]
    next_cursor: str | None


class Difference(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an import did, or would do."""

    created: int
    changed: int
    unchanged: int
    dry_run: bool


def list_spots(city: City = None, as_json: AsJson = False, *, reach: Reach) -> None:
    """All places, or those of a city."""
    found = asyncio.run(_list(line_to(reach), city))
    if as_json:
        print_json(found)
        return
    if not found:
        note("There are none; `baton spots import FILE` brings some.")
    columns = (
        Column("id", whole=True),
        Column("city"),
        Column("name", folded=True),
        Column("category"),
        Column("local", right=True),
        Column("source"),
    )
    rows = [
        (
            each.id,
            each.city,
            " / ".join(each.names.values()),
            each.category,
            str(each.localness),
            "sample" if each.sample else each.source,
        )
        for each in found
    ]
    print_table(columns, rows)


def set_spot(spot: Key, file: Sheet, as_json: AsJson = False, *, reach: Reach) -> None:
    """Set a place, whole, for trips that begin from now on."""
    body = {word: value for word, value in sheet(file, "place").items() if word not in _TOLD}
    done = asyncio.run(_set(line_to(reach), spot, body))
    if as_json:
        print_json(done)
    else:
        print(f"{done.id} is a {done.category} in {done.city}.")


def remove(spot: Key, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take a place away; `undo` brings it back."""
    was = asyncio.run(_remove(line_to(reach), spot))
    if as_json:
        print_json(was)
    else:
        print(f"{was.id} is gone.")


def undo(spot: Key, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a place was before its last change; undoing twice does it again."""
    path = _path(spot) + "/undo"
    answer = asyncio.run(ask(line_to(reach), path, method="POST", headers={"If-Match": "*"}))
    done = parsed(answer, SpotView)
    if as_json:
        print_json(done)
    else:
        print(f"{done.id} is as before.")


def take_over(file: Source, dry_run: DryRun = False, as_json: AsJson = False, *, reach: Reach) -> None:
    """Put places over what is there, all or nothing; those that the file does not name stay."""
    body = _import(file) | {"dryRun": dry_run}
    answer = asyncio.run(ask(line_to(reach), f"{_PATH}/import", method="POST", body=body))
    done = parsed(answer, Difference)
    if as_json:
        print_json(done)
    else:
        word = "would be " if dry_run else ""
        print(f"{done.created} {word}made, {done.changed} {word}changed, {done.unchanged} as they were.")


def export(as_csv: AsCsv = False, *, reach: Reach) -> None:
    """Write all places out, as `import` takes them."""
    kind = "csv" if as_csv else "json"
    answer = asyncio.run(ask(line_to(reach), f"{_PATH}/export?format={kind}"))
    sys.stdout.write(answer.decode())


def _import(file: Path) -> dict[str, Any]:
    """The body of an import."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read.") from error
    if not text.lstrip().startswith(("{", "[")):
        return {"csv": text}
    try:
        if text.lstrip().startswith("["):
            return {"spots": msgspec.json.decode(text, type=list[Any])}
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Stop(f"{file} is no JSON: {error}.") from error


async def _list(line: Line, city: str | None) -> tuple[SpotView, ...]:
    found: list[SpotView] = []
    asked = {"limit": str(_PAGE)} | ({} if city is None else {"city": city})
    while True:
        page = parsed(await ask(line, f"{_PATH}?{urlencode(asked)}"), _Listed)
        found += page.spots
        if page.next_cursor is None:
            return tuple(found)
        asked["cursor"] = page.next_cursor


async def _set(line: Line, spot: str, body: dict[str, Any]) -> SpotView:
    there = {each.id: each for each in await _list(line, None)}.get(spot)
    match = {} if there is None else _match(there)
    return parsed(await ask(line, _path(spot), method="PUT", body=body, headers=match), SpotView)


async def _remove(line: Line, spot: str) -> SpotView:
    """As it was."""
    found = parsed(await ask(line, _path(spot)), SpotView)
    await ask(line, _path(spot), method="DELETE", headers=_match(found))
    return found


def _match(found: SpotView) -> dict[str, str]:
    return {"If-Match": f'"{found.revision}"'}


def _path(spot: str) -> str:
    return f"{_PATH}/{quote(spot, safe='')}"


COMMANDS = {
    "list": list_spots,
    "set": set_spot,
    "remove": remove,
    "undo": undo,
    "import": take_over,
    "export": export,
}
