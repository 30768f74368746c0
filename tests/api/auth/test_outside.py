"""Where requests come from."""

import pytest
from starlette.requests import HTTPConnection
from structlog.testing import capture_logs

from baton.api.auth.outside import Outside


def request(peer: str, scheme: str = "http", **headers: str) -> HTTPConnection:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": scheme, "client": (peer, 1), "headers": sent, "path": "/"}
    return HTTPConnection({**scope, "server": ("127.0.0.1", 8080), "query_string": b""})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "not an address", "not an address"),
    ],
)
def test_only_named_proxies_speak_for_others(peer: str, forwarded: str, address: str) -> None:
    """What a stranger writes into `X-Forwarded-For` counts for nothing, nor what stands before a proxy's
    own word."""
    outside = Outside(["10.0.0.0/8"])
    assert outside.address(request(peer, x_forwarded_for=forwarded)) == address


def test_tls_is_known_from_the_connection_the_proxy_or_the_setting() -> None:
    """And from nobody else."""
    outside = Outside(["10.0.0.1"])
    assert outside.https(request("192.0.2.1", "https"))
    assert not outside.https(request("192.0.2.1", x_forwarded_proto="https"))
    assert outside.https(request("10.0.0.1", x_forwarded_proto="https"))
    assert not outside.https(request("10.0.0.1", x_forwarded_proto="http"))
    assert Outside(public_url="https://baton.example/").https(request("192.0.2.1"))
    assert Outside(public_url="https://baton.example/").url(request("192.0.2.1")) == "https://baton.example"


def test_a_proxy_that_nobody_has_named_is_told_of_once() -> None:
    """Behind it all are one address: the log says so, and what to set; not for each request."""
    with capture_logs() as lines:
        outside = Outside()
        for _ in range(3):
            assert outside.address(request("10.0.0.1", x_forwarded_for="203.0.113.9")) == "10.0.0.1"
        Outside(["10.0.0.1"]).address(request("10.0.0.1", x_forwarded_for="203.0.113.9"))
        Outside().address(request("10.0.0.1"))
    assert [line["event"] for line in lines] == ["proxy_not_trusted"]
    assert "BATON_TRUSTED_PROXIES" in lines[0]["fix"]
