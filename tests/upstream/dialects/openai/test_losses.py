"""What of another dialect's request cannot be said in OpenAI's chat, or is said otherwise: case by case."""

import base64
import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import (
    Media,
    MediaKind,
    Message,
    Part,
    Reasoning,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.provider import ProviderSpec, Quirks
from baton.core.request import (
    ChatRequest,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.openai.requests import read_request, write_request
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}
IMAGE = Media(kind=MediaKind.IMAGE, data="aGk=", media_type="image/png")


def request(*parts: Part, role: Role = Role.USER, **fields: Any) -> ChatRequest:
    usual = {"model": "x", "messages": (Message(role=role, parts=parts),), "dialect": Dialect.ANTHROPIC}
    return ChatRequest(**(usual | fields))


def written(
    asked: ChatRequest, spec: ProviderSpec | None = None, quirks: Quirks | None = None
) -> tuple[dict[str, Any], Losses]:
    losses = Losses()
    plain = ProviderSpec(name="any", title="Any", base_url="", quirks=quirks or Quirks())
    return json.loads(write_request(asked, "some-model", spec or plain, losses)), losses


def test_what_results_show_stands_behind_all_of_them() -> None:
    """OpenAI refuses anything between the results of one turn, and images inside them."""
    calls = tuple(ToolCall(id=f"c{n}", name="look", arguments="{}") for n in (1, 2))
    results = (
        ToolResult(call_id="c1", parts=(Text(text="a cat"), IMAGE)),
        ToolResult(call_id="c2", parts=(IMAGE,)),
    )
    asked = request(
        messages=(
            Message(role=Role.ASSISTANT, parts=calls),
            Message(role=Role.TOOL, parts=results),
            Message(role=Role.USER, parts=(Text(text="well?"),)),
        )
    )
    body, losses = written(asked)
    assert [line["role"] for line in body["messages"]] == ["assistant", "tool", "tool", "user", "user"]
    assert [line["content"] for line in body["messages"][1:3]] == ["a cat", ""]
    shown = body["messages"][3]["content"]
    assert [part["type"] for part in shown] == ["text", "image_url", "text", "image_url"]
    assert ["c1" in shown[0]["text"], "c2" in shown[2]["text"]] == [True, True]
    assert list(losses.adjusted) == ["tool_result_media=user message"]


def test_ids_that_are_too_long_stay_pairs() -> None:
    """A call and its result get the same shorter id, in every request anew; the short ones stay."""
    long = "toolu_" + "x" * 60
    asked = request(
        messages=(
            Message(role=Role.ASSISTANT, parts=(ToolCall(id=long, name="f", arguments="{}"),)),
            Message(role=Role.TOOL, parts=(ToolResult(call_id=long),)),
        )
    )
    seen: set[str] = set()
    for spec in (SPECS["openai"], SPECS["openai"], SPECS["mistral"]):
        body, losses = written(asked, spec)
        call, result = body["messages"]
        assert call["tool_calls"][0]["id"] == result["tool_call_id"]
        assert list(losses.adjusted) == ["tool_call_id"]
        seen.add(result["tool_call_id"])
    assert sorted(map(len, seen)) == [9, 37]


def test_thoughts_go_back_to_whoever_takes_them() -> None:
    """DeepSeek wants the text, OpenRouter its own details too, Groq refuses either."""
    value = '{"type":"reasoning.text","format":"anthropic-claude-v1","signature":"s","index":0}'
    own = Reasoning(text="hm", signature=Signature(origin=Dialect.OPENAI, value=value))
    other = Reasoning(text="so", signature=Signature(origin=Dialect.GOOGLE, value="g"))
    asked = request(own, other, Text(text="well"), role=Role.ASSISTANT)
    body, losses = written(asked, SPECS["groq"])
    assert body["messages"] == [{"role": "assistant", "content": "well"}]
    assert list(losses.dropped) == ["reasoning", "reasoning_signature"]
    body, losses = written(asked, SPECS["deepseek"])
    assert body["messages"][0]["reasoning_content"] == "hmso"
    assert list(losses.dropped) == ["reasoning_signature"]
    body, losses = written(asked, SPECS["openrouter"])
    assert body["messages"][0]["reasoning_details"][0] == {**json.loads(value), "text": "hm"}
    assert "reasoning_content" not in body["messages"][0]


def test_thoughts_from_abroad_do_not_reach_a_provider_of_the_callers_dialect() -> None:
    """What Baton put into an answer of another dialect's model is taken out where it is refused."""
    abroad = {
        "role": "assistant",
        "content": "well",
        "reasoning_content": "hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "hm", "signature": "baton.anthropic.s", "index": 0}
        ],
    }
    read = read_request(json.dumps({"model": "x", "messages": [abroad]}).encode())
    assert read.messages[0].parts[0] == Reasoning(
        text="hm", signature=Signature(origin=Dialect.ANTHROPIC, value="s")
    )
    body, losses = written(read, SPECS["openai"])
    assert body["messages"] == [{"role": "assistant", "content": "well"}]
    assert set(losses.dropped) == {"reasoning", "reasoning_signature"}


