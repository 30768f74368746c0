"""The HTTP server: uvicorn, with bounds for headers and slow clients, and news of a client's leaving.

uvicorn takes header blocks of any size, waits for half-sent requests forever, and lets a handler work on
for a client that has gone. Its protocol class is made to be replaced; this one adds those three things.
"""

import asyncio
import json
from typing import Any, cast

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

MAX_HEADER_BYTES = 64 * 1024
HEADER_TIMEOUT_S = 15.0
"""For the whole header block, from the connection's or the request's first byte."""

BODY_IDLE_S = 20.0
"""How long a request's body may pause …"""

BODY_TOTAL_S = 300.0
"""… and how long it may take in all."""

STUCK_WRITE_S = 60.0
"""How long a client may leave an answer unread before it is cut off."""

LINGER_S = 2.0
"""How long a refused client may go on sending, so that it gets to read the refusal."""

KEEP_ALIVE_S = 75
VISIT = "baton.visit"
"""Where a scope holds its `Visit`."""

_CLOSE = b"connection: close\r\n"


class Visit:
    """The client's side of one request: whether it has left, and the short way to answer it."""

    __slots__ = ("_cycle", "_task", "gone")

    def __init__(self) -> None:
        self.gone = False
        self._task: asyncio.Task[Any] | None = None
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

    def close_after(self) -> None:
        """The connection ends with this answer."""
        self._cycle.keep_alive = False

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """A whole answer in one write, as two ASGI messages would give it.

        `head`: header lines, each with its line end, the body's length among them. Nothing takes them apart
        again, which is what makes it short.
        """
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started:
            return
        cycle.response_started = cycle.response_complete = True
        closing = b"" if cycle.keep_alive else _CLOSE
        cycle.transport.write(b"".join((STATUS_LINE[status], head, closing, b"\r\n", body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


class BoundedProtocol(HttpToolsProtocol):
    """One connection, within bounds."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_headers = True
        self._in_body = False
        self._header_bytes = 0
        self._refused = False
        self._body_until_s = 0.0
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._read_timer = self.loop.call_later(HEADER_TIMEOUT_S, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._write_timer is not None:
            self._write_timer.cancel()
        super().connection_lost(exc)
        cycle = cast("Any", self.cycle)
        if cycle is not None and not cycle.response_complete:
            cycle.scope[VISIT].leave()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._refused:
            return
        if self._in_body:
            self._await_body()
        elif self._in_headers and self._header_bytes:
            self._await_headers(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 1
        cast("dict[str, Any]", self.scope)[VISIT] = Visit()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._disarm()
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_headers()
            return
        self._in_body = True
        self._body_until_s = 0.0
        super().on_headers_complete()
        cast("Any", self.scope)[VISIT].begin(self.cycle)

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._in_headers = True
        self._header_bytes = 0
        self._disarm()
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not self._refused:
            self._refuse(400, "invalid_http", msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(STUCK_WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _await_headers(self, received: int) -> None:
        """A request has begun and its headers are not complete."""
        self._header_bytes += received
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_headers()
        elif self._read_timer is None:
            self._read_timer = self.loop.call_later(HEADER_TIMEOUT_S, self._headers_late)

    def _await_body(self) -> None:
        """A request's body has begun and is not complete."""
        now_s = self.loop.time()
        if not self._body_until_s:
            self._body_until_s = now_s + BODY_TOTAL_S
        self._disarm()
        wait_s = min(BODY_IDLE_S, self._body_until_s - now_s)
        self._read_timer = self.loop.call_later(wait_s, self._body_late)

    def _disarm(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _headers_late(self) -> None:
        self._read_timer = None
        if not self.transport.is_closing():
            self._refuse(408, "request_timeout", "The request's headers did not arrive in time.")

    def _body_late(self) -> None:
        """Refuse, unless an answer has begun already; the handler sees a client that has left."""
        self._read_timer = None
        cycle = cast("Any", self.cycle)
        if self.transport.is_closing() or cycle.response_started:
            return
        cycle.disconnected = True
        cycle.message_event.set()
        self._refuse(408, "request_timeout", "The request's body did not arrive in time.")

    def _refuse_headers(self) -> None:
        self._refuse(
            431, "headers_too_large", f"The request's headers are longer than {MAX_HEADER_BYTES} bytes."
        )

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close once the client has had time to read it."""
        self._refused = True
        self._disarm()
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        body = json.dumps({"error": error}).encode()
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self.loop.call_later(LINGER_S, self.transport.close)


def make_server(app: Any, host: str, port: int) -> uvicorn.Server:
    """A server for the application; its `serve()` returns when it was told to stop and has finished."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=30,
    )
    return uvicorn.Server(config)
