"""How long an estimate takes, and how long it takes to load what it needs."""

import time

from tools.gain.outcomes import MMLU, recorded

from baton.gateway.routing.gain.model import GainModel, load_gain_model

ROUNDS = 30
AROUND_2_KB = range(1900, 2101)


def recorded_2_kb() -> list[str]:
    """Recorded prompts of 2 KB."""
    return [prompt for prompt in recorded(MMLU).prompts if len(prompt) in AROUND_2_KB]


def other_2_kb() -> list[str]:
    """The same words as one paragraph: no choices, so nothing like what was recorded."""
    return [" ".join(prompt.split()) for prompt in recorded_2_kb()]


def estimate_us(model: GainModel, prompts: list[str]) -> float:
    """The mean over the prompts, of many rounds the best: microseconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for prompt in prompts:
            model.estimate(prompt)
        best = min(best, time.perf_counter() - began)
    return best / len(prompts) * 1e6


def load_ms() -> float:
    """Of several loads the best: milliseconds."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        load_gain_model()
        best = min(best, time.perf_counter() - began)
    return best * 1e3
