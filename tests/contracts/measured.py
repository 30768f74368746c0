"""Recorded chats whose tokens can be compared with what is seen of them: prompts, and answers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from rs_bpe.bpe import openai  # pyright: ignore[reportMissingModuleSource, reportMissingTypeStubs]

from baton.catalog.tokens.families import Calibration, Family, Texts
from baton.catalog.tokens.measure import Measure, measure
from baton.catalog.tokens.transcript import declared_texts, formed_texts, said_texts
from baton.core.chars import KINDS, Chars, chars_of
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import estimate_tokens
from baton.core.request import ChatRequest, Options, Outline
from baton.upstream.dialects.anthropic.envelope import read_envelope as messages_outside
from baton.upstream.dialects.anthropic.requests import read_request as read_messages
from baton.upstream.dialects.google.envelope import Asked
from baton.upstream.dialects.google.envelope import read_envelope as generation_outside
from baton.upstream.dialects.google.requests import read_request as read_generation
from baton.upstream.dialects.openai.envelope import read_envelope as chat_outside
from baton.upstream.dialects.openai.requests import read_request as read_chat
from baton.upstream.dialects.responses.envelope import read_envelope as responses_outside
from baton.upstream.dialects.responses.requests import read_request as read_responses
from tests.contracts.facts.fact import Answer, Said
from tests.contracts.facts.reading import Unreadable, answer_of, streamed_answer_of
from tests.contracts.recordings import Exchange, exchanges

FOLDS = 5

_READERS: dict[Dialect, Callable[[bytes], ChatRequest]] = {
    Dialect.OPENAI: read_chat,
    Dialect.OPENAI_RESPONSES: read_responses,
    Dialect.ANTHROPIC: read_messages,
}
_OUTSIDES: dict[Dialect, Callable[[bytes], Outline]] = {
    Dialect.OPENAI: lambda body: chat_outside(body, lambda _: Options(), {}),
    Dialect.OPENAI_RESPONSES: lambda body: responses_outside(body, lambda _: Options(), {}),
    Dialect.ANTHROPIC: lambda body: messages_outside(body, lambda _: Options(), {}),
}
_SEARCHES = ("sonar", "search", "compound", ":online")
"""Models that read the web before they answer, and bill it as prompt."""


@dataclass(frozen=True)
class Case:
    """A recorded prompt and its tokens."""

    provider: str
    model: str
    request: ChatRequest
    sizes: Measure
    tokens: int
    fold: int
    rough: int
    """Tokens as they are guessed without opening the request, at four characters each."""
    needs: frozenset[str]

    @property
    def kind(self) -> str:
        """What is the most difficult about it."""
        sizes = self.sizes
        if sizes.images:
            return "images elsewhere" if None in sizes.images else "images inside"
        if sizes.tools:
            return "tools"
        if sizes.schema:
            return "a schema"
        return "text, short" if self.tokens < SHORT_TOKENS else "text"


SHORT_TOKENS = 50
"""Of a prompt of which a percentage says little."""


@dataclass(frozen=True)
class Told:
    """A recorded answer that nothing was left out of, and its tokens."""

    model: str
    chars: Chars
    tokens: int

    @property
    def count(self) -> int:
        """Characters."""
        return sum(self.chars[: len(KINDS)])


def read_cases() -> list[Case]:
    """Every recorded chat whose prompt is all there: no searches, files, steps of a server's tools."""
    cases: list[Case] = []
    for exchange in _chats():
        answer = _answer(exchange)
        case = None if answer is None else _case(exchange, answer)
        if case is not None:
            cases.append(case)
    return cases


def read_told() -> list[Told]:
    """Every recorded answer of text whose tokens are all there: no hidden thoughts, calls, pictures."""
    told: list[Told] = []
    for exchange in _chats():
        answer = _answer(exchange)
        if answer is None or answer.tokens is None or answer.tokens.reasoning:
            continue
        if not all(map(_is_text, answer.said)):
            continue
        chars = chars_of("".join(said.text for said in answer.said))
        if answer.tokens.completion and any(chars):
            told.append(Told(exchange.model, chars, answer.tokens.completion))
    return told


def _is_text(said: Said) -> bool:
    return not (said.thought or said.refusal or said.calls or said.media or said.steps or said.sealed)


def _chats() -> tuple[Exchange, ...]:
    return exchanges(lambda one: one.dialect is not None and one.status == 200)


def _answer(exchange: Exchange) -> Answer | None:
    assert exchange.dialect is not None
    try:
        return (streamed_answer_of if exchange.streamed else answer_of)(exchange.dialect, exchange.body)
    except Unreadable:
        return None


def _case(exchange: Exchange, answer: Answer) -> Case | None:
    assert exchange.dialect is not None
    body = json.dumps(exchange.request, ensure_ascii=False).encode()
    try:
        if exchange.dialect is Dialect.GOOGLE:
            request = read_generation(body, exchange.model, stream=exchange.streamed)
            outside: Outline = generation_outside(body, Asked(exchange.model), lambda _: Options(), {})
        else:
            request = _READERS[exchange.dialect](body)
            outside = _OUTSIDES[exchange.dialect](body)
    except Invalid:
        return None
    sizes = measure(request)
    begun = any(exchange.request.get(name) for name in ("previous_response_id", "conversation", "prompt"))
    cached = exchange.request.get("cachedContent")
    if answer.tokens is None or answer.tokens.prompt < 1 or sizes.foreign or sizes.files or begun or cached:
        return None
    if any(word in exchange.model for word in _SEARCHES) or "plugins" in exchange.request:
        return None
    said = "".join(said_texts(request))[:400]
    return Case(
        provider=exchange.provider,
        model=exchange.model,
        request=request,
        sizes=sizes,
        tokens=answer.tokens.prompt,
        fold=sha256(said.encode("utf-8", "replace")).digest()[0] % FOLDS,
        rough=estimate_tokens(outside.input_chars),
        needs=outside.needs,
    )


class Exact:
    """The encodings."""

    def __init__(self) -> None:
        self._vocabularies = {"o200k_base": openai.o200k_base(), "cl100k_base": openai.cl100k_base()}

    def count(self, encoding: str, texts: Sequence[str]) -> int:
        """Tokens of texts, each by itself."""
        return sum(self._vocabularies[encoding].count(text) for text in texts)

    def texts_of(self, family: Family, case: Case, calibration: Calibration) -> Texts:
        """The texts of a case in tokens of the family's encoding, or in units."""
        if family.encoding is None:
            return calibration.texts_of(case.sizes)
        groups = [texts(case.request) for texts in (said_texts, declared_texts, formed_texts)]
        return Texts(*(self.count(family.encoding, texts) for texts in groups))
