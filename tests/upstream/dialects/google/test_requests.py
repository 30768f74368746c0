"""Requests to and from Google, for what no recording shows."""

import base64
import json
from typing import Any

import pytest
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Media,
    MediaKind,
    Message,
    Reasoning,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.request import ChatRequest, ReasoningWish
from baton.upstream.dialects.carried import holds_marked
from baton.upstream.dialects.google.codec import CODEC, address
from baton.upstream.dialects.google.contents import UNSIGNED
from baton.upstream.dialects.google.counting import COUNTER, asked_about
from baton.upstream.dialects.google.parts import takes_as_is
from baton.upstream.dialects.google.requests import read_request
from tests.upstream.dialects.google.recorded import SPEC, envelope_of

HELLO = Message(role=Role.USER, parts=(Text(text="hello"),))
CALL = ToolCall(id="c1", name="look", arguments='{"at": "it"}')
RESULT = ToolResult(call_id="c1", parts=(Text(text="seen"),))


def written(request: ChatRequest, model: str = "gemini-3.8-flash") -> tuple[dict[str, Any], Losses]:
    losses = Losses()
    body = CODEC.write_request(request, model, SPEC, losses)
    assert losses.features <= set(CODEC.cannot) | set(CODEC.adjusts)
    return json.loads(body), losses


def read(body: dict[str, Any]) -> ChatRequest:
    return read_request(json.dumps(body).encode(), "m", stream=False)


@pytest.mark.parametrize(
    ("base_url", "model", "stream", "url"),
    [
        ("https://g.test", "gemini-x", False, "https://g.test/v1beta/models/gemini-x:generateContent"),
        (
            "https://g.test/",
            "gemini-x",
            True,
            "https://g.test/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        ),
        ("https://g.test/v1", "gemini-x", False, "https://g.test/v1/models/gemini-x:generateContent"),
        (
            "http://relay/g/v1beta?a=b",
            "m/n",
            True,
            "http://relay/g/v1beta/models/m%2Fn:streamGenerateContent?alt=sse&a=b",
        ),
        (
            "https://g.test",
            "tunedModels/mine",
            False,
            "https://g.test/v1beta/tunedModels/mine:generateContent",
        ),
    ],
)
def test_the_address_of_a_model(base_url: str, model: str, stream: bool, url: str) -> None:
    """The version is added where the base URL has no path; a path and a query before it stay."""
    assert address(base_url, model, stream) == url


def test_results_without_ids_find_their_calls_by_name_and_order() -> None:
    """Two calls of one name, their results in order; ids are made up, the same for the same contents."""
    body = {
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "a"}}, {"function_call": {"name": "a"}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {"output": "1"}}}]},
            {"role": "function", "parts": [{"functionResponse": {"name": "a", "response": {"output": "2"}}}]},
        ]
    }
    calls, results = read(body).messages
    ids = [part.id for part in calls.parts if isinstance(part, ToolCall)]
    assert len(set(ids)) == 2
    assert [part.call_id for part in results.parts if isinstance(part, ToolResult)] == ids
    assert read(body) == read(body)


def test_a_streamed_answer_that_is_given_back_is_one_turn() -> None:
    """Clients keep one content for each chunk: texts and thoughts are whole again, with their signature."""
    sign = base64.b64encode(b"sign").decode()
    pieces = [
        {"text": "I ", "thought": True},
        {"text": "think", "thought": True},
        {"text": "he"},
        {"text": "llo"},
    ]
    pieces.append({"text": "", "thoughtSignature": sign})
    body = {"contents": [{"role": "model", "parts": [piece]} for piece in pieces]}
    (turn,) = read(body).messages
    signature = Signature(origin=Dialect.GOOGLE, value=sign)
    assert turn.parts == (Reasoning(text="I think"), Text(text="hello", signature=signature))


def test_both_spellings_mean_the_same() -> None:
    """snake_case, enums in lower case, lone objects for lists: as Google takes them."""
    snake = {
        "system_instruction": {"parts": {"text": "be brief"}},
        "contents": {"parts": {"text": "hi"}},
        "tools": {"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]},
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
        "generation_config": {
            "max_output_tokens": 5,
            "stop_sequences": "x",
            "thinking_config": {"thinking_level": "low"},
            "response_modalities": ["text"],
        },
    }
    camel = {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "maxOutputTokens": 5,
            "stopSequences": ["x"],
            "thinkingConfig": {"thinkingLevel": "LOW"},
        },
    }
    assert read(snake) == read(camel)
    assert envelope_of(snake).max_tokens == envelope_of(camel).max_tokens == 5
    assert envelope_of(snake).needs == envelope_of(camel).needs


