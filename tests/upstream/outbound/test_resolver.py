"""The look-up of this machine, as far as it needs no network."""

from ipaddress import ip_address

from baton.upstream.outbound.addresses import is_public
from baton.upstream.outbound.resolver import SystemResolver


async def test_it_gives_every_address_once() -> None:
    """What the hosts file says of this machine; nothing of it is public."""
    async with SystemResolver() as resolver:
        found = await resolver.resolve("localhost")
    assert ip_address("127.0.0.1") in found
    assert len(set(found)) == len(found)
    assert not any(map(is_public, found))


async def test_what_cannot_be_looked_up_has_no_address() -> None:
    """Too long for the library, or empty within: no error of another kind comes out."""
    async with SystemResolver() as resolver:
        for name in (f"{'a' * 64}.example", "a..example", "\x00"):
            assert await resolver.resolve(name) == ()


async def test_it_reads_odd_forms_as_the_library_does() -> None:
    """Which is why the guard does not let them come this far."""
    async with SystemResolver() as resolver:
        assert await resolver.resolve("127.1") == (ip_address("127.0.0.1"),)
