"""Providers that answer a whole request with something else: each a clear error within bounds."""

import gzip
import json
import resource
import zlib
from typing import Any

import pytest

from tests.chaos.conftest import KEY, Stage, refused
from tests.chaos.provider import Caller, answer, closing, completion, head, whole
from tests.chaos.wire import Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEEP = 100_000
MEBI = 1 << 20


async def asked(stage: Stage, *pieces: bytes, **fields: Any) -> Reply:
    """What the caller sees when the provider sends this and closes."""
    stage.provider.act = closing(*pieces)
    return await stage.ask(**fields)


NO_ANSWER = {
    "HTML": b"<!DOCTYPE html><html><body>Just a moment...</body></html>",
    "nothing": b"",
    "white space": b"   \n",
    "a word": b"OK",
    "half a JSON": json.dumps(completion()).encode()[:100],
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "choices that are none": b'{"choices": null}',
    "choices of a wrong kind": b'{"choices": "two"}',
    "no UTF-8": b'{"choices": [{"message": {"content": "\xff\xfe"}}]}',
    "arrays without end": b"[" * DEEP,
    "objects without end in an answer": b'{"choices": [], "x": ' + b'{"a":' * DEEP,
    "a stream": b'data: {"choices": []}\n\ndata: [DONE]\n\n',
    "zeros": bytes(10_000),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("what", NO_ANSWER)
async def test_a_200_that_holds_no_answer_is_a_502(stage: Stage, what: str, stream: bool) -> None:
    """Asked whole or as a stream, the caller is told, and nothing of it is passed off as an answer."""
    reply = await asked(stage, whole(NO_ANSWER[what]), stream=stream)
    refused(reply, 502, "provider_malformed_answer")
    row, attempts = await stage.row(reply)
    assert (row.status, row.http_status, row.provider) == ("provider_malformed_answer", 502, None)
    assert [attempt.status for attempt in attempts] == ["provider_malformed_answer"]


async def test_an_error_inside_a_200_is_an_error(stage: Stage) -> None:
    """Its own code says which; the caller gets the provider's words."""
    told = {"error": {"message": "The model is overloaded.", "code": 503, "type": "overloaded"}}
    reply = await asked(stage, whole(json.dumps(told).encode()))
    assert refused(reply, 503) == "The model is overloaded."


SHAPES: dict[str, Any] = {
    "a text": {"error": "boom boom boom"},
    "null": {"error": None},
    "a number": {"error": 5},
    "a list": {"error": [{"message": "boom"}]},
    "an empty object": {"error": {}},
    "a message of a wrong kind": {
        "error": {"message": {"text": "boom"}, "code": ["x"], "type": 5, "param": {}}
    },
    "a message of a megabyte": {"error": {"message": "x" * MEBI}},
    "everything of a megabyte": {
        "error": {"message": "m", "code": "c" * MEBI, "type": "t" * MEBI, "p": "x" * MEBI}
    },
    "no error at all": {"oops": True},
    "an error in a list": [{"error": {"message": "boom boom boom"}}],
    "an empty list": [],
    "details": {"detail": [{"loc": ["body", 5, None], "msg": "boom boom boom"}]},
    "details of a wrong kind": {"detail": [5]},
    "a code with line ends": {"error": {"message": "boom boom boom", "code": "a\r\nx-evil: 1"}},
}


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("what", SHAPES)
async def test_an_error_of_any_shape_is_one_of_ours(stage: Stage, what: str, status: int) -> None:
    """Whatever a provider calls an error, the caller gets one that its SDK can read, within bounds."""
    reply = await asked(stage, whole(json.dumps(SHAPES[what]).encode(), status))
    assert reply.status in (400, 503)
    error = reply.json["error"]
    assert isinstance(error["message"], str)
    assert error["message"]
    assert len(reply.body) < 20_000
    assert "x-evil" not in reply.headers
    row, _ = await stage.row(reply)
    assert len(row.status) <= 64


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * DEEP, b"\xff", b"{"], ids=repr)
async def test_the_status_counts_where_an_error_cannot_be_read(stage: Stage, body: bytes) -> None:
    """A 401 is a 401, even with a body that is none."""
    refused(await asked(stage, whole(body[:DEEP], 401)), 401)


