"""Handing a stream on to a client, as fast as the client reads it."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.pulse import Pulse
from baton.core.request import Envelope
from baton.gateway.recall.joined import Underway
from baton.gateway.resilience.course import Hope


async def hand_on(
    exchange: Exchange,
    begin: Callable[[Hope], Awaitable[Underway]],
    envelope: Envelope,
    request_id: str,
) -> Underway:
    """Send headers and pieces of a stream that is about to begin; its end is left to the caller.

    Raises:
        BatonError: it did not begin, or broke off; `exchange.started` tells whether headers have left.
    """
    outlet = exchange.outlet
    hope = Hope()
    async with Pulse(exchange, envelope, receipts.head(receipts.of_beginning(request_id)), hope) as pulse:
        streaming = await begin(hope)
        try:
            if not exchange.started:
                head = receipts.head(receipts.of_stream(streaming, envelope))
                exchange.begin_stream(envelope.stream_type, head, envelope.opening)
            async with aclosing(streaming.pieces()) as pieces:
                async for piece in pieces:
                    if not piece:  # an empty chunk would be the end
                        continue
                    outlet.put(piece)
                    pulse.spoke()
                    if outlet.full:
                        await outlet.drained()
            exchange.told = True
        finally:
            await streaming.close()
    return streaming
