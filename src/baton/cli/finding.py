"""What an examination finds."""

from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    OFF = "off"
    """Not there, and nothing needs it."""
    WARNING = "warning"
    """Works, and should be looked at."""
    BROKEN = "broken"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing, how it is, and what to do about it."""

    area: str
    name: str
    state: State
    what: str
    fix: str | None = None
    """What to set or run."""
