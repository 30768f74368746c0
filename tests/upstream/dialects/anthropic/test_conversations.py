"""Requests of other dialects, as Anthropic's API is asked them: turns, media, tools, schemas."""

import base64
import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.messages import (
    Foreign,
    Media,
    MediaKind,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ResponseFormat,
    Sampling,
    Tool,
    ToolChoice,
    ToolMode,
)
from tests.upstream.dialects.anthropic.recorded import HELLO, write

MODEL = "claude-sonnet-4-5"
PNG = base64.b64encode(b"\x89PNG").decode()


def said(role: Role, *parts: Part | str) -> Message:
    return Message(
        role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
    )


def told(*messages: Message, model: str = MODEL) -> tuple[Any, list[Any], list[str]]:
    """System prompt, messages as role and content, and what was noted but for the limit."""
    body, losses = write(ChatRequest(model=model, messages=messages, max_tokens=9), model)
    turns = [(turn["role"], turn["content"]) for turn in body["messages"]]
    return body.get("system"), turns, [*losses.adjusted, *losses.dropped]


def asked(**fields: Any) -> tuple[dict[str, Any], list[str]]:
    body, losses = write(ChatRequest(model=MODEL, messages=(HELLO,), max_tokens=9), MODEL, **fields)
    return body, [*losses.adjusted, *losses.dropped]


def schema(**fields: Any) -> Raw:
    return Raw(json.dumps(fields).encode())


def test_system_messages_stand_before_the_conversation() -> None:
    """Those at the beginning are the system prompt; later ones join it, and that is reported."""
    system, turns, noted = told(said(Role.SYSTEM, "Be brief."), HELLO)
    assert (system, turns, noted) == ("Be brief.", [("user", "hello")], [])
    system, turns, noted = told(said(Role.DEVELOPER, "Be brief."), HELLO, said(Role.SYSTEM, "Be kind."))
    assert [block["text"] for block in system] == ["Be brief.", "Be kind."]
    assert (turns, noted) == ([("user", "hello")], ["developer_role", "system_position"])


def test_newer_models_take_a_system_message_behind_the_users() -> None:
    """In its place where it follows a user's turn; else behind the next, and that is reported."""
    model = "claude-opus-4-8"
    system, turns, noted = told(HELLO, said(Role.SYSTEM, "Be kind."), model=model)
    assert (system, turns, noted) == (None, [("user", "hello"), ("system", "Be kind.")], [])
    answered = (HELLO, said(Role.ASSISTANT, "Hi."), said(Role.SYSTEM, "Be kind."), HELLO)
    system, turns, noted = told(*answered, model=model)
    assert [role for role, _ in turns] == ["user", "assistant", "user", "system"]
    assert (system, noted[0]) == (None, "system_position")


def test_a_system_prompt_alone_is_what_the_user_says() -> None:
    """There has to be a message."""
    system, turns, noted = told(said(Role.SYSTEM, "Say hello."))
    assert (system, turns, noted) == (None, [("user", "Say hello.")], ["system_position"])


def test_speakers_take_turns() -> None:
    """Messages of one speaker in a row are one; the user begins."""
    _, turns, noted = told(HELLO, HELLO, said(Role.ASSISTANT, "a"), said(Role.ASSISTANT, "b"), HELLO)
    assert [role for role, _ in turns] == ["user", "assistant", "user"]
    assert [block["text"] for block in turns[0][1]] == ["hello", "hello"]
    assert noted == ["alternation"]
    _, turns, noted = told(said(Role.ASSISTANT, "Hi."), HELLO)
    assert (turns[0], noted) == (("user", "."), ["alternation"])


def test_empty_texts_are_left_out() -> None:
    """The API refuses them; a user's turn without any words says a full stop, so that the order stays."""
    _, turns, noted = told(said(Role.USER, "hello", " \n"), said(Role.ASSISTANT, ""), said(Role.USER, ""))
    assert turns == [("user", [{"type": "text", "text": "hello"}, {"type": "text", "text": "."}])]
    assert noted == ["empty_content", "alternation"]


def test_an_answer_to_go_on_with_ends_in_no_white_space() -> None:
    """The API refuses that; newer models take none at all and are asked to go on."""
    begun = (HELLO, said(Role.ASSISTANT, "Well, \n"))
    assert told(*begun)[1:] == ([("user", "hello"), ("assistant", "Well,")], ["prefill"])
    _, turns, noted = told(*begun, model="claude-opus-4-6")
    assert [role for role, _ in turns] == ["user", "assistant", "user"]
    assert noted == ["prefill"]


