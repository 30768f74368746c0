"""OpenAI's chat completions."""

from __future__ import annotations

import json
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
    data_of,
    filled,
    words,
)

_MODEL = "gpt-4o-mini"
_VERSION = "gpt-4o-mini-2024-07-18"
_ID = "chatcmpl-BENCH0123456789abcdefghijklm"
_DONE = "[DONE]"


def _path(model: str, stream: bool) -> str:
    return "/v1/chat/completions"


def _body(model: str, *, stream: bool = False, usage: bool = False) -> bytes:
    """A request of exactly 500 bytes, sampled (temperature 0.7), so that no cache may answer it."""
    options: dict[str, object] = {"model": model, "temperature": 0.7}
    if stream:
        options["stream"] = True
    if usage:
        options["stream_options"] = {"include_usage": True}

    def write(text: str) -> object:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        return {**options, "messages": messages}

    return filled(write, BODY_BYTES)


def _usage(completion: int) -> dict[str, int]:
    total = PROMPT_TOKENS + completion
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": completion, "total_tokens": total}


def _answer() -> bytes:
    def write(text: str) -> object:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            "id": _ID,
            "object": "chat.completion",
            "created": CREATED,
            "model": _VERSION,
            "choices": [choice],
            "usage": _usage(48),
            "system_fingerprint": "fp_0123456789",
        }

    return filled(write, ANSWER_BYTES)


def _event(choices: list[Any], **more: object) -> bytes:
    head = {"id": _ID, "object": "chat.completion.chunk", "created": CREATED, "model": _VERSION}
    return f"data: {compact({**head, 'choices': choices, **more})}\n\n".encode()


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    return _event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}])


def _events(texts: int, *, usage: bool = False) -> list[bytes]:
    """The role, the texts, the finish, usage if asked for, `[DONE]`; about 235 bytes a text."""
    events = [_chunk({"role": "assistant", "content": ""})]
    events += [_chunk({"content": text}) for text in words(texts)]
    events.append(_chunk({}, "stop"))
    if usage:
        events.append(_event([], usage=_usage(texts)))
    events.append(f"data: {_DONE}\n\n".encode())
    return events


def _said(body: bytes) -> Said:
    data = list(data_of(body))
    ended = bool(data) and data[-1] == _DONE
    chunks: list[dict[str, Any]] = [json.loads(chunk) for chunk in data if chunk != _DONE]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    texts = [delta["content"] for delta in deltas if delta.get("content")]
    return Said(texts, any(chunk.get("usage") for chunk in chunks), ended)


CHAT = Dialect(
    name="chat",
    model=_MODEL,
    path=_path,
    stem=b"/chat/completions",
    body=_body,
    answer=_answer(),
    events=_events,
    mark=b'"delta":{"content":"',
    said=_said,
    usage_on_request=True,
)
