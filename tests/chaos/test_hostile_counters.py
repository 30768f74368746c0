"""Counters of providers that cannot count: the caller gets an estimate that says so, or an error, in time."""

import json

import pytest

from tests.chaos.conftest import Stage
from tests.chaos.homes import house
from tests.chaos.provider import answering, whole
from tests.chaos.wire import line_to, post

__all__ = ("house",)

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_COUNTS = {
    "below zero": b'{"input_tokens": -5}',
    "beyond belief": b'{"input_tokens": 9223372036854775807}',
    "of ten thousand digits": b'{"input_tokens": ' + b"9" * 10_000 + b"}",
    "half a token": b'{"input_tokens": 5.5}',
    "a word": b'{"input_tokens": "5"}',
    "none": b"{}",
    "without a ground": b"[" * 100_000,
    "HTML": b"<html>",
}


@pytest.mark.parametrize("what", NO_COUNTS)
async def test_what_is_no_count_leaves_an_estimate(stage: Stage, what: str) -> None:
    """It is never handed on as a count."""
    stage.provider.act = answering(whole(NO_COUNTS[what]))
    body = {"model": "anthropic/some-model", "messages": [{"role": "user", "content": "Hello there"}]}
    async with line_to(stage.baton.url) as line:
        path = "/v1/messages/count_tokens"
        await line.send(post(stage.baton.key, json.dumps(body).encode(), path=path))
        reply = await line.reply()
    assert len(stage.provider.calls) == 1
    assert (reply.status, reply.headers["x-baton-estimated"]) == (200, "true")
    assert 0 < reply.json["input_tokens"] < 100
