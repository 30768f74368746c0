"""What an admin may allow, and what that covers."""

from ipaddress import ip_address

import pytest

from baton.upstream.outbound import allowance
from baton.upstream.outbound.allowance import AllowedName, AllowedNetwork, BadAllowance

NAMES = [
    ("files.corp.example", "files.corp.example", 80, True),
    ("files.corp.example", "FILES.corp.example".lower(), 9000, True),
    ("files.corp.example", "a.files.corp.example", 80, False),
    ("files.corp.example", "corp.example", 80, False),
    ("Files.Corp.Example.", "files.corp.example", 80, True),
    ("*.corp.example", "files.corp.example", 80, True),
    ("*.corp.example", "a.b.corp.example", 80, True),
    ("*.corp.example", "corp.example", 80, False),
    ("*.corp.example", "evilcorp.example", 80, False),
    ("files:8080", "files", 8080, True),
    ("files:8080", "files", 80, False),
    ("*.corp.example:8080", "a.corp.example", 8080, True),
    ("*.corp.example:8080", "a.corp.example", 80, False),
    ("localhost", "localhost", 1, True),
    ("bücher.example", "xn--bcher-kva.example", 80, True),
]


@pytest.mark.parametrize(("entry", "name", "port", "covered"), NAMES)
def test_a_name_covers_itself(entry: str, name: str, port: int, covered: bool) -> None:
    """A star covers what is below; a port narrows it."""
    allowed = allowance.read(entry)
    assert isinstance(allowed, AllowedName)
    assert allowed.covers(name, port) == covered


NETWORKS = [
    ("10.0.0.5", "10.0.0.5", 80, True),
    ("10.0.0.5", "10.0.0.6", 80, False),
    ("10.0.0.5:8080", "10.0.0.5", 8080, True),
    ("10.0.0.5:8080", "10.0.0.5", 80, False),
    (" 10.0.0.0/8 ", "10.200.0.1", 80, True),
    ("10.0.0.0/8", "11.0.0.1", 80, False),
    ("10.0.0.0/8:8080", "10.0.0.1", 80, False),
    ("10.0.0.0/8", "::ffff:10.0.0.1", 80, False),
    ("fd00::5", "fd00::5", 80, True),
    ("[fd00::5]", "fd00::5", 80, True),
    ("[fd00::5]:8080", "fd00::5", 8080, True),
    ("[fd00::5]:8080", "fd00::5", 80, False),
    ("fd00::/8", "fd12::1", 80, True),
    ("fd00::/8", "fe80::1", 80, False),
]


@pytest.mark.parametrize(("entry", "address", "port", "covered"), NETWORKS)
def test_an_address_covers_itself_and_a_network_what_is_in_it(
    entry: str, address: str, port: int, covered: bool
) -> None:
    """With a port, at that port only; never another family's form of the same address."""
    allowed = allowance.read(entry)
    assert isinstance(allowed, AllowedNetwork)
    assert allowed.covers(ip_address(address), port) == covered


BAD = [
    "",
    "*",
    "*.",
    "a.*.example",
    "*.10.0.0.1",
    "http://files.example",
    "files.example/a",
    "files.example:0",
    "files.example:99999",
    "files example",
    "user@files.example",
    "10.0.0",
    "10.0.0.0/33",
    "10.0.0.1/8",
    "2130706433",
    "0x7f.1",
    "fe80::1%eth0",
    "[fe80::1",
    "//a b host bits",
]


@pytest.mark.parametrize("entry", BAD)
def test_what_allows_nothing_is_told(entry: str) -> None:
    """A slip must not look as if it allowed something."""
    with pytest.raises(BadAllowance):
        allowance.read(entry)


def test_a_network_that_is_not_one_is_shown_as_it_was_meant() -> None:
    """The commonest slip: an address with a length."""
    with pytest.raises(BadAllowance, match=r"did you mean 10\.0\.0\.0/8\?"):
        allowance.read("10.0.0.1/8")
