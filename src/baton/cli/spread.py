"""The ledger's rows as lines of a file, in the API's words: CSV for spreadsheets, JSON Lines for programs."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Protocol, get_args

from baton.api.bodies import Shown
from baton.api.native.interaction_shown import (
    AttemptShown,
    InteractionShown,
    attempt_shown,
    interaction_detail,
    interaction_shown,
)
from baton.api.spreadsheet import cell, csv_lines
from baton.ledger.stored import Whole

_OWNER = "interactionId"
"""Which interaction an attempt belongs to."""


_BESIDE = {"quality"}
"""What judges said is not the ledger's."""


class Lines(Protocol):
    """One way to write rows down."""

    head: str
    """What the file begins with."""

    @abstractmethod
    def of(self, rows: Iterable[Whole]) -> str:
        """Their lines."""


class JsonLines:
    """One JSON object per interaction; its attempts in a list, where they are wanted."""

    head = ""

    def __init__(self, *, attempts: bool) -> None:
        self._shown = interaction_detail if attempts else interaction_shown

    def of(self, rows: Iterable[Whole]) -> str:
        """Their lines."""
        return "".join(
            f"{self._shown(row).model_dump_json(by_alias=True, exclude=_BESIDE)}\n" for row in rows
        )


class CsvLines:
    """One line per interaction; or per attempt, where those are wanted, so that no money stands twice."""

    def __init__(self, *, attempts: bool) -> None:
        self._attempts = attempts
        self._paths = [(_OWNER,), *_paths(AttemptShown)] if attempts else _paths(InteractionShown)
        self.head = csv_lines([[".".join(path) for path in self._paths]])

    def of(self, rows: Iterable[Whole]) -> str:
        """Their lines."""
        return csv_lines([cell(_at(told, path)) for path in self._paths] for told in self._told(rows))

    def _told(self, rows: Iterable[Whole]) -> Iterable[dict[str, Any]]:
        if not self._attempts:
            return (interaction_shown(row).model_dump(mode="json", by_alias=True) for row in rows)
        return (
            {_OWNER: row.interaction.id, **attempt_shown(each).model_dump(mode="json", by_alias=True)}
            for row in rows
            for each in row.attempts
        )


def _paths(kind: type[Shown], *before: str) -> list[tuple[str, ...]]:
    """A column for each value; one of an object within is called by both names: `usage.promptTokens`."""
    found: list[tuple[str, ...]] = []
    for name, field in kind.model_fields.items():
        path = (*before, field.alias or name)
        inner = _object(field.annotation)
        found += [path] if inner is None else _paths(inner, *path)
    return found


def _object(annotation: Any) -> type[Shown] | None:
    """The kind of object that a field holds, or may hold."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, Shown):
            return each
    return None


def _at(told: Any, path: tuple[str, ...]) -> Any:
    for word in path:
        if told is None:
            return None
        told = told[word]
    return told
