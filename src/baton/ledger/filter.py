"""Which interactions are wanted, and how the database is asked for them."""

import msgspec
from msgspec import Struct
from sqlalchemy import Column, ColumnElement, false, func, or_

from baton.ledger.moments import id_from
from baton.ledger.tables import INTERACTIONS

_EQUAL = (
    *("user_id", "provider", "status", "key_id", "use_case", "agent", "project", "session", "type"),
    *("prompt", "persona"),
)
_json = msgspec.json.Encoder().encode


class Filter(Struct, frozen=True, kw_only=True):
    """Which interactions; None: any."""

    user_id: str | None = None
    provider: str | None = None
    """Who served it."""
    model: str | None = None
    """Served, or asked for."""
    status: str | None = None
    since_ms: int | None = None
    """Unix milliseconds, inclusive."""
    until_ms: int | None = None
    """Unix milliseconds, exclusive."""
    key_id: str | None = None
    use_case: str | None = None
    agent: str | None = None
    project: str | None = None
    session: str | None = None
    type: str | None = None
    prompt: str | None = None
    """`name@version`."""
    persona: str | None = None
    tags: tuple[str, ...] = ()
    """`key=value`, or `key` with any value; all of them."""


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """The filter as SQL; times are compared with the time in the id, which is the key."""
    found: list[ColumnElement[bool]] = []
    columns = INTERACTIONS.c
    for name in _EQUAL:
        value: str | None = getattr(wanted, name)
        if value is not None:
            found.append(equals(columns[name], value))
    if wanted.model is not None:
        found.append(or_(equals(columns.model, wanted.model), equals(columns.requested_model, wanted.model)))
    found += [_tagged(tag) for tag in wanted.tags]
    if wanted.since_ms is not None:
        found.append(columns.id >= id_from(wanted.since_ms))
    if wanted.until_ms is not None:
        found.append(columns.id < id_from(wanted.until_ms))
    return found


def equals(column: Column[str], value: str) -> ColumnElement[bool]:
    """No text with a NUL in it was ever stored, and PostgreSQL refuses to look for one."""
    return false() if "\0" in value else column == value


def _tagged(tag: str) -> ColumnElement[bool]:
    """Tags lie as one JSON object of texts, written compactly: a pair in it begins behind `{` or `,`, and
    within a text no quote stands behind these without a backslash between.
    """
    key, stated, value = tag.partition("=")
    pair = f"{_json(key).decode()}:{_json(value).decode() if stated else chr(34)}"
    return or_(
        *(func.replace(INTERACTIONS.c.tags, start + pair, "") != INTERACTIONS.c.tags for start in "{,")
    )
