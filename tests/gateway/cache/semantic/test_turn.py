"""What of a request is compared by its meaning, and what has to be equal."""

from typing import Any

import pytest

from baton.gateway.cache.semantic.turn import MOST_CHARS, last_turn

SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [SYSTEM, {"role": "user", "content": "Hello"}]},
        {"messages": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
        {"contents": [{"parts": [{"text": "Hello"}]}]},
        {"input": "Hello"},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}]},
    ],
)
def test_the_last_turn_is_found_in_every_dialect(fields: dict[str, Any]) -> None:
    """And the rest is the same whatever it says."""
    turn = last_turn(fields)
    assert turn is not None
    assert turn.text == "Hello"
    assert "Hello" not in str(turn.rest)
    assert set(turn.rest) == set(fields)
    if "messages" in fields:
        assert SYSTEM in turn.rest["messages"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messages": []},
        {"messages": "Hello"[:0]},
        {"messages": [{"role": "assistant", "content": "Hello"}]},
        {"messages": [{"role": "user", "content": " "}]},
        {"messages": [{"role": "user", "content": "x" * (MOST_CHARS + 1)}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {}}]}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user"}]},
        {"messages": ["Hello"]},
        {"input": [{"type": "function_call_output", "output": "4"}]},
        {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}]},
        {"input": 7},
    ],
)
def test_what_is_more_than_a_users_text_is_not_compared(fields: dict[str, Any]) -> None:
    """Pictures, tools' results, marks, long texts, and what is none of it."""
    assert last_turn(fields) is None