async def test_a_key_in_a_complaint_is_blotted_out(stage: Stage) -> None:
    """Wherever a provider repeats the key it was given, nobody gets to see it, nor has the ledger it."""
    secret = "sk-proj-abcdefghijklmnop"
    told = {
        "error": {
            "message": f"Incorrect API key provided: {KEY} or {secret}. " + "x" * 1950 + KEY,
            "type": f"bad {KEY}",
            "code": f"no {KEY}",
            "param": KEY,
            "hint": {"you sent": [f"Bearer {KEY}"], KEY: secret},
        }
    }
    for stream in (False, True):
        reply = await asked(
            stage, whole(json.dumps(told).encode(), 401, f"x-ratelimit-key: {KEY}"), stream=stream
        )
        assert refused(reply, 401).startswith("Incorrect API key provided: [key] or [key].")
        assert secret not in reply.body.decode()
        assert KEY[:12] not in reply.body.decode()
        assert KEY not in str(reply.headers)
        row, attempts = await stage.row(reply)
        assert KEY[:12] not in f"{row} {attempts}"
        stage.baton.app.directory["openai"].credentials[0].clear()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Half a gigabyte of spaces, packed a thousandfold."""
    squeeze = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    block = b" " * MEBI
    return b"".join([*(squeeze.compress(block) for _ in range(512)), squeeze.flush()])


def peak_mib() -> float:
    """The most memory this process ever had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("status", [200, 500])
async def test_a_bomb_is_put_out(stage: Stage, bomb: bytes, status: int) -> None:
    """Half a gigabyte in disguise, as an answer or as an error, costs a bounded amount of memory."""
    before = peak_mib()
    reply = await asked(stage, whole(bomb, status, "content-encoding: gzip"))
    refused(reply, 502 if status == 200 else 503)
    assert peak_mib() - before < 200


async def test_an_honest_gzip_is_read(stage: Stage) -> None:
    """A provider that compresses unasked is understood; the caller gets the plain bytes."""
    packed = gzip.compress(json.dumps(completion("plain")).encode())
    reply = await asked(stage, whole(packed, 200, "content-encoding: gzip"))
    assert reply.json["choices"][0]["message"]["content"] == "plain"
    assert "content-encoding" not in reply.headers


ODDLY_PACKED = {
    "brotli": whole(b"\x0b\x02\x80{}\x03", 200, "content-encoding: br"),
    "an encoding nobody knows": whole(b"{}", 200, "content-encoding: x-squeeze"),
    "two of them": whole(b"{}", 200, "content-encoding: gzip, gzip"),
    "gzip that is none": whole(json.dumps(completion()).encode(), 200, "content-encoding: gzip"),
    "half a gzip": whole(
        gzip.compress(json.dumps(completion()).encode())[:40], 200, "content-encoding: gzip"
    ),
}


@pytest.mark.parametrize("what", ODDLY_PACKED)
async def test_an_answer_packed_oddly_is_a_502(stage: Stage, what: str) -> None:
    """What was not offered and cannot be unpacked is not handed on."""
    refused(await asked(stage, ODDLY_PACKED[what]), 502, "provider_malformed_answer")


async def test_what_follows_a_gzip_is_not_kept(stage: Stage) -> None:
    """Endless bytes behind the end of the compressed answer neither fill the memory nor hold the call."""
    packed = gzip.compress(json.dumps(completion("plain")).encode())
    before = peak_mib()
    sent = 0

    async def act(caller: Caller) -> None:
        nonlocal sent
        await caller.send(head("content-encoding: gzip", kind="application/json"), packed)
        while not caller.gone and sent < 300:
            await caller.send(bytes(MEBI))
            sent += 1

    stage.provider.act = act
    reply = await stage.ask()
    assert reply.json["choices"][0]["message"]["content"] == "plain"
    assert sent < 300
    assert peak_mib() - before < 150


async def test_two_gigabytes_announced_are_not_read(stage: Stage) -> None:
    """The announcement is enough."""
    await _flooded(stage, head(f"content-length: {2 << 30}", kind="application/json"), 64)


