"""The simulated provider in Anthropic's Messages."""

import base64

import msgspec
from msgspec import structs

from baton.core.answer import (
    Began,
    ChatResponse,
    Choice,
    Ended,
    Finished,
    ReasoningDelta,
    ReasoningSigned,
    StreamEvent,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.messages import Reasoning, Signature
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.answers import write_answer
from baton.upstream.dialects.anthropic.counting import write_count
from baton.upstream.dialects.anthropic.envelope import PING
from baton.upstream.dialects.anthropic.errors import type_of_status
from baton.upstream.dialects.anthropic.requests import read_request
from baton.upstream.dialects.anthropic.writer import STOP, StreamWriter
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.manner import FaultKind
from baton.upstream.providers.simulated.wire import ErrorWords, Tokens, Wire

_SIGN = "simulated-"


def _signature(thought: str) -> Signature:
    """What this provider signs a thought with: made from it, so that a changed one is known."""
    sealed = base64.b64encode(thought.encode("utf-8", "surrogatepass")).decode()
    return Signature(origin=Dialect.ANTHROPIC, value=_SIGN + sealed)


class _Events:
    """Writes the events of one stream. A thought is signed where it ends; why the answer ended waits for the
    usage, which comes with it."""

    def __init__(self, prompt_tokens: int) -> None:
        self._writer = StreamWriter(Losses())
        self._prompt = b'"input_tokens":%d' % prompt_tokens
        self._thought = ""
        self._owes = False
        """Whether the answer has finished and its end is not written."""

    def write(self, event: StreamEvent) -> bytes:
        """The event's bytes; empty where the dialect has none for it."""
        signed = b""
        if self._thought and not isinstance(event, ReasoningDelta):
            signed = self._writer.write(ReasoningSigned(signature=_signature(self._thought)))
            self._thought = ""
        match event:
            case ReasoningDelta() if event.choice == 0:
                self._thought += event.text
            case Began():  # the prompt is counted before the first word
                return self._writer.write(event).replace(b'"input_tokens":0', self._prompt, 1)
            case Finished():
                self._owes = True
            case Used():
                return signed + self._ending(event.usage)
            case Ended():
                return signed + self._ending(Usage()) + STOP
            case _:
                pass
        return signed + self._writer.write(event)

    def _ending(self, usage: Usage) -> bytes:
        owes, self._owes = self._owes, False
        return self._writer.ending(usage) if owes else b""


def _open(wants_usage: bool, prompt_tokens: int) -> _Events:
    del wants_usage  # this dialect always tells
    return _Events(prompt_tokens)


def _read(path: str, body: bytes) -> ChatRequest:
    del path
    return read_request(body)


def _check(request: ChatRequest) -> None:
    """Refuse a thought that is not this provider's, word for word, as the real one does."""
    thoughts = [part for message in request.messages for part in message.parts if isinstance(part, Reasoning)]
    if any(thought.signature != _signature(thought.text) for thought in thoughts):
        raise Invalid("messages: Invalid `signature` in `thinking` block", param="messages")


def _write_whole(response: ChatResponse) -> bytes:
    choices = tuple(map(_signed, response.choices))
    return write_answer(structs.replace(response, choices=choices), Losses())


def _signed(choice: Choice) -> Choice:
    """A choice whose thoughts are signed."""
    parts = tuple(
        structs.replace(part, signature=_signature(part.text)) if isinstance(part, Reasoning) else part
        for part in choice.parts
    )
    return structs.replace(choice, parts=parts)


def _error(words: ErrorWords) -> bytes:
    error = {"type": type_of_status(words.status), "message": words.message}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": "req_simulated"})


ANTHROPIC = Wire(
    dialect=Dialect.ANTHROPIC,
    path_ends=("/messages",),
    read=_read,
    check=_check,
    write_whole=_write_whole,
    open_stream=_open,
    write_error=_error,
    write_error_event=lambda words: write_event(_error(words), "error"),
    broken_event=write_event(b'{"type":"content_block_delta","index":0,"del', "content_block_delta"),
    words={
        FaultKind.CONTEXT: "prompt is too long: 200251 tokens > 200000 maximum, simulated.",
        FaultKind.FILTER: "Output blocked by content filtering policy, simulated.",
    },
    tokens=Tokens(path_ends=("/messages/count_tokens",), read=_read, write=write_count),
    ping=PING,
)
