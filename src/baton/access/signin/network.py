"""Where somebody comes from, as far as failures are counted by it."""

import ipaddress

_IPV6_PREFIX = 64
"""What one household or one machine is given at least (RFC 6177): its single addresses say nothing."""


def network(address: str) -> str:
    """The address, or the /64 of one of IPv6; what is no address stands for itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(found), _IPV6_PREFIX), strict=False))
    return str(found)
