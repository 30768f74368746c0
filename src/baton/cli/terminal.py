"""How data is shown: a table to a person, JSON to a program; and nothing else on stdout."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_COLUMNS = 200
"""Where nobody says how wide it may be, nothing need be cut."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


class Column(Struct, frozen=True):
    """A column of a table."""

    title: str
    right: bool = False
    """Numbers stand on the right."""
    whole: bool = False
    """Never broken: ids and names that are copied, dates, states."""
    folded: bool = False
    """Broken anywhere, with every letter kept: paths and commands."""


def print_json(value: Any) -> None:
    """One JSON document; Structs by their own names."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """A table; what stands in the cells is text, never markup. Nothing at all without rows."""
    lines = list(rows)
    if not lines:
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=column.whole,
            overflow="fold" if column.whole or column.folded else "ellipsis",
        )
    for row in lines:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its word, e.g. `1 request`, `2 requests`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def note(text: str) -> None:
    """Something to a person beside the data, on stderr."""
    print(text, file=sys.stderr)


def console() -> Console:
    """Stdout as rich writes to it; colours only at a terminal without NO_COLOR."""
    wide = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, width=_PIPED_COLUMNS if wide else None)


def iso(at_ms: int | None) -> str | None:
    """Unix milliseconds as a text such as `2026-01-31T12:00:00Z`."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
