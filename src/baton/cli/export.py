"""`baton export`: the ledger's rows, for spreadsheets and programs."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from sqlalchemy import make_url

from baton.access.identity.entities import User
from baton.app import Storehouse, database_url, open_store
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.moments import ago_ms
from baton.cli.part import Part, Position
from baton.cli.spread import CsvLines, JsonLines, Lines
from baton.cli.stop import INTERRUPTED, Stop
from baton.cli.terminal import counted, note
from baton.ledger.export import Export
from baton.ledger.filter import Filter
from baton.settings import Settings


class Format(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    JSONL = "jsonl"


class _Wish(Struct, frozen=True, kw_only=True):
    """What shall be exported, as it was said."""

    format: Format
    attempts: bool
    since: str | None
    until: str | None
    user: str | None
    wanted: Filter

    def lines(self) -> Lines:
        """The way to write it down."""
        kind = CsvLines if self.format is Format.CSV else JsonLines
        return kind(attempts=self.attempts)


def interactions(
    format: Annotated[Format, typer.Option(help="How rows are written down.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(help="File to write, there once it is whole; stdout, if not given.")
    ] = None,
    attempts: Annotated[
        bool, typer.Option("--attempts", help="The attempts: in CSV instead of the interactions.")
    ] = False,
    since: Annotated[str | None, typer.Option(help="From when on, e.g. 7d, 12h or 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, exclusive; now, if not given.")] = None,
    user: Annotated[str | None, typer.Option(help="Only this user's, by name or id.")] = None,
    key: Annotated[str | None, typer.Option(help="Only those asked with the key of this id.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only those it served.")] = None,
    model: Annotated[str | None, typer.Option(help="Only those it served, or was asked for in.")] = None,
    status: Annotated[str | None, typer.Option(help="ok, cancelled, crashed, or an error's code.")] = None,
    use_case: Annotated[str | None, typer.Option(help="Only of this use case.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this project's.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only with this tag, key=value or key; may be repeated.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Write interactions out, oldest first, however many there are.

    After Ctrl-C the same command goes on where it stopped, if it writes a file. Money stands in USD and in
    nano-USD. A text that a spreadsheet could take for a formula has an apostrophe before it in CSV.
    """
    wanted = Filter(
        key_id=key,
        provider=provider,
        model=model,
        status=status,
        use_case=use_case,
        agent=agent,
        project=project,
        tags=tuple(tag or ()),
    )
    wish = _Wish(format=format, attempts=attempts, since=since, until=until, user=user, wanted=wanted)
    settings = existing(config, data_dir)
    try:
        written = asyncio.run(_export(settings, wish, out))
    except KeyboardInterrupt as error:
        more = "the same command goes on from here." if out is not None else "what was written is not all."
        raise Stop(f"interrupted; {more}", INTERRUPTED) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Stop(f"{out} cannot be written: {(error.strerror or 'unknown reason').lower()}.") from error
    note(f"{counted(written, 'interaction')} exported.")


async def _export(settings: Settings, wish: _Wish, out: Path | None) -> int:
    """The number of interactions written."""
    async with open_store(settings) as store:
        begun = Position(
            words=_words(settings, wish),
            since_ms=_moment(store, wish.since, "--since"),
            until_ms=_moment(store, wish.until, "--until") or int(store.clock.wall() * 1000) + 1,
        )
        wanted = wish.wanted
        if wish.user is not None:
            owner = _named(await store.identities.users(), wish.user)
            wanted = msgspec.structs.replace(wanted, user_id=owner.id)
        if out is None:
            return await _to_stdout(Export(store.database), wish, _within(wanted, begun))
        with Part(out, begun) as part:
            if part.position.after is not None:
                note(f"Going on behind {part.position.after}.")
            await _to_file(Export(store.database), wish, _within(wanted, part.position), part)
            return part.position.rows


async def _to_file(export: Export, wish: _Wish, wanted: Filter, part: Part) -> None:
    """Nothing else runs on this loop that a write could hold up; Ctrl-C comes between two pages."""
    lines = wish.lines()
    if not part.position.size:
        part.add(lines.head)
    pages = export.pages(wanted, after=part.position.after, attempts=wish.attempts)
    async with contextlib.aclosing(pages):
        async for page in pages:
            part.add(lines.of(page), after=page[-1].interaction.id, rows=len(page))
    part.finish()


async def _to_stdout(export: Export, wish: _Wish, wanted: Filter) -> int:
    lines = wish.lines()
    written = 0
    sys.stdout.write(lines.head)
    pages = export.pages(wanted, attempts=wish.attempts)
    async with contextlib.aclosing(pages):
        async for page in pages:
            sys.stdout.write(lines.of(page))
            written += len(page)
    sys.stdout.flush()
    return written


def _within(wanted: Filter, position: Position) -> Filter:
    return msgspec.structs.replace(wanted, since_ms=position.since_ms, until_ms=position.until_ms)


def _words(settings: Settings, wish: _Wish) -> tuple[str, ...]:
    """What an export is told from another by: the database, the wish, and this version's columns."""
    database = make_url(database_url(settings)).render_as_string(hide_password=True)
    return (database, msgspec.json.encode(wish).decode(), CsvLines(attempts=wish.attempts).head)


def _moment(store: Storehouse, text: str | None, option: str) -> int | None:
    return None if text is None else ago_ms(text, option, store.clock.wall())


def _named(users: Sequence[User], wanted: str) -> User:
    """The user of that id or name.

    Raises:
        Stop: there is none, or several have the name.
    """
    found = [user for user in users if wanted in (user.id, user.name)]
    if len(found) != 1:
        many = "several users are" if found else "no user is"
        raise Stop(f"{many} called {wanted!r}; 'baton keys list' shows them.")
    return found[0]


COMMANDS = {"interactions": interactions}
