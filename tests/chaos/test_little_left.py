"""A provider that says it has little left is spared before it refuses."""

import json

import pytest

from tests.chaos.conftest import Stage
from tests.chaos.provider import answering, completion, whole
from tests.chaos.wire import Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

LITTLE = (
    "x-ratelimit-limit-requests: 100",
    "x-ratelimit-remaining-requests: 4",
    "x-ratelimit-reset-requests: 30s",
)


async def test_what_is_not_urgent_goes_elsewhere_until_the_limit_resets(stage: Stage) -> None:
    """Critical requests, and those that name the model, are served by it all the same."""
    body = json.dumps(completion()).encode()
    stage.provider.act = answering(whole(body, 200, *LITTLE))
    first = await auto(stage)
    stage.provider.act = answering(whole(body))
    assert (await auto(stage)).headers["x-baton-model"] != first.headers["x-baton-model"]
    urgent = await auto(stage, "x-baton-priority: critical")
    assert urgent.headers["x-baton-model"] == first.headers["x-baton-model"]


async def auto(stage: Stage, *headers: str) -> Reply:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    reply = await stage.say(json.dumps(body).encode(), *headers)
    assert reply.status == 200, reply.body
    return reply
