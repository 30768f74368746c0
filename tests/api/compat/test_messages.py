"""`POST /v1/messages` and `/v1/messages/count_tokens`, asked by Anthropic's own SDK and by hand."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import pytest

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Web
from tests.conftest import StartBaton

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
CLAUDE = "anthropic/claude-sonnet-5-5"
LOOK = {
    "name": "look",
    "description": "Looks.",
    "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
}


@asynccontextmanager
async def before_anthropic(start_baton: StartBaton, session: Any) -> AsyncGenerator[tuple[Web, Simulation]]:
    """A Baton before a provider that speaks the dialect over a socket."""
    simulation = Simulation(SystemClock(), unknown="echo;notice=off", needs_key=True)
    async with running(simulation) as url:
        key = "sk-not-a-real-key"
        environment = {
            "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": url,
            "OPENAI_API_KEY": key,
            "VLLM_BASE_URL": f"{url}/v1",
            "VLLM_API_KEY": key,
        }
        yield Web(await start_baton(environment), session), simulation


def text_of(message: Any) -> str:
    """The text of its last block."""
    return message.content[-1].text


def sdk(web: Web) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=web.baton.url, api_key=web.baton.key, max_retries=0)


async def test_the_sdk_is_answered_whole_and_streamed(start_baton: StartBaton, session: Any) -> None:
    """By a provider of the dialect and by one of another, the same, with usage and an end."""
    async with before_anthropic(start_baton, session) as (web, _), sdk(web) as client:
        for model in (CLAUDE, "vllm/echo;notice=off"):
            answer = await client.messages.create(model=model, max_tokens=100, messages=HELLO)
            assert (text_of(answer), answer.stop_reason) == ("hello", "end_turn")
            assert answer.usage.input_tokens > 0
            async with client.messages.stream(model=model, max_tokens=100, messages=HELLO) as stream:
                told = await stream.get_final_message()
            assert (text_of(told), told.stop_reason) == ("hello", "end_turn")
            assert told.usage.input_tokens == answer.usage.input_tokens


async def test_the_provider_is_asked_as_its_api_wants_it(start_baton: StartBaton, session: Any) -> None:
    """Its key in its own header, its version, the caller's betas and query, and the body to the byte."""
    async with before_anthropic(start_baton, session) as (web, simulation):
        body = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": HELLO, "context_management": {}}
        sent = {"x-api-key": web.baton.key, "anthropic-version": "2023-06-01", "anthropic-beta": "a,b"}
        reply = await web.ask("POST", "/v1/messages?beta=true", sent, data=json.dumps(body, indent=3))
        assert reply.status == 200, reply.body
        call = simulation.calls.last[-1]
        assert (call.path, call.body) == ("/v1/messages", json.dumps(body, indent=3))
        assert call.key_digest is not None


async def test_what_baton_has_to_say_is_said_to_those_who_asked(
    start_baton: StartBaton, session: Any
) -> None:
    """A stream's `message_delta` has a `baton` object for callers with a wish of Baton's, for no others."""
    async with before_anthropic(start_baton, session) as (web, simulation):
        for model in (CLAUDE, "vllm/echo;notice=off"):
            body = {"model": model, "max_tokens": 50, "messages": HELLO, "stream": True}
            plain = await web.post("/v1/messages", body)
            assert "baton" not in plain.body.decode()
            asked = await web.post("/v1/messages", body | {"baton": {"tags": {"a": "b"}}})
            ends = [event for event in asked.events if event["type"] == "message_delta"]
            assert [event["baton"]["provider"] for event in ends] == [model.partition("/")[0]]
        assert '"baton"' not in simulation.calls.last[-1].body


