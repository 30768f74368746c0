"""A chat route of any dialect: bytes in and bytes out."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from baton.api.compat import receipts
from baton.api.exchange import REQUEST_ID, Exchange, Receive, Scope, Send
from baton.api.options import read_options
from baton.api.streams import hand_on
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.gateway import Arrival, Gateway
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.openai.envelope import read_envelope


class Speech(Struct, frozen=True):
    """How a route's callers speak."""

    codec: Codec
    read: Callable[[Exchange, bytes], Envelope]
    """The outside of a request, from its exchange and its body. Raises Invalid."""


def read_completion(exchange: Exchange, body: bytes) -> Envelope:
    """A request to `/v1/chat/completions`."""
    return read_envelope(body, lambda inside: read_options(exchange.options, inside), exchange.passed)


class ChatRoute:
    """The route."""

    def __init__(
        self,
        speech: Speech,
        gateway: Gateway,
        authenticate: Callable[[str | None], Caller],
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
        self._speech = speech
        self._gateway = gateway
        self._authenticate = authenticate
        self._clock = clock
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        arrival = Arrival(scope[REQUEST_ID], scope["path"], self._clock.monotonic())
        exchange = Exchange(scope, receive)
        try:
            await self._serve(exchange, arrival)
        except BatonError as error:
            self._fail(exchange, error, arrival.id)
        except asyncio.CancelledError:
            if not exchange.visit.gone:
                raise
            # The client's own leaving ended this task: nobody is left to be told.

    async def _serve(self, exchange: Exchange, arrival: Arrival) -> None:
        caller = self._authenticate(exchange.presented)
        body = await exchange.body(self._max_body_bytes)
        envelope = self._speech.read(exchange, body)
        exchange.visit.ends(asyncio.current_task())
        try:
            if envelope.stream:
                beginning = self._gateway.stream(caller, envelope, arrival)
                await hand_on(exchange, beginning, envelope, arrival.id)
                exchange.visit.end_stream()
                return
            answered = await self._gateway.answer(caller, envelope, arrival)
        finally:
            exchange.visit.ends(None)
        exchange.answer(200, answered.reply.body, receipts.of_answer(answered, envelope))

    def _fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error: as an answer of its own, or as the last event of a stream that has begun."""
        if exchange.visit.gone:
            return
        codec = self._speech.codec
        if exchange.started:
            exchange.visit.put(codec.write_error_event(error, request_id))
            exchange.visit.end_stream()
            return
        body = codec.write_error(error, request_id)
        close = error.status in (408, 413)
        head = receipts.head(receipts.of_error(error, request_id))
        exchange.answer(error.status, body, head, close=close)
