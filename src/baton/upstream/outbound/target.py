"""A URL from outside, taken apart strictly: what is odd about it is refused, never guessed."""

import re
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from baton.upstream.outbound import hosts
from baton.upstream.outbound.hosts import Host

MAX_URL_LENGTH = 8192
"""Room for the longest signed links of storage services."""

_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_MAX_PORT = 65535
_SHOWN = 80


class BadUrl(Exception):
    """A text that is no URL to go to; says why, to follow on "the URL"."""


class BadUrlHost(BadUrl):
    """It is one but for its host; `host` is what was written, fit to be shown."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(why)
        self.host = host


class Target(Struct, frozen=True, kw_only=True):
    """Where a URL leads."""

    scheme: str
    """`http` or `https`."""
    host: Host
    port: int
    path: str
    """With the query, without the fragment; as it was written."""

    @property
    def authority(self) -> str:
        """Host and port as the URL writes them; the port only where it is not the scheme's own."""
        name = f"[{self.host}]" if ":" in str(self.host) else str(self.host)
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """Put together anew from what was understood, so that nobody reads another host in it."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def has_usual_port(self) -> bool:
        """Whether files and models are served there; other services live at the other low ports."""
        return self.port in _PORTS.values() or self.port >= 1024


def read(url: str) -> Target:
    """Take a URL apart.

    Raises:
        BadUrl: no URL to go to.
    """
    if len(url) > MAX_URL_LENGTH:
        raise BadUrl(f"is longer than {MAX_URL_LENGTH} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise BadUrl("holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadUrl("is none") from None
    if parts.scheme not in _PORTS:
        raise BadUrl("does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise BadUrl("holds a user name or a password")
    authority = _AUTHORITY.fullmatch(parts.netloc)
    if authority is None:
        raise BadUrl("names no host, or no port, as it should")
    port = int(authority["port"] or _PORTS[parts.scheme])
    if not 0 < port <= _MAX_PORT:
        raise BadUrl("names a port that there is not")
    written = authority["host"]
    try:
        host = hosts.read(written)
    except hosts.BadHost as error:
        raise BadUrlHost(written[:_SHOWN], str(error)) from None
    query = f"?{parts.query}" if parts.query else ""
    return Target(scheme=parts.scheme, host=host, port=port, path=f"{parts.path or '/'}{query}")


def redirected(target: Target, location: str) -> Target:
    """Where an answer of the target's sends on to.

    Raises:
        BadUrl: nowhere, or from https to http.
    """
    try:
        onward = read(urljoin(target.url, location))
    except ValueError:
        raise BadUrl("is none") from None
    if target.scheme == "https" and onward.scheme == "http":
        raise BadUrl("leads from https to http")
    return onward
