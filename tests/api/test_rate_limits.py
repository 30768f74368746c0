"""Rate limits as callers meet them."""

import asyncio
import json
from typing import Any

import aiohttp
import openai
import pytest

from baton.access.identity.entities import KeyWish, UserWish
from baton.api.spoken import dialect_at
from baton.core.caller import KeyLimits
from baton.core.dialect import Dialect
from tests.api.conftest import Reply, Web
from tests.conftest import MAKER, StartBaton, bearer
from tests.crash.serving import until
from tests.shapes import error_in

CHAT: dict[str, Any] = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hello there"}]}
GOOGLE = {"contents": [{"parts": [{"text": "hi"}]}]}
SPOKEN = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": {"model": "simulated/echo", "input": "hi"},
    "/v1/messages": CHAT | {"max_tokens": 9},
    "/v1beta/models/simulated/echo:generateContent": GOOGLE,
    "/api/ai/v2/chat": CHAT,
    "/v1/embeddings": {"model": "simulated/embedding", "input": "hi"},
}
LOW = {"x-baton-priority": "low"}


async def limited(web: Web, tier: str = "free", limits: KeyLimits | None = None) -> dict[str, str]:
    """Headers of a new user whom the limits of their tier, or their key's own, stop."""
    identities = web.baton.app.store.identities
    owner = await identities.create_user(UserWish(name="somebody", tier=tier), MAKER)
    wish = KeyWish(name="test", user_id=owner.id, tier=tier, limits=limits)
    made = await identities.create_key(wish, MAKER)
    return bearer(made.secret)


@pytest.mark.parametrize("path", SPOKEN)
async def test_a_burst_up_to_the_limit_passes_and_no_more(web: Web, path: str) -> None:
    """Ten a minute for the free tier: each answer says how many are left, the next one when to come back, in
    the shape of its dialect; another user is not concerned."""
    user = await limited(web)
    for left in range(9, -1, -1):
        reply = await web.post(path, SPOKEN[path], user)
        assert reply.status == 200, reply.body
        assert reply.headers["x-ratelimit-limit-requests"] == "10"
        assert reply.headers["x-ratelimit-remaining-requests"] == str(left)
    refused = await web.post(path, SPOKEN[path], user)
    assert refused.status == 429
    assert 50 <= int(refused.headers["retry-after"]) <= 61
    assert "x-should-retry" not in refused.headers
    dialect = dialect_at(path)
    if dialect is Dialect.NATIVE:
        assert refused.json["code"] == "rate_limit_exceeded"
    else:
        error_in(dialect, refused.json)
    assert "10 requests per minute" in refused.body.decode()
    assert (await web.post(path, SPOKEN[path], await limited(web))).status == 200


async def test_an_official_client_understands_a_refusal(web: Web) -> None:
    """As a rate limit, with its code and its wait."""
    user = await limited(web)
    secret = user["Authorization"].removeprefix("Bearer ")
    async with openai.AsyncOpenAI(api_key=secret, base_url=f"{web.baton.url}/v1", max_retries=0) as client:
        for _ in range(10):
            await client.chat.completions.create(**CHAT)
        with pytest.raises(openai.RateLimitError) as told:
            await client.chat.completions.create(**CHAT)
    assert told.value.code == "rate_limit_exceeded"
    assert float(told.value.response.headers["retry-after"]) > 50


async def test_streams_tell_of_limits_with_their_first_bytes(web: Web) -> None:
    """Anthropic's names too, on its route."""
    user = await limited(web)
    body = CHAT | {"max_tokens": 9, "stream": True}
    reply = await web.post("/v1/messages", body, user)
    assert reply.status == 200
    assert reply.headers["anthropic-ratelimit-requests-remaining"] == "9"
    assert reply.headers["x-ratelimit-remaining-requests"] == "9"


async def test_a_request_that_comes_to_nothing_is_one_all_the_same(web: Web) -> None:
    """What no budget pays for and no model serves counts in the limit of requests, not in that of tokens."""
    limits = KeyLimits(requests_per_minute=10, tokens_per_minute=5000)
    mine = await limited(web, "master", limits)
    unknown = CHAT | {"model": "nobody/knows"}
    assert (await web.post("/v1/chat/completions", unknown, mine)).status == 404
    prices = {"pricePer": "1M", "prices": {"input": "10", "output": "10"}}
    row = "/api/admin/ai/models/simulated/echo"
    assert (await web.ask("PATCH", row, web.baton.admin | {"If-Match": "*"}, json=prices)).status == 200
    none = {"scope": "tier", "subject": "master", "period": "day", "limitUsd": "0"}
    assert (await web.ask("PUT", "/api/admin/budgets/none", json=none)).status == 200
    replies = [await web.post("/v1/chat/completions", CHAT, mine) for _ in range(10)]
    assert [each.status for each in replies] == [429] * 10
    codes = [each.json["error"]["code"] for each in replies]
    assert codes == ["budget_exceeded"] * 9 + ["rate_limit_exceeded"]
    assert [int(each.headers["x-ratelimit-remaining-requests"]) for each in replies[:9]] == [
        *range(8, -1, -1)
    ]
    assert left(replies[0]) == 5000


COUNTS: dict[str, Any] = {
    "/v1/messages/count_tokens": CHAT,
    "/v1/responses/input_tokens": {"model": "simulated/echo", "input": "hi"},
    "/v1beta/models/simulated/echo:countTokens": GOOGLE,
}


