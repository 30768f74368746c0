"""What all hot routes have in common: who calls, the body within its bound, and clients that leave."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from msgspec import Struct

from baton.access.identity.rights import require_scope
from baton.api.closing import interruption
from baton.api.compat import receipts
from baton.api.exchange import REQUEST_ID, Exchange, Receive, Scope, Send
from baton.core.caller import Caller
from baton.core.caller import Scope as KeyScope
from baton.core.clock import Clock
from baton.core.errors import BatonError
from baton.gateway.opening import Arrival

_ENDS_CONNECTION = frozenset({408, 413})
"""Statuses after which more of the body may still come."""


class Door(Struct, frozen=True):
    """How requests come in."""

    authenticate: Callable[[str | None], Caller]
    """Given the key as it was sent. Raises Unauthenticated."""
    allowance: Callable[[Caller, str], bytes]
    """Header lines that tell a caller what may still be asked for, at a path."""
    clock: Clock
    max_body_bytes: int


class Service(Protocol):
    """What one route does."""

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Answer a request. Raises BatonError."""
        ...

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error, also in mid-stream; may raise it again for the border around."""
        ...


class Once(Protocol):
    """Has a service answer a request that comes with a key of its own."""

    async def serve(
        self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival, service: Service
    ) -> None:
        """As the service itself does, or with the answer that it gave before. Raises BatonError."""
        ...


class HotRoute:
    """One route, called past the framework."""

    __slots__ = ("_door", "_once", "_scope", "_service", "_word")

    def __init__(self, door: Door, service: Service, scope: KeyScope, once: Once | None = None) -> None:
        """`scope`: what a key must be for; `once`: heeds an `Idempotency-Key`, where that means anything."""
        self._door = door
        self._once = once
        self._service = service
        self._scope = scope
        self._word = scope.value  # an enumeration's hash is worked out in Python: 100 ns

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        door = self._door
        arrival = Arrival(scope[REQUEST_ID], scope["path"], door.clock.monotonic())
        exchange = Exchange(scope, receive)
        visit = exchange.visit
        try:
            caller = door.authenticate(exchange.presented)
            if self._word not in caller.scopes:
                require_scope(caller, self._scope)
            exchange.standing = partial(door.allowance, caller, exchange.path)
            body = exchange.whole_body(door.max_body_bytes)
            if body is None:
                body = await exchange.body(door.max_body_bytes)
            visit.ends(visit.task)
            try:
                if exchange.once is None or self._once is None:
                    await self._service.serve(exchange, caller, body, arrival)
                else:
                    await self._once.serve(exchange, caller, body, arrival, self._service)
            finally:
                visit.ends(None)
        except BatonError as error:
            if not visit.gone:
                self._service.fail(exchange, error, arrival.id)
        except asyncio.CancelledError:
            if not visit.gone:
                if exchange.started and not visit.complete:
                    self._service.fail(exchange, interruption(), arrival.id)
                raise
            # The client's own leaving ended this task: nobody is left to be told.


def refuse(exchange: Exchange, error: BatonError, body: bytes, request_id: str) -> None:
    """An error as an answer of its own."""
    head = receipts.head(receipts.of_error(error, request_id))
    exchange.answer(error.status, body, head, close=error.status in _ENDS_CONNECTION)
