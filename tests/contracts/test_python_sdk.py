"""OpenAI's own Python SDK, pointed at Baton, notices nothing."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from tests.conftest import BatonServer, StartBaton
from tests.contracts.asking import ECHO, FAULTS, HELLO, PICTURE, TOOLS, TOOLS_MODEL


class Trip(BaseModel):
    """What the parse helper makes a schema of."""

    city: str
    days: int


@pytest.fixture
async def server(start_baton: StartBaton) -> BatonServer:
    return await start_baton({"BATON_RETRIES": "0"})


@pytest.fixture
async def sdk(server: BatonServer) -> AsyncGenerator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0) as client:
        yield client


async def streamed(sdk: AsyncOpenAI, **wishes: Any) -> list[ChatCompletionChunk]:
    stream = await sdk.chat.completions.create(stream=True, **wishes)
    return [chunk async for chunk in stream]


async def test_a_plain_answer(sdk: AsyncOpenAI) -> None:
    """Text, role, finish and usage are where the SDK has them."""
    answer = await sdk.chat.completions.create(model=ECHO, messages=HELLO)
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content) == ("assistant", "Hello there")
    assert choice.finish_reason == "stop"
    assert answer.object == "chat.completion"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


async def test_a_streamed_answer_without_usage(sdk: AsyncOpenAI) -> None:
    """Who does not ask for usage sees none, and every chunk has a choice, as OpenAI does it."""
    chunks = await streamed(sdk, model=ECHO, messages=HELLO)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_streamed_answer_with_usage(sdk: AsyncOpenAI) -> None:
    """Who asks gets usage once, in a last chunk without choices, equal to the whole answer's."""
    chunks = await streamed(sdk, model=ECHO, messages=HELLO, stream_options={"include_usage": True})
    whole = await sdk.chat.completions.create(model=ECHO, messages=HELLO)
    assert [chunk.usage for chunk in chunks if chunk.usage is not None] == [whole.usage]
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []


async def test_a_two_turn_tool_loop_with_parallel_calls(sdk: AsyncOpenAI) -> None:
    """Calls come with ids, names and arguments true to their schema; their results go back, in order."""
    first = await sdk.chat.completions.create(model=TOOLS_MODEL, messages=HELLO, tools=TOOLS)
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    assert [call.function.name for call in message.tool_calls if call.type == "function"] == [
        "weather",
        "traffic",
    ]
    assert len({call.id for call in message.tool_calls}) == 2
    for call in message.tool_calls:
        assert call.type == "function"
        assert set(json.loads(call.function.arguments)) == {"city", "days"}
    results: list[Any] = [
        {"role": "tool", "tool_call_id": call.id, "content": f"result {n}"}
        for n, call in enumerate(message.tool_calls)
    ]
    history: list[Any] = [*HELLO, message.model_dump(exclude_none=True), *results]
    second = await sdk.chat.completions.create(model=TOOLS_MODEL, messages=history, tools=TOOLS)
    said = second.choices[0].message.content or ""
    assert second.choices[0].finish_reason == "stop"
    assert "result 0" in said
    assert said.index("result 0") < said.index("result 1")


async def test_a_streamed_tool_call_is_put_together(sdk: AsyncOpenAI) -> None:
    """The SDK's own accumulation of a stream gives the calls of the whole answer."""
    whole = await sdk.chat.completions.create(model=TOOLS_MODEL, messages=HELLO, tools=TOOLS)
    async with sdk.chat.completions.stream(model=TOOLS_MODEL, messages=HELLO, tools=TOOLS) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    expected = whole.choices[0].message.tool_calls or []
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        (call.id, call.function.name, call.function.arguments) for call in expected if call.type == "function"
    ]
    assert final.choices[0].finish_reason == "tool_calls"


async def test_one_tool_at_a_time(sdk: AsyncOpenAI) -> None:
    """`parallel_tool_calls` and a named choice reach the model."""
    named: Any = {"type": "function", "function": {"name": "traffic"}}
    wishes: list[dict[str, Any]] = [{"parallel_tool_calls": False}, {"tool_choice": named}]
    for wish in wishes:
        answer = await sdk.chat.completions.create(model=TOOLS_MODEL, messages=HELLO, tools=TOOLS, **wish)
        assert len(answer.choices[0].message.tool_calls or []) == 1