@pytest.mark.parametrize(
    ("wish", "word", "adjusted"),
    [
        (ReasoningWish(budget_tokens=5000), "medium", ["reasoning_budget=medium"]),
        (ReasoningWish(budget_tokens=100_000), "high", ["reasoning_budget=high"]),
        (ReasoningWish(effort="max"), "high", ["reasoning_effort=high"]),
        (ReasoningWish(effort="low"), "low", []),
        (ReasoningWish(effort="none"), None, []),
    ],
)
def test_a_wish_to_think_becomes_an_effort(
    wish: ReasoningWish, word: str | None, adjusted: list[str]
) -> None:
    """By the one table; words that most models refuse are not sent."""
    body, losses = written(request(Text(text="hi"), reasoning=wish))
    assert body.get("reasoning_effort") == word
    assert list(losses.adjusted) == adjusted


def test_a_schema_is_strict_where_it_can_be() -> None:
    """Other dialects keep to a schema by themselves; OpenAI does if told, and if the schema allows it."""
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    for schema, strict in ((closed, True), ({**closed, "required": []}, None), ({"type": "array"}, None)):
        form = ResponseFormat(kind=FormatKind.JSON_SCHEMA, schema=Raw(json.dumps(schema).encode()))
        body, losses = written(request(Text(text="hi"), response_format=form))
        assert body["response_format"]["json_schema"].get("strict") is strict
        assert list(losses.adjusted) == (["schema_strict=true"] if strict else [])


def test_json_mode_is_spoken_of() -> None:
    """OpenAI refuses JSON mode where no message has the word; one that has it stays as it is."""
    form = ResponseFormat(kind=FormatKind.JSON_OBJECT)
    body, losses = written(request(Text(text="hi"), response_format=form))
    assert "JSON" in body["messages"][0]["content"]
    assert list(losses.adjusted) == ["response_format=instruction"]
    body, losses = written(request(Text(text="As json, please"), response_format=form))
    assert len(body["messages"]) == 1
    assert not losses


def test_nothing_is_chosen_from_no_tools() -> None:
    """OpenAI refuses a choice of tools, and a wish for one call at a time, where there are none."""
    body, losses = written(
        request(Text(text="hi"), tool_choice=ToolChoice(mode=ToolMode.REQUIRED), parallel_tool_calls=False)
    )
    assert set(body) == {"model", "messages"}
    assert list(losses.dropped) == ["tool_choice", "parallel_tool_calls"]


def test_documents_are_told_as_they_can_be() -> None:
    """PDF as a named file, plain text as text; one by URL not at all."""
    text = base64.b64encode("grüß dich".encode()).decode()
    parts = (
        Media(kind=MediaKind.DOCUMENT, data="aGk=", media_type="application/pdf"),
        Media(kind=MediaKind.DOCUMENT, data=text, media_type="text/plain"),
        Media(kind=MediaKind.DOCUMENT, url="https://example.com/a.pdf"),
    )
    body, losses = written(request(*parts))
    file, told = body["messages"][0]["content"]
    assert file["file"]["filename"] == "document.pdf"
    assert told == {"type": "text", "text": "grüß dich"}
    assert list(losses.dropped) == ["document_url"]


def test_unknown_fields_are_told_by_their_paths() -> None:
    """Top-level ones, a message's, and those deep inside."""
    body = {
        "model": "x",
        "x_top": 1,
        "x_null": None,
        "messages": [
            {"role": "user", "x_said": 1, "content": [{"type": "text", "text": "hi", "x_part": 1}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "x_deep": 1}}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "x_tool": 1}}],
        "stream_options": {"include_usage": True, "x_usage": 1},
    }
    read = read_request(json.dumps(body).encode())
    assert set(read.extras) == {"x_top"}
    assert set(read.messages[0].extras) == {"x_said"}
    assert read.unread == (
        "messages[0].content[0].x_part",
        "messages[1].content[0].image_url.x_deep",
        "tools[0].function.x_tool",
        "stream_options.x_usage",
    )


def test_a_tool_is_strict_only_where_its_schema_is() -> None:
    """A strict tool with an optional field would be refused whole."""
    open_schema = Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}')
    asked = request(Text(text="hi"), tools=(Tool(name="f", schema=open_schema, strict=True),))
    body, losses = written(asked)
    assert "strict" not in body["tools"][0]["function"]
    assert list(losses.dropped) == ["tool_strict"]
