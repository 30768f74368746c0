"""The application that the server calls: hot routes directly, everything else through the framework."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog

from baton.api import problems
from baton.api.closing import Closing, interruption, refusal
from baton.api.compat.receipts import head, of_error
from baton.api.exchange import REQUEST_ID, Receive, Scope, Send
from baton.api.spoken import dialect_at
from baton.api.visit import VISIT, Visit
from baton.core.errors import BatonError

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

At = Callable[[Scope], Asgi | None]
"""Who serves a request; None: nobody here."""

_log = structlog.stdlib.get_logger(__name__)


class Front:
    """Sends each request to its route; no mistake of ours leaves the house as anything but a clean 500."""

    def __init__(
        self,
        hot: Mapping[str, Asgi],
        others: Asgi,
        new_id: Callable[[], str],
        closing: Closing,
        below: Mapping[str, At] = MappingProxyType({}),
    ) -> None:
        """For POST requests. `hot`: path → application; `below`: beginning of a path → who knows the one for
        the rest of it."""
        self._hot = hot
        self._below = below
        self._others = others
        self._new_id = new_id
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        route = self._route(scope) if scope["method"] == "POST" else None
        request_id = scope[REQUEST_ID] = self._new_id()
        if self._closing.begun and self._closing.refuses(scope["path"]):
            _turn_away(scope, refusal(), request_id)
            return
        try:
            await (route or self._others)(scope, receive, send)
        except asyncio.CancelledError:
            visit: Visit = scope[VISIT]
            if not self._closing.begun:
                raise
            # The task ends here anyway: raised further, the server would log it as a mistake of ours.
            if not visit.started:
                _turn_away(scope, interruption(), request_id)
            elif not visit.complete:
                visit.abort()
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=scope["path"], request=request_id)
            if scope[VISIT].started:
                raise
            await _apologise(scope, send, request_id)

    def _route(self, scope: Scope) -> Asgi | None:
        path: str = scope["path"]
        route = self._hot.get(path)
        if route is not None:
            return route
        return next((at(scope) for start, at in self._below.items() if path.startswith(start)), None)


def _turn_away(scope: Scope, error: BatonError, request_id: str) -> None:
    """Answer past the application, and end the connection: the next request shall go elsewhere."""
    body, media_type = problems.write(error, dialect_at(scope["path"], scope["headers"]), request_id)
    lines = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    visit: Visit = scope[VISIT]
    visit.close_after()
    shown = b"" if scope["method"] == "HEAD" else body
    visit.answer(error.status, head([*lines, *of_error(error, request_id)]), shown)


async def _apologise(scope: Scope, send: Send, request_id: str) -> None:
    error = BatonError("Baton made a mistake. It has been logged.")
    body, media_type = problems.write(error, dialect_at(scope["path"], scope["headers"]), request_id)
    headers = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        *of_error(error, request_id),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
