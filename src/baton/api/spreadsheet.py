"""Values as they stand in CSV, harmless to the spreadsheet that opens it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take a text that begins so for; OWASP, "CSV Injection"."""


def cell(value: Any) -> str:
    """A value as it stands in a cell: nothing is empty, what is no text or number is JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return _harmless(value)
        case _:
            return _harmless(msgspec.json.encode(value).decode())


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """The rows as RFC 4180 has them."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before it says that it is text."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
