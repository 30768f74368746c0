"""Chat in any dialect: bytes in and bytes out."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.hot import refuse
from baton.api.options import read_options
from baton.api.streams import hand_on
from baton.core.caller import Caller
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival
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


class Chat:
    """What a chat route does."""

    def __init__(self, speech: Speech, gateway: Gateway) -> None:
        self._speech = speech
        self._gateway = gateway

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Answer whole, or as a stream."""
        envelope = self._speech.read(exchange, body)
        if envelope.stream:
            begin = partial(self._gateway.stream, caller, envelope, arrival)
            await hand_on(exchange, begin, envelope, arrival.id)
            exchange.outlet.end_stream()
            return
        answered = await self._gateway.answer(caller, envelope, arrival)
        exchange.answer(200, answered.reply.body, receipts.of_answer(answered, envelope))

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error: as an answer of its own, or as the last event of a stream that has begun."""
        codec = self._speech.codec
        if exchange.started:
            if not exchange.told:
                exchange.outlet.put(codec.write_error_event(error, request_id))
            exchange.outlet.end_stream()
            return
        refuse(exchange, error, codec.write_error(error, request_id), request_id)