@pytest.mark.parametrize("path", COUNTS)
async def test_counting_tokens_is_a_request_as_others_are(web: Web, path: str) -> None:
    """In its caller's limit; where the model may be asked for no more, Baton counts by itself."""
    user = await limited(web)
    row = "/api/admin/ai/models/simulated/echo"
    assert (await web.ask("PATCH", row, web.baton.admin | {"If-Match": "*"}, json={"rpm": 1})).status == 200
    replies = [await web.post(path, COUNTS[path], user) for _ in range(11)]
    assert [each.status for each in replies] == [200] * 10 + [429]
    told = [int(each.headers["x-ratelimit-remaining-requests"]) for each in replies[:10]]
    assert told == [*range(9, -1, -1)]
    assert (await web.post("/v1/chat/completions", CHAT)).status == 429


async def test_tokens_are_reserved_by_estimate_and_counted_by_truth(web: Web) -> None:
    """When an answer leaves, what it did not need is free again; a stream's when it has ended."""
    mine = await limited(web, "master", KeyLimits(tokens_per_minute=5000))
    whole = await web.post("/v1/chat/completions", CHAT, mine)
    used = whole.json["usage"]["total_tokens"]
    assert left(whole) == 5000 - used
    body = CHAT | {"stream": True, "stream_options": {"include_usage": True}}
    stream = await web.post("/v1/chat/completions", body, mine)
    assert left(stream) < 5000 - used - 100
    chunks = [json.loads(line[6:]) for line in stream.body.splitlines() if line.startswith(b"data: {")]
    used += chunks[-1]["usage"]["total_tokens"]
    last = await web.post("/v1/chat/completions", CHAT, mine)
    assert left(last) == 5000 - used - last.json["usage"]["total_tokens"]


def left(reply: Reply) -> int:
    return int(reply.headers["x-ratelimit-remaining-tokens"])


async def test_a_prompt_larger_than_its_limit_is_refused_for_good(web: Web) -> None:
    """No wait would help, and a client is told not to try again."""
    mine = await limited(web, "master", KeyLimits(tokens_per_minute=50))
    long = {"model": "simulated/echo", "messages": [{"role": "user", "content": "word " * 500}]}
    refused = await web.post("/v1/chat/completions", long, mine)
    assert (refused.status, refused.headers["x-should-retry"]) == (429, "false")
    assert "retry-after" not in refused.headers


async def test_the_first_admin_is_not_limited(web: Web) -> None:
    """Nor told of limits that there are none of."""
    reply = await web.post("/v1/chat/completions", CHAT)
    assert not [name for name in reply.headers if "ratelimit" in name.lower()]


async def test_a_model_whose_limit_is_spent_is_passed_over(
    start_baton: StartBaton, session: aiohttp.ClientSession
) -> None:
    """Another one answers; where none may, the caller is told when to come back."""
    web = Web(await start_baton(fallback=True), session)
    admin = web.baton.admin
    await web.ask("PUT", "/api/admin/ai/fallback-chains/simulated/echo", json={"fallbacks": ["lorem"]})
    row = "/api/admin/ai/models/simulated/echo"
    assert (await web.ask("PATCH", row, admin | {"If-Match": "*"}, json={"rpm": 1})).status == 200
    models = [(await web.post("/v1/chat/completions", CHAT)).headers["x-baton-model"] for _ in range(3)]
    assert models == ["echo", "lorem", "lorem"]
    alone = await web.post("/v1/chat/completions", CHAT, admin | {"x-baton-fallback": "off"})
    assert alone.status == 429
    assert 50 <= int(alone.headers["retry-after"]) <= 61


async def test_a_providers_limit_holds_for_all_its_models(
    start_baton: StartBaton, session: aiohttp.ClientSession
) -> None:
    """Whoever asks; an attempt that failed counts as well."""
    web = Web(await start_baton({"SIMULATED_RPM": "2"}), session)
    statuses = [
        (await web.post("/v1/chat/completions", CHAT | {"model": model})).status
        for model in ("simulated/echo", "simulated/lorem", "simulated/json")
    ]
    assert statuses == [200, 200, 429]


async def test_low_priority_waits_until_its_client_leaves(web: Web) -> None:
    """In the queue, not refused; nothing is left there when its client has gone, or its time was short."""
    user = await limited(web)
    for _ in range(10):
        await web.post("/v1/chat/completions", CHAT, user)
    queue = web.baton.app.admitting.passages.queue
    waiting = asyncio.create_task(web.post("/v1/chat/completions", CHAT, user | LOW))
    await until(lambda: queue.depth == 1)
    assert "baton_queue_depth 1.0" in (await web.get("/metrics")).body.decode()
    waiting.cancel()
    await asyncio.wait([waiting])
    await until(lambda: queue.depth == 0)
    short = await web.post("/v1/chat/completions", CHAT, user | LOW | {"x-baton-timeout": "5"})
    assert (short.status, queue.depth) == (429, 0)
    assert "baton_queue_waited_total 2.0" in (await web.get("/metrics")).body.decode()


async def test_who_goes_on_is_kept_waiting(web: Web) -> None:
    """Told by another code; an admin sees who it is, and may forgive."""
    user = await limited(web)
    replies = [await web.post("/v1/chat/completions", CHAT, user) for _ in range(22)]
    assert replies[-2].json["error"]["code"] == "rate_limit_exceeded"
    assert replies[-1].json["error"]["code"] == "rate_limit_penalty"
    told = replies[-1].headers
    assert told["x-ratelimit-remaining-requests"] == "0"
    assert told["x-ratelimit-reset-requests"] != "0s"
    (penalty,) = (await web.get("/api/admin/ai/penalties")).json["penalties"]
    assert penalty["scope"] == "key"
    lifted = await web.ask("DELETE", f"/api/admin/ai/penalties/key/{penalty['id']}")
    assert lifted.status == 204
