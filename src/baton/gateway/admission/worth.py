"""What a call may cost before it is made: the most, and the least that is worth asking for (decision 1)."""

from collections import deque

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices
from baton.catalog.pricing import cost
from baton.core.money import TOKENS_PER_PRICE, cost_nanos
from baton.core.request import Envelope, Outline
from baton.core.usage import Usage
from baton.gateway.routing.decision import Ask

OBSERVED = 100
"""Answers before it is known how long they are."""

LEAST_USUAL = 1000
"""Tokens: what a usual answer is held for at least."""

UNKNOWN_OUTPUT = 32_768
"""Tokens that an answer is taken to have at most, where neither caller nor catalog says."""

WORTH_ASKING = 16
"""Tokens of an answer below which nobody is asked."""

_FRAMING = 64
"""Tokens that a provider puts around a short prompt."""

_SHORT = 4096
"""Prompts of at most so many tokens are held by their bytes to the last; a token has at least one."""

_MOST_OFF = 1.5
"""What an estimate of a longer prompt's tokens is multiplied by where money runs out."""

_MEDIA = frozenset({"vision", "audio", "video", "documents", "pdf"})
_KEPT = 512
_MOST_PLACES = 10_000


class Worth(Struct, frozen=True):
    """What one call to one model may cost, nano-USD."""

    request: Outline
    ask: Ask
    offer: Offer
    certain_tokens: int
    """Of the prompt, at most; as surely as can be said from outside."""
    input_price: int
    output_price: int
    """Nano-USD per one million tokens."""
    most_tokens: int
    """What the answer may have if nobody lowers that."""
    said: bool
    """Whether the caller said how long the answer may be."""

    def nanos(self, tokens: int) -> int:
        """With answers of so many tokens."""
        return cost_nanos(self.certain_tokens, self.input_price) + self._output(tokens)

    @property
    def least_nanos(self) -> int:
        """With the shortest answer that is worth asking for; a longer prompt as is likely, not certain."""
        return self._likely_nanos + self._output(min(WORTH_ASKING, self.most_tokens))

    def tokens_for(self, nanos: int) -> int:
        """How long each answer may be for so much money."""
        if not self.output_price:
            return self.most_tokens
        left = nanos - cost_nanos(self.certain_tokens, self.input_price)
        if left <= 0:
            left = max(nanos - self._likely_nanos, 0)
        return min(left * TOKENS_PER_PRICE // (self.output_price * self.request.answers), self.most_tokens)

    def usual_tokens(self, lengths: "Lengths") -> int:
        """What is held for where `most_tokens` would bind too much; the answer is bounded to it."""
        usual = lengths.usual(self.offer.id, self.request.options.use_case)
        if usual is None:
            if "reasoning" in self.offer.model.capabilities:
                return self.most_tokens
            usual = LEAST_USUAL
        return min(self.most_tokens, max(usual, LEAST_USUAL))

    @property
    def _likely_nanos(self) -> int:
        tokens = self.certain_tokens
        if tokens > _SHORT:
            tokens = min(tokens, round(self.ask.tokens_for(self.offer) * _MOST_OFF))
        return cost_nanos(tokens, self.input_price)

    def _output(self, tokens: int) -> int:
        return cost_nanos(tokens * self.request.answers, self.output_price)


class Lengths:
    """How long answers have been of late, by model and use case."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str | None], deque[int]] = {}

    def saw(self, model: str, use_case: str | None, tokens: int) -> None:
        """An answer had so many."""
        place = (model, use_case)
        seen = self._seen.get(place)
        if seen is None:
            if len(self._seen) >= _MOST_PLACES:
                self._seen.clear()
            seen = self._seen[place] = deque(maxlen=_KEPT)
        seen.append(tokens)

    def usual(self, model: str, use_case: str | None) -> int | None:
        """What 99 of 100 stay below; None: too few have been seen."""
        seen = self._seen.get((model, use_case))
        if seen is None or len(seen) < OBSERVED:
            return None
        return sorted(seen)[(len(seen) * 99 - 1) // 100]


def worth_of(request: Outline, ask: Ask, offer: Offer, prices: Prices) -> Worth:
    """What a request may cost at a model of these prices."""
    if not isinstance(request, Envelope):
        return _errand(request, ask, offer, prices)
    certain = len(request.body) + _FRAMING
    if not request.needs.isdisjoint(_MEDIA):
        certain = (
            2 * ask.tokens_for(offer) + LEAST_USUAL
        )  # bytes of pictures are no tokens; addresses have none
    rates = prices.standard.rates_for(certain)
    most = offer.model.max_output_tokens
    asked = request.max_tokens
    if asked is None:
        limit = most or UNKNOWN_OUTPUT
    else:
        limit = max(asked, 1) if most is None else min(most, max(asked, 1))
    return Worth(
        request,
        ask,
        offer,
        certain,
        max(rates.input, rates.cache_write or 0, rates.cache_write_long or 0),
        max(rates.output, rates.reasoning or 0),
        limit,
        asked is not None,
    )


def _errand(request: Outline, ask: Ask, offer: Offer, prices: Prices) -> Worth:
    """Of what is no chat: nothing of it can be lowered, and it costs about what it was estimated at."""
    usage = Usage(prompt=ask.tokens_for(offer), completion=ask.output_tokens, estimated=True)
    nanos = cost(usage, prices).total or 0
    return Worth(request, ask, offer, TOKENS_PER_PRICE, 2 * nanos, 0, 0, True)
