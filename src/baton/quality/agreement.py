"""How far a scorer and its reviewers agree: the share of equal grades, and what of it is more than chance.

- E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927): the
  interval of the share.
- J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968): agreement beyond chance, where grades have an
  order; a disagreement weighs by how many grades it is.
- J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of kappa and weighted kappa",
  Psychological Bulletin 72 (1969): its standard error.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum
from math import sqrt

from msgspec import Struct

from baton.quality.verdict import Verdict

_Z = 1.959963984540054
"""Of a 95 % interval."""

LEAST_PAIRS = 30
"""Before kappa is given an interval: its standard error, which is for large samples, is too kind below."""

_PADDING = 0.5
"""Pairs added to each cell for the standard error, after Haldane and Anscombe: perfect agreement of few pairs
is not taken for certainty."""


_NO_ROOM = 1e-12
"""Below it what is left over by chance is nothing but rounding."""


class Grade(IntEnum):
    """What scorer and reviewers say alike of an output, in order."""

    BAD = 0
    MIDDLING = 1
    """Usable after changes."""
    GOOD = 2


GRADES: Mapping[Verdict, Grade] = {
    Verdict.ACCEPTED: Grade.GOOD,
    Verdict.OFFERED: Grade.GOOD,
    Verdict.HELD: Grade.MIDDLING,
    Verdict.REJECTED: Grade.BAD,
}
"""What a verdict says; of an unscored output nothing was said."""


class Agreement(Struct, frozen=True, kw_only=True):
    """How far two agree, over outputs that both have graded. Intervals are of 95 %."""

    pairs: int
    share: float | None = None
    """Of equal grades; None: there are no pairs."""
    share_low: float | None = None
    share_high: float | None = None
    kappa: float | None = None
    """Weighted by distance: 1 is always agreed, 0 as by chance, less is worse than that. None: no pairs, or
    all of both are of one grade, and nothing is left to chance."""
    kappa_low: float | None = None
    kappa_high: float | None = None
    """None also below `LEAST_PAIRS`."""


def agreement(pairs: Iterable[tuple[Grade, Grade]]) -> Agreement:
    """How far they agree: pairs of what the scorer and what the reviewer says of one output."""
    counts = Counter(pairs)
    total = counts.total()
    if not total:
        return Agreement(pairs=0)
    equal = sum(count for (one, other), count in counts.items() if one is other)
    low, high = _wilson(equal, total)
    kappa = _kappa({cell: float(count) for cell, count in counts.items()})
    bounds: tuple[float, float] | None = None
    if kappa is not None and total >= LEAST_PAIRS:
        half = _Z * _standard_error(counts)
        bounds = (max(-1.0, kappa - half), min(1.0, kappa + half))
    return Agreement(
        pairs=total,
        share=equal / total,
        share_low=low,
        share_high=high,
        kappa=kappa,
        kappa_low=None if bounds is None else bounds[0],
        kappa_high=None if bounds is None else bounds[1],
    )


_Table = Mapping[tuple[Grade, Grade], float]


def _weight(one: Grade, other: Grade) -> float:
    """1 for equal grades, 0 for the farthest."""
    return 1 - abs(one - other) / (len(Grade) - 1)


def _margins(table: _Table) -> tuple[dict[Grade, float], dict[Grade, float]]:
    """The shares of each grade, of the scorer and of the reviewers."""
    total = sum(table.values())
    rows = dict.fromkeys(Grade, 0.0)
    columns = dict.fromkeys(Grade, 0.0)
    for (one, other), count in table.items():
        rows[one] += count / total
        columns[other] += count / total
    return rows, columns


def _observed_and_expected(table: _Table) -> tuple[float, float]:
    total = sum(table.values())
    rows, columns = _margins(table)
    observed = sum(_weight(*cell) * count / total for cell, count in table.items())
    expected = sum(_weight(one, other) * rows[one] * columns[other] for one in Grade for other in Grade)
    return observed, expected


def _kappa(table: _Table) -> float | None:
    observed, expected = _observed_and_expected(table)
    room = 1 - expected
    return None if room <= _NO_ROOM else (observed - expected) / room


def _standard_error(counts: Mapping[tuple[Grade, Grade], int]) -> float:
    """Fleiss, Cohen and Everitt's, formula 13, of the padded table."""
    table = {(one, other): counts.get((one, other), 0) + _PADDING for one in Grade for other in Grade}
    total = sum(table.values())
    rows, columns = _margins(table)
    observed, expected = _observed_and_expected(table)
    of_row = {one: sum(columns[other] * _weight(one, other) for other in Grade) for one in Grade}
    of_column = {other: sum(rows[one] * _weight(one, other) for one in Grade) for other in Grade}
    spread = sum(
        count
        / total
        * (_weight(one, other) * (1 - expected) - (of_row[one] + of_column[other]) * (1 - observed)) ** 2
        for (one, other), count in table.items()
    )
    inner = spread - (observed * expected - 2 * expected + observed) ** 2
    return sqrt(max(0.0, inner) / total) / (1 - expected) ** 2


def _wilson(hits: int, total: int) -> tuple[float, float]:
    share = hits / total
    middle = share + _Z * _Z / (2 * total)
    half = _Z * sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total))
    scale = 1 + _Z * _Z / total
    return (middle - half) / scale, (middle + half) / scale
