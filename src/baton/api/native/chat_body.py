"""The body of `POST /api/ai/v2/chat`, and what it means."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Raw
from pydantic import ConfigDict, Field, StringConstraints, model_validator

from baton.api.bodies import Asked
from baton.api.data_needs import DataNeedsAsked
from baton.core.dialect import Dialect
from baton.core.messages import Media, MediaKind, Message, Part, Role, Text, ToolCall, ToolResult
from baton.core.request import ChatRequest, FormatKind, ResponseFormat, Sampling, Tool
from baton.gateway.routing.decision import AUTO

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[tuple[Word, ...], Field(max_length=32)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class TextPart(Asked):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ImagePart(Asked):
    """An image: by its address, or as base64 `data` with its `mediaType`."""

    type: Literal["image"]
    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: Literal["auto", "low", "high"] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "ImagePart":
        if (self.url is None) == (self.data is None):
            raise ValueError("an image has either a url or data")
        if self.data is not None and self.media_type is None:
            raise ValueError("image data needs a mediaType")
        return self


PartAsked = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class ToolCallAsked(Asked):
    """A tool that the model called in an earlier turn; `arguments` is the JSON text as it wrote it."""

    id: Name
    name: Name
    arguments: str


class MessageAsked(Asked):
    """One turn. `toolCalls` belong to the assistant, `toolCallId` to a tool's result."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[PartAsked] | None = None
    name: str | None = None
    tool_calls: tuple[ToolCallAsked, ...] = ()
    tool_call_id: Name | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "MessageAsked":
        if self.content is None and not self.tool_calls:
            raise ValueError("a message needs content")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only an assistant's message has toolCalls")
        if (self.role == "tool") != (self.tool_call_id is not None):
            raise ValueError("a tool's message, and no other, needs a toolCallId")
        ids = [call.id for call in self.tool_calls]
        if len(set(ids)) < len(ids):
            raise ValueError("two toolCalls have the same id")
        return self

    @property
    def said(self) -> tuple[Part, ...]:
        """Its content as parts."""
        if self.content is None:
            return ()
        if isinstance(self.content, str):
            return (Text(text=self.content),)
        return tuple(_part(part) for part in self.content)

    def message(self) -> Message:
        """The turn in the core's words."""
        if self.tool_call_id is not None:
            result = ToolResult(call_id=self.tool_call_id, parts=self.said, name=self.name)
            return Message(role=Role.TOOL, parts=(result,))
        calls = [ToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in self.tool_calls]
        return Message(role=Role(self.role), parts=(*self.said, *calls), name=self.name)


class ToolAsked(Asked):
    """A function that the model may call; `parameters` is the JSON Schema of its arguments."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def tool(self) -> Tool:
        """The tool in the core's words."""
        return Tool(
            name=self.name,
            description=self.description,
            schema=None if self.parameters is None else _raw(self.parameters),
            strict=self.strict,
        )


class FormatAsked(Asked):
    """What the answer's text shall be; `schema` with `json_schema` only."""

    type: Literal["text", "json_object", "json_schema"]
    name: Name | None = None
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _schema_where_needed(self) -> "FormatAsked":
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("a schema belongs to the type json_schema, and to no other")
        return self

    def response_format(self) -> ResponseFormat:
        """The format in the core's words."""
        return ResponseFormat(
            kind=FormatKind(self.type),
            name=self.name,
            schema=None if self.json_schema is None else _raw(self.json_schema),
            strict=self.strict,
        )


class ChatBody(Asked):
    """One chat request. What is not known here is `dropped`."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "example": {
                "model": AUTO,
                "systemPrompt": "Answer in one sentence.",
                "messages": [{"role": "user", "content": "Why is the sky blue?"}],
                "maxTokens": 100,
            }
        },
    )

    messages: Annotated[list[MessageAsked], Field(min_length=1)]
    model: Name = AUTO
    system_prompt: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    tools: tuple[ToolAsked, ...] = ()
    response_format: FormatAsked | None = None
    stream: bool = False
    use_case: Word | None = None
    agent: Word | None = None
    preferred_provider: Word | None = None
    exclude_providers: Words = ()
    require_capabilities: Words = ()
    data_needs: DataNeedsAsked = ()
    prompt: Annotated[str | None, Field(min_length=1, max_length=160)] = None
    variables: Annotated[dict[Word, str] | None, Field(max_length=64)] = None
    persona: Word | None = None
    context_metadata: Any = None
    project_id: Word | None = None
    enable_cache: bool | None = None
    cache_ttl: Annotated[float, Field(ge=0, le=2_592_000)] | None = None
    user_id: str | None = None

    def request(self) -> ChatRequest:
        """The request in the core's words."""
        told = [] if self.system_prompt is None else [_system(self.system_prompt)]
        return ChatRequest(
            model=self.model,
            messages=(*told, *(message.message() for message in self.messages)),
            tools=tuple(tool.tool() for tool in self.tools),
            response_format=None if self.response_format is None else self.response_format.response_format(),
            sampling=Sampling(temperature=self.temperature, top_p=self.top_p),
            max_tokens=self.max_tokens,
            stream=self.stream,
            include_usage=self.stream,
            dialect=Dialect.NATIVE,
        )

    def wishes(self) -> bytes | None:
        """What it says to Baton itself, as the `baton` object of other dialects; None: nothing."""
        said = {
            "useCase": self.use_case,
            "agent": self.agent,
            "project": self.project_id,
            "provider": self.preferred_provider,
            "exclude": self.exclude_providers or None,
            "require": self.require_capabilities or None,
            "dataNeeds": self.data_needs or None,
            "prompt": self.prompt,
            "variables": self.variables,
            "persona": self.persona,
            "context": self.context_metadata,
            "cache": None if self.enable_cache is None else "exact" if self.enable_cache else "off",
            "cacheTtl": self.cache_ttl,
        }
        named = {name: value for name, value in said.items() if value is not None}
        return msgspec.json.encode(named) if named else None


KNOWN = frozenset(field.alias or name for name, field in ChatBody.model_fields.items())
"""The names that a body's fields may have."""


def _part(part: TextPart | ImagePart) -> Part:
    if isinstance(part, TextPart):
        return Text(text=part.text)
    return Media(
        kind=MediaKind.IMAGE, url=part.url, data=part.data, media_type=part.media_type, detail=part.detail
    )


def _system(prompt: str) -> Message:
    return Message(role=Role.SYSTEM, parts=(Text(text=prompt),))


def _raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))
