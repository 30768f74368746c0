"""What an error looks like in each dialect, as its official clients read it."""

from collections.abc import Callable
from typing import Any

from baton.core.dialect import Dialect
from baton.upstream.dialects.registry import CODECS

PATHS = {
    Dialect.OPENAI: "/v1/chat/completions",
    Dialect.OPENAI_RESPONSES: "/v1/responses",
    Dialect.ANTHROPIC: "/v1/messages",
    Dialect.GOOGLE: "/v1beta/models/simulated/echo:generateContent",
}
"""Where each is spoken."""

SPOKEN = sorted(CODECS)


def _openai(body: Any) -> tuple[str, str]:
    error = body["error"]
    assert set(error) >= {"message", "type", "param", "code"}, body
    assert "type" not in body
    return error["type"], error["message"]


def _anthropic(body: Any) -> tuple[str, str]:
    assert body["type"] == "error", body
    error = body["error"]
    assert set(error) >= {"type", "message"}
    return error["type"], error["message"]


def _google(body: Any) -> tuple[str, str]:
    error = body["error"]
    assert isinstance(error["code"], int), body
    assert error["status"] == error["status"].upper()
    return error["status"], error["message"]


_SHAPES: dict[Dialect, Callable[[Any], tuple[str, str]]] = {
    Dialect.OPENAI: _openai,
    Dialect.OPENAI_RESPONSES: _openai,
    Dialect.ANTHROPIC: _anthropic,
    Dialect.GOOGLE: _google,
}


def error_in(dialect: Dialect, body: Any) -> tuple[str, str]:
    """Type and message of an error; fails where it has not the dialect's shape."""
    kind, message = _SHAPES[dialect](body)
    assert isinstance(kind, str)
    assert kind
    assert isinstance(message, str)
    assert message
    return kind, message
