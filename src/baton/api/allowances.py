"""What a caller may still ask for, as header lines of every answer.

The names that most of the field has taken over from OpenAI, whose resets are Go durations, and beside them
those of the dialect that is spoken, where it has its own: these have moments (RFC 3339) for resets.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from baton.api.spoken import dialect_at
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.dialect import Dialect
from baton.gateway.admission.limits import Allowance, Left
from baton.upstream.dialects.registry import CODECS

_TO_THE_SECOND = len("2026-09-21T14:14:19")
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


class Allowances:
    """Writes them."""

    def __init__(self, of: Callable[[Caller], Allowance], clock: Clock) -> None:
        """`of`: what somebody may still ask for at the moment."""
        self._of = of
        self._clock = clock

    def lines(self, caller: Caller, path: str) -> bytes:
        """The header lines of an answer at a path; none where there is no limit."""
        allowance = self._of(caller)
        own = _own_names(path)
        lines = b""
        for what, left in ((b"requests", allowance.requests), (b"tokens", allowance.tokens)):
            if left is not None:
                lines += _usual(what, left)
                if own:
                    lines += self._dialects(own, what, left)
        return lines

    def _dialects(self, own: bytes, what: bytes, left: Left) -> bytes:
        at = datetime.fromtimestamp(ceil(self._clock.wall() + left.reset_s), UTC)
        return b"%b-%b-limit: %d\r\n%b-%b-remaining: %d\r\n%b-%b-reset: %b\r\n" % (
            own,
            what,
            left.limit,
            own,
            what,
            left.remaining,
            own,
            what,
            b"%bZ" % at.isoformat()[:_TO_THE_SECOND].encode(),
        )


def _usual(what: bytes, left: Left) -> bytes:
    return b"x-ratelimit-limit-%b: %d\r\nx-ratelimit-remaining-%b: %d\r\nx-ratelimit-reset-%b: %b\r\n" % (
        what,
        left.limit,
        what,
        left.remaining,
        what,
        go_duration(left.reset_s).encode(),
    )


def go_duration(seconds: float) -> str:
    """A time as Go writes durations, rounded up to a millisecond: `1h0m3.5s`, `250ms`, `0s`."""
    ms = ceil(seconds * 1000)
    if ms < 1000:
        return f"{ms}ms" if ms else "0s"
    hours, ms = divmod(ms, _HOUR_MS)
    minutes, ms = divmod(ms, _MINUTE_MS)
    rest = f"{ms // 1000}.{ms % 1000:03d}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


@lru_cache(maxsize=1024)
def _own_names(path: str) -> bytes:
    dialect = dialect_at(path)
    return b"" if dialect is Dialect.NATIVE else CODECS[dialect].headers.limits.encode()