async def test_two_gigabytes_unannounced_are_cut_off(stage: Stage) -> None:
    """Reading ends at the bound, and so does the connection."""
    await _flooded(stage, head(kind="application/json"), 300)


async def _flooded(stage: Stage, begin: bytes, most_mib: int) -> None:
    sent = 0
    block = b" " * MEBI

    async def act(caller: Caller) -> None:
        nonlocal sent
        await caller.send(begin)
        while not caller.gone and sent < 2048:
            await caller.send(block)
            sent += 1

    before = peak_mib()
    stage.provider.act = act
    refused(await stage.ask(), 502, "provider_malformed_answer")
    assert sent < most_mib
    assert peak_mib() - before < 250


USAGES: dict[str, Any] = {
    "negative": {"prompt_tokens": -5_000_000, "completion_tokens": -1, "total_tokens": -2},
    "huge": {"prompt_tokens": 10**30, "completion_tokens": 10**40, "total_tokens": 10**50},
    "true": {"prompt_tokens": True, "completion_tokens": False, "total_tokens": True},
    "halves": {"prompt_tokens": 1.5, "completion_tokens": 2.5, "total_tokens": 4},
    "texts": {"prompt_tokens": "10", "completion_tokens": "5", "total_tokens": "15"},
    "beyond a float": {"prompt_tokens": 1e300, "completion_tokens": 5, "total_tokens": 5},
    "null": {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    "a list": [1, 2, 3],
    "a text": "much",
    "details of a wrong kind": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": "none"},
    "more cached than there was": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 10**12},
    },
    "negative details": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": -(10**12), "cache_write_tokens": -(10**9)},
    },
}


@pytest.mark.parametrize("what", USAGES)
async def test_usage_that_cannot_be_is_estimated(stage: Stage, what: str) -> None:
    """The paid answer is handed on; tokens and cost in the ledger are neither negative nor beyond belief."""
    reply = await asked(stage, answer("Well, well.", USAGES[what]))
    assert reply.json["choices"][0]["message"]["content"] == "Well, well."
    row, attempts = await stage.row(reply)
    assert row.status == "ok"
    for count in (row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.cache_write_tokens):
        assert 0 <= count <= 10**6
    assert 0 < row.cost_nanos < 10**9
    assert attempts[0].cost_nanos == row.cost_nanos


UNKNOWN: dict[str, Any] = {
    "an unknown finish": {"choices": [{"message": {"content": "x"}, "finish_reason": {"type": "stop"}}]},
    "an unknown content": {
        "choices": [{"message": {"content": [{"type": "hologram"}]}, "finish_reason": "stop"}]
    },
    "a message of a wrong kind": {"choices": [{"message": "x"}]},
    "an id of a wrong kind": {"id": 5, "model": {"name": "x"}, "choices": [{"message": {"content": "x"}}]},
    "calls of a wrong kind": {"choices": [{"message": {"tool_calls": [{"function": "x"}]}}]},
    "a model of a megabyte": {"model": "m" * MEBI, "choices": [{"message": {"content": "x"}}]},
}


@pytest.mark.parametrize("what", UNKNOWN)
async def test_a_paid_answer_with_something_unknown_is_handed_on(stage: Stage, what: str) -> None:
    """One field nobody expected does not cost the caller the answer."""
    body = json.dumps(UNKNOWN[what]).encode()
    reply = await asked(stage, whole(body))
    assert (reply.status, reply.body) == (200, body)
    assert (await stage.row(reply))[0].status == "ok"


async def test_headers_of_a_provider_begin_no_header_of_ours(stage: Stage) -> None:
    """What is repeated of a provider's headers is a few short lines of plain text."""
    odd = [f"x-ratelimit-{at}: {'x' * 3000}" for at in range(30)]
    odd += ["x-ratelimit-odd: a\tb\xe9c", "x-request-id: me", "set-cookie: a=b", "x-baton-provider: evil"]
    reply = await asked(stage, whole(json.dumps(completion()).encode(), 200, *odd))
    assert reply.status == 200
    assert reply.headers["x-request-id"] != "me"
    assert reply.headers["x-baton-provider"] == "openai"
    assert "set-cookie" not in reply.headers
    assert sum(len(name) + len(value) for name, value in reply.headers.items()) < 32_000
