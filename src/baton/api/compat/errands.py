"""Routes for what is no chat, in OpenAI's dialect: embeddings, images, transcriptions, moderations."""

import asyncio
from collections.abc import Callable

from baton.api.compat import receipts
from baton.api.exchange import REQUEST_ID, Exchange, Receive, Scope, Send
from baton.api.options import read_options
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.gateway.gateway import Arrival, Gateway
from baton.upstream.dialects.openai.errors import write_error
from baton.upstream.errands.errand import Letter, Task

ROOT = "/v1"
"""What stands before a task's path."""


class ErrandRoute:
    """The route of one kind of errand."""

    def __init__(
        self,
        task: Task,
        gateway: Gateway,
        authenticate: Callable[[str | None], Caller],
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
        self._task = task
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
            if not exchange.visit.gone:
                body = write_error(error, arrival.id)
                head = receipts.head(receipts.of_error(error, arrival.id))
                exchange.answer(error.status, body, head, close=error.status in (408, 413))
        except asyncio.CancelledError:
            if not exchange.visit.gone:
                raise
            # The client's own leaving ended this task: nobody is left to be told.

    async def _serve(self, exchange: Exchange, arrival: Arrival) -> None:
        caller = self._authenticate(exchange.presented)
        letter = Letter(
            body=await exchange.body(self._max_body_bytes),
            content_type=exchange.header(b"content-type") or "",
            headers=exchange.passed,
            read_options=lambda inside: read_options(exchange.options, inside),
        )
        errand = self._task.read(letter)
        exchange.visit.ends(asyncio.current_task())
        try:
            answered = await self._gateway.run(caller, errand, arrival)
        finally:
            exchange.visit.ends(None)
        reply = answered.reply
        head = receipts.of_answer(answered, errand)
        exchange.answer(200, reply.body, head, kind=reply.content_type.encode())
