"""A hostile provider at home in every dialect, and what it says when it is well."""

import copy
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.conftest import KEY, Stage
from tests.chaos.provider import raw_provider
from tests.conftest import serving
from tests.contracts.canned import good

HOMES = {
    Dialect.OPENAI: "cerebras/some-model",
    Dialect.OPENAI_RESPONSES: "xai/some-model",
    Dialect.ANTHROPIC: "anthropic/some-model",
    Dialect.GOOGLE: "google/some-model",
}
"""A model of a provider that is asked in this dialect, whoever calls."""

_CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_ITEM = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
_TEXT = {"type": "output_text", "text": "", "annotations": []}
_AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_WHOLE = {dialect: json.loads(good(dialect)) for dialect in HOMES}
_BEGUN = _WHOLE[Dialect.OPENAI_RESPONSES] | {"status": "in_progress", "output": [], "usage": None}
_MESSAGE = _WHOLE[Dialect.ANTHROPIC] | {"content": [], "stop_reason": None}


def _delta(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return _CHUNK | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


EVENTS: dict[Dialect, list[dict[str, Any]]] = {
    Dialect.OPENAI: [
        _delta(role="assistant", content=""),
        _delta(content="Go"),
        _delta(content="od"),
        _delta("stop"),
        _CHUNK | {"choices": [], "usage": _WHOLE[Dialect.OPENAI]["usage"]},
    ],
    Dialect.OPENAI_RESPONSES: [
        {"type": "response.created", "response": _BEGUN},
        {"type": "response.output_item.added", "output_index": 0, "item": _ITEM},
        {"type": "response.content_part.added", **_AT, "part": _TEXT},
        {"type": "response.output_text.delta", **_AT, "delta": "Go"},
        {"type": "response.output_text.delta", **_AT, "delta": "od"},
        {"type": "response.output_text.done", **_AT, "text": "Good"},
        {"type": "response.completed", "response": _WHOLE[Dialect.OPENAI_RESPONSES]},
    ],
    Dialect.ANTHROPIC: [
        {"type": "message_start", "message": _MESSAGE},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Go"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "od"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ],
    Dialect.GOOGLE: [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Go"}]}, "index": 0}]},
        _WHOLE[Dialect.GOOGLE],
    ],
}
"""A short stream of each dialect."""


def frame(event: dict[str, Any], data: bytes | None = None) -> bytes:
    """One event as it travels; `data`: what it holds instead."""
    name = b"event: %b\n" % event["type"].encode() if "type" in event else b""
    return name + b"data: " + (data or json.dumps(event).encode()) + b"\n\n"


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all objects in a JSON value, itself included."""
    if isinstance(value, dict):
        yield path
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from objects(inner, (*path, step))


def with_field(value: dict[str, Any], path: tuple[str | int, ...], field: Any) -> dict[str, Any]:
    """The same with one more field in the object at a place."""
    value = copy.deepcopy(value)
    inner: Any = value
    for step in path:
        inner = inner[step]
    inner["more"] = field
    return value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """One Baton for a whole module, whose providers all are one socket; tests overlay the usual with it."""
    async with raw_provider() as provider:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.url}
        for model in HOMES.values():
            name = model.partition("/")[0].upper()
            environment |= {f"{name}_API_KEY": KEY, f"{name}_BASE_URL": provider.url}
        environment["XAI_DIALECT"] = "openai-responses"
        async with serving(environment, tmp_path_factory.mktemp("homes"), {"retries": 0}) as baton:
            yield Stage(baton, provider)
