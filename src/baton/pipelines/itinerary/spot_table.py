"""Places as tables: CSV that people keep, read row by row and written again."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from baton.core.errors import Invalid
from baton.pipelines.itinerary.spots import Spot, spots_kind

MOST_ROWS = 5000
"""Of one import."""

_PLAIN = ("id", "city", "category", "localness", "placeId", "hours", "source", "sample")
_COORDINATES = ("lat", "lon")
_NUMBERS = frozenset({"localness", *_COORDINATES})
_BY_LANGUAGE = ("names", "addresses")
_DOT = "."
_MOST_COLUMNS = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTE = "'"


class WrongRow(NamedTuple):
    """A row that is no place; rows count from 0, without the head."""

    row: int
    field: str | None
    message: str


class Read(NamedTuple):
    """What rows are, as far as they are places."""

    spots: tuple[Spot, ...]
    wrong: tuple[WrongRow, ...]


def read_rows(rows: Sequence[Any]) -> Read:
    """Places from objects as JSON has them.

    Raises:
        Invalid: there are too many.
    """
    if len(rows) > MOST_ROWS:
        raise Invalid(f"An import has at most {MOST_ROWS} places.", param="spots")
    kind = spots_kind()
    spots: list[Spot] = []
    wrong: list[WrongRow] = []
    seen: set[str] = set()
    for number, row in enumerate(rows):
        try:
            spot = kind.decode(msgspec.json.encode(row))
            kind.checked_key(spot)
            if spot.id in seen:
                raise Invalid("An earlier row has this id.", param="id")
        except Invalid as error:
            wrong.append(WrongRow(number, error.param, error.message))
            continue
        seen.add(spot.id)
        spots.append(spot)
    return Read(tuple(spots), tuple(wrong))


def read_csv(text: str) -> Read:
    """Places from CSV with a head: `id`, `city`, `category`, `localness`, `names.en`, `addresses.en` …, and
    if wanted `placeId`, `hours`, `lat`, `lon`, `source`, `sample`. Empty cells say nothing.

    Raises:
        Invalid: it is no CSV, its head has unknown columns, or there are too many rows.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        nothing: list[str] = []
        head = [word.strip() for word in next(reader, nothing)]
        _check(head)
        rows: list[Any] = []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(rows) == MOST_ROWS:
                raise Invalid(f"An import has at most {MOST_ROWS} places.", param="csv")
            rows.append(_row(head, row))
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} is no CSV: {error}.", param="csv") from error
    return read_rows(rows)


def written_csv(spots: Iterable[Spot]) -> str:
    """All of them, as `read_csv` takes them."""
    listed = list(spots)
    columns = [
        *_PLAIN,
        *(
            f"{field}{_DOT}{language}"
            for field in _BY_LANGUAGE
            for language in sorted({language for spot in listed for language in getattr(spot, field)})
        ),
        *_COORDINATES,
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for spot in listed:
        said: dict[str, Any] = msgspec.to_builtins(spot)
        said |= said.pop("coordinates") or {}
        for field in _BY_LANGUAGE:
            said |= {f"{field}{_DOT}{language}": value for language, value in said.pop(field).items()}
        writer.writerow([_cell(said.get(column)) for column in columns])
    return text.getvalue()


def _check(head: list[str]) -> None:
    known = frozenset({*_PLAIN, *_COORDINATES})
    for column in head:
        field, dot, _ = column.partition(_DOT)
        if column not in known and not (dot and field in _BY_LANGUAGE):
            raise Invalid(f"There is no column {column[:64]!r}.", param="csv")
    if len(set(head)) < len(head) or len(head) > _MOST_COLUMNS:
        raise Invalid("Each column is there once.", param="csv")


def _row(head: list[str], row: list[str]) -> dict[str, Any]:
    """A row as the object that JSON would have; a value that is no number stays a text, to be refused."""
    said: dict[str, Any] = {}
    if len(row) > len(head):
        return {"": "There are more cells than columns."}
    for column, cell in zip(head, (_read(cell) for cell in row), strict=False):
        field, dot, language = column.partition(_DOT)
        if not cell:
            continue
        if dot:
            said.setdefault(field, {})[language] = cell
        elif column in _COORDINATES:
            said.setdefault("coordinates", {})[column] = _number(cell)
        elif column in _NUMBERS:
            said[column] = _number(cell)
        elif column == "sample":
            said[column] = {"true": True, "false": False}.get(cell.lower(), cell)
        else:
            said[column] = cell
    return said


def _number(cell: str) -> float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number


def _cell(value: Any) -> str:
    """As it is, but never what a spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return _QUOTE + text if isinstance(value, str) and _is_formula(text) else text


def _read(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith(_QUOTE) and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return text.lstrip(_QUOTE).startswith(_FORMULA)
