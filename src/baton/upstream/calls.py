"""Asking a provider: one request sent, one answer read, in the provider's dialect, for the caller's."""

import re
from collections.abc import Mapping
from functools import partial

from msgspec import structs

from baton.core.answer import ChatResponse
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed, Invalid
from baton.core.failures import Failure, Kind
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, Envelope
from baton.upstream.borrowed import with_files
from baton.upstream.continuing import continued, may_continue
from baton.upstream.dialects.codec import Codec, NotAnAnswer
from baton.upstream.dialects.failures import presentable
from baton.upstream.dialects.handing import Handing, Retelling, Translation
from baton.upstream.dialects.headroom import Headroom, headroom
from baton.upstream.dialects.joining import Resumption
from baton.upstream.dialects.listening import Listener
from baton.upstream.dialects.names import Names, RenamingReader, answered_with, with_fitting_names
from baton.upstream.dialects.openai.place import place
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.dialects.seam import ResumedHanding, Seam
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.unsaid import note_unsaid
from baton.upstream.dialects.wire import UNREADABLE, mended
from baton.upstream.errands.errand import Answer, Errand, safe_content_type
from baton.upstream.errands.registry import TASKS
from baton.upstream.http import MAX_ANSWER_BYTES
from baton.upstream.outbound.fetcher import Fetcher
from baton.upstream.replies import Counted, Handed, Quiet, Remembered, Reply, ReplyStream, passed_back
from baton.upstream.route import Route
from baton.upstream.transport import Deadlines, Transport, UpstreamRequest, UpstreamResponse

MAX_ERROR_BYTES = 1024 * 1024


_SAMPLED = re.compile(rb'"(?:temperature|top_?p)"\s*:', re.IGNORECASE)
"""A body that says something of sampling, in any dialect."""


