"""Models whose provider has little left are passed over until that resets, if all its keys have little."""

import pytest

from baton.catalog.lookup import Catalog, Offer
from baton.gateway.resilience.headrooms import Headrooms
from baton.gateway.resilience.observation import Observation
from baton.upstream.dialects.headroom import Headroom
from tests.clocks import SetClock
from tests.gateway.routing.landscape import NOW_S, model

_MODELS = [model("openai/gpt-4o"), model("openai/gpt-4o-mini")]


def offer(name: str = "gpt-4o") -> Offer:
    found = Catalog(_MODELS, [], NOW_S).row(f"openai/{name}")
    assert found is not None
    return found


def told(share: float | None, key: str = "aaaa", reset_s: float = 60, ago_s: float = 0) -> Observation:
    """An attempt that went well, and what its provider said is left, so long ago; None: nothing."""
    told_s = SetClock().now - ago_s
    return Observation(
        provider="openai",
        model="gpt-4o",
        credential=key,
        failure=None,
        took_ms=5,
        first_token_ms=None,
        at_s=0,
        headroom=None if share is None else Headroom("requests", share, told_s, told_s + reset_s),
    )


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def test_little_is_below_a_tenth_and_lasts_until_the_limit_resets(clock: SetClock) -> None:
    """The reason says how much of what is left, and for how long; other models are for themselves."""
    rooms = Headrooms(clock, lambda _: 1)
    rooms.observe(told(0.1))
    assert rooms.against(offer()) is None
    rooms.observe(told(0.04, reset_s=30))
    assert rooms.against(offer()) == "4% of its provider's limit of requests is left, for 30 s"
    assert rooms.against(offer("gpt-4o-mini")) is None
    clock.now += 30
    assert rooms.against(offer()) is None


def test_what_is_told_later_counts(clock: SetClock) -> None:
    """More is left again, or nothing is said: then what was said last stands."""
    rooms = Headrooms(clock, lambda _: 1)
    rooms.observe(told(0.0))
    rooms.observe(told(None))
    assert rooms.against(offer()) is not None
    rooms.observe(told(0.5))
    assert rooms.against(offer()) is None


def test_what_a_long_stream_was_told_at_its_beginning_is_old_at_its_end(clock: SetClock) -> None:
    """It changes nothing that was heard since, and lasts no longer than it did then."""
    rooms = Headrooms(clock, lambda _: 1)
    rooms.observe(told(0.04))
    rooms.observe(told(0.9, ago_s=90))
    assert rooms.against(offer()) is not None
    rooms.observe(told(0.9))
    rooms.observe(told(0.04, reset_s=200, ago_s=90))
    assert rooms.against(offer()) is None
    late = Headrooms(clock, lambda _: 1)
    late.observe(told(0.04, reset_s=10, ago_s=90))
    assert late.against(offer()) is None


def test_a_provider_with_several_keys_has_little_when_all_of_them_have(clock: SetClock) -> None:
    """One key with room is room."""
    rooms = Headrooms(clock, lambda _: 2)
    rooms.observe(told(0.01, key="aaaa"))
    assert rooms.against(offer()) is None
    rooms.observe(told(0.05, key="bbbb", reset_s=90))
    assert rooms.against(offer()) == "5% of its provider's limit of requests is left, for 90 s"
    clock.now += 60
    assert rooms.against(offer()) is None
