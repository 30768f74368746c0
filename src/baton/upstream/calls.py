"""Asking a provider: one request sent, one answer read, in the provider's dialect, for the caller's."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from msgspec import Struct, structs

from baton.core.answer import ChatResponse, StreamEvent
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed, Invalid
from baton.core.estimate import estimate_tokens
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.borrowed import with_files
from baton.upstream.dialects.codec import Codec, Glance, NotAnAnswer
from baton.upstream.dialects.failures import presentable
from baton.upstream.dialects.handing import Handing, Progress, Retelling, Translation
from baton.upstream.dialects.listening import Heard, Listener, heard_in
from baton.upstream.dialects.openai.codec import place
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.directory import Credential, Provider
from baton.upstream.errands.errand import Answer, Errand, safe_content_type
from baton.upstream.errands.registry import TASKS
from baton.upstream.http import MAX_ANSWER_BYTES
from baton.upstream.outbound.fetcher import Fetcher
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

    def headers(self, callers: Mapping[str, str]) -> dict[str, str]:
        """What a JSON request to it carries; `callers`: those of the caller's own that it may see."""
        headers = {"content-type": "application/json", **self.provider.spec.headers, **callers}
        auth = self.provider.spec.auth
        if self.credential.key:
            headers[auth.header] = f"{auth.scheme} {self.credential.key}".lstrip()
        return headers


class Reply(Struct, frozen=True):
    """A whole answer in the caller's dialect, and what was seen of it at a glance."""

    body: bytes
    seen: Glance
    headers: Mapping[str, str]
    losses: Losses
    response: ChatResponse | None = None
    """Taken apart, where it had to be."""
    take_apart: Callable[[], ChatResponse] | None = None
    """Does so, where it had not. Raises NotAnAnswer, or Invalid."""
    content_type: str = "application/json"

    def heard(self) -> Heard:
        """What it said; nothing where it cannot be understood."""
        try:
            response = self.response or (self.take_apart and self.take_apart())
        except (NotAnAnswer, Invalid, RecursionError):
            response = None
        return Heard() if response is None else heard_in(response)


class Counted(Struct, frozen=True):
    """The tokens of a prompt."""

    tokens: int
    estimated: bool = False
    """Whether nobody counted."""


