"""What was found of a recorded exchange."""

from dataclasses import dataclass, field
from enum import StrEnum

from baton.core.dialect import Dialect
from tests.contracts.recordings import Exchange


class Aspect(StrEnum):
    """A column of the table."""

    REQUESTS = "requests"
    WHOLE = "whole"
    STREAMED = "streamed"
    RETOLD = "retold"
    """A whole answer, told to a caller who wished for a stream."""
    ERRORS = "errors"
    USAGE = "usage"


@dataclass
class Verdict:
    """What was found of one exchange: for which other side, the aspects it was judged by, and what is wrong
    with each."""

    exchange: Exchange
    judged: dict[tuple[Dialect, Aspect], list[str]] = field(
        default_factory=dict[tuple[Dialect, Aspect], list[str]]
    )

    @property
    def dialect(self) -> Dialect:
        """The exchange's own."""
        assert self.exchange.dialect is not None
        return self.exchange.dialect

    @property
    def model(self) -> str:
        """As a caller of Baton names it."""
        return f"{self.exchange.provider}/{self.exchange.model}"

    def note(self, aspect: Aspect, problems: list[str], other: Dialect | None = None, of: str = "") -> None:
        """Count the exchange under an aspect. `other`: the dialect on the other side, where not its own."""
        where = f" ({of})" if of else ""
        found = self.judged.setdefault((other or self.dialect, aspect), [])
        found.extend(problem + where for problem in problems)

    @property
    def problems(self) -> list[str]:
        """Everything wrong with it, in words."""
        return [
            f"{self.exchange.id}: {other}: {aspect}: {problem}"
            for (other, aspect), found in self.judged.items()
            for problem in found
        ]
