"""What surrounds every route: ids, wrong methods, wrong bodies, mistakes of our own."""

import json

import pytest
from fastapi import FastAPI

from baton.api.closing import Closing
from baton.api.front import Front
from baton.api.others import Border
from tests.api.conftest import Web

CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("path", ["/v1/models", "/api/interactions", "/livez", "/nowhere", "/v1/nowhere"])
@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_has_an_id_of_its_own(shared: Web, path: str) -> None:
    """Good or bad, each answer carries another `x-request-id`; an error says it in its body too."""
    first, second = await shared.get(path), await shared.get(path)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    if first.status >= 400:
        body = first.json
        assert (body.get("requestId") or body["request_id"]) == first.headers["x-request-id"]


async def test_one_id_per_answer(web: Web) -> None:
    """A chat's id is that of its interaction, and stands there once."""
    for stream in (False, True):
        reply = await web.post("/api/ai/v2/chat", {**CHAT, "stream": stream})
        assert [value for name, value in reply.headers.items() if name.lower() == "x-request-id"] == [
            reply.headers["x-baton-interaction"]
        ]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("GET", "/api/ai/v2/chat", "POST"),
        ("POST", "/v1/models", "GET"),
        ("POST", "/api/admin/ai/models/simulated/echo", "DELETE, GET, PATCH, PUT"),
        ("DELETE", "/api/admin/keys", "GET, POST"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_method_is_told_the_right_ones(
    shared: Web, method: str, path: str, allowed: str
) -> None:
    """405 with every method that the path has, also where several routes share it."""
    reply = await shared.ask(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/completions", "legacy"),
        ("/v1/realtime", "realtime"),
        ("/v1/realtime/sessions", "realtime"),
        ("/v1/rerank", "Reranking"),
        ("/v1/images/edits", "/v1/images/generations"),
        ("/v1/audio/speech", "/v1/audio/transcriptions"),
        ("/mcp", "Model Context Protocol"),
        ("/chat/completions", "with /v1"),
        ("/v1/v1/messages", "a /v1 too many"),
        ("/v1/cachedContents", "explicit caches"),
        ("/v1/models/auto:embedContent", "/v1/embeddings"),
        ("/", "/docs"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_known_absence_says_so(shared: Web, path: str, says: str) -> None:
    """Who asks for a route that is planned or left out learns that, not only that it is not there."""
    reply = await shared.post(path, {"model": "x"})
    assert reply.status == 404
    assert says in reply.body.decode()


async def test_errors_have_the_shape_of_the_place(web: Web) -> None:
    """A dialect's own below `/v1`, a problem document elsewhere."""
    compat = await web.get("/v1/nowhere")
    assert set(compat.json["error"]) == {"message", "type", "param", "code"}
    assert compat.headers["content-type"] == "application/json"
    own = await web.get("/api/nowhere")
    assert own.headers["content-type"] == "application/problem+json"
    assert set(own.json) == {"type", "title", "status", "detail", "code", "requestId"}
    assert (own.json["status"], own.json["title"]) == (404, "Not Found")


async def test_all_wrong_fields_are_told_at_once(web: Web) -> None:
    """Each field that is wrong has its own line, in the body and in the query."""
    body = await web.post("/api/admin/keys", {"nam": "x", "tier": 4})
    assert body.status == 400
    assert {each["field"] for each in body.json["errors"]} == {"nam", "name", "tier"}
    query = await web.get("/api/interactions?limit=0&since=yesterday")
    assert {each["field"] for each in query.json["errors"]} == {"limit", "since"}
    chat = await web.post(
        "/api/ai/v2/chat",
        {"messages": [{"role": "usr", "content": "hi"}, {"role": "user"}], "maxTokens": 0, "topP": 2},
    )
    assert chat.status == 400
    fields = {each["field"] for each in chat.json["errors"]}
    assert fields == {"messages[0].role", "messages[1]", "maxTokens", "topP"}


@pytest.mark.parametrize("path", ["/api/ai/v2/chat", "/api/admin/keys"])
async def test_a_body_that_is_no_json(web: Web, path: str) -> None:
    """415 where it does not say it is JSON, 400 where it says so and is not."""
    told = {"Content-Type": "text/plain"}
    assert (await web.ask("POST", path, web.baton.admin | told, data=b"{}")).status == 415
    said = {"Content-Type": "application/json; charset=utf-8"}
    reply = await web.ask("POST", path, web.baton.admin | said, data=b'{"name": ')
    assert (reply.status, reply.json["code"]) == (400, "invalid_json")


async def test_a_body_over_the_limit(start_baton, session) -> None:
    """413, announced or not, and the connection's owner gets to read it."""
    web = Web(await start_baton(max_body_mib=0.01), session)

    async def drip():
        for _ in range(20):
            yield b" " * 1024

    for path in ("/api/admin/keys", "/api/ai/v2/chat"):
        for data in (b" " * 20 * 1024, drip()):
            said = web.baton.admin | {"Content-Type": "application/json"}
            reply = await web.ask("POST", path, said, data=data)
            assert (reply.status, reply.json["code"]) == (413, "request_too_large")


async def test_our_own_mistake_is_a_clean_500(serve, session, caplog) -> None:
    """No stack trace leaves the house; the log has it, under the id that the answer has."""

    async def breaks() -> None:
        raise RuntimeError("secret detail")

    framework = FastAPI(openapi_url=None)
    framework.add_api_route("/breaks", breaks)
    border = Border(framework, 1024)
    url = await serve(Front({}, border, lambda: "the-id", Closing()))
    async with session.get(f"{url}/breaks") as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["x-request-id"]) == (500, "the-id")
    assert "secret" not in text
    assert "Traceback" not in text
    assert json.loads(text)["code"] == "internal_error"
    # and the connection still serves
    async with session.get(f"{url}/nowhere") as answer:
        assert answer.status == 404
