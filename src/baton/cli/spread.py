"""The ledger's rows as lines of a file: CSV for spreadsheets, JSON Lines for programs."""

import csv
import io
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from baton.core.money import usd_text
from baton.ledger.export import Exported
from baton.ledger.interactions import AttemptRow, InteractionRow

Cell = str | int | float | bool | Raw | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take a text that begins so for; OWASP, "CSV Injection"."""

_OTHERWISE = {
    "at_ms": "createdAt",
    "attempts": "attemptCount",
    "context": "contextMetadata",
    "fell_back": "fallbackUsed",
    "latency_ms": "responseTimeMs",
    "model": "modelName",
}
"""What the API calls otherwise than the tables."""

_JSON = frozenset({"tags", "context"})
_PRICES = frozenset({"price_input", "price_output", "price_cached", "price_cache_write"})
"""In nano-USD per one million tokens."""


class Lines(Protocol):
    """One way to write rows down."""

    head: str
    """What the file begins with."""

    @abstractmethod
    def of(self, rows: Iterable[Exported]) -> str:
        """Their lines."""


class JsonLines:
    """One JSON object per interaction; its attempts in a list, where they are wanted."""

    head = ""

    def __init__(self, *, attempts: bool) -> None:
        self._attempts = attempts

    def of(self, rows: Iterable[Exported]) -> str:
        """Their lines."""
        return "".join(f"{msgspec.json.encode(self._object(row)).decode()}\n" for row in rows)

    def _object(self, row: Exported) -> dict[str, object]:
        told: dict[str, object] = {**_interaction(row)}
        if self._attempts:
            told["attempts"] = [_cells(attempt) for attempt in row.attempts]
        return told


class CsvLines:
    """One line per interaction; or per attempt, where those are wanted, so that no money stands twice."""

    def __init__(self, *, attempts: bool) -> None:
        self._attempts = attempts
        names = _names(AttemptRow) if attempts else [*_names(InteractionRow), *_FEEDBACK]
        self.head = _csv([names])

    def of(self, rows: Iterable[Exported]) -> str:
        """Their lines."""
        if self._attempts:
            told = (_cells(attempt) for row in rows for attempt in row.attempts)
        else:
            told = (_interaction(row) for row in rows)
        return _csv([_plain(cell) for cell in cells.values()] for cells in told)


_FEEDBACK = ("feedbackScore", "feedbackComment")


def _interaction(row: Exported) -> dict[str, Cell]:
    thought = row.feedback
    opinion = (None, None) if thought is None else (thought.score, thought.comment)
    return {**_cells(row.interaction), **dict(zip(_FEEDBACK, opinion, strict=True))}


def _names(kind: type[Struct]) -> list[str]:
    return [name for field in kind.__struct_fields__ for name in _named(field)]


def _named(field: str) -> tuple[str, ...]:
    """What a field is called: in camel case; money stands twice, in nano-USD and in USD."""
    if field in _OTHERWISE:
        return (_OTHERWISE[field],)
    first, *rest = field.removesuffix("_nanos").split("_")
    name = first + "".join(word.capitalize() for word in rest)
    if field in _PRICES:
        return (f"{name}NanosPer1M", f"{name}UsdPer1M")
    return (f"{name}Nanos", f"{name}Usd") if field.endswith("_nanos") else (name,)


def _cells(row: Struct) -> dict[str, Cell]:
    told: dict[str, Cell] = {}
    for field in row.__struct_fields__:
        value: str | int | float | bool | None = getattr(row, field)
        told.update(zip(_named(field), _values(field, value), strict=True))
    return told


def _values(field: str, value: str | float | None) -> tuple[Cell, ...]:
    if field in _PRICES or field.endswith("_nanos"):
        return (value, usd_text(value) if isinstance(value, int) else None)
    if field == "at_ms" and isinstance(value, int):
        at = datetime.fromtimestamp(value / 1000, UTC)
        return (at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),)
    if field in _JSON and isinstance(value, str):
        return (Raw(msgspec.json.format(value, indent=-1).encode()),)  # its own line breaks would be ours
    return (value,)


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int() | float():
            return str(cell)
        case Raw():
            return _harmless(bytes(cell).decode())
        case str():
            return _harmless(cell)


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before it says that it is text."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _csv(rows: Iterable[Sequence[str]]) -> str:
    """As RFC 4180 has it."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
