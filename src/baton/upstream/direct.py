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
from typing import NamedTuple, Self, cast

import httptools
from yarl import URL

from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.inflation import inflated, too_long
from baton.upstream.transport import Deadlines, UpstreamRequest

_IDLE_S = 55.0
"""How long an idle connection is kept: below the 60 s at which common load balancers drop theirs."""

_TICK_S = 0.5
"""How often limits of a few seconds and more are looked after; a timer for each wait would cost more."""

_COARSE_S = 5.0
"""Shorter limits get a timer of their own."""
_MAX_HEAD_BYTES = 128 * 1024
_MAX_INTERIM = 16
"""Answers of the 1xx kind before the real one; more is mischief."""

_STALE_S = 1.0
"""A stale connection is found out within a round trip; what dies later has died over this request."""

_HIGH_WATER_BYTES = 512 * 1024
"""Body that waits for its reader before the socket is left alone for a while."""


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
        self._idle: dict[tuple[str, int, bool], list[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._ticker: asyncio.TimerHandle | None = None

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
        loop = asyncio.get_running_loop()
        ends_s = None if deadlines.total_s is None else loop.time() + deadlines.total_s
        connection = self._take(address, loop.time())
        if connection is not None:
            await connection.ask(data, deadlines, ends_s)
            if not connection.died_unasked:
                return DirectResponse(connection, self)
        connection = await self._connect(address, deadlines)
        await connection.ask(data, deadlines, ends_s)
        return DirectResponse(connection, self)

    def give_back(self, connection: "_Connection") -> None:
        """A connection whose answer was read to its end may carry another request."""
        connection.idle_since_s = asyncio.get_running_loop().time()
        self._idle.setdefault(connection.key, []).append(connection)

    def forget(self, connection: "_Connection") -> None:
        """A connection was lost."""
        self._open.discard(connection)
        idle = self._idle.get(connection.key)
        if idle is not None and connection in idle:
            idle.remove(connection)
            if not idle:
                del self._idle[connection.key]

    def _take(self, address: _Address, now_s: float) -> "_Connection | None":
        idle = self._idle.get(address[:3])
        while idle:
            connection = idle.pop()
            if connection.usable and now_s - connection.idle_since_s < _IDLE_S:
                connection.idle_since_s = inf
                return connection
            connection.abort()
        return None

    async def _connect(self, address: _Address, deadlines: Deadlines) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadlines.connect_s):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self, address[:3], loop),
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


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(
        self, owner: DirectTransport, key: tuple[str, int, bool], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._owner = owner
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._asked = 0
        self._lost = False
        self.transport: asyncio.Transport
        self.key = key
        self.idle_since_s = inf
        self._due_s = inf
        self._begin()

    def _begin(self) -> None:
        """Forget the last exchange."""
        self._parser = httptools.HttpResponseParser(self)
        self._received = 0
        self._asked_s = self._loop.time()
        self._stale = False
        self._surplus = False
        self._interim = 0
        self._body: list[bytes] = []
        self._waiting_bytes = 0
        self._until_close = False
        self._ends_s: float | None = None
        self._idle_s: float | None = None
        self.head_done = False
        self.complete = False
        self.keep_alive = False
        self.failure: Failure | None = None
        self.headers: dict[str, str] = {}

    @property
    def usable(self) -> bool:
        """Whether it can carry another request."""
        return not self._lost and not self.transport.is_closing()

    @property
    def died_unasked(self) -> bool:
        """Whether it had carried a request before and was closed before the answer to this one began."""
        return self._stale

    @property
    def status(self) -> int:
        """The answer's status."""
        return self._parser.get_status_code()

    async def ask(self, data: bytes, deadlines: Deadlines, ends_s: float | None) -> None:
        """Send a request and wait for the answer's head.

        Raises:
            AttemptFailed: unless `died_unasked`.
        """
        self._begin()
        self._asked += 1
        self._ends_s = ends_s
        self._idle_s = deadlines.idle_s
        try:
            self.transport.write(data)
            while not self.head_done and self.failure is None:
                await self._wait(deadlines.first_byte_s)
        except BaseException:
            self.abort()
            raise
        if self.failure is not None and not self.died_unasked:
            self.abort()
            raise AttemptFailed(self.failure)

    async def next_piece(self) -> bytes:
        """More of the body, everything that has come; empty at its end.

        Raises:
            AttemptFailed: the body is cut off, or late.
        """
        while not self._body and not self.complete and self.failure is None:
            await self._wait(self._idle_s)
        body = self._body
        if body:
            piece = body[0] if len(body) == 1 else b"".join(body)
            body.clear()
            self._waiting_bytes = 0
            if self._paused and not self._lost:
                self._paused = False
                self.transport.resume_reading()
            return piece
        if self.failure is not None:
            raise AttemptFailed(self.failure)
        return b""

    def done(self) -> None:
        """The answer is not needed any more: use the connection again if it was read to its end."""
        if self.complete and self.keep_alive and self.usable and not self._body and self.failure is None:
            self._owner.give_back(self)
        else:
            self.abort()

    def abort(self) -> None:
        """Close the socket at once."""
        self._owner.forget(self)
        if not self._lost:
            self.transport.abort()

    async def _wait(self, limit_s: float | None) -> None:
        """Wait for something to happen; what has lasted too long is a failure."""
        if self._ends_s is not None:
            left_s = self._ends_s - self._loop.time()
            limit_s = left_s if limit_s is None else min(limit_s, left_s)
        self._waiter = self._loop.create_future()
        timer = None
        if limit_s is None or limit_s >= _COARSE_S:
            self._due_s = inf if limit_s is None else self._loop.time() + limit_s
        else:
            timer = self._loop.call_later(max(0.0, limit_s), self._expire)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._due_s = inf
            if timer is not None:
                timer.cancel()

    def look(self, now_s: float) -> None:
        """End a wait that has lasted too long; close a connection that nobody has used for too long."""
        if now_s >= self._due_s:
            self._expire()
        elif now_s - self.idle_since_s >= _IDLE_S:
            self.abort()

    def _expire(self) -> None:
        self._fail(Kind.TIMEOUT, "The provider did not answer in time.")

    def _fail(self, kind: Kind, message: str) -> None:
        if self.failure is None and not self.complete:
            billed = self.head_done or kind is Kind.TIMEOUT
            self.failure = Failure(kind=kind, message=message, billed=billed)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.complete or self.failure is not None:
            self.keep_alive = False  # nobody asked for this
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Kind.MALFORMED, "The provider's answer is not HTTP as it should be.")
            return
        if not self.head_done and self._received > _MAX_HEAD_BYTES:
            self._fail(Kind.MALFORMED, f"The provider's headers are longer than {_MAX_HEAD_BYTES} bytes.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        unasked = self._asked > 1 and not self._received and self.failure is None
        self._stale = unasked and self._loop.time() - self._asked_s < _STALE_S
        self._owner.forget(self)
        if self.head_done and self._until_close and exc is None:
            self.complete = True
            self._wake()
        else:
            self._fail(Kind.CONNECT, "The provider closed the connection before its end.")

    # httptools: only what brings the answer on wakes whoever waits, so that no drip of anything else can
    # put off its limits.

    def on_message_begin(self) -> None:
        self._surplus = self.complete  # a second answer to one question

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_done:  # a trailer
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        known = self.headers.get(key)
        self.headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        if self._surplus:
            return
        if self._received > _MAX_HEAD_BYTES and sum(map(len, self.headers.values())) > _MAX_HEAD_BYTES:
            self._fail(Kind.MALFORMED, f"The provider's headers are longer than {_MAX_HEAD_BYTES} bytes.")
            return
        if self._parser.get_status_code() < 200:
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                self._fail(Kind.MALFORMED, "The provider sends provisional answers without end.")
            return
        self.head_done = True
        headers = self.headers
        self._until_close = "content-length" not in headers and "transfer-encoding" not in headers
        self._wake()

    def on_body(self, body: bytes) -> None:
        if self._surplus:
            return
        self._body.append(body)
        self._wake()
        self._waiting_bytes += len(body)
        if self._waiting_bytes > _HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if not self.head_done:  # of a provisional answer
            self.headers = {}
            return
        self.keep_alive = self._parser.should_keep_alive() and not self._surplus
        self.complete = True
        self._wake()


class DirectResponse:
    """One answer of a provider, decompressed within bounds."""

    def __init__(self, connection: _Connection, owner: DirectTransport) -> None:
        self._connection = connection
        self._closed = False
        self._owner = owner
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
            body = await self._connection.next_piece()
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
