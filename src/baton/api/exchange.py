"""One HTTP exchange on a hot route: headers read once, a body within bounds, an answer past ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from baton.api.options import HEADER
from baton.api.visit import VISIT, Outlet, Visit
from baton.core.errors import Invalid, TooLarge
from baton.upstream.dialects.google.codec import VERBS
from baton.upstream.dialects.registry import HEADERS

REQUEST_ID = "baton.request_id"
"""Where a scope holds the id that its answer, its log line and its interaction carry."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_OPTION = HEADER.encode()
_ASKED = tuple(name.encode() for name in HEADERS.asked)
_WITHHELD = frozenset(name.encode() for name in HEADERS.withheld)
_KEYS = frozenset(name.encode() for name in HEADERS.key)
_KEY_IN_QUERY = "/v1beta/"
"""Below this path a key may stand in the query string, and at the verbs of its dialect elsewhere: that
dialect's own clients put it there."""

_NOT_READ = frozenset({b"host", b"user-agent", b"accept", b"accept-encoding", b"connection", b"content-type"})
"""What nearly every request has and nothing here looks at; the loop is quicker for it."""

_ONCE = b"idempotency-key"
_JSON = b"application/json"
_STREAM = b"cache-control: no-cache, no-transform\r\nx-accel-buffering: no\r\n"


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_receive",
        "announced",
        "once",
        "options",
        "outlet",
        "passed",
        "path",
        "presented",
        "scope",
        "standing",
        "started",
        "told",
        "visit",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self._receive = receive
        self.visit: Visit = scope[VISIT]
        self.outlet: Outlet = self.visit
        """Where answers go: to the client, or to somebody who writes them down first."""
        self.standing: Callable[[], bytes] | None = None
        """Further header lines of every answer, made when it leaves: what the caller may still ask for."""
        self.presented: str | None = None
        """The key as it was sent."""
        self.options: dict[str, str] = {}
        """The `x-baton-*` headers, without the prefix."""
        self.passed: dict[str, str] = {}
        """Headers that a provider of the same dialect may see."""
        self.announced: int | None = None
        """The announced length of the body."""
        self.once: bytes | None = None
        """The `Idempotency-Key`, as it was sent."""
        self.started = False
        """Whether the answer's headers have left."""
        self.told = False
        """Whether a stream has brought the model's answer to its end; nothing may be said against it then."""
        for name, value in scope["headers"]:
            if name in _NOT_READ:
                continue
            if name.startswith(_OPTION):
                option, text = name[len(_OPTION) :].decode("latin-1"), value.decode("latin-1")
                said = self.options.get(option)
                # Lines of one name are one list (RFC 9110, section 5.3): none of them is passed over.
                self.options[option] = text if said is None else f"{said}, {text}"
            elif name == b"authorization":
                self.presented = _bearer(value) or self.presented
            elif name.startswith(_ASKED) and name not in _WITHHELD:
                self.passed[name.decode("latin-1")] = value.decode("latin-1")
            elif name in _KEYS and self.presented is None:
                self.presented = value.decode("latin-1").strip() or None
            elif name == b"content-length":
                self.announced = int(value) if value.isdigit() else None
            elif name == _ONCE:
                self.once = value
        if self.presented is None and (self.path.startswith(_KEY_IN_QUERY) or self.path.endswith(VERBS)):
            self.presented = _key_in(scope["query_string"])

    def header(self, name: bytes) -> str | None:
        """A header of the request, by its lower-case name."""
        for known, value in self.scope["headers"]:
            if known == name:
                return value.decode("latin-1")
        return None

    def whole_body(self, limit: int) -> bytes | None:
        """The body where all of it has come; None: it has to be waited for.

        Raises:
            TooLarge: more than `limit` bytes.
        """
        if self.announced is not None and self.announced > limit:
            raise _too_large(limit)
        whole = self.visit.take_body()
        if whole is not None and len(whole) > limit:
            raise _too_large(limit)
        return whole

    async def body(self, limit: int) -> bytes:
        """The whole body; how long it may take is the server's business.

        Raises:
            TooLarge: more than `limit` bytes.
            Invalid: the client left before its end.
        """
        whole = self.whole_body(limit)
        if whole is not None:
            return whole
        message = await self._receive()
        if not message.get("more_body"):
            return _content(message, limit)
        parts = [_content(message, limit)]
        size = len(parts[0])
        while message.get("more_body"):
            message = await self._receive()
            parts.append(_content(message, limit))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
        return b"".join(parts)

    def answer(
        self, status: int, body: bytes, head: bytes = b"", *, kind: bytes = _JSON, close: bool = False
    ) -> None:
        """A whole answer; `head` holds further header lines, `kind` is its media type."""
        self.started = True
        lines = b"content-type: %b\r\ncontent-length: %d\r\n" % (kind, len(body))
        if close:
            self.outlet.close_after()
        if self.standing is not None:
            head += self.standing()
        self.outlet.answer(status, lines + head, body)

    def begin_stream(self, media_type: str, head: bytes, opening: bytes = b"") -> None:
        """Status and headers of a stream; `head` holds further header lines, `opening` its first bytes."""
        self.started = True
        if self.standing is not None:
            head += self.standing()
        self.outlet.begin_stream(b"content-type: %b\r\n" % media_type.encode() + _STREAM + head)
        if opening:
            self.outlet.put(opening)


def _bearer(value: bytes) -> str | None:
    scheme, _, key = value.decode("latin-1").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _key_in(query: bytes) -> str | None:
    found = parse_qs(query.decode("latin-1")).get("key")
    return found[0].strip() or None if found else None


def _content(message: Message, limit: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise Invalid("The client left before its request was complete.")
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request's body is longer than {limit} bytes.")
