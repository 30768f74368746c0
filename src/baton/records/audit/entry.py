"""What the audit remembers of one change."""

from msgspec import Raw, Struct

CHANNELS = frozenset({"cli", "start", "job", "unknown"})
"""Sources that say nothing about a person; every other one is an address, and is sealed."""

ADDRESS = "address"
"""What stands in a row in place of an address."""


class Actor(Struct, frozen=True):
    """Who acts: a surrogate id, never a name, and from where: an address, or one of `CHANNELS`."""

    id: str
    source: str


SYSTEM = Actor(id="system", source="start")
"""Baton itself, at its start."""


class Change(Struct, frozen=True, kw_only=True):
    """One thing that was changed. `before` and `after`: JSON with secrets masked; None: it was not there.

    `personal` names the fields of both that say something of `person` (names, e-mails, addresses): they are
    kept under that person's own key, and are gone once the person is erased. `person` is a surrogate id.
    """

    action: str
    kind: str
    key: str
    before: str | None
    after: str | None
    person: str | None = None
    personal: frozenset[str] = frozenset()


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One row of the audit, as it may be read. `id` counts upwards in the order of the chain.

    Where a person was erased, `erased` stands in place of each of the person's values.
    """

    id: int
    at_ms: int
    actor_id: str
    source: str
    action: str
    kind: str
    key: str
    before: Raw | None
    after: Raw | None


class AuditFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which entries; None: all of them. `from_ms` inclusive, `to_ms` exclusive; `text`: part of the key."""

    kind: str | None = None
    key: str | None = None
    actor_id: str | None = None
    action: str | None = None
    source: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    text: str | None = None


class AuditPage(Struct, frozen=True):
    """Some entries, newest first, and the cursor of the next page; None: that was the last."""

    entries: tuple[AuditEntry, ...]
    next: str | None
