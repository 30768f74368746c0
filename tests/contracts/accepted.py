"""The official SDKs' own types, and OpenAI's API description, as judges of what Baton writes."""

import json
from functools import lru_cache
from typing import Any, get_args

from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter, ValidationError

from baton.core.dialect import Dialect
from tests.contracts import description
from tests.contracts.events import read_events

DONE = "[DONE]"
_WHOLE: dict[Dialect, Any] = {
    Dialect.OPENAI: ChatCompletion,
    Dialect.OPENAI_RESPONSES: Response,
    Dialect.ANTHROPIC: Message,
    Dialect.GOOGLE: GenerateContentResponse,
}
_EVENT: dict[Dialect, Any] = {Dialect.OPENAI: ChatCompletionChunk, Dialect.GOOGLE: GenerateContentResponse}


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@lru_cache
def _events(dialect: Dialect) -> dict[str, Any]:
    """The SDK's class of each named event, by its name: a union's own complaint tells nothing."""
    union = RawMessageStreamEvent if dialect is Dialect.ANTHROPIC else ResponseStreamEvent
    classes = get_args(get_args(union)[0])
    return {get_args(one.model_fields["type"].annotation)[0]: one for one in classes}


def whole_problems(dialect: Dialect, body: bytes) -> list[str]:
    """What an SDK, or the description, has against a whole answer."""
    return _problems(dialect, json.loads(body), whole=True)


def stream_problems(dialect: Dialect, body: bytes) -> list[str]:
    """What they have against the events of a stream, each kind of complaint once."""
    found: dict[str, None] = {}
    for event in read_events(body):
        if event.data != DONE:
            found |= dict.fromkeys(_problems(dialect, json.loads(event.data), whole=False))
    return list(found)


def _problems(dialect: Dialect, value: dict[str, Any], *, whole: bool) -> list[str]:
    plain = _without_baton(value)
    name = plain.get("type", "")
    described: str | None = None
    if whole:
        kind = _WHOLE[dialect]
        described = {
            Dialect.OPENAI: "CreateChatCompletionResponse",
            Dialect.OPENAI_RESPONSES: "Response",
        }.get(dialect)
    else:
        kind = _EVENT.get(dialect) or _events(dialect).get(name)
        if dialect is Dialect.OPENAI:
            described = "CreateChatCompletionStreamResponse"
        elif dialect is Dialect.OPENAI_RESPONSES:
            described = description.event_schemas().get(name)
    if kind is None:
        return [f"no SDK knows an event {name!r}"]
    problems: list[str] = []
    try:
        _adapter(kind).validate_python(plain)
    except ValidationError as error:
        problems += [f"the SDK: {name} {one['loc']}: {one['msg']}" for one in error.errors()[:3]]
    if described is not None:
        told = description.problems(described, plain)[:3]
        problems += [f"the description: {name} {problem}" for problem in told]
    return problems


def _without_baton(value: dict[str, Any]) -> dict[str, Any]:
    """Without Baton's own word, which every SDK passes over."""
    plain = {name: field for name, field in value.items() if name != "baton"}
    response = plain.get("response")
    if isinstance(response, dict):
        plain["response"] = {name: field for name, field in response.items() if name != "baton"}
    return plain
