"""Streams that their readers leave: what was used is recorded, estimated or, drained, as it was reported."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from baton.ledger.stored import InteractionRow
from tests.chaos.conftest import KEY, Stage, soon
from tests.chaos.provider import Caller, chunked, raw_provider
from tests.chaos.sayings import SAYINGS
from tests.chaos.wire import line_to, post
from tests.conftest import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = 50
PROMPT = 37
"""What the provider reports of the prompt; no estimate of ours comes to it."""

WITHIN = 0.1
"""How near an estimate is to the tokens that were delivered."""

UNKNOWN = 1.117
"""What the family of the model without a public tokenizer needs for a token of one: recorded, and nobody here
can say better."""

_QUESTION = {"role": "user", "content": "Tell me."}


@dataclass(frozen=True)
class Speech:
    """One dialect's way to ask for a stream and to tell one."""

    dialect: Dialect
    path: str
    ask: dict[str, Any]
    before: bytes
    """What comes before the first token."""
    words: list[bytes]
    after: bytes
    """The end, with the provider's own count."""


def _event(data: Any, kind: str | None = None) -> bytes:
    named = f"event: {kind}\n".encode() if kind else b""
    return named + b"data: " + json.dumps(data).encode() + b"\n\n"


def _completions(pieces: list[str]) -> Speech:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})

    usage = {"prompt_tokens": PROMPT, "completion_tokens": len(pieces), "total_tokens": PROMPT + len(pieces)}
    return Speech(
        Dialect.OPENAI,
        "/v1/chat/completions",
        {
            "model": "openai/gpt-4o-mini",
            "stream": True,
            "messages": [_QUESTION],
        },
        chunk({"role": "assistant", "content": ""}),
        [chunk({"content": piece}) for piece in pieces],
        chunk({}, "stop") + _event({"id": "c", "choices": [], "usage": usage}) + b"data: [DONE]\n\n",
    )


def _responses(pieces: list[str]) -> Speech:
    item = {"id": "m", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "".join(pieces), "annotations": []}
    head = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    usage = {"input_tokens": PROMPT, "output_tokens": len(pieces), "total_tokens": PROMPT + len(pieces)}
    whole = head | {"status": "completed", "output": [item | {"content": [part]}], "usage": usage}
    place = {"item_id": "m", "output_index": 0, "content_index": 0}

    def event(kind: str, **fields: Any) -> bytes:
        return _event({"type": kind, **fields}, kind)

    return Speech(
        Dialect.OPENAI_RESPONSES,
        "/v1/responses",
        {"model": "openai/gpt-4o-mini", "stream": True, "input": "Tell me."},
        event("response.created", response=head)
        + event("response.output_item.added", output_index=0, item=item),
        [event("response.output_text.delta", delta=piece, **place) for piece in pieces],
        event("response.completed", response=whole),
    )


def _messages(pieces: list[str]) -> Speech:
    def event(kind: str, **fields: Any) -> bytes:
        return _event({"type": kind, **fields}, kind)

    start = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": PROMPT, "output_tokens": 4}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    return Speech(
        Dialect.ANTHROPIC,
        "/v1/messages",
        {
            "model": "anthropic/claude-sonnet-4-5",
            "stream": True,
            "max_tokens": 4000,
            "messages": [_QUESTION],
        },
        event("message_start", message=start | {"usage": usage})
        + event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        [
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in pieces
        ],
        event("content_block_stop", index=0)
        + event("message_delta", delta=end, usage={"output_tokens": len(pieces)})
        + event("message_stop"),
    )


def _generations(pieces: list[str]) -> Speech:
    def chunk(text: str, said: int, finish: str | None = None) -> bytes:
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        usage = {"promptTokenCount": PROMPT, "candidatesTokenCount": said, "totalTokenCount": PROMPT + said}
        return _event({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"})

    return Speech(
        Dialect.GOOGLE,
        "/v1beta/models/google%2Fgemini-2.5-flash:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Tell me."}]}]},
        b"",
        [chunk(piece, at) for at, piece in enumerate(pieces, 1)],
        chunk("", len(pieces), "STOP"),
    )


