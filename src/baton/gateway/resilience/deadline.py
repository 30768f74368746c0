"""How long a call may take."""

from msgspec import Struct

from baton.core.clock import Clock
from baton.upstream.transport import Deadlines

WHOLE = Deadlines(connect_s=5.0, first_byte_s=None, idle_s=60.0, total_s=600.0)
"""A whole answer's first byte comes when the model has finished: only the total bounds it (decision 8)."""

STREAM = Deadlines(connect_s=5.0, first_byte_s=120.0, idle_s=20.0, quiet_s=60.0, total_s=None)
"""A stream has no total; silence between its words bounds it (decision 8)."""

THINKING = Deadlines(connect_s=5.0, first_byte_s=120.0, idle_s=120.0, quiet_s=120.0, total_s=None)
"""The same for reasoning models, which may think without a word."""


PATIENCE_S = 600.0
"""For how long attempts are begun where the caller named no deadline (decision 8)."""


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


def _least(stage_s: float | None, left_s: float) -> float:
    # Zero would mean "no limit" to some clients.
    return max(0.001, left_s if stage_s is None else min(stage_s, left_s))
