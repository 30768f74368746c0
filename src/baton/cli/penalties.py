"""`baton penalties`: who is kept waiting for going on against a limit, by a running Baton."""

import asyncio
from typing import Annotated
from urllib.parse import quote

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.terminal import AsJson, Column, print_json, print_table
from baton.gateway.admission.penalties import Scope

_PATH = "/api/admin/ai/penalties"


class PenaltyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One penalty, as the API tells it."""

    scope: str
    id: str
    step: int
    refusals: int
    until: str
    left_s: int


class _Listed(Struct, frozen=True):
    penalties: tuple[PenaltyView, ...]


def list_penalties(as_json: AsJson = False, *, reach: Reach) -> None:
    """Who is kept waiting at the moment, the longest first."""
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
        return
    columns = (
        Column("whose", whole=True),
        Column("id", whole=True),
        Column("penalty", right=True),
        Column("refusals", right=True),
        Column("left", right=True),
    )
    print_table(
        columns,
        [(each.scope, each.id, str(each.step), str(each.refusals), f"{each.left_s} s") for each in found],
    )


def lift(
    whose: Annotated[Scope, typer.Argument(help="A key's, or all of a user's.")],
    subject: Annotated[str, typer.Argument(metavar="id", help="Its id, see `list`.")],
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Forgive a key or a user: the penalty ends, and the next one is a first one."""
    path = f"{_PATH}/{whose.value}/{quote(subject, safe='')}"
    asyncio.run(ask(line_to(reach), path, method="DELETE"))
    if as_json:
        print_json({"scope": whose.value, "id": subject, "lifted": True})
    else:
        print(f"The {whose.value} {subject} is forgiven.")


async def _list(line: Line) -> tuple[PenaltyView, ...]:
    return parsed(await ask(line, _PATH), _Listed).penalties


COMMANDS = {"list": list_penalties, "lift": lift}