def test_what_is_deeper_and_unknown_is_named() -> None:
    """By its path, so that whoever answers in another dialect's stead can say what it did not heed."""
    body = {
        "contents": [{"parts": [{"text": "x", "videoMetadata": {}}], "strange": 1}],
        "generationConfig": {"speechConfig": {}},
        "safetySettings": [],
    }
    request = read(body)
    assert set(request.unread) == {
        "contents[0].parts[0].videoMetadata",
        "contents[0].strange",
        "generationConfig.speechConfig",
    }
    assert set(request.extras) == {"safetySettings"}


def test_a_call_of_another_model_carries_the_mark_for_unsigned_ones() -> None:
    """Models that check refuse the first call of a turn without one; older ones are sent none."""
    messages = (HELLO, Message(role=Role.ASSISTANT, parts=(CALL,)), Message(role=Role.TOOL, parts=(RESULT,)))
    request = ChatRequest(model="x", messages=messages)
    body, losses = written(request)
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == UNSIGNED
    assert "reasoning_signature" in losses.adjusted
    body, losses = written(request, "gemini-2.5-flash")
    assert "thoughtSignature" not in body["contents"][1]["parts"][0]
    assert not losses


def test_a_signature_that_travelled_alone_returns_to_its_call() -> None:
    """Other dialects carry it as a thought without words before the call."""
    own = Signature(origin=Dialect.GOOGLE, value="c2lnbg==")
    for lone in (Reasoning(signature=own), Reasoning(encrypted=own)):
        turn = Message(role=Role.ASSISTANT, parts=(lone, CALL))
        body, losses = written(ChatRequest(model="x", messages=(HELLO, turn), dialect=Dialect.ANTHROPIC))
        (part,) = body["contents"][1]["parts"]
        assert (part["functionCall"]["name"], part["thoughtSignature"]) == ("look", "c2lnbg==")
        assert not losses


def test_null_fields_are_not_lost() -> None:
    """What says nothing is not told as left out; what nobody reads is, by its path."""
    thinking = {"thinkingBudget": 1, "x": None}
    body = {
        "contents": [{"parts": [{"text": "hi", "a": None}], "b": None}],
        "generationConfig": {"c": None, "speechConfig": {}, "thinkingConfig": thinking},
        "toolConfig": {"d": None, "functionCallingConfig": {"e": None}},
    }
    assert read(body).unread == ("generationConfig.speechConfig",)


def test_an_empty_text_is_no_part() -> None:
    """Google refuses parts that say nothing: they are left out, and a turn of the user's says something."""
    nothing, hello = Text(text=""), Text(text="hello")
    request = ChatRequest(
        model="m",
        messages=(
            Message(role=Role.USER, parts=(nothing,)),
            Message(role=Role.ASSISTANT, parts=(nothing,)),
            Message(role=Role.USER, parts=(nothing, hello)),
        ),
    )
    body, losses = written(request)
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "."}]},
        {"role": "user", "parts": [{"text": "hello"}]},
    ]
    assert Feature.EMPTY_CONTENT in losses.features


def test_signatures_of_others_do_not_reach_google() -> None:
    """In its own dialect too, where the conversation may have begun with another provider."""
    foreign = base64.b64encode(b"baton.anthropic.xyz").decode()
    body = {
        "contents": [
            {"role": "model", "parts": [{"thought": True, "thoughtSignature": foreign}, {"text": "hi"}]},
            {"role": "model", "parts": [{"text": "ho", "thought_signature": foreign}]},
        ]
    }
    envelope = envelope_of(body)
    assert holds_marked(envelope.body)
    losses = Losses()
    home = json.loads(CODEC.bring_home(envelope.body, "gemini-x", SPEC, losses))
    for sent, lost in ((home, losses), written(envelope.open())):
        assert not holds_marked(json.dumps(sent).encode())
        said = [part["text"] for content in sent["contents"] for part in content["parts"]]
        assert "".join(said) == "hiho"
        assert Feature.REASONING_SIGNATURE in lost.features


def test_what_money_depends_on_stands_in_the_body_once() -> None:
    """Twice, or in both spellings, which one counts would be up to the provider."""
    body = b'{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{"maxOutputTokens":9},' + (
        b'"generationConfig":{"max_output_tokens":7,"maxOutputTokens":5},"baton":{}}'
    )
    envelope = structs.replace(envelope_of({"contents": [{}]}), body=body)
    passed = json.loads(CODEC.pass_on(envelope, "gemini-x", SPEC))
    assert passed == {
        "contents": [{"parts": [{"text": "x"}]}],
        "generationConfig": {"maxOutputTokens": 5},
    }


