"""Where a request comes from, and how this Baton is seen from there."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog
from starlette.requests import HTTPConnection

from baton.access.signin.entities import Visitor
from baton.api.auth.cookies import DEVICE, cookie_name
from baton.core.errors import Forbidden

UNKNOWN = "unknown"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Outside:
    """What lies between browsers and this Baton: what forwarded headers say counts only from proxies that
    were named, as anybody could send them."""

    def __init__(self, proxies: Sequence[str] = (), public_url: str | None = None) -> None:
        """`proxies`: addresses or networks of those who may speak for others; `public_url`: where browsers
        find this Baton, if not where it listens.

        Raises:
            ValueError: a proxy is neither an address nor a network.
        """
        self._proxies = tuple(ipaddress.ip_network(each, strict=False) for each in proxies)
        self.public_url = None if public_url is None else public_url.rstrip("/")
        self._said = False

    def address(self, request: HTTPConnection) -> str:
        """Who asks: the last one on the way that is not a named proxy."""
        peer = request.client.host if request.client else UNKNOWN
        way = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",") if each.strip()]
        if way and not self._proxies and not self._said:
            self._said = True  # once: whoever sends the header could fill the log
            _log.warning(
                "proxy_not_trusted",
                effect="all behind it are one address, also where failures are counted",
                fix="name the proxy in BATON_TRUSTED_PROXIES, if there is one",
            )
        while way and self._speaks_for_others(peer):
            peer = way.pop()
        return peer

    def https(self, request: HTTPConnection) -> bool:
        """Whether the browser asks over TLS, as far as that can be known."""
        if self.public_url is not None:
            return self.public_url.startswith("https:")
        peer = request.client.host if request.client else UNKNOWN
        if self._speaks_for_others(peer):
            return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        return request.url.scheme == "https"

    def visitor(self, request: HTTPConnection) -> Visitor:
        """The request's sender, as signing in sees them."""
        return Visitor(
            address=self.address(request),
            agent=request.headers.get("user-agent", ""),
            device=request.cookies.get(cookie_name(DEVICE, secure=self.https(request))),
        )

    def url(self, request: HTTPConnection) -> str:
        """Where browsers find this Baton, without a slash at its end."""
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def require_own_page(self, request: HTTPConnection) -> None:
        """Let nothing by that a page of somebody else has sent.

        Browsers say where a request comes from (`Sec-Fetch-Site`, and where that is not sent, as over plain
        HTTP, `Origin`); what says neither is no browser.

        Raises:
            Forbidden: another page sent it; code `foreign_page`.
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            good = site in ("same-origin", "none")
        elif origin is not None:
            own = {request.headers.get("host", ""), urlsplit(self.public_url or "").netloc}
            good = urlsplit(origin).netloc in own - {""}
        else:
            good = True
        if not good:
            raise Forbidden("This was sent by a page of another site.", code="foreign_page")

    def _speaks_for_others(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in each for each in self._proxies)
