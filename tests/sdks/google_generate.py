"""Google's Python SDK, the Gemini API."""

import json
from base64 import b64decode
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types
from msgspec import structs

from tests.sdks.conversation import (
    PIXEL_TYPE,
    Answer,
    Brought,
    Call,
    Question,
    Said,
    SdkError,
    Spent,
    Trip,
    Words,
)

_THINKING_TOKENS = 1024
_ERRORS = {
    400: "ClientError INVALID_ARGUMENT",
    401: "ClientError UNAUTHENTICATED",
    403: "ClientError PERMISSION_DENIED",
    404: "ClientError NOT_FOUND",
    422: "ClientError INVALID_ARGUMENT",
    429: "ClientError RESOURCE_EXHAUSTED",
    500: "ServerError UNAVAILABLE",
}
"""The SDK has two classes; what went wrong is told by a word of Google's."""


class GoogleGenerate:
    """`client.aio.models`."""

    words = Words(stopped="STOP", called="STOP", errors=_ERRORS)

    def __init__(self, sdk: Any) -> None:
        self._models = sdk.models

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask, by `generate_content` or `generate_content_stream`."""
        wishes = {
            "model": question.model,
            "contents": _contents(question),
            "config": _config(question),
        }
        with _errors():
            if not streamed:
                whole = await self._models.generate_content(**wishes)
                return structs.replace(_answer([whole]), parsed=_trip(whole.parsed))
            stream = await self._models.generate_content_stream(**wishes)
            answer = _answer([chunk async for chunk in stream])
        # Of a stream the SDK leaves the parsing to its user.
        return structs.replace(answer, parsed=json.loads(answer.text) if question.shaped else None)

    async def count(self, question: Question) -> int:
        """By `count_tokens`."""
        with _errors():
            counted = await self._models.count_tokens(model=question.model, contents=_contents(question))
            return counted.total_tokens or 0


@asynccontextmanager
async def google_generate(url: str, key: str) -> AsyncGenerator[GoogleGenerate]:
    """The client, open while inside. The SDK would take aiohttp, but makes a class of it that warns."""
    async with httpx2.AsyncClient() as http:
        options = types.HttpOptions(base_url=url, httpx_async_client=http)
        async with genai.Client(api_key=key, http_options=options).aio as sdk:
            yield GoogleGenerate(sdk)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except errors.APIError as error:
        name = f"{type(error).__name__} {error.status}"
        raise SdkError(name, error.code, error.message or "") from error
    except errors.UnknownApiResponseError as error:  # what the SDK says of half a JSON
        raise SdkError(type(error).__name__, None, str(error)) from error


def _config(question: Question) -> types.GenerateContentConfig:
    config = types.GenerateContentConfig(system_instruction=question.system)
    if question.tools:
        declared = [
            types.FunctionDeclaration(
                name=name,
                description=f"Tells of {name}",
                parameters_json_schema=Trip.model_json_schema(),
            )
            for name in question.tools
        ]
        config.tools = [types.Tool(function_declarations=declared)]
    if question.named:
        config.tool_config = types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=[question.named]
            )
        )
    if question.shaped:
        config.response_mime_type = "application/json"
        config.response_schema = Trip
    if question.thinking:
        config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_budget=_THINKING_TOKENS)
    return config


def _contents(question: Question) -> list[types.Content]:
    """Turns; all that tools brought back at once is one turn of the user."""
    contents: list[types.Content] = []
    results: list[types.Part] = []
    for turn in question.turns:
        if isinstance(turn, Brought):
            if not results:
                contents.append(types.Content(role="user", parts=results))
            results.append(_result(turn))
            contents[-1] = types.Content(role="user", parts=results)
            continue
        results = []
        contents.extend(turn.turn if isinstance(turn, Answer) else [_spoken(turn)])
    return contents


def _spoken(said: Said) -> types.Content:
    parts = [types.Part(text=said.text)]
    if said.picture is not None:
        parts.append(types.Part.from_bytes(data=b64decode(said.picture), mime_type=PIXEL_TYPE))
    return types.Content(role="user", parts=parts)


def _result(brought: Brought) -> types.Part:
    said = {"error" if brought.failed else "output": brought.text}
    return types.Part(
        function_response=types.FunctionResponse(
            id=brought.call.id or None, name=brought.call.name, response=said
        )
    )


def _answer(chunks: Sequence[types.GenerateContentResponse]) -> Answer:
    """Put together as the SDK's own `chats` does it: every chunk's content goes into the history."""
    contents = [
        candidate.content
        for chunk in chunks
        for candidate in (chunk.candidates or ())[:1]
        if candidate.content is not None and candidate.content.parts
    ]
    parts = [part for content in contents for part in content.parts or ()]
    said = [part.text for part in parts if part.text and not part.thought]
    finishes = [c.finish_reason for chunk in chunks for c in chunk.candidates or () if c.finish_reason]
    usages = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    return Answer(
        text="".join(said),
        finish=finishes[-1].value if finishes else None,
        spent=_spent(usages[-1]) if usages else None,
        thoughts="".join(part.text for part in parts if part.text and part.thought),
        calls=tuple(
            Call(
                id=part.function_call.id or "",
                name=part.function_call.name or "",
                arguments=part.function_call.args or {},
            )
            for part in parts
            if part.function_call is not None
        ),
        pieces=len(said),
        turn=contents,
    )


def _trip(parsed: Any) -> dict[str, Any] | None:
    return parsed.model_dump() if isinstance(parsed, Trip) else None


def _spent(usage: types.GenerateContentResponseUsageMetadata) -> Spent:
    return Spent(
        prompt=usage.prompt_token_count or 0,
        completion=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        cached=usage.cached_content_token_count or 0,
    )
