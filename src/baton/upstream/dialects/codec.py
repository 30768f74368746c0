"""What a dialect is to the rest of the house: one value of functions, the same for all four.

The provider's side writes requests and reads answers; the caller's side reads requests and writes answers.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from baton.core.answer import AnswerWriter, ChatResponse
from baton.core.dialect import Dialect
from baton.core.errors import BatonError
from baton.core.failures import Failure
from baton.core.losses import Feature, Losses
from baton.core.messages import Media
from baton.core.preface import Preface
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.failures import no_count
from baton.upstream.dialects.handing import EventReader, Hand
from baton.upstream.dialects.headers import HeaderRule
from baton.upstream.dialects.names import NameRule
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE

_ANSWER = msgspec.json.Decoder(dict[str, Any])


class Glance(Struct, frozen=True, kw_only=True):
    """What the gateway must know of a whole answer that it hands on as it came."""

    id: str
    model: str
    usage: Usage | None
    finish: str | None
    chars: int
    """Characters of text, reasoning and tool arguments: the ground of an estimate."""
    in_tokens: bool = True
    """Whether it says how many tokens it took; else pictures or seconds may be what is paid for."""
    audio_seconds: float | None = None
    """How long the sound was, where it is said."""


class NotAnAnswer(Exception):
    """A 200 that holds no answer; `failure` says what it holds instead."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Counter(Struct, frozen=True, kw_only=True):
    """How a dialect's providers are asked for the tokens of a prompt."""

    address: Callable[[str, str], str]
    """The URL: given base URL and model."""
    write: Callable[[bytes, str], bytes]
    """The question, made of a chat request's body in this dialect and the model it is for."""
    tokens_in: str
    """The field of the answer that holds the count."""

    def read(self, body: bytes) -> int:
        """The answer.

        Raises:
            NotAnAnswer: it holds no count.
        """
        try:
            tokens = _ANSWER.decode(body).get(self.tokens_in)
        except UNREADABLE as error:
            raise NotAnAnswer(no_count(str(error))) from None
        if type(tokens) is not int:
            raise NotAnAnswer(no_count(f"there is no {self.tokens_in} in it"))
        return tokens


def takes_any(media: Media) -> bool:
    """Of a dialect whose providers fetch every file themselves."""
    del media
    return True


def takes_none(request: ChatRequest, model: str, spec: ProviderSpec) -> bool:
    """Of a dialect none of whose models is known to go on with its own words."""
    del request, model, spec
    return False


class MakesRelay(Protocol):
    """Makes the hand of one stream; the trail is of what another provider may have to go on with."""

    def __call__(self, envelope: Envelope, spec: ProviderSpec, trail: Trail | None = None) -> Hand:
        """One for this caller's wishes and this provider's ways."""
        ...


class Codec(Struct, frozen=True, kw_only=True):
    """One dialect."""

    dialect: Dialect
    address: Callable[[str, str, bool], str]
    """The URL of a chat call: given base URL, model, and whether a stream is wanted."""
    bring_home: Callable[[bytes, str, ProviderSpec, Losses], bytes]
    """Takes out of a request in this very dialect what Baton has carried in it for another one's models."""
    pass_on: Callable[[Envelope, str, ProviderSpec], bytes]
    """The body of a request in this very dialect, for a model of a provider; bytes that need not change
    stay as they are. May raise Invalid."""
    preface: Callable[[bytes, Preface], bytes]
    """Puts something before the caller's own words, in the body of a request in this very dialect."""
    warm: Callable[[bytes, float], bytes]
    """Sets the temperature in the body of a request in this very dialect."""
    write_request: Callable[[ChatRequest, str, ProviderSpec, Losses], bytes]
    """The body of a request that came in another dialect."""
    read_failure: Callable[[ProviderSpec, int, Mapping[str, str], bytes, float], Failure]
    """What an error answer means: given status, headers, body and the Unix time."""
    glance: Callable[[bytes, ProviderSpec], Glance]
    """Looks at a whole answer without taking it apart. Raises NotAnAnswer."""
    read_answer: Callable[[bytes, ProviderSpec], ChatResponse]
    """Takes a whole answer apart; an unknown word in it loses that word, not the answer. Raises NotAnAnswer,
    or Invalid."""
    reader: Callable[[ProviderSpec], EventReader]
    """Reads a stream's events."""
    relay: MakesRelay
    """Hands a stream on in this very dialect."""
    write_answer: Callable[[ChatResponse, Losses], bytes]
    writer: Callable[[Losses], AnswerWriter]
    """Writes a stream, its usage included."""
    write_error: Callable[[BatonError, str], bytes]
    """The body of an error answer; given the request's id."""
    write_error_event: Callable[[BatonError, str], bytes]
    """The end of a stream that broke."""
    takes_prefill: Callable[[ChatRequest, str, ProviderSpec], bool] = takes_none
    """Whether a model goes on with an assistant's message at the end of such a request, word by word."""
    takes: Callable[[Media], bool] = takes_any
    """Whether a request of this dialect can name such a file by its URL; Baton fetches the others."""
    tool_names: NameRule = NameRule()
    """What tools may be called; in a request from another dialect the others are called otherwise."""
    headers: HeaderRule = HeaderRule()
    counter: Counter | None = None
    """None: its providers do not count."""
    cannot: Mapping[Feature, str]
    """What this dialect cannot say, and what happens instead."""
    adjusts: Mapping[Feature, str]
    """What it says otherwise: clamped, moved, rewritten."""
