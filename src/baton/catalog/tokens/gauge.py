"""How a model counts what is seen of a call from outside: cheap enough for every request."""

from msgspec import Struct

from baton.core.chars import KINDS, PAIRS, Chars
from baton.core.estimate import estimate_tokens
from baton.core.provider import SERVICES

_FOUR_A_TOKEN = (0.25,) * len(KINDS) + (0.0,) * len(PAIRS)


class Gauge(Struct, frozen=True, kw_only=True):
    """What characters mean in tokens of one model. As it stands here: four characters a token."""

    once: float = 0
    """For every prompt."""
    rough: float = 1
    """For each token of the prompt at four characters a token."""
    tools: float = 0
    """Once, where there are tools."""
    image: float = 0
    """Once, where there are images: how many is not seen from outside."""
    answer: float = 1
    """For each token that an answer has in the newest public encoding."""
    units: tuple[float, ...] = _FOUR_A_TOKEN
    """What `Chars` of each kind are worth in that encoding."""

    def framing(self, needs: frozenset[str]) -> float:
        """Tokens of a prompt besides its text. `needs`: capabilities that the request takes."""
        tokens = self.once
        if "tools" in needs:
            tokens += self.tools
        if "vision" in needs:
            tokens += self.image
        return tokens

    def prompt_tokens(self, rough_tokens: int, needs: frozenset[str]) -> int:
        """Tokens of a prompt, by those at four characters a token; what is no chat is not framed as one."""
        if not needs.isdisjoint(SERVICES):
            return rough_tokens
        return round(self.rough * rough_tokens + self.framing(needs))

    def answer_tokens(self, chars: Chars) -> int:
        """Tokens of what a model said; its hidden thoughts, and what frames a call, are not seen."""
        return round(self.answer * sum(worth * count for worth, count in zip(self.units, chars, strict=True)))

    def answer_tokens_of(self, count: int) -> int:
        """Tokens of so many characters of which no more is known; at least one."""
        return max(1, round(self.answer * estimate_tokens(count)))


ROUGHLY = Gauge()
"""For models whose tokens nobody has recorded."""
