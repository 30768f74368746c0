"""How bytes travel to a provider and back: the interface behind which the pooled HTTP client stands."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct


class Deadlines(Struct, frozen=True, kw_only=True):
    """Seconds that each stage of one call may take; None: no limit of its own."""

    connect_s: float | None = 5.0
    first_byte_s: float | None = 60.0
    """From the request sent to the answer's headers."""
    idle_s: float | None = 20.0
    """Between two chunks of the answer's body."""
    total_s: float | None = 600.0
    quiet_s: float | None = 60.0
    """On a stream, while bytes come but no event: pings only."""


class UpstreamRequest(Struct, frozen=True, kw_only=True):
    """One HTTP request to a provider, ready to send."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


class UpstreamResponse(Protocol):
    """One HTTP answer. Whoever got it closes it."""

    status: int
    headers: Mapping[str, str]
    """Names are looked up without regard to case."""

    async def read(self, limit: int) -> bytes:
        """The whole body, decompressed.

        Raises:
            AttemptFailed: TIMEOUT, CONNECT (cut off), or MALFORMED where it is longer than `limit` bytes.
        """
        ...

    def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it arrives, decompressed, `limit` bytes at most; never an empty chunk.

        Raises:
            AttemptFailed: as `read`.
        """
        ...

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else close the socket at once."""
        ...


class Transport(Protocol):
    """Sends requests to providers."""

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> UpstreamResponse:
        """Send one request and wait for the answer's status and headers.

        Cancelling the caller closes the socket.

        Raises:
            AttemptFailed: CONNECT or TIMEOUT.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
