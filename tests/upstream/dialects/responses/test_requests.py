"""What is asked of a provider of Responses for callers of other dialects."""

import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.messages import Media, MediaKind, Message, Role, Text, ToolCall, ToolResult
from baton.core.provider import ProviderSpec, Quirks
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Sampling,
    Showing,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.responses.codec import CODEC
from tests.upstream.dialects.responses.recorded import envelope_of

SPEC = ProviderSpec(name="made-up", title="Made up", base_url="http://provider.test/v1")
HELLO = Message(role=Role.USER, parts=(Text(text="hello"),))


def written(spec: ProviderSpec = SPEC, **fields: Any) -> tuple[dict[str, Any], Losses]:
    """The body, and what was lost: all of it declared."""
    usual: dict[str, Any] = {"messages": (HELLO,), "dialect": Dialect.OPENAI}
    losses = Losses()
    request = ChatRequest(model="x", **usual | fields)
    body = json.loads(CODEC.write_request(request, "gpt-x", spec, losses))
    assert losses.features <= {*CODEC.cannot, *CODEC.adjusts}
    return body, losses


def test_nothing_is_stored_for_somebody_who_did_not_ask() -> None:
    """The provider would, by default."""
    body, losses = written()
    assert body["store"] is False
    assert not losses


def test_what_both_of_openais_dialects_know_goes_along() -> None:
    """Under the same name, or where the other one keeps it; what only one knows is named."""
    extras = {
        "prompt_cache_key": Raw(b'"k"'),
        "metadata": Raw(b'{"a":"b"}'),
        "verbosity": Raw(b'"low"'),
        "moon": Raw(b"1"),
    }
    body, losses = written(extras=extras)
    assert (body["prompt_cache_key"], body["metadata"]) == ("k", {"a": "b"})
    assert body["text"] == {"verbosity": "low"}
    assert list(losses.dropped) == ["moon"]
    body, losses = written(extras=extras, dialect=Dialect.ANTHROPIC)
    assert set(losses.dropped) == set(extras)


def test_what_the_dialect_lacks_is_named() -> None:
    """Each by the word that the caller knows it by."""
    lacking = Sampling(
        stop=("x",), n=2, seed=1, top_k=3, presence_penalty=0.5, frequency_penalty=0.5, logprobs=True
    )
    body, losses = written(sampling=lacking)
    named = {"stop", "n", "seed", "top_k", "presence_penalty", "frequency_penalty", "logprobs"}
    assert set(losses.dropped) == named
    assert not named & body.keys()


def test_one_answer_is_what_there_is_anyway() -> None:
    """Whoever asks for it loses nothing."""
    nothing = Sampling(n=1, presence_penalty=0, frequency_penalty=0, logprobs=False, top_logprobs=0)
    body, losses = written(sampling=nothing)
    assert "n" not in body
    assert not losses


@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.NATIVE])
def test_batons_own_routes_have_openais_words(dialect: Dialect) -> None:
    """They are passed on as they are said, unlike those of other vendors."""
    loose = Raw(b'{"type":"object","properties":{"x":{}}}')
    body, losses = written(
        dialect=dialect,
        tools=(Tool(name="c", schema=loose, strict=True),),
        reasoning=ReasoningWish(effort="xhigh", show=Showing.NONE),
        response_format=ResponseFormat(kind=FormatKind.JSON_SCHEMA, schema=loose, strict=True),
    )
    assert body["tools"][0]["strict"] is body["text"]["format"]["strict"] is True
    assert body["reasoning"]["effort"] == "xhigh"
    assert not losses


@pytest.mark.parametrize(("wished", "said"), [(5, 16), (16, 16), (900, 900)])
def test_a_limit_below_what_is_taken_is_raised(wished: int, said: int) -> None:
    """And the caller is told."""
    body, losses = written(max_tokens=wished)
    assert body["max_output_tokens"] == said
    assert list(losses.adjusted) == ([] if wished == said else ["max_tokens=16"])


def test_strictness_is_said_and_asked_only_where_it_can_be() -> None:
    """Here a tool is strict unless told otherwise, and a schema that is not closed is refused."""
    closed = Raw(b'{"type":"object","properties":{},"required":[],"additionalProperties":false}')
    tools = (Tool(name="a"), Tool(name="b", schema=closed, strict=True))
    body, _ = written(tools=tools)
    assert [tool["strict"] for tool in body["tools"]] == [False, True]
    loose = (Tool(name="c", schema=Raw(b'{"type":"object","properties":{"x":{}}}'), strict=True),)
    body, losses = written(tools=loose, dialect=Dialect.ANTHROPIC)
    assert body["tools"][0]["strict"] is False
    assert list(losses.dropped) == ["tool_strict"]


