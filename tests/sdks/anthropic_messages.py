"""Anthropic's Python SDK, messages."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anthropic
from anthropic import AsyncAnthropic

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

_MOST_TOKENS = 4096
_THINKING_TOKENS = 1024  # the least that Anthropic takes
_ERRORS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "BadRequestError",
    429: "RateLimitError",
    500: "ServiceUnavailableError",
}


class AnthropicMessages:
    """`client.messages`."""

    words = Words(stopped="end_turn", called="tool_use", errors=_ERRORS)

    def __init__(self, sdk: AsyncAnthropic) -> None:
        self._sdk = sdk

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask, by `create`, `parse` or `stream`."""
        messages = self._sdk.messages
        wishes = _wishes(question) | {"max_tokens": _MOST_TOKENS}
        if question.thinking:
            wishes["thinking"] = {"type": "enabled", "budget_tokens": _THINKING_TOKENS}
        shape: dict[str, Any] = {"output_format": Trip} if question.shaped else {}
        with _errors():
            if not streamed:
                ask = messages.parse if question.shaped else messages.create
                return _answer(await ask(**wishes, **shape), 0)
            pieces = 0
            async with messages.stream(**wishes, **shape) as stream:
                async for event in stream:
                    pieces += event.type == "text"
                return _answer(await stream.get_final_message(), pieces)

    async def count(self, question: Question) -> int:
        """By `count_tokens`."""
        with _errors():
            return (await self._sdk.messages.count_tokens(**_wishes(question))).input_tokens


@asynccontextmanager
async def anthropic_messages(url: str, key: str) -> AsyncGenerator[AnthropicMessages]:
    """The client, open while inside."""
    async with AsyncAnthropic(base_url=url, api_key=key, max_retries=0) as sdk:
        yield AnthropicMessages(sdk)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except anthropic.APIStatusError as error:
        raise SdkError(type(error).__name__, error.status_code, error.message) from error
    except anthropic.APIError as error:
        raise SdkError(type(error).__name__, None, error.message) from error


def _wishes(question: Question) -> dict[str, Any]:
    wishes: dict[str, Any] = {"model": question.model, "messages": _messages(question)}
    if question.system:
        wishes["system"] = question.system
    if question.tools:
        wishes["tools"] = [
            {"name": name, "description": f"Tells of {name}", "input_schema": Trip.model_json_schema()}
            for name in question.tools
        ]
    if question.named:
        wishes["tool_choice"] = {"type": "tool", "name": question.named}
    return wishes


def _messages(question: Question) -> list[Any]:
    """Turns; all that tools brought back at once is one turn of the user."""
    messages: list[Any] = []
    results: list[Any] = []
    for turn in question.turns:
        if isinstance(turn, Brought):
            if not results:
                messages.append({"role": "user", "content": results})
            results.append(
                {
                    "type": "tool_result",
                    "tool_use_id": turn.call.id,
                    "content": turn.text,
                    "is_error": turn.failed,
                }
            )
            continue
        results = []
        messages.append(
            {"role": "assistant", "content": turn.turn}
            if isinstance(turn, Answer)
            else {"role": "user", "content": _blocks(turn)}
        )
    return messages


def _blocks(said: Said) -> Any:
    if said.picture is None:
        return said.text
    source = {"type": "base64", "media_type": PIXEL_TYPE, "data": said.picture}
    return [{"type": "image", "source": source}, {"type": "text", "text": said.text}]


def _answer(message: Any, pieces: int) -> Answer:
    blocks = message.content
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    parsed = getattr(message, "parsed_output", None)
    return Answer(
        text="".join(block.text for block in blocks if block.type == "text"),
        finish=message.stop_reason,
        spent=Spent(
            prompt=usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0),
            completion=usage.output_tokens,
            cached=cached,
        ),
        thoughts="".join(block.thinking for block in blocks if block.type == "thinking"),
        calls=tuple(
            Call(id=block.id, name=block.name, arguments=block.input)
            for block in blocks
            if block.type == "tool_use"
        ),
        pieces=pieces,
        parsed=parsed.model_dump() if isinstance(parsed, Trip) else None,
        turn=blocks,
    )