class Handed(Protocol):
    """Hands one stream on: `handing.Handing`, or `handing.Retelling` of a whole answer."""

    seen: Progress

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

    `pieces` ends when the provider's answer does; whether it is whole then says `seen.complete`, and
    `seen.failure` why not. Whoever got the stream closes it.
    """

    def __init__(
        self,
        response: UpstreamResponse,
        handing: Handed,
        losses: Losses,
        quiet: Quiet,
        key: str,
        listener: Listener | None,
    ) -> None:
        """`key`: what it was asked with, so that no failure repeats it."""
        self._response = response
        self._quiet = quiet
        self._key = key
        self.handing = handing
        self.seen = handing.seen
        self.losses = losses
        self.headers = passed_back(response.headers)
        self._listener = listener

    @property
    def heard(self) -> Heard | None:
        """What was said, where somebody wanted to hear it."""
        return None if self._listener is None else self._listener.heard

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Bytes that may be sent on at once, events whole; failures end it without raising."""
        handing, seen = self.handing, self.seen
        try:
            async for chunk in self._response.chunks(MAX_ANSWER_BYTES):
                if self._listener is not None:
                    self._listener.feed(chunk)
                piece = handing.feed(chunk)
                if piece:
                    self._quiet.broken()
                    yield piece
                elif self._quiet.too_long():
                    message = "The provider kept the connection open but said nothing."
                    seen.failure = Failure(kind=Kind.TIMEOUT, message=message, billed=True)
                if seen.ended or seen.failure is not None:
                    self._clean()
                    return
        except AttemptFailed as error:
            seen.failure = seen.failure or error.failure
            self._clean()
            return
        piece = handing.close()
        self._clean()
        if piece:
            yield piece

    def _clean(self) -> None:
        if self.seen.failure is not None:
            self.seen.failure = presentable(self.seen.failure, self._key)

    async def close(self) -> None:
        """Let go of the connection; closes the socket where the answer had not ended."""
        if self.seen.ended:
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

    def __init__(
        self, http: Transport, local: Mapping[str, Transport], fetcher: Fetcher, clock: Clock
    ) -> None:
        """`local`: transports of providers that live inside the process, by name. `fetcher`: for files that a
        provider cannot fetch."""
        self._http = http
        self._fetcher = fetcher
        self._local = local
        self._clock = clock

    async def ask(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> Reply:
        """Ask for a whole answer.

        Raises:
            AttemptFailed: no answer, an error, or something that is none.
        """
        losses = Losses()
        try:
            response = await self._send(route, envelope, deadlines, losses)
            try:
                body = await response.read(MAX_ANSWER_BYTES)
            finally:
                await response.close()
            return self._reply(body, passed_back(response.headers), envelope, route, losses)
        except AttemptFailed as error:
            raise _presentable(error, route) from None

    def _reply(
        self, body: bytes, headers: Mapping[str, str], envelope: Envelope, route: Route, losses: Losses
    ) -> Reply:
        """The answer as the caller gets it: the provider's own bytes, or translated."""
        spec = route.provider.spec
        codec = CODECS[route.provider.dialect_for(envelope.dialect)]
        try:
            seen = codec.glance(body, spec)
        except NotAnAnswer as error:
            raise AttemptFailed(error.failure) from None
        if envelope.dialect is codec.dialect:
            return Reply(body, seen, headers, losses, take_apart=partial(codec.read_answer, body, spec))
        try:
            response = _dated(codec.read_answer(body, spec), self._now_s)
        except (NotAnAnswer, Invalid, RecursionError) as error:
            message = f"The provider's answer cannot be understood: {error}"
            failure = Failure(kind=Kind.MALFORMED, message=message, billed=True)
            raise AttemptFailed(failure, seen.usage) from None
        if envelope.write is None:
            return Reply(body, seen, headers, losses, response)
        return Reply(envelope.write(response, losses), seen, headers, losses, response)

    async def stream(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> ReplyStream:
        """Ask for a stream; returns when the provider has begun to answer.

        Raises:
            AttemptFailed: as `ask`.
        """
        losses = Losses()
        try:
            response = await self._send(route, envelope, deadlines, losses)
            try:
                handing = await self._handing(response, envelope, route, losses)
            except BaseException:
                await response.close()
                raise
        except AttemptFailed as error:
            raise _presentable(error, route) from None
        quiet = Quiet(self._clock, deadlines.quiet_s)
        listener = _listener(route, envelope)
        return ReplyStream(response, handing, losses, quiet, route.credential.key, listener)

    async def run(self, route: Route, errand: Errand, deadlines: Deadlines) -> Reply:
        """Run an errand.

        Raises:
            AttemptFailed: as `ask`.
        """
        task = TASKS[errand.service]
        request = UpstreamRequest(
            url=place(route.provider.base_url, route.model, task.path),
            headers=route.headers(errand.headers) | {"content-type": errand.content_type},
            body=errand.body_for(route.model),
        )
        try:
            response = await self._answered(route, request, CODECS[errand.dialect], deadlines)
            try:
                body = await response.read(MAX_ANSWER_BYTES)
            finally:
                await response.close()
            answer = Answer(body, safe_content_type(response.headers.get("content-type", "")))
            seen = task.glance(answer, route.provider.spec)
        except NotAnAnswer as error:
            raise _presentable(AttemptFailed(error.failure), route) from None
        except AttemptFailed as error:
            raise _presentable(error, route) from None
        return Reply(body, seen, passed_back(response.headers), Losses(), content_type=answer.content_type)

    async def count(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> Counted:
        """Count the tokens of a prompt: by the provider's own counter where it has one, else roughly.

        Raises:
            AttemptFailed: as `ask`.
        """
        codec = CODECS[route.provider.dialect_for(envelope.dialect)]
        counter = codec.counter
        if counter is None:
            return Counted(estimate_tokens(envelope.input_chars), estimated=True)
        try:
            request = UpstreamRequest(
                url=_queried(counter.address(route.provider.base_url, route.model), envelope, codec),
                headers=_headers(route, envelope, codec),
                body=counter.write(await self._body(route, envelope, codec, Losses()), route.model),
            )
            response = await self._answered(route, request, codec, deadlines)
            try:
                return Counted(counter.read(await response.read(MAX_ANSWER_BYTES)))
            finally:
                await response.close()
        except NotAnAnswer as error:
            raise _presentable(AttemptFailed(error.failure), route) from None
        except AttemptFailed as error:
            raise _presentable(error, route) from None

    async def _handing(
        self, response: UpstreamResponse, envelope: Envelope, route: Route, losses: Losses
    ) -> Handed:
        """How its bytes are handed on; the wrong kind of answer is read whole before the caller sees any."""
        spec = route.provider.spec
        codec = CODECS[route.provider.dialect_for(envelope.dialect)]
        kind = response.headers.get("content-type", "").lower()
        if kind.startswith(("application/json", "text/html")):
            body = await response.read(MAX_ANSWER_BYTES)
            return Retelling(_events(body, codec, spec, self._now_s), envelope.writer(losses))
        if envelope.dialect is codec.dialect:
            return Handing(codec.relay(envelope, spec))
        return Handing(Translation(codec.reader(spec), envelope.writer(losses), self._now_s))

    @property
    def _now_s(self) -> int:
        """When an answer was made whose dialect does not tell."""
        return int(self._clock.wall())

    async def _send(
        self, route: Route, envelope: Envelope, deadlines: Deadlines, losses: Losses
    ) -> UpstreamResponse:
        codec = CODECS[route.provider.dialect_for(envelope.dialect)]
        request = UpstreamRequest(
            url=_queried(
                codec.address(route.provider.base_url, route.model, envelope.stream), envelope, codec
            ),
            headers=_headers(route, envelope, codec),
            body=await self._body(route, envelope, codec, losses),
        )
        return await self._answered(route, request, codec, deadlines)

    async def _answered(
        self, route: Route, request: UpstreamRequest, codec: Codec, deadlines: Deadlines
    ) -> UpstreamResponse:
        """Send anything; whatever is no 200 is raised."""
        spec = route.provider.spec
        response = await self._local.get(spec.name, self._http).send(request, deadlines)
        if response.status == 200:
            return response
        try:
            body = await response.read(MAX_ERROR_BYTES)
        except AttemptFailed:  # the status says enough
            body = b""
        finally:
            await response.close()
        now_s = self._clock.wall()
        raise AttemptFailed(codec.read_failure(spec, response.status, response.headers, body, now_s))

    async def _body(self, route: Route, envelope: Envelope, codec: Codec, losses: Losses) -> bytes:
        spec = route.provider.spec
        if envelope.dialect is codec.dialect:
            return codec.pass_on(envelope, route.model, spec)
        request = await with_files(envelope.open(), codec.takes, self._fetcher)
        return codec.write_request(request, route.model, spec, losses)


def _listener(route: Route, envelope: Envelope) -> Listener | None:
    """Whoever asks for JSON may have it judged."""
    if "json" not in envelope.needs:
        return None
    codec = CODECS[route.provider.dialect_for(envelope.dialect)]
    return Listener(codec.reader(route.provider.spec))


def _queried(url: str, envelope: Envelope, codec: Codec) -> str:
    """The URL, with what the caller's has behind its path."""
    if not envelope.query or envelope.dialect is not codec.dialect:
        return url
    return f"{url}{'&' if '?' in url else '?'}{envelope.query}"


def _headers(route: Route, envelope: Envelope, codec: Codec) -> dict[str, str]:
    return route.headers(envelope.headers if envelope.dialect is codec.dialect else {})


def _dated(response: ChatResponse, now_s: int) -> ChatResponse:
    """The answer, with a time where its dialect tells none: other dialects' clients expect one."""
    return response if response.created else structs.replace(response, created=now_s)


def _events(body: bytes, codec: Codec, spec: ProviderSpec, now_s: int) -> list[StreamEvent]:
    """What a provider says that answers a wish for a stream with a whole answer, or an error inside a 200."""
    try:
        return stream_of(_dated(codec.read_answer(body, spec), now_s))
    except NotAnAnswer as error:
        raise AttemptFailed(error.failure) from None
    except (Invalid, RecursionError) as error:
        message = f"The provider answered a wish for a stream with something that is no answer: {error}."
        raise AttemptFailed(Failure(kind=Kind.MALFORMED, message=message, billed=True)) from None


def _presentable(error: AttemptFailed, route: Route) -> AttemptFailed:
    """What a provider complains of is shown and kept, so it must not hold the key it was asked with."""
    return AttemptFailed(presentable(error.failure, route.credential.key), error.usage)


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
