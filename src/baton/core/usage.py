"""Tokens, as they are counted and paid for."""

from msgspec import Struct


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one attempt as the provider reported them.

    `prompt` includes `cached` and `cache_write`; `completion` includes `reasoning`; the audio figures are
    parts of `prompt` and `completion`. `estimated` is set where nobody reported and Baton had to guess.
    `cache_write_long` is the part of `cache_write` that is kept longer, and dearer, than usual.
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
    """Whether it used what is charged by something else than tokens: searches, pictures, sandboxes."""

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion
