"""What a caller may still ask for, as header lines of every answer.

The names that most of the field has taken over from OpenAI, whose resets are Go durations, and beside them
those of the dialect that is spoken, where it has its own: these have moments (RFC 3339) for resets. Both are
told to the next whole second: windows become free at whole seconds.
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
            lines = _form("requests", requests.limit) % (requests.remaining, _reset(ceil(requests.reset_s)))
        if tokens is not None:
            lines += _form("tokens", tokens.limit) % (tokens.remaining, _reset(ceil(tokens.reset_s)))
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


@lru_cache(maxsize=1024)
def _form(what: str, limit: int) -> bytes:
    """The usual lines of one limit, with places for what remains and when all of it is free again."""
    return (
        f"x-ratelimit-limit-{what}: {limit}\r\n"
        f"x-ratelimit-remaining-{what}: %d\r\n"
        f"x-ratelimit-reset-{what}: %b\r\n"
    ).encode("ascii")


@lru_cache(maxsize=4096)
def _reset(seconds: int) -> bytes:
    return go_duration(seconds).encode("ascii")


def go_duration(seconds: int) -> str:
    """A time as Go writes durations: `1h0m3s`, `6m0s`, `59s`, `0s`."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


@lru_cache(maxsize=1024)
def _own_names(path: str) -> bytes:
    dialect = dialect_at(path)
    return b"" if dialect is Dialect.NATIVE else CODECS[dialect].headers.limits.encode()
