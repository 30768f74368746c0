"""OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from benchmarks.dialects.dialect import (
    ANSWER_BYTES,
    BODY_BYTES,
    CREATED,
    PROMPT_TOKENS,
    SYSTEM,
    Dialect,
    Said,
    compact,
    filled,
    objects,
    words,
)

_MODEL = "gpt-4o-mini"
_VERSION = "gpt-4o-mini-2024-07-18"
_ID = "resp_00a60507bf41223d0068c9d2fbf93481a0ba2a7796ae2cab4c"
_ITEM = "msg_00a60507bf41223d0068c9d30b055481a0b0ee28a021919c94"
_PLACE = {"item_id": _ITEM, "output_index": 0, "content_index": 0}
_PADDING = "0zQ8f1XbK5wYtP2m"


def _path(model: str, stream: bool) -> str:
    return "/v1/responses"


def _body(model: str, *, stream: bool = False, usage: bool = False) -> bytes:
    options: dict[str, object] = {"model": model, "temperature": 0.7, "store": False}
    if stream:
        options["stream"] = True
    return filled(
        lambda text: {**options, "instructions": SYSTEM, "input": [{"role": "user", "content": text}]},
        BODY_BYTES,
    )


def _usage(output: int) -> dict[str, object]:
    return {
        "input_tokens": PROMPT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": PROMPT_TOKENS + output,
    }


def _part(text: str) -> dict[str, object]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _item(status: str, parts: list[Any]) -> dict[str, object]:
    return {"id": _ITEM, "type": "message", "status": status, "content": parts, "role": "assistant"}


def _short(text: str) -> dict[str, object]:
    return {
        "id": _ID,
        "object": "response",
        "created_at": CREATED,
        "status": "completed",
        "model": _VERSION,
        "output": [_item("completed", [_part(text)])],
        "usage": _usage(48),
    }


def _response(status: str, output: list[Any], usage: dict[str, object] | None) -> dict[str, object]:
    """With all that the API repeats of a request."""
    return {
        "id": _ID,
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": SYSTEM,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": _VERSION,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": False,
        "temperature": 0.7,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": {},
    }


def _events(texts: int, *, usage: bool = False) -> list[bytes]:
    """About 285 bytes a text."""
    said = words(texts)
    whole = "".join(said)
    deltas = [
        (
            "response.output_text.delta",
            {**_PLACE, "delta": text, "logprobs": [], "obfuscation": _PADDING[len(text) % 16 :]},
        )
        for text in said
    ]
    done = _item("completed", [_part(whole)])
    events: list[tuple[str, dict[str, object]]] = [
        ("response.created", {"response": _response("in_progress", [], None)}),
        ("response.in_progress", {"response": _response("in_progress", [], None)}),
        ("response.output_item.added", {"output_index": 0, "item": _item("in_progress", [])}),
        ("response.content_part.added", {**_PLACE, "part": _part("")}),
        *deltas,
        ("response.output_text.done", {**_PLACE, "text": whole, "logprobs": []}),
        ("response.content_part.done", {**_PLACE, "part": _part(whole)}),
        ("response.output_item.done", {"output_index": 0, "item": done}),
        ("response.completed", {"response": _response("completed", [done], _usage(texts))}),
    ]
    return [
        f"event: {name}\ndata: {compact({'type': name, 'sequence_number': n, **fields})}\n\n".encode()
        for n, (name, fields) in enumerate(events)
    ]


def _said(body: bytes) -> Said:
    events = objects(body)
    texts = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    ended = bool(events) and events[-1]["type"] == "response.completed"
    usage = ended and bool(events[-1]["response"]["usage"]["output_tokens"])
    return Said([text for text in texts if text], usage, ended)


RESPONSES = Dialect(
    name="Responses",
    model=_MODEL,
    path=_path,
    stem=b"/responses",
    body=_body,
    answer=filled(_short, ANSWER_BYTES),
    events=_events,
    mark=b'"type":"response.output_text.delta"',
    said=_said,
)
