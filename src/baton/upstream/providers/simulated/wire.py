"""How the simulated provider speaks a dialect: one entry a dialect; the rest is the same for all."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec
from msgspec import Struct

from baton.core.answer import ChatResponse, StreamEvent
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.request import ChatRequest
from baton.upstream.dialects.openai.replies import write_answer
from baton.upstream.dialects.openai.requests import read_request
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.manner import FaultKind


class ErrorWords(Struct, frozen=True, kw_only=True):
    """An error, before a dialect puts it into its own shape."""

    status: int
    message: str
    type: str
    code: str | None = None
    param: str | None = None


class EventWriter(Protocol):
    """Writes the events of one stream."""

    def write(self, event: StreamEvent) -> bytes:
        """The event's bytes; empty where the dialect has none for it."""
        ...


class Tokens(Struct, frozen=True, kw_only=True):
    """How a dialect asks for the tokens of a prompt, and is told."""

    path_ends: tuple[str, ...]
    read: Callable[[str, bytes], ChatRequest]
    """As a wire's."""
    write: Callable[[int], bytes]


class Wire(Struct, frozen=True, kw_only=True):
    """One dialect."""

    dialect: Dialect
    path_ends: tuple[str, ...]
    """How the paths of its chat routes end."""
    read: Callable[[str, bytes], ChatRequest]
    """Given path and body: some dialects put the model into the path. Raises Invalid."""
    check: Callable[[ChatRequest], None] | None = None
    """Refuses what nobody but this very provider can see to be wrong. Raises Invalid."""
    write_whole: Callable[[ChatResponse], bytes]
    open_stream: Callable[[bool, int], EventWriter]
    """Given whether usage is asked for, and the prompt's tokens, which some dialects tell first; 0: nobody is
    told."""
    write_error: Callable[[ErrorWords], bytes]
    write_error_event: Callable[[ErrorWords], bytes]
    """An error inside a stream."""
    broken_event: bytes
    """An event that is half a JSON."""
    words: Mapping[FaultKind, str] = {}
    """What its providers write of a fault for which they have no code of its own."""
    blocked: Callable[[int], bytes] | None = None
    """What it answers, with 200, where a prompt of so many tokens is filtered; None: it refuses."""
    tokens: Tokens | None = None
    """None: it does not count."""
    ping: bytes = b": ping\n\n"
    stream_type: str = "text/event-stream; charset=utf-8"
    whole_type: str = "application/json"


def write_models(names: Iterable[str]) -> bytes:
    """A list of models."""
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "baton"} for name in names]
    return msgspec.json.encode({"object": "list", "data": models})


def _read_openai(path: str, body: bytes) -> ChatRequest:
    del path
    return read_request(body)


def _openai_error(words: ErrorWords) -> bytes:
    error: Mapping[str, str | None] = {
        "message": words.message,
        "type": words.type,
        "param": words.param,
        "code": words.code,
    }
    return msgspec.json.encode({"error": error})


OPENAI = Wire(
    dialect=Dialect.OPENAI,
    path_ends=("/chat/completions",),
    read=_read_openai,
    write_whole=lambda response: write_answer(response, Losses()),
    open_stream=lambda wants_usage, _: StreamWriter(wants_usage, Losses()),
    write_error=_openai_error,
    write_error_event=lambda words: write_event(_openai_error(words)),
    broken_event=write_event(b'{"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"ind'),
)
