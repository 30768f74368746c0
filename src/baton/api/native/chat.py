"""`POST /api/ai/v2/chat`: the full orchestration in one documented shape."""

from collections.abc import Callable
from functools import partial

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.native.answer import Said, compose, encode, said_in
from baton.api.native.chat_stream import Pen, error_event
from baton.api.native.envelope import read_envelope
from baton.api.problems import problem
from baton.api.streams import hand_on
from baton.core.caller import Caller
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.answered import Answered
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival
from baton.upstream.dialects.sse import write_event

PATH = "/api/ai/v2/chat"

StandingIn = Callable[[Caller, str], Caller]
"""A caller as somebody else. Raises Forbidden, or NotFound."""


def told(answered: Answered, envelope: Envelope) -> bytes:
    """A whole answer as JSON."""
    reply = answered.reply
    said = Said(content=None) if reply.response is None else said_in(reply.response)
    dropped = (*envelope.options.dropped, *reply.losses.dropped)
    return encode(compose(said, answered.settled, answered.decision, dropped))


class NativeChat:
    """What the route does. Errors before the first byte are raised, for the border around all own routes."""

    def __init__(self, gateway: Gateway, standing_in: StandingIn) -> None:
        self._gateway = gateway
        self._standing_in = standing_in

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Answer whole, or as a stream."""
        pen = Pen()
        envelope, user_id = read_envelope(body, exchange.options, pen)
        if user_id is not None:
            caller = self._standing_in(caller, user_id)
        if envelope.stream:
            await self._stream(exchange, caller, envelope, arrival, pen)
            return
        answered = await self._gateway.answer(caller, envelope, arrival)
        exchange.answer(200, told(answered, envelope), receipts.of_answer(answered, envelope))

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error in mid-stream."""
        if not exchange.started:
            raise error
        exchange.outlet.put(error_event(problem(error, request_id)))
        exchange.outlet.end_stream()

    async def _stream(
        self, exchange: Exchange, caller: Caller, envelope: Envelope, arrival: Arrival, pen: Pen
    ) -> None:
        begin = partial(self._gateway.stream, caller, envelope, arrival)
        streaming = await hand_on(exchange, begin, envelope, arrival.id)
        if streaming.settled is not None:
            dropped = (*envelope.options.dropped, *streaming.losses.dropped)
            answer = compose(pen.writer.said, streaming.settled, streaming.decision, dropped)
            exchange.outlet.put(write_event(encode(answer)))
        exchange.outlet.end_stream()
