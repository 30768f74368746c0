"""Talking to a running Baton over HTTP, in OpenAI's dialect."""

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import Struct, field

from baton.cli.line import Line, connected
from baton.cli.stop import Stop
from baton.core.errors import Unauthenticated
from baton.upstream.dialects.sse import SseEvent, SseReader


class Receipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an answer came to. Money in USD; what is None was not said."""

    provider: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: str | None = None
    response_time_ms: int | None = None
    interaction: str | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """One answer."""

    text: str
    receipt: Receipt


class _Said(Struct):
    content: str | None = None


class _Choice(Struct):
    message: _Said = field(default_factory=_Said)
    delta: _Said = field(default_factory=_Said)


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Baton(Struct, rename="camel"):
    """What comes too late for a stream's headers."""

    provider: str | None = None
    model: str | None = None
    cost_usd: str | None = None
    response_time_ms: int | None = None


class _Failure(Struct):
    message: str = "no reason was given"


class _Body(Struct):
    """A whole answer, or one event of a stream."""

    choices: list[_Choice] = []
    usage: _Usage | None = None
    baton: _Baton | None = None
    error: _Failure | None = None

    @property
    def text(self) -> str:
        """What was said, first choice only."""
        if not self.choices:
            return ""
        return self.choices[0].message.content or self.choices[0].delta.content or ""


class Conversation:
    """Remembers what was said, and asks the next thing."""

    def __init__(self, line: Line, model: str, system: str | None) -> None:
        self._line = line
        self._model = model
        self._messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system else []

    async def ask(self, prompt: str, hear: Callable[[str], None] | None) -> Answer:
        """The answer to one more prompt; `hear` is given each piece as it comes, None asks for it whole.

        What is asked is remembered with its answer, so not where that did not come to its end.

        Raises:
            Stop: nobody answers there, or the answer is an error.
        """
        asked = [*self._messages, {"role": "user", "content": prompt}]
        body: dict[str, Any] = {"model": self._model, "messages": asked}
        if hear is not None:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        async with (
            connected(self._line) as session,
            session.post(f"{self._line.url}/v1/chat/completions", json=body) as response,
        ):
            answer = await _read(response, hear)
        self._messages = [*asked, {"role": "assistant", "content": answer.text}]
        return answer

    async def check(self) -> None:
        """Find out whether anything can be asked, before somebody has written a long question.

        A name with its provider may be one that only the provider knows, so it is left to the first question.

        Raises:
            Stop: nobody answers there, the key is wrong, or no model has that name.
        """
        model = "auto" if "/" in self._model else self._model
        address = f"{self._line.url}/v1/models/{quote(model, safe='')}"
        async with connected(self._line) as session, session.get(address) as response:
            if response.status != HTTPStatus.OK:
                raise _refusal(response.status, await response.read())


async def _read(response: aiohttp.ClientResponse, hear: Callable[[str], None] | None) -> Answer:
    if response.status != 200:
        raise _refusal(response.status, await response.read())
    if hear is None:
        body = _decode(await response.read())
        return Answer(text=body.text, receipt=_receipt(response, body.usage, None))
    text: list[str] = []
    usage: _Usage | None = None
    late: _Baton | None = None
    async for event in _events(response):
        body = _decode(event.data)
        if body.error is not None:
            raise Stop(body.error.message)
        if body.text:
            text.append(body.text)
            hear(body.text)
        usage, late = body.usage or usage, body.baton or late
    return Answer(text="".join(text), receipt=_receipt(response, usage, late))


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[SseEvent]:
    reader = SseReader()
    async for chunk in response.content.iter_any():
        for event in reader.feed(chunk):
            if event.data == b"[DONE]":
                return
            yield event
    raise Stop("the answer broke off before its end.")


def _receipt(response: aiohttp.ClientResponse, usage: _Usage | None, late: _Baton | None) -> Receipt:
    """From the headers, and from what came after them."""
    headers = response.headers
    late = late or _Baton()
    took = late.response_time_ms
    if took is None and (header := headers.get("x-baton-latency-ms", "")).isdigit():
        took = int(header)
    return Receipt(
        provider=late.provider or headers.get("x-baton-provider"),
        model=late.model or headers.get("x-baton-model"),
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        cost_usd=late.cost_usd or headers.get("x-baton-cost-usd"),
        response_time_ms=took,
        interaction=headers.get("x-baton-interaction"),
    )


def _decode(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError as error:
        raise Stop("what answers there is no Baton: it does not speak OpenAI's dialect.") from error


def _refusal(status: int, body: bytes) -> Stop:
    try:
        error = msgspec.json.decode(body, type=_Body).error
    except msgspec.DecodeError:
        error = None
    if error is None:
        return Stop(f"what answers there says {status}; is it a Baton?")
    if status == Unauthenticated.status:
        return Stop(f"{error.message} Set BATON_API_KEY or --api-key.")
    return Stop(error.message)
