"""The pooled HTTP client behind the transport's interface, on aiohttp.

aiohttp retries a dead kept-alive connection only for idempotent methods. A model call is a POST, so the
retry stands here: a reused connection that dies before the first byte of an answer is no failure of the
provider, and the request is sent again, once, on a fresh one.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from msgspec import Struct
from yarl import URL

from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.inflation import inflated, too_long
from baton.upstream.transport import Deadlines, UpstreamRequest, UpstreamResponse

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""The longest answer taken from a provider, decompressed: room for images as base64, a bound for bombs."""

_KEEP_ALIVE_S = 55.0
"""How long an idle connection is kept: below the 60 s at which common load balancers drop theirs."""

_LONG_BODY_BYTES = 512 * 1024


class HttpSettings(Struct, frozen=True, kw_only=True):
    """How to get out of the house."""

    https_proxy: str | None = None
    http_proxy: str | None = None
    no_proxy: str = ""
    ca_file: str | None = None
    """Further certificate authorities (PEM), besides the system's."""
    client_certificate: str | None = None
    """A PEM file with certificate and key, where a proxy or provider wants one."""


class _Flight:
    """What became of one sending."""

    __slots__ = ("reused", "used")

    def __init__(self, used: WeakSet[ResponseHandler]) -> None:
        self.used = used
        """Connections that have carried a request before."""
        self.reused = False


_flight: ContextVar[_Flight] = ContextVar("baton-flight")


class _Request(aiohttp.ClientRequest):
    """Notes whether its connection has carried a request before."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        protocol = conn.protocol
        if protocol is not None:
            flight = _flight.get()
            flight.reused = protocol in flight.used
            flight.used.add(protocol)
        return await super().send(conn)


class HttpTransport:
    """Real HTTP to providers; one pool of connections for each of their addresses."""

    def __init__(self, settings: HttpSettings, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEEP_ALIVE_S, ttl_dns_cache=30, ssl=self._tls
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            request_class=_Request,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> UpstreamResponse:
        """Send one request and wait for status and headers.

        Raises:
            AttemptFailed: CONNECT or TIMEOUT, or MALFORMED where the answer is no HTTP.
        """
        flight = _Flight(self._used)
        _flight.set(flight)
        try:
            return await self._send(request, deadlines)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not flight.reused or isinstance(error, aiohttp.ClientConnectorError):
                raise AttemptFailed(_failure_of(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise AttemptFailed(_failure_of(error)) from error
        try:
            return await self._send(request, deadlines)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise AttemptFailed(_failure_of(error)) from error

    async def _send(self, request: UpstreamRequest, deadlines: Deadlines) -> "HttpResponse":
        if self._session is None:
            raise AttemptFailed(Failure(kind=Kind.CONNECT, message="The HTTP client is not open."))
        async with asyncio.timeout(_head_s(deadlines)):
            response = await self._session.request(
                request.method,
                _url(request.url),
                data=_payload(request.body),
                headers=request.headers,
                allow_redirects=False,
                timeout=_timeout(deadlines),
                proxy=self._proxy(request.url),
            )
        return HttpResponse(response, deadlines)

    def _proxy(self, url: str) -> str | None:
        settings = self._settings
        if settings.https_proxy is None and settings.http_proxy is None:
            return None
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._proxies:
            proxy = settings.https_proxy if parts.scheme == "https" else settings.http_proxy
            self._proxies[origin] = None if _goes_direct(parts.hostname or "", settings.no_proxy) else proxy
        return self._proxies[origin]


def _goes_direct(host: str, no_proxy: str) -> bool:
    """Whether `NO_PROXY` names the host: exactly, as a suffix at a dot, or by `*`."""
    names = [name.strip().lstrip(".").lower() for name in no_proxy.split(",")]
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names if name)


def _payload(body: bytes) -> bytes | BytesIO:
    """aiohttp wants to be given long bodies as a file, so that it writes them piece by piece."""
    return body if len(body) < _LONG_BODY_BYTES else BytesIO(body)


_url = lru_cache(maxsize=1024)(URL)


def _head_s(deadlines: Deadlines) -> float | None:
    """How long the answer's head may take in all; aiohttp's own limit begins anew with every byte of it."""
    if deadlines.first_byte_s is None:
        return None
    return deadlines.first_byte_s + (deadlines.connect_s or 0.0)


@lru_cache(maxsize=256)
def _timeout(deadlines: Deadlines) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=deadlines.total_s,
        sock_connect=deadlines.connect_s,
        sock_read=deadlines.first_byte_s,
        ceil_threshold=float("inf"),
    )


def tls_context(settings: HttpSettings) -> ssl.SSLContext:
    """Whom to trust: the system's authorities and the configured one; and who we are, where that is asked."""
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    if settings.client_certificate is not None:
        context.load_cert_chain(settings.client_certificate)
    return context


