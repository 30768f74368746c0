"""Requests as a gateway's users send them: few send most, costs are skewed, failures come in heaps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from baton.ledger.trials import Metric

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

_TAIL = 1.5
"""Of the Pareto distribution of requests per user: without a variance."""

_MEAN_SCALE = 2.5
_MOST_REQUESTS = 300
_REGULARS = 10
_COST_USER, _COST_REQUEST = 0.7, 1.1
"""Standard deviations of the logarithm, between users and between one's requests."""

_LATENCY_USER, _LATENCY_REQUEST = 0.25, 0.6
_COST_USD, _LATENCY_MS = 0.004, 1500.0
_FAILING = (0.3, 14.7)
"""Of the beta distribution of users' own rates of failure: 2 % in the mean, most have none."""

_OUTAGE_SHARE, _OUTAGE_RATE = 0.02, 0.5
"""Of the time; while it lasts everybody fails so often."""

_DAYS = 7
_DAILY = 0.3
"""How much slower it is at noon than in the mean."""

_JUDGED = 0.15
_OPINION, _OPINION_USER, _OPINION_REQUEST = 4.0, 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is true of an arm beside the control; of nothing: an A/A run."""

    cost: float = 1.0
    """How many times as dear, for every request."""
    latency: float = 1.0
    failures: float = 0.0
    """Of the requests that would have gone well, the share that fails."""
    feedback: float = 0.0
    """Points, before they are rounded and cut to 1-5."""


NONE = Effect()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests in the order of time; NaN: nothing is known of that."""

    user: Ints
    """From 0."""
    arm: Ints
    """Of each user; the control is 0."""
    values: dict[Metric, Floats]


def drawn(
    rng: np.random.Generator,
    users: int,
    shares: tuple[float, ...],
    effect: Effect = NONE,
    *,
    regulars: bool = False,
) -> Traffic:
    """Traffic of so many users, in arms of these shares; the arms but the control have the effect.

    Users come one after the other all the time, and go on asking until the end; `regulars`: all are there
    from the beginning, and ask for ten times as much.
    """
    arm = rng.choice(len(shares), size=users, p=shares)
    scale = _MEAN_SCALE * (_REGULARS if regulars else 1)
    number = np.minimum(1 + (rng.pareto(_TAIL, users) * scale).astype(np.int64), _MOST_REQUESTS)
    user = np.repeat(np.arange(users), number)
    came = np.zeros(users) if regulars else rng.random(users)
    time = came[user] + (1 - came[user]) * rng.random(user.size)
    order = np.argsort(time, kind="stable")
    user, time = user[order], time[order]
    treated = arm[user] > 0

    def of_users(spread: float) -> Floats:
        return rng.normal(0, spread, users)[user]

    size = user.size
    cost = _COST_USD * np.exp(of_users(_COST_USER) + rng.normal(0, _COST_REQUEST, size))
    noon = 1 + _DAILY * np.sin(2 * np.pi * _DAYS * time)
    latency = _LATENCY_MS * noon * np.exp(of_users(_LATENCY_USER) + rng.normal(0, _LATENCY_REQUEST, size))
    rate = rng.beta(*_FAILING, users)[user]
    outage = rng.random()
    rate = np.where((time > outage) & (time < outage + _OUTAGE_SHARE), np.maximum(rate, _OUTAGE_RATE), rate)
    rate = np.where(treated, rate + (1 - rate) * effect.failures, rate)
    failed = rng.random(size) < rate
    opinion = _OPINION + of_users(_OPINION_USER) + rng.normal(0, _OPINION_REQUEST, size)
    opinion = np.clip(np.round(opinion + effect.feedback * treated), 1, 5)
    return Traffic(
        user,
        arm,
        {
            Metric.COST: np.where(treated, cost * effect.cost, cost),
            Metric.LATENCY: np.where(failed, np.nan, np.where(treated, latency * effect.latency, latency)),
            Metric.FAILURES: failed.astype(np.float64),
            Metric.FEEDBACK: np.where(rng.random(size) < _JUDGED, opinion, np.nan),
        },
    )
