"""Claims of living processes last, and old ones go."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from baton.access.idempotency.claims import Claims
from baton.core.errors import Unavailable

_SWEEP_EVERY = 12
"""Renewals between two sweeps: a minute."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Keeper:
    """Renews and sweeps while it is entered."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._go_on(), name="idempotency")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def turn(self, number: int) -> None:
        """What is done once in a while; `number`: the how manieth time."""
        try:
            await self._claims.renew()
            if number % _SWEEP_EVERY == 0:
                await self._claims.sweep()
        except Unavailable as error:
            _log.warning("idempotency_not_kept", reason=error.message)

    async def _go_on(self) -> None:
        number = 0
        while True:
            await self.turn(number)
            number += 1
            await asyncio.sleep(self._claims.bounds.renew_s)
