"""Knowing a prompt again without keeping it."""

from hashlib import blake2b

from baton.upstream.dialects.prompt import prompt_of

_BYTES = 16
"""Two of a million million prompts look alike by chance with a probability of 10⁻¹⁵."""


class Fingerprints:
    """Keyed hashes of prompts: who has not the key cannot even try a guess."""

    def __init__(self, key: bytes) -> None:
        """`key`: at most 64 bytes."""
        self._keyed = blake2b(key=key, digest_size=_BYTES)

    def of(self, body: bytes) -> str:
        """The same for the same prompt in the same dialect, 32 hexadecimal digits."""
        fresh = self._keyed.copy()
        fresh.update(prompt_of(body))
        return fresh.hexdigest()
