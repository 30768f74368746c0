"""How the streams of providers of all dialects end, for callers of all dialects: what had finished is whole
however its connection ends, what had not is an error and is never passed off as an answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.conftest import KEY, Stage
from tests.chaos.provider import DONE, USED, Act, Caller, chunked, event, head, raw_provider, word
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.wire import Reply, line_to, post
from tests.conftest import serving
from tests.contracts.stage import TARGETS, specs

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURNS = 20
"""Of the loop that provider, Baton and caller share: in these, what was sent has been read."""


def named(fields: dict[str, Any]) -> bytes:
    """An event with its type for a name."""
    return b"event: %b\n" % fields["type"].encode() + event(fields)


def gemini(text: str, **fields: Any) -> bytes:
    """A chunk of Google's."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    finish = {"finishReason": fields.pop("finish")} if "finish" in fields else {}
    return event({"candidates": [candidate | finish], "modelVersion": "m", "responseId": "r", **fields})


@dataclass(frozen=True)
class Told:
    """One dialect's stream of "one two" in 10 and 5 tokens."""

    words: list[bytes]
    finish: list[bytes]
    """What says why it ended."""
    used: list[bytes]
    """What comes behind it and tells the usage."""
    end: list[bytes]
    """The end mark."""
    error: dict[str, Any]
    """That the quota is spent, by the dialect's own reference."""


ANSWER = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
ITEM = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
TEXT = {"type": "output_text", "text": "one two", "annotations": []}
SPENT = "Too many requests, says the provider."
STREAMS = {
    Dialect.OPENAI: Told(
        words=[word("one "), word("two")],
        finish=[word("", "stop")],
        used=[USED],
        end=[DONE],
        error={"error": {"message": SPENT, "type": "requests", "param": None, "code": 429}},
    ),
    Dialect.OPENAI_RESPONSES: Told(
        words=[
            named({"type": "response.created", "response": ANSWER | {"status": "in_progress"}}),
            named({"type": "response.output_item.added", "output_index": 0, "item": ITEM}),
            named({"type": "response.output_text.delta", **AT, "delta": "one "}),
            named({"type": "response.output_text.delta", **AT, "delta": "two"}),
        ],
        finish=[
            named(
                {
                    "type": "response.completed",
                    "response": ANSWER
                    | {
                        "status": "completed",
                        "output": [ITEM | {"status": "completed", "content": [TEXT]}],
                        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
                    },
                }
            )
        ],
        used=[],
        end=[],
        error={"type": "error", "code": "rate_limit_exceeded", "message": SPENT, "param": None},
    ),
    Dialect.ANTHROPIC: Told(
        words=[
            named(
                {
                    "type": "message_start",
                    "message": {
                        "id": "msg_1",
                        "model": "m",
                        "usage": {"input_tokens": 10, "output_tokens": 1},
                    },
                }
            ),
            named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            named(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": "one "},
                }
            ),
            named(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "two"}}
            ),
        ],
        finish=[
            named({"type": "content_block_stop", "index": 0}),
            named(
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "end_turn"},
                    "usage": {"output_tokens": 5},
                }
            ),
        ],
        used=[],
        end=[named({"type": "message_stop"})],
        error={"type": "error", "error": {"type": "rate_limit_error", "message": SPENT}},
    ),
    Dialect.GOOGLE: Told(
        words=[gemini("one "), gemini("two")],
        finish=[
            gemini(
                "",
                finish="STOP",
                usageMetadata={"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
            )
        ],
        used=[],
        end=[],
        error={"error": {"code": 429, "message": SPENT, "status": "RESOURCE_EXHAUSTED"}},
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """A Baton that knows a provider of each dialect, all of them the one that the tests hold."""
    async with raw_provider() as provider:
        environment: dict[str, str] = {}
        for name in ("openai", *(target.name for target in TARGETS.values())):
            environment |= {f"{name.upper()}_API_KEY": KEY, f"{name.upper()}_BASE_URL": provider.url}
        folder = tmp_path_factory.mktemp("ends")
        async with serving(environment, folder, {"retries": 0}, specs()) as baton:
            yield Stage(baton, provider)


@pytest.fixture(params=list(STREAMS), ids=[dialect.value for dialect in STREAMS])
def home(request: pytest.FixtureRequest) -> Dialect:
    """The provider's dialect."""
    return request.param


@pytest.fixture(params=SPEECHES)
def speech(request: pytest.FixtureRequest) -> Speech:
    """The caller's."""
    return SPEECHES[request.param]


async def read(pause: int = TURNS) -> None:
    """Let what was sent be read."""
    for _ in range(pause):
        await asyncio.sleep(0)


def closed(*pieces: bytes) -> Act:
    """Its end is that of the connection."""

    async def act(caller: Caller) -> None:
        await caller.send(head(), *pieces)
        caller.close()

    return act


def ended(*pieces: bytes) -> Act:
    """The body ends as it should."""

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(*pieces))

    return act


def cut(*pieces: bytes) -> Act:
    """The body ends before its own end."""

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(*pieces, end=False))
        caller.close()

    return act


def torn(*pieces: bytes) -> Act:
    """The body ends in the middle of a chunk."""

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(*pieces, end=False), b"fff\r\n: and")
        caller.close()

    return act


def reset(*pieces: bytes) -> Act:
    """The connection is reset."""

    async def act(caller: Caller) -> None:
        await caller.send(head(), *pieces)
        await read()
        caller.tear()

    return act


