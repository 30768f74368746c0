"""What an experiment costs a request: drawing its user."""

from timeit import repeat

from baton.gateway.experiments.conduct import drawn_up, started
from baton.gateway.experiments.draws import Draws
from baton.gateway.experiments.experiment import Arm, Experiment
from baton.gateway.routing.decision import Ask

_ASK = Ask(tier="free")
_USER = "01900000-0000-7000-8000-000000000001"
_CALLS, _TIMES = 20_000, 7


def draw_us(running: int) -> float:
    """Microseconds for a request's look at so many experiments, in none of whose arms its user is but the
    last's; the best of some tries."""
    draws = Draws(b"a secret for timing")
    draws.follow(_experiment(f"e{number}", 0 if number + 1 < running else 100) for number in range(running))
    assert (draws.trial_of(_USER, _ASK) is not None) == (running > 0)
    return min(repeat(lambda: draws.trial_of(_USER, _ASK), number=_CALLS, repeat=_TIMES)) / _CALLS * 1e6


def _experiment(name: str, share: float) -> Experiment:
    arms = (Arm(name="usual", share=0), Arm(name="other", share=share, models=("simulated/echo",)))
    return started(drawn_up(Experiment(name=name, arms=arms), None))
