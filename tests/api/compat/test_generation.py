"""`generateContent` and its kin, over HTTP."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Reply, Web

HELLO = {"contents": [{"parts": [{"text": "hello there"}]}]}
MODEL = "simulated/echo"
ROOTS = ("/v1beta/models/", "/v1/models/")


def text_of(chunks: list[dict[str, Any]]) -> str:
    candidates = [candidate for chunk in chunks for candidate in chunk.get("candidates", [])]
    return "".join(part["text"] for candidate in candidates for part in candidate["content"]["parts"])


async def ask(web: Web, verb: str, body: Any = None, root: str = ROOTS[0], **headers: str) -> Reply:
    return await web.post(f"{root}{MODEL}:{verb}", body or HELLO, web.baton.admin | headers)


@pytest.mark.parametrize("root", ROOTS)
async def test_it_is_answered_whole_as_events_and_as_an_array(web: Web, root: str) -> None:
    """The same words in three forms, below either version, by a model whose name holds a slash."""
    whole = await ask(web, "generateContent", root=root)
    assert (whole.status, whole.headers["content-type"]) == (200, "application/json")
    said = text_of([whole.json])
    assert said.startswith("hello there")
    events = await ask(web, "streamGenerateContent?alt=sse", root=root)
    assert events.headers["content-type"].startswith("text/event-stream")
    assert text_of(events.events) == said
    array = await ask(web, "streamGenerateContent", root=root)
    assert array.headers["content-type"] == "application/json"
    assert text_of(array.json) == said
    for last in (whole.json, events.events[-1], array.json[-1]):
        assert last["candidates"][0]["finishReason"] == "STOP"
        assert last["usageMetadata"]["totalTokenCount"] > 3
        assert (last["modelVersion"], bool(last["responseId"])) == ("echo", True)


async def test_the_receipt_rides_on_the_last_chunk_for_those_who_speak_to_baton(web: Web) -> None:
    """In both forms of a stream; others see nothing of it."""
    for verb in ("streamGenerateContent?alt=sse", "streamGenerateContent"):
        told = await ask(web, verb, **{"x-baton-tags": "a=b"})
        chunks = told.events if "sse" in verb else told.json
        assert chunks[-1]["baton"]["costUsd"] == "0"
        assert all("baton" not in chunk for chunk in chunks[:-1])
        plain = await ask(web, verb)
        assert "baton" not in (plain.events if "sse" in verb else plain.json)[-1]


async def test_calls_and_thoughts_come_with_ids_and_signatures_that_are_taken_back(web: Web) -> None:
    """A loop over two turns, as the answer itself is given back."""
    tools = [{"functionDeclarations": [{"name": "look", "parameters": {"type": "OBJECT", "properties": {}}}]}]
    config = {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"}}
    forced = {"functionCallingConfig": {"mode": "ANY"}}
    first = await ask(
        web,
        "generateContent",
        {**HELLO, "tools": tools, "toolConfig": forced, "generationConfig": config},
    )
    content = first.json["candidates"][0]["content"]
    (call,) = [part for part in content["parts"] if "functionCall" in part]
    assert call["functionCall"]["id"]
    assert call["thoughtSignature"]
    assert content["parts"][0]["thought"] is True
    response = {**call["functionCall"], "response": {"output": "a cat"}}
    response.pop("args")
    turns = [*HELLO["contents"], content, {"role": "user", "parts": [{"functionResponse": response}]}]
    second = await ask(web, "generateContent", {"contents": turns, "tools": tools})
    assert second.status == 200, second.body
    assert "a cat" in text_of([second.json])


async def test_a_key_in_the_query_opens_and_is_kept_nowhere(web: Web) -> None:
    """Neither in the ledger's route nor in any answer."""
    for root in ROOTS:
        reply = await web.post(f"{root}{MODEL}:generateContent?key={quote(web.baton.key)}", HELLO, {})
        assert reply.status == 200
        wrong = await web.post(f"{root}{MODEL}:generateContent?key=bk-wrong", HELLO, {})
        assert (wrong.status, wrong.json["error"]["status"]) == (401, "UNAUTHENTICATED")
        assert b"bk-wrong" not in wrong.body
    rows = await web.get("/api/interactions")
    assert web.baton.key.encode() not in rows.body
    assert f"{ROOTS[0]}{MODEL}:generateContent" in rows.body.decode()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not valid JSON"),
        (b"[]", 400, ""),
        (b"{}", 400, "contents is not specified"),
        (b'{"contents": [{"role": "robot", "parts": []}]}', 400, "valid role"),
        (b'{"contents": [{"parts": [{"text": "\xff"}]}]}', 400, "UTF-8"),
        (b'{"contents": ' + b"[" * 100_000, 400, ""),
        (b'{"contents": [{"parts": [{"text": "x"}]}], "baton": 5}', 400, "baton"),
    ],
)
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent", "countTokens"])
@pytest.mark.asyncio(loop_scope="module")
async def test_bad_input_is_told_in_googles_shape(
    shared: Web, body: bytes, status: int, words: str, verb: str
) -> None:
    """Whatever the verb: as an error of its own, before anything is streamed."""
    reply = await shared.ask("POST", f"{ROOTS[0]}{MODEL}:{verb}", data=body)
    assert reply.status == status, reply.body
    error = json.loads(reply.body)["error"]
    assert (error["code"], error["status"]) == (status, "INVALID_ARGUMENT")
    assert words in error["message"]


async def test_an_unknown_model_is_told(web: Web) -> None:
    """404, by either way to name it."""
    for name in ("simulated/nobody", "nobody"):
        reply = await web.post(f"{ROOTS[0]}{name}:generateContent", HELLO)
        assert (reply.status, reply.json["error"]["status"]) == (404, "NOT_FOUND"), reply.body


async def test_tokens_are_counted_free_and_in_no_ledger(web: Web) -> None:
    """As many as are billed afterwards; a whole request inside the question counts with all it holds."""
    before = len((await web.get("/api/interactions?limit=100")).json["interactions"])
    plain = await ask(web, "countTokens")
    inside = {**HELLO, "systemInstruction": {"parts": [{"text": "be brief, but not too brief"}]}}
    more = await ask(web, "countTokens", {"generateContentRequest": inside})
    assert 0 < plain.json["totalTokens"] < more.json["totalTokens"]
    after = len((await web.get("/api/interactions?limit=100")).json["interactions"])
    assert after == before
