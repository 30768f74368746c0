"""What an admin allows besides the public internet: names, addresses, networks, each for all ports or one."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from msgspec import Struct

from baton.upstream.outbound import hosts
from baton.upstream.outbound.addresses import Address, parse

_WITH_PORT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*):(?P<port>[0-9]{1,5})")


class BadAllowance(Exception):
    """A text that allows nothing; says why, to follow on the text."""


class AllowedName(Struct, frozen=True, kw_only=True):
    """A host by its name, wherever that leads."""

    name: str
    below: bool = False
    """Not the name itself, but every name that ends with it, at a dot."""
    port: int | None = None
    """None: all."""

    def covers(self, name: str, port: int) -> bool:
        """Whether the host of this name is meant."""
        if self.port is not None and port != self.port:
            return False
        return name.endswith(f".{self.name}") if self.below else name == self.name


class AllowedNetwork(Struct, frozen=True, kw_only=True):
    """Addresses, whatever names lead to them; a single one is a network of one."""

    network: IPv4Network | IPv6Network
    port: int | None = None
    """None: all."""

    def covers(self, address: Address, port: int) -> bool:
        """Whether the address lies within."""
        if self.port is not None and port != self.port:
            return False
        return address in self.network


Allowance = AllowedName | AllowedNetwork


def read(text: str) -> Allowance:
    """What one entry allows: a name, all below one (`*.corp.example`), an address, a network, `host:port`.

    Raises:
        BadAllowance: nothing.
    """
    port: int | None = None
    host = text.strip()
    if (parts := _WITH_PORT.fullmatch(host)) is not None:
        host, port = parts["host"], int(parts["port"])
        if not 0 < port < 1 << 16:
            raise BadAllowance("names a port that there is not")
    if "/" in host:
        return AllowedNetwork(network=_network(host), port=port)
    address = parse(host) if ":" in host and "%" not in host else None
    below = host.startswith("*.")
    try:
        meant = address or hosts.read(host[2:] if below else host)
    except hosts.BadHost:
        raise BadAllowance("is no host, e.g. files.example.com, *.example.com, 10.0.0.5:8080") from None
    if isinstance(meant, str):
        return AllowedName(name=meant, below=below, port=port)
    if below:
        raise BadAllowance("is no host: a network is written as 10.0.0.0/8")
    return AllowedNetwork(network=ip_network(meant), port=port)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        if "//" not in text and "host bits" in str(error):
            raise BadAllowance(f"is no network; did you mean {ip_network(text, strict=False)}?") from None
        raise BadAllowance("is neither a host nor a network: write it without scheme and path") from None
