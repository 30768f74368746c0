"""The application that the server calls: hot routes directly, everything else through the framework."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog

from baton.api.exchange import Message, Receive, Scope, Send

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = structlog.stdlib.get_logger(__name__)


class Front:
    """Sends each request to its route; no mistake of ours leaves the house as anything but a clean 500."""

    def __init__(self, hot: Mapping[str, Asgi], others: Asgi, new_id: Callable[[], str]) -> None:
        """`hot`: path → application, for POST requests."""
        self._hot = hot
        self._others = others
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        route = self._hot.get(scope["path"]) if scope["method"] == "POST" else None
        watch = _StartWatch(send)
        try:
            await (route or self._others)(scope, receive, watch)
        except Exception:
            request_id = self._new_id()
            _log.exception("request_failed", method=scope["method"], path=scope["path"], request=request_id)
            if watch.started:
                raise
            await _apologise(send, request_id)


class _StartWatch:
    """Knows whether an answer has begun."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    def __call__(self, message: Message) -> Awaitable[None]:
        self.started = True
        return self._send(message)


async def _apologise(send: Send, request_id: str) -> None:
    error = {
        "message": "Baton made a mistake. It has been logged.",
        "type": "server_error",
        "param": None,
        "code": "internal_error",
    }
    body = msgspec.json.encode({"error": error, "request_id": request_id})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