ENDS = {"closed": closed, "ended": ended, "cut": cut, "torn": torn, "reset": reset}


async def ask(stage: Stage, home: Dialect, speech: Speech, act: Act) -> Reply:
    """A stream asked for by a caller of one dialect from a provider of another."""
    stage.provider.act = act
    model = TARGETS[home].model
    fields = {} if speech.streams_by_path else {"stream": True}
    async with line_to(stage.baton.url) as line:
        path = speech.where(model, stream=True)
        await line.send(post(stage.baton.key, speech.body(model, **fields), path=path))
        return await line.reply()


async def whole(stage: Stage, speech: Speech, reply: Reply) -> None:
    """All was said, it has its end in the caller's dialect, and the row has the provider's own count."""
    assert speech.finished(reply), reply.body
    assert b"one " in reply.body
    assert b"two" in reply.body
    row, _ = await stage.row(reply)
    assert (row.status, row.prompt_tokens, row.completion_tokens) == ("ok", 10, 5)
    assert not row.usage_estimated


@pytest.mark.parametrize("how", ENDS)
async def test_what_had_finished_is_whole(stage: Stage, home: Dialect, speech: Speech, how: str) -> None:
    """With an end mark or without one; it is paid for as the provider counted."""
    told = STREAMS[home]
    for end in (told.end, []):
        reply = await ask(stage, home, speech, ENDS[how](*told.words, *told.finish, *told.used, *end))
        await whole(stage, speech, reply)
        assert b'"error"' not in reply.body.replace(b'"error":null', b"")


BEHIND = {
    "half an event": [b'data: {"cho'],
    "an event that is no JSON": [b"data: {oops}\n\n"],
    "an event that is a list": [b"data: [1]\n\n"],
    "a page": [b"<html>\n\n<body>Gateway\n\n"],
    "a page in an event": [b"data: <html>\n\n"],
    "no UTF-8": [b'data: \xff"}\n\n'],
}


@pytest.mark.parametrize("what", BEHIND)
async def test_what_comes_behind_the_finish_takes_nothing_back(
    stage: Stage, home: Dialect, speech: Speech, what: str
) -> None:
    """Nobody's answer is lost for what a proxy wrote behind it."""
    told = STREAMS[home]
    for end in (closed, cut):
        act = end(*told.words, *told.finish, *told.used, *BEHIND[what])
        reply = await ask(stage, home, speech, act)
        await whole(stage, speech, reply)


@pytest.mark.parametrize("how", ["an event", "named", "bare"])
async def test_an_error_behind_the_finish_takes_nothing_back(
    stage: Stage, home: Dialect, speech: Speech, how: str
) -> None:
    """It may be handed on as the remark that it is; the usage behind it counts."""
    told = STREAMS[home]
    frames = {
        "an event": event(told.error),
        "named": b"event: error\n" + event(told.error),
        "bare": bare(home),
    }
    act = ended(*told.words, *told.finish, frames[how], *told.used, *told.end)
    await whole(stage, speech, await ask(stage, home, speech, act))


async def test_usage_behind_the_finish_is_waited_for(stage: Stage, speech: Speech) -> None:
    """An answer that has finished is not let go before its provider has said what it took."""
    told = STREAMS[Dialect.OPENAI]

    async def act(caller: Caller) -> None:
        await caller.send(head(), *told.words, *told.finish)
        await read()
        await caller.send(*told.used)
        await read()
        caller.tear()

    await whole(stage, speech, await ask(stage, Dialect.OPENAI, speech, act))


@pytest.mark.parametrize("how", ENDS)
async def test_what_had_not_finished_is_an_error(
    stage: Stage, home: Dialect, speech: Speech, how: str
) -> None:
    """The caller has what was said, and then an error of its own dialect; the row says what happened."""
    reply = await ask(stage, home, speech, ENDS[how](*STREAMS[home].words))
    speech.broken(reply)
    assert b"one " in reply.body
    assert b"two" in reply.body
    row, attempts = await stage.row(reply)
    assert (row.status, row.usage_estimated) == ("provider_unreachable", True)
    assert [attempt.status for attempt in attempts] == ["provider_unreachable"]
    assert row.finish is None


def bare(home: Dialect, indent: bool = False) -> bytes:
    """The error of a dialect as plain JSON, on one line or several."""
    return json.dumps(STREAMS[home].error, indent=2 if indent else None).encode() + b"\n\n"


@pytest.mark.parametrize("indent", [False, True], ids=["on a line", "on several"])
@pytest.mark.parametrize("how", ["closed", "ended", "cut", "before the end mark"])
async def test_an_error_that_stands_bare_in_a_stream_is_that_error(
    stage: Stage, home: Dialect, speech: Speech, how: str, indent: bool
) -> None:
    """Some providers write it among the events as it is: its kind and words reach row and caller."""
    told = STREAMS[home]
    said = bare(home, indent)
    act = ENDS.get(how, ended)(*told.words, said, *([] if how in ENDS else told.end))
    reply = await ask(stage, home, speech, act)
    assert speech.broken(reply) == SPENT
    row, _ = await stage.row(reply)
    assert row.status == "rate_limit_exceeded"


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"], ids=["no line", "a line", "a blank line"])
async def test_an_error_that_stands_bare_before_a_word_is_a_plain_error(
    stage: Stage, home: Dialect, speech: Speech, end: bytes
) -> None:
    """With the status that it means, so that another route may be asked unseen."""
    reply = await ask(stage, home, speech, closed(bare(home).strip() + end))
    assert speech.refused(reply, 429) == SPENT