class HttpResponse:
    """One answer of a provider, decompressed within bounds."""

    def __init__(self, response: aiohttp.ClientResponse, deadlines: Deadlines) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        connection = response.connection  # None: the whole answer is here already
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = deadlines.idle_s
            connection.protocol.start_timeout()  # what runs is still the limit for the first byte

    async def read(self, limit: int = MAX_ANSWER_BYTES) -> bytes:
        """The whole body.

        Raises:
            AttemptFailed: TIMEOUT, CONNECT where it is cut off, MALFORMED where it is too long.
        """
        length = self._response.content_length
        if length is not None and length > limit:
            raise too_long(limit)
        if length is not None and "content-encoding" not in self.headers:
            try:
                return await self._response.content.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise AttemptFailed(_failure_of(error)) from error
        body = bytearray()
        async for chunk in self.chunks(limit):
            body += chunk
        return bytes(body)

    async def chunks(self, limit: int = MAX_ANSWER_BYTES) -> AsyncIterator[bytes]:
        """The body as it arrives, `limit` bytes at most.

        Raises:
            AttemptFailed: as `read`.
        """
        encoding = self.headers.get("content-encoding", "identity")
        if encoding != "identity":
            async for piece in inflated(self._next_piece, encoding, limit):
                yield piece
            return
        left = limit
        while piece := await self._next_piece():
            left -= len(piece)
            if left < 0:
                raise too_long(limit)
            yield piece

    async def _next_piece(self) -> bytes:
        """What has come of the body; empty at its end."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AttemptFailed(_failure_of(error)) from error

    async def close(self) -> None:
        """Give the connection back if the answer was read to its end, else close the socket."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


def _failure_of(error: Exception) -> Failure:
    """Which kind of failure the client's error means; addresses are named, contents are not."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return Failure(kind=Kind.TIMEOUT, message="The provider did not accept a connection in time.")
        case aiohttp.SocketTimeoutError() | aiohttp.ServerTimeoutError() | TimeoutError():
            return Failure(kind=Kind.TIMEOUT, message="The provider did not answer in time.", billed=True)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Failure(kind=Kind.CONNECT, message="The provider's certificate was not accepted.")
        case aiohttp.ClientConnectorDNSError():
            return Failure(kind=Kind.CONNECT, message="The provider's host name could not be resolved.")
        case aiohttp.ClientConnectorError():
            return Failure(kind=Kind.CONNECT, message="No connection to the provider could be made.")
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            message = "The provider closed the connection before its end."
            billed = isinstance(error, aiohttp.ClientPayloadError)
            return Failure(kind=Kind.CONNECT, message=message, billed=billed)
        case aiohttp.InvalidURL() | ValueError():
            return Failure(kind=Kind.CONNECT, message="The provider's address is not a URL.")
        case aiohttp.ClientError():
            return Failure(kind=Kind.MALFORMED, message="The provider's answer is not HTTP as it should be.")
        case _:
            return Failure(kind=Kind.CONNECT, message="The connection to the provider failed.")
