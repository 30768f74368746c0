"""A conversation that began with another dialect's model goes on with one of the caller's own."""

import json
from typing import Any

import pytest
from msgspec import structs

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Part, Reasoning, Signature, Text, ToolCall
from baton.core.provider import Quirks
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.carried import holds_marked
from baton.upstream.dialects.google.contents import UNSIGNED
from baton.upstream.dialects.registry import CODECS
from tests.upstream.dialects.normal import meant
from tests.upstream.dialects.test_properties import READERS, spec_of

SPOKEN = tuple(CODECS)
ABROAD = [(speaking, origin) for speaking in SPOKEN for origin in SPOKEN if origin is not speaking]
CHECKS = Quirks(strict_signatures="")


def parts(origin: Dialect) -> tuple[Part, ...]:
    """Whatever a model can sign."""
    signature = Signature(origin=origin, value="c2lnbmVk")
    return (
        Reasoning(text="hm", signature=signature),
        Reasoning(encrypted=signature),
        Text(text="well", signature=signature),
        ToolCall(id="c1", name="f", arguments='{"a":1.0}', signature=signature),
    )


def asked(speaking: Dialect, *said: Part, **settings: Any) -> dict[str, Any]:
    """The caller's next request, with what the model said as the caller was told it."""
    choice = Choice(index=0, parts=said, finish=Finish.TOOL_CALLS)
    answer = ChatResponse(id="a", model="m", created=1, choices=(choice,), usage=Usage())
    told = json.loads(CODECS[speaking].write_answer(answer, Losses()))
    match speaking:
        case Dialect.OPENAI:
            result = {"role": "tool", "tool_call_id": "c1", "content": "1"}
            talk = [{"role": "user", "content": "hi"}, told["choices"][0]["message"], result]
            body: dict[str, Any] = {"model": "x", "messages": talk}
        case Dialect.OPENAI_RESPONSES:
            result = {"type": "function_call_output", "call_id": "c1", "output": "1"}
            body = {"model": "x", "input": [{"role": "user", "content": "hi"}, *told["output"], result]}
        case Dialect.ANTHROPIC:
            result = {"type": "tool_result", "tool_use_id": "c1", "content": "1"}
            talk = [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": told["content"]},
                {"role": "user", "content": [result]},
            ]
            body = {"model": "x", "max_tokens": 9, "messages": talk}
        case _:
            result = {"functionResponse": {"name": "f", "id": "c1", "response": {"output": "1"}}}
            talk = [
                {"role": "user", "parts": [{"text": "hi"}]},
                told["candidates"][0]["content"],
                {"role": "user", "parts": [result]},
            ]
            body = {"contents": talk}
    return body | settings