def test_a_custom_tool_of_chat_completions_is_one_here() -> None:
    """With its grammar, and as the choice among tools."""
    grammar = {"syntax": "lark", "definition": "start: x"}
    custom = {"name": "patch", "format": {"type": "grammar", "grammar": grammar}}
    raw = Raw(json.dumps({"type": "custom", "custom": custom}).encode())
    tool = ForeignTool(dialect=Dialect.OPENAI, type="custom", raw=raw)
    body, losses = written(tools=(tool,), tool_choice=ToolChoice(mode=ToolMode.NAMED, names=("patch",)))
    assert body["tools"] == [{"type": "custom", "name": "patch", "format": {"type": "grammar", **grammar}}]
    assert body["tool_choice"] == {"type": "custom", "name": "patch"}
    assert not losses


def test_a_json_object_is_asked_for_in_words_too() -> None:
    """The mode is refused otherwise."""
    wish = ResponseFormat(kind=FormatKind.JSON_OBJECT)
    body, losses = written(response_format=wish, dialect=Dialect.ANTHROPIC)
    assert "JSON" in body["input"][0]["content"]
    assert list(losses.adjusted) == ["response_format=instruction"]


@pytest.mark.parametrize(
    ("wish", "dialect", "reasoning"),
    [
        (ReasoningWish(effort="low"), Dialect.OPENAI, {"effort": "low"}),
        (ReasoningWish(budget_tokens=5000), Dialect.ANTHROPIC, {"effort": "medium", "summary": "auto"}),
        (ReasoningWish(effort="max"), Dialect.ANTHROPIC, {"effort": "high", "summary": "auto"}),
        (ReasoningWish(budget_tokens=0), Dialect.GOOGLE, None),
    ],
)
def test_how_much_to_think(wish: ReasoningWish, dialect: Dialect, reasoning: dict[str, str] | None) -> None:
    """Whose callers expect to see thoughts, gets them shown; what was thought comes in cipher."""
    body, _ = written(reasoning=wish, dialect=dialect)
    assert body.get("reasoning") == reasoning
    assert ("include" in body) == (reasoning is not None)


def test_results_find_their_calls_by_ids_that_are_taken() -> None:
    """A longer id becomes the same other one in both places; pictures and documents go along."""
    long = "call_" + "x" * 80
    shown = Media(kind=MediaKind.IMAGE, data="aGk=", media_type="image/png")
    turns = (
        HELLO,
        Message(role=Role.ASSISTANT, parts=(ToolCall(id=long, name="f", arguments="{}"),)),
        Message(
            role=Role.TOOL,
            parts=(ToolResult(call_id=long, parts=(Text(text="seen"), shown), is_error=True),),
        ),
    )
    body, losses = written(messages=turns)
    _, call, result = body["input"]
    assert call["call_id"] == result["call_id"]
    assert len(call["call_id"]) <= 64
    assert [part["type"] for part in result["output"]] == ["input_text", "input_image"]
    assert list(losses.dropped) == ["tool_result_error"]
    assert list(losses.adjusted) == ["tool_call_id"]


def test_developers_are_the_system_where_nobody_knows_them() -> None:
    """As the provider is declared."""
    turns = (Message(role=Role.DEVELOPER, parts=(Text(text="Be kind."),)), HELLO)
    body, _ = written(messages=turns)
    assert body["input"][0]["role"] == "developer"
    shy = ProviderSpec(name="shy", title="Shy", base_url="http://x", quirks=Quirks(no_developer_role=True))
    body, losses = written(shy, messages=turns)
    assert body["input"][0]["role"] == "system"
    assert list(losses.adjusted) == ["developer_role=system"]


def test_a_template_of_one_provider_is_no_question_to_another() -> None:
    """It passes to its own, and is refused by name where it would have to be translated."""
    envelope = envelope_of({"model": "m", "prompt": {"id": "pmpt_1"}})
    with pytest.raises(Invalid) as refused:
        envelope.open()
    assert refused.value.param == "prompt"