def test_results_of_tools_begin_the_users_turn() -> None:
    """All of a turn together, with errors and images, before what the user says; ids are the calls'."""
    image = Media(kind=MediaKind.IMAGE, data=PNG, media_type="image/png")
    calls = said(
        Role.ASSISTANT,
        "I look.",
        ToolCall(id="call:1", name="look", arguments='{"at": "a"}'),
        ToolCall(id="call_2", name="look", arguments="half"),
    )
    first = ToolResult(call_id="call:1", parts=(Text(text="seen"), image))
    second = ToolResult(call_id="call_2", parts=(Text(text="no such thing"),), is_error=True)
    _, turns, noted = told(HELLO, calls, said(Role.TOOL, first), said(Role.TOOL, second), HELLO)
    assert [role for role, _ in turns] == ["user", "assistant", "user"]
    results, answer = turns[2][1][:2], turns[1][1]
    assert [block["type"] for block in turns[2][1]] == ["tool_result", "tool_result", "text"]
    assert [result["tool_use_id"] for result in results] == [call["id"] for call in answer[1:]]
    assert answer[1]["id"].replace("_", "").replace("-", "").isalnum()
    assert [block["type"] for block in results[0]["content"]] == ["text", "image"]
    assert (results[1]["is_error"], results[1]["content"]) == (True, "no such thing")
    assert (answer[1]["input"], answer[2]["input"]) == ({"at": "a"}, {"_raw": "half"})
    assert noted == ["tool_call_id", "tools"]


@pytest.mark.parametrize(
    ("media", "source", "noted"),
    [
        ({"url": "https://x.test/a.png"}, {"type": "url", "url": "https://x.test/a.png"}, []),
        (
            {"data": PNG, "media_type": "image/png", "detail": "high", "name": "a"},
            {"type": "base64", "media_type": "image/png", "data": PNG},
            ["image_detail", "media_name"],
        ),
        (
            {"data": PNG, "media_type": "image/jpg"},
            {"type": "base64", "media_type": "image/jpeg", "data": PNG},
            [],
        ),
        ({"data": PNG, "media_type": "image/tiff"}, None, ["image/tiff"]),
        ({"file_id": "file-1"}, None, ["file_id"]),
        (
            {"kind": MediaKind.DOCUMENT, "data": PNG, "media_type": "application/pdf"},
            {"type": "base64", "media_type": "application/pdf", "data": PNG},
            [],
        ),
        (
            {"kind": MediaKind.DOCUMENT, "data": base64.b64encode(b"a,b").decode(), "media_type": "text/csv"},
            {"type": "text", "media_type": "text/plain", "data": "a,b"},
            ["document=text/plain"],
        ),
        (
            {"kind": MediaKind.DOCUMENT, "data": PNG, "media_type": "application/zip"},
            None,
            ["application/zip"],
        ),
        (
            {"kind": MediaKind.DOCUMENT, "url": "https://x.test/a.pdf"},
            {"type": "url", "url": "https://x.test/a.pdf"},
            [],
        ),
        ({"kind": MediaKind.AUDIO, "data": PNG, "media_type": "audio/wav"}, None, ["audio"]),
        ({"kind": MediaKind.VIDEO, "url": "https://x.test/a.mp4"}, None, ["video"]),
    ],
)
def test_media_are_shown_where_they_can_be(
    media: dict[str, Any], source: dict[str, Any] | None, noted: list[str]
) -> None:
    """By URL or as data; what the API cannot be shown is left out and reported."""
    shown = Media(**{"kind": MediaKind.IMAGE, **media})
    _, turns, losses = told(said(Role.USER, "Look:", shown))
    blocks = turns[0][1] if isinstance(turns[0][1], list) else []
    assert [block["source"] for block in blocks if "source" in block] == ([] if source is None else [source])
    assert losses == noted


def test_what_no_other_dialect_knows_is_left_out_and_named() -> None:
    """Parts, tools, fields, names, thoughts and signatures of others: each is reported."""
    thought = Reasoning(text="hm", signature=Signature(origin=Dialect.GOOGLE, value="s"))
    strange = Foreign(dialect=Dialect.OPENAI, kind="odd", raw=Raw(b"{}"))
    message = Message(
        role=Role.ASSISTANT, parts=(thought, strange, Refusal(text="No.")), name="x", extras={"f": Raw(b"1")}
    )
    body, losses = write(
        ChatRequest(
            model=MODEL,
            messages=(HELLO, message, HELLO),
            tools=(ForeignTool(dialect=Dialect.OPENAI, type="web_search", raw=Raw(b"{}")),),
            extras={"store": Raw(b"true")},
            unread=("messages[0].odd",),
            dialect=Dialect.OPENAI,
            max_tokens=9,
            sampling=Sampling(logit_bias=Raw(b"{}")),
        ),
        MODEL,
    )
    assert [turn["content"] for turn in body["messages"]] == ["hello", "No.", "hello"]
    assert not {"store", "tools"} & set(body)
    dropped = {"reasoning", "reasoning_signature", "odd", "message_name", "messages[1].f", "tools.web_search"}
    assert set(losses.dropped) == dropped | {"store", "messages[0].odd", "logit_bias"}
    assert list(losses.adjusted) == ["refusal"]


