"""Routes that count the tokens of a prompt, in the dialects that have them."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from baton.api.compat import receipts
from baton.api.exchange import REQUEST_ID, Exchange, Receive, Scope, Send
from baton.core.caller import Caller
from baton.core.errors import BatonError
from baton.core.request import Envelope
from baton.gateway.counting import Counting
from baton.upstream.dialects.codec import Codec


class CountSpeech(Struct, frozen=True):
    """How a counting route's callers speak."""

    codec: Codec
    read: Callable[[Exchange, bytes], Envelope]
    """The outside of a request, from its exchange and its body. Raises Invalid."""
    write: Callable[[int], bytes]
    """The answer: given the tokens."""


class CountRoute:
    """The route."""

    def __init__(
        self,
        speech: CountSpeech,
        counting: Counting,
        authenticate: Callable[[str | None], Caller],
        max_body_bytes: int,
    ) -> None:
        self._speech = speech
        self._counting = counting
        self._authenticate = authenticate
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        request_id: str = scope[REQUEST_ID]
        exchange = Exchange(scope, receive)
        try:
            await self._serve(exchange, request_id)
        except BatonError as error:
            if not exchange.visit.gone:
                body = self._speech.codec.write_error(error, request_id)
                head = receipts.head(receipts.of_error(error, request_id))
                exchange.answer(error.status, body, head, close=error.status in (408, 413))
        except asyncio.CancelledError:
            if not exchange.visit.gone:
                raise
            # The client's own leaving ended this task: nobody is left to be told.

    async def _serve(self, exchange: Exchange, request_id: str) -> None:
        caller = self._authenticate(exchange.presented)
        body = await exchange.body(self._max_body_bytes)
        envelope = self._speech.read(exchange, body)
        exchange.visit.ends(asyncio.current_task())
        try:
            count = await self._counting.count(caller, envelope)
        finally:
            exchange.visit.ends(None)
        answer = self._speech.write(count.counted.tokens)
        exchange.answer(200, answer, receipts.head(receipts.of_count(count, request_id)))
