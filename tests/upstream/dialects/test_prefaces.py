"""What Baton puts before a caller's own words, in each dialect's own body."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.core.messages import Role, Text
from baton.core.preface import Preface
from baton.core.request import ChatRequest
from baton.upstream.dialects.anthropic.requests import read_request as read_messages
from baton.upstream.dialects.google.requests import read_request as read_contents
from baton.upstream.dialects.openai.requests import read_request as read_chat
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.responses.requests import read_request as read_responses

READERS: dict[Dialect, Callable[[bytes], ChatRequest]] = {
    Dialect.OPENAI: read_chat,
    Dialect.ANTHROPIC: read_messages,
    Dialect.OPENAI_RESPONSES: read_responses,
    Dialect.GOOGLE: lambda body: read_contents(body, "m", stream=False),
}
BOTH = Preface(system="You are Otto.", user="Dear model,")
HI = {"role": "user", "content": "Hi"}
MARKED = {"type": "text", "text": "Own.", "cache_control": {"type": "ephemeral"}}
BODIES: list[tuple[Dialect, dict[str, Any], str, dict[str, Any]]] = [
    (
        Dialect.OPENAI,
        {"model": "m", "messages": [HI], "odd": [1, None]},
        "You are Otto.",
        {
            "messages": [
                {"role": "system", "content": "You are Otto."},
                {"role": "user", "content": "Dear model,"},
                HI,
            ]
        },
    ),
    (
        Dialect.OPENAI,
        {
            "model": "m",
            "messages": [{"role": "developer", "content": "Own.", "name": "n"}, HI],
            "temperature": 0,
        },
        "You are Otto.\n\nOwn.",
        {
            "messages": [
                {"role": "developer", "content": "You are Otto.\n\nOwn.", "name": "n"},
                {"role": "user", "content": "Dear model,"},
                HI,
            ],
            "temperature": 0,
        },
    ),
    (
        Dialect.OPENAI,
        {"model": "m", "messages": [{"role": "system", "content": [{"type": "text", "text": "Own."}]}, HI]},
        "You are Otto.",
        {},
    ),
    (
        Dialect.ANTHROPIC,
        {"model": "m", "max_tokens": 9, "messages": [HI]},
        "You are Otto.",
        {"system": "You are Otto."},
    ),
    (
        Dialect.ANTHROPIC,
        {"model": "m", "max_tokens": 9, "system": "Own.", "messages": [HI]},
        "You are Otto.\n\nOwn.",
        {"max_tokens": 9},
    ),
    (
        Dialect.ANTHROPIC,
        {"model": "m", "max_tokens": 9, "system": [MARKED], "messages": [HI]},
        "You are Otto.",
        {"system": [{"type": "text", "text": "You are Otto."}, MARKED]},
    ),
    (
        Dialect.GOOGLE,
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        "You are Otto.",
        {},
    ),
    (
        Dialect.GOOGLE,
        {
            "contents": {"parts": [{"text": "Hi"}]},
            "system_instruction": {"parts": {"text": "Own."}},
            "generation_config": {"topK": 3},
        },
        "You are Otto.",
        {
            "system_instruction": {"parts": [{"text": "You are Otto."}, {"text": "Own."}]},
            "generation_config": {"topK": 3},
        },
    ),
    (
        Dialect.GOOGLE,
        {"contents": [{"parts": [{"text": "Hi"}]}], "systemInstruction": "Own."},
        "You are Otto.",
        {"systemInstruction": {"parts": [{"text": "You are Otto."}, {"text": "Own."}]}},
    ),
    (
        Dialect.OPENAI_RESPONSES,
        {"model": "m", "input": "Hi"},
        "You are Otto.",
        {
            "input": [
                {"role": "developer", "content": "You are Otto."},
                {"role": "user", "content": "Dear model,"},
                HI,
            ]
        },
    ),
    (
        Dialect.OPENAI_RESPONSES,
        {"model": "m", "input": [{"role": "developer", "content": "More."}, HI], "instructions": "Own."},
        "Own.",
        {"instructions": "Own."},
    ),
]


def told(request: ChatRequest) -> list[tuple[Role, str]]:
    """What is said, by whom."""
    return [
        (message.role, part.text)
        for message in request.messages
        for part in message.parts
        if isinstance(part, Text)
    ]


@pytest.mark.parametrize(("dialect", "body", "system", "fields"), BODIES)
def test_it_comes_first_and_the_rest_stays(
    dialect: Dialect, body: dict[str, Any], system: str, fields: dict[str, Any]
) -> None:
    """Before the caller's own instructions and turns; what the caller says of temperature holds, and what is
    not known goes on as it came."""
    written = CODECS[dialect].preface(json.dumps(body).encode(), BOTH)
    after = json.loads(written)
    for name, value in ({"odd": body["odd"]} if "odd" in body else {}).items():
        assert after[name] == value
    for name, value in fields.items():
        assert after[name] == value
    said = told(READERS[dialect](written))
    assert said[0][1] == system
    assert said[0][0] in (Role.SYSTEM, Role.DEVELOPER)
    turns = [text for role, text in said if role is Role.USER]
    assert turns == ["Dear model,", "Hi"]
    own = [text for role, text in said if role is not Role.USER]
    assert ("Own." in "".join(own)) == ("Own." in json.dumps(body))


@pytest.mark.parametrize(
    ("dialect", "body", "after"),
    [
        (Dialect.OPENAI, {"messages": [HI]}, {"messages": [HI], "temperature": 1.5}),
        (Dialect.OPENAI_RESPONSES, {"input": "Hi"}, {"input": "Hi", "temperature": 1.5}),
        (Dialect.ANTHROPIC, {"messages": [HI]}, {"messages": [HI], "temperature": 1.0}),
        (Dialect.GOOGLE, {"contents": []}, {"contents": [], "generationConfig": {"temperature": 1.5}}),
        (
            Dialect.GOOGLE,
            {"generation_config": {"topK": 3}},
            {"generation_config": {"topK": 3, "temperature": 1.5}},
        ),
    ],
)
def test_a_temperature_is_set_on_the_dialects_own_scale(
    dialect: Dialect, body: dict[str, Any], after: dict[str, Any]
) -> None:
    """Where each dialect has it."""
    assert json.loads(CODECS[dialect].warm(json.dumps(body).encode(), 1.5)) == after


@pytest.mark.parametrize(("dialect", "body", "_", "__"), BODIES)
def test_nothing_to_say_changes_nothing(
    dialect: Dialect, body: dict[str, Any], _: str, __: dict[str, Any]
) -> None:
    """The same request is read of it."""
    sent = json.dumps(body).encode()
    assert told(READERS[dialect](CODECS[dialect].preface(sent, Preface()))) == told(READERS[dialect](sent))
