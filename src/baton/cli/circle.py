"""Providers whose address is Baton's own: each request to one would come back as the next, without end.

It happens easily, because the SDKs read their base URL from the very variables that name a provider's address
here: `OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`.
"""

import ipaddress
from urllib.parse import urlsplit

from baton.cli.stop import MISUSED, Stop
from baton.settings import Settings
from baton.upstream.directory import Directory, Provider, declared

_PORTS = {"http": 80, "https": 443}
_LOCAL, _LOOPBACK = "localhost", "127.0.0.1"


def circular(settings: Settings) -> list[Provider]:
    """The configured providers whose address leads to where Baton itself listens, or is about to."""
    if settings.port == 0:  # nobody can know it beforehand
        return []
    return [each for each in Directory(declared(), settings.providers) if _leads_here(each, settings)]


def refuse_circles(settings: Settings) -> None:
    """Stop before a request could go round in a circle."""
    lines = [
        f"  {each.name}: {each.base_url} is where this Baton itself listens; unset "
        f"{each.name.upper()}_BASE_URL (SDKs read the same variable: set it for them alone)"
        for each in circular(settings)
    ]
    if lines:
        raise Stop("\n".join(["a provider cannot be Baton itself:", *lines]), MISUSED)


def _leads_here(provider: Provider, settings: Settings) -> bool:
    if not provider.configured:
        return False
    address = urlsplit(provider.base_url)
    try:
        port = address.port or _PORTS.get(address.scheme)
    except ValueError:  # no port at all; what asks it says so
        return False
    return port == settings.port and _same((address.hostname or "").lower(), settings.host.lower())


def _same(host: str, own: str) -> bool:
    """Whether who asks `host` reaches who listens at `own`."""
    if host == own:
        return True
    there, here = _address(host), _address(own)
    if here is None:
        return False
    if here.is_unspecified:
        return there is not None and (there.is_loopback or there.is_unspecified)
    # Each loopback address is one of its own, but for the name of the usual one, and what means "here".
    return here == there or (
        here.is_loopback and (host == _LOCAL or (there is not None and there.is_unspecified))
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, or that its well-known name stands for."""
    try:
        return ipaddress.ip_address(_LOOPBACK if host == _LOCAL else host)
    except ValueError:
        return None
