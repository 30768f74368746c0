"""Tokens, as they are counted and paid for."""

from msgspec import Struct


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one attempt as the provider reported them.

    `prompt` includes `cached` and `cache_write`; `completion` includes `reasoning`; the audio figures are
    parts of `prompt` and `completion`. `estimated` is set where nobody reported and Baton had to guess.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion
