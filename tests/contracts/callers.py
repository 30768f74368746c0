"""A caller of each dialect: where it asks, and what it sends."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from baton.core.dialect import Dialect
from tests.contracts.recordings import Exchange

DIALECTS = (Dialect.OPENAI, Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, Dialect.GOOGLE)

_PATHS = {
    Dialect.OPENAI: "/v1/chat/completions",
    Dialect.OPENAI_RESPONSES: "/v1/responses",
    Dialect.ANTHROPIC: "/v1/messages",
}
_HELLO = "Hello there"


@dataclass(frozen=True)
class Ask:
    """One request to Baton."""

    path: str
    """With the query."""
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


def short(dialect: Dialect, model: str, *, stream: bool) -> Ask:
    """A request that any model understands; Baton is asked to tell what it lost."""
    match dialect:
        case Dialect.OPENAI:
            body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": _HELLO}]}
            if stream:
                body |= {"stream": True, "stream_options": {"include_usage": True}}
        case Dialect.OPENAI_RESPONSES:
            body = {"model": model, "input": _HELLO, "stream": stream}
        case Dialect.ANTHROPIC:
            message = {"role": "user", "content": _HELLO}
            body = {"model": model, "max_tokens": 1000, "messages": [message], "stream": stream}
        case _:
            body = {"contents": [{"role": "user", "parts": [{"text": _HELLO}]}]}
    path = _path(dialect, model, stream=stream)
    return Ask(path, json.dumps(body).encode(), {"x-baton-use-case": "contract"})


def again(exchange: Exchange, model: str, *, asks_usage: bool = False, listed: bool = False) -> Ask:
    """The recorded request, sent for this model; `listed`: a stream as Google's JSON array.

    `asks_usage` is for streams of chat completions; elsewhere it makes Baton tell what it has to say.
    """
    dialect = exchange.dialect
    assert dialect is not None
    body = {**exchange.request}
    if dialect is not Dialect.GOOGLE:
        body["model"] = model
    headers = dict(exchange.sent_headers)
    if dialect is not Dialect.OPENAI:
        headers |= {"x-baton-use-case": "contract"} if asks_usage else {}
    elif asks_usage:
        body["stream_options"] = {**body.get("stream_options", {}), "include_usage": True}
    else:
        body.pop("stream_options", None)
    path = _path(dialect, model, stream=exchange.streamed, listed=listed)
    return Ask(path, json.dumps(body, ensure_ascii=False, indent=1).encode(), headers)


def _path(dialect: Dialect, model: str, *, stream: bool, listed: bool = False) -> str:
    if dialect is not Dialect.GOOGLE:
        return _PATHS[dialect]
    verb = "streamGenerateContent" if stream else "generateContent"
    query = "?alt=sse" if stream and not listed else ""
    return f"/v1beta/models/{quote(model, safe='/:')}:{verb}{query}"
