"""The simulated provider in Google's `generateContent`."""

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
    StreamEvent,
    TextSigned,
    ToolCallBegan,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.messages import Part, Reasoning, Signature, Text, ToolCall
from baton.core.request import ChatRequest
from baton.upstream.dialects.google.answers import write_answer
from baton.upstream.dialects.google.codec import VERBS
from baton.upstream.dialects.google.contents import UNSIGNED
from baton.upstream.dialects.google.counting import asked_about, write_count
from baton.upstream.dialects.google.errors import status_word
from baton.upstream.dialects.google.requests import read_request
from baton.upstream.dialects.google.streams import StreamWriter
from baton.upstream.dialects.google.usage import write_usage
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.manner import FaultKind
from baton.upstream.providers.simulated.wire import ErrorWords, Tokens, Wire

_WHOLE, _STREAM, _COUNT = VERBS
_SIGN = b"simulated thought of "
"""What every signature of this provider holds; it takes no others."""


def _signature(answer_id: str) -> Signature:
    return Signature(
        origin=Dialect.GOOGLE, value=base64.b64encode(_SIGN + answer_id.encode()).decode("ascii")
    )


class _Events:
    """Writes the events of one stream. Thoughts are signed on the first call, else behind the text."""

    def __init__(self) -> None:
        self._writer = StreamWriter(Losses())
        self._id = ""
        self._owes: set[int] = set()
        """Choices that have thought, and not signed."""
        self._over = False

    def write(self, event: StreamEvent) -> bytes:
        """The event's bytes; empty where the dialect has none for it."""
        match event:
            case ReasoningDelta():
                self._owes.add(event.choice)
            case ToolCallBegan() if event.choice in self._owes:
                self._owes.discard(event.choice)
                return self._writer.write(structs.replace(event, signature=_signature(self._id)))
            case Finished() if event.choice in self._owes:
                self._owes.discard(event.choice)
                signed = self._writer.write(TextSigned(_signature(self._id), event.choice))
                return signed + self._writer.write(event)
            case Used():
                self._over = True
                return self._writer.last(write_usage(event.usage, Losses()))
            case Ended():
                return b"" if self._over else self._writer.last(None)
            case Began():
                self._id = event.id
            case _:
                pass
        return self._writer.write(event)


def _open(wants_usage: bool, prompt_tokens: int) -> _Events:
    del wants_usage, prompt_tokens  # this dialect always tells, at the end
    return _Events()


def _read(path: str, body: bytes) -> ChatRequest:
    name, _, verb = path.partition("/models/")[2].rpartition(":")
    return read_request(body, name, stream=verb == _STREAM[1:])


def _read_question(path: str, body: bytes) -> ChatRequest:
    return _read(path, asked_about(body))


def _check(request: ChatRequest) -> None:
    """Refuse a signature that is nobody's here, as the real ones do."""
    for message in request.messages:
        for part in message.parts:
            _check_part(part)


def _check_part(part: Part) -> None:
    signed = part.signature if isinstance(part, Text | ToolCall | Reasoning) else None
    if signed is None or signed.value == UNSIGNED:
        return
    try:
        known = base64.urlsafe_b64decode(signed.value.translate(_URL_SAFE)).startswith(_SIGN)
    except ValueError:
        known = False
    if signed.origin is not Dialect.GOOGLE or not known:
        raise Invalid("Invalid thought signature.", param="contents")


_URL_SAFE = str.maketrans("+/", "-_")


def _write_whole(response: ChatResponse) -> bytes:
    choices = tuple(_signed(choice, response.id) for choice in response.choices)
    return write_answer(structs.replace(response, choices=choices), Losses())


def _signed(choice: Choice, answer_id: str) -> Choice:
    """A choice that has thought, with a signature on its first call, else on its text."""
    if not any(isinstance(part, Reasoning) for part in choice.parts):
        return choice
    at = next((at for at, part in enumerate(choice.parts) if isinstance(part, ToolCall)), None)
    if at is None:
        at = next((at for at, part in enumerate(choice.parts) if isinstance(part, Text)), None)
    if at is None:
        return choice
    part = structs.replace(choice.parts[at], signature=_signature(answer_id))
    return structs.replace(choice, parts=(*choice.parts[:at], part, *choice.parts[at + 1 :]))


def _error(words: ErrorWords) -> bytes:
    error = {"code": words.status, "message": words.message, "status": status_word(words.status)}
    return msgspec.json.encode({"error": error})


def _blocked(prompt_tokens: int) -> bytes:
    used = {"promptTokenCount": prompt_tokens, "totalTokenCount": prompt_tokens}
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    return msgspec.json.encode({"promptFeedback": feedback, "usageMetadata": used, "responseId": "blocked"})


GOOGLE = Wire(
    dialect=Dialect.GOOGLE,
    path_ends=(_WHOLE, _STREAM),
    read=_read,
    check=_check,
    tokens=Tokens(path_ends=(_COUNT,), read=_read_question, write=write_count),
    write_whole=_write_whole,
    open_stream=_open,
    write_error=_error,
    write_error_event=lambda words: write_event(_error(words)),
    broken_event=write_event(b'{"candidates": [{"content": {"parts": [{"te'),
    words={
        FaultKind.CONTEXT: "The input token count (1048577) exceeds the maximum number of tokens allowed "
        "(1048576), simulated."
    },
    blocked=_blocked,
    ping=b"\r\n",
    stream_type="text/event-stream",
)
