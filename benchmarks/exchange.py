"""The bytes that every system under test is asked and answered with."""

from __future__ import annotations

import json

BODY_BYTES = 500
ANSWER_BYTES = 600

UPSTREAM_MODEL = "gpt-4o-mini"
PLAIN_PATH = "/v1/chat/completions"

# What marks one data event of a streamed answer; it occurs once in each and nowhere in the content.
CHUNK_MARK = b'chat.completion.chunk"'
LAST_EVENT = b"data: [DONE]\n\n"

_PROSE = (
    "Summarise in three sentences why a gateway between an application and the providers of language "
    "models should cost next to nothing itself, what it has to know about each request all the same, and "
    "how one would measure that honestly on a machine with two cores that other people are using too. "
)


def _padded(text: str, spare_bytes: int) -> str:
    """`text` repeated and cut to exactly `spare_bytes` (it is ASCII)."""
    return (text * (spare_bytes // len(text) + 1))[:spare_bytes]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def request_body(model: str, *, stream: bool = False, usage: bool = False) -> bytes:
    """A chat request of exactly 500 bytes, sampled (temperature 0.7), so that no cache may answer it."""
    request: dict[str, object] = {"model": model, "temperature": 0.7}
    if stream:
        request["stream"] = True
    if usage:
        request["stream_options"] = {"include_usage": True}
    system = {"role": "system", "content": "You are a careful engineer. Answer briefly."}
    request["messages"] = [system, {"role": "user", "content": ""}]
    spare = BODY_BYTES - len(_compact(request))
    request["messages"] = [system, {"role": "user", "content": _padded(_PROSE, spare)}]
    return _compact(request).encode()


def answer_body() -> bytes:
    """A `chat.completion` of exactly 600 bytes."""

    def answer(content: str) -> str:
        return _compact(
            {
                "id": "chatcmpl-BENCH0123456789abcdefghijklm",
                "object": "chat.completion",
                "created": 1767225600,
                "model": "gpt-4o-mini-2024-07-18",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": content, "refusal": None},
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 96, "completion_tokens": 48, "total_tokens": 144},
                "system_fingerprint": "fp_0123456789",
            }
        )

    return answer(_padded(_PROSE, ANSWER_BYTES - len(answer("")))).encode()


def _chunk(delta: dict[str, str], finish_reason: str | None) -> bytes:
    event = {
        "id": "chatcmpl-BENCH0123456789abcdefghijklm",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }
    return f"data: {_compact(event)}\n\n".encode()


def stream_events(content_chunks: int, *, usage: bool) -> list[bytes]:
    """The events of one streamed answer: role, contents, finish, usage if asked for, `[DONE]`."""
    words = [" " + word for word in _PROSE.split()]
    events = [_chunk({"role": "assistant", "content": ""}, None)]
    events += [_chunk({"content": words[n % len(words)]}, None) for n in range(content_chunks)]
    events.append(_chunk({}, "stop"))
    if usage:
        total = {
            "id": "chatcmpl-BENCH0123456789abcdefghijklm",
            "object": "chat.completion.chunk",
            "created": 1767225600,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [],
            "usage": {
                "prompt_tokens": 96,
                "completion_tokens": content_chunks,
                "total_tokens": 96 + content_chunks,
            },
        }
        events.append(f"data: {_compact(total)}\n\n".encode())
    events.append(LAST_EVENT)
    return events


def http_request(body: bytes, headers: dict[str, str]) -> bytes:
    """The whole HTTP/1.1 request as one write."""
    lines = [
        f"POST {PLAIN_PATH} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
