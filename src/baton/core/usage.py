"""What one attempt used: tokens, and what is paid for by the piece."""

from enum import StrEnum

from msgspec import Struct


class Charge(StrEnum):
    """What providers charge by the piece, beside tokens or in their place."""

    WEB_SEARCH = "web_search"
    FILE_SEARCH = "file_search"
    REQUEST_LOW = "request_low"
    """A request that reads little of what its search finds; and a middling amount, and much."""
    REQUEST_MEDIUM = "request_medium"
    REQUEST_HIGH = "request_high"
    SOUND = "sound"
    """Heard, by its length: counted in milliseconds."""
    PICTURE = "picture"
    """Made, at a price for each."""


Charged = tuple[Charge, int]
"""A charge and its count."""


class Usage(Struct, frozen=True, kw_only=True):
    """What one attempt used, as the provider reported it; tokens but for `charges`.

    `prompt` includes `cached` and `cache_write`; `completion` includes `reasoning`; the audio and image
    figures are parts of `prompt` and `completion`. `estimated` is set where nobody reported and Baton had to
    guess. `cache_write_long` is the part of `cache_write` that is kept longer, and dearer, than usual.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    estimated: bool = False
    cache_write_long: int = 0
    processing: str = ""
    """How it was processed, in the provider's word, where that has another price than usual: `batch`."""
    beside: bool = False
    """Whether it used what is paid for otherwise than by tokens and nobody counted: sandboxes, say."""
    image_in: int = 0
    image_out: int = 0
    charges: tuple[Charged, ...] = ()
    """What was counted of that, each charge once and above nothing."""

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion


def counted(*charges: tuple[Charge, int | None]) -> tuple[Charged, ...]:
    """Those of which there are any."""
    return tuple((charge, count) for charge, count in charges if count)
