"""Whether what a provider is sent stays in the house, as far as its address tells."""

import pytest

from baton.core.provider import ProviderSpec
from baton.upstream.directory import Provider, ProviderSettings

LOCAL = ProviderSpec(name="own", title="Own", base_url="", local=True)


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:11434", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://192.168.0.4:8000/v1/{model}", True),
        ("http://vllm:8000/v1", True),
        ("https://models.acme.internal/v1", True),
        ("simulated:", True),
        ("https://api.example.com/v1", False),
        ("http://93.184.216.34/v1", False),
        ("http://[2606:2800:220:1::1]/v1", False),
        ("http://10.1.2.3.example.com/v1", False),
        ("http://2130706433/v1", False),
        ("http://user@localhost@example.com/v1", False),
        ("", False),
    ],
)
def test_its_address_tells(address: str, stays: bool) -> None:
    """A hosted one behind a local one's settings is not in the house; what cannot be read is not either."""
    assert Provider(LOCAL, ProviderSettings(base_url=address)).in_house is stays


def test_others_are_not_in_the_house_wherever_they_are_reached() -> None:
    """A relay in the house sends it on."""
    spec = ProviderSpec(name="far", title="Far", base_url="http://127.0.0.1/v1")
    assert not Provider(spec, ProviderSettings()).in_house
