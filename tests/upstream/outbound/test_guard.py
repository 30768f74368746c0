"""Who may be gone to."""

from ipaddress import ip_address

import pytest

from baton.core.errors import Invalid
from baton.upstream.outbound.guard import NOT_ALLOWED, SETTING, Guard
from tests.upstream.outbound.world import PARAM, StubResolver, refusal


async def test_a_public_host_is_admitted_with_the_addresses_that_were_judged() -> None:
    """All of them, and the name is looked up once."""
    resolver = StubResolver({"files.example": [["93.184.216.34", "2606:4700:4700::1111"]]})
    admitted = await Guard().admit("https://files.example/a.png", resolver)
    assert admitted.addresses == (ip_address("93.184.216.34"), ip_address("2606:4700:4700::1111"))
    assert admitted.target.url == "https://files.example/a.png"
    assert resolver.asked == ["files.example"]


async def test_a_public_address_needs_no_looking_up() -> None:
    """It is its own answer."""
    resolver = StubResolver()
    admitted = await Guard().admit("https://8.8.8.8/a.png", resolver)
    assert (admitted.addresses, resolver.asked) == ((ip_address("8.8.8.8"),), [])


@pytest.mark.parametrize(
    ("entry", "url", "admitted"),
    [
        ("files.corp.example", "http://files.corp.example/a", True),
        ("files.corp.example", "http://files.corp.example.:9000/a", True),
        ("files.corp.example", "http://other.corp.example/a", False),
        ("*.corp.example", "http://other.corp.example/a", True),
        ("redis:8080", "http://redis:8080/a", True),
        ("redis:8080", "http://redis:6379/a", False),
        ("localhost", "http://localhost:1234/a", True),
        ("10.0.0.7", "http://10.0.0.7/a", True),
        ("10.0.0.7", "http://files.corp.example/a", True),
        ("10.0.0.7", "http://redis/a", True),
        ("10.0.0.8", "http://files.corp.example/a", False),
        ("10.0.0.0/8", "http://files.corp.example:22/a", True),
        ("10.0.0.7:80", "http://files.corp.example/a", True),
        ("10.0.0.7:80", "http://files.corp.example:8080/a", False),
        ("10.0.0.7", "http://mixed.example/a", True),
        ("10.0.0.7", "http://worse.example/a", False),
        ("93.184.216.34", "http://mixed.example/a", False),
        ("fd00::/8", "http://[fd00::5]:8080/a", True),
        ("[fd00::5]:80", "http://[fd00:0::5]/a", True),
        ("[fd00::5]:80", "http://[fd00::6]/a", False),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/a", False),
        ("127.0.0.1", "http://2130706433/a", False),
    ],
)
async def test_an_admin_may_allow_what_is_not_public(entry: str, url: str, admitted: bool) -> None:
    """A name wherever it leads; addresses by any name; each one that is not public must be allowed."""
    resolver = StubResolver(
        {
            "files.corp.example": [["10.0.0.7"]],
            "other.corp.example": [["10.0.0.9"]],
            "redis": [["10.0.0.7"]],
            "mixed.example": [["93.184.216.34", "10.0.0.7"]],
            "worse.example": [["10.0.0.7", "10.0.0.9"]],
        }
    )
    guard = Guard.allowing([entry])
    if admitted:
        assert await guard.admit(url, resolver, PARAM)
    else:
        assert (await refusal(guard.admit(url, resolver, PARAM))).code == NOT_ALLOWED


async def test_a_host_allowed_by_name_is_not_looked_up_to_judge_it() -> None:
    """It may be that only the proxy knows it."""
    resolver = StubResolver()
    admitted = await Guard.allowing(["files.corp.example"]).admit("http://files.corp.example/", resolver)
    assert (admitted.addresses, resolver.asked) == ((), [])


async def test_nobody_learns_which_names_there_are_inside() -> None:
    """A name that leads inside and one that leads nowhere get the same words, without any address."""
    names = {"hidden.corp.example": [["10.1.2.3"]], "mixed.corp.example": [["93.184.216.34", "fd00::1"]]}
    said = {
        (
            await refusal(Guard().admit(f"http://{name}.corp.example/", StubResolver(names), PARAM))
        ).message.replace(name, "NAME")
        for name in ("hidden", "mixed", "absent")
    }
    (message,) = said
    assert message == (
        "The host 'NAME.corp.example' is not allowed: it does not lead to public addresses. "
        f"An admin can allow hosts in {SETTING}."
    )


@pytest.mark.parametrize("name", ["redis", "localhost", "a.localhost", "printer.local", "metadata.internal"])
async def test_a_local_name_is_refused_without_a_look_up(name: str) -> None:
    """No question about the inside leaves the house by DNS because a stranger asked it."""
    resolver = StubResolver({name: [["93.184.216.34"]]})
    await refusal(Guard().admit(f"http://{name}/", resolver, PARAM))
    assert resolver.asked == []


@pytest.mark.parametrize("port", [1, 22, 25, 53, 445, 587, 1023])
async def test_ports_of_other_services_are_refused(port: int) -> None:
    """Mail servers and the like must not be spoken to in a stranger's words; an admin may allow one."""
    url = f"http://files.example:{port}/"
    resolver = StubResolver({"files.example": [["93.184.216.34"]]})
    error = await refusal(Guard().admit(url, resolver, PARAM))
    assert f"'files.example:{port}'" in error.message
    assert await Guard.allowing([f"files.example:{port}"]).admit(url, resolver, PARAM)


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 65535])
async def test_other_ports_of_public_hosts_are_not(port: int) -> None:
    """Model servers and file stores live there."""
    resolver = StubResolver({"files.example": [["93.184.216.34"]]})
    assert await Guard().admit(f"http://files.example:{port}/", resolver)


async def test_a_refusal_shows_no_secret_of_the_url() -> None:
    """Neither a password nor a signed query is handed on in an error."""
    for url in ("http://me:s3cr3t@10.0.0.1/", "http://10.0.0.1/?sig=s3cr3t", "http://h:s3cr3t/"):
        with pytest.raises(Invalid) as told:
            await Guard().admit(url, StubResolver())
        assert "s3cr3t" not in told.value.message
