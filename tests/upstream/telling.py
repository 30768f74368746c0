"""Providers of all dialects, as far as their streams: what each says, event by event, and where it stops."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.core.request import Envelope, Options
from baton.core.usage import Usage
from baton.upstream.calls import Route, Upstream
from baton.upstream.dialects.anthropic.envelope import read_envelope as read_messages
from baton.upstream.dialects.google.envelope import Asked
from baton.upstream.dialects.google.envelope import read_envelope as read_generation
from baton.upstream.dialects.joining import Resumption
from baton.upstream.dialects.openai.envelope import read_envelope as read_chat
from baton.upstream.dialects.responses.envelope import read_envelope as read_responses
from baton.upstream.directory import Credential, Provider, ProviderSettings, declared
from baton.upstream.replies import ReplyStream
from baton.upstream.transport import Deadlines, UpstreamRequest

SPECS = {spec.name: spec for spec in declared()}
DIALECTS = (Dialect.OPENAI, Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, Dialect.GOOGLE)
PATIENT = Deadlines(quiet_s=60.0)
NAMES = {Dialect.OPENAI: "openai", Dialect.ANTHROPIC: "anthropic", Dialect.GOOGLE: "google"}


class Told(Struct, frozen=True):
    """What an answer says."""

    texts: tuple[str, ...]
    thoughts: tuple[str, ...] = ()
    model: str = "first"

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.texts)


def _event(fields: dict[str, Any], *, named: bool = True) -> bytes:
    name = f"event: {fields['type']}\n" if named else ""
    return f"{name}data: {json.dumps(fields)}\n\n".encode()


def _chat(told: Told) -> list[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        head = {"id": f"chatcmpl-{told.model}", "object": "chat.completion.chunk", "created": 1_700_000_000}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "model": told.model, "choices": [choice]}, named=False)

    thoughts = [chunk({"reasoning_content": thought}) for thought in told.thoughts]
    texts = [chunk({"content": text}) for text in told.texts]
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    last = {**json.loads(chunk({})[6:]), "choices": [], "usage": usage}
    begin = chunk({"role": "assistant", "content": ""})
    return [begin, *thoughts, *texts, chunk({}, "stop"), _event(last, named=False), b"data: [DONE]\n\n"]


def _messages(told: Told) -> list[bytes]:
    message = {
        "id": f"msg_{told.model}",
        "type": "message",
        "role": "assistant",
        "model": told.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 1},
    }
    events = [{"type": "message_start", "message": message}, {"type": "ping"}]

    def block(at: int, begun: dict[str, Any], deltas: Sequence[dict[str, Any]]) -> None:
        events.append({"type": "content_block_start", "index": at, "content_block": begun})
        events.extend({"type": "content_block_delta", "index": at, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": at})

    if told.thoughts:
        thoughts = [{"type": "thinking_delta", "thinking": thought} for thought in told.thoughts]
        signed = {"type": "signature_delta", "signature": f"signed by {told.model}"}
        block(0, {"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, signed])
    texts = [{"type": "text_delta", "text": text} for text in told.texts]
    block(int(bool(told.thoughts)), {"type": "text", "text": ""}, texts)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}})
    events.append({"type": "message_stop"})
    return [_event(event) for event in events]


def _responses(told: Told) -> list[bytes]:
    response: dict[str, Any] = {
        "id": f"resp_{told.model}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "in_progress",
        "model": told.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
        "instructions": "as it was asked",
        "error": None,
        "incomplete_details": None,
        "temperature": 1.0,
        "top_p": 1.0,
    }
    events: list[dict[str, Any]] = [
        {"type": f"response.{step}", "response": response} for step in ("created", "in_progress")
    ]
    output: list[dict[str, Any]] = []

    def add(item: dict[str, Any], whole: dict[str, Any], steps: Sequence[dict[str, Any]]) -> None:
        place = {"output_index": len(output)}
        events.append({"type": "response.output_item.added", **place, "item": item})
        events.extend({"item_id": item["id"], **place, **step} for step in steps)
        events.append({"type": "response.output_item.done", **place, "item": whole})
        output.append(whole)

    if told.thoughts:
        item = {"type": "reasoning", "id": f"rs_{told.model}", "summary": []}
        kind, text = "response.reasoning_summary_", "".join(told.thoughts)
        part = {"type": "summary_text", "text": ""}
        add(
            item,
            {**item, "summary": [{**part, "text": text}]},
            [
                {"type": f"{kind}part.added", "summary_index": 0, "part": part},
                *({"type": f"{kind}text.delta", "summary_index": 0, "delta": one} for one in told.thoughts),
                {"type": f"{kind}text.done", "summary_index": 0, "text": text},
                {"type": f"{kind}part.done", "summary_index": 0, "part": {**part, "text": text}},
            ],
        )
    item = {
        "type": "message",
        "id": f"msg_{told.model}",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    whole = {**part, "text": told.text}
    where = {"content_index": 0}
    delta = {"type": "response.output_text.delta", **where, "logprobs": []}
    add(
        item,
        {**item, "status": "completed", "content": [whole]},
        [
            {"type": "response.content_part.added", **where, "part": part},
            *({**delta, "delta": text} for text in told.texts),
            {"type": "response.output_text.done", **where, "text": told.text, "logprobs": []},
            {"type": "response.content_part.done", **where, "part": whole},
        ],
    )
    usage = {
        "input_tokens": 5,
        "output_tokens": 7,
        "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    ended = {**response, "status": "completed", "output": output, "usage": usage}
    events.append({"type": "response.completed", "response": ended})
    return [_event({**event, "sequence_number": number}) for number, event in enumerate(events)]


def _generation(told: Told) -> list[bytes]:
    parts = [{"text": thought, "thought": True} for thought in told.thoughts]
    chunks: list[dict[str, Any]] = [
        {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]}
        for part in [*parts, *({"text": text} for text in told.texts)]
    ]
    end = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}
    chunks.append({"candidates": [end], "usageMetadata": usage})
    head = {"modelVersion": told.model, "responseId": f"id-{told.model}"}
    return [f"data: {json.dumps({**chunk, **head})}\r\n\r\n".encode() for chunk in chunks]


_STREAMS = {
    Dialect.OPENAI: _chat,
    Dialect.ANTHROPIC: _messages,
    Dialect.OPENAI_RESPONSES: _responses,
    Dialect.GOOGLE: _generation,
}


def stream_of(dialect: Dialect, told: Told) -> list[bytes]:
    """The events in which a provider of a dialect tells an answer."""
    return _STREAMS[dialect](told)


def asking(dialect: Dialect, **more: Any) -> Envelope:
    """A caller who wants to hear it all, in its dialect; `more`: further fields of the body."""

    def none(_: bytes | None) -> Options:
        return Options(said=True)

    said = [{"role": "user", "content": "Tell."}]
    match dialect:
        case Dialect.OPENAI:
            fields = {"messages": said, "stream_options": {"include_usage": True}}
            return read_chat(_body(fields, more), none, {})
        case Dialect.ANTHROPIC:
            return read_messages(_body({"messages": said, "max_tokens": 4000}, more), none, {})
        case Dialect.OPENAI_RESPONSES:
            return read_responses(_body({"input": "Tell.", "store": False}, more), none, {})
        case _:
            asked = Asked("some-model", stream=True, array=bool(more.pop("array", False)))
            body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "Tell."}]}], **more})
            return read_generation(body.encode(), asked, none, {})


def _body(fields: dict[str, Any], more: dict[str, Any]) -> bytes:
    return json.dumps({"model": "some-model", "stream": True, **fields, **more}).encode()


class _Speech:
    """A provider's stream; one that breaks off does so behind its last event."""

    def __init__(self, stage: "Stage", events: Sequence[bytes], *, breaks: bool) -> None:
        self.headers: Mapping[str, str] = {"content-type": stage.kind}
        self.status = stage.status
        self._stage = stage
        self._events = events
        self._breaks = breaks

    async def read(self, limit: int) -> bytes:
        del limit
        return b"".join(self._events)

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        del limit
        for event in self._events:
            self._stage.clock_s += self._stage.second_s
            yield event
        if self._breaks:
            raise AttemptFailed(Failure(kind=Kind.CONNECT, message="Gone.", billed=True))

    async def close(self) -> None:
        pass


