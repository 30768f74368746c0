"""How many tokens a prompt has for a model: the one place to ask."""

from msgspec import Struct

from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.families import Calibration, Texts
from baton.catalog.tokens.frames import Question
from baton.catalog.tokens.gauge import Gauge
from baton.catalog.tokens.measure import Measure, measure
from baton.catalog.tokens.transcript import declared_texts, formed_texts, said_texts
from baton.core.chars import chars_of
from baton.core.request import ChatRequest

NEWEST_ENCODING = "o200k_base"
"""The newest public encoding: what a gauge's units, and the worth of an answer, are told in."""


class TokenCount(Struct, frozen=True):
    """A prompt's tokens, and whether they are exact."""

    tokens: int
    exact: bool


class Tokens:
    """Counts prompts without asking anybody."""

    def __init__(self, calibration: Calibration, tokenizer: Tokenizer) -> None:
        self._calibration = calibration
        self._tokenizer = tokenizer

    async def count(self, model: str, request: ChatRequest) -> TokenCount:
        """The tokens of a prompt for a model, by its name at its provider."""
        family, sizes = self._calibration.family_of(model), measure(request)
        if family.encoding is not None:
            groups = (said_texts(request), declared_texts(request), formed_texts(request))
            question = Question(family.encoding, groups)
            counts = await self._tokenizer.count(question)
            if counts is not None and len(counts) == len(groups):
                tokens = self._calibration.total(model, sizes, Texts(*counts), request.dialect)
                return TokenCount(tokens, family.exact and _all_text(sizes))
        texts = self._calibration.texts_of(sizes)
        return TokenCount(self._calibration.total(model, sizes, texts, request.dialect), False)

    async def worth(self, model: str, gauge: Gauge, said: str) -> float:
        """How many times what the gauge guesses a text of an answer takes; 1 where it cannot be counted."""
        guessed = gauge.answer_tokens(chars_of(said))
        if not guessed:
            return 1
        encoding = self._calibration.family_of(model).encoding
        counts = await self._tokenizer.count(Question(encoding or NEWEST_ENCODING, ([said],)))
        if not counts:
            return 1
        return counts[0] * (1 if encoding else gauge.answer) / guessed


def _all_text(sizes: Measure) -> bool:
    """Whether there is nothing but text, whose tokens alone are certain."""
    beside = (sizes.tools, sizes.calls, sizes.results, sizes.images, sizes.files, sizes.foreign, sizes.schema)
    return not any(beside)
