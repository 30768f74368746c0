"""A client while its request is served: its leaving ends the work, and answers take the short way to it."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

VISIT = "baton.visit"
"""Where a scope holds its `Visit`."""

_CLOSE = b"connection: close\r\n"


class Outlet(Protocol):
    """Takes an answer on its way to a client; each method as the `Visit`'s."""

    @property
    def full(self) -> bool: ...

    async def drained(self) -> None: ...

    def begin_stream(self, head: bytes) -> None: ...

    def put(self, data: bytes) -> None: ...

    def end_stream(self) -> None: ...

    def close_after(self) -> None: ...

    def answer(self, status: int, head: bytes, body: bytes) -> None: ...


class Visit:
    """The client's side of one request: whether it has left, and the short way to answer it."""

    __slots__ = ("_cycle", "_linger", "_task", "gone", "task")

    def __init__(self, linger: Callable[[], None]) -> None:
        """`linger`: lets a client that is still sending read its answer before the connection ends."""
        self.gone = False
        self._linger = linger
        self._task: asyncio.Task[Any] | None = None
        self.task: asyncio.Task[Any] | None = None
        """That serves the request."""
        self._cycle: Any = None

    def begin(self, cycle: Any) -> None:
        """Its request is being served."""
        self._cycle = cycle

    def ends(self, task: asyncio.Task[Any] | None) -> None:
        """From now on the client's leaving cancels the task; None: nothing any more."""
        self._task = task
        if self.gone and task is not None:
            task.cancel()

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        if self._task is not None:
            self._task.cancel()

    def take_body(self) -> bytes | None:
        """The request's body where all of it has come, as receiving it would give it; None: it has to be
        received, or was already."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or not cycle.body:
            return None
        body = bytes(cycle.body)
        cycle.body = bytearray()
        cycle.message_event.clear()
        cycle.flow.resume_reading()
        return body

    @property
    def started(self) -> bool:
        """Whether an answer has begun, by whatever way."""
        return self._cycle.response_started

    @property
    def complete(self) -> bool:
        """Whether its last byte has been written."""
        return self._cycle.response_complete

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than it is sent to."""
        return self._cycle.flow.write_paused

    async def drained(self) -> None:
        """Wait until the client has taken most of what it was sent, or has gone."""
        if not self._cycle.disconnected:
            await self._cycle.flow.drain()

    def begin_stream(self, head: bytes) -> None:
        """Status 200 and the header lines of an answer whose length is not known."""
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started:
            return
        cycle.response_started = True
        cycle.chunked_encoding = cycle.scope["http_version"] == "1.1"
        framing = b"transfer-encoding: chunked\r\n" if cycle.chunked_encoding else b""
        cycle.keep_alive = cycle.keep_alive and cycle.chunked_encoding
        closing = b"" if cycle.keep_alive else _CLOSE
        cycle.transport.write(b"".join((STATUS_LINE[200], head, framing, closing, b"\r\n")))

    def put(self, data: bytes) -> None:
        """More of a stream; not empty."""
        cycle = self._cycle
        if cycle.disconnected:
            return
        if cycle.chunked_encoding:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        cycle.transport.write(data)

    def end_stream(self) -> None:
        """The stream's end."""
        cycle = self._cycle
        if cycle.disconnected or cycle.response_complete:
            return
        if cycle.chunked_encoding:
            cycle.transport.write(b"0\r\n\r\n")
        self._complete()

    def close_after(self) -> None:
        """The connection ends with this answer."""
        self._cycle.keep_alive = False

    def abort(self) -> None:
        """End the connection in the middle of the answer, so that it cannot pass for a whole one."""
        self._cycle.transport.close()

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """A whole answer in one write, as two ASGI messages would give it.

        `head`: header lines, each with its line end, the body's length among them. Nothing takes them apart
        again, which is what makes it short.
        """
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started:
            return
        cycle.response_started = True
        closing = b"" if cycle.keep_alive else _CLOSE
        cycle.transport.write(b"".join((STATUS_LINE[status], head, closing, b"\r\n", body)))
        self._complete()

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            if cycle.more_body:
                self._linger()
            else:
                cycle.transport.close()
        cycle.on_response()
        cycle.scope = {}  # it holds this visit, which holds the cycle: only the collector would free them
