"""What a provider is sent, and what of its answer is handed on."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from baton.core.request import Options
from baton.upstream.calls import Route, Upstream
from baton.upstream.dialects.openai.envelope import read_envelope
from baton.upstream.directory import Credential, Provider, ProviderSettings, declared
from baton.upstream.transport import Deadlines, UpstreamRequest

SPECS = {spec.name: spec for spec in declared()}
MARKED = {
    "role": "assistant",
    "content": "well",
    "reasoning_content": "hm",
    "reasoning_details": [
        {"type": "reasoning.text", "text": "hm", "signature": "baton.anthropic.s", "index": 0}
    ],
}


class Answer:
    """A provider's, the same always."""

    status = 200

    def __init__(self, body: bytes) -> None:
        self.headers: Mapping[str, str] = {"content-type": "application/json"}
        self._body = body

    async def read(self, limit: int) -> bytes:
        del limit
        return self._body

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        del limit
        yield self._body

    async def close(self) -> None:
        pass


class FarSide:
    """Keeps what it was sent."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.sent: list[UpstreamRequest] = []
        self._answer = json.dumps(answer).encode()

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> Answer:
        del deadlines
        self.sent.append(request)
        return Answer(self._answer)

    async def close(self) -> None:
        pass


class Noon:
    """A clock that stands still."""

    def wall(self) -> float:
        return 1_700_000_000.5

    def monotonic(self) -> float:
        return 0.0


class NoFiles:
    """Nothing is fetched here."""

    async def fetch(self, url: str, *_: Any) -> Any:
        raise AssertionError(url)


def asked(far: FarSide, provider: str) -> tuple[Upstream, Route]:
    found = Provider(SPECS[provider], ProviderSettings(keys=("sk-0123456789",)))
    files: Any = NoFiles()
    return Upstream(far, {}, files, Noon()), Route(found, Credential("sk-0123456789"), "some-model")


OPENAIS = {"id": "a", "model": "m", "created": 7, "choices": [{"message": {"content": "hi"}}]}
ANTHROPICS = {
    "id": "a",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


def body(*said: dict[str, Any]) -> bytes:
    return json.dumps(
        {"model": "some-model", "messages": [*said, {"role": "user", "content": "hi"}]}
    ).encode()


async def test_a_signature_from_abroad_does_not_reach_a_provider_of_the_callers_dialect() -> None:
    """A conversation that another dialect's model began goes on at a provider of the caller's own: what was
    marked for the other stays here, and the caller is told. One without marks is passed on byte by byte."""
    far = FarSide(OPENAIS)
    upstream, route = asked(far, "openai")
    marked = read_envelope(body(MARKED), lambda _: Options(), {})
    reply = await upstream.ask(route, marked, Deadlines())
    assert b"baton." not in far.sent[0].body
    assert json.loads(far.sent[0].body)["messages"][0] == {"role": "assistant", "content": "well"}
    assert set(reply.losses.dropped) == {"reasoning", "reasoning_signature"}
    plain = read_envelope(body(), lambda _: Options(), {})
    await upstream.ask(route, plain, Deadlines())
    assert far.sent[1].body == body()


async def test_a_translated_answer_has_a_time() -> None:
    """Anthropic tells none; OpenAI's clients read one."""
    upstream, route = asked(FarSide(ANTHROPICS), "anthropic")
    reply = await upstream.ask(route, read_envelope(body(), lambda _: Options(), {}), Deadlines())
    assert json.loads(reply.body)["created"] == 1_700_000_000


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "told as a stream"])
async def test_a_whole_answer_calls_tools_as_their_caller_does(streamed: bool) -> None:
    """The model knows it by another name; also where it answers a wish for a stream with a whole answer."""
    called = {"type": "tool_use", "id": "t1", "name": "files_read", "input": {}}
    far = FarSide({**ANTHROPICS, "content": [called], "stop_reason": "tool_use"})
    upstream, route = asked(far, "anthropic")
    tools = [{"type": "function", "function": {"name": "files.read", "parameters": {}}}]
    wish = json.dumps({**json.loads(body()), "tools": tools, "stream": streamed}).encode()
    envelope = read_envelope(wish, lambda _: Options(), {})
    if streamed:
        stream = await upstream.stream(route, envelope, Deadlines())
        answer, losses = b"".join([piece async for piece in stream.pieces()]), stream.losses
        await stream.close()
    else:
        reply = await upstream.ask(route, envelope, Deadlines())
        answer, losses = reply.body, reply.losses
    assert json.loads(far.sent[0].body)["tools"][0]["name"] == "files_read"
    assert b'"files.read"' in answer
    assert b"files_read" not in answer
    assert "tool_name" in losses.adjusted
