"""Functions, which were there before tools: their history is no other dialect's stumbling block."""

import json
from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import ToolCall, ToolResult
from baton.upstream.dialects.openai.requests import read_request
from baton.upstream.dialects.registry import CODECS
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}
USER = {"role": "user", "content": "hi"}


def called(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"role": "assistant", "content": None, "function_call": {"name": name, "arguments": arguments}}


def answered(name: str, content: str) -> dict[str, Any]:
    return {"role": "function", "name": name, "content": content}


BODY = {
    "model": "m",
    "messages": [
        USER,
        called("f"),
        answered("f", "1"),
        called("g"),
        answered("g", "2"),
        called("f"),
        answered("f", "3"),
    ],
    "functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}],
    "function_call": "auto",
}


def test_a_result_belongs_to_the_call_before_it() -> None:
    """Each call has an id of its own, and its result names it."""
    parts = [part for message in read_request(json.dumps(BODY).encode()).messages for part in message.parts]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    results = [part for part in parts if isinstance(part, ToolResult)]
    assert [call.name for call in calls] == ["f", "g", "f"]
    assert [result.call_id for result in results] == [call.id for call in calls]
    assert len({call.id for call in calls}) == len(calls)


def test_a_result_without_a_call_names_its_function() -> None:
    """There is nothing else that it could name."""
    request = read_request(json.dumps({"model": "m", "messages": [USER, answered("f", "1")]}).encode())
    assert [part.call_id for part in request.messages[1].parts if isinstance(part, ToolResult)] == ["f"]


@pytest.mark.parametrize(
    ("dialect", "provider"),
    [(Dialect.ANTHROPIC, "anthropic"), (Dialect.GOOGLE, "google"), (Dialect.OPENAI_RESPONSES, "openai")],
)
def test_what_is_on_offer_is_reported_as_left_out(dialect: Dialect, provider: str) -> None:
    """The history is told whole; the functions themselves are not, and the caller learns it."""
    losses = Losses()
    request = read_request(json.dumps(BODY).encode())
    body = CODECS[dialect].write_request(request, "some-model", SPECS[provider], losses)
    assert {"functions", "function_call"} <= set(losses.dropped)
    assert not [name for name in losses.dropped if name.startswith("messages")]
    for result in ("1", "2", "3"):
        assert f'"{result}"'.encode() in body