def written(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def read(body: Any, speaking: Dialect) -> ChatRequest:
    return READERS[speaking](written(body), False)


def brought_home(body: Any, speaking: Dialect, quirks: Quirks | None = None) -> tuple[Any, Losses]:
    losses = Losses()
    came = written(body)
    home = CODECS[speaking].bring_home(came, "x", spec_of(speaking, quirks), losses)
    assert losses.features <= {*CODECS[speaking].cannot, *CODECS[speaking].adjusts}
    return json.loads(home), losses


@pytest.mark.parametrize(("speaking", "origin"), ABROAD)
def test_what_others_signed_stays_here(speaking: Dialect, origin: Dialect) -> None:
    """What they said and called goes on; the caller is told of the rest."""
    home, losses = brought_home(asked(speaking, *parts(origin)), speaking)
    assert not holds_marked(json.dumps(home).encode())
    assert "reasoning_signature" in losses.dropped
    turn = read(home, speaking).messages[1]
    assert [part for part in turn.parts if part != Text(text="")] == [
        Text(text="well"),
        ToolCall(id="c1", name="f", arguments='{"a":1.0}'),
    ]


@pytest.mark.parametrize(("speaking", "origin"), ABROAD)
def test_all_else_stays_as_it_came(speaking: Dialect, origin: Dialect) -> None:
    """Settings that only this dialect knows are passed on: nothing is written anew for a signature's sake."""
    odd = {"speechConfig": {"x": [1.0, None]}, "generationConfig": {"mediaResolution": "LOW", "odd": {}}}
    body = asked(speaking, *parts(origin), **odd)
    home, _ = brought_home(body, speaking)
    assert home.keys() == body.keys()
    (talk,) = (name for name in body if home[name] != body[name])
    assert {**home, talk: 0} == {**body, talk: 0}
    assert home[talk][0] == body[talk][0]
    assert home[talk][-1] == body[talk][-1]


@pytest.mark.parametrize(("speaking", "origin"), ABROAD)
def test_a_body_brought_home_means_what_one_written_anew_means(speaking: Dialect, origin: Dialect) -> None:
    """The same parts go, and the same stay here."""
    body = asked(speaking, *parts(origin))
    anew = json.loads(CODECS[speaking].write_request(read(body, speaking), "x", spec_of(speaking), Losses()))
    home, _ = brought_home(body, speaking)
    expected, found = (meant(read(each, speaking), speaking) for each in (anew, home))
    assert structs.replace(found, extras={}) == structs.replace(expected, extras={})


@pytest.mark.parametrize("speaking", SPOKEN)
def test_what_its_own_models_signed_goes_back(speaking: Dialect) -> None:
    """Unchanged, beside another's."""
    thought = next(part for part in parts(speaking) if isinstance(part, Reasoning) and part.encrypted)
    own = asked(speaking, thought, Text(text="well"), ToolCall(id="c1", name="f", arguments="{}"))
    home, losses = brought_home(own, speaking)
    if speaking is not Dialect.OPENAI_RESPONSES:  # whose thoughts have an id of Baton's, which stays here
        assert home == own
    assert not losses
    both = asked(
        speaking, *parts(Dialect.GOOGLE if speaking is not Dialect.GOOGLE else Dialect.OPENAI), thought
    )
    home, _ = brought_home(both, speaking)
    turn = read(home, speaking).messages[1]
    assert [part.encrypted for part in turn.parts if isinstance(part, Reasoning)] == [thought.encrypted]


@pytest.mark.parametrize("speaking", SPOKEN)
@pytest.mark.parametrize("text", ["a baton.anthropic. of words", '"baton.google.x"', "YmF0b24uYQ=="])
def test_words_are_no_signatures(speaking: Dialect, text: str) -> None:
    """A text that looks like a mark is passed on, byte by byte."""
    body = asked(speaking, Text(text=text), ToolCall(id="c1", name="f", arguments="{}"))
    assert brought_home(body, speaking)[0] == body


@pytest.mark.parametrize("speaking", SPOKEN)
@pytest.mark.parametrize(
    "body", [b'{"x":"baton.google.a"', b'{"messages":7,"contents":"YmF0b24u","input":1,"x":"baton.a.b"}']
)
def test_what_cannot_be_read_is_others_to_refuse(speaking: Dialect, body: bytes) -> None:
    """The very bytes go on to whoever says what is wrong with them."""
    assert CODECS[speaking].bring_home(body, "x", spec_of(speaking), Losses()) is body


def test_an_openai_like_that_takes_thoughts_gets_the_words_of_others() -> None:
    """They are no different from its own; a signature is."""
    body = asked(Dialect.OPENAI, *parts(Dialect.ANTHROPIC))
    home, _ = brought_home(body, Dialect.OPENAI, Quirks(takes_thoughts=True))
    assert home["messages"][1]["reasoning_content"] == "hm"
    home, losses = brought_home(body, Dialect.OPENAI)
    assert "reasoning_content" not in home["messages"][1]
    assert "reasoning" in losses.dropped


def test_a_model_of_googles_that_checks_signatures_takes_calls_of_others() -> None:
    """The first call of each turn has the mark that Google's guide has for such; of several contents, too."""
    body = asked(Dialect.GOOGLE, *parts(Dialect.ANTHROPIC))
    signed = body["contents"][1]["parts"].pop()
    body["contents"].insert(
        2, {"role": "model", "parts": [signed, {"functionCall": {"name": "f", "args": {}}}]}
    )
    body["contents"] += [{"role": "MODEL", "parts": {"function_call": {"name": "f"}}}]
    home, losses = brought_home(body, Dialect.GOOGLE, CHECKS)
    marks = [
        part.get("thoughtSignature")
        for content in home["contents"]
        for part in content["parts"]
        if "functionCall" in part or "function_call" in part
    ]
    assert marks == [UNSIGNED, None, UNSIGNED]
    assert "reasoning_signature" in losses.adjusted
    home, losses = brought_home(body, Dialect.GOOGLE)
    assert UNSIGNED not in json.dumps(home)


def test_a_turn_of_thoughts_alone_goes() -> None:
    """An empty one would be refused."""
    thought = Reasoning(text="hm", signature=Signature(origin=Dialect.OPENAI, value="c2ln"))
    for speaking in (Dialect.GOOGLE, Dialect.ANTHROPIC):
        body = asked(speaking, thought)
        home, losses = brought_home(body, speaking)
        talk = "contents" if speaking is Dialect.GOOGLE else "messages"
        assert home[talk] == [body[talk][0], body[talk][-1]]
        assert "empty_content" in losses.adjusted


@pytest.mark.parametrize(
    ("kind", "asks", "after", "thinks"),
    [
        ("enabled", ToolCall(id="c1", name="f", arguments="{}"), [], False),
        ("adaptive", ToolCall(id="c1", name="f", arguments="{}"), [], True),
        ("enabled", Text(text="well"), [], True),
        ("enabled", ToolCall(id="c1", name="f", arguments="{}"), [{"role": "user", "content": "so?"}], True),
    ],
)
def test_an_open_loop_of_tools_without_its_thought_goes_on_without_thinking(
    kind: str, asks: Part, after: list[Any], thinks: bool
) -> None:
    """Anthropic refuses to think by a budget on top of calls whose thoughts it does not know; told."""
    thought = Reasoning(text="hm", signature=Signature(origin=Dialect.OPENAI, value="c2ln"))
    body = asked(Dialect.ANTHROPIC, thought, asks, thinking={"type": kind, "budget_tokens": 2000})
    body["messages"] += after
    home, losses = brought_home(body, Dialect.ANTHROPIC)
    assert ("thinking" in home) is thinks
    assert ("reasoning_budget=none" in losses.adjusted) is not thinks
