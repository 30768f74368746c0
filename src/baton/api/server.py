"""The HTTP server: uvicorn, with bounds for headers and slow clients, and news of a client's leaving.

uvicorn takes header blocks of any size, waits for half-sent requests forever, and lets a handler work on
for a client that has gone. Its protocol class is made to be replaced; this one adds those three things.

A client that ends its own side of the connection has left, as for nginx: whether it still listens cannot be
told from a client that is gone, and the provider would go on being paid for nobody.
"""

import asyncio
import math
import socket
import uuid
from typing import Any, cast
from urllib.parse import unquote

import httptools
import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
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
"""How long a connection may be at rest."""

_ASGI = {"version": "3.0", "spec_version": "2.3"}


class Service(ServerState):
    """What all connections of a server share."""

    leaving = False
    """Whether each is to end with the answer it is given next; `closing.leave` says so."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection, within bounds."""

    def __init__(
        self,
        config: Config,
        server_state: Service,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._service = server_state
        self.url = b""
        self._in_headers = True
        self._in_body = False
        self._began_now = False
        self._header_bytes = 0
        self._raw_bytes = 0
        self._counts = False
        """Whether the headers that come in may be too long, trailers among them."""
        self._news = asyncio.Event()
        """For whoever waits for more of a request; one request after the other, so one does."""
        self._refused = False
        self._heard = False
        self._body_until_s = 0.0
        self._earlier: list[Any] = []
        """Cycles of requests that others were sent behind of before they were answered."""
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._idle_since_s = math.inf
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._read_timer = self.loop.call_later(HEADER_TIMEOUT_S, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        for timer in (self._write_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        latest: Any = self.cycle
        for cycle in (*self._earlier, latest):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
                cycle.scope[VISIT].leave()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._heard = True
            return
        self._began_now = False
        self._counts = self._in_body or self._header_bytes > 0 or len(data) > MAX_HEADER_BYTES
        if self._in_headers and b"pgrade:" in data:
            data = _without_upgrade(data)
        self._idle_since_s = math.inf
        try:
            parser: Any = self.parser
            parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:  # after CONNECT, which no route knows, comes no HTTP
            pass
        if self._refused:
            return
        if self._in_body:
            self._await_body()
        elif self._in_headers and (self._header_bytes or self._at_rest()):
            self._await_headers(len(data))

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        scope: Any = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "headers": self.headers,
            VISIT: Visit(self.linger),
        }
        self.scope = scope
        self._in_headers = self._began_now = True
        self._header_bytes = 1
        self._raw_bytes = 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if self._counts:
            self._header_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._counts:
            self._header_bytes += len(name) + len(value)
            if self._header_bytes > MAX_HEADER_BYTES:
                if not self._refused:
                    self._refuse_headers()
                return
        name = name.lower()
        self.headers.append((name, value))
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse_headers()
            return
        if self._read_timer is not None:
            self._disarm()
        earlier: Any = self.cycle
        self._begin_cycle(self.scope, earlier)
        self._in_headers = False
        self._in_body = True
        self._body_until_s = 0.0
        if earlier is not None and not earlier.response_complete:
            self._earlier = [*self._unanswered(), earlier]
            if len(self.pipeline) < MAX_PIPELINED:
                self.flow.resume_reading()

    def _begin_cycle(self, scope: Any, earlier: Any) -> None:
        """As uvicorn does, without what nobody uses here: WebSockets, a bound of requests, a root path."""
        parser: Any = self.parser
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = _taken_apart(self.url)
        waits = earlier is not None and not earlier.response_complete
        leaving = self._service.leaving
        if leaving and earlier is not None and waits and not earlier.response_started:
            earlier.keep_alive = True  # the end is told with the last of them, or this one would be lost
        cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event() if waits else self._news,
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and not leaving and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self.cycle = cycle
        scope[VISIT].begin(cycle)
        application = cast("Any", self.app)  # pyright: ignore[reportUnknownMemberType]  parts not installed
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, application))
        else:
            self._news.clear()
            self._start_asgi_task(cycle, application)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        scope: Any = cycle.scope
        scope[VISIT].task = task
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """As uvicorn does, but with one timer for a connection instead of one for every pause."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since_s = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(KEEP_ALIVE_S, self._look_if_idle)

    def _look_if_idle(self) -> None:
        """Close a connection that nobody has used for long, or look again when that may be so."""
        left_s = self._idle_since_s + KEEP_ALIVE_S - self.loop.time()
        if left_s <= 0:
            self._idle_timer = None
            self.transport.close()
        else:
            self._idle_timer = self.loop.call_later(min(left_s, KEEP_ALIVE_S), self._look_if_idle)

    def on_body(self, body: bytes) -> None:
        cycle: Any = self.cycle
        if self._refused or cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._in_headers = True
        self._header_bytes = 0
        if self._read_timer is not None:
            self._disarm()
        cycle: Any = self.cycle
        if not (self._refused or cycle.response_complete):
            cycle.more_body = False
            cycle.message_event.set()

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

    def leave(self) -> None:
        """End with the answer that is under way, if its head can still say so; else with the next one.

        A connection at rest stays: its client may just be sending.
        """
        latest: Any = self.cycle
        if latest is not None and not latest.response_started:
            latest.keep_alive = False

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
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _unanswered(self) -> list[Any]:
        return [cycle for cycle in self._earlier if not cycle.response_complete]

    def _await_headers(self, received: int) -> None:
        """A request has begun, or something that is none, and its headers are not complete."""
        if not self._counts:
            self._header_bytes += len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
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
        cycle: Any = self.cycle
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


def _taken_apart(url: bytes) -> tuple[str, bytes, bytes]:
    """A request's path, the same as it was sent, and its query."""
    if url.startswith(b"/") and b"?" not in url and b"%" not in url and b"#" not in url:  # nearly always
        return url.decode("ascii"), url, b""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""


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
    """A server for the application, which `begin` starts."""
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
    )
    server = uvicorn.Server(config)
    server.server_state = Service()
    return server


async def begin(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve from now on whoever connects to a bound socket; `closing.close` ends it.

    uvicorn's own `serve()` would look only ten times a second whether it is to end, and take the signals.
    """
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listening])
