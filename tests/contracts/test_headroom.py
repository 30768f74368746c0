"""What is left of providers' limits, as recorded answers tell it."""

from baton.upstream.dialects.headroom import headroom
from baton.upstream.directory import declared
from tests.clocks import SetClock
from tests.contracts.recordings import Exchange, exchanges

_LIMIT, _LEFT = "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"


def test_it_is_read_from_what_was_recorded() -> None:
    """Of every provider that uses the names of most."""
    clock = SetClock()
    specs = {spec.name: spec for spec in declared()}

    def tells(exchange: Exchange) -> bool:
        spec = specs.get(exchange.provider)
        return spec is not None and bool(spec.limits) and {_LIMIT, _LEFT} <= set(headers_of(exchange))

    told = exchanges(tells)
    assert len(told) > 40
    for exchange in told:
        room = headroom(specs[exchange.provider].limits, headers_of(exchange), clock)
        if room is None:  # of a provider with other names
            assert "requests" not in specs[exchange.provider].limits[0].names
            continue
        assert 0 <= room.share <= 1
        assert 0 <= room.until_s - clock.now <= 86_400


def headers_of(exchange: Exchange) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in exchange.fields["response"]["headers"].items()}
