"""What an answer says that no other dialect has a word for is named, whole or streamed."""

import json
from typing import Any

import pytest

from baton.core.answer import Unread
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseReader, write_event
from tests.upstream.dialects.test_properties import spec_of

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}", "odd": 1}}
ITEMS = [
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "phase": "final",
        "content": [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": [], "odd": 1}],
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "other": 1},
]
BLOCKS = [
    {"type": "text", "text": "hi", "odd": 1, "citations": None},
    {"type": "tool_use", "id": "c", "name": "f", "input": {}, "caller": {"type": "code_execution"}},
    {"type": "server_tool_use", "id": "s", "name": "web", "input": {}, "other": 1},
]
WHOLE: dict[Dialect, tuple[dict[str, Any], set[str]]] = {
    Dialect.OPENAI: (
        {
            "id": "a",
            "model": "m",
            "choices": [
                {"message": {"content": "hi", "tool_calls": [CALL]}, "finish_reason": "stop", "odd": 1}
            ],
            "service_tier": "flex",
            "system_fingerprint": None,
        },
        {"service_tier", "choices[0].odd", "choices[0].message.tool_calls[0].function.odd"},
    ),
    Dialect.OPENAI_RESPONSES: (
        {"id": "a", "model": "m", "status": "completed", "output": ITEMS, "odd": 1, "error": None},
        {"odd", "output[0].phase", "output[0].content[0].odd"},
    ),
    Dialect.ANTHROPIC: (
        {
            "id": "a",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": BLOCKS,
            "stop_reason": "stop_sequence",
            "stop_sequence": "END",
            "container": {"id": "x"},
        },
        {"container", "choices[0].stop_sequence", "content[0].odd", "content[1].caller"},
    ),
}
STREAMED: dict[Dialect, tuple[list[dict[str, Any]], set[str]]] = {
    Dialect.OPENAI: (
        [
            {"id": "a", "model": "m", "choices": [{"delta": {"role": "assistant"}, "odd": 1}], "x": 1},
            {"id": "a", "model": "m", "choices": [{"delta": {"content": "hi"}}], "obfuscation": "zz", "x": 1},
            {
                "id": "a",
                "choices": [{"delta": {}, "finish_reason": "stop"}],
                "service_tier": "flex",
                "y": None,
            },
        ],
        {"choices[0].odd", "x", "service_tier"},
    ),
    Dialect.OPENAI_RESPONSES: (
        [
            {"type": "response.created", "response": {"id": "a", "model": "m", "odd": 1}},
            {"type": "response.output_item.done", "output_index": 0, "item": ITEMS[0]},
            {"type": "response.completed", "response": {"id": "a", "status": "completed", "odd": 1}},
        ],
        {"odd", "output[].phase", "output[].content[0].odd"},
    ),
    Dialect.ANTHROPIC: (
        [
            {"type": "message_start", "message": {"id": "a", "model": "m", "container": {"id": "x"}}},
            *(
                {"type": f"content_block_{step}", "index": at, "content_block": block}
                for at, block in enumerate(BLOCKS)
                for step in ("start", "stop")
            ),
            {
                "type": "message_delta",
                "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END", "container": None},
                "context_management": {"applied_edits": [{}]},
            },
        ],
        {"container", "content[].odd", "content[].caller", "choices[0].stop_sequence", "context_management"},
    ),
}


@pytest.mark.parametrize("target", CODECS)
@pytest.mark.parametrize("dialect", WHOLE)
def test_a_whole_answer_names_what_is_left_out(dialect: Dialect, target: Dialect) -> None:
    """By its path; what says nothing, or is handed on, is not named. At home nothing is left out."""
    said, named = WHOLE[dialect]
    read = CODECS[dialect].read_answer(json.dumps(said).encode(), spec_of(dialect))
    losses = Losses()
    CODECS[target].write_answer(read, losses)
    others = {"foreign_parts", "web_search_call", "server_tool_use"}
    assert set(losses.dropped) - others == (set() if target is dialect else named)


@pytest.mark.parametrize("dialect", STREAMED)
def test_a_stream_names_it_once(dialect: Dialect) -> None:
    """Wherever it comes."""
    said, named = STREAMED[dialect]
    reader = CODECS[dialect].reader(spec_of(dialect))
    sse = SseReader()
    found: list[str] = []
    for event in said:
        for data in sse.feed(write_event(json.dumps(event).encode())):
            found += [path for told in reader.read(data) if isinstance(told, Unread) for path in told.paths]
    assert sorted(found) == sorted(named)
