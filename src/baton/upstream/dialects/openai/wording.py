"""What both of OpenAI's dialects make of requests in other vendors' words."""

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.request import ChatRequest, ResponseFormat
from baton.upstream.dialects.efforts import effort_among
from baton.upstream.dialects.openai.strictness import fits_strict

OTHERS = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""Dialects with words of their own for strictness and effort; Baton's own routes have OpenAI's."""

HOTTEST = 2.0
"""The highest temperature that OpenAI's API description has."""

JSON_WISH = "Answer with a JSON object."
"""JSON mode is refused where no message speaks of JSON (OpenAI's guide on structured outputs)."""

_EFFORTS = {"none": None, "xhigh": "high", "max": "high"}
"""Words of other vendors' models that most of OpenAI's refuse."""


def effort_word(request: ChatRequest, losses: Losses) -> str | None:
    """The word for how much to think; None: nothing is said of it."""
    return effort_among(request.reasoning, _EFFORTS if request.dialect in OTHERS else {}, losses)


def says_json(request: ChatRequest) -> bool:
    """Whether a message speaks of JSON."""
    return any("json" in message.text.lower() for message in request.messages)


def schema_strict(wish: ResponseFormat, dialect: Dialect, losses: Losses) -> bool | None:
    """Whether to be strict about the answer's schema; None: unsaid. Anthropic and Google always are, OpenAI
    only if told; `dialect` is the one that the wish came in."""
    if dialect not in OTHERS or wish.strict is False:
        return wish.strict
    strict = fits_strict(wish.schema) or None
    if strict != wish.strict:
        losses.adjust(Feature.SCHEMA_STRICT, "true" if strict else "false")
    return strict
