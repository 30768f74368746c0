"""`Idempotency-Key`: sent again, done once."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from anthropic import AsyncAnthropic
from google import genai
from google.genai.types import HttpOptions
from openai import AsyncOpenAI

from baton.access.idempotency.claims import Bounds
from tests.api.conftest import Reply, Web
from tests.conftest import StartBaton, bearer
from tests.databases import Place
from tests.postgres import Postgres

MESSAGES = [{"role": "user", "content": "Say it once."}]
OPENAI = {"model": "simulated/echo", "messages": MESSAGES}
DIALECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("/v1/chat/completions", OPENAI),
    "responses": ("/v1/responses", {"model": "simulated/echo", "input": "Say it once."}),
    "anthropic": ("/v1/messages", {**OPENAI, "max_tokens": 50}),
    "google": (
        "/v1beta/models/simulated/echo:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Say it once."}]}]},
    ),
    "native": ("/api/ai/v2/chat", OPENAI),
    "embeddings": ("/v1/embeddings", {"model": "simulated/embedding", "input": "Once."}),
}


async def rows(web: Web) -> int:
    """How many interactions the ledger has."""
    await web.baton.app.ledger.flush()
    async with web.baton.app.store.database.read() as connection:
        return (await connection.exec_driver_sql("SELECT count(*) FROM interactions")).scalar_one()


CASES = [
    (dialect, stream)
    for dialect in DIALECTS
    for stream in ([False] if dialect == "embeddings" else [False, True])
] + [("google", "array")]


@pytest.mark.parametrize(("dialect", "stream"), CASES)
async def test_the_same_again_is_answered_as_before(web: Web, dialect: str, stream: bool | str) -> None:
    """Status, body and headers, and that it is a repetition; the ledger has it once, and so has the bill."""
    path, body = DIALECTS[dialect]
    if stream and dialect == "google":
        verb = "streamGenerateContent" if stream == "array" else "streamGenerateContent?alt=sse"
        path = path.replace("generateContent", verb)
    elif stream:
        body = {**body, "stream": True}
    mine = web.baton.admin | {"Idempotency-Key": "k-1"}
    first = await web.post(path, body, mine)
    assert first.status == 200, first.body
    assert "idempotent-replayed" not in first.headers
    again = await web.post(path, body, mine)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert {**again.headers, "idempotent-replayed": None} == {**first.headers, "idempotent-replayed": None}
    assert await rows(web) == 1
    other = await web.post(path, body, web.baton.admin | {"Idempotency-Key": "k-2"})
    assert other.headers["x-baton-interaction"] != first.headers["x-baton-interaction"]
    assert await rows(web) == 2


def keyed(web: Web, key: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    return {**(headers or web.baton.admin), "Idempotency-Key": key}


SLOW = {"model": "simulated/echo;latency=60000", "messages": MESSAGES}


async def under_way(web: Web, count: int = 1) -> None:
    """Return once so many claims are there."""
    async with asyncio.timeout(10):
        while True:
            async with web.baton.app.store.database.read() as connection:
                found = await connection.exec_driver_sql("SELECT count(*) FROM idempotency_claims")
                if found.scalar_one() == count:
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/ai/v2/chat"])
async def test_what_is_under_way_is_a_409_that_says_when(web: Web, path: str) -> None:
    """In the route's dialect, with the wait, and without telling SDKs not to try again; then, as its client
    leaves, it is free for the next."""
    body = {**SLOW, "max_tokens": 5} if path == "/v1/messages" else SLOW
    first = asyncio.create_task(web.post(path, body, keyed(web, "k")))
    await under_way(web)
    reply = await web.post(path, body, keyed(web, "k"))
    assert (reply.status, reply.headers["retry-after"]) == (409, "1"), reply.body
    assert "x-should-retry" not in reply.headers
    assert b"under way" in reply.body
    first.cancel()
    await asyncio.wait([first])
    await under_way(web, 0)


async def test_another_body_is_a_409_that_sdks_do_not_repeat(web: Web) -> None:
    """Another path, query or body under the same key; another user's key is their own."""
    path, body = DIALECTS["openai"]
    await web.post(path, body, keyed(web, "k"))
    for where, what in ((path, {**body, "seed": 1}), (f"{path}?a=b", body), ("/api/ai/v2/chat", body)):
        reply = await web.post(where, what, keyed(web, "k"))
        assert (reply.status, reply.headers["x-should-retry"]) == (409, "false"), where
        assert b"idempotency_key_reused" in reply.body
    other = await web.post(path, {**body, "seed": 1}, keyed(web, "k", await web.baton.user()))
    assert other.status == 200
    assert "idempotent-replayed" not in other.headers


