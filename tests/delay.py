"""A wire that takes its time: what lies behind it is far away whenever a test wants so."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 1 << 16


class Wire:
    """Hands on to one address and back; what comes back is late."""

    def __init__(self, url: str) -> None:
        """`url`: of what lies behind it, with a port."""
        self._parts = urlsplit(url)
        self._open: set[asyncio.Task[None]] = set()
        self.late_s = 0.0
        """How late, from now on."""
        self.port = 0

    @property
    def url(self) -> str:
        """The same by this wire."""
        user = "" if self._parts.username is None else f"{self._parts.username}@"
        return urlunsplit(self._parts._replace(netloc=f"{user}127.0.0.1:{self.port}"))

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            there = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            with suppress(ConnectionError, asyncio.CancelledError):
                await asyncio.wait(
                    [
                        asyncio.create_task(_hand_on(reader, there[1])),
                        asyncio.create_task(self._hand_back(there[0], writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            there[1].close()
        except OSError:
            pass  # nobody lives there at the moment
        finally:
            writer.close()
            self._open.discard(task)

    async def _hand_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All of it in its order, each piece as late as the wire is when it comes: it is far, not narrow."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def write() -> None:
            while True:
                due_s, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                if not piece:
                    return
                writer.write(piece)
                await writer.drain()

        writing = asyncio.create_task(write())
        try:
            with suppress(ConnectionError):
                while piece := await reader.read(_CHUNK):
                    pieces.put_nowait((loop.time() + self.late_s, piece))
            pieces.put_nowait((loop.time(), b""))
            await writing
        finally:
            writing.cancel()

    def cut(self) -> None:
        """End every connection, soon."""
        for task in list(self._open):
            task.cancel()

    async def close(self) -> None:
        """End every connection."""
        self.cut()
        await asyncio.gather(*self._open, return_exceptions=True)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_CHUNK):
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def wire_to(url: str) -> AsyncGenerator[Wire]:
    """One on a free port while inside; nothing is late yet."""
    wire = Wire(url)
    server = await asyncio.start_server(wire.meet, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