async def test_structured_output_is_parsed(sdk: AsyncOpenAI) -> None:
    """The SDK's parse helper gets an instance of the caller's own class, whole and streamed."""
    answer = await sdk.chat.completions.parse(model="simulated/json", messages=HELLO, response_format=Trip)
    assert isinstance(answer.choices[0].message.parsed, Trip)
    async with sdk.chat.completions.stream(
        model="simulated/json", messages=HELLO, response_format=Trip
    ) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.parsed == answer.choices[0].message.parsed


async def test_a_picture_goes_in(sdk: AsyncOpenAI) -> None:
    """An image part reaches the model."""
    answer = await sdk.chat.completions.create(model=ECHO, messages=PICTURE)
    assert "[saw 1 image]" in (answer.choices[0].message.content or "")


async def test_several_choices_stay_apart(sdk: AsyncOpenAI) -> None:
    """`n` choices come with their own indices and texts, whole and streamed."""
    wishes: dict[str, Any] = {"model": "simulated/lorem;words=8", "messages": HELLO, "n": 3}
    whole = await sdk.chat.completions.create(**wishes)
    texts = {choice.index: choice.message.content or "" for choice in whole.choices}
    assert set(texts) == {0, 1, 2}
    again = dict.fromkeys(texts, "")
    for chunk in await streamed(sdk, **wishes):
        for choice in chunk.choices:
            again[choice.index] += choice.delta.content or ""
    assert again == texts


@pytest.mark.parametrize("stream", [False, True])
async def test_a_providers_error_is_the_sdks_own(sdk: AsyncOpenAI, stream: bool) -> None:
    """Each status arrives as the class that the SDK has for it, before a stream as well, with the
    provider's words."""
    for status, name in FAULTS.items():
        with pytest.raises(openai.APIStatusError) as caught:
            await sdk.chat.completions.create(
                model=f"simulated/echo;fault={status}", messages=HELLO, stream=stream
            )
        error = caught.value
        assert type(error).__name__ == name
        assert f"answers {status}" in error.message
        assert error.request_id
        assert isinstance(error.body, dict)
        assert {"message", "type", "param", "code"} <= set(error.body)


async def test_the_callers_own_mistakes_are_the_sdks_own(server: BatonServer, sdk: AsyncOpenAI) -> None:
    """A wrong key, an unknown model, no messages."""
    with pytest.raises(openai.AuthenticationError) as unknown:
        await sdk.with_options(api_key="sk-wrong").chat.completions.create(model=ECHO, messages=HELLO)
    assert unknown.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as gone:
        await sdk.chat.completions.create(model="nobody-has-this", messages=HELLO)
    assert gone.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as empty:
        await sdk.chat.completions.create(model=ECHO, messages=[])
    assert empty.value.param == "messages"


async def test_a_stream_that_breaks_raises(sdk: AsyncOpenAI) -> None:
    """A provider that dies in mid-stream is an error of the SDK, never the end of an answer."""
    for fault in ("cut", "error", "malformed", "unfinished"):
        with pytest.raises(openai.APIError):
            await streamed(sdk, model=f"simulated/lorem;fault={fault}", messages=HELLO)


async def test_models_are_listed(sdk: AsyncOpenAI) -> None:
    """The list pages through, and each model can be asked for by itself."""
    models = [model.id async for model in sdk.models.list()]
    assert "auto" in models
    assert "simulated/echo" in models
    assert (await sdk.models.retrieve("simulated/echo")).id == "simulated/echo"


async def test_the_blocking_client_works_as_well(server: BatonServer) -> None:
    """Plain, streamed, a tool call and an error, by the SDK without asyncio."""

    def ask() -> list[Any]:
        with OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0) as client:
            completions = client.chat.completions
            whole = completions.create(model=ECHO, messages=HELLO)
            stream = completions.create(model=ECHO, messages=HELLO, stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            called = completions.create(model=TOOLS_MODEL, messages=HELLO, tools=TOOLS)
            with pytest.raises(openai.RateLimitError) as refused:
                completions.create(model="simulated/echo;fault=429", messages=HELLO)
            calls = called.choices[0].message.tool_calls or []
            return [whole.choices[0].message.content, text, len(calls), refused.value.response.headers]

    whole, text, calls, headers = await asyncio.to_thread(ask)
    assert (whole, text, calls) == ("Hello there", "Hello there", 2)
    assert headers["retry-after"] == "1"