async def test_tools_thoughts_and_their_signatures_come_back_unchanged(
    start_baton: StartBaton, session: Any
) -> None:
    """A loop of tools with thoughts: the provider refuses a thought that is not its own word for word."""
    async with before_anthropic(start_baton, session) as (web, simulation), sdk(web) as client:
        simulation.rules.set_unknown(None)
        model = "anthropic/tools;think=6"
        asked: dict[str, Any] = {"model": model, "max_tokens": 2000, "tools": [LOOK]}
        first: Any = await client.messages.create(**asked, messages=HELLO)
        thought, call = first.content
        assert (thought.type, call.type, first.stop_reason) == ("thinking", "tool_use", "tool_use")
        async with client.messages.stream(**asked, messages=HELLO) as stream:
            streamed: Any = await stream.get_final_message()
        assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in first.content]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "a tree"}
        turns: list[Any] = [
            *HELLO,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        second: Any = await client.messages.create(**asked, messages=turns)
        assert "a tree" in text_of(second)


async def test_a_session_may_change_its_model(start_baton: StartBaton, session: Any) -> None:
    """Thoughts of another provider's, signed by nobody, stay with the client: Anthropic would refuse them."""
    async with before_anthropic(start_baton, session) as (web, _), sdk(web) as client:
        asked: dict[str, Any] = {"model": "vllm/lorem;think=6", "max_tokens": 2000}
        whole: Any = await client.messages.create(**asked, messages=HELLO)
        async with client.messages.stream(**asked, messages=HELLO) as stream:
            streamed: Any = await stream.get_final_message()
        for answer in (whole, streamed):
            assert [block.type for block in answer.content] == ["thinking", "text"]
            turns: list[Any] = [*HELLO, {"role": "assistant", "content": answer.content}, *HELLO]
            again = await client.messages.create(model=CLAUDE, max_tokens=50, messages=turns)
            assert text_of(again) == "hello"


@pytest.mark.parametrize(
    ("settings", "status", "kind"),
    [
        ("fault=429", 429, "rate_limit_error"),
        ("fault=529", 503, "overloaded_error"),
        ("fault=500", 503, "api_error"),
        ("fault=401", 401, "authentication_error"),
        ("fault=context", 400, "invalid_request_error"),
        ("fault=404", 404, "not_found_error"),
    ],
)
async def test_a_providers_error_is_told_in_the_dialect(
    start_baton: StartBaton, session: Any, settings: str, status: int, kind: str
) -> None:
    """From a provider of the dialect and of another: status, type, message and what was tried."""
    async with before_anthropic(start_baton, session) as (web, _):
        for model in (f"anthropic/echo;{settings}", f"vllm/echo;{settings}"):
            body = {"model": model, "max_tokens": 9, "messages": HELLO}
            once = web.baton.admin | {"x-baton-max-retries": "0", "x-baton-fallback": "off"}
            reply = await web.ask("POST", "/v1/messages", once, json=body)
            error = reply.json["error"]
            assert (reply.status, reply.json["type"], error["type"]) == (status, "error", kind), model
            assert error["message"]
            assert [attempt["model"] for attempt in error["attempts"]] == [model]


async def test_a_stream_that_breaks_ends_in_the_dialects_error_event(
    start_baton: StartBaton, session: Any
) -> None:
    """And not in an end mark: the SDK raises."""
    async with before_anthropic(start_baton, session) as (web, _), sdk(web) as client:
        for model in ("anthropic/echo;fault=error", "anthropic/echo;fault=cut", "vllm/echo;fault=cut"):
            with pytest.raises(anthropic.APIStatusError):
                async with client.messages.stream(
                    model=model, max_tokens=99, messages=HELLO, extra_headers={"x-baton-max-retries": "0"}
                ) as stream:
                    await stream.get_final_message()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": "x" * 300}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"system": 7}, "system"),
        ({"baton": 7}, "baton"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_request_is_refused_in_the_dialects_words(
    shared: Web, change: dict[str, Any], word: str
) -> None:
    """400, the dialect's error, the field named; nothing is sent to anybody."""
    body = {"model": "simulated/echo", "max_tokens": 9, "messages": HELLO} | change
    reply = await shared.post("/v1/messages", {name: said for name, said in body.items() if said is not None})
    assert (reply.status, reply.json["type"]) == (400, "error")
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert word in reply.json["error"]["message"]
    assert reply.json["request_id"] == reply.headers["x-request-id"]


async def test_tokens_are_counted_by_the_provider_that_can(start_baton: StartBaton, session: Any) -> None:
    """Exactly, without what is said of the answer, at no cost and in no ledger."""
    async with before_anthropic(start_baton, session) as (web, simulation), sdk(web) as client:
        prompt: dict[str, Any] = {"model": CLAUDE, "messages": HELLO, "system": "Be brief.", "tools": [LOOK]}
        counted = await client.messages.count_tokens(**prompt)
        answer = await client.messages.create(**prompt, max_tokens=50)
        assert counted.input_tokens == answer.usage.input_tokens
        reply = await web.post("/v1/messages/count_tokens", prompt)
        assert "x-baton-estimated" not in reply.headers
        assert reply.headers["x-baton-model"] == "claude-sonnet-5-5"
        assert simulation.calls.count() == 1


async def test_tokens_that_no_provider_counts_are_counted_or_estimated(
    start_baton: StartBaton, session: Any
) -> None:
    """Exactly where the encoding is public; of a provider that cannot be reached an estimate, marked; a wrong
    model is an error."""
    async with before_anthropic(start_baton, session) as (web, simulation):
        long = {"messages": [{"role": "user", "content": "x" * 4000}]}
        reply = await web.post("/v1/messages/count_tokens", {"model": "openai/gpt-4o", **long})
        assert reply.json == {"input_tokens": 507}
        assert "x-baton-estimated" not in reply.headers
        tooled = await web.post(
            "/v1/messages/count_tokens", {"model": "openai/gpt-4o", **long, "tools": [LOOK]}
        )
        assert tooled.json["input_tokens"] > 510
        assert tooled.headers["x-baton-estimated"] == "true"
        simulation.rules.set_unknown(None)
        refused = await web.post("/v1/messages/count_tokens", {"model": CLAUDE, **long})
        assert (refused.status, refused.json["error"]["type"]) == (404, "not_found_error")
    reply = await web.post("/v1/messages/count_tokens", {"model": CLAUDE, **long})
    assert reply.headers["x-baton-estimated"] == "true"
    assert 500 < reply.json["input_tokens"] < 1500


async def test_a_count_says_what_its_counter_was_not_told(start_baton: StartBaton, session: Any) -> None:
    """As an answer does: of a prompt in another dialect, and of options that nobody knows."""
    asked = {"contents": [{"parts": [{"text": "hello"}]}], "generationConfig": {"seed": 7}}
    async with before_anthropic(start_baton, session) as (web, _):
        path = f"/v1beta/models/{CLAUDE}:countTokens"
        reply = await web.post(path, {"generateContentRequest": asked, "baton": {"moon": 1}})
        assert reply.status == 200
        assert set(reply.headers["x-baton-dropped"].split(", ")) == {"baton.moon", "seed"}
        assert "x-baton-estimated" not in reply.headers


async def test_a_count_is_refused_as_a_message_is(web: Web) -> None:
    """No key, no messages, another method: in the dialect's words."""
    body = {"model": "simulated/echo", "messages": HELLO}
    anonymous = await web.post("/v1/messages/count_tokens", body, {})
    assert (anonymous.status, anonymous.json["error"]["type"]) == (401, "authentication_error")
    empty = await web.post("/v1/messages/count_tokens", body | {"messages": []})
    assert (empty.status, empty.json["error"]["type"]) == (400, "invalid_request_error")
    assert (await web.get("/v1/messages/count_tokens")).status == 405
