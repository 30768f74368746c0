"""Counting the tokens of a prompt, in the dialects that have routes for it."""

from collections.abc import Callable

from msgspec import Struct

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.hot import refuse
from baton.core.caller import Caller
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.counting import Counting
from baton.gateway.opening import Arrival
from baton.upstream.dialects.codec import Codec


class CountSpeech(Struct, frozen=True):
    """How a counting route's callers speak."""

    codec: Codec
    read: Callable[[Exchange, bytes], Envelope]
    """The outside of a request, from its exchange and its body. Raises Invalid."""
    write: Callable[[int], bytes]
    """The answer: given the tokens."""


class Counts:
    """What a counting route does."""

    def __init__(self, speech: CountSpeech, counting: Counting) -> None:
        self._speech = speech
        self._counting = counting

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Count."""
        envelope = self._speech.read(exchange, body)
        count = await self._counting.count(caller, envelope)
        answer = self._speech.write(count.counted.tokens)
        exchange.answer(200, answer, receipts.head(receipts.of_count(count, envelope, arrival.id)))

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error."""
        refuse(exchange, error, self._speech.codec.write_error(error, request_id), request_id)
