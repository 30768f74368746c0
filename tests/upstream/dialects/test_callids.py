"""Every call of an answer has an id of its own, whatever its provider gave them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.upstream.dialects.callids import UniqueIds
from baton.upstream.dialects.handing import Handing, Retelling, Translation
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.directory import declared
from tests.contracts.events import read_events

SPEC = next(spec for spec in declared() if spec.name == "openai")
ODD: dict[str, list[str | None]] = {
    "the same twice": ["a", "a"],
    "empty ones": ["", ""],
    "none": [None, None],
    "the same as one made here": ["a_2", "a", "a", "a_1"],
    "one of each": ["a", None, "a", "", "a"],
}


def named(name: str, call_id: str | None) -> dict[str, Any]:
    return {} if call_id is None else {name: call_id}


def completions(ids: list[str | None], *, stream: bool) -> list[dict[str, Any]]:
    calls = [
        {
            "index": at,
            **named("id", one),
            "type": "function",
            "function": {"name": "f", "arguments": f"[{at}]"},
        }
        for at, one in enumerate(ids)
    ]
    head = {"id": "answer", "model": "m", "created": 1}
    if not stream:
        return [head | {"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}]
    deltas = [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None} for call in calls]
    last = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    return [head | {"choices": [choice]} for choice in [*deltas, last]]


def responses(ids: list[str | None], *, stream: bool) -> list[dict[str, Any]]:
    items = [
        {"type": "function_call", **named("call_id", one), "name": "f", "arguments": f"[{at}]"}
        for at, one in enumerate(ids)
    ]
    answer = {"id": "answer", "model": "m", "created_at": 1, "status": "completed", "output": items}
    if not stream:
        return [answer]
    events: list[dict[str, Any]] = [{"type": "response.created", "response": answer | {"output": []}}]
    for at, item in enumerate(items):
        events.append({"type": "response.output_item.added", "output_index": at, "item": item})
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    return [*events, {"type": "response.completed", "response": answer}]


def messages(ids: list[str | None], *, stream: bool) -> list[dict[str, Any]]:
    blocks = [
        {"type": "tool_use", **named("id", one), "name": "f", "input": {"at": at}}
        for at, one in enumerate(ids)
    ]
    message = {
        "id": "answer",
        "type": "message",
        "model": "m",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    if not stream:
        return [message | {"content": blocks, "stop_reason": "tool_use"}]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message | {"content": []}}]
    for at, block in enumerate(blocks):
        events.append({"type": "content_block_start", "index": at, "content_block": block})
        events.append({"type": "content_block_stop", "index": at})
    events.append(
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}}
    )
    return [*events, {"type": "message_stop"}]


def generations(ids: list[str | None], *, stream: bool) -> list[dict[str, Any]]:
    parts = [
        {"functionCall": {**named("id", one), "name": "f", "args": {"at": at}}} for at, one in enumerate(ids)
    ]
    told = [[part] for part in parts] if stream else [parts]
    head = {"responseId": "answer", "modelVersion": "m"}
    ends = [*({} for _ in told[1:]), {"finishReason": "STOP"}]
    return [
        head | {"candidates": [{"content": {"parts": each}, "index": 0} | end]}
        for each, end in zip(told, ends, strict=True)
    ]


SAYS: dict[Dialect, Callable[..., list[dict[str, Any]]]] = {
    Dialect.OPENAI: completions,
    Dialect.OPENAI_RESPONSES: responses,
    Dialect.ANTHROPIC: messages,
    Dialect.GOOGLE: generations,
}
PAIRS = [(home, caller) for home in SAYS for caller in SAYS if home is not caller]


def ids_in(caller: Dialect, told: Any) -> list[str]:
    """The ids of calls in an answer, or in an event that begins one."""
    match caller:
        case Dialect.OPENAI:
            said = [choice.get("message") or choice.get("delta") for choice in told.get("choices", ())]
            return [call["id"] for each in said for call in each.get("tool_calls", ()) if "id" in call]
        case Dialect.OPENAI_RESPONSES:
            added = told["type"] == "response.output_item.added" if "type" in told else False
            items = [told["item"]] if added else told.get("output", [])
            return [item["call_id"] for item in items if item["type"] == "function_call"]
        case Dialect.ANTHROPIC:
            blocks = [told["content_block"]] if "content_block" in told else told.get("content", [])
            return [block["id"] for block in blocks if block["type"] == "tool_use"]
        case _:
            said = [candidate["content"]["parts"] for candidate in told.get("candidates", ())]
            return [part["functionCall"]["id"] for parts in said for part in parts if "functionCall" in part]


def told_apart(ids: list[str], given: list[str | None]) -> bool:
    """Whether each has its own; one that was good stays."""
    kept = all(one in ids for one in given if one)
    return len(ids) == len(given) == len(set(ids)) and all(ids) and kept


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("home", "caller"), PAIRS)
def test_a_whole_answer_tells_its_calls_apart(home: Dialect, caller: Dialect, odd: str) -> None:
    """Handed on whole, and told to a caller who asked for a stream."""
    body = json.dumps(SAYS[home](ODD[odd], stream=False)[0]).encode()
    response = CODECS[home].read_answer(body, SPEC)
    whole = ids_in(caller, json.loads(CODECS[caller].write_answer(response, Losses())))
    assert told_apart(whole, ODD[odd])
    retelling = Retelling(stream_of(response), CODECS[caller].writer(Losses()))
    assert streamed_ids(caller, retelling.close()) == whole


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("home", "caller"), PAIRS)
def test_a_stream_tells_its_calls_apart(home: Dialect, caller: Dialect, odd: str) -> None:
    """As it goes by."""
    handing = Handing(Translation(CODECS[home].reader(SPEC), CODECS[caller].writer(Losses())))
    passed = b""
    for event in SAYS[home](ODD[odd], stream=True):
        passed += handing.feed(b"data: " + json.dumps(event).encode() + b"\n\n")
    assert told_apart(streamed_ids(caller, passed), ODD[odd])


def streamed_ids(caller: Dialect, body: bytes) -> list[str]:
    """Of all events."""
    events = [json.loads(event.data) for event in read_events(body) if event.data != "[DONE]"]
    return [one for event in events for one in ids_in(caller, event)]


def test_an_id_that_is_made_is_nobody_elses() -> None:
    """Not even where a provider's own look like it."""
    ids = UniqueIds()
    given = ["a_2", "a", "a", "a", "call_x_4", "", ""]
    assert len({ids.unique(one, "x") for one in given}) == len(given)
