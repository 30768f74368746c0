"""Anthropic's Messages."""

from __future__ import annotations

from typing import Any

from benchmarks.dialects.dialect import (
    ANSWER_BYTES,
    BODY_BYTES,
    PROMPT_TOKENS,
    SYSTEM,
    Dialect,
    Said,
    compact,
    filled,
    objects,
    words,
)

_MODEL = "claude-sonnet-4-5"
_VERSION = "claude-sonnet-4-5-20250929"
_ID = "msg_01BENCH456789abcdefghijkl"


def _path(model: str, stream: bool) -> str:
    return "/v1/messages"


def _body(model: str, *, stream: bool = False, usage: bool = False) -> bytes:
    options: dict[str, object] = {"model": model, "max_tokens": 1024, "temperature": 0.7}
    if stream:
        options["stream"] = True
    return filled(
        lambda text: {**options, "system": SYSTEM, "messages": [{"role": "user", "content": text}]},
        BODY_BYTES,
    )


def _usage(output: int) -> dict[str, object]:
    return {
        "input_tokens": PROMPT_TOKENS,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    }


def _message(content: list[Any], stop_reason: str | None, output: int) -> dict[str, object]:
    return {
        "model": _VERSION,
        "id": _ID,
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": _usage(output),
    }


def _answer() -> bytes:
    return filled(lambda text: _message([{"type": "text", "text": text}], "end_turn", 48), ANSWER_BYTES)


def _event(number: int, name: str, **fields: object) -> bytes:
    """An event as the API writes it, with its padding: none to 14 spaces before the last brace."""
    data = compact({"type": name, **fields})
    return f"event: {name}\ndata: {data[:-1]}{' ' * (number * 7 % 15)}}}\n\n".encode()


def _delta(text: str) -> dict[str, str]:
    return {"type": "text_delta", "text": text}


def _events(texts: int, *, usage: bool = False) -> list[bytes]:
    """About 135 bytes a text."""
    last = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        _event(0, "message_start", message=_message([], None, 1)),
        _event(1, "content_block_start", index=0, content_block={"type": "text", "text": ""}),
        _event(2, "ping"),
        *(
            _event(number, "content_block_delta", index=0, delta=_delta(text))
            for number, text in enumerate(words(texts))
        ),
        _event(3, "content_block_stop", index=0),
        _event(4, "message_delta", delta=last, usage=_usage(texts)),
        _event(5, "message_stop"),
    ]


def _said(body: bytes) -> Said:
    events = objects(body)
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    texts = [delta["text"] for delta in deltas if delta["type"] == "text_delta" and delta["text"]]
    usage = any(event["type"] == "message_delta" and event["usage"]["output_tokens"] for event in events)
    return Said(texts, usage, bool(events) and events[-1]["type"] == "message_stop")


MESSAGES = Dialect(
    name="Messages",
    model=_MODEL,
    path=_path,
    stem=b"/messages",
    body=_body,
    answer=_answer(),
    events=_events,
    mark=b'"text_delta"',
    said=_said,
    headers={"anthropic-version": "2023-06-01"},
)
