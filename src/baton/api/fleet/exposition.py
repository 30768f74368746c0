"""What one process has to tell a scrape, as the others get it."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from msgspec import Struct

COUNTED = frozenset({"counter", "histogram", "summary"})
"""Kinds of families whose values only ever grow."""


class Sample(Struct, frozen=True):
    """One value. It is exact, so that sums are the same in whatever order they are made: one that became
    smaller by the last bit would pass for a restarted counter."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: Fraction


class Family(Struct, frozen=True):
    """A metric with all its values; `kind` as Prometheus calls it."""

    name: str
    text: str
    kind: str
    samples: tuple[Sample, ...]


def families_of(metrics: Iterable[Any]) -> tuple[Family, ...]:
    """The same as Prometheus' client has it; values that are no numbers are left out."""
    return tuple(
        Family(
            each.name,
            each.documentation,
            each.type,
            tuple(
                Sample(sample.name, tuple(sorted(sample.labels.items())), Fraction(sample.value))
                for sample in each.samples
                if math.isfinite(sample.value)
            ),
        )
        for each in metrics
    )


def counted(families: Iterable[Family]) -> tuple[Family, ...]:
    """Those that only ever grow."""
    return tuple(each for each in families if each.kind in COUNTED)
