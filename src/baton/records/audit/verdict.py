"""What an examination of the audit found."""

import re
from enum import StrEnum

from msgspec import Struct

from baton.core.errors import Invalid


class Flaw(StrEnum):
    """What does not hold."""

    CHANGED = "changed"
    """The row is not what was signed."""
    MOVED = "moved"
    """It does not follow the row before it: rows were taken away, put in, or exchanged."""
    UNCHAINED = "unchained"
    """It was never written by Baton."""
    UNREADABLE = "unreadable"
    """The database gives it out no more."""
    END_MISSING = "end_missing"
    """The chain ends elsewhere than its head says: rows at the end are gone, or more than there were."""
    HEAD_MISSING = "head_missing"
    HEAD_FORGED = "head_forged"
    """The head is not what was sealed."""
    NOT_BEGUN = "not_begun"
    """The head says that there is no chain; every start begins one."""
    ANCHOR = "anchor"
    """What was its end once is not in it: an older state was put back, or another chain in its place."""
    ROLLED_BACK = "rolled_back"
    """What this machine has seen as its end is not in it; likewise."""
    PERSON = "person"
    """A person's key is another one, or was destroyed without an erasure that the audit tells of."""


class Break(Struct, frozen=True):
    """One thing that does not hold, and where: a row's id, or a person's."""

    flaw: Flaw
    row: int | None = None
    person: str | None = None


class Anchor(Struct, frozen=True):
    """What the chain's end was at some moment, kept outside of the database."""

    rows: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.rows}:{self.digest.hex()}"


_ANCHOR = re.compile(r"(?P<rows>[0-9]{1,18}):(?P<digest>[0-9a-f]{64})")


def anchor_of(text: str) -> Anchor:
    """The anchor that is written so: rows, a colon, 64 hexadecimal digits.

    Raises:
        Invalid: it is none.
    """
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise Invalid("That is no anchor such as `baton audit verify` prints.", param="anchor")
    return Anchor(int(found["rows"]), bytes.fromhex(found["digest"]))


class Verdict(Struct, frozen=True, kw_only=True):
    """How the audit was found."""

    rows: int
    begun_ms: int | None
    """When the chain began; None: nobody knows."""
    older_rows: int
    """How many rows were there already, and are only as they were found then."""
    anchor: Anchor | None
    """What the end is now; None: it does not verify."""
    breaks: tuple[Break, ...]
    """The first ones, in the order in which they were found."""
    more: int
    """How many further ones there are."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.breaks