class _Question:
    """One question on its way to a provider, and what of it was said otherwise there."""

    __slots__ = ("at_home", "codec", "envelope", "listened", "losses", "names", "request", "route")

    def __init__(
        self, route: Route, envelope: Envelope, request: ChatRequest | None = None, *, listened: bool = False
    ) -> None:
        """`request`: what is asked in place of the envelope's; `listened`: who wants to know what comes."""
        self.listened = listened
        self.route = route
        self.envelope = envelope
        self.request = request
        self.codec = CODECS[route.provider.dialect_for(envelope.dialect)]
        self.losses = Losses()
        self.names: Names = {}
        """Tools that have another name there: that name → the caller's own."""
        self.at_home = envelope.dialect is self.codec.dialect
        """Whether the provider is asked in the caller's own dialect."""


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
        question = _Question(route, envelope)
        try:
            body = _home_body(question)
            if body is None:
                body = await self._translated(question)
            response = await self._answered(route, _request(question, body), question.codec, deadlines)
            try:
                body = await response.read(MAX_ANSWER_BYTES)
            finally:
                await response.close()
            reply = self._reply(question, body, passed_back(response.headers))
            room = self._headroom(route, response)
            return reply if room is None else structs.replace(reply, headroom=room)
        except AttemptFailed as error:
            raise _presentable(error, route) from None

    def _reply(self, question: _Question, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The answer as the caller gets it: the provider's own bytes, or translated."""
        spec = question.route.provider.spec
        codec, envelope, losses = question.codec, question.envelope, question.losses
        try:
            legible = mended(body)
            seen = codec.glance(legible, spec)
        except NotAnAnswer as error:
            raise AttemptFailed(error.failure) from None
        if question.at_home:
            return Reply(body, seen, headers, losses, take_apart=partial(codec.read_answer, legible, spec))
        try:
            response = _dated(answered_with(codec.read_answer(legible, spec), question.names), self._now_s)
        except (NotAnAnswer, Invalid, *UNREADABLE) as error:
            message = f"The provider's answer cannot be understood: {error}"
            failure = Failure(kind=Kind.MALFORMED, message=message, billed=True)
            raise AttemptFailed(failure, seen.usage) from None
        if envelope.write is None:
            return Reply(body, seen, headers, losses, response)
        return Reply(envelope.write(response, losses), seen, headers, losses, response)

    async def stream(
        self,
        route: Route,
        envelope: Envelope,
        deadlines: Deadlines,
        *,
        rescuable: bool = False,
        listened: bool = False,
    ) -> ReplyStream:
        """Ask for a stream; returns when the provider has begun to answer. `rescuable`: what is handed on is
        remembered, for `resume`; `listened`: somebody wants to know what it says.

        Raises:
            AttemptFailed: as `ask`.
        """
        remembered = Remembered(Trail()) if rescuable else None
        return await self._stream(_Question(route, envelope, listened=listened), deadlines, remembered)

    def continues(self, route: Route, envelope: Envelope) -> bool:
        """Whether a route can be asked to go on behind what was sent; if not, only for the same once more."""
        del route  # they all take the instruction
        return may_continue(envelope)

    async def resume(
        self,
        route: Route,
        envelope: Envelope,
        broken: ReplyStream,
        how: Resumption,
        deadlines: Deadlines,
    ) -> ReplyStream:
        """Have another route go on in a stream that broke; returns when it has begun to answer.

        `broken.sent.resumable` holds, and nobody reads `broken` on. What comes is new for the caller only, in
        the same stream, with the same ids; where nothing fits, none (`ReplyStream.diverged`).

        Raises:
            AttemptFailed: as `ask`.
        """
        sent = broken.sent
        question = _Question(route, envelope)
        if how is Resumption.CONTINUE and sent.text:
            request = envelope.open()
            prefilled = question.codec.takes_prefill(request, route.model, route.provider.spec)
            question.request = continued(request, sent.text, prefilled=prefilled)
        question.losses = broken.losses
        seam = Seam(broken.go_on(envelope.writer), sent.text, how, route.model)
        return await self._stream(question, deadlines, Remembered(seam.trail, sent.id, seam))

    async def _stream(
        self, question: _Question, deadlines: Deadlines, remembered: Remembered | None
    ) -> ReplyStream:
        route = question.route
        try:
            body = _home_body(question)
            if body is None:
                body = await self._translated(question)
            response = await self._answered(route, _request(question, body), question.codec, deadlines)
            try:
                handing = await self._handing(question, response, remembered)
            except BaseException:
                await response.close()
                raise
        except AttemptFailed as error:
            raise _presentable(error, route) from None
        quiet = Quiet(self._clock, deadlines.quiet_s)
        key, listener = route.credential.key, _listener(question)
        room = self._headroom(question.route, response)
        return ReplyStream(response, handing, question.losses, quiet, key, listener, remembered, room)

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
        return Reply(
            body,
            seen,
            passed_back(response.headers),
            Losses(),
            content_type=answer.content_type,
            headroom=self._headroom(route, response),
        )

    def _headroom(self, route: Route, response: UpstreamResponse) -> Headroom | None:
        """What a provider says is left of its limits."""
        return headroom(route.provider.spec.limits, response.headers, self._clock)

    async def count(self, route: Route, envelope: Envelope, deadlines: Deadlines) -> Counted | None:
        """Have the provider count the tokens of a prompt; None: it has no counter.

        Raises:
            AttemptFailed: as `ask`.
        """
        question = _Question(route, envelope)
        codec, counter = question.codec, question.codec.counter
        if counter is None:
            return None
        try:
            request = UpstreamRequest(
                url=_queried(counter.address(route.provider.base_url, route.model), question),
                headers=_headers(question),
                body=counter.write(_home_body(question) or await self._translated(question), route.model),
            )
            response = await self._answered(route, request, codec, deadlines)
            try:
                return Counted(counter.read(await response.read(MAX_ANSWER_BYTES)), question.losses)
            finally:
                await response.close()
        except NotAnAnswer as error:
            raise _presentable(AttemptFailed(error.failure), route) from None
        except AttemptFailed as error:
            raise _presentable(error, route) from None

    async def _handing(
        self, question: _Question, response: UpstreamResponse, remembered: Remembered | None
    ) -> Handed:
        """How its bytes are handed on; the wrong kind of answer is read whole before the caller sees any."""
        spec, codec, envelope = question.route.provider.spec, question.codec, question.envelope
        trail, seam = (None, None) if remembered is None else (remembered.trail, remembered.seam)
        kind = response.headers.get("content-type", "").lower()
        if kind.startswith(("application/json", "text/html")):
            body = await response.read(MAX_ANSWER_BYTES)
            answer = answered_with(_whole(body, codec, spec), question.names)
            note_unsaid(answer, question.losses)
            return Retelling(stream_of(_dated(answer, self._now_s)), seam or envelope.writer(question.losses))
        if question.at_home and seam is None:
            return Handing(codec.relay(envelope, spec, trail))
        reader = codec.reader(spec)
        if question.names:
            reader = RenamingReader(reader, question.names)
        if seam is not None:
            return ResumedHanding(Translation(reader, seam, self._now_s, question.losses), seam)
        writer = envelope.writer(question.losses)
        return Handing(Translation(reader, writer, self._now_s, question.losses, trail))

    @property
    def _now_s(self) -> int:
        """When an answer was made whose dialect does not tell."""
        return int(self._clock.wall())

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

    async def _translated(self, question: _Question) -> bytes:
        """What is sent in another dialect than the caller's, or in place of what the caller sent. It has only
        names of tools that may be; `question` keeps them."""
        route, envelope, codec, losses = question.route, question.envelope, question.codec, question.losses
        _note_bound(question)
        request = _bounded(question.request or envelope.open(), envelope.bound)
        request = _warmed(request, envelope.warmth)
        request = await with_files(request, codec.takes, self._fetcher)
        request, question.names = with_fitting_names(request, codec.tool_names, losses)
        return codec.write_request(request, route.model, route.provider.spec, losses)


def _home_body(question: _Question) -> bytes | None:
    """What is sent in the caller's own dialect; None: it has to be translated."""
    if question.request is not None or not question.at_home:
        return None
    _note_bound(question)
    envelope, codec, route = question.envelope, question.codec, question.route
    body = codec.bring_home(envelope.body, route.model, route.provider.spec, question.losses)
    if envelope.warmth is not None and not _SAMPLED.search(body):
        body = codec.warm(body, envelope.warmth)
    if body is not envelope.body:
        envelope = structs.replace(envelope, body=body)
    return codec.pass_on(envelope, route.model, route.provider.spec)


def _note_bound(question: _Question) -> None:
    envelope = question.envelope
    if (
        envelope.bound is not None and envelope.bound != envelope.max_tokens
    ):  # what its prompt says is no change
        question.losses.adjust(Feature.MAX_TOKENS, str(question.envelope.bound))


def _request(question: _Question, body: bytes) -> UpstreamRequest:
    """A question as it travels."""
    route = question.route
    address = question.codec.address(route.provider.base_url, route.model, question.envelope.stream)
    return UpstreamRequest(url=_queried(address, question), headers=_headers(question), body=body)


def _listener(question: _Question) -> Listener | None:
    """Whoever asks for JSON may have it judged; whoever has filters fallen back from must know of them."""
    envelope = question.envelope
    if not (question.listened or "json" in envelope.needs or envelope.options.fallback_on_filter):
        return None
    return Listener(question.codec.reader(question.route.provider.spec))


def _bounded(request: ChatRequest, bound: int | None) -> ChatRequest:
    """The request with an answer of at most so many tokens."""
    if bound is None:
        return request
    limit = request.max_tokens
    return structs.replace(request, max_tokens=bound if limit is None else min(limit, bound))


def _warmed(request: ChatRequest, warmth: float | None) -> ChatRequest:
    """The request with a temperature, where it says nothing of sampling."""
    sampling = request.sampling
    if warmth is None or sampling.temperature is not None or sampling.top_p is not None:
        return request
    return structs.replace(request, sampling=structs.replace(sampling, temperature=warmth))


def _queried(url: str, question: _Question) -> str:
    """The URL, with what the caller's has behind its path."""
    query = question.envelope.query
    if not query or not question.at_home:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _headers(question: _Question) -> dict[str, str]:
    return question.route.headers(question.envelope.headers if question.at_home else {})


def _dated(response: ChatResponse, now_s: int) -> ChatResponse:
    """The answer, with a time where its dialect tells none: other dialects' clients expect one."""
    return response if response.created else structs.replace(response, created=now_s)


def _whole(body: bytes, codec: Codec, spec: ProviderSpec) -> ChatResponse:
    """What a provider says that answers a wish for a stream with a whole answer, or an error inside a 200."""
    try:
        return codec.read_answer(mended(body), spec)
    except NotAnAnswer as error:
        raise AttemptFailed(error.failure) from None
    except (Invalid, *UNREADABLE) as error:
        message = f"The provider answered a wish for a stream with something that is no answer: {error}."
        raise AttemptFailed(Failure(kind=Kind.MALFORMED, message=message, billed=True)) from None


def _presentable(error: AttemptFailed, route: Route) -> AttemptFailed:
    """What a provider complains of is shown and kept, so it must not hold the key it was asked with."""
    return AttemptFailed(presentable(error.failure, route.credential.key), error.usage)
