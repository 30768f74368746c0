"""An admin's word that holds a breaker open or closed; edited at run time, as models are."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.model import ModelName, ProviderName
from baton.records.kind import RecordKind

MAX_REASON_CHARS = 500


class Hold(StrEnum):
    """How it is held."""

    OPEN = "open"
    """Nobody is let through."""
    CLOSED = "closed"
    """Everybody is, whatever comes of it."""


class ForcedBreaker(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Of a provider as a whole, or of one of its models."""

    provider: ProviderName
    model: ModelName | None = None
    """The provider's own word for it; None: the provider as a whole."""
    state: Hold
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON_CHARS)]
    until_ms: int | None = None
    """Unix milliseconds; None: until it is taken back."""

    @property
    def name(self) -> str:
        """`provider`, or `provider/model`."""
        return breaker_name(self.provider, self.model)

    def ended(self, now_ms: float) -> bool:
        """Whether it holds no more."""
        return self.until_ms is not None and self.until_ms <= now_ms


def breaker_name(provider: str, model: str | None) -> str:
    """What a breaker is called: `provider`, or `provider/model`."""
    return provider if model is None else f"{provider}/{model}"


def forced_kind() -> RecordKind[ForcedBreaker]:
    """The kind `breaker`; its key is the breaker's name."""
    return RecordKind(name="breaker", type=ForcedBreaker, key=lambda forced: forced.name)
