"""The simulated provider in OpenAI's Responses."""

import base64

import msgspec
from msgspec import structs

from baton.core.answer import (
    ChatResponse,
    Choice,
    Ended,
    ReasoningDelta,
    ReasoningSigned,
    StreamEvent,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.messages import Part, Reasoning, Signature
from baton.core.request import ChatRequest
from baton.upstream.dialects.responses.answers import write_answer
from baton.upstream.dialects.responses.counting import PATH as COUNT_PATH
from baton.upstream.dialects.responses.counting import write_count
from baton.upstream.dialects.responses.requests import read_request
from baton.upstream.dialects.responses.writer import StreamWriter
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.wire import ErrorWords, Tokens, Wire

_HOME = Dialect.OPENAI_RESPONSES
_CIPHER = "simulated-"
"""How this provider's thoughts begin in cipher; it refuses those of others, as real ones do."""


class _Events:
    """Writes the events of one stream; a thought ends with its cipher, and the usage comes with the end."""

    def __init__(self) -> None:
        self._writer = StreamWriter(Losses())
        self._thought = ""
        self._ended = False

    def write(self, event: StreamEvent) -> bytes:
        """The event's bytes; empty where the dialect has none for it."""
        if isinstance(event, ReasoningDelta):
            self._thought += event.text
            return self._writer.write(event)
        if self._ended:
            return b""
        thought, self._thought = self._thought, ""
        signed = self._writer.write(ReasoningSigned(encrypted=_cipher(thought))) if thought else b""
        told = signed + self._writer.write(event)
        if not isinstance(event, Used):
            return told
        self._ended = True
        return told + self._writer.write(Ended())


def _open(wants_usage: bool, prompt_tokens: int) -> _Events:
    del wants_usage, prompt_tokens  # this dialect always tells, at the end
    return _Events()


def _cipher(thought: str) -> Signature:
    return Signature(origin=_HOME, value=_CIPHER + base64.b64encode(thought.encode()).decode())


def _write_whole(response: ChatResponse) -> bytes:
    choices = tuple(_sealed(choice) for choice in response.choices)
    return write_answer(structs.replace(response, choices=choices), Losses())


def _sealed(choice: Choice) -> Choice:
    parts: list[Part] = [
        structs.replace(part, encrypted=_cipher(part.text)) if isinstance(part, Reasoning) else part
        for part in choice.parts
    ]
    return structs.replace(choice, parts=tuple(parts))


def _read(path: str, body: bytes) -> ChatRequest:
    del path
    return read_request(body)


def _check(request: ChatRequest) -> None:
    """Refuse a thought that is not in this provider's cipher, as real ones do."""
    thoughts = [part for message in request.messages for part in message.parts if isinstance(part, Reasoning)]
    if not all(map(_is_ours, thoughts)):
        raise Invalid(
            "The encrypted content of a reasoning item could not be verified, simulated.",
            param="input",
            code="invalid_encrypted_content",
        )


def _is_ours(thought: Reasoning) -> bool:
    sealed = thought.encrypted
    return sealed is not None and sealed.origin is _HOME and sealed.value.startswith(_CIPHER)


def _error(words: ErrorWords) -> bytes:
    error = {"message": words.message, "type": words.type, "param": words.param, "code": words.code}
    return msgspec.json.encode({"error": error})


def _error_event(words: ErrorWords) -> bytes:
    told = {"type": "error", "code": words.code, "message": words.message, "param": words.param}
    return write_event(msgspec.json.encode({**told, "sequence_number": 1}), "error")


RESPONSES = Wire(
    dialect=_HOME,
    path_ends=("/responses",),
    read=_read,
    check=_check,
    write_whole=_write_whole,
    open_stream=_open,
    write_error=_error,
    write_error_event=_error_event,
    broken_event=write_event(
        b'{"type":"response.output_text.delta","item_id":"msg_', "response.output_text.delta"
    ),
    tokens=Tokens(path_ends=(COUNT_PATH,), read=_read, write=write_count),
)
