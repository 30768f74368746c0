"""A stream's keep-alive: a comment whenever nothing else was said for a while."""

import asyncio
from typing import Self

from baton.api.exchange import Exchange
from baton.core.request import Envelope
from baton.gateway.resilience.course import Hope

EVERY_S = 15.0
_LOOK_S = 1.0
"""How often it is looked whether the last hope has gone for an answer that is unseen."""


class Pulse:
    """Beats while it is entered. A first beat before the answer has begun sends the headers too; it waits
    until nobody else is left to be asked, for those headers would tell of the one that failed."""

    def __init__(self, exchange: Exchange, envelope: Envelope, head: bytes, hope: Hope) -> None:
        self._hope = hope
        self._exchange = exchange
        self._envelope = envelope
        self._head = head
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._spoke_s = self._loop.time()

    def spoke(self) -> None:
        """Something was sent."""
        self._spoke_s = self._loop.time()

    async def __aenter__(self) -> Self:
        self._timer = self._loop.call_later(EVERY_S, self._start)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _start(self) -> None:
        self._task = self._loop.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            quiet_s = self._loop.time() - self._spoke_s
            if quiet_s >= EVERY_S and not self._exchange.started and self._hope.left:
                await asyncio.sleep(_LOOK_S)
                continue
            if quiet_s >= EVERY_S:
                if not self._exchange.started:
                    envelope = self._envelope
                    self._exchange.begin_stream(envelope.stream_type, self._head, envelope.opening)
                self._exchange.visit.put(self._envelope.keep_alive)
                self.spoke()
                quiet_s = 0.0
            await asyncio.sleep(EVERY_S - quiet_s)
