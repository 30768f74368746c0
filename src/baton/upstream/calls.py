"""Asking a provider: one request sent, one answer read, in the provider's dialect, for the caller's."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote

from msgspec import Struct

from baton.core.answer import ChatResponse
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed, Invalid
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.core.request import Dialect, Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.openai.answers import Glance, NotAnAnswer, glance, read_response
from baton.upstream.dialects.openai.errors import presentable, read_failure
from baton.upstream.dialects.openai.passing import Relay, prepare
from baton.upstream.dialects.openai.requests import write_request
from baton.upstream.dialects.openai.streams import StreamReader, stream_of
from baton.upstream.dialects.translation import Translation
from baton.upstream.directory import Credential, Provider
from baton.upstream.http import MAX_ANSWER_BYTES
from baton.upstream.transport import Deadlines, Transport, UpstreamRequest, UpstreamResponse

MAX_ERROR_BYTES = 1024 * 1024

_PASSED_BACK = ("x-request-id", "request-id", "openai-processing-ms", "openai-version")
"""Answer headers that help somebody who asks the provider for support; limits travel by their prefix."""


_END_S = 0.05
"""How long the end of a stream's framing may lag behind its end mark before the connection is given up."""

_MOST_PASSED_BACK = 24
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
"""Of a header that may be repeated: nothing that could end its line."""


class Route(Struct, frozen=True):
    """Where an attempt goes: a provider, one of its keys, and its own word for the model."""

    provider: Provider
    credential: Credential
    model: str

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider.name}/{self.model}"


class Reply(Struct, frozen=True):
    """A whole answer, as the provider wrote it, and what was seen of it at a glance."""

    body: bytes
    seen: Glance
    headers: Mapping[str, str]
    spec: ProviderSpec

    def read(self) -> ChatResponse:
        """The answer taken apart.

        Raises:
            Invalid: it cannot be understood beyond the glance.
        """
        return read_response(self.body, self.spec)


class Handing(Protocol):
    """Hands one stream on to the caller's dialect; `passing.Relay` where it is the provider's own."""

    said: bool
    ended: bool
    failure: Failure | None
    finish: str | None
    usage: Usage | None
    id: str
    model: str
    chars: int

    @property
    def complete(self) -> bool:
        """Whether the answer is whole."""
        ...

    def feed(self, chunk: bytes) -> bytes:
        """What of a chunk may be sent on."""
        ...

    def close(self) -> bytes:
        """What the end of the connection left."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        ...


class Quiet:
    """How long a stream has brought nothing but pings."""

    __slots__ = ("_clock", "_limit_s", "_since_s")

    def __init__(self, clock: Clock, limit_s: float | None) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._since_s: float | None = None

    def broken(self) -> None:
        """Something was said."""
        self._since_s = None

    def too_long(self) -> bool:
        """Another ping came; whether these have gone on for longer than the limit."""
        now_s = self._clock.monotonic()
        if self._since_s is None:
            self._since_s = now_s
        return self._limit_s is not None and now_s - self._since_s > self._limit_s


class ReplyStream:
    """An answer as it comes, in the caller's dialect.

    `pieces` ends when the provider's answer does; whether it is whole then says `handing.complete`, and
    `handing.failure` why not. Whoever got the stream closes it.
    """

    def __init__(self, response: UpstreamResponse, handing: Handing, quiet: Quiet, key: str) -> None:
        """`key`: what it was asked with, so that no failure repeats it."""
        self._response = response
        self._quiet = quiet
        self._key = key
        self.handing = handing
        self.headers = passed_back(response.headers)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Bytes that may be sent on at once, events whole; failures end it without raising."""
        handing = self.handing
        try:
            async for chunk in self._response.chunks(MAX_ANSWER_BYTES):
                piece = handing.feed(chunk)
                if piece:
                    self._quiet.broken()
                    yield piece
                elif self._quiet.too_long():
                    message = "The provider kept the connection open but said nothing."
                    handing.failure = Failure(kind=Kind.TIMEOUT, message=message, billed=True)
                if handing.ended or handing.failure is not None:
                    self._clean()
                    return
        except AttemptFailed as error:
            handing.failure = handing.failure or error.failure
            self._clean()
            return
        piece = handing.close()
        self._clean()
        if piece:
            yield piece

    def _clean(self) -> None:
        if self.handing.failure is not None:
            self.handing.failure = presentable(self.handing.failure, self._key)

    async def close(self) -> None:
        """Let go of the connection; closes the socket where the answer had not ended."""
        if self.handing.ended:
            await self._read_end()
        await self._response.close()

    async def _read_end(self) -> None:
        """The few bytes behind the end mark come in a packet of their own, and a connection can only be used
        again once they have been read."""
        with suppress(TimeoutError, AttemptFailed):
            async with asyncio.timeout(_END_S):
                async for _ in self._response.chunks(MAX_ERROR_BYTES):
                    return  # that is no end


