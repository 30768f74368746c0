"""The OpenAPI description: what the framework knows of its routes, and by hand what only we know."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from baton import __version__
from baton.api.compat.described.chats import CHATS
from baton.api.compat.described.errands import ERRANDS
from baton.api.compat.described.shapes import ERRORS, paid
from baton.api.native import batch, chat
from baton.api.native.agent_body import AgentAnswer, AgentAsked, TaskAsked
from baton.api.native.agents import AGENTS, STREAM_PATH
from baton.api.native.answer import Answer
from baton.api.native.batch_body import Batch, Results
from baton.api.native.chat_body import ChatBody
from baton.api.problems import Problem
from baton.api.spoken import dialect_at
from baton.core.dialect import Dialect

_ABOUT = """\
One endpoint for every model. Errors of Baton's own routes are problem documents (RFC 9457); on the
compatibility routes they have the shape of the route's dialect. Every answer carries `x-request-id`. Money is
a decimal string in USD, times are RFC 3339 in UTC, lists are paged by `limit` and `cursor` and tell the
`nextCursor`.
"""
_REF = "#/components/schemas/{name}"
_ERRORS = {
    Dialect.OPENAI: ("OpenAIError", "An error in OpenAI's shape"),
    Dialect.OPENAI_RESPONSES: ("OpenAIError", "An error in OpenAI's shape"),
    Dialect.ANTHROPIC: ("AnthropicError", "An error in Anthropic's shape"),
    Dialect.GOOGLE: ("GoogleError", "An error in Google's shape"),
    Dialect.NATIVE: ("Problem", "A problem document"),
}


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    described = get_openapi(
        title="Baton",
        version=__version__,
        description=_ABOUT,
        routes=routes,
        separate_input_output_schemas=False,
    )
    components = described["components"]
    components["schemas"] |= _schemas()
    components.setdefault("securitySchemes", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    by_hand = {
        **CHATS,
        **{path: paid(told) for path, told in ERRANDS.items()},
        chat.PATH: paid({"post": _NATIVE_CHAT}),
        batch.PATH: paid({"post": _NATIVE_BATCH}),
        **{path: paid({"post": _agent(kind)}) for path, kind in AGENTS.items()},
        STREAM_PATH: paid({"post": _TASK_STREAM}),
    }
    described["paths"] = by_hand | described["paths"]
    for path, operations in described["paths"].items():
        for operation in operations.values():
            _with_errors(path, operation["responses"])
    return described


def _with_errors(path: str, responses: dict[str, Any]) -> None:
    """Say what errors look like, in place of what the framework believes."""
    responses.pop("422", None)
    name, told = _ERRORS[dialect_at(path)]
    media_type = "application/problem+json" if name == "Problem" else "application/json"
    content = {media_type: {"schema": {"$ref": _REF.format(name=name)}}}
    responses["4XX"] = responses["5XX"] = {"description": told, "content": content}


def _schemas() -> dict[str, Any]:
    body = ChatBody.model_json_schema(ref_template=_REF.replace("{name}", "{model}"))
    inner: dict[str, Any] = body.pop("$defs", {})
    _, ours = msgspec.json.schema_components(
        [Answer, Problem, Batch, Results, AgentAnswer], ref_template=_REF
    )
    ours["Batch"]["properties"]["requests"]["items"] = {"$ref": _REF.format(name="ChatBody")}
    ours["Result"]["properties"]["answer"] = {"$ref": _REF.format(name="Answer")}
    asked: dict[str, Any] = {}
    for kind in (*AGENTS.values(), TaskAsked):
        asked[kind.__name__] = kind.model_json_schema(ref_template=_REF.replace("{name}", "{model}"))
    return {**inner, "ChatBody": body, **asked, **ours, **ERRORS}


def _agent(kind: type[AgentAsked]) -> dict[str, Any]:
    name = kind.__name__.removesuffix("Asked").lower()
    return {
        "tags": ["Agents"],
        "summary": f"Write a {name} for a project",
        "operationId": f"agent_{name}",
        "description": (
            "The text is looked at by checks and a judge, made once more by a stronger model where it is "
            "rejected, and kept as an output of the project."
        ),
        "security": [{"apiKey": []}],
        "requestBody": _json_of(kind.__name__),
        "responses": {
            "200": {
                "description": "The text, and how good it is",
                "content": {"application/json": {"schema": {"$ref": _REF.format(name="AgentAnswer")}}},
            }
        },
    }


def _json_of(name: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}
    return {"required": True, "content": content}


_NATIVE_BATCH: dict[str, Any] = {
    "tags": ["Chat"],
    "summary": "Ask many things at once",
    "operationId": "native_chat_batch",
    "description": (
        "Up to 100 requests, each as `POST /api/ai/v2/chat` takes it and for itself: its own limits, "
        "budgets, interaction, answer or error, in the order of the requests. 200: all of them have "
        "answers; 207: look at each one's `status`. `x-baton-*` headers hold for all."
    ),
    "security": [{"apiKey": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(name="Batch")},
                "example": {
                    "requests": [
                        {"model": "auto", "messages": [{"role": "user", "content": "Why is the sky blue?"}]},
                        {"model": "auto", "messages": [{"role": "user", "content": "And the sea?"}]},
                    ]
                },
            }
        },
    },
    "responses": {
        status: {
            "description": told,
            "content": {"application/json": {"schema": {"$ref": _REF.format(name="Results")}}},
        }
        for status, told in (("200", "All have answers"), ("207", "Some have none"))
    },
}

_TASK_STREAM: dict[str, Any] = {
    "tags": ["Agents"],
    "summary": "Write anything for a project, told while it is written",
    "operationId": "agent_stream",
    "description": (
        'Events `{"content", "isComplete": false, "tokensSoFar"}`, and a last one: `{"isComplete": true, '
        '"outputId", "totalTokens", "cost"}`, or `{"error": {a problem document}, "isComplete": true}`. What '
        "was written is kept once it is whole."
    ),
    "security": [{"apiKey": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(name="TaskAsked")}}},
    },
    "responses": {
        "200": {
            "description": "The text as it comes",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'data: {"content":"By hand","isComplete":false,"tokensSoFar":2}\n\n',
                }
            },
        }
    },
}

_NATIVE_CHAT: dict[str, Any] = {
    "tags": ["Chat"],
    "summary": "Ask",
    "operationId": "native_chat",
    "description": (
        "The full orchestration in one shape. What this version does not act on is listed in `dropped` and "
        "in `x-baton-dropped`. With `stream: true` the answer is a stream of events: "
        '`{"content", "isComplete": false}` and its kin (`reasoning`, `refusal`, `toolCalls`), and a last '
        "one with the whole answer and `isComplete: true`. A failure after the first event is the last one: "
        '`{"error": {a problem document}, "isComplete": true}`. A stream without such a last event was cut.'
    ),
    "security": [{"apiKey": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(name="ChatBody")}}},
    },
    "responses": {
        "200": {
            "description": "The answer",
            "content": {
                "application/json": {"schema": {"$ref": _REF.format(name="Answer")}},
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'data: {"content":"Hello","isComplete":false}\n\n',
                },
            },
        }
    },
}
