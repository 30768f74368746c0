"""`baton export`: the ledger's rows, for spreadsheets and programs."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from sqlalchemy import make_url

from baton.access.identity.entities import User
from baton.app import Storehouse, database_url, open_store
from baton.cli.installation import Place, existing
from baton.cli.moments import ago_ms
from baton.cli.part import Part, Position
from baton.cli.spread import CsvLines, JsonLines, Lines
from baton.cli.stop import INTERRUPTED, Stop
from baton.cli.terminal import counted, note
from baton.core.errors import Unavailable
from baton.ledger.export import Export
from baton.ledger.filter import Filter
from baton.ledger.stored import Whole
from baton.settings import Settings

Pages = AsyncGenerator[tuple[Whole, ...]]


class Format(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How rows are written down."""

    format: Annotated[Format, typer.Option(help="How rows are written down.")] = Format.CSV
    attempts: Annotated[
        bool, typer.Option("--attempts", help="The attempts: in CSV instead of the interactions.")
    ] = False

    @property
    def lines(self) -> Lines:
        """The way to write them down."""
        kind = CsvLines if self.format is Format.CSV else JsonLines
        return kind(attempts=self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which interactions are wanted."""

    since: Annotated[str | None, typer.Option(help="From when on, e.g. 7d, 12h or 2026-01-31.")] = None
    until: Annotated[str | None, typer.Option(help="Until when, exclusive; now, if not given.")] = None
    user: Annotated[str | None, typer.Option(help="Only this user's, by name or id.")] = None
    key: Annotated[str | None, typer.Option(help="Only those asked with the key of this id.")] = None
    provider: Annotated[str | None, typer.Option(help="Only those it served.")] = None
    model: Annotated[str | None, typer.Option(help="Only those it served, or was asked for in.")] = None
    status: Annotated[str | None, typer.Option(help="ok, cancelled, crashed, or an error's code.")] = None
    use_case: Annotated[str | None, typer.Option(help="Only of this use case.")] = None
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None
    project: Annotated[str | None, typer.Option(help="Only this project's.")] = None
    tag: Annotated[
        list[str] | None, typer.Option(help="Only with this tag, key=value or key; may be repeated.")
    ] = None

    async def filter(self, store: Storehouse) -> Filter:
        """As the ledger is asked; until now, where nothing else was said.

        Raises:
            Stop: a time is none, exit code 2; no user, or several, are called so.
        """
        owner = None if self.user is None else _named(await store.identities.users(), self.user)
        until_ms = _moment(store, self.until, "--until")
        return Filter(
            user_id=None if owner is None else owner.id,
            since_ms=_moment(store, self.since, "--since"),
            until_ms=int(store.clock.wall() * 1000) + 1 if until_ms is None else until_ms,
            key_id=self.key,
            provider=self.provider,
            model=self.model,
            status=self.status,
            use_case=self.use_case,
            agent=self.agent,
            project=self.project,
            tags=tuple(self.tag or ()),
        )


def interactions(
    form: Form,
    out: Annotated[
        Path | None, typer.Option(help="File to write, there once it is whole; stdout, if not given.")
    ] = None,
    *,
    wish: Wish,
    place: Place,
) -> None:
    """Write interactions out, oldest first, however many there are.

    After Ctrl-C the same command goes on where it stopped, if it writes a file. Names are the API's, money is
    in USD. A text that a spreadsheet could take for a formula has an apostrophe before it in CSV.
    """
    settings = existing(place.config, place.data_dir)
    more = "the same command goes on from here." if out is not None else "what was written is not all."
    try:
        written = asyncio.run(_export(settings, form, wish, out))
    except KeyboardInterrupt as error:
        raise Stop(f"interrupted; {more}", INTERRUPTED) from error
    except Unavailable as error:
        raise Stop(f"{error.message.removesuffix('.')}; {more}") from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Stop(f"{out} cannot be written: {(error.strerror or 'unknown reason').lower()}.") from error
    note(f"{counted(written, 'interaction')} exported.")


async def _export(settings: Settings, form: Form, wish: Wish, out: Path | None) -> int:
    """The number of interactions written."""
    async with open_store(settings) as store:
        export = Export(store.database)
        wanted = await wish.filter(store)
        if out is None:
            return await _to_stdout(export.pages(wanted, attempts=form.attempts), form.lines)
        begun = Position(
            words=_words(settings, form, wish), since_ms=wanted.since_ms, until_ms=wanted.until_ms
        )
        with Part(out, begun) as part:
            if part.position.after is not None:
                note(f"Going on behind {part.position.after}.")
            wanted = replace(wanted, since_ms=part.position.since_ms, until_ms=part.position.until_ms)
            pages = export.pages(wanted, after=part.position.after, attempts=form.attempts)
            await _to_file(pages, form.lines, part)
            return part.position.rows


async def _to_file(pages: Pages, lines: Lines, part: Part) -> None:
    """Nothing else runs on this loop that a write could hold up; Ctrl-C comes between two pages."""
    if not part.position.size:
        part.add(lines.head)
    async with contextlib.aclosing(pages):
        async for page in pages:
            part.add(lines.of(page), after=page[-1].interaction.id, rows=len(page))
    part.finish()


async def _to_stdout(pages: Pages, lines: Lines) -> int:
    written = 0
    sys.stdout.write(lines.head)
    async with contextlib.aclosing(pages):
        async for page in pages:
            sys.stdout.write(lines.of(page))
            written += len(page)
    sys.stdout.flush()
    return written


def _words(settings: Settings, form: Form, wish: Wish) -> tuple[str, ...]:
    """What an export is told from another by: the database, the wish, and this version's columns."""
    database = make_url(database_url(settings)).render_as_string(hide_password=True)
    said = msgspec.json.encode((form, wish)).decode()
    return (database, said, CsvLines(attempts=form.attempts).head)


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
