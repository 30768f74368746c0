"""`baton personas`: in whose voice requests are answered, by a running Baton."""

import asyncio
from typing import Annotated
from urllib.parse import quote

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.prompts import Sheet, sheet
from baton.cli.terminal import AsJson, Column, note, print_json, print_table

_PERSONAS = "/api/admin/ai/personas"
_TOLD = frozenset({"name", "revision"})
"""What `show` tells of a persona, and its body does not say."""

Name = Annotated[str, typer.Argument(metavar="name", help="The persona's.")]


class PersonaView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A persona, as the API tells it."""

    name: str
    title: str
    description: str
    voice: str
    does: tuple[str, ...]
    avoids: tuple[str, ...]
    use_cases: tuple[str, ...]
    is_enabled: bool
    revision: int


class _Listed(Struct, frozen=True):
    personas: tuple[PersonaView, ...]


def list_personas(as_json: AsJson = False, *, reach: Reach) -> None:
    """All personas, and whose requests they answer."""
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
        return
    if not found:
        note("There are no personas; `baton personas set NAME FILE` makes one.")
    columns = (
        Column("persona", whole=True),
        Column("use cases", folded=True),
        Column("on"),
        Column("who it is"),
    )
    print_table(
        columns,
        [
            (each.name, ", ".join(each.use_cases), "yes" if each.is_enabled else "no", each.description)
            for each in found
        ],
    )


def show(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """All that a persona says, as models are told it."""
    found = parsed(asyncio.run(ask(line_to(reach), _path(name))), PersonaView)
    if as_json:
        print_json(found)
        return
    print(f"{found.title} ({found.name}): {', '.join(found.use_cases) or 'bound to no use case'}")
    print(f"\n{found.voice.strip()}")
    for title, rules in (("Always:", found.does), ("Never:", found.avoids)):
        if rules:
            print("\n".join(("", title, *(f"- {each}" for each in rules))))


def set_persona(name: Name, file: Sheet, as_json: AsJson = False, *, reach: Reach) -> None:
    """Set a persona, whole, from the next request on."""
    told = sheet(file, "persona")
    body = {word: value for word, value in told.items() if word not in _TOLD}
    done = asyncio.run(_set(line_to(reach), name, body))
    if as_json:
        print_json(done)
    else:
        print(f"{done.title} answers {', '.join(done.use_cases) or 'requests that name it'}.")


def remove(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take a persona away; `undo` brings it back."""
    was = asyncio.run(_remove(line_to(reach), name))
    if as_json:
        print_json(was)
    else:
        print(f"{was.title} answers nobody any more.")


def undo(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a persona was before its last change; undoing twice does it again."""
    answer = asyncio.run(ask(line_to(reach), _path(name) + "/undo", method="POST", headers={"If-Match": "*"}))
    done = parsed(answer, PersonaView)
    if as_json:
        print_json(done)
    else:
        print(f"{done.title} is as before.")


async def _list(line: Line) -> tuple[PersonaView, ...]:
    return parsed(await ask(line, _PERSONAS), _Listed).personas


async def _set(line: Line, name: str, body: dict[str, object]) -> PersonaView:
    found = {each.name: each for each in await _list(line)}.get(name)
    match = {} if found is None else _match(found)
    return parsed(await ask(line, _path(name), method="PUT", body=body, headers=match), PersonaView)


async def _remove(line: Line, name: str) -> PersonaView:
    """As it was."""
    found = parsed(await ask(line, _path(name)), PersonaView)
    await ask(line, _path(name), method="DELETE", headers=_match(found))
    return found


def _match(found: PersonaView) -> dict[str, str]:
    return {"If-Match": f'"{found.revision}"'}


def _path(name: str) -> str:
    return f"{_PERSONAS}/{quote(name, safe='')}"


COMMANDS = {
    "list": list_personas,
    "show": show,
    "set": set_persona,
    "remove": remove,
    "undo": undo,
}
