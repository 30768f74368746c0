"""`POST /api/ai/v2/chat`, streamed."""

import asyncio
import json
from typing import Any

from baton.api.native.chat_stream import Pen
from baton.core.answer import TextDelta
from baton.core.losses import Losses
from baton.upstream.providers.simulated.calls import Outcome
from tests.api.conftest import Web
from tests.api.native.test_chat import FIELDS, PATH, body
from tests.ledger.conftest import eventually


def streamed(**more: Any) -> dict[str, Any]:
    return body(stream=True, **more)


async def test_the_last_event_is_the_whole_answer(web: Web) -> None:
    """What came in pieces adds up to the last event, which has the shape of a whole answer."""
    reply = await web.post(PATH, streamed())
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-cache, no-transform"
    assert reply.headers["x-accel-buffering"] == "no"
    *pieces, last = reply.events
    assert len(pieces) > 5
    assert all(piece["isComplete"] is False for piece in pieces)
    assert set(last) == FIELDS
    assert last["isComplete"] is True
    assert "".join(piece["content"] for piece in pieces) == last["content"]
    assert last["usage"]["completionTokens"] > 0
    assert last["firstTokenMs"] is not None
    assert last["id"] == reply.headers["x-baton-interaction"]


async def test_whole_and_streamed_say_the_same(web: Web) -> None:
    """The same request, whole and streamed, ends in the same answer but for id and timings."""
    whole = (await web.post(PATH, body(maxTokens=40))).json
    last = (await web.post(PATH, streamed(maxTokens=40))).events[-1]
    own = {"id", "responseTimeMs", "upstreamMs", "firstTokenMs", "attempts"}
    assert {name: value for name, value in whole.items() if name not in own} == {
        name: value for name, value in last.items() if name not in own
    }


async def test_tool_calls_come_in_pieces(web: Web) -> None:
    """A call begins with id and name; its arguments' pieces add up to what the last event has."""
    tools = [{"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}]
    *pieces, last = (await web.post(PATH, streamed(model="simulated/tools", tools=tools))).events
    news = [call for piece in pieces for call in piece.get("toolCalls", ())]
    (call,) = last["toolCalls"]
    assert (news[0]["index"], news[0]["id"], news[0]["name"]) == (0, call["id"], "look")
    assert "".join(each.get("arguments", "") for each in news) == call["arguments"]
    assert last["finishReason"] == "tool_calls"


async def test_reasoning_is_told_apart(web: Web) -> None:
    """What the model thought is `reasoning`, and no part of the content."""
    *pieces, last = (await web.post(PATH, streamed(model="simulated/echo;think=5"))).events
    thought = "".join(piece.get("reasoning", "") for piece in pieces)
    assert thought
    assert last["reasoning"] == thought
    assert thought not in last["content"]
    assert last["usage"]["reasoningTokens"] == 5


async def test_a_cut_stream_ends_in_an_error(web: Web) -> None:
    """A provider that breaks off is an error event, never a finished answer; what it used is recorded."""
    headers = web.baton.admin | {"x-baton-max-retries": "0"}
    reply = await web.post(PATH, streamed(model="simulated/lorem;fault=cut;after=4"), headers)
    *pieces, last = reply.events
    assert len(pieces) == 4
    assert set(last) == {"error", "isComplete"}
    assert last["isComplete"] is True
    assert last["error"]["status"] == 502
    assert last["error"]["requestId"] == reply.headers["x-request-id"]
    row = (await web.get(f"/api/interactions/{reply.headers['x-request-id']}")).json
    assert row["status"] == "provider_unreachable"
    assert row["usage"]["completionTokens"] > 0


async def test_a_stream_that_never_begins_is_a_plain_error(web: Web) -> None:
    """Before the first word a failure has its own status, and is a problem document."""
    headers = web.baton.admin | {"x-baton-max-retries": "0"}
    reply = await web.post(PATH, streamed(model="simulated/echo;fault=503"), headers)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")


async def test_a_failed_attempt_leaves_nothing_in_the_answer(web: Web) -> None:
    """A first attempt that failed is in `attempts`, and not in the content."""
    model = "simulated/echo;fault=malformed;after=0;times=1"
    last = (await web.post(PATH, streamed(model=model))).events[-1]
    assert [attempt["status"] for attempt in last["attempts"]] == ["provider_malformed_answer", "ok"]
    assert last["content"].startswith("hi\n")


def test_each_attempt_writes_on_a_clean_page() -> None:
    """What an attempt wrote that was given up is not in the next one's answer."""
    pen = Pen()
    pen(Losses()).write(TextDelta("given up"))
    pen(Losses()).write(TextDelta("kept"))
    assert pen.writer.said.content == "kept"


async def test_a_client_that_leaves_ends_the_call(web: Web) -> None:
    """Closing the stream cancels the provider's call; what was generated by then is recorded."""
    calls = web.baton.app.simulation.calls
    request = web.session.post(
        web.baton.url + PATH,
        headers=web.baton.admin,
        json=streamed(model="simulated/lorem;tps=100;words=5000"),
    )
    async with request as answer:
        first = json.loads((await answer.content.readline()).removeprefix(b"data: "))
        assert first["isComplete"] is False
        answer.close()
    async with asyncio.timeout(5):
        await calls.settled()
        await eventually(lambda: not web.baton.app.ledger.book.open_count)  # what was said is counted first
    assert calls.last[-1].outcome is Outcome.GONE
    (row,) = (await web.get("/api/interactions?status=cancelled")).json["interactions"]
    assert 0 < row["usage"]["completionTokens"] < 5000