class _NoFiles:
    async def fetch(self, url: str, *_: Any) -> Any:
        raise AssertionError(url)


@dataclass
class Stage:
    """Providers that say what they are told to, one after the other."""

    speeches: list[tuple[Sequence[bytes], bool]] = field(default_factory=list[tuple[Sequence[bytes], bool]])
    asked: list[UpstreamRequest] = field(default_factory=list[UpstreamRequest])
    status: int = 200
    kind: str = "text/event-stream"
    second_s: float = 0.0
    """How long each event takes."""
    clock_s: float = 0.0

    def wall(self) -> float:
        """The time at which answers are made that do not tell."""
        return 1_700_000_000.5

    def monotonic(self) -> float:
        """The time that events take."""
        return self.clock_s

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> _Speech:
        """The next answer."""
        del deadlines
        self.asked.append(request)
        events, breaks = self.speeches.pop(0)
        return _Speech(self, events, breaks=breaks)

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def upstream(self) -> Upstream:
        """Asks them."""
        files: Any = _NoFiles()
        return Upstream(self, {}, files, self)

    async def begin(
        self, caller: Envelope, provider: Dialect, events: Sequence[bytes], model: str = "some-model"
    ) -> tuple[ReplyStream, bytes]:
        """A stream that breaks off behind these events, and what was passed on of it."""
        self.speeches.append((events, True))
        stream = await self.upstream.stream(route_of(provider, model), caller, PATIENT, rescuable=True)
        return stream, await heard(stream)

    async def resume(
        self,
        caller: Envelope,
        broken: ReplyStream,
        provider: Dialect,
        events: Sequence[bytes],
        how: Resumption = Resumption.SPLICE,
        *,
        breaks: bool = False,
        model: str = "some-model",
    ) -> tuple[ReplyStream, bytes]:
        """Another one goes on with these; what was passed on of them, with the end where it is whole."""
        self.speeches.append((events, breaks))
        route = route_of(provider, model)
        stream = await self.upstream.resume(route, caller, broken, how, PATIENT)
        passed = await heard(stream)
        if stream.seen.complete and not stream.diverged:
            passed += stream.handing.finale(stream.seen.usage or Usage(), {"interaction": "one"})
        return stream, passed


async def heard(stream: ReplyStream) -> bytes:
    """All that is passed on."""
    passed = b"".join([piece async for piece in stream.pieces()])
    await stream.close()
    return passed


def route_of(provider: Dialect, model: str = "some-model") -> Route:
    """A route whose provider is asked in this dialect, whatever the caller's."""
    spec = SPECS["openai" if provider is Dialect.OPENAI_RESPONSES else NAMES[provider]]
    found = Provider(spec, ProviderSettings(keys=("sk-0123456789",), dialect=provider))
    return Route(found, Credential("sk-0123456789"), model)
