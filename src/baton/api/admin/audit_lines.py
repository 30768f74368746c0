"""Entries of the audit as lines of a file: CSV for spreadsheets, JSON Lines for programs."""

from collections.abc import Iterable
from enum import StrEnum

from baton.api.admin.audit_shown import EntryShown, entry_shown
from baton.api.spreadsheet import cell, csv_lines
from baton.records.audit.entry import AuditEntry

_COLUMNS = tuple(field.alias or name for name, field in EntryShown.model_fields.items())


class Form(StrEnum):
    """How entries are written down."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """What it is called over HTTP."""
        return "text/csv; charset=utf-8" if self is Form.CSV else "application/x-ndjson"

    @property
    def head(self) -> str:
        """What the file begins with."""
        return csv_lines([_COLUMNS]) if self is Form.CSV else ""

    def lines(self, entries: Iterable[AuditEntry]) -> str:
        """Their lines."""
        shown = [entry_shown(entry) for entry in entries]
        if self is Form.JSONL:
            return "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in shown)
        told = (each.model_dump(mode="json", by_alias=True) for each in shown)
        return csv_lines([cell(each[name]) for name in _COLUMNS] for each in told)
