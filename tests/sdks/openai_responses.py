"""OpenAI's Python SDK, the Responses API."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

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
from tests.sdks.openai_chat import ERRORS, SCHEMA, openai_errors


class OpenAiResponses:
    """`client.responses`."""

    words = Words(stopped="completed", called="completed", errors=ERRORS)

    def __init__(self, sdk: AsyncOpenAI) -> None:
        self._sdk = sdk

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask, by `create`, `parse` or `stream`."""
        responses = self._sdk.responses
        wishes = _wishes(question)
        shape: dict[str, Any] = {"text_format": Trip} if question.shaped else {}
        with openai_errors():
            if not streamed:
                ask = responses.parse if question.shaped else responses.create
                return _answer(await ask(**wishes, **shape), 0)
            pieces = 0
            async with responses.stream(**wishes, **shape) as stream:
                async for event in stream:
                    pieces += event.type == "response.output_text.delta"
                    if event.type == "error":  # the SDK hands it on as an event of its own
                        raise SdkError(type(event).__name__, None, event.message)
                return _answer(await stream.get_final_response(), pieces)

    async def count(self, question: Question) -> int:
        """By `input_tokens.count`."""
        with openai_errors():
            wishes = {"model": question.model, "input": _items(question)}
            return (await self._sdk.responses.input_tokens.count(**wishes)).input_tokens


@asynccontextmanager
async def openai_responses(url: str, key: str) -> AsyncGenerator[OpenAiResponses]:
    """The client, open while inside."""
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as sdk:
        yield OpenAiResponses(sdk)


def _items(question: Question) -> list[Any]:
    items: list[Any] = []
    for turn in question.turns:
        items.extend(turn.turn if isinstance(turn, Answer) else [_item(turn)])
    return items


def _wishes(question: Question) -> dict[str, Any]:
    wishes: dict[str, Any] = {"model": question.model, "input": _items(question), "store": False}
    if question.system:
        wishes["instructions"] = question.system
    if question.tools:
        wishes["tools"] = [_tool(name) for name in question.tools]
    if question.named:
        wishes["tool_choice"] = {"type": "function", "name": question.named}
    if question.thinking:
        wishes["reasoning"] = {"effort": "low", "summary": "auto"}
        wishes["include"] = ["reasoning.encrypted_content"]
    return wishes


def _item(turn: Said | Brought) -> Any:
    match turn:
        case Brought():
            return {"type": "function_call_output", "call_id": turn.call.id, "output": turn.text}
        case Said(picture=None):
            return {"role": "user", "content": turn.text}
        case Said():
            url = f"data:{PIXEL_TYPE};base64,{turn.picture}"
            return {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": turn.text},
                    {"type": "input_image", "image_url": url, "detail": "auto"},
                ],
            }


def _tool(name: str) -> Any:
    return {
        "type": "function",
        "name": name,
        "description": f"Tells of {name}",
        "parameters": SCHEMA,
        "strict": True,
    }


def _answer(response: Any, pieces: int) -> Answer:
    usage = response.usage
    parsed = getattr(response, "output_parsed", None)
    thoughts = [item for item in response.output if item.type == "reasoning"]
    return Answer(
        text=response.output_text,
        finish=response.status,
        spent=usage
        and Spent(
            prompt=usage.input_tokens,
            completion=usage.output_tokens,
            cached=usage.input_tokens_details.cached_tokens,
        ),
        thoughts="".join(part.text for item in thoughts for part in (*item.summary, *(item.content or ()))),
        calls=tuple(
            Call(id=item.call_id, name=item.name, arguments=json.loads(item.arguments))
            for item in response.output
            if item.type == "function_call"
        ),
        pieces=pieces,
        parsed=parsed.model_dump() if isinstance(parsed, Trip) else None,
        turn=response.output,
    )