@pytest.mark.parametrize(
    ("model", "wish", "said"),
    [
        ("gemini-3.8-flash", ReasoningWish(effort="low"), {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", ReasoningWish(effort="xhigh"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-pro-preview", ReasoningWish(effort="minimal"), {"thinkingLevel": "LOW"}),
        ("gemini-4-argon", ReasoningWish(budget_tokens=1500), {"thinkingLevel": "LOW"}),
        ("gemini-2.5-pro", ReasoningWish(effort="none"), {"thinkingBudget": 128, "includeThoughts": False}),
        ("gemini-2.5-flash", ReasoningWish(effort="none"), {"thinkingBudget": 0, "includeThoughts": False}),
        ("gemini-2.5-flash", ReasoningWish(budget_tokens=99_999), {"thinkingBudget": 24_576}),
        ("gemini-2.0-flash", ReasoningWish(effort="high"), None),
        ("gemini-3.8-flash", ReasoningWish(effort="minimal"), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", ReasoningWish(budget_tokens=-1), {}),
        ("gemini-2.5-flash", ReasoningWish(budget_tokens=-1), {"thinkingBudget": -1}),
    ],
)
def test_a_model_is_told_how_much_to_think_in_its_own_way(model: str, wish: ReasoningWish, said: Any) -> None:
    """By level or budget, within what it takes; thoughts are shown wherever it shall think."""
    body, _ = written(ChatRequest(model="x", messages=(HELLO,), reasoning=wish), model)
    config = body.get("generationConfig", {}).get("thinkingConfig")
    assert config == (None if said is None else {"includeThoughts": True, **said})


def test_images_in_results_are_inside_or_behind_them() -> None:
    """Inside for models that take them; behind all results of the turn for others, and reported."""
    image = Media(kind=MediaKind.IMAGE, data="aGk=", media_type="image/png")
    shown = structs.replace(RESULT, parts=(Text(text="seen"), image))
    turns = (Message(role=Role.ASSISTANT, parts=(CALL,)), Message(role=Role.TOOL, parts=(shown,)))
    request = ChatRequest(model="x", messages=(HELLO, *turns))
    inline = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    body, losses = written(request)
    (part,) = body["contents"][2]["parts"]
    assert part["functionResponse"]["parts"] == [inline]
    assert "tool_result_media" not in losses.adjusted
    body, losses = written(request, "gemini-2.5-flash")
    assert body["contents"][2]["parts"][1] == inline
    assert "tool_result_media" in losses.adjusted


@pytest.mark.parametrize(
    ("media", "taken"),
    [
        (Media(kind=MediaKind.IMAGE, data="aGk="), True),
        (Media(kind=MediaKind.IMAGE, url="https://example.com/a.png"), True),
        (Media(kind=MediaKind.IMAGE, url="http://example.com/a.png"), False),
        (Media(kind=MediaKind.DOCUMENT, url="https://example.com/a.pdf"), True),
        (Media(kind=MediaKind.AUDIO, url="https://example.com/a.mp3"), False),
        (Media(kind=MediaKind.VIDEO, url="https://www.youtube.com/watch?v=x"), True),
        (Media(kind=MediaKind.VIDEO, url="https://example.com/a.mp4"), False),
        (
            Media(
                kind=MediaKind.DOCUMENT, file_id="https://generativelanguage.googleapis.com/v1beta/files/x"
            ),
            True,
        ),
        (Media(kind=MediaKind.DOCUMENT, file_id="file-123"), False),
    ],
)
def test_what_google_fetches_itself(media: Media, taken: bool) -> None:
    """Public pictures and documents, films of YouTube's, files that lie with it."""
    assert takes_as_is(media) is taken


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [{"role": "assistant", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"text": 5}]}]}, None),
        ({"contents": "hi"}, "contents"),
    ],
)
def test_what_no_provider_could_mean_is_refused(body: dict[str, Any], param: str | None) -> None:
    """Before anybody is asked, with the field's name."""
    with pytest.raises(Invalid) as refused:
        envelope_of(body)
    assert param is None or refused.value.param == param


def test_a_whole_request_is_counted() -> None:
    """Whether it comes as it is or inside the question, with the provider's name for the model."""
    inside = {"contents": [{"parts": [{"text": "hi"}]}], "systemInstruction": {"parts": [{"text": "x"}]}}
    for body in (inside, {"generateContentRequest": inside}, {"generate_content_request": inside}):
        asked = json.loads(COUNTER.write(asked_about(json.dumps(body).encode()), "gemini-x"))
        assert asked == {"generateContentRequest": {**inside, "model": "models/gemini-x"}}
    assert (
        COUNTER.address("https://g.test", "gemini-x") == "https://g.test/v1beta/models/gemini-x:countTokens"
    )
    assert COUNTER.read(b'{"totalTokens": 7, "promptTokensDetails": []}') == 7
