"""Where somebody comes from."""

import pytest

from baton.access.signin.network import network


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_stands_for_its_network(address: str, same: str) -> None:
    """IPv4 for itself, however it is written; IPv6 for the /64 out of which anybody can take addresses."""
    assert network(address) == same