def test_tools_and_the_choice_among_them() -> None:
    """Modes, one at a time, only the allowed ones, none where there are none."""
    tools = (Tool(name="a"), Tool(name="b", description="", schema=schema(type="object")))
    body, noted = asked(tools=tools, parallel_tool_calls=False)
    assert body["tools"][0] == {"name": "a", "input_schema": {"type": "object", "properties": {}}}
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    for mode, word in ((ToolMode.AUTO, "auto"), (ToolMode.REQUIRED, "any"), (ToolMode.NONE, "none")):
        body, _ = asked(tools=tools, tool_choice=ToolChoice(mode=mode))
        assert body["tool_choice"] == {"type": word}
    body, noted = asked(tools=tools, tool_choice=ToolChoice(mode=ToolMode.REQUIRED, names=("b",)))
    assert ([tool["name"] for tool in body["tools"]], noted) == (["b"], ["allowed_tools"])
    body, noted = asked(tool_choice=ToolChoice(mode=ToolMode.REQUIRED))
    assert ("tool_choice" in body, noted) == (False, ["tool_choice"])


@pytest.mark.parametrize(
    ("before", "after", "noted"),
    [
        (None, {"type": "object", "properties": {}}, []),
        ({"properties": {}}, {"type": "object", "properties": {}}, []),
        ({"type": "object", "x": 1}, {"type": "object", "x": 1}, []),
        (
            {"type": "object", "anyOf": [{"required": ["a"]}]},
            {"type": "object", "description": '{anyOf: [{"required":["a"]}]}'},
            ["tool_schema"],
        ),
    ],
)
def test_a_tools_schema_is_a_plain_object_at_its_top(before: Any, after: Any, noted: list[str]) -> None:
    """Below it everything stays as it was; what the API refuses goes into words."""
    tool = Tool(name="a", schema=None if before is None else schema(**before))
    body, losses = asked(tools=(tool,))
    assert (body["tools"][0]["input_schema"], losses) == (after, noted)


def test_a_promised_schema_is_closed_and_says_the_rest_in_words() -> None:
    """Structured output and strict tools: objects closed all the way down, what is not known described."""
    inner = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    wish = schema(
        type="object",
        properties={
            "inner": inner,
            "either": {"oneOf": [inner, {"type": "null"}]},
            "again": {"$ref": "#/$defs/more", "description": "x"},
            "at": {"type": "string", "format": "date", "maxLength": 9, "description": "When."},
        },
        **{"$defs": {"more": {"type": "object", "additionalProperties": {"type": "string"}}}},
    )
    form = ResponseFormat(kind=FormatKind.JSON_SCHEMA, schema=wish, description="All of it.")
    body, noted = asked(response_format=form)
    told = body["output_config"]["format"]["schema"]
    closed = {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "{minimum: 1}"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert told["properties"]["inner"] == closed
    assert told["properties"]["either"] == {"anyOf": [closed, {"type": "null"}]}
    assert told["properties"]["again"] == {"$ref": "#/$defs/more"}
    assert told["properties"]["at"]["description"] == "When.\n\n{maxLength: 9}"
    assert told["$defs"]["more"]["additionalProperties"] is False
    assert (told["additionalProperties"], told["description"]) == (False, "All of it.")
    assert noted == ["response_schema", "response_format=description"]
    body, noted = asked(tools=(Tool(name="a", schema=wish, strict=True),))
    assert (body["tools"][0]["strict"], noted) == (True, ["tool_schema"])


def test_older_models_promise_no_schema() -> None:
    """A strict tool is a tool; JSON without a schema is asked for in words by all of them."""
    request = ChatRequest(model="claude-3-haiku", messages=(HELLO,), max_tokens=9)
    tool = Tool(name="a", schema=schema(type="object"), strict=True)
    body, losses = write(request, "claude-3-haiku", tools=(tool,))
    assert ("strict" in body["tools"][0], list(losses.dropped)) == (False, ["tool_strict"])
    body, noted = asked(response_format=ResponseFormat(kind=FormatKind.JSON_OBJECT))
    assert "JSON" in body["system"]
    assert noted == ["response_format=instruction"]
