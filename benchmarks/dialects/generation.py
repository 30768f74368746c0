"""Google's generateContent."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.dialects.dialect import (
    ANSWER_BYTES,
    BODY_BYTES,
    PROMPT_TOKENS,
    SYSTEM,
    Dialect,
    Said,
    filled,
    objects,
    words,
)

_MODEL = "gemini-2.5-flash"
_ID = "BENCHacKDPOmtz7IPmcKhqAM"
_WORDS_PER_CHUNK = 18


def _path(model: str, stream: bool) -> str:
    return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")


def _body(model: str, *, stream: bool = False, usage: bool = False) -> bytes:
    return filled(
        lambda text: {
            "systemInstruction": {"parts": [{"text": SYSTEM}]},
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "generationConfig": {"temperature": 0.7},
        },
        BODY_BYTES,
    )


def _response(text: str, output: int, **more: object) -> dict[str, object]:
    return {
        "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, **more, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": PROMPT_TOKENS,
            "candidatesTokenCount": output,
            "totalTokenCount": PROMPT_TOKENS + output,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": PROMPT_TOKENS}],
        },
        "modelVersion": _MODEL,
        "responseId": _ID,
    }


def _answer() -> bytes:
    return filled(lambda text: _response(text, 48, finishReason="STOP"), ANSWER_BYTES)


def _events(texts: int, *, usage: bool = False) -> list[bytes]:
    """Some 18 words and 400 bytes a chunk, as the API writes them: with spaces, CRLF, and usage on each."""
    said = words(texts, _WORDS_PER_CHUNK)
    chunks = [_response(text, number * 24) for number, text in enumerate(said[:-1], 1)]
    chunks.append(_response(said[-1], texts * 24, finishReason="STOP"))
    return [f"data: {json.dumps(chunk, separators=(',', ': '))}\r\n\r\n".encode() for chunk in chunks]


def _said(body: bytes) -> Said:
    chunks = objects(body)
    candidates: list[dict[str, Any]] = [one for chunk in chunks for one in chunk.get("candidates", ())]
    parts = [part for one in candidates for part in one.get("content", {}).get("parts", ())]
    usage = bool(chunks) and bool(chunks[-1].get("usageMetadata", {}).get("candidatesTokenCount"))
    ended = bool(candidates) and candidates[-1].get("finishReason") == "STOP"
    return Said([part["text"] for part in parts if part.get("text")], usage, ended)


GENERATION = Dialect(
    name="generateContent",
    model=_MODEL,
    path=_path,
    stem=b"enerateContent",
    body=_body,
    answer=_answer(),
    events=_events,
    mark=b'"text":',
    said=_said,
)