@pytest.mark.parametrize(
    ("model", "status"),
    [("nobody/knows", 404), ("simulated/echo;fault=500", 503), ("simulated/echo;fault=cut;after=3", 200)],
)
async def test_what_failed_is_tried_again(web: Web, model: str, status: int) -> None:
    """A refusal, a provider's failure, a stream that broke: each time anew, and each has its own row."""
    body = {"model": model, "messages": MESSAGES, "stream": status == 200}
    ids: set[str] = set()
    for _ in range(2):
        reply = await web.post("/v1/chat/completions", body, keyed(web, "k") | {"x-baton-stream": "off"})
        assert reply.status == status, reply.body
        assert "idempotent-replayed" not in reply.headers
        ids.add(reply.headers["x-request-id"])
    assert len(ids) == 2
    await under_way(web, 0)


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, '"', 'a"b'])
async def test_what_is_no_key_is_refused(web: Web, key: str) -> None:
    """400 in the route's dialect; nothing was asked."""
    reply = await web.post("/v1/chat/completions", OPENAI, web.baton.admin | {"Idempotency-Key": key})
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalid_idempotency_key")


async def test_a_key_in_quotes_is_the_same(web: Web) -> None:
    """As the draft of the standard writes it, and as everybody does."""
    first = await web.post("/v1/chat/completions", OPENAI, keyed(web, "x" * 255))
    again = await web.post("/v1/chat/completions", OPENAI, keyed(web, f'"{"x" * 255}"'))
    assert (again.headers["idempotent-replayed"], again.body) == ("true", first.body)


async def test_a_form_is_the_same_with_another_border(web: Web) -> None:
    """Clients draw a new one for each attempt."""

    def form(border: str, said: str) -> tuple[bytes, dict[str, str]]:
        parts = [("model", "simulated/transcription", ""), ("file", said, '; filename="a.wav"')]
        body = "".join(
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
            for name, value, more in parts
        )
        return f"{body}--{border}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={border}"}

    replies: list[Reply] = []
    for border, said in (("one-border", "la"), ("another", "la"), ("another", "li")):
        data, kind = form(border, said)
        replies.append(await web.ask("POST", "/v1/audio/transcriptions", keyed(web, "k") | kind, data=data))
    assert [reply.status for reply in replies] == [200, 200, 409], [reply.body for reply in replies]
    assert replies[0].body == replies[1].body


async def test_a_repetition_is_a_request_for_the_limits(web: Web) -> None:
    """Three a minute: the third repetition is refused as the fourth request would be."""
    made = await web.post(
        "/api/admin/keys", {"name": "k", "tier": "free", "limits": {"requestsPerMinute": 3}}
    )
    key = bearer(made.json["key"])
    path, body = DIALECTS["openai"]
    replies = [await web.post(path, body, keyed(web, "k", key)) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429], replies[0].body
    left = [reply.headers["x-ratelimit-remaining-requests"] for reply in replies]
    assert left == ["2", "1", "0", "0"]


async def test_without_its_database_a_key_is_refused(start_baton: StartBaton, place: Place) -> None:
    """503 with a wait for who sends one, an answer for who does not; and back to work when it is back."""
    baton = await start_baton({"DATABASE_URL": place.settings.url})
    async with aiohttp.ClientSession() as session:
        web = Web(baton, session)
        with place.away():
            refused = await web.post("/v1/chat/completions", OPENAI, keyed(web, "k"))
            served = await web.post("/v1/chat/completions", OPENAI)
        assert (refused.status, served.status) == (503, 200)
        assert "retry-after" in refused.headers
        again = await web.post("/v1/chat/completions", OPENAI, keyed(web, "k"))
        assert (again.status, again.headers.get("idempotent-replayed")) == (200, None)


