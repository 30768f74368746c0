"""`POST /api/ai/v2/chat/batch`."""

import asyncio
from typing import Any

import pytest

from baton.api.native import batch_body
from tests.api.conftest import Web
from tests.conftest import bearer
from tests.crash.serving import until

PATH = "/api/ai/v2/chat/batch"


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "simulated/echo", "messages": [{"role": "user", "content": text}], **more}


async def test_each_request_has_its_answer_in_its_place(web: Web) -> None:
    """As by itself: the same shape, an interaction of its own."""
    texts = [f"number {n}" for n in range(12)]
    reply = await web.post(PATH, {"requests": [ask(text) for text in texts]})
    assert (reply.status, reply.json["succeeded"], reply.json["failed"]) == (200, 12, 0), reply.json
    results = reply.json["results"]
    assert [result["index"] for result in results] == list(range(12))
    for text, result in zip(texts, results, strict=True):
        assert text in result["answer"]["content"]
        shown = await web.get(f"/api/interactions/{result['answer']['id']}")
        assert shown.json["route"] == PATH
    assert len({result["answer"]["id"] for result in results}) == 12


async def test_what_is_wrong_with_one_is_not_wrong_with_the_others(web: Web) -> None:
    """207: a body that is none, a model that is none, a stream, a provider that fails, and two good ones."""
    requests = [
        ask("good"),
        {"messages": []},
        ask("?", model="nobody/knows"),
        ask("?", stream=True),
        17,
        ask("as good"),
    ]
    reply = await web.post(PATH, {"requests": requests, "concurrency": 2})
    assert (reply.status, reply.json["succeeded"], reply.json["failed"]) == (207, 2, 4), reply.json
    statuses = [result["status"] for result in reply.json["results"]]
    assert statuses == [200, 400, 404, 400, 400, 200]
    for result in reply.json["results"]:
        assert ("answer" in result) != ("error" in result)
        if "error" in result:
            assert result["error"]["status"] == result["status"]


async def test_what_is_no_batch_is_refused(web: Web) -> None:
    """No JSON, no list, none, too many, a field that is not known, too much at once."""
    for body in (
        {"requests": []},
        {"requests": [ask("?")] * 101},
        {"requests": "?"},
        {"requests": [ask("?")], "concurrency": 0},
        {"requests": [ask("?")], "concurrency": 17},
        {"requests": [ask("?")], "more": 1},
        [],
    ):
        reply = await web.post(PATH, body)
        assert reply.status == 400, body
        assert reply.headers["Content-Type"] == "application/problem+json"


async def test_sent_again_only_what_failed_is_tried(web: Web) -> None:
    """Each request has a key of its own made from the batch's; one without failures is replayed whole."""
    mine = web.baton.admin | {"Idempotency-Key": "b-1"}
    body = {"requests": [ask("one"), ask("?", model="nobody/knows"), ask("three")]}
    first = await web.post(PATH, body, mine)
    again = await web.post(PATH, body, mine)
    assert (first.status, again.status) == (207, 207)
    for was, now in zip(first.json["results"], again.json["results"], strict=True):
        assert now["replayed"] == ("answer" in now)
        assert was.get("answer") == now.get("answer")
    good = {"requests": [ask("one"), ask("two")]}
    once = web.baton.admin | {"Idempotency-Key": "b-2"}
    whole = await web.post(PATH, good, once)
    repeated = await web.post(PATH, good, once)
    assert repeated.headers["idempotent-replayed"] == "true"
    assert repeated.body == whole.body


async def recorded(web: Web, wanted: list[str]) -> None:
    """Return once all interactions have these statuses, the newest first."""
    async with asyncio.timeout(10):
        while True:
            items = (await web.get("/api/interactions")).json["interactions"]
            if [item["status"] for item in items] == wanted:
                return
            await asyncio.sleep(0.02)


async def test_no_more_are_under_way_than_may_be(web: Web) -> None:
    """As many as were asked for begin at once, the next when one of them has ended."""
    slow = ask("?", model="simulated/echo;latency=60000")
    asking = asyncio.create_task(web.post(PATH, {"requests": [slow] * 5, "concurrency": 3}))
    calls = web.baton.app.simulation.calls
    await until(lambda: calls.count() >= 3)
    for _ in range(20):
        await asyncio.sleep(0.005)
        assert calls.count() == 3
    asking.cancel()
    await asyncio.wait([asking])


async def test_who_leaves_ends_what_is_under_way_and_begins_nothing(web: Web) -> None:
    """The two that had answers have them on record, the one under way was cancelled, the rest never began."""
    slow = ask("?", model="simulated/echo;latency=60000")
    requests = [ask("one"), ask("two"), slow, ask("never"), ask("never")]
    asking = asyncio.create_task(web.post(PATH, {"requests": requests, "concurrency": 1}))
    await until(lambda: web.baton.app.simulation.calls.count() == 3)
    asking.cancel()
    await asyncio.wait([asking])
    await recorded(web, ["cancelled", "ok", "ok"])


async def test_limits_are_each_requests_own(web: Web) -> None:
    """Two a minute: two of three are answered, the third is a 429 that says until when, in its place."""
    made = await web.post(
        "/api/admin/keys", {"name": "k", "tier": "free", "limits": {"requestsPerMinute": 2}}
    )
    reply = await web.ask(
        "POST", PATH, bearer(made.json["key"]), json={"requests": [ask("?")] * 3, "concurrency": 1}
    )
    assert (reply.status, [each["status"] for each in reply.json["results"]]) == (207, [200, 200, 429])
    assert reply.json["results"][2]["error"]["code"] == "rate_limit_exceeded"


async def test_a_mistake_of_ours_with_one_costs_no_other(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a 500 in its place, and in the log; the others have their answers."""
    gateway = web.baton.app.gateway
    answer = gateway.answer

    async def mistaken(caller: Any, envelope: Any, arrival: Any) -> Any:
        if envelope.max_tokens == 7:
            raise ZeroDivisionError
        return await answer(caller, envelope, arrival)

    monkeypatch.setattr(type(gateway), "answer", lambda _, *given: mistaken(*given))
    reply = await web.post(PATH, {"requests": [ask("?"), ask("?", maxTokens=7), ask("?")]})
    assert [each["status"] for each in reply.json["results"]] == [200, 500, 200]
    assert "ZeroDivisionError" not in reply.body.decode()


async def test_the_description_says_what_is_held(web: Web) -> None:
    """The bounds of the description are those of the route."""
    schema = (await web.get("/openapi.json")).json["components"]["schemas"]["Batch"]["properties"]
    assert schema["requests"]["maxItems"] == batch_body.MOST_REQUESTS
    assert schema["concurrency"]["maximum"] == batch_body.MOST_AT_ONCE
