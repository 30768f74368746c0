"""Chance that repeats itself: the same seed throws the same dice, on every machine and Python."""

import hashlib

_UNIT_BITS = 53  # as many as a float keeps


class Dice:
    """A stream of pseudo-random numbers drawn from the BLAKE2b digests of a seed and a counter."""

    def __init__(self, *seeds: object) -> None:
        """`seeds`: anything whose text tells it apart; order counts."""
        text = "\x1f".join(str(seed) for seed in seeds)
        self._seed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._thrown = 0

    def _bits(self) -> int:
        self._thrown += 1
        salted = self._thrown.to_bytes(8, "big") + self._seed
        return int.from_bytes(hashlib.blake2b(salted, digest_size=8).digest(), "big")

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1; 0 where `bound` is not above 0."""
        return self._bits() % bound if bound > 0 else 0

    def unit(self) -> float:
        """A number from 0 up to, not including, 1."""
        return (self._bits() >> (64 - _UNIT_BITS)) / (1 << _UNIT_BITS)
