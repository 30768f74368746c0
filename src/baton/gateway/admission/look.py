"""An answer looked for where a request is admitted, in the same step: others may have it, or ask for it."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol


class Verdict(Enum):
    """What a look has come to."""

    ASK = "ask"
    """There is nothing: the model is to be asked."""
    THERE = "there"
    """The answer is there, or will not be in time."""
    AGAIN = "again"
    """It is to be looked for again."""


class Look(Protocol):
    """One request's."""

    def order(self) -> Sequence[object] | None:
        """What the step looks for; None: nothing any more."""
        ...

    async def hear(self, seen: Sequence[Any] | None) -> Verdict:
        """Take what the step found, None where it could not look; waits while somebody else asks."""
        ...
