"""Fetches a file that a request names by its URL: within bounds, and only from where that is allowed.

The house's own clients (`http.py`, `direct.py`) look names up by themselves and keep connections for the next
call. Here a connection must go to an address that was judged, once: aiohttp lets us say which.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from msgspec import Struct
from yarl import URL

from baton.core.errors import AttemptFailed, Invalid
from baton.upstream.inflation import inflated
from baton.upstream.outbound import media, target
from baton.upstream.outbound.exits import Exits
from baton.upstream.outbound.guard import Admitted, Guard, refuse
from baton.upstream.outbound.resolver import Resolver, SystemResolver
from baton.upstream.outbound.target import BadUrl, Target

NOT_FETCHED = "url_not_fetched"
"""The code where a URL may be gone to, but nothing of use comes of it."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"user-agent": "Baton", "accept-encoding": "identity"}


class FetchLimits(Struct, frozen=True, kw_only=True):
    """How much one fetch may take."""

    max_bytes: int = 20 * 1024 * 1024
    """Of the file, as it comes and decompressed: what a request's own body may be."""
    connect_s: float = 5.0
    total_s: float = 10.0
    """For everything: waiting for others, look-ups, redirects, the last byte."""
    redirects: int = 3
    at_once: int = 32
    """Fetches under way; more wait. Bounds the memory that files take."""


class Fetched(Struct, frozen=True, kw_only=True):
    """A file."""

    media_type: str
    """Lower case, without parameters."""
    data: bytes


@asynccontextmanager
async def open_fetcher(
    guard: Guard, exits: Exits, limits: FetchLimits | None = None
) -> AsyncGenerator["Fetcher"]:
    """A fetcher that looks names up as this machine does."""
    async with SystemResolver() as resolver:
        yield Fetcher(guard, resolver, exits, limits or FetchLimits())


class Fetcher:
    """Fetches files from URLs that came from outside."""

    def __init__(self, guard: Guard, resolver: Resolver, exits: Exits, limits: FetchLimits) -> None:
        self._guard = guard
        self._resolver = resolver
        self._exits = exits
        self._limits = limits
        self._places = asyncio.Semaphore(limits.at_once)

    async def check(self, url: str, param: str | None = None) -> None:
        """Whether Baton may go there, by the same rules; nothing is connected.

        A name may lead elsewhere tomorrow: this is for an early answer to whoever enters a URL.

        Raises:
            Invalid: it may not; `param` is the field the URL stands in.
        """
        try:
            async with asyncio.timeout(self._limits.total_s):
                await self._guard.admit(url, self._resolver, param)
        except TimeoutError:
            raise _failed(f"its host was not found within {self._limits.total_s:g} s", param) from None

    async def fetch(
        self, url: str, param: str | None = None, accepted: tuple[str, ...] = media.ANY_MEDIA
    ) -> Fetched:
        """Fetch a file of one of the accepted media types (`image/png`, `image/*`).

        Raises:
            Invalid: it may not be fetched, or could not be; `param` is the field the URL stands in.
        """
        try:
            async with asyncio.timeout(self._limits.total_s), self._places:
                return await self._follow(url, param, accepted)
        except TimeoutError:
            raise _failed(f"it did not come within {self._limits.total_s:g} s", param) from None

    async def _follow(self, url: str, param: str | None, accepted: tuple[str, ...]) -> Fetched:
        """Go where the URL leads, and where that leads."""
        admitted = await self._guard.admit(url, self._resolver, param)
        for _ in range(self._limits.redirects + 1):
            try:
                answer = await self._ask(admitted, accepted)
            except BadUrl as error:
                refuse(error, param)
            except _Failed as error:
                raise _failed(str(error), param) from error
            if isinstance(answer, Fetched):
                return answer
            admitted = await self._guard.admit_target(answer, self._resolver, param)
        raise _failed(f"it was redirected more than {self._limits.redirects} times", param)

    async def _ask(self, admitted: Admitted, accepted: tuple[str, ...]) -> Fetched | Target:
        """One request: the file, or where it is said to be.

        Raises:
            BadUrl: it is said to be nowhere.
            _Failed: anything else.
        """
        wanted = admitted.target
        try:
            async with (
                await self._session(admitted) as session,
                session.get(
                    URL(wanted.url, encoded=wanted.url.isascii()),
                    headers={**_HEADERS, "accept": ", ".join(accepted)},
                    proxy=self._exits.proxy(wanted),
                    allow_redirects=False,
                ) as response,
            ):
                location = response.headers.get("location")
                if response.status in _REDIRECTS and location is not None:
                    return target.redirected(wanted, location)
                return await self._file(response, accepted)
        except AttemptFailed:
            size = _size(self._limits.max_bytes)
            raise _Failed(f"it is not compressed as it says, or longer than {size}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _Failed(_reason(error)) from error

    async def _session(self, admitted: Admitted) -> aiohttp.ClientSession:
        """A client for one request: no cookies, no credentials, nothing of the environment."""
        host = admitted.target.host
        if self._exits.proxy(admitted.target) is not None:
            connector = self._exits.to_proxy()
        else:
            addresses = admitted.addresses
            if not addresses and isinstance(host, str):  # allowed by its name
                addresses = await self._resolver.resolve(host)
            if not addresses:
                raise _Failed("its host has no address")
            connector = self._exits.to(addresses)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect_s),
        )

    async def _file(self, response: aiohttp.ClientResponse, accepted: tuple[str, ...]) -> Fetched:
        if response.status != 200:
            raise _Failed(f"the server answered with status {response.status}")
        kind = media.stated(response.headers.get("content-type", ""))
        if kind and not media.is_among(kind, accepted):
            raise _Failed(f"it is of type {kind}, not {' or '.join(accepted)}")
        data = await self._body(response)
        kind = kind or media.seen(data)
        if not media.is_among(kind, accepted):
            raise _Failed(f"it does not say what it is; it must be {' or '.join(accepted)}")
        return Fetched(media_type=kind, data=data)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._limits.max_bytes
        if (response.content_length or 0) > limit:
            raise _Failed(f"it is longer than {_size(limit)}")
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding != "identity":  # not asked for, but storage services send what they were given
            pieces = [piece async for piece in inflated(response.content.readany, encoding, limit)]
            return b"".join(pieces)
        body = bytearray()
        while piece := await response.content.readany():
            body += piece
            if len(body) > limit:
                raise _Failed(f"it is longer than {_size(limit)}")
        return bytes(body)


class _Failed(Exception):
    """Nothing of use came; says why, to follow on "the file could not be fetched"."""


def _failed(why: str, param: str | None) -> Invalid:
    return Invalid(f"The file at the URL could not be fetched: {why}.", code=NOT_FETCHED, param=param)


def _size(length: int) -> str:
    return f"{length / (1 << 20):g} MiB" if length >= 1 << 20 else f"{length} bytes"


def _reason(error: Exception) -> str:
    """What the client's error means; addresses and headers stay untold."""
    match error:
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            return "the proxy did not let it through"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "the server's certificate was not accepted"
        case aiohttp.ServerTimeoutError() | aiohttp.ClientConnectorError() | TimeoutError():
            return "no connection to its server could be made"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "the connection broke off before its end"
        case _:
            return "its server does not speak HTTP as it should"
