"""Asking a provider: one request sent, one answer read, in the provider's dialect, for the caller's."""

from collections.abc import Mapping
from functools import partial

from msgspec import structs

from baton.core.answer import ChatResponse, StreamEvent
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed, Invalid
from baton.core.estimate import estimate_tokens
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.upstream.borrowed import with_files
from baton.upstream.dialects.codec import Codec, NotAnAnswer
from baton.upstream.dialects.failures import presentable
from baton.upstream.dialects.handing import Handing, Retelling, Translation
from baton.upstream.dialects.listening import Listener
from baton.upstream.dialects.openai.codec import place
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.dialects.wire import UNREADABLE
from baton.upstream.errands.errand import Answer, Errand, safe_content_type
from baton.upstream.errands.registry import TASKS
from baton.upstream.http import MAX_ANSWER_BYTES
from baton.upstream.outbound.fetcher import Fetcher
from baton.upstream.replies import Counted, Handed, Quiet, Reply, ReplyStream, passed_back
from baton.upstream.route import Route
from baton.upstream.transport import Deadlines, Transport, UpstreamRequest, UpstreamResponse

MAX_ERROR_BYTES = 1024 * 1024


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
        except (NotAnAnswer, Invalid, *UNREADABLE) as error:
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
        if envelope.dialect is not codec.dialect:
            request = await with_files(envelope.open(), codec.takes, self._fetcher)
            return codec.write_request(request, route.model, spec, losses)
        body = codec.bring_home(envelope.body, route.model, spec, losses)
        if body is not envelope.body:
            envelope = structs.replace(envelope, body=body)
        return codec.pass_on(envelope, route.model, spec)


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
    except (Invalid, *UNREADABLE) as error:
        message = f"The provider answered a wish for a stream with something that is no answer: {error}."
        raise AttemptFailed(Failure(kind=Kind.MALFORMED, message=message, billed=True)) from None


def _presentable(error: AttemptFailed, route: Route) -> AttemptFailed:
    """What a provider complains of is shown and kept, so it must not hold the key it was asked with."""
    return AttemptFailed(presentable(error.failure, route.credential.key), error.usage)