_MAKERS = {
    Dialect.OPENAI: _completions,
    Dialect.OPENAI_RESPONSES: _responses,
    Dialect.ANTHROPIC: _messages,
    Dialect.GOOGLE: _generations,
}
SPEECHES = {
    (dialect, kind): make(pieces) for dialect, make in _MAKERS.items() for kind, pieces in SAYINGS.items()
}
REPORTS_PROMPT = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""Dialects in which the prompt's tokens are told before the end; Google's tell all of it all the time."""


class Telling:
    """A provider that tells so many tokens, and the rest when it is let."""

    def __init__(self, speech: Speech, most: int) -> None:
        self._speech = speech
        self._most = most
        self.go_on = asyncio.Event()
        self.left = False

    async def act(self, caller: Caller) -> None:
        speech = self._speech
        await caller.send(*chunked(speech.before + b"".join(speech.words[: self._most]), end=False))
        going_on = asyncio.ensure_future(self.go_on.wait())
        leaving = asyncio.ensure_future(caller.left())
        await asyncio.wait({going_on, leaving}, return_when=asyncio.FIRST_COMPLETED)
        self.left = leaving.done()
        for waiting in (going_on, leaving):
            waiting.cancel()
        await asyncio.gather(going_on, leaving, return_exceptions=True)
        if not self.left:
            rest = b"".join(speech.words[self._most :]) + speech.after
            await caller.send(b"%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["cancel", "drain"])
async def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Stage]:
    """A Baton of one policy, whose providers of all four dialects are one socket."""
    async with raw_provider() as provider:
        root = provider.url.removesuffix("/v1")
        environment = {f"{name}_API_KEY": KEY for name in ("OPENAI", "ANTHROPIC", "GOOGLE")}
        environment |= {"OPENAI_BASE_URL": provider.url, "ANTHROPIC_BASE_URL": provider.url}
        environment |= {"GOOGLE_BASE_URL": f"{root}/v1beta", "BATON_ABORTED_STREAMS": request.param}
        folder = tmp_path_factory.mktemp("aborted")
        async with serving(environment, folder, {"retries": 0}) as baton:
            yield Stage(baton, provider)


async def _aborted(stage: Stage, speech: Speech, most: int, *, go_on: bool) -> tuple[InteractionRow, Telling]:
    """The row of a stream whose reader left after so many tokens; `go_on`: the provider tells the rest."""
    telling = Telling(speech, most)
    stage.provider.act = telling.act
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, json.dumps(speech.ask).encode(), path=speech.path))
        status, _ = await line.head()
        assert status == 200
        told = b""
        async for chunk in line.chunks():
            told += chunk
            if told.count(b"data: ") >= (speech.before + b"".join(speech.words[:most])).count(b"data: "):
                break
        line.hang_up()
        book = stage.baton.app.ledger.book
        if go_on:
            await soon(lambda: stage.baton.app.drains.count == 1 or not book.open_count)
            telling.go_on.set()
        row, attempts = await stage.newest()
    assert [attempt.cost_nanos or 0 for attempt in attempts] == [row.cost_nanos]
    return row, telling


@pytest.mark.parametrize("dialect", _MAKERS, ids=str)
async def test_what_readers_who_left_had_used_is_on_record(
    house: Stage, dialect: Dialect, request: pytest.FixtureRequest
) -> None:
    """At 50 random points of texts of all kinds: recorded are the tokens that were delivered, near enough
    where they must be estimated; drained, it is exact to the token."""
    drains = request.node.callspec.params["house"] == "drain"
    rng = random.Random(f"aborted {dialect}")
    kinds = sorted(SAYINGS)
    for point in range(POINTS):
        kind = kinds[point % len(kinds)]
        speech, pieces = SPEECHES[dialect, kind], SAYINGS[kind]
        most = rng.randrange(1, len(pieces))
        row, telling = await _aborted(house, speech, most, go_on=drains)
        assert (row.status, row.http_status) == ("cancelled", 200)
        assert telling.left is not drains
        if drains:
            exact = (PROMPT, len(pieces), False)
            assert (row.prompt_tokens, row.completion_tokens, row.usage_estimated) == exact
            continue
        if dialect in REPORTS_PROMPT:
            assert row.prompt_tokens == PROMPT
        assert row.usage_estimated is (dialect is not Dialect.GOOGLE)
        if dialect is Dialect.GOOGLE:
            assert row.completion_tokens == most
            continue
        delivered = most * UNKNOWN if dialect is Dialect.ANTHROPIC else most
        assert row.completion_tokens == pytest.approx(delivered, rel=WITHIN, abs=1), f"{most} of {kind}"
