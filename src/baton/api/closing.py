"""How a server ends: it refuses what is new, finishes what has begun, and cuts off what will not end."""

import asyncio
import socket
from contextlib import suppress

import uvicorn

from baton.api.server import BoundedProtocol, Service
from baton.core.errors import Unavailable

RETRY_AFTER_S = 2.0
"""What refused callers are told to wait: a start takes about so long, where nobody else serves meanwhile."""

CUT_S = 5.0
"""How long answers that are cut off may take to say so, to their callers and in the ledger."""

FLUSH_S = 5.0
"""How long clients may take to read what was written to them last."""

_LOOK_S = 0.01

_SPARED = frozenset({"/livez", "/readyz", "/metrics"})
"""Who watches the process goes on seeing it."""


class Closing:
    """Whether this Baton is about to end. Looked at with every request, so it is one attribute."""

    __slots__ = ("begun",)

    def __init__(self) -> None:
        self.begun = False

    def refuses(self, path: str) -> bool:
        """Whether a new request at this path is turned away."""
        return self.begun and path not in _SPARED


def refusal() -> Unavailable:
    """What a new request is told."""
    return Unavailable("Baton is shutting down.", code="draining", retry_after_s=RETRY_AFTER_S)


def interruption() -> Unavailable:
    """What a request is told that was not finished in time."""
    return Unavailable(
        "Baton was stopped before the answer was complete.", code="draining", retry_after_s=RETRY_AFTER_S
    )


async def close(server: uvicorn.Server, listening: socket.socket, closing: Closing, grace_s: float) -> int:
    """End a server; the socket that it listens at stays open until what has begun is over, or `grace_s` is.

    Returns how many answers were cut off.
    """
    closing.begun = True
    begun = set(server.server_state.tasks)  # what comes now is refused at once
    if begun:
        await asyncio.wait(begun, timeout=grace_s)
    cut = await cut_off(server)
    for each in server.servers:
        each.close()
    listening.close()
    await _hang_up(server)
    return cut


async def leave(
    server: uvicorn.Server,
    listening: socket.socket,
    closing: Closing,
    grace_s: float,
    ending: asyncio.Event,
) -> int:
    """End a server whose place others have taken at the same socket; no client is refused.

    A connection at rest is not closed, since its client may just be sending: it ends with its next answer, or
    with the grace. `ending`: set where those others are told to end, too; from then on it is as in `close`.

    Returns how many answers were cut off.
    """
    service = server.server_state
    assert isinstance(service, Service)
    service.leaving = True
    for each in server.servers:
        each.close()
    listening.close()
    for connection in tuple(service.connections):
        assert isinstance(connection, BoundedProtocol)
        connection.leave()
    loop = asyncio.get_running_loop()
    until_s = loop.time() + grace_s
    await asyncio.sleep(0)  # what was accepted last is among the connections one turn later
    while service.connections and not ending.is_set() and loop.time() < until_s:  # noqa: ASYNC110 (as below)
        await asyncio.sleep(_LOOK_S)
    if ending.is_set():
        return await close(server, listening, closing, max(0.0, until_s - loop.time()))
    for connection in tuple(service.connections):
        connection.shutdown()  # those at rest first: nobody shall be told 503 while others are cut off
    return await close(server, listening, closing, 0)


async def cut_off(server: uvicorn.Server) -> int:
    """End the answers that are not waited for, each with its caller told and its row in the ledger.

    Returns how many there were.
    """
    tasks = {task for task in server.server_state.tasks if not task.done()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CUT_S)
    return len(tasks)


async def _hang_up(server: uvicorn.Server) -> None:
    """Close every connection behind the last byte that its client takes, in time."""
    connections = server.server_state.connections
    for connection in tuple(connections):
        connection.shutdown()
    with suppress(TimeoutError):
        async with asyncio.timeout(FLUSH_S):
            while connections:  # noqa: ASYNC110 (they leave this set by themselves, and tell nobody)
                await asyncio.sleep(_LOOK_S)
    for connection in tuple(connections):
        connection.transport.abort()
