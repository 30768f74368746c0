"""Errors that arise outside the chat routes are told in the dialect of the place."""

import aiohttp
import pytest
from fastapi import FastAPI

from baton.api.closing import Closing
from baton.api.front import Front
from baton.api.others import Border
from baton.api.spoken import dialect_at
from baton.core.dialect import Dialect
from tests.api.conftest import Web
from tests.chaos.wire import line_to, post
from tests.shapes import PATHS, SPOKEN, error_in

AT = {
    "/v1/messages": Dialect.ANTHROPIC,
    "/v1/messages/count_tokens": Dialect.ANTHROPIC,
    "/v1/messagesx": Dialect.OPENAI,
    "/v1/responses": Dialect.OPENAI_RESPONSES,
    "/v1/responses/resp_1": Dialect.OPENAI_RESPONSES,
    "/v1beta/models": Dialect.GOOGLE,
    "/v1beta": Dialect.GOOGLE,
    "/v1/chat/completions": Dialect.OPENAI,
    "/v1/nowhere": Dialect.OPENAI,
    "/v1": Dialect.OPENAI,
    "/chat/completions": Dialect.OPENAI,
    "/models": Dialect.OPENAI,
    "/v1/v1beta/models/x:generateContent": Dialect.GOOGLE,
    "/api/ai/v2/chat": Dialect.NATIVE,
    "/v2/rerank": Dialect.NATIVE,
    "/": Dialect.NATIVE,
}


@pytest.mark.parametrize("path", AT)
def test_a_path_has_a_dialect(path: str) -> None:
    """By whole steps of the path, the most particular first; what is nobody's is Baton's own."""
    assert dialect_at(path) is AT[path]


def test_the_list_of_models_is_told_apart_by_its_header() -> None:
    """Three dialects have it at the same path, and other things too; two always say who they are."""
    version = [(b"anthropic-version", b"2023-06-01")]
    assert dialect_at("/v1/models", version) is Dialect.ANTHROPIC
    assert dialect_at("/v1/models/x", version) is Dialect.ANTHROPIC
    assert dialect_at("/v1/models") is Dialect.OPENAI
    assert dialect_at("/v1/v1/messages", version) is Dialect.ANTHROPIC
    assert dialect_at("/v1/files", version) is Dialect.ANTHROPIC
    assert dialect_at("/v1/cachedContents", [(b"x-goog-api-key", b"x")]) is Dialect.GOOGLE
    assert dialect_at("/v1/chat/completions", version) is Dialect.OPENAI
    for sign in (b"x-goog-api-key", b"x-goog-api-client"):
        assert dialect_at("/v1/models", [(sign, b"x")]) is Dialect.GOOGLE
    assert dialect_at("/v1/models/x/y:generateContent") is Dialect.GOOGLE


@pytest.mark.parametrize("dialect", SPOKEN)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_route_and_a_wrong_method_are_told_in_it(shared: Web, dialect: Dialect) -> None:
    """404 and 405 of the framework, under the id that the answer's header has."""
    for method, path, status in (
        ("GET", PATHS[dialect], 405),
        ("POST", "/".join([*PATHS[dialect].split("/")[:3], "nowhere/at/all"]), 404),
    ):
        reply = await shared.ask(method, path)
        assert reply.status == status, (path, reply.body)
        assert reply.headers["content-type"] == "application/json"
        error_in(dialect, reply.json)


@pytest.mark.parametrize("dialect", SPOKEN)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_key_is_told_in_it(shared: Web, dialect: Dialect) -> None:
    """401 before the body is looked at."""
    reply = await shared.ask("POST", PATHS[dialect], {"x-api-key": "bk-wrong"}, data=b"oops")
    assert reply.status == 401
    error_in(dialect, reply.json)


@pytest.mark.parametrize("dialect", SPOKEN)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_server_refuses_by_itself_is_told_in_it(shared: Web, dialect: Dialect) -> None:
    """400 and 431, before there is a request at all."""
    head = post("bk-any", b"", path=PATHS[dialect])
    for sent, status in (
        (head[:-2] + b"no colon here\r\n\r\n", 400),
        (head[:-2] + b"x-long: " + b"x" * 100_000 + b"\r\n\r\n", 431),
    ):
        async with line_to(shared.baton.url) as line:
            await line.send(sent)
            reply = await line.reply()
        assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
        error_in(dialect, reply.json)


@pytest.mark.parametrize("dialect", SPOKEN)
@pytest.mark.parametrize("hot", [True, False])
async def test_our_own_mistake_is_told_in_it(serve, session: aiohttp.ClientSession, dialect, hot) -> None:
    """A clean 500, whether a hot route breaks or the framework does; nothing of why."""

    async def breaks(*_: object) -> None:
        raise RuntimeError("secret detail")

    framework = FastAPI(openapi_url=None)
    framework.add_api_route(PATHS[dialect], lambda: 1 / 0, methods=["POST"])
    routes = {PATHS[dialect]: breaks} if hot else {}
    url = await serve(Front(routes, Border(framework, 1024), lambda: "the-id", Closing()))
    async with session.post(url + PATHS[dialect]) as answer:
        assert (answer.status, answer.headers["x-request-id"]) == (500, "the-id")
        error_in(dialect, await answer.json())
        text = await answer.text()
    for told in ("secret", "division", "Traceback", ".py"):
        assert told not in text


async def test_own_routes_have_problem_documents(web: Web) -> None:
    """Also where the server refuses by itself."""
    async with line_to(web.baton.url) as line:
        await line.send(post("bk-any", b"", "no colon here", path="/api/ai/v2/chat"))
        reply = await line.reply()
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json["code"] == "invalid_http"
    assert reply.json["requestId"] == reply.headers["x-request-id"]
