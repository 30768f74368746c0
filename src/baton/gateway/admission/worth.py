"""What a call may cost before it is made: the most, and the least that is worth asking for (decision 1)."""

from collections import deque
from math import ceil

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.prices import Dearest, Prices
from baton.core.money import TOKENS_PER_PRICE, cost_nanos
from baton.core.request import Envelope, Outline
from baton.core.usage import Charge
from baton.gateway.routing.decision import Ask

OBSERVED = 100
"""Answers before it is known how long they are."""

LEAST_USUAL = 1000
"""Tokens: what a usual answer is held for at least."""

UNKNOWN_OUTPUT = 32_768
"""Tokens that an answer is taken to have at most, where neither caller nor catalog says."""

WORTH_ASKING = 16
"""Tokens of an answer below which nobody is asked."""

USUAL_PACE = 100.0
"""Tokens a second of a model that nobody has heard: quicker than most, for what it made may be billed."""

_MEMORY = 0.9
"""What the paces before count for against the latest."""

_FRAMING = 64
"""Tokens that a provider puts around a short prompt."""

_SHORT = 4096
"""Prompts of at most so many tokens are held by their bytes to the last; a token has at least one."""

_MOST_OFF = 1.5
"""What an estimate of a longer prompt's tokens is multiplied by where money runs out."""

_BYTES_PER_SOUND = 30
"""Bytes of a body for a token of sound: of 6 kbit/s in base64, at the 32 tokens a second of the provider that
counts most (Google's guide to audio)."""

_SEARCHES = (Charge.WEB_SEARCH, Charge.FILE_SEARCH)
_MEDIA = frozenset({"vision", "audio", "video", "documents", "pdf"})
_KEPT = 512
_MOST_PLACES = 10_000


