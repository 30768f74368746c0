"""What providers say is left of their limits, in every form that was recorded."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.upstream.dialects.headroom import Headroom, headroom
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}
NOW_S = datetime(2026, 4, 23, 20, 50, 7, tzinfo=UTC).timestamp()
TOLD_S = 100.0


class Then:
    """That moment, on both clocks."""

    def wall(self) -> float:
        return NOW_S

    def monotonic(self) -> float:
        return TOLD_S


@pytest.mark.parametrize(
    ("provider", "headers", "found"),
    [
        (
            "openai",
            {
                "x-ratelimit-limit-requests": "3000",
                "x-ratelimit-remaining-requests": "30",
                "x-ratelimit-reset-requests": "20ms",
                "x-ratelimit-limit-tokens": "1000000",
                "x-ratelimit-remaining-tokens": "999989",
                "x-ratelimit-reset-tokens": "0s",
            },
            Headroom("requests", 0.01, TOLD_S, TOLD_S + 0.02),
        ),
        (
            "anthropic",
            {
                "anthropic-ratelimit-input-tokens-limit": "50000",
                "anthropic-ratelimit-input-tokens-remaining": "1000",
                "anthropic-ratelimit-input-tokens-reset": "2026-04-23T20:50:37Z",
                "anthropic-ratelimit-unified-5h-status": "allowed",
            },
            Headroom("input-tokens", 0.02, TOLD_S, TOLD_S + 30.0),
        ),
        (
            "mistral",
            {
                "ratelimitbysize-limit": "500000",
                "ratelimitbysize-remaining": "5000",
                "ratelimitbysize-reset": "29",
            },
            Headroom("requests", 0.01, TOLD_S, TOLD_S + 29.0),
        ),
        (
            "openai",
            {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0"},
            Headroom("requests", 0.0, TOLD_S, TOLD_S + 60.0),
        ),
        ("openai", {"x-ratelimit-remaining-requests": "3"}, None),
        ("openai", {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}, None),
        ("openai", {"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "3"}, None),
        ("openai", {"x-ratelimit-limit-requests": "nan", "x-ratelimit-remaining-requests": "inf"}, None),
        ("openai", {}, None),
    ],
)
def test_the_scarcest_limit_is_told(provider: str, headers: dict[str, str], found: Headroom | None) -> None:
    """By the provider's own names; what is no number is nothing."""
    assert headroom(SPECS[provider].limits, headers, Then()) == found


@given(st.dictionaries(st.sampled_from(["limit", "remaining", "reset"]), st.text(max_size=30)))
def test_nothing_that_is_said_is_an_error(said: dict[str, str]) -> None:
    """A provider may say anything."""
    headers = {f"x-ratelimit-{kind}-requests": text for kind, text in said.items()}
    room = headroom(SPECS["openai"].limits, headers, Then())
    assert room is None or (0 <= room.share <= 1 and 0 <= room.until_s - TOLD_S < 1e6)
