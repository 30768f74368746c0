"""Handing on in the same dialect: the bytes stay as they came, but for what must change."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.core.answer import AnswerWriter
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.bodies import for_model, lower
from baton.upstream.dialects.handing import NewWriter, Progress
from baton.upstream.dialects.responses.errors import failure_inside
from baton.upstream.dialects.responses.finishes import native_finish
from baton.upstream.dialects.responses.requests import LEAST_OUTPUT_TOKENS
from baton.upstream.dialects.responses.standing import Standing
from baton.upstream.dialects.responses.streams import DONE, ENDS, FAILURES, malformed_event
from baton.upstream.dialects.responses.usage import usage_of, write_usage
from baton.upstream.dialects.responses.writer import StreamWriter
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_PAID_BY = (
    b'"model"',
    b'"stream"',
    b'"max_output_tokens"',
    b'"store"',
    b'"background"',
    b'"previous_response_id"',
    b'"conversation"',
    b'"service_tier"',
    b'"tools"',
    b'"max_tool_calls"',
)


def pass_on(envelope: Envelope, model: str, spec: ProviderSpec) -> bytes:
    """The caller's body for a provider of the same dialect: its own word for the model, no `baton` object.
    Everything else is passed on byte by byte.

    Raises:
        Invalid: it is nested too deeply.
    """
    del spec  # they all speak it alike
    return for_model(envelope, model, _PAID_BY, _bound)


def _bound(fields: dict[str, Raw], tokens: int) -> None:
    lower(fields, ("max_output_tokens",), max(tokens, LEAST_OUTPUT_TOKENS))


class _Event(Struct, gc=False):
    type: str = ""
    delta: Any = None
    response: Raw = Raw(b"null")
    error: Any = None


_EVENT = msgspec.json.Decoder(_Event)
_SAYS = frozenset(
    {
        "response.output_text.delta",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.code_interpreter_call_code.delta",
        "response.mcp_call_arguments.delta",
    }
)
_BEGINS = "response.output_item.added"


class Relay:
    """Hands on one stream in its own dialect. The last event, which holds the whole answer, is held back."""

    __slots__ = ("_held", "_spec", "_standing", "_trail")

    def __init__(self, envelope: Envelope, spec: ProviderSpec, trail: Trail | None = None) -> None:
        del envelope  # usage is always told
        self._spec = spec
        self._trail = trail
        self._standing = None if trail is None else Standing(trail)
        self._held: SseEvent | None = None

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """Note what an event says; its bytes if it goes on at once."""
        if event.data == DONE:
            return b""
        try:
            told = _EVENT.decode(event.data)
        except UNREADABLE:
            return self._take_odd(event, seen)
        kind = told.type or event.event
        if kind in _SAYS:
            seen.said = True
            if isinstance(told.delta, str):
                seen.text.hear(told.delta)
        elif kind in ENDS:
            self._end(event, told, seen)
            return b""
        elif kind in FAILURES or told.error:
            self._fail(event, told, seen)
            return b""
        elif kind == _BEGINS:
            seen.said = True
        elif not seen.model and told.response:
            _note_beginning(told.response, seen)
        if self._standing is None:
            return _ended(event)
        return self._standing.send(kind, event, told.delta, _ended(event))

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """A writer of the items under way, and those behind them."""
        del seen
        writer = fresh(losses)
        if self._standing is None or not isinstance(writer, StreamWriter):
            raise TypeError("a stream that is handed on as it came goes on in its own dialect")
        writer.stand(self._standing.stood())
        return writer

    def _take_odd(self, event: SseEvent, seen: Progress) -> bytes:
        """An event with a field of an unexpected kind goes on; one that is no JSON object ends the stream."""
        try:
            fields = _OBJECT.decode(event.data)
        except UNREADABLE:
            seen.broke(malformed_event())
            return b""
        del fields
        if self._trail is not None:
            self._trail.strange()
        return _ended(event)

    def _end(self, event: SseEvent, told: _Event, seen: Progress) -> None:
        _FIELDS.decode(event.data)  # it may get a field of ours
        answer = as_object(msgspec.json.decode(told.response))
        if not answer:  # all that was said stands here once more
            seen.failure = malformed_event()
            return
        _note_usage(answer, seen)
        seen.id, seen.model = str(answer.get("id") or seen.id), str(answer.get("model") or seen.model)
        reason = as_text(as_object(answer.get("incomplete_details")).get("reason"))
        seen.finish = native_finish(as_text(answer.get("status")), reason)
        seen.said = seen.said or bool(as_list(answer.get("output")))
        seen.ended = True
        self._held = event

    def _fail(self, event: SseEvent, told: _Event, seen: Progress) -> None:
        answer = as_object(msgspec.json.decode(told.response))
        _note_usage(answer, seen)
        seen.broke(failure_inside(self._spec, answer.get("error") or _OBJECT.decode(event.data)))

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """The last event: as it came, where Baton has nothing to add."""
        waited = b"" if self._standing is None else self._standing.behind_waiting()
        return waited + self._last_event(usage, baton, seen)

    def _last_event(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        held = self._held
        if held is None:  # a stream is whole by this event only
            return b""
        owes_usage = seen.usage is None
        if baton is None and not owes_usage:
            return _ended(held)
        fields = _FIELDS.decode(held.data)
        if owes_usage:
            response = _FIELDS.decode(fields["response"])
            response["usage"] = Raw(msgspec.json.encode(write_usage(usage)))
            fields["response"] = Raw(msgspec.json.encode(response))
        if baton is not None:
            fields["baton"] = Raw(msgspec.json.encode(baton))
        return write_event(msgspec.json.encode(fields), None if held.event == "message" else held.event)


def _note_beginning(response: Raw, seen: Progress) -> None:
    answer = as_object(msgspec.json.decode(response))
    seen.id, seen.model = str(answer.get("id") or ""), str(answer.get("model") or "")


def _note_usage(answer: dict[str, Any], seen: Progress) -> None:
    usage = usage_of(answer)
    if usage is not None:
        seen.usage = usage


def _ended(event: SseEvent) -> bytes:
    """An event's bytes, with the blank line that the connection's end may have cost it."""
    if event.raw.endswith((b"\n\n", b"\r\n\r\n")):
        return event.raw
    return write_event(event.data, None if event.event == "message" else event.event)
