"""By which way a fetch leaves the house: straight, or by the proxy that is configured for all traffic."""

import socket
import ssl
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec.structs import replace

from baton.upstream.http import HttpSettings, tls_context
from baton.upstream.outbound.addresses import Address
from baton.upstream.outbound.target import Target

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class Exits:
    """Knows the proxies, and makes the connectors."""

    def __init__(self, settings: HttpSettings, tls: ssl.SSLContext) -> None:
        """`tls`: what providers are reached with; reading every authority again would take 20 ms."""
        self._settings = settings
        # The client certificate says who we are. That is for providers, not for whoever wrote a URL.
        ours = settings.client_certificate is not None
        self._tls = tls_context(replace(settings, client_certificate=None)) if ours else tls

    def proxy(self, target: Target) -> str | None:
        """The proxy for it; None: it is gone to straight."""
        settings = self._settings
        proxy = settings.https_proxy if target.scheme == "https" else settings.http_proxy
        return None if proxy is None or _goes_direct(str(target.host), settings.no_proxy) else proxy

    def to(self, addresses: Sequence[Address]) -> aiohttp.TCPConnector:
        """Connects to these addresses, and to no other that a name may have by now."""
        return self._connector(_Pinned(addresses))

    def to_proxy(self) -> aiohttp.TCPConnector:
        """Connects to wherever the proxy is."""
        return self._connector(None)

    def _connector(self, resolver: AbstractResolver | None) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, ssl=self._tls)


class _Pinned(AbstractResolver):
    """Knows one name, and its addresses."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=_FAMILIES[address.version],
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
            if family in (socket.AF_UNSPEC, _FAMILIES[address.version])
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _goes_direct(host: str, no_proxy: str) -> bool:
    """Whether `NO_PROXY` names the host: exactly, as a suffix at a dot, or by `*`."""
    names = [name.strip().lstrip(".").lower() for name in no_proxy.split(",")]
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names if name)
