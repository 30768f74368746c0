"""Knowing prompts again."""

import json
from typing import Any

import pytest

from baton.gateway.fingerprints import Fingerprints

KEY = b"k" * 32
BODY: dict[str, Any] = {
    "model": "auto",
    "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "grüß 👍"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
}


def fingerprint(body: Any, key: bytes = KEY) -> str:
    return Fingerprints(key).of(body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(BODY, ensure_ascii=False, indent=2).encode(),
        json.dumps(BODY, sort_keys=True, separators=(",", ":")).encode(),
        BODY | {"model": "openai/gpt-4o", "stream": True, "temperature": 0.7, "baton": {"session": "s"}},
        BODY | {"system": None},
    ],
)
def test_the_same_prompt_is_known_again(body: Any) -> None:
    """However its JSON is written, whichever model it goes to and however the answer is wanted."""
    assert fingerprint(body) == fingerprint(BODY)


@pytest.mark.parametrize(
    "body",
    [
        BODY | {"messages": BODY["messages"][::-1]},
        BODY | {"messages": BODY["messages"][1:]},
        BODY | {"system": "be brief"},
        BODY | {"tools": []},
        {"contents": BODY["messages"]},
        {"contents": BODY["messages"], "systemInstruction": {"parts": [{"text": "x"}]}},
        {"input": "hi"},
        {"input": "hi", "instructions": "x"},
    ],
)
def test_another_prompt_is_told_from_it(body: Any) -> None:
    """In every field in which a dialect puts a prompt; and by another key, which only this house has."""
    assert fingerprint(body) != fingerprint(BODY)
    assert fingerprint(BODY, b"another") != fingerprint(BODY)


def test_a_long_prompt_is_known_again() -> None:
    """Whatever else its body says; but only as it was written, so that it is not taken apart."""
    long = BODY | {"messages": [{"role": "user", "content": "x" * 70_000}]}
    assert fingerprint(long | {"model": "another", "stream": True}) == fingerprint(long)
    assert fingerprint(long | {"system": "be brief"}) != fingerprint(long)
    assert fingerprint(json.dumps(long, indent=1).encode()) != fingerprint(long)


@pytest.mark.parametrize(
    "body",
    [b'{"messages":["\\ud800"]}', b'{"messages":[1e999]}', b"[" * 100_000, b'{"messages":"\xff"}', b""],
)
def test_what_cannot_be_read_strictly_stands_for_itself(body: bytes) -> None:
    """A body that is passed on as it came must not fail for its fingerprint's sake."""
    assert fingerprint(body) == fingerprint(body) != fingerprint(body + b" ")
