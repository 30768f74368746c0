"""What the audit remembers of one change."""

from msgspec import Raw, Struct


class Actor(Struct, frozen=True):
    """Who acts: a surrogate id, never a name, and from where (an address, `cli`, `start`)."""

    id: str
    source: str


SYSTEM = Actor(id="system", source="start")
"""Baton itself, at its start."""


class Change(Struct, frozen=True, kw_only=True):
    """One thing that was changed. `before` and `after`: JSON with secrets masked; None: it was not there."""

    action: str
    kind: str
    key: str
    before: str | None
    after: str | None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One row of the audit. `id` counts upwards in the order of commits on SQLite."""

    id: int
    at_ms: int
    actor_id: str
    source: str
    action: str
    kind: str
    key: str
    before: Raw | None
    after: Raw | None


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which entries; None: all of them."""

    kind: str | None = None
    key: str | None = None
    actor_id: str | None = None


class AuditPage(Struct, frozen=True):
    """Some entries, newest first, and the cursor of the next page; None: that was the last."""

    entries: tuple[AuditEntry, ...]
    next: str | None
