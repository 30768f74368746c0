"""Which ordinary answers are judged, and by whom, as the rules say it at the moment."""

from collections.abc import Iterable, Mapping

from baton.quality.rules import DEFAULT, USUAL, QualityRule
from baton.quality.sampling import Sampling


class Drawing:
    """Follows the rules. Asked with every request: where no share is set, not even a hash is made."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: at most 64 bytes."""
        self._secret = secret
        self._rules: Mapping[str, QualityRule] = {}
        self._usual = USUAL
        self._sampling: Sampling | None = None

    def follow(self, rules: Iterable[QualityRule]) -> None:
        """Have these in force from now on."""
        self._rules = {rule.use_case: rule for rule in rules}
        self._usual = self._rules.get(DEFAULT, USUAL)
        shares = {name: rule.share for name, rule in self._rules.items()}
        anything = any(shares.values())
        self._sampling = Sampling(self._secret, shares, self._usual.share) if anything else None

    def is_drawn(self, interaction_id: str, use_case: str | None) -> bool:
        """Whether an answer is judged."""
        return self._sampling is not None and self._sampling.is_drawn(interaction_id, use_case)

    def rule_of(self, use_case: str | None) -> QualityRule:
        """What becomes of a use case's answers."""
        return self._usual if use_case is None else self._rules.get(use_case, self._usual)
