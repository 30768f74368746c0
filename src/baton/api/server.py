"""The HTTP server: uvicorn, with bounds for headers and slow clients, and news of a client's leaving.

uvicorn takes header blocks of any size, waits for half-sent requests forever, and lets a handler work on
for a client that has gone. Its protocol class is made to be replaced; this one adds those three things.

A client that ends its own side of the connection has left, as for nginx: whether it still listens cannot be
told from a client that is gone, and the provider would go on being paid for nobody.
"""

import asyncio
import uuid
from typing import Any, cast

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from baton.api import problems
from baton.api.spoken import dialect_at
from baton.api.visit import VISIT, Visit
from baton.core.dialect import Dialect
from baton.core.errors import BatonError

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
"""How long a refused client may pause in sending before it is cut off: it gets to read the refusal first …"""

LINGER_TOTAL_S = 30.0
"""… and how long it may go on sending in all; nobody reads it."""

MAX_PIPELINED = 8
"""Requests sent ahead on one connection before reading pauses; until then its end is noticed."""

KEEP_ALIVE_S = 75


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
        self.url = b""
        self._in_headers = True
        self._in_body = False
        self._began_now = False
        self._header_bytes = 0
        self._raw_bytes = 0
        self._refused = False
        self._heard = False
        self._body_until_s = 0.0
        self._earlier: list[Any] = []
        """Cycles of requests that others were sent behind of before they were answered."""
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
        for cycle in (*self._earlier, cast("Any", self.cycle)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
                cycle.scope[VISIT].leave()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._heard = True
            return
        self._began_now = False
        if self._in_headers and b"pgrade:" in data:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._refused:
            return
        if self._in_body:
            self._await_body()
        elif self._in_headers and (self._header_bytes or self._at_rest()):
            self._await_headers(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = self._began_now = True
        self._header_bytes = 1
        self._raw_bytes = 0
        cast("dict[str, Any]", self.scope)[VISIT] = Visit(self.linger)

    def on_url(self, url: bytes) -> None:
        self._header_bytes += len(url)
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:  # trailers come by here too
            if not self._refused:
                self._refuse_headers()
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_headers()
            return
        self._disarm()
        earlier = cast("Any", self.cycle)
        super().on_headers_complete()
        self._in_headers = False
        self._in_body = True
        self._body_until_s = 0.0
        cast("Any", self.scope)[VISIT].begin(self.cycle)
        if earlier is not None and not earlier.response_complete:
            self._earlier = [*self._unanswered(), earlier]
            if len(self.pipeline) < MAX_PIPELINED:
                self.flow.resume_reading()

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

    def linger(self) -> None:
        """The last answer is out: hear no more, and close once the client has had time to read it."""
        self._refused = True
        self._disarm()
        self.flow.resume_reading()
        self._read_timer = self.loop.call_later(LINGER_S, self._lingered, self.loop.time() + LINGER_TOTAL_S)

    def _lingered(self, until_s: float) -> None:
        if self._heard and self.loop.time() < until_s:
            self._heard = False
            self._read_timer = self.loop.call_later(LINGER_S, self._lingered, until_s)
        else:
            self.transport.close()

    def _at_rest(self) -> bool:
        """Whether no request is being served."""
        cycle = cast("Any", self.cycle)
        return cycle is None or cycle.response_complete

    def _unanswered(self) -> list[Any]:
        return [cycle for cycle in self._earlier if not cycle.response_complete]

    def _await_headers(self, received: int) -> None:
        """A request has begun, or something that is none, and its headers are not complete."""
        if not self._began_now:
            self._raw_bytes += received
        if self._raw_bytes > MAX_HEADER_BYTES:
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
        if not self._at_rest():  # it waits for an answer; its next request may take its time
            self._read_timer = self.loop.call_later(HEADER_TIMEOUT_S, self._headers_late)
        else:
            self._refuse(408, "request_timeout", "The request's headers did not arrive in time.")

    def _body_late(self) -> None:
        if self._unanswered():  # nobody reads it yet
            self._read_timer = self.loop.call_later(BODY_IDLE_S, self._body_late)
        else:
            self._refuse(408, "request_timeout", "The request's body did not arrive in time.")

    def _refuse_headers(self) -> None:
        self._refuse(
            431, "headers_too_large", f"The request's headers are longer than {MAX_HEADER_BYTES} bytes."
        )

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close; without a word where another answer is under way."""
        cycle = cast("Any", self.cycle)
        free = not cycle.response_started if self._in_body else self._at_rest()
        if self.transport.is_closing() or not free or self._unanswered():
            self._refused = True
            self._disarm()
            self.transport.close()
            return
        if self._in_body:  # its handler sees a client that has left
            cycle.disconnected = True
            cycle.message_event.set()
        error = BatonError(message, code=code)
        error.status = status
        request_id = str(uuid.uuid4())
        body, media_type = problems.write(error, self._dialect(), request_id)
        head = b"content-type: %b\r\nconnection: close\r\nx-request-id: %b\r\n"
        length = b"content-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head % (media_type, request_id.encode()) + length + body)
        self.linger()

    def _dialect(self) -> Dialect:
        """Of the path asked for, as far as it has come; the most widely spoken where none has."""
        path = self.url.partition(b"?")[0].decode("latin-1")
        return dialect_at(path) if path.startswith("/") else Dialect.OPENAI


def _without_upgrade(data: bytes) -> bytes:
    """The head of a request, its offer of another protocol put out of sight: it may be passed over (RFC 9110,
    section 7.8). The parser would take the body for that protocol's first bytes, and Java's own client
    offers HTTP/2 on every request.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    for name in (b"\nUpgrade:", b"\nupgrade:"):
        head = head.replace(name, b"\nPassed-Over:")
    return head + end + rest


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
        proxy_headers=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=30,  # by those who end it as uvicorn does; see closing.py
    )
    return uvicorn.Server(config)
