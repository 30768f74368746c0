"""What the simulated models answer when nothing fails."""

import json
from typing import Any

import jsonschema
import pytest

from baton.upstream.providers.simulated.manner import Mode
from baton.upstream.providers.simulated.models import MAX_OUTPUT_TOKENS, MODELS
from tests.upstream.simulated.conftest import Answer, Ask

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


def tool(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema or WEATHER}}


def calls(answer: Answer) -> list[dict[str, Any]]:
    """The calls of a whole answer."""
    return answer.json["choices"][0]["message"].get("tool_calls") or []


async def test_the_echo_says_what_it_is(ask: Ask) -> None:
    """A fresh install's answer begins with the user's text, and says plainly that no model was asked, and
    what to set."""
    answer = await ask("echo", "Is anybody there?")
    assert answer.text.startswith("Is anybody there?\n")
    assert "Baton's simulated provider" in answer.text
    assert "no real model was asked" in answer.text
    assert "OPENAI_API_KEY" in answer.text
    assert (await ask("echo;notice=off", "Is anybody there?")).text == "Is anybody there?"


async def test_an_answer_that_was_begun_is_gone_on_with(ask: Ask) -> None:
    """Where the conversation ends with the beginning of the answer: the rest, all of it, or a refusal, as the
    model is said to behave."""
    begun = [{"role": "user", "content": "one two three"}, {"role": "assistant", "content": "one two"}]
    said = {
        prefill: await ask(f"echo;notice=off;prefill={prefill}", messages=begun, stream=False)
        for prefill in ("taken", "ignored", "refused")
    }
    assert said["taken"].text == " three"
    assert said["ignored"].text == "one two three"
    assert said["refused"].status == 400


async def test_the_listed_models_are_those_it_has() -> None:
    """The data for the catalog names every mode, and nothing else; each costs nothing."""
    assert [model.name for model in MODELS] == list(Mode)
    assert {(model.input_price, model.output_price) for model in MODELS} == {(0, 0)}


@pytest.mark.parametrize("model", ["echo", "lorem", "json", "tools", "lorem;think=5"])
async def test_whole_and_streamed_say_the_same(ask: Ask, model: str) -> None:
    """The same question twice gets the same words, streamed or not, and the usage agrees."""
    wholes = [await ask(model, "Tell me", stream=False) for _ in range(2)]
    streamed = await ask(model, "Tell me", stream=True, stream_options={"include_usage": True})
    assert {answer.text for answer in (*wholes, streamed)} == {wholes[0].text}
    assert json.loads(streamed.events[-2])["usage"] == wholes[0].json["usage"]
    assert streamed.events[-1] == "[DONE]"
    assert wholes[0].json["id"] != wholes[1].json["id"]


async def test_a_token_an_event(ask: Ask) -> None:
    """A stream says one token in each event, and usage only to who asks."""
    answer = await ask("echo;notice=off", "one two three", stream=True)
    said = [delta["content"] for delta in answer.deltas if delta.get("content")]
    assert said == ["one", " two", " three"]
    assert not any('"usage"' in event for event in answer.events)


async def test_length_and_stop(ask: Ask) -> None:
    """`max_tokens` ends an answer as `length`, a stop sequence as `stop` and without itself."""
    short = await ask("lorem", max_tokens=5)
    assert short.json["choices"][0]["finish_reason"] == "length"
    assert short.json["usage"]["completion_tokens"] == 5
    stopped = await ask("echo;notice=off", "one two STOP three", stop=["never", "STOP"])
    assert stopped.text == "one two "
    assert stopped.json["choices"][0]["finish_reason"] == "stop"


