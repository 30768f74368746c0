"""One HTTP/1.1 connection to a provider, on httptools: one exchange at a time."""

import asyncio
from math import inf
from typing import Protocol, cast

import httptools

from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.transport import Deadlines

IDLE_S = 55.0
"""How long an idle connection is kept: below the 60 s at which common load balancers drop theirs."""

_COARSE_S = 5.0
"""Shorter limits get a timer of their own; longer ones are looked after by the owner's tick (`look`)."""

_MAX_HEAD_BYTES = 128 * 1024
_MAX_INTERIM = 16
"""Answers of the 1xx kind before the real one; more is mischief."""

_USUAL = {
    written.encode(): name
    for name in (
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "request-id",
        "server",
        "transfer-encoding",
        "vary",
        "x-request-id",
    )
    for written in (name, name.title())
}
"""The names of headers that nearly every answer has, as they are written: as all of Baton writes them."""

_STALE_S = 1.0
"""A stale connection is found out within a round trip; what dies later has died over this request."""

_HIGH_WATER_BYTES = 512 * 1024
"""Body that waits for its reader before the socket is left alone for a while."""


class Owner(Protocol):
    """Keeps connections while nobody uses them."""

    def give_back(self, connection: "Connection") -> None:
        """A connection whose answer was read to its end may carry another request."""
        ...

    def forget(self, connection: "Connection") -> None:
        """A connection was lost."""
        ...


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self, owner: Owner, key: tuple[str, int, bool], loop: asyncio.AbstractEventLoop) -> None:
        """`key`: where it leads; connections of the same key can stand for each other."""
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
        self.complete = False
        self.keep_alive = False
        self._begin()

    def _begin(self) -> None:
        """Forget the last exchange; the parser stays where that came to its end and another may follow."""
        if not (self.complete and self.keep_alive):
            self._parser = httptools.HttpResponseParser(self)
        self._received = 0
        self._asked_s = self._loop.time()
        self._stale = False
        self._surplus = False
        self._interim = 0
        self._body: list[bytes] = []
        self._waiting_bytes = 0
        self._until_close = False
        self._moved = False
        """Whether something has come since whoever waits was woken."""
        self._ends_s: float | None = None
        self._idle_s: float | None = None
        self.head_done = False
        self.complete = False
        self.keep_alive = False
        self.failure: Failure | None = None
        self.headers: dict[str, str] = {}

    @property
    def now_s(self) -> float:
        """The time by which `idle_since_s` is told."""
        return self._loop.time()

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
        if self._body:
            return self.take()
        if self.failure is not None:
            raise AttemptFailed(self.failure)
        return b""

    def take(self) -> bytes:
        """What of the body has come since the last look."""
        body = self._body
        piece = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        self._waiting_bytes = 0
        if self._paused and not self._lost:
            self._paused = False
            self.transport.resume_reading()
        return piece

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
        elif now_s - self.idle_since_s >= IDLE_S:
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
        if self._moved:
            self._moved = False
            self._wake()

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

    # httptools: only what brings the answer on wakes whoever waits, once all that has come was looked at, so
    # that no drip of anything else can put off its limits.

    def on_message_begin(self) -> None:
        self._surplus = self.complete  # a second answer to one question

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_done:  # a trailer
            return
        key, text = _USUAL.get(name) or name.decode("latin-1").lower(), value.decode("latin-1")
        known = self.headers.setdefault(key, text)
        if known is not text:
            self.headers[key] = f"{known}, {text}"

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
        self._moved = True

    def on_body(self, body: bytes) -> None:
        if self._surplus:
            return
        self._body.append(body)
        self._moved = True
        self._waiting_bytes += len(body)
        if self._waiting_bytes > _HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if not self.head_done:  # of a provisional answer
            self.headers = {}
            return
        self.keep_alive = self._parser.should_keep_alive() and not self._surplus
        self.complete = self._moved = True
