"""What a caller may still ask for, in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.api.allowances import Allowances, go_duration
from baton.core.caller import Caller
from baton.gateway.admission.limits import Allowance, Left
from baton.upstream.dialects.waits import go_duration_s

ANN = Caller(user_id="ann", key_id="k1", tier="pro", roles=frozenset())
REQUESTS = Left(50, 12, 59.5)
TOKENS = Left(9000, 0, 3661.0)


class At:
    """A clock that stands."""

    def wall(self) -> float:
        return 1_790_000_000.4

    def monotonic(self) -> float:
        return 0.0


def lines(path: str, requests: Left | None, tokens: Left | None) -> dict[str, str]:
    said = Allowances(lambda _: Allowance(requests, tokens), At()).lines(ANN, path).decode()
    assert said == "" or said.endswith("\r\n")
    return dict(line.split(": ", 1) for line in said.splitlines())


USUAL = {
    "x-ratelimit-limit-requests": "50",
    "x-ratelimit-remaining-requests": "12",
    "x-ratelimit-reset-requests": "1m0s",
    "x-ratelimit-limit-tokens": "9000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "1h1m1s",
}


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/responses", "/api/ai/v2/chat", "/v1beta/models/m:generateContent"]
)
def test_limits_are_told_under_the_names_of_the_field(path: str) -> None:
    """Requests and tokens: the limit, what is left of it, and when all of it is free again."""
    assert lines(path, REQUESTS, TOKENS) == USUAL


def test_a_dialect_with_names_of_its_own_has_both() -> None:
    """Anthropic's clients read theirs, whose resets are moments."""
    assert lines("/v1/messages", REQUESTS, TOKENS) == USUAL | {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "12",
        "anthropic-ratelimit-requests-reset": "2026-09-21T14:14:20Z",
        "anthropic-ratelimit-tokens-limit": "9000",
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-09-21T15:14:22Z",
    }


def test_what_has_no_limit_is_not_spoken_of() -> None:
    """No invented figures."""
    assert lines("/v1/messages", None, None) == {}
    assert lines("/v1/responses", None, TOKENS).keys() == {name for name in USUAL if "tokens" in name}


@given(st.floats(0, 200_000))
def test_a_reset_is_never_told_too_early(seconds: float) -> None:
    """Written as a Go duration and read again it is at most a second later than it is."""
    told = go_duration_s(lines("/v1/responses", Left(50, 12, seconds), None)["x-ratelimit-reset-requests"])
    assert told is not None
    assert seconds <= told <= seconds + 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m0s"), (360, "6m0s"), (3600, "1h0m0s"), (86_399, "23h59m59s")],
)
def test_resets_are_go_durations(seconds: int, said: str) -> None:
    """As Go itself writes them."""
    assert go_duration(seconds) == said
