"""By what an answer is known when it is to be forgotten."""

from collections.abc import Iterable
from hashlib import blake2b

from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.plan import Plan

Marks = frozenset[str]
"""`kind:value`. To forget some is to forget every answer that has all of these; with none, every answer."""

_MARK_BYTES = 12


def marks_of(plan: Plan, kept: Kept) -> Marks:
    """All of an answer's."""
    known = (
        f"key:{plan.key}",
        f"interaction:{kept.interaction}",
        f"reach:{plan.reach.value}",
        f"owner:{plan.owner}",
        f"model:{kept.provider}/{kept.model}",
        *(f"tag:{tag}" for tag in kept.tags),
    )
    return frozenset(known if kept.use_case is None else (*known, f"useCase:{kept.use_case}"))


class Veil:
    """Marks as they stand where others may read them: digests that say nothing without the secret."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: at most 64 bytes."""
        self._keyed = blake2b(key=secret, digest_size=_MARK_BYTES)

    def over(self, marks: Iterable[str]) -> list[str]:
        """Hexadecimal digits, in order."""
        return sorted(map(self._veiled, marks))

    def _veiled(self, mark: str) -> str:
        fresh = self._keyed.copy()
        fresh.update(mark.encode())
        return fresh.hexdigest()
