"""Many experiments, each looked at many times by the code that serves, and what was said of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist

import numpy as np
from tools.experiments.looks import looked_at
from tools.experiments.traffic import NONE, Effect, drawn

from baton.gateway.experiments.statistics import LEAST_USERS, LEVEL, Finding, compare
from baton.ledger.trials import ArmTally, Metric

_PLAIN = NormalDist().inv_cdf(1 - LEVEL / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is simulated."""

    runs: int
    users: int
    """Of all arms together, as far as the shares come to 1."""
    shares: tuple[float, ...] = (0.5, 0.5)
    effect: Effect = NONE
    regulars: bool = False
    looks: int = 100
    seed: int = 0


@dataclass(slots=True)
class Said:
    """In how many runs something was said, at any look."""

    plan: Plan
    any: int = 0
    """Of any metric and arm."""
    by_metric: Counter[Metric] = field(default_factory=lambda: Counter[Metric]())
    better: Counter[Metric] = field(default_factory=lambda: Counter[Metric]())
    worse: Counter[Metric] = field(default_factory=lambda: Counter[Metric]())
    first: dict[Metric, list[int]] = field(default_factory=lambda: {metric: [] for metric in Metric})
    """How many users had come when it was said first, by run."""
    plain: int = 0
    """The same by a plain test at the same looks, of any metric: what would happen otherwise."""
    requests: int = 0
    """Of all runs."""


def simulated(plan: Plan, *, plain: bool = False) -> Said:
    """Run it. `plain`: ask a test that is meant for one look as well."""
    rng = np.random.default_rng(plan.seed)
    said = Said(plan)
    arms = len(plan.shares)
    for _ in range(plan.runs):
        traffic = drawn(rng, plan.users, plan.shares, plan.effect, regulars=plan.regulars)
        said.requests += traffic.user.size
        found: dict[Metric, Finding] = {}
        plainly = False
        for tallies in looked_at(traffic, arms, plan.looks):
            for metric in Metric:
                finding = None if metric in found else _first_said(metric, tallies)
                if finding is not None:
                    found[metric] = finding
                    said.first[metric].append(sum(each.moments[Metric.COST].users for each in tallies))
                plainly = plainly or (plain and any(_plain(metric, tallies[0], two) for two in tallies[1:]))
        said.any += bool(found)
        said.plain += plainly
        for metric, finding in found.items():
            said.by_metric[metric] += 1
            (said.better if finding is Finding.BETTER else said.worse)[metric] += 1
    return said


def _first_said(metric: Metric, tallies: Sequence[ArmTally]) -> Finding | None:
    control, *others = tallies
    for other in others:
        finding = compare(metric, control, other, len(Metric) * len(others)).finding
        if finding in (Finding.BETTER, Finding.WORSE):
            return finding
    return None


def _plain(metric: Metric, control: ArmTally, other: ArmTally) -> bool:
    """Whether Welch's test would find a difference if this were the only look, at one metric."""
    one, two = control.moments[metric], other.moments[metric]
    if min(one.users, two.users) < LEAST_USERS:
        return False
    variance = one.variance + two.variance
    return variance > 0 and abs(two.mean - one.mean) > _PLAIN * sqrt(variance)


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of a share: E. B. Wilson, JASA 22 (1927)."""
    z2 = _PLAIN * _PLAIN
    share = hits / runs
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = _PLAIN * sqrt(share * (1 - share) / runs + z2 / (4 * runs * runs)) / (1 + z2 / runs)
    return max(0.0, middle - half), min(1.0, middle + half)
