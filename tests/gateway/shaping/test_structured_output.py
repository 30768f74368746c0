"""Answers true to a schema from providers that do not promise it, through a real Baton on real sockets."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from baton.ledger.stored import AttemptRow
from tests.chaos.conftest import KEY
from tests.chaos.provider import (
    DONE,
    USED,
    Act,
    Caller,
    RawProvider,
    chunked,
    completion,
    raw_provider,
    whole,
    word,
)
from tests.chaos.wire import Reply, chat, line_to, post
from tests.conftest import BatonServer, serving

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
GOOD = '{"city": "Rome", "days": 3}'
BAD = '{"city": "Rome", "days": "three"}'
DEEPSEEK, GROQ, XAI = "deepseek/deepseek-flash", "groq/llama-3.3-70b-versatile", "xai/grok-any"


def wish(schema: Any = SCHEMA) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "trip", "schema": schema, "strict": True}}


def saying(*texts: str, **changes: Any) -> Act:
    """Answers with one text after the other, the last for ever; `changes` of each choice."""
    left = list(texts)

    async def act(caller: Caller) -> None:
        text = left.pop(0) if len(left) > 1 else left[0]
        body = completion(text)
        body["choices"][0] |= changes
        await caller.send(whole(json.dumps(body).encode()))

    return act


def calling(*arguments: str) -> Act:
    """Calls the tool that it was given, with these arguments one after the other."""
    left = list(arguments)

    async def act(caller: Caller) -> None:
        asked = json.loads(caller.body)
        function = {"name": asked["tools"][0]["function"]["name"], "arguments": left.pop(0)}
        body = completion("")
        body["choices"][0]["message"] = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
        body["choices"][0]["finish_reason"] = "tool_calls"
        await caller.send(whole(json.dumps(body).encode()))

    return act


@dataclass(frozen=True)
class Stage:
    baton: BatonServer
    provider: RawProvider

    async def ask(self, model: str, **fields: Any) -> Reply:
        async with line_to(self.baton.url) as line:
            alone = {"baton": {"fallback": "off"}}
            await line.send(post(self.baton.key, chat(model, **alone, **fields)))
            return await line.reply()

    async def attempts(self, reply: Reply) -> tuple[AttemptRow, ...]:
        found = await self.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
        return found.attempts

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(call.body) for call in self.provider.calls]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    async with raw_provider() as provider:
        environment = {
            "DEEPSEEK_API_KEY": KEY,
            "DEEPSEEK_BASE_URL": provider.url,
            "GROQ_API_KEY": KEY,
            "GROQ_BASE_URL": provider.url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": provider.url,
            "XAI_API_KEY": KEY,
            "XAI_BASE_URL": provider.url,
        }
        async with serving(environment, tmp_path_factory.mktemp("shaping"), {"retries": 0}) as baton:
            yield Stage(baton, provider)


@pytest.fixture
def stage(house: Stage) -> Stage:
    house.provider.forget()
    return house


pytestmark = pytest.mark.asyncio(loop_scope="module")


def text_of(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return reply.json["choices"][0]["message"]["content"]


async def test_a_json_mode_gets_the_schema_as_an_instruction(stage: Stage) -> None:
    """DeepSeek refuses schemas; its JSON mode and the schema in words give the same."""
    stage.provider.act = saying(GOOD)
    reply = await stage.ask(DEEPSEEK, response_format=wish(), temperature=0.2)
    assert text_of(reply) == GOOD
    assert reply.headers["x-baton-adjusted"] == "response_format=json_object"
    (asked,) = stage.asked
    assert asked["response_format"] == {"type": "json_object"}
    assert asked["temperature"] == 0.2
    assert json.dumps(SCHEMA, separators=(",", ":")) in asked["messages"][0]["content"].replace(" ", "")
    assert asked["messages"][-1]["role"] == "user"


async def test_a_forced_tool_gives_its_arguments_as_the_answer(stage: Stage) -> None:
    """Where only tools know schemas the caller still gets a text, and no tool call."""
    stage.provider.act = calling(GOOD)
    reply = await stage.ask(GROQ, response_format=wish())
    assert text_of(reply) == GOOD
    assert reply.json["choices"][0]["finish_reason"] == "stop"
    assert "tool_calls" not in reply.json["choices"][0]["message"]
    (asked,) = stage.asked
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "trip"}}
    assert asked["tools"][0]["function"]["parameters"] == SCHEMA
    assert "response_format" not in asked


async def test_a_list_is_asked_for_in_words_where_only_objects_are_promised(stage: Stage) -> None:
    """Google's callers ask for lists and bare words; OpenAI's structured output knows objects only."""
    stage.provider.act = saying('["Rome","Oslo"]')
    asked = {
        "contents": [{"role": "user", "parts": [{"text": "Which cities?"}]}],
        "generationConfig": {
            "responseMimeType": "application/json",
            "responseSchema": {"type": "ARRAY", "items": {"type": "STRING"}},
        },
    }
    async with line_to(stage.baton.url) as line:
        path = "/v1beta/models/openai/gpt-4o:generateContent"
        await line.send(post(stage.baton.key, json.dumps(asked).encode(), path=path))
        reply = await line.reply()
    assert reply.status == 200, reply.body
    assert reply.json["candidates"][0]["content"]["parts"] == [{"text": '["Rome","Oslo"]'}]
    (sent,) = stage.asked
    assert "response_format" not in sent
    assert '"array"' in json.dumps(sent["messages"]).replace("\\", "")


async def test_a_wrong_answer_is_repaired_once_and_both_are_paid_for(stage: Stage) -> None:
    """The model is shown what is wrong; the ledger has both attempts, each with its own tokens."""
    stage.provider.act = calling(BAD, GOOD)
    reply = await stage.ask(GROQ, response_format=wish())
    assert text_of(reply) == GOOD
    first, second = stage.asked
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-2] == {"role": "assistant", "content": BAD}
    assert "days" in second["messages"][-1]["content"]
    attempts = await stage.attempts(reply)
    assert [attempt.status for attempt in attempts] == ["invalid_answer", "ok"]
    assert [attempt.prompt_tokens + attempt.completion_tokens for attempt in attempts] == [15, 15]
    assert reply.headers["x-baton-attempts"] == "2"


async def test_a_second_wrong_answer_is_an_error(stage: Stage) -> None:
    """Nothing that is not true to the schema is ever handed out as if it were."""
    stage.provider.act = saying(BAD)
    reply = await stage.ask(DEEPSEEK, response_format=wish())
    assert reply.status == 502
    assert "not true to the schema" in reply.json["error"]["message"]
    assert len(stage.asked) == 2
    attempts = await stage.attempts(reply)
    assert [attempt.status for attempt in attempts] == ["invalid_answer", "invalid_answer"]
    assert [attempt.prompt_tokens + attempt.completion_tokens for attempt in attempts] == [15, 15]


async def test_a_stream_is_held_back_until_it_is_valid(stage: Stage) -> None:
    """The wrong first answer is never seen on the wire; usage and end come as on any stream."""
    stage.provider.act = saying(BAD, f"```json\n{GOOD}\n```")
    reply = await stage.ask(
        DEEPSEEK, response_format=wish(), stream=True, stream_options={"include_usage": True}
    )
    assert (reply.status, reply.text) == (200, GOOD)
    assert reply.events[-1] == "[DONE]"
    assert json.loads(reply.events[-2])["usage"]["total_tokens"] == 15
    assert all("stream" not in asked for asked in stage.asked)
    assert [attempt.status for attempt in await stage.attempts(reply)] == ["invalid_answer", "ok"]


async def test_an_answer_that_was_cut_off_says_so_and_is_not_asked_for_again(stage: Stage) -> None:
    """As with structured output of a provider's own."""
    stage.provider.act = saying('{"city": "Ro', finish_reason="length")
    reply = await stage.ask(DEEPSEEK, response_format=wish())
    assert text_of(reply) == '{"city": "Ro'
    assert reply.json["choices"][0]["finish_reason"] == "length"
    assert len(stage.asked) == 1


