"""`POST /v1/responses` and `/v1/responses/input_tokens`, asked by OpenAI's own SDK and by hand."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Web
from tests.conftest import StartBaton
from tests.contracts.description import problems
from tests.contracts.events import read_events

KEY = "sk-not-a-real-key"
MODELS = ("openai/gpt-6-luna", "vllm/echo;notice=off")
"""Asked in the caller's own dialect, and in another."""


@asynccontextmanager
async def before_openai(
    start_baton: StartBaton, session: Any, **further: str
) -> AsyncGenerator[tuple[Web, Simulation]]:
    """A Baton before a provider that speaks the dialect over a socket, and before one that does not."""
    simulation = Simulation(SystemClock(), unknown="echo;notice=off", needs_key=True)
    async with running(simulation) as url:
        environment = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
            "VLLM_BASE_URL": f"{url}/v1",
            "VLLM_API_KEY": KEY,
            "BATON_RETRIES": "0",
            **further,
        }
        yield Web(await start_baton(environment), session), simulation


def sdk(web: Web) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{web.baton.url}/v1", api_key=web.baton.key, max_retries=0)


async def test_the_sdk_is_answered_whole_and_streamed(start_baton: StartBaton, session: Any) -> None:
    """By a provider of the dialect and by one of another, the same, with usage and an end."""
    async with before_openai(start_baton, session) as (web, simulation), sdk(web) as client:
        for model, path in zip(MODELS, ("/v1/responses", "/v1/chat/completions"), strict=True):
            answer = await client.responses.create(model=model, input="hello")
            assert simulation.calls.last[-1].path == path
            assert (answer.output_text, answer.status) == ("hello", "completed")
            assert answer.usage is not None
            async with client.responses.stream(model=model, input="hello") as stream:
                told = await stream.get_final_response()
            assert (told.output_text, told.status) == ("hello", "completed")
            assert told.usage == answer.usage


async def test_the_body_goes_as_it_came(start_baton: StartBaton, session: Any) -> None:
    """To the byte, fields that nobody knows included; an absent `store` stays absent."""
    async with before_openai(start_baton, session) as (web, simulation):
        body = json.dumps({"model": "gpt-6-luna", "input": "hello", "moon": {"a": [1]}}, indent=3)
        reply = await web.ask("POST", "/v1/responses", web.baton.admin, data=body)
        assert reply.status == 200, reply.body
        assert simulation.calls.last[-1].body == body


async def test_thoughts_of_another_vendors_model_stay_here(start_baton: StartBaton, session: Any) -> None:
    """When the caller goes on with a provider of the dialect they are taken out; nothing else changes."""
    async with before_openai(start_baton, session) as (web, simulation):
        abroad = {"type": "reasoning", "id": "rs_baton_1", "summary": []}
        hello = {"role": "user", "content": "hello"}
        body = {
            "model": "gpt-6-luna",
            "input": [hello, {**abroad, "encrypted_content": "baton.anthropic.thought.c2ln"}, hello],
            "tools": [{"type": "custom", "name": "apply_patch"}],
        }
        assert (await web.post("/v1/responses", body)).status == 200
        assert json.loads(simulation.calls.last[-1].body) == {**body, "input": [hello, hello]}


async def test_what_baton_has_to_say_is_said_to_those_who_asked(
    start_baton: StartBaton, session: Any
) -> None:
    """The last event has a `baton` object for callers with a wish of Baton's, for no others."""
    async with before_openai(start_baton, session) as (web, simulation):
        for model in MODELS:
            body = {"model": model, "input": "hello", "stream": True}
            plain = await web.post("/v1/responses", body)
            assert "baton" not in json.loads(read_events(plain.body)[-1].data)
            asked = await web.post("/v1/responses", body | {"baton": {"tags": {"a": "b"}}})
            last = json.loads(read_events(asked.body)[-1].data)
            assert last["type"] == "response.completed"
            assert last["baton"]["interaction"]
            assert "baton" not in json.loads(simulation.calls.last[-1].body)


async def test_a_stream_that_breaks_ends_in_the_error_event(start_baton: StartBaton, session: Any) -> None:
    """As the API description has it, and in the words of the provider; never as a whole answer."""
    async with before_openai(start_baton, session) as (web, _):
        for fault in ("cut", "error", "malformed", "unfinished"):
            for provider in ("openai", "vllm"):
                model = f"{provider}/lorem;words=30;fault={fault};after=5"
                reply = await web.post("/v1/responses", {"model": model, "input": "hello", "stream": True})
                events = read_events(reply.body)
                kinds = [json.loads(event.data)["type"] for event in events]
                assert kinds[-1] == "error"
                assert not {"response.completed", "response.incomplete"} & set(kinds)
                assert problems("ResponseErrorEvent", json.loads(events[-1].data)) == []


async def test_a_provider_is_asked_in_the_dialect_that_is_set(start_baton: StartBaton, session: Any) -> None:
    """Whoever calls: a chat goes out as Responses."""
    async with before_openai(start_baton, session, OPENAI_DIALECT="openai-responses") as (web, simulation):
        body = {"model": MODELS[0], "messages": [{"role": "user", "content": "hello"}], "stop": ["x"]}
        reply = await web.post("/v1/chat/completions", body)
        assert json.loads(reply.body)["choices"][0]["message"]["content"] == "hello"
        call = simulation.calls.last[-1]
        assert call.path == "/v1/responses"
        assert json.loads(call.body)["store"] is False
        assert reply.headers["x-baton-dropped"] == "stop"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/resp_1/input_items"),
    ],
)
async def test_stored_responses_are_not_served(
    start_baton: StartBaton, session: Any, method: str, path: str
) -> None:
    """And the 404 says so, in the dialect."""
    web = Web(await start_baton({}), session)
    reply = await web.ask(method, path, web.baton.admin)
    assert reply.status == 404
    assert "stores none" in json.loads(reply.body)["error"]["message"]


async def test_what_would_have_to_be_stored_is_refused(start_baton: StartBaton, session: Any) -> None:
    """Before any provider is asked, as the SDK's own class."""
    web = Web(await start_baton({}), session)
    async with sdk(web) as client:
        wishes: list[dict[str, Any]] = [
            {"store": True},
            {"previous_response_id": "resp_1"},
            {"background": True},
        ]
        for wish in wishes:
            with pytest.raises(openai.BadRequestError) as refused:
                await client.responses.create(model="simulated/echo", input="hello", **wish)
            assert refused.value.param == next(iter(wish))


async def test_a_prompt_is_counted(start_baton: StartBaton, session: Any) -> None:
    """By the provider where it can, else roughly; a longer one has more."""
    async with before_openai(start_baton, session) as (web, _), sdk(web) as client:
        for model in MODELS:
            short, long = [
                (await client.responses.input_tokens.count(model=model, input=text)).input_tokens
                for text in ("hello", "hello " * 50)
            ]
            assert 0 < short < long
