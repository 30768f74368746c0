"""The shortest whole answer of each dialect."""

import json
from typing import Any

from baton.core.dialect import Dialect

_TOKENS = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Good", "annotations": [], "logprobs": []}],
}
_COUNTED = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 1,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 4,
}
_ANSWERS: dict[Dialect, dict[str, Any]] = {
    Dialect.OPENAI: {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Good"}, "finish_reason": "stop"}
        ],
        "usage": _TOKENS,
    },
    Dialect.OPENAI_RESPONSES: {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": [_MESSAGE],
        "usage": _COUNTED,
    },
    Dialect.ANTHROPIC: {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Good"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    },
    Dialect.GOOGLE: {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "Good"}]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
        "modelVersion": "m",
        "responseId": "r1",
    },
}


def good(dialect: Dialect) -> bytes:
    """One word."""
    return json.dumps(_ANSWERS[dialect]).encode()
