"""`POST /v1/chat/completions`: OpenAI's dialect, bytes in and bytes out."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from baton.api.compat import receipts
from baton.api.exchange import Exchange, Receive, Scope, Send
from baton.api.options import read_options
from baton.api.pulse import Pulse
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.gateway import Arrival, Gateway
from baton.upstream.dialects.openai.envelope import read_envelope
from baton.upstream.dialects.openai.errors import write_error
from baton.upstream.dialects.sse import write_event

_NO_HEADERS: dict[str, str] = {}


class ChatCompletions:
    """The route."""

    def __init__(
        self,
        gateway: Gateway,
        authenticate: Callable[[str | None], Caller],
        new_id: Callable[[], str],
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
        self._gateway = gateway
        self._authenticate = authenticate
        self._new_id = new_id
        self._clock = clock
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrival = Arrival(self._new_id(), scope["path"], self._clock.monotonic())
        exchange = Exchange(scope, receive, send)
        try:
            await self._serve(exchange, arrival)
        except BatonError as error:
            await _fail(exchange, error, arrival.id)
        except asyncio.CancelledError:
            if not exchange.visit.gone:
                raise
            # The client's own leaving ended this task: nobody is left to be told.

    async def _serve(self, exchange: Exchange, arrival: Arrival) -> None:
        caller = self._authenticate(exchange.presented)
        body = await exchange.body(self._max_body_bytes)
        envelope = read_envelope(body, lambda inside: read_options(exchange.options, inside), _NO_HEADERS)
        exchange.visit.ends(asyncio.current_task())
        try:
            if envelope.stream:
                await self._stream(exchange, caller, envelope, arrival)
                return
            answered = await self._gateway.answer(caller, envelope, arrival)
        finally:
            exchange.visit.ends(None)
        exchange.answer(200, answered.reply.body, receipts.of_answer(answered, envelope))

    async def _stream(self, exchange: Exchange, caller: Caller, envelope: Envelope, arrival: Arrival) -> None:
        async with Pulse(exchange, receipts.of_beginning(arrival.id)) as pulse:
            streaming = await self._gateway.stream(caller, envelope, arrival)
            try:
                if not exchange.started:
                    await exchange.begin_stream(receipts.of_stream(streaming, envelope))
                async with aclosing(streaming.pieces()) as pieces:
                    async for piece in pieces:
                        await exchange.stream(piece)
                        pulse.spoke()
            finally:
                await streaming.close()
        await exchange.end_stream()


async def _fail(exchange: Exchange, error: BatonError, request_id: str) -> None:
    """Tell of an error: as an answer of its own, or as the last event of a stream that has begun."""
    if exchange.visit.gone:
        return
    body = write_error(error, request_id)
    if exchange.started:
        await exchange.stream(write_event(body))
        await exchange.end_stream()
        return
    close = error.status in (408, 413)
    head = receipts.head(receipts.of_error(error, request_id))
    exchange.answer(error.status, body, head, close=close)
