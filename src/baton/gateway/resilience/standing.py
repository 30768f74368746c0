"""How breakers stand, for whoever looks at them."""

from msgspec import Struct

from baton.gateway.resilience.breaker import Breaker, State


class Standing(Struct, frozen=True, kw_only=True):
    """How one breaker stands."""

    provider: str
    model: str | None
    """None: the provider's own."""
    state: State = State.CLOSED
    since_s: float | None = None
    """Unix time of its last opening or closing; None: it was never asked."""
    failures: int = 0
    """Since the last success."""
    calls: int = 0
    """Of the last minute, those of which something was learnt."""
    failed: int = 0
    """Of these."""
    trials: int = 0
    """Under way."""
    next_trial_s: float | None = None
    """Unix time from which a trial is let through; None where it is closed, or held by an admin."""
    openings: int = 0
    """By itself, since the start."""
    refused: int = 0
    """Calls not let through, since the start."""
    forced: bool = False
    """Whether an admin holds it so."""

    @property
    def error_rate(self) -> float | None:
        """From 0 to 1; None without calls."""
        return self.failed / self.calls if self.calls else None


def standing_of(provider: str, model: str | None, breaker: Breaker, now_s: float, wall_s: float) -> Standing:
    """A breaker's. `wall_s`: what the time of day is ahead of the breaker's clock."""
    calls, failed = breaker.recent.within(now_s)
    waiting = breaker.is_open and breaker.forced is None
    return Standing(
        provider=provider,
        model=model,
        state=breaker.state(now_s),
        since_s=breaker.since_s + wall_s,
        failures=breaker.in_a_row.count,
        calls=calls,
        failed=failed,
        trials=breaker.trials(now_s),
        next_trial_s=now_s + wall_s + breaker.wait_s(now_s) if waiting else None,
        openings=breaker.openings,
        refused=breaker.refused,
        forced=breaker.forced is not None,
    )
