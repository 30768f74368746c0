"""Which providers' addresses are Baton's own."""

import pytest

from baton.cli.circle import circular
from baton.settings import load
from baton.upstream.directory import declared


def found(host: str, base_url: str, port: int = 8080) -> list[str]:
    """The names of the providers that lead back to a Baton at `host` and `port`."""
    environment = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": base_url, "GROQ_API_KEY": "sk-y"}
    settings = load(environment, declared(), overrides={"host": host, "port": port})
    return [provider.name for provider in circular(settings)]


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/v1"),
        ("127.0.0.1", "http://localhost:8080/v1"),
        ("127.0.0.1", "http://LOCALHOST:8080"),
        ("127.0.0.1", "http://0.0.0.0:8080/v1"),
        ("localhost", "http://127.0.0.1:8080/v1"),
        ("::1", "http://[::1]:8080/v1"),
        ("::", "http://[::1]:8080/v1"),
        ("0.0.0.0", "http://127.0.0.1:8080/v1"),
        ("0.0.0.0", "http://localhost:8080/v1"),
        ("10.0.0.5", "http://10.0.0.5:8080/v1"),
        ("gateway.corp.example", "http://gateway.corp.example:8080/v1"),
    ],
)
def test_an_address_that_is_batons_own_is_found(host: str, base_url: str) -> None:
    """By whichever of its names it is called."""
    assert found(host, base_url) == ["openai"]


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081/v1"),
        ("127.0.0.1", "http://127.0.0.2:8080/v1"),
        ("10.0.0.5", "http://127.0.0.1:8080/v1"),
        ("0.0.0.0", "http://10.0.0.6:8080/v1"),
        ("gateway.corp.example", "http://127.0.0.1:8080/v1"),
        ("127.0.0.1", "https://api.example.com/v1"),
    ],
)
def test_other_servers_are_left_alone(host: str, base_url: str) -> None:
    """Another port, another address or another machine is somebody else."""
    assert found(host, base_url) == []


def test_a_port_that_is_not_known_yet_is_nobodys() -> None:
    """With port 0 nothing can lead there."""
    assert found("127.0.0.1", "http://127.0.0.1:80/v1", port=0) == []


def test_the_schemes_own_port_counts() -> None:
    """An address without a port has its scheme's."""
    assert found("127.0.0.1", "http://127.0.0.1/v1", port=80) == ["openai"]
