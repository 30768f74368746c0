"""What the compatibility routes look like, described by hand: the framework never sees their bodies."""

from typing import Any

PATH = "/v1/chat/completions"

_TEXT: dict[str, Any] = {"type": "string"}
_PERHAPS_TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _error(title: str, fields: dict[str, Any], **beside: Any) -> dict[str, Any]:
    """An error of which every field of the inner object is always there."""
    inner = {"type": "object", "required": list(fields), "properties": fields}
    return {
        "type": "object",
        "title": title,
        "required": ["error"],
        "properties": {"error": inner, **beside},
    }


ERRORS: dict[str, Any] = {
    "OpenAIError": _error(
        "OpenAIError",
        {"message": _TEXT, "type": _TEXT, "param": _PERHAPS_TEXT, "code": _PERHAPS_TEXT},
        request_id=_TEXT,
    ),
    "AnthropicError": _error(
        "AnthropicError", {"type": _TEXT, "message": _TEXT}, type={"const": "error"}, request_id=_TEXT
    ),
    "GoogleError": _error("GoogleError", {"code": {"type": "integer"}, "message": _TEXT, "status": _TEXT}),
}
"""What errors look like, by the name of their schema."""

_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["model", "messages"],
    "description": "OpenAI's own body; fields not listed here are passed on to a provider of that dialect.",
    "additionalProperties": True,
    "properties": {
        "model": {"type": "string", "description": "`auto`, `provider/name`, or a name that is unique."},
        "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "stream": {"type": "boolean"},
        "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
        "max_completion_tokens": {"type": "integer"},
        "temperature": {"type": "number"},
        "tools": {"type": "array", "items": {"type": "object"}},
        "response_format": {"type": "object"},
        "baton": {
            "type": "object",
            "description": "Baton's own options; as `x-baton-*` headers they win.",
            "properties": {
                "useCase": {"type": "string"},
                "agent": {"type": "string"},
                "session": {"type": "string"},
                "timeout": {"type": "number", "description": "Seconds."},
                "maxRetries": {"type": "integer"},
                "provider": {"type": "string", "description": "Preferred."},
                "exclude": {"type": "array", "items": {"type": "string"}},
                "require": {"type": "array", "items": {"type": "string"}},
                "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                "context": {},
            },
        },
    },
}

CHAT_COMPLETIONS: dict[str, Any] = {
    "tags": ["OpenAI-compatible"],
    "summary": "Chat completions",
    "operationId": "chat_completions",
    "description": "OpenAI's chat completions, whole or streamed; any provider answers in this dialect.",
    "security": [{"apiKey": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _REQUEST,
                "examples": {
                    "whole": {
                        "value": {"model": "auto", "messages": [{"role": "user", "content": "Say hello."}]}
                    },
                    "streamed": {
                        "value": {
                            "model": "auto",
                            "stream": True,
                            "stream_options": {"include_usage": True},
                            "messages": [{"role": "user", "content": "Count to three."}],
                        }
                    },
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "`chat.completion`, or with `stream` events of `chat.completion.chunk`",
            "headers": {
                "x-baton-interaction": {"schema": {"type": "string"}, "description": "Id in the ledger."},
                "x-baton-provider": {"schema": {"type": "string"}, "description": "Who answered."},
                "x-baton-model": {"schema": {"type": "string"}, "description": "With which model."},
                "x-baton-cost-usd": {"schema": {"type": "string"}, "description": "Whole answers only."},
            },
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
}
