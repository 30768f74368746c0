"""Whether two arms differ, by an interval that holds however often it is looked at.

What is compared are users' own means, for a user's requests are alike, and a user is in one arm. A mean of
few requests weighs less (`weight_of`). The difference of the arms has Welch's variance, between users; cost
and latency are compared as the logarithm of their ratio, whose variance is the delta method's.

Users come while others go on asking, so between two looks old means move and new ones come. With these
weights the estimate is nearly an efficient one, and successive efficient estimates move like sums of
independent steps, which is what the interval needs.

- B. L. Welch, "The generalization of 'Student's' problem when several different population variances are
  involved", Biometrika 34 (1947): variance and degrees of freedom.
- A. Deng, U. Knoblich, J. Lu, "Applying the delta method in metric analytics", KDD 2018: why the unit must be
  what is randomised, and the variance of a ratio.
- R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Peeking at A/B tests", KDD 2017: the mixture sequential test,
  which is turned into the interval.
- I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, "Time-uniform central limit theory and
  asymptotic confidence sequences", Annals of Statistics 52 (2024): that it holds, in the limit, for means of
  any distribution with a variance.
- D. Scharfstein, A. Tsiatis, J. Robins, "Semiparametric efficiency and its implication on the design and
  analysis of group-sequential studies", JASA 92 (1997): the independent steps.
"""

from enum import StrEnum
from math import exp, inf, log, log1p, sqrt

from msgspec import Struct

from baton.ledger.trials import ArmTally, Metric, Moments

LEVEL = 0.05
"""How often at most anything false is said of an experiment's phase, at whichever of its looks."""

LEAST_USERS = 30
LEAST_REQUESTS = 100
"""Of each arm, before anything is said: below them means are not near enough to normal."""

_SMALLEST = 1e-4
"""A relative difference that nobody cares about: a mean is not taken to be known better than so."""


class Measure(Struct, frozen=True, kw_only=True):
    """How a metric is compared."""

    relative: bool
    """As a ratio; else as a difference."""
    less_is_better: bool
    expected: float
    """The standard deviation of the mixture: about how large a difference is looked for, on the scale of the
    comparison. The level holds whatever it is; differences of about this size are found soonest."""
    least: float = 0.0
    most: float = 1.0
    """What a user's mean can be, where it is bounded."""


MEASURES = {
    Metric.COST: Measure(relative=True, less_is_better=True, expected=0.15),
    Metric.LATENCY: Measure(relative=True, less_is_better=True, expected=0.15),
    Metric.FAILURES: Measure(relative=False, less_is_better=True, expected=0.03),
    Metric.FEEDBACK: Measure(relative=False, less_is_better=False, expected=0.25, least=1.0, most=5.0),
}


class Finding(StrEnum):
    """What may be said of an arm beside the control."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"
    """The interval has room for both."""
    TOO_FEW = "too_few"
    """Nothing yet."""


class Difference(Struct, frozen=True, kw_only=True):
    """How far an arm is from the control; of cost and latency relative (0.1: a tenth more), else absolute."""

    metric: Metric
    finding: Finding
    estimate: float | None = None
    """None: no mean to compare, or too few."""
    low: float | None = None
    high: float | None = None


class _Distance(Struct, frozen=True):
    """An estimate with what is known of its error."""

    value: float
    variance: float
    freedom: float


def compare(metric: Metric, control: ArmTally, arm: ArmTally, comparisons: int) -> Difference:
    """An arm beside the control. `comparisons`: how many are made of the phase, which share the level."""
    one, two = control.moments[metric], arm.moments[metric]
    requests = min(control.requests, arm.requests)
    if min(one.users, two.users) < LEAST_USERS or requests < LEAST_REQUESTS:
        return Difference(metric=metric, finding=Finding.TOO_FEW)
    measure = MEASURES[metric]
    if measure.relative and min(one.mean, two.mean) <= 0:
        return Difference(metric=metric, finding=Finding.OPEN)
    distance = _ratio(one, two) if measure.relative else _gap(measure, one, two)
    half = half_width(distance.variance, distance.freedom, measure.expected, LEVEL / comparisons)
    low, high = distance.value - half, distance.value + half
    if low <= 0 <= high:
        finding = Finding.OPEN
    else:
        finding = Finding.BETTER if (high < 0) == measure.less_is_better else Finding.WORSE
    estimate = distance.value
    if measure.relative:
        estimate, low, high = exp(estimate) - 1, exp(low) - 1, _grown(high)
    return Difference(metric=metric, finding=finding, estimate=estimate, low=low, high=high)


def half_width(variance: float, freedom: float, expected: float, level: float) -> float:
    """Half of the interval that holds at all looks together with probability 1 − `level`.

    The test of Johari et al. with a normal mixture of standard deviation `expected` over the true difference,
    turned around. What counts is the variance of the difference and no number of observations: it shrinks
    with users and with their requests.
    """
    ratio = expected * expected / variance
    z = sqrt((1 + 1 / ratio) * (log1p(ratio) - 2 * log(level)))
    return sqrt(variance) * student(z, freedom)


def student(z: float, freedom: float) -> float:
    """The quantile of Student's distribution for that of the normal one: Abramowitz and Stegun 26.7.5.

    Few users have a variance that is itself uncertain.
    """
    z2 = z * z
    first = (z2 + 1) / 4
    second = ((5 * z2 + 16) * z2 + 3) / 96
    third = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384
    return z * (1 + (first + (second + third / freedom) / freedom) / freedom)


def _ratio(one: Moments, two: Moments) -> _Distance:
    """The logarithm of the ratio of two means."""
    variances = [max(each.variance / each.mean**2, _SMALLEST**2) for each in (one, two)]
    return _welch(log(two.mean / one.mean), variances, (one.freedom, two.freedom))


def _gap(measure: Measure, one: Moments, two: Moments) -> _Distance:
    """The difference of two means. For its variance each arm has two users more, one at each bound, as
    Agresti and Caffo (2000) add them to proportions: where nothing has failed yet something may."""
    padded = [each.with_users(measure.least, measure.most) for each in (one, two)]
    variances = [each.variance for each in padded]
    return _welch(two.mean - one.mean, variances, (padded[0].freedom, padded[1].freedom))


def _welch(value: float, variances: list[float], freedoms: tuple[float, float]) -> _Distance:
    """Welch's variance and degrees of freedom, of two means with these variances."""
    variance = sum(variances)
    spread = sum(each * each / freedom for each, freedom in zip(variances, freedoms, strict=True))
    return _Distance(value, variance, variance * variance / spread)


def _grown(logarithm: float) -> float:
    """A ratio from its logarithm, less 1."""
    try:
        return exp(logarithm) - 1
    except OverflowError:
        return inf