class Upstream:
    """Asks providers."""

    def __init__(self, http: Transport, local: Mapping[str, Transport], clock: Clock) -> None:
        """`local`: transports of providers that live inside the process, by name."""
        self._http = http
        self._local = local
        self._clock = clock

    async def ask(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> Reply:
        """Ask for a whole answer.

        Raises:
            AttemptFailed: no answer, an error, or something that is none.
        """
        try:
            response = await self._send(route, envelope, deadlines)
            try:
                body = await response.read(MAX_ANSWER_BYTES)
            finally:
                await response.close()
            spec = route.provider.spec
            return Reply(body, _glance(body, spec), passed_back(response.headers), spec)
        except AttemptFailed as error:
            raise _presentable(error, route) from None

    async def stream(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> ReplyStream:
        """Ask for a stream; returns when the provider has begun to answer.

        Raises:
            AttemptFailed: as `ask`.
        """
        try:
            response = await self._send(route, envelope, deadlines)
            try:
                handing = await self._handing(response, envelope, route.provider.spec)
            except BaseException:
                await response.close()
                raise
        except AttemptFailed as error:
            raise _presentable(error, route) from None
        quiet = Quiet(self._clock, deadlines.quiet_s)
        return ReplyStream(response, handing, quiet, route.credential.key)

    async def _handing(self, response: UpstreamResponse, envelope: Envelope, spec: ProviderSpec) -> Handing:
        """How its bytes are handed on; the wrong kind of answer is read whole before the caller sees any."""
        kind = response.headers.get("content-type", "").lower()
        if kind.startswith(("application/json", "text/html")):
            return _unstreamed(await response.read(MAX_ANSWER_BYTES), envelope, spec)
        if envelope.dialect is spec.dialect:
            return Relay(envelope, spec)
        return Translation(StreamReader(spec), envelope.writer())

    async def _send(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> UpstreamResponse:
        """Send the request; whatever is no 200 is raised."""
        spec = route.provider.spec
        transport = self._local.get(spec.name, self._http)
        request = UpstreamRequest(
            url=address(route.provider.base_url, route.model),
            headers=_headers(route, envelope),
            body=_body(envelope, route),
        )
        response = await transport.send(request, deadlines)
        if response.status == 200:
            return response
        try:
            body = await response.read(MAX_ERROR_BYTES)
        except AttemptFailed:  # the status says enough
            body = b""
        finally:
            await response.close()
        raise AttemptFailed(read_failure(spec, response.status, response.headers, body, self._clock.wall()))


@lru_cache(maxsize=1024)
def address(base_url: str, model: str) -> str:
    """The URL of chat completions: `base_url` may hold `{model}`, and a query that goes to the end."""
    base, mark, query = base_url.partition("?")
    path = base.replace("{model}", quote(model, safe="")).rstrip("/") + "/chat/completions"
    return f"{path}{mark}{query}"


def _headers(route: Route, envelope: Envelope) -> dict[str, str]:
    headers = {"content-type": "application/json", **envelope.headers, **route.provider.spec.headers}
    auth = route.provider.spec.auth
    if route.credential.key:
        headers[auth.header] = f"{auth.scheme} {route.credential.key}".lstrip()
    return headers


def _body(envelope: Envelope, route: Route) -> bytes:
    quirks = route.provider.spec.quirks
    if envelope.dialect is Dialect.OPENAI:
        return prepare(envelope, route.model, quirks)
    return write_request(envelope.open(), route.model, quirks)


def _presentable(error: AttemptFailed, route: Route) -> AttemptFailed:
    """What a provider complains of is shown and kept, so it must not hold the key it was asked with."""
    return AttemptFailed(presentable(error.failure, route.credential.key), error.usage)


def _unstreamed(body: bytes, envelope: Envelope, spec: ProviderSpec) -> Translation:
    """A provider that answers a wish for a stream with a whole answer, or with an error inside a 200."""
    _glance(body, spec)
    handing = Translation(StreamReader(spec), envelope.writer())
    try:
        for event in stream_of(read_response(body, spec)):
            handing.note(event)
    except (Invalid, RecursionError) as error:
        message = f"The provider answered a wish for a stream with something that is no answer: {error}."
        raise AttemptFailed(Failure(kind=Kind.MALFORMED, message=message, billed=True)) from None
    return handing


def _glance(body: bytes, spec: ProviderSpec) -> Glance:
    try:
        return glance(body, spec)
    except NotAnAnswer as error:
        raise AttemptFailed(error.failure) from None


def passed_back(headers: Mapping[str, str]) -> dict[str, str]:
    """The answer's headers that go on to the caller: ids for support, and limits under `x-upstream-`."""
    passed: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if (lower in _PASSED_BACK or "ratelimit" in lower) and _NAME.fullmatch(lower):
            passed[f"x-upstream-{lower}"] = value
            if len(passed) == _MOST_PASSED_BACK:
                break
    return passed
