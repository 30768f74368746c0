"""What speaks against an output."""

from enum import StrEnum

from msgspec import Struct

MOST_EVIDENCE = 160
"""Characters of an output that are quoted against it."""


class Kind(StrEnum):
    """What is wrong."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    LANGUAGE = "language"
    SCHEMA = "schema"
    PLACEHOLDER = "placeholder"
    STEERING = "steering"
    """It speaks to whoever will judge it."""


class Severity(StrEnum):
    """What follows."""

    FATAL = "fatal"
    """It is rejected; no judge is asked."""
    SERIOUS = "serious"
    """It is not accepted without a person, whatever a judge says."""
    HINT = "hint"
    """It is told, and nothing follows."""


class Objection(Struct, frozen=True, kw_only=True):
    """One thing that speaks against an output."""

    kind: Kind
    severity: Severity
    because: str
    """A sentence."""
    evidence: str = ""
    """The words of the output, at most `MOST_EVIDENCE` characters."""


def quoted(text: str) -> str:
    """Words as evidence: on one line, and not too many."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_EVIDENCE else line[: MOST_EVIDENCE - 1] + "…"


def tail_of(text: str) -> str:
    """The last words as evidence."""
    line = " ".join(text[-4 * MOST_EVIDENCE :].split())
    return line if len(line) <= MOST_EVIDENCE else "…" + line[1 - MOST_EVIDENCE :]
