"""Experiments to try things on."""

from collections.abc import Sequence

from baton.gateway.experiments.conduct import drawn_up, started
from baton.gateway.experiments.experiment import Arm, Experiment

MODEL = "openai/gpt-4o-mini"


def an_arm(name: str, share: float, *models: str) -> Arm:
    """An arm that serves these models, or one that does nothing else."""
    return Arm(name=name, share=share, models=models or ((MODEL,) if name != "usual" else ()))


def an_experiment(shares: Sequence[float] = (50, 50), **fields: object) -> Experiment:
    """One that runs, with an arm for each share: `usual`, `one`, `two` …"""
    names = ("usual", "one", "two", "three", "four", "five", "six", "seven")
    arms = tuple(an_arm(name, share) for name, share in zip(names, shares, strict=False))
    asked = Experiment(**({"name": "try", "arms": arms} | fields))  # pyright: ignore[reportArgumentType]
    return started(drawn_up(asked, None))
