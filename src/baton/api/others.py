"""Everything but the hot routes: one border around the framework, the same for each of its routes.

The framework would read bodies of any length, answer errors in a shape of its own, and know no request id.
"""

import re
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from baton.api import problems
from baton.api.absent import absence
from baton.api.compat.receipts import of_error
from baton.api.exchange import REQUEST_ID, Exchange, Message, Receive, Scope, Send
from baton.api.spoken import dialect_at
from baton.core.errors import BatonError, Invalid, NotFound, NotJson
from baton.upstream.dialects.wire import UNREADABLE

_OWN = "/api/"
"""Below it stand Baton's own routes, which take JSON and nothing else."""

_FILES = re.compile(r"/api/projects/[^/]+/documents")
"""Where a body is a file."""

_BODIES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_log = structlog.stdlib.get_logger(__name__)


class Border:
    """Gives each request its id and its whole body, and answers whatever goes wrong inside."""

    def __init__(self, framework: FastAPI, max_body_bytes: int) -> None:
        self._framework = framework
        self._max_body_bytes = max_body_bytes
        framework.add_exception_handler(BatonError, _refused)
        framework.add_exception_handler(RequestValidationError, _refused)
        framework.add_exception_handler(HTTPException, _refused)
        framework.add_exception_handler(Exception, _refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope[REQUEST_ID]
        stamped = _Stamped(send, request_id)
        exchange = Exchange(scope, receive)
        try:
            if scope["method"] in _BODIES:
                body = await exchange.body(self._max_body_bytes)
                if body and exchange.path.startswith(_OWN) and not _FILES.fullmatch(exchange.path):
                    _require_json(exchange)
                    _check_text(body)
                receive = _Replay(body, receive)
            await self._framework(scope, receive, stamped)
        except BatonError as error:
            response = _answer(error, scope, request_id)
            if error.status == 413:
                response.headers["connection"] = "close"
            await response(scope, receive, stamped)
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=exchange.path, request=request_id)
            if (
                not stamped.ended
            ):  # the framework answers, then lets us know; here it had begun something else
                raise


class _Stamped:
    """Puts the request's id on the answer, and knows whether it is complete."""

    __slots__ = ("_id", "_send", "ended")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._id = request_id.encode()
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            if not any(name == b"x-request-id" for name, _ in headers):
                message["headers"] = [*headers, (b"x-request-id", self._id)]
        await self._send(message)
        if message["type"] == "http.response.body":
            self.ended = not message.get("more_body", False)


class _Replay:
    """Gives the body that was read before, then what comes after it."""

    __slots__ = ("_body", "_receive")

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return await self._receive()
        return {"type": "http.request", "body": body, "more_body": False}


def _check_text(body: bytes) -> None:
    """Half a surrogate pair can be written as an escape, is accepted by many parsers, and is no text."""
    if b"\\ud" not in body.lower():
        return
    try:
        msgspec.json.decode(body)
    except UNREADABLE as error:
        raise Invalid(f"The body is not valid JSON: {error}.", code="invalid_json") from None


def _require_json(exchange: Exchange) -> None:
    """Refuse a body that does not say it is JSON.

    Raises:
        NotJson: it says something else, or nothing.
    """
    media = (exchange.header(b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise NotJson("Send JSON, with the header `Content-Type: application/json`.")


async def _refused(request: Request, error: Exception) -> Response:
    """What the framework's own refusals, and ours, look like from outside."""
    headers: dict[str, str] = {}
    if isinstance(error, RequestValidationError):
        known: BatonError = _invalid(error)
    elif isinstance(error, HTTPException):
        known = _http(request, error, headers)
    elif isinstance(error, BatonError):
        known = error
    else:
        known = BatonError("Baton made a mistake. It has been logged.")
    response = _answer(known, request.scope, request.scope[REQUEST_ID])
    response.headers.update(headers)
    return response


def _answer(error: BatonError, scope: Scope, request_id: str) -> Response:
    dialect = dialect_at(scope["path"], scope["headers"])
    body, media_type = problems.write(error, dialect, request_id)
    response = Response(body, error.status, media_type=media_type.decode())
    for name, value in of_error(error, request_id):
        if name != b"x-request-id":
            response.headers[name.decode()] = value.decode()
    return response


def _invalid(error: RequestValidationError) -> BatonError:
    """Every wrong field; the first step of a place (body, query, path) is left out, people know it."""
    details: list[dict[str, Any]] = [dict(detail) for detail in error.errors()]
    for detail in details:
        if detail["type"] == "json_invalid":
            why = detail.get("ctx", {}).get("error", "it ends too early")
            return Invalid(f"The body is not valid JSON: {why}.", code="invalid_json")
        detail["loc"] = detail["loc"][1:]
    return problems.mistakes(details)


def _http(request: Request, error: HTTPException, headers: dict[str, str]) -> BatonError:
    """404 and 405 of the router."""
    path, method = request.url.path, request.method
    if error.status_code == 405:
        allowed = sorted(_methods(request) - {method})
        headers["allow"] = ", ".join(allowed)
        known = BatonError(
            f"{path} answers {' and '.join(allowed)}, not {method}.", code="method_not_allowed"
        )
    elif error.status_code == 404:
        return NotFound(absence(path) or f"There is no route {path}.", code="no_such_route")
    else:
        known = BatonError(str(error.detail), code="invalid_request")
    known.status = error.status_code
    return known


def _methods(request: Request) -> set[str]:
    """Everything that some route at this path answers."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods
    return found
