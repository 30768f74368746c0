"""`POST /api/ai/v2/chat/batch`: many requests in one call, each for itself."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog
from msgspec import Raw

from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.native.batch_body import Batch, Result, Results, read_batch
from baton.api.native.chat import PATH as CHAT_PATH
from baton.api.native.chat import StandingIn, told
from baton.api.native.chat_stream import Pen
from baton.api.native.envelope import read_envelope
from baton.api.once import Part, Repeats, key_in
from baton.api.problems import problem
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError, Invalid
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival

PATH = f"{CHAT_PATH}/batch"

_SOME_FAILED = 207
"""Multi-Status (RFC 4918): look at each."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class BatchChat:
    """What the route does; errors that concern all of it are raised, for the border around all own routes."""

    def __init__(
        self,
        gateway: Gateway,
        standing_in: StandingIn,
        repeats: Repeats,
        new_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        """`new_id`: makes the id of each request's interaction."""
        self._gateway = gateway
        self._standing_in = standing_in
        self._repeats = repeats
        self._new_id = new_id
        self._clock = clock

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Answer when the last one has ended."""
        batch = read_batch(body)
        results = await self._all(batch, exchange, caller)
        failed = sum(result.status != 200 for result in results)
        told_of = Results(succeeded=len(results) - failed, failed=failed, results=tuple(results))
        head = receipts.head([(b"x-request-id", arrival.id.encode())])
        exchange.answer(_SOME_FAILED if failed else 200, msgspec.json.encode(told_of), head)

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Nothing has been sent."""
        del exchange, request_id
        raise error

    async def _all(self, batch: Batch, exchange: Exchange, caller: Caller) -> list[Result]:
        """So many at once; whoever is free takes the next. Cancelled, those under way are, and no other is
        begun."""
        waiting = enumerate(batch.requests)
        results: dict[int, Result] = {}

        async def work() -> None:
            for index, request in waiting:
                results[index] = await self._result(index, bytes(request), exchange, caller)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(batch.concurrency, len(batch.requests))):
                group.create_task(work())
        return [results[index] for index in range(len(batch.requests))]

    async def _result(self, index: int, request: bytes, exchange: Exchange, caller: Caller) -> Result:
        """What becomes of one; nothing that goes wrong with it concerns the others."""
        request_id = self._new_id()
        work = partial(self._answer, request, exchange, caller, request_id)
        try:
            if exchange.once is None:
                done = Part(await work(), replayed=False)
            else:
                key = f"{key_in(exchange.once)}\n{index}"  # nobody can send one with a line end
                done = await self._repeats.part(caller, key, request, request_id, work)
        except BatonError as error:
            return Result(index=index, status=error.status, error=problem(error, request_id))
        except Exception:  # noqa: BLE001 (as at the front: a mistake of ours with one is told, and logged)
            _log.exception("request_failed", path=PATH, request=request_id)
            mistake = BatonError("Baton made a mistake. It has been logged.")
            return Result(index=index, status=mistake.status, error=problem(mistake, request_id))
        return Result(index=index, status=200, replayed=done.replayed, answer=Raw(done.answer))

    async def _answer(self, request: bytes, exchange: Exchange, caller: Caller, request_id: str) -> bytes:
        envelope, user_id = read_envelope(request, exchange.options, Pen())
        if envelope.stream:
            raise Invalid("The answers of a batch are whole.", code="stream_in_batch", param="stream")
        if user_id is not None:
            caller = self._standing_in(caller, user_id)
        arrival = Arrival(request_id, PATH, self._clock.monotonic())
        return told(await self._gateway.answer(caller, envelope, arrival), envelope)
