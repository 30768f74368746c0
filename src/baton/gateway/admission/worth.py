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

_SHORT_BYTES = 4096
"""Prompts up to this long are held by their bytes, of which a token has at least one."""

_MOST_OFF = 1.5
"""What an estimate of a longer prompt's tokens is multiplied by where money runs out."""

_MEDIA = frozenset({"vision", "audio", "video", "documents", "pdf"})
_KEPT = 512
_MOST_PLACES = 10_000


class Worth(Struct, frozen=True):
    """What one call to one model may cost, nano-USD."""

    prompt_nanos: int
    """For the prompt, as surely as can be said from outside."""
    likely_prompt_nanos: int
    """For the prompt, where there is no money for certainty."""
    output_price: int
    """Nano-USD per one million tokens of answer."""
    most_tokens: int
    """What the answer may have if nobody lowers that."""
    usual_tokens: int
    """What is held for where `most_tokens` would bind too much of a budget; the answer is bounded to it."""
    said: bool
    """Whether the caller said how long the answer may be."""
    answers: int = 1
    """How many are asked for at once."""

    def nanos(self, tokens: int) -> int:
        """With answers of so many tokens."""
        return self.prompt_nanos + self._output(tokens)

    @property
    def least_nanos(self) -> int:
        """With the shortest answer that is worth asking for."""
        return self.likely_prompt_nanos + self._output(min(WORTH_ASKING, self.most_tokens))

    def tokens_for(self, nanos: int) -> int:
        """How long each answer may be for so much money."""
        if not self.output_price:
            return self.most_tokens
        left = max(nanos - self.prompt_nanos, 0) or max(nanos - self.likely_prompt_nanos, 0)
        return min(left * TOKENS_PER_PRICE // (self.output_price * self.answers), self.most_tokens)

    def _output(self, tokens: int) -> int:
        return cost_nanos(tokens * self.answers, self.output_price)


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


def worth_of(request: Outline, ask: Ask, offer: Offer, prices: Prices, lengths: Lengths) -> Worth:
    """What a request may cost at a model of these prices."""
    likely = ask.tokens_for(offer)
    if not isinstance(request, Envelope):
        return _errand(likely, ask, prices)
    size = len(request.body)
    certain = size + _FRAMING
    if not request.needs.isdisjoint(_MEDIA):
        certain = 2 * likely + LEAST_USUAL  # bytes of pictures are no tokens, and addresses have none
    rates = prices.standard.rates_for(certain)
    input_price = max(rates.input, rates.cache_write or 0, rates.cache_write_long or 0)
    output_price = max(rates.output, rates.reasoning or 0)
    most = offer.model.max_output_tokens or UNKNOWN_OUTPUT
    said = request.max_tokens is not None
    if request.max_tokens is not None:
        most = min(most, max(request.max_tokens, 1)) if offer.model.max_output_tokens else request.max_tokens
    usual = lengths.usual(offer.id, request.options.use_case)
    if usual is None and "reasoning" not in offer.model.capabilities:
        usual = LEAST_USUAL
    sure = size <= _SHORT_BYTES
    return Worth(
        prompt_nanos=cost_nanos(certain, input_price),
        likely_prompt_nanos=cost_nanos(certain if sure else round(likely * _MOST_OFF), input_price),
        output_price=output_price,
        most_tokens=most,
        usual_tokens=most if usual is None else min(most, max(usual, LEAST_USUAL)),
        said=said,
        answers=request.answers,
    )


def _errand(likely: int, ask: Ask, prices: Prices) -> Worth:
    """Of what is no chat: nothing of it can be lowered, and it costs about what it was estimated at."""
    usage = Usage(prompt=likely, completion=ask.output_tokens, estimated=True)
    nanos = cost(usage, prices).total or 0
    return Worth(
        prompt_nanos=2 * nanos,
        likely_prompt_nanos=nanos,
        output_price=0,
        most_tokens=0,
        usual_tokens=0,
        said=True,
    )
