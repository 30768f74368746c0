"""An answer as it is kept to be given again."""

from enum import StrEnum
from typing import Self

from msgspec import Struct

from baton.core.answer import ChatResponse
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.ledger.rows import Settled

_AROUND_BYTES = 600
"""What an entry takes besides its bytes, roughly."""


class How(StrEnum):
    """How an answer came that was not paid for."""

    EXACT = "exact"
    """Kept from an equal request."""
    SEMANTIC = "semantic"
    """Kept from one that means the same."""
    DEDUP = "dedup"
    """Of an equal request that was under way."""


class Kept(Struct, frozen=True, kw_only=True):
    """One answer, whole or as the pieces of a stream, and what it came to."""

    interaction: str
    """That paid for it."""
    provider: str
    model: str
    model_version: str | None
    usage: Usage
    cost_nanos: int
    took_ms: int
    finish: str | None
    chars: int
    said: str = ""
    """The beginning of a whole answer's text, where it may be compared with another's by its meaning."""
    body: bytes = b""
    response: ChatResponse | None = None
    """Of a route that composes its own answers."""
    pieces: tuple[bytes, ...] = ()
    """Of a stream, all but its end."""
    finale: bytes = b""
    receipt: bytes = b""
    """What stands in the end of the one who paid; whoever is given it again has another."""
    losses: Losses
    """What its translation left out or changed; whoever is given it is told the same."""
    use_case: str | None = None
    tags: tuple[str, ...] = ()
    """`key=value`, of the request that paid."""

    @classmethod
    def of(
        cls,
        settled: Settled,
        losses: Losses,
        *,
        said: str = "",
        body: bytes = b"",
        response: ChatResponse | None = None,
        pieces: tuple[bytes, ...] = (),
        finale: bytes = b"",
        receipt: bytes = b"",
    ) -> Self:
        """The answer of an interaction that was answered: whole, or as a stream."""
        return cls(
            interaction=settled.id,
            provider=settled.provider or "",
            model=settled.model or "",
            model_version=settled.model_version,
            usage=settled.usage,
            cost_nanos=settled.cost.total_nanos,
            took_ms=settled.latency_ms or 0,
            finish=settled.finish,
            chars=settled.generated_chars,
            losses=losses,
            said=said,
            body=body,
            response=response,
            pieces=pieces,
            finale=finale,
            receipt=receipt,
        )

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        pieces = sum(map(len, self.pieces)) + len(self.finale)
        return len(self.body) * (2 if self.response is not None else 1) + pieces + _AROUND_BYTES

    def ending(self, receipt: bytes) -> bytes:
        """The end of the stream with another receipt in the place of the first."""
        return self.finale.replace(self.receipt, receipt, 1) if self.receipt else self.finale
