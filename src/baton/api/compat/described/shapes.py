"""What the descriptions of all routes are made of."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
SWITCH: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": OBJECT}
MODEL: Schema = {
    "type": "string",
    "description": "`auto`, `provider/name`, or a name that is unique.",
}
BATON: Schema = {
    "type": "object",
    "description": "Baton's own options; as `x-baton-*` headers they win.",
    "properties": {
        "useCase": TEXT,
        "agent": TEXT,
        "session": TEXT,
        "timeout": {"type": "number", "description": "Seconds."},
        "maxRetries": WHOLE,
        "provider": {"type": "string", "description": "Preferred."},
        "exclude": {"type": "array", "items": TEXT},
        "require": {"type": "array", "items": TEXT},
        "dataNeeds": {
            "type": "array",
            "items": TEXT,
            "description": "What whoever serves it must state: `local`, `no-training`, `region:eu`.",
        },
        "tags": {"type": "object", "additionalProperties": TEXT},
        "context": {},
    },
}
_PERHAPS_TEXT: Schema = {"anyOf": [TEXT, {"type": "null"}]}
_HEADERS: Schema = {
    "x-baton-interaction": {"schema": TEXT, "description": "Id in the ledger."},
    "x-baton-provider": {"schema": TEXT, "description": "Who answered."},
    "x-baton-model": {"schema": TEXT, "description": "With which model."},
    "x-baton-cost-usd": {"schema": TEXT, "description": "Whole answers only."},
    "x-baton-dropped": {"schema": TEXT, "description": "What could not be said to whoever answered."},
    "x-baton-adjusted": {"schema": TEXT, "description": "What was said otherwise."},
}


_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[!#-~]{1,255}$"},
    "description": "Sent again with the same body within 24 hours: answered as before, at no cost.",
}


def body(required: list[str], about: str, **fields: Schema) -> Schema:
    """The schema of a request, which may have further fields."""
    return {
        "type": "object",
        "required": required,
        "description": f"{about}; fields not listed here are passed on to a provider of that dialect.",
        "additionalProperties": True,
        "properties": {**fields, "baton": BATON},
    }


def operation(
    tag: str, summary: str, about: str, sent: Schema, came: Schema, parameters: list[Schema] | None = None
) -> Schema:
    """One route. `sent` and `came`: contents by media type."""
    told: Schema = {
        "tags": [tag],
        "summary": summary,
        "operationId": summary.lower().replace(" ", "_").replace("'", ""),
        "description": about,
        "security": [{"apiKey": []}, {"xApiKey": []}, {"xGoogApiKey": []}],
        "requestBody": {"required": True, "content": sent},
        "responses": {"200": {"description": "The answer", "headers": _HEADERS, "content": came}},
    }
    if parameters:
        told["parameters"] = parameters
    return {"post": told}


def json_body(schema: Schema, **examples: Schema) -> Schema:
    """A JSON body with examples."""
    told = {name: {"value": value} for name, value in examples.items()}
    return {"application/json": {"schema": schema, "examples": told}}


def paid(told: Schema) -> Schema:
    """The same of a route that costs money, and so is done once where that is asked for."""
    post = told["post"]
    return {"post": {**post, "parameters": [*post.get("parameters", []), _IDEMPOTENCY_KEY]}}


ANSWER: Schema = {"application/json": {"schema": OBJECT}}
ANSWER_OR_STREAM: Schema = {**ANSWER, "text/event-stream": {"schema": TEXT}}


def _error(title: str, fields: Schema, **beside: Schema) -> Schema:
    """An error of which every field of the inner object is always there."""
    inner = {"type": "object", "required": list(fields), "properties": fields}
    return {
        "type": "object",
        "title": title,
        "required": ["error"],
        "properties": {"error": inner, **beside},
    }


ERRORS: Schema = {
    "OpenAIError": _error(
        "OpenAIError",
        {"message": TEXT, "type": TEXT, "param": _PERHAPS_TEXT, "code": _PERHAPS_TEXT},
        request_id=TEXT,
    ),
    "AnthropicError": _error(
        "AnthropicError", {"type": TEXT, "message": TEXT}, type={"const": "error"}, request_id=TEXT
    ),
    "GoogleError": _error("GoogleError", {"code": WHOLE, "message": TEXT, "status": TEXT}),
}
"""What errors look like, by the name of their schema."""
