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
from baton.gateway.admission.limits import Allowance
from baton.gateway.admission.windows import Left
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
        requests, tokens = self._of(caller)
        lines = b""
        if requests is not None:
            lines += _usual("requests", requests)
        if tokens is not None:
            lines += _usual("tokens", tokens)
        own = _own_names(path)
        if own:
            for what, left in ((b"requests", requests), (b"tokens", tokens)):
                if left is not None:
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


def _usual(what: str, left: Left) -> bytes:
    return (
        f"x-ratelimit-limit-{what}: {left.limit}\r\n"
        f"x-ratelimit-remaining-{what}: {left.remaining}\r\n"
        f"x-ratelimit-reset-{what}: {go_duration(left.reset_s)}\r\n"
    ).encode("ascii")


def go_duration(seconds: float) -> str:
    """A time as Go writes durations, rounded up to a millisecond: `1h0m3.5s`, `250ms`, `0s`."""
    ms = ceil(seconds * 1000)
    if ms < 1000:
        return f"{ms}ms" if ms else "0s"
    rest = f"{ms % _MINUTE_MS / 1000:g}s"
    if ms < _MINUTE_MS:
        return rest
    if ms < _HOUR_MS:
        return f"{ms // _MINUTE_MS}m{rest}"
    return f"{ms // _HOUR_MS}h{ms % _HOUR_MS // _MINUTE_MS}m{rest}"


@lru_cache(maxsize=1024)
def _own_names(path: str) -> bytes:
    dialect = dialect_at(path)
    return b"" if dialect is Dialect.NATIVE else CODECS[dialect].headers.limits.encode()
