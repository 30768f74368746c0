"""A short HTTP/1.1 client for the one thing a gateway does all day: POST, and hand on what comes back.

It stands behind the same interface as the client on aiohttp (`http.py`), is tested beside it, and costs a
fraction. It goes straight to the provider; where a proxy is to be used, aiohttp does the work.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from math import inf
from types import TracebackType
from typing import NamedTuple, Self

from yarl import URL

from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.connection import IDLE_S, Connection
from baton.upstream.inflation import inflated, too_long
from baton.upstream.transport import Deadlines, UpstreamRequest

_TICK_S = 0.5
"""How often limits of a few seconds and more are looked after; a timer for each wait would cost more."""


class _Address(NamedTuple):
    """Where a URL leads, taken apart once."""

    host: str
    port: int
    tls: bool
    head: bytes
    """The request's first two lines."""


@lru_cache(maxsize=1024)
def _address(method: str, url: str) -> _Address:
    parsed = URL(url)
    host, port = parsed.raw_host, parsed.port
    if parsed.scheme not in ("http", "https") or not host or port is None:
        raise ValueError(url)
    name = f"[{host}]" if ":" in host else host
    where = name if parsed.is_default_port() else f"{name}:{port}"
    head = f"{method} {parsed.raw_path_qs} HTTP/1.1\r\nhost: {where}\r\n"
    return _Address(host, port, parsed.scheme == "https", head.encode("ascii"))


class DirectTransport:
    """Connections straight to providers, kept alive and used again."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: dict[tuple[str, int, bool], list[Connection]] = {}
        self._open: set[Connection] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """That it is used in; to ask for it costs a call to the kernel."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._ticker is not None:
            self._ticker.cancel()
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> "DirectResponse":
        """Send one request and wait for status and headers.

        A kept-alive connection that dies before the first byte of an answer is no failure of the provider:
        the request is sent again, once, on a fresh one.

        Raises:
            AttemptFailed: CONNECT or TIMEOUT, or MALFORMED where the answer is no HTTP.
        """
        try:
            address = _address(request.method, request.url)
            data = _request_bytes(address, request)
        except (ValueError, UnicodeError):
            raise _failed(Kind.CONNECT, "The provider's address is not a URL.") from None
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        ends_s = None if deadlines.total_s is None else loop.time() + deadlines.total_s
        connection = self._take(address, loop.time())
        if connection is not None:
            await connection.ask(data, deadlines, ends_s)
            if not connection.died_unasked:
                return DirectResponse(connection)
        connection = await self._connect(address, deadlines)
        await connection.ask(data, deadlines, ends_s)
        return DirectResponse(connection)

    def give_back(self, connection: Connection) -> None:
        """A connection whose answer was read to its end may carry another request."""
        connection.idle_since_s = connection.now_s
        self._idle.setdefault(connection.key, []).append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection was lost."""
        self._open.discard(connection)
        idle = self._idle.get(connection.key)
        if idle is not None and connection in idle:
            idle.remove(connection)
            if not idle:
                del self._idle[connection.key]

    def _take(self, address: _Address, now_s: float) -> Connection | None:
        idle = self._idle.get(address[:3])
        while idle:
            connection = idle.pop()
            if connection.usable and now_s - connection.idle_since_s < IDLE_S:
                connection.idle_since_s = inf
                return connection
            connection.abort()
        return None

    async def _connect(self, address: _Address, deadlines: Deadlines) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadlines.connect_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(self, address[:3], loop),
                    address.host,
                    address.port,
                    ssl=self._tls if address.tls else None,
                )
        except TimeoutError:
            raise _failed(Kind.TIMEOUT, "The provider did not accept a connection in time.") from None
        except ssl.SSLError:
            raise _failed(Kind.CONNECT, "The provider's certificate was not accepted.") from None
        except (socket.gaierror, UnicodeError):  # the latter: a name that cannot be one
            raise _failed(Kind.CONNECT, "The provider's host name could not be resolved.") from None
        except OSError:
            raise _failed(Kind.CONNECT, "No connection to the provider could be made.") from None
        self._open.add(connection)
        if self._ticker is None:
            self._ticker = loop.call_later(_TICK_S, self._tick, loop)
        return connection

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the waits that have lasted too long, and close what has been idle for too long."""
        now_s = loop.time()
        for connection in list(self._open):
            connection.look(now_s)
        self._ticker = loop.call_later(_TICK_S, self._tick, loop) if self._open else None


def _request_bytes(address: _Address, request: UpstreamRequest) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
    if lines.count("\n") != len(request.headers) or lines.count("\r") != len(request.headers):
        raise ValueError("a header holds a line end")
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (
        address.head,
        lines.encode("latin-1"),
        len(request.body),
        request.body,
    )


class DirectResponse:
    """One answer of a provider, decompressed within bounds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._closed = False
        self.status = connection.status
        self.headers: Mapping[str, str] = connection.headers

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            AttemptFailed: TIMEOUT, CONNECT where it is cut off, MALFORMED where it is too long.
        """
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise too_long(limit)
        if self._connection.complete and "content-encoding" not in self.headers:
            body = self._connection.take()
            if len(body) > limit:
                raise too_long(limit)
            return body
        pieces: list[bytes] = []
        async for piece in self.chunks(limit):
            pieces.append(piece)
        return b"".join(pieces)

    async def chunks(self, limit: int) -> AsyncGenerator[bytes]:
        """The body as it arrives, `limit` bytes at most.

        Raises:
            AttemptFailed: as `read`.
        """
        encoding = self.headers.get("content-encoding", "identity")
        connection = self._connection
        left = limit
        if encoding != "identity":
            async for piece in inflated(connection.next_piece, encoding, limit):
                yield piece
            return
        while piece := await connection.next_piece():
            left -= len(piece)
            if left < 0:
                raise too_long(limit)
            yield piece

    async def close(self) -> None:
        """Give the connection back if the answer was read to its end, else close the socket at once."""
        if not self._closed:
            self._closed = True
            self._connection.done()


def _failed(kind: Kind, message: str) -> AttemptFailed:
    return AttemptFailed(Failure(kind=kind, message=message))