async def test_the_callers_own_tools_can_still_be_called(stage: Stage) -> None:
    """A call of theirs is no answer to judge; the schema is an instruction beside them."""
    stage.provider.act = calling("{}")
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    reply = await stage.ask(GROQ, response_format=wish(), tools=[tool])
    assert reply.json["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "weather"
    (asked,) = stage.asked
    assert "tool_choice" not in asked
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["weather"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"type": "string", "pattern": "("},
        {"$ref": "#/nowhere"},
    ],
    ids=["no type", "a URL", "a file", "no pattern", "nowhere"],
)
async def test_a_schema_that_cannot_be_used_is_refused_before_anything_is_asked(
    stage: Stage, schema: Any
) -> None:
    """The error names the field; no other document is ever fetched."""
    reply = await stage.ask(DEEPSEEK, response_format=wish(schema))
    assert (reply.status, reply.json["error"]["param"]) == (400, "response_format")
    assert stage.asked == []


async def test_a_pattern_cannot_keep_the_house_busy(stage: Stage) -> None:
    """A pattern that other engines need years for is answered at once."""
    stage.provider.act = saying(json.dumps({"city": "a" * 5000 + "!", "days": 1}))
    evil = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^(a+)+$"}}}
    reply = await stage.ask(DEEPSEEK, response_format=wish(evil))
    assert reply.status == 502


def streamed(*texts: str) -> Act:
    """A stream of these texts."""

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(*map(word, texts), word("", "stop"), USED, DONE))

    return act


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_broken_promise_of_a_providers_own_is_handed_on_and_recorded(
    stage: Stage, stream: bool
) -> None:
    """The bytes are the provider's, nothing is asked again, and the ledger knows what was wrong."""
    for text, violation in ((GOOD, None), (BAD, "days")):
        stage.provider.act = streamed(text[:9], text[9:]) if stream else saying(text)
        reply = await stage.ask(XAI, response_format=wish(), stream=stream)
        assert (reply.text if stream else text_of(reply)) == text
        found = await stage.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
        told = found.interaction.schema_violation
        assert (told is None) == (violation is None)
        assert violation is None or violation in (told or "")
    assert [asked["response_format"] for asked in stage.asked] == [wish(), wish()]


async def test_a_schema_that_only_the_provider_understands_is_its_own_affair(stage: Stage) -> None:
    """What Baton cannot judge by is passed on, and nothing is recorded."""
    stage.provider.act = saying(GOOD)
    reply = await stage.ask(XAI, response_format=wish({"type": "strin"}))
    assert text_of(reply) == GOOD
    found = await stage.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
    assert found.interaction.schema_violation is None
