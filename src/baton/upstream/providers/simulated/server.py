"""The simulated provider over real HTTP, for rehearsals and tests: any prefix before the dialects' paths."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from baton.upstream.providers.simulated.connection import Connection, Sleep
from baton.upstream.providers.simulated.control import PREFIX, control
from baton.upstream.providers.simulated.simulation import Incoming, Performance, Simulation
from baton.upstream.providers.simulated.steps import whole

_BACKLOG = 4096  # connections not yet accepted; a rehearsal opens many at once


@asynccontextmanager
async def running(
    simulation: Simulation, host: str = "127.0.0.1", port: int = 0, *, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[str]:
    """Serve while inside; gives the URL, e.g. `http://127.0.0.1:41000`. Port 0: a free one.

    Raises:
        OSError: the address cannot be had.
    """

    def answer(incoming: Incoming, query: str) -> Performance:
        if incoming.path == "/livez":
            return Performance(whole(200, b'{"status":"ok"}'), simulation.calls)
        if incoming.path.startswith(PREFIX):
            return Performance(control(simulation, incoming, query), simulation.calls)
        return simulation.receive(incoming)

    connections: set[Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(answer, sleep, connections), host, port, backlog=_BACKLOG
    )
    try:
        yield _url(server.sockets[0])
    finally:
        server.close()
        for connection in tuple(connections):
            await connection.close()
        await server.wait_closed()


async def serve(simulation: Simulation, host: str, port: int) -> None:
    """Serve until cancelled.

    Raises:
        OSError: the address cannot be had.
    """
    async with running(simulation, host, port):
        await asyncio.get_running_loop().create_future()


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
