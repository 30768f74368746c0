"""Which IP addresses belong to everybody's internet, and which to somebody's own network.

The tables are the special-purpose registries of IANA, written out here because what Python's `ipaddress`
knows of them differs from release to release.
Source: iana.org/assignments/iana-ipv4-special-registry, iana.org/assignments/iana-ipv6-special-registry.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a carrier's customers
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # public by its number, but a cloud's own service to each of its machines
            "169.254.0.0/16",  # link-local, the clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, given up
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)

_GLOBAL_6 = IPv6Network("2000::/3")
"""Global unicast. Outside it lie loopback, link-local and unique local addresses, mapped IPv4, multicast …"""

_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: holds any IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""How networks without IPv4 write an IPv4 address (RFC 6052): the last 32 bits."""


def is_public(address: Address) -> bool:
    """Whether the address can be reached by everybody, so that going there gives nobody a way into a network.

    IPv6 addresses that hold an IPv4 one are not, but for translated ones (NAT64) of a public address:
    networks without IPv4 see all of the IPv4 internet in that form.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    if address in _TRANSLATED:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


def parse(text: str) -> Address | None:
    """The address that the text is in its usual form, without brackets; None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
