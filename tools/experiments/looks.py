"""What the ledger would tally at each of many looks at the same traffic."""

from collections.abc import Iterator, Sequence

import numpy as np
from tools.experiments.traffic import Floats, Ints, Traffic

from baton.ledger.trials import HALF_WEIGHT, ArmTally, Metric, Moments


def looked_at(traffic: Traffic, arms: int, looks: int) -> Iterator[tuple[ArmTally, ...]]:
    """The arms after each of `looks` equal parts of the requests, the last after all of them."""
    size = traffic.user.size
    ends = np.linspace(size / looks, size, looks).astype(np.int64)
    by_user = np.argsort(traffic.user, kind="stable")
    told = {
        metric: _moments(traffic, values, by_user, arms, ends) for metric, values in traffic.values.items()
    }
    of_arm = traffic.arm[traffic.user]
    requests = [np.cumsum(of_arm == arm)[ends - 1].tolist() for arm in range(arms)]
    for look in range(looks):
        yield tuple(
            ArmTally(
                requests=requests[arm][look],
                moments={metric: told[metric][arm][look] for metric in Metric},
            )
            for arm in range(arms)
        )


def _moments(
    traffic: Traffic, values: Floats, by_user: Ints, arms: int, ends: Ints
) -> list[Sequence[Moments]]:
    """Of users' means so far, by arm and look. A request moves the mean of its user; these moves add up.

    `by_user`: the requests' places, user by user.
    """
    place = by_user[~np.isnan(values[by_user])]
    user, value = traffic.user[place], values[place]
    first = np.flatnonzero(np.r_[True, user[1:] != user[:-1]]) if user.size else np.zeros(0, np.int64)
    start = np.repeat(first, np.diff(np.r_[first, user.size]))
    number = np.arange(user.size) - start + 1
    summed = np.cumsum(value)
    mean = (summed - (summed - value)[start]) / number
    before = np.where(number > 1, np.r_[0.0, mean[:-1]], 0.0)
    now, then = _terms(number, mean), _terms(number - 1, before)
    moves = [(number == 1).astype(np.float64), *(one - two for one, two in zip(now, then, strict=True))]
    arm = traffic.arm[user]
    found: list[Sequence[Moments]] = []
    for each in range(arms):
        own = arm == each
        so_far: list[list[float]] = []
        for of_one in moves:
            in_time = np.zeros(values.size + 1)
            in_time[place[own] + 1] = of_one[own]
            so_far.append(np.cumsum(in_time)[ends].tolist())
        users, *sums = so_far
        found.append([Moments(round(n), *rest) for n, *rest in zip(users, *sums, strict=True)])
    return found


def _terms(number: Ints, mean: Floats) -> tuple[Floats, ...]:
    """What users of so many requests add to each sum of `Moments`."""
    weight = number / (number + HALF_WEIGHT)
    return weight, weight**2, weight * mean, weight**2 * mean, weight**2 * mean**2
