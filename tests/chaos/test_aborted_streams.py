"""Streams that their readers leave: what was used is recorded, estimated or, drained, as it was reported."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from rs_bpe.bpe import openai

from baton.core.dialect import Dialect
from baton.ledger.stored import InteractionRow
from tests.chaos.conftest import KEY, Stage, soon
from tests.chaos.provider import Caller, chunked, raw_provider
from tests.chaos.wire import line_to, post
from tests.conftest import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = 50
PROMPT = 37
"""What the provider reports of the prompt; no estimate of ours comes to it."""

LEAST = 110
"""Tokens that come before the first reader leaves: four characters a token is a mean, not a law."""

TEXT = """The harbour master kept two books: one of ships and what they paid, one of what he believed.

1. Read `ships.csv` with `open(path, "rb")`, 1,204 rows; cut each at 4096 bytes.
2. When the war began, the first book was burnt by order of the council.

```python
def ships(path: str) -> list[str]:
    return [row.strip() for row in path.read_text().split(",")]
```

So it came that for thirty years the town was governed by what one man had believed about ships.

"""
_ENCODING = openai.o200k_base()
PIECES = [_ENCODING.decode([token]) or "" for token in _ENCODING.encode(TEXT * 4)]
"""One token an event, as a model of OpenAI would have said it."""


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


def _completions() -> Speech:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})

    usage = {"prompt_tokens": PROMPT, "completion_tokens": len(PIECES), "total_tokens": PROMPT + len(PIECES)}
    return Speech(
        Dialect.OPENAI,
        "/v1/chat/completions",
        {
            "model": "openai/gpt-4o-mini",
            "stream": True,
            "messages": [_QUESTION],
        },
        chunk({"role": "assistant", "content": ""}),
        [chunk({"content": piece}) for piece in PIECES],
        chunk({}, "stop") + _event({"id": "c", "choices": [], "usage": usage}) + b"data: [DONE]\n\n",
    )


def _responses() -> Speech:
    item = {"id": "m", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "".join(PIECES), "annotations": []}
    head = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    usage = {"input_tokens": PROMPT, "output_tokens": len(PIECES), "total_tokens": PROMPT + len(PIECES)}
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
        [event("response.output_text.delta", delta=piece, **place) for piece in PIECES],
        event("response.completed", response=whole),
    )


def _messages() -> Speech:
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
            for piece in PIECES
        ],
        event("content_block_stop", index=0)
        + event("message_delta", delta=end, usage={"output_tokens": len(PIECES)})
        + event("message_stop"),
    )


def _generations() -> Speech:
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
        [chunk(piece, at) for at, piece in enumerate(PIECES, 1)],
        chunk("", len(PIECES), "STOP"),
    )


SPEECHES = {speech.dialect: speech for speech in (_completions(), _responses(), _messages(), _generations())}
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
        last = json.dumps(PIECES[most - 1]).encode()[1:-1]
        told = b""
        async for chunk in line.chunks():
            told += chunk
            if told.count(b"data: ") >= (speech.before + b"".join(speech.words[:most])).count(b"data: "):
                assert last in told
                break
        line.hang_up()
        book = stage.baton.app.ledger.book
        if go_on:
            await soon(lambda: stage.baton.app.drains.count == 1 or not book.open_count)
            telling.go_on.set()
        row, attempts = await stage.newest()
    assert [attempt.cost_nanos or 0 for attempt in attempts] == [row.cost_nanos]
    return row, telling


@pytest.mark.parametrize("dialect", SPEECHES, ids=str)
async def test_what_readers_who_left_had_used_is_on_record(
    house: Stage, dialect: Dialect, request: pytest.FixtureRequest
) -> None:
    """At 50 random points of a stream: recorded is what the provider told, within a tenth where it must be
    estimated; drained, it is exact to the token."""
    drains = request.node.callspec.params["house"] == "drain"
    speech = SPEECHES[dialect]
    rng = random.Random(f"aborted {dialect}")
    for most in sorted(rng.sample(range(LEAST, len(PIECES)), POINTS)):
        row, telling = await _aborted(house, speech, most, go_on=drains)
        assert (row.status, row.http_status) == ("cancelled", 200)
        assert telling.left is not drains
        if drains:
            exact = (PROMPT, len(PIECES), False)
            assert (row.prompt_tokens, row.completion_tokens, row.usage_estimated) == exact
            continue
        assert row.completion_tokens == pytest.approx(most, rel=0.1), f"after {most} tokens"
        if dialect in REPORTS_PROMPT:
            assert row.prompt_tokens == PROMPT
        assert row.usage_estimated is (dialect is not Dialect.GOOGLE)
        if dialect is Dialect.GOOGLE:
            assert row.completion_tokens == most