async def test_an_answer_too_big_to_keep_says_so(web: Web) -> None:
    """A whole one in a header; asked for again it is a conflict that names the interaction."""
    web.baton.app.claims.bounds = Bounds(answer_bytes=100)
    for number, stream in enumerate((False, True)):
        body = {**OPENAI, "stream": stream}
        first = await web.post("/v1/chat/completions", body, keyed(web, f"k{number}"))
        assert first.status == 200
        assert first.headers.get("x-baton-idempotency") == (None if stream else "not-kept")
        again = await web.post("/v1/chat/completions", body, keyed(web, f"k{number}"))
        assert (again.status, again.headers["x-should-retry"]) == (409, "false")
        assert first.headers["x-baton-interaction"].encode() in again.body


async def test_two_processes_and_an_official_sdk(
    start_baton: StartBaton, postgres: Postgres, tmp_path: Path
) -> None:
    """Twenty at once at two processes, half of them streamed under another key: each of the two is carried
    out once; who comes second waits as the SDK does, and has the same answer."""
    environment = {"DATABASE_URL": postgres.new_database()}
    one = await start_baton(environment, data_dir=tmp_path)
    two = await start_baton(environment, data_dir=tmp_path)
    messages: Any = MESSAGES
    async with AsyncExitStack() as stack:
        sdks = [
            await stack.enter_async_context(
                AsyncOpenAI(base_url=f"{baton.url}/v1", api_key=one.key, max_retries=5)
            )
            for baton in (one, two)
        ]

        async def whole(number: int) -> str:
            said = await sdks[number % 2].chat.completions.create(
                model="simulated/echo;latency=300", messages=messages, extra_headers={"Idempotency-Key": "w"}
            )
            return said.model_dump_json()

        async def streamed(number: int) -> str:
            stream = await sdks[number % 2].chat.completions.create(
                model="simulated/echo;latency=300",
                messages=messages,
                stream=True,
                extra_headers={"Idempotency-Key": "s"},
            )
            return "".join([chunk.model_dump_json() async for chunk in stream])

        wholes = await asyncio.gather(*(whole(number) for number in range(10)))
        streams = await asyncio.gather(*(streamed(number) for number in range(10)))
    assert (len(set(wholes)), len(set(streams))) == (1, 1)
    for baton in (one, two):
        await baton.app.ledger.flush()
    async with one.app.store.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM interactions")).scalar_one() == 2


async def test_the_other_official_sdks_read_a_repetition(web: Web) -> None:
    """Anthropic's and Google's, whole and streamed: the same objects as the first time."""
    key = web.baton.key

    async def anthropic(stream: bool) -> list[str]:
        headers = {"Idempotency-Key": f"a{stream}"}
        async with AsyncAnthropic(base_url=web.baton.url, api_key=key, default_headers=headers) as sdk:
            messages: Any = MESSAGES
            if not stream:
                said = await sdk.messages.create(model="simulated/echo", max_tokens=50, messages=messages)
                return [said.model_dump_json()]
            events = await sdk.messages.create(
                model="simulated/echo", max_tokens=50, messages=messages, stream=True
            )
            return [event.model_dump_json() async for event in events]

    async def google(stream: bool) -> list[str]:
        headers = {"Idempotency-Key": f"g{stream}"}
        options = HttpOptions(base_url=web.baton.url, headers=headers, aiohttp_client=web.session)
        async with genai.Client(api_key=key, http_options=options).aio as sdk:
            if not stream:
                said = await sdk.models.generate_content(model="simulated/echo", contents="Once.")
                return [said.text or ""]
            pieces = await sdk.models.generate_content_stream(model="simulated/echo", contents="Once.")
            return [piece.text or "" async for piece in pieces]

    for ask in (anthropic, google):
        for stream in (False, True):
            first = await ask(stream)
            assert first == await ask(stream)
            assert "nce" in "".join(first)
    assert await rows(web) == 4
