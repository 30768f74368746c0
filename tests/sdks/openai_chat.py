"""OpenAI's Python SDK, chat completions."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import openai
from openai import AsyncOpenAI

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

ERRORS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "BadRequestError",
    429: "RateLimitError",
    500: "InternalServerError",
}
SCHEMA = Trip.model_json_schema()


@contextmanager
def openai_errors() -> Iterator[None]:
    """The SDK's own errors as ours."""
    try:
        yield
    except openai.APIStatusError as error:
        raise SdkError(type(error).__name__, error.status_code, error.message) from error
    except openai.APIError as error:
        raise SdkError(type(error).__name__, None, error.message) from error


class OpenAiChat:
    """`client.chat.completions`."""

    words = Words(stopped="stop", called="tool_calls", errors=ERRORS)

    def __init__(self, sdk: AsyncOpenAI) -> None:
        self._sdk = sdk

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask, by `create`, `parse` or `stream`."""
        completions = self._sdk.chat.completions
        wishes = _wishes(question)
        shape: dict[str, Any] = {"response_format": Trip} if question.shaped else {}
        with openai_errors():
            if not streamed:
                ask = completions.parse if question.shaped else completions.create
                return _answer(await ask(**wishes, **shape), 0)
            usage: dict[str, Any] = {"stream_options": {"include_usage": True}}
            pieces = 0
            async with completions.stream(**wishes, **shape, **usage) as stream:
                async for event in stream:
                    pieces += event.type == "content.delta"
                return _answer(await stream.get_final_completion(), pieces)


@asynccontextmanager
async def openai_chat(url: str, key: str) -> AsyncGenerator[OpenAiChat]:
    """The client, open while inside."""
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as sdk:
        yield OpenAiChat(sdk)


def _wishes(question: Question) -> dict[str, Any]:
    system = [{"role": "system", "content": question.system}] if question.system else []
    wishes: dict[str, Any] = {
        "model": question.model,
        "messages": [*system, *(_message(turn) for turn in question.turns)],
    }
    if question.tools:
        wishes["tools"] = [_tool(name) for name in question.tools]
    if question.named:
        wishes["tool_choice"] = {"type": "function", "function": {"name": question.named}}
    if question.thinking:
        wishes["reasoning_effort"] = "low"
    return wishes


def _message(turn: Said | Answer | Brought) -> Any:
    match turn:
        case Said(picture=None):
            return {"role": "user", "content": turn.text}
        case Said():
            url = f"data:{PIXEL_TYPE};base64,{turn.picture}"
            return {
                "role": "user",
                "content": [
                    {"type": "text", "text": turn.text},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        case Brought():
            return {"role": "tool", "tool_call_id": turn.call.id, "content": turn.text}
        case Answer():
            return turn.turn


def _tool(name: str) -> Any:
    return {
        "type": "function",
        "function": {"name": name, "description": f"Tells of {name}", "parameters": SCHEMA, "strict": True},
    }


def _answer(completion: Any, pieces: int) -> Answer:
    choice = completion.choices[0]
    message = choice.message
    usage = completion.usage
    details = usage.prompt_tokens_details if usage else None
    parsed = getattr(message, "parsed", None)
    return Answer(
        text=message.content or "",
        finish=choice.finish_reason,
        spent=usage
        and Spent(
            prompt=usage.prompt_tokens,
            completion=usage.completion_tokens,
            cached=(details.cached_tokens or 0) if details else 0,
        ),
        thoughts=(message.model_extra or {}).get("reasoning_content") or "",
        calls=tuple(
            Call(id=call.id, name=call.function.name, arguments=json.loads(call.function.arguments))
            for call in message.tool_calls or ()
        ),
        pieces=pieces,
        parsed=parsed.model_dump() if isinstance(parsed, Trip) else None,
        turn=message.model_dump(exclude_none=True, exclude={"parsed"}),
    )