async def test_a_huge_prompt_is_answered_at_length(ask: Ask) -> None:
    """A megabyte comes back cut to the model's longest answer, and are counted."""
    answer = await ask("echo", "word " * 200_000)
    assert answer.broke is None
    assert answer.json["choices"][0]["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] == MAX_OUTPUT_TOKENS
    assert answer.json["usage"]["prompt_tokens"] > 200_000


async def test_several_choices(ask: Ask) -> None:
    """`n` choices differ, come interleaved on a stream, and all are counted."""
    answer = await ask("lorem;words=6", n=3)
    texts = [choice["message"]["content"] for choice in answer.json["choices"]]
    assert len(set(texts)) == 3
    assert answer.json["usage"]["completion_tokens"] >= 18
    streamed = await ask("lorem;words=6", n=3, stream=True)
    chunks = [json.loads(event) for event in streamed.events[:-1]]
    assert [chunk["choices"][0]["index"] for chunk in chunks[:6]] == [0, 1, 2, 0, 1, 2]
    assert streamed.text == texts[0]


async def test_usage_is_as_the_name_says(ask: Ask) -> None:
    """Cached and reasoning tokens are reported as set; `usage=off` reports nothing."""
    usage = (await ask("echo;cached=4;think=7", "one two three four five")).json["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 4
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 7
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert "usage" not in (await ask("echo;usage=off")).json


async def test_reasoning_comes_where_it_is_wished_for(ask: Ask) -> None:
    """A reasoning effort makes thoughts before the answer; without one there are none."""
    thought = (await ask("echo", reasoning_effort="low")).json["choices"][0]["message"]
    assert thought["reasoning_content"]
    assert "reasoning_content" not in (await ask("echo")).json["choices"][0]["message"]


async def test_an_image_is_acknowledged(ask: Ask) -> None:
    """What was shown is named."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": "What is it?"}, image, image]
    answer = await ask("echo", messages=[{"role": "user", "content": content}])
    assert "[saw 2 images]" in answer.text


@pytest.mark.parametrize("model", ["echo", "lorem", "json"])
async def test_the_schema_is_obeyed_by_every_model(ask: Ask, model: str) -> None:
    """A JSON schema is obeyed whatever the model; `json_object` gives an object."""
    wish = {"type": "json_schema", "json_schema": {"name": "w", "strict": True, "schema": WEATHER}}
    for stream in (False, True):
        answer = await ask(model, response_format=wish, stream=stream)
        jsonschema.validate(json.loads(answer.text), WEATHER)
    assert isinstance(json.loads((await ask(model, response_format={"type": "json_object"})).text), dict)


async def test_a_schema_that_nothing_satisfies_is_refused(ask: Ask) -> None:
    """As providers do: 400, naming the parameter."""
    never = {"type": "json_schema", "json_schema": {"name": "w", "schema": {"type": "colour"}}}
    answer = await ask("echo", response_format=never)
    assert (answer.status, answer.error["param"]) == (400, "response_format")
    answer = await ask("tools", tools=[tool("look", {"$ref": "#/nowhere"})])
    assert (answer.status, answer.error["param"]) == (400, "tools")


async def test_a_loop_of_tools_ends(ask: Ask) -> None:
    """All offered tools are called at once with arguments true to their schemas; the results are quoted."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Rain?"}]
    tools = [tool("weather"), tool("calendar")]
    first = await ask("tools", messages=messages, tools=tools)
    made = calls(first)
    assert [call["function"]["name"] for call in made] == ["weather", "calendar"]
    assert len({call["id"] for call in made}) == 2
    for call in made:
        jsonschema.validate(json.loads(call["function"]["arguments"]), WEATHER)
    assert first.json["choices"][0]["finish_reason"] == "tool_calls"
    messages.append(first.json["choices"][0]["message"])
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": f"dry {i}"} for i, call in enumerate(made)
    ]
    second = await ask("tools", messages=messages, tools=tools)
    assert calls(second) == []
    assert "dry 0; dry 1" in second.text
    messages += [{"role": "assistant", "content": second.text}, {"role": "user", "content": "And now?"}]
    third = await ask("tools", messages=messages, tools=tools)
    assert {call["id"] for call in calls(third)}.isdisjoint(call["id"] for call in made)


async def test_streamed_calls_are_the_whole_ones(ask: Ask) -> None:
    """Fragments put together are the calls of the whole answer."""
    tools = [tool("weather"), tool("calendar")]
    whole = calls(await ask("tools", "Rain?", tools=tools))
    streamed = await ask("tools", "Rain?", tools=tools, stream=True)
    fragments = [call for delta in streamed.deltas for call in delta.get("tool_calls", ())]
    for index, call in enumerate(whole):
        mine = [fragment for fragment in fragments if fragment["index"] == index]
        assert mine[0]["id"] == call["id"]
        arguments = "".join(fragment["function"].get("arguments", "") for fragment in mine)
        assert arguments == call["function"]["arguments"]


async def test_a_call_too_long_is_cut_in_its_arguments(ask: Ask) -> None:
    """`max_tokens` reaches into a call's arguments, as it does with real models."""
    long = {"type": "object", "properties": {"note": {"type": "string", "minLength": 200}}}
    whole = calls(await ask("tools", tools=[tool("write", long)]))[0]["function"]["arguments"]
    answer = await ask("tools", tools=[tool("write", long)], max_tokens=4)
    cut = calls(answer)[0]["function"]["arguments"]
    assert answer.json["choices"][0]["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] == 4
    assert whole.startswith(cut)
    assert len(cut) < len(whole)


async def test_tool_choice_is_respected(ask: Ask) -> None:
    """none, required, a named tool, and one at a time: by every model."""
    tools = [tool("weather"), tool("calendar")]
    named = {"type": "function", "function": {"name": "calendar"}}

    async def names(model: str, **fields: Any) -> list[str]:
        answer = await ask(model, tools=tools, **fields)
        return [call["function"]["name"] for call in calls(answer)]

    assert await names("tools", tool_choice="none") == []
    assert await names("tools", tool_choice=named) == ["calendar"]
    assert await names("tools", parallel_tool_calls=False) == ["weather"]
    assert await names("echo") == []
    assert await names("echo", tool_choice="required") == ["weather"]
    assert await names("lorem", tool_choice=named) == ["calendar"]
    missing = await ask("tools", tools=tools[:1], tool_choice=named)
    assert (missing.status, missing.error["param"]) == (400, "tool_choice")


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("gpt-9", 404, "no model 'gpt-9'"),
        ("echo;colour=red", 400, "colour"),
        ("echo;fault=boo", 400, "boo"),
        ("echo;latency", 400, "name=value"),
        ("echo;rate=2;fault=500", 400, "rate"),
    ],
)
async def test_a_wrong_name_is_explained(ask: Ask, model: str, status: int, says: str) -> None:
    """An unknown model is 404, an unknown setting 400; the message names it."""
    answer = await ask(model)
    assert (answer.status, answer.error["param"]) == (status, "model")
    assert says in answer.error["message"]


async def test_keys(ask: Ask) -> None:
    """A key with `bad` in it is refused as a provider refuses, and not repeated."""
    answer = await ask("echo", key="sk-bad-1234")
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert b"sk-bad" not in answer.body