class Worth(Struct, frozen=True):
    """What one call of a chat to one model may cost, nano-USD."""

    request: Outline
    ask: Ask
    offer: Offer
    certain_tokens: int
    """Of the prompt, at most; as surely as can be said from outside."""
    input_price: int
    output_price: int
    """Nano-USD per one million tokens."""
    fees_nanos: int
    """Besides tokens."""
    most_tokens: int
    """What the answer may have if nobody lowers that."""
    said: bool
    """Whether the caller said how long the answer may be."""

    def nanos(self, tokens: int) -> int:
        """With answers of so many tokens."""
        return cost_nanos(self.certain_tokens, self.input_price) + self._output(tokens) + self.fees_nanos

    @property
    def most_nanos(self) -> int:
        """With the longest answers that it may have."""
        return self.nanos(self.most_tokens)

    @property
    def least_nanos(self) -> int:
        """With the shortest answer that is worth asking for; a longer prompt as is likely, not certain."""
        return self._likely_nanos + self._output(min(WORTH_ASKING, self.most_tokens)) + self.fees_nanos

    def tokens_for(self, nanos: int) -> int:
        """How long each answer may be for so much money."""
        if not self.output_price:
            return self.most_tokens
        nanos -= self.fees_nanos
        left = nanos - cost_nanos(self.certain_tokens, self.input_price)
        if left <= 0:
            left = max(nanos - self._likely_nanos, 0)
        return min(left * TOKENS_PER_PRICE // (self.output_price * self.request.answers), self.most_tokens)

    def usual_tokens(self, lengths: "Lengths") -> int:
        """What is held for where `most_tokens` would bind too much; the answer is bounded to it."""
        usual = lengths.usual(self.offer.id, self.request.options.use_case)
        if usual is None:
            model = self.offer.model
            if "reasoning" in model.capabilities:
                return self.most_tokens
            return min(self.most_tokens, model.default_max_tokens or LEAST_USUAL)
        return min(self.most_tokens, max(usual, LEAST_USUAL))

    @property
    def _likely_nanos(self) -> int:
        tokens = self.certain_tokens
        if tokens > _SHORT and "audio" not in self.request.needs:  # nobody sees how long sound is
            tokens = min(tokens, round(self.ask.tokens_for(self.offer) * _MOST_OFF))
        return cost_nanos(tokens, self.input_price)

    def _output(self, tokens: int) -> int:
        return cost_nanos(tokens * self.request.answers, self.output_price)


class ErrandWorth(Struct, frozen=True):
    """What one call of an errand may cost, nano-USD: nothing of it can be lowered."""

    most_nanos: int
    least_nanos: int
    """What has to be there for it: all of it, but for the tokens of a long text, which are less as a rule."""
    said: bool = True
    """What it asks for is what it gets."""

    def tokens_for(self, nanos: int) -> None:
        """It is bounded to nothing, whatever there is for it."""
        del nanos


class Lengths:
    """How long answers have been of late, by model and use case; and how quickly they came, by model."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str | None], deque[int]] = {}
        self._paces: dict[str, float] = {}

    def saw(self, model: str, use_case: str | None, tokens: int) -> None:
        """An answer had so many."""
        place = (model, use_case)
        seen = self._seen.get(place)
        if seen is None:
            if len(self._seen) >= _MOST_PLACES:
                self._seen.clear()
            seen = self._seen[place] = deque(maxlen=_KEPT)
        seen.append(tokens)

    def took(self, model: str, tokens: int, seconds: float) -> None:
        """An answer came in such a time."""
        if seconds <= 0 or not tokens:
            return
        paces = self._paces
        if len(paces) >= _MOST_PLACES:
            paces.clear()
        pace = tokens / seconds
        paces[model] = pace if model not in paces else paces[model] * _MEMORY + pace * (1 - _MEMORY)

    def made_in(self, model: str, seconds: float) -> int:
        """How many tokens a model is likely to have made in such a time."""
        return ceil(self._paces.get(model, USUAL_PACE) * seconds)

    def usual(self, model: str, use_case: str | None) -> int | None:
        """What 99 of 100 stay below; None: too few have been seen."""
        seen = self._seen.get((model, use_case))
        if seen is None or len(seen) < OBSERVED:
            return None
        return sorted(seen)[(len(seen) * 99 - 1) // 100]


def worth_of(request: Outline, ask: Ask, offer: Offer, prices: Prices) -> Worth | ErrandWorth:
    """What a request may cost at a model of these prices. Never nothing, where anything of them is more."""
    if not isinstance(request, Envelope):
        return _errand(request, ask, offer, prices)
    certain = len(request.body) + _FRAMING
    seen = not request.needs.isdisjoint(_MEDIA)
    if seen:
        certain = (
            2 * ask.tokens_for(offer) + LEAST_USUAL
        )  # bytes of pictures are no tokens; addresses have none
        if "audio" in request.needs:
            certain += len(request.body) // _BYTES_PER_SOUND
    dearest = prices.dearest(certain, request.processing)
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
        dearest.prompt if seen else dearest.text,
        dearest.output,
        _fees(request, prices, dearest) if prices.fees else 0,
        limit,
        asked is not None,
    )


def _fees(request: Outline, prices: Prices, dearest: Dearest) -> int:
    """What a chat may be charged besides tokens: for the call, and for what its provider searches."""
    fees = prices.call_nanos
    if request.searches:
        fees += max(prices.fee_nanos(charge, request.searches) for charge in _SEARCHES)
    return fees or _something(prices, dearest)


def _something(prices: Prices, dearest: Dearest) -> int:
    """Where all that is paid for is what nobody can foresee, next to nothing: while there is money."""
    return 0 if dearest.prompt or dearest.output or not any(prices.fees.values()) else 1


def _errand(request: Outline, ask: Ask, offer: Offer, prices: Prices) -> ErrandWorth:
    most = request.most
    dearest = prices.dearest(most.prompt, "")
    rest = cost_nanos(most.completion, dearest.output)
    rest += sum(prices.fee_nanos(charge, count) for charge, count in most.charges)
    rest = rest or _something(prices, dearest)
    text = most.prompt - most.audio_in
    likely = min(text, max(_SHORT, round(ask.tokens_for(offer) * _MOST_OFF)))
    return ErrandWorth(
        cost_nanos(most.prompt, dearest.prompt) + rest,
        cost_nanos(most.audio_in + likely, dearest.prompt) + rest,
    )
