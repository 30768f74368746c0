"""How long a call, and each attempt of it, may take (decision 8)."""

from msgspec import Struct

from baton.core.clock import Clock
from baton.upstream.transport import Deadlines

PATIENCE_S = 600.0
"""For how long attempts are begun where the caller named no deadline."""

_FIRST_BYTE_S = 120.0
"""Of a stream that nobody else could give."""

_SHARE = 0.5
"""Of the time that is left, for an attempt that is not the last hope: a silent route must not eat it all."""


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds of silence that a stream is granted. Reasoning models get six times as much: they may think
    without a word."""

    first_token_s: float = 10.0
    """Before its first content, where somebody else could be asked."""
    stall_s: float = 20.0
    """Between two bytes; three times as much where pings come all the while."""
    hold_back_s: float = 30.0
    """How long a stream whose caller wants it whole is held back at most."""

    @property
    def stream(self) -> Deadlines:
        """Of a stream: it has no total, silence between its words bounds it."""
        return Deadlines(
            first_byte_s=_FIRST_BYTE_S, idle_s=self.stall_s, quiet_s=3 * self.stall_s, total_s=None
        )

    @property
    def thinking(self) -> Deadlines:
        """Of a reasoning model's stream."""
        stall_s = 6 * self.stall_s
        return Deadlines(first_byte_s=_FIRST_BYTE_S, idle_s=stall_s, quiet_s=stall_s, total_s=None)

    @property
    def first_thinking_s(self) -> float:
        """As `first_token_s`, for reasoning models."""
        return 6 * self.first_token_s


WHOLE = Deadlines(first_byte_s=None, idle_s=60.0, total_s=PATIENCE_S)
"""A whole answer's first byte comes when the model has finished: only the total bounds it."""

_SHARED_WHOLE = Deadlines(first_byte_s=None, idle_s=60.0, total_s=PATIENCE_S * _SHARE)


class Deadline(Struct, frozen=True):
    """The moment by which the caller wants to be done; `at_s` on the monotonic clock, None: not said."""

    at_s: float | None = None

    def left_s(self, clock: Clock) -> float | None:
        """Seconds left, never negative; None where nothing was said."""
        return None if self.at_s is None else max(0.0, self.at_s - clock.monotonic())

    def allows(self, wait_s: float, clock: Clock) -> bool:
        """Whether a wait ends before the deadline."""
        left = self.left_s(clock)
        return left is None or wait_s < left


def bounded(stages: Deadlines, left_s: float | None) -> Deadlines:
    """The stages, none longer than what is left."""
    if left_s is None:
        return stages
    return Deadlines(
        connect_s=_least(stages.connect_s, left_s),
        first_byte_s=_least(stages.first_byte_s, left_s),
        idle_s=_least(stages.idle_s, left_s),
        total_s=_least(stages.total_s, left_s),
        quiet_s=stages.quiet_s,
    )


def shared(stages: Deadlines, left_s: float | None) -> Deadlines:
    """The stages of an attempt after which somebody else can be asked; None: the caller named no deadline."""
    if left_s is None:
        return _SHARED_WHOLE if stages is WHOLE else stages
    if stages.total_s is not None:
        return bounded(stages, left_s * _SHARE)
    within = bounded(stages, left_s)
    return Deadlines(
        connect_s=_least(stages.connect_s, left_s * _SHARE),
        first_byte_s=_least(stages.first_byte_s, left_s * _SHARE),
        idle_s=within.idle_s,
        total_s=within.total_s,
        quiet_s=stages.quiet_s,
    )


def _least(stage_s: float | None, left_s: float) -> float:
    # Zero would mean "no limit" to some clients.
    return max(0.001, left_s if stage_s is None else min(stage_s, left_s))
