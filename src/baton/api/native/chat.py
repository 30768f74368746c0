"""`POST /api/ai/v2/chat`: the full orchestration in one documented shape."""

import asyncio
from collections.abc import Callable

from baton.api.compat import receipts
from baton.api.exchange import REQUEST_ID, Exchange, Receive, Scope, Send
from baton.api.native.answer import Said, compose, encode, said_in
from baton.api.native.chat_stream import Pen, error_event
from baton.api.native.envelope import read_envelope
from baton.api.problems import problem
from baton.api.streams import hand_on
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.gateway import Arrival, Gateway
from baton.upstream.dialects.sse import write_event

PATH = "/api/ai/v2/chat"


class NativeChat:
    """The route. Errors before the first byte are raised, for the border around all own routes to write."""

    def __init__(
        self,
        gateway: Gateway,
        authenticate: Callable[[str | None], Caller],
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
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
            if not exchange.started:
                raise
            if not exchange.visit.gone:
                exchange.visit.put(error_event(problem(error, arrival.id)))
                exchange.visit.end_stream()
        except asyncio.CancelledError:
            if not exchange.visit.gone:
                raise
            # The client's own leaving ended this task: nobody is left to be told.

    async def _serve(self, exchange: Exchange, arrival: Arrival) -> None:
        caller = self._authenticate(exchange.presented)
        pen = Pen()
        envelope = read_envelope(await exchange.body(self._max_body_bytes), exchange.options, pen)
        exchange.visit.ends(asyncio.current_task())
        try:
            if envelope.stream:
                await self._stream(exchange, caller, envelope, arrival, pen)
                return
            answered = await self._gateway.answer(caller, envelope, arrival)
        finally:
            exchange.visit.ends(None)
        reply = answered.reply
        said = Said(content=None) if reply.response is None else said_in(reply.response)
        dropped = (*envelope.options.dropped, *reply.losses.dropped)
        answer = compose(said, answered.settled, answered.decision, dropped)
        exchange.answer(200, encode(answer), receipts.of_answer(answered, envelope))

    async def _stream(
        self, exchange: Exchange, caller: Caller, envelope: Envelope, arrival: Arrival, pen: Pen
    ) -> None:
        beginning = self._gateway.stream(caller, envelope, arrival)
        streaming = await hand_on(exchange, beginning, envelope, arrival.id)
        if streaming.settled is not None:
            dropped = (*envelope.options.dropped, *streaming.losses.dropped)
            answer = compose(pen.writer.said, streaming.settled, streaming.decision, dropped)
            exchange.visit.put(write_event(encode(answer)))
        exchange.visit.end_stream()
