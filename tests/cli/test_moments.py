"""Points in time as people write them."""

import pytest

from baton.cli.moments import ago_ms, ahead_ms
from baton.cli.stop import MISUSED, Stop

NOW_S = 1_767_225_600.5
"""2026-01-01, half a second past midnight."""


def test_a_span_counts_from_now() -> None:
    """Back where the past is meant, on where the future is."""
    assert ago_ms("90m", "--since", NOW_S) == 1_767_225_600_500 - 90 * 60_000
    assert ahead_ms(" 2w ", "--expires", NOW_S) == 1_767_225_600_500 + 14 * 86_400_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-01-01", 1_767_225_600_000),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600_000),
        ("1970-01-01", 0),
        *((f"2026-01-01T00:00:00.{ms:03}Z", 1_767_225_600_000 + ms) for ms in range(0, 1000, 37)),
    ],
)
def test_a_moment_means_its_own_millisecond(text: str, ms: int) -> None:
    """One without a zone is UTC; what an export printed finds the same row again."""
    assert ago_ms(text, "--since", NOW_S) == ms


@pytest.mark.parametrize("text", ["", "never", "999999w", "7", "-1d", "2026-02-30", "7d\0"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """With the option's name and exit code 2."""
    with pytest.raises(Stop, match="--since") as refused:
        ago_ms(text, "--since", NOW_S)
    assert refused.value.code == MISUSED
