"""What is no chat, in OpenAI's dialect: embeddings, images, transcriptions, moderations."""

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.hot import refuse
from baton.api.options import read_options, unprompted
from baton.core.caller import Caller
from baton.core.errors import BatonError
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival
from baton.upstream.dialects.openai.errors import write_error
from baton.upstream.errands.errand import Letter, Task

ROOT = "/v1"
"""What stands before a task's path."""


class Errands:
    """What the route of one kind of errand does."""

    def __init__(self, task: Task, gateway: Gateway) -> None:
        self._task = task
        self._gateway = gateway

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Run the errand."""
        letter = Letter(
            body=body,
            content_type=exchange.header(b"content-type") or "",
            headers=exchange.passed,
            read_options=lambda inside: unprompted(read_options(exchange.options, inside)),
        )
        errand = self._task.read(letter)
        answered = await self._gateway.run(caller, errand, arrival)
        reply = answered.reply
        head = receipts.of_answer(answered, errand)
        exchange.answer(200, reply.body, head, kind=reply.content_type.encode())

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error."""
        refuse(exchange, error, write_error(error, request_id), request_id)
