"""What was found, and what that saved, since this process began."""

from collections import defaultdict

from msgspec import Struct

from baton.gateway.cache.exact.kept import How, Kept

NO_USE_CASE = ""
_MOST_USE_CASES = 1000


class Savings(Struct):
    """Of one use case."""

    hits: int = 0
    semantic_hits: int = 0
    joined: int = 0
    """Requests that waited for an equal one."""
    misses: int = 0
    tokens: int = 0
    nanos: int = 0
    ms: int = 0

    @property
    def asked(self) -> int:
        """How many were looked up."""
        return self.hits + self.semantic_hits + self.joined + self.misses


class SavingsBook:
    """Counts by use case; those that callers make up are counted together once there are a thousand."""

    def __init__(self) -> None:
        self.by_use_case: defaultdict[str, Savings] = defaultdict(Savings)

    def missed(self, use_case: str | None) -> None:
        """Nothing was found."""
        self._of(use_case).misses += 1

    def found(self, use_case: str | None, how: How, kept: Kept, saved_ms: int) -> None:
        """An answer was given again."""
        savings = self._of(use_case)
        match how:
            case How.EXACT:
                savings.hits += 1
            case How.SEMANTIC:
                savings.semantic_hits += 1
            case How.DEDUP:
                savings.joined += 1
        savings.tokens += kept.usage.total
        savings.nanos += kept.cost_nanos
        savings.ms += saved_ms

    def total(self) -> Savings:
        """All of them together."""
        every = self.by_use_case.values()
        names = Savings.__struct_fields__
        return Savings(**{name: sum(getattr(each, name) for each in every) for name in names})

    def _of(self, use_case: str | None) -> Savings:
        name = use_case or NO_USE_CASE
        if name not in self.by_use_case and len(self.by_use_case) >= _MOST_USE_CASES:
            name = NO_USE_CASE
        return self.by_use_case[name]
